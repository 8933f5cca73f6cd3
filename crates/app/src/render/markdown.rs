//! Campaigns as a Markdown table, for tickets and wikis.

use watchpost_core::record::{Campaign, Run};

use super::{Screen, campaign, clean::clean, ids, sees_replies, stands, style, table, words};

const TITLES: [&str; 9] =
    ["Severity", "Id", "Source", "What", "Targets", "Ports", "First (UTC)", "Last (UTC)", "In words"];

/// The table, or the sentence that says that there is nothing to list.
pub fn markdown(campaigns: &[Campaign], run: &Run, screen: &Screen) -> String {
    if !campaigns.iter().any(stands) {
        return table::table(&[], run, &Screen { wrap: false, colour: false, ..*screen });
    }
    let replies = sees_replies(run);
    let mut out = row(TITLES.map(str::to_owned));
    out.push_str(&format!("|{}\n", " --- |".repeat(TITLES.len())));
    for (id, c) in ids::short(campaigns).into_iter().zip(campaigns).filter(|(_, campaign)| stands(campaign)) {
        let time = |stamp| format!("{} {}", words::day(stamp), words::clock(stamp));
        out.push_str(&row([
            format!("{} {}", style::glyph(c.severity), style::severity(c.severity)),
            format!("`{id}`"),
            campaign::source(c),
            campaign::what(c),
            campaign::targets(c),
            campaign::ports(c, if screen.whole_lists { usize::MAX } else { 40 }),
            time(&c.start),
            time(&c.end),
            campaign::sentence(c, replies, screen.whole_lists),
        ]));
    }
    out
}

fn row(cells: [String; 9]) -> String {
    format!(
        "| {} |\n",
        cells.map(|cell| clean(&cell).replace(style::TIE, " ").replace('|', "\\|")).join(" | ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::{all, golden, run, screen};

    #[test]
    fn a_table_that_renders() {
        let text = markdown(&all(), &run(), &screen(80));
        for line in text.lines() {
            assert_eq!(line.matches('|').count(), TITLES.len() + 1, "{line}");
        }
        golden("campaigns.md", &text);
    }
}
