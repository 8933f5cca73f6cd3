//! The encodings of values and levels, each read value by value from a page's bytes.
//!
//! Nothing is unpacked ahead: a run of a few bytes may stand for two thousand million values. None: the bytes end, or
//! make no sense.

/// Runs of one value, and groups of eight packed ones: levels, and places in a dictionary.
#[derive(Clone, Copy, Debug)]
pub(super) struct Runs {
    bits: u32,
    at: usize,
    end: usize,
    left: u64,
    /// The run's value; none where values are packed.
    value: Option<u64>,
    /// Where the next packed value begins, in bits of the page.
    bit: u64,
}

impl Runs {
    /// Between these places of a page, values of so many bits.
    pub fn new(bits: u32, at: usize, end: usize) -> Option<Self> {
        (bits <= 32).then_some(Self { bits, at, end, left: 0, value: None, bit: 0 })
    }

    pub fn next(&mut self, page: &[u8]) -> Option<u64> {
        if self.bits == 0 {
            return Some(0);
        }
        let page = page.get(..self.end)?;
        while self.left == 0 {
            let head = varint(page, &mut self.at)?;
            let width = u64::from(self.bits);
            if head & 1 == 0 {
                self.left = head >> 1;
                let bytes = page.get(self.at..self.at + width.div_ceil(8) as usize)?;
                self.value = Some(bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)));
                self.at += bytes.len();
            } else {
                self.left = (head >> 1).checked_mul(8)?;
                self.value = None;
                self.bit = self.at as u64 * 8;
                // The last group may be cut short where its values are not needed.
                let bytes = usize::try_from((head >> 1).checked_mul(width)?).ok()?;
                self.at = self.at.checked_add(bytes)?.min(page.len());
            }
        }
        self.left -= 1;
        match self.value {
            Some(value) => Some(value),
            None => {
                let value = bits(page, self.bit, self.bits)?;
                self.bit += u64::from(self.bits);
                Some(value)
            }
        }
    }
}

/// Numbers as differences, in blocks of packed ones.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deltas {
    at: usize,
    /// Values in a part of a block, and parts in a block.
    part: u64,
    parts: u64,
    /// Values that are still to come.
    left: u64,
    last: i64,
    first: bool,
    least: i64,
    /// Where the widths of the block's parts are, how many were used, and the current part.
    widths: usize,
    used: u64,
    width: u32,
    bit: u64,
    in_part: u64,
}

impl Deltas {
    pub fn new(page: &[u8], mut at: usize) -> Option<Self> {
        let block = varint(page, &mut at)?;
        let parts = varint(page, &mut at)?;
        let left = varint(page, &mut at)?;
        let last = signed(varint(page, &mut at)?);
        let part = block.checked_div(parts)?;
        if part == 0 || !part.is_multiple_of(8) || parts > page.len() as u64 {
            return None;
        }
        let new = Self {
            at,
            part,
            parts,
            left,
            last,
            first: true,
            least: 0,
            widths: 0,
            used: parts,
            width: 0,
            bit: 0,
            in_part: 0,
        };
        Some(new)
    }

    pub fn next(&mut self, page: &[u8]) -> Option<i64> {
        self.left = self.left.checked_sub(1)?;
        if std::mem::take(&mut self.first) {
            return Some(self.last);
        }
        if self.in_part == 0 {
            if self.used == self.parts {
                self.least = signed(varint(page, &mut self.at)?);
                self.widths = self.at;
                self.at = self.at.checked_add(usize::try_from(self.parts).ok()?)?;
                self.used = 0;
            }
            self.width = u32::from(*page.get(self.widths + self.used as usize)?);
            self.used += 1;
            self.in_part = self.part;
            self.bit = self.at as u64 * 8;
            let bytes = usize::try_from((self.part / 8).checked_mul(u64::from(self.width))?).ok()?;
            self.at = self.at.checked_add(bytes)?;
        }
        self.in_part -= 1;
        let delta = bits(page, self.bit, self.width)?;
        self.bit += u64::from(self.width);
        self.last = self.last.wrapping_add(self.least).wrapping_add(delta as i64);
        Some(self.last)
    }

    /// Where the bytes behind them begin. `most` values are allowed; the decoder itself stays where it is.
    pub fn end(&self, page: &[u8], most: usize) -> Option<usize> {
        let mut copy = *self;
        if copy.left > most as u64 {
            return None;
        }
        while copy.left > 0 {
            copy.next(page)?;
        }
        Some(copy.at)
    }
}

/// Texts, one behind the other.
pub(super) fn text<'a>(page: &'a [u8], at: &mut usize, length: usize) -> Option<&'a [u8]> {
    let text = page.get(*at..at.checked_add(length)?)?;
    *at += length;
    Some(text)
}

/// A number of `N` bytes, the lowest first.
pub(super) fn plain<const N: usize>(page: &[u8], at: &mut usize) -> Option<u64> {
    let bytes = text(page, at, N)?;
    Some(bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

/// A text behind its length.
pub(super) fn counted<'a>(page: &'a [u8], at: &mut usize) -> Option<&'a [u8]> {
    let length = plain::<4>(page, at)? as usize;
    text(page, at, length)
}

/// `width` bits, up to 64, from the lowest of each byte.
fn bits(page: &[u8], from: u64, width: u32) -> Option<u64> {
    if width == 0 {
        return Some(0);
    }
    let first = usize::try_from(from / 8).ok()?;
    let last = usize::try_from((from + u64::from(width) - 1) / 8).ok()?;
    if width > 64 {
        return None;
    }
    let bytes = page.get(first..=last)?;
    let all = bytes.iter().rev().fold(0_u128, |sum, byte| sum << 8 | u128::from(*byte));
    let mask = u128::from(u64::MAX) >> (64 - width);
    Some((all >> (from % 8) & mask) as u64)
}

fn varint(page: &[u8], at: &mut usize) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = *page.get(*at)?;
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

fn signed(folded: u64) -> i64 {
    (folded >> 1) as i64 ^ -((folded & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_one_value_and_packed_ones() {
        // Four times 5, then 0 to 7 in three bits each, as Parquet's documentation packs them.
        let page = [8, 5, 3, 0b1000_1000, 0b1100_0110, 0b1111_1010];
        let mut runs = Runs::new(3, 0, page.len()).unwrap();
        let values: Vec<u64> = std::iter::from_fn(|| runs.next(&page)).collect();
        assert_eq!(values, [5, 5, 5, 5, 0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(Runs::new(0, 0, 0).unwrap().next(&[]), Some(0));
        assert!(Runs::new(33, 0, 9).is_none());
    }

    #[test]
    fn differences() {
        // 7, 5, 3, 1, 2, 3, 4, 5: least -2, then 0 0 0 3 3 3 3 in two bits each.
        let page = [128, 1, 4, 8, 14, 3, 2, 0, 0, 0, 0b1100_0000, 0b0011_1111, 0, 0, 0, 0, 0, 0, b'x'];
        let mut deltas = Deltas::new(&page, 0).unwrap();
        assert_eq!(deltas.end(&page, 8), Some(18));
        assert_eq!(deltas.end(&page, 7), None);
        let values: Vec<i64> = std::iter::from_fn(|| deltas.next(&page)).collect();
        assert_eq!(values, [7, 5, 3, 1, 2, 3, 4, 5]);
        assert!(Deltas::new(&[0, 0, 1, 0], 0).is_none());
    }
}
