//! The search over time: sources of one key stand in the order of their first contacts, and some stretch of that order may
//! be one scan, with strangers of the same key before, after and a few among it.
//!
//! From starts on a grid (a quarter of each length apart, lengths doubling) the evidence is summed rightwards to twice the
//! length and its highest point kept; the best stretch is then grown leftwards from its end. Having looked at many stretches
//! costs the base-two logarithm of their number: that price is paid before anything counts.

use super::cover::Cover;
use super::rising::Rising;
use super::unit::Placed;

/// Bits against shared work at which a sum is given up: what comes later stands better by itself, from a later start.
const LOST: f64 = -40.0;

/// A stretch of units that share their work.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stretch {
    /// First unit.
    pub from: usize,
    /// One after the last.
    pub to: usize,
    /// Evidence of shared work (coverage and order), less the price of the search.
    pub bits: f64,
}

/// Evidence of shared work: coverage, and order where it speaks for it. What speaks against coverage counts.
fn shared(cover: &Cover, rising: &Rising) -> f64 {
    cover.bits() + rising.bits().max(0.0)
}

/// Sums from `from` to `limit` in the given direction; the place after the best one, and its bits.
fn run(placed: &Placed, cover: &mut Cover, order: impl Iterator<Item = usize>, least: usize) -> (usize, f64) {
    cover.clear();
    let mut rising = Rising::default();
    let mut best = (0, f64::NEG_INFINITY);
    for (count, place) in order.enumerate() {
        let unit = placed.unit(place);
        cover.add(unit.all, &placed.region.reach, unit.patterned);
        if let Some(first) = unit.first {
            rising.add(first);
        }
        if count + 1 >= least {
            let bits = shared(cover, &rising);
            if bits > best.1 {
                best = (count + 1, bits);
            } else if bits < LOST {
                break;
            }
        }
    }
    best
}

/// The best stretch of units from `from` to `to` with at least `least` units.
pub(super) fn best(
    placed: &Placed,
    cover: &mut Cover,
    from: usize,
    to: usize,
    least: usize,
) -> Option<Stretch> {
    let count = to - from;
    if count < least {
        return None;
    }
    let (whole, bits) = run(placed, cover, from..to, least);
    let mut best = Stretch { from, to: from + whole, bits: bits - 1.0 };
    let mut length = least.max(4);
    while length < count * 2 {
        let step = (length / 4).max(1);
        // Half of the prior goes to the whole; the rest evenly to lengths, then to starts and ends.
        let lengths = (count * 2 / least.max(4)).max(2).ilog2() + 1;
        let price = 1.0 + f64::from(lengths).log2() + ((count / step + 1) as f64).log2() + 3.0;
        for start in (from..to).step_by(step) {
            let end = (start + 2 * length).min(to);
            if end - start < least {
                break;
            }
            let (taken, bits) = run(placed, cover, start..end, least);
            if bits - price > best.bits {
                best = Stretch { from: start, to: start + taken, bits: bits - price };
            }
        }
        length *= 2;
    }
    let price = run(placed, cover, best.from..best.to, least).1 - best.bits;
    let (taken, bits) = run(placed, cover, (from..best.to).rev(), least);
    if taken > 0 && bits - price > best.bits {
        best = Stretch { from: best.to - taken, to: best.to, bits: bits - price };
    }
    Some(best)
}
