use crate::make::*;
use watchpost_core::contact::{Outcome, Phase, Transport};
use watchpost_core::net::Address;
use watchpost_formats::packet::{LinkType, Skip};

const VLAN: [u8; 4] = [0x81, 0x00, 0x00, 0x64];

fn syn() -> Vec<u8> {
    v4(6, &tcp(2, &[], &[]))
}

fn syn6() -> Vec<u8> {
    v6(6, &tcp(2, &[], &[]))
}

#[track_caller]
fn finds_syn(link: LinkType, header: &[u8]) {
    for (packet, source, target) in [(syn(), a(), b()), (syn6(), a6(), b6())] {
        let is_v6 = source == a6();
        // In each header 0x08, 0x00 stands for the ethertype of whichever version.
        let mut header = header.to_vec();
        if is_v6 && let Some(at) = header.windows(2).rposition(|pair| pair == [0x08, 0x00]) {
            header[at..at + 2].copy_from_slice(&[0x86, 0xdd]);
        }
        let contact = decode(link, &[header, packet].concat()).unwrap();
        assert_eq!((contact.source, contact.target, contact.port), (source, target, 22));
        assert_eq!((contact.phase, contact.transport), (Phase::Probe, Transport::Tcp));
        assert_eq!((contact.time, contact.sensor, contact.weight, contact.ttl), (TIME, 7, 1, 57));
    }
}

#[test]
fn ethernet_with_and_without_tags() {
    let plain = ethernet(0x0800, &[]);
    finds_syn(LinkType::ETHERNET, &plain);
    finds_syn(LinkType::ETHERNET, &[&plain[..12], &VLAN, &[0x08, 0x00]].concat());
    finds_syn(LinkType::ETHERNET, &[&plain[..12], &[0x88, 0xa8, 0, 1], &VLAN, &[0x08, 0x00]].concat());
    finds_syn(LinkType::ETHERNET, &[&plain[..12], &[0x91, 0x00, 0, 1], &VLAN, &[0x08, 0x00]].concat());
}

#[test]
fn mpls_tells_the_version_by_the_first_bits() {
    let labels = [0x00, 0x01, 0x00, 0x40, 0x00, 0x02, 0x01, 0x40];
    for kind in [0x8847, 0x8848] {
        finds_syn(LinkType::ETHERNET, &ethernet(kind, &labels));
    }
    assert_eq!(decode(LinkType::ETHERNET, &ethernet(0x8847, &[0, 1, 1, 64, 0x12, 0])), Err(Skip::NotIp));
}

#[test]
fn pppoe_and_ppp() {
    let inner = syn();
    let length = (inner.len() as u16 + 2).to_be_bytes();
    let session = [&[0x11, 0, 0, 1][..], &length, &[0x00, 0x21], &inner].concat();
    assert_eq!(decode(LinkType::ETHERNET, &ethernet(0x8864, &session)).unwrap().source, a());
    for header in [&[0xff, 0x03, 0x00, 0x57][..], &[0xff, 0x03, 0x57], &[0x00, 0x57], &[0x57]] {
        assert_eq!(decode(LinkType::PPP, &[header, &syn6()].concat()).unwrap().source, a6());
    }
    assert_eq!(decode(LinkType::PPP, &[0xff, 0x03, 0xc0, 0x21, 1, 1]), Err(Skip::NotIp), "link control");
}

#[test]
fn snap_carries_an_ethertype_and_other_802_3_does_not() {
    let inner = syn();
    let frame = [&[0xaa, 0xaa, 3, 0, 0, 0, 0x08, 0x00][..], &inner].concat();
    assert_eq!(decode(LinkType::ETHERNET, &ethernet(frame.len() as u16, &frame)).unwrap().target, b());
    let spanning_tree = ethernet(38, &[0x42, 0x42, 3, 0, 0, 0, 0, 0]);
    assert_eq!(decode(LinkType::ETHERNET, &spanning_tree), Err(Skip::NotIp));
    assert_eq!(decode(LinkType::ETHERNET, &ethernet(0x88cc, &[2, 7])), Err(Skip::NotIp), "LLDP");
}

#[test]
fn cooked_captures() {
    finds_syn(LinkType::LINUX_SLL, &[0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 0x08, 0x00]);
    let mut v2 = vec![0; 20];
    v2[..2].copy_from_slice(&[0x08, 0x00]);
    v2[9] = 1;
    finds_syn(LinkType::LINUX_SLL2, &v2);
    let netlink = [&[0, 4, 3, 56, 0, 0][..], &[0; 8], &[0x08, 0x00], &syn()].concat();
    assert_eq!(decode(LinkType::LINUX_SLL, &netlink), Err(Skip::NotIp), "a netlink message is no packet");
}

#[test]
fn loopback_in_either_byte_order_and_every_systems_ipv6() {
    for link in [LinkType::NULL, LinkType::LOOP] {
        for header in [[2, 0, 0, 0], [0, 0, 0, 2]] {
            assert_eq!(decode(link, &[&header[..], &syn()].concat()).unwrap().source, a());
        }
        for family in [10, 24, 28, 30] {
            for header in [[family, 0, 0, 0], [0, 0, 0, family]] {
                assert_eq!(decode(link, &[&header[..], &syn6()].concat()).unwrap().source, a6());
            }
        }
        assert_eq!(decode(link, &[&[7, 0, 0, 0][..], &syn()].concat()), Err(Skip::NotIp));
    }
}

#[test]
fn raw_ip() {
    for link in [LinkType::RAW, LinkType::RAW_BSD, LinkType::RAW_OPENBSD] {
        finds_syn(link, &[]);
    }
    assert!(decode(LinkType::IPV4, &syn()).is_ok());
    assert_eq!(decode(LinkType::IPV4, &syn6()), Err(Skip::Malformed));
    assert!(decode(LinkType::IPV6, &syn6()).is_ok());
    assert_eq!(decode(LinkType::IPV6, &[&syn()[..], &[0; 20]].concat()), Err(Skip::Malformed));
}

#[test]
fn link_types_that_are_not_decoded() {
    for link in [127, 105, 147, 65_535] {
        assert_eq!(decode(LinkType(link), &syn()), Err(Skip::LinkType));
    }
}

#[test]
fn endless_tags_end() {
    let tags = VLAN.repeat(300);
    assert_eq!(
        decode(LinkType::ETHERNET, &[&ethernet(0, &[])[..12], &tags, &syn()].concat()),
        Err(Skip::Nesting)
    );
    assert_eq!(decode(LinkType::ETHERNET, &ethernet(0x8847, &[0; 400])), Err(Skip::Nesting));
}

fn arp(operation: u8, sender: [u8; 4], asked: [u8; 4]) -> Vec<u8> {
    let head = [0, 1, 8, 0, 6, 4, 0, operation, 2, 0, 0, 0, 0, 1];
    // Padded, as Ethernet does.
    ethernet(0x0806, &[&head[..], &sender, &[0; 6], &asked, &[0; 18]].concat())
}

#[test]
fn arp_asks_and_answers() {
    let asks = decode(LinkType::ETHERNET, &arp(1, A, B)).unwrap();
    assert_eq!((asks.source, asks.target, asks.transport), (a(), b(), Transport::Arp));
    assert_eq!((asks.phase, asks.outcome, asks.port), (Phase::Probe, Outcome::Unknown, 0));
    let answers = decode(LinkType::ETHERNET, &arp(2, B, A)).unwrap();
    assert_eq!((answers.source, answers.target), (a(), b()), "who asked stands first");
    assert_eq!((answers.phase, answers.outcome), (Phase::Reply, Outcome::Answered));
}

#[test]
fn arp_that_asks_nobody() {
    for packet in [arp(1, A, A), arp(2, A, A), arp(1, [0; 4], B), arp(9, A, B)] {
        assert_eq!(decode(LinkType::ETHERNET, &packet), Err(Skip::AsksNobody));
    }
    let mut of_ipx = arp(1, A, B);
    of_ipx[16..18].copy_from_slice(&[0x81, 0x37]);
    assert_eq!(decode(LinkType::ETHERNET, &of_ipx), Err(Skip::NotIp));
    assert_eq!(decode(LinkType::ETHERNET, &arp(1, A, B)[..36]), Err(Skip::Malformed));
}

#[test]
fn arp_on_links_with_longer_hardware_addresses() {
    let head = [0, 32, 8, 0, 20, 4, 0, 1];
    let infiniband = [&head[..], &[1; 20], &A, &[0; 20], &B].concat();
    let contact = decode(LinkType::ETHERNET, &ethernet(0x0806, &infiniband)).unwrap();
    assert_eq!((contact.source, contact.target), (Address::v4(A), Address::v4(B)));
}
