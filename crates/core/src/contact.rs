//! The unit that everything is made of: somebody touched an address.
//!
//! Readers make contacts, ten million a second at best, so a contact is 64 bytes, `Copy` and allocates nothing.
//! It states facts of one packet or one flow; it never says "scan".

use crate::net::Address;
use serde::{Deserialize, Serialize};

/// Nanoseconds since 1970-01-01 UTC.
pub type Time = i64;

/// One second in [`Time`].
pub const SECOND: Time = 1_000_000_000;

/// What carries the service that was touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Transport {
    /// TCP; `port` is the service's port.
    Tcp,
    /// UDP; `port` is the service's port.
    Udp,
    /// SCTP; `port` is the service's port.
    Sctp,
    /// ICMP for IPv4; `port` is `type << 8 | code` of the request.
    Icmp,
    /// ICMPv6; `port` is `type << 8 | code` of the request.
    Icmp6,
    /// Any other protocol over IP; `port` is the protocol's number.
    Ip,
    /// ARP; `port` is 0.
    Arp,
    /// IPv6 neighbour discovery; `port` is 0.
    Nd,
}

/// Who is speaking, as far as this one packet (or flow) tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
pub enum Phase {
    /// `source` started something with `target`: a SYN, an echo request, flags that no connection has.
    Probe,
    /// `target` answered `source`. The packet went the other way: a SYN-ACK's sender is `target`.
    Reply,
    /// `source` sent this, and one packet alone cannot tell whether it started or answered: UDP, a bare ACK, a RST.
    /// `port` is the port it was sent to. [`crate::direction`] resolves it.
    Unclear,
    /// An answer that nobody was seen to ask for; `source` sent it, `port` is the port it was sent to.
    Stray,
    /// A whole flow, as a log or an exporter reports it: `source` started it, `outcome` says how it went (`Unknown` where
    /// the input does not tell), `flags` are those of its first packet, 0 where the input does not tell.
    Flow,
    /// One direction of a flow, as an exporter reports it: `source` sent it, `flags` are those of all its packets together,
    /// `outcome` is `Silent` where the exporter would report an answer, `Unknown` where it need not (sampling).
    /// [`crate::direction`] resolves it.
    Half,
}

/// How far a contact came. The order is the order of progress: a later outcome replaces an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(u8)]
pub enum Outcome {
    /// This vantage or this packet does not tell.
    Unknown,
    /// Nothing came back.
    Silent,
    /// A router or the host said that it cannot be reached (ICMP), or is closed to us (administratively prohibited).
    Unreachable,
    /// The host said no: RST, port unreachable, ABORT.
    Refused,
    /// The service said yes: SYN-ACK, an UDP answer, an echo reply, INIT-ACK.
    Answered,
    /// The source completed the handshake.
    Completed,
    /// The target spoke on the connection, the source never did.
    Told,
    /// The source spoke on the connection.
    Asked,
}

/// Compact wire features beside the TCP flags; one bit each, in [`Contact::traits`].
pub mod traits {
    /// IPv4 "don't fragment".
    pub const DONT_FRAGMENT: u8 = 1;
    /// TCP option maximum segment size.
    pub const MSS: u8 = 2;
    /// TCP option window scale.
    pub const WINDOW_SCALE: u8 = 4;
    /// TCP option SACK permitted.
    pub const SACK_PERMITTED: u8 = 8;
    /// TCP option timestamp.
    pub const TIMESTAMP: u8 = 16;
    /// The timestamp's value is 0xFFFFFFFF, which no stack sends.
    pub const TIMESTAMP_ALL_ONES: u8 = 32;
    /// The packet carries bytes of the layer above.
    pub const PAYLOAD: u8 = 64;
    /// The transport's header is split over fragments, which no stack does: flags that lie in a later one are not known.
    pub const HEADER_SPLIT: u8 = 128;
    /// Alone, without [`TIMESTAMP`], as no packet has it: the input does not tell the options, or the sequence number
    /// (see [`super::Contact::is_partly_told`]).
    pub const PARTLY_TOLD: u8 = TIMESTAMP_ALL_ONES;
    /// All of these TCP option bits together.
    pub const TCP_OPTIONS: u8 = MSS | WINDOW_SCALE | SACK_PERMITTED | TIMESTAMP;
}

/// TCP flag bits as on the wire, in [`Contact::flags`].
pub mod flags {
    /// No more data from the sender.
    pub const FIN: u8 = 1;
    /// Synchronise sequence numbers.
    pub const SYN: u8 = 2;
    /// Reset.
    pub const RST: u8 = 4;
    /// Push.
    pub const PSH: u8 = 8;
    /// Acknowledgement field is valid.
    pub const ACK: u8 = 16;
    /// Urgent pointer is valid.
    pub const URG: u8 = 32;
    /// ECN echo.
    pub const ECE: u8 = 64;
    /// Congestion window reduced.
    pub const CWR: u8 = 128;
}

/// In [`Contact::flags`] of an [`Outcome::Unreachable`] reply: the time to live ran out on the way, as a traceroute wants it.
pub const EXPIRED: u8 = 1;

/// Somebody touched an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// When the packet was captured, or the flow began.
    pub time: Time,
    /// Who started (see [`Phase`] for what that means in each phase).
    pub source: Address,
    /// Who was touched.
    pub target: Address,
    /// TCP sequence number (ICMP: identifier and sequence number); 0 where there is none.
    pub sequence: u32,
    /// Packets that this contact stands for: 1, or the sampling rate, or a flow's count.
    pub weight: u32,
    /// The service that was touched; see [`Transport`] for its meaning.
    pub port: u16,
    /// The source's own port; 0 where there is none.
    pub source_port: u16,
    /// TCP: the window as sent. UDP and ICMP requests and answers: bytes of data behind the header, as the IP header says
    /// (at most 65,535), because tools are told by it. 0 elsewhere.
    pub window: u16,
    /// IPv4 identification; 0 over IPv6.
    pub ip_id: u16,
    /// Which sensor saw it; a number that the run's input list explains.
    pub sensor: u16,
    /// What carries the service.
    pub transport: Transport,
    /// Who is speaking.
    pub phase: Phase,
    /// How far it came.
    pub outcome: Outcome,
    /// TCP flags; 0 elsewhere.
    pub flags: u8,
    /// Time to live or hop limit as captured.
    pub ttl: u8,
    /// Wire features: bits of [`traits`].
    pub traits: u8,
}

const _: () = assert!(size_of::<Contact>() == 64);

impl Contact {
    /// The service that was touched.
    #[inline]
    pub const fn service(&self) -> Service {
        Service { transport: self.transport, port: self.port }
    }

    /// Whether both ends are single hosts, not the same one, and neither is a loopback address.
    #[inline]
    pub fn is_between_hosts(&self) -> bool {
        let (source, target) = (self.source, self.target);
        let single = |a: Address| !a.is_loopback() && !a.is_group();
        single(source) && single(target) && source != target
    }

    /// Whether the input tells only a part of the header: nothing may be concluded from options that are not there.
    #[inline]
    pub const fn is_partly_told(&self) -> bool {
        self.traits & (traits::TIMESTAMP | traits::TIMESTAMP_ALL_ONES) == traits::PARTLY_TOLD
    }

    /// Whether all of `bits` of [`traits`] are set.
    #[inline]
    pub const fn has(&self, bits: u8) -> bool {
        self.traits & bits == bits
    }
}

/// A transport and a port (or ICMP type and code, or an IP protocol's number).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Service {
    /// What carries it.
    pub transport: Transport,
    /// See [`Transport`].
    pub port: u16,
}

impl Service {
    /// Whether it is a service of a host: ICMP, ARP and neighbour discovery reach the host itself.
    pub const fn has_port(self) -> bool {
        !matches!(self.transport, Transport::Icmp | Transport::Icmp6 | Transport::Arp | Transport::Nd)
    }
}

impl std::fmt::Display for Service {
    /// `tcp/22`, `icmp/echo`, `ip/132`, `arp`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.transport, self.port) {
            (Transport::Tcp, port) => write!(f, "tcp/{port}"),
            (Transport::Udp, port) => write!(f, "udp/{port}"),
            (Transport::Sctp, port) => write!(f, "sctp/{port}"),
            (Transport::Icmp, 0x0800..=0x08ff) | (Transport::Icmp6, 0x8000..=0x80ff) => {
                f.write_str("icmp/echo")
            }
            (Transport::Icmp, 0x0d00) => f.write_str("icmp/timestamp"),
            (Transport::Icmp, 0x1100) => f.write_str("icmp/mask"),
            (Transport::Icmp | Transport::Icmp6, port) => write!(f, "icmp/{}.{}", port >> 8, port & 0xff),
            (Transport::Ip, port) => write!(f, "ip/{port}"),
            (Transport::Arp, _) => f.write_str("arp"),
            (Transport::Nd, _) => f.write_str("nd"),
        }
    }
}
