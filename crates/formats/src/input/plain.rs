//! An input's bytes without their compression, as any reader takes them.

use std::io::{Read, Result};

use super::compression::Source;

/// The bytes of an input, with gzip or zstd taken off where they are compressed. What came out before a broken place is given
/// before the error.
pub struct Plain<R>(Source<R>);

impl<R: Read> Plain<R> {
    /// Looks at the first bytes of `reader`.
    ///
    /// # Errors
    /// Those of `reader`.
    pub fn open(reader: R) -> Result<Self> {
        Source::open(reader).map(Self)
    }
}

impl<R: Read> Read for Plain<R> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        self.0.read(into)
    }
}
