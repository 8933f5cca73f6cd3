//! Secrets become `***`. The name of what is hidden stays, because that a password was sent is a fact worth keeping.
//!
//! What counts as one: what stands behind a name that says so (`password=`, `Authorization:`, `PASS `), what has the form of
//! a key (AWS, GitHub, Slack, Google, Stripe, JSON web tokens, PEM), user and password within a URL, and long values without
//! pattern. The limit: a short secret with no name beside it looks like any word.

use super::bytes::{find, find_any_case};

const MASK: &str = "***";

/// Names whose value is hidden, up to where the value ends. Compared without case, as the end of a longer name too
/// (`db_password`, `X-Api-Key`).
const NAMES: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "pass",
    "pwd",
    "pw",
    "token",
    "secret",
    "api_key",
    "api-key",
    "apikey",
    "access_key",
    "access-key",
    "accesskey",
    "private_key",
    "private-key",
    "credential",
    "credentials",
    "session",
    "sessionid",
    "sessid",
    "session_id",
    "sid",
    "signature",
    "sig",
    "jwt",
    "auth",
    "bearer",
    "requirepass",
    "masterauth",
    "community",
    "key",
];
/// Names that hide everything behind them: headers.
const HEADERS: &[&str] = &["authorization", "proxy-authorization", "cookie", "set-cookie"];
/// Commands at the start of a line that hide everything behind them (FTP, POP3, IMAP, SMTP, Redis, IRC).
pub(super) const COMMANDS: &[&str] =
    &["user", "pass", "auth", "login", "authenticate", "oper", "apop", "acct"];
/// Commands that hide everything behind them also within a line (`HELLO 3 AUTH name password`).
pub(super) const INNER_COMMANDS: &[&str] =
    &["auth", "auth2", "setuser", "requirepass", "masterauth", "masteruser", "bearer"];
/// How keys begin, and how many more of their characters make one sure.
const PREFIXES: &[(&str, usize)] = &[
    ("AKIA", 12),
    ("ASIA", 12),
    ("ghp_", 16),
    ("gho_", 16),
    ("ghs_", 16),
    ("github_pat_", 16),
    ("glpat-", 12),
    ("xoxb-", 8),
    ("xoxp-", 8),
    ("xoxa-", 8),
    ("AIza", 20),
    ("sk_live_", 8),
    ("rk_live_", 8),
    ("sk-", 20),
    ("eyJ", 12),
    ("npm_", 20),
];
/// A key by its form has this many characters at least.
const SHORTEST_KEY: usize = 13;
/// A value without pattern is this long at least.
pub(super) const LONG: usize = 24;

/// The text without its secrets. Of commands only a `request` has any: a page may well be titled "Login here".
pub(super) fn mask(text: &str, request: bool) -> String {
    if let Some(at) = find(text.as_bytes(), b"-----BEGIN").filter(|at| text[*at..].contains("PRIVATE")) {
        return mask(&text[..at], request) + MASK;
    }
    let kept = if request { command(text) } else { None };
    match kept.into_iter().chain(header(text)).min() {
        Some(kept) => values(&in_urls(&text[..kept])) + MASK,
        None => values(&in_urls(text)),
    }
}

/// How many bytes stay of a line whose command hides the rest. A tag (IMAP) may stand before the command.
fn command(text: &str) -> Option<usize> {
    let mut at = 0;
    for (place, word) in text.split_inclusive(' ').enumerate() {
        let bare = word.trim_end();
        let rest = text[at + word.len()..].trim();
        let hides =
            (place < 2 && COMMANDS.iter().any(|c| bare.eq_ignore_ascii_case(c)) && bare.len() < word.len())
                || INNER_COMMANDS.iter().any(|c| bare.eq_ignore_ascii_case(c));
        // `login: ` and `pass: ` are prompts; a sentence that begins with such a word ("User admin ...") loses little.
        if hides && !rest.is_empty() {
            return Some(at + word.len());
        }
        at += word.len();
    }
    None
}

/// How many bytes stay before a header's value.
fn header(text: &str) -> Option<usize> {
    let found = HEADERS.iter().filter_map(|name| {
        let at = find_any_case(text.as_bytes(), name.as_bytes())? + name.len();
        let rest = text.get(at..)?.trim_start_matches([' ', '"', '\'']);
        let value = rest.strip_prefix([':', '='])?;
        let blanks = value.len() - value.trim_start().len();
        (!value.trim().is_empty()).then(|| text.len() - value.len() + blanks)
    });
    found.min()
}

/// `scheme://name:password@host` without name and password.
fn in_urls(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = find(rest.as_bytes(), b"://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let authority = after.find(['/', '?', '#', ' ', '"', '\'', '<', '>']).unwrap_or(after.len());
        rest = match after[..authority].rfind('@') {
            Some(end) => {
                out.push_str(MASK);
                &after[end..]
            }
            None => after,
        };
    }
    out + rest
}

const fn ends_value(c: char) -> bool {
    matches!(c, ' ' | '&' | '"' | '\'' | '<' | '>')
}

/// Values behind telling names, keys by their form, and long ones without pattern.
fn values(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    // Whether the value at hand stands in a query string, where what has no pattern is a key rather than a name.
    let mut in_query = false;
    while let Some(c) = text[at..].chars().next() {
        let is_start = !text[..at].ends_with(is_token);
        let token = if is_start { text[at..].find(|c| !is_token(c)).unwrap_or(text.len() - at) } else { 0 };
        if token == 0 {
            in_query = match c {
                '?' => true,
                ' ' => false,
                _ => in_query,
            };
            out.push(c);
            at += c.len_utf8();
            continue;
        }
        let word = &text[at..at + token];
        let is_value = |c| is_token(c) || (in_query && matches!(c, '%' | '/'));
        let value = text[at..].find(|c| !is_value(c)).unwrap_or(text.len() - at);
        if is_key(word.as_bytes()) || is_patternless(&text[at..at + value], in_query) {
            out.push_str(MASK);
            at += value;
            continue;
        }
        out.push_str(word);
        at += token;
        if let Some((gap, value)) = value_behind(&text[at..])
            && is_secret_name(word)
        {
            out.push_str(&text[at..at + gap]);
            out.push_str(MASK);
            at += gap + value;
        }
    }
    out
}

pub(super) const fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+' | '.' | '~')
}

fn is_secret_name(word: &str) -> bool {
    let ends = |name: &&&str| {
        let Some(before) = word.len().checked_sub(name.len()) else { return false };
        let (Some(start), Some(end)) = (word.get(..before), word.get(before..)) else { return false };
        // Short names only whole or behind a separator: `monkey=` and `bypass=` are other words.
        end.eq_ignore_ascii_case(name)
            && (name.len() >= 5 || start.is_empty() || start.ends_with(['_', '-', '.']))
    };
    NAMES.iter().find(ends).is_some()
}

/// Bytes between a name and its value, and bytes of the value; none where no value follows.
fn value_behind(rest: &str) -> Option<(usize, usize)> {
    let trimmed = rest.trim_start_matches([' ', '"', '\'', ']', '\\']);
    let separators = [":", "=", "%3D", "%3d", "%3A", "%3a"];
    let value = separators.iter().find_map(|separator| trimmed.strip_prefix(separator))?;
    // A prompt ends with its colon and has no value.
    let value = value.trim_start_matches([' ', '=', '\\', '>']);
    let (value, end) = match value.chars().next()? {
        quote @ ('"' | '\'') => (&value[1..], closing(&value[1..], quote)),
        _ => (value, value.find(ends_value)),
    };
    let length = end.unwrap_or(value.len());
    (length > 0).then(|| (rest.len() - value.len(), length))
}

/// Where a quoted value ends.
fn closing(value: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    value.char_indices().find_map(|(at, c)| {
        let ends = c == quote && !escaped;
        escaped = c == '\\' && !escaped;
        ends.then_some(at)
    })
}

pub(super) fn is_key(word: &[u8]) -> bool {
    word.len() >= SHORTEST_KEY
        && PREFIXES
            .iter()
            .any(|(prefix, more)| word.starts_with(prefix.as_bytes()) && word.len() >= prefix.len() + more)
}

/// Long, and of letters and digits so mixed that no name or number is: both cases and digits; in a query string also
/// hexadecimal digits or one case with digits.
fn is_patternless(word: &str, in_query: bool) -> bool {
    if word.len() < LONG {
        return false;
    }
    let count = |is: fn(&char) -> bool| word.chars().filter(is).count();
    let (upper, lower) = (count(char::is_ascii_uppercase), count(char::is_ascii_lowercase));
    let digits = count(char::is_ascii_digit);
    let letters = upper + lower;
    if in_query {
        let mixed = (upper >= 3 && lower >= 3 && digits >= 1) || (digits >= 3 && letters >= 3);
        return mixed && letters + digits >= LONG;
    }
    // A word with a version in it has dots and few capitals; a key changes from class to class all the time.
    let class = |c: char| {
        if c.is_ascii_digit() {
            0
        } else if c.is_ascii_uppercase() {
            1
        } else {
            2
        }
    };
    let changes = word.chars().zip(word.chars().skip(1)).filter(|(a, b)| class(*a) != class(*b)).count();
    upper >= 3 && lower >= 3 && digits >= 2 && !word.contains('.') && changes * 3 >= word.len()
}
