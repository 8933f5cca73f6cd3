//! The order of attempts at a TCP service.
//!
//! Each attempt is a visit, and there are three at most. What the last answer was decides the next: a word that is understood ends it, a
//! server that wants TLS gets it, one that hangs up on HTTP is asked in the ways of those that do (TLS, databases, Windows). One that
//! accepts and stays silent, as a tarpit does, is not tried again: it would cost the most and say the least.

mod hear; // what is said and heard on one line
mod secure; // TLS, at once or agreed on

use watchpost_core::record::FactKind;

use super::hello::{self, Asker, Hello, Opening, Within};
use super::recog::Fingerprints;
use super::{Identified, http};
use crate::scope::InScope;
use crate::talk::{Caller, Failed, Visit, Wait};

/// Visits.
const MOST: usize = 3;

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reached {
    /// What it is is known.
    Known,
    /// It said something that tells no protocol.
    Words,
    /// It wants TLS.
    WantsTls,
    /// It hung up without a word.
    HungUp,
    /// Not a word.
    Silence,
}

/// One way to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Attempt {
    Quiet,
    /// Hears; then, after silence, asks in this way.
    Hear(Wait, Option<Hello>),
    Say(Hello),
    Tls(Within),
    /// Hellos that are no lines of text, each on a connection of its own.
    Others(Vec<Hello>),
}

struct Look<'a> {
    asker: Asker<'a>,
    port: u16,
    prints: &'a Fingerprints,
    found: Identified,
    /// The last web page's answer, and how it was reached.
    page: Vec<u8>,
}

pub(super) fn tcp(
    caller: &Caller<'_>,
    target: InScope<std::net::SocketAddr>,
    prints: &Fingerprints,
) -> Result<Identified, Failed> {
    let scope = caller.governor().scope();
    let (agent, name) = (http::user_agent(scope), http::own_name(scope));
    let port = target.get().port();
    let asker = Asker { target: target.get(), agent: &agent, name: &name };
    let mut look = Look { asker, port, prints, found: Identified::default(), page: Vec::new() };
    let mut tried: Vec<Attempt> = Vec::new();
    let mut next = Some(first(port));
    while let Some(attempt) = next.take().filter(|attempt| tried.len() < MOST && !tried.contains(attempt)) {
        tried.push(attempt.clone());
        let reached = match look.attempt(&caller.visit(target), &attempt) {
            Ok(reached) => reached,
            Err(stopped @ Failed::Stopped(_)) => return Err(stopped),
            // No connection at all is an error; a later one that fails ends what had begun.
            Err(failed) if tried.len() == 1 => return Err(failed),
            Err(_) => break,
        };
        next = following(port, &attempt, reached, &look.found);
    }
    if tried.len() < MOST {
        look.icon(&caller.visit(target))?;
    }
    if look.found.tls && look.found.protocol.is_none() {
        look.found.protocol = Some("tls".into());
    }
    Ok(look.found)
}

fn first(port: u16) -> Attempt {
    match hello::opening(port) {
        Opening::Quiet => Attempt::Quiet,
        Opening::Server => Attempt::Hear(Wait::Greeting, None),
        Opening::Unknown => Attempt::Hear(Wait::Moment, Some(Hello::Http)),
        Opening::Client(hello) => Attempt::Say(hello),
        Opening::Tls(within) => Attempt::Tls(within),
    }
}

fn following(port: u16, last: &Attempt, reached: Reached, found: &Identified) -> Option<Attempt> {
    let others = || Attempt::Others(vec![Hello::Redis, Hello::Postgres, Hello::Rdp]);
    match (reached, last) {
        (Reached::Known, _) | (_, Attempt::Quiet | Attempt::Others(_)) => None,
        (Reached::WantsTls, _) => Some(Attempt::Tls(match hello::opening(port) {
            Opening::Client(hello) | Opening::Tls(Within::Client(hello)) => Within::Client(hello),
            _ => Within::Unknown,
        })),
        // The words tell whom to ask better than we did.
        (Reached::Words, Attempt::Hear(..) | Attempt::Say(_)) => by_error(found).map(Attempt::Say),
        (Reached::HungUp, Attempt::Hear(..) | Attempt::Say(Hello::Http)) => {
            Some(Attempt::Tls(Within::Unknown))
        }
        // A port that is used otherwise than usual.
        (Reached::HungUp | Reached::Silence, Attempt::Say(_)) if !found.speaks => {
            Some(Attempt::Hear(Wait::Moment, Some(Hello::Http)))
        }
        (Reached::HungUp | Reached::Silence | Reached::Words, Attempt::Tls(_)) if !found.tls => {
            if matches!(hello::opening(port), Opening::Tls(_)) {
                Some(Attempt::Hear(Wait::Moment, Some(Hello::Http)))
            } else {
                Some(others())
            }
        }
        _ => None,
    }
}

/// Whose way it is to refuse a command in these words.
fn by_error(found: &Identified) -> Option<Hello> {
    let said = |start: &str| {
        found.facts.iter().any(|fact| fact.what == FactKind::Banner && fact.text.starts_with(start))
    };
    match () {
        () if said("-ERR") => Some(Hello::Redis),
        () if said("ERROR") => Some(Hello::Memcached),
        () => None,
    }
}

impl Look<'_> {
    fn attempt(&mut self, visit: &Visit<'_>, attempt: &Attempt) -> Result<Reached, Failed> {
        match attempt {
            Attempt::Quiet => self.hear(&mut visit.connect()?, Wait::Moment, &[]),
            Attempt::Hear(wait, then) => {
                let mut line = visit.connect()?;
                let reached = self.hear(&mut line, *wait, &[])?;
                match then {
                    Some(hello) if reached == Reached::Silence => self.ask(&mut line, *hello),
                    _ if reached == Reached::Known => {
                        self.go_on(line)?;
                        Ok(reached)
                    }
                    _ => Ok(reached),
                }
            }
            Attempt::Say(hello) => {
                let mut line = visit.connect()?;
                let reached = self.ask(&mut line, *hello)?;
                if reached == Reached::Known {
                    self.go_on(line)?;
                }
                Ok(reached)
            }
            Attempt::Tls(within) => self.tls(visit, *within),
            Attempt::Others(hellos) => {
                let mut last = Reached::Silence;
                for hello in hellos {
                    last = self.ask(&mut visit.connect()?, *hello)?;
                    if last == Reached::Words
                        && let Some(better) = by_error(&self.found)
                    {
                        last = self.ask(&mut visit.connect()?, better)?;
                    }
                    // Silence is what makes the others pointless, too.
                    if last != Reached::HungUp {
                        break;
                    }
                }
                Ok(last)
            }
        }
    }
}

/// What cannot be read on is silence, but for a stop.
fn quiet(failed: Failed) -> Result<Reached, Failed> {
    match failed {
        Failed::Stopped(_) => Err(failed),
        Failed::Silent | Failed::Spent => Ok(Reached::Silence),
        _ => Ok(Reached::HungUp),
    }
}
