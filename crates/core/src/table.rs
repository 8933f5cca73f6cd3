//! The sources of one shard, within a byte budget.
//!
//! The problem: a spoofed flood brings ten million sources that touch one target each, and the scanner among them must
//! not be forgotten for their sake. The way: 88 bytes for a source with one target, inline, in a slab found through an
//! index of hashes; more only for sources that touch more. When the budget is reached, the source with the least evidence
//! goes first, then the oldest, judged among the next 64 of the slab (the whole would cost a sort an eviction).
//! What is counted depends on the contents alone, never on how an allocator rounds, so a restored table evicts alike.

use hashbrown::HashTable;
use serde::{Deserialize, Serialize};

use crate::campaign::Standing;
use crate::contact::Time;
use crate::detect::dossier::{Dossier, Probe};
use crate::evidence::Bits;
use crate::heard::Heard;
use crate::imprint::Raw;
use crate::net::Address;

/// Sources looked at for one eviction; half of them go.
const WINDOW: usize = 64;
/// Vacant slots may take one part in so many of the budget on top of it, then the slab is packed.
const SPARSE: usize = 64;
/// Slots looked at for an eviction before campaigns may go.
const SPARING: usize = 16_384;
/// Bytes of the index for a source: four of place, one of hash, at a load of one half.
const INDEX_BYTES: usize = 10;

/// One source: its first target inline, and a dossier once there are more.
#[derive(Debug, Serialize, Deserialize)]
pub struct Source {
    /// Its address; meaningless in a vacant slot.
    pub address: Address,
    /// The first target.
    pub first: Probe,
    /// What its last packet to it had besides.
    pub raw: Raw,
    /// The last contact, by the engine's clock. `Time::MIN` marks a vacant slot.
    pub last: Time,
    /// More, once it touched a second target or the first one oddly again.
    pub more: Option<Box<More>>,
}

/// What a source has beyond its first target.
#[derive(Debug, Serialize, Deserialize)]
pub struct More {
    /// What it did.
    pub dossier: Dossier,
    /// Bytes that the budget was told of.
    pub held: usize,
    /// Evidence when last weighed.
    pub bits: Bits,
    /// Weighed again at so many probe packets.
    pub next_weighing: u64,
    /// A weighing is due.
    pub armed: bool,
    /// The campaign, once reported.
    pub campaign: Option<Standing>,
    /// What was said to and by it, once it is a campaign.
    pub heard: Vec<Heard>,
}

impl Source {
    /// Its targets that are kept one by one.
    pub fn probes(&self) -> std::slice::Iter<'_, Probe> {
        match &self.more {
            Some(more) => more.dossier.probes.iter(),
            None => std::slice::from_ref(&self.first).iter(),
        }
    }

    fn is_vacant(&self) -> bool {
        self.last == Time::MIN
    }

    /// What speaks for keeping it: a campaign, then evidence, then being recent.
    fn worth(&self) -> (bool, Bits, Time) {
        match &self.more {
            Some(more) => (more.campaign.is_some(), more.bits.max(Bits::ZERO), self.last),
            None => (false, Bits::ZERO, self.last),
        }
    }
}

/// The sources of one shard.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Table {
    slab: Vec<Source>,
    free: Vec<u32>,
    #[serde(skip)]
    index: HashTable<u32>,
    hand: usize,
    more_bytes: usize,
    budget: usize,
    peak: usize,
    /// Sources that were ever added.
    pub added: u64,
    /// Sources evicted.
    pub evicted: u64,
}

impl Table {
    /// With a budget in bytes.
    pub fn new(budget: usize) -> Self {
        Self { budget, ..Self::default() }
    }

    /// The place of a source.
    #[inline]
    pub fn find(&self, hash: u64, address: Address) -> Option<usize> {
        self.index.find(hash, |i| self.slab[*i as usize].address == address).map(|i| *i as usize)
    }

    /// The source at a place.
    pub fn get(&mut self, place: usize) -> &mut Source {
        &mut self.slab[place]
    }

    /// Adds a source that is not there yet. `rehash` gives any source's hash.
    pub fn add(&mut self, hash: u64, source: Source, rehash: impl Fn(Address) -> u64) -> usize {
        self.added += 1;
        let place = match self.free.pop() {
            Some(place) => {
                self.slab[place as usize] = source;
                place as usize
            }
            None => {
                if self.slab.len() == self.slab.capacity() {
                    // A quarter more, not double: the slack stays small beside the budget.
                    self.slab.reserve_exact((self.slab.len() / 4).max(16));
                }
                self.slab.push(source);
                self.slab.len() - 1
            }
        };
        self.index.insert_unique(hash, place as u32, |i| rehash(self.slab[*i as usize].address));
        self.peak = self.peak.max(self.bytes());
        place
    }

    /// Books that a source's dossier grew.
    pub fn book(&mut self, before: usize, after: usize) {
        self.more_bytes = (self.more_bytes + after).saturating_sub(before);
        self.peak = self.peak.max(self.bytes());
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.slab.len() * (size_of::<Source>() + INDEX_BYTES) + self.free.len() * 4 + self.more_bytes
    }

    /// Bytes that it may hold.
    pub fn budget(&self) -> usize {
        self.budget
    }

    /// The most bytes that were held.
    pub fn peak(&self) -> usize {
        self.peak
    }

    /// Whether sources must go.
    pub fn is_over(&self) -> bool {
        // Slots already vacant are room, as long as they are few.
        self.bytes() > self.budget + self.free.len() * (size_of::<Source>() + INDEX_BYTES)
    }

    /// Whether so many slots are vacant that they take room which others need.
    pub fn is_sparse(&self) -> bool {
        self.bytes() > self.budget + self.budget / SPARSE
    }

    /// Gives vacant slots back; every source may change its place.
    pub fn compact(&mut self, hash: impl Fn(Address) -> u64) {
        self.slab.retain(|source| !source.is_vacant());
        self.slab.shrink_to_fit();
        (self.free, self.hand) = (Vec::new(), 0);
        self.rebuild_index(hash);
    }

    /// Evicts the weaker half of the next sources, and gives what they were.
    pub fn evict(&mut self, keep: usize, hash: impl Fn(Address) -> u64) -> Vec<Source> {
        // Campaigns are passed over, as long as there is something else not too far away.
        let mut window = self.window(keep, true);
        if window.is_empty() {
            window = self.window(keep, false);
        }
        window.sort_unstable();
        window.truncate(window.len().div_ceil(2));
        self.evicted += window.len() as u64;
        window.into_iter().map(|(_, place)| self.remove(place, &hash)).collect()
    }

    /// The next sources, with what speaks for keeping each.
    fn window(&mut self, keep: usize, sparing: bool) -> Vec<((bool, Bits, Time), usize)> {
        let mut window = Vec::with_capacity(WINDOW);
        let most = if sparing { SPARING } else { usize::MAX };
        for _ in 0..self.slab.len().min(most) {
            let place = self.hand;
            self.hand = (self.hand + 1) % self.slab.len();
            let source = &self.slab[place];
            let spared = sparing && source.more.as_ref().is_some_and(|m| m.campaign.is_some());
            if place != keep && !source.is_vacant() && !spared {
                window.push((source.worth(), place));
                if window.len() == WINDOW {
                    break;
                }
            }
        }
        window
    }

    /// Takes a source out.
    fn remove(&mut self, place: usize, hash: impl Fn(Address) -> u64) -> Source {
        let address = self.slab[place].address;
        if let Ok(entry) = self.index.find_entry(hash(address), |i| *i as usize == place) {
            entry.remove();
        }
        let vacant = Source { address: Address::default(), last: Time::MIN, more: None, ..self.slab[place] };
        let gone = std::mem::replace(&mut self.slab[place], vacant);
        self.book(gone.more.as_ref().map_or(0, |m| m.held), 0);
        self.free.push(place as u32);
        gone
    }

    /// All sources.
    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.slab.iter().filter(|s| !s.is_vacant())
    }

    /// Builds what is not part of a snapshot.
    pub fn reindex(&mut self, hash: impl Fn(Address) -> u64) {
        for more in self.slab.iter_mut().filter_map(|s| s.more.as_mut()) {
            more.dossier.reindex();
        }
        self.rebuild_index(hash);
    }

    fn rebuild_index(&mut self, hash: impl Fn(Address) -> u64) {
        let slab = &self.slab;
        self.index = HashTable::with_capacity(slab.len());
        for (place, source) in slab.iter().enumerate().filter(|(_, s)| !s.is_vacant()) {
            self.index.insert_unique(hash(source.address), place as u32, |i| hash(slab[*i as usize].address));
        }
    }
}

impl More {
    /// Bytes held now.
    pub fn bytes(&self) -> usize {
        size_of::<Self>() - size_of::<Dossier>() + self.dossier.bytes() + self.words()
    }

    /// Bytes of what was said.
    pub fn words(&self) -> usize {
        self.heard.iter().map(Heard::bytes).sum()
    }

    /// Keeps the first utterances, within a number and bytes.
    pub fn cut_words(&mut self, most: usize, mut bytes: usize) {
        let fits = |heard: &Heard| {
            let room = bytes.checked_sub(heard.bytes());
            bytes = room.unwrap_or(0);
            room.is_some()
        };
        let fitting = self.heard.iter().take(most).map(fits).take_while(|fits| *fits).count();
        self.heard.truncate(fitting);
        self.heard.shrink_to_fit();
    }
}
