//! The facts of one utterance, in one piece of memory: there are millions of utterances, and each is kept for a while.
//!
//! Facts are free of control characters, so one of those stands before each and tells its kind.

use serde::{Deserialize, Serialize};

use crate::record::FactKind;

/// One thing told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fact<'a> {
    /// What it is.
    pub what: FactKind,
    /// The text, without control characters of ASCII.
    pub text: &'a str,
}

/// Facts in the order in which they were told.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts(Box<str>);

impl Facts {
    /// Of kinds and texts; what is the same thing twice is said once, and empty texts are left out. Control characters of
    /// ASCII, which no fact should have, become U+FFFD.
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
        if text.is_empty() || (Iter { rest: all }).any(|told| told == Fact { what, text }) {
            return;
        }
        all.push(char::from(what as u8 + 1));
        if text.bytes().any(is_mark) {
            all.extend(text.chars().map(|c| if c < ' ' { char::REPLACEMENT_CHARACTER } else { c }));
        } else {
            all.push_str(text);
        }
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
        let (mark, rest) = self.rest.split_at_checked(1)?;
        // What else a damaged state holds is no fact.
        let what = *FactKind::ALL.get(usize::from(mark.as_bytes()[0]).checked_sub(1)?)?;
        let (text, rest) = rest.split_at(rest.bytes().position(is_mark).unwrap_or(rest.len()));
        self.rest = rest;
        Some(Fact { what, text })
    }
}

fn is_mark(byte: u8) -> bool {
    byte < b' '
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
    }

    #[test]
    fn what_is_empty_or_told_twice_is_left_out_and_nothing_splits_a_fact() {
        let facts = Facts::new([
            (FactKind::Banner, "a\u{1}b"),
            (FactKind::Title, ""),
            (FactKind::Login, "none"),
            (FactKind::Login, "none"),
        ]);
        let texts: Vec<&str> = facts.iter().map(|f| f.text).collect();
        assert_eq!(texts, ["a\u{fffd}b", "none"]);
        assert_eq!(
            format!("{:?}", Facts::new([(FactKind::Login, "x")])),
            "[Fact { what: Login, text: \"x\" }]"
        );
    }
}
