//! The likelihood of each observation, given what a list may be. All are natural logarithms.
//!
//! Nothing is plugged in where it is unknown: rates, shapes of gaps, densities of live hosts and shares of misses are
//! integrated over their stated prior (`data/lists.toml`).

use super::facts::Gaps;
use super::math::{harmonic, ln_beta_binomial, ln_choose, ln_gamma, ln_hypergeometric, ln_sum};
use super::prior::{Clock, Curated, Live, Plateau};

/// Addresses of IPv4.
pub const INTERNET: f64 = 4_294_967_296.0;

/// ln of the density of how long `hits` hits took, over the rate's prior. `dilution` is ln of (probes sent / probes that
/// fall to us). The time of k hits of a Poisson process is Gamma(k - 1); the factor 1/time, common to all, is left out.
pub fn rate(hits: f64, seconds: f64, dilution: f64, prior: &Plateau, longest: f64) -> f64 {
    let slowest = slowest(hits, dilution, longest);
    const STEPS: usize = 96;
    if hits < 2.0 {
        return 0.0;
    }
    // A scan too slow to show these hits while anybody watched is not what was watched.
    let from = prior.from.max(slowest);
    let prior = Plateau { from, to: prior.to.max(from), ..*prior };
    let shape = hits - 1.0;
    let (middle, spread) = (shape.ln(), shape.sqrt().recip());
    let (low, high) = (middle - 10.0 * spread, middle + 6.0 * spread);
    let step = (high - low) / STEPS as f64;
    let normal = ln_gamma(shape);
    let terms = (0..=STEPS).map(|i| {
        let y = low + step * i as f64;
        let decade = (y - seconds.ln() + dilution) / std::f64::consts::LN_10;
        shape * y - y.exp() - normal + ln_plateau(decade, &prior)
    });
    ln_sum(terms) + step.ln()
}

/// The decade of the slowest scan that shows these hits while anybody watches.
fn slowest(hits: f64, dilution: f64, longest: f64) -> f64 {
    ((hits / longest).ln() + dilution) / std::f64::consts::LN_10
}

/// ln of the share of scans that are fast enough to show these hits while anybody watches.
pub fn fast_enough(hits: f64, dilution: f64, prior: &Plateau, longest: f64) -> f64 {
    let from = slowest(hits, dilution, longest).clamp(prior.from, prior.to);
    let root = (std::f64::consts::PI / 2.0).sqrt();
    let shoulders = root * (prior.shoulder_from + prior.shoulder_to);
    ((prior.to - from + shoulders) / (prior.to - prior.from + shoulders)).ln()
}

/// ln of the share of all scans of `size` addresses that are fast enough, however much of it they cover.
pub fn ever_seen(size: f64, dilution: f64, prior: &Plateau, complete: f64, longest: f64) -> f64 {
    const STEPS: usize = 12;
    let at = |share: f64| fast_enough(size * share, dilution, prior, longest);
    let even = (0..STEPS).map(|i| at((i as f64 + 0.5) / STEPS as f64));
    let log = (0..STEPS).map(|i| at(size.powf(-(i as f64 + 0.5) / STEPS as f64)));
    let cut = ln_sum(even.chain(log)) - (2.0 * STEPS as f64).ln();
    ln_sum([complete.ln() + at(1.0), (1.0 - complete).ln() + cut])
}

/// ln of the prior's density at a decade.
pub fn ln_plateau(decade: f64, prior: &Plateau) -> f64 {
    let root = (std::f64::consts::PI / 2.0).sqrt();
    let mass = prior.to - prior.from + root * (prior.shoulder_from + prior.shoulder_to);
    let below = (prior.from - decade).max(0.0) / prior.shoulder_from;
    let above = (decade - prior.to).max(0.0) / prior.shoulder_to;
    -0.5 * (below * below + above * above) - mass.ln()
}

/// ln of the density of the gaps' shares of their sum, when gaps are Gamma of this shape: a Dirichlet law, free of the rate.
pub fn dirichlet(gaps: &Gaps, shape: f64) -> f64 {
    ln_gamma(gaps.count * shape) - gaps.count * ln_gamma(shape)
        + (shape - 1.0) * gaps.ln_shares
        + gaps.jacobian
}

/// The same over the sender's prior, when the share `ours` of its probes falls to us at random: the squared variation of
/// such gaps is `ours / shape + 1 - ours`, so a long list is Poisson whatever the sender does.
pub fn clock(gaps: &Gaps, ours: f64, prior: &Clock) -> f64 {
    if gaps.count < 2.0 {
        return 0.0;
    }
    let even = |from: f64, to: f64, steps: usize| {
        let step = (to / from).ln() / steps as f64;
        (0..steps).map(move |i| (from.ln() + step * (i as f64 + 0.5)).exp())
    };
    if ours > 0.99 {
        let senders = even(prior.shape_from, prior.shape_to, 64).map(|shape| dirichlet(gaps, shape));
        let paced = ln_sum(senders) - 64_f64.ln();
        let (sleeps, pauses) = (prior.sleeps, prior.drift * (1.0 - prior.sleeps));
        return ln_sum([
            paced + (1.0 - sleeps - pauses).ln(),
            dirichlet(gaps, 1.0) + sleeps.ln(),
            paused(gaps) + pauses.ln(),
        ]);
    }
    let thinned = |shape: f64| dirichlet(gaps, 1.0 / (ours / shape + 1.0 - ours));
    let steady = if ours < 0.01 {
        dirichlet(gaps, 1.0)
    } else {
        ln_sum(even(prior.shape_from, prior.shape_to, 32).map(thinned)) - 32_f64.ln()
    };
    let drifting = ln_sum(even(prior.drift_to, 1.0, 12).map(|shape| dirichlet(gaps, shape))) - 12_f64.ln();
    let drifting = ln_sum([drifting + 0.3_f64.ln(), paused(gaps) + 0.7_f64.ln()]);
    ln_sum([steady + (1.0 - prior.drift).ln(), drifting + prior.drift.ln()])
}

/// The same of a Poisson process with one to four pauses of any length over three decades, anywhere.
fn paused(gaps: &Gaps) -> f64 {
    let decades = 1_000_f64.ln().ln();
    let of = |pauses: usize| {
        let longest = &gaps.longest[..pauses];
        if longest.contains(&0.0) {
            return f64::NEG_INFINITY;
        }
        let (rest, left) = (1.0 - longest.iter().sum::<f64>(), gaps.count - pauses as f64);
        let lengths: f64 = longest.iter().map(|share| -share.ln() - decades).sum();
        ln_gamma(left) - left * rest.ln() + lengths - ln_choose(gaps.count, pauses as f64)
    };
    ln_sum((1..=4).map(of)) - 4_f64.ln() + gaps.jacobian
}

/// ln P(ascents among `pairs` neighbours) of a random order: Eulerian numbers, exact.
pub fn shuffled(ascents: usize, pairs: usize) -> f64 {
    let mut row = vec![1.0];
    for n in 2..=pairs + 1 {
        let up = |a: usize| if a == 0 { 0.0 } else { row.get(a - 1).copied().unwrap_or(0.0) };
        let same = |a: usize| row.get(a).copied().unwrap_or(0.0);
        row = (0..n).map(|a| ((a + 1) as f64 * same(a) + (n - a) as f64 * up(a)) / n as f64).collect();
    }
    // Rows end in probabilities below the smallest number; they are finite here.
    row.get(ascents).copied().unwrap_or(0.0).max(1e-300).ln()
}

/// The same of a walk up or down, in which a few neighbours are swapped (parallel senders, loss).
pub fn walked(ascents: usize, pairs: usize) -> f64 {
    if pairs == 0 {
        return 0.0;
    }
    let (up, all) = (ascents as f64, pairs as f64);
    let one_way = |swapped: f64| ln_beta_binomial(swapped, all, 0.5, 20.0);
    ln_sum([one_way(all - up), one_way(up)]) - 2_f64.ln()
}

/// ln P(`hits` of `size` addresses touched): watched to the end in the share `complete` of cases, else cut anywhere, on
/// an even or on a logarithmic scale.
pub fn coverage(hits: f64, size: f64, complete: f64) -> f64 {
    if hits < 1.0 || hits > size {
        return f64::NEG_INFINITY;
    }
    let exact = if hits == size { 0.5_f64.ln() } else { f64::NEG_INFINITY };
    let all = ln_sum([exact, 0.5_f64.ln() + ln_beta_binomial(hits, size, 60.0, 1.0)]);
    ln_sum([complete.ln() + all, (1.0 - complete).ln() + cut(hits, size)])
}

/// The same of a walk that was under way when the watch began: what was left of it is any number.
pub fn remainder(hits: f64, size: f64, complete: f64) -> f64 {
    ln_sum([complete.ln() - size.ln(), (1.0 - complete).ln() + cut(hits, size)])
}

/// ln P(`hits`) of a scan that was cut.
fn cut(hits: f64, size: f64) -> f64 {
    ln_sum([even_cut(size), log_cut(hits, size)])
}

fn even_cut(size: f64) -> f64 {
    -(2.0 * size).ln()
}

fn log_cut(hits: f64, size: f64) -> f64 {
    -(2.0 * hits * harmonic(size)).ln()
}

/// ln P(`hits`) of a list of any length, logarithmic.
pub fn any_length(hits: f64, size: f64) -> f64 {
    -(hits * harmonic(size)).ln()
}

/// Whether the hosts hit were chosen for being live: ln P(what is live) by chance, and when chosen.
///
/// `live` of `hits` hosts answered; of the other `size - hits` addresses at least `others` are live, because they answered
/// somebody. How many live hosts there are in all is not known (hosts that only this scan asked are known by it alone), so
/// A is summed over its prior, and each of the A - `live` others is known with an unknown probability, even between 0 and 1:
/// that is 1 / (A - live + 1) for any number of known ones.
pub fn informed(
    live: f64,
    hits: f64,
    others: f64,
    size: f64,
    density: &Live,
    curated: &Curated,
) -> (f64, f64) {
    let floor = density.floor * size + 1.0;
    let mass = ((size + floor) / floor).ln();
    let top = (0.97 * size).floor();
    let prior = |all: f64| {
        let rest = (1.0 - density.all) / (all + floor) / mass;
        if all >= top { rest + density.all / (size - top + 1.0) } else { rest }
    };
    let missed = ln_beta_binomial(hits - live, hits, curated.miss, curated.hit);
    let (mut chance, mut chosen) = (Vec::new(), Vec::new());
    let mut all = live + others;
    while all <= size - (hits - live) {
        // Every number up to 256 above the least, then steps of one part in 100, each standing for its width.
        let width = if all - live - others < 256.0 { 1.0 } else { ((all - live - others) / 100.0).floor() };
        let common = (prior(all) * width / (all - live + 1.0)).ln();
        chance.push(common + ln_hypergeometric(live, hits, all, size));
        chosen.push(common + missed);
        all += width;
    }
    (ln_sum(chance), ln_sum(chosen))
}

/// Whether each host was asked for what it serves and nothing else: ln P by chance, and of a list of hosts and ports.
pub fn pairs(open: f64, further: f64, curated: &Curated) -> (f64, f64) {
    // Networks differ; some answer on every port.
    let chance = ln_sum([
        0.85_f64.ln() + ln_beta_binomial(open, further, 1.0, 2.0),
        0.15_f64.ln() + ln_beta_binomial(open, further, 20.0, 1.0),
    ]);
    let listed = ln_beta_binomial(further - open, further, curated.miss, curated.hit);
    (chance, ln_sum([(1.0 - curated.pairs).ln() + chance, curated.pairs.ln() + listed]))
}

/// ln of how many times fewer choices of `sampled` addresses there are within `inner` than within `outer`.
pub fn confined(sampled: f64, inner: f64, outer: f64) -> f64 {
    ln_choose(outer, sampled) - ln_choose(inner.max(sampled), sampled)
}

/// ln P(all of `hits` fall in a part) whose share is Beta(there, elsewhere).
pub fn within_share(hits: f64, there: f64, elsewhere: f64) -> f64 {
    ln_beta_binomial(hits, hits, there, elsewhere)
}

/// ln P(positions) of `count` neighbouring hits of a walk that lie within `width` addresses, against even positions among
/// `size`. A walk without holes loses a few; a list in order has holes of any size.
pub fn run(count: f64, width: f64, size: f64, holes: bool) -> f64 {
    let width = width.max(count);
    let anywhere = (size - width + 1.0).max(1.0);
    if holes {
        // Density log-even between count / size and 1, begun anywhere; or spread over all of it.
        let run = confined(count, width, size) - (width * (1.0 + (size / count).ln()) * anywhere).ln();
        return ln_sum([run, 0.0]) - 2_f64.ln();
    }
    let of_width = ln_beta_binomial(width - count, width, 0.5, 20.0);
    confined(count, width, size) + of_width
}

/// ln of the density of ln(time taken / time expected): senders keep their pace within a quarter, but for some that pause or
/// change it.
pub fn steady(ratio: f64) -> f64 {
    let normal = |deviation: f64| -0.5 * (ratio / deviation).powi(2) - deviation.ln();
    ln_sum([0.85_f64.ln() + normal(0.25), 0.15_f64.ln() + normal(3.0)])
}
