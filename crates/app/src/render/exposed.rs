//! What a survey found exposed, and which scans were shown it: the worst pair of exposure and scanner first.

use watchpost_core::inventory::Exposure;

use super::records::Records;
use super::style::{Ink, paint, wrap};
use super::survey::rows;
use super::words::{clock, day, plural};
use super::{Screen, clean};

/// Exposures that a terminal is told of; `--all` tells all.
const MOST: usize = 20;
/// Scanners that are named of each.
const SCANNERS: usize = 2;

/// The part below the table of scans; nothing where no survey was given.
pub fn page(records: &Records<'_>, screen: &Screen) -> String {
    if records.exposures.is_empty() {
        return String::new();
    }
    let seen: Vec<&Exposure> =
        records.exposures.iter().filter(|e| !e.seen_by.is_empty() && e.within_policy != Some(true)).collect();
    let unseen = records.exposures.iter().filter(|e| e.seen_by.is_empty()).count() as u64;
    let mut out = String::from("\n");
    if seen.is_empty() {
        out.push_str(&faint("None of what the survey found exposed was shown to a scan here.", screen));
    } else {
        out.push_str(&paint(screen.colour, Ink::Bold, "Exposed, and seen by scans:"));
        out.push('\n');
        let most = if screen.all { seen.len() } else { MOST };
        let listed = seen.get(..most.min(seen.len())).unwrap_or_default();
        out.push_str(&rows(listed, screen, |exposure| seen_by(exposure, records)));
        let others = seen.len().saturating_sub(listed.len()) as u64;
        if others > 0 {
            let more = plural(others, "more exposure", "more exposures");
            out.push_str(&faint(&format!("{more} that scans have seen (--all lists them)"), screen));
        }
    }
    if unseen > 0 && !seen.is_empty() {
        let text = plural(unseen, "other exposure of the survey was", "other exposures of the survey were");
        out.push_str(&faint(&format!("{text} shown to no scan here"), screen));
    }
    out
}

fn faint(text: &str, screen: &Screen) -> String {
    let lines = wrap(text, screen.wrap.then_some(screen.width));
    lines.iter().map(|line| paint(screen.colour, Ink::Faint, line) + "\n").collect()
}

/// `seen by 198.51.100.7 (7h2k) on 2026-11-23 at 14:02, and 2 more scans`.
pub fn seen_by(exposure: &Exposure, records: &Records<'_>) -> String {
    let named: Vec<String> = exposure
        .seen_by
        .iter()
        .take(SCANNERS)
        .map(|seen| {
            let when = clock(&seen.time).get(..5).unwrap_or_default();
            let id = clean::clean(records.short(&seen.campaign));
            format!(
                "{} ({id}) on {} at {}",
                clean::clean(&seen.scanner),
                clean::clean(day(&seen.time)),
                clean::clean(when)
            )
        })
        .collect();
    let more = match exposure.seen_by.len().saturating_sub(SCANNERS) as u64 {
        0 => String::new(),
        others => format!(", and {}", plural(others, "more scan", "more scans")),
    };
    format!("seen by {}{more}", named.join(", "))
}
