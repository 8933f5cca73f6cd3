//! Whatever is read: a capture, a log or a table, recognised from its content.

use std::io::Read;

use watchpost_core::contact::{Contact, Time};
use watchpost_core::utterance::Utterance;

use crate::capture::Capture;
use crate::input::{self, OpenError};
use crate::log::{Assume, Log};
use crate::parquet::Table;
use crate::report::Report;

/// An open input of any format.
pub enum Reader<R> {
    /// Packets.
    Capture(Box<Capture<R>>),
    /// Lines.
    Log(Box<Log<R>>),
    /// Rows.
    Table(Box<Table>),
}

impl<R: Read> Reader<R> {
    /// Recognises compression and format. `sensor` is copied into every contact; `assume` says what logs leave out.
    ///
    /// # Errors
    /// [`OpenError`] where nothing can be read for a reason that lies in the beginning. Any later damage is no error but
    /// stands in the [`Report`].
    pub fn open(reader: R, sensor: u16, assume: &Assume) -> Result<Self, OpenError> {
        let mut window = input::begin(reader)?;
        let mut report = Report::new();
        if let Some(format) = Capture::recognise(&mut window, &mut report)? {
            return Ok(Self::Capture(Box::new(Capture::new(window, format, report, sensor))));
        }
        if Table::recognise(&window) {
            return Ok(Self::Table(Box::new(Table::open(window, report, sensor)?)));
        }
        match Log::recognise(&mut window, assume) {
            Ok(lines) => Ok(Self::Log(Box::new(Log::new(window, lines, report, sensor)))),
            Err(nearest) => Err(input::not_readable(&mut window, nearest)),
        }
    }

    /// The format's name, with `.gz` or `.zst` where it is compressed.
    pub fn format(&self) -> String {
        match self {
            Self::Capture(capture) => capture.format(),
            Self::Log(log) => log.format(),
            Self::Table(table) => table.format(),
        }
    }

    /// Reads up to `at_most` packets, lines or rows, and appends their contacts; false when the input has ended. It never fails:
    /// damage goes into the [`Report`].
    pub fn fill(&mut self, into: &mut Vec<Contact>, at_most: usize) -> bool {
        match self {
            Self::Capture(capture) => capture.fill(into, at_most),
            Self::Log(log) => log.fill(into, at_most),
            Self::Table(table) => table.fill(into, at_most),
        }
    }

    /// Hands over what was said, since the last call.
    pub fn heard(&mut self, into: &mut Vec<Utterance>) {
        match self {
            Self::Capture(capture) => capture.heard(into),
            Self::Log(log) => log.heard(into),
            Self::Table(_) => {}
        }
    }

    /// What was read so far.
    pub fn report(&self) -> &Report {
        match self {
            Self::Capture(capture) => capture.report(),
            Self::Log(log) => log.report(),
            Self::Table(table) => table.report(),
        }
    }

    /// How late a contact may come and still be in the order of the input.
    pub fn disorder(&self) -> Time {
        match self {
            Self::Capture(capture) => capture.disorder(),
            Self::Log(log) => log.disorder(),
            Self::Table(table) => table.disorder(),
        }
    }
}
