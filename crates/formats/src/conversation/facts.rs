//! Facts on their way out: what leaves the reader is short, clean and free of secrets.
//!
//! Everything said by strangers goes through [`fact`], so nothing else has to think of terminals or of passwords.

use super::mask::mask;
use super::plain::is_plain;
use super::table::{SEED, mix};
use std::borrow::Cow;
use watchpost_core::record::FactKind;
use watchpost_core::utterance::{self, FACT_BYTES, FACTS};

/// Bytes that are looked at of one text: more than leave, so that a secret which is cut off is still seen whole.
const LOOKED_AT: usize = 4 * FACT_BYTES;

/// The text of a fact from bytes as they came: valid UTF-8 without control or invisible characters, secrets masked as `***`, at
/// most [`FACT_BYTES`]. None where nothing is left.
pub fn fact(what: FactKind, bytes: &[u8]) -> Option<Cow<'_, str>> {
    let request = what == FactKind::Request;
    let bytes = bytes.trim_ascii();
    // Most texts are short and plain; they are told as they are.
    if bytes.len() <= FACT_BYTES
        && is_plain(bytes, request)
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        return (!text.is_empty()).then_some(Cow::Borrowed(text));
    }
    let text = mask(&clean(&bytes[..bytes.len().min(LOOKED_AT)]), request);
    let text = shorten(text.trim(), FACT_BYTES).trim_end();
    (!text.is_empty()).then(|| Cow::Owned(text.to_owned()))
}

/// What an utterance is going to tell, as it came. Kept and filled anew for each, and cleaned only if it is told.
#[derive(Default)]
pub(super) struct Facts {
    parts: Vec<(FactKind, usize)>,
    text: Vec<u8>,
    scratch: String,
}

impl Facts {
    /// Adds one, unless it is empty or one too many.
    pub fn add(&mut self, what: FactKind, bytes: &[u8]) {
        self.join(what, &[bytes]);
    }

    /// Adds one whose text is made of parts.
    pub fn join(&mut self, what: FactKind, parts: &[&[u8]]) {
        let before = self.text.len();
        if self.parts.len() < FACTS {
            for part in parts {
                let room = LOOKED_AT.saturating_sub(self.text.len() - before);
                self.text.extend_from_slice(&part[..part.len().min(room)]);
            }
            if self.text.len() > before {
                self.parts.push((what, self.text.len()));
            }
        }
    }

    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// None again, for the next utterance.
    pub fn clear(&mut self) {
        self.parts.clear();
        self.text.clear();
    }

    /// A number for what they say.
    pub fn hash(&self) -> u64 {
        let (words, rest) = self.text.as_chunks::<8>();
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        let start = self.text.len() as u64;
        words
            .iter()
            .chain([&last])
            .fold(start, |hash, word| mix(hash ^ SEED, u64::from_le_bytes(*word) ^ hash.rotate_left(32)))
    }

    /// Cleaned.
    pub fn told(&mut self) -> utterance::Facts {
        let mut from = 0;
        let Self { parts, text, scratch } = self;
        let clean = parts.iter().filter_map(|&(what, to)| {
            let bytes = &text[std::mem::replace(&mut from, to)..to];
            Some((what, fact(what, bytes)?))
        });
        utterance::Facts::new_in(scratch, clean)
    }
}

/// The text with every character that steers, hides or reorders replaced by U+FFFD, as what is no UTF-8 is.
fn clean(bytes: &[u8]) -> String {
    let shown = |c| match c {
        '\t' => ' ',
        c if is_unfit(c) => char::REPLACEMENT_CHARACTER,
        c => c,
    };
    String::from_utf8_lossy(bytes).chars().map(shown).collect()
}

/// Controls (C0, C1), and what Unicode has that is not seen or turns the direction of writing: Default_Ignorable_Code_Point,
/// Bidi_Control, line and paragraph separators, interlinear annotation.
pub fn is_unfit(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// At most `most` bytes, cut between characters.
fn shorten(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    &text[..end.unwrap_or(0)]
}
