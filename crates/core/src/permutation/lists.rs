//! Address lists as ZMap counts them: which index an address has, and which address an index.
//!
//! Indexes rise with the addresses, with one exception: whole aligned /20 networks (/18 since ZMap 4.1) that are allowed
//! come first, whatever is left of the others comes behind all of them. With the default blocklist that moves every
//! address above 192.0.0.0.

/// The special-purpose ranges of ZMap's default blocklist, first and last address, rising and disjoint: RFC 6890's and
/// multicast, unchanged in every version.
const RESERVED: [(u32, u32); 14] = [
    (0x0000_0000, 0x00ff_ffff), // 0.0.0.0/8
    (0x0a00_0000, 0x0aff_ffff), // 10.0.0.0/8
    (0x6440_0000, 0x647f_ffff), // 100.64.0.0/10
    (0x7f00_0000, 0x7fff_ffff), // 127.0.0.0/8
    (0xa9fe_0000, 0xa9fe_ffff), // 169.254.0.0/16
    (0xac10_0000, 0xac1f_ffff), // 172.16.0.0/12
    (0xc000_0000, 0xc000_00ff), // 192.0.0.0/24
    (0xc000_0200, 0xc000_02ff), // 192.0.2.0/24
    (0xc058_6300, 0xc058_63ff), // 192.88.99.0/24
    (0xc0a8_0000, 0xc0a8_ffff), // 192.168.0.0/16
    (0xc612_0000, 0xc613_ffff), // 198.18.0.0/15
    (0xc633_6400, 0xc633_64ff), // 198.51.100.0/24
    (0xcb00_7100, 0xcb00_71ff), // 203.0.113.0/24
    (0xe000_0000, 0xffff_ffff), // 224.0.0.0/4 and 240.0.0.0/4
];

/// An address list: pieces in the order of indexes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    /// First address, number of addresses, first index; by index.
    pieces: Vec<(u32, u64, u64)>,
    /// The places of the pieces, by address.
    by_address: Vec<usize>,
    size: u64,
}

impl List {
    /// Of disjoint ranges (first and last address), in rising order, with whole aligned networks of `whole` bits first.
    pub fn new(ranges: &[(u32, u32)], whole: u32) -> Self {
        let block = 1u64 << (32 - whole);
        let (mut front, mut behind) = (Vec::new(), Vec::new());
        for &(first, last) in ranges {
            let (first, end) = (u64::from(first), u64::from(last) + 1);
            let (from, to) = (first.next_multiple_of(block), end / block * block);
            if from < to {
                front.push((from, to));
                behind.extend([(first, from), (to, end)]);
            } else {
                behind.push((first, end));
            }
        }
        let mut size = 0;
        let mut pieces = Vec::new();
        for (from, to) in front.into_iter().chain(behind).filter(|(from, to)| from < to) {
            pieces.push((from as u32, to - from, size));
            size += to - from;
        }
        let mut by_address: Vec<usize> = (0..pieces.len()).collect();
        by_address.sort_unstable_by_key(|place| pieces[*place].0);
        Self { pieces, by_address, size }
    }

    /// Of one run of addresses.
    pub fn run(first: u32, last: u32) -> Self {
        Self::new(&[(first, last)], 0)
    }

    /// A run of addresses without ZMap's default blocklist, in which whole networks of `whole` bits come first.
    pub fn allowed(first: u32, last: u32, whole: u32) -> Self {
        let mut ranges = Vec::new();
        let mut from = u64::from(first);
        for &(start, end) in RESERVED.iter().filter(|(start, end)| *end >= first && *start <= last) {
            if from < u64::from(start) {
                ranges.push((from as u32, start - 1));
            }
            from = u64::from(end) + 1;
        }
        if from <= u64::from(last) {
            ranges.push((from as u32, last));
        }
        Self::new(&ranges, whole)
    }

    /// How many addresses it has.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The index of an address.
    pub fn index(&self, address: u32) -> Option<u64> {
        let after = self.by_address.partition_point(|place| self.pieces[*place].0 <= address);
        let (first, count, index) = self.pieces[self.by_address[after.checked_sub(1)?]];
        let offset = u64::from(address - first);
        (offset < count).then_some(index + offset)
    }

    /// The runs of indexes, first and last, that these ranges of addresses have, rising.
    pub fn indexes(&self, ranges: &[(u32, u32)]) -> Vec<(u64, u64)> {
        let mut runs = Vec::new();
        for &(first, count, index) in &self.pieces {
            let (from, to) = (u64::from(first), u64::from(first) + count);
            for &(start, end) in ranges {
                let (a, b) = (from.max(u64::from(start)), to.min(u64::from(end) + 1));
                if a < b {
                    runs.push((index + a - from, index + b - 1 - from));
                }
            }
        }
        runs.sort_unstable();
        runs
    }

    /// The address of an index.
    pub fn address(&self, index: u64) -> Option<u32> {
        let after = self.pieces.partition_point(|piece| piece.2 <= index);
        let (first, count, start) = self.pieces[after.checked_sub(1)?];
        (index - start < count).then(|| first + (index - start) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_internet_counts_as_with_the_default_blocklist() {
        for whole in [18, 20] {
            let internet = List::allowed(0, u32::MAX, whole);
            // 2^32 less the sizes of the reserved ranges.
            assert_eq!(internet.size(), 3_702_258_432);
            assert_eq!(internet.index(0x0100_0000), Some(0), "1.0.0.0 is the first");
            assert_eq!(internet.index(0x0b00_0000), Some(9 << 24));
            // 192.0.1.0 shares its network with reserved ones: behind all whole networks.
            assert!(internet.index(0xc000_0100) > internet.index(0xdfff_ffff));
            for address in [0x0a00_0001, 0xc633_6401, 0xe000_0000] {
                assert_eq!(internet.index(address), None);
            }
            for index in (0..internet.size()).step_by(1_234_567).chain([internet.size() - 1]) {
                let address = internet.address(index).unwrap();
                assert_eq!(internet.index(address), Some(index));
            }
            assert_eq!(internet.address(internet.size()), None);
        }
        let (early, late) = (List::allowed(0, u32::MAX, 20), List::allowed(0, u32::MAX, 18));
        assert_eq!(early.index(0xbfff_ffff), late.index(0xbfff_ffff));
        assert_ne!(early.index(0xd000_0000), late.index(0xd000_0000));
        assert_eq!(List::run(10, 20).index(10), Some(0));
        assert_eq!(List::run(10, 20).address(10), Some(20));
    }
}
