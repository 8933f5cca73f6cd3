//! Lone sources as parties: what each did of a key that is searched, in a few bytes, until some of them are found.

use super::keys::{self, Seen};
use super::unit::{Target, Unit};
use crate::contact::{Service, Time};

/// A lone source's part of some contacts, in which those of one source stand together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Party {
    /// Its first contact.
    pub start: Time,
    /// Place of the first of them.
    pub from: u32,
    /// One after the last of them.
    pub to: u32,
}

/// The parties of contacts sorted by source, in the order of their starts.
pub(super) fn parties(contacts: &[&Seen]) -> Vec<Party> {
    let mut parties = Vec::new();
    let mut from = 0;
    for part in contacts.chunk_by(|a, b| a.source == b.source) {
        let to = from + part.len() as u32;
        let start = part.iter().map(|seen| seen.time).min().unwrap_or(0);
        parties.push(Party { start, from, to });
        from = to;
    }
    parties.sort_unstable();
    parties
}

/// The targets of one source's contacts, the first by time in front. `by_service`: services of hosts are the targets,
/// not hosts.
pub(super) fn targets<'a>(
    part: &'a [&'a Seen],
    by_service: bool,
) -> impl Iterator<Item = Target> + Clone + 'a {
    let first = (0..part.len()).min_by_key(|at| part[*at].time).unwrap_or(0);
    // Contacts of one host stand side by side.
    let again = move |at: usize, other: usize| !by_service && part[at].target == part[other].target;
    let others = (0..part.len())
        .filter(move |at| *at != first && !again(*at, first) && !(*at > 0 && again(*at, *at - 1)));
    let first = (!part.is_empty()).then_some(first);
    first.into_iter().chain(others).map(move |at| {
        let task = if by_service { keys::service(part[at].service) } else { 0 };
        Target { task, host: part[at].target }
    })
}

/// The units of parties of some contacts, in their order.
pub(super) fn units(parties: &[Party], contacts: &[&Seen], by_service: bool) -> Vec<Unit> {
    let unit = |party: &Party| {
        let part = &contacts[party.from as usize..party.to as usize];
        let mut services: Vec<Service> = part.iter().map(|seen| seen.service).collect();
        services.sort_unstable();
        services.dedup();
        let targets: Vec<Target> = targets(part, by_service).collect();
        Unit {
            source: part[0].source,
            member: None,
            start: party.start,
            end: part.iter().map(|seen| seen.time).max().unwrap_or(party.start),
            imprint: part[0].imprint,
            secret: part[0].secret(),
            generator: None,
            services,
            hosts: targets.len() as u64,
            targets,
            complete: true,
            pairs: Vec::new(),
        }
    };
    parties.iter().map(unit).collect()
}
