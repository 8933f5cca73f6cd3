//! Thrift's compact protocol, as far as Parquet's headers need it: fields one by one, everything else passed over.
//!
//! A field is a byte with the difference of its number and its type, then the value; numbers are little groups of seven
//! bits, signed ones folded. Lengths are checked against what is there, and nesting is bounded, so nothing that the bytes
//! claim is ever allocated.

/// Deeper nesting is damage.
const DEEPEST: u32 = 16;

/// Types of fields.
pub(super) mod kind {
    pub const TRUE: u8 = 1;
    pub const FALSE: u8 = 2;
    pub const I8: u8 = 3;
    pub const I16: u8 = 4;
    pub const I32: u8 = 5;
    pub const I64: u8 = 6;
    pub const DOUBLE: u8 = 7;
    pub const BINARY: u8 = 8;
    pub const LIST: u8 = 9;
    pub const SET: u8 = 10;
    pub const MAP: u8 = 11;
    pub const STRUCT: u8 = 12;
}

/// Reads one structure after the other. None: damage, or the end of the bytes.
pub(super) struct Thrift<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// A field of a structure, before its value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub id: i16,
    pub kind: u8,
}

impl<'a> Thrift<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// How many bytes were read.
    pub fn position(&self) -> usize {
        self.at
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = self.bytes.get(self.at).copied()?;
        self.at += 1;
        Some(byte)
    }

    fn unsigned(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// A number of 16, 32 or 64 bits.
    pub fn number(&mut self) -> Option<i64> {
        let folded = self.unsigned()?;
        Some((folded >> 1) as i64 ^ -((folded & 1) as i64))
    }

    /// A number that must not be negative.
    pub fn size(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }

    /// Bytes, or text.
    pub fn binary(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.unsigned()?).ok()?;
        let bytes = self.bytes.get(self.at..self.at.checked_add(length)?)?;
        self.at += length;
        Some(bytes)
    }

    /// How many elements of which type follow; each takes a byte at least.
    pub fn list(&mut self) -> Option<(usize, u8)> {
        let head = self.byte()?;
        let count = match head >> 4 {
            15 => usize::try_from(self.unsigned()?).ok()?,
            few => usize::from(few),
        };
        (count <= self.bytes.len() - self.at).then_some((count, head & 15))
    }

    /// The next field of a structure whose last one was `last`; the inner none is its end.
    pub fn field(&mut self, last: &mut i16) -> Option<Option<Field>> {
        let head = self.byte()?;
        if head == 0 {
            return Some(None);
        }
        let id = match head >> 4 {
            0 => i16::try_from(self.number()?).ok()?,
            more => last.checked_add(i16::from(more))?,
        };
        *last = id;
        Some(Some(Field { id, kind: head & 15 }))
    }

    /// Reads a structure: `each` takes a field's value and says so, or leaves it to be passed over.
    pub fn structure(&mut self, mut each: impl FnMut(&mut Self, Field) -> Option<bool>) -> Option<()> {
        let mut last = 0;
        while let Some(field) = self.field(&mut last)? {
            if !each(self, field)? {
                self.skip(field.kind, 0)?;
            }
        }
        Some(())
    }

    /// Passes over a value.
    fn skip(&mut self, what: u8, depth: u32) -> Option<()> {
        if depth > DEEPEST {
            return None;
        }
        match what {
            kind::TRUE | kind::FALSE => {}
            kind::I8 => {
                self.byte()?;
            }
            kind::I16 | kind::I32 | kind::I64 => {
                self.unsigned()?;
            }
            kind::DOUBLE => self.at = self.at.checked_add(8).filter(|at| *at <= self.bytes.len())?,
            kind::BINARY => {
                self.binary()?;
            }
            kind::LIST | kind::SET => {
                let (count, element) = self.list()?;
                for _ in 0..count {
                    self.element(element, depth)?;
                }
            }
            kind::MAP => {
                let count = usize::try_from(self.unsigned()?).ok()?;
                let kinds = if count == 0 { 0 } else { self.byte()? };
                for _ in 0..count {
                    self.element(kinds >> 4, depth)?;
                    self.element(kinds & 15, depth)?;
                }
            }
            kind::STRUCT => {
                let mut last = 0;
                while let Some(field) = self.field(&mut last)? {
                    self.skip(field.kind, depth + 1)?;
                }
            }
            _ => return None,
        }
        Some(())
    }

    /// An element of a list: there a truth value takes a byte.
    fn element(&mut self, what: u8, depth: u32) -> Option<()> {
        match what {
            kind::TRUE | kind::FALSE => self.byte().map(|_| ()),
            _ => self.skip(what, depth + 1),
        }
    }
}
