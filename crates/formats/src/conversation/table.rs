//! Connections that were answered and of which something is still to be heard: 16 bytes each, at most 16,384.
//!
//! Four to a cache line, the newest first; the fifth pushes the oldest out. A packet of a connection that is not here costs
//! its hash and one look. A connection is known by 43 bits of a hash of both ends; its sequence numbers tell the rest.

use watchpost_core::net::Address;
use watchpost_core::utterance::Protocol;

/// Index of the client's side.
pub(super) const CLIENT: usize = 0;
/// Index of the server's side.
pub(super) const SERVER: usize = 1;

const SETS: usize = 1 << 12;
const WAYS: usize = 4;

/// What is remembered of a connection.
#[derive(Clone, Copy, Default)]
pub(super) struct Slot {
    /// Bits of the hash; 0 is an empty slot.
    tag: u32,
    /// The next sequence number of each side.
    pub next: [u32; 2],
    state: u32,
}

#[derive(Clone, Copy, Default)]
#[repr(align(64))]
struct Set([Slot; WAYS]);

/// Where a connection is to be found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    set: u32,
    tag: u32,
}

#[derive(Default)]
pub(super) struct Table {
    /// None until the first connection, so that small inputs cost nothing.
    sets: Vec<Set>,
    /// A bit for each set that holds any: 512 bytes, which stay in the nearest cache, answer for nearly all packets of
    /// connections that are not here.
    held: Vec<u64>,
}

/// Any number without pattern.
pub(super) const SEED: u64 = 0xa076_1d64_78bd_642f;

/// A number for one end of a connection.
#[inline]
pub(super) fn end(address: Address, port: u16) -> u64 {
    let (high, low) = address.halves();
    mix(low ^ 0x9e37_79b9_7f4a_7c15, high ^ u64::from(port) << 48 ^ 0xd1b5_4a32_d192_ed03)
}

/// The place of a connection between these ends, in either direction.
#[inline]
pub(super) fn place(one: u64, other: u64) -> Place {
    let hash = mix(one ^ other ^ 0x2545_f491_4f6c_dd1d, one.wrapping_add(other) ^ SEED);
    Place { set: (hash % SETS as u64) as u32, tag: (hash >> 32) as u32 | 1 }
}

/// Both halves of the product, folded together.
#[inline]
pub(super) const fn mix(a: u64, b: u64) -> u64 {
    let product = a as u128 * b as u128;
    product as u64 ^ (product >> 64) as u64
}

impl Table {
    /// Whether anything was ever put in.
    #[inline]
    pub fn is_unused(&self) -> bool {
        self.sets.is_empty()
    }

    #[inline]
    pub fn get(&self, place: Place) -> Option<Slot> {
        let word = self.held.get(place.set as usize / 64)?;
        if word >> (place.set % 64) & 1 == 0 {
            return None;
        }
        let set = self.sets.get(place.set as usize)?;
        set.0.iter().find(|slot| slot.tag == place.tag).copied()
    }

    /// Writes back what [`Self::get`] gave.
    pub fn set(&mut self, place: Place, slot: Slot) {
        if let Some(old) = self.slot_mut(place) {
            *old = slot;
        }
    }

    fn slot_mut(&mut self, place: Place) -> Option<&mut Slot> {
        self.sets.get_mut(place.set as usize)?.0.iter_mut().find(|slot| slot.tag == place.tag)
    }

    pub fn remove(&mut self, place: Place) {
        let Some(set) = self.sets.get_mut(place.set as usize) else { return };
        if let Some(at) = set.0.iter().position(|slot| slot.tag == place.tag) {
            set.0[at..].rotate_left(1);
            set.0[WAYS - 1] = Slot::default();
            if set.0[0].tag == 0 {
                self.held[place.set as usize / 64] &= !(1 << (place.set % 64));
            }
        }
    }

    /// Puts a new connection in front of its set. It must not be there. Returns the one that had to go.
    pub fn insert(&mut self, place: Place, mut slot: Slot) -> Option<Slot> {
        if self.sets.is_empty() {
            self.sets = vec![Set::default(); SETS];
            self.held = vec![0; SETS / 64];
        }
        slot.tag = place.tag;
        self.held[place.set as usize / 64] |= 1 << (place.set % 64);
        let set = &mut self.sets[place.set as usize];
        set.0.rotate_right(1);
        let pushed_out = std::mem::replace(&mut set.0[0], slot);
        (pushed_out.tag != 0).then_some(pushed_out)
    }
}

// The state: from the lowest bit, 12 bits number of the dialogue and one, 1 bit which end is the server, 2 bits which sides are
// done, 4 bits further requests, 5 bits the client's protocol, 5 bits the server's.
const DIALOGUE: u32 = 0xfff;
const SERVER_IS_GREATER: u32 = 1 << 12;
const DONE: u32 = 13;
const FURTHER: u32 = 15;
const PROTOCOL: u32 = 19;
const PROTOCOL_BITS: u32 = 5;

impl Slot {
    /// A connection whose sides go on with these sequence numbers.
    pub fn new(next: [u32; 2], server_is_greater: bool) -> Self {
        Self { tag: 0, next, state: if server_is_greater { SERVER_IS_GREATER } else { 0 } }
    }

    /// Which side speaks, by whether the speaker's end is the greater.
    pub fn side(&self, is_greater: bool) -> usize {
        if (self.state & SERVER_IS_GREATER != 0) == is_greater { SERVER } else { CLIENT }
    }

    pub fn dialogue(&self) -> Option<usize> {
        (self.state & DIALOGUE).checked_sub(1).map(|number| number as usize)
    }

    pub fn set_dialogue(&mut self, number: Option<usize>) {
        self.state = self.state & !DIALOGUE | number.map_or(0, |number| number as u32 + 1);
    }

    pub fn is_done(&self, side: usize) -> bool {
        self.state >> DONE >> side & 1 != 0
    }

    pub fn set_done(&mut self, side: usize) {
        self.state |= 1 << DONE << side;
    }

    pub fn protocol(&self, side: usize) -> Protocol {
        let bits = self.state >> PROTOCOL >> (PROTOCOL_BITS * side as u32);
        Protocol::from_number(bits & ((1 << PROTOCOL_BITS) - 1))
    }

    pub fn set_protocol(&mut self, side: usize, protocol: Protocol) {
        let shift = PROTOCOL + PROTOCOL_BITS * side as u32;
        self.state = self.state & !(((1 << PROTOCOL_BITS) - 1) << shift) | (protocol as u32) << shift;
    }

    /// Further requests that were told.
    pub fn further(&self) -> u32 {
        self.state >> FURTHER & 15
    }

    pub fn count_further(&mut self) {
        self.state += 1 << FURTHER;
    }
}
