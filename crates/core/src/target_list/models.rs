//! What each kind of list may be, hypothesis by hypothesis.
//!
//! A kind is a mixture: which block, in order or at random, watched from its start or not, ours alone or more. Given one
//! such hypothesis the observations are independent, so its likelihood is the product of its terms; a kind's likelihood is
//! the weighted sum over its hypotheses, and nothing is counted twice.
//!
//! Positions are compared with even ones: of a scan at random over all own addresses, `spread` is the probability of the
//! hits' division among segments, and `boundary` is 0.

mod block;
mod curated;
mod live;
mod organisation;

use super::facts::{Facts, Segment};
use super::likelihood as of;
use super::math::ln_choose;
use super::prior::{KINDS, Plateau, Prior};
use crate::record::Permutation;
use live::{informed, local};
use organisation::filled;

/// Names of the terms, in the order in which they are counted.
pub const TERMS: [&str; 9] =
    ["permutation", "rate bound", "clock", "order", "coverage", "spread", "boundary", "informed", "services"];
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
    /// ln likelihood of what is live, by chance over the touched segments.
    informed: f64,
    /// The same among the addresses that a walk passed.
    along: f64,
    /// The same by choice.
    chosen: f64,
    services: (f64, f64),
    permutation: [f64; KINDS.len()],
}

/// A walk in order.
struct Walk {
    /// The addresses that it walks.
    range: (u64, u64),
    /// How many of ours there are among them.
    size: f64,
    /// Share of such walks that reach our end.
    complete: f64,
    /// Share that begins at our edge.
    from_edge: f64,
}

/// All hypotheses of all kinds.
pub fn hypotheses(facts: &Facts, permutation: Option<&Permutation>, prior: &Prior) -> Vec<Hypothesis> {
    let (up, pairs) = facts.ascents();
    let everywhere = informed(facts, prior, (0, u64::MAX), false);
    let common = Common {
        facts,
        prior,
        shuffled: of::shuffled(up, pairs),
        walked: of::walked(up, pairs),
        informed: local(facts, prior, (0, u64::MAX), true, everywhere),
        along: local(facts, prior, span(&facts.hosts), true, everywhere),
        chosen: everywhere.1,
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

/// Lowest and highest.
pub fn span(hosts: &[u64]) -> (u64, u64) {
    (hosts.iter().copied().min().unwrap_or(0), hosts.iter().copied().max().unwrap_or(0))
}

impl Common<'_> {
    fn terms(&self, kind: usize, walks: bool) -> [f64; TERMS.len()] {
        let mut terms = [0.0; TERMS.len()];
        terms[term::PERMUTATION] = self.permutation[kind];
        terms[term::ORDER] = if walks { self.walked } else { self.shuffled };
        terms[term::INFORMED] = if kind == 3 { self.chosen } else { self.informed };
        terms[term::SERVICES] = if kind == 3 { self.services.1 } else { self.services.0 };
        terms
    }

    fn rate(&self, dilution: f64, prior: &Plateau) -> f64 {
        of::rate(self.facts.hits, self.facts.seconds, dilution, prior, self.prior.clock.longest)
    }

    /// ln of the share of scans that are fast enough to show these hits while anybody watches.
    fn seen(&self, hits: f64, dilution: f64, prior: &Plateau) -> f64 {
        of::fast_enough(hits, dilution, prior, self.prior.clock.longest)
    }

    fn clock(&self, ours: f64) -> f64 {
        let later = self.facts.later.map_or(0.0, |(one_by_one, _)| of::steady(one_by_one));
        of::clock(&self.facts.gaps, ours, &self.prior.clock) + later
    }

    /// Rate and clock of a walk through all that lies between the lowest and the highest hit.
    fn passing(&self, terms: &mut [f64; TERMS.len()], rate: &Plateau) {
        let (low, high) = span(&self.facts.hosts);
        terms[term::RATE] = self.rate(((high - low + 1) as f64 / self.facts.hits).ln().max(0.0), rate);
        let later = self.facts.later.map_or(0.0, |(_, passing)| of::steady(passing));
        terms[term::CLOCK] = of::clock(&self.facts.paces, 1.0, &self.prior.clock) + later;
    }

    /// ln P(division of the hits among segments), at random over what `share` leaves of each segment.
    fn division(&self, share: impl Fn(&Segment) -> f64) -> f64 {
        let segments = &self.facts.segments;
        let all: f64 = segments.iter().map(&share).sum();
        let ways: f64 = segments.iter().map(|s| ln_choose(share(s), s.hosts)).sum();
        ways - ln_choose(all, self.facts.hits)
    }

    /// Adds a walk through ranges of together `size` addresses: from an edge of `range`, or under way when the watch began.
    fn walk(&self, one: Hypothesis, walk: Walk, all: &mut Vec<Hypothesis>) {
        let Walk { range, size, complete, from_edge } = walk;
        let facts = self.facts;
        let dense = self.runs(false);
        let Some(&start) = facts.hosts.first() else { return };
        let begun = facts.segments.iter().find(|s| s.first <= start && start <= s.last);
        let Some(begun) = begun else { return };
        let edges = (range.0.max(begun.first), range.1.min(begun.last));
        let up = facts.hosts[..facts.consecutive].last().is_none_or(|last| start <= *last);
        let missed = if up { start.saturating_sub(edges.0) } else { edges.1.saturating_sub(start) };
        // A lost packet or two at the very edge.
        let edge: f64 = match missed {
            0 => 0.9,
            1 => 0.08,
            2..=4 => 0.005,
            _ => 0.0,
        };
        let mut one = one;
        one.terms[term::INFORMED] = self.along;
        let mut begins = one.clone();
        begins.weight += from_edge.ln();
        begins.terms[term::COVERAGE] = of::coverage(facts.hits, size, complete);
        begins.terms[term::BOUNDARY] = dense + edge.ln();
        let mut under_way = one;
        under_way.weight += (1.0 - from_edge).ln();
        under_way.terms[term::COVERAGE] = of::remainder(facts.hits, size, complete);
        under_way.terms[term::BOUNDARY] = dense - ((edges.1 - edges.0 + 1) as f64).ln();
        all.extend([begins, under_way]);
    }

    /// ln P of the positions of neighbouring hits in order, against even ones: with holes of any size, or nearly none.
    fn runs(&self, holes: bool) -> f64 {
        let window = &self.facts.hosts[..self.facts.consecutive];
        let runs = self.facts.touched().map(|segment| {
            let there: Vec<u64> =
                window.iter().copied().filter(|h| segment.first <= *h && *h <= segment.last).collect();
            let (low, high) = span(&there);
            let width = (high - low + 1) as f64;
            if there.is_empty() { 0.0 } else { of::run(there.len() as f64, width, segment.size(), holes) }
        });
        runs.sum()
    }

    fn internet(&self, all: &mut Vec<Hypothesis>) {
        let (facts, prior) = (self.facts, self.prior);
        let mut terms = self.terms(0, false);
        terms[term::RATE] = self.rate((of::INTERNET / facts.addresses).ln(), &prior.rate.internet);
        terms[term::CLOCK] = self.clock(0.0);
        let complete = prior.coverage.internet_wide * (1.0 - prior.coverage.internet_repeats);
        terms[term::COVERAGE] = of::coverage(facts.hits, facts.addresses, complete);
        terms[term::SPREAD] = self.division(Segment::size);
        let dilution = (of::INTERNET / facts.addresses).ln();
        let seen = self.seen(facts.hits, dilution, &prior.rate.internet)
            - of::ever_seen(
                facts.addresses,
                dilution,
                &prior.rate.internet,
                prior.coverage.internet_wide,
                prior.clock.longest,
            );
        let weight = (1.0 - prior.order.internet_wide).ln() + seen;
        all.push(Hypothesis { kind: 0, weight, terms, range: None });
        // A walk through the whole Internet passes us at its full rate, from edge to edge, and others between our segments.
        let touched: Vec<&Segment> = facts.touched().collect();
        let mut terms = self.terms(0, true);
        self.passing(&mut terms, &prior.rate.internet);
        let size = touched.iter().map(|segment| segment.size()).sum();
        terms[term::SPREAD] = filled(&touched, facts.segments.len() as f64);
        let one = Hypothesis { kind: 0, weight: prior.order.internet_wide.ln(), terms, range: None };
        let complete = prior.coverage.internet_wide;
        self.walk(one, Walk { range: (0, u64::MAX), size, complete, from_edge: prior.order.from_edge }, all);
    }
}
