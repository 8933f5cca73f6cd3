//! Identification: which protocol, which product, and which operating system.
//!
//! The problem: a port number says nothing. The way ([`tcp`]): hear what the server says by itself, else say the hello that suits the
//! port, else those that most servers react to; read the answer with the readers that hear such words on the wire, so that survey and
//! detector tell the same facts; hold the words against fingerprints ([`recog`]). Three visits at most, each of three requests and 4 KiB.
//! The operating system comes from words, or from how a host answers a SYN ([`os`]).
//!
//! Limits: who asks nothing of port 9100 prints nothing: of printers' and of industrial ports only what they say by themselves is heard.
//! Redirects are not followed, so what stands behind them stays unknown. No login is tried.

mod hello; // what is said to whom
mod http; // requests, and the telling parts of answers
mod judge; // from matches to a product and a system
mod look; // the order of attempts
pub mod os; // operating systems by their SYN-ACKs
pub mod recog; // fingerprints in the XML form of Recog
mod words; // which words of an answer fingerprints are for

use std::net::SocketAddr;

use watchpost_core::inventory::{OsGuess, Product};
use watchpost_core::record::LessonFact;
use watchpost_core::utterance::{Facts, Protocol};
use watchpost_formats::conversation::said;

use crate::scope::InScope;
use crate::talk::{Caller, Failed};
pub use http::user_agent;
pub use recog::Fingerprints;

/// Facts of a service that are kept.
const MOST_FACTS: usize = 24;

/// What is known of a service after a look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identified {
    /// e.g. `ssh`; within TLS what is spoken there, `tls` where that stays unknown.
    pub protocol: Option<String>,
    /// It is spoken within TLS from the first byte on.
    pub tls: bool,
    /// TLS asked us for a certificate.
    pub wants_certificate: bool,
    /// What it gave away: clean, secrets masked.
    pub facts: Vec<LessonFact>,
    /// What runs there: the application before the server in front of it.
    pub product: Option<Product>,
    /// Everything that gave itself away, the product first.
    pub products: Vec<Product>,
    /// The operating system, where words tell it.
    pub os: Option<OsGuess>,
    /// MD5 of a web page's icon, in hexadecimal digits, where it was asked for.
    pub favicon: Option<String>,
    /// An application answered: bytes came. SYN proxies and tarpits accept and stay silent.
    pub speaks: bool,
    /// It ended the connection in order without a word, which a tarpit does not.
    pub closes: bool,
    /// The last of the products are so many that only carry others.
    ground: usize,
}

impl Identified {
    fn tell(&mut self, facts: &Facts) {
        for fact in facts.iter() {
            let fact = LessonFact { what: fact.what, text: fact.text.to_owned() };
            if self.facts.len() < MOST_FACTS && !self.facts.contains(&fact) {
                self.facts.push(fact);
            }
        }
    }

    fn speak(&mut self, protocol: Protocol) {
        if protocol != Protocol::Unknown && protocol != Protocol::Tls {
            self.protocol = Some(protocol.name().to_owned());
        }
    }
}

/// Looks at a TCP service.
///
/// # Errors
/// [`Failed`] where there is no connection, or nothing may be sent any more. What goes wrong behind a first connection is part of what is
/// found.
pub fn tcp(
    caller: &Caller<'_>,
    target: InScope<SocketAddr>,
    prints: &Fingerprints,
) -> Result<Identified, Failed> {
    look::tcp(caller, target, prints)
}

/// What an answer tells that a server gave by TCP to `asked` (nothing, where it spoke first): for those who have words and need no visit.
pub fn answer(port: u16, asked: &[u8], answer: &[u8], prints: &Fingerprints) -> Identified {
    let mut found = Identified { speaks: !answer.is_empty(), ..Identified::default() };
    if let Some(heard) = said::server(port, asked, answer, true) {
        found.speak(heard.protocol);
        found.tell(&heard.facts);
        let words = words::of_answer(heard.protocol, &heard.facts, answer);
        judge::judge(&mut found, &words, prints);
    }
    found
}

/// What a datagram from a service tells.
pub fn datagram(port: u16, answer: &[u8], prints: &Fingerprints) -> Identified {
    let mut found = Identified { speaks: !answer.is_empty(), ..Identified::default() };
    if let Some(heard) = said::datagram(port, answer) {
        found.speak(heard.protocol);
        found.tell(&heard.facts);
        let words = words::of_datagram(heard.protocol, &heard.facts, answer);
        judge::judge(&mut found, &words, prints);
    }
    if port == 123 && found.protocol.is_none() && is_time(answer) {
        found.speak(Protocol::Ntp);
    }
    found
}

/// The time of an NTP server (mode 4; RFC 5905, 7.3): it names no software.
fn is_time(answer: &[u8]) -> bool {
    answer.len() >= 48 && answer.first().is_some_and(|first| first & 7 == 4)
}
