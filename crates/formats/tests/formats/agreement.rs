//! The decoder against etherparse on generated packets, and against anything at all.

use crate::make::{TIME, decode, ethernet, ip, syn_to, tcp, udp, v4, v6};
use etherparse::{
    IpHeaders, Ipv4Header, Ipv6Header, NetSlice, PacketBuilder, SlicedPacket, TcpHeader, TransportSlice,
    VlanId,
};
use proptest::prelude::*;
use watchpost_core::contact::{Phase, Transport, traits};
use watchpost_core::net::Address;
use watchpost_formats::packet::{self, LinkType};

/// What is varied of a packet.
#[derive(Clone, Debug)]
struct Plan {
    vlan: (Option<u16>, u16),
    v4: ([u8; 4], [u8; 4]),
    v6: Option<([u8; 16], [u8; 16])>,
    ttl: u8,
    ports: (u16, u16),
    /// Flags, sequence, window, options; none is UDP.
    tcp: Option<(u8, u32, u16, Vec<u8>)>,
    payload: Vec<u8>,
}

prop_compose! {
    fn plan()(
        vlan in (proptest::option::of(0_u16..4096), 0_u16..8192),
        v4 in any::<([u8; 4], [u8; 4])>(),
        v6 in proptest::option::of(any::<([u8; 16], [u8; 16])>()),
        ttl in any::<u8>(),
        ports in any::<(u16, u16)>(),
        tcp in proptest::option::of((any::<u8>(), any::<u32>(), any::<u16>(), proptest::collection::vec(any::<u8>(), 0..40))),
        payload in proptest::collection::vec(any::<u8>(), 0..64),
    ) -> Plan {
        Plan { vlan, v4, v6, ttl, ports, tcp, payload }
    }
}

impl Plan {
    fn build(&self) -> Vec<u8> {
        let ip = match self.v6 {
            Some((source, destination)) => {
                let header = Ipv6Header { hop_limit: self.ttl, source, destination, ..Default::default() };
                IpHeaders::Ipv6(header, Default::default())
            }
            None => {
                let (source, destination) = self.v4;
                let header = Ipv4Header { time_to_live: self.ttl, source, destination, ..Default::default() };
                IpHeaders::Ipv4(header, Default::default())
            }
        };
        let link = PacketBuilder::ethernet2([1; 6], [2; 6]);
        let id = |id: u16| VlanId::try_new(id).unwrap();
        let step = match self.vlan {
            (Some(outer), inner @ ..4096) => link.double_vlan(id(outer), id(inner)).ip(ip),
            (Some(outer), _) => link.single_vlan(id(outer)).ip(ip),
            (None, _) => link.ip(ip),
        };
        let mut packet = Vec::new();
        match &self.tcp {
            Some((flags, sequence, window, options)) => {
                let mut header = TcpHeader::new(self.ports.0, self.ports.1, *sequence, *window);
                let bit = |bit: u8| flags & 1 << bit != 0;
                (header.fin, header.syn, header.rst, header.psh) = (bit(0), bit(1), bit(2), bit(3));
                (header.ack, header.urg, header.ece, header.cwr) = (bit(4), bit(5), bit(6), bit(7));
                header.set_options_raw(&options[..options.len() & !3]).unwrap();
                step.tcp_header(header).write(&mut packet, &self.payload).unwrap();
            }
            None => step.udp(self.ports.0, self.ports.1).write(&mut packet, &self.payload).unwrap(),
        }
        packet
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn agrees_with_etherparse(plan in plan()) {
        let packet = plan.build();
        let theirs = SlicedPacket::from_ethernet(&packet).unwrap();
        let mut ours = decode(LinkType::ETHERNET, &packet).unwrap();
        if ours.phase == Phase::Reply {
            std::mem::swap(&mut ours.source, &mut ours.target);
            std::mem::swap(&mut ours.source_port, &mut ours.port);
        }
        let (source, target, ttl, id) = match theirs.net.unwrap() {
            NetSlice::Ipv4(ip) => {
                let ip = ip.header();
                (Address::v4(ip.source()), Address::v4(ip.destination()), ip.ttl(), ip.identification())
            }
            NetSlice::Ipv6(ip) => {
                let ip = ip.header();
                (Address::v6(ip.source()), Address::v6(ip.destination()), ip.hop_limit(), 0)
            }
            NetSlice::Arp(_) => unreachable!(),
        };
        prop_assert_eq!((ours.source, ours.target, ours.ttl, ours.ip_id), (source, target, ttl, id));
        match theirs.transport.unwrap() {
            TransportSlice::Tcp(tcp) => {
                prop_assert_eq!(ours.transport, Transport::Tcp);
                prop_assert_eq!((ours.source_port, ours.port), (tcp.source_port(), tcp.destination_port()));
                prop_assert_eq!((ours.sequence, ours.window), (tcp.sequence_number(), tcp.window_size()));
                prop_assert_eq!(ours.flags, tcp.slice()[13]);
                prop_assert_eq!(ours.has(traits::PAYLOAD), !tcp.payload().is_empty());
                prop_assert_eq!(ours.phase == Phase::Reply, tcp.syn() && tcp.ack() && !tcp.fin() && !tcp.rst());
            }
            TransportSlice::Udp(udp) => {
                prop_assert_eq!(ours.transport, Transport::Udp);
                prop_assert_eq!((ours.source_port, ours.port), (udp.source_port(), udp.destination_port()));
                prop_assert_eq!(ours.has(traits::PAYLOAD), !udp.payload().is_empty());
            }
            _ => unreachable!(),
        }
    }

    #[test]
    fn never_panics_on_anything(
        link in 0_usize..12,
        packet in proptest::collection::vec(any::<u8>(), 0..200),
        longer in 0_u32..70_000,
    ) {
        let link = *LinkType::DECODED.get(link).unwrap_or(&LinkType(127));
        let _ = packet::decode(link, TIME, &packet, packet.len() as u32 + longer, 7);
    }
}

/// One packet for each decoder, with the link type that carries it.
pub fn each_decoder() -> Vec<(LinkType, Vec<u8>)> {
    let segment = tcp(2, &[2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7], &[1, 2, 3]);
    let (in_v4, in_v6) = (v4(6, &segment), v6(6, &segment));
    let frame = ethernet(0x0800, &in_v4);
    let icmp_error = [&[3, 3, 0, 0, 0, 0, 0, 0][..], &v4(17, &udp(1, 2, &[]))].concat();
    let icmp6_error =
        [&[1, 4, 0, 0, 0, 0, 0, 0][..], &v6(44, &[&[17, 0, 0, 0, 0, 0, 0, 1][..], &udp(1, 2, &[])].concat())]
            .concat();
    let solicitation = [&[135, 0, 0, 0, 0, 0, 0, 0][..], &[9; 16], &[1, 1, 2, 0, 0, 0, 0, 1]].concat();
    let sctp = [&[0; 12][..], &[10, 0, 0, 5, 1, 0, 0, 0, 0, 3, 0, 17]].concat();
    let chain =
        [&[43, 1][..], &[1; 14], &[51, 0, 0, 0, 0, 0, 0, 0], &[6, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], &segment]
            .concat();
    let arp =
        [&[0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1][..], &[10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 2]]
            .concat();
    let vxlan = udp(1, 4789, &[&[8, 0, 0, 0, 0, 0, 1, 0][..], &frame].concat());
    let raw = [
        in_v4.clone(),
        v4(17, &udp(1, 2, &[3])),
        v4(17, &vxlan),
        v4(132, &sctp),
        v4(1, &icmp_error),
        v4(1, &[8, 0, 0, 0, 1, 2, 3, 4, 5]),
        v6(58, &icmp6_error),
        v6(58, &solicitation),
        v6(0, &chain),
        v4(47, &[&[0xb0, 0, 0x65, 0x58, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0][..], &frame].concat()),
        v4(
            47,
            &[&[0x30, 0x81, 0x88, 0x0b, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x21][..], &in_v4].concat(),
        ),
        v4(4, &in_v4),
        v4(41, &in_v6),
        v4(
            51,
            &[&[6, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0][..], &segment]
                .concat(),
        ),
    ];
    let on_ethernet = [
        ethernet(0x0806, &arp),
        ethernet(0x8847, &[&[0, 1, 0, 64, 0, 1, 1, 64][..], &in_v6].concat()),
        ethernet(0x8864, &[&[0x11, 0, 0, 1, 0, 0, 0, 0x57][..], &in_v6].concat()),
        ethernet(0x88a8, &[&[0, 1, 0x81, 0, 0, 2, 8, 0][..], &in_v4].concat()),
        ethernet(50, &[&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0][..], &in_v4].concat()),
    ];
    let others = [
        (LinkType::NULL, [&[2, 0, 0, 0][..], &in_v4].concat()),
        (LinkType::PPP, [&[0xff, 3, 0, 0x21][..], &in_v4].concat()),
        (LinkType::LINUX_SLL, [&[0; 14][..], &[8, 0], &in_v4].concat()),
        (LinkType::LINUX_SLL2, [&[8, 0][..], &[0; 18], &in_v4].concat()),
    ];
    let raw = raw.into_iter().map(|packet| (LinkType::RAW, packet));
    let on_ethernet = on_ethernet.into_iter().map(|packet| (LinkType::ETHERNET, packet));
    raw.chain(on_ethernet).chain(others).collect()
}

#[test]
pub fn each_decoder_takes_its_packet() {
    for (link, packet) in each_decoder() {
        assert!(decode(link, &packet).is_ok(), "{link:?} {packet:x?}");
    }
}

/// Every decoder, cut at every byte, as a snapped and as a short packet, with every byte at its extremes.
#[test]
fn no_decoder_panics_on_its_packet_cut_or_changed() {
    for (link, sound) in each_decoder() {
        for length in 0..=sound.len() {
            let _ = decode(link, &sound[..length]);
            let _ = packet::decode(link, TIME, &sound[..length], sound.len() as u32, 7);
        }
        for at in 0..sound.len() {
            for value in [0, 1, 0x0f, 0x7f, 0x80, 0xf0, 0xff] {
                let mut packet = sound.clone();
                packet[at] = value;
                let _ = decode(link, &packet);
                let _ = decode(link, &packet[..packet.len() * 3 / 4]);
            }
        }
    }
}

proptest! {
    #[test]
    fn never_panics_on_what_is_nearly_sound(
        which in any::<prop::sample::Index>(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let packets = each_decoder();
        let (link, mut packet) = packets[which.index(packets.len())].clone();
        for (at, value) in changes {
            let at = at.index(packet.len());
            packet[at] = value;
        }
        let _ = decode(link, &packet);
        let length = cut.index(packet.len());
        let _ = packet::decode(link, TIME, &packet[..length], packet.len() as u32, 7);
    }
}

/// Not to judge is part of the contract: broadcast, multicast and loopback are contacts like any other.
#[test]
fn no_address_is_judged() {
    for target in [[255; 4], [224, 0, 0, 1], [127, 0, 0, 1], [0; 4]] {
        let packet = crate::make::v4_between([127, 0, 0, 1], target, 6, &tcp(2, &[], &[]));
        assert_eq!(ip(&packet).unwrap().target, Address::v4(target));
    }
    assert!(decode(LinkType::ETHERNET, &syn_to(255)).is_ok());
}
