//! The table of scans, for people: a row that answers, and under it at most two lines that explain, where there is
//! something to say.
//!
//! It fits 80 columns and uses more where they are. An address is never cut: one that is too long for its column has
//! the line for itself. Tools, times, then ports, that find no room stand in the line that explains. Below 60 columns rows
//! may run over the edge.

mod columns; // how wide, and what is hidden

use std::collections::BTreeMap;

use watchpost_core::record::{Campaign, Run, Severity};

use self::columns::{Columns, FIRST, PORTS};
use super::background::{self, MOST_ROWS};
use super::campaign::phrases::{ALWAYS, Joint, Phrase, depth, fitted, how};
use super::records::Records;
use super::style::{self, Ink, labelled, paint, wrap};
use super::words::{and, number, plural};
use super::{Screen, campaign, clean, stands};

/// Ports take no more columns than this, in their column or in the line that explains.
const PORTS_ROOM: usize = 30;

/// Lines of a scan: its row and what explains it.
const MOST_LINES: usize = 3;

/// The table, or, where there is no scan, the sentence that says so.
pub fn table(records: &Records<'_>, screen: &Screen) -> String {
    let standing: Vec<&Campaign> = records.campaigns.iter().filter(|campaign| stands(campaign)).collect();
    if standing.is_empty() {
        return nothing(records.run, screen);
    }
    let (standing, folded) = background::split(standing, screen.everything);
    // The scans beyond what a terminal takes are counted. Whoever wants all asks for all.
    let rows = if screen.all { standing.len() } else { standing.len().min(MOST_ROWS) };
    let (listed, others) = standing.split_at(rows);
    let joined: Vec<&Campaign> = records
        .campaigns
        .iter()
        .filter(|campaign| screen.everything && campaign.merged_into.is_some())
        .collect();
    let all: Vec<(&str, &Campaign)> =
        listed.iter().chain(&joined).map(|campaign| (records.short(&campaign.id), *campaign)).collect();
    let columns = Columns::new(&all, screen);
    let mut out = if all.is_empty() { String::new() } else { columns.heading() };
    for (place, (id, campaign)) in all.iter().enumerate() {
        let is_joined = place >= listed.len();
        let row = columns.row(id, campaign, is_joined);
        let below = if is_joined {
            joined_into(campaign, records, &columns, screen)
        } else {
            explained(campaign, records, &columns, screen, MOST_LINES.saturating_sub(row.lines().count()))
        };
        out.push_str(&row);
        out.push_str(&below);
    }
    out.push_str(&counted(others, screen));
    out.push_str(&together(&folded, screen));
    out
}

/// What is background, in one line a kind.
fn together(folded: &[&Campaign], screen: &Screen) -> String {
    if folded.is_empty() {
        return String::new();
    }
    let head = format!("Background, {} (--all lists each):", plural(folded.len() as u64, "scan", "scans"));
    let mut out = format!("{}\n", paint(screen.colour, Ink::Of(Severity::Info), &head));
    for line in background::lines(folded) {
        let told = labelled("  ·", &line, 4, screen.wrap.then_some(screen.width));
        out.push_str(&paint(screen.colour, Ink::Faint, told.trim_end()));
        out.push('\n');
    }
    out
}

/// The lines under a row.
fn explained(
    campaign: &Campaign,
    records: &Records<'_>,
    columns: &Columns<'_>,
    screen: &Screen,
    lines: usize,
) -> String {
    let indent = columns.indent();
    let room = screen.wrap.then(|| screen.width.saturating_sub(indent).max(20));
    let mut how: Vec<Phrase> = hidden(campaign, columns);
    how.extend(self::how(campaign, records, screen.whole_lists));
    let (depth, severity) = depth(campaign, records);
    let mut out = String::new();
    let mut tell = |phrases: Vec<Phrase>, lines: usize, ink: Ink| {
        for line in fitted(phrases, room, lines) {
            out.push_str(&" ".repeat(indent));
            out.push_str(&paint(screen.colour, ink, &line));
            out.push('\n');
        }
    };
    let deep = severity.map_or(Ink::Faint, Ink::Of);
    match lines {
        _ if depth.is_empty() => tell(how, lines.max(1), Ink::Faint),
        0 | 1 => tell(depth.into_iter().chain(how).collect(), 1, deep),
        _ => {
            tell(how, 1, Ink::Faint);
            tell(depth, lines - 1, deep);
        }
    }
    out
}

/// What found no column.
fn hidden(campaign: &Campaign, columns: &Columns<'_>) -> Vec<Phrase> {
    let mut phrases = Vec::new();
    if columns.hides(FIRST) {
        phrases.push(Phrase::new(ALWAYS, Joint::New, format!("{} UTC", columns.first(campaign))));
    }
    if columns.hides(PORTS) {
        let ports = campaign::ports(campaign, PORTS_ROOM);
        // What is no port has its own name with it.
        let label = if ports.starts_with(|c: char| c.is_ascii_digit()) { "ports " } else { "" };
        phrases.push(Phrase::new(ALWAYS, Joint::New, format!("{label}{ports}")));
    }
    if !columns.names_tool(campaign) {
        phrases.push(Phrase::new(ALWAYS, Joint::New, format!("with {}", campaign::tools(campaign))));
    }
    phrases
}

/// The line under the row of a scan that was joined into another.
fn joined_into(campaign: &Campaign, records: &Records<'_>, columns: &Columns<'_>, screen: &Screen) -> String {
    let into = campaign.merged_into.as_deref().map(|id| clean::clean(records.short(id))).unwrap_or_default();
    let line = paint(screen.colour, Ink::Faint, &format!("joined into {into}"));
    format!("{}{line}\n", " ".repeat(columns.indent()))
}

/// One line a severity for the scans that are not listed.
fn counted(others: &[&Campaign], screen: &Screen) -> String {
    let mut severities: BTreeMap<std::cmp::Reverse<Severity>, BTreeMap<String, u64>> = BTreeMap::new();
    for campaign in others {
        let kinds = severities.entry(std::cmp::Reverse(campaign.severity)).or_default();
        *kinds.entry(campaign::what(campaign)).or_default() += 1;
    }
    let mut out = String::new();
    for (severity, kinds) in severities {
        let mut kinds: Vec<(String, u64)> = kinds.into_iter().collect();
        kinds.sort_by_key(|(_, many)| std::cmp::Reverse(*many));
        let total: u64 = kinds.iter().map(|(_, many)| many).sum();
        let hidden: u64 = kinds.iter().skip(3).map(|(_, many)| many).sum();
        let mut parts: Vec<String> =
            kinds.iter().take(3).map(|(kind, many)| format!("{} {kind}", number(*many))).collect();
        if hidden > 0 {
            parts.push(format!("{} others", number(hidden)));
        }
        let word = style::severity(severity.0);
        let text = format!("+ {} more of severity {word}: {} (--all lists them)", number(total), and(&parts));
        for line in wrap(&text, screen.wrap.then_some(screen.width)) {
            out.push_str(&paint(screen.colour, Ink::Of(severity.0), &line));
            out.push('\n');
        }
    }
    out
}

/// What is said where nothing was found: how much was looked at, and what could not have been seen.
fn nothing(run: &Run, screen: &Screen) -> String {
    let mut text = match (run.packets, run.sources) {
        (0, _) => "No scans found, and nothing to find them in: the input holds no packets.".to_owned(),
        (_, 0) if run.contacts == 0 && !run.skipped.is_empty() => {
            let why = run
                .skipped
                .iter()
                .map(|skipped| format!("{} {}", number(skipped.count), clean::clean(&skipped.reason)));
            format!(
                "No scans found, and nothing to find them in: of {} none could be used ({}).",
                super::read(run),
                why.take(3).collect::<Vec<_>>().join("; ")
            )
        }
        (_, 0) => format!("No scans found: in {} nobody began anything.", super::read(run)),
        (_, sources) => format!(
            "No scans found: in {}, {} began something, and none of it looks like a scan.",
            super::read(run),
            plural(sources, "source", "sources"),
        ),
    };
    if run.packets > 0 && !run.blind.is_empty() {
        let blind: Vec<String> = run.blind.iter().map(|blind| clean::clean(&blind.what)).collect();
        text.push_str(&format!(" Not visible here: {}.", blind.join(", ")));
    }
    wrap(&text, screen.wrap.then_some(screen.width)).join("\n") + "\n"
}

#[cfg(test)]
mod tests;
