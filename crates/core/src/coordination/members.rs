//! Groups among campaigns that stand by themselves, and of these with groups of lone sources.
//!
//! First equal generators; then, among sources alike in packets and services, ranges that abut and stretches in the order of
//! starts; at last pairs of whatever is there by now, the most disjoint first, also where packets differ.

use std::collections::BTreeMap;

use super::cover::{Cover, Hit};
use super::tiles::{self, range};
use super::unit::{Placed, Unit, Way, patterned};
use super::weigh::{self, HONEST, Population};
use super::window;
use crate::blocks::Blocks;

/// Campaigns of one kind that are searched for stretches; of more, those of most hosts.
const BUCKET: usize = 2048;
/// Groups and campaigns of one kind that are paired; of more, those of most hosts.
const PAIRED: usize = 256;

/// Units of one scan, as places in the list of all.
pub(super) type Cluster = Vec<usize>;

/// Brings the units together that are one scan: those of `clusters` already are. Each with its price.
pub(super) fn join(
    units: &[Unit],
    clusters: Vec<(Cluster, f64)>,
    blocks: &Blocks,
    population: &Population,
) -> Vec<(Cluster, f64)> {
    let mut search =
        Search { units, blocks, population, free: vec![true; units.len()], clusters: Vec::new() };
    for (cluster, price) in clusters {
        search.take(cluster, price);
    }
    search.generators();
    search.neighbours();
    search.tiles();
    search.stretches();
    search.pairs();
    search.clusters.retain(|(cluster, _)| cluster.len() > 1);
    search.clusters
}

struct Search<'a> {
    units: &'a [Unit],
    blocks: &'a Blocks,
    population: &'a Population,
    free: Vec<bool>,
    clusters: Vec<(Cluster, f64)>,
}

impl Search<'_> {
    fn take(&mut self, cluster: Cluster, price: f64) {
        cluster.iter().for_each(|at| self.free[*at] = false);
        self.clusters.push((cluster, price));
    }

    /// Free units by a key; those of one key in the order of their starts.
    fn buckets<K: Ord>(&self, key: impl Fn(&Unit) -> Option<K>) -> Vec<Vec<usize>> {
        let mut buckets: BTreeMap<K, Vec<usize>> = BTreeMap::new();
        for (at, unit) in self.units.iter().enumerate().filter(|(at, _)| self.free[*at]) {
            if let Some(key) = key(unit) {
                buckets.entry(key).or_default().push(at);
            }
        }
        let mut buckets: Vec<_> = buckets.into_values().filter(|bucket| bucket.len() > 1).collect();
        for bucket in &mut buckets {
            bucket.sort_by_key(|at| (std::cmp::Reverse(self.units[*at].hosts), self.units[*at].source));
            bucket.truncate(BUCKET);
            bucket.sort_by_key(|at| (self.units[*at].start, self.units[*at].source));
        }
        buckets
    }

    fn of(&self, places: &[usize]) -> Vec<&Unit> {
        places.iter().map(|at| &self.units[*at]).collect()
    }

    fn generators(&mut self) {
        for bucket in self.buckets(|unit| unit.generator) {
            self.take(bucket, 0.0);
        }
    }

    /// Ranges of one size that abut, of any sources begun at once.
    fn neighbours(&mut self) {
        let key = |unit: &Unit| {
            let (low, high) = range(unit)?;
            Some((unit.imprint, weigh::services(unit), high - low))
        };
        let mut chains = Vec::new();
        for bucket in self.buckets(key) {
            let soon = |a: &usize, b: &usize| tiles::at_once(&[&self.units[*a], &self.units[*b]]);
            for begun in bucket.chunk_by(soon) {
                chains.extend(self.chains(begun.to_vec(), soon).into_iter().filter(|chain| chain.len() > 2));
            }
        }
        let price = (chains.len() as f64).max(1.0).log2();
        self.take_groups(chains, price);
    }

    /// Ranges that abut, of sources of one network begun together.
    fn tiles(&mut self) {
        let key = |unit: &Unit| {
            range(unit)?;
            Some((unit.source.network(), unit.imprint, weigh::services(unit)))
        };
        let together = |a: &usize, b: &usize| tiles::begun_together(&[&self.units[*a], &self.units[*b]]);
        let buckets = self.buckets(key).into_iter();
        let chains = buckets.flat_map(|bucket| self.chains(bucket, together)).collect();
        self.take_groups(chains, 0.0);
    }

    /// The bucket cut into units whose ranges abut, each in the order of starts.
    fn chains(&self, mut bucket: Vec<usize>, together: impl Fn(&usize, &usize) -> bool) -> Vec<Vec<usize>> {
        bucket.sort_by_key(|at| range(&self.units[*at]));
        let abut = |a: &usize, b: &usize| {
            let ranges = (range(&self.units[*a]), range(&self.units[*b]));
            matches!(ranges, (Some(a), Some(b)) if a.1 + 1 == b.0) && together(a, b)
        };
        let mut chains: Vec<Vec<usize>> =
            bucket.chunk_by(abut).filter(|chain| chain.len() > 1).map(<[usize]>::to_vec).collect();
        for chain in &mut chains {
            chain.sort_by_key(|at| (self.units[*at].start, self.units[*at].source));
        }
        chains
    }

    fn take_groups(&mut self, chains: Vec<Vec<usize>>, price: f64) {
        for chain in chains {
            if weigh::weigh(&self.of(&chain), self.blocks, self.population, price).is_group(price) {
                self.take(chain, price);
            }
        }
    }

    /// Stretches in the order of starts, among sources alike.
    fn stretches(&mut self) {
        let key = |unit: &Unit| {
            let known = unit.generator.is_none() && !unit.targets.is_empty();
            known.then(|| (unit.imprint, weigh::services(unit)))
        };
        let buckets = self.buckets(key);
        let price = (buckets.len() as f64).max(1.0).log2();
        for bucket in buckets {
            let ways = Way::all(&self.of(&bucket));
            for way in ways {
                let left: Vec<usize> = bucket.iter().copied().filter(|at| self.free[*at]).collect();
                self.stretch(&left, *way, price + (ways.len() as f64).log2());
            }
        }
    }

    fn stretch(&mut self, bucket: &[usize], way: Way, price: f64) {
        let placed = Placed::new(bucket.iter().map(|at| &self.units[*at]), way, self.blocks);
        let mut cover = Cover::new(&placed);
        let mut parts = vec![(0, bucket.len())];
        while let Some((from, to)) = parts.pop() {
            let Some(best) = window::best(&placed, &mut cover, from, to, 2) else { continue };
            let part = &bucket[best.from..best.to];
            if best.bits - price < HONEST || !weigh::fits(&self.of(part), way) {
                continue;
            }
            if weigh::weigh(&self.of(part), self.blocks, self.population, price).is_group(price) {
                self.take(part.to_vec(), price);
                parts.push((from, best.from));
                parts.push((best.to, to));
            }
        }
    }

    /// Pairs of groups and campaigns of the same services.
    fn pairs(&mut self) {
        let mut buckets: BTreeMap<u64, Vec<(Cluster, f64)>> = BTreeMap::new();
        for (cluster, price) in std::mem::take(&mut self.clusters) {
            let key = weigh::services(&self.units[cluster[0]]);
            buckets.entry(key).or_default().push((cluster, price));
        }
        for single in (0..self.units.len()).filter(|at| self.free[*at] && !self.units[*at].targets.is_empty())
        {
            let key = weigh::services(&self.units[single]);
            buckets.entry(key).or_default().push((vec![single], 0.0));
        }
        for mut bucket in buckets.into_values() {
            let hosts = |c: &Cluster| c.iter().map(|at| self.units[*at].hosts).sum::<u64>();
            bucket.sort_by_key(|(c, _)| (c.len() == 1, std::cmp::Reverse(hosts(c)), self.units[c[0]].source));
            let rest = bucket.split_off(bucket.len().min(PAIRED));
            self.clusters.extend(rest);
            let joined = self.pair(bucket);
            self.clusters.extend(joined);
        }
    }

    fn pair(&self, mut bucket: Vec<(Cluster, f64)>) -> Vec<(Cluster, f64)> {
        let places: Vec<usize> = bucket.iter().flat_map(|(cluster, _)| cluster.iter().copied()).collect();
        let ways = Way::all(&self.of(&places));
        let mut views: Vec<View> =
            ways.iter().map(|way| View::new(&self.of(&places), &bucket, *way, self.blocks)).collect();
        let count = bucket.len() as f64;
        let price = (count * (count - 1.0) / 2.0).max(1.0).log2() + (ways.len() as f64).log2();
        let bits = |views: &mut [View], a: usize, b: usize| {
            views.iter_mut().map(|view| view.bits(a, b)).fold(f64::NEG_INFINITY, f64::max)
        };
        let mut scores: Vec<Vec<f64>> = Vec::new();
        for a in 0..bucket.len() {
            scores.push((0..a).map(|b| bits(&mut views, a, b)).collect());
        }
        loop {
            let mut best = (HONEST + price, 0, 0);
            for (a, row) in scores.iter().enumerate() {
                for (b, score) in row.iter().enumerate() {
                    if *score > best.0 {
                        best = (*score, a, b);
                    }
                }
            }
            let (score, a, b) = best;
            if a == 0 {
                break;
            }
            let all: Vec<&Unit> =
                [&bucket[b].0, &bucket[a].0].into_iter().flatten().map(|at| &self.units[*at]).collect();
            let weighed = weigh::weigh(&all, self.blocks, self.population, price);
            let common = weighed.common + score - price - weigh::PRIOR;
            if conflict(&all)
                || !ways.iter().any(|way| weigh::fits(&all, *way))
                || common <= crate::evidence::THRESHOLD.value()
            {
                scores[a][b] = f64::NEG_INFINITY;
                continue;
            }
            let (taken, paid) = std::mem::take(&mut bucket[a]);
            bucket[b].0.extend(taken);
            bucket[b].0.sort_by_key(|at| (self.units[*at].start, self.units[*at].source));
            bucket[b].1 = bucket[b].1.max(paid).max(price);
            views.iter_mut().for_each(|view| view.join(a, b));
            for other in 0..bucket.len() {
                if other != b {
                    let (high, low) = (other.max(b), other.min(b));
                    scores[high][low] = bits(&mut views, high, low);
                }
                let (high, low) = (other.max(a), other.min(a));
                if high != low {
                    scores[high][low] = f64::NEG_INFINITY;
                }
            }
        }
        bucket.retain(|(cluster, _)| !cluster.is_empty());
        bucket
    }
}

/// What each cluster of a bucket hit.
struct View {
    placed: Placed,
    cover: Cover,
    /// [`None`] once it has become part of another.
    hits: Vec<Option<Vec<Hit>>>,
}

impl View {
    /// `units`: those of all clusters, one after the other.
    fn new(units: &[&Unit], clusters: &[(Cluster, f64)], way: Way, blocks: &Blocks) -> Self {
        let placed = Placed::new(units.iter().copied(), way, blocks);
        let mut hits = Vec::new();
        let mut next = 0;
        for (cluster, _) in clusters {
            let all = (next..next + cluster.len()).flat_map(|place| placed.unit(place).all.iter().copied());
            hits.push(Some(distinct(all.collect())));
            next += cluster.len();
        }
        Self { cover: Cover::new(&placed), placed, hits }
    }

    fn bits(&mut self, a: usize, b: usize) -> f64 {
        let (Some(a), Some(b)) = (&self.hits[a], &self.hits[b]) else { return f64::NEG_INFINITY };
        self.cover.clear();
        self.cover.add(a, &self.placed.region.reach, patterned(a));
        self.cover.add(b, &self.placed.region.reach, patterned(b));
        self.cover.bits()
    }

    /// Makes `a` part of `b`.
    fn join(&mut self, a: usize, b: usize) {
        let mut both = self.hits[a].take().unwrap_or_default();
        both.extend(self.hits[b].take().unwrap_or_default());
        self.hits[b] = Some(distinct(both));
    }
}

fn distinct(mut hits: Vec<Hit>) -> Vec<Hit> {
    hits.sort_unstable();
    hits.dedup();
    hits
}

/// Whether two generators among the units differ: then they are different runs.
fn conflict(units: &[&Unit]) -> bool {
    let mut generators = units.iter().filter_map(|unit| unit.generator);
    generators.next().is_some_and(|first| generators.any(|other| other != first))
}
