use crate::make::*;
use watchpost_core::contact::{Contact, Outcome, Phase, Transport, traits};
use watchpost_core::net::Address;
use watchpost_formats::packet::{EXPIRED, Skip};

const DATA: [u8; 4] = [1, 2, 3, 4];

fn message(kind: u8, code: u8, rest: &[u8]) -> Vec<u8> {
    [&[kind, code, 0, 0][..], rest].concat()
}

fn icmp(kind: u8, code: u8, rest: &[u8]) -> Result<Contact, Skip> {
    ip(&v4(1, &message(kind, code, rest)))
}

fn icmp6(kind: u8, code: u8, rest: &[u8]) -> Result<Contact, Skip> {
    ip(&v6(58, &message(kind, code, rest)))
}

#[test]
fn requests_probe() {
    let id = [0x12, 0x34, 0, 9];
    for (kind, least) in [(8, 0), (13, 12), (15, 0), (17, 4), (37, 0), (42, 0)] {
        let contact = icmp(kind, 1, &[&id[..], &vec![0; least]].concat()).unwrap();
        assert_eq!((contact.phase, contact.transport), (Phase::Probe, Transport::Icmp));
        assert_eq!((contact.port, contact.sequence), (u16::from(kind) << 8 | 1, 0x1234_0009));
        assert_eq!((contact.source, contact.target, contact.source_port), (a(), b(), 0));
        assert!(!contact.has(traits::PAYLOAD), "type {kind}");
        assert!(icmp(kind, 0, &[&id[..], &vec![0; least + 1]].concat()).unwrap().has(traits::PAYLOAD));
    }
    let contact = icmp6(128, 0, &[&id[..], &DATA].concat()).unwrap();
    assert_eq!((contact.phase, contact.transport, contact.port), (Phase::Probe, Transport::Icmp6, 0x8000));
    assert!(contact.has(traits::PAYLOAD));
}

#[test]
fn answers_are_replies_to_their_destination() {
    for (kind, request) in [(0, 8), (14, 13), (16, 15), (18, 17)] {
        let contact = icmp(kind, 3, &[0; 16]).unwrap();
        assert_eq!((contact.phase, contact.outcome), (Phase::Reply, Outcome::Answered));
        assert_eq!((contact.source, contact.target), (b(), a()));
        assert_eq!((contact.port, contact.source_port), (request << 8, 0));
    }
    let contact = icmp6(129, 0, &DATA).unwrap();
    assert_eq!((contact.phase, contact.source, contact.port), (Phase::Reply, b6(), 0x8000));
}

/// An error from `sender` to A about a packet that A had sent to B.
fn error(sender: [u8; 4], kind: u8, code: u8, quoted: &[u8]) -> Result<Contact, Skip> {
    ip(&v4_between(sender, A, 1, &message(kind, code, &[&[0; 4], quoted].concat())))
}

fn error6(sender: [u8; 16], kind: u8, code: u8, quoted: &[u8]) -> Result<Contact, Skip> {
    ip(&v6_between(sender, A6, 58, &message(kind, code, &[&[0; 4], quoted].concat())))
}

#[test]
fn only_the_target_itself_refuses() {
    let quoted = v4(17, &udp(40_000, 53, &[]));
    for code in [2, 3] {
        let contact = error(B, 3, code, &quoted).unwrap();
        assert_eq!((contact.phase, contact.outcome), (Phase::Reply, Outcome::Refused));
        assert_eq!((contact.source, contact.target), (a(), b()));
        assert_eq!((contact.transport, contact.port, contact.source_port), (Transport::Udp, 53, 40_000));
        assert_eq!(error(ROUTER, 3, code, &quoted).unwrap().outcome, Outcome::Unreachable);
    }
    for code in [0, 1, 9, 10, 13] {
        assert_eq!(error(B, 3, code, &quoted).unwrap().outcome, Outcome::Unreachable);
    }
    let quoted = v6(17, &udp(40_000, 53, &[]));
    for (kind, code) in [(1, 4), (4, 1)] {
        assert_eq!(error6(B6, kind, code, &quoted).unwrap().outcome, Outcome::Refused);
        assert_eq!(error6([9; 16], kind, code, &quoted).unwrap().outcome, Outcome::Unreachable);
    }
    assert_eq!(error6(B6, 1, 1, &quoted).unwrap().outcome, Outcome::Unreachable);
    assert_eq!(error6(B6, 1, 1, &quoted).unwrap().target, b6());
}

#[test]
fn expired_packets_are_marked() {
    let contact = error(ROUTER, 11, 0, &v4(17, &udp(40_000, 33_434, &[]))).unwrap();
    assert_eq!((contact.outcome, contact.flags), (Outcome::Unreachable, EXPIRED));
    let contact = error6([9; 16], 3, 0, &v6(58, &message(128, 0, &DATA))).unwrap();
    assert_eq!((contact.flags, contact.transport, contact.port), (EXPIRED, Transport::Icmp6, 0x8000));
    assert_eq!(error(ROUTER, 3, 1, &v4(17, &udp(1, 2, &[]))).unwrap().flags, 0);
}

#[test]
fn every_service_can_be_quoted() {
    let service = |quoted: &[u8]| {
        let contact = error(B, 3, 3, quoted).unwrap();
        (contact.transport, contact.port, contact.sequence)
    };
    // Eight bytes are sure, and hold TCP's sequence number.
    assert_eq!(service(&v4(6, &tcp(2, &[], &[]))[..28]), (Transport::Tcp, 22, 0xdead_beef));
    assert_eq!(service(&v4(132, &udp(9, 2905, &[]))), (Transport::Sctp, 2905, 0));
    assert_eq!(service(&v4(1, &message(8, 0, &[0, 1, 0, 2]))), (Transport::Icmp, 0x0800, 0x0001_0002));
    assert_eq!(service(&v4(1, &message(13, 0, &[0; 16]))), (Transport::Icmp, 0x0d00, 0));
    assert_eq!(service(&v4(47, &[0; 8])), (Transport::Ip, 47, 0));
    assert_eq!(service(&v4(6, &[])), (Transport::Ip, 6, 0));
    let behind_options = v6(60, &[&[17, 0, 1, 4, 0, 0, 0, 0][..], &udp(1, 161, &[])].concat());
    assert_eq!(error6(B6, 1, 4, &behind_options).unwrap().port, 161);
}

#[test]
fn quotes_that_cannot_be_used() {
    let sound = v4(6, &tcp(2, &[], &[]));
    assert_eq!(error(B, 3, 3, &sound[..19]), Err(Skip::Malformed));
    assert!(error(B, 3, 3, &sound[..22]).is_err());
    assert!(error(B, 3, 3, &sound[..24]).is_ok(), "ports are all that is needed");
    let about_an_answer = v4(1, &message(0, 0, &DATA));
    assert_eq!(error(B, 3, 3, &about_an_answer), Err(Skip::IcmpControl));
    let mut fragment = sound.clone();
    fragment[7] = 1;
    assert_eq!(error(B, 3, 3, &fragment), Err(Skip::Fragment));
}

/// Some stacks quote the header with the total length in their own byte order, or less the header.
#[test]
fn a_quoted_length_that_cannot_be_is_passed_over() {
    let mut quoted = v4(6, &tcp(2, &[], &[]));
    quoted[2..4].copy_from_slice(&[0, 3]);
    assert_eq!(error(B, 3, 3, &quoted).unwrap().port, 22);
    quoted[2..4].copy_from_slice(&[40, 0]);
    assert_eq!(error(B, 3, 3, &quoted).unwrap().port, 22);
}

#[test]
fn what_touches_no_host() {
    for (kind, code) in [(3, 4), (4, 0), (5, 1), (9, 0), (10, 0), (30, 0), (200, 0)] {
        assert_eq!(error(B, kind, code, &v4(6, &tcp(2, &[], &[]))), Err(Skip::IcmpControl), "type {kind}");
    }
    for kind in [2, 130, 131, 132, 133, 134, 137, 143] {
        assert_eq!(error6(B6, kind, 0, &v6(6, &tcp(2, &[], &[]))), Err(Skip::IcmpControl), "type {kind}");
    }
    assert_eq!(ip(&v4(1, &[8, 0, 0, 0, 0])), Err(Skip::Malformed));
}

#[test]
fn neighbours_ask_and_answer() {
    let c6 = [&A6[..15], &[0x77]].concat();
    let subject = |head: [u8; 4]| [&head[..], &c6, &[1, 1, 2, 0, 0, 0, 0, 1]].concat();
    let asked = Address::v6(c6.clone().try_into().unwrap());
    let asks = icmp6(135, 0, &subject([0; 4])).unwrap();
    assert_eq!((asks.source, asks.target, asks.transport), (a6(), asked, Transport::Nd));
    assert_eq!((asks.phase, asks.port), (Phase::Probe, 0));
    let answers = icmp6(136, 0, &subject([0x60, 0, 0, 0])).unwrap();
    assert_eq!((answers.source, answers.target), (b6(), asked), "the packet's destination had asked");
    assert_eq!((answers.phase, answers.outcome), (Phase::Reply, Outcome::Answered));
    assert_eq!(icmp6(136, 0, &subject([0x20, 0, 0, 0])), Err(Skip::AsksNobody), "nobody had asked");
    let duplicate_check = v6_between([0; 16], B6, 58, &message(135, 0, &subject([0; 4])));
    assert_eq!(ip(&duplicate_check), Err(Skip::AsksNobody));
    assert_eq!(icmp6(135, 0, &subject([0; 4])[..19]), Err(Skip::Malformed));
}
