//! Chance, the same every time.

use watchpost_core::target_list::Plateau;

/// SplitMix64 (Steele, Lea and Flood 2014): every number of a scan gives an own stream.
pub struct Random(u64);

impl Random {
    /// The stream of one scan.
    pub fn new(seed: u64, number: u64) -> Self {
        let mut random = Self(seed.wrapping_mul(0xd134_2543_de82_ef95) ^ number);
        random.0 = random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Even on [0, 1).
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Even on [0, n).
    pub fn below(&mut self, n: u64) -> u64 {
        (self.unit() * n as f64) as u64
    }

    /// True with this probability.
    pub fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// Even between two logarithms.
    pub fn log(&mut self, from: f64, to: f64) -> f64 {
        (from.ln() + (to / from).ln() * self.unit()).exp()
    }

    /// Exponential with mean 1.
    pub fn exponential(&mut self) -> f64 {
        -(1.0 - self.unit()).ln()
    }

    /// Standard normal.
    pub fn normal(&mut self) -> f64 {
        (2.0 * self.exponential()).sqrt() * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// A rate from its stated density.
    pub fn rate(&mut self, of: &Plateau) -> f64 {
        let root = (std::f64::consts::PI / 2.0).sqrt();
        let (below, above) = (root * of.shoulder_from, root * of.shoulder_to);
        let place = self.unit() * (of.to - of.from + below + above);
        let decade = if place < below {
            of.from - self.normal().abs() * of.shoulder_from
        } else if place < below + above {
            of.to + self.normal().abs() * of.shoulder_to
        } else {
            of.from + (place - below - above)
        };
        10_f64.powf(decade)
    }

    /// In any order.
    pub fn shuffle<T>(&mut self, of: &mut [T]) {
        for place in (1..of.len()).rev() {
            of.swap(place, self.below(place as u64 + 1) as usize);
        }
    }
}
