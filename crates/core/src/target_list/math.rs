//! Exact discrete likelihoods, in natural logarithms. All take counts as `f64`: whole numbers up to 2^53 are exact.

use std::f64::consts::PI;

/// ln of the gamma function for x > 0: Stirling's series, with the recurrence below 10. Relative error about 1e-13.
pub fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut shift) = (x, 1.0);
    while x < 10.0 {
        shift *= x;
        x += 1.0;
    }
    let (inverse, square) = (1.0 / x, 1.0 / (x * x));
    let series = inverse * (1.0 / 12.0 - square * (1.0 / 360.0 - square * (1.0 / 1260.0 - square / 1680.0)));
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * PI).ln() + series - shift.ln()
}

/// ln of the binomial coefficient; minus infinity where there is no such choice.
pub fn ln_choose(n: f64, k: f64) -> f64 {
    if k < 0.0 || k > n {
        return f64::NEG_INFINITY;
    }
    if k == 0.0 || k == n {
        return 0.0;
    }
    ln_gamma(n + 1.0) - ln_gamma(k + 1.0) - ln_gamma(n - k + 1.0)
}

/// ln of the beta function.
pub fn ln_beta(a: f64, b: f64) -> f64 {
    ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b)
}

/// ln P(k of n) when the share is Beta(a, b).
pub fn ln_beta_binomial(k: f64, n: f64, a: f64, b: f64) -> f64 {
    ln_choose(n, k) + ln_beta(k + a, n - k + b) - ln_beta(a, b)
}

/// ln P(a of m drawn are marked) when `marked` of `n` are.
pub fn ln_hypergeometric(a: f64, m: f64, marked: f64, n: f64) -> f64 {
    ln_choose(marked, a) + ln_choose(n - marked, m - a) - ln_choose(n, m)
}

/// ln of the sum of exponentials, in the given order; minus infinity of nothing.
pub fn ln_sum(terms: impl IntoIterator<Item = f64>) -> f64 {
    let (mut top, mut sum) = (f64::NEG_INFINITY, 0.0);
    for term in terms {
        if term == f64::NEG_INFINITY {
            continue;
        }
        if term <= top {
            sum += (term - top).exp();
        } else {
            sum = sum * (top - term).exp() + 1.0;
            top = term;
        }
    }
    top + f64::ln(sum)
}

/// The sum 1 + 1/2 + ... + 1/n, near enough for a normalisation (error below 1e-4).
pub fn harmonic(n: f64) -> f64 {
    n.ln() + 0.577_215_664_9 + 0.5 / n - 1.0 / (12.0 * n * n)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-9 * b.abs().max(1.0), "{a} and {b}");
    }

    #[test]
    fn known_values() {
        near(ln_gamma(0.5), PI.sqrt().ln());
        near(ln_gamma(11.0), 3_628_800_f64.ln());
        near(ln_choose(256.0, 3.0), 2_763_520_f64.ln());
        near(ln_hypergeometric(5.0, 5.0, 25.0, 250.0).exp(), 53_130.0 / 7_817_031_300.0);
        near(ln_beta_binomial(2.0, 4.0, 1.0, 1.0).exp(), 0.2);
        near(ln_sum([0.5_f64.ln(), f64::NEG_INFINITY, 0.25_f64.ln()]).exp(), 0.75);
        assert_eq!(ln_sum([]), f64::NEG_INFINITY);
        assert!((harmonic(4.0) - 25.0 / 12.0).abs() < 1e-4);
    }
}
