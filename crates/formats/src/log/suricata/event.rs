//! Fields that all types of events share.

use watchpost_core::contact::{Time, Transport};
use watchpost_core::net::Address;

use crate::log::field::{address, number};
use crate::log::flow::transport;
use crate::log::stamp::iso;

pub(super) const NO_OBJECT: &str = "no JSON object of eve.json's form";

/// Names of protocols whose number is none of [`Transport`]'s own, as Suricata writes them (those of IANA's list).
const NAMES: &[(&[u8], u8)] = &[
    (b"IGMP", 2),
    (b"GGP", 3),
    (b"IPIP", 4),
    (b"IP-in-IP", 4),
    (b"ST", 5),
    (b"EGP", 8),
    (b"IPv6", 41),
    (b"RSVP", 46),
    (b"GRE", 47),
    (b"ESP", 50),
    (b"AH", 51),
    (b"EIGRP", 88),
    (b"OSPF", 89),
    (b"OSPFIGP", 89),
    (b"PIM", 103),
    (b"VRRP", 112),
    (b"L2TP", 115),
    (b"UDPLite", 136),
];

/// The transport, and the number of the protocol where it has no ports.
#[inline]
pub(super) fn protocol(name: &[u8]) -> Result<(Transport, u16), &'static str> {
    Ok(match name {
        b"TCP" => (Transport::Tcp, 6),
        b"UDP" => (Transport::Udp, 17),
        b"ICMP" => (Transport::Icmp, 1),
        b"IPv6-ICMP" => (Transport::Icmp6, 58),
        b"SCTP" => (Transport::Sctp, 132),
        other => {
            let named = NAMES.iter().find(|(name, _)| *name == other).map(|(_, number)| *number);
            let protocol = named.or_else(|| number(other)).ok_or("a protocol whose number is not known")?;
            (transport(protocol), u16::from(protocol))
        }
    })
}

/// Both addresses.
#[inline]
pub(super) fn hosts(source: &[u8], target: &[u8]) -> Result<(Address, Address), &'static str> {
    Ok((address(source).ok_or("src_ip is no address")?, address(target).ok_or("dest_ip is no address")?))
}

/// A time, with its offset.
#[inline]
pub(super) fn time(stamp: &[u8]) -> Result<Time, &'static str> {
    iso(stamp).map(|(time, _)| time).ok_or("its time has no known form")
}

/// The service of an ICMP message that asks a host something.
pub(super) fn icmp(transport: Transport, kind: Option<u8>, code: Option<u8>) -> Result<u16, &'static str> {
    let asks = match (transport, kind) {
        (Transport::Icmp, Some(kind)) => matches!(kind, 8 | 13 | 17),
        (_, Some(kind)) => kind == 128,
        (_, None) => return Err("ICMP whose type is not told"),
    };
    if !asks {
        return Err("ICMP that asks nothing of a host");
    }
    Ok(u16::from(kind.unwrap_or(0)) << 8 | u16::from(code.unwrap_or(0)))
}
