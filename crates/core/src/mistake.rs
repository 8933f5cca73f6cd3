//! Something wrong in a file that people write (a scope, a policy) or that a run left (a survey): which line, what, and
//! what to write instead. Every mistake of a file is told in one go.

use std::fmt;
use std::net::IpAddr;
use std::ops::Range;

use ipnet::IpNet;
use toml::Spanned;

/// Something wrong in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The line, from 1 on; 0 where it is the file as a whole.
    pub line: usize,
    /// What is wrong.
    pub what: String,
    /// What to write.
    pub fix: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.what),
            line => write!(f, "line {line}: {}", self.what),
        }
    }
}

/// Gathers mistakes while a TOML file is gone through.
#[derive(Debug)]
pub struct Reading<'a> {
    text: &'a str,
    /// What was found so far.
    pub mistakes: Vec<Mistake>,
}

impl<'a> Reading<'a> {
    /// Of a file's whole text.
    pub fn new(text: &'a str) -> Self {
        Self { text, mistakes: Vec::new() }
    }

    /// The line of a place in bytes, from 1 on.
    pub fn line(&self, at: &Range<usize>) -> usize {
        let before = self.text.as_bytes().get(..at.start).unwrap_or(self.text.as_bytes());
        1 + before.iter().filter(|byte| **byte == b'\n').count()
    }

    /// Notes a mistake.
    pub fn wrong(&mut self, at: Range<usize>, what: impl Into<String>, fix: impl Into<String>) {
        let line = self.line(&at);
        self.mistakes.push(Mistake { line, what: what.into(), fix: fix.into() });
    }

    /// Text that must not be empty.
    pub fn said(&mut self, key: &str, value: &Spanned<String>, fix: &str) -> String {
        let text = value.get_ref().trim();
        if text.is_empty() {
            self.wrong(value.span(), format!("{key} is empty"), fix);
        } else if text.contains(|c: char| c.is_control()) {
            self.wrong(value.span(), format!("{key} holds control characters"), fix);
        }
        text.to_owned()
    }

    /// A prefix, or one address. Bits behind the prefix are refused and not corrected: it may mean the one address or the
    /// whole network.
    pub fn block(&mut self, key: &str, value: &Spanned<String>) -> Option<IpNet> {
        let text = value.get_ref().trim();
        let net = text.parse::<IpNet>().or_else(|_| text.parse().map(|address: IpAddr| address.into()));
        let Ok(net) = net else {
            self.wrong(
                value.span(),
                format!("{key}: {text:?} is no address prefix"),
                "Write it as 192.0.2.0/24, 2001:db8::/32 or one address.",
            );
            return None;
        };
        if net.trunc() != net {
            self.wrong(
                value.span(),
                format!("{key}: {text}: there are bits behind the /{}", net.prefix_len()),
                format!(
                    "Write {} for the whole network, or {} for the one address.",
                    net.trunc(),
                    net.addr()
                ),
            );
            return None;
        }
        Some(net)
    }

    /// What the TOML reader says of a file that is no TOML, or has keys that nobody knows.
    pub fn unreadable(&self, error: &toml::de::Error, fix: &str) -> Mistake {
        let line = error.span().map_or(0, |span| self.line(&span));
        Mistake { line, what: error.message().trim().to_owned(), fix: fix.to_owned() }
    }
}
