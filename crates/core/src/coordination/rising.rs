//! Whether targets rise, or fall, from source to source: work that is handed out in order.
//!
//! Unrelated sources make the next target higher as often as lower. The number of rises of n independent draws varies less
//! than n coins do (it is a sum of independent, unequal coins), so coins understate the evidence.

use std::sync::LazyLock;

use super::cover::Hit;

/// How often the next source's target was higher.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rising {
    last: Option<Hit>,
    /// Pairs of consecutive sources.
    pub pairs: u32,
    /// Of these, with a higher target.
    pub rises: u32,
}

/// Shares of rises that handed-out work may show.
const RISES: [f64; 3] = [0.75, 0.9, 0.99];
/// For each, the bits of a rise and of a fall where they are that common.
static BITS: LazyLock<[(f64, f64); RISES.len()]> =
    LazyLock::new(|| RISES.map(|p| ((2.0 * p).log2(), (2.0 - 2.0 * p).log2())));

impl Rising {
    /// The next source's first target.
    pub fn add(&mut self, hit: Hit) {
        if let Some(last) = self.last.filter(|last| *last != hit) {
            self.pairs += 1;
            self.rises += u32::from(hit > last);
        }
        self.last = Some(hit);
    }

    /// The evidence in bits; negative where the order says nothing.
    pub fn bits(&self) -> f64 {
        let most = f64::from(self.rises.max(self.pairs - self.rises));
        let rest = f64::from(self.pairs) - most;
        let ratio = |(rise, fall): &(f64, f64)| most * rise + rest * fall;
        let best = BITS.iter().map(ratio).fold(f64::NEG_INFINITY, f64::max);
        best - (2.0 * RISES.len() as f64).log2()
    }
}
