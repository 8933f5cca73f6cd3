//! Discrete logarithms by Pohlig and Hellman: one small logarithm for each prime factor of `prime - 1`, by baby and giant
//! steps, joined by the Chinese remainder theorem.
//!
//! The baby steps of a factor are a table of at most 2^20 powers; all factors together take at most 30 MB. The limit is
//! 2^40+15, whose largest factor needs 35,000 giant steps a logarithm, about a third of a millisecond.

use super::arithmetic::Modulus;
use super::groups::Group;

/// Baby steps that are kept for the largest factors.
const BABY: u64 = 1 << 20;
/// ... and for factors that need few giant steps anyway.
const FEW: u64 = 1 << 18;

/// The logarithms of one group.
#[derive(Clone, Debug)]
pub struct Logarithms {
    field: Modulus,
    order: Modulus,
    parts: Vec<Part>,
}

/// The part of one prime power.
#[derive(Clone, Debug)]
struct Part {
    prime: u64,
    times: u32,
    /// `order / prime^times`.
    cofactor: u64,
    /// Inverses of the root's power of order `prime^times`, each the one before to the power of `prime`.
    inverses: Vec<u64>,
    /// What this part adds to the logarithm for each unit: 1 modulo its own power, 0 modulo the others.
    weight: u64,
    steps: Steps,
}

/// Baby steps of an element of prime order: open addressing, the place given by a multiplicative hash.
#[derive(Clone, Debug)]
struct Steps {
    baby: u64,
    giants: u64,
    giant: u64,
    shift: u32,
    /// Power and exponent; power 0 is an empty place.
    table: Vec<(u64, u32)>,
}

impl Steps {
    /// From the powers of the element, rising from 0.
    fn new(field: Modulus, element: u64, prime: u64, powers: impl Iterator<Item = u64>) -> Self {
        let baby = Self::baby(prime);
        let bits = (2 * baby).next_power_of_two().trailing_zeros().max(1);
        let giant = field.invert(field.power(element, baby)).unwrap_or(1);
        let (giants, shift) = (prime.div_ceil(baby), 64 - bits);
        let mut steps = Self { baby, giants, giant, shift, table: vec![(0, 0); 1 << bits] };
        for (power, exponent) in powers.zip(0..baby as u32) {
            let place = steps.place(power);
            steps.table[place] = (power, exponent);
        }
        steps
    }

    fn baby(prime: u64) -> u64 {
        prime.min(if prime > 1 << 22 { BABY } else { FEW })
    }

    /// The powers, in rising order of exponents.
    fn powers(&self) -> Vec<u64> {
        let mut powers = vec![0; self.baby as usize];
        for (power, exponent) in self.table.iter().filter(|entry| entry.0 != 0) {
            powers[*exponent as usize] = *power;
        }
        powers
    }

    /// Where this power stands, or the empty place where it would.
    #[inline]
    fn place(&self, power: u64) -> usize {
        let mut place = (power.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> self.shift) as usize;
        while self.table[place].0 != power && self.table[place].0 != 0 {
            place = (place + 1) & (self.table.len() - 1);
        }
        place
    }

    fn logarithm(&self, field: Modulus, mut power: u64) -> u64 {
        for giant in 0..self.giants {
            let (found, exponent) = self.table[self.place(power)];
            if found == power {
                return giant * self.baby + u64::from(exponent);
            }
            power = field.multiply(power, self.giant);
        }
        0
    }
}

impl Logarithms {
    /// Builds the baby steps: 50 ms at most.
    pub fn new(group: &Group) -> Self {
        let built = Self::with(group, |field, element, _| {
            let powers = std::iter::successors(Some(1), move |power| Some(field.multiply(*power, element)));
            Some(Box::new(powers))
        });
        built.expect("powers are always there")
    }

    /// Appends the baby steps.
    pub fn write(&self, into: &mut Vec<u8>) {
        for power in self.parts.iter().flat_map(|part| part.steps.powers()) {
            into.extend(power.to_le_bytes());
        }
    }

    /// Takes back what [`Logarithms::write`] appended, and moves on behind it.
    pub fn read(group: &Group, bytes: &mut &[u8]) -> Option<Self> {
        Self::with(group, |_, _, count| {
            let (own, rest) = bytes.split_at_checked(count as usize * 8)?;
            *bytes = rest;
            let powers: Vec<u64> = own.as_chunks::<8>().0.iter().map(|b| u64::from_le_bytes(*b)).collect();
            // Each a distinct element, as the digest vouches: anything else could fill the table.
            powers
                .iter()
                .all(|power| (1..group.prime).contains(power))
                .then(|| Box::new(powers.into_iter()) as _)
        })
    }

    fn with(
        group: &Group,
        mut powers: impl FnMut(Modulus, u64, u64) -> Option<Box<dyn Iterator<Item = u64>>>,
    ) -> Option<Self> {
        let (field, order) = (group.field(), group.exponents());
        let parts = group
            .factors
            .iter()
            .map(|&(prime, times)| {
                let power = prime.pow(times);
                let cofactor = order.get() / power;
                let base = field.power(group.root, cofactor);
                let mut inverses = vec![field.invert(base).unwrap_or(1)];
                for _ in 1..times {
                    inverses.push(field.power(inverses[inverses.len() - 1], prime));
                }
                let unit = Modulus::new(power).invert(cofactor % power).unwrap_or(1);
                let smallest = field.power(base, prime.pow(times - 1));
                let steps = powers(field, smallest, Steps::baby(prime))?;
                Some(Part {
                    prime,
                    times,
                    cofactor,
                    inverses,
                    weight: if power == order.get() { 1 } else { order.multiply(cofactor, unit) },
                    steps: Steps::new(field, smallest, prime, steps),
                })
            })
            .collect::<Option<Vec<Part>>>()?;
        Some(Self { field, order, parts })
    }

    /// About how many multiplications a logarithm takes.
    pub fn cost(&self) -> u64 {
        let powers = 64 * self.parts.iter().map(|part| u64::from(part.times) + 2).sum::<u64>();
        powers + self.parts.iter().map(|part| u64::from(part.times) * part.steps.giants).sum::<u64>()
    }

    /// The exponent that makes the group's root into `element`, which is from 1 to below the prime.
    pub fn of(&self, element: u64) -> u64 {
        let mut sum = 0;
        for part in &self.parts {
            let mut rest = self.field.power(element, part.cofactor);
            let (mut digits, mut place) = (0, 1);
            for digit in 0..part.times {
                let lifted = self.field.power(rest, part.prime.pow(part.times - 1 - digit));
                let found = part.steps.logarithm(self.field, lifted);
                rest = self.field.multiply(rest, self.field.power(part.inverses[digit as usize], found));
                digits += found * place;
                place *= part.prime;
            }
            sum = self.order.add(sum, self.order.multiply(digits, part.weight));
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::super::groups::GROUPS;
    use super::*;

    #[test]
    fn logarithms_are_right_in_every_group() {
        for group in &GROUPS {
            let (logs, field) = (Logarithms::new(group), group.field());
            let order = group.prime - 1;
            for element in [1, 2, 3, 255, order, order / 2 + 1, order / 3, 0x1234_5678_9abc % order + 1] {
                assert_eq!(
                    field.power(group.root, logs.of(element)),
                    element,
                    "{element} of {}",
                    group.prime
                );
            }
        }
    }
}
