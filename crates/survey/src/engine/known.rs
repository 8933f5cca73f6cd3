//! What answered, by place, and what that tells of what did not: canaries.

use std::collections::{BTreeMap, HashSet};

use roaring::RoaringTreemap;
use serde::{Deserialize, Serialize};

/// Canaries of a pass, at most.
const CANARIES: u64 = 4_096;
/// With fewer open services than this, refusals are canaries too.
const FEW: usize = 256;

/// What answered so far.
#[derive(Debug, Default)]
pub struct Known {
    open: HashSet<u64>,
    refused: RoaringTreemap,
    forbidden: RoaringTreemap,
    /// Of each pass: its canaries, and those of them that have not answered.
    passes: Vec<(Canaries, RoaringTreemap)>,
    /// Questions of the pass at hand that have an answer.
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
    /// A pass begins, the first or another.
    pub fn pass_begins(&mut self, pass: u8) {
        self.passes.resize_with(usize::from(pass) + 1, Default::default);
        self.heard = 0;
    }

    /// How many questions of the pass at hand have an answer: no more than were asked, less where nothing tells which question it is to.
    pub fn heard(&self) -> u64 {
        self.heard
    }

    /// Takes an answer to a question of a pass; true if the place had not answered before.
    pub fn answered(&mut self, place: u64, network: usize, pass: u8, how: How) -> bool {
        let is_now = usize::from(pass) + 1 == self.passes.len();
        // Each canary counts once, in the pass that asked it, however late it answers, as everybody else's answer does.
        if let Some((canaries, silent)) = self.passes.get_mut(usize::from(pass))
            && how != How::Forbidden
            && silent.remove(place)
        {
            canaries.answered += 1;
            self.networks.entry(network).or_default().1 += 1;
            self.heard += u64::from(is_now);
        }
        let new = match how {
            How::Open => self.open.insert(place),
            How::Refused => self.refused.insert(place),
            How::Forbidden => self.forbidden.insert(place),
        };
        self.heard += u64::from(new && is_now);
        if new && (how == How::Open || how == How::Refused && self.open.len() < FEW) {
            self.live(place);
        }
        new
    }

    fn live(&mut self, place: u64) {
        if self.ring.len() < CANARIES as usize {
            self.ring.push(place);
        }
    }

    /// What to do with a place in a further pass.
    pub fn again(&mut self, place: u64, network: usize) -> Again {
        if !self.open.contains(&place) && !self.refused.contains(place) {
            return if self.forbidden.contains(place) { Again::Skip } else { Again::Ask };
        }
        let is_canary = self.is_canary(place);
        let Some((canaries, silent)) = self.passes.last_mut() else { return Again::Skip };
        if !is_canary || canaries.asked >= CANARIES {
            return Again::Skip;
        }
        canaries.asked += 1;
        silent.insert(place);
        self.networks.entry(network).or_default().0 += 1;
        Again::Canary
    }

    /// All open ones; of refusals, where few are open, one in so many that there are not too many.
    fn is_canary(&self, place: u64) -> bool {
        if self.open.contains(&place) {
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

    /// Whether nothing has answered at all.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty() && self.refused.is_empty()
    }

    /// Whether a place is open.
    pub fn is_open(&self, place: u64) -> bool {
        self.open.contains(&place)
    }

    /// How many are open.
    pub fn open(&self) -> u64 {
        self.open.len() as u64
    }

    /// How many refused.
    pub fn refused(&self) -> u64 {
        self.refused.len()
    }

    /// The canaries of each pass.
    pub fn canaries(&self) -> impl Iterator<Item = Canaries> + '_ {
        self.passes.iter().map(|(canaries, _)| *canaries)
    }

    /// The canaries of all passes, by network.
    pub fn by_network(&self) -> impl Iterator<Item = (usize, Canaries)> + '_ {
        let of = |(network, (asked, heard)): (&usize, &(u64, u64))| {
            (*network, Canaries { asked: *asked, answered: *heard })
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
