//! The header of a TSV log: which column holds what.

use memchr::memchr;

/// Fields that are read, in the order of [`Header::columns`].
const FIELDS: [&[u8]; COUNT] = [
    b"ts",
    b"id.orig_h",
    b"id.orig_p",
    b"id.resp_h",
    b"id.resp_p",
    b"proto",
    b"conn_state",
    b"history",
    b"orig_bytes",
    b"resp_bytes",
    b"orig_pkts",
    b"resp_pkts",
    b"ip_proto",
];
/// How many.
pub(super) const COUNT: usize = 13;
/// Columns beyond are not looked at.
const MOST: usize = 256;
/// A column that is none of [`FIELDS`].
const OTHER: u8 = u8::MAX;

/// The header that stands.
pub(super) struct Header {
    separator: u8,
    unset: Vec<u8>,
    empty: Vec<u8>,
    /// For each column the place of its field in [`FIELDS`]; up to the last one that is read.
    columns: Vec<u8>,
    /// It is conn.log's.
    is_conn: bool,
}

impl Default for Header {
    fn default() -> Self {
        Self {
            separator: b'\t',
            unset: b"-".to_vec(),
            empty: b"(empty)".to_vec(),
            columns: Vec::new(),
            is_conn: true,
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
            b"#path" => self.is_conn = value.starts_with(b"conn"),
            b"#unset_field" => self.unset = value.to_vec(),
            b"#empty_field" => self.empty = value.to_vec(),
            b"#fields" => self.fields(value),
            _ => {}
        }
    }

    fn fields(&mut self, names: &[u8]) {
        let place = |name: &[u8]| FIELDS.iter().position(|field| *field == name).map_or(OTHER, |at| at as u8);
        self.columns = names.split(|byte| *byte == self.separator).take(MOST).map(place).collect();
        let read = self.columns.iter().rposition(|place| *place != OTHER).map_or(0, |last| last + 1);
        self.columns.truncate(read);
    }

    /// The values of a line, in the order of [`FIELDS`]; empty where unset, empty or not there.
    ///
    /// # Errors
    /// No header came before, it is another log's, or there are fewer columns than it says.
    #[inline]
    pub fn values<'a>(&self, line: &'a [u8]) -> Result<[&'a [u8]; COUNT], &'static str> {
        if !self.is_conn {
            return Err("a Zeek log that holds no connections");
        }
        if self.columns.is_empty() {
            return Err("no #fields line before it");
        }
        let mut values = [&[][..]; COUNT];
        let mut rest = Some(line);
        for place in &self.columns {
            let Some(from) = rest else { return Err("fewer columns than #fields names") };
            let value = match memchr(self.separator, from) {
                Some(at) => {
                    rest = Some(&from[at + 1..]);
                    &from[..at]
                }
                None => {
                    rest = None;
                    from
                }
            };
            if *place != OTHER && value != self.unset && value != self.empty {
                values[usize::from(*place)] = value;
            }
        }
        Ok(values)
    }
}

/// `\x09` is a tab.
fn separator(value: &[u8]) -> u8 {
    let hex = value.strip_prefix(b"\\x").and_then(|hex| std::str::from_utf8(hex.get(..2)?).ok());
    hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).or(value.first().copied()).unwrap_or(b'\t')
}

/// Whether it is a conn.log.
pub(super) fn is_read(head: &[u8]) -> bool {
    let mut header = Header { is_conn: false, ..Header::default() };
    let lines = head.split(|byte| *byte == b'\n').take_while(|line| line.starts_with(b"#"));
    let mut path = false;
    for line in lines {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        header.take(line);
        path |= line.starts_with(b"#path");
    }
    let named = |field: usize| header.columns.contains(&(field as u8));
    // Without a path (a header pasted before an excerpt) its fields tell.
    named(1) && named(3) && named(6) && (header.is_conn || !path)
}
