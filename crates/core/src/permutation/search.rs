//! Finding the multiplier under which positions rise.
//!
//! Hits `x = g^k` have logarithms `k * log g`; the multiplier `1 / log g` gives the positions `k` back. S threads (or
//! shards) start at equal offsets, `order / S`; multiplied by S those fall together, so that the multiplier `S / log g` gives
//! S times the place within a thread, whoever sent. It is searched for as one number, and resolved later (`walk`).
//!
//! Small groups are tried in full. In large ones [`super::lattice`] finds the multiplier from few hits: such that lie far
//! apart, whose positions are in proportion to time, or such that follow each other, whose positions differ little.

use super::arithmetic::Modulus;
use super::lattice;
use super::proof::{Fit, fit};

/// Orders up to this are tried in full.
const FULL: u64 = 1 << 16;
/// Hits by which candidates are told apart at first.
const SAMPLE: usize = 24;
/// Candidates that are then held against all hits.
const BEST: usize = 12;
/// A vector found in one thread is a fraction of the one that all threads share.
const TOGETHER: [u64; 17] = [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64];
/// Times that a multiplier is divided at most: more than halvings of the largest order.
const SHORTER: usize = 64;
/// By how much the direction of time is weighed down.
const WEIGHTS: [f64; 3] = [1.0 / 16.0, 1.0 / 256.0, 1.0 / 8192.0];

/// Logarithms of hits and their times in seconds, in the order of time.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    /// Modulo the order.
    pub logs: &'a [u64],
    /// From the first.
    pub times: &'a [f64],
}

/// How far positions go forwards round the group from hit to hit, in all; out of order costs a round.
pub fn way(order: Modulus, multiplier: u64, logs: impl Iterator<Item = u64>, limit: u64) -> u64 {
    let mut before = None;
    let mut sum = 0u64;
    for log in logs {
        if let Some(before) = before {
            sum += order.multiply(multiplier, order.subtract(log, before));
            if sum > limit {
                break;
            }
        }
        before = Some(log);
    }
    sum
}

/// `count` of `0..n`, evenly.
fn evenly(n: usize, count: usize) -> impl Iterator<Item = usize> + Clone {
    let count = count.min(n);
    (0..count).map(move |i| if count < 2 { 0 } else { i * (n - 1) / (count - 1) })
}

/// Hits one after the other, at four places of the dense beginning.
fn windows(n: usize) -> Vec<Vec<usize>> {
    let dense = n.min(256);
    if dense < 32 {
        return Vec::new();
    }
    (0..4).map(|part| part * (dense - 13) / 3).map(|start| (start..start + 13).collect()).collect()
}

/// The best multiplier and how it fits all hits of the sample.
pub fn search(order: Modulus, sample: Sample<'_>) -> Option<(u64, Fit)> {
    let candidates = if order.get() <= FULL { all(order) } else { from_lattices(order, sample) };
    // Samples over everything, over the dense beginning, and some of hits that follow each other.
    let n = sample.logs.len();
    let dense = n.min(256);
    let mut places: Vec<Vec<usize>> = vec![evenly(n, SAMPLE).collect(), evenly(dense, SAMPLE).collect()];
    places.extend(windows(n));
    let mut scored: Vec<(u64, u64)> = Vec::new();
    let limit = order.get().saturating_mul(3);
    for candidate in candidates {
        let best = places
            .iter()
            .map(|places| way(order, candidate, places.iter().map(|i| sample.logs[*i]), limit))
            .min()
            .unwrap_or(u64::MAX);
        if best <= limit {
            scored.push((best, candidate));
        }
    }
    scored.sort_unstable();
    let mut found: Option<(u64, Fit)> = None;
    for &(_, candidate) in scored.iter().take(BEST) {
        let fit = fit(order, candidate, sample.logs, sample.times);
        if found.as_ref().is_none_or(|(_, best)| fit.bits > best.bits) {
            found = Some((candidate, fit));
        }
    }
    let (multiplier, fitted) = found?;
    Some(primitive(order, sample, multiplier, fitted))
}

/// A multiple of the right multiplier also makes positions rise, as long as the walk is short. The smallest is meant.
fn primitive(order: Modulus, sample: Sample<'_>, mut multiplier: u64, mut fitted: Fit) -> (u64, Fit) {
    let chain = |fit: &Fit| fit.chain.iter().map(|i| sample.logs[*i]).collect::<Vec<u64>>();
    'again: for _ in 0..SHORTER {
        let logs = chain(&fitted);
        let length = way(order, multiplier, logs.iter().copied(), u64::MAX);
        // A way of nothing cannot be shortened.
        if length == 0 {
            break;
        }
        for divisor in [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31] {
            for smaller in order.divide(multiplier, divisor) {
                if smaller == 0 || way(order, smaller, logs.iter().copied(), length) > length / divisor {
                    continue;
                }
                let better = fit(order, smaller, sample.logs, sample.times);
                if better.bits >= fitted.bits - 3.0 {
                    (multiplier, fitted) = (smaller, better);
                    continue 'again;
                }
            }
        }
        break;
    }
    (multiplier, fitted)
}

fn all(order: Modulus) -> Vec<u64> {
    (1..order.get()).collect()
}

fn from_lattices(order: Modulus, sample: Sample<'_>) -> Vec<u64> {
    let n = sample.logs.len();
    let mut found = Vec::new();
    let mut reduce = |places: &[usize], weight: f64| {
        let Some((&zero, others)) = places.split_first() else { return };
        let logs: Vec<u64> =
            others.iter().map(|i| order.subtract(sample.logs[*i], sample.logs[zero])).collect();
        let times: Vec<f64> = others.iter().map(|i| sample.times[*i] - sample.times[zero]).collect();
        found.extend(lattice::multipliers(order.get(), &logs, &times, weight));
    };
    // Far apart: over everything, over the dense beginning, and by time.
    let dense = n.min(256);
    let mut spreads: Vec<Vec<usize>> = vec![evenly(n, 13).collect(), evenly(dense, 13).collect()];
    spreads.push(evenly(n, 9).collect());
    let last = sample.times[n - 1];
    let mut by_time: Vec<usize> = (0..13)
        .map(|i| sample.times.partition_point(|t| *t < last * f64::from(i) / 12.0).min(n - 1))
        .collect();
    by_time.dedup();
    if by_time.len() >= 8 {
        spreads.push(by_time);
    }
    if n >= 40 {
        spreads.push(evenly(dense - 2, 13).map(|i| i + 1).collect());
    }
    spreads.sort();
    spreads.dedup();
    for places in &spreads {
        for weight in WEIGHTS {
            reduce(places, weight);
        }
    }
    for window in windows(n) {
        reduce(&window, 1.0);
        reduce(&window, 1.0 / 16.0);
    }
    let mut together: Vec<u64> = found
        .iter()
        .flat_map(|u| TOGETHER.iter().map(|times| order.multiply(*u, *times % order.get())))
        .filter(|u| *u != 0)
        .collect();
    together.sort_unstable();
    together.dedup();
    together
}
