//! One shard: the sources that it owns, judged one contact at a time.
//!
//! Shards send each other nothing. What spans sources they read from the [`World`] of the last epoch and add to their own
//! delta. A shard's clock is the latest contact it got, or the last epoch, so it does not depend on other shards.

mod conclude; // the end: every source weighed with all that is known

use std::collections::VecDeque;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};
use std::hash::{BuildHasher, Hasher};

use crate::blocks::Blocks;
use crate::campaign::{CLOSES_AFTER, GOES_ON_WITHIN, Standing, closes_after};
use crate::contact::{Contact, EXPIRED, Outcome, Phase, SECOND, Time, Transport, flags, traits};
use crate::detect::asked;
use crate::detect::craft::{is_ordinary_syn, kind_of};
use crate::detect::dossier::{Change, Dossier, Probe, mark};
use crate::detect::{Case, decided, weigh};
use crate::direction::looks_like_an_answer;
use crate::evidence::Bits;
use crate::heard::{Heard, OF_ONE, OF_ONE_BYTES, Ring};
use crate::imprint::Raw;
use crate::net::Address;
use crate::priors::Priors;
use crate::record::{ProbeKind, Status};
use crate::table::{More, Source, Table};
use crate::world::{Delta, World};

use conclude::Finished;
pub use conclude::{Concluded, Finding};

/// An answer may take so long; until then a contact is not a failure.
const GRACE: Time = 3 * SECOND;
/// Sources of backscatter counted one by one, a shard.
const BACKSCATTER_SOURCES: usize = 1024;

/// Records of campaigns may take this share of the budget on top of it, when the state is read out at the end.
const RECORD_SHARE: usize = 4;
/// Bytes of a record with its sentences and lists, and of what still matters of a campaign whose memory went.
const RECORD_BYTES: usize = 16_384;
/// Hosts seen to answer within an epoch may take this share of the budget.
const ALIVE_SHARE: usize = 64;
/// The newest utterances of everybody may take this share of the budget.
const HEARD_SHARE: usize = 32;
/// This share of the budget is left free for vacant slots, and for a source that grows before others make room.
const SLACK_SHARE: usize = 16;
/// With fewer probe packets than this nothing is weighed: two targets are no scan.
const FEWEST_PROBES: u64 = 3;
/// Probes between two looks at what the sums of one source take.
const SUMS_LOOKED_AT: u64 = 64;
/// Bytes of an entry of the queue of sources to be weighed.
const DUE_BYTES: usize = size_of::<(Time, Address)>();

/// What every shard reads.
pub struct Surroundings<'a> {
    /// What spans sources.
    pub world: &'a World,
    /// The own blocks.
    pub blocks: &'a Blocks,
    /// Key of the hash.
    pub key: u64,
}

impl Surroundings<'_> {
    fn hash(&self, address: Address) -> u64 {
        hash(self.key, address)
    }
}

/// The keyed hash that assigns addresses to shards and to places in their tables.
#[inline]
pub fn hash(key: u64, address: Address) -> u64 {
    let mut hasher = FixedState::with_seed(key).build_hasher();
    let (high, low) = address.halves();
    hasher.write_u64(high);
    hasher.write_u64(low);
    hasher.finish()
}

/// What some traffic is instead of a scan: packets, and sources.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Tally {
    /// Packets (or probes).
    pub packets: u64,
    /// How many sources.
    pub sources: u64,
    /// The first few.
    pub examples: Vec<Address>,
}

impl Tally {
    /// Adds a source.
    pub fn add(&mut self, source: Address, packets: u64) {
        self.packets += packets;
        self.sources += 1;
        if self.examples.len() < 8 {
            self.examples.push(source);
        }
    }
}

/// One shard.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Shard {
    table: Table,
    clock: Time,
    due: VecDeque<(Time, Address)>,
    /// What it saw since the last epoch.
    pub delta: Delta,
    backscatter: HashMap<Address, u64, FixedState>,
    backscatter_uncounted: u64,
    ring: Ring,
    finished: Vec<Finished>,
    unreported: u64,
    records: usize,
    /// Campaigns whose state was evicted.
    pub evicted_campaigns: u64,
}

impl Shard {
    /// With a budget in bytes.
    pub fn new(budget: usize) -> Self {
        let records = (budget / RECORD_SHARE / RECORD_BYTES).max(1);
        Self {
            table: Table::new(budget - budget / SLACK_SHARE - budget / HEARD_SHARE),
            ring: Ring::new(budget / HEARD_SHARE),
            delta: Delta::new(budget / ALIVE_SHARE),
            records,
            clock: Time::MIN,
            ..Self::default()
        }
    }

    /// Takes one contact of a source that this shard owns.
    pub fn observe(&mut self, contact: &Contact, around: &Surroundings<'_>) {
        if contact.time > self.clock {
            self.clock = contact.time;
            self.weigh_what_is_due(around);
        }
        match contact.phase {
            Phase::Probe | Phase::Flow => self.probe(contact, around),
            Phase::Reply => self.reply(contact, around),
            Phase::Stray => self.stray(contact, around),
            Phase::Unclear | Phase::Half => {}
        }
    }

    /// Takes what was said to or by a source that this shard owns, or by somebody whom that source never touched: then
    /// it is somebody else's affair.
    pub fn hear(&mut self, heard: Heard, around: &Surroundings<'_>) {
        let Some(place) = self.table.find(around.hash(heard.source), heard.source) else { return };
        let address = heard.source;
        let (host, service) = heard.target();
        let source = self.table.get(place);
        match &mut source.more {
            None if source.first.target == host && source.first.service() == service => {
                source.first.marks |= heard.marks(source.first.marks);
                self.ring.add(heard);
            }
            Some(more) if let Some(kept) = more.dossier.place(host, service) => {
                let probe = &mut more.dossier.probes[kept];
                let before = probe.marks;
                probe.marks |= heard.marks(before);
                // What was asked can decide by itself, and no further probe need come.
                let due = probe.marks != before && probe.hunted() && !more.armed;
                more.armed |= due;
                if more.campaign.is_none() {
                    self.ring.add(heard);
                    self.arm(due, address);
                } else if more.heard.len() < OF_ONE && more.words() < OF_ONE_BYTES {
                    more.heard.push(heard);
                    self.grown(place, around);
                }
            }
            _ => {}
        }
    }

    /// Time went on without a contact.
    pub fn tick(&mut self, now: Time, around: &Surroundings<'_>) {
        self.clock = self.clock.max(now);
        self.weigh_what_is_due(around);
    }

    fn probe(&mut self, contact: &Contact, around: &Surroundings<'_>) {
        self.delta.seen.probes += 1;
        let kind = kind_of(contact);
        let flow = contact.phase == Phase::Flow;
        if flow {
            self.delta.flow(contact);
        }
        let told = !flow && !contact.is_partly_told();
        let bare = kind == ProbeKind::TcpSyn && told && !is_ordinary_syn(contact);
        let empty = kind == ProbeKind::IpProtocol && !contact.has(traits::PAYLOAD);
        let marks = if bare || empty { mark::BARE } else { 0 };
        let hash = around.hash(contact.source);
        let Some(place) = self.table.find(hash, contact.source) else {
            self.add(hash, contact, kind, marks, around);
            return;
        };
        let source = self.table.get(place);
        let gap = contact.time - source.last;
        source.last = self.clock;
        let Some(more) = &mut source.more else {
            let ordinary =
                flow || matches!(kind, ProbeKind::TcpConnect | ProbeKind::Udp | ProbeKind::IcmpEcho);
            if source.first.is_of(contact) && ordinary {
                source.first.visit(contact);
                source.first.flow(contact);
                source.raw = Raw::new(contact);
                return;
            }
            let mut more = Box::new(More::new(source.first, source.raw));
            more.probe(contact, kind, marks, around, gap);
            let due = more.is_due();
            source.more = Some(more);
            self.arm(due, contact.source);
            self.grown(place, around);
            return;
        };
        if gap > GOES_ON_WITHIN {
            self.start_over(place, contact, kind, marks, around);
            return;
        }
        // The cheap test first: nothing closes sooner.
        let closed = gap > CLOSES_AFTER && gap > closes_after(&more.dossier);
        if let Some(standing) = more.campaign.as_mut().filter(|c| closed && c.status == Status::Open) {
            // It had closed, and goes on.
            standing.revision += 2;
        }
        let summed = more.dossier.wide.is_some();
        let change = more.probe(contact, kind, marks, around, gap);
        // Sums grow in steps, also by services of known hosts; to look at them now and then is enough.
        let grown = if summed {
            more.dossier.probe_count.is_multiple_of(SUMS_LOOKED_AT)
        } else {
            change == Change::Target || more.dossier.wide.is_some()
        };
        let due = more.is_due();
        self.arm(due, contact.source);
        if grown {
            self.grown(place, around);
        }
    }

    /// Books what a source takes now, and makes room for it.
    fn grown(&mut self, place: usize, around: &Surroundings<'_>) {
        let Some(more) = &mut self.table.get(place).more else { return };
        let (before, now) = (more.held, more.bytes());
        if before != now {
            more.held = now;
            self.table.book(before, now);
            self.make_room(place, around);
        }
    }

    fn add(&mut self, hash: u64, contact: &Contact, kind: ProbeKind, marks: u8, around: &Surroundings<'_>) {
        let first = Probe::new(contact, kind, marks);
        let raw = Raw::new(contact);
        let source = Source { address: contact.source, first, raw, last: self.clock, more: None };
        let place = self.table.add(hash, source, |address| around.hash(address));
        self.make_room(place, around);
    }

    fn reply(&mut self, contact: &Contact, around: &Surroundings<'_>) {
        let hash = around.hash(contact.source);
        let Some(place) = self.table.find(hash, contact.source) else { return };
        let source = self.table.get(place);
        let expired = contact.outcome == Outcome::Unreachable && contact.flags == EXPIRED;
        let marks = if expired { mark::EXPIRED } else { 0 };
        let Some(more) = &mut source.more else {
            if source.first.is_of(contact) {
                self.delta.reply(contact, !source.first.failed());
                source.first.learn(contact.outcome, around.world.is_one_way());
                source.first.marks |= marks;
            }
            return;
        };
        let sums = more.dossier.wide.is_some();
        if let Some(answered) = more.dossier.learn(contact, marks, around.world.is_one_way()) {
            self.delta.reply(contact, answered);
        }
        if sums {
            self.grown(place, around);
        }
    }

    /// An answer that nobody asked for.
    fn stray(&mut self, contact: &Contact, around: &Surroundings<'_>) {
        let reset = contact.transport == Transport::Tcp && contact.flags & flags::RST != 0;
        if !reset && !looks_like_an_answer(contact) {
            self.probe(contact, around);
            return;
        }
        self.delta.seen.stray_answers += u64::from(!reset);
        if contact.transport != Transport::Tcp {
            return;
        }
        if let Some(count) = self.backscatter.get_mut(&contact.source) {
            *count += 1;
        } else if self.backscatter.len() < BACKSCATTER_SOURCES {
            self.backscatter.insert(contact.source, 1);
        } else {
            self.backscatter_uncounted += 1;
        }
    }

    /// Quiet for longer than a campaign may be: what came before is finished.
    fn start_over(
        &mut self,
        place: usize,
        contact: &Contact,
        kind: ProbeKind,
        marks: u8,
        around: &Surroundings<'_>,
    ) {
        let source = self.table.get(place);
        let old = source.more.take();
        source.first = Probe::new(contact, kind, marks);
        source.raw = Raw::new(contact);
        let address = source.address;
        let bytes = old.as_ref().map_or(0, |m| m.held);
        self.table.book(bytes, 0);
        if let Some(more) = old {
            self.finish(address, *more, around);
        }
    }

    fn arm(&mut self, due: bool, source: Address) {
        if due {
            self.due.push_back((self.clock + GRACE, source));
            self.table.book(0, DUE_BYTES);
        }
    }

    fn weigh_what_is_due(&mut self, around: &Surroundings<'_>) {
        while let Some((deadline, address)) = self.due.front().copied()
            && deadline <= self.clock
        {
            self.due.pop_front();
            self.table.book(DUE_BYTES, 0);
            let hash = around.hash(address);
            let Some(place) = self.table.find(hash, address) else { continue };
            let Some(more) = &mut self.table.get(place).more else { continue };
            more.armed = false;
            if more.campaign.is_none() && !may_decide(&more.dossier) {
                continue;
            }
            let until = deadline - GRACE;
            let ledger = weigh(&Case::new(address, &more.dossier, around.world, until));
            more.bits = ledger.bits();
            match &mut more.campaign {
                Some(standing) => standing.judge(&ledger),
                None if ledger.decides() => {
                    more.campaign =
                        Some(Standing::open(decided(address, &more.dossier, around.world, until)));
                    more.heard = self.ring.claim(address);
                    more.cut_words(OF_ONE, OF_ONE_BYTES);
                    self.grown(place, around);
                }
                None => {}
            }
        }
    }

    fn make_room(&mut self, keep: usize, around: &Surroundings<'_>) {
        while self.table.is_over() {
            let gone = self.table.evict(keep, |address| around.hash(address));
            if gone.is_empty() {
                return;
            }
            for source in gone {
                let Some(mut more) = source.more else { continue };
                if more.campaign.is_none() {
                    continue;
                }
                self.evicted_campaigns += 1;
                more.dossier.at_least = true;
                self.finish(source.address, *more, around);
            }
        }
        if self.table.is_sparse() {
            self.table.compact(|address| around.hash(address));
        }
    }

    /// The most bytes that were held.
    pub fn peak(&self) -> usize {
        self.table.peak() + self.ring.bytes()
    }

    /// The table of sources.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// Builds what is not part of a snapshot.
    pub fn reindex(&mut self, key: u64) {
        self.table.reindex(|address| hash(key, address));
    }
}

/// Whether any weighing could reach the verdict; a cheap test that spares most ordinary sources the full one. Without
/// odd packets, and with fewer than three targets left unused, outcome and order stay below it; breadth needs nine
/// hosts of a service that nobody asks many for.
fn may_decide(dossier: &Dossier) -> bool {
    let firsts = dossier.firsts();
    let plain = |p: &&Probe| {
        matches!(p.kind, ProbeKind::TcpConnect | ProbeKind::Udp | ProbeKind::IcmpEcho) && p.used()
    };
    firsts.len() - firsts.iter().filter(plain).count() >= 3
        || dossier.kinds[ProbeKind::OsProbe as usize] > 0
        || firsts.iter().filter(|p| p.hunted()).count() >= asked::FEWEST as usize
        || firsts.len() >= 9 && firsts.iter().any(|p| Priors::shipped().of(p.service()).singular)
}

impl More {
    fn new(first: Probe, raw: Raw) -> Self {
        Self {
            dossier: Dossier::new(first, raw),
            held: 0,
            bits: Bits::ZERO,
            next_weighing: FEWEST_PROBES,
            armed: false,
            campaign: None,
            heard: Vec::new(),
        }
    }

    fn probe(
        &mut self,
        contact: &Contact,
        kind: ProbeKind,
        marks: u8,
        around: &Surroundings<'_>,
        gap: Time,
    ) -> Change {
        let block = around.blocks.find(contact.target);
        self.dossier.probe(contact, kind, marks, block, gap.max(0))
    }

    /// Whether it should be weighed: at every early probe, then each time there is a quarter more.
    fn is_due(&mut self) -> bool {
        if self.armed || self.dossier.probe_count < self.next_weighing {
            return false;
        }
        self.next_weighing = self.dossier.probe_count + (self.dossier.probe_count / 4).max(1);
        self.armed = true;
        true
    }
}
