//! ICMP (RFC 792, 950, 8335), ICMPv6 (RFC 4443, 4620) and neighbour discovery (RFC 4861).
//!
//! Requests probe, answers answer. An error quotes the packet that it is about, and the contact is that packet's: its
//! source learns that its target cannot be reached. Routers send most errors, so only what the quoted target says of
//! itself counts as a refusal.

use super::arp::on_link;
use super::ip::{self, Datagram, protocol, reply};
use super::part::{be16, be32};
use super::{Sighting, Skip};
use watchpost_core::contact::{Contact, EXPIRED, Outcome, Phase, Transport, traits};
use watchpost_core::net::Address;

/// What a request and its answer are called on the wire: the request's type, the answer's, and the length of both
/// without data.
type Pair = (u8, u8, usize);

/// Echo, timestamp, information, address mask, domain name, extended echo.
const PAIRS_V4: [Pair; 6] = [(8, 0, 8), (13, 14, 20), (15, 16, 8), (17, 18, 12), (37, 38, 8), (42, 43, 8)];
/// Echo, node information, extended echo.
const PAIRS_V6: [Pair; 3] = [(128, 129, 8), (139, 140, 16), (160, 161, 8)];

const NEIGHBOUR_SOLICITATION: u8 = 135;
const NEIGHBOUR_ADVERTISEMENT: u8 = 136;

/// What an error says of the quoted packet's target.
enum Meaning {
    /// Somebody on the way, or the target, will not take it there.
    Unreachable,
    /// The target has nothing there, if it says so itself.
    Closed,
    /// The packet travelled too long.
    Expired,
}

pub(super) fn v4(datagram: &Datagram<'_>, at: Sighting) -> Result<Contact, Skip> {
    if datagram.payload.length() == 0 {
        return Ok(datagram.bare(at));
    }
    let header = datagram.payload.header::<8>()?;
    let meaning = match (header[0], header[1]) {
        (3, 2 | 3) => Meaning::Closed,
        (3, 4) => return Err(Skip::IcmpControl),
        (3 | 12, _) => Meaning::Unreachable,
        (11, _) => Meaning::Expired,
        _ => return query(datagram, at, header, Transport::Icmp, &PAIRS_V4),
    };
    error(datagram, at, meaning)
}

pub(super) fn v6(datagram: &Datagram<'_>, at: Sighting) -> Result<Contact, Skip> {
    if datagram.payload.length() == 0 {
        return Ok(datagram.bare(at));
    }
    let header = datagram.payload.header::<8>()?;
    let meaning = match (header[0], header[1]) {
        // Port unreachable, and "unrecognised next header", which is IPv6's protocol unreachable.
        (1, 4) | (4, 1) => Meaning::Closed,
        (1 | 4, _) => Meaning::Unreachable,
        (3, _) => Meaning::Expired,
        (NEIGHBOUR_SOLICITATION | NEIGHBOUR_ADVERTISEMENT, _) => return neighbour(datagram, at),
        _ => return query(datagram, at, header, Transport::Icmp6, &PAIRS_V6),
    };
    error(datagram, at, meaning)
}

fn query(
    datagram: &Datagram<'_>,
    at: Sighting,
    header: &[u8; 8],
    transport: Transport,
    pairs: &[Pair],
) -> Result<Contact, Skip> {
    let is = header[0];
    let Some(&(request, _, empty)) = pairs.iter().find(|pair| pair.0 == is || pair.1 == is) else {
        return Err(Skip::IcmpControl);
    };
    let mut contact = datagram.contact(at, transport, u16::from_be_bytes([request, 0]), 0);
    contact.sequence = be32(header, 4);
    let data = datagram.payload.after(empty).length();
    contact.window = u16::try_from(data).unwrap_or(u16::MAX);
    if data > 0 {
        contact.traits |= traits::PAYLOAD;
    }
    if is == request {
        contact.phase = Phase::Probe;
        contact.port |= u16::from(header[1]);
        return Ok(contact);
    }
    let port = contact.port;
    Ok(Contact { port, source_port: 0, ..reply(contact, Outcome::Answered) })
}

fn error(datagram: &Datagram<'_>, at: Sighting, meaning: Meaning) -> Result<Contact, Skip> {
    let quote = datagram.payload.after(8);
    let quoted = if datagram.is_v6 { ip::read_v6(quote)? } else { ip::read_v4::<true>(quote)? };
    let (transport, port, source_port, sequence) = quoted_service(&quoted)?;
    let outcome = match meaning {
        Meaning::Closed if datagram.source == quoted.target => Outcome::Refused,
        _ => Outcome::Unreachable,
    };
    Ok(Contact {
        source: quoted.source,
        target: quoted.target,
        sequence,
        phase: Phase::Reply,
        outcome,
        flags: if matches!(meaning, Meaning::Expired) { EXPIRED } else { 0 },
        ..datagram.contact(at, transport, port, source_port)
    })
}

/// Transport, port, source port and sequence of a quoted packet. Only its first 8 bytes are sure to be quoted.
fn quoted_service(quoted: &Datagram<'_>) -> Result<(Transport, u16, u16, u32), Skip> {
    let payload = quoted.payload;
    let transport = match quoted.protocol {
        _ if payload.length() == 0 => Transport::Ip,
        protocol::TCP => Transport::Tcp,
        protocol::UDP => Transport::Udp,
        protocol::SCTP => Transport::Sctp,
        protocol::ICMP if !quoted.is_v6 => Transport::Icmp,
        protocol::ICMP6 if quoted.is_v6 => Transport::Icmp6,
        _ => Transport::Ip,
    };
    let sequence = || payload.after(4).header::<4>().map_or(0, |bytes| u32::from_be_bytes(*bytes));
    match transport {
        Transport::Ip => Ok((transport, u16::from(quoted.protocol), 0, 0)),
        Transport::Icmp | Transport::Icmp6 => {
            let header = payload.header::<4>()?;
            let pairs: &[Pair] = if quoted.is_v6 { &PAIRS_V6 } else { &PAIRS_V4 };
            // An error about an answer says nothing of a host that somebody asked.
            if !pairs.iter().any(|pair| pair.0 == header[0]) {
                return Err(Skip::IcmpControl);
            }
            Ok((transport, be16(header, 0), 0, sequence()))
        }
        _ => {
            let ports = payload.header::<4>()?;
            let sequence = if transport == Transport::Tcp { sequence() } else { 0 };
            Ok((transport, be16(ports, 2), be16(ports, 0), sequence))
        }
    }
}

/// A solicitation asks for the address that it names; a solicited advertisement answers for it.
fn neighbour(datagram: &Datagram<'_>, at: Sighting) -> Result<Contact, Skip> {
    const SOLICITED: u8 = 0x40;
    let message = datagram.payload.header::<24>()?;
    let mut address = [0; 16];
    address.copy_from_slice(&message[8..24]);
    let subject = Address::v6(address);
    let (source, phase, outcome) = if message[0] == NEIGHBOUR_SOLICITATION {
        (datagram.source, Phase::Probe, Outcome::Unknown)
    } else if message[4] & SOLICITED != 0 {
        (datagram.target, Phase::Reply, Outcome::Answered)
    } else {
        return Err(Skip::AsksNobody);
    };
    // The unspecified address asks whether its own future address is taken.
    if source == Address::v6([0; 16]) || source == subject {
        return Err(Skip::AsksNobody);
    }
    Ok(Contact { ttl: datagram.ttl, ..on_link(at, Transport::Nd, source, subject, phase, outcome) })
}
