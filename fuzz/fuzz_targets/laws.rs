//! Any contacts: splitting the run and restoring the state between gives what one run gives; no panic; loopback and
//! group addresses are never a campaign.

#![no_main]

use libfuzzer_sys::fuzz_target;
use watchpost_core::contact::{Contact, Outcome, Phase, Transport};
use watchpost_core::net::Address;
use watchpost_core::pipeline::{Findings, Pipeline, Settings};

const BYTES: usize = 20;

fn contact(bytes: &[u8], time: &mut i64) -> Contact {
    // Few addresses and ports, so that they meet; times that stand still, jump, or step back.
    let address = |byte: u8| match byte {
        0..=200 => Address::v4([203, 0, byte & 3, byte >> 2]),
        201..=230 => Address::v6(*b"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01").max(Address::v6([byte; 16])),
        231..=240 => Address::v4([127, 0, 0, byte]),
        _ => Address::v4([byte, byte, byte, byte]),
    };
    let step = i64::from(i16::from_le_bytes([bytes[0], bytes[1]]));
    *time = time.saturating_add(step << (bytes[2] % 48));
    use Transport::{Arp, Icmp, Icmp6, Ip, Nd, Sctp, Tcp, Udp};
    let outcomes = [
        Outcome::Unknown,
        Outcome::Silent,
        Outcome::Unreachable,
        Outcome::Refused,
        Outcome::Answered,
        Outcome::Completed,
        Outcome::Told,
        Outcome::Asked,
    ];
    Contact {
        time: *time,
        source: address(bytes[3]),
        target: address(bytes[4]),
        sequence: 0,
        weight: u32::from_le_bytes([bytes[5], 0, 0, bytes[6]]),
        port: u16::from_le_bytes([bytes[7], bytes[8] & 1]),
        source_port: u16::from_le_bytes([bytes[9], bytes[10]]),
        window: u16::from_le_bytes([bytes[11], bytes[12]]),
        ip_id: 0,
        sensor: 0,
        transport: [Tcp, Tcp, Udp, Sctp, Icmp, Icmp6, Ip, Arp, Nd][bytes[13] as usize % 9],
        phase: [Phase::Probe, Phase::Reply, Phase::Unclear, Phase::Stray, Phase::Flow][bytes[14] as usize % 5],
        outcome: outcomes[bytes[15] as usize % 8],
        flags: bytes[16],
        ttl: bytes[17],
        traits: bytes[18],
    }
}

fn settings() -> Settings {
    Settings { blocks: vec!["203.0.1.0/24".parse().unwrap()], memory: 1 << 18, threads: 1, key: 7 }
}

fn feed(pipeline: &mut Pipeline, contacts: &[Contact]) {
    let mut pieces = contacts.chunks(16);
    pipeline.run(|into| pieces.next().map(|piece| into.extend_from_slice(piece)).is_some());
}

fn text(findings: Findings) -> String {
    format!("{findings:?}")
}

fuzz_target!(|data: &[u8]| {
    let Some((cut, data)) = data.split_first() else { return };
    let mut time = 1_700_000_000_000_000_000;
    let contacts: Vec<Contact> = data.chunks_exact(BYTES).take(2_000).map(|bytes| contact(bytes, &mut time)).collect();
    let mut whole = Pipeline::new(settings());
    feed(&mut whole, &contacts);
    let (before, after) = contacts.split_at(contacts.len() * usize::from(*cut) / 256);
    let mut first = Pipeline::new(settings());
    feed(&mut first, before);
    let mut second = Pipeline::restore(&first.snapshot(), settings()).expect("a state of our own");
    feed(&mut second, after);
    let whole = whole.finish();
    for campaign in &whole.campaigns {
        assert!(!campaign.sources[0].starts_with("127."));
        assert!(campaign.confidence >= 0.99 || campaign.withdrawn_because.is_some());
    }
    assert_eq!(text(second.finish()), text(whole));
});
