use crate::make::*;
use watchpost_core::contact::flags::{ACK, FIN, PSH, RST, SYN, URG};
use watchpost_core::contact::{Contact, Outcome, Phase, Transport, traits};
use watchpost_formats::packet::Skip;
use watchpost_formats::packet::{self, LinkType};

fn flags(flags: u8) -> Contact {
    ip(&v4(6, &tcp(flags, &[], &[]))).unwrap()
}

#[test]
fn flags_that_start_something_are_probes() {
    let never_sent_by_stacks = [0, FIN, FIN | PSH | URG, PSH, URG, SYN | FIN, SYN | RST, SYN | ACK | FIN];
    for bits in [SYN, SYN | 0xc0, SYN | PSH, SYN | ACK | RST].into_iter().chain(never_sent_by_stacks) {
        let contact = flags(bits);
        assert_eq!((contact.phase, contact.outcome), (Phase::Probe, Outcome::Unknown), "flags {bits:#x}");
        assert_eq!((contact.source, contact.target), (a(), b()));
        assert_eq!((contact.port, contact.source_port, contact.flags), (22, 40_000, bits));
        assert_eq!((contact.sequence, contact.window), (0xdead_beef, 0xfaf0));
    }
}

#[test]
fn a_syn_ack_is_an_answer_to_its_destination() {
    for bits in [SYN | ACK, SYN | ACK | 0x40, SYN | ACK | PSH] {
        let contact = flags(bits);
        assert_eq!((contact.phase, contact.outcome), (Phase::Reply, Outcome::Answered));
        assert_eq!((contact.source, contact.target), (b(), a()));
        assert_eq!((contact.port, contact.source_port, contact.flags), (40_000, 22, bits));
    }
}

#[test]
fn everything_else_is_unclear() {
    for bits in [ACK, RST, RST | ACK, FIN | ACK, PSH | ACK, URG | ACK, FIN | RST] {
        let contact = flags(bits);
        assert_eq!((contact.phase, contact.outcome), (Phase::Unclear, Outcome::Unknown), "flags {bits:#x}");
        assert_eq!((contact.source, contact.port), (a(), 22));
    }
}

#[test]
fn options_become_traits() {
    let with = |options: &[u8]| ip(&v4(6, &tcp(2, options, &[]))).unwrap().traits & !traits::DONT_FRAGMENT;
    assert_eq!(with(&[2, 4, 5, 0xb4]), traits::MSS);
    assert_eq!(with(&[1, 3, 3, 7]), traits::WINDOW_SCALE);
    assert_eq!(with(&[1, 1, 4, 2]), traits::SACK_PERMITTED);
    assert_eq!(with(&[1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0]), traits::TIMESTAMP);
    let all_ones = [8, 10, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 1, 1];
    assert_eq!(with(&all_ones), traits::TIMESTAMP | traits::TIMESTAMP_ALL_ONES);
    let linux = [2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7];
    assert_eq!(with(&linux), traits::TCP_OPTIONS);
}

#[test]
fn options_that_lie_about_their_length_end_the_list() {
    let with = |options: &[u8]| ip(&v4(6, &tcp(2, options, &[]))).unwrap().traits & !traits::DONT_FRAGMENT;
    assert_eq!(with(&[0, 2, 4, 0]), 0, "behind the end of the list");
    assert_eq!(with(&[99, 0, 4, 2]), 0);
    assert_eq!(with(&[99, 1, 4, 2]), 0);
    assert_eq!(with(&[99, 200, 4, 2]), 0);
    assert_eq!(with(&[1, 1, 1, 2]), 0);
}

#[test]
fn tcp_header_lengths_that_cannot_be() {
    for offset in [0x40, 0x60] {
        let mut segment = tcp(2, &[], &[]);
        segment[12] = offset;
        assert_eq!(ip(&v4(6, &segment)), Err(Skip::Malformed));
    }
    assert_eq!(ip(&v4(6, &tcp(2, &[], &[])[..19])), Err(Skip::Malformed));
}

#[test]
fn udp_is_unclear() {
    for packet in [v4(17, &udp(40_000, 53, &[1])), v6(17, &udp(40_000, 53, &[1]))] {
        let contact = ip(&packet).unwrap();
        assert_eq!((contact.phase, contact.transport), (Phase::Unclear, Transport::Udp));
        assert_eq!((contact.port, contact.source_port, contact.flags), (53, 40_000, 0));
        assert!(contact.has(traits::PAYLOAD));
    }
    assert_eq!(ip(&v4(17, &[0; 7])), Err(Skip::Malformed));
}

fn sctp(chunks: &[u8]) -> Contact {
    ip(&v4(132, &[&[0x9c, 0x40, 0x0b, 0x59, 0, 0, 0, 0, 0, 0, 0, 0][..], chunks].concat())).unwrap()
}

#[test]
fn sctp_chunks() {
    let init = sctp(&[1, 0, 0, 20]);
    assert_eq!((init.phase, init.transport, init.port), (Phase::Probe, Transport::Sctp, 2905));
    let init_ack = sctp(&[2, 0, 0, 20]);
    assert_eq!((init_ack.phase, init_ack.outcome), (Phase::Reply, Outcome::Answered));
    assert_eq!((init_ack.source, init_ack.port, init_ack.source_port), (b(), 40_000, 2905));
    let abort = sctp(&[6, 0, 0, 4]);
    assert_eq!((abort.phase, abort.outcome, abort.target), (Phase::Reply, Outcome::Refused, a()));
    for other in [&[10, 0, 0, 4][..], &[14, 0, 0, 4], &[]] {
        assert_eq!(sctp(other).phase, Phase::Unclear);
        assert!(!sctp(other).has(traits::PAYLOAD));
    }
    assert!(sctp(&[0, 3, 0, 17, 0, 0, 0, 1]).has(traits::PAYLOAD));
    assert!(sctp(&[10, 0, 0, 5, 1, 0, 0, 0, 0, 3, 0, 17]).has(traits::PAYLOAD), "behind a cookie");
    assert!(!sctp(&[3, 0, 0, 0, 3, 0, 0, 0]).has(traits::PAYLOAD), "lengths of zero");
    assert_eq!(ip(&v4(132, &[0; 11])), Err(Skip::Malformed));
}

#[test]
fn other_protocols_are_contacts_of_their_number() {
    for (packet, protocol) in [
        (v4(2, &[0x16, 0, 0, 0]), 2),
        (v4(50, &[1; 8]), 50),
        (v4(58, &[1; 8]), 58),
        (v6(50, &[1; 8]), 50),
        (v6(1, &[1; 8]), 1),
        (v4(255, &[1]), 255),
    ] {
        let contact = ip(&packet).unwrap();
        assert_eq!((contact.transport, contact.port), (Transport::Ip, protocol));
        assert_eq!((contact.phase, contact.source_port), (Phase::Unclear, 0));
        assert!(contact.has(traits::PAYLOAD));
    }
}

#[test]
fn udp_and_icmp_say_how_much_data_they_carry() {
    assert_eq!(ip(&v4(17, &udp(5, 53, &[1; 30]))).unwrap().window, 30);
    assert_eq!(ip(&v4(17, &udp(5, 53, &[]))).unwrap().window, 0);
    let echo = v4(1, &[&[8, 0, 0, 0, 0, 1, 0, 1][..], &[7; 48]].concat());
    assert_eq!(ip(&echo).unwrap().window, 48);
    // As the header says, not as captured.
    let snapped = packet::decode(LinkType::RAW, TIME, &echo[..28], echo.len() as u32, 7).unwrap();
    assert_eq!(snapped.window, 48);
    let echo6 = v6(58, &[&[128, 0, 0, 0, 0, 1, 0, 1][..], &[7; 12]].concat());
    assert_eq!(ip(&echo6).unwrap().window, 12);
}
