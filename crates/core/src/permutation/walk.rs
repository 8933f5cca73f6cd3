//! From a multiplier to a generator, threads, and where each of them is.
//!
//! The multiplier of S threads is `S / log g`, which leaves as many generators as S and the order share: they visit the
//! same targets in the same rounds, and differ in which thread sends which. Version 3's generators are below 2^22, which
//! decides in large groups. In small ones the threads' own pace does: each keeps its lead or lag, so within the
//! right threads neighbours differ least. What is not decided is not reported.

use super::arithmetic::{Modulus, common};
use super::groups::{Group, SMALL};
use super::search::Sample;

/// Threads times shards that are tried.
const SENDERS: [u64; 18] = [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 32, 48, 64, 128];
/// Nats by which threads that lead and lag must beat one thread, and the right reading any other.
const DECISIVE: f64 = 16.0;

/// One reading of a multiplier.
#[derive(Clone, Debug)]
pub struct Walk {
    /// The generator.
    pub generator: u64,
    /// Its logarithm's inverse: logarithm times this is the position.
    pub inverse: u64,
    /// Equal parts of the walk, threads times shards.
    pub senders: u64,
    /// Of these, how many were seen.
    pub threads: usize,
    /// By how much its threads' leads and lags explain the scatter, in nats; 0 is one thread.
    explained: f64,
}

impl Walk {
    /// The part of the walk that a logarithm lies in, given its place within the part.
    pub fn part(&self, order: Modulus, log: u64, within: f64) -> usize {
        let part = order.get() as f64 / self.senders as f64;
        let which = ((order.multiply(self.inverse, log) as f64 - within) / part).round() as i64;
        which.rem_euclid(self.senders as i64) as usize
    }
}

/// The generator behind a multiplier. `chain` are the places of hits in rising order.
///
/// # Errors
/// Why it is not decided, in words.
pub fn resolve(group: &Group, multiplier: u64, sample: Sample<'_>, chain: &[usize]) -> Result<Walk, String> {
    let order = group.exponents();
    let mut readings: Vec<Walk> = Vec::new();
    for senders in SENDERS {
        if senders >= order.get() / 4 {
            break;
        }
        for inverse in order.divide(multiplier, senders) {
            let Some(logarithm) =
                (common(inverse, order.get()) == 1).then(|| order.invert(inverse)).flatten()
            else {
                continue;
            };
            let generator = group.field().power(group.root, logarithm);
            if senders == 1 || generator < SMALL {
                let mut walk = Walk { generator, inverse, senders, threads: 1, explained: 0.0 };
                measure(&mut walk, order, multiplier, sample, chain);
                readings.push(walk);
            }
        }
    }
    // Above 2^24 a small generator is no chance.
    if group.prime > 1 << 26 && readings.iter().any(|walk| walk.generator < SMALL) {
        readings.retain(|walk| walk.generator < SMALL);
    }
    let mut walk = choose(readings)?;
    if walk.senders == 1 {
        heads(&mut walk, order, sample);
    }
    Ok(walk)
}

/// Threads that send in turns, a burst each, show as several positions that all advance.
fn heads(walk: &mut Walk, order: Modulus, sample: Sample<'_>) {
    let positions = super::proof::positions(order, walk.inverse, sample.logs, 0);
    let mut steps: Vec<u64> = positions.windows(2).map(|pair| order.subtract(pair[1], pair[0])).collect();
    steps.sort_unstable();
    let limit = steps[steps.len() / 2].saturating_mul(32).min(order.get() / 8);
    // First and last position, and how many hits.
    let mut heads: Vec<(u64, u64, usize)> = Vec::new();
    for position in positions {
        let near = heads.iter_mut().min_by_key(|head| order.subtract(position, head.1));
        match near {
            Some(head) if order.subtract(position, head.1) <= limit => {
                head.1 = position;
                head.2 += 1;
            }
            _ => heads.push((position, position, 1)),
        }
    }
    heads.retain(|head| head.2 * 16 >= sample.logs.len());
    let equal = |senders: &u64| {
        heads.iter().all(|head| {
            let part = head.0 as f64 * *senders as f64 / order.get() as f64;
            (part - part.round()).abs() < 0.2
        })
    };
    let fits = SENDERS.into_iter().find(|senders| *senders >= heads.len() as u64 && equal(senders));
    if let Some(senders) = fits
        && heads.len() > 1
    {
        walk.senders = senders;
        walk.threads = heads.len();
    }
}

fn choose(readings: Vec<Walk>) -> Result<Walk, String> {
    // One thread, unless several explain the scatter; among several only the scatter counts.
    let worth = |walk: &Walk| if walk.senders == 1 { DECISIVE } else { walk.explained };
    let Some(best) =
        readings.iter().max_by(|a, b| worth(a).total_cmp(&worth(b)).then(b.senders.cmp(&a.senders)))
    else {
        return Err("the order is a walk's, but of no generator that ZMap takes".into());
    };
    let alike = |other: &&Walk| other.generator != best.generator && worth(other) > worth(best) - DECISIVE;
    let rivals =
        readings.iter().filter(alike).filter(|other| best.senders > 1 || other.explained > DECISIVE).count();
    if rivals > 0 {
        return Err(format!(
            "the order is a walk's by several threads, but {} generators explain it alike",
            rivals + 1
        ));
    }
    Ok(best.clone())
}

/// Where senders are at each time, from knot to knot of the rising hits: the pace may change, the threads' lead remains.
#[derive(Debug)]
pub struct Pace<'a> {
    order: Modulus,
    multiplier: u64,
    sample: Sample<'a>,
    zero: u64,
    knots: Vec<(f64, f64)>,
}

impl<'a> Pace<'a> {
    /// Of hits in rising order.
    pub fn new(order: Modulus, multiplier: u64, sample: Sample<'a>, chain: &[usize]) -> Self {
        let mut pace = Self { order, multiplier, sample, zero: sample.logs[chain[0]], knots: Vec::new() };
        let knots = (0..=8).map(|k| chain[k * (chain.len() - 1) / 8]);
        pace.knots = knots.map(|i| (sample.times[i], pace.position(i) as f64)).collect();
        pace
    }

    /// A hit's logarithm, from the first of the chain.
    pub fn log(&self, i: usize) -> u64 {
        self.order.subtract(self.sample.logs[i], self.zero)
    }

    fn position(&self, i: usize) -> u64 {
        self.order.multiply(self.multiplier, self.log(i))
    }

    /// A hit's position, perhaps negative, and how far it is from where it is expected; None where it does not belong.
    pub fn place(&self, i: usize) -> Option<(f64, f64)> {
        let size = self.order.get() as f64;
        let time = self.sample.times[i];
        let after = self.knots.partition_point(|knot| knot.0 <= time).clamp(1, self.knots.len() - 1);
        let ((t0, p0), (t1, p1)) = (self.knots[after - 1], self.knots[after]);
        let line = if t1 > t0 { p0 + (time - t0) * (p1 - p0) / (t1 - t0) } else { p0 };
        let off = self.position(i) as f64 - line;
        let off = off - (off / size).round() * size;
        (off.abs() <= size / 8.0).then_some((line + off, off))
    }
}

/// Counts the threads, and what it explains that each has a lead and a pace of its own.
fn measure(walk: &mut Walk, order: Modulus, multiplier: u64, sample: Sample<'_>, chain: &[usize]) {
    let (mut offs, mut parts) = (Vec::new(), Vec::new());
    let pace = Pace::new(order, multiplier, sample, chain);
    // Behind the dense beginning a trace is thinned in equal steps, which would sort threads by themselves.
    let dense = sample.logs.len().min(256);
    for i in 0..dense {
        if let Some((within, off)) = pace.place(i) {
            let time = sample.times[i] - sample.times[chain[0]];
            parts.push(walk.part(order, pace.log(i), within / walk.senders as f64));
            offs.push((time, off));
        }
    }
    let mut far: Vec<f64> = offs.iter().map(|(_, off)| off.abs()).collect();
    far.sort_unstable_by(f64::total_cmp);
    let limit = 8.0 * far.get(far.len() / 2).copied().unwrap_or(0.0).max(0.5);
    let mut of: Vec<Vec<(f64, f64)>> = vec![Vec::new(); walk.senders as usize];
    for (&(time, off), part) in offs.iter().zip(&parts) {
        of[*part].push((time, off.clamp(-limit, limit)));
    }
    // Hits that are not the walk's fall anywhere: a part needs a quarter of an equal share.
    let least = (dense / (4 * walk.senders as usize)).max(1);
    walk.threads = of.iter().filter(|hits| hits.len() >= least).count().max(1);
    if walk.senders as usize * 8 > dense {
        return;
    }
    let everything: Vec<(f64, f64)> = of.iter().flatten().copied().collect();
    let apart: f64 = of.iter().map(|hits| scatter(hits)).sum();
    let floor = everything.len() as f64 * 1e-6;
    let gain = everything.len() as f64 / 2.0 * ((scatter(&everything) + floor) / (apart + floor)).ln();
    // A lead and a pace for each thread explain something by chance.
    let by_chance = 3.0 * (of.iter().filter(|hits| !hits.is_empty()).count() as f64 - 1.0);
    walk.explained = gain - by_chance;
}

/// The sum of squares around the line of least squares.
fn scatter(hits: &[(f64, f64)]) -> f64 {
    let n = hits.len() as f64;
    if hits.len() < 3 {
        return 0.0;
    }
    let (t, p) = hits.iter().fold((0.0, 0.0), |(t, p), hit| (t + hit.0 / n, p + hit.1 / n));
    let (mut tt, mut tp, mut pp) = (0.0, 0.0, 0.0);
    for hit in hits {
        let (dt, dp) = (hit.0 - t, hit.1 - p);
        tt += dt * dt;
        tp += dt * dp;
        pp += dp * dp;
    }
    if tt > 0.0 { (pp - tp * tp / tt).max(0.0) } else { pp }
}
