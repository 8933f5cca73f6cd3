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
    let room = Room::new(bytes);
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
    let mut counts = Counts { slots: vec![Slot::default(); KINDS << room.slots], sums: [0; KINDS], all: 0 };
    lone.each(|one| {
        if one.outcome == Outcome::Asked {
            return;
        }
        let seen = Seen::new(one);
        let (place, target) = (seen.place(), 1 << (keys::mix(1, keys::folded(one.target)) >> 60));
        let alike = counts.add(room, ALIKE, seen.key(ALIKE, place), target);
        counts.add(room, SECRET, seen.key(SECRET, place), target);
        counts.add(room, ORIGIN, seen.key(ORIGIN, place), target);
        if alike <= room.key {
            for kind in [ANY_SERVICE, ANY_WINDOW, WIDER, SERVICE] {
                counts.add(room, kind, seen.key(kind, place), target);
            }
        }
        counts.all += 1;
    });
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
