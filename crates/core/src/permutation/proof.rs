//! What it is worth that hits fit a walk, in bits: never more than minus log2 of the probability by chance.
//!
//! Three tests, of which the best counts at the price of log2(3) bits. *Order*: the positions of all but the first hit, counted
//! from it, have a rising subsequence of length L; of n exchangeable hits the probability is at most `C(n, L) / L!`,
//! whatever the pace of the scan. *Pace*: so many hits lie within a band around a straight line of position over
//! time; every line and every width tried is counted. *Steps*: so many hits follow their forerunner at a short distance, as
//! in bursts of several threads. Which multipliers, lists and orders of ports were tried is for the
//! caller to subtract.

use super::arithmetic::Modulus;

/// Bits beyond any doubt.
const CLEAR: f64 = 100.0;

/// How positions fit.
#[derive(Clone, Debug, Default)]
pub struct Fit {
    /// Bits beyond chance, for this one multiplier.
    pub bits: f64,
    /// Hits that are where the best test wants them, of all.
    pub placed: usize,
    /// Where the rising hits are.
    pub chain: Vec<usize>,
}

/// Positions under a multiplier, counted from one hit.
pub fn positions(order: Modulus, multiplier: u64, logs: &[u64], anchor: usize) -> Vec<u64> {
    let zero = logs[anchor];
    logs.iter().map(|log| order.multiply(multiplier, order.subtract(*log, zero))).collect()
}

/// The longest strictly rising subsequence, as places.
pub fn rising(positions: &[u64]) -> Vec<usize> {
    let mut tails: Vec<usize> = Vec::new();
    let mut before = vec![usize::MAX; positions.len()];
    for (place, position) in positions.iter().enumerate() {
        let length = tails.partition_point(|tail| positions[*tail] < *position);
        if length > 0 {
            before[place] = tails[length - 1];
        }
        if length == tails.len() {
            tails.push(place);
        } else {
            tails[length] = place;
        }
    }
    let mut chain = Vec::with_capacity(tails.len());
    let mut place = tails.last().copied().unwrap_or(usize::MAX);
    while place != usize::MAX {
        chain.push(place);
        place = before[place];
    }
    chain.reverse();
    chain
}

/// The better of both tests, over the first hits as anchors.
pub fn fit(order: Modulus, multiplier: u64, logs: &[u64], times: &[f64]) -> Fit {
    let anchors = logs.len().min(3);
    let mut best = Fit { bits: f64::NEG_INFINITY, ..Fit::default() };
    let by_steps = step_bits(order, multiplier, logs);
    for anchor in 0..anchors {
        let positions = positions(order, multiplier, logs, anchor);
        let others: Vec<u64> = positions[anchor + 1..].to_vec();
        let mut chain = rising(&others);
        let by_order = (order_bits(others.len(), chain.len()), chain.len());
        let by_pace = pace_bits(order.get(), multiplier, &positions, times, anchor);
        let tests = [by_order, by_pace, by_steps];
        let bits = tests.iter().fold(0.0f64, |best, test| best.max(test.0));
        // Each that is beyond doubt may say how many it places.
        let clear = tests.iter().filter(|test| test.0 >= bits.min(CLEAR));
        let placed = clear.map(|test| test.1).max().unwrap_or(0);
        let bits = bits - 3f64.log2() - (anchors as f64).log2();
        if bits > best.bits {
            chain.iter_mut().for_each(|place| *place += anchor + 1);
            chain.insert(0, anchor);
            best = Fit { bits, placed: placed + 1, chain };
        }
    }
    best
}

/// `-log2(C(n, L) / L!)`.
fn order_bits(n: usize, length: usize) -> f64 {
    let factorial = |n: usize| (2..=n).map(|i| (i as f64).log2()).sum::<f64>();
    2.0 * factorial(length) - factorial(n) + factorial(n - length)
}

/// Bits of the pace, and the hits within the best band.
fn pace_bits(order: u64, multiplier: u64, positions: &[u64], times: &[f64], anchor: usize) -> (f64, usize) {
    let n = positions.len() - 1;
    // Positions are multiples of what the multiplier shares with the order. Hits are drawn without being put back, which
    // is as good as with while they are few.
    let grain = super::arithmetic::common(multiplier, order) as f64 / order as f64;
    if (n as f64) > order as f64 / 4.0 {
        return (0.0, 0);
    }
    let scale = 1.0 / order as f64;
    let zero = times[anchor];
    let span = times.iter().fold(0.0f64, |span, t| span.max((t - zero).abs()));
    if span <= 0.0 {
        return (0.0, 0);
    }
    let mut slopes: Vec<f64> = (0..positions.len())
        .filter(|i| times[*i] - zero > span / 8.0)
        .map(|i| positions[i] as f64 * scale / (times[i] - zero))
        .filter(|slope| slope * span <= 1.05)
        .collect();
    slopes.sort_unstable_by(f64::total_cmp);
    let tried: Vec<f64> =
        (0..9).filter_map(|i| slopes.get((slopes.len().max(1) - 1) * (i + 1) / 10).copied()).collect();
    let mut best = (0.0, 0);
    for slope in tried {
        let mut away: Vec<f64> = positions
            .iter()
            .zip(times)
            .enumerate()
            .filter(|(i, _)| *i != anchor)
            .map(|(_, (position, time))| {
                let off = *position as f64 * scale - slope * (time - zero);
                (off - off.round()).abs()
            })
            .collect();
        away.sort_unstable_by(f64::total_cmp);
        for level in 3..=20 {
            let width = 0.5f64.powi(level);
            if width < 4.0 * grain {
                break;
            }
            let within = away.partition_point(|off| *off <= width);
            // The nearest of `1 / width` lines is half a width off at the end; twice because a hit took a place.
            let chance = (3.0 * width + 2.0 * grain) * 4.0 / 3.0;
            let bits = tail_bits(n, within, chance) - (1.1 / width).log2() - 18f64.log2();
            if bits > best.0 {
                best = (bits, within);
            }
        }
    }
    best
}

/// Bits of short steps from hit to hit, and how many they are. Steps of independent positions are independent.
fn step_bits(order: Modulus, multiplier: u64, logs: &[u64]) -> (f64, usize) {
    let n = logs.len().saturating_sub(1);
    let grain = super::arithmetic::common(multiplier, order.get()) as f64 / order.get() as f64;
    if n == 0 || n as f64 > order.get() as f64 / 4.0 {
        return (0.0, 0);
    }
    let mut steps: Vec<u64> =
        logs.windows(2).map(|pair| order.multiply(multiplier, order.subtract(pair[1], pair[0]))).collect();
    steps.sort_unstable();
    let mut best = (0.0, 0);
    for level in 1..=20 {
        let width = 0.5f64.powi(level);
        let count = steps.partition_point(|step| *step as f64 <= width * order.get() as f64);
        let bits = tail_bits(n, count, (width + grain) * 4.0 / 3.0) - 20f64.log2();
        if bits > best.0 {
            best = (bits, count);
        }
    }
    best
}

/// Chernoff's bound on `count` of `n` at this chance each, in bits.
fn tail_bits(n: usize, count: usize, chance: f64) -> f64 {
    let share = count as f64 / n as f64;
    if share <= chance || chance >= 1.0 {
        return 0.0;
    }
    let rest = if count == n { 0.0 } else { (1.0 - share) * ((1.0 - share) / (1.0 - chance)).log2() };
    n as f64 * (share * (share / chance).log2() + rest)
}
