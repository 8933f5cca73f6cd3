//! The table of scans, for people: a row that answers, and under it a line that explains.
//!
//! It fits 80 columns and uses more where they are. An address is never cut: one that is too long for its column has
//! the line for itself. Times, then ports, that find no room stand in the line that explains. Below 60 columns rows may run
//! over the edge.

use std::collections::BTreeMap;

use watchpost_core::record::{Campaign, Run, Severity};

use super::style::{self, Ink, glyph, pad, paint, width, wrap};
use super::words::{self, and, number, plural};
use super::{Screen, campaign, ids, sees_replies, stands};

/// Rows that a terminal gets; the scans beyond them are counted. Whoever wants all asks for all.
const MOST_ROWS: usize = 40;

/// Columns of spaces between columns.
const GAP: usize = 2;

/// A source wider than this has a line for itself where the screen is narrow: the longest IPv4 address.
const SOURCE_ROOM: usize = 15;

/// Ports take no more columns than this, in their column or in the line that explains.
const PORTS_ROOM: usize = 30;

/// From this width on, times have day and second.
const WIDE: usize = 110;

/// The table, or, where there is no scan, the sentence that says so.
pub fn table(campaigns: &[Campaign], run: &Run, screen: &Screen) -> String {
    let short = ids::short(campaigns);
    let standing: Vec<(&str, &Campaign)> =
        short.into_iter().zip(campaigns).filter(|(_, campaign)| stands(campaign)).collect();
    if standing.is_empty() {
        return nothing(run, screen);
    }
    let rows = if screen.all { standing.len() } else { standing.len().min(MOST_ROWS) };
    let (listed, others) = standing.split_at(rows);
    let columns = Columns::new(listed, screen);
    let replies = sees_replies(run);
    let mut out = columns.heading();
    for (id, campaign) in listed {
        out.push_str(&columns.row(id, campaign));
        let mut sentence = campaign::sentence(campaign, replies, screen.whole_lists);
        if columns.hides(PORTS) {
            let ports = campaign::ports(campaign, PORTS_ROOM);
            // What is no port has its own name with it.
            let label = if ports.starts_with(|c: char| c.is_ascii_digit()) { "ports " } else { "" };
            sentence = format!("{label}{ports}; {sentence}");
        }
        if columns.hides(FIRST) {
            sentence =
                format!("{} {} UTC; {sentence}", words::day(&campaign.start), words::clock(&campaign.start));
        }
        let indent = columns.source_at();
        out.push_str(&style::labelled("", &sentence, indent, screen.wrap.then_some(screen.width)));
    }
    out.push_str(&counted(others, screen));
    out
}

const SOURCE: usize = 2;
const PORTS: usize = 5;
const FIRST: usize = 6;

/// The table's columns, measured over all rows. A column of width 0 is not shown.
struct Columns<'a> {
    screen: &'a Screen,
    titles: [&'static str; 7],
    widths: [usize; 7],
    days: Days,
}

impl<'a> Columns<'a> {
    fn new(rows: &[(&str, &Campaign)], screen: &'a Screen) -> Self {
        let first = if screen.width >= WIDE { "FIRST, UTC" } else { "UTC" };
        let titles = ["SEVERITY", "ID", "SOURCE", "WHAT", "TARGETS", "PORTS", first];
        let mut columns = Self { screen, titles, widths: titles.map(width), days: Days::of(rows) };
        let (mut least_ports, most_ports) =
            if screen.whole_lists { (usize::MAX, usize::MAX) } else { (width(titles[PORTS]), PORTS_ROOM) };
        for (id, campaign) in rows {
            let cells = columns.cells(id, campaign, most_ports);
            for (column, cell) in columns.widths.iter_mut().zip(&cells) {
                *column = (*column).max(width(cell));
            }
            least_ports = least_ports.max(width(&campaign::ports(campaign, 0)));
        }
        columns.fit(least_ports);
        columns
    }

    /// Hides as little as makes the rows fit.
    fn fit(&mut self, least_ports: usize) {
        let natural = self.widths;
        for hidden in [&[][..], &[FIRST], &[PORTS], &[FIRST, PORTS]] {
            self.widths = natural;
            hidden.iter().for_each(|&column| self.widths[column] = 0);
            self.give_way(SOURCE, SOURCE_ROOM);
            self.give_way(PORTS, least_ports);
            if self.too_wide() == 0 {
                break;
            }
        }
    }

    fn shown(&self) -> impl Iterator<Item = usize> {
        (0..self.widths.len()).filter(|&column| !self.hides(column))
    }

    const fn hides(&self, column: usize) -> bool {
        self.widths[column] == 0
    }

    /// By how much the rows are wider than the screen.
    fn too_wide(&self) -> usize {
        let columns: usize = self.shown().map(|column| self.widths[column] + GAP).sum();
        columns.saturating_sub(self.screen.width)
    }

    /// Takes from a column what the rows are too wide by, but leaves it `least`.
    fn give_way(&mut self, column: usize, least: usize) {
        let wide = self.widths[column];
        self.widths[column] = wide.saturating_sub(self.too_wide()).max(least.min(wide));
    }

    /// Where the sources begin, and everything that explains.
    const fn source_at(&self) -> usize {
        2 + self.widths[0] + GAP + self.widths[1] + GAP
    }

    fn cells(&self, id: &str, campaign: &Campaign, ports: usize) -> [String; 7] {
        [
            style::severity(campaign.severity).to_owned(),
            id.to_owned(),
            campaign::source(campaign),
            campaign::what(campaign),
            campaign::targets(campaign),
            campaign::ports(campaign, ports),
            self.first(campaign),
        ]
    }

    fn first(&self, campaign: &Campaign) -> String {
        let (day, clock) = (words::day(&campaign.start), words::clock(&campaign.start));
        let minute = clock.get(..5).unwrap_or(clock);
        match self.days {
            _ if self.screen.width >= WIDE => format!("{day} {clock}"),
            Days::One => minute.to_owned(),
            Days::OneYear => format!("{} {minute}", day.get(5..).unwrap_or(day)),
            Days::Years => day.to_owned(),
        }
    }

    fn heading(&self) -> String {
        let titles: Vec<String> =
            self.shown().map(|column| pad(self.titles[column], self.widths[column])).collect();
        let line = format!("  {}", titles.join(&" ".repeat(GAP)));
        paint(self.screen.colour, Ink::Faint, line.trim_end()) + "\n"
    }

    fn row(&self, id: &str, campaign: &Campaign) -> String {
        let colour = self.screen.colour;
        let cells = self.cells(id, campaign, self.widths[PORTS]);
        let mut out = paint(colour, Ink::Of(campaign.severity), &format!("{} ", glyph(campaign.severity)));
        for column in self.shown() {
            let (cell, columns) = (&cells[column], self.widths[column]);
            let ink = match column {
                0 => Some(Ink::Of(campaign.severity)),
                SOURCE => Some(Ink::Bold),
                _ => None,
            };
            out.push_str(&ink.map_or_else(|| cell.clone(), |ink| paint(colour, ink, cell)));
            if width(cell) > columns && column == SOURCE {
                out.push_str(&format!("\n{}", " ".repeat(self.source_at() + columns)));
            }
            out.push_str(&" ".repeat(columns.saturating_sub(width(cell)) + GAP));
        }
        format!("{}\n", out.trim_end())
    }
}

/// Over what span the rows begin: it decides how much of a date each must show.
enum Days {
    One,
    OneYear,
    Years,
}

impl Days {
    fn of(rows: &[(&str, &Campaign)]) -> Self {
        let same = |length: usize| {
            let begin = |(_, campaign): &(&str, &Campaign)| campaign.start.0.get(..length).map(str::to_owned);
            rows.windows(2).all(|pair| begin(&pair[0]) == begin(&pair[1]))
        };
        match (same(10), same(4)) {
            (true, _) => Self::One,
            (_, true) => Self::OneYear,
            _ => Self::Years,
        }
    }
}

/// One line a severity for the scans that are not listed.
fn counted(others: &[(&str, &Campaign)], screen: &Screen) -> String {
    let mut severities: BTreeMap<std::cmp::Reverse<Severity>, BTreeMap<String, u64>> = BTreeMap::new();
    for (_, campaign) in others {
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
        (packets, 0) => {
            format!("No scans found: in {} nobody began anything.", plural(packets, "packet", "packets"))
        }
        (packets, sources) => format!(
            "No scans found: in {}, {} began something, and none of it looks like a scan.",
            plural(packets, "packet", "packets"),
            plural(sources, "source", "sources"),
        ),
    };
    if run.packets > 0 && !run.blind.is_empty() {
        let blind: Vec<String> = run.blind.iter().map(|blind| super::clean::clean(&blind.what)).collect();
        text.push_str(&format!(" Not visible here: {}.", blind.join(", ")));
    }
    wrap(&text, screen.wrap.then_some(screen.width)).join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::{all, golden, port_scan, run, screen, syn_sweep, withdrawn};

    #[test]
    fn at_80_and_160_columns() {
        golden("table-80.txt", &table(&all(), &run(), &screen(80)));
        golden("table-160.txt", &table(&all(), &run(), &screen(160)));
    }

    #[test]
    fn no_line_is_wider_than_the_screen() {
        for columns in [60, 72, 80, 100, 132, 160] {
            for line in table(&all(), &run(), &screen(columns)).lines() {
                assert!(width(line) <= columns, "{columns}: {line}");
            }
        }
    }

    #[test]
    fn a_time_shows_as_much_of_its_date_as_it_must() {
        let text = |start: &str| {
            let other = Campaign { start: watchpost_core::record::Stamp(start.into()), ..port_scan() };
            table(&[syn_sweep(), other], &run(), &screen(90))
        };
        assert!(text("2026-11-23T09:00:00.000000000Z").contains("  14:02\n"));
        assert!(text("2026-11-24T09:00:00.000000000Z").contains("  11-23 14:02\n"));
        assert!(text("2025-11-23T09:00:00.000000000Z").contains("  2026-11-23\n"));
    }

    #[test]
    fn what_finds_no_column_stands_in_the_line_below() {
        let later = Campaign {
            start: watchpost_core::record::Stamp("2026-11-24T09:00:00.000000000Z".into()),
            ..port_scan()
        };
        let rows = [syn_sweep(), later];
        let one_line = |columns| Screen { wrap: false, ..screen(columns) };
        assert!(table(&rows, &run(), &one_line(72)).contains("2026-11-24 09:00:00 UTC; only 198.51.100.23"));
        assert!(
            table(&rows, &run(), &one_line(60)).contains("09:00:00 UTC; ports 1-1024; only 198.51.100.23")
        );
    }

    #[test]
    fn addresses_are_never_cut() {
        let text = table(&all(), &run(), &screen(80));
        assert!(text.contains("2001:db8:5:1234:5678:9abc:def0:1234\n"), "{text}");
    }

    #[test]
    fn many_scans_are_listed_most_severe_first_and_the_rest_counted() {
        let many: Vec<Campaign> = (0..50)
            .map(|n| Campaign {
                id: format!("{n:04}aaaaaaaaaaaa"),
                severity: if n < 5 { Severity::High } else { Severity::Low },
                ..syn_sweep()
            })
            .collect();
        let text = table(&many, &run(), &screen(80));
        assert!(text.ends_with("+ 10 more of severity low: 10 SYN sweep (--all lists them)\n"), "{text}");
        let text = table(&many, &run(), &Screen { all: true, ..screen(80) });
        assert_eq!(text.matches("SYN sweep").count(), 50);
    }

    #[test]
    fn nothing_found_is_said_plainly() {
        let text = table(&[withdrawn()], &run(), &Screen { wrap: false, ..screen(80) });
        assert_eq!(
            text,
            "No scans found: in 3,525,240 packets, 421 sources began something, and none of it looks like a scan. \
             Not visible here: banners, outbound.\n"
        );
        let empty = Run { packets: 0, sources: 0, ..run() };
        assert!(table(&[], &empty, &screen(80)).starts_with("No scans found, and nothing to find them in"));
    }
}
