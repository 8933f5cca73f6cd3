//! Bytes that know how long they were on the wire.
//!
//! A snapped packet has fewer bytes than its headers speak of. What is missing because it was never captured and
//! what is missing because the sender did not send it are different facts, and this type keeps them apart in one
//! place, so that the layers above need not.

use super::Skip;

/// Part of a packet: the bytes that were captured of it, and its length on the wire, which is at least as much.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    captured: &'a [u8],
    length: usize,
}

impl<'a> Part<'a> {
    #[inline]
    pub fn new(captured: &'a [u8], length: usize) -> Self {
        Self { captured, length: length.max(captured.len()) }
    }

    /// What was captured.
    #[inline]
    pub fn captured(self) -> &'a [u8] {
        self.captured
    }

    /// Length on the wire.
    #[inline]
    pub fn length(self) -> usize {
        self.length
    }

    /// The first `N` bytes; `Snapped` where they existed and were not captured, `Malformed` where they never existed.
    #[inline]
    pub fn header<const N: usize>(self) -> Result<&'a [u8; N], Skip> {
        match self.captured.first_chunk() {
            Some(header) => Ok(header),
            None if self.length < N => Err(Skip::Malformed),
            None => Err(Skip::Snapped),
        }
    }

    /// What follows the first `count` bytes; empty if there are no more.
    #[inline]
    pub fn after(self, count: usize) -> Self {
        Self {
            captured: self.captured.get(count..).unwrap_or_default(),
            length: self.length.saturating_sub(count),
        }
    }

    /// The same with the length that a header inside states. Bytes beyond are padding and fall away; a statement
    /// longer than the frame is believed, as if the rest had been snapped.
    #[inline]
    pub fn of_length(self, length: usize) -> Self {
        Self { captured: self.captured.get(..length).unwrap_or(self.captured), length }
    }
}

/// The big-endian number at `at` and the byte after it.
#[inline]
pub(super) fn be16<const N: usize>(bytes: &[u8; N], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

/// The big-endian number in the four bytes from `at`.
#[inline]
pub(super) fn be32<const N: usize>(bytes: &[u8; N], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
