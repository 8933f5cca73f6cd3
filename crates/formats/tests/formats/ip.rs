use crate::make::*;
use watchpost_core::contact::{Phase, Transport, traits};
use watchpost_formats::packet::{self, LinkType, Skip};

#[test]
fn ipv4_fields_and_options() {
    let contact = ip(&v4(6, &tcp(2, &[], &[]))).unwrap();
    assert_eq!((contact.ip_id, contact.ttl), (0x1234, 57));
    assert_eq!(contact.traits, traits::DONT_FRAGMENT);
    let mut with_options = v4(6, &[&[1; 8][..], &tcp(2, &[], &[])].concat());
    with_options[0] = 0x47;
    assert_eq!(ip(&with_options).unwrap().port, 22);
    with_options[6] = 0;
    assert_eq!(ip(&with_options).unwrap().traits, 0);
}

#[test]
fn ipv4_that_cannot_be() {
    let sound = v4(6, &tcp(2, &[], &[]));
    for (at, value) in [(0, 0x44), (0, 0x55), (3, 19)] {
        let mut packet = sound.clone();
        packet[at] = value;
        assert_eq!(ip(&packet), Err(Skip::Malformed), "byte {at} is {value:#x}");
    }
    assert_eq!(ip(&sound[..19]), Err(Skip::Malformed));
    assert_eq!(ip(&[]), Err(Skip::Malformed));
}

#[test]
fn fragments_after_the_first_are_skipped_and_the_first_is_not() {
    let mut packet = v4(6, &tcp(2, &[], &[]));
    packet[6] = 0x20;
    assert_eq!(ip(&packet).unwrap().port, 22);
    packet[7] = 1;
    assert_eq!(ip(&packet), Err(Skip::Fragment));
    let fragment = |offset: u8| v6(44, &[&[6, 0, 0, offset, 0, 0, 0, 1][..], &tcp(2, &[], &[])].concat());
    assert_eq!(ip(&fragment(1)).unwrap().port, 22);
    assert_eq!(ip(&fragment(8)), Err(Skip::Fragment));
}

/// `nmap -f` sends 8 bytes of TCP in the first fragment, `nmap -ff` 16, `nmap --mtu 24` cuts within the options.
#[test]
fn a_header_split_over_fragments_is_a_probe() {
    let segment = tcp(2, &[2, 4, 5, 0xb4, 4, 2, 0, 0], &[]);
    for (length, flags, traits) in
        [(8, 0, traits::HEADER_SPLIT), (16, 2, traits::HEADER_SPLIT), (24, 2, traits::MSS)]
    {
        let mut packet = v4(6, &segment[..length]);
        assert_eq!(ip(&packet), Err(Skip::Malformed), "not a fragment");
        packet[6] = 0x20;
        let extension = [6, 0, 0, 1, 0, 0, 0, 9];
        for packet in [packet, v6(44, &[&extension[..], &segment[..length]].concat())] {
            let contact = ip(&packet).unwrap();
            assert_eq!((contact.transport, contact.port, contact.phase), (Transport::Tcp, 22, Phase::Probe));
            assert_eq!((contact.flags, contact.traits), (flags, traits));
        }
    }
    let mut init = v4(132, &udp(9, 2905, &[]));
    assert_eq!(ip(&init), Err(Skip::Malformed));
    init[6] = 0x20;
    assert_eq!(ip(&init).unwrap().port, 2905);
    let mut without_ports = v4(6, &segment[..3]);
    without_ports[6] = 0x20;
    assert_eq!(ip(&without_ports), Err(Skip::Malformed));
}

#[test]
fn a_length_of_zero_is_segmentation_offload() {
    let mut packet = v4(6, &tcp(0x18, &[], &[1; 5]));
    packet[2..4].fill(0);
    assert!(ip(&packet).unwrap().has(traits::PAYLOAD));
    let mut jumbo = v6(6, &[&tcp(0x18, &[], &[])[..], &[1; 70_000]].concat());
    jumbo[4..6].fill(0);
    assert!(ip(&jumbo).unwrap().has(traits::PAYLOAD));
}

#[test]
fn padding_is_no_payload() {
    let frame = |packet: &[u8]| {
        let mut frame = ethernet(0x0800, packet);
        frame.resize(60, 0);
        decode(LinkType::ETHERNET, &frame).unwrap()
    };
    assert!(!frame(&v4(6, &tcp(2, &[], &[]))).has(traits::PAYLOAD));
    assert!(frame(&v4(6, &tcp(2, &[], &[9]))).has(traits::PAYLOAD));
    assert!(!frame(&v4(17, &udp(1, 2, &[]))).has(traits::PAYLOAD));
    assert!(frame(&v4(17, &udp(1, 2, &[9]))).has(traits::PAYLOAD));
}

#[test]
fn ipv6_extension_headers() {
    let options = |next: u8| [&[next, 1][..], &[1; 14]].concat();
    let chain = [options(43), options(60), options(51), vec![44, 2, 0, 0, 0, 0, 0, 1], vec![0; 8]].concat();
    let chain = [chain, vec![6, 0, 0, 1, 0, 0, 0, 9], tcp(2, &[], &[])].concat();
    let contact = ip(&v6(0, &chain)).unwrap();
    assert_eq!((contact.port, contact.source, contact.target, contact.ip_id), (22, a6(), b6(), 0));
    assert_eq!(ip(&v6(0, &options(0).repeat(20))), Err(Skip::Nesting));
    assert_eq!(ip(&v6(0, &[6, 9, 0, 0, 0, 0, 0, 0])), Err(Skip::Malformed), "longer than the packet");
}

#[test]
fn an_announced_header_that_is_not_there_probes_its_protocol() {
    for next in [0, 43, 44, 51, 60, 6, 17, 58, 132, 59] {
        let contact = ip(&v6(next, &[])).unwrap();
        assert_eq!((contact.transport, contact.port), (Transport::Ip, u16::from(next)));
    }
    for protocol in [1, 6, 17, 132, 4, 41, 47, 51] {
        let contact = ip(&v4(protocol, &[])).unwrap();
        assert_eq!((contact.transport, contact.port), (Transport::Ip, u16::from(protocol)));
    }
}

#[test]
fn what_an_authentication_header_protects_is_seen() {
    let header = [6, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
    let contact = ip(&v4(51, &[&header[..], &tcp(2, &[], &[])].concat())).unwrap();
    assert_eq!((contact.transport, contact.port), (Transport::Tcp, 22));
}

/// What a snap length cuts off is missing; what was never there is malformed.
#[test]
fn snapped_packets_give_what_is_there() {
    let packet = v4(6, &tcp(2, &[2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7], &[1; 100]));
    let full = packet.len() as u32;
    let snapped = |length| packet::decode(LinkType::RAW, TIME, &packet[..length], full, 7);
    for length in 1..40 {
        assert_eq!(snapped(length), Err(Skip::Snapped), "{length} bytes");
    }
    let bare = snapped(40).unwrap();
    assert_eq!((bare.port, bare.flags, bare.traits), (22, 2, traits::DONT_FRAGMENT | traits::PAYLOAD));
    assert!(snapped(44).unwrap().has(traits::MSS));
    assert!(!snapped(44).unwrap().has(traits::SACK_PERMITTED));
    assert!(snapped(60).unwrap().has(traits::TCP_OPTIONS));
    let datagram = v4(17, &udp(53, 5353, &[0; 30]));
    let contact = packet::decode(LinkType::RAW, TIME, &datagram[..24], datagram.len() as u32, 7).unwrap();
    assert_eq!((contact.port, contact.source_port), (5353, 53));
    assert!(contact.has(traits::PAYLOAD));
}

/// The IP header is believed before the capture's own record of the length.
#[test]
fn a_wrong_original_length_does_no_harm() {
    let packet = v4(6, &tcp(2, &[], &[]));
    assert!(packet::decode(LinkType::RAW, TIME, &packet, 0, 7).is_ok());
    let contact = packet::decode(LinkType::RAW, TIME, &packet, u32::MAX, 7).unwrap();
    assert!(!contact.has(traits::PAYLOAD));
}
