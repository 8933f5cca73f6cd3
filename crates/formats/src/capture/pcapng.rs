//! pcapng: blocks with their length at both ends; sections, each with its own byte order and interfaces.
//!
//! Only blocks that carry packets or describe interfaces are looked into. A block whose two lengths differ is damage,
//! and so is a packet that does not fit its block or names an interface that was not described. Where the way is lost,
//! reading goes on at a chain of sound blocks longer than any seen, so that a capture carried within a packet is not
//! mistaken for this one (unless it ends exactly where the packet does).
//!
//! Format: <https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-03.html>.

use super::MAX_CAPTURED;
use super::interface::{self, Interface};
use super::resume::resume;
use super::round::Round;
use crate::input::Window;
use std::io::Read;
use watchpost_core::contact::Time;

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
/// Obsolete, with a count of drops beside a shorter interface number; otherwise like the enhanced one.
const PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;
/// Besides: name resolution, interface statistics, systemd journal, decryption secrets.
const OTHERS: [u32; 4] = [4, 5, 9, 10];
const BYTE_ORDER: u32 = 0x1a2b_3c4d;

/// How a file begins; the number reads the same in both byte orders.
pub(super) const MAGICS: &[&[u8]] = &[&SECTION_HEADER.to_be_bytes()];

/// Kind, length, and length again.
const FRAME: usize = 12;
/// A section header's kind, length and byte order mark.
const SECTION_START: usize = 12;
/// Offset of the packet in a block.
const PACKET_AT: usize = 28;
const SIMPLE_PACKET_AT: usize = 12;
/// No block is longer (Wireshark draws the same line)...
const MAX_BLOCK: usize = 16 << 20;
/// ...and none with a packet: the packet, and options as long again and again.
const MAX_PACKET_BLOCK: usize = MAX_CAPTURED * 4;

/// So many sound blocks make a chain, if together they are longer than the largest packet block seen...
const CHAIN: usize = 4;
/// ...and so many do in any case.
const LONG_CHAIN: usize = 64;
/// A chain of packet blocks needs no more bytes than this.
const LOOKAHEAD: usize = (CHAIN + 1) * MAX_PACKET_BLOCK;

pub(crate) struct Pcapng {
    swapped: bool,
    interfaces: Vec<Interface>,
    /// Time of the last packet: simple packets have none of their own.
    last: Time,
    /// Bytes of the largest block read.
    largest: usize,
}

#[derive(Clone, Copy)]
struct Block {
    kind: u32,
    length: usize,
    swapped: bool,
}

/// Why a batch ended.
enum Stop {
    /// Enough packets were read.
    Enough,
    /// So many bytes are needed for the next block.
    Needs(usize),
    /// Here is no block.
    Broken(String),
}

impl Pcapng {
    /// Whether the first bytes begin a section.
    pub fn recognises(head: &[u8]) -> bool {
        head.first_chunk() == Some(&SECTION_HEADER.to_be_bytes())
    }

    pub fn new() -> Self {
        Self { swapped: false, interfaces: Vec::new(), last: 0, largest: 0 }
    }

    /// Reads until the round is full; false at the end.
    pub fn fill<R: Read>(&mut self, window: &mut Window<R>, round: &mut Round<'_>) -> bool {
        loop {
            let (consumed, stop) = self.batch(window.bytes(), window.offset(), round);
            window.advance(consumed);
            let what = match stop {
                Stop::Enough => return true,
                Stop::Needs(count) if window.need(count) => continue,
                Stop::Needs(_) if window.bytes().is_empty() => return false,
                Stop::Needs(count) => {
                    format!("cut off: a block of {count} bytes, {} are there", window.bytes().len())
                }
                Stop::Broken(what) => what,
            };
            let is_sure = |bytes: &[u8], ended| self.chain(bytes, ended);
            if !resume(window, round.report, what, LOOKAHEAD, is_sure) {
                return false;
            }
        }
    }

    /// Reads the blocks that lie whole in `bytes`, and says how many bytes that were and why it stopped.
    fn batch(&mut self, bytes: &[u8], offset: u64, round: &mut Round<'_>) -> (usize, Stop) {
        let mut at = 0;
        loop {
            if round.left == 0 {
                return (at, Stop::Enough);
            }
            let rest = &bytes[at..];
            let block = match self.block(rest) {
                Ok(Some(block)) => block,
                Ok(None) => return (at, Stop::Needs(FRAME)),
                Err(what) => return (at, Stop::Broken(what)),
            };
            let Some(whole) = rest.get(..block.length) else { return (at, Stop::Needs(block.length)) };
            let again = number(whole, block.length - 4, block.swapped) as usize;
            if again != block.length {
                let length = block.length;
                return (
                    at,
                    Stop::Broken(format!("a block says {length} bytes at its start and {again} at its end")),
                );
            }
            if let Err(what) = self.take(block, whole, offset + at as u64, round) {
                let here = offset + at as u64;
                round.report.damaged(here, what, Some(here + block.length as u64));
            }
            at += block.length;
        }
    }

    /// The block that begins here; none if more bytes are needed to tell.
    #[inline]
    fn block(&self, bytes: &[u8]) -> Result<Option<Block>, String> {
        if bytes.len() < FRAME {
            return Ok(None);
        }
        let kind = number(bytes, 0, self.swapped);
        let swapped = match kind {
            SECTION_HEADER => match (number(bytes, 8, false), number(bytes, 8, true)) {
                (BYTE_ORDER, _) => false,
                (_, BYTE_ORDER) => true,
                (mark, _) => return Err(format!("a section's byte order mark is {mark:#010x}")),
            },
            _ => self.swapped,
        };
        let length = number(bytes, 4, swapped) as usize;
        let (least, most) = match kind {
            SECTION_HEADER => (SECTION_START + 16, MAX_PACKET_BLOCK),
            INTERFACE => (FRAME + 8, MAX_PACKET_BLOCK),
            PACKET | ENHANCED_PACKET => (PACKET_AT + 4, MAX_PACKET_BLOCK),
            SIMPLE_PACKET => (SIMPLE_PACKET_AT + 4, MAX_PACKET_BLOCK),
            _ => (FRAME, MAX_BLOCK),
        };
        if length < least || length > most || !length.is_multiple_of(4) {
            return Err(format!("a block of kind {kind:#x} says {length} bytes, which cannot be"));
        }
        Ok(Some(Block { kind, length, swapped }))
    }

    /// Takes in a whole block. What is wrong within it ends at its end.
    #[inline]
    fn take(&mut self, block: Block, whole: &[u8], offset: u64, round: &mut Round<'_>) -> Result<(), String> {
        let number = |at| number(whole, at, block.swapped);
        self.largest = self.largest.max(whole.len());
        match block.kind {
            ENHANCED_PACKET | PACKET => {
                let name = match number(8) {
                    name if block.kind == ENHANCED_PACKET => name,
                    // The first two bytes of the four.
                    name if block.swapped => name >> 16,
                    name => name & 0xffff,
                };
                let Some(interface) = self.interfaces.get(name as usize) else {
                    return Err(unknown_interface(name));
                };
                let (captured, original) = (number(20), number(24));
                let room = &whole[PACKET_AT..whole.len() - 4];
                let Some(packet) = room.get(..captured as usize) else {
                    return Err(format!(
                        "a packet of {captured} bytes in a block with room for {}",
                        room.len()
                    ));
                };
                let ticks = u64::from(number(12)) << 32 | u64::from(number(16));
                self.last = interface.time(ticks);
                round.packet(interface.link, self.last, packet, original, offset);
            }
            SIMPLE_PACKET => {
                let Some(interface) = self.interfaces.first() else { return Err(unknown_interface(0)) };
                let original = number(8);
                let room = &whole[SIMPLE_PACKET_AT..whole.len() - 4];
                let captured = room.len().min(interface.limit(original) as usize);
                round.packet(interface.link, self.last, &room[..captured], original, offset);
            }
            INTERFACE if self.interfaces.len() < interface::MAX => {
                let interface = Interface::read(&whole[8..whole.len() - 4], block.swapped);
                round.report.announces(interface.link);
                self.interfaces.push(interface);
            }
            SECTION_HEADER => {
                self.swapped = block.swapped;
                self.interfaces.clear();
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether sound blocks follow one another from the first of `bytes`, far enough to exclude chance.
    fn chain(&self, bytes: &[u8], ended: bool) -> bool {
        let mut at = 0;
        for count in 0.. {
            if (count >= CHAIN && at > self.largest) || count >= LONG_CHAIN {
                return true;
            }
            if at == bytes.len() {
                return ended && count > 0;
            }
            let rest = &bytes[at..];
            let Ok(block) = self.block(rest) else { return false };
            let Some(block) = block else { return ended && count >= CHAIN };
            let known =
                matches!(block.kind, SECTION_HEADER | INTERFACE | PACKET | SIMPLE_PACKET | ENHANCED_PACKET);
            if !known && !OTHERS.contains(&block.kind) {
                return false;
            }
            let Some(whole) = rest.get(..block.length) else { return ended && count >= CHAIN };
            if number(whole, block.length - 4, block.swapped) as usize != block.length {
                return false;
            }
            at += block.length;
        }
        false
    }
}

fn unknown_interface(name: u32) -> String {
    format!("a packet of interface {name}, which was not described before it")
}

/// The number in the four bytes from `at`; 0 where there are none.
#[inline]
fn number(bytes: &[u8], at: usize, swapped: bool) -> u32 {
    let Some(bytes) = bytes.get(at..).and_then(<[u8]>::first_chunk) else { return 0 };
    let number = u32::from_le_bytes(*bytes);
    if swapped { number.swap_bytes() } else { number }
}
