//! Which keys are worth a search: those of enough contacts and targets, as far as there is room.

use super::keys::{ALIKE, KINDS, ORIGIN, SECRET, Seen};

/// Contacts that a key needs.
const ENOUGH: u32 = 8;
/// Different targets that a key needs.
const TARGETS: u32 = 5;
/// Bytes of a kept contact: itself, and its key while one kind of keys is searched.
const KEPT_BYTES: usize = size_of::<Seen>() + size_of::<(u64, u32)>();
/// Bytes of a contact while its key is searched: reference, party, place and hit.
const SEARCHED_BYTES: usize = 84;
/// Kinds of keys that tell sources from a flood which looks like them.
const FINEST: [usize; 2] = [SECRET, ORIGIN];

/// How much there is room for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// Counters of a kind of key, as a power of two.
    pub slots: u32,
    /// Contacts of one key that are looked at.
    pub key: u16,
    /// Contacts kept.
    pub kept: usize,
}

impl Room {
    /// In so many bytes, for so many contacts at most: five eighths for the counters, then for the kept contacts; three for
    /// the key that is searched.
    pub fn new(bytes: usize, contacts: u64) -> Self {
        let most = bytes / 8 * 5;
        let slots = most / (KINDS * size_of::<Slot>());
        Self {
            slots: slots.min(contacts.saturating_mul(8) as usize).max(64).ilog2(),
            key: (bytes / 8 * 3 / SEARCHED_BYTES).min(usize::from(u16::MAX - 1)) as u16,
            kept: most / KEPT_BYTES,
        }
    }

    /// The counter of a key.
    #[inline]
    pub fn slot(self, kind: usize, key: u64) -> usize {
        kind << self.slots | (key >> (64 - self.slots)) as usize
    }
}

/// A counter.
#[derive(Clone, Copy, Default)]
pub(super) struct Slot {
    /// Contacts.
    pub count: u16,
    /// Sixteen bits of different targets.
    pub targets: u16,
}

/// What the first pass found.
pub(super) struct Counts {
    /// Of all kinds, one after the other.
    pub slots: Vec<Slot>,
    /// Contacts in all.
    pub all: u64,
}

impl Counts {
    /// Counts a contact (`target`: one bit); how many its slot has by now.
    #[inline]
    pub fn add(&mut self, slot: usize, target: u16) -> u16 {
        let slot = &mut self.slots[slot];
        slot.count = slot.count.saturating_add(1);
        slot.targets |= target;
        slot.count
    }
}

/// Which slots' sources are worth keeping.
pub(super) struct Worth {
    room: Room,
    /// One bit for each slot.
    slots: Vec<u64>,
    /// One bit for each slot of [`ALIKE`] that is a flood's.
    floods: Vec<u64>,
    /// Whether any are, of each kind.
    pub kinds: [bool; KINDS],
    /// Contacts in these slots, one of several slots several times.
    pub contacts: usize,
}

impl Worth {
    /// Of what was counted.
    pub fn new(counts: &Counts, room: Room) -> Self {
        let words = 1usize << (room.slots - 6);
        let mut worth = Self {
            room,
            slots: vec![0; KINDS * words],
            floods: vec![0; words],
            kinds: [false; KINDS],
            contacts: 0,
        };
        let mut chosen: Vec<(u16, u32)> = Vec::new();
        for (kind, slots) in counts.slots.chunks(1 << room.slots).enumerate() {
            let least = ENOUGH + usual(slots);
            let from = kind << room.slots;
            for (at, slot) in slots.iter().enumerate() {
                if slot.count > room.key && kind == ALIKE {
                    set(&mut worth.floods, at);
                } else if slot.count <= room.key
                    && u32::from(slot.count) >= least
                    && slot.targets.count_ones() >= TARGETS
                {
                    chosen.push((slot.count, (from + at) as u32));
                }
            }
        }
        chosen.sort_unstable();
        // Sizes, by powers of two, share the room: a multitude of one size must not take that of the others. The smaller
        // come first, and what they leave is the others'.
        let mut sizes = chosen.chunk_by(|a, b| a.0.ilog2() == b.0.ilog2()).count();
        for size in chosen.chunk_by(|a, b| a.0.ilog2() == b.0.ilog2()) {
            let mut left = room.kept.saturating_sub(worth.contacts) / sizes;
            sizes -= 1;
            for (count, at) in size {
                let (count, at) = (usize::from(*count), *at as usize);
                if count > left {
                    break;
                }
                left -= count;
                worth.contacts += count;
                worth.kinds[at >> room.slots] = true;
                set(&mut worth.slots, at);
            }
        }
        worth
    }

    /// The kinds of keys by which a source is compared.
    #[inline]
    pub fn of(&self, seen: &Seen, place: u64) -> &'static [usize] {
        const ALL: [usize; KINDS] = [0, 1, 2, 3, 4, 5, 6];
        let at = self.room.slot(0, seen.key(ALIKE, place));
        if is_set(&self.floods, at) { &FINEST } else { &ALL }
    }

    /// Whether it is worth keeping for a kind of key.
    #[inline]
    pub fn is_kept(&self, seen: &Seen, place: u64, kind: usize) -> bool {
        if !self.kinds[kind] {
            return false;
        }
        let key = seen.key(kind, place);
        key != 0 && is_set(&self.slots, self.room.slot(kind, key))
    }
}

/// What unrelated keys bring together in one slot, at most: six standard deviations above the mean, of all slots but those
/// that stand out themselves. The variance is that of the slots: keys come in lumps, so that Poisson's would be too small.
fn usual(slots: &[Slot]) -> u32 {
    let mut most = u32::from(u16::MAX - 1);
    loop {
        let (mut number, mut sum, mut squares) = (0u64, 0u64, 0u64);
        for count in slots.iter().map(|slot| u32::from(slot.count)).filter(|count| *count <= most) {
            number += 1;
            sum += u64::from(count);
            squares += u64::from(count).pow(2);
        }
        let mean = sum as f64 / number.max(1) as f64;
        let variance = (squares as f64 / number.max(1) as f64 - mean * mean).max(mean);
        let next = (mean + 6.0 * variance.sqrt()) as u32;
        if next >= most {
            return most;
        }
        most = next;
    }
}

fn set(bits: &mut [u64], at: usize) {
    bits[at / 64] |= 1 << (at % 64);
}

fn is_set(bits: &[u64], at: usize) -> bool {
    bits[at / 64] >> (at % 64) & 1 == 1
}
