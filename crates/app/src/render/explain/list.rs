//! From which list: how probable each kind is, and each term with what it says of every kind.

use watchpost_core::record::ListKind;

use super::Page;
use crate::render::campaign::lists;
use crate::render::clean::clean;
use crate::render::style::{TIE, labelled};
use crate::render::words::percent;

/// Where the texts begin, right of the names of terms.
const NAMES: usize = 15;

impl Page<'_> {
    pub(super) fn list(&self) -> String {
        let list = &self.campaign.target_list;
        if list.kind == ListKind::Unknown && list.weighed.is_empty() && list.terms.is_empty() {
            return String::new();
        }
        let weighed: Vec<String> = list
            .weighed
            .iter()
            .map(|weighed| format!("{} {}", tied(lists::kind(weighed.kind)), percent(weighed.probability)))
            .collect();
        let mut note = weighed.join(&format!("{TIE}· "));
        if list.kind == ListKind::Unknown {
            note = format!("cannot be told: {note}").trim_end_matches(": ").to_owned();
        }
        let mut out = String::new();
        for term in &list.terms {
            let bits: Vec<String> = term
                .bits
                .iter()
                .map(|bits| format!("{}{TIE}{}", tied(lists::kind(bits.kind)), signed(bits.bits)))
                .collect();
            let mut tell = |label: &str, text: &str| {
                out.push_str(&labelled(&format!("  {label}"), text, NAMES, self.wrapped()));
            };
            tell(&clean(&term.name), &clean(&term.text));
            if !bits.is_empty() {
                tell("", &format!("bits: {}", bits.join(", ")));
            }
        }
        self.section("From which list", &note, &out)
    }
}

/// A name that no line break parts.
fn tied(text: &str) -> String {
    text.replace(' ', &TIE.to_string())
}

/// `-5.0`, and `0` for the best.
fn signed(bits: f64) -> String {
    if bits.abs() < 0.05 { "0".to_owned() } else { format!("{bits:+.1}") }
}
