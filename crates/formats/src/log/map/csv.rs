//! Lines of values with something between them, under names that a header or the map gives.
//!
//! Most lines have no quotes: these are split where the delimiter stands. The others go through csv-core, which knows that
//! a quoted value may hold delimiters and doubled quotes. The limit: a quoted value that goes on in the next line is told
//! and left out, for a log's lines are taken one by one.

use std::borrow::Cow;

use memchr::memchr;

use super::Map;
use super::row::Row;

/// What stands between values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delimiter {
    /// This byte.
    Byte(u8),
    /// Any number of blanks and tabs; quotes mean nothing.
    Blanks,
}

/// Where the columns' names stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Names {
    /// In the first line that has those that the map needs.
    First,
    /// In lines that begin with this.
    Behind(Vec<u8>),
    /// In the map.
    Told(Vec<String>),
}

/// The form of a table.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub delimiter: Delimiter,
    pub names: Names,
}

/// For each column the place of its name among the map's, if it is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Columns(Vec<Option<u16>>);

impl FromIterator<Option<u16>> for Columns {
    /// What stands behind the last that is read is not looked at.
    fn from_iter<T: IntoIterator<Item = Option<u16>>>(places: T) -> Self {
        let mut all: Vec<Option<u16>> = places.into_iter().collect();
        all.truncate(all.iter().rposition(Option::is_some).map_or(0, |last| last + 1));
        Self(all)
    }
}

/// What splitting needs to keep.
pub(super) struct Splitter {
    quoted: csv_core::Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
}

/// Why a line cannot be split.
const GOES_ON: &str = "a quoted value that goes on in the next line";

impl Splitter {
    pub fn new(delimiter: Delimiter) -> Self {
        let byte = match delimiter {
            Delimiter::Byte(byte) => byte,
            Delimiter::Blanks => b' ',
        };
        Self {
            quoted: csv_core::ReaderBuilder::new()
                .delimiter(byte)
                .terminator(csv_core::Terminator::Any(b'\n'))
                .build(),
            text: vec![0; 1024],
            ends: vec![0; 64],
        }
    }

    /// Gives each value with its place until `each` says that it is enough.
    ///
    /// # Errors
    /// A quoted value does not end.
    #[inline]
    pub fn each<'a>(
        &'a mut self,
        delimiter: Delimiter,
        line: &'a [u8],
        mut each: impl FnMut(usize, &'a [u8]) -> bool,
    ) -> Result<(), &'static str> {
        let byte = match delimiter {
            Delimiter::Byte(byte) => byte,
            Delimiter::Blanks => {
                let words = line.split(|b| matches!(b, b' ' | b'\t')).filter(|word| !word.is_empty());
                let _ = words.enumerate().all(|(place, word)| each(place, word));
                return Ok(());
            }
        };
        if memchr(b'"', line).is_some() {
            return self.quoted(line, each);
        }
        let (mut rest, mut place) = (line, 0);
        while let Some(at) = memchr(byte, rest) {
            if !each(place, &rest[..at]) {
                return Ok(());
            }
            (rest, place) = (&rest[at + 1..], place + 1);
        }
        each(place, rest);
        Ok(())
    }

    #[cold]
    fn quoted<'a>(
        &'a mut self,
        line: &'a [u8],
        mut each: impl FnMut(usize, &'a [u8]) -> bool,
    ) -> Result<(), &'static str> {
        use csv_core::ReadRecordResult::{End, InputEmpty, OutputEndsFull, OutputFull, Record};
        if line.iter().filter(|byte| **byte == b'"').count() % 2 == 1 {
            return Err(GOES_ON);
        }
        self.quoted.reset();
        let (mut rest, mut written, mut count) = (line, 0, 0);
        loop {
            let (result, read, wrote, ended) =
                self.quoted.read_record(rest, &mut self.text[written..], &mut self.ends[count..]);
            rest = &rest[read..];
            (written, count) = (written + wrote, count + ended);
            match result {
                // What is left is nothing: told once more, that is the end.
                InputEmpty => {}
                OutputFull => self.text.resize(self.text.len() * 2, 0),
                OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                Record | End => break,
            }
        }
        let mut from = 0;
        for (place, end) in self.ends[..count].iter().enumerate() {
            if !each(place, &self.text[from..*end]) {
                break;
            }
            from = *end;
        }
        Ok(())
    }
}

impl Columns {
    /// Those that a list of names gives.
    pub fn told(map: &Map, names: &[String]) -> Self {
        names.iter().map(|name| map.place(name.as_bytes())).collect()
    }

    /// Those that a header gives; none where it lacks a name that the map needs, and then which, in words.
    pub fn of_header(
        map: &Map,
        table: &Table,
        splitter: &mut Splitter,
        line: &[u8],
    ) -> Result<Self, (usize, String)> {
        let line = match &table.names {
            Names::Behind(start) => line
                .strip_prefix(&start[..])
                .ok_or_else(|| (100, "no header line in its beginning".to_owned()))?
                .trim_ascii(),
            _ => line,
        };
        let mut found = Vec::new();
        let each = |_: usize, name: &[u8]| {
            found.push(map.place(name.trim_ascii()));
            true
        };
        splitter.each(table.delimiter, line, each).map_err(|why| (100, why.to_owned()))?;
        let columns = Self::from_iter(found);
        let lacks = map.lacks(|name| columns.0.contains(&Some(name)));
        match lacks.first() {
            None => Ok(columns),
            Some(first) => Err((lacks.len(), format!("no column {first} in its header"))),
        }
    }

    /// How many columns there are, up to the last that is read.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Takes the values of one line; how many it has, up to the last that is read.
    #[inline]
    pub fn take<'a>(
        &self,
        map: &Map,
        delimiter: Delimiter,
        splitter: &'a mut Splitter,
        line: &'a [u8],
        row: &mut Row<'a>,
    ) -> Result<usize, &'static str> {
        let mut count = 0;
        splitter.each(delimiter, line, |place, value| {
            count = place + 1;
            if let Some(Some(name)) = self.0.get(place) {
                row.take(map, map.uses(*name), Cow::Borrowed(value));
            }
            count < self.0.len()
        })?;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(delimiter: Delimiter, line: &str) -> Result<Vec<String>, &'static str> {
        let mut splitter = Splitter::new(delimiter);
        let mut values = Vec::new();
        splitter.each(delimiter, line.as_bytes(), |_, value| {
            values.push(String::from_utf8_lossy(value).into_owned());
            true
        })?;
        Ok(values)
    }

    #[test]
    fn quotes_hold_what_stands_between_them() {
        let comma = Delimiter::Byte(b',');
        assert_eq!(split(comma, "a,,b").unwrap(), ["a", "", "b"]);
        assert_eq!(split(comma, "\"a,\"\"b\"\"\",c,\"\"").unwrap(), ["a,\"b\"", "c", ""]);
        assert_eq!(split(comma, "a,\"b").unwrap_err(), GOES_ON);
        assert_eq!(split(Delimiter::Byte(b' '), "\"a b\" c  d").unwrap(), ["a b", "c", "", "d"]);
        assert_eq!(split(Delimiter::Blanks, "  a \t b  ").unwrap(), ["a", "b"]);
        let many = vec!["\"x\""; 3_000].join(",");
        assert_eq!(split(comma, &many).unwrap().len(), 3_000);
    }

    proptest! {
        /// Both ways to split say the same of lines that both can read.
        #[test]
        fn with_and_without_quotes(values in proptest::collection::vec("[^\",\n]{0,5}", 1..9)) {
            let plain = values.join(",");
            let quoted = format!("\"{}\"", values.join("\",\""));
            let comma = Delimiter::Byte(b',');
            prop_assert_eq!(split(comma, &plain).unwrap(), values.clone());
            prop_assert_eq!(split(comma, &quoted).unwrap(), values);
        }

        #[test]
        fn no_bytes_panic(line in "[\",a\r\\PC]{0,60}") {
            for delimiter in [Delimiter::Byte(b','), Delimiter::Byte(b';'), Delimiter::Blanks] {
                let _ = split(delimiter, &line);
            }
        }
    }
}
