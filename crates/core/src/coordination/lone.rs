//! The lone sources: up to millions, each too little to keep. Two passes over them find the few worth keeping.
//!
//! The first counts, for each kind of key, contacts and (in 16 bits) different targets by hashed key. The second keeps the
//! sources of keys with enough of both. A key of too many contacts is passed over: at that density nothing can be told of
//! a division of work (a flood repeats its targets again and again). Sources whose packets, service and place are a flood's
//! have no key but their origin and their secret: whatever is coarser drowns in the flood with them, and so the next
//! million of them costs next to nothing. What looks otherwise is found beside it.
//!
//! All memory is a share of the budget ([`Room`]). The limit: where the sources are twenty for each counter, a key must
//! stand out of the collisions, so that a group of one network needs half a hundred contacts.

use std::collections::HashSet;

use super::EachLone;
use super::keys::{self, ALIKE, ANY_SERVICE, ANY_WINDOW, KINDS, ORIGIN, SECRET, SERVICE, Seen, WIDER};
use super::worth::{Counts, Room, Slot, Worth};
use crate::contact::Outcome;
use crate::net::Address;

/// Counters are gone to so many at a time: one that lies far off in memory need not be waited for before the next.
const LATER: usize = 256;

/// What the passes found.
pub(super) struct Crowd {
    /// Contacts of promising keys, one for each source, target and service: the first. Sorted by these.
    pub kept: Vec<Seen>,
    /// Contacts in all.
    pub all: u64,
    worth: Worth,
}

impl Crowd {
    /// The promising keys of a kind and the places of their contacts in `kept`, sorted.
    pub fn keyed(&self, kind: usize) -> Vec<(u64, u32)> {
        let mut keyed = Vec::new();
        if self.worth.kinds[kind] {
            keyed.reserve_exact(self.kept.len());
            for (at, seen) in self.kept.iter().enumerate() {
                let place = seen.place();
                if self.worth.is_kept(seen, place, kind) {
                    keyed.push((seen.key(kind, place), at as u32));
                }
            }
        }
        keyed.sort_unstable();
        keyed
    }
}

/// Goes through the lone sources, and once more where any are worth it. `bytes`: memory for all of it.
pub(super) fn collect<L: EachLone + ?Sized>(lone: &L, bytes: usize) -> Crowd {
    let room = Room::new(bytes, lone.most());
    let counts = count(lone, room);
    let worth = Worth::new(&counts, room);
    let mut crowd = Crowd { kept: Vec::new(), all: counts.all, worth };
    drop(counts);
    if crowd.worth.contacts == 0 {
        return crowd;
    }
    let most = crowd.worth.contacts.min(room.kept);
    crowd.kept.reserve_exact(most);
    lone.each(|one| {
        if one.outcome == Outcome::Asked || crowd.kept.len() == most {
            return;
        }
        let seen = Seen::new(one);
        let place = seen.place();
        let kinds = crowd.worth.of(&seen, place);
        if kinds.iter().any(|kind| crowd.worth.is_kept(&seen, place, *kind)) {
            crowd.kept.push(seen);
        }
    });
    let order = |seen: &Seen| (seen.source, seen.target, seen.service, seen.time);
    crowd.kept.sort_unstable_by_key(order);
    crowd.kept.dedup_by_key(|seen| (seen.source, seen.target, seen.service));
    crowd
}

/// The first pass.
fn count<L: EachLone + ?Sized>(lone: &L, room: Room) -> Counts {
    let mut counts = Counts { slots: vec![Slot::default(); KINDS << room.slots], all: 0 };
    let mut later: Vec<(u32, u16)> = Vec::with_capacity(LATER + KINDS);
    lone.each(|one| {
        if one.outcome == Outcome::Asked {
            return;
        }
        let seen = Seen::new(one);
        let (place, target) = (seen.place(), 1 << (keys::mix(1, keys::folded(one.target)) >> 60));
        let alike = counts.add(room.slot(ALIKE, seen.key(ALIKE, place)), target);
        let mut add = |kind: usize| {
            let key = seen.key(kind, place);
            if key != 0 {
                later.push((room.slot(kind, key) as u32, target));
            }
        };
        add(SECRET);
        add(ORIGIN);
        // The one that makes it a flood still counts, so that the coarser keys are too many, too.
        if alike <= room.key + 1 {
            [ANY_SERVICE, ANY_WINDOW, WIDER, SERVICE].into_iter().for_each(add);
        }
        if later.len() > LATER {
            later.drain(..).for_each(|(slot, target)| _ = counts.add(slot as usize, target));
        }
        counts.all += 1;
    });
    later.into_iter().for_each(|(slot, target)| _ = counts.add(slot as usize, target));
    counts
}

/// Of these sources, those that used what answered them on one of their contacts.
pub(super) fn clients<L: EachLone + ?Sized>(lone: &L, of: &HashSet<Address>) -> HashSet<Address> {
    let mut clients = HashSet::new();
    lone.each(|one| {
        if one.outcome == Outcome::Asked && of.contains(&one.source) {
            clients.insert(one.source);
        }
    });
    clients
}
