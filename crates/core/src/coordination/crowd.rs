//! Groups among the lone sources: every promising key, from fine to coarse, is searched for stretches of shared work.

use std::collections::HashSet;

use super::Lone;
use super::cover::Cover;
use super::keys::{ANY_SERVICE, ORIGIN, SECRET};
use super::lone::{self, Crowd};
use super::unit::{Placed, Unit, Way};
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
    for (kind, keyed) in crowd.keyed.iter().enumerate() {
        let whole = matches!(kind, SECRET | ORIGIN);
        let least = if whole { 4 } else { LEAST };
        let keys: Vec<_> = keyed.chunk_by(|a, b| a.0 == b.0).filter(|run| run.len() >= least).collect();
        // The kinds are seven, and no key is likelier than another.
        let price = (keys.len() as f64).max(1.0).log2() + (crowd.keyed.len() as f64).log2();
        for key in keys {
            let ways: &[bool] = if matches!(kind, SECRET | ANY_SERVICE) { &[false, true] } else { &[false] };
            for by_service in ways {
                let contacts: Vec<&Lone> = (key.iter().map(|(_, at)| &crowd.kept[*at as usize]))
                    .filter(|one| !used.contains(&one.source))
                    .collect();
                let units = lone::units(contacts.into_iter(), *by_service);
                for group in stretches(units, blocks, population, price, whole) {
                    used.extend(group.units.iter().map(|unit| unit.source));
                    found.push(group);
                }
            }
        }
    }
    found
}

/// The stretches of one key. `whole`: the key alone may be enough, so that all its units are weighed first.
fn stretches(
    units: Vec<Unit>,
    blocks: &Blocks,
    population: &Population,
    price: f64,
    whole: bool,
) -> Vec<Found> {
    if whole && units.len() >= 4 && distinct(&units) >= 4 {
        let all: Vec<&Unit> = units.iter().collect();
        if weigh::weigh(&all, blocks, population, price).is_group(price) {
            return vec![Found { units, price }];
        }
    }
    if units.len() < LEAST {
        return Vec::new();
    }
    let placed = Placed::new(units.iter(), Way::Targets, blocks);
    let mut cover = Cover::new(&placed);
    let mut found: Vec<(usize, usize)> = Vec::new();
    let mut parts = vec![(0, units.len())];
    while let Some((from, to)) = parts.pop() {
        let Some(best) = window::best(&placed, &mut cover, from, to, LEAST) else { continue };
        if best.bits - price < weigh::HONEST {
            continue;
        }
        let some: Vec<&Unit> = units[best.from..best.to].iter().collect();
        let part = &units[best.from..best.to];
        let (targets, contacts) = (distinct(part), part.iter().map(|unit| unit.targets.len()).sum::<usize>());
        if targets < 6
            || contacts > targets * REPEATS
            || !weigh::weigh(&some, blocks, population, price).is_group(price)
        {
            continue;
        }
        found.push((best.from, best.to));
        if found.len() > ROUNDS {
            return Vec::new();
        }
        parts.push((from, best.from));
        parts.push((best.to, to));
    }
    found.sort_unstable();
    let of = |(from, to): (usize, usize)| Found { units: units[from..to].to_vec(), price };
    found.into_iter().map(of).collect()
}

fn distinct(units: &[Unit]) -> usize {
    let mut targets: Vec<Address> = units.iter().flat_map(|u| u.targets.iter().map(|t| t.host)).collect();
    targets.sort_unstable();
    targets.dedup();
    targets.len()
}
