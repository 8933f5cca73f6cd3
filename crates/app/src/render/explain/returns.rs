//! Came back: who returned to what the scan had revealed, when, to what, and how improbable that is by chance.

use watchpost_core::record::{FollowUp, Link};

use super::Page;
use super::together::chance;
use crate::render::campaign::returns::{to, when};
use crate::render::clean::clean;
use crate::render::style;
use crate::render::words::{duration, plural, seconds};

impl Page<'_> {
    pub(super) fn returns(&self) -> String {
        let returns = self.records.returns(self.campaign);
        let mut out: String =
            returns.iter().take(self.most()).map(|follow_up| self.follow_up(follow_up)).collect();
        if let Some(others @ 1..) = returns.len().checked_sub(self.most()) {
            out.push_str(&format!(
                "  {} (--no-trunc lists them)\n",
                plural(others as u64, "more return", "more returns")
            ));
        }
        let note = match returns.len() as u64 {
            0 => return String::new(),
            many => format!("{} to what the scan had revealed", plural(many, "return", "returns")),
        };
        self.section("Came back", &note, &out)
    }

    fn follow_up(&self, follow_up: &FollowUp) -> String {
        let link = match follow_up.link {
            Link::SameSource => "the scanner itself",
            Link::SameNetwork => "an address of the scanner's network",
            Link::Knowledge => "another address, tied to the scan only by what it went to",
        };
        let most = if self.screen.whole_lists { usize::MAX } else { 4 };
        let lasted = seconds(&follow_up.start, &follow_up.end);
        let lasted = if lasted > 0.0 { format!(" over {}", duration(lasted)) } else { String::new() };
        let mut text = format!(
            "{} UTC from {} ({link}) to {}: {}{lasted}, {} after it was revealed; {}",
            when(self.campaign, follow_up).trim_start_matches("at ").trim_start_matches("on "),
            clean(&follow_up.source),
            to(follow_up, most),
            plural(follow_up.sessions, "session", "sessions"),
            duration(follow_up.delay),
            style::severity(follow_up.severity),
        );
        let odds = chance(-follow_up.bits * std::f64::consts::LOG10_2);
        text.push_str(&format!(" ({odds} for an ordinary visitor, {:+.1} bits)", follow_up.bits));
        if !follow_up.text.is_empty() {
            text.push_str(&format!(": {}", clean(&follow_up.text)));
        }
        self.item(&text)
    }
}
