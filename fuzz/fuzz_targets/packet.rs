//! Any bytes as a packet of any link type: no panic, and a contact only of this packet.
//!
//! The first byte chooses the link type, the next two say how much longer the packet was on the wire.

#![no_main]

use libfuzzer_sys::fuzz_target;
use watchpost_formats::packet::{self, LinkType};

fuzz_target!(|data: &[u8]| {
    let [choice, high, low, packet @ ..] = data else { return };
    let links = LinkType::DECODED;
    let link = *links.get(usize::from(*choice) % (links.len() + 1)).unwrap_or(&LinkType(127));
    let original = packet.len() as u32 + u32::from(u16::from_be_bytes([*high, *low]));
    if let Ok(contact) = packet::decode(link, 42, packet, original, 7) {
        assert_eq!((contact.time, contact.sensor, contact.weight), (42, 7, 1));
    }
});
