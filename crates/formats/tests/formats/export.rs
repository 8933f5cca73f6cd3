//! Flow exports: datagrams made byte by byte, and those of real exporters beside the repository.

use super::make::*;
use proptest::prelude::*;
use std::path::Path;
use watchpost_core::contact::flags::{ACK, PSH, RST, SYN};
use watchpost_core::contact::{Contact, Outcome, Phase, SECOND, Transport};
use watchpost_core::detect::Sense;
use watchpost_core::net::Address;
use watchpost_formats::report::Report;

/// A capture of datagrams from an exporter to its collector.
fn exported(port: u16, datagrams: &[Vec<u8>]) -> (Vec<Contact>, Vec<(&'static str, u64)>) {
    let (contacts, report) = reported(port, datagrams);
    let skipped = report.skipped().map(|(reason, skipped)| (reason, skipped.count)).collect();
    (contacts, skipped)
}

fn reported(port: u16, datagrams: &[Vec<u8>]) -> (Vec<Contact>, Report) {
    let layout = Layout::ALL[0];
    let packet = |bytes: &Vec<u8>| {
        let sent = v4_between(ROUTER, [203, 0, 113, 9], 17, &udp(9_999, port, bytes));
        layout.packet(TIME, &ethernet(0x0800, &sent))
    };
    let file = [layout.start(), datagrams.iter().flat_map(packet).collect()].concat();
    let (contacts, capture) = read(&file);
    (contacts, capture.report().clone())
}

/// What the report says cannot be seen.
fn blind(report: &Report) -> Vec<(Sense, &str)> {
    report.blind.iter().map(|(sense, why)| (*sense, why.as_ref())).collect()
}

fn numbers(parts: &[(u64, usize)]) -> Vec<u8> {
    parts.iter().flat_map(|(value, bytes)| value.to_be_bytes()[8 - bytes..].to_vec()).collect()
}

/// One record of NetFlow v5, of packets between A and B.
fn record(source: [u8; 4], target: [u8; 4], ports: (u16, u16), flags: u8, first: u64) -> Vec<u8> {
    let ends = [source.to_vec(), target.to_vec(), vec![0; 8]].concat();
    let sums = numbers(&[(2, 4), (80, 4), (first, 4), (first + 10, 4)]);
    let rest = numbers(&[
        (ports.0.into(), 2),
        (ports.1.into(), 2),
        (0, 1),
        (flags.into(), 1),
        (6, 1),
        (0, 8),
        (0, 1),
    ]);
    [ends, sums, rest].concat()
}

fn v5(records: &[Vec<u8>], sampling: u64) -> Vec<u8> {
    // Sent at 1,700,000,000 s, 100,000 ms after the exporter began.
    let header = numbers(&[
        (5, 2),
        (records.len() as u64, 2),
        (100_000, 4),
        (1_700_000_000, 4),
        (0, 4),
        (0, 4),
        (0, 2),
        (sampling, 2),
    ]);
    [header, records.concat()].concat()
}

#[test]
fn version_5_tells_both_directions_and_the_question_comes_first() {
    let datagram = v5(
        &[record(B, A, (22, 40_000), SYN | ACK, 99_000), record(A, B, (40_000, 22), SYN | RST, 99_000)],
        0,
    );
    let (contacts, skipped) = exported(2055, &[datagram]);
    assert_eq!((contacts.len(), skipped.len()), (2, 0), "{contacts:?} {skipped:?}");
    let one = contacts[0];
    assert_eq!((one.source, one.target, one.port, one.source_port), (a(), b(), 22, 40_000));
    assert_eq!((one.phase, one.outcome, one.weight), (Phase::Half, Outcome::Silent, 2));
    assert_eq!(one.time, 1_699_999_999 * SECOND);
    assert_eq!((contacts[1].source, contacts[1].flags), (b(), SYN | ACK));
}

#[test]
fn what_is_sampled_proves_nothing_by_silence_and_is_told() {
    let asked = || record(A, B, (40_000, 22), SYN, 99_000);
    let (contacts, report) = reported(9995, &[v5(&[asked()], 0x4000 | 100)]);
    assert_eq!((contacts[0].outcome, contacts[0].weight), (Outcome::Unknown, 200));
    let (sense, why) = *blind(&report).last().unwrap();
    assert!(sense == Sense::Everything && why.contains("one packet in 100:"), "{why}");
    let (_, report) = reported(9995, &[v5(&[asked()], 100), v5(&[asked()], 0), v5(&[asked()], 1_000)]);
    assert!(blind(&report).last().unwrap().1.contains("one packet in 100 to 1000:"));
    let (_, report) = reported(9995, &[v5(&[asked()], 0), v5(&[asked()], 1)]);
    assert!(blind(&report).iter().all(|(sense, _)| *sense != Sense::Everything));
    assert!(blind(&report).iter().any(|(sense, _)| *sense == Sense::Headers), "as every flow record");
}

#[test]
fn the_same_moment_is_the_same_in_every_datagram() {
    let asked = record(A, B, (40_000, 22), SYN, 99_000);
    let answered = record(B, A, (22, 40_000), SYN | ACK, 99_000);
    // Half a second later by the clock, and by the uptime 499 ms: rounded otherwise.
    let mut later = v5(&[answered], 0);
    later[4..8].copy_from_slice(&100_499_u32.to_be_bytes());
    later[12..16].copy_from_slice(&499_000_000_u32.to_be_bytes());
    let (contacts, _) = exported(2055, &[v5(&[asked], 0), later.clone()]);
    assert_eq!(contacts[0].time, contacts[1].time);
    later[12..16].copy_from_slice(&499_900_000_u32.to_be_bytes());
    let (contacts, _) = exported(2055, &[v5(&[record(A, B, (40_000, 22), SYN, 99_000)], 0), later.clone()]);
    assert_eq!(contacts[0].time, contacts[1].time);
    // A clock that was set is another beginning.
    later[8..12].copy_from_slice(&1_700_000_010_u32.to_be_bytes());
    let (contacts, _) = exported(2055, &[v5(&[record(A, B, (40_000, 22), SYN, 99_000)], 0), later]);
    assert_eq!(contacts[1].time - contacts[0].time, 10 * SECOND + 900_000);
}

#[test]
fn what_is_cut_off_is_counted_and_the_rest_is_read() {
    let mut datagram = v5(&[record(A, B, (40_000, 22), SYN, 1), record(A, B, (40_000, 23), SYN, 1)], 0);
    datagram.truncate(datagram.len() - 1);
    let (contacts, skipped) = exported(2055, &[datagram]);
    assert_eq!((contacts.len(), skipped), (1, vec![("a NetFlow v5 datagram that is cut off", 1)]));
}

/// An IPFIX message, or a NetFlow v9 datagram, with these sets.
fn message(version: u64, sets: &[Vec<u8>]) -> Vec<u8> {
    let body = sets.concat();
    let header = match version {
        9 => numbers(&[(9, 2), (1, 2), (100_000, 4), (1_700_000_000, 4), (1, 4), (7, 4)]),
        _ => numbers(&[(10, 2), (16 + body.len() as u64, 2), (1_700_000_000, 4), (1, 4), (7, 4)]),
    };
    [header, body].concat()
}

fn set(id: u64, body: Vec<u8>) -> Vec<u8> {
    [numbers(&[(id, 2), (4 + body.len() as u64, 2)]), body].concat()
}

/// Addresses, ports, protocol, flags, packets, start in milliseconds (IPFIX) or of uptime (v9).
fn template(version: u64, id: u64) -> Vec<u8> {
    let start = if version == 9 { (22, 4) } else { (152, 8) };
    let fields = [(8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (6, 1), (2, 4), start];
    let fields: Vec<u8> = fields.iter().flat_map(|(id, length)| numbers(&[(*id, 2), (*length, 2)])).collect();
    set(if version == 9 { 0 } else { 2 }, [numbers(&[(id, 2), (8, 2)]), fields].concat())
}

fn data(version: u64, id: u64) -> Vec<u8> {
    let start = if version == 9 { (99_000, 4) } else { (1_699_999_999_000, 8) };
    let rest = numbers(&[(40_000, 2), (22, 2), (6, 1), (u64::from(SYN | ACK | PSH), 1), (5, 4), start]);
    set(id, [A.to_vec(), B.to_vec(), rest, vec![0; 3]].concat())
}

#[test]
fn data_before_their_template_wait_and_lost_ones_are_counted() {
    for version in [9, 10] {
        let (before, after) =
            (message(version, &[template(version, 300)]), message(version, &[data(version, 300)]));
        for order in [[before.clone(), after.clone()], [after.clone(), before]] {
            let (contacts, skipped) = exported(4739, &order);
            assert_eq!((contacts.len(), skipped.len()), (1, 0), "{version}: {contacts:?} {skipped:?}");
            let one = contacts[0];
            assert_eq!((one.source, one.port, one.weight, one.time), (a(), 22, 5, 1_699_999_999 * SECOND));
        }
        let (contacts, skipped) = exported(4739, &[after]);
        assert_eq!((contacts.len(), skipped), (0, vec![("data whose template did not come", 1)]));
    }
}

#[test]
fn options_tell_the_sampling_and_biflows_both_directions() {
    // Options: scope of one field (domain 149), sampling interval 34.
    let options = set(3, numbers(&[(256, 2), (2, 2), (1, 2), (149, 2), (4, 2), (34, 2), (4, 2)]));
    let told = set(256, numbers(&[(7, 4), (1_000, 4)]));
    let fields = numbers(&[
        (8, 2),
        (4, 2),
        (12, 2),
        (4, 2),
        (7, 2),
        (2, 2),
        (11, 2),
        (2, 2),
        (4, 2),
        (1, 2),
        (2, 2),
        (4, 2),
    ]);
    let reverse = numbers(&[(0x8002, 2), (4, 2), (29_305, 4)]);
    let template = set(2, [numbers(&[(257, 2), (7, 2)]), fields, reverse].concat());
    let rest = numbers(&[(40_000, 2), (53, 2), (17, 1), (1, 4), (2, 4)]);
    let data = set(257, [A.to_vec(), B.to_vec(), rest].concat());
    let (contacts, skipped) = exported(4739, &[message(10, &[options, told, template, data])]);
    assert!(skipped.is_empty(), "{skipped:?}");
    let told: Vec<_> = contacts.iter().map(|c| (c.source, c.port, c.weight, c.outcome)).collect();
    assert_eq!(told, [(a(), 53, 1_000, Outcome::Unknown), (b(), 40_000, 2_000, Outcome::Unknown)]);
}

#[test]
fn an_uptime_that_has_come_round_is_of_the_last_weeks() {
    // Options: scope 149, systemInitTimeMilliseconds 160. The exporter began now, and read a capture of an hour ago.
    let options = set(3, numbers(&[(256, 2), (2, 2), (1, 2), (149, 2), (4, 2), (160, 2), (8, 2)]));
    let told = set(256, numbers(&[(7, 4), (1_699_999_990_000, 8)]));
    let fields = numbers(&[(8, 2), (4, 2), (12, 2), (4, 2), (4, 2), (1, 2), (22, 2), (4, 2)]);
    let template = set(2, [numbers(&[(257, 2), (4, 2)]), fields].concat());
    let first = u64::from(u32::MAX) + 1 - 3_600_000;
    let data = set(257, [A.to_vec(), B.to_vec(), numbers(&[(6, 1), (first, 4)])].concat());
    let (contacts, _) = exported(4739, &[message(10, &[options, told, template, data])]);
    assert_eq!(contacts[0].time, (1_699_999_990 - 3_600) * SECOND);
}

/// A datagram of sFlow with one sample of this packet.
fn sflow(packet: Vec<u8>, rate: u64) -> Vec<u8> {
    let padding = vec![0; packet.len().wrapping_neg() % 4];
    let header =
        [numbers(&[(1, 4), (packet.len() as u64, 4), (0, 4), (packet.len() as u64, 4)]), packet, padding]
            .concat();
    let sample = [
        numbers(&[(1, 4), (5, 4), (rate, 4), (0, 4), (0, 4), (1, 4), (2, 4), (1, 4)]),
        numbers(&[(1, 4), (header.len() as u64, 4)]),
        header,
    ]
    .concat();
    [
        numbers(&[(5, 4), (1, 4)]),
        ROUTER.to_vec(),
        numbers(&[(0, 4), (1, 4), (9, 4), (1, 4), (1, 4), (sample.len() as u64, 4)]),
        sample,
    ]
    .concat()
}

#[test]
fn samples_of_sflow_are_packets_where_all_are_reported() {
    let packet = ethernet(0x0800, &v4(6, &tcp(SYN, &[], b"")));
    let (contacts, report) = reported(6343, &[sflow(packet, 1)]);
    assert_eq!((contacts.len(), report.skipped().count()), (1, 0));
    assert_eq!((contacts[0].source, contacts[0].port, contacts[0].weight), (a(), 22, 1));
    assert_eq!((contacts[0].transport, contacts[0].phase), (Transport::Tcp, Phase::Probe));
    assert!(blind(&report).iter().all(|(sense, _)| *sense != Sense::Everything));
}

/// With the ports of the other direction.
fn back(mut segment: Vec<u8>) -> Vec<u8> {
    segment[..4].rotate_left(2);
    segment
}

#[test]
fn a_sampled_packet_proves_what_it_says_alone() {
    let sampled = |ip: Vec<u8>| exported(6343, &[sflow(ethernet(0x0800, &ip), 512)]);
    let one = |ip: Vec<u8>| sampled(ip).0[0];
    let syn = one(v4(6, &tcp(SYN, &[], b"")));
    assert_eq!((syn.phase, syn.outcome, syn.flags, syn.weight), (Phase::Flow, Outcome::Unknown, SYN, 512));
    let accepted = one(v4(6, &tcp(SYN | ACK, &[], b"")));
    assert_eq!((accepted.phase, accepted.outcome, accepted.flags), (Phase::Flow, Outcome::Answered, SYN));
    assert_eq!((accepted.source, accepted.port, accepted.ttl), (b(), syn.source_port, 0));
    let mut reset = tcp(RST | ACK, &[], b"");
    let (midst, skipped) = sampled(v4(6, &reset));
    assert_eq!((midst.len(), skipped), (0, vec![("a sampled packet from the midst of a connection", 1)]));
    reset[4..8].fill(0);
    let refused = one(v4(6, &reset));
    assert_eq!((refused.source, refused.outcome, refused.flags), (b(), Outcome::Refused, 0));
    // Data tell who spoke, and the ports who began; without data a segment could be anything.
    let spoke = one(v4(6, &tcp(ACK | PSH, &[], b"data")));
    assert_eq!((spoke.source, spoke.outcome, spoke.flags), (a(), Outcome::Asked, 0));
    let told = one(v4_between(B, A, 6, &back(tcp(ACK | PSH, &[], b"data"))));
    assert_eq!((told.source, told.port, told.outcome), (a(), spoke.port, Outcome::Told));
    assert!(sampled(v4(6, &tcp(ACK, &[], b""))).0.is_empty());
    let datagram = one(v4(17, &udp(40_000, 161, b"who?")));
    assert_eq!((datagram.phase, datagram.outcome, datagram.port), (Phase::Half, Outcome::Unknown, 161));
}

/// What real exporters sent: every datagram is read; templates (`tpl`) come before their data.
#[test]
#[allow(clippy::print_stderr, reason = "a skipped test says so")]
fn real_exporters() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/netflow");
    let Ok(files) = std::fs::read_dir(Path::new(folder)) else {
        eprintln!("skipped: {folder} is not there");
        return;
    };
    let mut names: Vec<_> = files.filter_map(|file| Some(file.ok()?.path())).collect();
    names.sort_by_key(|path| {
        let name = path.to_string_lossy().into_owned();
        (!name.contains("tpl"), name)
    });
    let datagrams: Vec<Vec<u8>> =
        names.iter().map(|path| std::fs::read(path).unwrap()).filter(|d| d.len() < 65_000).collect();
    let (contacts, skipped) = exported(2055, &datagrams);
    let nowhere =
        contacts.iter().filter(|c| c.source == Address::default() && c.target == Address::default());
    assert!(contacts.len() > 150 && nowhere.count() < 20, "{} {skipped:?}", contacts.len());
    // Whatever is made of them, within years of this century.
    let sane = |c: &&Contact| c.time > 1_000_000_000 * SECOND && c.time < 2_000_000_000 * SECOND;
    assert!(contacts.iter().filter(sane).count() * 10 > contacts.len() * 9);
}

proptest! {
    #[test]
    fn no_bytes_panic(version in prop_oneof![Just(vec![0, 5]), Just(vec![0, 9]), Just(vec![0, 10]), Just(vec![0, 0, 0, 5])],
        rest in proptest::collection::vec(any::<u8>(), 14..300), cut in 0usize..300) {
        let whole = [version, rest].concat();
        let sets = message(9, &[template(9, 300), whole.clone()]);
        let cut = whole[..cut.min(whole.len())].to_vec();
        let _ = exported(2055, &[whole, sets, cut]);
    }
}
