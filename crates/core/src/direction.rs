//! Who started: decided from the packets, by a bounded memory of recent pairs.
//!
//! The problem: a bare ACK, a reset or a datagram does not say whether its sender started or answered, and ports prove
//! nothing. The way: each pair (two addresses, two ports, one protocol) that somebody started stands in a set-associative
//! table of eight bytes a pair. One decision is made for a packet, here, before it is handed to a shard, so that no two
//! shards can disagree about it. The limit: a pair pushed out by newer ones is forgotten; pairs that were answered are
//! pushed out last, so a flood of unanswered starts does not displace conversations.
//!
//! The second use: of a conversation only the steps matter (started, answered, completed, spoken on), each once. All
//! other packets of it end here, which keeps ordinary traffic cheap.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::FixedState;
use serde::{Deserialize, Serialize};

use crate::contact::{Contact, Outcome, Phase, SECOND, Time, Transport, flags, traits};

/// Pairs in a set.
const WAYS: usize = 4;
/// A datagram on a pair that was quiet for so long starts anew.
const DATAGRAM_QUIET: u16 = 64 / TICK;
/// Multicast DNS answers from its port to its port, also to one host (RFC 6762); the question went to the group.
const MDNS: u16 = 5353;
/// Seconds in a unit of a pair's age. 16 bits of it wrap after six days, which only blurs who is pushed out.
const TICK: u16 = 8;

/// The steps of a pair.
mod step {
    /// The endpoint that sorts first started.
    pub const LOWER: u8 = 1;
    /// Something started it.
    pub const STARTED: u8 = 2;
    /// It began with something other than a handshake.
    pub const MIDWAY: u8 = 4;
    /// The other side answered.
    pub const ANSWERED: u8 = 8;
    /// The starter went on after the answer.
    pub const COMPLETED: u8 = 16;
    /// The starter spoke.
    pub const ASKED: u8 = 32;
    /// The other side spoke.
    pub const TOLD: u8 = 64;
    /// Refused or reset.
    pub const ENDED: u8 = 128;
}

/// The bounded memory of recent pairs.
#[derive(Debug, Serialize, Deserialize)]
pub struct PairMemory {
    sets: Vec<Set>,
    hash: u64,
}

/// Aligned, so that no set lies across two cache lines.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[repr(align(32))]
struct Set([u64; WAYS]);

/// Where a contact's pair belongs, and which end its source is.
#[derive(Clone, Copy, Default)]
struct Key {
    hash: u64,
    /// [`step::LOWER`] if the source is the end that sorts first.
    starter: u8,
}

/// Contacts resolved together: their sets are read ahead of time, so that the waits for memory overlap.
const TOGETHER: usize = 32;

/// A pair's slot: 40 bits of hash, 16 of age, 8 of steps.
#[derive(Clone, Copy)]
struct Slot(u64);

impl Slot {
    fn new(hash: u64, now: u16, steps: u8) -> Self {
        Self(hash & !0xff_ffff | u64::from(now) << 8 | u64::from(steps))
    }
    fn is_of(self, hash: u64) -> bool {
        (self.0 ^ hash) >> 24 == 0 && self.0 as u8 != 0
    }
    fn steps(self) -> u8 {
        self.0 as u8
    }
    fn age(self, now: u16) -> u16 {
        now.wrapping_sub((self.0 >> 8) as u16)
    }
    /// What is pushed out first: nothing, then unanswered, then the oldest.
    fn worth(self, now: u16) -> u32 {
        match self.steps() {
            0 => 0,
            steps => 1 + (u32::from(steps & step::ANSWERED != 0) << 17) + u32::from(u16::MAX - self.age(now)),
        }
    }
}

impl PairMemory {
    /// With room for `bytes / 8` pairs, rounded down to a power of two; `key` seeds the hash.
    pub fn new(bytes: u64, key: u64) -> Self {
        let sets = (bytes / (8 * WAYS as u64)).max(64);
        Self { sets: vec![Set::default(); 1 << sets.ilog2()], hash: key }
    }

    /// Bytes held.
    pub fn bytes(&self) -> u64 {
        (self.sets.len() * WAYS * 8) as u64
    }

    /// Resolves contacts in their order. `each` gets those that add something to what was already seen of their pair.
    pub fn resolve(&mut self, contacts: &[Contact], mut each: impl FnMut(Contact)) {
        for together in contacts.chunks(TOGETHER) {
            let mut keys = [Key::default(); TOGETHER];
            let mut read = 0;
            for (key, contact) in keys.iter_mut().zip(together) {
                *key = self.key(contact);
                read ^= self.sets[self.place(*key)].0[0];
            }
            std::hint::black_box(read);
            for (key, contact) in keys.iter().zip(together) {
                if let Some(contact) = self.one(*contact, *key) {
                    each(contact);
                }
            }
        }
    }

    fn one(&mut self, contact: Contact, key: Key) -> Option<Contact> {
        match (contact.transport, contact.phase) {
            (_, Phase::Flow | Phase::Stray) => Some(contact),
            (_, Phase::Half) => Some(self.half(contact, key)),
            (Transport::Tcp | Transport::Udp | Transport::Sctp, Phase::Probe) => {
                Some(self.start(contact, key))
            }
            (Transport::Tcp, Phase::Reply) => self.tcp_reply(contact, key),
            (Transport::Udp | Transport::Sctp, Phase::Reply) => self.first_reply(contact, key),
            (Transport::Tcp, Phase::Unclear) => self.segment(contact, key),
            (Transport::Udp | Transport::Ip, Phase::Unclear) => self.datagram(contact, key),
            (Transport::Sctp, Phase::Unclear) => self.chunk(contact, key),
            (_, Phase::Unclear) => None,
            _ => Some(contact),
        }
    }

    /// A packet that starts something, whatever was there before.
    fn start(&mut self, contact: Contact, key: Key) -> Contact {
        let mut pair = self.pair(&contact, key);
        pair.set(pair.starter | step::STARTED);
        contact
    }

    /// A SYN-ACK (already turned: `source` is who it goes to), or an ICMP error about a TCP packet.
    fn tcp_reply(&mut self, contact: Contact, key: Key) -> Option<Contact> {
        let mut pair = self.pair(&contact, key);
        let started = pair.steps & step::STARTED != 0 && pair.by_source();
        if !started {
            // The answer to a start that was not seen, or to one that never was.
            if contact.outcome != Outcome::Answered {
                return None;
            }
            pair.set(pair.starter | step::MIDWAY | step::ANSWERED);
            return Some(stray(turned(contact)));
        }
        self.first_reply(contact, key)
    }

    /// The first reply of a pair counts, the others repeat it.
    fn first_reply(&mut self, contact: Contact, key: Key) -> Option<Contact> {
        let mut pair = self.pair(&contact, key);
        let step = if contact.outcome >= Outcome::Answered { step::ANSWERED } else { step::ENDED };
        let known = pair.steps & (step::ANSWERED | step::ENDED) != 0;
        if pair.steps != 0 {
            pair.add(step);
        }
        if known { None } else { Some(contact) }
    }

    /// A TCP segment that is neither a SYN nor a SYN-ACK.
    fn segment(&mut self, contact: Contact, key: Key) -> Option<Contact> {
        let payload = contact.has(traits::PAYLOAD);
        let reset = contact.flags & flags::RST != 0;
        let mut pair = self.pair(&contact, key);
        if pair.steps == 0 {
            if reset {
                return Some(stray(contact));
            }
            // Bytes without a start: the capture began later than the connection. Who started stays unknown.
            let first = if payload { step::MIDWAY } else { step::MIDWAY | step::STARTED };
            pair.set(pair.starter | first);
            return if payload { None } else { Some(Contact { phase: Phase::Probe, ..contact }) };
        }
        if pair.steps & step::STARTED == 0 {
            return None;
        }
        if pair.by_source() {
            return pair.starter_sends(contact, payload, reset);
        }
        pair.other_sends(contact, payload, reset)
    }

    /// UDP, and IP protocols that have no ports.
    fn datagram(&mut self, contact: Contact, key: Key) -> Option<Contact> {
        let mut pair = self.pair(&contact, key);
        if pair.steps == 0 {
            if looks_like_an_answer(&contact) {
                return Some(stray(contact));
            }
            pair.set(pair.starter | step::STARTED);
            return Some(Contact { phase: Phase::Probe, ..contact });
        }
        if pair.by_source() {
            if pair.steps & step::ANSWERED == 0 || pair.age > DATAGRAM_QUIET {
                pair.set(pair.starter | step::STARTED);
                return Some(Contact { phase: Phase::Probe, ..contact });
            }
            // Going on after an answer is use.
            let known = pair.steps & step::ASKED != 0;
            pair.add(step::ASKED);
            let used = Contact { phase: Phase::Reply, outcome: Outcome::Asked, ..contact };
            return if known { None } else { Some(used) };
        }
        let known = pair.steps & step::ANSWERED != 0;
        pair.add(step::ANSWERED);
        if known { None } else { Some(answer(contact, Outcome::Answered)) }
    }

    /// One direction of a flow. The side whose record begins first started it; where that is the other's answer (both
    /// begin in the same millisecond, or the question was not exported), flags or ports tell.
    fn half(&mut self, contact: Contact, key: Key) -> Contact {
        let mut pair = self.pair(&contact, key);
        let answers = match pair.steps {
            0 => is_half_answer(&contact),
            _ => !pair.by_source(),
        };
        let outcome = half_outcome(&contact, answers);
        if !answers {
            let before = pair.steps & (step::ANSWERED | step::ENDED);
            pair.set(pair.starter | before | step::STARTED);
            let known = match before {
                0 => Outcome::Unknown,
                step::ENDED => Outcome::Refused,
                _ => Outcome::Answered,
            };
            let outcome = outcome.max(known);
            return Contact { phase: Phase::Flow, outcome, flags: first_flags(contact.flags), ..contact };
        }
        let step = if outcome == Outcome::Refused { step::ENDED } else { step::ANSWERED };
        if pair.steps == 0 {
            pair.set((pair.starter ^ step::LOWER) | step::MIDWAY | step);
            if contact.outcome == Outcome::Unknown {
                // Of what was sampled the question is missed as easily as not: the answer proves that it was asked.
                let flags = contact.flags & flags::SYN;
                return Contact { phase: Phase::Flow, outcome, flags, ..turned(contact) };
            }
            return stray(contact);
        }
        pair.add(step);
        answer(contact, outcome)
    }

    /// SCTP beyond its handshake.
    fn chunk(&mut self, contact: Contact, key: Key) -> Option<Contact> {
        let mut pair = self.pair(&contact, key);
        let known = pair.steps & step::COMPLETED != 0;
        if pair.steps & step::ANSWERED == 0 || known || !pair.by_source() {
            return None;
        }
        pair.add(step::COMPLETED);
        Some(Contact { phase: Phase::Reply, outcome: Outcome::Completed, ..contact })
    }

    fn key(&self, contact: &Contact) -> Key {
        let here = (contact.source, contact.source_port);
        let there = (contact.target, contact.port);
        let lower = here < there;
        let ((low, low_port), (high, high_port)) = if lower { (here, there) } else { (there, here) };
        let numbers = match contact.transport {
            Transport::Ip => u64::from(contact.port),
            _ => u64::from(low_port) << 16 | u64::from(high_port),
        };
        let mut hasher = FixedState::with_seed(self.hash).build_hasher();
        hasher.write_u64(low.halves().0 ^ high.halves().0.rotate_left(17));
        hasher.write_u64(low.halves().1);
        hasher.write_u64(high.halves().1);
        hasher.write_u64(numbers | (contact.transport as u64) << 32);
        Key { hash: hasher.finish(), starter: if lower { step::LOWER } else { 0 } }
    }

    fn place(&self, key: Key) -> usize {
        key.hash as usize & (self.sets.len() - 1)
    }

    fn pair(&mut self, contact: &Contact, key: Key) -> Pair<'_> {
        let now = tick(contact.time);
        let place = self.place(key);
        let set = &mut self.sets[place].0;
        let found = set.iter().position(|s| Slot(*s).is_of(key.hash));
        let way = found.unwrap_or_else(|| (0..WAYS).min_by_key(|w| Slot(set[*w]).worth(now)).unwrap_or(0));
        let (steps, age) = match found {
            Some(way) => (Slot(set[way]).steps(), Slot(set[way]).age(now)),
            None => (0, 0),
        };
        Pair { slot: &mut set[way], hash: key.hash, now, age, steps, starter: key.starter }
    }
}

/// The slot of a contact's pair, found or free to take.
struct Pair<'a> {
    slot: &'a mut u64,
    hash: u64,
    now: u16,
    age: u16,
    /// What happened so far; 0 if the pair is new.
    steps: u8,
    /// The bit that says "this contact's source started".
    starter: u8,
}

impl Pair<'_> {
    fn by_source(&self) -> bool {
        self.steps & step::LOWER == self.starter
    }

    fn set(&mut self, steps: u8) {
        self.steps = steps;
        *self.slot = Slot::new(self.hash, self.now, steps).0;
    }

    fn add(&mut self, step: u8) {
        self.set(self.steps | step);
    }

    /// A segment from whoever started.
    fn starter_sends(&mut self, contact: Contact, payload: bool, reset: bool) -> Option<Contact> {
        let (step, outcome) = if reset {
            (step::ENDED, None)
        } else if payload {
            (step::ASKED | step::COMPLETED, Some(Outcome::Asked))
        } else {
            // After a SYN: the handshake's end. After a bare segment: another of the same connection, which no probe is.
            (step::COMPLETED, Some(Outcome::Completed))
        };
        let known = self.steps & step == step;
        self.add(step);
        if known { None } else { outcome.map(|outcome| Contact { phase: Phase::Reply, outcome, ..contact }) }
    }

    /// A segment from the other side.
    fn other_sends(&mut self, contact: Contact, payload: bool, reset: bool) -> Option<Contact> {
        let settled = self.steps & (step::ANSWERED | step::ENDED) != 0;
        let (step, outcome) = if reset {
            (step::ENDED, if settled { None } else { Some(Outcome::Refused) })
        } else if payload {
            (step::TOLD | step::ANSWERED, Some(Outcome::Told))
        } else if self.steps & step::MIDWAY != 0 {
            // A live connection acknowledges; a closed port would have sent a reset.
            (step::ANSWERED, Some(Outcome::Answered))
        } else {
            return None;
        };
        let known = self.steps & step == step;
        self.add(step);
        if known { None } else { outcome.map(|outcome| answer(contact, outcome)) }
    }
}

fn tick(time: Time) -> u16 {
    (time / (SECOND * Time::from(TICK))) as u16
}

/// Whether the first record of a pair is an answer to something that was not reported (yet).
pub fn is_half_answer(contact: &Contact) -> bool {
    let has = |bits: u8| contact.flags & bits == bits;
    match contact.transport {
        Transport::Tcp if contact.flags & flags::SYN != 0 && !has(flags::ACK) => false,
        Transport::Tcp if has(flags::RST) && !has(flags::SYN) => true,
        Transport::Tcp | Transport::Udp | Transport::Sctp => looks_like_an_answer(contact),
        _ => false,
    }
}

/// How far a flow came, as one direction of it tells.
fn half_outcome(contact: &Contact, answers: bool) -> Outcome {
    let has = |bit: u8| contact.flags & bit != 0;
    match (contact.transport, answers) {
        (Transport::Tcp, true) if has(flags::RST) && !has(flags::SYN) => Outcome::Refused,
        (Transport::Tcp, true) if has(flags::PSH) => Outcome::Told,
        (_, true) => Outcome::Answered,
        (Transport::Tcp, false) if has(flags::SYN) && has(flags::PSH) => Outcome::Asked,
        (Transport::Tcp, false) if has(flags::SYN) && has(flags::ACK) => Outcome::Completed,
        (_, false) => contact.outcome,
    }
}

/// A flow that begins with a SYN has more flags later on.
fn first_flags(all: u8) -> u8 {
    // SYN and FIN without an ACK are no connection's.
    let connection = all & flags::SYN != 0 && all & (flags::FIN | flags::ACK) != flags::FIN;
    if connection { flags::SYN } else { all }
}

/// Seen from the side that started: source and target change places.
pub fn turned(contact: Contact) -> Contact {
    if contact.transport == Transport::Ip {
        // A protocol's number is the same both ways.
        return Contact { source: contact.target, target: contact.source, ..contact };
    }
    Contact {
        source: contact.target,
        target: contact.source,
        port: contact.source_port,
        source_port: contact.port,
        ..contact
    }
}

fn answer(contact: Contact, outcome: Outcome) -> Contact {
    Contact { phase: Phase::Reply, outcome, ..turned(contact) }
}

fn stray(contact: Contact) -> Contact {
    Contact { phase: Phase::Stray, outcome: Outcome::Unknown, ..contact }
}

/// Whether the ports of a packet whose beginning nobody saw are those of an answer: from a port that servers listen on
/// to one that they do not. Used only where the packets themselves cannot tell.
pub fn looks_like_an_answer(contact: &Contact) -> bool {
    is_answer(contact.transport, contact.source_port, contact.port)
}

/// The same of two ports.
pub fn is_answer(transport: Transport, from: u16, to: u16) -> bool {
    let service = |port| crate::contact::Service { transport, port };
    let listens = |port: u16| port < 1024 || crate::priors::Priors::shipped().names(service(port));
    let mdns = transport == Transport::Udp && from == MDNS && to == MDNS;
    mdns || from != 0 && listens(from) && !listens(to)
}

#[cfg(test)]
#[path = "direction_tests.rs"]
mod tests;
