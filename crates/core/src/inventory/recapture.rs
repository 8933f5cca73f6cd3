//! How much a survey misses, by capture and recapture.
//!
//! The problem: what was not seen leaves no trace, and "not seen" is not "closed". The way: services that are known to be
//! live (canaries, or whatever a second, independent pass found) are looked for like all others; the share that answers is the
//! chance `p` of one pass, and `k` passes miss `(1 - p)^k`. The interval is that of Clopper and Pearson (1934), which covers
//! at least 95 % for every `p`: near 1, where surveys live, approximations do not. The limit: passes must be independent, so
//! they lie apart in time; a host that is down, or a filter that drops whoever asks, is no loss and is not counted here.

use super::survey::Miss;
use crate::target_list::math::ln_beta;

/// The interval leaves this much at each end.
const TAIL: f64 = 0.025;
/// Halvings of the interval in which a quantile lies: beyond them a double holds no more.
const HALVINGS: u32 = 60;
/// Steps of the continued fraction; it needs about the square root of the larger parameter.
const STEPS: u32 = 100_000;
/// Numbers beyond this change no digit that is told.
const MOST: u64 = 1_000_000_000;

/// Looks at services known to be live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recapture {
    /// Looks: a canary that two passes asked counts twice.
    pub canaries: u64,
    /// Of these, answered.
    pub answered: u64,
    /// Independent passes that every other service got.
    pub passes: u32,
}

impl Recapture {
    /// The share that all passes together miss; `None` where nothing was looked at.
    pub fn miss(self) -> Option<Miss> {
        let share = Share::of(self.answered, self.canaries)?;
        (self.passes > 0).then(|| share.missed(self.canaries, self.passes, |p| p))
    }

    /// The same from two passes over everything: `first` and `second` were found in each, `both` in both. What either found
    /// is known to be live for the other. `None` where nothing was found.
    pub fn of_two_passes(first: u64, second: u64, both: u64) -> Option<Miss> {
        let both = both.min(first).min(second);
        let found = first.saturating_add(second) - both;
        // Of what was found at all, both passes found p^2 / (1 - (1 - p)^2) = p / (2 - p).
        let share = Share::of(both, found)?;
        Some(share.missed(found, 2, |share| 2.0 * share / (1.0 + share)))
    }
}

/// How many there are in all, found or not, by two passes: Chapman's estimator (1951), which has no bias to speak of.
pub fn chapman(first: u64, second: u64, both: u64) -> f64 {
    let both = both.min(first).min(second);
    (first as f64 + 1.0) * (second as f64 + 1.0) / (both as f64 + 1.0) - 1.0
}

/// A share with its interval.
struct Share {
    estimate: f64,
    low: f64,
    high: f64,
}

impl Share {
    fn of(part: u64, whole: u64) -> Option<Self> {
        let whole = whole.min(MOST);
        let part = part.min(whole);
        if whole == 0 {
            return None;
        }
        let (x, n) = (part as f64, whole as f64);
        Some(Self {
            // Jeffreys' prior: where all answered, that is not yet certainty.
            estimate: (x + 0.5) / (n + 1.0),
            low: if part == 0 { 0.0 } else { beta_quantile(TAIL, x, n - x + 1.0) },
            high: if part == whole { 1.0 } else { beta_quantile(1.0 - TAIL, x + 1.0, n - x) },
        })
    }

    /// What `passes` miss, where `p` makes the chance of one pass of this share.
    fn missed(&self, canaries: u64, passes: u32, p: fn(f64) -> f64) -> Miss {
        let miss = |share: f64| round((1.0 - p(share)).max(0.0).powi(passes.min(64) as i32));
        let (low, high) = (miss(self.high), miss(self.low));
        Miss { rate: miss(self.estimate).clamp(low, high), low, high, canaries }
    }
}

/// Six decimals; what lies beyond is not knowledge, and would differ between mathematics libraries.
pub(super) fn round(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

/// Where the regularised incomplete beta function reaches `share`.
fn beta_quantile(share: f64, a: f64, b: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        if incomplete_beta(middle, a, b) < share { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// The regularised incomplete beta function, by its continued fraction (DLMF 8.17.22) with Lentz's method.
fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    // The fraction is fast below the mean; above it the mirror image is.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(1.0 - x, b, a);
    }
    let front = (a * x.ln() + b * (-x).ln_1p() - ln_beta(a, b)).exp() / a;
    let small = |value: f64| if value.abs() < 1e-300 { 1e-300 } else { value };
    let (mut c, mut d) = (1.0, 1.0 / small(1.0 - (a + b) * x / (a + 1.0)));
    let mut fraction = d;
    for step in 1..STEPS {
        let m = f64::from(step);
        for term in [
            m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0)),
        ] {
            d = 1.0 / small(1.0 + term * d);
            c = small(1.0 + term / c);
            fraction *= c * d;
        }
        if (c * d - 1.0).abs() < 1e-14 {
            break;
        }
    }
    front * fraction
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_values() {
        // I(0.5; 2, 3) = 11/16, and Clopper-Pearson of 8 in 10 is 0.4439 to 0.9748.
        assert!((incomplete_beta(0.5, 2.0, 3.0) - 0.6875).abs() < 1e-12);
        let share = Share::of(8, 10).unwrap();
        assert!((share.low - 0.443_904_5).abs() < 1e-6 && (share.high - 0.974_789_3).abs() < 1e-6);
        // All of n: the lower end is (alpha/2)^(1/n).
        let all = Share::of(1_000, 1_000).unwrap();
        assert!((all.low - 0.025f64.powf(0.001)).abs() < 1e-9 && all.high == 1.0);
        assert_eq!(chapman(10, 10, 10), 10.0);
        assert!((chapman(200, 100, 50) - (201.0 * 101.0 / 51.0 - 1.0)).abs() < 1e-9);
    }

    #[test]
    fn nothing_looked_at_tells_nothing() {
        assert_eq!(Recapture { canaries: 0, answered: 0, passes: 2 }.miss(), None);
        assert_eq!(Recapture { canaries: 9, answered: 9, passes: 0 }.miss(), None);
        assert_eq!(Recapture::of_two_passes(0, 0, 0), None);
        let one = Recapture { canaries: 3, answered: u64::MAX, passes: 1 }.miss().unwrap();
        assert!(one.low == 0.0 && one.high < 1.0);
    }

    /// A stream of numbers in [0, 1), the same everywhere.
    fn numbers(mut state: u64) -> impl FnMut() -> f64 {
        move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 11) as f64) / (1u64 << 53) as f64
        }
    }

    #[test]
    fn the_interval_covers_what_is_true() {
        let mut draw = numbers(7);
        for (p, looks, passes) in [(0.98_f64, 300, 2), (0.9, 200, 2), (0.5, 60, 3), (0.999, 2_000, 1)] {
            let truth = (1.0 - p).powi(passes);
            let runs = 600;
            let (mut covered, mut paired) = (0, 0);
            for _ in 0..runs {
                let answered = (0..looks).filter(|_| draw() < p).count() as u64;
                let miss = Recapture { canaries: looks, answered, passes: passes as u32 }.miss().unwrap();
                // Six decimals are told.
                covered += u32::from(miss.low - 1e-6 <= truth && truth <= miss.high + 1e-6);
                let (mut first, mut second, mut both) = (0, 0, 0);
                for _ in 0..looks {
                    let (a, b) = (draw() < p, draw() < p);
                    (first, second, both) =
                        (first + u64::from(a), second + u64::from(b), both + u64::from(a && b));
                }
                let miss = Recapture::of_two_passes(first, second, both).unwrap();
                let truth = (1.0 - p).powi(2);
                paired += u32::from(miss.low - 1e-6 <= truth && truth <= miss.high + 1e-6);
            }
            // 95 % of 600 is 570; three standard deviations below are 554.
            assert!(covered >= 554, "{p}: canaries cover {covered} of {runs}");
            assert!(paired >= 554, "{p}: two passes cover {paired} of {runs}");
        }
    }

    proptest! {
        #[test]
        fn estimates_lie_in_their_interval_and_more_passes_miss_less(
            canaries in 1u64..5_000, part in 0.0f64..=1.0, passes in 1u32..6
        ) {
            let answered = (canaries as f64 * part) as u64;
            let of = |canaries, answered, passes| Recapture { canaries, answered, passes }.miss().unwrap();
            let miss = of(canaries, answered, passes);
            prop_assert!(0.0 <= miss.low && miss.low <= miss.rate && miss.rate <= miss.high && miss.high <= 1.0);
            let more = of(canaries, answered, passes + 1);
            prop_assert!(more.rate <= miss.rate && more.high <= miss.high);
            let surer = of(canaries * 4, answered * 4, passes);
            prop_assert!(surer.high - surer.low <= miss.high - miss.low + 1e-6);
        }

        #[test]
        fn two_passes_agree_with_canaries_in_the_middle(found in 10u64..2_000, part in 0.0f64..=1.0) {
            let both = (found as f64 * part) as u64;
            let alone = (found - both) / 2;
            let miss = Recapture::of_two_passes(both + alone, found - alone, both).unwrap();
            prop_assert!(miss.low <= miss.rate && miss.rate <= miss.high);
        }
    }
}
