//! The groups that ZMap walks: multiplication modulo a prime a little above a power of two.
//!
//! ZMap before 4 takes the first prime above the number of targets and knows the first five; ZMap 4 takes the first above
//! 2^(bits of the addresses + bits of the ports) and knows all. Its generator is any primitive root before version 3, one
//! below 2^22 since.

use super::arithmetic::Modulus;

/// Since version 3 ZMap's generators are below this.
pub const SMALL: u64 = 1 << 22;

/// One group.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    /// The prime; the walk visits 1 to `prime - 1`.
    pub prime: u64,
    /// The smallest primitive root.
    pub root: u64,
    /// `prime - 1` in powers of primes, which multiply up to it.
    pub factors: &'static [(u64, u32)],
}

/// All of them, by size.
pub const GROUPS: [Group; 11] = [
    Group { prime: 257, root: 3, factors: &[(2, 8)] },
    Group { prime: 65_537, root: 3, factors: &[(2, 16)] },
    Group { prime: 16_777_259, root: 2, factors: &[(2, 1), (23, 1), (103, 1), (3_541, 1)] },
    Group { prime: 268_435_459, root: 2, factors: &[(2, 1), (3, 4), (19, 1), (87_211, 1)] },
    Group { prime: 4_294_967_311, root: 3, factors: &[(2, 1), (3, 2), (5, 1), (131, 1), (364_289, 1)] },
    Group { prime: 8_589_934_609, root: 19, factors: &[(2, 4), (3, 1), (59, 1), (3_033_169, 1)] },
    Group { prime: 17_179_869_209, root: 3, factors: &[(2, 3), (83, 1), (1_277, 1), (20_261, 1)] },
    Group { prime: 68_719_476_767, root: 5, factors: &[(2, 1), (163, 1), (883, 1), (238_727, 1)] },
    Group { prime: 1_099_511_627_791, root: 3, factors: &[(2, 1), (3, 1), (5, 1), (36_650_387_593, 1)] },
    Group {
        prime: 17_592_186_044_423,
        root: 5,
        factors: &[(2, 1), (11, 1), (53, 1), (97, 1), (155_542_661, 1)],
    },
    Group {
        prime: 281_474_976_710_677,
        root: 6,
        factors: &[(2, 2), (3, 1), (7, 1), (1_361, 1), (2_462_081_249, 1)],
    },
];

impl Group {
    /// The first whose prime is above this number.
    pub fn above(number: u64) -> Option<&'static Self> {
        GROUPS.iter().find(|group| group.prime > number)
    }

    /// Arithmetic modulo the prime.
    pub fn field(&self) -> Modulus {
        Modulus::new(self.prime)
    }

    /// Arithmetic of exponents, modulo `prime - 1`.
    pub fn exponents(&self) -> Modulus {
        Modulus::new(self.prime - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_and_roots_are_right() {
        for group in &GROUPS {
            let order = group.prime - 1;
            assert_eq!(
                group.factors.iter().map(|(q, e)| q.pow(*e)).product::<u64>(),
                order,
                "{}",
                group.prime
            );
            let field = group.field();
            for (q, _) in group.factors {
                assert!((2..).take_while(|d| d * d <= *q).all(|d| q % d != 0), "{q} is prime");
                assert_ne!(field.power(group.root, order / q), 1, "{} of {}", group.root, group.prime);
            }
            assert_eq!(field.power(group.root, order), 1);
            let primitive = |g: u64| group.factors.iter().all(|(q, _)| field.power(g, order / q) != 1);
            assert_eq!((2..).find(|g| primitive(*g)), Some(group.root), "the smallest");
        }
        assert!(GROUPS.windows(2).all(|pair| pair[0].prime < pair[1].prime));
    }
}
