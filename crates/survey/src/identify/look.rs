//! The order of attempts at a TCP service.
//!
//! Each attempt is a visit, and there are three at most. What the last answer was decides the next: a word that is understood ends it, a
//! server that wants TLS gets it, one that hangs up on HTTP is asked in the ways of those that do (TLS, databases, Windows). One that
//! accepts and stays silent, as a tarpit does, is not tried again: it would cost the most and say the least.

use std::time::Duration;

use watchpost_core::record::{FactKind, LessonFact};
use watchpost_core::utterance::Protocol;
use watchpost_formats::conversation::{fact, said};

use super::hello::{self, Asker, Hello, Opening, Within};
use super::recog::Fingerprints;
use super::{Identified, http, judge, words};
use crate::scope::InScope;
use crate::talk::{Caller, Failed, Line, Visit};

/// Visits.
const MOST: usize = 3;
/// A server that speaks first has begun by then, unless it looks up who calls.
const MOMENT: Duration = Duration::from_secs(1);

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
    /// Hears, for so long; then asks in this way.
    Hear(Duration, Option<Hello>),
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
        Opening::Server => Attempt::Hear(Duration::MAX, None),
        Opening::Unknown => Attempt::Hear(MOMENT, Some(Hello::Http)),
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
            Some(Attempt::Hear(MOMENT, Some(Hello::Http)))
        }
        (Reached::HungUp | Reached::Silence | Reached::Words, Attempt::Tls(_)) if !found.tls => {
            if matches!(hello::opening(port), Opening::Tls(_)) {
                Some(Attempt::Hear(MOMENT, Some(Hello::Http)))
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
            Attempt::Quiet => self.hear(&mut visit.connect()?, MOMENT, &[]),
            Attempt::Hear(patience, then) => {
                let mut line = visit.connect()?;
                let reached = self.hear(&mut line, *patience, &[])?;
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

    fn ask(&mut self, line: &mut Line<'_>, hello: Hello) -> Result<Reached, Failed> {
        let asked = self.asker.hello(hello);
        match line.say(&asked) {
            Ok(()) => self.hear(line, Duration::MAX, &asked),
            Err(failed) => quiet(failed),
        }
    }

    /// Hears an answer and learns of it.
    fn hear(&mut self, line: &mut Line<'_>, patience: Duration, asked: &[u8]) -> Result<Reached, Failed> {
        let port = self.port;
        let enough = |bytes: &[u8]| answer(port, asked, bytes, false).is_some();
        let bytes = match line.hear_for(patience, enough) {
            Ok(bytes) => bytes,
            Err(failed) => return quiet(failed),
        };
        let Some((protocol, facts)) = answer(port, asked, &bytes, true) else {
            self.found.closes |= line.ended();
            return Ok(if line.ended() { Reached::HungUp } else { Reached::Silence });
        };
        self.found.speaks = true;
        // An alert is how a server that wants TLS takes anything else.
        if protocol == Protocol::Tls || http::wants_tls(&bytes) {
            return Ok(Reached::WantsTls);
        }
        self.found.speak(protocol);
        self.found.tell(&facts);
        let words = if port == 53 && protocol == Protocol::Dns {
            words::of_datagram(protocol, &facts, &bytes)
        } else {
            words::of_answer(protocol, &facts, &bytes)
        };
        judge::judge(&mut self.found, &words, self.prints);
        if protocol == Protocol::Telnet && asked.is_empty() && facts.of(FactKind::Login).next().is_none() {
            let refusal = hello::refuse_telnet(&bytes);
            if !refusal.is_empty() && line.say(&refusal).is_ok() {
                self.hear(line, Duration::MAX, &refusal)?;
            }
        }
        if protocol == Protocol::Http {
            self.page = bytes;
        }
        Ok(if protocol == Protocol::Unknown { Reached::Words } else { Reached::Known })
    }

    /// A known protocol whose server can be asked for its certificate on the same line.
    fn go_on(&mut self, mut line: Line<'_>) -> Result<(), Failed> {
        let hello = format!("EHLO {}\r\n", self.asker.name);
        let (steps, ready): (Vec<&str>, &[u8]) = match self.found.protocol.as_deref() {
            Some("smtp") => (vec![&hello, "STARTTLS\r\n"], b"220"),
            Some("imap") => (vec!["a1 STARTTLS\r\n"], b"a1 OK"),
            Some("pop3") => (vec!["STLS\r\n"], b"+OK"),
            Some("ftp") => (vec!["AUTH TLS\r\n"], b"234"),
            Some("postgresql") if self.told(FactKind::Protocol, "PostgreSQL over TLS") => (Vec::new(), b""),
            Some("rdp") if self.told(FactKind::Protocol, "RDP over TLS") => (Vec::new(), b""),
            _ => return Ok(()),
        };
        let count = steps.len();
        for (place, words) in steps.into_iter().enumerate() {
            let ends = |bytes: &[u8]| ends_reply(bytes);
            let heard = line.say(words.as_bytes()).and_then(|()| line.hear(ends));
            let heard = match heard {
                Ok(heard) => heard,
                Err(failed) => return quiet(failed).map(|_| ()),
            };
            let goes_on = if place + 1 == count {
                heard.starts_with(ready)
            } else {
                // RFC 3207: only where it is offered.
                heard.to_ascii_uppercase().windows(8).any(|word| word == b"STARTTLS")
            };
            if !goes_on {
                return Ok(());
            }
        }
        match line.tls(None) {
            Ok(line) => self.certificate(&line),
            Err(failed) => return quiet(failed).map(|_| ()),
        }
        Ok(())
    }

    fn told(&self, what: FactKind, text: &str) -> bool {
        self.found.facts.iter().any(|fact| fact.what == what && fact.text == text)
    }

    fn tls(&mut self, visit: &Visit<'_>, within: Within) -> Result<Reached, Failed> {
        let mut line = match visit.connect()?.tls(None) {
            Ok(line) => line,
            Err(Failed::Tls(why)) => {
                // What answers with an alert, or in a version that nobody should speak, speaks TLS.
                let alert = why.split_once("fatal alert: ").map(|(_, alert)| alert.trim());
                if alert.is_some() || why.contains("incompatible") {
                    self.found.tls = true;
                    self.found.speaks = true;
                    self.found.wants_certificate |= alert == Some("CertificateRequired");
                    let text = alert
                        .map_or_else(|| "an old version of TLS".into(), |alert| format!("TLS alert {alert}"));
                    self.banner(&text);
                    return Ok(Reached::Known);
                }
                // Words of another kind, or none.
                let words = why.contains("corrupt message");
                self.found.speaks |= words;
                return Ok(if words { Reached::Words } else { Reached::HungUp });
            }
            Err(failed) => return quiet(failed),
        };
        self.found.tls = true;
        self.found.speaks = true;
        self.certificate(&line);
        let reached = match within {
            Within::Server => self.hear(&mut line, Duration::MAX, &[])?,
            Within::Client(hello) => self.ask(&mut line, hello)?,
            Within::Unknown => match self.hear(&mut line, MOMENT, &[])? {
                Reached::Silence => self.ask(&mut line, Hello::Http)?,
                reached => reached,
            },
        };
        // What is within stays unknown: TLS itself is known.
        Ok(if reached == Reached::Known { reached } else { Reached::Known })
    }

    fn banner(&mut self, text: &str) {
        if let Some(text) = fact(FactKind::Banner, text.as_bytes()) {
            self.found.facts.push(LessonFact { what: FactKind::Banner, text: text.into_owned() });
        }
    }

    fn certificate(&mut self, line: &Line<'_>) {
        let Some(seen) = line.seen() else { return };
        if let Some(version) = seen.version {
            let fact = LessonFact { what: FactKind::Protocol, text: version.into() };
            if !self.found.facts.contains(&fact) {
                self.found.facts.push(fact);
            }
        }
        self.found.wants_certificate |= seen.wants_certificate;
        if let Some(der) = seen.certificates.first() {
            self.found.tell(&said::certificate(der));
            judge::judge(&mut self.found, &words::of_certificate(der), self.prints);
        }
    }

    /// The icon of a page whose words name no application, where fingerprints of icons are at hand.
    fn icon(&mut self, visit: &Visit<'_>) -> Result<(), Failed> {
        let is_page = http::status(&self.page) == Some(200)
            && http::header(&self.page, "content-type").is_some_and(|kind| kind.starts_with(b"text/html"));
        let is_named = self.found.products.len() > self.found.ground;
        if !is_page || is_named || !self.prints.knows("favicon.md5") {
            return Ok(());
        }
        let asked = self.asker.get(&http::icon_path(&self.page));
        let heard =
            if self.found.tls { visit.connect_tls(None) } else { visit.connect() }.and_then(|mut line| {
                line.say(&asked)?;
                line.hear(|bytes| http::icon_hash(bytes).is_some())
            });
        match heard {
            Ok(bytes) => {
                if let Some(hash) = http::icon_hash(&bytes) {
                    let mut words = words::Words::default();
                    words.add("favicon.md5", hash.as_bytes());
                    self.found.favicon = Some(hash);
                    judge::judge(&mut self.found, &words, self.prints);
                }
                Ok(())
            }
            Err(failed) => quiet(failed).map(|_| ()),
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

/// Whether a reply in lines is whole: the last line has its end, and no hyphen behind its number.
fn ends_reply(bytes: &[u8]) -> bool {
    let last =
        bytes.strip_suffix(b"\n").map(|text| text.rsplit(|byte| *byte == b'\n').next().unwrap_or(text));
    last.is_some_and(|line| line.get(3) != Some(&b'-'))
}

/// What the readers make of an answer; DNS by TCP has a length before it, and is read as a datagram is.
fn answer(
    port: u16,
    asked: &[u8],
    bytes: &[u8],
    ended: bool,
) -> Option<(Protocol, watchpost_core::utterance::Facts)> {
    if port == 53
        && let [high, low, message @ ..] = bytes
        && (ended || message.len() >= usize::from(*high) << 8 | usize::from(*low))
        && let Some(heard) = said::datagram(port, message)
    {
        return Some((heard.protocol, heard.facts));
    }
    said::server(port, asked, bytes, ended).map(|heard| (heard.protocol, heard.facts))
}
