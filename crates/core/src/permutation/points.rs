//! The hits of a trace as ZMap could have sent them: IPv4, of one transport, each target once.

use std::collections::BTreeMap;

use crate::contact::{SECOND, Transport};
use crate::trace::Trace;

/// Hits below which nothing is tried.
pub const LEAST: usize = 12;

/// A target and when it was touched first, in seconds from the first hit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Seconds.
    pub time: f64,
    /// The host.
    pub address: u32,
    /// The port.
    pub port: u16,
}

/// The points, in the order of time, and their transport.
///
/// # Errors
/// Why a walk is out of the question.
pub fn points(trace: &Trace) -> Result<(Vec<Point>, Transport), String> {
    let mut of: BTreeMap<Transport, usize> = BTreeMap::new();
    let v4 = || trace.hits.iter().filter_map(|hit| Some((hit, hit.target.as_v4()?)));
    for (hit, _) in v4() {
        *of.entry(hit.service.transport).or_default() += 1;
    }
    let Some((&transport, _)) =
        of.iter().max_by_key(|(transport, count)| (**count, std::cmp::Reverse(**transport)))
    else {
        return Err("not recovered: no IPv4 targets".into());
    };
    let mut seen = std::collections::BTreeSet::new();
    let start = trace.hits.first().map_or(0, |hit| hit.time);
    let mut points: Vec<Point> = Vec::new();
    for (hit, address) in v4() {
        if hit.service.transport == transport && seen.insert((address, hit.service.port)) {
            let time = hit.time.saturating_sub(start) as f64 / SECOND as f64;
            points.push(Point { time, address, port: hit.service.port });
        }
    }
    points.sort_by(|a, b| a.time.total_cmp(&b.time));
    if points.len() < LEAST {
        return Err(format!("not recovered: {} hits, {LEAST} are needed", points.len()));
    }
    if points.iter().all(|point| point.address == points[0].address) {
        return Err("not recovered: the targets are ports of one host".into());
    }
    if let Some(order) = visible(&points) {
        return Err(format!("not recovered: the order is {order}"));
    }
    Ok((points, transport))
}

/// An order that a permutation does not have.
fn visible(points: &[Point]) -> Option<&'static str> {
    let steps: Vec<i64> = points
        .windows(2)
        .map(|pair| i64::from(pair[1].address) - i64::from(pair[0].address))
        .filter(|step| *step != 0)
        .collect();
    let rising = steps.iter().filter(|step| **step > 0).count();
    // By chance, 12 hits all rise or all fall once in 240 million.
    if steps.len() >= LEAST - 1 && rising * 20 >= steps.len() * 19 {
        return Some("rising");
    }
    if steps.len() >= LEAST - 1 && rising * 20 <= steps.len() {
        return Some("falling");
    }
    let mut counts: BTreeMap<i64, usize> = BTreeMap::new();
    for step in &steps {
        *counts.entry(*step).or_default() += 1;
    }
    counts.values().any(|count| count * 2 > steps.len()).then_some("a constant stride")
}
