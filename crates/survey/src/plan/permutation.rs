//! Every place of a space exactly once, in an order without visible order.
//!
//! The problem: neighbours must not be asked one after the other, or a network gets everything at once; yet nothing may be kept of
//! billions of places, and a run must be resumed, and divided among shards. The way: a Feistel network over the next power of two, keyed,
//! whose values beyond the space are sent through it again (cycle walking; Black and Rogaway, 2002). Each round changes one half by a
//! function of the other, so each can be undone, and the whole is a bijection whatever the function is. Walking along a cycle of a bijection
//! from a place of the space to the next place of the space is a bijection of the space. The power of two is less than twice the space, so
//! that it takes two passes at most on average. The limit: the order is not secret from who sees much of it, only free of patterns.

use std::num::NonZeroU64;

/// Rounds: four hide order (Luby and Rackoff, 1988); six where the halves are small.
const ROUNDS: usize = 6;

/// A permutation of the places 0 to `size` - 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permutation {
    size: u64,
    /// Bits of the low half; the high half has as many, or one more.
    low: u32,
    low_mask: u64,
    high_mask: u64,
    keys: [u64; ROUNDS],
}

impl Permutation {
    /// The permutation of `size` places that belongs to a key. There is none of no place.
    pub fn new(size: u64, key: u64) -> Option<Self> {
        let bits = 64 - size.checked_sub(1)?.leading_zeros();
        let (low, high) = (bits / 2, bits - bits / 2);
        let mask = |bits: u32| (1u64 << bits) - 1;
        let mut state = key;
        let keys = std::array::from_fn(|_| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            mix(state)
        });
        Some(Self { size, low, low_mask: mask(low), high_mask: mask(high), keys })
    }

    /// How many places.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// What comes at `turn`, which is less than the size.
    #[inline]
    pub fn at(&self, turn: u64) -> u64 {
        walk(self.size, turn, |place| self.pass(place))
    }

    /// One pass over the power of two.
    #[inline]
    fn pass(&self, place: u64) -> u64 {
        let (mut high, mut low) = (place >> self.low, place & self.low_mask);
        for pair in self.keys.chunks_exact(2) {
            high ^= mix(low ^ pair[0]) & self.high_mask;
            low ^= mix(high ^ pair[1]) & self.low_mask;
        }
        high << self.low | low
    }

    /// The places of a shard, from a turn of its own on: shard `number` of `shards` takes every so manyeth turn.
    /// There is nothing in a shard whose number is not below theirs.
    pub fn shard(&self, number: u64, shards: NonZeroU64, from: u64) -> impl Iterator<Item = u64> + '_ {
        let shards = shards.get();
        let turns = if number < shards { self.size.saturating_sub(number).div_ceil(shards) } else { 0 };
        (from..turns).map(move |turn| self.at(number + turn * shards))
    }
}

/// From a place of the space along its cycle to the next place of the space.
#[inline]
fn walk(size: u64, mut place: u64, pass: impl Fn(u64) -> u64) -> u64 {
    loop {
        place = pass(place);
        if place < size {
            return place;
        }
    }
}

/// A function without structure: the finaliser of SplitMix64 (Steele, Lea and Flood, 2014).
#[inline]
const fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Whether these are 0 to `size` - 1, each once.
    fn each_once(size: u64, places: impl Iterator<Item = u64>) -> bool {
        let mut seen = vec![0u64; size.div_ceil(64) as usize];
        let mut count = 0;
        for place in places {
            let (word, bit) = ((place / 64) as usize, 1 << (place % 64));
            if place >= size || seen[word] & bit != 0 {
                return false;
            }
            seen[word] |= bit;
            count += 1;
        }
        count == size
    }

    #[test]
    fn every_size_up_to_65536_is_covered_exactly_once() {
        for bits in 0..=16u32 {
            // All sizes of one power of two share the passes; the walk is each size's own.
            let sizes = if bits == 0 { 1..=1 } else { (1 << (bits - 1)) + 1..=1u64 << bits };
            let whole = Permutation::new(1 << bits, 7).unwrap();
            let passes: Vec<u64> = (0..1 << bits).map(|place| whole.pass(place)).collect();
            for size in sizes {
                if size.is_multiple_of(509) {
                    assert!(each_once(
                        size,
                        (0..size).map(|turn| Permutation::new(size, 7).unwrap().at(turn))
                    ));
                }
                let walked = (0..size).map(|turn| walk(size, turn, |place| passes[place as usize]));
                assert!(each_once(size, walked), "{size}");
            }
        }
    }

    #[test]
    fn sizes_around_powers_of_two_and_primes_of_groups_up_to_2_to_the_24() {
        // The primes next above 2^16 and 2^24 are those of ZMap's groups.
        let primes = [257, 65_537, 16_777_259];
        let around = (17..=24).flat_map(|bits| [(1u64 << bits) - 1, 1 << bits, (1 << bits) + 1]);
        for size in around.chain(primes.into_iter().flat_map(|prime| [prime - 1, prime, prime + 1])) {
            let permutation = Permutation::new(size, size ^ 0xabcd).unwrap();
            assert!(each_once(size, (0..size).map(|turn| permutation.at(turn))), "{size}");
        }
    }

    #[test]
    fn neighbours_do_not_follow_each_other() {
        let permutation = Permutation::new(1 << 20, 1).unwrap();
        let order: Vec<u64> = (0..1 << 16).map(|turn| permutation.at(turn)).collect();
        let near = order.windows(2).filter(|pair| pair[0].abs_diff(pair[1]) < 256).count();
        // By chance 2 * 256 of 2^20: 32 of 65,535.
        assert!((10..70).contains(&near), "{near}");
        // Of any 4,096 probes in a row some 16 fall into each of 256 networks.
        for window in order.chunks(4_096) {
            let mut networks = [0u32; 256];
            window.iter().for_each(|place| networks[(place >> 12) as usize] += 1);
            assert!(networks.iter().all(|count| (1..=45).contains(count)), "{networks:?}");
        }
        assert_ne!(
            order[..100],
            (0..100).map(|t| Permutation::new(1 << 20, 2).unwrap().at(t)).collect::<Vec<_>>()
        );
    }

    proptest! {
        /// Above, by the argument of the module and by sampling: no place is beyond the space, and no two turns meet.
        #[test]
        fn large_spaces(size in 1u64 << 24..1 << 56, key: u64, turns in prop::collection::hash_set(any::<u64>(), 200)) {
            let permutation = Permutation::new(size, key).unwrap();
            let turns: std::collections::HashSet<u64> = turns.into_iter().map(|turn| turn % size).collect();
            let places: std::collections::HashSet<u64> = turns.iter().map(|turn| permutation.at(*turn)).collect();
            prop_assert_eq!(places.len(), turns.len());
            prop_assert!(places.iter().all(|place| *place < size));
        }

        #[test]
        fn shards_divide_it_and_a_run_is_resumed(size in 1u64..3_000, key: u64, shards in 1u64..9, cut in 0u64..500) {
            let permutation = Permutation::new(size, key).unwrap();
            let of = NonZeroU64::new(shards).unwrap();
            prop_assert_eq!(permutation.shard(shards, of, 0).count(), 0);
            let all = (0..shards).flat_map(|number| {
                let before = permutation.shard(number, of, 0).take(cut as usize);
                before.chain(permutation.shard(number, of, cut)).collect::<Vec<_>>()
            });
            prop_assert!(each_once(size, all));
        }
    }

    #[test]
    fn there_is_none_of_no_place() {
        assert!(Permutation::new(0, 1).is_none());
        assert_eq!(Permutation::new(1, 1).unwrap().at(0), 0);
    }
}
