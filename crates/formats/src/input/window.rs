//! A window that slides over the input: one reused buffer, no allocation a packet.

use super::compression::Source;
use std::io::{ErrorKind, Read};

/// Bytes read at a time. Measured from 64 KiB to 1 MiB without a difference; a record of the usual size fits in.
const BUFFER: usize = 256 << 10;
/// So few bytes are moved to the front before every reading, which keeps to the same part of the buffer and the cache.
const LITTLE: usize = 4 << 10;

pub(crate) struct Window<R> {
    source: Source<R>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Where `start` lies in the decompressed input.
    offset: u64,
    ended: bool,
    failure: Option<String>,
}

impl<R: Read> Window<R> {
    pub(super) fn new(source: Source<R>) -> Self {
        Self { source, buffer: vec![0; BUFFER], start: 0, end: 0, offset: 0, ended: false, failure: None }
    }

    /// What is in view.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Where the view begins, in bytes of the decompressed input.
    #[inline]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether nothing follows what is in view.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// Bytes taken from the input, before decompression.
    pub fn bytes_raw(&self) -> u64 {
        self.source.bytes_raw()
    }

    /// `.gz`, `.zst` or nothing.
    pub fn suffix(&self) -> &'static str {
        self.source.suffix()
    }

    /// Why the input ended before its time, if it did; told once.
    pub fn take_failure(&mut self) -> Option<String> {
        self.failure.take()
    }

    /// Moves on over `count` bytes that are in view.
    #[inline]
    pub fn advance(&mut self, count: usize) {
        let count = count.min(self.end - self.start);
        self.start += count;
        self.offset += count as u64;
    }

    /// Brings at least `count` bytes into view; false if the input has not so many left.
    #[inline]
    pub fn need(&mut self, count: usize) -> bool {
        self.end - self.start >= count || self.read(count)
    }

    fn read(&mut self, count: usize) -> bool {
        while self.end - self.start < count && !self.ended {
            if self.end - self.start <= LITTLE || self.end == self.buffer.len() {
                self.make_room();
            }
            let to = self.buffer.len().min(self.end + BUFFER);
            match self.source.read(&mut self.buffer[self.end..to]) {
                Ok(0) => self.ended = true,
                Ok(more) => self.end += more,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.ended = true;
                    self.failure = Some(error.to_string());
                }
            }
        }
        self.end - self.start >= count
    }

    /// Moves what is in view to the front, and doubles a buffer that is mostly in view. It grows with what came in,
    /// never with what a header claims.
    fn make_room(&mut self) {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.end > self.buffer.len() / 2 {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
    }
}
