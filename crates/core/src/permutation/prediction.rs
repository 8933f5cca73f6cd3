//! Which own targets come next: by walking on from the last hits, or, where own targets are few among many, by their
//! logarithms. Work is bounded; what lies beyond the bound is not named.

use super::hypotheses::Hypothesis;
use super::logarithms::Logarithms;

/// Hits that are named.
pub const NAMED: usize = 16;
/// Steps of a walk at most, a tenth of a second.
const STEPS: u64 = 1 << 24;

/// One sender: a logarithm that it has reached, and what remains of its part of the walk, in steps.
#[derive(Clone, Copy, Debug)]
pub struct Front {
    /// The logarithm of the last element.
    pub log: u64,
    /// Its place within the part.
    pub within: u64,
    /// Steps to the end of the part.
    pub left: u64,
}

/// The next elements that lie in these runs of indexes, soonest first.
pub fn next(
    hypothesis: &Hypothesis,
    logarithms: &Logarithms,
    (generator, inverse): (u64, u64),
    fronts: &[Front],
    runs: &[(u64, u64)],
) -> Vec<(u32, u16)> {
    let (order, field) = (hypothesis.group.exponents(), hypothesis.group.field());
    let ports = hypothesis.ports.len() as u64;
    let own: u64 = runs.iter().map(|(first, last)| last - first + 1).sum::<u64>() * ports;
    if own == 0 || fronts.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<(u64, u64)> = Vec::new();
    let walk = (NAMED as u64 * 2).saturating_mul(order.get() / own + 1).saturating_mul(fronts.len() as u64);
    if own.saturating_mul(logarithms.cost()) < walk.min(STEPS) {
        for index in runs.iter().flat_map(|(first, last)| *first..=*last) {
            for place in 0..ports {
                let log = logarithms.of((index << hypothesis.bits) + place + 1);
                for front in fronts {
                    let ahead = order.multiply(inverse, order.subtract(log, front.log));
                    if ahead > 0 && ahead <= front.left {
                        found.push((front.within + ahead, (index << hypothesis.bits) + place));
                    }
                }
            }
        }
    } else {
        let mask = (1u64 << hypothesis.bits) - 1;
        for front in fronts {
            let mut element = field.power(hypothesis.group.root, front.log);
            let mut named = 0;
            for step in 1..=front.left.min(STEPS / fronts.len() as u64) {
                element = field.multiply(element, generator);
                let (index, place) = ((element - 1) >> hypothesis.bits, (element - 1) & mask);
                let after = runs.partition_point(|(first, _)| *first <= index);
                if place < ports && after > 0 && index <= runs[after - 1].1 {
                    found.push((front.within + step, element - 1));
                    named += 1;
                    if named == NAMED {
                        break;
                    }
                }
            }
        }
    }
    found.sort_unstable();
    let mask = (1u64 << hypothesis.bits) - 1;
    found
        .into_iter()
        .take(NAMED)
        .filter_map(|(_, index)| {
            let port = hypothesis.ports.get((index & mask) as usize).copied().flatten()?;
            Some((hypothesis.list.address(index >> hypothesis.bits)?, port))
        })
        .collect()
}
