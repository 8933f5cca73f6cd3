//! The ledger on the page: a line an entry, the bits at the right edge, those that do not count in brackets.

use watchpost_core::record::{Family, LedgerEntry, Status};

use super::{INDENT, Page};
use crate::render::clean::clean;
use crate::render::family as family_word;
use crate::render::style::{pad, width, wrap};
use crate::render::words::{self, number};

/// Bits at which a verdict falls: log2 of 99 to 1.
const THRESHOLD: f64 = 6.63;

impl Page<'_> {
    /// What the verdict rests on, with bits at the right edge.
    pub(super) fn ledger(&self) -> String {
        let c = self.campaign;
        let edge = self.columns.min(80);
        let heading =
            if c.status == Status::Withdrawn { "Why it looked like a scan" } else { "Why this is a scan" };
        let mut out =
            format!("{}{}\n", pad(heading, edge - 5), "bits").replace(heading, &self.title(heading));
        for family in [
            Family::Outcome,
            Family::Breadth,
            Family::Craft,
            Family::Order,
            Family::Coordination,
            Family::Against,
        ] {
            let entries: Vec<&LedgerEntry> = c.ledger.iter().filter(|entry| entry.family == family).collect();
            let counting = counting(family, &entries);
            for (index, entry) in entries.iter().enumerate() {
                let label = if index == 0 { family_word(family) } else { "" };
                let bits = bits(entry.bits);
                let counts = counting.is_none_or(|best| best == index) && !entry.set_aside;
                let bits = if counts { format!("{bits} ") } else { format!("({bits})") };
                out.push_str(&self.with_bits(label, &clean(&entry.text), &bits, edge));
            }
            if family == Family::Against && entries.is_empty() {
                out.push_str(&self.with_bits(family_word(family), "nothing", "", edge));
            }
        }
        out.push_str(&self.with_bits("sum", &self.sum(), &(bits(c.bits) + " "), edge));
        if !c.counterfactual.is_empty() {
            out.push_str(&self.with_bits("", &clean(&c.counterfactual), "", edge));
        }
        out
    }

    fn sum(&self) -> String {
        let c = self.campaign;
        let sure = words::sure(c.confidence);
        let brackets = c.ledger.iter().any(|entry| entry.set_aside)
            || c.ledger
                .windows(2)
                .any(|pair| pair[0].family == pair[1].family && pair[0].family != Family::Against);
        let brackets = if brackets { "; bits in brackets do not count" } else { "" };
        format!("reported from +{THRESHOLD} on; this is {sure}{brackets}")
    }

    /// A line of the ledger: label, broken text, bits right-aligned beside its first line.
    fn with_bits(&self, label: &str, text: &str, bits: &str, edge: usize) -> String {
        let indent = INDENT;
        let room = edge.saturating_sub(indent + 2 + 10).max(20);
        let mut out = String::new();
        for (row, line) in wrap(text, Some(room)).iter().enumerate() {
            let label = if row == 0 { format!("  {label}") } else { String::new() };
            let mut full = format!("{}{line}", pad(&label, indent));
            if row == 0 && !bits.is_empty() {
                let space = edge.saturating_sub(width(&full) + width(bits)).max(1);
                full.push_str(&" ".repeat(space));
                full.push_str(bits);
            }
            out.push_str(full.trim_end());
            out.push('\n');
        }
        out
    }
}

/// Which entry of a family counts, where they do not all: the strongest that is not set aside. `None`: all do.
fn counting(family: Family, entries: &[&LedgerEntry]) -> Option<usize> {
    if family == Family::Against {
        return None;
    }
    let live = entries.iter().enumerate().filter(|(_, entry)| !entry.set_aside);
    // The first of equals, as the eye meets it.
    let best = live.rev().max_by(|(_, a), (_, b)| a.bits.total_cmp(&b.bits));
    Some(best.map_or(usize::MAX, |(index, _)| index))
}

/// `+124,932.7`, `-3.0`.
fn bits(value: f64) -> String {
    let tenths = (value.abs() * 10.0).round() as u64;
    let sign = if value < 0.0 && tenths > 0 { '-' } else { '+' };
    format!("{sign}{}.{}", number(tenths / 10), tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_strongest_of_a_family_counts() {
        let entry =
            |bits, set_aside| LedgerEntry { family: Family::Craft, bits, text: String::new(), set_aside };
        let entries = [entry(9.0, true), entry(3.0, false), entry(5.0, false), entry(5.0, false)];
        let entries: Vec<&LedgerEntry> = entries.iter().collect();
        assert_eq!(counting(Family::Craft, &entries), Some(2));
        assert_eq!(counting(Family::Against, &entries), None);
        assert_eq!(counting(Family::Craft, &entries[..1]), Some(usize::MAX));
    }

    #[test]
    fn bits_have_a_sign_and_one_decimal() {
        assert_eq!([124_932.66, -3.04, 0.0, -0.01].map(bits), ["+124,932.7", "-3.0", "+0.0", "+0.0"]);
    }
}
