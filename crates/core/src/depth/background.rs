//! The background: scans that are like many others of the same run.
//!
//! The problem: a public host is asked by thousands of sources a week, each of which is a scan by itself and none of which means it. The way: among
//! scans of one kind that learned of nothing open, what does not stand out is background, `info` instead of `low`. A scan stands out where its pace or
//! its breadth is an outlier by the modified z-score of their logarithms (Iglewicz and Hoaglin, 1993: median and median absolute
//! deviation, so that outliers do not hide each other), and where it is not narrower than half of its kind. The limit: where
//! few scans of a kind are seen nothing is background, and what is background in one network may be news in another.

use std::collections::BTreeMap;

use super::Scan;
use crate::record::{Campaign, Direction, ProbeKind, Severity, Shape};

/// With fewer scans of a kind there is no crowd.
const CROWD: usize = 20;
/// Modified z-scores beyond this are outliers (Iglewicz and Hoaglin).
const OUTLIER: f64 = 3.5;
/// The 0.75 quantile of the normal law: makes the median absolute deviation a standard deviation.
const NORMAL: f64 = 0.6745;
/// Least deviation that is believed: what differs by less than this factor is alike.
const ALIKE: f64 = 1.25;

/// Lowers what is like many others to `info`.
pub(super) fn fold(scans: &mut [Scan<'_>]) {
    let mut kinds: BTreeMap<(Shape, ProbeKind), Vec<usize>> = BTreeMap::new();
    for (place, scan) in scans.iter().enumerate().filter(|(_, scan)| scan.stands()) {
        if let Some(kind) = kind(&scan.campaign) {
            kinds.entry(kind).or_default().push(place);
        }
    }
    for places in kinds.into_values().filter(|places| places.len() >= CROWD) {
        let measured = |of: fn(&Scan<'_>) -> f64| places.iter().map(|place| of(&scans[*place])).collect();
        let (breadth, pace) = (Usual::of(measured(breadth)), Usual::of(measured(pace)));
        for &place in &places {
            let wide = breadth.score(self::breadth(&scans[place]));
            let fast = pace.score(self::pace(&scans[place]));
            let campaign = &mut scans[place].campaign;
            // A pace that counts for nothing, because little was asked, is none to stand out by.
            let out = if wide >= 0.0 { wide.max(fast) } else { wide };
            campaign.stands_out = Some((out * 100.0).round() / 100.0 + 0.0);
            if wide > OUTLIER {
                campaign.severity_rule = format!(
                    "it learned of nothing open, but asked for far more than most of the {} scans of its kind",
                    places.len()
                );
            } else if fast > OUTLIER && wide >= 0.0 {
                campaign.severity_rule = format!(
                    "it learned of nothing open, but went far faster than most of the {} scans of its kind",
                    places.len()
                );
            } else {
                campaign.severity = Severity::Info;
                campaign.severity_rule = format!(
                    "background: like most of the {} scans of its kind that learned of nothing open",
                    places.len()
                );
            }
        }
    }
}

/// What may be background: it came from outside, alone, and learned of nothing open.
fn kind(campaign: &Campaign) -> Option<(Shape, ProbeKind)> {
    let may = campaign.severity == Severity::Low
        && matches!(campaign.direction, Direction::Inbound | Direction::Unknown)
        && campaign.coordination.is_none()
        && campaign.procedures.is_empty();
    Some((campaign.shape, *campaign.probes.first().filter(|_| may)?))
}

/// ln of how many targets.
fn breadth(scan: &Scan<'_>) -> f64 {
    let campaign = &scan.campaign;
    let (hosts, services) = (campaign.hosts.count.max(1), campaign.services.count.max(1));
    (hosts as f64).ln() + (services as f64).ln()
}

/// ln of targets a second.
fn pace(scan: &Scan<'_>) -> f64 {
    let nanoseconds = (scan.trace.end - scan.trace.start).max(1_000_000_000);
    breadth(scan) - (nanoseconds as f64 / 1e9).ln()
}

/// What is usual.
struct Usual {
    median: f64,
    deviation: f64,
}

impl Usual {
    fn of(mut values: Vec<f64>) -> Self {
        let median = median(&mut values);
        values.iter_mut().for_each(|value| *value = (*value - median).abs());
        Self { median, deviation: self::median(&mut values).max(NORMAL * ALIKE.ln()) }
    }

    /// The modified z-score.
    fn score(&self, value: f64) -> f64 {
        NORMAL * (value - self.median) / self.deviation
    }
}

/// The upper median; 0 of nothing.
fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
