//! gzip (RFC 1952) and zstd (RFC 8878), taken off as the bytes come in.
//!
//! Both decoders are driven by hand, in steps so small that whatever came out before a broken place is kept: the
//! ready-made readers throw away what they had decoded in the call that fails.

use std::io::{Error, ErrorKind, Read, Result};

use flate2::{Decompress, FlushDecompress, Status};
use zstd::stream::raw::{Decoder, Operation};

const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// A skippable frame's magic, whose first byte is 0x50 to 0x5f.
const ZSTD_SKIPPABLE: [u8; 3] = [0x2a, 0x4d, 0x18];
/// Compressed bytes read at a time.
const INPUT: usize = 128 << 10;

/// The input without its compression.
pub(super) enum Source<R> {
    Plain(Raw<R>),
    Gzip(Gzip<R>),
    Zstd(Zstd<R>),
}

impl<R: Read> Source<R> {
    /// Recognises the compression from the first bytes.
    pub fn open(reader: R) -> Result<Self> {
        let mut raw = Raw { reader, head: [0; 4], head_from: 0, head_to: 0, taken: 0 };
        raw.look_ahead()?;
        let head = &raw.head[..raw.head_to];
        Ok(if head.starts_with(&GZIP) {
            Self::Gzip(Gzip { input: Input::new(raw), state: Decompress::new_gzip(15), within: true })
        } else if head == ZSTD || (head.len() == 4 && head[0] >> 4 == 5 && head[1..] == ZSTD_SKIPPABLE) {
            Self::Zstd(Zstd {
                input: Input::new(raw),
                state: Decoder::new()?,
                wants: FRAME_START,
                within: false,
            })
        } else {
            Self::Plain(raw)
        })
    }

    pub fn suffix(&self) -> &'static str {
        match self {
            Self::Plain(_) => "",
            Self::Gzip(_) => ".gz",
            Self::Zstd(_) => ".zst",
        }
    }

    /// Bytes taken from the input.
    pub fn bytes_raw(&self) -> u64 {
        match self {
            Self::Plain(raw) => raw.taken,
            Self::Gzip(gzip) => gzip.input.raw.taken,
            Self::Zstd(zstd) => zstd.input.raw.taken,
        }
    }

    /// As [`Read::read`], with error messages for people.
    pub fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        match self {
            Self::Plain(raw) => raw.read(into),
            Self::Gzip(gzip) => gzip.read(into),
            Self::Zstd(zstd) => zstd.read(into),
        }
    }
}

/// The input as it is, with the first bytes looked at.
pub(super) struct Raw<R> {
    reader: R,
    head: [u8; 4],
    head_from: usize,
    head_to: usize,
    taken: u64,
}

impl<R: Read> Raw<R> {
    fn look_ahead(&mut self) -> Result<()> {
        while self.head_to < self.head.len() {
            match self.reader.read(&mut self.head[self.head_to..]) {
                Ok(0) => break,
                Ok(more) => self.head_to += more,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        let head = &self.head[self.head_from..self.head_to];
        let count = if head.is_empty() {
            self.reader.read(into)?
        } else {
            let count = head.len().min(into.len());
            into[..count].copy_from_slice(&head[..count]);
            self.head_from += count;
            count
        };
        self.taken += count as u64;
        Ok(count)
    }
}

/// Compressed bytes on their way to a decoder.
struct Input<R> {
    raw: Raw<R>,
    buffer: Vec<u8>,
    from: usize,
    to: usize,
}

impl<R: Read> Input<R> {
    fn new(raw: Raw<R>) -> Self {
        Self { raw, buffer: vec![0; INPUT], from: 0, to: 0 }
    }

    /// What is at hand, after more was read if there was nothing; empty at the end.
    fn bytes(&mut self) -> Result<&[u8]> {
        if self.from == self.to {
            self.from = 0;
            self.to = 0;
            self.to = self.raw.read(&mut self.buffer)?;
        }
        Ok(&self.buffer[self.from..self.to])
    }

    /// Where the next byte lies in the compressed input.
    fn position(&self) -> u64 {
        self.raw.taken - (self.to - self.from) as u64
    }
}

/// One or more gzip members, one behind the other.
pub(super) struct Gzip<R> {
    input: Input<R>,
    state: Decompress,
    /// Within a member; else between two.
    within: bool,
}

impl<R: Read> Gzip<R> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        loop {
            let input = self.input.bytes()?;
            match (input.is_empty(), self.within) {
                (true, false) => return Ok(0),
                (true, true) => return Err(cut_off("gzip", self.input.position())),
                (false, true) => {}
                (false, false) if input[0] == GZIP[0] => {
                    self.state = Decompress::new_gzip(15);
                    self.within = true;
                }
                // Zeros behind the last member are padding of tapes and blocks.
                (false, false) if input[0] == 0 => {
                    self.input.from += 1;
                    continue;
                }
                (false, false) => {
                    let at = self.input.position();
                    return Err(broken(format!(
                        "at byte {at} of the compressed file something that is not gzip follows"
                    )));
                }
            }
            let input = &self.input.buffer[self.input.from..self.input.to];
            let (before_in, before_out) = (self.state.total_in(), self.state.total_out());
            let result = self.state.decompress(input, into, FlushDecompress::None);
            self.input.from += (self.state.total_in() - before_in) as usize;
            let count = (self.state.total_out() - before_out) as usize;
            match result {
                Ok(Status::StreamEnd) => self.within = false,
                Ok(_) => {}
                // Told by the next call, which fails at once in the same place.
                Err(_) if count > 0 => {}
                Err(error) => {
                    let at = self.input.position();
                    return Err(broken(format!(
                        "gzip is broken near byte {at} of the compressed file ({error})"
                    )));
                }
            }
            if count > 0 {
                return Ok(count);
            }
        }
    }
}

/// What the zstd decoder wants first of a frame: its magic and descriptor.
const FRAME_START: usize = 5;
/// A block's header.
const BLOCK_HEADER: usize = 3;

/// One or more zstd frames, one behind the other.
pub(super) struct Zstd<R> {
    input: Input<R>,
    state: Decoder<'static>,
    /// How many bytes the decoder wants next. It gets no more, so that no call decodes more than one block and
    /// one that fails takes no other block with it.
    wants: usize,
    within: bool,
}

impl<R: Read> Zstd<R> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        loop {
            let input = self.input.bytes()?;
            if input.is_empty() {
                return if self.within { Err(cut_off("zstd", self.input.position())) } else { Ok(0) };
            }
            let step = if self.wants > BLOCK_HEADER { self.wants - BLOCK_HEADER } else { self.wants };
            let step = &input[..step.clamp(1, input.len())];
            let status = match self.state.run_on_buffers(step, into) {
                Ok(status) => status,
                Err(error) => {
                    let at = self.input.position();
                    return Err(broken(format!(
                        "zstd is broken near byte {at} of the compressed file ({error})"
                    )));
                }
            };
            self.input.from += status.bytes_read;
            self.within = status.remaining != 0;
            self.wants = if self.within { status.remaining } else { FRAME_START };
            if status.bytes_written > 0 {
                return Ok(status.bytes_written);
            }
        }
    }
}

fn cut_off(kind: &str, at: u64) -> Error {
    Error::new(ErrorKind::UnexpectedEof, format!("the {kind} file is cut off after {at} bytes"))
}

fn broken(what: String) -> Error {
    Error::new(ErrorKind::InvalidData, what)
}
