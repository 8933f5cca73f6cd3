//! IPv4 (RFC 791) and IPv6 (RFC 8200), with options and extension headers, down to the upper protocol.
//!
//! Whether a packet has a payload is told by the IP header's length, not by the bytes captured: Ethernet pads short
//! frames, and a snap length cuts long ones.

use super::part::{Part, be16};
use super::{MAX_NESTING, Sighting, Skip, icmp, sctp, tcp, tunnel, udp};
use watchpost_core::contact::{Contact, Outcome, Phase, Transport, traits};
use watchpost_core::net::Address;

/// Protocol numbers, IANA.
pub(super) mod protocol {
    pub const HOP_BY_HOP: u8 = 0;
    pub const ICMP: u8 = 1;
    pub const IPV4: u8 = 4;
    pub const TCP: u8 = 6;
    pub const UDP: u8 = 17;
    pub const IPV6: u8 = 41;
    pub const ROUTING: u8 = 43;
    pub const FRAGMENT: u8 = 44;
    pub const GRE: u8 = 47;
    pub const AUTHENTICATION: u8 = 51;
    pub const ICMP6: u8 = 58;
    pub const DESTINATION_OPTIONS: u8 = 60;
    pub const SCTP: u8 = 132;
}

/// An IP packet, its headers read.
#[derive(Clone, Copy)]
pub(super) struct Datagram<'a> {
    pub source: Address,
    pub target: Address,
    /// Of the payload: behind the extension headers.
    pub protocol: u8,
    pub ttl: u8,
    pub ip_id: u16,
    pub traits: u8,
    pub is_v6: bool,
    /// More fragments follow, so that the payload may end within a header.
    pub is_fragment: bool,
    pub payload: Part<'a>,
}

impl Datagram<'_> {
    /// The contact as it lies on the wire, with nothing known of who started.
    #[inline]
    pub fn contact(&self, at: Sighting, transport: Transport, port: u16, source_port: u16) -> Contact {
        Contact {
            time: at.time,
            source: self.source,
            target: self.target,
            sequence: 0,
            weight: 1,
            port,
            source_port,
            window: 0,
            ip_id: self.ip_id,
            sensor: at.sensor,
            transport,
            phase: Phase::Unclear,
            outcome: Outcome::Unknown,
            flags: 0,
            ttl: self.ttl,
            traits: self.traits,
        }
    }

    /// The contact of a protocol that is not looked into.
    pub fn bare(&self, at: Sighting) -> Contact {
        let mut contact = self.contact(at, Transport::Ip, u16::from(self.protocol), 0);
        if self.payload.length() > 0 {
            contact.traits |= traits::PAYLOAD;
        }
        contact
    }

    /// The contact of a first fragment that ends before the transport's header does. No stack splits a header over
    /// fragments; `nmap -f` does, to slip past filters. The ports are there, TCP's flags only if the fragment reaches
    /// them; [`traits::HEADER_SPLIT`] says so.
    #[cold]
    pub fn split_header(&self, at: Sighting, transport: Transport) -> Result<Contact, Skip> {
        if !self.is_fragment {
            return Err(Skip::Malformed);
        }
        let ports = self.payload.header::<4>()?;
        let mut contact = self.contact(at, transport, be16(ports, 2), be16(ports, 0));
        contact.traits |= traits::HEADER_SPLIT;
        if let (Transport::Tcp, Ok(start)) = (transport, self.payload.header::<14>()) {
            contact.flags = start[13];
        }
        Ok(Contact { phase: Phase::Probe, ..contact })
    }
}

/// Turns a contact round: the packet's sender answered, its destination had asked.
#[inline]
pub(super) fn reply(contact: Contact, outcome: Outcome) -> Contact {
    Contact {
        source: contact.target,
        target: contact.source,
        port: contact.source_port,
        source_port: contact.port,
        phase: Phase::Reply,
        outcome,
        ..contact
    }
}

#[inline]
pub(super) fn v4<'a>(part: Part<'a>, at: Sighting<'a>) -> Result<Contact, Skip> {
    upper(read_v4::<false>(part)?, at)
}

#[inline]
pub(super) fn v6<'a>(part: Part<'a>, at: Sighting<'a>) -> Result<Contact, Skip> {
    upper(read_v6(part)?, at)
}

/// Either version, as the first four bits say.
pub(super) fn either<'a>(part: Part<'a>, at: Sighting<'a>) -> Result<Contact, Skip> {
    match part.header::<1>()?[0] >> 4 {
        4 => v4(part, at),
        6 => v6(part, at),
        _ => Err(Skip::Malformed),
    }
}

/// Reads an IPv4 header. In a packet that an ICMP error quotes (`QUOTED`) an impossible total length is passed over,
/// because some stacks quote the header after they have changed it.
#[inline]
pub(super) fn read_v4<const QUOTED: bool>(part: Part<'_>) -> Result<Datagram<'_>, Skip> {
    const DONT_FRAGMENT: u16 = 0x4000;
    const MORE_FRAGMENTS: u16 = 0x2000;
    const OFFSET: u16 = 0x1fff;
    let header = part.header::<20>()?;
    let header_len = usize::from(header[0] & 15) * 4;
    if header[0] >> 4 != 4 || header_len < 20 {
        return Err(Skip::Malformed);
    }
    let total = match usize::from(be16(header, 2)) {
        // Segmentation offload: the sender's machine captured it before the card cut it up.
        0 => part.length(),
        total if QUOTED && total < header_len => part.length(),
        total => total,
    };
    if total < header_len {
        return Err(Skip::Malformed);
    }
    let fragment = be16(header, 6);
    if fragment & OFFSET != 0 {
        return Err(Skip::Fragment);
    }
    Ok(Datagram {
        source: Address::v4([header[12], header[13], header[14], header[15]]),
        target: Address::v4([header[16], header[17], header[18], header[19]]),
        protocol: header[9],
        ttl: header[8],
        ip_id: be16(header, 4),
        traits: if fragment & DONT_FRAGMENT != 0 { traits::DONT_FRAGMENT } else { 0 },
        is_v6: false,
        is_fragment: fragment & MORE_FRAGMENTS != 0,
        payload: part.of_length(total).after(header_len),
    })
}

/// Reads an IPv6 header and the extension headers behind it.
pub(super) fn read_v6(part: Part<'_>) -> Result<Datagram<'_>, Skip> {
    let header = part.header::<40>()?;
    if header[0] >> 4 != 6 {
        return Err(Skip::Malformed);
    }
    let rest = part.after(40);
    let length = match usize::from(be16(header, 4)) {
        // A jumbogram (RFC 2675), or segmentation offload beyond 64 KiB. Shorter ones are really empty.
        0 if rest.length() > usize::from(u16::MAX) => rest.length(),
        length => length,
    };
    let (protocol, payload, is_fragment) = extensions(header[6], rest.of_length(length))?;
    let [mut source, mut target] = [[0; 16]; 2];
    source.copy_from_slice(&header[8..24]);
    target.copy_from_slice(&header[24..40]);
    Ok(Datagram {
        source: Address::v6(source),
        target: Address::v6(target),
        protocol,
        ttl: header[7],
        ip_id: 0,
        traits: 0,
        is_v6: true,
        is_fragment,
        payload,
    })
}

/// Walks IPv6 extension headers to the protocol behind them, and says whether it is a first fragment. A header that is announced and is not there at all ends the
/// walk: `nmap -6 -sO` sends such packets, and they probe that very protocol.
#[inline]
fn extensions(mut next: u8, mut part: Part<'_>) -> Result<(u8, Part<'_>, bool), Skip> {
    const MORE_FRAGMENTS: u16 = 1;
    let mut is_fragment = false;
    for _ in 0..=MAX_NESTING {
        let length = match next {
            protocol::HOP_BY_HOP
            | protocol::ROUTING
            | protocol::FRAGMENT
            | protocol::DESTINATION_OPTIONS
            | protocol::AUTHENTICATION
                if part.length() > 0 =>
            {
                let header = part.header::<8>()?;
                match next {
                    protocol::FRAGMENT if be16(header, 2) >> 3 != 0 => return Err(Skip::Fragment),
                    protocol::FRAGMENT => {
                        is_fragment = be16(header, 2) & MORE_FRAGMENTS != 0;
                        8
                    }
                    protocol::AUTHENTICATION => authentication_length(header[1]),
                    _ => (usize::from(header[1]) + 1) * 8,
                }
            }
            _ => return Ok((next, part, is_fragment)),
        };
        if part.length() < length {
            return Err(Skip::Malformed);
        }
        next = part.header::<1>()?[0];
        part = part.after(length);
    }
    Err(Skip::Nesting)
}

/// Bytes of an authentication header (RFC 4302) whose length field is `words`.
const fn authentication_length(words: u8) -> usize {
    (words as usize + 2) * 4
}

#[inline]
fn upper<'a>(datagram: Datagram<'a>, at: Sighting<'a>) -> Result<Contact, Skip> {
    match datagram.protocol {
        protocol::TCP => tcp::decode(&datagram, at),
        protocol::UDP => udp::decode(&datagram, at),
        _ => seldom(datagram, at),
    }
}

#[inline(never)]
fn seldom<'a>(datagram: Datagram<'a>, at: Sighting<'a>) -> Result<Contact, Skip> {
    match datagram.protocol {
        protocol::ICMP if !datagram.is_v6 => icmp::v4(&datagram, at),
        protocol::ICMP6 if datagram.is_v6 => icmp::v6(&datagram, at),
        protocol::SCTP => sctp::decode(&datagram, at),
        protocol::GRE => Ok(tunnel::gre(&datagram, at).unwrap_or_else(|_| datagram.bare(at))),
        protocol::IPV4 | protocol::IPV6 => {
            Ok(tunnel::ip_in_ip(&datagram, at).unwrap_or_else(|_| datagram.bare(at)))
        }
        protocol::AUTHENTICATION => Ok(authenticated(datagram, at).unwrap_or_else(|_| datagram.bare(at))),
        _ => Ok(datagram.bare(at)),
    }
}

/// What an authentication header over IPv4 protects: it hides nothing.
fn authenticated<'a>(datagram: Datagram<'a>, at: Sighting<'a>) -> Result<Contact, Skip> {
    let header = datagram.payload.header::<12>()?;
    let payload = datagram.payload.after(authentication_length(header[1]));
    upper(Datagram { protocol: header[0], payload, ..datagram }, at.deeper()?)
}
