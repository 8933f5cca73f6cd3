//! One scan on a page: the sentences for the ticket, then why it is a scan, then what lies deeper, then the facts.
//!
//! A section that has nothing to say is left out. What strangers sent (banners, names) is cleaned where it is printed.

mod advice; // what to do
mod attack; // what it resembles, what is out of view, techniques
mod facts; // targets, services, pace, direction
mod ledger; // why it is a scan
mod lessons; // what it learned
mod list; // from which list
mod networks; // where the targets are
mod opening; // the sentences for the ticket
mod order; // in which order
mod returns; // who came back
mod shown; // what a survey found exposed of it
mod together; // together with whom
mod tools; // with what

use watchpost_core::record::{Campaign, Status};

use super::Screen;
use super::clean::clean;
use super::records::Records;
use super::style::{self, Ink, glyph, labelled, pad, paint, width};

/// Where the texts begin, right of their labels.
const INDENT: usize = 12;

/// Text is not broken wider than this: longer lines are hard to read.
const READABLE: usize = 100;

/// On a narrower screen lines run over the edge: nothing fits between the labels and the bits.
const NARROWEST: usize = 40;

/// Networks, hosts and services that are told one by one.
const MOST: usize = 12;

/// The page.
pub fn explain(campaign: &Campaign, records: &Records<'_>, screen: &Screen) -> String {
    let page = Page { campaign, records, screen, columns: screen.width.clamp(NARROWEST, READABLE) };
    let parts = [
        page.opening(),
        page.verdict(),
        page.ledger(),
        page.tools(),
        page.order(),
        page.list(),
        page.together(),
        page.lessons(),
        page.shown(),
        page.returns(),
        page.resembles(),
        page.out_of_view(),
        page.advice(),
        page.techniques(),
        page.facts(),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

/// The sentences that open the page, as one line without its end.
pub fn opening(campaign: &Campaign, records: &Records<'_>) -> String {
    opening::sentences(campaign, records)
}

/// What to do about it, most urgent first.
pub fn advice(campaign: &Campaign, records: &Records<'_>) -> Vec<String> {
    advice::advice(campaign, records)
}

struct Page<'a> {
    campaign: &'a Campaign,
    records: &'a Records<'a>,
    screen: &'a Screen,
    columns: usize,
}

impl Page<'_> {
    fn wrapped(&self) -> Option<usize> {
        self.screen.wrap.then_some(self.columns)
    }

    fn title(&self, text: &str) -> String {
        paint(self.screen.colour, Ink::Bold, text)
    }

    /// A label at the margin, and its text.
    fn line(&self, label: &str, text: &str) -> String {
        let told = labelled(label, text, INDENT, self.wrapped());
        told.replacen(label, &paint(self.screen.colour, Ink::Faint, label), 1)
    }

    /// A label within a section, and its text; an empty label goes on with the last one.
    fn entry(&self, label: &str, text: &str) -> String {
        labelled(&format!("  {label}"), text, INDENT, self.wrapped())
    }

    /// One of several things of a kind.
    fn item(&self, text: &str) -> String {
        labelled("  -", text, 4, self.wrapped())
    }

    /// A title and what stands under it; nothing where nothing does. The note stands beside the title, or below it where it
    /// is too long.
    fn section(&self, title: &str, note: &str, body: &str) -> String {
        if body.is_empty() && note.is_empty() {
            return String::new();
        }
        let painted = self.title(title);
        let fits = width(title) + 2 + width(note) <= self.columns || !self.screen.wrap;
        let note = match note {
            "" => String::new(),
            note if fits => pad("", (INDENT + 10).saturating_sub(width(title)).max(2)) + note,
            note => format!("\n{}", labelled("", note, 2, self.wrapped()).trim_end()),
        };
        format!("{}\n{body}", format!("{painted}{note}").replace(style::TIE, " "))
    }

    /// How many of a list are told.
    const fn most(&self) -> usize {
        if self.screen.whole_lists { usize::MAX } else { MOST }
    }

    /// Withdrawn: what looked like a scan is none, and nothing follows from it.
    fn is_none(&self) -> bool {
        self.campaign.status == Status::Withdrawn
    }

    fn verdict(&self) -> String {
        let c = self.campaign;
        let severity = format!("{} {}", glyph(c.severity), style::severity(c.severity));
        let severity = paint(self.screen.colour, Ink::Of(c.severity), &severity);
        let mut out = match c.status {
            Status::Withdrawn => String::new(),
            _ => self.line("Severity", &format!("{severity}: {}", clean(&c.severity_rule))),
        };
        let status = match (&c.withdrawn_because, &c.merged_into) {
            (_, Some(id)) => format!("joined into {}; that one tells the whole", clean(id)),
            (Some(why), _) => format!("withdrawn: {}", clean(why)),
            (None, _) if c.status == Status::Withdrawn => "withdrawn".to_owned(),
            (None, _) if c.status == Status::Open => {
                "open: the input ends before it was quiet for long enough to be over".to_owned()
            }
            _ => "closed: it was quiet for long enough to be over".to_owned(),
        };
        out.push_str(&self.line("Status", &status));
        out
    }
}

#[cfg(test)]
mod tests;
