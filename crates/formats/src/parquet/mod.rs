//! AWS VPC flow logs in Parquet, as AWS delivers them to S3 on demand: the fields of the text with `_` for `-`, a column each.
//!
//! The problem: a reader of all of Parquet with all its dependencies is dear to build, and those at hand trust what a file
//! claims: nesting that exhausts the stack, pages of any size. The way: of the format only what a flat table needs is
//! read, value by value, within bounds. A file's directory stands at its end, so the whole of it is read into memory first.
//!
//! A page that cannot be read loses the rest of its row group, and nothing else. Text and Parquet give the same contacts: both
//! come from `record::contact`.
//!
//! Limits: 256 MiB a file (AWS's have 75 MB at most), 128 MiB of unpacked pages; values that are not one for each row, LZ4, Brotli and encrypted
//! files are not read; a file that is cut off has no directory, and gives nothing.

mod cursor; // one column, value by value
mod footer; // what there is, and where
mod page; // headers, compression
mod snappy; // a compression
mod thrift; // how headers are written
mod values; // encodings

use std::io::Read;

use watchpost_core::contact::{Contact, Time};

use crate::Spec;
use crate::input::{OpenError, Window};
use crate::log::cloud::aws::record::{self, COUNT, FIELDS, Gaps};
use crate::log::cloud::aws::{BLIND, DISORDER};
use crate::report::Report;
use cursor::{Cursor, Room};
use footer::Footer;

/// Larger files are refused.
const LARGEST: usize = 256 << 20;
/// No file holds more rows for each of its bytes: gzip itself packs no closer.
const MOST_ROWS: u64 = 1024;
/// Fields without which no record is one; of both addresses either form will do.
const NEEDED: [&str; 6] = ["srcaddr", "dstaddr", "srcport", "dstport", "protocol", "start"];

/// As AWS delivers it.
pub const SPEC: Spec = Spec {
    name: "aws-vpc-parquet",
    help: "AWS VPC flow logs in Parquet, with pages plain or compressed with gzip, Snappy or zstd",
    extensions: &["parquet"],
    recognised: &[footer::MAGIC],
};

/// An open file.
pub struct Table {
    file: Vec<u8>,
    footer: Footer,
    /// Of each column the place of its field in [`FIELDS`].
    places: Vec<usize>,
    /// The row group that is read.
    group: usize,
    rows: u64,
    cursors: Vec<(usize, Cursor)>,
    room: Room,
    gaps: Gaps,
    suffix: &'static str,
    bytes_raw: u64,
    sensor: u16,
    report: Report,
}

impl Table {
    /// Whether it is Parquet.
    pub(crate) fn recognise<R: Read>(window: &Window<R>) -> bool {
        window.bytes().starts_with(footer::MAGIC)
    }

    /// # Errors
    /// Where the file is too large, cut off, or lacks columns.
    pub(crate) fn open<R: Read>(
        mut window: Window<R>,
        mut report: Report,
        sensor: u16,
    ) -> Result<Self, OpenError> {
        let file = whole(&mut window)?;
        let footer =
            Footer::read(&file, |name| place(name).is_some()).map_err(|why| OpenError::Table(why.into()))?;
        let has = |field: &str| footer.columns.iter().any(|column| is(field, &column.name));
        let either = |field: &str| has(field) || field.ends_with("addr") && has(&format!("pkt-{field}"));
        let lacking: Vec<String> =
            NEEDED.iter().filter(|field| !either(field)).map(ToString::to_string).collect();
        if !lacking.is_empty() {
            return Err(OpenError::Table(format!(
                "of the columns of AWS VPC flow logs it lacks {}; only these are read of Parquet",
                lacking.join(", ")
            )));
        }
        let rows = footer.groups.iter().fold(0_u64, |sum, group| sum.saturating_add(group.rows));
        if rows > file.len() as u64 * MOST_ROWS {
            return Err(OpenError::Table(format!(
                "it claims {rows} rows, more than its bytes can hold; fetch it again"
            )));
        }
        let places = footer.columns.iter().filter_map(|column| place(&column.name)).collect();
        report.blind = BLIND.iter().map(|&(sense, why)| (sense, why.into())).collect();
        Ok(Self {
            file,
            footer,
            places,
            group: 0,
            rows: 0,
            cursors: Vec::new(),
            room: Room::new(),
            gaps: Gaps::default(),
            suffix: window.suffix(),
            bytes_raw: window.bytes_raw(),
            sensor,
            report,
        })
    }

    /// The format's name, with `.gz` or `.zst` where the file itself is compressed.
    pub fn format(&self) -> String {
        format!("{}{}", SPEC.name, self.suffix)
    }

    /// Reads up to `at_most` rows and appends their contacts; false when there are no more.
    pub fn fill(&mut self, into: &mut Vec<Contact>, at_most: usize) -> bool {
        for _ in 0..at_most {
            if !self.row(into) {
                self.report.bytes = self.file.len() as u64;
                self.report.bytes_raw = self.bytes_raw;
                // Told once, however often the end is asked for.
                let gaps = std::mem::take(&mut self.gaps).blind();
                self.report.blind.extend(gaps.map(|(sense, why)| (sense, why.into())));
                return false;
            }
        }
        let at = self.place();
        self.report.bytes = self.report.bytes.max(at);
        let share = u128::from(at) * u128::from(self.bytes_raw) / self.file.len().max(1) as u128;
        self.report.bytes_raw = self.report.bytes_raw.max(share as u64);
        true
    }

    /// Takes one row; false where there is none.
    fn row(&mut self, into: &mut Vec<Contact>) -> bool {
        while self.rows == 0 {
            if !self.next_group() {
                return false;
            }
        }
        self.rows -= 1;
        for at in 0..self.cursors.len() {
            let (column, cursor) = &mut self.cursors[at];
            if let Err(broken) = cursor.advance(&self.file, &mut self.room) {
                let name = String::from_utf8_lossy(&self.footer.columns[*column].name).into_owned();
                let resumed = self.footer.groups.get(self.group).and_then(|next| next.pieces.first());
                let resumed = resumed.map(|piece| piece.start as u64);
                self.report.damaged(cursor.place as u64, format!("column {name}: {broken}"), resumed);
                self.rows = 0;
                return true;
            }
        }
        self.report.packets += 1;
        let mut values = [&[][..]; COUNT];
        for (column, cursor) in &self.cursors {
            values[self.places[*column]] = cursor.text();
        }
        match record::contact(&values, &mut self.gaps, self.sensor) {
            Ok(contact) => {
                self.report.earliest = self.report.earliest.min(contact.time);
                self.report.latest = self.report.latest.max(contact.time);
                self.report.reached = self.report.reached.max(contact.time);
                into.push(contact);
            }
            Err(reason) => self.report.skip(reason, self.place()),
        }
        true
    }

    /// Where the first column's page begins.
    fn place(&self) -> u64 {
        self.cursors.first().map_or(0, |(_, cursor)| cursor.place as u64)
    }

    fn next_group(&mut self) -> bool {
        let Some(group) = self.footer.groups.get(self.group) else { return false };
        self.group += 1;
        self.rows = group.rows;
        for (_, cursor) in &mut self.cursors {
            cursor.close(&mut self.room);
        }
        self.cursors.clear();
        // A column that comes twice counts once.
        for piece in &group.pieces {
            if !self.cursors.iter().any(|(column, _)| *column == piece.column) {
                let cursor = Cursor::new(&self.footer.columns[piece.column], piece, group.rows);
                self.cursors.push((piece.column, cursor));
            }
        }
        if self.cursors.is_empty() && self.rows > 0 {
            self.report.damaged(0, format!("row group {} has no columns", self.group), None);
            self.rows = 0;
        }
        true
    }

    /// What was read so far.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// How late a record may come.
    pub fn disorder(&self) -> Time {
        DISORDER
    }
}

/// Place of a column's field in [`FIELDS`], if it is read.
fn place(name: &[u8]) -> Option<usize> {
    FIELDS.iter().position(|field| is(field, name))
}

/// Columns are called like fields, with `_` for `-`.
fn is(field: &str, name: &[u8]) -> bool {
    let same = |(a, b): (u8, &u8)| a == if *b == b'_' { b'-' } else { b.to_ascii_lowercase() };
    field.len() == name.len() && field.bytes().zip(name).all(same)
}

/// All bytes of the input.
fn whole<R: Read>(window: &mut Window<R>) -> Result<Vec<u8>, OpenError> {
    let mut file = Vec::new();
    while window.need(1) {
        let bytes = window.bytes();
        if file.len() + bytes.len() > LARGEST {
            return Err(OpenError::Table(
                "it is larger than 256 MiB; AWS's own files have 75 MB at most, so split it".into(),
            ));
        }
        file.extend_from_slice(bytes);
        let count = bytes.len();
        window.advance(count);
    }
    match window.take_failure() {
        Some(failure) if window.suffix().is_empty() => Err(OpenError::Io(std::io::Error::other(failure))),
        Some(failure) => Err(OpenError::Compression(failure)),
        None => Ok(file),
    }
}
