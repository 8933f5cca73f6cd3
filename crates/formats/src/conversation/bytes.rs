//! A cursor over hostile bytes: every step can fail, none can panic.

use memchr::{memchr, memchr2_iter, memmem};

/// What is left to read.
#[derive(Clone, Copy)]
pub(super) struct Bytes<'a>(pub &'a [u8]);

impl<'a> Bytes<'a> {
    /// The next `count` bytes.
    pub fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub fn skip(&mut self, count: usize) -> Option<()> {
        self.take(count).map(|_| ())
    }

    /// A big-endian number of up to eight bytes.
    pub fn number(&mut self, bytes: usize) -> Option<usize> {
        Some(self.take(bytes)?.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)))
    }

    /// What a length of so many bytes announces.
    pub fn counted(&mut self, bytes: usize) -> Option<Self> {
        let length = self.number(bytes)?;
        self.take(length).map(Self)
    }
}

/// The first line without its end, and whether the end was there.
pub(super) fn line(bytes: &[u8]) -> (&[u8], bool) {
    match memchr(b'\n', bytes) {
        Some(end) => (bytes[..end].trim_ascii_end(), true),
        None => (bytes.trim_ascii_end(), false),
    }
}

/// Where `needle` begins.
pub(super) fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    memmem::find(bytes, needle)
}

/// Where `needle` begins, in either case.
pub(super) fn find_any_case(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let (lower, upper) = (first.to_ascii_lowercase(), first.to_ascii_uppercase());
    let last = bytes.len().checked_sub(needle.len())?;
    memchr2_iter(lower, upper, &bytes[..=last]).find(|at| starts_any_case(&bytes[*at..], needle))
}

pub(super) fn starts_any_case(bytes: &[u8], start: &[u8]) -> bool {
    bytes.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
}

/// Whether the beginning reads as text: no NUL, and few other controls than blanks.
pub(super) fn is_text(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(64)];
    let odd =
        head.iter().filter(|b| **b >= 0x80 || (b.is_ascii_control() && !b.is_ascii_whitespace())).count();
    !head.is_empty() && !head.contains(&0) && odd * 8 <= head.len()
}
