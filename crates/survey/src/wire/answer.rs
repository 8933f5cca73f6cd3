//! Answers: packets that only whoever got our question can have sent.

use std::net::IpAddr;

use etherparse::{Icmpv4Type, Icmpv6Type, LaxNetSlice, LaxSlicedPacket, TransportSlice};
use serde::{Deserialize, Serialize};

use super::frame::MARK;
use super::{Ask, Cookie, slot};
use crate::scope::InScope;
use crate::scope::Scope;

const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMP: u8 = 1;
const ICMP6: u8 = 58;
/// Bytes of an answer over UDP that are kept.
const WORDS: usize = 1_472;

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Who was asked.
    pub target: InScope<IpAddr>,
    /// What.
    pub ask: Ask,
    /// In which slot.
    pub slot: u8,
    /// How it answered.
    pub kind: Kind,
    /// IP's time to live, or hop limit, as it arrived.
    pub ttl: u8,
}

/// How something answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// A SYN-ACK, and its header where it was seen.
    Open(Option<SynAck>),
    /// Words over UDP.
    Words(Vec<u8>),
    /// A reset, or an ICMP error that says that nothing listens on the port.
    Refused,
    /// An answer that shows no more than that the host is there: echo, timestamp, ARP, neighbour advertisement, a reset of an ACK.
    Alive,
    /// An ICMP error: a filter, or a router that cannot reach it.
    Unreachable {
        /// Forbidden by a filter, as it says itself.
        forbidden: bool,
        /// Who says so.
        by: IpAddr,
    },
}

/// The header of a SYN-ACK: what the stack that sent it looks like.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SynAck {
    /// Time to live or hop limit, as it arrived.
    pub ttl: u8,
    /// Window, unscaled.
    pub window: u16,
    /// Options as on the wire.
    pub options: Vec<u8>,
    /// IPv4: do not fragment; of IPv6 true.
    pub dont_fragment: bool,
    /// IPv4: identification; 0 over IPv6.
    pub ip_id: u16,
    /// All options were offered to it.
    pub to_full: bool,
}

/// Reads a packet, from its IP header on. None, where it is no answer to a question of this survey, from an address of its scope.
pub fn read(scope: &Scope, cookie: Cookie, packet: &[u8]) -> Option<Answer> {
    if let Some(answer) = neighbour(scope, packet) {
        return Some(answer);
    }
    let sliced = LaxSlicedPacket::from_ip(packet).ok()?;
    let (source, ttl, ip_id, dont_fragment) = match sliced.net.as_ref()? {
        LaxNetSlice::Ipv4(v4) => {
            let header = v4.header();
            (IpAddr::V4(header.source_addr()), header.ttl(), header.identification(), header.dont_fragment())
        }
        LaxNetSlice::Ipv6(v6) => (IpAddr::V6(v6.header().source_addr()), v6.header().hop_limit(), 0, true),
        _ => return None,
    };
    let answer = |target, ask, slot, kind| Answer { target, ask, slot, kind, ttl };
    match sliced.transport? {
        TransportSlice::Tcp(tcp) => {
            let target = scope.admit(source).ok()?;
            let (slot, port) = (slot(tcp.destination_port())?, tcp.source_port());
            let word = |ask| cookie.word(source, ask, slot);
            // A SYN counts one. Some that refuse for others acknowledge the word as it came: that is the same hash.
            let next = |ask| [word(ask).wrapping_add(1), word(ask)];
            let fits = if tcp.rst() { 2 } else { 1 };
            let acknowledges = |ask| {
                tcp.ack() && next(ask).into_iter().take(fits).any(|next| next == tcp.acknowledgment_number())
            };
            let asked = [Ask::Syn(port), Ask::FullSyn(port)].into_iter().find(|ask| acknowledges(*ask));
            if tcp.rst() {
                if let Some(ask) = asked {
                    return Some(answer(target, ask, slot, Kind::Refused));
                }
                // A reset of an ACK has its acknowledgement as its own sequence number.
                let ask = Ask::Ack(port);
                let ours = !tcp.ack() && tcp.sequence_number() == word(ask);
                return ours.then(|| answer(target, ask, slot, Kind::Alive));
            }
            let ask = asked.filter(|_| tcp.syn())?;
            let traits = SynAck {
                ttl,
                window: tcp.window_size(),
                options: tcp.options().to_vec(),
                dont_fragment,
                ip_id,
                to_full: matches!(ask, Ask::FullSyn(_)),
            };
            Some(answer(target, ask, slot, Kind::Open(Some(traits))))
        }
        TransportSlice::Udp(udp) => {
            let target = scope.admit(source).ok()?;
            let ask = Ask::Udp(udp.source_port());
            let slot = slot(udp.destination_port())?;
            (cookie.port(source, ask, slot) == udp.destination_port()).then_some(())?;
            let words = udp.payload();
            let words = words.get(..WORDS).unwrap_or(words).to_vec();
            Some(answer(target, ask, slot, Kind::Words(words)))
        }
        TransportSlice::Icmpv4(icmp) => {
            let word = u32::from_be_bytes(icmp.bytes5to8());
            match icmp.icmp_type() {
                Icmpv4Type::EchoReply(_) => alive(scope, cookie, source, Ask::Echo, word, ttl),
                Icmpv4Type::TimestampReply(_) => alive(scope, cookie, source, Ask::Timestamp, word, ttl),
                _ if icmp.type_u8() == 3 => {
                    let port = icmp.code_u8() == 3;
                    let forbidden = matches!(icmp.code_u8(), 9 | 10 | 13);
                    quoted(scope, cookie, icmp.payload(), source, (port, forbidden), ttl)
                }
                _ => None,
            }
        }
        TransportSlice::Icmpv6(icmp) => match icmp.icmp_type() {
            Icmpv6Type::EchoReply(_) => {
                alive(scope, cookie, source, Ask::Echo, u32::from_be_bytes(icmp.bytes5to8()), ttl)
            }
            _ if icmp.type_u8() == 1 => {
                let (port, forbidden) = (icmp.code_u8() == 4, matches!(icmp.code_u8(), 1 | 5 | 6));
                quoted(scope, cookie, icmp.payload(), source, (port, forbidden), ttl)
            }
            _ => None,
        },
        TransportSlice::Igmp(_) => None,
    }
}

/// ARP and neighbour advertisements carry no hash: whoever says that it has an address of the scope, is there.
fn neighbour(scope: &Scope, packet: &[u8]) -> Option<Answer> {
    let owner: IpAddr = match packet {
        // ARP: Ethernet, IPv4, reply.
        [0, 1, 8, 0, 6, 4, 0, 2, _, _, _, _, _, _, a, b, c, d, ..] => [*a, *b, *c, *d].into(),
        // IPv6, next header ICMPv6, hop limit 255, neighbour advertisement.
        [first, _, _, _, _, _, ICMP6, 255, rest @ ..] if first >> 4 == 6 && rest.get(32) == Some(&136) => {
            let target: [u8; 16] = rest.get(40..56)?.try_into().ok()?;
            target.into()
        }
        _ => return None,
    };
    let target = scope.admit(owner).ok()?;
    Some(Answer { target, ask: Ask::Neighbour, slot: 0, kind: Kind::Alive, ttl: 255 })
}

/// An answer that brings the whole word back; the slot is the one that it fits.
fn alive(scope: &Scope, cookie: Cookie, source: IpAddr, ask: Ask, word: u32, ttl: u8) -> Option<Answer> {
    let target = scope.admit(source).ok()?;
    let slot = (0..super::SLOTS).find(|slot| cookie.word(source, ask, *slot) == word)?;
    Some(Answer { target, ask, slot, kind: Kind::Alive, ttl })
}

/// An error that quotes one of our packets.
fn quoted(
    scope: &Scope,
    cookie: Cookie,
    quote: &[u8],
    by: IpAddr,
    (port, forbidden): (bool, bool),
    ttl: u8,
) -> Option<Answer> {
    // A quote is cut: read by hand what must be there, eight bytes behind the IP header.
    let (to, protocol, rest): (IpAddr, u8, &[u8]) = match quote.first()? >> 4 {
        4 => {
            let header = usize::from(quote.first()? & 0x0f) * 4;
            let to: [u8; 4] = quote.get(16..20)?.try_into().ok()?;
            // Ours have no options, and the mark.
            if header != 20 || quote.get(4..6)? != MARK.to_be_bytes() {
                return None;
            }
            (to.into(), *quote.get(9)?, quote.get(20..)?)
        }
        6 => {
            let to: [u8; 16] = quote.get(24..40)?.try_into().ok()?;
            (to.into(), *quote.get(6)?, quote.get(40..)?)
        }
        _ => return None,
    };
    let target = scope.admit(to).ok()?;
    let head: [u8; 8] = rest.get(..8)?.try_into().ok()?;
    let [a, b, c, d, e, f, g, h] = head;
    let (own, its) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
    let word = u32::from_be_bytes([e, f, g, h]);
    let (ask, slot) = match protocol {
        TCP => {
            let slot = slot(own)?;
            let fits = |ask: &Ask| match ask {
                Ask::Ack(_) => cookie.word(to, *ask, slot).rotate_left(16) == word,
                _ => cookie.word(to, *ask, slot) == word,
            };
            ([Ask::Syn(its), Ask::FullSyn(its), Ask::Ack(its)].into_iter().find(fits)?, slot)
        }
        UDP => {
            let slot = slot(own)?;
            (Some(Ask::Udp(its)).filter(|ask| cookie.port(to, *ask, slot) == own)?, slot)
        }
        ICMP | ICMP6 => {
            let ask = if a == 13 { Ask::Timestamp } else { Ask::Echo };
            (ask, (0..super::SLOTS).find(|slot| cookie.word(to, ask, *slot) == word)?)
        }
        _ => return None,
    };
    // Only the host itself knows that nothing listens.
    let kind = if port && by == to { Kind::Refused } else { Kind::Unreachable { forbidden, by } };
    Some(Answer { target, ask, slot, kind, ttl })
}
