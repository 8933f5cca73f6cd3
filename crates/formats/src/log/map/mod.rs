//! Maps: logs of a product that nobody has written Rust for, told in a file where its fields stand.
//!
//! The problem: every firewall and every pipeline names its fields in its own way, and most say the same. The way: a map
//! (`file`, in TOML) names the fields of lines of JSON or CSV; `check` turns it into a [`Map`], which takes lines as any
//! built-in format does. The same rules hold: a field that is not mapped, or that a line lacks, is unknown and never a
//! default, and what the map cannot show stands in its `blind`. The limit: a map names and compares, it computes nothing;
//! what needs more (two lines that make one flow, a message within a message) is a format of its own.
//!
//! `docs/maps.md` is the reference for users.

mod blind; // what follows from what is not mapped
mod check; // a map as written becomes a map as meant
mod compact; // lines of JSON, walked
mod csv; // lines of values
mod field; // what a map can name
mod file; // a map as written
mod flags; // TCP flags in every form
mod json; // lines of JSON
mod line; // values become a contact
mod names; // paths and columns, and what they are for
mod recognise; // whether an input is of a map
mod row; // the values of a line
mod time; // times in the map's form

use std::borrow::Cow;
use std::sync::Arc;

use memchr::memmem::Finder;
use watchpost_core::contact::Time;
use watchpost_core::detect::Sense;
use watchpost_core::net::Address;

use super::firewall::syslog::{self, Clock, Stamp};
use super::{Assume, Lines, Out};
pub use check::{MapError, read};
use csv::{Columns, Names, Splitter, Table};
use field::{Field, Went};
use file::{FlagsForm, Records};
pub(super) use recognise::Misfit;
use row::{Row, Use};
use time::TimeForm;

/// A map, checked.
#[derive(Debug)]
pub struct Map {
    name: String,
    help: String,
    shape: Shape,
    records: Records,
    time: TimeForm,
    flags: FlagsForm,
    sampled: bool,
    syslog: bool,
    after: Option<Finder<'static>>,
    comment: Option<String>,
    /// Paths or columns, and what each is for.
    names: Vec<(String, Vec<Use>)>,
    /// For each field that a line must have the places of its names.
    required: Vec<Vec<u16>>,
    /// Fields that are mapped, and by which name.
    mapped: Vec<(Field, String)>,
    words: Vec<(String, Went)>,
    turned: Vec<String>,
    only: Vec<Vec<String>>,
    target: Option<Address>,
    port: Option<u16>,
    protocol: Option<u8>,
    outcome: Option<Went>,
    disorder: Time,
    blind: Vec<(Sense, String)>,
}

#[derive(Debug)]
enum Shape {
    Json(json::Paths),
    Csv(Table),
}

impl Map {
    /// As it stands in records.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// One line for people.
    pub fn help(&self) -> &str {
        &self.help
    }

    /// The form of its lines, as a map names it.
    pub fn form(&self) -> &'static str {
        match self.shape {
            Shape::Json(_) => "ndjson",
            Shape::Csv(_) => "csv",
        }
    }

    /// How late a line may come.
    pub fn disorder(&self) -> Time {
        self.disorder
    }

    /// What it cannot see: what, and why.
    pub fn blind(&self) -> &[(Sense, String)] {
        &self.blind
    }

    /// Begins to read.
    pub(super) fn lines(self: &Arc<Self>, assume: &Assume) -> Box<dyn Lines> {
        let (splitter, columns) = match &self.shape {
            Shape::Json(_) => (None, None),
            Shape::Csv(table) => (Some(Splitter::new(table.delimiter)), self.told(table)),
        };
        Box::new(Mapped {
            map: Arc::clone(self),
            clock: Clock::new(assume),
            splitter,
            columns,
            seen: 0,
            unlisted: 0,
        })
    }

    /// The columns that the map itself names.
    fn told(&self, table: &Table) -> Option<Columns> {
        match &table.names {
            Names::Told(names) => Some(Columns::told(self, names)),
            _ => None,
        }
    }

    #[inline]
    fn uses(&self, name: u16) -> &[Use] {
        self.names.get(usize::from(name)).map_or(&[], |(_, uses)| uses)
    }

    fn place(&self, name: &[u8]) -> Option<u16> {
        let place = self.names.iter().position(|(known, _)| known.as_bytes() == name)?;
        u16::try_from(place).ok()
    }

    fn went(&self, word: &[u8]) -> Option<Went> {
        let same = |known: &str| known.as_bytes().eq_ignore_ascii_case(word);
        self.words.iter().find(|(known, _)| same(known)).map(|(_, went)| *went)
    }

    fn turns(&self, word: &[u8]) -> bool {
        self.turned.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(word))
    }

    fn meets(&self, condition: u8, word: &[u8]) -> bool {
        let words = self.only.get(usize::from(condition)).map_or(&[][..], Vec::as_slice);
        words.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(word))
    }

    /// What [`Row::met`] is where all conditions are met.
    fn all_met(&self) -> u64 {
        (1 << self.only.len()) - 1
    }

    /// Required fields of which no name is there, in words.
    fn lacks(&self, has: impl Fn(u16) -> bool) -> Vec<String> {
        let missing = self.required.iter().filter(|names| !names.iter().any(|name| has(*name)));
        missing.map(|names| self.shown(names)).collect()
    }

    fn shown(&self, names: &[u16]) -> String {
        let name = |place: &u16| self.names.get(usize::from(*place)).map(|(name, _)| format!("`{name}`"));
        names.iter().filter_map(name).collect::<Vec<_>>().join(" or ")
    }

    /// What is read of a line, and the stamp of its syslog header.
    ///
    /// # Errors
    /// It is none of the product's.
    fn open<'a>(&self, line: &'a [u8]) -> Result<(Stamp, Cow<'a, [u8]>), &'static str> {
        let (stamp, text) = match self.syslog {
            true => {
                let line = syslog::open(line);
                (line.stamp, line.text)
            }
            false => (Stamp::None, Cow::Borrowed(line)),
        };
        let Some(after) = &self.after else { return Ok((stamp, text)) };
        let at = after.find(&text).ok_or("a line without the text that the map looks for")?;
        let from = at + after.needle().len();
        Ok(match text {
            Cow::Borrowed(text) => (stamp, Cow::Borrowed(&text[from..])),
            Cow::Owned(text) => (stamp, Cow::Owned(text[from..].to_vec())),
        })
    }

    fn is_comment(&self, line: &[u8]) -> bool {
        self.comment.as_ref().is_some_and(|start| line.starts_with(start.as_bytes()))
    }
}

/// Takes lines by a map.
struct Mapped {
    map: Arc<Map>,
    clock: Clock,
    splitter: Option<Splitter>,
    columns: Option<Columns>,
    /// Fields that some line had, one bit each.
    seen: u32,
    /// Lines whose word for how it went the map does not have.
    unlisted: u64,
}

impl Mapped {
    /// # Errors
    /// Why the line gives no contact.
    fn row(&mut self, line: &[u8], out: &mut Out<'_>) -> Result<(), &'static str> {
        let Self { map, clock, splitter, columns, seen, unlisted } = self;
        let (header, text) = map.open(line)?;
        let mut row = Row::new();
        match (&map.shape, splitter, columns) {
            (Shape::Json(paths), ..) => json::walk(map, paths, &text, &mut row)?,
            (Shape::Csv(table), Some(splitter), Some(columns)) => {
                columns.take(map, table.delimiter, splitter, &text, &mut row)?;
            }
            (Shape::Csv(_), ..) => return Err("a line before the header"),
        }
        let contact = line::contact(map, &row, header, clock, out.sensor)?;
        *seen |= row.seen();
        *unlisted += u64::from(row.is_unlisted());
        out.contact(contact);
        Ok(())
    }

    /// Whether the line is a header: then its columns are those of the lines that follow.
    #[cold]
    fn is_header(&mut self, line: &[u8]) -> bool {
        let (Shape::Csv(table), Some(splitter)) = (&self.map.shape, &mut self.splitter) else { return false };
        let Ok((_, text)) = self.map.open(line) else { return false };
        if let Names::Told(_) = table.names {
            return false;
        }
        let columns = Columns::of_header(&self.map, table, splitter, &text).ok();
        let is = columns.is_some();
        self.columns = columns.or(self.columns.take());
        is
    }
}

impl Lines for Mapped {
    fn take(&mut self, line: &[u8], out: &mut Out<'_>) -> Result<(), &'static str> {
        match self.row(line, out) {
            Err(_) if self.is_header(line) || self.map.is_comment(line) => Ok(()),
            other => other,
        }
    }

    fn assumed(&self) -> Vec<String> {
        let mut said = self.clock.assumed();
        let never = self.map.mapped.iter().filter(|(field, _)| self.seen & 1 << *field as u32 == 0);
        let never: Vec<String> = never.map(|(field, name)| format!("{field} ({name})")).collect();
        if self.seen != 0 && !never.is_empty() {
            said.push(format!("no line has what the map calls {}: it is unknown", never.join(", ")));
        }
        if self.unlisted > 0 {
            let count = self.unlisted;
            said.push(format!("{count} lines tell how they went in words that the map's outcomes lack"));
        }
        said
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod shipped_tests;
