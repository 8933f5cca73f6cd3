//! Packets: what is asked on the wire, and how an answer is known to be one.
//!
//! Nothing is kept of what was sent. Each packet carries a keyed hash of whom it goes to and what it asks ([`Cookie`]); an answer is ours only
//! if it brings the hash back: a SYN-ACK acknowledges it, a reset too, an echo reply repeats it, an ICMP error quotes it. Nobody who has not
//! seen the packet can make one up, but for one chance in 2^32 (2^8 for UDP, where a port is all that comes back).
//!
//! Which of the passes an answer belongs to is told by the port that it comes to (`slot`): what answers late is not taken for an answer to
//! the next question.

mod answer; // from the wire
mod frame; // onto the wire
mod payload; // what is said over UDP

use std::hash::Hasher;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;

pub use answer::{Answer, Kind, SynAck, read};
pub use frame::{Frames, Link, MOST};
pub use payload::{PORTS as UDP_PORTS, payload};

/// Questions of one survey to the same service that can be told apart by their answers.
pub const SLOTS: u8 = 16;
/// The ports that packets come from: above those that Linux gives to its own connections (32768 to 60999).
pub const OWN_PORTS: std::ops::RangeInclusive<u16> = UDP_FROM..=TCP_FROM + SLOTS as u16 - 1;
/// UDP: 256 ports a slot; the lower eight bits are all that comes back of the hash.
const UDP_FROM: u16 = 61_184;
const TCP_FROM: u16 = UDP_FROM + 256 * SLOTS as u16;

/// What is asked of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Ask {
    /// A TCP SYN with an MSS (some borders drop SYNs without).
    Syn(u16),
    /// A TCP SYN with all that an ordinary client offers, so that the answer shows its stack.
    FullSyn(u16),
    /// A bare TCP ACK: a host that is there resets it, whatever listens.
    Ack(u16),
    /// UDP, with what the port's usual service answers to.
    Udp(u16),
    /// ICMP or ICMPv6 echo.
    Echo,
    /// ICMP timestamp.
    Timestamp,
    /// ARP, or IPv6 neighbour solicitation; on the same link only.
    Neighbour,
}

impl Ask {
    /// Each has its own number.
    const fn code(self) -> u32 {
        match self {
            Self::Syn(port) => 0x01_0000 | port as u32,
            Self::FullSyn(port) => 0x02_0000 | port as u32,
            Self::Ack(port) => 0x03_0000 | port as u32,
            Self::Udp(port) => 0x04_0000 | port as u32,
            Self::Echo => 0x05_0000,
            Self::Timestamp => 0x06_0000,
            Self::Neighbour => 0x07_0000,
        }
    }
}

impl std::fmt::Display for Ask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Syn(port) => write!(f, "tcp/{port}"),
            Self::FullSyn(port) => write!(f, "tcp/{port} (all options)"),
            Self::Ack(port) => write!(f, "tcp/{port} (ACK)"),
            Self::Udp(port) => write!(f, "udp/{port}"),
            Self::Echo => f.write_str("icmp/echo"),
            Self::Timestamp => f.write_str("icmp/timestamp"),
            Self::Neighbour => f.write_str("arp/nd"),
        }
    }
}

/// The key of a survey's hashes: 128 bits.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cookie(pub u64, pub u64);

impl std::fmt::Debug for Cookie {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Whoever knows it can make up answers.
        f.write_str("Cookie(***)")
    }
}

impl Cookie {
    /// SipHash-1-3 of whom a packet goes to, what it asks, and in which slot.
    #[inline]
    fn of(self, target: IpAddr, ask: Ask, slot: u8) -> u64 {
        let mut hasher = SipHasher13::new_with_keys(self.0, self.1);
        match target {
            IpAddr::V4(address) => hasher.write_u32(address.to_bits()),
            IpAddr::V6(address) => hasher.write_u128(address.to_bits()),
        }
        hasher.write_u32(ask.code() | u32::from(slot) << 24);
        hasher.finish()
    }

    /// The same, as a sequence number or an echo's identifier and number.
    #[inline]
    fn word(self, target: IpAddr, ask: Ask, slot: u8) -> u32 {
        self.of(target, ask, slot) as u32
    }

    /// The port that a question comes from.
    #[inline]
    fn port(self, target: IpAddr, ask: Ask, slot: u8) -> u16 {
        match ask {
            Ask::Udp(_) => {
                UDP_FROM + 256 * u16::from(slot % SLOTS) + u16::from(self.of(target, ask, slot) as u8)
            }
            _ => TCP_FROM + u16::from(slot % SLOTS),
        }
    }
}

/// The slot that a port belongs to.
fn slot(own_port: u16) -> Option<u8> {
    match own_port {
        TCP_FROM.. if own_port - TCP_FROM < u16::from(SLOTS) => Some((own_port - TCP_FROM) as u8),
        UDP_FROM..TCP_FROM => Some(((own_port - UDP_FROM) >> 8) as u8),
        _ => None,
    }
}

/// The Internet checksum (RFC 1071) as a running sum of 16-bit words.
#[inline]
fn sum(bytes: &[u8]) -> u32 {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let words: u32 = pairs.iter().map(|pair| u32::from(u16::from_be_bytes(*pair))).sum();
    words + rest.first().map_or(0, |last| u32::from(*last) << 8)
}

/// Of two 16-bit words.
#[inline]
const fn halves(word: u32) -> u32 {
    (word >> 16) + (word & 0xffff)
}

/// The sum, folded and inverted.
#[inline]
const fn finish(sum: u32) -> u16 {
    let folded = halves(sum);
    !(halves(folded) as u16)
}

#[cfg(test)]
mod tests;
