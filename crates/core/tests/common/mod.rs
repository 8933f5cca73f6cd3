//! Traffic made of plain numbers, for tests of laws.

#![allow(dead_code, reason = "each test uses a part of it")]

use watchpost_core::contact::{Contact, Outcome, Phase, SECOND, Time, Transport, flags, traits};
use watchpost_core::net::Address;
use watchpost_core::pipeline::{Findings, Pipeline, Settings};

pub const START: Time = 1_700_000_000 * SECOND;
pub const HOUR: Time = 3600 * SECOND;

pub fn v4(a: u8, b: u8, c: u8, d: u8) -> Address {
    Address::v4([a, b, c, d])
}

/// A SYN as an ordinary stack sends it.
pub fn syn(time: Time, source: Address, target: Address, port: u16) -> Contact {
    Contact {
        time,
        source,
        target,
        sequence: 1,
        weight: 1,
        port,
        source_port: 40_000 + (time / 1_000_003).rem_euclid(20_000) as u16,
        window: 64_240,
        ip_id: 7,
        sensor: 0,
        transport: Transport::Tcp,
        phase: Phase::Probe,
        outcome: Outcome::Unknown,
        flags: flags::SYN,
        ttl: 60,
        traits: traits::DONT_FRAGMENT | traits::MSS | traits::SACK_PERMITTED,
    }
}

/// The SYN-ACK to it, as a reader gives it.
pub fn accepted(syn: &Contact) -> Contact {
    let set = flags::SYN | flags::ACK;
    Contact {
        time: syn.time + 1_000_000,
        phase: Phase::Reply,
        outcome: Outcome::Answered,
        flags: set,
        ..*syn
    }
}

/// The first bytes of the source on that connection.
pub fn asked(syn: &Contact) -> Contact {
    let set = flags::PSH | flags::ACK;
    let traits = traits::PAYLOAD;
    Contact {
        time: syn.time + 2_000_000,
        phase: Phase::Unclear,
        outcome: Outcome::Unknown,
        flags: set,
        traits,
        ..*syn
    }
}

pub fn settings(memory: u64, threads: usize) -> Settings {
    Settings { blocks: vec!["203.0.113.0/24".parse().unwrap()], memory, threads, key: 42 }
}

/// Runs all contacts, `piece` at a time.
pub fn run(contacts: &[Contact], settings: Settings, piece: usize) -> Findings {
    let mut pipeline = Pipeline::new(settings);
    feed(&mut pipeline, contacts, piece);
    pipeline.finish()
}

pub fn feed(pipeline: &mut Pipeline, contacts: &[Contact], piece: usize) {
    let mut pieces = contacts.chunks(piece);
    pipeline.run(|into| match pieces.next() {
        Some(piece) => {
            into.extend_from_slice(piece);
            true
        }
        None => false,
    });
}

/// All that a user could compare.
pub fn text(findings: &Findings) -> String {
    let rest = (&findings.not_scans, &findings.blind, findings.memory, findings.contacts, findings.sources);
    format!("{}\n{rest:?}", serde_json::to_string_pretty(&findings.campaigns).unwrap())
}

/// A small generator of numbers (xorshift), so that tests need no other.
pub struct Numbers(pub u64);

impl Numbers {
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// A flood of one-time sources, scanners of several kinds in it, and ordinary clients; in the order of time.
pub fn mixed(seed: u64, sources: u64) -> Vec<Contact> {
    let mut numbers = Numbers(seed | 1);
    let mut all = Vec::new();
    for i in 0..sources {
        let time = START + i as i64 * 5_000_000;
        let spoofed = Address::v4((0x0b00_0000 + numbers.below(1 << 27) as u32).to_be_bytes());
        all.push(syn(time, spoofed, v4(203, 0, 113, numbers.below(256) as u8), 80));
        if i % 40 == 0 {
            let scanner = v4(198, 51, 100, (i / 40 % 7) as u8);
            let probe = syn(time + 1, scanner, v4(203, 0, 113, (i / 40 * 89 % 256) as u8), 22);
            all.push(probe);
            if i % 400 == 0 {
                all.push(accepted(&probe));
            }
        }
        if i % 25 == 0 {
            let client = syn(time + 2, v4(192, 0, 2, (i / 25 % 50) as u8), v4(203, 0, 113, 80), 443);
            all.extend([client, accepted(&client), asked(&client)]);
        }
    }
    all.sort_by_key(|c| c.time);
    all
}
