//! Evidence in bits, and the ledger that a verdict prints.
//!
//! Every detector states a log2 likelihood ratio, "scan" against "no scan". It is an integer in 1/1024 bit: a sum of
//! floating-point numbers depends on the order of its terms, and the order of shards must not show. Bits of one family
//! overlap, so the strongest of a family counts; families add up. The verdict falls at [`THRESHOLD`].

use std::iter::Sum;
use std::ops::{Add, Mul, Neg};

use serde::{Deserialize, Serialize};

use crate::record::{Family, LedgerEntry};

/// A log2 likelihood ratio in 1/1024 bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Bits(i32);

/// 99 to 1, the usual odds of sequential tests of this kind (Jung et al., IEEE S&P 2004: α = 0.01): log2(99) = 6.63.
pub const THRESHOLD: Bits = Bits(6788);

/// Beyond this no sum grows, so that no count can overflow it: a million bits.
const LIMIT: i32 = 1_000_000 * 1024;

impl Bits {
    /// No evidence.
    pub const ZERO: Self = Self(0);

    /// From bits, rounded to 1/1024.
    pub fn new(bits: f64) -> Self {
        Self(((bits * 1024.0).round() as i32).clamp(-LIMIT, LIMIT))
    }

    /// From the two likelihoods of what was seen: under "scan" and under "no scan".
    pub fn ratio(scan: f64, other: f64) -> Self {
        Self::new((scan / other).log2())
    }

    /// As a number of bits.
    pub fn value(self) -> f64 {
        f64::from(self.0) / 1024.0
    }

    /// `1 / (1 + 2^-bits)`: the probability at even prior odds.
    pub fn confidence(self) -> f64 {
        let raw = 1.0 / (1.0 + (-self.value()).exp2());
        // Six decimals: what lies beyond is not knowledge, and would differ between mathematics libraries.
        (raw * 1e6).round() / 1e6
    }
}

impl Add for Bits {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0).clamp(-LIMIT, LIMIT))
    }
}

impl Mul<u64> for Bits {
    type Output = Self;
    fn mul(self, times: u64) -> Self {
        let product = i64::from(self.0).saturating_mul(times.min(i32::MAX as u64) as i64);
        Self(product.clamp(-i64::from(LIMIT), i64::from(LIMIT)) as i32)
    }
}

impl Neg for Bits {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl Sum for Bits {
    fn sum<I: Iterator<Item = Self>>(terms: I) -> Self {
        terms.fold(Self::ZERO, Add::add)
    }
}

/// A number with its thousands apart, as sentences show it: `65,536`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let first = (digits.len() + 2) % 3 + 1;
    let mut text = digits[..first].to_owned();
    for group in digits.as_bytes()[first..].chunks(3) {
        text.push(',');
        text.extend(group.iter().map(|digit| char::from(*digit)));
    }
    text
}

/// What one detector says of one source.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// Its family.
    pub family: Family,
    /// How strongly it speaks for a scan (against, when negative).
    pub bits: Bits,
    /// The sentence, with its numbers.
    pub text: String,
    /// Families that mean nothing if this holds: silence means little among the peers of an overlay.
    pub sets_aside: &'static [Family],
    /// For [`Family::Against`]: what the traffic is instead, e.g. `peer-to-peer`.
    pub instead: Option<&'static str>,
}

impl Evidence {
    /// Evidence for (or, with negative bits, against) a scan.
    pub fn new(family: Family, bits: Bits, text: String) -> Self {
        Self { family, bits, text, sets_aside: &[], instead: None }
    }

    /// What the traffic is instead of a scan, and the families that this voids.
    pub fn instead(what: &'static str, sets_aside: &'static [Family], text: String) -> Self {
        Self { family: Family::Against, bits: Bits::ZERO, text, sets_aside, instead: Some(what) }
    }
}

/// All that is known for and against, weighed.
#[derive(Clone, Debug, PartialEq)]
pub struct Ledger {
    entries: Vec<(Evidence, Standing)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Counts,
    Overlapped,
    SetAside,
}

impl Ledger {
    /// Weighs: voided families are set aside, and of each other family the strongest entry counts.
    pub fn weigh(evidence: Vec<Evidence>) -> Self {
        let voided: Vec<Family> = evidence.iter().flat_map(|e| e.sets_aside.iter().copied()).collect();
        let strongest = |e: &Evidence| {
            let rivals = evidence.iter().filter(|r| r.family == e.family);
            rivals.max_by_key(|r| (r.bits.0.abs(), r.bits)).is_some_and(|best| std::ptr::eq(best, e))
        };
        let standing: Vec<Standing> = evidence
            .iter()
            .map(|e| match e.family {
                Family::Against => Standing::Counts,
                family if voided.contains(&family) => Standing::SetAside,
                _ if strongest(e) => Standing::Counts,
                _ => Standing::Overlapped,
            })
            .collect();
        Self { entries: evidence.into_iter().zip(standing).collect() }
    }

    /// The sum of what counts.
    pub fn bits(&self) -> Bits {
        self.entries.iter().filter(|(_, s)| *s == Standing::Counts).map(|(e, _)| e.bits).sum()
    }

    /// The sum as it would be had nothing been set aside.
    pub fn bits_without_setting_aside(&self) -> Bits {
        self.entries.iter().filter(|(_, s)| *s != Standing::Overlapped).map(|(e, _)| e.bits).sum()
    }

    /// Whether the evidence suffices to report.
    pub fn decides(&self) -> bool {
        self.bits() >= THRESHOLD
    }

    /// What the traffic is instead of a scan, if anything says so, and the sentence.
    pub fn instead(&self) -> Option<(&'static str, &str)> {
        self.entries.iter().find_map(|(e, _)| e.instead.map(|what| (what, e.text.as_str())))
    }

    /// The lines of the record: what counts, and what was set aside.
    pub fn lines(&self) -> Vec<LedgerEntry> {
        let shown = self.entries.iter().filter(|(_, s)| *s != Standing::Overlapped);
        shown
            .map(|(e, s)| LedgerEntry {
                family: e.family,
                bits: e.bits.value(),
                text: e.text.clone(),
                set_aside: *s == Standing::SetAside,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(family: Family, bits: f64) -> Evidence {
        Evidence::new(family, Bits::new(bits), String::new())
    }

    #[test]
    fn of_one_family_the_strongest_counts_and_families_add_up() {
        let ledger = Ledger::weigh(vec![
            say(Family::Outcome, 4.0),
            say(Family::Breadth, 2.0),
            say(Family::Breadth, 3.0),
            say(Family::Order, -1.0),
        ]);
        assert_eq!(ledger.bits(), Bits::new(6.0));
        assert_eq!(ledger.lines().len(), 3);
        assert!(!ledger.decides());
    }

    #[test]
    fn what_is_set_aside_does_not_count_but_is_shown() {
        let peers = Evidence::instead("peer-to-peer", &[Family::Outcome], "peers".into());
        let ledger = Ledger::weigh(vec![say(Family::Outcome, 400.0), say(Family::Craft, 2.0), peers]);
        assert_eq!(ledger.bits(), Bits::new(2.0));
        assert_eq!(ledger.bits_without_setting_aside(), Bits::new(402.0));
        assert!(ledger.lines()[0].set_aside);
        assert_eq!(ledger.instead(), Some(("peer-to-peer", "peers")));
    }

    #[test]
    fn the_threshold_is_99_to_1() {
        assert!((THRESHOLD.value() - 99f64.log2()).abs() < 0.001);
        assert!((THRESHOLD.confidence() - 0.99).abs() < 0.0001);
    }

    #[test]
    fn thousands_stand_apart() {
        let all: Vec<String> = [0, 12, 999, 1_000, 65_536, 1_234_567].into_iter().map(grouped).collect();
        assert_eq!(all, ["0", "12", "999", "1,000", "65,536", "1,234,567"]);
    }

    #[test]
    fn sums_saturate() {
        assert_eq!(Bits::new(2.0) * u64::MAX + Bits::new(1.0), Bits(LIMIT));
    }
}
