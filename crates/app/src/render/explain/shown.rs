//! What of a survey's exposures it was shown, and who else was.

use watchpost_core::inventory::{Exposure, SeenBy};

use super::Page;
use crate::render::clean::clean;
use crate::render::style::glyph;
use crate::render::survey::{place, weight};
use crate::render::words::{clock, day, plural};

impl Page<'_> {
    pub(super) fn shown(&self) -> String {
        let shown = self.records.shown(self.campaign);
        let mut body: String = shown.iter().take(self.most()).map(|e| self.item(&self.exposure(e))).collect();
        if let Some(others @ 1..) = shown.len().checked_sub(self.most()) {
            let others = plural(others as u64, "more exposure", "more exposures");
            body.push_str(&format!("  {others} (--no-trunc lists them)\n"));
        }
        if body.is_empty() { body } else { self.section("What the survey found exposed of it", "", &body) }
    }

    /// `◆ sensitive, 203.0.113.14:2375: Docker API without a login; it answered on 2026-11-23 at 14:02; 2 other scans saw it,
    /// the first of them 192.0.2.7`.
    fn exposure(&self, exposure: &Exposure) -> String {
        let mine = |seen: &&SeenBy| seen.campaign == self.campaign.id;
        let mut text = format!(
            "{} {}, {}: {}",
            glyph(weight(exposure)),
            exposure.rung.name(),
            place(&exposure.host, &exposure.service),
            clean(&exposure.what)
        );
        if let Some(seen) = exposure.seen_by.iter().find(mine) {
            let time = clean(clock(&seen.time).get(..5).unwrap_or_default());
            text.push_str(&format!("; it answered on {} at {time} UTC", clean(day(&seen.time))));
        }
        let mut others = exposure.seen_by.iter().filter(|seen| !mine(seen));
        if let Some(first) = others.next() {
            let many = plural(1 + others.count() as u64, "other scan", "other scans");
            text.push_str(&format!("; {many} saw it, the first from {}", clean(&first.scanner)));
        }
        text
    }
}
