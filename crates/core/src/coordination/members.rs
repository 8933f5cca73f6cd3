//! Groups among campaigns that stand by themselves, and of these with groups of lone sources.
//!
//! First equal generators; then, among sources alike in packets and services, ranges that abut and stretches in the order of
//! starts; at last pairs of whatever is there by now, the most disjoint first, also where packets differ.

use std::collections::BTreeMap;

use super::cover::{Cover, Hit};
use super::unit::{Placed, Unit, patterned};
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

    /// Ranges that abut, of sources of one network begun together.
    fn tiles(&mut self) {
        let key = |unit: &Unit| {
            weigh::range(unit)?;
            Some((unit.source.network(), unit.imprint, weigh::services(unit)))
        };
        for mut bucket in self.buckets(key) {
            bucket.sort_by_key(|at| weigh::range(&self.units[*at]));
            let abut = |a: &usize, b: &usize| {
                let ranges = (weigh::range(&self.units[*a]), weigh::range(&self.units[*b]));
                matches!(ranges, (Some(a), Some(b)) if a.1 + 1 == b.0)
                    && weigh::begun_together(&[&self.units[*a], &self.units[*b]])
            };
            let chains: Vec<Vec<usize>> = bucket.chunk_by(abut).map(<[usize]>::to_vec).collect();
            for mut chain in chains.into_iter().filter(|chain| chain.len() > 1) {
                chain.sort_by_key(|at| (self.units[*at].start, self.units[*at].source));
                let weighed = weigh::weigh(&self.of(&chain), self.blocks, self.population, 0.0);
                if weighed.is_group(0.0) {
                    self.take(chain, 0.0);
                }
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
            let placed = Placed::new(bucket.iter().map(|at| &self.units[*at]), self.blocks);
            let mut cover = Cover::new(placed.region.cells());
            let mut parts = vec![(0, bucket.len())];
            while let Some((from, to)) = parts.pop() {
                let Some(best) = window::best(&placed, &mut cover, from, to, 2) else { continue };
                let part = &bucket[best.from..best.to];
                if best.bits - price < HONEST || !weigh::fits(&self.of(part)) {
                    continue;
                }
                if weigh::weigh(&self.of(part), self.blocks, self.population, price).is_group(price) {
                    self.take(part.to_vec(), price);
                    parts.push((from, best.from));
                    parts.push((best.to, to));
                }
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
        let placed = Placed::new(places.iter().map(|at| &self.units[*at]), self.blocks);
        let mut hits: Vec<Option<Vec<Hit>>> = Vec::new();
        let mut next = 0;
        for (cluster, _) in &bucket {
            let mut all: Vec<Hit> = Vec::new();
            for _ in cluster {
                all.extend(placed.unit(next).all);
                next += 1;
            }
            all.sort_unstable();
            all.dedup();
            hits.push(Some(all));
        }
        let mut cover = Cover::new(placed.region.cells());
        let count = bucket.len() as f64;
        let price = (count * (count - 1.0) / 2.0).max(1.0).log2();
        let reach = &placed.region.reach;
        let mut bits = |a: &Option<Vec<Hit>>, b: &Option<Vec<Hit>>| {
            let (Some(a), Some(b)) = (a, b) else { return f64::NEG_INFINITY };
            cover.clear();
            cover.add(a, reach, patterned(a));
            cover.add(b, reach, patterned(b));
            cover.bits()
        };
        let mut scores: Vec<Vec<f64>> = Vec::new();
        for a in 0..hits.len() {
            scores.push((0..a).map(|b| bits(&hits[a], &hits[b])).collect());
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
            if conflict(&all) || !weigh::fits(&all) || common <= crate::evidence::THRESHOLD.value() {
                scores[a][b] = f64::NEG_INFINITY;
                continue;
            }
            let (taken, paid) = std::mem::take(&mut bucket[a]);
            bucket[b].0.extend(taken);
            bucket[b].0.sort_by_key(|at| (self.units[*at].start, self.units[*at].source));
            bucket[b].1 = bucket[b].1.max(paid).max(price);
            let mut both = hits[a].take().unwrap_or_default();
            both.extend(hits[b].take().unwrap_or_default());
            both.sort_unstable();
            both.dedup();
            hits[b] = Some(both);
            for other in 0..hits.len() {
                if other != b {
                    let (high, low) = (other.max(b), other.min(b));
                    scores[high][low] = bits(&hits[high], &hits[low]);
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

/// Whether two generators among the units differ: then they are different runs.
fn conflict(units: &[&Unit]) -> bool {
    let mut generators = units.iter().filter_map(|unit| unit.generator);
    generators.next().is_some_and(|first| generators.any(|other| other != first))
}
