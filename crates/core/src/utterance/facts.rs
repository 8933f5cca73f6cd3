//! The facts of one utterance, in one piece of memory: there are millions of utterances, and each is kept for a while.
//!
//! Before each text stand two characters, whose numbers are its kind and its length in bytes.

use serde::{Deserialize, Serialize};

use super::FACT_BYTES;
use crate::record::FactKind;

/// One thing told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fact<'a> {
    /// What it is.
    pub what: FactKind,
    /// The text, never empty, at most [`FACT_BYTES`].
    pub text: &'a str,
}

/// Facts in the order in which they were told.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts(Box<str>);

impl Facts {
    /// Of kinds and texts; what is the same thing twice is said once, empty texts are left out, and longer ones are cut.
    pub fn new<T: AsRef<str>>(facts: impl IntoIterator<Item = (FactKind, T)>) -> Self {
        Self::new_in(&mut String::new(), facts)
    }

    /// The same, put together in memory that is used again and again.
    pub fn new_in<T: AsRef<str>>(
        scratch: &mut String,
        facts: impl IntoIterator<Item = (FactKind, T)>,
    ) -> Self {
        scratch.clear();
        for (what, text) in facts {
            Self::add(scratch, what, text.as_ref());
        }
        Self(scratch.as_str().into())
    }

    /// One more behind those in `all`.
    fn add(all: &mut String, what: FactKind, text: &str) {
        let end = (0..=text.len().min(FACT_BYTES)).rev().find(|at| text.is_char_boundary(*at));
        let text = &text[..end.unwrap_or(0)];
        if text.is_empty() || (Iter { rest: all }).any(|told| told == Fact { what, text }) {
            return;
        }
        // All numbers up to FACT_BYTES are characters.
        all.push(char::from(what as u8));
        all.extend(char::from_u32(text.len() as u32));
        all.push_str(text);
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = Fact<'_>> {
        Iter { rest: &self.0 }
    }

    /// The texts of one kind.
    pub fn of(&self, kind: FactKind) -> impl Iterator<Item = &str> {
        self.iter().filter(move |fact| fact.what == kind).map(|fact| fact.text)
    }

    /// Whether nothing was told.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Bytes held beside the value itself.
    pub fn bytes(&self) -> usize {
        self.0.len()
    }
}

impl std::fmt::Debug for Facts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

struct Iter<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Iter<'a> {
    type Item = Fact<'a>;

    fn next(&mut self) -> Option<Fact<'a>> {
        let mut chars = self.rest.chars();
        // What else a damaged state holds is no fact.
        let what = *FactKind::ALL.get(chars.next()? as usize)?;
        let length = chars.next()? as usize;
        let (text, rest) = chars.as_str().split_at_checked(length)?;
        self.rest = rest;
        Some(Fact { what, text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_come_back_as_they_were_told() {
        assert!(FactKind::ALL.iter().enumerate().all(|(place, kind)| *kind as usize == place));
        let told: Vec<_> = FactKind::ALL.map(|kind| (kind, "größer")).to_vec();
        let facts = Facts::new(told.clone());
        assert_eq!(facts.iter().map(|f| (f.what, f.text)).collect::<Vec<_>>(), told);
        assert_eq!(facts.of(FactKind::Title).collect::<Vec<_>>(), ["größer"]);
        assert!(Facts::default().is_empty() && Facts::default().iter().next().is_none());
        for damaged in ["\u{0}", "\u{0}\u{9}short", "\u{0}\u{1}\u{fc}", "\u{ff}\u{1}a"] {
            assert_eq!(Facts(damaged.into()).iter().next(), None);
        }
    }

    #[test]
    fn what_is_empty_or_told_twice_is_left_out_and_what_is_long_is_cut() {
        let long = "ü".repeat(FACT_BYTES);
        let facts = Facts::new([
            (FactKind::Banner, long.as_str()),
            (FactKind::Title, ""),
            (FactKind::Login, "none"),
            (FactKind::Login, "none"),
        ]);
        let texts: Vec<&str> = facts.iter().map(|f| f.text).collect();
        assert_eq!(texts, [&long[..FACT_BYTES], "none"]);
        assert_eq!(
            format!("{:?}", Facts::new([(FactKind::Login, "x")])),
            "[Fact { what: Login, text: \"x\" }]"
        );
    }
}
