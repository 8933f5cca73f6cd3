//! The line from contacts to campaigns.
//!
//! One front decides who started each contact, then hands it to the shard that owns its source. Shards are virtual and
//! their number is fixed; threads only take them up, and the memory budget is divided among shards. So the result is the
//! same for every number of threads, also when the budget evicts. Within an epoch shards run independently; at its end
//! their deltas are merged in the order of shards.

use std::cmp::Ordering;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::blocks::Blocks;
use crate::contact::{Contact, Time};
use crate::depth;
use crate::detect::Sense;
use crate::direction::PairMemory;
use crate::heard::Heard;
use crate::inventory::{Exposure, Known, Rung};
use crate::permutation::Tables;
use crate::record::{Blind, Campaign, FollowUp, Lesson, Memory, NotScan};
use crate::shard::{Concluded, Shard, Surroundings, Tally, hash};
use crate::utterance::Utterance;
use crate::world::{EPOCH, World};

/// Number of shards. It is part of the state's form: another number evicts other sources.
pub const SHARDS: usize = 64;
/// Contacts taken to the shards at a time, 4 MiB: enough for each shard to work in its own part of the memory for a while.
const BATCH: usize = 65_536;
/// A smaller batch is not worth waking a thread for.
const WORTH_A_THREAD: usize = 4_096;
/// Utterances of one and the same time that are kept.
const AT_ONCE: usize = 1_024;
/// Times of damaged captures may be anything; within 146 years of 1970 no difference of two overflows.
const FARTHEST: Time = i64::MAX / 2;
/// Version of the state's form.
const STATE_VERSION: u32 = 2;

/// What the user decides.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The own blocks; none: direction stays unknown.
    pub blocks: Vec<ipnet::IpNet>,
    /// Bytes for all state.
    pub memory: u64,
    /// Threads, at least one.
    pub threads: usize,
    /// Key of the shard hash.
    pub key: u64,
}

/// The engine.
pub struct Pipeline {
    settings: Settings,
    blocks: Blocks,
    front: Front,
    shards: Vec<Shard>,
    world: World,
    /// The inputs are a sample.
    is_sampled: bool,
}

/// What stands before the shards.
#[derive(Debug, Serialize, Deserialize)]
struct Front {
    pairs: PairMemory,
    /// What was said and waits for contacts of a later time.
    pending: VecDeque<Utterance>,
    began: Time,
    clock: Time,
    epoch: i64,
    contacts: u64,
    loopback: u64,
    group: u64,
    own: u64,
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Findings {
    /// Final revisions, the withdrawn ones included; most severe first, then earliest.
    pub campaigns: Vec<Campaign>,
    /// What they learned: by campaign in the order of `campaigns`, then by host.
    pub lessons: Vec<Lesson>,
    /// Who came back to use it, in the order of time.
    pub follow_ups: Vec<FollowUp>,
    /// What a survey found exposed, with who has seen it; the worst pair of exposure and scanner first. Empty without one.
    pub exposures: Vec<Exposure>,
    /// What looks like a scan and is something else.
    pub not_scans: Vec<NotScan>,
    /// What this vantage could not see.
    pub blind: Vec<Blind>,
    /// How the budget was used.
    pub memory: Memory,
    /// Contacts taken.
    pub contacts: u64,
    /// Sources that started something.
    pub sources: u64,
    /// Contacts that are no host's, by reason.
    pub dropped: Vec<(&'static str, u64)>,
    /// Campaigns for whose records there was no memory: the ones with least evidence.
    pub unreported: u64,
}

/// A state that cannot be taken up.
#[derive(Debug, Error)]
pub enum RestoreError {
    /// Of another version.
    #[error(
        "the state has version {0}, this program reads version {STATE_VERSION}: start without it, or use the program that wrote it"
    )]
    Version(u32),
    /// Of other settings.
    #[error("the state was kept with other settings ({0}): run with the same, or start without the state")]
    Settings(&'static str),
    /// Cut off or changed: its digest does not hold.
    #[error("the state is damaged: its digest does not hold; start without it")]
    Damaged,
}

impl Pipeline {
    /// An engine without a past.
    pub fn new(settings: Settings) -> Self {
        // One part in 64 for pairs, one in 32 for hosts that answer, as much for the search for groups, the rest for sources.
        let pairs = PairMemory::new(settings.memory / 64, settings.key);
        let world = World::new(settings.memory / 32);
        let rest = settings.memory - pairs.bytes() - settings.memory / 32 - settings.memory / 32;
        let shards = (0..SHARDS).map(|_| Shard::new(rest as usize / SHARDS)).collect();
        let front = Front {
            pairs,
            pending: VecDeque::new(),
            began: Time::MAX,
            clock: Time::MIN,
            epoch: i64::MIN,
            contacts: 0,
            loopback: 0,
            group: 0,
            own: 0,
        };
        Self {
            blocks: Blocks::new(settings.blocks.clone()),
            front,
            shards,
            world,
            settings,
            is_sampled: false,
        }
    }

    /// Inputs hold a part of the packets only ([`Sense::Everything`] is lacking): which targets a scan left out is not known,
    /// and nothing is concluded from it. No snapshot keeps this: who restores one says it again.
    pub fn sampled(&mut self) {
        self.is_sampled = true;
    }

    /// A survey tells which services are there and which targets are dark. No snapshot keeps this: who restores one says it
    /// again.
    pub fn informed(&mut self, known: Arc<Known>) {
        self.world.inform(known);
    }

    /// Takes all that `fill` gives, until it returns false. While threads judge a batch, the next one is read.
    pub fn run(&mut self, mut fill: impl FnMut(&mut Vec<Contact>) -> bool) {
        self.run_hearing(|contacts, _| fill(contacts));
    }

    /// Takes all that `fill` gives, contacts and what was said, until it returns false. An utterance must come no later
    /// than contacts of a later time.
    pub fn run_hearing(&mut self, fill: impl FnMut(&mut Vec<Contact>, &mut Vec<Utterance>) -> bool) {
        let mut reading = Reading { fill, fresh: Vec::new(), heard: Vec::new(), next: 0, ended: false };
        let (mut judged, mut read) = (Batch::default(), Batch::default());
        loop {
            let Self { settings, blocks, front, shards, world, .. } = self;
            let around = Surroundings { world, blocks, key: settings.key };
            let end = if settings.threads < 2 || judged.len < WORTH_A_THREAD {
                judge(judged.work(shards), &around);
                reading.gather(front, &mut read, settings.key)
            } else {
                let mut hands: Vec<Vec<_>> = (0..settings.threads).map(|_| Vec::new()).collect();
                let work = judged.work(shards).enumerate();
                work.for_each(|(i, work)| hands[i % settings.threads].push(work));
                std::thread::scope(|scope| {
                    for hand in hands {
                        scope.spawn(|| judge(hand.into_iter(), &around));
                    }
                    reading.gather(front, &mut read, settings.key)
                })
            };
            judged.len = 0;
            std::mem::swap(&mut judged, &mut read);
            if !matches!(end, End::Batch) {
                let around =
                    Surroundings { world: &self.world, blocks: &self.blocks, key: self.settings.key };
                judge(judged.work(&mut self.shards), &around);
                judged.len = 0;
            }
            match end {
                End::Batch => {}
                End::Epoch(time) => self.next_epoch(time),
                End::Input => return,
            }
        }
    }

    /// Ends the epoch: merges what the shards saw, in their order, and lets time go on.
    fn next_epoch(&mut self, time: Time) {
        self.merge_deltas();
        self.front.epoch = time.div_euclid(EPOCH);
        let now = self.front.epoch * EPOCH;
        let around = Surroundings { world: &self.world, blocks: &self.blocks, key: self.settings.key };
        self.shards.iter_mut().for_each(|shard| shard.tick(now, &around));
    }

    fn merge_deltas(&mut self) {
        for shard in &mut self.shards {
            self.world.take_up(&mut shard.delta);
        }
    }

    /// The end of the input: what is still unanswered counts as silent, and every source is judged.
    pub fn finish(self) -> Findings {
        self.finish_with(&mut Tables::default())
    }

    /// The same, with tables of logarithms that were kept from before, or are kept for later.
    pub fn finish_with(mut self, tables: &mut Tables) -> Findings {
        self.merge_deltas();
        let around = Surroundings { world: &self.world, blocks: &self.blocks, key: self.settings.key };
        let mut all = Concluded::default();
        for shard in &self.shards {
            let one = shard.conclude(self.front.clock, &around);
            all.findings.extend(one.findings);
            all.unreported += one.unreported;
            for (what, tally) in one.instead {
                let sum = all.tally(what);
                sum.packets += tally.packets;
                sum.sources += tally.sources;
                sum.examples.extend(tally.examples);
            }
        }
        let run = depth::Run {
            shards: &self.shards,
            world: &self.world,
            blocks: &self.blocks,
            span: (self.front.began, self.front.clock),
            is_sampled: self.is_sampled,
        };
        let depth::Depth { mut campaigns, lessons, follow_ups, exposures, worst, blind } =
            run.fathom(all.findings, tables);
        campaigns.sort_unstable_by(|a, b| first_what_matters(a, b, &worst));
        let sum = |of: fn(&Shard) -> u64| self.shards.iter().map(of).sum::<u64>();
        Findings {
            lessons,
            follow_ups,
            exposures,
            blind: self.blind().into_iter().chain(blind).collect(),
            memory: Memory {
                budget: self.settings.memory,
                peak: sum(|s| s.peak() as u64) + self.world.bytes() + self.front.pairs.bytes(),
                evicted_sources: sum(|s| s.table().evicted),
                evicted_campaigns: sum(|s| s.evicted_campaigns),
            },
            contacts: self.front.contacts,
            sources: sum(|s| s.table().added),
            dropped: vec![
                ("loopback addresses", self.front.loopback),
                ("multicast and broadcast", self.front.group),
                ("from a host to itself", self.front.own),
            ],
            unreported: all.unreported,
            not_scans: all.instead.into_iter().map(|(what, tally)| not_scan(what, tally)).collect(),
            campaigns,
        }
    }

    /// What this vantage could not see, as far as the traffic tells.
    fn blind(&self) -> Vec<Blind> {
        let seen = self.world.seen();
        let mut blind = Vec::new();
        let mut say = |what: Sense, why: &str| blind.push(what.blind(why));
        if self.blocks.is_empty() {
            say(
                Sense::Direction,
                "no own blocks were given, so inbound, internal and outbound look alike: use --blocks",
            );
        }
        if self.world.is_one_way() {
            let why =
                "one direction only: answers are not in the input, so silence is no evidence, but for TCP";
            say(Sense::Replies, why);
        } else if seen.stray_answers > 10 && seen.stray_answers > 4 * seen.probes {
            say(
                Sense::Probes,
                "one direction only: answers without their questions, so scans cannot be seen",
            );
        }
        blind
    }

    /// The whole state, to go on later: `restore(snapshot())` and the rest of the input gives what one run gives.
    pub fn snapshot(&self) -> Vec<u8> {
        let settings = (self.settings.memory, self.settings.key, self.settings.blocks.clone());
        let state = (settings, &self.front, &self.world, &self.shards);
        let state = postcard::to_stdvec(&state).expect("state is plain data, and memory is all it needs");
        [&STATE_VERSION.to_le_bytes()[..], &Sha256::digest(&state)[..], &state[..]].concat()
    }

    /// Takes up a state.
    ///
    /// # Errors
    /// See [`RestoreError`].
    pub fn restore(state: &[u8], settings: Settings) -> Result<Self, RestoreError> {
        let (version, state) = state.split_first_chunk().ok_or(RestoreError::Damaged)?;
        let version = u32::from_le_bytes(*version);
        if version != STATE_VERSION {
            return Err(RestoreError::Version(version));
        }
        let (digest, state) = state.split_first_chunk::<32>().ok_or(RestoreError::Damaged)?;
        if Sha256::digest(state)[..] != digest[..] {
            return Err(RestoreError::Damaged);
        }
        type Kept = (u64, u64, Vec<ipnet::IpNet>);
        let ((memory, key, blocks), rest): (Kept, &[u8]) =
            postcard::take_from_bytes(state).map_err(|_| RestoreError::Damaged)?;
        if memory != settings.memory {
            return Err(RestoreError::Settings("memory"));
        }
        if key != settings.key {
            return Err(RestoreError::Settings("shard key"));
        }
        if blocks != settings.blocks {
            return Err(RestoreError::Settings("blocks"));
        }
        let (front, world, mut shards): (Front, World, Vec<Shard>) =
            postcard::from_bytes(rest).map_err(|_| RestoreError::Damaged)?;
        if shards.len() != SHARDS {
            return Err(RestoreError::Settings("number of shards"));
        }
        shards.iter_mut().for_each(|shard| shard.reindex(settings.key));
        Ok(Self {
            blocks: Blocks::new(settings.blocks.clone()),
            front,
            shards,
            world,
            settings,
            is_sampled: false,
        })
    }
}

/// The shard of a hash: bits that the tables within a shard use neither to find a place nor to tell entries apart.
fn shard_of(hash: u64) -> usize {
    (hash >> 40) as usize % SHARDS
}

/// Takes contacts to the shards that own their sources, and what was said between them.
fn judge<'a>(work: impl Iterator<Item = (&'a mut Shard, &'a mut Errands)>, around: &Surroundings<'_>) {
    for (shard, errands) in work {
        let mut done = 0;
        for (place, heard) in errands.heard.drain(..) {
            errands.contacts[done..place].iter().for_each(|contact| shard.observe(contact, around));
            shard.hear(heard, around);
            done = place;
        }
        errands.contacts[done..].iter().for_each(|contact| shard.observe(contact, around));
        errands.contacts.clear();
    }
}

/// The reading side of a run.
struct Reading<F> {
    fill: F,
    fresh: Vec<Contact>,
    heard: Vec<Utterance>,
    next: usize,
    ended: bool,
}

/// Why a batch ended.
enum End {
    Batch,
    /// The next contact, of this time, belongs to a later epoch.
    Epoch(Time),
    Input,
}

impl<F: FnMut(&mut Vec<Contact>, &mut Vec<Utterance>) -> bool> Reading<F> {
    /// Reads and routes until the batch is full, or the epoch or the input ends.
    fn gather(&mut self, front: &mut Front, batch: &mut Batch, key: u64) -> End {
        loop {
            if self.next < self.fresh.len() {
                self.next += front.route(&self.fresh[self.next..], batch, key);
                if let Some(later) = self.fresh.get(self.next) {
                    front.release(front.epoch_ends(), batch, key);
                    return End::Epoch(later.time);
                }
                if batch.len >= BATCH {
                    return End::Batch;
                }
            }
            if self.ended {
                front.release(Time::MAX, batch, key);
                return End::Input;
            }
            self.fresh.clear();
            self.next = 0;
            self.ended = !(self.fill)(&mut self.fresh, &mut self.heard);
            front.listen(&mut self.heard);
            for contact in &mut self.fresh {
                contact.time = contact.time.clamp(-FARTHEST, FARTHEST);
            }
        }
    }
}

/// Contacts on their way to the shards.
struct Batch {
    by_shard: Vec<Errands>,
    len: usize,
}

/// What one shard gets of a batch.
#[derive(Default)]
struct Errands {
    contacts: Vec<Contact>,
    /// What was said, each before the contact of that place.
    heard: Vec<(usize, Heard)>,
}

impl Batch {
    fn work<'a>(
        &'a mut self,
        shards: &'a mut [Shard],
    ) -> impl Iterator<Item = (&'a mut Shard, &'a mut Errands)> {
        shards.iter_mut().zip(&mut self.by_shard)
    }

    /// What was said concerns whoever started the connection; where that is not known, the shards of both ends tell.
    fn tell(&mut self, utterance: Utterance, key: u64) {
        // Words take room too: a batch of them is as large as one of contacts.
        self.len += utterance.bytes() / size_of::<Contact>();
        let (one, other) = Heard::readings(utterance);
        for heard in [one].into_iter().chain(other) {
            let errands = &mut self.by_shard[shard_of(hash(key, heard.source))];
            errands.heard.push((errands.contacts.len(), heard));
        }
    }
}

impl Default for Batch {
    fn default() -> Self {
        Self { by_shard: (0..SHARDS).map(|_| Errands::default()).collect(), len: 0 }
    }
}

impl Front {
    /// Decides who started, and routes contacts up to the end of the epoch; gives how many that were.
    fn route(&mut self, contacts: &[Contact], batch: &mut Batch, key: u64) -> usize {
        if self.epoch == i64::MIN
            && let Some(first) = contacts.first()
        {
            self.epoch = first.time.div_euclid(EPOCH);
        }
        let ends = self.epoch_ends();
        let now = contacts.iter().position(|c| c.time >= ends).unwrap_or(contacts.len());
        let contacts = &contacts[..now];
        self.clock = contacts.iter().map(|c| c.time).fold(self.clock, Time::max);
        self.began = contacts.iter().map(|c| c.time).fold(self.began, Time::min);
        let mut rest = contacts;
        while !rest.is_empty() {
            let run = rest.iter().position(|c| !c.is_between_hosts()).unwrap_or(rest.len());
            self.contacts += run as u64;
            let pending = &mut self.pending;
            let mut next = pending.front().map_or(Time::MAX, |u| u.time);
            self.pairs.resolve(&rest[..run], |contact| {
                while next < contact.time {
                    pending.pop_front().into_iter().for_each(|utterance| batch.tell(utterance, key));
                    next = pending.front().map_or(Time::MAX, |u| u.time);
                }
                batch.by_shard[shard_of(hash(key, contact.source))].contacts.push(contact);
                batch.len += 1;
            });
            if let Some(contact) = rest.get(run) {
                self.leave_out(contact);
            }
            rest = &rest[rest.len().min(run + 1)..];
        }
        // Later contacts are no earlier than the last of these: what was said before it waits for nobody.
        let last = contacts.last().map_or(Time::MIN, |contact| contact.time);
        self.release(last, batch, key);
        now
    }

    fn epoch_ends(&self) -> Time {
        (self.epoch + 1).saturating_mul(EPOCH)
    }

    /// Takes what was said, in the order of time; it waits for contacts of a later time.
    fn listen(&mut self, heard: &mut Vec<Utterance>) {
        for mut utterance in heard.drain(..) {
            utterance.time = utterance.time.clamp(-FARTHEST, FARTHEST);
            let alike = self.pending.len().checked_sub(AT_ONCE).and_then(|at| self.pending.get(at));
            if alike.is_some_and(|first| first.time == utterance.time) {
                // A capture without times, or one that was made: nothing tells when these would end.
                continue;
            }
            // Nearly always the latest.
            if self.pending.back().is_none_or(|last| last.time <= utterance.time) {
                self.pending.push_back(utterance);
                continue;
            }
            let place = self.pending.partition_point(|u| u.time <= utterance.time);
            self.pending.insert(place, utterance);
        }
    }

    /// Hands on what was said before `until`.
    fn release(&mut self, until: Time, batch: &mut Batch, key: u64) {
        while self.pending.front().is_some_and(|u| u.time < until) {
            self.pending.pop_front().into_iter().for_each(|utterance| batch.tell(utterance, key));
        }
    }

    fn leave_out(&mut self, contact: &Contact) {
        let (source, target) = (contact.source, contact.target);
        if source.is_loopback() || target.is_loopback() {
            self.loopback += 1;
        } else if source.is_group() || target.is_group() {
            self.group += 1;
        } else {
            self.own += 1;
        }
    }
}

fn not_scan(what: &str, tally: Tally) -> NotScan {
    let mut examples = tally.examples;
    examples.sort_unstable();
    examples.truncate(8);
    NotScan {
        what: what.into(),
        sources: tally.sources,
        packets: tally.packets,
        examples: examples.iter().map(ToString::to_string).collect(),
    }
}

/// The most severe first; of equal ones who was shown the worst exposure, then what stands out most, then the oldest.
fn first_what_matters(a: &Campaign, b: &Campaign, worst: &HashMap<String, Rung>) -> Ordering {
    let shown = |campaign: &Campaign| worst.get(&campaign.id);
    let out = |campaign: &Campaign| campaign.stands_out.map_or(0.0, |score| score.max(0.0));
    let by_age = || (&a.start, &a.id).cmp(&(&b.start, &b.id));
    b.severity
        .cmp(&a.severity)
        .then(shown(b).cmp(&shown(a)))
        .then(out(b).total_cmp(&out(a)))
        .then_with(by_age)
}

#[cfg(test)]
#[path = "pipeline_tests.rs"]
mod tests;
