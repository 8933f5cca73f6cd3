//! One column of a row group, value by value, as text.

use super::footer::{Column, Piece, Stored};
use super::page::{Broken, Header, Holds};
use super::values::{self, Deltas, Runs};

const DAMAGED: Broken = "a page is damaged";
/// Bytes of pages and dictionaries that are unpacked at a time, of all columns together.
const ROOM: usize = 128 << 20;
/// What an entry of a dictionary takes beside its text.
const ENTRY: usize = size_of::<(usize, usize)>();

/// Room for unpacked pages.
#[derive(Debug)]
pub(super) struct Room(usize);

impl Room {
    pub fn new() -> Self {
        Self(ROOM)
    }

    /// Gives back `before` bytes, and takes `now`.
    fn exchange(&mut self, before: &mut usize, now: usize) -> Result<(), Broken> {
        self.0 += std::mem::take(before);
        self.0 = self.0.checked_sub(now).ok_or("its pages take more than 128 MiB at a time")?;
        *before = now;
        Ok(())
    }
}

/// Reads one column's piece.
#[derive(Debug)]
pub(super) struct Cursor {
    stored: Stored,
    optional: bool,
    codec: i64,
    /// The next page, and where the piece ends.
    at: usize,
    end: usize,
    /// The page that is read: where it lies in the file, its bytes, values that are left in it.
    pub place: usize,
    page: Vec<u8>,
    left: usize,
    levels: Option<Runs>,
    reading: Reading,
    dictionary: Vec<u8>,
    entries: Vec<(usize, usize)>,
    page_room: usize,
    dictionary_room: usize,
    /// The last value that there was, and whether the current row's is missing.
    text: Vec<u8>,
    missing: bool,
    /// Rows of the group that no page has promised yet.
    rows: u64,
}

/// How the page's values are read.
#[derive(Debug)]
enum Reading {
    Plain(usize),
    Dictionary(Runs),
    Deltas(Deltas),
    /// Lengths, and where the texts begin.
    Lengths(Deltas, usize),
    /// What of the last text is kept, the lengths of the rest, and where it begins.
    Rests(Deltas, Deltas, usize),
}

impl Cursor {
    /// Of a piece of a row group of so many rows.
    pub fn new(column: &Column, piece: &Piece, rows: u64) -> Self {
        Self {
            stored: column.stored,
            optional: column.optional,
            codec: piece.codec,
            at: piece.start,
            end: piece.end,
            place: piece.start,
            page: Vec::new(),
            left: 0,
            levels: None,
            reading: Reading::Plain(0),
            dictionary: Vec::new(),
            entries: Vec::new(),
            page_room: 0,
            dictionary_room: 0,
            text: Vec::new(),
            missing: false,
            rows,
        }
    }

    /// The value of the current row; empty where it is missing, for which "-" stands too, as in the text of the log.
    pub fn text(&self) -> &[u8] {
        if self.missing || self.text == b"-" { b"" } else { &self.text }
    }

    /// Goes on to the next row.
    pub fn advance(&mut self, file: &[u8], room: &mut Room) -> Result<(), Broken> {
        while self.left == 0 {
            self.turn(file, room)?;
        }
        self.left -= 1;
        self.missing = match &mut self.levels {
            Some(levels) => levels.next(&self.page).ok_or(DAMAGED)? == 0,
            None => false,
        };
        if self.missing { Ok(()) } else { self.value().ok_or(DAMAGED) }
    }

    /// Gives back its room.
    pub fn close(&mut self, room: &mut Room) {
        room.0 += self.page_room + self.dictionary_room;
        (self.page_room, self.dictionary_room) = (0, 0);
    }

    fn value(&mut self) -> Option<()> {
        match &mut self.reading {
            Reading::Plain(at) => plain(self.stored, &self.page, at, &mut self.text)?,
            Reading::Dictionary(runs) => {
                let place = usize::try_from(runs.next(&self.page)?).ok()?;
                let (from, to) = *self.entries.get(place)?;
                self.text.clear();
                self.text.extend_from_slice(self.dictionary.get(from..to)?);
            }
            Reading::Deltas(deltas) => {
                let value = deltas.next(&self.page)?;
                // Values of 32 bits wrap as such.
                let value = if self.stored == Stored::Int32 { i64::from(value as i32) } else { value };
                decimal(value, &mut self.text);
            }
            Reading::Lengths(lengths, at) => {
                let length = usize::try_from(lengths.next(&self.page)?).ok()?;
                self.text.clear();
                self.text.extend_from_slice(values::text(&self.page, at, length)?);
            }
            Reading::Rests(kept, lengths, at) => {
                let kept = usize::try_from(kept.next(&self.page)?).ok()?;
                let length = usize::try_from(lengths.next(&self.page)?).ok()?;
                // The last text of the page before is none of this one's.
                (kept <= self.text.len()).then(|| self.text.truncate(kept))?;
                self.text.extend_from_slice(values::text(&self.page, at, length)?);
            }
        }
        Some(())
    }

    /// Turns to the next page.
    fn turn(&mut self, file: &[u8], room: &mut Room) -> Result<(), Broken> {
        let rest = file.get(self.at..self.end).filter(|rest| !rest.is_empty());
        let rest = rest.ok_or("a column has fewer values than its row group has rows")?;
        let header = Header::read(rest).ok_or("a page's header is damaged")?;
        self.place = self.at;
        let page = rest.get(header.length..).and_then(|page| page.get(..header.stored)).ok_or(DAMAGED)?;
        self.at += header.length + header.stored;
        match header.holds {
            Holds::Other => Ok(()),
            Holds::Dictionary => {
                let most = header.size().max(header.stored);
                // Numbers take more room as text, and each entry has its place.
                room.exchange(&mut self.dictionary_room, most.saturating_mul(1 + (20 + ENTRY) / 4))?;
                let page = header.unpack(page, self.codec)?;
                self.learn(&page, header.values).ok_or("a dictionary is damaged")
            }
            Holds::Values { levels, encoding } => {
                room.exchange(&mut self.page_room, header.size().max(header.stored))?;
                self.page = header.unpack(page, self.codec)?.into_owned();
                // One value a row holds: what a page promises beyond is not walked through.
                let values = u64::try_from(header.values).unwrap_or(u64::MAX);
                self.rows = self
                    .rows
                    .checked_sub(values)
                    .ok_or("a column has more values than its row group has rows")?;
                self.left = header.values;
                self.begin(levels, encoding)
            }
        }
    }

    /// Takes a dictionary: its values one behind the other.
    fn learn(&mut self, page: &[u8], count: usize) -> Option<()> {
        self.dictionary.clear();
        self.entries.clear();
        let mut at = 0;
        for _ in 0..count {
            // Each takes four bytes at least, so a count that is too large ends here soon.
            plain(self.stored, page, &mut at, &mut self.text)?;
            let from = self.dictionary.len();
            self.dictionary.extend_from_slice(&self.text);
            self.entries.push((from, self.dictionary.len()));
        }
        Some(())
    }

    /// Begins to read the page's levels and values.
    fn begin(&mut self, levels: Option<usize>, encoding: i64) -> Result<(), Broken> {
        let page = &self.page;
        let mut at = 0;
        self.levels = None;
        if let Some(length) = levels {
            at = length;
        } else if self.optional {
            at = 4 + values::plain::<4>(page, &mut 0).ok_or(DAMAGED)? as usize;
        }
        if at > page.len() {
            return Err(DAMAGED);
        }
        if self.optional {
            self.levels = Runs::new(1, if levels.is_some() { 0 } else { 4 }, at);
        }
        let numbers = self.stored != Stored::Bytes;
        self.reading = match encoding {
            0 => Reading::Plain(at),
            // A page without any value may lack the width.
            2 | 8 => {
                let bits = page.get(at).copied().unwrap_or(0);
                Reading::Dictionary(
                    Runs::new(u32::from(bits), at + 1, page.len().max(at + 1)).ok_or(DAMAGED)?,
                )
            }
            5 if numbers => Reading::Deltas(Deltas::new(page, at).ok_or(DAMAGED)?),
            6 if !numbers => {
                let lengths = Deltas::new(page, at).ok_or(DAMAGED)?;
                Reading::Lengths(lengths, lengths.end(page, self.left).ok_or(DAMAGED)?)
            }
            7 if !numbers => {
                self.text.clear();
                let kept = Deltas::new(page, at).ok_or(DAMAGED)?;
                let next = kept.end(page, self.left).ok_or(DAMAGED)?;
                let lengths = Deltas::new(page, next).ok_or(DAMAGED)?;
                Reading::Rests(kept, lengths, lengths.end(page, self.left).ok_or(DAMAGED)?)
            }
            _ => return Err("a page has an encoding that is not read"),
        };
        Ok(())
    }
}

/// A value as it is, as text.
fn plain(stored: Stored, page: &[u8], at: &mut usize, text: &mut Vec<u8>) -> Option<()> {
    match stored {
        Stored::Int32 => decimal(i64::from(values::plain::<4>(page, at)? as u32 as i32), text),
        Stored::Int64 => decimal(values::plain::<8>(page, at)? as i64, text),
        Stored::Bytes => {
            let value = values::counted(page, at)?;
            text.clear();
            text.extend_from_slice(value);
        }
    }
    Some(())
}

fn decimal(value: i64, text: &mut Vec<u8>) {
    text.clear();
    let mut rest = value.unsigned_abs();
    loop {
        text.push(b'0' + (rest % 10) as u8);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        text.push(b'-');
    }
    text.reverse();
}
