//! Packets, built in place: a template for each kind of question, of which only what differs is written.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Ask, Cookie, finish, halves, payload, sum};
use crate::scope::InScope;

/// The longest packet, in bytes.
pub const MOST: usize = 512;

/// IPv4's identification and IPv6's flow label of all packets: `WP`. Who sees them shall be able to tell what they are.
pub(super) const MARK: u16 = 0x5750;
const HOPS: u8 = 64;
const ETHERNET: usize = 14;
const MSS_V4: u16 = 1_460;
const MSS_V6: u16 = 1_440;

const ICMP: u8 = 1;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMP6: u8 = 58;

const SYN: u8 = 0x02;
const ACK: u8 = 0x10;

/// Where packets go out of the machine.
#[derive(Clone, Debug)]
pub enum Link {
    /// The kernel routes them: nothing stands before the IP header.
    Routed,
    /// Over Ethernet, all to one station.
    Ethernet {
        /// Our own.
        source: [u8; 6],
        /// The router's.
        gateway: [u8; 6],
    },
}

/// Builds packets.
#[derive(Clone, Debug)]
pub struct Frames {
    link: Link,
    v4: Option<Ipv4Addr>,
    v6: Option<Ipv6Addr>,
    cookie: Cookie,
    /// What echo requests carry: who asks (RFC 9511).
    about: Vec<u8>,
}

impl Frames {
    /// From these own addresses; `about` is the URL under which is told who asks.
    pub fn new(link: Link, v4: Option<Ipv4Addr>, v6: Option<Ipv6Addr>, cookie: Cookie, about: &str) -> Self {
        // A longer one would not fit a minimal datagram with all else. A zero ends it, as the RFC has it.
        let about = about.as_bytes().iter().copied().take(200).chain([0]).collect();
        Self { link, v4, v6, cookie, about }
    }

    /// Another key from now on.
    pub fn key(&mut self, cookie: Cookie) {
        self.cookie = cookie;
    }

    /// Writes the packet that asks; gives its length, or none where there is no own address of the target's family, or nothing asks so
    /// over this link.
    #[inline]
    pub fn write(&self, target: InScope<IpAddr>, ask: Ask, slot: u8, out: &mut [u8; MOST]) -> Option<usize> {
        match (target.get(), self.v4, self.v6) {
            _ if ask == Ask::Neighbour => self.neighbour(target.get(), out),
            (IpAddr::V4(to), Some(from), _) => self.write_v4(from, to, ask, slot, out),
            (IpAddr::V6(to), _, Some(from)) => self.write_v6(from, to, ask, slot, out),
            _ => None,
        }
    }

    #[inline]
    fn write_v4(
        &self,
        from: Ipv4Addr,
        to: Ipv4Addr,
        ask: Ask,
        slot: u8,
        out: &mut [u8; MOST],
    ) -> Option<usize> {
        let at = self.ethernet(0x0800, out);
        let (header, body) = out[at..].split_first_chunk_mut::<20>()?;
        let pseudo = halves(from.to_bits()) + halves(to.to_bits());
        let (protocol, length) = self.body(to.into(), ask, slot, pseudo, body)?;
        let total = (20 + length) as u16;
        *header = [0x45, 0, 0, 0, 0, 0, 0, 0, HOPS, protocol, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        header[2..4].copy_from_slice(&total.to_be_bytes());
        header[4..6].copy_from_slice(&MARK.to_be_bytes());
        header[12..16].copy_from_slice(&from.octets());
        header[16..20].copy_from_slice(&to.octets());
        let words =
            0x4500 + u32::from(total) + u32::from(MARK) + u32::from(u16::from_be_bytes([HOPS, protocol]));
        header[10..12].copy_from_slice(&finish(words + pseudo).to_be_bytes());
        Some(at + usize::from(total))
    }

    fn write_v6(
        &self,
        from: Ipv6Addr,
        to: Ipv6Addr,
        ask: Ask,
        slot: u8,
        out: &mut [u8; MOST],
    ) -> Option<usize> {
        let at = self.ethernet(0x86dd, out);
        let (header, body) = out[at..].split_first_chunk_mut::<40>()?;
        let pseudo = sum(&from.octets()) + sum(&to.octets());
        let (protocol, length) = self.body(to.into(), ask, slot, pseudo, body)?;
        header[..4].copy_from_slice(&(0x6000_0000 | u32::from(MARK)).to_be_bytes());
        header[4..6].copy_from_slice(&(length as u16).to_be_bytes());
        header[6..8].copy_from_slice(&[protocol, HOPS]);
        header[8..24].copy_from_slice(&from.octets());
        header[24..40].copy_from_slice(&to.octets());
        Some(at + 40 + length)
    }

    /// What is above IP; gives its protocol and length.
    #[inline]
    fn body(&self, to: IpAddr, ask: Ask, slot: u8, pseudo: u32, out: &mut [u8]) -> Option<(u8, usize)> {
        match ask {
            Ask::Syn(port) => {
                let mss = if to.is_ipv4() { MSS_V4 } else { MSS_V6 };
                let [high, low] = mss.to_be_bytes();
                let ports = [self.cookie.port(to, ask, slot), port];
                let sequence = self.cookie.word(to, ask, slot);
                Some((TCP, tcp(ports, [sequence, 0], SYN, &[2, 4, high, low], pseudo, out)?))
            }
            Ask::FullSyn(port) => {
                let mss = if to.is_ipv4() { MSS_V4 } else { MSS_V6 };
                let [high, low] = mss.to_be_bytes();
                // MSS, SACK permitted, timestamps, NOP, window scale 7: in the order of Linux, which servers answer like any client.
                let options = [2, 4, high, low, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7];
                let ports = [self.cookie.port(to, ask, slot), port];
                let sequence = self.cookie.word(to, ask, slot);
                Some((TCP, tcp(ports, [sequence, 0], SYN, &options, pseudo, out)?))
            }
            Ask::Ack(port) => {
                let ports = [self.cookie.port(to, ask, slot), port];
                let word = self.cookie.word(to, ask, slot);
                Some((TCP, tcp(ports, [word.rotate_left(16), word], ACK, &[], pseudo, out)?))
            }
            Ask::Udp(port) => {
                let words = payload(port, self.cookie.word(to, ask, slot) as u16);
                let length = 8 + words.len();
                let packet = out.get_mut(..length)?;
                let (header, rest) = packet.split_first_chunk_mut::<8>()?;
                rest.copy_from_slice(&words);
                let [high, low] = (length as u16).to_be_bytes();
                let [from_high, from_low] = self.cookie.port(to, ask, slot).to_be_bytes();
                let [port_high, port_low] = port.to_be_bytes();
                *header = [from_high, from_low, port_high, port_low, high, low, 0, 0];
                let checksum = finish(pseudo + u32::from(UDP) + length as u32 + sum(packet));
                // Zero would say that there is none.
                let checksum = if checksum == 0 { 0xffff } else { checksum };
                packet.get_mut(6..8)?.copy_from_slice(&checksum.to_be_bytes());
                Some((UDP, length))
            }
            Ask::Echo => {
                let length = 8 + self.about.len();
                let packet = out.get_mut(..length)?;
                let (header, rest) = packet.split_first_chunk_mut::<8>()?;
                rest.copy_from_slice(&self.about);
                let word = self.cookie.word(to, ask, slot).to_be_bytes();
                let (kind, protocol, pseudo) = match to {
                    IpAddr::V4(_) => (8, ICMP, 0),
                    IpAddr::V6(_) => (128, ICMP6, pseudo + u32::from(ICMP6) + length as u32),
                };
                *header = [kind, 0, 0, 0, word[0], word[1], word[2], word[3]];
                let checksum = finish(pseudo + sum(packet));
                packet.get_mut(2..4)?.copy_from_slice(&checksum.to_be_bytes());
                Some((protocol, length))
            }
            // There is none in ICMPv6.
            Ask::Timestamp if to.is_ipv4() => {
                let packet = out.first_chunk_mut::<20>()?;
                let word = self.cookie.word(to, ask, slot).to_be_bytes();
                *packet =
                    [13, 0, 0, 0, word[0], word[1], word[2], word[3], 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
                let checksum = finish(sum(packet));
                packet[2..4].copy_from_slice(&checksum.to_be_bytes());
                Some((ICMP, packet.len()))
            }
            Ask::Timestamp | Ask::Neighbour => None,
        }
    }

    /// Writes the Ethernet header, where there is one, and gives where IP begins.
    #[inline]
    fn ethernet(&self, kind: u16, out: &mut [u8; MOST]) -> usize {
        match &self.link {
            Link::Routed => 0,
            Link::Ethernet { source, gateway } => {
                out[..6].copy_from_slice(gateway);
                out[6..12].copy_from_slice(source);
                out[12..14].copy_from_slice(&kind.to_be_bytes());
                ETHERNET
            }
        }
    }

    /// ARP (RFC 826) and neighbour solicitation (RFC 4861): to everybody on the link who might be it.
    fn neighbour(&self, target: IpAddr, out: &mut [u8; MOST]) -> Option<usize> {
        let Link::Ethernet { source, .. } = self.link else { return None };
        match target {
            IpAddr::V4(to) => {
                let packet = out.first_chunk_mut::<42>()?;
                packet[..6].fill(0xff);
                packet[6..12].copy_from_slice(&source);
                // Ethernet type ARP; Ethernet, IPv4, their lengths, request.
                packet[12..22].copy_from_slice(&[8, 6, 0, 1, 8, 0, 6, 4, 0, 1]);
                packet[22..28].copy_from_slice(&source);
                packet[28..32].copy_from_slice(&self.v4?.octets());
                packet[32..38].fill(0);
                packet[38..].copy_from_slice(&to.octets());
                Some(packet.len())
            }
            IpAddr::V6(to) => {
                let from = self.v6?;
                let [.., a, b, c] = to.octets();
                let group =
                    Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff00 | u16::from(a), u16::from_be_bytes([b, c]));
                let packet = out.first_chunk_mut::<86>()?;
                packet[..6].copy_from_slice(&[0x33, 0x33, 0xff, a, b, c]);
                packet[6..12].copy_from_slice(&source);
                packet[12..14].copy_from_slice(&[0x86, 0xdd]);
                packet[14..18].copy_from_slice(&[0x60, 0, 0, 0]);
                // 32 bytes of ICMPv6; a hop limit of 255 shows that it is from this link.
                packet[18..22].copy_from_slice(&[0, 32, ICMP6, 255]);
                packet[22..38].copy_from_slice(&from.octets());
                packet[38..54].copy_from_slice(&group.octets());
                packet[54..62].copy_from_slice(&[135, 0, 0, 0, 0, 0, 0, 0]);
                packet[62..78].copy_from_slice(&to.octets());
                packet[78..80].copy_from_slice(&[1, 1]);
                packet[80..86].copy_from_slice(&source);
                let checksum = finish(
                    sum(&from.octets()) + sum(&group.octets()) + u32::from(ICMP6) + 32 + sum(&packet[54..]),
                );
                packet[56..58].copy_from_slice(&checksum.to_be_bytes());
                Some(packet.len())
            }
        }
    }
}

/// A TCP header with options; gives its length.
#[inline]
fn tcp(
    ports: [u16; 2],
    [sequence, acknowledges]: [u32; 2],
    flags: u8,
    options: &[u8],
    pseudo: u32,
    out: &mut [u8],
) -> Option<usize> {
    let length = 20 + options.len();
    let packet = out.get_mut(..length)?;
    let (header, rest) = packet.split_first_chunk_mut::<20>()?;
    rest.copy_from_slice(options);
    let window: u16 = 64_240;
    header[..2].copy_from_slice(&ports[0].to_be_bytes());
    header[2..4].copy_from_slice(&ports[1].to_be_bytes());
    header[4..8].copy_from_slice(&sequence.to_be_bytes());
    header[8..12].copy_from_slice(&acknowledges.to_be_bytes());
    header[12] = (length as u8 / 4) << 4;
    header[13] = flags;
    header[14..16].copy_from_slice(&window.to_be_bytes());
    header[16..20].fill(0);
    let checksum = finish(pseudo + u32::from(TCP) + length as u32 + sum(packet));
    packet.get_mut(16..18)?.copy_from_slice(&checksum.to_be_bytes());
    Some(length)
}
