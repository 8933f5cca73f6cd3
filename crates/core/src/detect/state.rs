//! The measuring tools that detectors share: distinct counting and typical gaps, each in bounded memory.

use roaring::RoaringBitmap;
use serde::{Deserialize, Serialize};

use crate::contact::Time;
use crate::net::Address;

/// Registers of the estimate: σ = 1.04 / sqrt(1024) = 3.3 %.
const REGISTERS: usize = 1024;
/// Past this many bytes an exact set becomes an estimate. A /16 held exactly needs 8 KiB.
const EXACT_BYTES: usize = 32 * 1024;
/// A container's head (40 bytes), its slack in the list of containers, and the least that an allocation takes.
const CONTAINER_BYTES: usize = 96;
/// How often the exact set's size is looked at: each time so many more were added.
const LOOK_EVERY: u32 = 64;

/// Counts distinct 32-bit values, exactly while that takes at most 32 KiB, then by estimate.
///
/// "Was this new?" is answered only while exact; the estimate (HyperLogLog, Flajolet et al. 2007) cannot tell.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Distinct {
    /// All values.
    Exact {
        /// They.
        set: RoaringBitmap,
        /// Size when last looked at.
        bytes: u32,
        /// Values added since.
        unseen: u32,
    },
    /// Registers of HyperLogLog.
    Estimate(Vec<u8>),
}

impl Default for Distinct {
    fn default() -> Self {
        Self::Exact { set: RoaringBitmap::new(), bytes: 0, unseen: 0 }
    }
}

impl Distinct {
    /// Adds a value. Gives how many distinct values it stands for: 1 if it was new, and of an estimate, which cannot
    /// tell, mostly 0 and now and then as many as it takes on average to change a register (Ting, KDD 2014), so that a
    /// part of the values can be counted as the whole is.
    pub fn insert(&mut self, value: u32) -> u64 {
        match self {
            Self::Exact { set, bytes, unseen } => {
                let new = set.insert(value);
                *unseen += u32::from(new);
                if *unseen >= LOOK_EVERY {
                    *unseen = 0;
                    *bytes = size_of_bitmap(set) as u32;
                    if *bytes as usize > EXACT_BYTES {
                        *self = Self::estimate(set);
                    }
                }
                u64::from(new)
            }
            Self::Estimate(registers) => {
                let (place, rank) = place_and_rank(value);
                if rank <= registers[place] {
                    return 0;
                }
                let chance = chance(registers);
                registers[place] = rank;
                (REGISTERS as f64 / chance).round() as u64
            }
        }
    }

    fn estimate(set: &RoaringBitmap) -> Self {
        let mut registers = vec![0; REGISTERS];
        for value in set {
            let (place, rank) = place_and_rank(value);
            registers[place] = rank.max(registers[place]);
        }
        Self::Estimate(registers)
    }

    /// Takes up another's values.
    pub fn join(&mut self, other: &Self) {
        match other {
            Self::Exact { set, .. } => {
                for value in set {
                    self.insert(value);
                }
            }
            Self::Estimate(theirs) => {
                if let Self::Exact { set, .. } = self {
                    *self = Self::estimate(set);
                }
                if let Self::Estimate(own) = self {
                    own.iter_mut().zip(theirs).for_each(|(own, theirs)| *own = (*own).max(*theirs));
                }
            }
        }
    }

    /// Whether the value was added; `None` if an estimate cannot tell.
    pub fn contains(&self, value: u32) -> Option<bool> {
        match self {
            Self::Exact { set, .. } => Some(set.contains(value)),
            Self::Estimate(_) => None,
        }
    }

    /// How many distinct values there were.
    pub fn count(&self) -> u64 {
        match self {
            Self::Exact { set, .. } => set.len(),
            Self::Estimate(registers) => estimate(registers),
        }
    }

    /// Whether the count is exact.
    pub fn is_exact(&self) -> bool {
        matches!(self, Self::Exact { .. })
    }

    /// All values in rising order, while exact.
    pub fn values(&self) -> impl Iterator<Item = u32> + '_ {
        let set = match self {
            Self::Exact { set, .. } => Some(set.iter()),
            Self::Estimate(_) => None,
        };
        set.into_iter().flatten()
    }

    /// Bytes held, as the budget counts them. Depends on the values alone, not on how they came.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Exact { bytes, .. } => *bytes as usize + 4 * LOOK_EVERY as usize,
            Self::Estimate(registers) => registers.len(),
        }
    }
}

/// The containers (one for each /16 touched) with their heads and the slack of their allocations, and what they hold.
fn size_of_bitmap(set: &RoaringBitmap) -> usize {
    let statistics = set.statistics();
    let values = statistics.n_values_array_containers as usize * 2 * 3 / 2;
    statistics.n_containers as usize * CONTAINER_BYTES
        + values
        + statistics.n_bitset_containers as usize * 8192
}

/// Spreads a value's bits (the finaliser of MurmurHash3, widened to 64 bits).
fn spread(value: u32) -> u64 {
    let mut hash = u64::from(value).wrapping_add(0x9e37_79b9_7f4a_7c15);
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

fn place_and_rank(value: u32) -> (usize, u8) {
    let hash = spread(value);
    (hash as usize % REGISTERS, (hash >> 10).trailing_zeros().min(53) as u8 + 1)
}

/// The sum over all registers of 2^-rank: how likely a new value changes one, times their number.
///
/// It is asked for at each change, so the powers are made from their bits and summed in lanes. They are exact, and so is
/// their sum as long as ranks differ by less than 43.
fn chance(registers: &[u8]) -> f64 {
    const LANES: usize = 8;
    const EXPONENT_OF_ONE: u64 = 1023;
    let mut sums = [0.0; LANES];
    for registers in registers.chunks(LANES) {
        for (sum, rank) in sums.iter_mut().zip(registers) {
            *sum += f64::from_bits((EXPONENT_OF_ONE - u64::from(*rank)) << 52);
        }
    }
    sums.iter().sum()
}

fn estimate(registers: &[u8]) -> u64 {
    let m = REGISTERS as f64;
    let raw = 0.7213 / (1.0 + 1.079 / m) * m * m / chance(registers);
    let empty = registers.iter().filter(|r| **r == 0).count();
    let better = if raw <= 2.5 * m && empty > 0 { m * (m / empty as f64).ln() } else { raw };
    better.round() as u64
}

/// A host's place in a [`Distinct`]: an IPv4 address itself, 32 mixed bits of an IPv6 address.
pub fn host_id(address: Address) -> u32 {
    address.as_v4().unwrap_or_else(|| {
        let (high, low) = address.halves();
        let mixed = (high ^ low.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ low;
        (mixed.wrapping_mul(0xff51_afd7_ed55_8ccd) >> 32) as u32
    })
}

/// Two buckets an octave of nanoseconds, up to 2^52 ns (52 days).
const BUCKETS: usize = 104;

/// The typical gap between probes: a histogram whose buckets grow by the square root of two, so a median is within
/// 20 % of the true one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Gaps(Vec<u32>);

impl Default for Gaps {
    fn default() -> Self {
        Self(vec![0; BUCKETS])
    }
}

impl Gaps {
    /// Adds one gap.
    pub fn add(&mut self, gap: Time) {
        let gap = gap.max(1) as u64;
        let octave = gap.ilog2() as usize;
        let upper_half = octave > 0 && (gap >> (octave - 1)) & 1 == 1;
        let bucket = (2 * octave + usize::from(upper_half)).min(BUCKETS - 1);
        self.0[bucket] = self.0[bucket].saturating_add(1);
    }

    /// Takes up another's gaps.
    pub fn join(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(own, theirs)| *own = own.saturating_add(*theirs));
    }

    /// The median in nanoseconds; `None` of nothing.
    pub fn median(&self) -> Option<Time> {
        let total: u64 = self.0.iter().map(|n| u64::from(*n)).sum();
        let mut before = 0;
        let bucket = self.0.iter().position(|n| {
            before += u64::from(*n);
            2 * before >= total && total > 0
        })?;
        let base = 1u64 << (bucket / 2);
        let half = base / 2;
        // The middle of the bucket.
        let middle = if bucket % 2 == 0 { base + half / 2 } else { base + half + half / 2 };
        Some(middle as Time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_sixteen_is_exact_and_scattered_hosts_become_an_estimate() {
        let mut dense = Distinct::default();
        for i in 0..65_536u32 {
            dense.insert(0x0a4d_0000 | (i.wrapping_mul(40_503) & 0xffff));
        }
        assert!(dense.is_exact());
        assert_eq!(dense.count(), 65_536);
        let mut scattered = Distinct::default();
        for i in 0..100_000u32 {
            scattered.insert(i.wrapping_mul(2_654_435_761));
        }
        assert!(!scattered.is_exact());
        let error = (scattered.count() as f64 / 100_000.0 - 1.0).abs();
        assert!(error < 0.12, "{error}");
        assert!(scattered.bytes() <= EXACT_BYTES);
    }

    #[test]
    fn the_chance_is_the_sum_of_powers() {
        let registers: Vec<u8> =
            (0..REGISTERS as u32).map(|n| place_and_rank(n).1 + (n % 30) as u8).collect();
        let sum: f64 = registers.iter().map(|rank| (-f64::from(*rank)).exp2()).sum();
        assert_eq!(chance(&registers), sum);
        assert_eq!(chance(&[0; REGISTERS]), REGISTERS as f64);
    }

    #[test]
    fn the_median_gap_is_near() {
        let mut gaps = Gaps::default();
        for gap in [1_000_000, 1_000_000_000, 1_100_000_000, 900_000_000, 3_600_000_000_000] {
            gaps.add(gap);
        }
        let median = gaps.median().unwrap() as f64;
        assert!((0.75e9..1.35e9).contains(&median), "{median}");
        assert_eq!(Gaps::default().median(), None);
    }

    proptest! {
        #[test]
        fn any_gap_has_a_bucket(gap: i64) {
            let mut gaps = Gaps::default();
            gaps.add(gap);
            prop_assert!(gaps.median().unwrap() >= 1);
        }
    }
}
