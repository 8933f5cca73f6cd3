//! Several blocks of one holder, and nothing between.

use super::super::facts::Segment;
use super::super::likelihood as of;
use super::super::math::{ln_choose, ln_sum};
use super::{CONTRADICTED, Common, Hypothesis, Walk, term};

/// The share of a longer list of an organisation that is ours.
const SHARE_OF_LONGER: f64 = 0.3;
/// A segment of which this share was hit may have been finished.
const FULL: f64 = 0.9;

impl Common<'_> {
    /// Adds all known blocks, or two or more of them, in every order.
    pub(super) fn organisation(&self, all: &mut Vec<Hypothesis>) {
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
                let complete = prior.coverage.organisation;
                let seen = self.seen(facts.hits, -f64::ln(ours), &prior.rate.local)
                    - of::ever_seen(size, 0.0, &prior.rate.local, complete, prior.clock.longest);
                let weight = weight + share.ln() + seen;
                let mut random = self.terms(2, false);
                random[term::RATE] = self.rate(-f64::ln(ours), &prior.rate.local);
                random[term::CLOCK] = self.clock(ours);
                random[term::COVERAGE] = of::coverage(facts.hits, size, prior.coverage.organisation);
                random[term::SPREAD] = self.division(listed);
                let mut by_block = random;
                by_block[term::RATE] = self.rate(0.0, &prior.rate.local);
                by_block[term::CLOCK] = self.clock(1.0);
                by_block[term::SPREAD] = filled(&touched, blocks);
                let by = prior.organisation.by_block;
                let order = prior.order.organisation;
                for (share, terms) in [((1.0 - order) * (1.0 - by), random), ((1.0 - order) * by, by_block)] {
                    all.push(Hypothesis { kind: 2, weight: weight + share.ln(), terms, range: None });
                }
                let mut terms = by_block;
                terms[term::ORDER] = self.walked;
                let walks = Hypothesis { kind: 2, weight: weight + order.ln(), terms, range: None };
                let before = all.len();
                let from_edge = prior.order.from_edge;
                self.walk(walks, Walk { range: (0, u64::MAX), size, complete, from_edge }, all);
                // The first of them begins with the list, the second wherever it was.
                for (one, begins) in all[before..].iter_mut().zip([true, false]) {
                    one.terms[term::SPREAD] = self.listed_in_order(&touched, whole, begins);
                }
            }
        }
    }

    /// ln P(division among segments) of a walk through a list of blocks, half of which are in the order of addresses.
    fn listed_in_order(&self, touched: &[&Segment], whole: bool, begins: bool) -> f64 {
        let facts = self.facts;
        let list: Vec<&Segment> =
            facts.segments.iter().filter(|segment| whole || segment.hosts > 0.0).collect();
        let (hit, blocks) = (touched.len(), list.len() as f64);
        let first = list.iter().position(|segment| segment.hosts > 0.0).unwrap_or(0);
        let last = list.iter().rposition(|segment| segment.hosts > 0.0).unwrap_or(0);
        let together = last + 1 - first == hit;
        let window = &facts.hosts[..facts.consecutive];
        let up = window.first() <= window.last();
        let at_end = if up { first == 0 } else { last + 1 == list.len() };
        let start =
            window.first().and_then(|start| list.iter().find(|s| s.first <= *start && *start <= s.last));
        let share = |segment: &Segment| segment.size() / list.iter().map(|s| s.size()).sum::<f64>();
        let (sorted, any): (f64, f64) = if begins {
            (f64::from(u8::from(together && at_end)), -ln_choose(blocks, hit as f64))
        } else {
            let share = start.map_or(1.0, |segment| share(segment));
            let others = ln_choose(blocks - 1.0, hit as f64 - 1.0);
            (f64::from(u8::from(together)) * share, share.ln() - others)
        };
        // `filled` counts the choice of blocks itself; here only what it says of halves and losses is wanted.
        filled(touched, hit as f64) + ln_sum([sorted.ln(), any]) - 2_f64.ln()
    }
}

/// ln P(division among segments) when one is finished before the next begins, in any order of `blocks` segments. The first
/// and the last may have been left halfway.
pub fn filled(touched: &[&Segment], blocks: f64) -> f64 {
    let mut fullest = touched.to_vec();
    fullest.sort_by(|a, b| (b.hosts / b.size()).total_cmp(&(a.hosts / a.size())));
    let hit = touched.len();
    let ways = (0..=hit.min(2)).map(|halfway| {
        let (full, rest) = fullest.split_at(hit - halfway);
        if full.last().is_some_and(|segment| segment.hosts < FULL * segment.size()) {
            return f64::NEG_INFINITY;
        }
        // Loss falls evenly on those that were finished.
        let (size, hosts) = full.iter().fold((0.0, 0.0), |sum, s| (sum.0 + s.size(), sum.1 + s.hosts));
        let ways: f64 = full.iter().map(|s| ln_choose(s.size(), s.hosts)).sum();
        let which = if halfway > 0 { (hit as f64).ln() } else { 0.0 };
        let both = if halfway > 1 { rest.iter().map(|s| s.hosts).sum::<f64>().ln() } else { 0.0 };
        ways - ln_choose(size, hosts) - which - both
    });
    ln_sum(ways.chain([CONTRADICTED])) - ln_choose(blocks, hit as f64)
}
