//! Whether the hosts hit were chosen for being live, over all own addresses or within a part.

use super::super::facts::{Facts, Segment};
use super::super::likelihood as of;
use super::super::prior::Prior;

/// ln P(what is live) among the own addresses of a range that holds all hits: by chance, and by choice.
pub fn informed(facts: &Facts, prior: &Prior, range: (u64, u64), touched: bool) -> (f64, f64) {
    let Some(live) = &facts.live else { return (0.0, 0.0) };
    let sampled = live.hit.len() as f64;
    let hit = live.hit.iter().filter(|live| **live).count() as f64;
    let segments = || facts.segments.iter().filter(move |segment| !touched || segment.hosts > 0.0);
    let size: f64 = segments().map(|segment| within(segment, range)).sum();
    let known = |segment: &Segment| {
        let (first, last) = (range.0.max(segment.first), range.1.min(segment.last));
        let from = live.others.partition_point(|host| *host < first);
        live.others.partition_point(|host| *host <= last).saturating_sub(from) as f64
    };
    let others: f64 = segments().map(known).sum();
    // The sample of a walk is no random one. Where most was hit, what is live beyond the sample was mostly hit as well.
    let further = if facts.hits > 0.5 * size { facts.hits.min(size) - sampled } else { 0.0 };
    let further = further.max(0.0);
    let rest = (size - sampled).max(1.0);
    let further_live = (others * further / rest).round().min(further);
    let (hits, hit, others) = (sampled + further, hit + further_live, others - further_live);
    of::informed(hit, hits, others, size.max(hits + others), &prior.live, &prior.curated)
}

/// ln P(what is live) by chance within a part, on the scale of `everywhere`. The density of live hosts is the part's own: only
/// there can it be said whether hosts were chosen.
pub fn local(facts: &Facts, prior: &Prior, range: (u64, u64), touched: bool, everywhere: (f64, f64)) -> f64 {
    let (chance, chosen) = informed(facts, prior, range, touched);
    everywhere.1 + chance - chosen
}

/// Addresses of a segment within a range.
pub fn within(segment: &Segment, range: (u64, u64)) -> f64 {
    let (first, last) = (segment.first.max(range.0), segment.last.min(range.1));
    if first > last { 0.0 } else { (last - first + 1) as f64 }
}
