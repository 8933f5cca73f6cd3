//! Every format, plain and compressed, and what is no capture at all.

use crate::make::*;
use flate2::{Compression, write::GzEncoder};
use std::io::{self, Read, Write};
use watchpost_core::contact::Contact;
use watchpost_formats::capture::Capture;
use watchpost_formats::input::OpenError;
use watchpost_formats::packet::{LinkType, Skip};
use watchpost_formats::{Kind, formats};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

#[test]
fn every_layout_gives_the_same_packets() {
    for layout in Layout::ALL {
        let (file, _) = layout.file(100);
        let (contacts, capture) = read(&file);
        assert_eq!(numbers(&contacts), (0..100).collect::<Vec<u8>>(), "{layout:?}");
        let second = |number: usize| contacts[number].time - contacts[0].time;
        assert_eq!((second(1), second(99)), (1_000_000_000, 99_000_000_000));
        let precise = if layout.nanoseconds { TIME } else { TIME / 1_000 * 1_000 };
        assert_eq!(contacts[0].time, precise, "{layout:?}");
        let report = capture.report();
        assert_eq!((report.packets, report.damages, report.snapped), (100, 0, 0));
        assert_eq!((report.bytes, report.bytes_raw), (file.len() as u64, file.len() as u64));
        assert_eq!((report.first(), report.last()), (Some(contacts[0].time), Some(contacts[99].time)));
        assert_eq!(report.links, [LinkType::ETHERNET]);
        assert_eq!(capture.format(), if layout.pcapng { "pcapng" } else { "pcap" });
    }
}

#[test]
fn compression_is_recognised_and_taken_off() {
    for layout in Layout::ALL {
        let (file, starts) = layout.file(200);
        let plain = read(&file).0;
        let (one, other) = file.split_at(starts[77] + 5);
        for (compressed, suffix) in [
            (gzip(&file), ".gz"),
            ([gzip(one), gzip(other)].concat(), ".gz"),
            ([gzip(one), gzip(&[]), gzip(other), vec![0; 512]].concat(), ".gz"),
            (zstd(&file), ".zst"),
            ([zstd(one), zstd(other)].concat(), ".zst"),
            ([&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3][..], &zstd(&file)].concat(), ".zst"),
        ] {
            let (contacts, capture) = read(&compressed);
            assert_eq!(contacts, plain);
            assert!(capture.format().ends_with(suffix));
            let report = capture.report();
            assert_eq!((report.damages, report.bytes), (0, file.len() as u64), "{:?}", report.damage);
            assert_eq!(report.bytes_raw, compressed.len() as u64);
        }
    }
}

/// A pipe gives what it has, byte by byte, and is sometimes interrupted.
#[test]
fn a_trickle_is_read_like_a_file() {
    struct Trickle<'a>(&'a [u8], bool);
    impl Read for Trickle<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let count = into.len().min(1);
            self.0.read(&mut into[..count])
        }
    }
    for layout in Layout::ALL {
        let (file, _) = layout.file(20);
        for bytes in [file.clone(), gzip(&file), zstd(&file)] {
            let mut capture = Capture::open(Trickle(&bytes, false), 7).unwrap();
            let mut contacts = Vec::new();
            while capture.fill(&mut contacts, 3) {}
            assert_eq!(contacts, read(&file).0);
            assert_eq!(capture.report().damages, 0);
        }
    }
}

#[test]
fn fill_keeps_to_its_number_and_appends() {
    let (file, _) = Layout::ALL[0].file(10);
    let mut capture = Capture::open(&file[..], 7).unwrap();
    let mut contacts: Vec<Contact> = Vec::new();
    assert!(capture.fill(&mut contacts, 4));
    assert_eq!(contacts.len(), 4);
    assert!(capture.fill(&mut contacts, 0));
    assert!(capture.fill(&mut contacts, 5));
    assert_eq!(numbers(&contacts), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
    assert!(!capture.fill(&mut contacts, 5));
    assert!(!capture.fill(&mut contacts, 5), "the end stays the end");
    assert_eq!(contacts.len(), 10);
}

#[test]
fn skipped_packets_are_counted_with_the_first_place() {
    let layout = Layout::ALL[0];
    let mut file = layout.start();
    let lldp = ethernet(0x88cc, &[2, 7, 4]);
    file.extend(layout.packet(TIME, &syn_to(1)));
    let first = file.len() as u64;
    file.extend(layout.packet(TIME, &lldp));
    file.extend(layout.packet(TIME, &lldp));
    let (contacts, capture) = read(&file);
    let skipped = capture.report().skipped[Skip::NotIp as usize];
    assert_eq!((contacts.len(), capture.report().packets), (1, 3));
    assert_eq!((skipped.count, skipped.first_offset), (2, first));
}

/// Interfaces of different link types and clocks, in sections of different byte orders, with blocks of every kind between.
#[test]
fn pcapng_interfaces_sections_and_blocks() {
    let mut file = Vec::new();
    let mut expected = Vec::new();
    for (round, big_endian) in [false, true, false].into_iter().enumerate() {
        let layout = Layout { pcapng: true, big_endian, nanoseconds: false };
        let offset = if big_endian { 100_i64.to_be_bytes() } else { 100_i64.to_le_bytes() };
        file.extend(layout.section());
        file.extend(layout.block(4, &[0; 4]));
        file.extend(layout.interface(1, &[(2, b"eth0")]));
        file.extend(layout.interface(101, &[(9, &[9]), (14, &offset), (0, &[])]));
        file.extend(layout.interface(101, &[(9, &[0x80 | 10])]));
        file.extend(layout.interface(101, &[(9, &[12])]));
        file.extend(layout.block(0xbad, b"custom"));
        let raw = &syn_to(3)[14..];
        let base = 1_000 * (round as i64 + 1);
        file.extend(layout.enhanced(0, base as u64 * 1_000_000 + 7, &syn_to(1)));
        file.extend(layout.enhanced(1, base as u64 * 1_000_000_000 + 7, raw));
        file.extend(layout.enhanced(2, base as u64 * 1_024 + 512, raw));
        file.extend(layout.enhanced(3, base as u64 * 1_000_000_000_000 + 7_000, raw));
        let second = 1_000_000_000;
        expected.extend([
            base * second + 7_000,
            (base + 100) * second + 7,
            base * second + second / 2,
            base * second + 7,
        ]);
        // The obsolete packet block: a short interface number and a count of drops.
        let length = raw.len() as u32;
        let head = [0_u32, base as u32, length, length].map(|number| layout.u32(number)).concat();
        let obsolete = [&layout.u16(1)[..], &layout.u16(0xffff), &head, raw].concat();
        file.extend(layout.block(2, &obsolete));
        expected.push(base + 100 * second);
        // A simple packet has the time of the one before.
        file.extend(layout.block(3, &[&layout.u32(54)[..], &syn_to(9)].concat()));
        expected.push(base + 100 * second);
        file.extend(layout.block(5, &[0; 8]));
    }
    let (contacts, capture) = read(&file);
    assert_eq!(capture.report().damages, 0, "{:?}", capture.report().damage);
    assert_eq!(contacts.iter().map(|contact| contact.time).collect::<Vec<_>>(), expected);
    assert_eq!(capture.report().links, [LinkType::ETHERNET, LinkType::RAW]);
}

#[test]
fn a_section_forgets_the_interfaces_before_it() {
    let layout = Layout { pcapng: true, big_endian: false, nanoseconds: false };
    let mut file = layout.file(1).0;
    file.extend([layout.section(), layout.enhanced(0, 0, &syn_to(1)), layout.interface(101, &[])].concat());
    file.extend(layout.enhanced(0, 0, &syn_to(2)[14..]));
    let (contacts, capture) = read(&file);
    assert_eq!(numbers(&contacts), [0, 2]);
    assert!(capture.report().damage[0].what.contains("interface 0, which was not described"));
}

#[test]
fn times_at_the_ends_of_their_range() {
    let layout = Layout { pcapng: true, big_endian: false, nanoseconds: false };
    let options: [&[(u16, &[u8])]; 6] = [
        &[(9, &[0])],
        &[(9, &[0x80])],
        &[(9, &[0xff])],
        &[(9, &[127])],
        &[(14, &i64::MIN.to_le_bytes())],
        &[(14, &i64::MAX.to_le_bytes())],
    ];
    let mut file = layout.section();
    for options in options {
        file.extend(layout.interface(1, options));
    }
    for interface in 0..6 {
        for ticks in [0, 1, u64::MAX / 2, u64::MAX] {
            file.extend(layout.enhanced(interface, ticks, &syn_to(1)));
        }
    }
    assert_eq!(read(&file).0.len(), 24);
    let layout = Layout::ALL[0];
    for seconds in [0, 1, u32::MAX] {
        let mut file = layout.start();
        file.extend(layout.packet(i64::from(seconds) * 1_000_000_000 + 999_999_000, &syn_to(1)));
        assert_eq!(read(&file).0[0].time, i64::from(seconds) * 1_000_000_000 + 999_999_000);
    }
}

#[test]
fn packets_of_no_bytes_are_packets() {
    for layout in Layout::ALL {
        let mut file = layout.start();
        for packet in [&[][..], &syn_to(1), &[], &[], &syn_to(2), &[]] {
            file.extend(layout.packet(TIME, packet));
        }
        let (contacts, capture) = read(&file);
        assert_eq!((numbers(&contacts), capture.report().packets), (vec![1, 2], 6), "{layout:?}");
        assert_eq!(capture.report().damages, 0, "{:?}", capture.report().damage);
    }
}

/// Headers of 24 bytes, as Alexey Kuznetzov's patch to libpcap wrote them.
#[test]
fn modified_pcap() {
    let layout = Layout::ALL[0];
    let mut file = layout.start();
    file[..4].copy_from_slice(&0xa1b2_cd34_u32.to_le_bytes());
    for number in 0..9 {
        let record = layout.packet(TIME, &syn_to(number));
        file.extend([&record[..16], &[1, 0, 0, 0, 8, 0, 0, 0], &record[16..]].concat());
    }
    assert_eq!(numbers(&read(&file).0), (0..9).collect::<Vec<u8>>());
}

#[test]
fn a_link_type_beside_its_check_sequence_length() {
    for layout in [Layout::ALL[0], Layout::ALL[2]] {
        let (mut file, _) = layout.file(3);
        file[20..24].copy_from_slice(&layout.u32(0x4400_0001));
        assert_eq!(read(&file).0.len(), 3);
    }
}

fn refused(bytes: &[u8]) -> OpenError {
    match Capture::open(bytes, 0) {
        Ok(_) => panic!("opened"),
        Err(error) => error,
    }
}

#[test]
fn what_is_no_capture_is_told_by_what_it_looks_like() {
    for (bytes, looks) in [
        (&b"Nov 23 12:00:00 host sshd[1]: Failed password\n"[..], "text"),
        ("Überschrift und Text in UTF-8, länger".as_bytes(), "text"),
        (b"{\"event_type\":\"flow\"}", "JSON"),
        (b"#separator \\x09\n#path\tdns\n", "a Zeek log that tells of no connections"),
        (b"\x7fELF\x02\x01\x01", "an ELF program"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"snoop\0\0\0\0\0\0\x02", "a Solaris snoop capture"),
        (&[0; 64], "zeros: a hole, or a copy that failed"),
        (&[1, 2, 3], "no format known here"),
    ] {
        let OpenError::NotACapture { looks_like, .. } = refused(bytes) else { panic!("{looks}") };
        assert_eq!(looks_like, looks);
        let OpenError::NotACapture { looks_like, .. } = refused(&gzip(bytes)) else { panic!("{looks}") };
        assert_eq!(looks_like, looks, "compressed");
    }
}

#[test]
fn error_messages_say_what_and_cannot_disturb_a_terminal() {
    let message = refused(b"\x1b[2Jtext").to_string();
    assert!(message.contains(r#""\x1b[2Jtext""#) && !message.contains('\x1b'), "{message}");
    assert!(message.contains("tcpdump -w"), "{message}");
    assert!(matches!(refused(b""), OpenError::Empty));
    assert!(matches!(refused(&gzip(b"")), OpenError::Empty));
    assert!(matches!(refused(&zstd(b"")), OpenError::Empty));
    let header = refused(&Layout::ALL[0].start()[..23]).to_string();
    assert!(header.contains("24 bytes, 23 are there"), "{header}");
    for broken in
        [&b"\x1f\x8b\x08\x00\0\0\0\0\0\x03\xff\xff\xff\xff"[..], b"\x1f\x8b", b"\x28\xb5\x2f\xfd\xff\xff"]
    {
        assert!(matches!(refused(broken), OpenError::Compression(_)), "{broken:x?}");
    }
}

#[test]
fn an_input_that_cannot_be_read_is_an_io_error() {
    struct Fails;
    impl Read for Fails {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::new(io::ErrorKind::PermissionDenied, "no"))
        }
    }
    assert!(matches!(Capture::open(Fails, 0), Err(OpenError::Io(_))));
}

/// The list of formats is what the reader does: each of its beginnings is recognised, and no name stands twice.
#[test]
fn the_list_of_formats_is_true() {
    for format in formats() {
        let spec = format.spec;
        assert!(!spec.help.is_empty() && !spec.recognised.is_empty());
        assert_eq!(spec.extensions.is_empty(), format.kind == Kind::Export);
        assert_eq!(formats().filter(|other| other.spec.name == spec.name).count(), 1);
        for magic in spec.recognised.iter().filter(|_| format.kind == Kind::Capture) {
            let bytes = [magic, &[0; 60][..]].concat();
            assert_eq!(Capture::open(&bytes[..], 0).unwrap().format(), spec.name);
        }
    }
}
