//! One block: an own one, a part of it, or a wider one around it.

use super::super::facts::{Facts, Segment, covering};
use super::super::likelihood as of;
use super::live::{local, within};
use super::organisation::filled;
use super::{Common, Hypothesis, Walk, span, term};

/// The widest block that is still one.
const WIDEST: u32 = 8;
/// The narrowest.
const NARROWEST: u32 = 30;

/// A block that the scan may have taken.
struct Extent {
    weight: f64,
    first: u64,
    last: u64,
}

impl Common<'_> {
    pub(super) fn block(&self, all: &mut Vec<Hypothesis>) {
        let (facts, prior) = (self.facts, self.prior);
        let touched: Vec<&Segment> = facts.touched().collect();
        for extent in self.extents() {
            let range = (extent.first, extent.last);
            let width = (extent.last - extent.first + 1) as f64;
            let ours = |segment: &Segment| within(segment, range);
            let own: f64 = facts.segments.iter().map(ours).sum();
            if touched.iter().any(|segment| segment.hosts > ours(segment)) {
                continue;
            }
            let informed = local(facts, self.prior, range, false, (self.informed, self.chosen));
            let confined: f64 = touched.iter().map(|s| of::confined(s.sampled, ours(s), s.size())).sum();
            // Scans of wider blocks that are too slow to show themselves are not among those seen.
            let seen = self.seen(facts.hits, (width / own).ln(), &prior.rate.local)
                - of::ever_seen(own, 0.0, &prior.rate.local, prior.coverage.block, prior.clock.longest);
            let extent = Extent { weight: extent.weight + seen, ..extent };
            let mut terms = self.terms(1, false);
            terms[term::INFORMED] = informed;
            terms[term::RATE] = self.rate((width / own).ln(), &prior.rate.local);
            terms[term::CLOCK] = self.clock(own / width);
            let complete = prior.coverage.block * (1.0 - prior.coverage.block_repeats);
            terms[term::COVERAGE] = of::coverage(facts.hits, own, complete);
            terms[term::SPREAD] = self.division(ours);
            terms[term::BOUNDARY] = confined;
            let weight = extent.weight + (1.0 - prior.order.block).ln();
            all.push(Hypothesis { kind: 1, weight, terms, range: Some(range) });
            let mut terms = self.terms(1, true);
            self.passing(&mut terms, &prior.rate.local);
            let size = touched.iter().map(|segment| ours(segment)).sum();
            let segments = facts.segments.iter().filter(|segment| ours(segment) > 0.0).count();
            terms[term::SPREAD] = filled(&touched, segments as f64);
            let weight = extent.weight + prior.order.block.ln();
            let one = Hypothesis { kind: 1, weight, terms, range: Some(range) };
            // A walk of a wider block ends, or is met, within ours only as often as ours is a part of it.
            let part = (own / width).min(1.0);
            let complete = 1.0 - (1.0 - prior.coverage.block) * part;
            let from_edge = 1.0 - (1.0 - prior.order.from_edge) * part;
            self.walk(one, Walk { range, size, complete, from_edge }, all);
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
            let (first, last) = room(segment, low, high);
            extents.push(Extent { weight, first, last });
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
}

/// From the lowest to the highest hit of the sample, and as much around it as all hits need.
pub fn room(segment: &Segment, low: u64, high: u64) -> (u64, u64) {
    let missing = (segment.hosts as u64).saturating_sub(high - low + 1);
    let first = low.saturating_sub(missing.div_ceil(2)).max(segment.first);
    let last = (first + (high - low) + missing).min(segment.last);
    (last.saturating_sub(high - low + missing).max(segment.first), last)
}

/// The smallest prefix that a scan would take and that holds all hits.
pub fn narrowest(facts: &Facts) -> (u64, u64) {
    let (low, high) = span(&facts.hosts);
    let (first, last) = covering(low, high);
    let least = (1_u64 << (32 - NARROWEST)) - 1;
    (first & !least, last | least)
}
