//! Colour, columns and line breaks.

use watchpost_core::record::Severity;

/// The shape that stands for a severity, so that colour never carries meaning alone.
pub const fn glyph(severity: Severity) -> char {
    match severity {
        Severity::Critical => '◆',
        Severity::High => '▲',
        Severity::Medium => '●',
        Severity::Low => '▽',
        Severity::Info => '○',
    }
}

/// The word for a severity.
pub const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::High => "high",
        Severity::Medium => "medium",
        Severity::Low => "low",
        Severity::Info => "info",
    }
}

/// Select Graphic Rendition codes of ECMA-48, of the eight colours that every terminal lets its user choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// What the eye should find first.
    Bold,
    /// Headings and what explains.
    Faint,
    /// Severities.
    Of(Severity),
}

/// `text` in `ink`, or as it is where there are no colours.
pub fn paint(colour: bool, ink: Ink, text: &str) -> String {
    let code = match ink {
        _ if !colour || text.is_empty() => return text.to_owned(),
        Ink::Bold => "1",
        Ink::Faint => "2",
        Ink::Of(Severity::Critical) => "1;31",
        Ink::Of(Severity::High) => "31",
        Ink::Of(Severity::Medium) => "33",
        Ink::Of(Severity::Low) => "36",
        Ink::Of(Severity::Info) => "2",
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}

/// Columns that `text` takes; all text here is in characters of one column.
pub fn width(text: &str) -> usize {
    text.chars().count()
}

/// `text` with spaces up to `columns`.
pub fn pad(text: &str, columns: usize) -> String {
    let mut out = text.to_owned();
    out.extend(std::iter::repeat_n(' ', columns.saturating_sub(width(text))));
    out
}

/// A space at which no line breaks: it holds a number and its unit together. [`wrap`] turns it into a plain one.
pub const TIE: char = '\u{a0}';

/// Breaks `text` between words into lines of at most `columns`; a word that is longer stays whole.
pub fn wrap(text: &str, columns: Option<usize>) -> Vec<String> {
    let Some(columns) = columns else { return vec![text.replace(TIE, " ")] };
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        if !line.is_empty() && width(&line) + 1 + width(word) > columns {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines.into_iter().map(|line| line.replace(TIE, " ")).collect()
}

/// A label of `indent` columns and, to its right, `text` broken to `columns` in all.
pub fn labelled(label: &str, text: &str, indent: usize, columns: Option<usize>) -> String {
    let room = columns.map(|columns| columns.saturating_sub(indent).max(20));
    let mut out = String::new();
    for (row, line) in wrap(text, room).iter().enumerate() {
        let left = if row == 0 { label } else { "" };
        out.push_str(format!("{}{line}", pad(left, indent)).trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_and_long_words_stay_whole() {
        let lines = wrap("one two 2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff three", Some(10));
        assert_eq!(lines, ["one two", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff", "three"]);
        assert_eq!(wrap("one  two", None), ["one  two"]);
        assert_eq!(wrap("in 3\u{a0}h", Some(4)), ["in", "3 h"]);
    }

    #[test]
    fn without_colour_there_is_no_escape() {
        assert_eq!(paint(false, Ink::Bold, "x"), "x");
        assert_eq!(paint(true, Ink::Of(Severity::High), "x"), "\x1b[31mx\x1b[0m");
    }
}
