//! Everything below IP: link headers, tags and labels.
//!
//! Link types: <https://www.tcpdump.org/linktypes.html>. Ethertypes: IANA's IEEE 802 numbers.

use super::part::{Part, be16};
use super::{MAX_NESTING, Sighting, Skip, arp, ip};
use watchpost_core::contact::Contact;

/// The kind of a capture's packets, by its number in pcap and pcapng files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LinkType(pub u16);

impl LinkType {
    /// BSD loopback: the address family in the capturing machine's byte order.
    pub const NULL: Self = Self(0);
    /// Ethernet.
    pub const ETHERNET: Self = Self(1);
    /// PPP, with or without HDLC's address and control bytes.
    pub const PPP: Self = Self(9);
    /// Raw IP, as some BSDs number it.
    pub const RAW_BSD: Self = Self(12);
    /// Raw IP, as OpenBSD numbers it.
    pub const RAW_OPENBSD: Self = Self(14);
    /// Raw IP.
    pub const RAW: Self = Self(101);
    /// OpenBSD loopback: the address family in network byte order.
    pub const LOOP: Self = Self(108);
    /// Linux cooked capture (`tcpdump -i any`).
    pub const LINUX_SLL: Self = Self(113);
    /// Raw IPv4.
    pub const IPV4: Self = Self(228);
    /// Raw IPv6.
    pub const IPV6: Self = Self(229);
    /// Linux cooked capture, second version.
    pub const LINUX_SLL2: Self = Self(276);

    /// Every link type that [`super::decode`] decodes.
    pub const DECODED: [Self; 11] = [
        Self::NULL,
        Self::ETHERNET,
        Self::PPP,
        Self::RAW_BSD,
        Self::RAW_OPENBSD,
        Self::RAW,
        Self::LOOP,
        Self::LINUX_SLL,
        Self::IPV4,
        Self::IPV6,
        Self::LINUX_SLL2,
    ];
}

const IPV4: u16 = 0x0800;
const ARP: u16 = 0x0806;
const IPV6: u16 = 0x86dd;
/// 802.1Q, and 802.1ad with the number used before it was a standard.
const VLAN: u16 = 0x8100;
const QINQ: u16 = 0x88a8;
const QINQ_OLD: u16 = 0x9100;
const MPLS: u16 = 0x8847;
const MPLS_UPSTREAM: u16 = 0x8848;
const PPPOE_SESSION: u16 = 0x8864;
/// Ethernet within GRE (RFC 1701).
const ETHERNET: u16 = 0x6558;
/// Smaller numbers in an ethertype's place are the length of an 802.3 frame.
const MIN_ETHERTYPE: u16 = 0x0600;
/// Cooked captures of netlink sockets have a netlink family where the ethertype would be.
const ARPHRD_NETLINK: u16 = 824;

#[inline]
pub(super) fn decode<'a>(link: LinkType, part: Part<'a>, at: Sighting<'a>) -> Result<Contact, Skip> {
    if link == LinkType::ETHERNET { ethernet(part, at) } else { other(link, part, at) }
}

fn other<'a>(link: LinkType, part: Part<'a>, at: Sighting<'a>) -> Result<Contact, Skip> {
    match link {
        LinkType::RAW | LinkType::RAW_BSD | LinkType::RAW_OPENBSD => ip::either(part, at),
        LinkType::IPV4 => ip::v4(part, at),
        LinkType::IPV6 => ip::v6(part, at),
        LinkType::LINUX_SLL => {
            let header = part.header::<16>()?;
            cooked(be16(header, 2), be16(header, 14), part.after(16), at)
        }
        LinkType::LINUX_SLL2 => {
            let header = part.header::<20>()?;
            cooked(be16(header, 8), be16(header, 0), part.after(20), at)
        }
        LinkType::NULL | LinkType::LOOP => family(part, at),
        LinkType::PPP => ppp(part, at),
        _ => Err(Skip::LinkType),
    }
}

#[inline]
pub(super) fn ethernet<'a>(part: Part<'a>, at: Sighting<'a>) -> Result<Contact, Skip> {
    let header = part.header::<14>()?;
    ethertype(be16(header, 12), part.after(14), at)
}

/// What an ethertype announces.
#[inline]
pub(super) fn ethertype<'a>(kind: u16, part: Part<'a>, at: Sighting<'a>) -> Result<Contact, Skip> {
    match kind {
        IPV4 => ip::v4(part, at),
        IPV6 => ip::v6(part, at),
        _ => tagged(kind, part, at),
    }
}

/// Peels tags until an ethertype announces something else.
fn tagged<'a>(mut kind: u16, mut part: Part<'a>, at: Sighting<'a>) -> Result<Contact, Skip> {
    for _ in 0..MAX_NESTING {
        match kind {
            IPV4 => return ip::v4(part, at),
            IPV6 => return ip::v6(part, at),
            ARP => return arp::decode(part, at),
            VLAN | QINQ | QINQ_OLD => {
                kind = be16(part.header::<4>()?, 2);
                part = part.after(4);
            }
            MPLS | MPLS_UPSTREAM => return mpls(part, at),
            PPPOE_SESSION => {
                part.header::<6>()?;
                return ppp(part.after(6), at);
            }
            ETHERNET => return ethernet(part, at.deeper()?),
            ..MIN_ETHERTYPE => {
                // 802.3 with LLC; a SNAP header without an organisation carries an ethertype.
                let [0xaa, 0xaa, 0x03, 0, 0, 0, high, low] = *part.header::<8>().map_err(|_| Skip::NotIp)?
                else {
                    return Err(Skip::NotIp);
                };
                kind = u16::from_be_bytes([high, low]);
                part = part.after(8);
            }
            _ => return Err(Skip::NotIp),
        }
    }
    Err(Skip::Nesting)
}

/// Pops labels; what lies under the last one is told by its first four bits alone.
fn mpls<'a>(mut part: Part<'a>, at: Sighting<'a>) -> Result<Contact, Skip> {
    const BOTTOM_OF_STACK: u8 = 1;
    for _ in 0..MAX_NESTING {
        let label = part.header::<4>()?;
        part = part.after(4);
        if label[2] & BOTTOM_OF_STACK != 0 {
            return match part.header::<1>()?[0] >> 4 {
                4 => ip::v4(part, at),
                6 => ip::v6(part, at),
                _ => Err(Skip::NotIp),
            };
        }
    }
    Err(Skip::Nesting)
}

/// PPP (RFC 1661, 1662): address and control may be left out, and the protocol's first byte where it is zero.
pub(super) fn ppp<'a>(mut part: Part<'a>, at: Sighting<'a>) -> Result<Contact, Skip> {
    if part.header::<2>()? == &[0xff, 0x03] {
        part = part.after(2);
    }
    let protocol = match part.header::<1>()?[0] {
        short if short & 1 == 1 => {
            part = part.after(1);
            u16::from(short)
        }
        _ => {
            let protocol = be16(part.header::<2>()?, 0);
            part = part.after(2);
            protocol
        }
    };
    match protocol {
        0x0021 => ip::v4(part, at),
        0x0057 => ip::v6(part, at),
        0x0281 | 0x0283 => mpls(part, at),
        _ => Err(Skip::NotIp),
    }
}

fn cooked<'a>(hardware: u16, protocol: u16, part: Part<'a>, at: Sighting<'a>) -> Result<Contact, Skip> {
    if hardware == ARPHRD_NETLINK {
        return Err(Skip::NotIp);
    }
    ethertype(protocol, part, at)
}

/// BSD's loopback header: an address family below 256 in either byte order. AF_INET is 2 everywhere; AF_INET6 is 10
/// on Linux, 24 on NetBSD and OpenBSD, 28 on FreeBSD, 30 on macOS.
fn family<'a>(part: Part<'a>, at: Sighting<'a>) -> Result<Contact, Skip> {
    let header = *part.header::<4>()?;
    match u32::from_le_bytes(header).min(u32::from_be_bytes(header)) {
        2 => ip::v4(part.after(4), at),
        10 | 24 | 28 | 30 => ip::v6(part.after(4), at),
        _ => Err(Skip::NotIp),
    }
}
