//! Connections in the middle of a sentence: bytes that are kept until they tell something. At most 1,024 of them, 2 MiB of
//! bytes together; the one that began longest ago goes first.

use super::table::Place;
use watchpost_core::contact::Time;
use watchpost_core::net::Address;

/// Bytes kept of the client and of the server.
pub(super) const KEPT: [usize; 2] = [4 << 10, 8 << 10];
/// Segments that came too early and wait for those before them.
const MOST_AHEAD: usize = 4;
/// Dialogues at once.
const MOST: usize = 1 << 10;
/// Bytes kept of all together.
const MOST_BYTES: usize = 2 << 20;

/// Who talks with whom: the client's and the server's address and port.
#[derive(Clone, Copy)]
pub(super) struct Ends {
    pub address: [Address; 2],
    pub port: [u16; 2],
    pub sensor: u16,
}

/// A segment that came too early.
pub(super) struct Ahead {
    pub sequence: u32,
    pub length: usize,
    pub bytes: Vec<u8>,
}

/// What is kept of one side.
#[derive(Default)]
pub(super) struct Side {
    pub bytes: Vec<u8>,
    pub ahead: Vec<Ahead>,
    /// Segments that were added without telling enough.
    pub segments: u32,
    /// When the last byte was captured.
    pub time: Time,
}

impl Side {
    /// Bytes held.
    pub fn held(&self) -> usize {
        self.bytes.len() + self.ahead.iter().map(|ahead| ahead.bytes.len()).sum::<usize>()
    }

    /// Keeps a segment for later; false if there are too many.
    pub fn keep_ahead(&mut self, ahead: Ahead) -> bool {
        if self.ahead.iter().any(|other| other.sequence == ahead.sequence && other.length >= ahead.length) {
            return true;
        }
        if self.ahead.len() >= MOST_AHEAD {
            return false;
        }
        self.ahead.push(ahead);
        true
    }
}

/// A connection of which bytes are kept.
pub(super) struct Dialogue {
    pub place: Place,
    pub ends: Ends,
    pub sides: [Side; 2],
}

impl Dialogue {
    fn held(&self) -> usize {
        self.sides.iter().map(Side::held).sum()
    }
}

/// All dialogues.
#[derive(Default)]
pub(super) struct Dialogues {
    all: Vec<Option<Dialogue>>,
    free: Vec<usize>,
    /// Where to look for the one that began longest ago.
    hand: usize,
    held: usize,
}

impl Dialogues {
    /// Whether one has to go before another begins or goes on.
    pub fn is_full(&self) -> bool {
        (self.all.len() >= MOST && self.free.is_empty()) || self.held >= MOST_BYTES
    }

    /// The next to go, other than `except`.
    pub fn oldest(&mut self, except: Option<usize>) -> Option<usize> {
        for _ in 0..self.all.len() {
            let here = self.hand % self.all.len();
            self.hand = here + 1;
            if self.all[here].is_some() && Some(here) != except {
                return Some(here);
            }
        }
        None
    }

    /// Begins one; there must be room.
    pub fn begin(&mut self, place: Place, ends: Ends) -> usize {
        let dialogue = Some(Dialogue { place, ends, sides: Default::default() });
        if let Some(number) = self.free.pop() {
            self.all[number] = dialogue;
            number
        } else {
            self.all.push(dialogue);
            self.all.len() - 1
        }
    }

    pub fn get(&self, number: usize) -> Option<&Dialogue> {
        self.all.get(number)?.as_ref()
    }

    /// Whether nothing is kept of either side.
    pub fn is_empty(&self, number: usize) -> bool {
        self.get(number).is_none_or(|dialogue| {
            dialogue.sides.iter().all(|side| side.bytes.is_empty() && side.ahead.is_empty())
        })
    }

    /// Changes one side.
    pub fn change<T>(&mut self, number: usize, side: usize, how: impl FnOnce(&mut Side) -> T) -> Option<T> {
        let side = &mut self.all.get_mut(number)?.as_mut()?.sides[side];
        let before = side.held();
        let result = how(side);
        self.held = self.held + side.held() - before;
        Some(result)
    }

    pub fn end(&mut self, number: usize) -> Option<Dialogue> {
        let dialogue = self.all.get_mut(number)?.take()?;
        self.held -= dialogue.held();
        self.free.push(number);
        Some(dialogue)
    }

    /// How many places there are, used or not.
    pub fn places(&self) -> usize {
        self.all.len()
    }
}
