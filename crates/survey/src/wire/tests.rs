use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use proptest::prelude::*;

use super::*;
use crate::scope::{InScope, Scope};

const COOKIE: Cookie = Cookie(7, 11);

fn scope() -> Scope {
    let text = "organisation = \"Lab\"\nauthorised_by = \"Jane\"\nvalid_until = \"2999-01-01\"\nabout = \"https://lab.example/\"\n\
                blocks = [\"10.0.0.0/16\", \"2001:db8::/64\"]\nlab = true\nicmp = true\n";
    Scope::parse(text).unwrap()
}

fn frames(link: Link) -> Frames {
    let own = (Some([10, 9, 9, 9].into()), Some("2001:db8:9::9".parse().unwrap()));
    Frames::new(link, own.0, own.1, COOKIE, "https://lab.example/")
}

fn target(text: &str) -> InScope<IpAddr> {
    scope().admit(text.parse().unwrap()).unwrap()
}

fn asks() -> impl Strategy<Value = Ask> {
    let udp = prop::sample::select(UDP_PORTS.to_vec());
    prop_oneof![
        (1u16..).prop_map(Ask::Syn),
        (1u16..).prop_map(Ask::FullSyn),
        (1u16..).prop_map(Ask::Ack),
        prop_oneof![1u16.., udp].prop_map(Ask::Udp),
        Just(Ask::Echo),
        Just(Ask::Timestamp),
    ]
}

fn addresses() -> impl Strategy<Value = InScope<IpAddr>> {
    let v4 = (0u32..65_536).prop_map(|host| IpAddr::from((0x0a00_0000 | host).to_be_bytes()));
    let v6 =
        any::<u64>().prop_map(|host| IpAddr::from((0x2001_0db8u128 << 96 | u128::from(host)).to_be_bytes()));
    prop_oneof![v4, v6].prop_map(|address| scope().admit(address).unwrap())
}

/// The packet that asks, from its IP header on.
fn packet(to: InScope<IpAddr>, ask: Ask, slot: u8) -> Option<Vec<u8>> {
    let mut out = [0; MOST];
    let length = frames(Link::Routed).write(to, ask, slot, &mut out)?;
    Some(out[..length].to_vec())
}

/// What a host would send back: addresses and ports turned around, `change` for the rest.
fn answered(packet: &[u8], change: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let mut back = packet.to_vec();
    let (header, half) = if back[0] >> 4 == 4 { (20, 4) } else { (40, 16) };
    let from = if half == 4 { 12 } else { 8 };
    for at in 0..half {
        back.swap(from + at, from + half + at);
    }
    back.swap(header, header + 2);
    back.swap(header + 1, header + 3);
    change(&mut back[header..]);
    back
}

#[test]
fn a_reset_may_acknowledge_the_word_as_it_came_and_nothing_beside_it() {
    let to = target("10.0.1.2");
    let sent = packet(to, Ask::Syn(80), 1).unwrap();
    let answer = |flags: u8, more: u32| {
        let back = answered(&sent, |tcp| {
            let word = u32::from_be_bytes(tcp[4..8].try_into().unwrap());
            tcp[8..12].copy_from_slice(&word.wrapping_add(more).to_be_bytes());
            tcp[13] = flags;
        });
        read(&scope(), COOKIE, &back).map(|answer| (answer.ask, answer.kind))
    };
    assert_eq!(answer(0x14, 0), Some((Ask::Syn(80), Kind::Refused)));
    assert_eq!(answer(0x14, 1), Some((Ask::Syn(80), Kind::Refused)));
    // Two beside it are nobody's, and so is one that accepts what was not asked, or acknowledges nothing.
    assert_eq!(
        (answer(0x14, 2), answer(0x14, u32::MAX), answer(0x12, 0), answer(0x04, 0)),
        (None, None, None, None)
    );
}

proptest! {
    #[test]
    fn a_decoder_of_others_reads_every_packet_and_its_checksums_hold(to in addresses(), ask in asks(), slot in 0..SLOTS) {
        let Some(bytes) = packet(to, ask, slot) else {
            prop_assert!(ask == Ask::Timestamp && to.get().is_ipv6());
            return Ok(());
        };
        let sliced = SlicedPacket::from_ip(&bytes).unwrap();
        let transport = sliced.transport.unwrap();
        match sliced.net.unwrap() {
            NetSlice::Ipv4(v4) => {
                let header = v4.header().to_header();
                prop_assert_eq!(header.header_checksum, header.calc_header_checksum());
                prop_assert_eq!(IpAddr::from(header.destination), to.get());
                prop_assert_eq!(usize::from(header.total_len), bytes.len());
                match transport {
                    TransportSlice::Tcp(tcp) => prop_assert_eq!(
                        tcp.checksum(), tcp.calc_checksum_ipv4(header.source, header.destination).unwrap()),
                    TransportSlice::Udp(udp) => prop_assert_eq!(
                        udp.checksum(), udp.to_header().calc_checksum_ipv4(&header, udp.payload()).unwrap()),
                    TransportSlice::Icmpv4(icmp) => prop_assert_eq!(finish(sum(icmp.slice())), 0),
                    _ => prop_assert!(false),
                }
            }
            NetSlice::Ipv6(v6) => {
                let header = v6.header().to_header();
                prop_assert_eq!(IpAddr::from(header.destination), to.get());
                prop_assert_eq!(usize::from(header.payload_length) + 40, bytes.len());
                match transport {
                    TransportSlice::Tcp(tcp) => prop_assert_eq!(
                        tcp.checksum(), tcp.calc_checksum_ipv6(header.source, header.destination).unwrap()),
                    TransportSlice::Udp(udp) => prop_assert_eq!(
                        udp.checksum(), udp.to_header().calc_checksum_ipv6(&header, udp.payload()).unwrap()),
                    TransportSlice::Icmpv6(icmp) => prop_assert!(icmp.is_checksum_valid(header.source, header.destination)),
                    _ => prop_assert!(false),
                }
            }
            NetSlice::Arp(_) => prop_assert!(false),
        }
    }

    #[test]
    fn an_answer_tells_what_was_asked(to in addresses(), port in 1u16.., slot in 0..SLOTS) {
        for (ask, flags) in [(Ask::Syn(port), 0x12u8), (Ask::FullSyn(port), 0x12), (Ask::Syn(port), 0x14), (Ask::Ack(port), 0x04)] {
            let sent = packet(to, ask, slot).unwrap();
            let back = answered(&sent, |tcp| {
                let (sequence, acknowledges) = (tcp[4..8].to_vec(), tcp[8..12].to_vec());
                let next = u32::from_be_bytes(sequence.try_into().unwrap()).wrapping_add(1);
                tcp[8..12].copy_from_slice(&next.to_be_bytes());
                tcp[4..8].copy_from_slice(&acknowledges);
                tcp[13] = flags;
            });
            let answer = read(&scope(), COOKIE, &back).unwrap();
            prop_assert_eq!((answer.target, answer.ask, answer.slot), (to, ask, slot));
            match flags {
                0x12 => prop_assert!(matches!(answer.kind, Kind::Open(_))),
                0x14 => prop_assert_eq!(answer.kind, Kind::Refused),
                _ => prop_assert_eq!(answer.kind, Kind::Alive),
            }
            // Another key's, and one number beside it, are nobody's.
            prop_assert_eq!(read(&scope(), Cookie(7, 12), &back), None);
            let beside = answered(&sent, |tcp| tcp[13] = flags);
            if ask != Ask::Ack(port) {
                prop_assert_eq!(read(&scope(), COOKIE, &beside), None);
            }
        }
    }

    #[test]
    fn an_error_that_quotes_a_packet_tells_which(to in addresses(), ask in asks(), slot in 0..SLOTS, whole in any::<bool>()) {
        let Some(sent) = packet(to, ask, slot) else { return Ok(()) };
        let header = if to.get().is_ipv4() { 20 } else { 40 };
        let quote = &sent[..if whole { sent.len() } else { header + 8 }];
        let mut back = Vec::new();
        let by: IpAddr = if to.get().is_ipv4() {
            back.extend_from_slice(&[0x45, 0, 0, 0, 0, 0, 0, 0, 60, 1, 0, 0, 10, 8, 8, 8, 10, 9, 9, 9, 3, 13, 0, 0, 0, 0, 0, 0]);
            [10, 8, 8, 8].into()
        } else {
            back.extend_from_slice(&[0x60, 0, 0, 0, 0, 0, 58, 60]);
            back.extend_from_slice(&[0x22; 16]);
            back.extend_from_slice(&sent[8..24]);
            back.extend_from_slice(&[1, 1, 0, 0, 0, 0, 0, 0]);
            [0x22; 16].into()
        };
        back.extend_from_slice(quote);
        let total = (back.len() as u16).to_be_bytes();
        if header == 20 {
            back[2..4].copy_from_slice(&total);
        } else {
            let rest = (back.len() as u16 - 40).to_be_bytes();
            back[4..6].copy_from_slice(&rest);
        }
        let answer = read(&scope(), COOKIE, &back).unwrap();
        prop_assert_eq!((answer.target, answer.ask, answer.slot), (to, ask, slot));
        prop_assert_eq!(answer.kind, Kind::Unreachable { forbidden: true, by });
        // Of UDP eight bits are compared: one key in 256 fits by chance.
        if !matches!(ask, Ask::Udp(_)) {
            prop_assert_eq!(read(&scope(), Cookie(1, 1), &back), None);
        }
    }

    #[test]
    fn no_bytes_break_it(bytes in prop::collection::vec(any::<u8>(), 0..120), version in prop::sample::select(vec![4u8, 6])) {
        let mut bytes = bytes;
        if let Some(first) = bytes.first_mut() {
            *first = version << 4 | 5;
        }
        prop_assert_eq!(read(&scope(), COOKIE, &bytes).filter(|answer| answer.ask != Ask::Neighbour), None);
    }
}

#[test]
fn words_over_udp_and_echoes_come_back() {
    for to in ["10.0.1.2", "2001:db8::77"].map(target) {
        let sent = packet(to, Ask::Udp(53), 3).unwrap();
        let answer = read(&scope(), COOKIE, &answered(&sent, |_| {})).unwrap();
        assert_eq!((answer.target, answer.ask, answer.slot), (to, Ask::Udp(53), 3));
        assert!(matches!(answer.kind, Kind::Words(words) if words.ends_with(b"\x00\x10\x00\x03")));
        let sent = packet(to, Ask::Echo, 2).unwrap();
        let reply = if to.get().is_ipv4() { 0 } else { 129 };
        let mut back = answered(&sent, |_| {});
        let header = if reply == 0 { 20 } else { 40 };
        back[header..header + 4].copy_from_slice(&[reply, 0, 0, 0]);
        let answer = read(&scope(), COOKIE, &back).unwrap();
        assert_eq!((answer.target, answer.ask, answer.slot, answer.kind), (to, Ask::Echo, 2, Kind::Alive));
        assert!(sent.ends_with(b"https://lab.example/\0"));
    }
}

#[test]
fn what_comes_from_outside_the_scope_is_nobodys() {
    let sent = packet(target("10.0.1.2"), Ask::Udp(53), 3).unwrap();
    let mut back = answered(&sent, |_| {});
    assert!(read(&scope(), COOKIE, &back).is_some());
    back[12..16].copy_from_slice(&[10, 1, 1, 2]);
    assert_eq!(read(&scope(), COOKIE, &back), None);
}

#[test]
fn neighbours_are_asked_on_the_link() {
    let link = Link::Ethernet { source: [2, 0, 0, 0, 0, 1], gateway: [2, 0, 0, 0, 0, 2] };
    let mut out = [0; MOST];
    let length = frames(link.clone()).write(target("10.0.1.2"), Ask::Neighbour, 0, &mut out).unwrap();
    let asked = out;
    let sliced = SlicedPacket::from_ethernet(&asked[..length]).unwrap();
    assert!(matches!(sliced.net, Some(NetSlice::Arp(arp)) if arp.target_protocol_addr() == [10, 0, 1, 2]));
    let length = frames(link).write(target("2001:db8::12:3456"), Ask::Neighbour, 0, &mut out).unwrap();
    let asked = out;
    let sliced = SlicedPacket::from_ethernet(&asked[..length]).unwrap();
    let Some(NetSlice::Ipv6(v6)) = sliced.net else { panic!("no IPv6") };
    let header = v6.header().to_header();
    assert_eq!(v6.header().destination_addr().to_string(), "ff02::1:ff12:3456");
    let Some(TransportSlice::Icmpv6(icmp)) = sliced.transport else { panic!("no ICMPv6") };
    assert!(icmp.is_checksum_valid(header.source, header.destination));
    assert_eq!(frames(Link::Routed).write(target("10.0.1.2"), Ask::Neighbour, 0, &mut out), None);
    let arp = [0, 1, 8, 0, 6, 4, 0, 2, 2, 0, 0, 0, 0, 9, 10, 0, 1, 2, 2, 0, 0, 0, 0, 1, 10, 9, 9, 9];
    let answer = read(&scope(), COOKIE, &arp).unwrap();
    assert_eq!((answer.target, answer.ask), (target("10.0.1.2"), Ask::Neighbour));
}

#[test]
fn every_port_that_has_words_says_them() {
    assert!(UDP_PORTS.is_sorted());
    for port in UDP_PORTS {
        let words = payload(port, 0xabcd);
        assert!(!words.is_empty() && words.len() <= MOST - 62, "{port}");
    }
    assert!(payload(9, 1).is_empty());
    // BER: the outer length is what follows.
    for (port, at) in [(161, 1), (389, 1)] {
        let words = payload(port, 0xabcd);
        assert_eq!(usize::from(words[at]), words.len() - 2, "{port}");
    }
    let ike = payload(500, 0);
    assert_eq!(u32::from_be_bytes(ike[24..28].try_into().unwrap()) as usize, ike.len());
}
