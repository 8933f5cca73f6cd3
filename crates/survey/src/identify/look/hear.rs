//! What is said and heard on one line: the answer is read, told, and held against fingerprints.

use watchpost_core::record::FactKind;
use watchpost_core::utterance::{Facts, Protocol};
use watchpost_formats::conversation::said;

use super::super::hello::{self, Hello};
use super::super::{http, judge, words};
use super::{Look, Reached, quiet};
use crate::talk::{Failed, Line, Visit, Wait};

impl Look<'_> {
    pub(super) fn ask(&mut self, line: &mut Line<'_>, hello: Hello) -> Result<Reached, Failed> {
        let asked = self.asker.hello(hello);
        match line.say(&asked) {
            Ok(()) => self.hear(line, Wait::Answer, &asked),
            Err(failed) => quiet(failed),
        }
    }

    /// Hears an answer and learns of it.
    pub(super) fn hear(&mut self, line: &mut Line<'_>, wait: Wait, asked: &[u8]) -> Result<Reached, Failed> {
        let port = self.port;
        let enough = |bytes: &[u8]| answer(port, asked, bytes, false).is_some();
        let bytes = match line.hear_with(wait, enough) {
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
                self.hear(line, Wait::Answer, &refusal)?;
            }
        }
        if protocol == Protocol::Http {
            self.page = bytes;
        }
        Ok(if protocol == Protocol::Unknown { Reached::Words } else { Reached::Known })
    }

    /// The icon of a page whose words name no application, where fingerprints of icons are at hand.
    pub(super) fn icon(&mut self, visit: &Visit<'_>) -> Result<(), Failed> {
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

/// What the readers make of an answer; DNS by TCP has a length before it, and is read as a datagram is.
fn answer(port: u16, asked: &[u8], bytes: &[u8], ended: bool) -> Option<(Protocol, Facts)> {
    if port == 53
        && let [high, low, message @ ..] = bytes
        && (ended || message.len() >= usize::from(*high) << 8 | usize::from(*low))
        && let Some(heard) = said::datagram(port, message)
    {
        return Some((heard.protocol, heard.facts));
    }
    said::server(port, asked, bytes, ended).map(|heard| (heard.protocol, heard.facts))
}
