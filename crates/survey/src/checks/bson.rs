//! The little of BSON (bsonspec.org, 1.1) that MongoDB's answers need: the fields of a document, as far as they are there.
//!
//! A document may be cut off; what came before the cut is read. Documents within are given as bytes, so nothing recurses.

/// A field's value, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value<'a> {
    Number(f64),
    Text(&'a [u8]),
    /// The bytes of a document or an array, perhaps cut off.
    Inner(&'a [u8]),
    Other,
}

/// The fields of a document, up to where it ends or is cut off.
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// Of the bytes of a document, its length in front.
    pub fn of(document: &'a [u8]) -> Self {
        let length = document.first_chunk::<4>().map_or(0, |length| u32::from_le_bytes(*length) as usize);
        let end = length.min(document.len());
        Self { rest: document.get(4..end).unwrap_or_default() }
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    fn little(&mut self) -> Option<usize> {
        Some(u32::from_le_bytes(*self.take(4)?.first_chunk()?) as usize)
    }

    fn text_to_nul(&mut self) -> Option<&'a [u8]> {
        let end = self.rest.iter().position(|byte| *byte == 0)?;
        let text = self.take(end)?;
        self.take(1)?;
        Some(text)
    }

    fn value(&mut self, kind: u8) -> Option<Value<'a>> {
        Some(match kind {
            0x01 => Value::Number(f64::from_le_bytes(*self.take(8)?.first_chunk()?)),
            0x10 => Value::Number(f64::from(i32::from_le_bytes(*self.take(4)?.first_chunk()?))),
            0x12 => Value::Number(i64::from_le_bytes(*self.take(8)?.first_chunk()?) as f64),
            0x02 => {
                let length = self.little()?;
                let text = self.take(length)?;
                Value::Text(text.strip_suffix(b"\0").unwrap_or(text))
            }
            0x03 | 0x04 => {
                let whole = self.rest;
                let length = u32::from_le_bytes(*whole.first_chunk()?) as usize;
                if length < 5 {
                    return None;
                }
                // One that is cut off is the last that can be read.
                let inner = self.take(length.min(whole.len()))?;
                Value::Inner(inner)
            }
            0x08 => Value::Number(f64::from(*self.take(1)?.first()?)),
            0x09 | 0x11 => self.take(8).map(|_| Value::Other)?,
            0x07 => self.take(12).map(|_| Value::Other)?,
            0x05 => {
                let length = self.little()?;
                self.take(length.checked_add(1)?).map(|_| Value::Other)?
            }
            0x06 | 0x0a => Value::Other,
            _ => return None,
        })
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a [u8], Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let kind = *self.take(1)?.first()?;
        let field = (kind != 0).then(|| Some((self.text_to_nul()?, self.value(kind)?))).flatten();
        if field.is_none() {
            self.rest = &[];
        }
        field
    }
}

/// A document of one number and one text: a command and the database that it is for.
pub(super) fn command(name: &str, more: &[(&str, bool)]) -> Vec<u8> {
    let mut fields = Vec::new();
    let name_of = |kind: u8, name: &str| {
        let mut field = vec![kind];
        field.extend(name.bytes());
        field.push(0);
        field
    };
    fields.extend(name_of(0x10, name));
    fields.extend(1_i32.to_le_bytes());
    for (name, value) in more {
        fields.extend(name_of(0x08, name));
        fields.push(u8::from(*value));
    }
    fields.extend(name_of(0x02, "$db"));
    fields.extend(6_u32.to_le_bytes());
    fields.extend(b"admin\0\0");
    let mut document = (fields.len() as u32 + 4).to_le_bytes().to_vec();
    document.extend(fields);
    document
}
