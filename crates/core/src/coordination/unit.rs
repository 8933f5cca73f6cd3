//! Units: sources with their targets, as the search for shared work sees them.

use super::cover::{Hit, Set};
use super::keys::Seen;
use super::party::{self, Party};
use super::region::Region;
use crate::blocks::Blocks;
use crate::contact::{Service, Time};
use crate::net::Address;

/// What is to be done once: a host, or a service of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Target {
    /// 0 where hosts are divided among the sources; a service's number where services of hosts are.
    pub task: u32,
    /// The host.
    pub host: Address,
}

/// One source and its targets.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    /// The source.
    pub source: Address,
    /// Its place among the members; [`None`] for a lone source.
    pub member: Option<usize>,
    /// First contact.
    pub start: Time,
    /// Last contact.
    pub end: Time,
    /// What its packets look like: [`super::keys::imprint`].
    pub imprint: u64,
    /// Secret of the run that its packets share: [`super::keys::secret`].
    pub secret: Option<u32>,
    /// Generator and prime of a recovered permutation.
    pub generator: Option<(u64, u64)>,
    /// Services, sorted.
    pub services: Vec<Service>,
    /// Targets; of a lone source the first by time in front.
    pub targets: Vec<Target>,
    /// Distinct hosts in all.
    pub hosts: u64,
    /// Whether `targets` has them all.
    pub complete: bool,
    /// Services of hosts that it probed; empty where it has one service, or its targets are such pairs already.
    pub pairs: Vec<Target>,
}

/// What may have been divided among sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// The targets: mostly hosts.
    Targets,
    /// Services of hosts: several sources may share a host, none a pair.
    Pairs,
}

impl Way {
    /// What may have been divided among these.
    pub fn all(units: &[&Unit]) -> &'static [Self] {
        if units.iter().all(|unit| !unit.pairs.is_empty()) {
            &[Self::Targets, Self::Pairs]
        } else {
            &[Self::Targets]
        }
    }

    fn of(self, unit: &Unit) -> &[Target] {
        match self {
            Self::Targets => &unit.targets,
            Self::Pairs => &unit.pairs,
        }
    }
}

/// Units with their targets as places of one region.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    /// Where they look.
    pub region: Region,
    /// Targets of one unit on one host, at most: so many are perhaps one decision.
    pub layers: u32,
    hits: Vec<Hit>,
    units: Vec<Place>,
}

/// A unit's part of [`Placed`].
#[derive(Clone, Copy, Debug)]
struct Place {
    /// End of its hits.
    end: usize,
    /// Its first target, where the order is known.
    first: Option<Hit>,
    /// Whether it repeats a pattern.
    patterned: bool,
}

/// A unit's targets as places.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hits<'a> {
    /// Sorted.
    pub all: &'a [Hit],
    /// The first by time, where that is known.
    pub first: Option<Hit>,
    /// Whether the same few places are hit in many cells.
    pub patterned: bool,
}

impl Placed {
    /// Places units; each has one target at least.
    pub fn new<'a>(units: impl Iterator<Item = &'a Unit> + Clone, way: Way, blocks: &Blocks) -> Self {
        let each = units.clone().map(|unit| (way.of(unit).iter().copied(), unit.member.is_none()));
        let mut placed = Self::of(each, blocks);
        if way == Way::Pairs {
            placed.layers = units.map(|unit| layers(&unit.pairs)).max().unwrap_or(1);
        }
        placed
    }

    /// Places lone sources.
    pub fn of_parties(parties: &[Party], contacts: &[&Seen], by_service: bool, blocks: &Blocks) -> Self {
        let each = parties.iter().map(|party| {
            (party::targets(&contacts[party.from as usize..party.to as usize], by_service), true)
        });
        Self::of(each, blocks)
    }

    /// Each one's targets, and whether they stand in the order of time.
    fn of<T: Iterator<Item = Target>>(
        each: impl Iterator<Item = (T, bool)> + Clone,
        blocks: &Blocks,
    ) -> Self {
        let region = Region::new(each.clone().flat_map(|(targets, _)| targets), blocks);
        let mut placed = Self { region, layers: 1, hits: Vec::new(), units: Vec::new() };
        let mut mine = Vec::new();
        for (targets, ordered) in each {
            mine.clear();
            mine.extend(targets.filter_map(|target| placed.region.hit(target)));
            let first = mine.first().copied().filter(|_| ordered);
            mine.sort_unstable();
            mine.dedup();
            placed.hits.extend_from_slice(&mine);
            placed.units.push(Place { end: placed.hits.len(), first, patterned: patterned(&mine) });
        }
        placed
    }

    /// How many units.
    pub fn len(&self) -> usize {
        self.units.len()
    }

    /// The targets of a unit.
    pub fn unit(&self, place: usize) -> Hits<'_> {
        let from = place.checked_sub(1).map_or(0, |before| self.units[before].end);
        let Place { end, first, patterned } = self.units[place];
        Hits { all: &self.hits[from..end], first, patterned }
    }
}

/// Targets on one host, at most; 1 or more.
fn layers(targets: &[Target]) -> u32 {
    let mut hosts: Vec<Address> = targets.iter().map(|target| target.host).collect();
    hosts.sort_unstable();
    hosts.chunk_by(|a, b| a == b).map(|part| part.len() as u32).max().unwrap_or(1)
}

/// Whether the same few places are hit in many cells: `.1` of every network, say. By chance 32 hits in four cells have
/// about 30 different last bytes; half of that is no chance.
pub(super) fn patterned(hits: &[Hit]) -> bool {
    if hits.chunk_by(|a, b| a.cell == b.cell).count() < 4 {
        return false;
    }
    let mut places = Set::default();
    hits.iter().for_each(|hit| places.insert(hit.place));
    let expected = 256.0 * (1.0 - (-(hits.len() as f64) / 256.0).exp());
    f64::from(places.count()) < expected / 2.0
}
