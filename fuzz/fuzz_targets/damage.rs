//! The law of damage: whatever bytes follow a sound beginning, every packet of the beginning is read, unchanged.
//!
//! The first byte chooses the format, the second the number of packets, and each packet takes two bytes (its length and
//! the time since the one before); what is left is what follows.

#![no_main]

use libfuzzer_sys::fuzz_target;
use watchpost_core::contact::Contact;
use watchpost_formats::capture::Capture;

fuzz_target!(|data: &[u8]| {
    let [format, count, rest @ ..] = data else { return };
    let count = usize::from(count % 16) + 1;
    let Some((packets, tail)) = rest.split_at_checked(2 * count) else { return };
    let mut file = Vec::new();
    let mut seconds = 1_700_000_000;
    start(*format, &mut file);
    for packet in packets.chunks_exact(2) {
        seconds += u32::from(packet[1]) * 300;
        record(*format, seconds, &syn(packet[0]), &mut file);
    }
    let sound = contacts(&file);
    assert_eq!(sound.len(), count);
    file.extend_from_slice(tail);
    assert_eq!(contacts(&file)[..count], sound);
});

fn contacts(file: &[u8]) -> Vec<Contact> {
    let mut contacts = Vec::new();
    let Ok(mut capture) = Capture::open(file, 0) else { panic!("a sound beginning is not recognised") };
    while capture.fill(&mut contacts, 1_000) {}
    contacts
}

/// A number in the byte order that the format's lowest bit chooses.
fn put(format: u8, number: u32, into: &mut Vec<u8>) {
    into.extend(if format & 1 == 0 { number.to_le_bytes() } else { number.to_be_bytes() });
}

fn is_pcapng(format: u8) -> bool {
    format & 4 != 0
}

fn start(format: u8, into: &mut Vec<u8>) {
    let numbers: &[u32] = if is_pcapng(format) {
        // A section of unknown length, and an interface of Ethernet (1, in either half of its field).
        let ethernet = if format & 1 == 0 { 1 } else { 1 << 16 };
        let version = ethernet;
        &[0x0a0d_0d0a, 28, 0x1a2b_3c4d, version, u32::MAX, u32::MAX, 28, 1, 20, ethernet, 0, 20]
    } else {
        let magic = if format & 2 == 0 { 0xa1b2_c3d4 } else { 0xa1b2_3c4d };
        &[magic, 0x0002_0004, 0, 0, 262_144, 1]
    };
    for number in numbers {
        put(format, *number, into);
    }
}

fn record(format: u8, seconds: u32, packet: &[u8], into: &mut Vec<u8>) {
    let length = packet.len() as u32;
    if !is_pcapng(format) {
        for number in [seconds, 999_999, length, length] {
            put(format, number, into);
        }
        into.extend_from_slice(packet);
        return;
    }
    let whole = 32 + length.next_multiple_of(4);
    let ticks = u64::from(seconds) * 1_000_000;
    for number in [6, whole, 0, (ticks >> 32) as u32, ticks as u32, length, length] {
        put(format, number, into);
    }
    into.extend_from_slice(packet);
    into.resize(into.len().next_multiple_of(4), 0);
    put(format, whole, into);
}

/// A SYN in IPv4 in Ethernet, with `extra` bytes of padding.
fn syn(extra: u8) -> Vec<u8> {
    let mut packet = vec![0; 12];
    packet.extend([8, 0, 0x45, 0, 0, 40, 0, 1, 0, 0, 64, 6, 0, 0, 192, 0, 2, extra, 198, 51, 100, 1]);
    packet.extend([0, extra, 0, 22, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 4, 0, 0, 0, 0, 0]);
    packet.resize(packet.len() + usize::from(extra), 0);
    packet
}
