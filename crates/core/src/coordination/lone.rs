//! The lone sources: up to millions, each too little to keep. Two passes over them find the few worth keeping.
//!
//! The first counts, for each kind of key, contacts and (in 16 bits) different targets by hashed key. The second keeps the
//! sources of keys with enough of both. A key of more than [`CAP`] contacts is passed over: at that density nothing can be told
//! of a division of work (a flood repeats its targets again and again), and finer keys of the same sources stand beside it.
//! Memory: 7 MiB of counters and at most [`KEPT`] contacts. The limit: where ten million sources are all different, a key
//! must stand out of the collisions of its counter, so that a group of one network needs about a hundred sources.

use std::collections::HashSet;

use super::keys::{self, KINDS};
use super::unit::{Target, Unit};
use super::{EachLone, Lone};
use crate::contact::Outcome;
use crate::net::Address;

/// Counters of a kind of key, as a power of two.
const SLOTS: u32 = 18;
/// Contacts of a key that are looked at.
const CAP: u16 = u16::MAX - 1;
/// Contacts kept in all.
pub(super) const KEPT: usize = 400_000;
/// Contacts that a key needs.
const ENOUGH: u32 = 8;
/// Different targets that a key needs.
const TARGETS: u32 = 5;

/// What the passes found.
#[derive(Clone, Debug, Default)]
pub(super) struct Crowd {
    /// Contacts of promising keys, one for each source, target and service: the first.
    pub kept: Vec<Lone>,
    /// For each kind the key and the place in `kept`, sorted.
    pub keyed: [Vec<(u64, u32)>; KINDS],
    /// Contacts in all.
    pub all: u64,
}

#[derive(Clone, Copy, Default)]
struct Slot {
    count: u16,
    targets: u16,
}

/// Goes through the lone sources twice.
pub(super) fn collect(lone: EachLone<'_>) -> Crowd {
    let mut slots = vec![Slot::default(); KINDS << SLOTS];
    let mut sums = [0u64; KINDS];
    let mut all = 0;
    lone(&mut |one| {
        if one.outcome == Outcome::Asked {
            return;
        }
        all += 1;
        let target = 1u16 << (keys::mix(1, keys::folded(one.target)) >> 60);
        for (kind, key) in keys::of(one).into_iter().enumerate().filter(|(_, key)| *key != 0) {
            let slot = &mut slots[place(kind, key)];
            slot.count = slot.count.saturating_add(1);
            slot.targets |= target;
            sums[kind] += 1;
        }
    });
    let promising = promising(&slots, &sums);
    drop(slots);
    let mut crowd = Crowd { all, ..Crowd::default() };
    if promising.iter().all(|word| *word == 0) {
        return crowd;
    }
    let is_promising = |kind, key| {
        let place = place(kind, key);
        key != 0 && promising[place / 64] >> (place % 64) & 1 == 1
    };
    lone(&mut |one| {
        if one.outcome == Outcome::Asked || crowd.kept.len() == KEPT {
            return;
        }
        let keys = keys::of(one);
        if (0..KINDS).any(|kind| is_promising(kind, keys[kind])) {
            crowd.kept.push(*one);
        }
    });
    let order = |one: &Lone| (one.source, one.target, one.service, one.time);
    crowd.kept.sort_unstable_by_key(order);
    crowd.kept.dedup_by_key(|one| (one.source, one.target, one.service));
    for (at, one) in crowd.kept.iter().enumerate() {
        for (kind, key) in keys::of(one).into_iter().enumerate() {
            if is_promising(kind, key) {
                crowd.keyed[kind].push((key, at as u32));
            }
        }
    }
    crowd.keyed.iter_mut().for_each(|keyed| keyed.sort_unstable());
    crowd
}

fn place(kind: usize, key: u64) -> usize {
    kind << SLOTS | (key >> (64 - SLOTS)) as usize
}

/// One bit for each slot: whether its sources are to be kept. The smaller keys come first where not all find room.
fn promising(slots: &[Slot], sums: &[u64; KINDS]) -> Vec<u64> {
    let mut chosen: Vec<(u16, u32)> = Vec::new();
    for (kind, sum) in sums.iter().enumerate() {
        // Unrelated keys in one slot: Poisson, six standard deviations.
        let mean = *sum as f64 / f64::from(1 << SLOTS);
        let least = ENOUGH + (mean + 6.0 * mean.sqrt()) as u32;
        let from = kind << SLOTS;
        for (at, slot) in slots.iter().enumerate().skip(from).take(1 << SLOTS) {
            if u32::from(slot.count) >= least && slot.count <= CAP && slot.targets.count_ones() >= TARGETS {
                chosen.push((slot.count, at as u32));
            }
        }
    }
    chosen.sort_unstable();
    let mut bits = vec![0u64; slots.len() / 64];
    let mut room = KEPT as u64;
    for (count, at) in chosen {
        if u64::from(count) > room {
            break;
        }
        room -= u64::from(count) / 2;
        bits[at as usize / 64] |= 1 << (at % 64);
    }
    bits
}

/// The units of contacts (sorted by source), in the order of their first contacts. `by_service`: services of hosts are
/// the targets, not hosts.
pub(super) fn units<'a>(contacts: impl Iterator<Item = &'a Lone>, by_service: bool) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    for one in contacts {
        let task = if by_service { keys::service(one.service) } else { 0 };
        let target = Target { task, host: one.target };
        match units.last_mut().filter(|unit| unit.source == one.source) {
            Some(unit) => {
                let earlier = one.time < unit.start;
                if !unit.targets.contains(&target) {
                    unit.targets.push(target);
                    let last = unit.targets.len() - 1;
                    if earlier {
                        unit.targets.swap(0, last);
                    }
                }
                (unit.start, unit.end) = (unit.start.min(one.time), unit.end.max(one.time));
                if let Err(at) = unit.services.binary_search(&one.service) {
                    unit.services.insert(at, one.service);
                }
                unit.hosts = unit.targets.len() as u64;
            }
            None => {
                units.push(Unit {
                    source: one.source,
                    member: None,
                    start: one.time,
                    end: one.time,
                    imprint: keys::imprint(&one.imprint),
                    secret: keys::secret(&one.imprint),
                    generator: None,
                    services: vec![one.service],
                    targets: vec![target],
                    hosts: 1,
                    complete: true,
                    pairs: Vec::new(),
                });
            }
        }
    }
    units.sort_by_key(|unit| (unit.start, unit.source));
    units
}

/// Of these sources, those that used what answered them on one of their contacts.
pub(super) fn clients(lone: EachLone<'_>, of: &HashSet<Address>) -> HashSet<Address> {
    let mut clients = HashSet::new();
    lone(&mut |one| {
        if one.outcome == Outcome::Asked && of.contains(&one.source) {
            clients.insert(one.source);
        }
    });
    clients
}
