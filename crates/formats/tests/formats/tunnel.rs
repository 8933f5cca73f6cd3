use crate::make::*;
use watchpost_core::contact::{Contact, Phase, Transport};
use watchpost_core::net::Address;

const C: [u8; 4] = [10, 0, 0, 1];
const D: [u8; 4] = [10, 0, 0, 2];

fn inner() -> Vec<u8> {
    v4_between(C, D, 6, &tcp(2, &[], &[]))
}

#[track_caller]
fn is_inner(packet: &[u8]) {
    let contact = ip(packet).unwrap();
    assert_eq!((contact.source, contact.target), (Address::v4(C), Address::v4(D)));
    assert_eq!((contact.transport, contact.port, contact.phase), (Transport::Tcp, 22, Phase::Probe));
}

#[track_caller]
fn is_tunnel(packet: &[u8], protocol: u16) -> Contact {
    let contact = ip(packet).unwrap();
    assert_eq!((contact.transport, contact.port), (Transport::Ip, protocol));
    assert_eq!((contact.source, contact.target, contact.phase), (a(), b(), Phase::Unclear));
    contact
}

#[test]
fn gre_with_every_field() {
    for flags in 0..8_u8 {
        let bits = (flags & 4) << 5 | (flags & 2) << 4 | (flags & 1) << 4;
        let fields = vec![0; 4 * flags.count_ones() as usize];
        let head = |kind: [u8; 2]| [&[bits, 0][..], &kind, &fields].concat();
        is_inner(&v4(47, &[head([0x08, 0x00]), inner()].concat()));
        is_inner(&v6(47, &[head([0x08, 0x00]), inner()].concat()));
        is_inner(&v4(47, &[head([0x65, 0x58]), ethernet(0x0800, &inner())].concat()));
    }
}

#[test]
fn gre_that_cannot_be_decoded_is_a_contact_of_the_tunnel() {
    is_tunnel(&v4(47, &[]), 47);
    is_tunnel(&v4(47, &[0, 0, 0, 0]), 47);
    is_tunnel(&v4(47, &[0, 0, 0x08, 0x00]), 47);
    is_tunnel(&v4(47, &[&[0x40, 0, 0x08, 0x00][..], &inner()].concat()), 47);
    is_tunnel(&v4(47, &[&[0, 5, 0x08, 0x00][..], &inner()].concat()), 47);
}

#[test]
fn pptp() {
    let ppp = [&[0xff, 0x03, 0x00, 0x21][..], &inner()].concat();
    let head = [0x30, 0x81, 0x88, 0x0b, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1];
    is_inner(&v4(47, &[&head[..], &ppp].concat()));
}

#[test]
fn ip_in_ip() {
    is_inner(&v4(4, &inner()));
    is_inner(&v6(4, &inner()));
    let contact = ip(&v4(41, &v6(17, &udp(1, 2, &[])))).unwrap();
    assert_eq!((contact.source, contact.transport), (a6(), Transport::Udp));
    is_tunnel(&v4(4, &v6(6, &tcp(2, &[], &[]))), 4);
    is_tunnel(&v4(41, &[1, 2, 3]), 41);
}

#[test]
fn vxlan_and_what_only_looks_like_it() {
    let frame = ethernet(0x0800, &inner());
    let vxlan = |flags: u8| udp(50_000, 4789, &[&[flags, 0, 0, 0, 0, 0, 42, 0][..], &frame].concat());
    is_inner(&v4(17, &vxlan(8)));
    is_inner(&v6(17, &vxlan(8)));
    for payload in [vxlan(0), udp(50_000, 4789, &[8, 0, 0, 0, 0, 0, 42, 0]), udp(50_000, 4789, &[])] {
        let contact = ip(&v4(17, &payload)).unwrap();
        assert_eq!((contact.transport, contact.port, contact.source), (Transport::Udp, 4789, a()));
    }
    let elsewhere = udp(4789, 50_000, &vxlan(8)[8..]);
    assert_eq!(ip(&v4(17, &elsewhere)).unwrap().port, 50_000);
}

#[test]
fn nesting_ends_at_a_contact_of_a_tunnel() {
    let mut packet = inner();
    for _ in 0..8 {
        packet = v4(4, &packet);
    }
    is_inner(&packet);
    is_tunnel(&v4(4, &packet), 4);
    for _ in 0..1_000 {
        packet = v4(4, &packet);
    }
    is_tunnel(&packet, 4);
}
