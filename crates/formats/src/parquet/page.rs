//! Pages: their headers, and their bytes without compression, never more of them than are allowed.

use std::borrow::Cow;
use std::io::Read;

use super::snappy;
use super::thrift::{Thrift, kind};

/// A frame's window takes 2 to the power of this at most, bytes: no ordinary level needs more.
const ZSTD_WINDOW: u32 = 25;

/// Why something of a file cannot be read.
pub(super) type Broken = &'static str;

/// What a page holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    Dictionary,
    /// Values behind the levels that say which are missing; `levels` bytes of these where the header tells.
    Values {
        levels: Option<usize>,
        encoding: i64,
    },
    Other,
}

/// A page's header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub holds: Holds,
    pub values: usize,
    /// Bytes of the page in the file, behind the header.
    pub stored: usize,
    /// Bytes of it without compression.
    size: usize,
    /// Levels that are never compressed, and whether the rest is.
    plain: usize,
    compressed: bool,
    /// Bytes of the header itself.
    pub length: usize,
}

impl Header {
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut thrift = Thrift::new(bytes);
        let (mut what, mut size, mut stored) = (0, None, None);
        let (mut values, mut encoding, mut missing, mut repeated, mut compressed) = (0, 0, 0, 0, true);
        thrift.structure(|thrift, field| {
            match (field.id, field.kind) {
                (1, _) => what = thrift.number()?,
                (2, _) => size = Some(thrift.size()?),
                (3, _) => stored = Some(thrift.size()?),
                (5 | 7, kind::STRUCT) => thrift.structure(|thrift, field| {
                    match field.id {
                        1 => values = thrift.size()?,
                        2 => encoding = thrift.number()?,
                        _ => return Some(false),
                    }
                    Some(true)
                })?,
                (8, kind::STRUCT) => thrift.structure(|thrift, field| {
                    match field.id {
                        1 => values = thrift.size()?,
                        4 => encoding = thrift.number()?,
                        5 => missing = thrift.size()?,
                        6 => repeated = thrift.size()?,
                        7 => {
                            compressed = field.kind == kind::TRUE;
                        }
                        _ => return Some(false),
                    }
                    Some(true)
                })?,
                _ => return Some(false),
            }
            Some(true)
        })?;
        let holds = match what {
            0 => Holds::Values { levels: None, encoding },
            2 => Holds::Dictionary,
            3 => Holds::Values { levels: Some(missing), encoding },
            _ => Holds::Other,
        };
        // A row holds one value at most, so nothing is repeated.
        let flat = repeated == 0;
        let plain = if what == 3 { missing } else { 0 };
        let length = thrift.position();
        let (size, stored) = (size?, stored?);
        flat.then_some(Self { holds, values, stored, size, plain, compressed, length })
    }

    /// Bytes that the page will take.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The page without compression. The caller has held [`Self::size`] against what is allowed.
    pub fn unpack<'a>(&self, page: &'a [u8], codec: i64) -> Result<Cow<'a, [u8]>, Broken> {
        if codec == 0 || !self.compressed {
            return Ok(page.into());
        }
        let (plain, packed) = page.split_at_checked(self.plain).ok_or("a page is damaged")?;
        let mut out = plain.to_vec();
        let left = self.size.checked_sub(out.len()).ok_or("a page is damaged")?;
        if left == 0 {
            return Ok(out.into());
        }
        let at_most = left as u64 + 1;
        match codec {
            1 => snappy::unpack(packed, left, &mut out).ok_or("a page's compression (Snappy) is damaged")?,
            2 => {
                let unpacked = flate2::read::MultiGzDecoder::new(packed).take(at_most).read_to_end(&mut out);
                unpacked.map_err(|_| "a page's compression (gzip) is damaged")?;
            }
            6 => {
                let broken = |_| "a page's compression (zstd) is damaged";
                let mut decoder = zstd::stream::read::Decoder::with_buffer(packed).map_err(broken)?;
                decoder.window_log_max(ZSTD_WINDOW).map_err(broken)?;
                decoder.take(at_most).read_to_end(&mut out).map_err(broken)?;
            }
            _ => return Err("a page has a compression that is not read (gzip, Snappy and zstd are)"),
        }
        if out.len() == self.size { Ok(out.into()) } else { Err("a page's size is not what its header says") }
    }
}
