//! Ranges that abut, one for each source: a block cut into equal parts.
//!
//! Complete ranges have nothing in common, so that coverage says nothing of them; what tells is where they meet, and when they
//! begin. Sources of one network that begin within a minute need no more than the joints. Across networks the start tells
//! most: strangers alike in packets and services begin at some rate, and three within a second of each other, on neighbouring
//! ranges of one size, are rare at any rate that leaves the others apart.
//!
//! The limit: two sources of two networks are never told this way, nor parts of different sizes, nor parts that lack a host.

use super::unit::Unit;
use super::weigh::Population;
use crate::contact::{SECOND, Time};

/// Sources of different networks on neighbouring ranges, at least.
const SEVERAL: usize = 3;
/// Sources of one scan begin so soon one after the other, where their networks differ.
const AT_ONCE: Time = 2 * SECOND;
/// Starts are not compared more closely: links and schedulers differ by more.
const CLOSEST: Time = SECOND / 10;
/// Strangers of a kind begin once in this time at least, however short the input: what it leaves out is not known.
const SELDOM: Time = 60 * SECOND;
/// Bits for each source that begins with the others, at most.
const START: f64 = 8.0;
/// Bits for each joint inside a cell of 256 addresses: strangers take all of it, or leave off anywhere.
const JOINT: f64 = 4.0;

/// Bits for abutting ranges of sources that began together; 0 where there is no such thing.
pub(super) fn weigh(units: &[&Unit], population: &Population, reasons: &mut Vec<String>) -> f64 {
    let Some(first) = units.first().filter(|_| units.len() > 1) else { return 0.0 };
    let mut ranges: Vec<(u128, u128)> = units.iter().filter_map(|unit| range(unit)).collect();
    ranges.sort_unstable();
    let joints = ranges.windows(2).filter(|pair| pair[0].1 + 1 == pair[1].0).count();
    if ranges.len() < units.len() || joints + 1 < units.len() || !begun_together(units) {
        return 0.0;
    }
    let size = |range: &(u128, u128)| range.1 - range.0;
    let (least, most) = (ranges.iter().map(size).min(), ranges.iter().map(size).max());
    let equal = most.unwrap_or(0) - least.unwrap_or(0) <= 1;
    let network = first.source.network();
    if units.iter().all(|unit| unit.source.network() == network) {
        let span = ranges[ranges.len() - 1].1 - ranges[0].0 + 1;
        reasons.push(format!("ranges of {} sources of one network abut, begun together", units.len()));
        // Where one ends and where the next begins are two agreements; that all are of one size is a third.
        let equal = if equal { 4.0 } else { 0.0 };
        return joints as f64 * (2.0 * (span as f64).log2().min(8.0) + equal);
    }
    let alike = |unit: &&Unit| unit.imprint == first.imprint && unit.services == first.services;
    if !equal || units.len() < SEVERAL || !at_once(units) || !units.iter().all(alike) {
        return 0.0;
    }
    let spread = spread(units).max(CLOSEST);
    reasons.push(format!(
        "ranges of one size of {} sources abut, begun within {:.1} s",
        units.len(),
        spread as f64 / SECOND as f64
    ));
    // The others of the kind (one more than were seen) begin evenly over the input: so many are to be expected in the spread.
    // And it is a spread, not a distance from a known start: n starts lie within a share s of the time with a probability
    // of n s^(n - 1), not s^(n - 1).
    let others = population.alike(first).saturating_sub(units.len() as u64) + 1;
    let expected = others as f64 * spread as f64 / population.extent().max(SELDOM) as f64;
    let starts = joints as f64 * (-expected.log2()).clamp(0.0, START) - (units.len() as f64).log2();
    let inside = ranges.windows(2).filter(|pair| pair[1].0 & 255 != 0).count();
    starts.max(0.0) + inside as f64 * JOINT
}

/// First and last host of a source that left none out between, if it has four or more.
pub(super) fn range(unit: &Unit) -> Option<(u128, u128)> {
    let hosts = || unit.targets.iter().map(|target| target.host.number());
    let (low, high) = (hosts().min()?, hosts().max()?);
    (unit.hosts >= 4 && u128::from(unit.hosts) == high - low + 1).then_some((low, high))
}

/// Whether they started within a minute, or a twentieth of their time.
pub(super) fn begun_together(units: &[&Unit]) -> bool {
    let longest = units.iter().map(|unit| unit.end.saturating_sub(unit.start)).max().unwrap_or(0);
    spread(units) <= (longest / 20).max(60 * SECOND)
}

/// Whether they started as one does who starts several by one command.
pub(super) fn at_once(units: &[&Unit]) -> bool {
    spread(units) <= AT_ONCE
}

fn spread(units: &[&Unit]) -> Time {
    let starts = || units.iter().map(|unit| unit.start);
    starts().max().unwrap_or(0).saturating_sub(starts().min().unwrap_or(0))
}
