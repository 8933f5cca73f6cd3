//! One target of a source, and how it went.

use serde::{Deserialize, Serialize};

use crate::contact::{Contact, Outcome, Phase, SECOND, Service, Time, Transport};
use crate::net::Address;
use crate::record::ProbeKind;
use crate::trace::Hit;

/// A new connection so long after the last one to the same target is another visit, not a retry.
const VISIT: u32 = 5;
/// Datagrams to one service that are a stream, answered or not: more than any scanner's retries (nmap: 11).
const STREAM: u8 = 16;

/// Marks of a probe that evidence needs later.
pub mod mark {
    /// A router said that the time to live ran out on the way: a traceroute does this by intent.
    pub const EXPIRED: u8 = 1;
    /// The source asked it for what no visitor asks for (`data/procedures.toml`).
    pub const HUNTED: u8 = 2;
    /// The source asked it for what only those who run it ask for.
    pub const CONTROLS: u8 = 4;
    /// Came back to a service which had answered it before.
    pub const RETURNED: u8 = 8;
    /// The SYN is not one that an ordinary stack sends; an IP protocol without content.
    pub const BARE: u8 = 16;
    /// The source went on although no answer was seen.
    pub const WENT_ON: u8 = 32;
    /// The target greeted, in a protocol in which servers speak first.
    pub const GREETED: u8 = 64;
    /// The input does not tell how it went.
    pub const UNTOLD: u8 = 128;
}

/// One target (host and service) of a source: the first touch, and how it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// The host.
    pub target: Address,
    /// The first touch.
    pub first: Time,
    /// Seconds from the first touch to the last visit.
    pub again: u32,
    /// The service's port (see [`Transport`]).
    pub port: u16,
    /// The source's port at the last visit.
    pub source_port: u16,
    /// The service's transport.
    pub transport: Transport,
    /// How it was probed first.
    pub kind: ProbeKind,
    /// How far it came.
    pub outcome: Outcome,
    /// Visits: new connections at least five seconds apart.
    pub visits: u8,
    /// Time to live at the first touch.
    pub ttl: u8,
    /// Bits of [`mark`].
    pub marks: u8,
    /// Probe packets, up to 255.
    pub packets: u8,
}

impl Probe {
    /// Of a first contact.
    pub fn new(contact: &Contact, kind: ProbeKind, marks: u8) -> Self {
        Self {
            target: contact.target,
            first: contact.time,
            again: 0,
            port: contact.port,
            source_port: contact.source_port,
            transport: contact.transport,
            kind,
            outcome: contact.outcome,
            visits: 1,
            ttl: contact.ttl,
            marks: marks | if is_untold(contact) { mark::UNTOLD } else { 0 },
            packets: contact.weight.min(255) as u8,
        }
    }

    /// The service that was touched.
    pub fn service(&self) -> Service {
        Service { transport: self.transport, port: self.port }
    }

    /// Its first touch.
    pub fn hit(&self) -> Hit {
        Hit { time: self.first, target: self.target, service: self.service(), outcome: self.outcome }
    }

    /// Whether a contact goes to the same host and service.
    pub fn is_of(&self, contact: &Contact) -> bool {
        self.target == contact.target && self.service() == contact.service()
    }

    /// Nothing came back, or a refusal.
    pub fn failed(&self) -> bool {
        self.outcome < Outcome::Answered && !self.is_untold()
    }

    /// The input does not tell how it went.
    pub fn is_untold(&self) -> bool {
        self.marks & mark::UNTOLD != 0
    }

    /// Something answered, as far as it is told: where it is not, neither this nor [`Self::failed`] holds.
    pub fn answered(&self) -> bool {
        self.outcome >= Outcome::Answered
    }

    /// The source used it as services are used: it said something (TCP), went on after the answer (UDP), or asked more
    /// than once (UDP, ICMP). One question with one answer is what a sweep leaves behind.
    pub fn used(&self) -> bool {
        match self.transport {
            Transport::Tcp => self.outcome >= Outcome::Asked,
            Transport::Sctp => self.outcome >= Outcome::Completed,
            Transport::Arp | Transport::Nd | Transport::Ip => self.outcome >= Outcome::Answered,
            Transport::Udp | Transport::Icmp | Transport::Icmp6 => {
                self.outcome >= Outcome::Asked || self.outcome >= Outcome::Answered && self.packets > 1
            }
        }
    }

    /// Datagrams that go on for long without an answer: a stream of which one direction is seen. Scanners give up.
    pub fn is_stream(&self) -> bool {
        self.transport == Transport::Udp && self.packets >= STREAM
    }

    /// Takes up a later outcome. Where answers are seen, going on without one proves nothing: it is only noted.
    pub fn learn(&mut self, outcome: Outcome, one_way: bool) {
        let by_source = matches!(outcome, Outcome::Completed | Outcome::Asked);
        if by_source && self.transport == Transport::Tcp && self.failed() && !one_way {
            self.marks |= mark::WENT_ON;
            if matches!(self.kind, ProbeKind::TcpAck | ProbeKind::TcpMaimon) {
                // No start was seen, and it goes on: a connection older than the capture.
                self.outcome = Outcome::Answered;
            }
            return;
        }
        self.outcome = self.outcome.max(outcome);
        if self.outcome > Outcome::Unknown {
            self.marks &= !mark::UNTOLD;
        }
        if self.marks & mark::WENT_ON != 0 && !self.failed() {
            self.outcome = Outcome::Asked;
        }
    }

    /// As it stands on a vantage that does not see answers.
    pub fn seen_one_way(mut self) -> Self {
        if self.marks & mark::WENT_ON != 0 {
            self.outcome = Outcome::Asked;
        }
        self
    }

    /// As it stands where it is known that nothing is there that could have answered.
    pub fn unanswered(mut self) -> Self {
        self.marks &= !mark::UNTOLD;
        self.outcome = Outcome::Silent;
        self
    }

    /// Somebody said something on it: used, or a stream that its server sends unasked, as FTP's data is.
    pub fn talked(&self) -> bool {
        self.used() || self.outcome >= Outcome::Told
    }

    /// The source heard a greeting and left without a word.
    pub fn left_greeted(&self) -> bool {
        self.marks & mark::GREETED != 0 && self.outcome == Outcome::Told
    }

    /// The source asked for what visitors do not ask for.
    pub fn hunted(&self) -> bool {
        self.marks & (mark::HUNTED | mark::CONTROLS) != 0
    }

    /// What another contact to the same target tells of how it went.
    pub fn flow(&mut self, contact: &Contact) {
        match contact.phase {
            Phase::Flow => self.learn(contact.outcome, true),
            // A packet whose answer would be seen: no more is needed to say how it went.
            Phase::Probe => self.marks &= !mark::UNTOLD,
            _ => {}
        }
    }

    /// Another contact to the same target. Of a visit of its own, gives how many seconds it was quiet before.
    pub fn visit(&mut self, contact: &Contact) -> Option<u32> {
        self.packets = self.packets.saturating_add(contact.weight.min(255) as u8);
        let since = ((contact.time - self.first).max(0) / SECOND).min(i64::from(u32::MAX)) as u32;
        let fresh = contact.source_port != self.source_port || contact.source_port == 0;
        if self.outcome >= Outcome::Answered && fresh {
            self.marks |= mark::RETURNED;
        }
        self.source_port = contact.source_port;
        if since.saturating_sub(self.again) < VISIT || !fresh && contact.transport == Transport::Tcp {
            return None;
        }
        let quiet = since.saturating_sub(self.again);
        self.again = since;
        self.visits = self.visits.saturating_add(1);
        Some(quiet)
    }
}

fn is_untold(contact: &Contact) -> bool {
    contact.phase == Phase::Flow && contact.outcome == Outcome::Unknown
}
