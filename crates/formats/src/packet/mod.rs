//! One captured packet becomes at most one contact.
//!
//! This is the hot path of every run on captures, so it is our own: slices and `from_be_bytes`, no allocation, no
//! table, no panic on any bytes. It states what one packet shows. What the packets before and after it show
//! (who started, whether a SYN was ever answered) is `core`'s affair, and so is any judgement about addresses.
//!
//! Limits: fragments after the first are skipped, nothing is reassembled, and of nested packets only the innermost
//! that can be decoded becomes the contact.

mod arp; // who asks for whom on a link, IPv4
mod icmp; // requests, answers, and errors with the packet that they quote
mod ip; // IPv4 and IPv6 down to the upper protocol
mod link; // everything below IP
mod part; // bytes that know how long they were on the wire
mod sctp; // SCTP's chunks
mod skip; // why a packet gave no contact
mod tcp; // flags and options
mod tunnel; // packets within packets
mod udp; // UDP, and VXLAN within

use crate::conversation::Said;
use part::Part;
use std::cell::Cell;
use watchpost_core::contact::{Contact, Time};

pub use link::LinkType;
pub use skip::Skip;
pub(crate) use tcp::options as tcp_options;
pub use watchpost_core::contact::EXPIRED;

/// How many tunnels within tunnels, tags behind tags, extension headers behind extension headers are followed.
const MAX_NESTING: u8 = 8;

/// When and where a packet was captured, and how many tunnels deep the part at hand lies.
#[derive(Clone, Copy)]
struct Sighting<'a> {
    time: Time,
    sensor: u16,
    depth: u8,
    ear: &'a Ear<'a>,
}

/// What a packet says to the layer above its transport.
#[derive(Clone, Copy)]
pub(crate) enum Heard<'a> {
    /// Something of a conversation.
    Said(Said<'a>),
    /// A datagram of a flow exporter to its collector.
    Export(&'a [u8]),
}

/// Where the decoders of transports leave what a packet says, so that the others need not carry it.
#[derive(Default)]
pub(crate) struct Ear<'a>(Cell<Option<Heard<'a>>>);

impl<'a> Ear<'a> {
    /// What was heard, if it was anything.
    #[inline]
    pub(crate) fn heard(&self) -> Option<Heard<'a>> {
        self.0.get()
    }

    #[inline]
    fn hear(&self, heard: Heard<'a>) {
        self.0.set(Some(heard));
    }
}

impl Sighting<'_> {
    /// The same, one tunnel deeper.
    fn deeper(self) -> Result<Self, Skip> {
        if self.depth >= MAX_NESTING {
            return Err(Skip::Nesting);
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }
}

/// Decodes one packet.
///
/// `captured` is what the capture holds of it, `original_len` how long it was on the wire (a smaller number than
/// the bytes at hand is not believed). `sensor` is copied into the contact.
///
/// # Errors
/// [`Skip`] says why the packet gives no contact. That is normal and to be counted, not to be reported one by one.
#[inline]
pub fn decode(
    link: LinkType,
    time: Time,
    captured: &[u8],
    original_len: u32,
    sensor: u16,
) -> Result<Contact, Skip> {
    hear(link, time, captured, original_len, sensor, &Ear::default())
}

/// As [`decode`], and leaves in `ear` what the packet says to the layer above its transport.
#[inline]
pub(crate) fn hear<'a>(
    link: LinkType,
    time: Time,
    captured: &'a [u8],
    original_len: u32,
    sensor: u16,
    ear: &'a Ear<'a>,
) -> Result<Contact, Skip> {
    link::decode(link, Part::new(captured, original_len as usize), Sighting { time, sensor, depth: 0, ear })
}
