//! Which visits could be returns, and to which scan each would belong.

use std::cmp::Reverse;

use super::crowd::{Crowd, Target, target};
use super::{Scanner, Visit};
use crate::contact::{SECOND, Time};
use crate::record::Link;

/// Of the scans that revealed a service, so many of strangers and so many of neighbours are looked at, the latest: an earlier
/// one explains a visit less.
const LATEST: usize = 8;
/// Another address of the scanner's network within this time is another hand of the same scan.
const NEIGHBOUR: Time = 60 * SECOND;

/// Visits of one visitor to what one campaign revealed.
#[derive(Debug)]
pub(super) struct Claim {
    pub(super) campaign: usize,
    pub(super) link: Link,
    /// Sorted by target.
    pub(super) steps: Vec<Step>,
}

/// One target of a claim.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) target: Target,
    pub(super) revealed: Time,
    pub(super) start: Time,
    pub(super) end: Time,
    pub(super) sessions: u64,
    pub(super) spoke: bool,
}

/// The claims of one visitor (its visits sorted by target and time): each target in one, that of the campaign that
/// explains it best: the visitor's own, then its network's, then the one that explains most targets, then the latest.
pub(super) fn of(crowd: &Crowd<'_>, visitor: &[&Visit]) -> Vec<Claim> {
    let mut open: Vec<Vec<(Link, usize, Step)>> = visitor
        .chunk_by(|a, b| target(a) == target(b))
        .map(|visits| candidates(crowd, visitor, visits))
        .filter(|candidates| !candidates.is_empty())
        .collect();
    let mut claims = Vec::new();
    while !open.is_empty() {
        let mut offers: Vec<(Link, usize, Time)> =
            open.iter().flatten().map(|(link, campaign, step)| (*link, *campaign, step.revealed)).collect();
        offers.sort_unstable();
        let best = offers
            .chunk_by(|a, b| (a.0, a.1) == (b.0, b.1))
            .filter_map(|of_one| of_one.last().map(|(link, c, time)| (*link, *c, of_one.len(), *time)))
            .min_by_key(|(link, c, targets, time)| (*link, Reverse(*targets), Reverse(*time), *c));
        let Some((link, campaign, ..)) = best else { break };
        let wanted = |c: &(Link, usize, Step)| c.0 == link && c.1 == campaign;
        let steps = open.iter().filter_map(|c| c.iter().find(|c| wanted(c)).map(|c| c.2)).collect();
        open.retain(|candidates| !candidates.iter().any(wanted));
        claims.push(Claim { campaign, link, steps });
    }
    claims
}

/// All campaigns to which the visits to one target could be a return.
fn candidates(crowd: &Crowd<'_>, visitor: &[&Visit], visits: &[&Visit]) -> Vec<(Link, usize, Step)> {
    let (target, source) = (target(visits[0]), visits[0].source);
    let shown = crowd.shown(target);
    let mut found = Vec::new();
    if shown.is_empty() {
        return found;
    }
    let own = crowd.scans_of(source);
    let near = crowd.scans_near(source);
    let sessions_only = !crowd.is_stranger(visitor);
    if sessions_only && misses(visitor) {
        return found;
    }
    // Inside a sweep of its own, nothing that a source does is a session.
    let sweeping = |time: Time| own.iter().any(|c| blind(&crowd.scanners[*c]) && within(crowd, *c, time));
    let alone = visits.len() == 1;
    let step = |revealed: Time, from: Time| {
        let mut step: Option<Step> = None;
        for visit in visits {
            let (start, sessions) = match visit.start {
                start if start > from => (start, visit.sessions),
                // A probe and a later session in one: its end is known, and that it was another session.
                _ if !own.is_empty() && alone && visit.sessions > 1 && visit.end > from => {
                    (visit.end, visit.sessions - 1)
                }
                _ => continue,
            };
            if sessions_only && (!visit.spoke || sweeping(start)) {
                continue;
            }
            let so_far = step.get_or_insert(Step {
                target,
                revealed,
                start,
                end: visit.end,
                sessions: 0,
                spoke: false,
            });
            so_far.end = so_far.end.max(visit.end);
            so_far.sessions = so_far.sessions.saturating_add(sessions);
            so_far.spoke |= visit.spoke;
        }
        step
    };
    let known_before = visits[0].start;
    for (revealed, campaign) in shown.iter().filter(|(_, c)| own.binary_search(c).is_ok()) {
        let from = crowd.over[*campaign].max(*revealed);
        found.extend(step(*revealed, from).map(|s| (Link::SameSource, *campaign, s)));
    }
    let others = &shown[..shown.partition_point(|(time, _)| *time < known_before)];
    let is_near = |c: &usize| near.binary_search(c).is_ok();
    let neighbours = others.iter().rev().filter(|(_, c)| is_near(c) && own.binary_search(c).is_err());
    for (revealed, campaign) in neighbours.take(LATEST) {
        if known_before > revealed.saturating_add(NEIGHBOUR) {
            found.extend(step(*revealed, *revealed).map(|s| (Link::SameNetwork, *campaign, s)));
        }
    }
    let strangers = others.iter().rev().filter(|(_, c)| !is_near(c)).take(LATEST);
    for (revealed, campaign) in strangers {
        found.extend(step(*revealed, *revealed).map(|s| (Link::Knowledge, *campaign, s)));
    }
    found
}

/// More than one dead target, and more than a tenth of all.
fn misses(visitor: &[&Visit]) -> bool {
    let (answered, missed) = reach(visitor);
    missed > 1 && missed.saturating_mul(10) > answered.saturating_add(missed)
}

/// Targets of the visitor that answered, and that did not.
pub(super) fn reach(visitor: &[&Visit]) -> (u64, u64) {
    let most = |count: fn(&Visit) -> u32| u64::from(visitor.iter().map(|v| count(v)).max().unwrap_or(0));
    (most(|v| v.answered), most(|v| v.missed))
}

/// A sweep: more than a tenth of what it probed did not answer. A scan of live services alone may be the return itself.
fn blind(scanner: &Scanner) -> bool {
    scanner.open.saturating_mul(10) < scanner.hosts.saturating_mul(9)
}

fn within(crowd: &Crowd<'_>, campaign: usize, time: Time) -> bool {
    (crowd.scanners[campaign].start..=crowd.over[campaign]).contains(&time)
}
