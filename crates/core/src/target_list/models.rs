//! What each kind of list may be, hypothesis by hypothesis.
//!
//! A kind is a mixture: which block, in order or at random, watched from its start or not, ours alone or more. Given one
//! such hypothesis the observations are independent, so its likelihood is the product of its terms; a kind's likelihood is
//! the weighted sum over its hypotheses, and nothing is counted twice.
//!
//! Positions are compared with even ones: of a scan at random over all own addresses, `spread` is the probability of the
//! hits' division among segments, and `boundary` is 0.

use super::facts::{Facts, Segment, covering};
use super::likelihood as of;
use super::math::{ln_choose, ln_gamma};
use super::prior::{KINDS, Plateau, Prior};
use crate::record::Permutation;

/// Names of the terms, in the order in which they are counted.
pub const TERMS: [&str; 9] = [
    "permutation",
    "rate bound",
    "clock",
    "order",
    "coverage",
    "spread",
    "boundary",
    "informed",
    "open services",
];
/// Places in [`TERMS`].
pub mod term {
    #![allow(missing_docs, reason = "the names are in TERMS")]
    pub const PERMUTATION: usize = 0;
    pub const RATE: usize = 1;
    pub const CLOCK: usize = 2;
    pub const ORDER: usize = 3;
    pub const COVERAGE: usize = 4;
    pub const SPREAD: usize = 5;
    pub const BOUNDARY: usize = 6;
    pub const INFORMED: usize = 7;
    pub const SERVICES: usize = 8;
}

/// ln of how much less probable a kind is that a recovered permutation contradicts.
const CONTRADICTED: f64 = -20.0;
/// The share of a longer list of an organisation that is ours.
const SHARE_OF_LONGER: f64 = 0.3;
/// The widest block that is still one.
const WIDEST: u32 = 8;
/// The narrowest.
const NARROWEST: u32 = 30;

/// One thing that a list may be.
#[derive(Clone, Debug)]
pub struct Hypothesis {
    /// Its place in [`KINDS`].
    pub kind: usize,
    /// ln of its share of the kind.
    pub weight: f64,
    /// ln likelihoods, in the order of [`TERMS`].
    pub terms: [f64; TERMS.len()],
    /// The range, of a block.
    pub range: Option<(u64, u64)>,
}

/// What is common to many hypotheses.
struct Common<'a> {
    facts: &'a Facts,
    prior: &'a Prior,
    shuffled: f64,
    walked: f64,
    /// ln likelihoods of what is live, over all own addresses: by chance, and by choice.
    informed: (f64, f64),
    services: (f64, f64),
    permutation: [f64; KINDS.len()],
}

/// A block that the scan may have taken.
struct Extent {
    weight: f64,
    first: u64,
    last: u64,
}

/// All hypotheses of all kinds.
pub fn hypotheses(facts: &Facts, permutation: Option<&Permutation>, prior: &Prior) -> Vec<Hypothesis> {
    let (up, pairs) = facts.ascents();
    let common = Common {
        facts,
        prior,
        shuffled: of::shuffled(up, pairs),
        walked: of::walked(up, pairs),
        informed: informed(facts, prior, (0, u64::MAX)),
        services: of::pairs(facts.pairs.open, facts.pairs.further, &prior.curated),
        permutation: contradicted(permutation),
    };
    let mut all = Vec::new();
    common.internet(&mut all);
    common.block(&mut all);
    common.organisation(&mut all);
    common.curated(&mut all);
    all.retain(|one| one.weight > f64::NEG_INFINITY);
    all
}

/// A walk over 2^32 + 15 is one of the whole Internet; every smaller group is one of a shorter list.
fn contradicted(permutation: Option<&Permutation>) -> [f64; KINDS.len()] {
    match permutation {
        None => [0.0; KINDS.len()],
        Some(walk) if walk.prime > 1 << 32 && walk.list_addresses.is_none_or(|n| n > 1 << 31) => {
            [0.0, CONTRADICTED, CONTRADICTED, CONTRADICTED]
        }
        Some(_) => [CONTRADICTED, 0.0, 0.0, 0.0],
    }
}

/// ln P(what is live) among the own addresses of a range that holds all hits: by chance, and by choice.
fn informed(facts: &Facts, prior: &Prior, range: (u64, u64)) -> (f64, f64) {
    let Some(live) = &facts.live else { return (0.0, 0.0) };
    let sampled = live.hit.len() as f64;
    let hit = live.hit.iter().filter(|live| **live).count() as f64;
    let others = live.others.iter().filter(|host| range.0 <= **host && **host <= range.1).count() as f64;
    let size: f64 = facts.segments.iter().map(|segment| within(segment, range)).sum();
    of::informed(hit, sampled, others, size.max(sampled + others), &prior.live, &prior.curated)
}

/// Addresses of a segment within a range.
fn within(segment: &Segment, range: (u64, u64)) -> f64 {
    let (first, last) = (segment.first.max(range.0), segment.last.min(range.1));
    if first > last { 0.0 } else { (last - first + 1) as f64 }
}

/// The smallest prefix that a scan would take and that holds all hits.
fn narrowest(facts: &Facts) -> (u64, u64) {
    let (low, high) = span(&facts.hosts);
    let (first, last) = covering(low, high);
    let least = (1_u64 << (32 - NARROWEST)) - 1;
    (first & !least, last | least)
}

/// Lowest and highest.
pub fn span(hosts: &[u64]) -> (u64, u64) {
    (hosts.iter().copied().min().unwrap_or(0), hosts.iter().copied().max().unwrap_or(0))
}

impl Common<'_> {
    fn terms(&self, kind: usize, walks: bool) -> [f64; TERMS.len()] {
        let mut terms = [0.0; TERMS.len()];
        terms[term::PERMUTATION] = self.permutation[kind];
        terms[term::ORDER] = if walks { self.walked } else { self.shuffled };
        terms[term::INFORMED] = if kind == 3 { self.informed.1 } else { self.informed.0 };
        terms[term::SERVICES] = if kind == 3 { self.services.1 } else { self.services.0 };
        terms
    }

    fn rate(&self, dilution: f64, prior: &Plateau) -> f64 {
        of::rate(self.facts.hits, self.facts.seconds, dilution, prior, self.prior.clock.longest)
    }

    fn clock(&self, ours: f64) -> f64 {
        of::clock(&self.facts.gaps, ours, &self.prior.clock)
    }

    /// ln P(division of the hits among segments), at random over what `share` leaves of each segment.
    fn division(&self, share: impl Fn(&Segment) -> f64) -> f64 {
        let segments = &self.facts.segments;
        let all: f64 = segments.iter().map(&share).sum();
        let ways: f64 = segments.iter().map(|s| ln_choose(share(s), s.hosts)).sum();
        ways - ln_choose(all, self.facts.hits)
    }

    /// ln P of the one touched segment's positions in a walk that begins at an edge of `range`, against even positions.
    fn walk(&self, segment: &Segment, range: (u64, u64)) -> f64 {
        let facts = self.facts;
        let window: Vec<u64> = facts.hosts[..facts.consecutive].to_vec();
        let (low, high) = span(&window);
        let count = window.len() as f64;
        if window.is_empty() || low < segment.first || high > segment.last {
            return 0.0;
        }
        let dense = of::confined(count, (high - low + 1) as f64, segment.size());
        let (up, pairs) = facts.ascents();
        let (first, last) = (range.0.max(segment.first), range.1.min(segment.last));
        let missed = if up * 2 >= pairs { low.saturating_sub(first) } else { last.saturating_sub(high) };
        let edge = match missed {
            0 => 0.85,
            1 => 0.1,
            2..=4 => 0.015,
            _ => 0.0,
        };
        let anywhere = (1.0 - self.prior.order.from_edge) / (last - first + 1) as f64;
        dense + (self.prior.order.from_edge * edge + anywhere).ln()
    }

    fn internet(&self, all: &mut Vec<Hypothesis>) {
        let (facts, prior) = (self.facts, self.prior);
        let mut terms = self.terms(0, false);
        terms[term::RATE] = self.rate((of::INTERNET / facts.addresses).ln(), &prior.rate.internet);
        terms[term::CLOCK] = self.clock(0.0);
        terms[term::COVERAGE] = of::coverage(facts.hits, facts.addresses, prior.coverage.internet_wide);
        terms[term::SPREAD] = self.division(Segment::size);
        all.push(Hypothesis { kind: 0, weight: (1.0 - prior.order.internet_wide).ln(), terms, range: None });
        // A walk through the whole Internet passes us at its full rate, from edge to edge.
        let mut touched = facts.touched();
        if let (Some(segment), None) = (touched.next(), touched.next()) {
            let mut terms = self.terms(0, true);
            terms[term::RATE] = self.rate(0.0, &prior.rate.internet);
            terms[term::CLOCK] = self.clock(1.0);
            terms[term::COVERAGE] = of::coverage(facts.hits, segment.size(), prior.coverage.internet_wide);
            terms[term::SPREAD] = -(facts.segments.len() as f64).ln();
            terms[term::BOUNDARY] = self.walk(segment, (segment.first, segment.last));
            all.push(Hypothesis { kind: 0, weight: prior.order.internet_wide.ln(), terms, range: None });
        }
    }

    fn block(&self, all: &mut Vec<Hypothesis>) {
        let (facts, prior) = (self.facts, self.prior);
        let touched: Vec<&Segment> = facts.touched().collect();
        for extent in self.extents() {
            let range = (extent.first, extent.last);
            let size = (extent.last - extent.first + 1) as f64;
            let ours = |segment: &Segment| within(segment, range);
            let own: f64 = facts.segments.iter().map(ours).sum();
            if touched.iter().any(|segment| segment.hosts > ours(segment)) {
                continue;
            }
            // The density of live hosts is the block's own: only there can it be said whether hosts were chosen.
            let informed = if own < facts.addresses {
                let (chance, chosen) = informed(facts, self.prior, range);
                self.informed.1 + chance - chosen
            } else {
                self.informed.0
            };
            let confined: f64 = touched.iter().map(|s| of::confined(s.sampled, ours(s), s.size())).sum();
            let mut terms = self.terms(1, false);
            terms[term::INFORMED] = informed;
            terms[term::RATE] = self.rate((size / own).ln(), &prior.rate.local);
            terms[term::CLOCK] = self.clock(own / size);
            terms[term::COVERAGE] = of::coverage(facts.hits, own, prior.coverage.block);
            terms[term::SPREAD] = self.division(ours);
            terms[term::BOUNDARY] = confined;
            let weight = extent.weight + (1.0 - prior.order.block).ln();
            all.push(Hypothesis { kind: 1, weight, terms, range: Some(range) });
            if let [segment] = touched[..] {
                let mut terms = self.terms(1, true);
                terms[term::INFORMED] = informed;
                terms[term::RATE] = self.rate(0.0, &prior.rate.local);
                terms[term::CLOCK] = self.clock(1.0);
                terms[term::COVERAGE] = of::coverage(facts.hits, ours(segment), prior.coverage.block);
                terms[term::BOUNDARY] = self.walk(segment, range);
                let weight = extent.weight + prior.order.block.ln();
                all.push(Hypothesis { kind: 1, weight, terms, range: Some(range) });
            }
        }
    }

    /// The blocks that hold all hits, with the ln of their prior share.
    fn extents(&self) -> Vec<Extent> {
        let (facts, prior) = (self.facts, &self.prior.extent);
        let (low, high) = span(&facts.hosts);
        let holds = |first: u64, last: u64| {
            let unseen = facts.touched().any(|s| s.last < first || s.first > last);
            first <= low && high <= last && !unseen
        };
        let mut extents = Vec::new();
        if facts.assumed {
            // The prefix was made to fit the hits: nothing can be said of other borders.
            let (first, last) = facts.ranges[0];
            return vec![Extent { weight: 0.0, first, last }];
        }
        for &(first, last) in facts.ranges.iter().filter(|(first, last)| holds(*first, *last)) {
            let weight = (prior.own / facts.ranges.len() as f64).ln();
            extents.push(Extent { weight, first, last });
        }
        let narrow = narrowest(facts);
        for width in 32 - NARROWEST..=32 - WIDEST {
            let mask = (1_u64 << width) - 1;
            let (first, last) = (low & !mask, low | mask);
            if !holds(first, last) || first > narrow.0 || last < narrow.1 {
                continue;
            }
            let segment = facts.segments.iter().find(|s| s.first <= first && last <= s.last);
            let weight = match segment {
                Some(s) if (first, last) != (s.first, s.last) => {
                    let widths = s.size().log2().ceil() - f64::from(32 - NARROWEST);
                    let places = s.size() / (last - first + 1) as f64;
                    prior.part / facts.segments.len() as f64 / widths.max(1.0) / places
                }
                Some(_) => continue,
                None => self.wider(first, last, width),
            };
            extents.push(Extent { weight: weight.ln(), first, last });
        }
        let mut touched = facts.touched();
        if let (Some(segment), None) = (touched.next(), touched.next()) {
            // The range's true ends lie about one gap beyond the outermost hits: so many ranges fit.
            let slack = ((high - low + 1) as f64 / segment.sampled).max(1.0);
            let fits = (slack / segment.size()).powi(2).min(1.0);
            let weight = (prior.range / facts.segments.len() as f64 * fits).ln();
            extents.push(Extent { weight, first: low, last: high });
        }
        extents
    }

    /// The share of scans that take this prefix, because it is around one of ours.
    fn wider(&self, first: u64, last: u64, width: u32) -> f64 {
        let (facts, prior) = (self.facts, &self.prior.extent);
        let blocks = &facts.ranges[..facts.blocks];
        let shares = blocks.iter().filter(|block| first <= block.0 && block.1 <= last).map(|block| {
            let own = (block.1 - block.0 + 1).ilog2();
            let most = (32 - WIDEST).saturating_sub(own);
            let step = width.saturating_sub(own);
            if step == 0 || most == 0 {
                return 0.0;
            }
            let all: f64 = (1..=most).map(|n| prior.wider_step.powi(n as i32)).sum();
            prior.wider_step.powi(step as i32) / all
        });
        prior.wider * shares.sum::<f64>() / blocks.len() as f64
    }

    fn organisation(&self, all: &mut Vec<Hypothesis>) {
        let (facts, prior) = (self.facts, self.prior);
        let known = facts.segments.len() as f64;
        let touched: Vec<&Segment> = facts.touched().collect();
        let hit = touched.len() as f64;
        if facts.segments.len() < 2 {
            return;
        }
        let some = (1.0 - prior.organisation.all).ln() - (known - 1.0).ln() - ln_choose(known, hit);
        let lists =
            [(true, prior.organisation.all.ln()), (false, if hit >= 2.0 { some } else { f64::NEG_INFINITY })];
        for (whole, weight) in lists {
            let listed = |s: &Segment| if whole || s.hosts > 0.0 { s.size() } else { 0.0 };
            let size: f64 = facts.segments.iter().map(listed).sum();
            let blocks = if whole { known } else { hit };
            let shares =
                [(1.0, 1.0 - prior.organisation.others), (SHARE_OF_LONGER, prior.organisation.others)];
            for (ours, share) in shares {
                let weight = weight + share.ln();
                let mut random = self.terms(2, false);
                random[term::RATE] = self.rate(-f64::ln(ours), &prior.rate.local);
                random[term::CLOCK] = self.clock(ours);
                random[term::COVERAGE] = of::coverage(facts.hits, size, prior.coverage.organisation);
                random[term::SPREAD] = self.division(listed);
                let mut by_block = random;
                by_block[term::RATE] = self.rate(0.0, &prior.rate.local);
                by_block[term::CLOCK] = self.clock(1.0);
                by_block[term::SPREAD] = filled(&touched, blocks);
                let mut walks = by_block;
                walks[term::ORDER] = self.walked;
                walks[term::BOUNDARY] = self.walks(&touched);
                let by = prior.organisation.by_block;
                let order = prior.order.organisation;
                for (share, terms) in
                    [((1.0 - order) * (1.0 - by), random), ((1.0 - order) * by, by_block), (order, walks)]
                {
                    all.push(Hypothesis { kind: 2, weight: weight + share.ln(), terms, range: None });
                }
            }
        }
    }

    /// A walk through several segments, one after the other: dense in each.
    fn walks(&self, touched: &[&Segment]) -> f64 {
        if let [segment] = touched {
            return self.walk(segment, (segment.first, segment.last));
        }
        let window = &self.facts.hosts[..self.facts.consecutive];
        let dense = touched.iter().map(|segment| {
            let there: Vec<u64> =
                window.iter().copied().filter(|h| segment.first <= *h && *h <= segment.last).collect();
            let (low, high) = span(&there);
            of::confined(there.len() as f64, (high - low + 1) as f64, segment.size())
        });
        dense.sum()
    }

    fn curated(&self, all: &mut Vec<Hypothesis>) {
        let (facts, prior) = (self.facts, self.prior);
        for (nest, share_of_nest) in self.nests() {
            for (walks, order) in [(false, 1.0 - prior.order.curated), (true, prior.order.curated)] {
                let alone = prior.curated.ours_alone;
                for (ours, share) in [(1.0, alone), (0.0, 1.0 - alone)] {
                    // In the order of addresses, we see one run of a long list, at the sender's own pace.
                    let mut terms = self.terms(3, walks);
                    terms[term::RATE] = self.rate(0.0, &prior.rate.curated);
                    terms[term::CLOCK] = self.clock(if walks { 1.0 } else { ours });
                    terms[term::COVERAGE] = of::any_length(facts.hits, facts.addresses);
                    terms[term::SPREAD] = self.where_live();
                    terms[term::BOUNDARY] = nest;
                    let weight = order.ln() + share.ln() + share_of_nest;
                    all.push(Hypothesis { kind: 3, weight, terms, range: None });
                }
            }
        }
    }

    /// ln P(division of chosen hosts among segments): they are where live hosts are, as far as these are known.
    fn where_live(&self) -> f64 {
        let facts = self.facts;
        let parts = facts.segments.iter().map(|segment| {
            let known = self.others((segment.first, segment.last));
            (segment.hosts, known + 2.0 * segment.size() / facts.addresses)
        });
        let (all, whole) = parts.clone().fold((0.0, 0.0), |sum, part| (sum.0 + part.0, sum.1 + part.1));
        let rising = |count: f64, weight: f64| ln_gamma(count + weight) - ln_gamma(weight);
        let ways = ln_gamma(all + 1.0) - parts.clone().map(|(count, _)| ln_gamma(count + 1.0)).sum::<f64>();
        ways + parts.map(|(count, weight)| rising(count, weight)).sum::<f64>() - rising(all, whole)
    }

    /// Known live hosts of a range, beside those hit.
    fn others(&self, range: (u64, u64)) -> f64 {
        let others = self.facts.live.iter().flat_map(|live| &live.others);
        others.filter(|host| range.0 <= **host && **host <= range.1).count() as f64
    }

    /// Where in their segment live hosts are: anywhere, or together where the hits are. ln P of the positions, against even
    /// ones, and the ln of the share of each.
    fn nests(&self) -> Vec<(f64, f64)> {
        let mut nests = vec![(0.0, 0.5_f64.ln())];
        let mut touched = self.facts.touched();
        if let (Some(segment), None, false) = (touched.next(), touched.next(), self.facts.assumed) {
            let (first, last) = narrowest(self.facts);
            let size = within(segment, (first, last));
            let share = size / segment.size();
            let there = self.others((first, last));
            let elsewhere = self.others((segment.first, segment.last)) - there;
            let hits = segment.sampled;
            let all_there =
                of::within_share(hits, 2.0 * share + there, 2.0 * (1.0 - share).max(1e-9) + elsewhere);
            nests.push((of::confined(hits, size, segment.size()) + all_there, 0.5_f64.ln()));
        } else {
            nests[0].1 = 0.0;
        }
        nests
    }
}

/// ln P(division among segments) when one is finished before the next begins, in any order of `blocks` segments.
fn filled(touched: &[&Segment], blocks: f64) -> f64 {
    let full = touched.iter().filter(|s| s.hosts >= 0.9 * s.size()).count();
    let hit = touched.len();
    if full + 1 < hit {
        // More than one was left halfway.
        return CONTRADICTED;
    }
    let which = -ln_choose(blocks, hit as f64);
    if full < hit { which - (hit as f64).ln() } else { which }
}
