//! What a campaign's sources asked for, in a form that compares.

use std::collections::BTreeSet;

use super::profile::Asks;
use crate::record::FactKind;
use crate::utterance::{Protocol, Utterance};

/// All requests and what the sources call themselves.
pub(super) struct Asked<'a> {
    requests: Vec<Request<'a>>,
    agents: Vec<&'a str>,
}

struct Request<'a> {
    /// As it was said.
    text: &'a str,
    /// The path where it has one, decoded; else the whole.
    plain: String,
}

impl<'a> Asked<'a> {
    pub(super) fn of(said: &[&'a Utterance]) -> Self {
        let texts = |kind| said.iter().flat_map(move |u| u.facts.of(kind));
        let requests = texts(FactKind::Request).map(|text| Request { text, plain: plain(text) }).collect();
        Self { requests, agents: texts(FactKind::UserAgent).collect() }
    }

    /// The first text that shows one of these.
    pub(super) fn first(&self, asks: &Asks<'_>) -> Option<&'a str> {
        let begins = |plain: &str, with: &str| {
            plain.starts_with(with)
                || with.starts_with('/') && unversioned(plain).is_some_and(|p| p.starts_with(with))
        };
        let asked = self.requests.iter().find(|request| {
            asks.requests.iter().any(|with| begins(&request.plain, with))
                || asks.inside.iter().any(|what| holds(&request.plain, what) || holds(request.text, what))
        });
        let called = || self.agents.iter().find(|agent| asks.agents.iter().any(|what| holds(agent, what)));
        asked.map(|request| request.text).or_else(|| called().copied())
    }
}

/// The most different paths, or names, that were asked of one server.
pub(super) fn most_of_one_server(said: &[&Utterance]) -> usize {
    let mut different = BTreeSet::new();
    for utterance in said {
        let server = (utterance.listener, utterance.listener_port);
        for fact in utterance.facts.iter() {
            match fact.what {
                FactKind::Request => {
                    let plain = plain(fact.text);
                    if let Some(path) = plain.strip_prefix('/') {
                        let path = path.split(['?', '#']).next().unwrap_or_default();
                        different.insert((server, true, path.to_owned()));
                    }
                }
                // Every resolver asks one server for many names.
                FactKind::AskedName if utterance.protocol != Protocol::Dns => {
                    different.insert((server, false, fact.text.to_ascii_lowercase()));
                }
                _ => {}
            }
        }
    }
    let all: Vec<_> = different.into_iter().map(|(server, path, _)| (server, path)).collect();
    all.chunk_by(|a, b| a == b).map(<[_]>::len).max().unwrap_or(0)
}

/// `GET http://host//a%2eb` becomes `/a.b`; what has no path stays as it is.
pub(super) fn plain(request: &str) -> String {
    let Some(target) = request.split_once(' ').map(|(_, rest)| rest.trim()) else {
        return request.to_owned();
    };
    let target = match target.split_once("://") {
        Some((scheme, rest)) if scheme.bytes().all(|b| b.is_ascii_alphabetic()) => {
            rest.find('/').map_or("/", |at| &rest[at..])
        }
        _ => target,
    };
    if !target.starts_with('/') {
        return request.to_owned();
    }
    let mut path = String::with_capacity(target.len());
    let mut rest = target;
    while let Some(first) = rest.chars().next() {
        let encoded =
            rest.strip_prefix('%').and_then(|r| r.get(..2)).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        let (next, taken) = match encoded {
            Some(byte) if (0x20..0x7f).contains(&byte) => (char::from(byte), 3),
            _ => (first, first.len_utf8()),
        };
        rest = &rest[taken..];
        if !(next == '/' && path.ends_with('/')) {
            path.push(next);
        }
    }
    path
}

/// `/v1.24/containers/json` without its version.
fn unversioned(path: &str) -> Option<&str> {
    let (version, _) = path.strip_prefix("/v")?.split_once('/')?;
    let numbers = !version.is_empty() && version.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    numbers.then(|| &path[2 + version.len()..])
}

/// Whether a text has this anywhere, in either case.
fn holds(text: &str, what: &str) -> bool {
    let (text, what) = (text.as_bytes(), what.as_bytes());
    let Some(first) = what.first() else { return true };
    let Some(last) = text.len().checked_sub(what.len()) else { return false };
    let begins = |at: &usize| text[*at].eq_ignore_ascii_case(first);
    (0..=last).filter(begins).any(|at| text[at..at + what.len()].eq_ignore_ascii_case(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_made_plain() {
        assert_eq!(plain("GET http://192.0.2.1:2375//v1.24/info"), "/v1.24/info");
        assert_eq!(plain("GET /nice%20ports%2C/Tri%6Eity.txt%2ebak"), "/nice ports,/Trinity.txt.bak");
        assert_eq!(plain("CONFIG GET dir"), "CONFIG GET dir");
        assert_eq!(plain("GET /%zz%e2%"), "/%zz%e2%");
        assert_eq!(plain("GET"), "GET");
        assert_eq!(unversioned("/v1.24/info"), Some("/info"));
        assert_eq!((unversioned("/version"), unversioned("/v2"), unversioned("/v/x")), (None, None, None));
        assert!(holds("Mozilla/5.0 ZGrab/0.x", "zgrab") && !holds("", "zgrab"));
    }
}
