//! Addresses chosen beforehand. They are where live hosts are.

use super::super::facts::Segment;
use super::super::likelihood as of;
use super::super::math::{ln_choose, ln_gamma, ln_sum};
use super::block::{narrowest, room};
use super::live::within;
use super::{Common, Hypothesis, span, term};

impl Common<'_> {
    /// Adds lists of our hosts alone and of many others, in any order and in that of addresses.
    pub(super) fn curated(&self, all: &mut Vec<Hypothesis>) {
        let (facts, prior) = (self.facts, self.prior);
        let lists = self
            .nests()
            .into_iter()
            .map(|(nest, share)| (nest, share + (1.0 - prior.order.curated).ln(), false));
        let in_order = (self.runs(true), prior.order.curated.ln(), true);
        for (positions, share, walks) in lists.chain([in_order]) {
            let alone = prior.curated.ours_alone;
            for (ours, of_it) in [(1.0, alone), (0.0, 1.0 - alone)] {
                // In the order of addresses, we see one run of a long list, at the sender's own pace.
                let mut terms = self.terms(3, walks);
                terms[term::RATE] = self.rate(0.0, &prior.rate.curated);
                terms[term::CLOCK] = self.clock(if walks { 1.0 } else { ours });
                terms[term::COVERAGE] = of::any_length(facts.hits, facts.addresses);
                terms[term::SPREAD] = if walks {
                    ln_sum([self.where_live(), self.cut_off()]) - 2_f64.ln()
                } else {
                    self.where_live()
                };
                terms[term::BOUNDARY] = positions;
                all.push(Hypothesis { kind: 3, weight: share + of_it.ln(), terms, range: None });
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
        let known =
            ways + parts.map(|(count, weight)| rising(count, weight)).sum::<f64>() - rising(all, whole);
        ln_sum([known, self.division(Segment::size)]) - 2_f64.ln()
    }

    /// The same of a list in order that was cut: any division among the segments that it reached.
    fn cut_off(&self) -> f64 {
        let touched = self.facts.touched().count() as f64;
        let which = ln_choose(self.facts.segments.len() as f64, touched);
        -which - ln_choose(self.facts.hits - 1.0, touched - 1.0)
    }

    /// Known live hosts of a range, beside those hit.
    fn others(&self, range: (u64, u64)) -> f64 {
        let others = self.facts.live.iter().flat_map(|live| &live.others);
        others.filter(|host| range.0 <= **host && **host <= range.1).count() as f64
    }

    /// Where in their segment live hosts are: anywhere, or together where the hits are. ln P of the positions, against even
    /// ones, and the ln of the share of each.
    fn nests(&self) -> Vec<(f64, f64)> {
        let facts = self.facts;
        let mut touched = facts.touched();
        let (Some(segment), None, false) = (touched.next(), touched.next(), facts.assumed) else {
            return vec![(0.0, 0.0)];
        };
        let (low, high) = span(&facts.hosts);
        let slack = (((high - low + 1) as f64 / segment.sampled).max(1.0) / segment.size()).min(1.0);
        let nests = [
            ((segment.first, segment.last), 0.4),
            (narrowest(facts), 0.2),
            ((segment.first, room(segment, low, high).1), 0.3 * slack),
            (room(segment, low, high), 0.1 * slack * slack),
        ];
        nests
            .into_iter()
            .map(|(range, share)| {
                let size = within(segment, range).max(segment.hosts);
                let part = size / segment.size();
                let there = self.others(range);
                let elsewhere = self.others((segment.first, segment.last)) - there;
                let (there, elsewhere) = (2.0 * part + there, 2.0 * (1.0 - part) + elsewhere + 1e-9);
                let all_there = of::within_share(segment.sampled, there, elsewhere);
                (of::confined(segment.sampled, size, segment.size()) + all_there, f64::ln(share))
            })
            .collect()
    }
}
