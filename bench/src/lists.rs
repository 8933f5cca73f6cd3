//! Are the verdicts on target lists right as often as they say?
//!
//! Scans of every kind are simulated from the prior in `data/lists.toml`, with a fixed seed: senders with their paces, orders,
//! losses and pauses, against blocks of /28 to /16 with live hosts, watched for a while. What a sensor would keep of each
//! is given to `core::target_list`. In each band of confidence the number of right verdicts must lie within the central
//! 99 % of a binomial law of the band's mean confidence; otherwise the command ends with status 1.
//!
//! The simulation sends probes; it knows nothing of the likelihoods that judge them. What both share is the stated prior.

mod curve; // the picture
mod holdings; // blocks and who is live in them
mod kinds; // what scanners of each kind send
mod random; // chance, the same every time
mod scan; // one scan as a sensor keeps it
mod sender; // when a scanner sends

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use watchpost_core::record::ListKind;
use watchpost_core::target_list::{KINDS, Prior, judge};

use random::Random;

/// Lower ends of the bands of confidence; the last ends at 1.
const BANDS: [f64; 8] = [0.25, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99];
/// Probability that a calibrated band falls outside its interval.
const MISS: f64 = 0.01;

/// What to simulate.
#[derive(Args)]
pub struct Options {
    /// Scans.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    scans: u32,
    /// Seed of the simulation.
    #[arg(long, default_value_t = 4)]
    seed: u64,
    /// Draw the reliability curve here (SVG).
    #[arg(long)]
    picture: Option<PathBuf>,
    /// Print every wrong verdict of at least this confidence.
    #[arg(long)]
    wrong: Option<f64>,
}

/// Verdicts of one band.
#[derive(Clone, Copy, Debug, Default)]
pub struct Band {
    /// Verdicts.
    pub count: u64,
    /// Of these, how many are right.
    pub right: u64,
    /// Sum of their confidences.
    pub sum: f64,
}

impl Band {
    fn mean(&self) -> f64 {
        self.sum / self.count as f64
    }

    /// Whether the number of right ones lies within the central part of Binomial(count, mean).
    fn holds(&self) -> bool {
        self.count == 0 || {
            let (low, high) = tails(self.right, self.count, self.mean());
            low >= MISS / 2.0 && high >= MISS / 2.0
        }
    }
}

/// What came of a simulation.
#[derive(Debug, Default)]
pub struct Result {
    /// By [`BANDS`].
    pub bands: [Band; BANDS.len()],
    /// Truth by verdict; the last verdict is unknown.
    pub confusion: [[u64; KINDS.len() + 1]; KINDS.len()],
}

/// Simulates and prints.
///
/// # Errors
/// A band whose share of right verdicts is not what its confidence says.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let result = simulate(options.scans, options.seed, |truth, case, list| {
        if options.wrong.is_some_and(|least| list.confidence >= least)
            && (list.weighed[0].kind != truth || std::env::var("ALL").is_ok())
        {
            let _ = writeln!(
                std::io::stderr(),
                "{truth:?} as {:?} {:.4}: {}\n{}",
                list.weighed[0].kind,
                list.confidence,
                case.how,
                list.terms
                    .iter()
                    .map(|t| format!("  {:13} {} {}\n", t.name, bits(t), t.text))
                    .collect::<String>()
            );
        }
    });
    print(&mut out, &result)?;
    if let Some(path) = &options.picture {
        std::fs::write(path, curve::draw(&result.bands, options.scans))?;
    }
    let bad = result.bands.iter().filter(|band| !band.holds()).count();
    anyhow::ensure!(bad == 0, "{bad} bands of confidence are not calibrated");
    Ok(())
}

fn bits(term: &watchpost_core::record::ListTerm) -> String {
    term.bits.iter().map(|b| format!("{:>8.2}", b.bits)).collect()
}

/// Judges `scans` simulated scans; `each` sees truth, case and verdict.
pub fn simulate(
    scans: u32,
    seed: u64,
    mut each: impl FnMut(ListKind, &scan::Case, &watchpost_core::record::TargetList),
) -> Result {
    let prior = Prior::shipped();
    let mut result = Result::default();
    for number in 0..scans {
        let mut random = Random::new(seed, number.into());
        let case = scan::Case::new(&mut random, prior);
        let list = judge(&case.view());
        let Some(best) = list.weighed.first() else { continue };
        let truth = KINDS.iter().position(|kind| *kind == case.truth).unwrap_or(0);
        let said = KINDS.iter().position(|kind| *kind == list.kind).unwrap_or(KINDS.len());
        result.confusion[truth][said] += 1;
        let place = BANDS.partition_point(|low| *low <= list.confidence).saturating_sub(1);
        let band = &mut result.bands[place];
        band.count += 1;
        band.right += u64::from(best.kind == case.truth);
        band.sum += list.confidence;
        each(case.truth, &case, &list);
    }
    result
}

fn print(out: &mut impl Write, result: &Result) -> std::io::Result<()> {
    writeln!(
        out,
        "confidence   verdicts   right    share   mean confidence   99 % interval of right   holds"
    )?;
    for (place, band) in result.bands.iter().enumerate() {
        let high = BANDS.get(place + 1).copied().unwrap_or(1.0);
        let (low_end, high_end) = interval(band);
        writeln!(
            out,
            "{:.2}-{high:.2}    {:>8}  {:>6}   {:>6.4}            {:>6.4}          {low_end:>6} to {high_end:>6}   {}",
            BANDS[place],
            band.count,
            band.right,
            band.right as f64 / band.count.max(1) as f64,
            if band.count > 0 { band.mean() } else { 0.0 },
            if band.holds() { "yes" } else { "NO" }
        )?;
    }
    writeln!(out, "\ntruth            internet-wide    block  organisation  curated  unknown")?;
    for (kind, row) in KINDS.iter().zip(&result.confusion) {
        writeln!(
            out,
            "{:<16} {:>13} {:>8} {:>13} {:>8} {:>8}",
            format!("{kind:?}"),
            row[0],
            row[1],
            row[2],
            row[3],
            row[4]
        )?;
    }
    let all: u64 = result.confusion.iter().flatten().sum();
    let unknown: u64 = result.confusion.iter().map(|row| row[KINDS.len()]).sum();
    let right: u64 = (0..KINDS.len()).map(|kind| result.confusion[kind][kind]).sum();
    let share = |part: u64, whole: u64| 100.0 * part as f64 / whole.max(1) as f64;
    writeln!(
        out,
        "\n{all} scans: {:.1} % unknown; of the {} verdicts {:.2} % are right",
        share(unknown, all),
        all - unknown,
        share(right, all - unknown)
    )
}

/// P(X <= right) and P(X >= right) of a binomial law.
fn tails(right: u64, count: u64, p: f64) -> (f64, f64) {
    let p = p.clamp(1e-12, 1.0 - 1e-12);
    let mut ln_mass = count as f64 * (1.0 - p).ln();
    let (mut low, mut high) = (0.0, 0.0);
    for x in 0..=count {
        if x > 0 {
            ln_mass += ((count - x + 1) as f64 / x as f64).ln() + (p / (1.0 - p)).ln();
        }
        let mass = ln_mass.exp();
        low += if x <= right { mass } else { 0.0 };
        high += if x >= right { mass } else { 0.0 };
    }
    (low, high)
}

/// The least and the greatest number of right verdicts that still hold.
fn interval(band: &Band) -> (u64, u64) {
    if band.count == 0 {
        return (0, 0);
    }
    let within = |right: u64| {
        let (low, high) = tails(right, band.count, band.mean());
        low >= MISS / 2.0 && high >= MISS / 2.0
    };
    let middle = (band.sum.round() as u64).min(band.count);
    // Both tails change monotonically: bisect on either side of the mean.
    let (mut no, mut yes) = (0, middle);
    while no < yes {
        let half = no.midpoint(yes);
        if within(half) { yes = half } else { no = half + 1 }
    }
    let (mut sure, mut most) = (middle, band.count);
    while sure < most {
        let half = (sure + most).div_ceil(2);
        if within(half) { sure = half } else { most = half - 1 }
    }
    (yes, sure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_are_right_as_often_as_they_say() {
        let result = simulate(1_500, 11, |_, _, _| ());
        for (low, band) in BANDS.iter().zip(&result.bands) {
            assert!(band.holds(), "from {low}: {band:?}, {:?}", interval(band));
        }
        let (wide, block) = (result.confusion[0], result.confusion[1]);
        assert!(wide[0] > 100 && block[1] > 100, "{:?}", result.confusion);
    }

    #[test]
    fn binomial_tails_are_exact() {
        let (low, high) = tails(2, 4, 0.5);
        assert!((low - 11.0 / 16.0).abs() < 1e-12 && (high - 11.0 / 16.0).abs() < 1e-12);
        let band = Band { count: 1_000, right: 990, sum: 999.0 };
        assert!(!band.holds(), "{:?}", interval(&band));
    }
}
