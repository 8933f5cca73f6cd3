//! Sums beyond the targets that are kept one by one.

use serde::{Deserialize, Serialize};

use super::{Change, number_of};
use crate::contact::{Contact, Outcome, Service};
use crate::detect::state::{Distinct, Gaps, host_id};
use crate::net::Address;
use crate::trace::Hit;

/// Services counted one by one beyond the kept targets.
const TOP_SERVICES: usize = 32;
/// Later targets kept, thinned evenly.
const LATER: usize = 64;

/// Sums beyond the kept targets.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Wide {
    /// Hosts touched.
    pub hosts: Distinct,
    /// Hosts of which a service answered.
    pub open: Distinct,
    /// Hosts that refused, so alive.
    pub refused: Distinct,
    /// Services touched.
    pub services: Distinct,
    /// Networks touched (/24, /64).
    pub networks: Distinct,
    /// First touches of hosts by service: the busiest.
    pub top: Vec<(Service, u32)>,
    /// Hosts of each own block.
    pub blocks: Vec<u64>,
    /// Gaps between probes.
    pub gaps: Gaps,
    later: Later,
}

/// Touches beyond the kept targets, thinned evenly: each time there are too many, every other one goes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Later {
    hits: Vec<Hit>,
    /// One in `1 << thinned` is kept.
    thinned: u32,
    seen: u64,
}

impl Later {
    fn thin(&mut self) {
        let mut place = 0;
        self.hits.retain(|_| {
            place += 1;
            place % 2 == 0
        });
        self.thinned += 1;
    }
}

impl Wide {
    pub(super) fn touch(&mut self, target: Address, service: Service, block: Option<usize>) -> Change {
        let new_host = self.hosts.insert(host_id(target));
        if new_host > 0 || !self.hosts.is_exact() {
            self.networks.insert(host_id(target.network()));
        }
        if let Some(block) = block
            && new_host > 0
        {
            if self.blocks.len() <= block {
                self.blocks.resize(block + 1, 0);
            }
            self.blocks[block] += new_host;
        }
        if let Some((_, count)) = self.top.iter_mut().find(|(s, _)| *s == service) {
            *count = count.saturating_add(1);
        } else {
            self.services.insert(number_of(service));
            if self.top.len() < TOP_SERVICES {
                self.top.push((service, 1));
            } else if let Some(least) = self.top.iter_mut().rev().min_by_key(|t| t.1) {
                // Whoever comes often enough takes the last place, as in a majority vote; counts are never too high.
                match least.1 {
                    0 | 1 => *least = (service, 1),
                    _ => least.1 -= 1,
                }
            }
        }
        if new_host > 0 { Change::Target } else { Change::None }
    }

    /// Keeps one in so many of the touches that the kept targets do not hold.
    pub(super) fn sample(&mut self, contact: &Contact) {
        let later = &mut self.later;
        later.seen += 1;
        if !later.seen.is_multiple_of(1 << later.thinned) {
            return;
        }
        let (time, target, service) = (contact.time, contact.target, contact.service());
        later.hits.push(Hit { time, target, service, outcome: Outcome::Unknown });
        if later.hits.len() > LATER {
            later.thin();
        }
    }

    /// Takes up the sums of another source of the same scan.
    pub(super) fn join(&mut self, other: &Self) {
        self.hosts.join(&other.hosts);
        self.open.join(&other.open);
        self.refused.join(&other.refused);
        self.services.join(&other.services);
        self.networks.join(&other.networks);
        self.gaps.join(&other.gaps);
        for (service, count) in &other.top {
            match self.top.iter_mut().find(|(s, _)| s == service) {
                Some((_, sum)) => *sum = sum.saturating_add(*count),
                None => self.top.push((*service, *count)),
            }
        }
        self.top.sort_by_key(|(service, count)| (std::cmp::Reverse(*count), *service));
        self.top.truncate(TOP_SERVICES);
        self.take_later(other.later.hits.clone());
    }

    /// Takes up later touches, and thins all of them to their number.
    pub(super) fn take_later(&mut self, hits: Vec<Hit>) {
        self.later.hits.extend(hits);
        self.later.hits.sort_by_key(|h| (h.time, h.target, h.service));
        while self.later.hits.len() > LATER {
            self.later.thin();
        }
    }

    /// The thinned later touches, in the order of time.
    pub fn later(&self) -> impl Iterator<Item = Hit> + '_ {
        self.later.hits.iter().copied()
    }

    pub(super) fn learn(&mut self, target: Address, outcome: Outcome) {
        match outcome {
            Outcome::Unknown | Outcome::Silent | Outcome::Unreachable => {}
            Outcome::Refused => {
                self.refused.insert(host_id(target));
            }
            _ => {
                self.open.insert(host_id(target));
            }
        }
    }

    pub(super) fn bytes(&self) -> usize {
        let sets = [&self.hosts, &self.open, &self.refused, &self.services, &self.networks];
        size_of::<Self>()
            + sets.iter().map(|s| s.bytes()).sum::<usize>()
            + 1024
            + 8 * self.blocks.len()
            + LATER * size_of::<Hit>()
    }
}
