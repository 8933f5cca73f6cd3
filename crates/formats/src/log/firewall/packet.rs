//! One packet that a filter logged, as a contact.
//!
//! The problem: a filter tells of single packets and of none that came back, and it denies two things that look alike: what
//! somebody starts, and what belongs to connections that the filter forgot. The way: a SYN, a datagram, an echo request and
//! flags that no connection has are probes; an answer or a reset is stray; a bare ACK is stray too, and core takes it for
//! a probe where its ports are not those of an answer; data, FINs and acknowledgements with options are the forgotten
//! connections'. The limit: ACK scans that carry data and Maimon scans are not told from these.
//!
//! What was let through went on unseen, and what a private source may not send outwards says nothing of its target: both
//! are flows whose end is not told.

use watchpost_core::contact::flags::{ACK, FIN, PSH, RST, SYN};
use watchpost_core::contact::{Contact, Outcome, Phase, Time, Transport, traits};
use watchpost_core::direction::is_answer;
use watchpost_core::net::Address;

use crate::log::field::number;
use crate::log::flow::{Flow, transport};

/// What the filter did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::log) enum Verdict {
    /// Dropped or rejected.
    Denied,
    /// Let through, or logged for its own sake.
    Passed,
    /// The line does not tell.
    Untold,
}

/// TCP options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::log) enum Options {
    /// The line says nothing, not even how long the packet is.
    Untold,
    /// The line tells how many bytes follow the TCP header's first twenty.
    Behind(u16),
    /// The line lists them; bits of [`traits`].
    Told(u8),
}

/// What a line tells of a packet.
#[derive(Clone, Copy, Debug)]
pub(in crate::log) struct Packet {
    pub time: Time,
    pub source: Address,
    pub target: Address,
    /// The IP protocol's number.
    pub protocol: u8,
    pub source_port: u16,
    /// ICMP: type and code.
    pub port: u16,
    pub flags: Option<u8>,
    pub window: u16,
    pub ip_id: u16,
    pub ttl: u8,
    pub sequence: Option<u32>,
    pub dont_fragment: bool,
    pub options: Options,
    /// Bytes of data behind the transport's header.
    pub data: Option<u16>,
    pub verdict: Verdict,
}

impl Packet {
    pub fn new(time: Time, source: Address, target: Address, protocol: u8) -> Self {
        Self {
            time,
            source,
            target,
            protocol,
            source_port: 0,
            port: 0,
            flags: None,
            window: 0,
            ip_id: 0,
            ttl: 0,
            sequence: None,
            dont_fragment: false,
            options: Options::Untold,
            data: None,
            verdict: Verdict::Untold,
        }
    }

    /// Whether its silence says nothing of the target.
    fn ends_unseen(&self) -> bool {
        self.verdict == Verdict::Passed || denied(self.source, self.target) == Outcome::Unknown
    }

    /// Whether the line tells what a packet's contact is made of. Of SCTP no filter tells the chunk.
    fn has_headers(&self, transport: Transport) -> bool {
        let whole = match transport {
            Transport::Tcp => self.flags.is_some(),
            Transport::Ip => self.data.is_some(),
            _ => true,
        };
        self.ttl > 0 && whole && transport != Transport::Sctp
    }

    /// # Errors
    /// Why it is no contact.
    pub fn contact(&self, sensor: u16) -> Result<Contact, &'static str> {
        let transport = transport(self.protocol);
        let (phase, outcome) = match transport {
            Transport::Tcp => self.segment()?,
            Transport::Icmp | Transport::Icmp6 => self.message()?,
            _ => (Phase::Unclear, Outcome::Unknown),
        };
        let port = if transport == Transport::Ip { u16::from(self.protocol) } else { self.port };
        let source_port = if self.protocol == 1 || self.protocol == 58 { 0 } else { self.source_port };
        if self.ends_unseen() || !self.has_headers(transport) {
            let starts = match phase {
                Phase::Probe => true,
                _ => !is_answer(transport, source_port, port),
            };
            let answers = self.flags.is_some_and(|set| set & RST != 0 || set & (SYN | ACK) == SYN | ACK);
            if !starts || answers {
                return Err(super::ANSWERED);
            }
            let mut flow = Flow::new(self.time, transport, (self.source, source_port), (self.target, port));
            flow.flags = self.flags.unwrap_or(0);
            if self.verdict == Verdict::Denied && !self.ends_unseen() {
                flow.outcome = Outcome::Silent;
            }
            return Ok(flow.contact(sensor));
        }
        Ok(Contact {
            time: self.time,
            source: self.source,
            target: self.target,
            sequence: self.sequence.unwrap_or(0),
            weight: 1,
            port,
            source_port,
            window: if transport == Transport::Tcp { self.window } else { self.data.unwrap_or(0) },
            ip_id: self.ip_id,
            sensor,
            transport,
            phase,
            outcome,
            flags: self.flags.unwrap_or(0),
            ttl: self.ttl,
            traits: self.traits(transport),
        })
    }

    /// Who speaks, as the flags tell.
    fn segment(&self) -> Result<(Phase, Outcome), &'static str> {
        let Some(set) = self.flags else { return Ok((Phase::Unclear, Outcome::Unknown)) };
        let more = match self.options {
            Options::Told(bits) => bits != 0,
            Options::Behind(bytes) => bytes > 0,
            Options::Untold => false,
        };
        match set & (SYN | ACK | FIN | RST) {
            flags if flags & (SYN | ACK) == SYN | ACK || flags & (SYN | RST) == RST => {
                Ok((Phase::Stray, Outcome::Unknown))
            }
            flags if flags & SYN != 0 || flags & ACK == 0 => Ok((Phase::Probe, Outcome::Unknown)),
            flags if flags & FIN != 0 || set & PSH != 0 || more || self.data.unwrap_or(0) > 0 => {
                Err("a packet of a connection that the filter does not know any more")
            }
            _ => Ok((Phase::Stray, Outcome::Unknown)),
        }
    }

    /// Requests probe. Answers and errors are about what somebody else asked.
    fn message(&self) -> Result<(Phase, Outcome), &'static str> {
        let request = match (self.protocol, self.port >> 8) {
            (1, kind) => matches!(kind, 8 | 13 | 15 | 17 | 42),
            (_, kind) => matches!(kind, 128 | 139 | 160),
        };
        if request { Ok((Phase::Probe, Outcome::Unknown)) } else { Err("an ICMP message that asks nobody") }
    }

    fn traits(&self, transport: Transport) -> u8 {
        let mut found = if self.dont_fragment { traits::DONT_FRAGMENT } else { 0 };
        if transport != Transport::Tcp {
            return found | if self.data.unwrap_or(0) > 0 { traits::PAYLOAD } else { 0 };
        }
        found |= match self.options {
            Options::Told(bits) => bits,
            // A SYN's options: four bytes hold an MSS and nothing else, in every stack and tool.
            Options::Behind(0) => 0,
            Options::Behind(4) if self.flags.is_some_and(|set| set & SYN != 0) => traits::MSS,
            Options::Behind(_) | Options::Untold => traits::PARTLY_TOLD,
        };
        if self.data.unwrap_or(0) > 0 {
            found |= traits::PAYLOAD;
        }
        let starts = self.flags.is_some_and(|set| set & SYN != 0);
        // Marks of packets that start nothing read the sequence number.
        if self.sequence.is_none() && !starts && found & traits::TIMESTAMP == 0 {
            found |= traits::PARTLY_TOLD;
        }
        found
    }
}

/// Addresses of networks that are nobody's in particular: RFC 1918, RFC 6598, RFC 3927, RFC 4193, RFC 4291.
fn is_private(address: Address) -> bool {
    match std::net::IpAddr::from(address) {
        std::net::IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_private() || v4.is_link_local() || a == 100 && b & 0xc0 == 64
        }
        std::net::IpAddr::V6(v6) => {
            v6.segments()[0] & 0xfe00 == 0xfc00 || v6.segments()[0] & 0xffc0 == 0xfe80
        }
    }
}

/// What the words of a rule's name say was done; `[UFW LIMIT BLOCK]` is denied, `[UFW AUDIT INVALID]` is written for its
/// own sake.
pub(super) fn words(text: &[u8]) -> Verdict {
    const DENIED: [&[u8]; 8] =
        [b"DROP", b"BLOCK", b"REJECT", b"DENY", b"DENIE", b"DISCARD", b"BANNED", b"REFUSED"];
    const PASSED: [&[u8]; 6] = [b"ALLOW", b"AUDIT", b"ACCEPT", b"PASS", b"PERMIT", b"NEW"];
    let begins =
        |word: &[u8], known: &[u8]| word.get(..known.len()).is_some_and(|w| w.eq_ignore_ascii_case(known));
    let words = || text.split(|byte| !byte.is_ascii_alphanumeric());
    let any = |known: &[&[u8]]| words().any(|word| known.iter().any(|k| begins(word, k)));
    match () {
        () if any(&DENIED) => Verdict::Denied,
        () if any(&PASSED) => Verdict::Passed,
        () => Verdict::Untold,
    }
}

/// The number of an IP protocol, by its name in any case, or by itself.
pub(in crate::log) fn by_name(name: &[u8]) -> Option<u8> {
    const NAMES: [(&[u8], u8); 13] = [
        (b"TCP", 6),
        (b"UDP", 17),
        (b"ICMP", 1),
        (b"ICMPv6", 58),
        (b"ICMP6", 58),
        (b"IPv6-ICMP", 58),
        (b"UDPLITE", 136),
        (b"SCTP", 132),
        (b"ESP", 50),
        (b"AH", 51),
        (b"GRE", 47),
        (b"IGMP", 2),
        (b"OSPF", 89),
    ];
    let known = NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    known.map(|(_, protocol)| *protocol).or_else(|| number(name))
}

/// How a denied packet went: silence, unless it says nothing of its target because a private source may not go outwards.
pub(in crate::log) fn denied(source: Address, target: Address) -> Outcome {
    if is_private(source) && !is_private(target) { Outcome::Unknown } else { Outcome::Silent }
}
