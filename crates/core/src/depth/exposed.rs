//! Who has seen what a survey found exposed.
//!
//! A scan has seen an exposure when the service that shows it answered that scan. Whether it looked closer is told by the
//! lesson's facts; whoever knows that the port is open comes back with the right question. The limit: only targets kept one
//! by one are known, as with lessons.

use std::collections::HashMap;

use super::Scan;
use super::lessons::is_open;
use crate::contact::Time;
use crate::inventory::{Exposure, Known, Rung, SeenBy};
use crate::record::Severity;

/// Scans told of one exposure.
const MOST: usize = 64;

/// An exposure that a scan was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    /// Its place in [`Known::exposures`].
    pub place: usize,
    /// When its service answered first.
    pub time: Time,
}

/// Notes what each standing scan was shown.
pub(super) fn show(scans: &mut [Scan<'_>], known: Option<&Known>) {
    let Some(known) = known else { return };
    for scan in scans.iter_mut().filter(|scan| scan.stands()) {
        let mut shown: HashMap<usize, Time> = HashMap::new();
        for probe in scan.dossier.probes.iter().filter(|probe| is_open(probe)) {
            for place in known.exposed(probe.target, probe.service()) {
                let first = shown.entry(*place).or_insert(probe.first);
                *first = (*first).min(probe.first);
            }
        }
        let mut shown: Vec<Shown> = shown.into_iter().map(|(place, time)| Shown { place, time }).collect();
        let rung = |shown: &Shown| known.exposures().get(shown.place).map(|e| e.rung);
        shown.sort_by_key(|s| (std::cmp::Reverse(rung(s)), s.time, s.place));
        scan.shown = shown;
    }
}

/// The worst exposure, of those that the policy does not allow, that a scan was shown.
pub(super) fn worst<'a>(scan: &Scan<'_>, known: Option<&'a Known>) -> Option<&'a Exposure> {
    let exposures = known?.exposures();
    let mut shown = scan.shown.iter().filter_map(|shown| exposures.get(shown.place));
    shown.find(|exposure| exposure.within_policy != Some(true))
}

/// All exposures with who has seen them, the worst pair of exposure and scanner first; and the highest rung by campaign.
pub(super) fn seen_by(scans: &[Scan<'_>], known: Option<&Known>) -> (Vec<Exposure>, HashMap<String, Rung>) {
    let Some(of_survey) = known else { return Default::default() };
    let mut exposures = of_survey.exposures().to_vec();
    let mut highest = HashMap::new();
    for scan in scans.iter().filter(|scan| scan.stands()) {
        if let Some(worst) = worst(scan, known) {
            highest.insert(scan.campaign.id.clone(), worst.rung);
        }
        let Some(scanner) = scan.sources.first() else { continue };
        for shown in &scan.shown {
            if let Some(exposure) = exposures.get_mut(shown.place) {
                exposure.seen_by.push(SeenBy {
                    campaign: scan.campaign.id.clone(),
                    scanner: scanner.to_string(),
                    severity: scan.campaign.severity,
                    time: shown.time.into(),
                });
            }
        }
    }
    let mut paired: Vec<(u32, Exposure)> = exposures
        .into_iter()
        .map(|mut exposure| {
            let worst = exposure.seen_by.iter().map(|seen| seen.severity).max();
            exposure.seen_by.sort_by(|a, b| (&a.time, &a.campaign).cmp(&(&b.time, &b.campaign)));
            exposure.seen_by.truncate(MOST);
            (weight(&exposure, worst), exposure)
        })
        .collect();
    // The sort is stable: what weighs the same stays in the survey's order.
    paired.sort_by_key(|(weight, exposure)| (std::cmp::Reverse(*weight), std::cmp::Reverse(exposure.rung)));
    (paired.into_iter().map(|(_, exposure)| exposure).collect(), highest)
}

/// How bad a pair is: the rung, from 1 to 5, times the scanner's severity, from 1 to 5. What nobody has seen, and what the
/// policy allows, comes last.
fn weight(exposure: &Exposure, severity: Option<Severity>) -> u32 {
    match severity {
        Some(severity) if exposure.within_policy != Some(true) => {
            (exposure.rung as u32 + 1) * (severity as u32 + 1)
        }
        _ => 0,
    }
}
