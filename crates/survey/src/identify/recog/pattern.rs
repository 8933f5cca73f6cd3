//! Patterns as such files have them, and all of a file at once.
//!
//! The dialect is Ruby's, read by tools in several languages: `^` and `$` stand at every line's ends, and `m` within a pattern, or the
//! flags REG_MULTILINE and REG_DOT_NEWLINE, let a dot match line ends. What strangers say is bytes: a dot is a byte, and a character only
//! of words that are sound UTF-8 beyond ASCII. Those are rare, and patterns for characters are large, so they are compiled apart.

use std::sync::OnceLock;

use regex::bytes::{Captures, Regex, RegexBuilder, RegexSet, RegexSetBuilder};

/// Bytes that a compiled pattern, and all of a part of a file, may take.
const LARGEST: usize = 8 << 20;
/// Bytes of memory for looking.
const CACHE: usize = 4 << 20;
/// Patterns that are compiled together. More make tables too large to be quick, fewer read the words more often.
const TOGETHER: usize = 128;

/// A pattern that has been read.
#[derive(Debug)]
pub(super) struct Pattern {
    body: Box<str>,
    flags: Box<str>,
    /// It has letters beyond ASCII within brackets: it can only be compiled for characters.
    of_characters: bool,
    /// Groups that capture.
    pub groups: usize,
}

impl Pattern {
    /// Of a file; `Err` says which flag is not known, or what is wrong with it.
    pub fn read(pattern: &str, flags: &str) -> Result<Self, String> {
        let mut set = String::from("m");
        for flag in flags.split([',', '|', ' ']).filter(|flag| !flag.is_empty()) {
            let more = match flag {
                "REG_ICASE" => 'i',
                "REG_DOT_NEWLINE" | "REG_MULTILINE" => 's',
                "REG_LINE_ANY_CRLF" => 'R',
                other => return Err(format!("the flag {other:?} is not known")),
            };
            if !set.contains(more) {
                set.push(more);
            }
        }
        let mut read =
            Self { body: inline_flags(pattern).into(), flags: set.into(), of_characters: false, groups: 0 };
        // A parser keeps the flags of a pattern that failed.
        let parse = |text: &str| match regex_syntax::ParserBuilder::new().utf8(false).build().parse(text) {
            Ok(hir) => Ok(hir.properties().explicit_captures_len()),
            Err(error) => Err(format!("the pattern does not compile: {}", reason(&error))),
        };
        let mut groups = parse(&read.text(false));
        if groups.is_err() {
            read.of_characters = true;
            groups = parse(&read.text(true));
        }
        read.groups = groups?;
        Ok(read)
    }

    /// As the `regex` crate reads it.
    fn text(&self, of_characters: bool) -> String {
        let unicode = if of_characters || self.of_characters { "" } else { "-u" };
        format!("(?{}{unicode}){}", self.flags, self.body)
    }
}

/// In one line, without the pattern, which the file shows.
fn reason(error: &regex_syntax::Error) -> String {
    match error {
        regex_syntax::Error::Parse(error) => error.kind().to_string(),
        regex_syntax::Error::Translate(error) => error.kind().to_string(),
        other => other.to_string(),
    }
}

/// `(?m` and `(?im:` mean what `s` and `m` together mean here.
fn inline_flags(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let (mut rest, mut in_class) = (pattern, false);
    while let Some(c) = rest.chars().next() {
        let mut length = c.len_utf8();
        match c {
            '\\' => length += rest[1..].chars().next().map_or(0, char::len_utf8),
            '[' => in_class = true,
            ']' => in_class = false,
            '(' if !in_class => {
                if let Some(behind) = rest.strip_prefix("(?") {
                    let flags = behind.bytes().take_while(|b| b"imsx-".contains(b)).count();
                    if flags > 0 && behind[flags..].starts_with([':', ')']) {
                        out.push_str("(?");
                        let mut seen = false;
                        for flag in behind[..flags].chars() {
                            // `sm` may not name `s` twice.
                            match flag {
                                'm' if !behind[..flags].contains('s') && !seen => {
                                    seen = true;
                                    out.push_str("sm");
                                }
                                flag => out.push(flag),
                            }
                        }
                        rest = &behind[flags..];
                        continue;
                    }
                }
            }
            _ => {}
        }
        out.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    out
}

/// Compiled patterns of a file, once they are needed: for bytes, and for characters.
#[derive(Debug)]
pub(super) struct Set {
    patterns: Box<[Pattern]>,
    ways: [Compiled; 2],
}

#[derive(Debug)]
struct Compiled {
    parts: OnceLock<Vec<Option<RegexSet>>>,
    single: Box<[OnceLock<Option<Regex>>]>,
}

impl Set {
    /// Of patterns in their order.
    pub fn new(patterns: Vec<Pattern>) -> Self {
        let way = || Compiled {
            parts: OnceLock::new(),
            single: patterns.iter().map(|_| OnceLock::new()).collect(),
        };
        Self { ways: [way(), way()], patterns: patterns.into() }
    }

    /// The place of the first pattern that fits.
    pub fn first(&self, words: &[u8]) -> Option<usize> {
        let of_characters = has_characters(words);
        let way = self.ways.get(usize::from(of_characters))?;
        let parts = way.parts.get_or_init(|| {
            let compiled = |part: &[Pattern]| {
                let texts = part.iter().map(|pattern| pattern.text(of_characters));
                RegexSetBuilder::new(texts).size_limit(LARGEST).dfa_size_limit(CACHE).build().ok()
            };
            self.patterns.chunks(TOGETHER).map(compiled).collect()
        });
        parts.iter().enumerate().find_map(|(part, set)| {
            let from = part * TOGETHER;
            match set {
                Some(set) => set.matches(words).iter().next().map(|place| from + place),
                // Too large together: one by one.
                None => (from..from + TOGETHER).find(|place| self.captures(*place, words).is_some()),
            }
        })
    }

    /// What the groups of a pattern hold.
    pub fn captures<'w>(&self, place: usize, words: &'w [u8]) -> Option<Captures<'w>> {
        let of_characters = has_characters(words);
        let way = self.ways.get(usize::from(of_characters))?;
        let compile = || {
            let text = self.patterns.get(place)?.text(of_characters);
            RegexBuilder::new(&text).size_limit(LARGEST).dfa_size_limit(CACHE / 4).build().ok()
        };
        way.single.get(place)?.get_or_init(compile).as_ref()?.captures(words)
    }
}

/// Whether a dot should be a character of these words.
fn has_characters(words: &[u8]) -> bool {
    !words.is_ascii() && std::str::from_utf8(words).is_ok()
}
