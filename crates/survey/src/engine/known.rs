//! What answered, by place, and what that tells of what did not: canaries.

use std::collections::{BTreeMap, HashMap};

use roaring::RoaringTreemap;
use serde::{Deserialize, Serialize};

/// Canaries of a pass, at most.
const CANARIES: u64 = 4_096;
/// With fewer open services than this, refusals are canaries too.
const FEW: usize = 256;

/// A place's answers.
#[derive(Clone, Copy, Debug, Default)]
struct Answered {
    /// Passes, a bit each.
    passes: u16,
}

/// What answered so far.
#[derive(Debug, Default)]
pub struct Known {
    open: HashMap<u64, Answered>,
    refused: RoaringTreemap,
    forbidden: RoaringTreemap,
    /// Canaries of the pass at hand, and those of them that answered in it.
    asked: u64,
    heard: u64,
    /// The same by network, over all passes.
    networks: BTreeMap<usize, (u64, u64)>,
    /// Known-live places for canaries between passes' own probes, round and round.
    ring: Vec<u64>,
}

/// Canaries: how many services known to answer were asked again, and how many of them answered then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Canaries {
    /// Asked again.
    pub asked: u64,
    /// Answered again.
    pub answered: u64,
}

/// How a place answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// It is open, or alive.
    Open,
    /// Refused.
    Refused,
    /// Forbidden by a filter.
    Forbidden,
}

/// What to do with a place in a further pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// It has answered: do not ask.
    Skip,
    /// It has answered: ask, and see whether it does again.
    Canary,
    /// It has not answered.
    Ask,
}

impl Known {
    /// Takes an answer in a pass; true if the place had not answered before.
    pub fn answered(&mut self, place: u64, network: usize, pass: u8, how: How) -> bool {
        match how {
            How::Open => {
                let before = self.open.get(&place).copied();
                let bit = 1u16 << pass.min(15);
                let entry = self.open.entry(place).or_default();
                let again = entry.passes & bit == 0;
                entry.passes |= bit;
                if before.is_some() && again {
                    self.hear(network);
                }
                if before.is_none() {
                    self.live(place);
                }
                before.is_none()
            }
            How::Refused => {
                let new = self.refused.insert(place);
                if new {
                    if self.open.len() < FEW {
                        self.live(place);
                    }
                } else if pass > 0 && self.is_canary(place) {
                    self.hear(network);
                }
                new
            }
            How::Forbidden => self.forbidden.insert(place),
        }
    }

    fn hear(&mut self, network: usize) {
        self.heard += 1;
        self.networks.entry(network).or_default().1 += 1;
    }

    fn live(&mut self, place: u64) {
        if self.ring.len() < CANARIES as usize {
            self.ring.push(place);
        }
    }

    /// What to do with a place in a further pass.
    pub fn again(&mut self, place: u64, network: usize) -> Again {
        if !self.open.contains_key(&place) && !self.refused.contains(place) {
            return if self.forbidden.contains(place) { Again::Skip } else { Again::Ask };
        }
        if !self.is_canary(place) || self.asked >= CANARIES {
            return Again::Skip;
        }
        self.asked += 1;
        self.networks.entry(network).or_default().0 += 1;
        Again::Canary
    }

    /// All open ones; of refusals, where few are open, one in so many that there are not too many.
    fn is_canary(&self, place: u64) -> bool {
        if self.open.contains_key(&place) {
            return true;
        }
        let one_in = (self.refused.len() / (4 * FEW as u64)).max(1);
        self.open.len() < FEW
            && place.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32 & 0xffff_ffff < (1 << 32) / one_in
    }

    /// A place known to answer, another each time.
    pub fn canary(&self, number: u64) -> Option<u64> {
        let count = self.ring.len() as u64;
        self.ring.get(usize::try_from(number.checked_rem(count)?).ok()?).copied()
    }

    /// Whether a place is open.
    pub fn is_open(&self, place: u64) -> bool {
        self.open.contains_key(&place)
    }

    /// How many are open.
    pub fn open(&self) -> u64 {
        self.open.len() as u64
    }

    /// How many refused.
    pub fn refused(&self) -> u64 {
        self.refused.len()
    }

    /// The canaries of the pass that ends; the next begins.
    pub fn pass_ends(&mut self) -> Canaries {
        let canaries = Canaries { asked: self.asked, answered: self.heard.min(self.asked) };
        (self.asked, self.heard) = (0, 0);
        canaries
    }

    /// The canaries of all passes, by network.
    pub fn by_network(&self) -> impl Iterator<Item = (usize, Canaries)> + '_ {
        let of = |(network, (asked, heard)): (&usize, &(u64, u64))| {
            (*network, Canaries { asked: *asked, answered: (*heard).min(*asked) })
        };
        self.networks.iter().map(of)
    }
}

impl Canaries {
    /// The part of what answers that answers to one question, 0 to 1, with half an answer and half a silence in advance (Jeffreys).
    pub fn answers(self) -> f64 {
        (self.answered as f64 + 0.5) / (self.asked as f64 + 1.0)
    }
}
