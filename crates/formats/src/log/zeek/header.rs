//! The header of a TSV log: which column holds what.

use memchr::memchr;

use super::{conn, words};
use crate::log::field::equal;

/// A kind of log that is read: which fields of it, and how it is known.
#[derive(Debug)]
pub(super) struct Kind {
    /// As `#path` and `_path` have it; rotated and split ones go on behind `-`, `_` or `.`.
    pub path: &'static [u8],
    /// Fields that are read, in the order of [`Header::values`].
    pub fields: &'static [&'static [u8]],
    /// Those that no other log has, by which it is known where no path is told.
    pub own: &'static [&'static [u8]],
}

impl Kind {
    fn is_path(&self, path: &[u8]) -> bool {
        path.strip_prefix(self.path)
            .is_some_and(|rest| matches!(rest.first(), None | Some(b'-' | b'_' | b'.')))
    }
}

/// The kind of log that a path names.
pub(super) fn of_path(path: &[u8]) -> Option<&'static Kind> {
    KINDS.iter().copied().find(|kind| kind.is_path(path))
}

/// Every kind.
pub(super) const KINDS: &[&Kind] =
    &[&conn::KIND, &words::HTTP, &words::SSH, &words::SSL, &words::FTP, &words::SMTP, &words::NOTICE];

/// Columns beyond are not looked at.
const MOST: usize = 256;
/// A column that is not read.
const OTHER: u8 = u8::MAX;

/// The header that stands.
pub(super) struct Header {
    separator: u8,
    unset: Vec<u8>,
    empty: Vec<u8>,
    /// For each column the place of its field; up to the last one that is read.
    columns: Vec<u8>,
    /// What `#path` says.
    path: Option<Vec<u8>>,
    /// Whose it is.
    kind: Option<&'static Kind>,
}

impl Default for Header {
    fn default() -> Self {
        Self {
            separator: b'\t',
            unset: b"-".to_vec(),
            empty: b"(empty)".to_vec(),
            columns: Vec::new(),
            path: None,
            kind: None,
        }
    }
}

impl Header {
    /// A line that begins with `#`; what it does not know is a comment.
    pub fn take(&mut self, line: &[u8]) {
        // `#separator` alone is followed by a blank, and its value is escaped.
        if let Some(value) = line.strip_prefix(b"#separator ") {
            *self = Self { separator: separator(value), ..Self::default() };
            return;
        }
        let (name, value) = match memchr(self.separator, line) {
            Some(at) => (&line[..at], &line[at + 1..]),
            None => (line, &[][..]),
        };
        match name {
            b"#path" => {
                self.path = Some(value.to_vec());
                self.columns.clear();
            }
            b"#unset_field" => self.unset = value.to_vec(),
            b"#empty_field" => self.empty = value.to_vec(),
            b"#fields" => self.fields(value),
            _ => {}
        }
    }

    fn fields(&mut self, names: &[u8]) {
        let names: Vec<&[u8]> = names.split(|byte| *byte == self.separator).take(MOST).collect();
        self.kind = match &self.path {
            Some(path) => of_path(path),
            // A header pasted before an excerpt: its fields tell.
            None => KINDS.iter().copied().find(|kind| kind.own.iter().all(|field| names.contains(field))),
        };
        let fields = self.kind.map_or(&[][..], |kind| kind.fields);
        let place = |name: &&[u8]| fields.iter().position(|field| field == name).map_or(OTHER, |at| at as u8);
        self.columns = names.iter().map(place).collect();
        let read = self.columns.iter().rposition(|place| *place != OTHER).map_or(0, |last| last + 1);
        self.columns.truncate(read);
    }

    /// Whether a field that is read is there.
    fn has(&self, field: &[u8]) -> bool {
        let fields = self.kind.map_or(&[][..], |kind| kind.fields);
        let place = fields.iter().position(|known| *known == field);
        place.is_some_and(|place| self.columns.contains(&(place as u8)))
    }

    /// Whose lines come next.
    ///
    /// # Errors
    /// No header came before, or it is that of a log that is not read.
    #[inline]
    pub fn kind(&self) -> Result<&'static Kind, &'static str> {
        match self.kind {
            Some(kind) if !self.columns.is_empty() => Ok(kind),
            None if self.path.is_some() => Err("a Zeek log that is not read"),
            _ => Err("no #fields line before it"),
        }
    }

    /// The values of a line, in the order of the kind's fields; empty where unset, empty or not there.
    ///
    /// # Errors
    /// There are fewer columns than the header says.
    #[inline]
    pub fn values<'a, const N: usize>(&self, line: &'a [u8]) -> Result<[&'a [u8]; N], &'static str> {
        let mut values = [&[][..]; N];
        let mut columns = self.columns.iter();
        let mut start = 0;
        // Columns are short: their ends are found eight bytes at a time, without a call for each.
        let mut chunks = line.chunks_exact(8);
        let mut base = 0;
        for chunk in &mut chunks {
            let mut ends = equal(chunk.first_chunk().unwrap_or(&[0; 8]), self.separator);
            while ends != 0 {
                let at = base + ends.trailing_zeros() as usize / 8;
                let Some(place) = columns.next() else { return Ok(values) };
                self.put(&mut values, *place, &line[start..at]);
                start = at + 1;
                ends &= ends - 1;
            }
            base += 8;
        }
        for (at, byte) in chunks.remainder().iter().enumerate() {
            if *byte == self.separator {
                let Some(place) = columns.next() else { return Ok(values) };
                self.put(&mut values, *place, &line[start..base + at]);
                start = base + at + 1;
            }
        }
        if let Some(place) = columns.next() {
            self.put(&mut values, *place, &line[start..]);
        }
        if columns.next().is_some() { Err("fewer columns than #fields names") } else { Ok(values) }
    }

    #[inline(always)]
    fn put<'a, const N: usize>(&self, values: &mut [&'a [u8]; N], place: u8, value: &'a [u8]) {
        if let Some(slot) = values.get_mut(usize::from(place))
            && value != self.unset
            && value != self.empty
        {
            *slot = value;
        }
    }
}

/// `\x09` is a tab.
fn separator(value: &[u8]) -> u8 {
    let hex = value.strip_prefix(b"\\x").and_then(|hex| std::str::from_utf8(hex.get(..2)?).ok());
    hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).or(value.first().copied()).unwrap_or(b'\t')
}

/// Whether it is the header of a log that is read.
pub(super) fn is_read(head: &[u8]) -> bool {
    let mut header = Header::default();
    for line in head.split(|byte| *byte == b'\n').take_while(|line| line.starts_with(b"#")) {
        header.take(line.strip_suffix(b"\r").unwrap_or(line));
    }
    // Of every kind the first five fields are the time and both ends.
    header.kind().is_ok_and(|kind| {
        (0..5).all(|field| header.columns.contains(&field)) && kind.own.iter().all(|own| header.has(own))
    })
}
