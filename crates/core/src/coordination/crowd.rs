//! Groups among the lone sources: every promising key, from fine to coarse, is searched for stretches of shared work.

use std::collections::HashSet;

use super::cover::Cover;
use super::keys::{ANY_SERVICE, KINDS, ORIGIN, SECRET, Seen};
use super::lone::Crowd;
use super::party;
use super::unit::{Placed, Unit};
use super::weigh::{self, Population};
use super::window;
use crate::blocks::Blocks;
use crate::net::Address;

/// Sources that a group of lone ones has at least.
const LEAST: usize = 8;
/// Stretches in one key beyond which they are rounds of one flood, not scans.
const ROUNDS: usize = 4;
/// Contacts for each target beyond which sources are no division of work, but a flood.
const REPEATS: usize = 16;

/// Units of one scan, and the price of having found them.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// In the order of their starts.
    pub units: Vec<Unit>,
    /// Bits.
    pub price: f64,
}

/// Searches the kept sources. No source is found twice.
pub(super) fn search(crowd: &Crowd, blocks: &Blocks, population: &Population) -> Vec<Found> {
    let mut found = Vec::new();
    let mut used: HashSet<Address> = HashSet::new();
    for kind in 0..KINDS {
        let keyed = crowd.keyed(kind);
        let whole = matches!(kind, SECRET | ORIGIN);
        let least = if whole { 4 } else { LEAST };
        let keys = || keyed.chunk_by(|a, b| a.0 == b.0).filter(|run| run.len() >= least);
        // The kinds are seven, and no key is likelier than another.
        let price = (keys().count() as f64).max(1.0).log2() + (KINDS as f64).log2();
        let search = Search { blocks, population, price, whole };
        for key in keys() {
            let ways: &[bool] = if matches!(kind, SECRET | ANY_SERVICE) { &[false, true] } else { &[false] };
            for by_service in ways {
                let contacts: Vec<&Seen> = (key.iter().map(|(_, at)| &crowd.kept[*at as usize]))
                    .filter(|one| !used.contains(&one.source))
                    .collect();
                for group in search.stretches(&contacts, *by_service) {
                    used.extend(group.units.iter().map(|unit| unit.source));
                    found.push(group);
                }
            }
        }
    }
    found
}

/// The search of one key.
struct Search<'a> {
    blocks: &'a Blocks,
    population: &'a Population,
    price: f64,
    /// The key alone may be enough, so that all its sources are weighed first.
    whole: bool,
}

impl Search<'_> {
    /// The stretches of the contacts of one key.
    fn stretches(&self, contacts: &[&Seen], by_service: bool) -> Vec<Found> {
        let parties = party::parties(contacts);
        if self.whole && parties.len() >= 4 {
            let units = party::units(&parties, contacts, by_service);
            if distinct(&units) >= 4 && self.is_group(&units) {
                return vec![Found { units, price: self.price }];
            }
        }
        if parties.len() < LEAST {
            return Vec::new();
        }
        let placed = Placed::of_parties(&parties, contacts, by_service, self.blocks);
        let mut cover = Cover::new(&placed);
        let mut found: Vec<(usize, Found)> = Vec::new();
        let mut parts = vec![(0, parties.len())];
        while let Some((from, to)) = parts.pop() {
            let Some(best) = window::best(&placed, &mut cover, from, to, LEAST) else { continue };
            if best.bits - self.price < weigh::HONEST {
                continue;
            }
            let units = party::units(&parties[best.from..best.to], contacts, by_service);
            let targets = distinct(&units);
            if targets < 6
                || units.iter().map(|unit| unit.targets.len()).sum::<usize>() > targets * REPEATS
                || !self.is_group(&units)
            {
                continue;
            }
            found.push((best.from, Found { units, price: self.price }));
            if found.len() > ROUNDS {
                return Vec::new();
            }
            parts.push((from, best.from));
            parts.push((best.to, to));
        }
        found.sort_unstable_by_key(|(from, _)| *from);
        found.into_iter().map(|(_, found)| found).collect()
    }

    fn is_group(&self, units: &[Unit]) -> bool {
        let all: Vec<&Unit> = units.iter().collect();
        weigh::weigh(&all, self.blocks, self.population, self.price).is_group(self.price)
    }
}

fn distinct(units: &[Unit]) -> usize {
    let mut targets: Vec<Address> = units.iter().flat_map(|u| u.targets.iter().map(|t| t.host)).collect();
    targets.sort_unstable();
    targets.dedup();
    targets.len()
}
