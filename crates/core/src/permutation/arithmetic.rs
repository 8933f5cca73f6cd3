//! Arithmetic modulo numbers below 2^49, as fast as the machine's floating point gives it.
//!
//! The quotient of a product is estimated in double precision and is at most one off, because modulus and factors have
//! fewer than 50 bits; the remainder is then exact in wrapping 64-bit integers. Nothing here depends on rounding.

/// A modulus of at least 2 and below 2^49.
#[derive(Clone, Copy, Debug)]
pub struct Modulus {
    m: u64,
    inverse: f64,
}

impl Modulus {
    /// Of a number from 2 to below 2^49.
    pub const fn new(m: u64) -> Self {
        debug_assert!(m >= 2 && m < 1 << 49);
        Self { m, inverse: 1.0 / m as f64 }
    }

    /// The number itself.
    #[inline]
    pub const fn get(self) -> u64 {
        self.m
    }

    /// `a * b` of reduced factors.
    #[inline]
    pub fn multiply(self, a: u64, b: u64) -> u64 {
        let quotient = (a as f64 * b as f64 * self.inverse) as u64;
        let rest = a.wrapping_mul(b).wrapping_sub(quotient.wrapping_mul(self.m)) as i64;
        if rest < 0 {
            (rest + self.m as i64) as u64
        } else if rest >= self.m as i64 {
            (rest - self.m as i64) as u64
        } else {
            rest as u64
        }
    }

    /// `a + b` of reduced terms.
    #[inline]
    pub const fn add(self, a: u64, b: u64) -> u64 {
        let sum = a + b;
        if sum >= self.m { sum - self.m } else { sum }
    }

    /// `a - b` of reduced terms.
    #[inline]
    pub const fn subtract(self, a: u64, b: u64) -> u64 {
        if a >= b { a - b } else { a + self.m - b }
    }

    /// `base ^ exponent`.
    pub fn power(self, base: u64, mut exponent: u64) -> u64 {
        let (mut result, mut square) = (1 % self.m, base % self.m);
        while exponent > 0 {
            if exponent & 1 == 1 {
                result = self.multiply(result, square);
            }
            square = self.multiply(square, square);
            exponent >>= 1;
        }
        result
    }

    /// The inverse of a number prime to the modulus.
    pub fn invert(self, a: u64) -> Option<u64> {
        let (mut r, mut next) = (i128::from(self.m), i128::from(a % self.m));
        let (mut t, mut after) = (0i128, 1i128);
        while next != 0 {
            let quotient = r / next;
            (r, next) = (next, r - quotient * next);
            (t, after) = (after, t - quotient * after);
        }
        (r == 1).then(|| t.rem_euclid(i128::from(self.m)) as u64)
    }

    /// Every `u` below the modulus with `factor * u = product`, at most as many as `factor` and the modulus share.
    pub fn divide(self, product: u64, factor: u64) -> Vec<u64> {
        let shared = common(factor, self.m);
        if shared == 0 || !product.is_multiple_of(shared) {
            return Vec::new();
        }
        let step = self.m / shared;
        if step == 1 {
            return (0..shared).collect();
        }
        let small = Self::new(step);
        let Some(inverse) = small.invert(factor / shared) else { return Vec::new() };
        let first = small.multiply(product / shared % step, inverse);
        (0..shared).map(|j| first + j * step).collect()
    }
}

/// The greatest common divisor.
pub const fn common(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn products_are_those_of_wide_integers(m in 2u64..1 << 49, a: u64, b: u64) {
            let modulus = Modulus::new(m);
            let (a, b) = (a % m, b % m);
            prop_assert_eq!(u128::from(modulus.multiply(a, b)), u128::from(a) * u128::from(b) % u128::from(m));
            prop_assert_eq!(modulus.multiply(m - 1, m - 1), 1 % m);
        }

        #[test]
        fn quotients_multiply_back(m in 2u64..1 << 49, factor in 1u64..200, u: u64) {
            let modulus = Modulus::new(m);
            let u = u % m;
            let product = modulus.multiply(factor % m, u);
            let all = modulus.divide(product, factor);
            prop_assert!(all.contains(&u));
            prop_assert!(all.iter().all(|u| modulus.multiply(factor % m, *u) == product));
            prop_assert_eq!(modulus.invert(u).map(|i| modulus.multiply(i, u)), (common(u, m) == 1).then_some(1));
        }
    }
}
