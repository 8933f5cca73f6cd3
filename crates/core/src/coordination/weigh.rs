//! What speaks for one scan, weighed: coverage and order of the shared work, and beside them what the sources have in common.
//!
//! Against it stands a prior of [`PRIOR`] bits (two scanners with the same tool and port on the same block are common) and the
//! price of the search. What is common to the sources counts by how rare it is among the other sources of the input, and only
//! up to a cap: independent users of one tool share all of it, and a worm's victims do. So none of that can make a
//! group without evidence of shared work of [`HONEST`] bits: coverage, order, a common generator or secret, one link.

use std::collections::{BTreeSet, HashMap};

use super::cover::Cover;
use super::keys::{self, Seen};
use super::rising::Rising;
use super::tiles::{self, begun_together};
use super::unit::{Placed, Unit, Way};
use crate::blocks::Blocks;
use crate::contact::{SECOND, Service, Time};
use crate::evidence::grouped;
use crate::net::Address;
use crate::record::Coordination;

/// Bits against coordination: of a thousand sets of sources that look alike, one is a single scan.
pub(super) const PRIOR: f64 = 10.0;
/// Bits of shared work without which nothing is a group: unrelated sources reach them once in 4,096 searches at most.
pub(super) const HONEST: f64 = 12.0;

/// How common everything is among the sources of the input.
#[derive(Clone, Debug, Default)]
pub(super) struct Population {
    sources: u64,
    networks: u64,
    imprints: HashMap<u64, u64>,
    services: HashMap<u64, u64>,
    /// Campaigns of one imprint and the same services.
    kinds: HashMap<u64, u64>,
    span: Option<(Time, Time)>,
    /// Latest contact.
    end: Time,
}

impl Population {
    /// Of all members, and of so many lone contacts, of which those of `kept` (sorted by source) are known.
    pub fn new(members: &[Unit], kept: &[Seen], contacts: u64) -> Self {
        let mut population = Self::default();
        let mut networks: Vec<Address> = Vec::new();
        for unit in members {
            networks.push(unit.source.network());
            population.count(unit.imprint, services(unit), unit.start, unit.end);
            *population.kinds.entry(kind(unit)).or_default() += 1;
        }
        let mut asked: Vec<Service> = Vec::new();
        for part in kept.chunk_by(|a, b| a.source == b.source) {
            networks.push(part[0].source.network());
            asked.clear();
            asked.extend(part.iter().map(|seen| seen.service));
            asked.sort_unstable();
            asked.dedup();
            let times = || part.iter().map(|seen| seen.time);
            let (start, end) = (times().min().unwrap_or(0), times().max().unwrap_or(0));
            population.count(part[0].imprint, number(&asked), start, end);
        }
        let lone = population.sources - members.len() as u64;
        let others = contacts.saturating_sub(lone);
        population.sources += others;
        networks.sort_unstable();
        networks.dedup();
        population.networks = networks.len() as u64 + others;
        population
    }

    fn count(&mut self, imprint: u64, services: u64, start: Time, end: Time) {
        self.sources += 1;
        *self.imprints.entry(imprint).or_default() += 1;
        *self.services.entry(services).or_default() += 1;
        self.end = self.end.max(end);
        let (first, last) = self.span.unwrap_or((start, start));
        self.span = Some((first.min(start), last.max(start)));
    }

    /// How many campaigns are like this one in packets and services, itself among them.
    pub fn alike(&self, unit: &Unit) -> u64 {
        self.kinds.get(&kind(unit)).copied().unwrap_or(0)
    }

    /// From the first contact of all to the last.
    pub fn extent(&self) -> Time {
        self.span.map_or(0, |(start, _)| self.end.saturating_sub(start))
    }
}

fn kind(unit: &Unit) -> u64 {
    keys::mix(unit.imprint, services(unit))
}

/// The services of a unit as one number.
pub(super) fn services(unit: &Unit) -> u64 {
    number(&unit.services)
}

fn number(services: &[Service]) -> u64 {
    services.iter().fold(0, |key, s| keys::mix(key, u64::from(keys::service(*s))))
}

/// The evidence for some units.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Weighed {
    /// Bits of shared work, before any price.
    pub shared: f64,
    /// Bits of all else, before the prior.
    pub common: f64,
    /// For the record; its bits are the sum, less prior and price.
    pub coordination: Coordination,
}

impl Weighed {
    /// Whether these are one scan.
    pub fn is_group(&self, price: f64) -> bool {
        let shared = self.shared - price;
        shared >= HONEST && shared + self.common - PRIOR > crate::evidence::THRESHOLD.value()
    }
}

/// Weighs units that stand in the order of their starts. `price`: bits paid for having searched.
pub(super) fn weigh(units: &[&Unit], blocks: &Blocks, population: &Population, price: f64) -> Weighed {
    let mut reasons = Vec::new();
    let mut best: Option<Work> = None;
    let ways = Way::all(units);
    for way in ways {
        let work = Work::new(units, *way, blocks);
        if best.as_ref().is_none_or(|best| work.bits > best.bits) {
            best = Some(work);
        }
    }
    let (mut shared, mut chance) = (-PRIOR, 0.0);
    if let Some(work) = best {
        shared = work.bits - (ways.len() as f64).log2();
        chance = work.cover.chance_log10();
        reasons.extend(work.reasons(units.len()));
    }
    shared +=
        run(units, &mut reasons) + tiles::weigh(units, population, &mut reasons) + link(units, &mut reasons);
    let common = alike(units, population, &mut reasons)
        + origin(units, population, &mut reasons)
        + together(units, population, &mut reasons);
    let networks: BTreeSet<Address> = units.iter().map(|unit| unit.source.network()).collect();
    let bits = crate::evidence::Bits::new(shared + common - PRIOR - price).value();
    let chance_log10 = (chance * 1000.0).round() / 1000.0 + 0.0;
    let coordination = Coordination { bits, chance_log10, reasons, networks: networks.len() as u64 };
    Weighed { shared, common, coordination }
}

/// Work and how it is divided among units.
struct Work {
    cover: Cover,
    rising: Rising,
    way: Way,
    fits: bool,
    bits: f64,
}

impl Work {
    fn new(units: &[&Unit], way: Way, blocks: &Blocks) -> Self {
        let placed = Placed::new(units.iter().copied(), way, blocks);
        let (mut cover, mut rising) = (Cover::new(&placed), Rising::default());
        for place in 0..placed.len() {
            let unit = placed.unit(place);
            cover.add(unit.all, &placed.region.reach, unit.patterned);
            if let Some(first) = unit.first {
                rising.add(first);
            }
        }
        let fits = fits(units, way);
        let order = if rising.bits() > 1.0 { rising.bits() } else { 0.0 };
        let bits = if fits { cover.bits() } else { -PRIOR } + order;
        Self { cover, rising, way, fits, bits }
    }

    fn reasons(&self, sources: usize) -> Vec<String> {
        let mut reasons = Vec::new();
        let Self { cover, rising, .. } = self;
        if self.fits {
            reasons.push(format!(
                "{sources} sources probed {} distinct {} and repeated each other's {} times where {:.1} are to be expected \
                 of unrelated ones (probability 10^{:.1})",
                grouped(cover.distinct()),
                if self.way == Way::Pairs { "pairs of host and service" } else { "targets" },
                grouped(cover.repeats),
                cover.expected,
                cover.chance_log10(),
            ));
        }
        if rising.bits() > 1.0 {
            let (pairs, rises) = (rising.pairs, rising.rises);
            let (most, way) = if rises * 2 >= pairs { (rises, "rise") } else { (pairs - rises, "fall") };
            reasons.push(format!("targets {way} from source to source {most} of {pairs} times"));
        }
        reasons
    }
}

/// Whether the work of sources that are known by a sample only can have been divided at all.
pub(super) fn fits(units: &[&Unit], way: Way) -> bool {
    if units.iter().all(|unit| unit.complete) {
        return true;
    }
    let hosts = || units.iter().flat_map(|unit| unit.targets.iter().map(|t| t.host.number()));
    let services = units.iter().map(|unit| unit.services.len()).max().unwrap_or(1);
    let each = if way == Way::Pairs { services as u128 } else { 1 };
    let span = (hosts().max().unwrap_or(0) - hosts().min().unwrap_or(0) + 1).saturating_mul(each);
    let all: u128 = units.iter().map(|unit| u128::from(unit.hosts)).sum();
    all <= span.saturating_add(span / 4)
}

/// Marks of one run: the generator of ZMap's permutation (one of 32,768 and more), the secret of a stateless sender.
fn run(units: &[&Unit], reasons: &mut Vec<String>) -> f64 {
    let Some(first) = units.first() else { return 0.0 };
    let mut bits: f64 = 0.0;
    let same =
        units.iter().filter(|unit| unit.generator.is_some() && unit.generator == first.generator).count();
    if let (Some((generator, prime)), true) = (first.generator, same == units.len()) {
        reasons.push(format!("all {same} walk with generator {generator} modulo {}", grouped(prime)));
        bits = bits.max(32.0);
    }
    if units.len() >= 4 && first.secret.is_some() && units.iter().all(|unit| unit.secret == first.secret) {
        reasons.push(format!("all {} fold one secret into their sequence numbers", units.len()));
        bits = bits.max(24.0);
    }
    bits
}

/// One IPv6 /64 is one link, mostly of one customer, who has 2^64 addresses to change among.
fn link(units: &[&Unit], reasons: &mut Vec<String>) -> f64 {
    let Some(first) = units.first() else { return 0.0 };
    let network = first.source.network();
    let alike = |unit: &&Unit| unit.source.network() == network && unit.imprint == first.imprint;
    if first.source.is_v4() || units.len() < 4 || !units.iter().all(alike) {
        return 0.0;
    }
    reasons.push(format!("all {} sources are of one link, {network}/64", units.len()));
    (units.len() as f64 * 4.0).min(24.0)
}

/// Imprint and services that all have, by how rare they are among the others: up to 3 bits each.
fn alike(units: &[&Unit], population: &Population, reasons: &mut Vec<String>) -> f64 {
    let Some(first) = units.first() else { return 0.0 };
    let group = units.len() as u64;
    let others = population.sources.saturating_sub(group);
    let mut bits = 0.0;
    let mut weigh = |what: &str, same: bool, all: u64| {
        if same {
            let sharing = all.saturating_sub(group).min(others);
            bits += ((others + 2) as f64 / (sharing + 1) as f64).log2().clamp(0.0, 3.0);
            reasons.push(format!(
                "{what}, as {} of the {} other sources have",
                grouped(sharing),
                grouped(others)
            ));
        }
    };
    let imprint = first.imprint;
    let same = units.iter().all(|unit| unit.imprint == imprint);
    weigh("packets alike", same, population.imprints.get(&imprint).copied().unwrap_or(0));
    let key = services(first);
    let same = units.iter().all(|unit| services(unit) == key);
    weigh("the same services", same, population.services.get(&key).copied().unwrap_or(0));
    bits
}

/// Sources that share networks (/24, /64) more than those of the whole input do: up to 6 bits.
fn origin(units: &[&Unit], population: &Population, reasons: &mut Vec<String>) -> f64 {
    let count = units.len() as f64;
    let networks: BTreeSet<Address> = units.iter().map(|unit| unit.source.network()).collect();
    let inside = 1.0 - networks.len() as f64 / count;
    let others = population.sources.saturating_sub(units.len() as u64);
    let apart = population.networks.saturating_sub(networks.len() as u64).min(others);
    let outside = ((others - apart + 1) as f64 / (others + 2) as f64).max(1.0 / 64.0);
    if inside <= outside {
        return 0.0;
    }
    let part = |p: f64, q: f64| if p > 0.0 { p * (p / q).log2() } else { 0.0 };
    let bits = count * (part(inside, outside) + part(1.0 - inside, 1.0 - outside));
    reasons.push(format!("{} sources come from {} networks", units.len(), networks.len()));
    bits.clamp(0.0, 6.0)
}

/// Scans begun at one time, among sources that begin over a longer one: up to 4 bits. Lone sources begin and end at once, so
/// that when they come is no more than when they were looked for.
fn together(units: &[&Unit], population: &Population, reasons: &mut Vec<String>) -> f64 {
    if units.iter().any(|unit| unit.member.is_none()) || !begun_together(units) {
        return 0.0;
    }
    let starts = || units.iter().map(|unit| unit.start);
    let spread = starts().max().unwrap_or(0).saturating_sub(starts().min().unwrap_or(0)).max(SECOND);
    let span = population.span.map_or(0, |(start, end)| end.saturating_sub(start)).max(spread);
    reasons.push(format!("begun within {:.1} s", spread as f64 / SECOND as f64));
    (span as f64 / spread as f64).log2().min(4.0)
}
