//! Which sources are one scan.
//!
//! A scan can be divided among sources: a few that each cover a part, or a thousand that send one probe each. What tells is
//! that they do not repeat each other, or go on where another left off, beyond what unrelated sources would by chance
//! (Gates, NDSS 2009); sources that merely look alike are as common as their tool. The evidence is a likelihood ratio in bits
//! against a stated prior (`weigh`), and the price of having searched is paid before anything counts.
//!
//! The limits: few probes on a large block say nothing, whoever sent them (sixteen probes on a /24 repeat each other half a
//! time by chance). Strangers of the same packets and service within the time of a group of lone sources are taken
//! in with it. IPv6 targets are compared only where 256 neighbouring addresses hold several of them.
//!
//! The modules, in the order in which data flows:

mod cover; // the evidence of shared work
mod crowd; // groups among lone sources
mod keys; // what sources may have in common
mod lone; // two passes over millions of lone sources
mod members; // groups among campaigns, and of both
mod party; // lone sources in few bytes
mod region; // where they look
mod rising; // the order of targets
mod tiles; // ranges that abut
mod unit; // sources with their targets as places
mod weigh; // all evidence and the prior
mod window; // the search over time
mod worth; // which keys are searched

use std::collections::HashSet;

use crate::blocks::Blocks;
use crate::contact::{Outcome, Service, Time};
use crate::imprint::Imprint;
use crate::net::Address;
use crate::record::Coordination;

use crowd::Found;
use unit::{Target, Unit};
use weigh::Population;

/// A campaign of one source, as grouping sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// Its source.
    pub source: Address,
    /// One imprint of each class of its packets, most packets first.
    pub imprints: Vec<Imprint>,
    /// The tool that the packets show, of highest confidence, if at 0.5 or more.
    pub tool: Option<String>,
    /// Generator and prime of a recovered permutation.
    pub generator: Option<(u64, u64)>,
    /// Services it probed: up to 64, sorted.
    pub services: Vec<Service>,
    /// Hosts it probed: the first up to 256 by time and up to 64 later ones, sorted, distinct.
    pub targets: Vec<Address>,
    /// Distinct hosts probed in all.
    pub hosts: u64,
    /// Whether `targets` has them all.
    pub complete: bool,
    /// Pairs of host and service that it probed: those of `targets`, sorted, distinct.
    pub pairs: Vec<(Address, Service)>,
    /// First contact.
    pub start: Time,
    /// Last contact.
    pub end: Time,
}

/// A source of one or a few targets, too little for a campaign of its own. One for each target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lone {
    /// The source.
    pub source: Address,
    /// Its target.
    pub target: Address,
    /// The service.
    pub service: Service,
    /// When.
    pub time: Time,
    /// How far it came.
    pub outcome: Outcome,
    /// The raw facts of (one of) its packets.
    pub imprint: Imprint,
}

/// The lone sources, to be gone through several times.
pub trait EachLone {
    /// Calls `visit` for each [`Lone`], in the same order every time.
    fn each(&self, visit: impl FnMut(&Lone));

    /// There are no more than so many.
    fn most(&self) -> u64;
}

impl EachLone for [Lone] {
    fn each(&self, visit: impl FnMut(&Lone)) {
        self.iter().for_each(visit);
    }

    fn most(&self) -> u64 {
        self.len() as u64
    }
}

/// Sources that are one scan.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Places among the members, sorted.
    pub members: Vec<usize>,
    /// Sources that had no campaign, sorted, distinct.
    pub lone: Vec<Address>,
    /// Why.
    pub coordination: Coordination,
}

/// Finds the groups; those of fewer than two sources are not groups. No source is in two. `memory`: bytes for the search
/// among lone sources; what is found is held besides.
pub fn groups<L: EachLone + ?Sized>(
    members: &[Member],
    lone: &L,
    blocks: &Blocks,
    memory: usize,
) -> Vec<Group> {
    let crowd = lone::collect(lone, memory);
    let mut units: Vec<Unit> = members.iter().enumerate().map(|(at, member)| unit_of(at, member)).collect();
    let population = Population::new(&units, &crowd.kept, crowd.all);
    let mut found = crowd::search(&crowd, blocks, &population);
    drop(crowd);
    without_clients(&mut found, lone);
    let mut clusters = Vec::new();
    for group in found {
        let from = units.len();
        units.extend(group.units);
        clusters.push(((from..units.len()).collect(), group.price));
    }
    let mut groups: Vec<Group> = Vec::new();
    for (mut cluster, price) in members::join(&units, clusters, blocks, &population) {
        cluster.sort_by_key(|at| (units[*at].start, units[*at].source));
        let all: Vec<&Unit> = cluster.iter().map(|at| &units[*at]).collect();
        let weighed = weigh::weigh(&all, blocks, &population, price);
        if weighed.is_group(price) {
            groups.push(group_of(&all, weighed.coordination));
        }
    }
    groups.sort_by(|a, b| (&a.members, &a.lone).cmp(&(&b.members, &b.lone)));
    groups
}

/// Sources that used what answered them elsewhere are ordinary clients: what is left must stand without them.
fn without_clients<L: EachLone + ?Sized>(found: &mut Vec<Found>, lone: &L) {
    let sources: HashSet<Address> =
        found.iter().flat_map(|f| f.units.iter().map(|unit| unit.source)).collect();
    if sources.is_empty() {
        return;
    }
    let clients = lone::clients(lone, &sources);
    for group in found.iter_mut() {
        group.units.retain(|unit| !clients.contains(&unit.source));
    }
    found.retain(|group| group.units.len() > 1);
}

fn unit_of(at: usize, member: &Member) -> Unit {
    let target = |host: &Address| Target { task: 0, host: *host };
    let pair = |(host, service): &(Address, Service)| Target { task: keys::service(*service), host: *host };
    let several = if member.services.len() > 1 { &member.pairs[..] } else { &[] };
    Unit {
        source: member.source,
        member: Some(at),
        start: member.start,
        end: member.end,
        imprint: member.imprints.first().map_or(0, keys::imprint),
        secret: member.imprints.first().and_then(keys::secret),
        generator: member.generator,
        services: member.services.clone(),
        targets: member.targets.iter().map(target).collect(),
        hosts: member.hosts,
        complete: member.complete,
        pairs: several.iter().map(pair).collect(),
    }
}

fn group_of(units: &[&Unit], coordination: Coordination) -> Group {
    let mut members: Vec<usize> = units.iter().filter_map(|unit| unit.member).collect();
    members.sort_unstable();
    let mut lone: Vec<Address> =
        units.iter().filter(|unit| unit.member.is_none()).map(|u| u.source).collect();
    lone.sort_unstable();
    lone.dedup();
    Group { members, lone, coordination }
}

#[cfg(test)]
mod tests;
