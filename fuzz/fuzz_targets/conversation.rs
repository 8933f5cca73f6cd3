//! Anything said on connections, in any segments: no panic, and what is told is short and clean.
//!
//! The input is cut into packets: a byte that says who speaks, on which connection and with which flags, a byte that moves the
//! sequence number, a byte of length, and the bytes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use watchpost_core::contact::{Contact, Outcome, Phase, Transport, flags};
use watchpost_core::net::Address;
use watchpost_core::utterance::{FACT_BYTES, FACTS};
use watchpost_formats::conversation::{Conversations, Said, is_unfit};

const PORTS: [u16; 16] = [21, 22, 23, 25, 53, 80, 110, 123, 161, 389, 443, 445, 3306, 3389, 5432, 6379];

fn contact(transport: Transport, from_server: bool, port: u16, flags: u8, sequence: u32) -> Contact {
    let (client, server) = ((Address::v4([192, 0, 2, 1]), 40_000), (Address::v4([198, 51, 100, 2]), port));
    let answers = transport == Transport::Tcp && flags & (flags::SYN | flags::ACK) == flags::SYN | flags::ACK;
    // As the decoder leaves it: an answer stands under the name of who asked.
    let (source, target) = if from_server && !answers { (server, client) } else { (client, server) };
    Contact {
        time: 1_700_000_000_000_000_000,
        source: source.0,
        target: target.0,
        sequence,
        weight: 1,
        port: target.1,
        source_port: source.1,
        window: 0,
        ip_id: 0,
        sensor: 7,
        transport,
        phase: if answers { Phase::Reply } else { Phase::Unclear },
        outcome: Outcome::Unknown,
        flags,
        ttl: 57,
        traits: 0,
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((&first, mut data)) = data.split_first() else { return };
    let mut conversations = Conversations::new();
    let mut next = [[1_000_u32, 2_000]; 2];
    // Two connections, one of a port that the input chooses.
    let ports = [PORTS[usize::from(first & 15)], 8080];
    for (port, next) in ports.into_iter().zip(next) {
        let said = Said { bytes: &[], length: 0, acknowledges: next[0] };
        let syn_ack = flags::SYN | flags::ACK;
        conversations.take(&contact(Transport::Tcp, true, port, syn_ack, next[1].wrapping_sub(1)), said);
    }
    while let [head, step, length, rest @ ..] = data {
        let (bytes, rest) = rest.split_at(rest.len().min(usize::from(*length) * 4));
        data = rest;
        let (from_server, connection) = (head & 1 != 0, usize::from(head >> 1 & 1));
        let flags = match head >> 2 & 15 {
            0 => flags::RST,
            1 => flags::FIN | flags::ACK,
            2 => flags::SYN | flags::ACK,
            _ => flags::ACK,
        };
        let transport = if head >> 6 == 3 { Transport::Udp } else { Transport::Tcp };
        let mine = &mut next[connection][usize::from(from_server)];
        // Mostly in order; else up to a few thousand bytes off.
        let off = if step & 3 == 0 { i32::from(step.cast_signed()) * 32 } else { 0 };
        let contact = contact(transport, from_server, ports[connection], flags, mine.wrapping_add_signed(off));
        if off == 0 && transport == Transport::Tcp {
            *mine = mine.wrapping_add(bytes.len() as u32);
        }
        let snapped = usize::from(step & 0x40 != 0 && step & 3 == 1);
        let acknowledges = next[connection][usize::from(!from_server)];
        conversations.take(&contact, Said { bytes, length: bytes.len() + snapped, acknowledges });
    }
    conversations.end();
    let mut heard = Vec::new();
    conversations.heard(&mut heard);
    for utterance in heard {
        assert!(utterance.facts.iter().count() <= FACTS);
        for fact in utterance.facts.iter() {
            assert!(!fact.text.is_empty() && fact.text.len() <= FACT_BYTES);
            assert!(!fact.text.contains(is_unfit), "{:?}", fact.text);
        }
    }
});
