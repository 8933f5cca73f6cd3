//! Together with whom: why its sources are one scan.

use super::Page;
use crate::render::clean::clean;
use crate::render::words::{number, plural};

impl Page<'_> {
    pub(super) fn together(&self) -> String {
        let c = self.campaign;
        let Some(coordination) = &c.coordination else { return String::new() };
        let networks = match coordination.networks {
            0 => String::new(),
            many => format!(" in {}", plural(many, "network", "networks")),
        };
        let note = format!(
            "{} sources{networks} are one scan ({:+.1} bits)",
            number(c.source_count),
            coordination.bits
        );
        let mut out: String = coordination.reasons.iter().map(|reason| self.item(&clean(reason))).collect();
        if coordination.chance_log10 < 0.0 {
            let chance = chance(coordination.chance_log10);
            out.push_str(&self.item(&format!("such disjoint coverage by unrelated sources: {chance}")));
        }
        self.section("Together with whom", &note, &out)
    }
}

/// A probability from its logarithm: `0.02`, `4e-94`.
pub(super) fn chance(log10: f64) -> String {
    if log10 > -3.0 {
        return format!("chance {:.3}", 10f64.powf(log10)).trim_end_matches('0').to_owned();
    }
    let power = log10.floor();
    let (digit, power) = match 10f64.powf(log10 - power).round() {
        digit if digit >= 10.0 => (1.0, power + 1.0),
        digit => (digit, power),
    };
    format!("chance {digit}e{power}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chance_is_short_however_small() {
        assert_eq!(
            [-1.0, -2.7, -93.4, -93.0, -92.001].map(chance),
            ["chance 0.1", "chance 0.002", "chance 4e-94", "chance 1e-93", "chance 1e-92"]
        );
    }
}
