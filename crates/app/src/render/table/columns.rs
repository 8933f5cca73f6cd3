//! The columns of the table: how wide each must be, which gives way, and which is hidden, so that rows fit the screen.

use watchpost_core::record::Campaign;

use super::PORTS_ROOM;
use crate::render::style::{self, Ink, glyph, pad, paint, width};
use crate::render::words::{self, number};
use crate::render::{Screen, campaign};

/// Columns of spaces between columns.
const GAP: usize = 2;

/// A source wider than this has a line for itself where the screen is narrow: a network of up to 99 sources.
const SOURCE_ROOM: usize = 19;

/// The same on the narrowest screens: the longest IPv4 address.
const SOURCE_LEAST: usize = 15;

/// What is wider than this with its tool names the tool in the line below, where the screen is narrow.
const WHAT_ROOM: usize = 20;

/// From this width on, times have day and second.
const WIDE: usize = 110;

const ID: usize = 1;
const SOURCE: usize = 2;
const WHAT: usize = 3;
/// Which services.
pub const PORTS: usize = 5;
/// When it began.
pub const FIRST: usize = 6;

/// The table's columns, measured over all rows. A column of width 0 is not shown.
pub struct Columns<'a> {
    screen: &'a Screen,
    titles: [&'static str; 7],
    widths: [usize; 7],
    days: Days,
}

impl<'a> Columns<'a> {
    /// Measured over these rows.
    pub fn new(rows: &[(&str, &Campaign)], screen: &'a Screen) -> Self {
        let first = if screen.width >= WIDE { "FIRST, UTC" } else { "UTC" };
        let titles = ["SEVERITY", "ID", "SOURCE", "WHAT", "TARGETS", "PORTS", first];
        let mut columns = Self { screen, titles, widths: titles.map(width), days: Days::of(rows) };
        let mut least_source = SOURCE_LEAST;
        let (mut least_ports, most_ports) =
            if screen.whole_lists { (usize::MAX, usize::MAX) } else { (width(titles[PORTS]), PORTS_ROOM) };
        // With all that may be said of tools; without the number of sources; without tools.
        let [mut full, mut short, mut bare] = [width(titles[WHAT]); 3];
        for (id, campaign) in rows {
            let cells = columns.cells(id, campaign, most_ports, usize::MAX);
            for (column, cell) in columns.widths.iter_mut().zip(&cells) {
                *column = (*column).max(width(cell));
            }
            let source = width(&cells[SOURCE]);
            least_source = least_source.max(if source <= SOURCE_ROOM { source } else { 0 });
            least_ports = least_ports.max(width(&campaign::ports(campaign, 0)));
            full = full.max(width(&what(campaign, WHAT_ROOM)));
            short = short.max(width(&named(campaign, 1, WHAT_ROOM)));
            bare = bare.max(width(&campaign::what(campaign)));
        }
        columns.fit(least_source, least_ports, [full, short, bare]);
        columns
    }

    /// Hides as little as makes the rows fit.
    fn fit(&mut self, source: usize, least_ports: usize, [full, short, bare]: [usize; 3]) {
        let natural = self.widths;
        let steps: [(&[usize], usize, usize); 8] = [
            (&[], source, natural[WHAT]),
            (&[], source, full),
            (&[], source, short),
            (&[FIRST], source, full),
            (&[FIRST], source, short),
            (&[PORTS], source, short),
            (&[FIRST, PORTS], source, short),
            (&[FIRST, PORTS], SOURCE_LEAST, bare),
        ];
        for (hidden, least_source, what) in steps {
            self.widths = natural;
            hidden.iter().for_each(|&column| self.widths[column] = 0);
            self.widths[WHAT] = what;
            self.give_way(SOURCE, least_source);
            self.give_way(PORTS, least_ports);
            if self.too_wide() == 0 {
                break;
            }
        }
    }

    fn shown(&self) -> impl Iterator<Item = usize> {
        (0..self.widths.len()).filter(|&column| !self.hides(column))
    }

    /// Whether this column found no room.
    pub const fn hides(&self, column: usize) -> bool {
        self.widths[column] == 0
    }

    /// Whether the row has all that is to be said of the tool.
    pub fn names_tool(&self, campaign: &Campaign) -> bool {
        campaign::tools(campaign).is_empty()
            || width(&what(campaign, self.widths[WHAT])) > width(&campaign::what(campaign))
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

    /// Where the ids begin, and everything that explains.
    pub const fn indent(&self) -> usize {
        2 + self.widths[0] + GAP
    }

    /// Where the sources begin.
    const fn source_at(&self) -> usize {
        self.indent() + self.widths[ID] + GAP
    }

    fn cells(&self, id: &str, campaign: &Campaign, ports: usize, what: usize) -> [String; 7] {
        [
            style::severity(campaign.severity).to_owned(),
            id.to_owned(),
            campaign::source(campaign),
            self::what(campaign, what),
            campaign::targets(campaign),
            campaign::ports(campaign, ports),
            self.first(campaign),
        ]
    }

    /// When it began, with as much of the date as the rows need.
    pub fn first(&self, campaign: &Campaign) -> String {
        let (day, clock) = (words::day(&campaign.start), words::clock(&campaign.start));
        let minute = clock.get(..5).unwrap_or(clock);
        match self.days {
            _ if self.screen.width >= WIDE => format!("{day} {clock}"),
            Days::One => minute.to_owned(),
            Days::OneYear => format!("{} {minute}", day.get(5..).unwrap_or(day)),
            Days::Years => day.to_owned(),
        }
    }

    /// The titles.
    pub fn heading(&self) -> String {
        let titles: Vec<String> =
            self.shown().map(|column| pad(self.titles[column], self.widths[column])).collect();
        let line = format!("  {}", titles.join(&" ".repeat(GAP)));
        paint(self.screen.colour, Ink::Faint, line.trim_end()) + "\n"
    }

    /// A row; one that is `dim` is not a scan of its own any more.
    pub fn row(&self, id: &str, campaign: &Campaign, dim: bool) -> String {
        let colour = self.screen.colour;
        let cells = self.cells(id, campaign, self.widths[PORTS], self.widths[WHAT]);
        let severity = if dim { Ink::Faint } else { Ink::Of(campaign.severity) };
        let mut out = paint(colour, severity, &format!("{} ", glyph(campaign.severity)));
        for column in self.shown() {
            let (cell, columns) = (&cells[column], self.widths[column]);
            let ink = match column {
                _ if dim => Some(Ink::Faint),
                0 => Some(severity),
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

/// What it is, with its tools and how many share it, as far as there is room: `SYN sweep, zmap ×14`.
fn what(campaign: &Campaign, room: usize) -> String {
    named(campaign, campaign.source_count, room)
}

/// The same for so many sources.
fn named(campaign: &Campaign, sources: u64, room: usize) -> String {
    let (what, tools) = (campaign::what(campaign), campaign::tools(campaign));
    if tools.is_empty() {
        return what;
    }
    let many = match sources {
        0 | 1 => String::new(),
        many => format!(" ×{}", number(many)),
    };
    let forms = [format!("{what}, {tools}{many}"), format!("{what}, {tools}")];
    forms.into_iter().find(|form| width(form) <= room).unwrap_or(what)
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
