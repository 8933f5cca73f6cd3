//! TLS, at once or agreed on: who the certificate says it is, and what is spoken within.

use watchpost_core::record::{FactKind, LessonFact};
use watchpost_formats::conversation::{fact, said};

use super::super::hello::{Hello, Within};
use super::super::{judge, words};
use super::{Look, Reached, quiet};
use crate::talk::{Failed, Line, Visit, Wait};

impl Look<'_> {
    /// A known protocol whose server can be asked for its certificate on the same line.
    pub(super) fn go_on(&mut self, mut line: Line<'_>) -> Result<(), Failed> {
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

    pub(super) fn tls(&mut self, visit: &Visit<'_>, within: Within) -> Result<Reached, Failed> {
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
            Within::Server => self.hear(&mut line, Wait::Greeting, &[])?,
            Within::Client(hello) => self.ask(&mut line, hello)?,
            Within::Unknown => match self.hear(&mut line, Wait::Moment, &[])? {
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
}

/// Whether a reply in lines is whole: the last line has its end, and no hyphen behind its number.
fn ends_reply(bytes: &[u8]) -> bool {
    let last =
        bytes.strip_suffix(b"\n").map(|text| text.rsplit(|byte| *byte == b'\n').next().unwrap_or(text));
    last.is_some_and(|line| line.get(3) != Some(&b'-'))
}
