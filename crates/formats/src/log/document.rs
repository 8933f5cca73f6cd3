//! Records within JSON documents, one after the other, as if each stood on a line.
//!
//! Clouds deliver one document of many megabytes, `{"records":[…]}` or `[…]`, pretty-printed or not, and several behind each
//! other with or without a newline between. The way: whatever lies between records is passed over, an object that holds a
//! list of records ([`LISTS`]) is entered, every other object is a record. So a document is never in memory as a whole, and one
//! that is cut off loses nothing before the cut.
//!
//! A record is damaged where no JSON can go on: a control character in a string, a bracket that closes another one. Strings
//! and brackets cannot be trusted from there on, so the next record is sought by what the first one of the input begins with, its
//! first key. The damaged bytes are still handed on, as one record: what takes records knows best what is left of them.
//!
//! Limits: a record is found again only by the first record's first key. Values behind a list, in the object that
//! holds it, are passed over; an object among them counts as a record.

use std::io::Read;

use memchr::memmem::Finder;

use crate::input::Window;

/// Longer records are skipped. One of Azure holds a minute of an interface: 100 bytes for each of its flows.
const LONGEST: usize = 16 << 20;
const TOO_LONG: &str = "a record longer than 16 MiB";
/// Deeper nesting is damage.
const DEEPEST: usize = 64;
/// Between two records no string is longer, or it is none.
const LONGEST_STRING: usize = 64 << 10;
/// So many bytes in front of a key belong to its record: a brace, a comma, blanks.
const BEFORE_KEY: usize = 256;
/// Records by which a format is recognised.
const SAMPLES: usize = 4;
/// Lists of records: Azure's, and those of AWS CloudWatch (subscriptions, `aws logs filter-log-events`).
const LISTS: [&[u8]; 3] = [b"records", b"logEvents", b"events"];

/// Finds the records of one input.
pub(super) struct Documents {
    /// The first key of a record, with its quotes.
    key: Option<Finder<'static>>,
    /// Records were lost, and the next one is sought.
    seeking: bool,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A record, so many bytes long.
    Record(usize),
    /// So many bytes that are nothing, and why; without a reason they belong to what was told before.
    Lost(usize, Option<&'static str>),
    /// The input has ended.
    End,
}

impl Documents {
    /// For an input that begins with `head`.
    pub fn new(head: &[u8]) -> Self {
        let key = samples(head).first().and_then(|record| first_key(record)).map(<[u8]>::to_vec);
        Self { key: key.map(|key| Finder::new(&key).into_owned()), seeking: false }
    }

    /// Brings the next record to the beginning of the window.
    pub fn next<R: Read>(&mut self, window: &mut Window<R>) -> Next {
        if self.seeking {
            self.seeking = false;
            return self.seek(window, None);
        }
        loop {
            match between(window) {
                Between::Object => {}
                Between::Odd(length) => return Next::Lost(length, Some("text that is no JSON")),
                Between::End => return Next::End,
            }
            let mut scan = Scan::default();
            let length = loop {
                match scan.go(window.bytes()) {
                    Step::Record(length) => return bounded(length),
                    Step::List(length) => break length,
                    Step::Broken => return self.mend(window),
                    Step::More if window.bytes().len() > LONGEST => {
                        return self.seek(window, Some(TOO_LONG));
                    }
                    Step::More => {
                        if !window.need(window.bytes().len() + 1) {
                            return self.mend(window);
                        }
                    }
                }
            };
            window.advance(length);
        }
    }

    /// The window begins with a broken record: what lies before the next one is all of it.
    fn mend<R: Read>(&mut self, window: &mut Window<R>) -> Next {
        let mut looked = 1;
        loop {
            if let Some(next) = self.find(window.bytes(), looked) {
                return bounded(next);
            }
            let length = window.bytes().len();
            if length > LONGEST {
                return self.seek(window, Some(TOO_LONG));
            }
            looked = length.saturating_sub(BEFORE_KEY).max(1);
            if !window.need(length + 1) {
                return Next::Record(length);
            }
        }
    }

    /// Gives up what is in view before the next record, or all of it.
    fn seek<R: Read>(&mut self, window: &mut Window<R>, reason: Option<&'static str>) -> Next {
        if window.bytes().len() <= BEFORE_KEY && !window.need(BEFORE_KEY + 1) {
            let rest = window.bytes().len();
            return if rest == 0 { Next::End } else { Next::Lost(rest, reason) };
        }
        // The record that was told of begins the window: it is not the next one.
        let from = usize::from(reason.is_some());
        let found = self.find(window.bytes(), from);
        self.seeking = found.is_none();
        Next::Lost(found.unwrap_or(window.bytes().len() - BEFORE_KEY), reason)
    }

    /// Where a record begins, at `from` or later.
    fn find(&self, bytes: &[u8], from: usize) -> Option<usize> {
        let key = self.key.as_ref()?;
        let before = |at: usize| bytes[..at].iter().rposition(|byte| !byte.is_ascii_whitespace());
        key.find_iter(bytes.get(from..)?).find_map(|at| {
            let brace = before(from + at).filter(|brace| *brace >= from && bytes[*brace] == b'{')?;
            // An object that is a value stands behind a colon.
            before(brace).is_none_or(|at| matches!(bytes[at], b',' | b'[' | b']' | b'}')).then_some(brace)
        })
    }
}

fn bounded(length: usize) -> Next {
    if length > LONGEST { Next::Lost(length, Some(TOO_LONG)) } else { Next::Record(length) }
}

/// The first records of what an input begins with, each on a line; the last one may be cut off.
pub(super) fn samples(head: &[u8]) -> Vec<Vec<u8>> {
    let (mut rest, mut found) = (head, Vec::new());
    while found.len() < SAMPLES
        && let Some(start) = rest.iter().position(|byte| *byte == b'{')
    {
        rest = &rest[start..];
        let length = match Scan::default().go(rest) {
            Step::List(length) => {
                rest = &rest[length..];
                continue;
            }
            Step::Record(length) => length,
            Step::More => rest.len(),
            Step::Broken => break,
        };
        let on_a_line = |byte: &u8| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte };
        found.push(rest[..length].iter().map(on_a_line).collect());
        rest = &rest[length..];
    }
    found
}

/// Whether an input begins with an object that holds a list of records.
pub(super) fn is_wrapped(head: &[u8]) -> bool {
    let start = head.trim_ascii_start();
    start.starts_with(b"{") && matches!(Scan::default().go(start), Step::List(_))
}

/// The first key, with its quotes.
fn first_key(record: &[u8]) -> Option<&[u8]> {
    let key = record.strip_prefix(b"{")?.trim_ascii_start();
    let end = key.strip_prefix(b"\"")?.iter().position(|byte| *byte == b'"')?;
    Some(&key[..end + 2])
}

enum Between {
    /// The window begins with a brace.
    Object,
    /// The window begins with so many bytes that are no part of a document.
    Odd(usize),
    End,
}

/// Passes over what may lie between two records.
fn between<R: Read>(window: &mut Window<R>) -> Between {
    while window.need(1) {
        let bytes = window.bytes();
        let passed = bytes.iter().take_while(|byte| may_lie_between(**byte)).count();
        let next = bytes.get(passed).copied();
        window.advance(passed);
        match next {
            None => {}
            Some(b'{') => return Between::Object,
            Some(b'"') if string(window) => {}
            Some(_) => return Between::Odd(odd(window)),
        }
    }
    Between::End
}

/// Length of what is no JSON: to the end of its line, or to a brace.
fn odd<R: Read>(window: &mut Window<R>) -> usize {
    let mut at = 1;
    while at < LONGEST_STRING && window.need(at + 1) && !matches!(window.bytes()[at], b'\n' | b'{') {
        at += 1;
    }
    at
}

/// Punctuation, and letters of numbers, `true`, `false` and `null`.
fn may_lie_between(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b',' | b':' | b'[' | b']' | b'}') || is_of_scalar(byte)
}

fn is_of_scalar(byte: u8) -> bool {
    byte.is_ascii_digit() || b"+-.Etruefalsn".contains(&byte)
}

/// Passes over a string; false where it is none. What ends in a brace lies between two strings, the second of which is a
/// record's first key.
fn string<R: Read>(window: &mut Window<R>) -> bool {
    let mut at = 1;
    loop {
        match window.bytes().get(at).copied() {
            Some(b'"') if at > 1 && window.bytes()[at - 1] == b'{' => return false,
            Some(b'"') => {
                window.advance(at + 1);
                return true;
            }
            Some(0..0x20) => return false,
            _ if at > LONGEST_STRING => return false,
            Some(b'\\') => at += 2,
            Some(_) => at += 1,
            None if !window.need(at + 1) => return false,
            None => {}
        }
    }
}

/// How far an object was read; it goes on where it stopped when there are more bytes.
#[derive(Default)]
struct Scan {
    at: usize,
    /// The brackets that are open, outermost first.
    open: Vec<u8>,
    in_string: bool,
    /// The last byte that is no blank: a bracket, `,`, `:`, `"` for a string's end, `0` for a number or a word.
    last: u8,
    /// The last string of the outermost object.
    key: (usize, usize),
}

enum Step {
    /// The object ends there.
    Record(usize),
    /// The object holds a list of records, which begins there.
    List(usize),
    /// No JSON goes on like this.
    Broken,
    /// So far it is sound.
    More,
}

impl Scan {
    /// Reads on; `bytes` begins with the object's brace.
    fn go(&mut self, bytes: &[u8]) -> Step {
        while let Some(&byte) = bytes.get(self.at) {
            if self.in_string {
                let rest = &bytes[self.at..];
                let ends = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
                let Some(end) = rest.iter().position(ends) else {
                    self.at = bytes.len();
                    return Step::More;
                };
                match rest[end] {
                    b'"' => {
                        self.at += end + 1;
                        (self.in_string, self.last, self.key.1) = (false, b'"', self.at - 1);
                    }
                    // What follows is escaped, whatever it is.
                    b'\\' if end + 1 < rest.len() => self.at += end + 2,
                    b'\\' => {
                        self.at += end;
                        return Step::More;
                    }
                    _ => return Step::Broken,
                }
                continue;
            }
            self.at += 1;
            if byte.is_ascii_whitespace() {
                continue;
            }
            if !self.may_follow(byte) {
                return Step::Broken;
            }
            match byte {
                b'{' | b'[' => {
                    let key = bytes.get(self.key.0..self.key.1).unwrap_or_default();
                    if byte == b'[' && self.open.len() == 1 && LISTS.contains(&key) {
                        return Step::List(self.at);
                    }
                    self.open.push(byte);
                }
                b'}' | b']' => {
                    self.open.pop();
                    if self.open.is_empty() {
                        return Step::Record(self.at);
                    }
                }
                b'"' => {
                    self.in_string = true;
                    self.key.0 = self.at;
                }
                _ => {}
            }
            self.last = if is_of_scalar(byte) { b'0' } else { byte };
        }
        Step::More
    }

    fn may_follow(&self, byte: u8) -> bool {
        let within = self.open.last().copied();
        match byte {
            b'{' | b'[' => match within {
                None => byte == b'{',
                Some(b'[') => self.open.len() < DEEPEST && matches!(self.last, b'[' | b',' | b':'),
                Some(_) => self.open.len() < DEEPEST && self.last == b':',
            },
            b'}' => within == Some(b'{') && !matches!(self.last, b',' | b':'),
            b']' => within == Some(b'[') && !matches!(self.last, b',' | b':'),
            b'"' => matches!(self.last, b'{' | b'[' | b',' | b':'),
            b':' => within == Some(b'{') && self.last == b'"',
            b',' => matches!(self.last, b'"' | b'0' | b'}' | b']'),
            _ => is_of_scalar(byte) && matches!(self.last, b':' | b'[' | b',' | b'0'),
        }
    }
}

#[cfg(test)]
#[path = "document_tests.rs"]
mod tests;
