//! What spans sources: which hosts have ever answered anybody, and whether answers are seen at all.
//!
//! Shards add to deltas of their own and read an immutable snapshot. The snapshot is replaced at fixed epochs of capture
//! time, from the deltas in shard order, so it is the same for every number of threads.

use std::sync::Arc;

use hashbrown::HashSet;
use serde::{Deserialize, Serialize};

use crate::contact::{Contact, Outcome, SECOND, Time, Transport};
use crate::detect::state::host_id;
use crate::inventory::Known;
use crate::net::Address;

/// Length of an epoch.
pub const EPOCH: Time = 60 * SECOND;
/// Bytes that a host costs in a set, slack counted.
const HOST_BYTES: u64 = 10;
/// Handshakes completed without a visible answer, before a vantage is called one-way.
const ONE_SIDED: u64 = 3;

/// The snapshot.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct World {
    alive: HashSet<u32, foldhash::fast::FixedState>,
    room: usize,
    seen: Seen,
    /// What a survey found; no part of a snapshot: who restores one gives it again.
    #[serde(skip)]
    known: Option<Arc<Known>>,
}

/// Counts of what was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Packets that a target sent back.
    pub replies: u64,
    /// Handshakes that the source completed although no answer was seen.
    pub one_sided: u64,
    /// Answers whose question was not seen.
    pub stray_answers: u64,
    /// ARP and neighbour discovery answers, which go to one host: a switched port sees only its own.
    pub link_replies: u64,
    /// Probes.
    pub probes: u64,
}

impl Seen {
    fn add(&mut self, other: Self) {
        self.replies += other.replies;
        self.one_sided += other.one_sided;
        self.stray_answers += other.stray_answers;
        self.link_replies += other.link_replies;
        self.probes += other.probes;
    }
}

/// What one shard saw since the last epoch.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Delta {
    alive: HashSet<u32, foldhash::fast::FixedState>,
    room: usize,
    /// Counts since the last epoch.
    pub seen: Seen,
}

impl Delta {
    /// An empty one that may grow to `bytes`.
    pub fn new(bytes: usize) -> Self {
        Self { room: bytes / HOST_BYTES as usize, ..Self::default() }
    }

    /// A reply. `answer_seen`: whether the target's own answer was seen before.
    pub fn reply(&mut self, contact: &Contact, answer_seen: bool) {
        match contact.outcome {
            Outcome::Unknown | Outcome::Silent | Outcome::Unreachable | Outcome::Asked => {}
            Outcome::Completed => self.seen.one_sided += u64::from(!answer_seen),
            Outcome::Refused | Outcome::Answered | Outcome::Told => self.answer(contact),
        }
    }

    /// A flow that the target answered in some way.
    pub fn flow(&mut self, contact: &Contact) {
        if contact.outcome >= Outcome::Refused {
            self.answer(contact);
        }
    }

    fn answer(&mut self, contact: &Contact) {
        self.seen.replies += 1;
        self.seen.link_replies += u64::from(matches!(contact.transport, Transport::Arp | Transport::Nd));
        if self.alive.len() < self.room {
            self.alive.insert(host_id(contact.target));
        }
    }

    fn is_empty(&self) -> bool {
        self.alive.is_empty() && self.seen == Seen::default()
    }
}

impl World {
    /// An empty snapshot that may grow to `bytes`.
    pub fn new(bytes: u64) -> Self {
        Self { room: (bytes / HOST_BYTES) as usize, ..Self::default() }
    }

    /// A survey tells what is there.
    pub fn inform(&mut self, known: Arc<Known>) {
        self.known = Some(known);
    }

    /// What a survey found, where there is one.
    pub fn known(&self) -> Option<&Known> {
        self.known.as_deref()
    }

    /// Takes up a shard's delta and leaves it empty. Past the room given, hosts are no longer added.
    pub fn take_up(&mut self, delta: &mut Delta) {
        if delta.is_empty() {
            return;
        }
        self.seen.add(std::mem::take(&mut delta.seen));
        let mut hosts: Vec<u32> = delta.alive.drain().collect();
        hosts.sort_unstable();
        let room = self.room.saturating_sub(self.alive.len());
        self.alive.extend(hosts.into_iter().take(room));
    }

    /// Whether a host ever answered anybody (before this epoch).
    pub fn answers(&self, host: Address) -> bool {
        self.alive.contains(&host_id(host))
    }

    /// Whether this vantage sees one direction only: handshakes go on whose answers never show.
    pub fn is_one_way(&self) -> bool {
        self.seen.one_sided >= ONE_SIDED && self.seen.replies * 10 < self.seen.one_sided
    }

    /// Whether silence means that nobody answered. On a one-way vantage it means nothing, but for TCP, whose sources
    /// show by going on that they were answered.
    pub fn silence_tells(&self, transport: Transport) -> bool {
        match transport {
            Transport::Tcp => true,
            Transport::Arp | Transport::Nd => self.seen.link_replies > 0,
            _ => !self.is_one_way(),
        }
    }

    /// The counts so far.
    pub fn seen(&self) -> Seen {
        self.seen
    }

    /// Bytes held.
    pub fn bytes(&self) -> u64 {
        self.alive.len() as u64 * HOST_BYTES
    }
}
