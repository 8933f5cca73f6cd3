//! The engine: goes over the plan in its order, at its pace, pass by pass, until little enough can have been missed.
//!
//! The problem: one packet asks, one answers, and either may be lost; but who asks everything twice at once loses both to the same cause.
//! The way: a pass asks every place once, in the order of the permutation. Later passes, a second or more behind, ask what has not
//! answered, and ask some of what has once more: canaries, known to be live, whose silence is loss and nothing else. From them follow how
//! much may have been missed (another pass, while that is too much) and how fast to ask (`adapt`). Nothing is kept of what was sent; only
//! answers are. The limit: a host that answers strangers once and never again passes for loss.

mod adapt; // slower where speed loses
mod known; // what answered
mod pace; // caps
mod space; // questions by number
mod walls; // who opens too much

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::IpAddr;
use std::num::NonZeroU64;
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::govern::Stopped;
use crate::plan::permutation::Permutation;
use crate::scope::{InScope, Rate};
use crate::wire::{Answer, Ask, Kind, SLOTS};
use adapt::Adapt;
pub use adapt::{Change, Why};
pub use known::Canaries;
use known::{Again, How, Known};
use pace::{BATCH, Pace, Tick};
pub use space::Space;
use walls::Walls;

/// Passes at most: each has a slot, and the last slot is the running canaries'.
pub const PASSES: u8 = SLOTS - 1;
const CANARY_SLOT: u8 = SLOTS - 1;
/// One probe in so many is a running canary.
const CANARY_EVERY: u64 = 64;
/// A running canary that is silent so long is lost.
const CANARY_PATIENCE: Tick = 1_500_000_000;
/// Between looks at stop files, windows and the progress.
const LOOK: Tick = 50_000_000;
/// Between tries to send what did not go out.
const BUSY: Tick = 1_000_000;
/// Copies of a question are at least so far apart: what loses one may lose the next if it follows at once.
const APART: Tick = 1_000_000_000;
/// Where more than so many places are silent, all of them, nobody is there: further passes would cost much and could not show that they were needed.
const FEW: u64 = 4_096;
/// Waiting between passes of which another is sure to follow.
const BETWEEN: Duration = Duration::from_millis(500);

/// Whoever can ask and hear.
pub trait Prober {
    /// Nanoseconds since some moment.
    fn now(&self) -> Tick;

    /// Sends these at once; gives how many went out, from the first on; none where it is busy. One that cannot be sent at all (no way to
    /// its family) counts as gone.
    ///
    /// # Errors
    /// Nothing can be sent any more.
    fn send(&mut self, probes: &[Probe]) -> io::Result<usize>;

    /// Gives what came, waiting for so long if nothing has.
    ///
    /// # Errors
    /// Nothing can be heard any more.
    fn receive(&mut self, patience: Duration, into: &mut Vec<Answer>) -> io::Result<()>;
}

/// One question to one target.
#[derive(Clone, Copy, Debug)]
pub struct Probe {
    /// Whom.
    pub target: InScope<IpAddr>,
    /// What.
    pub ask: Ask,
    /// In which pass.
    pub slot: u8,
}

/// What to ask of whom, and how.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Whom, and what.
    pub space: Space,
    /// Of the order.
    pub key: u64,
    /// Which part of the order, of how many.
    pub shard: (u64, NonZeroU64),
    /// Caps.
    pub rate: Rate,
    /// How often.
    pub passes: Passes,
    /// Waiting for answers at the end of a pass, at least.
    pub wait: Duration,
    /// A host that has opened so many is asked no more: it may open everything. See [`Outcome::many`].
    pub most_open: u32,
    /// Where to go on: a pass and a turn in it.
    pub from: Position,
}

/// How often to ask.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Passes {
    /// At least.
    pub least: u8,
    /// At most, and no more than [`PASSES`].
    pub most: u8,
    /// Go on until less than this part of what answers is missed, as far as the canaries tell.
    pub aim: f64,
}

impl Default for Passes {
    fn default() -> Self {
        Self { least: 2, most: 6, aim: 0.000_2 }
    }
}

/// A place in the plan: everything before it was asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    /// Passes that are whole.
    pub pass: u8,
    /// Turns of the next one that were taken.
    pub turn: u64,
}

/// What happens meanwhile.
#[derive(Debug)]
pub enum Event<'a> {
    /// Something answered for the first time; or a first SYN-ACK's host said more.
    Answer(&'a Answer),
    /// How far it is.
    Progress(Progress),
    /// The rate changed.
    Rate(Change),
}

/// How far it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Where.
    pub position: Position,
    /// Turns of a pass.
    pub turns: u64,
    /// Packets sent.
    pub sent: u64,
    /// Places that answered as open.
    pub open: u64,
    /// Places that refused.
    pub refused: u64,
    /// Packets a second allowed now.
    pub rate: u32,
    /// Loss that the running canaries show, 0 to 1.
    pub loss: Option<f64>,
}

/// How it ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Packets sent, by network.
    pub sent: Vec<(IpNet, u64)>,
    /// Canaries of each pass; the first has none.
    pub canaries: Vec<Canaries>,
    /// Canaries of all passes, by network.
    pub by_network: Vec<(IpNet, Canaries)>,
    /// Hosts that opened [`Plan::most_open`], and were asked no more.
    pub many: Vec<IpAddr>,
    /// Where it stopped, if it did.
    pub stopped: Option<(Stopped, Position)>,
    /// How far it came.
    pub progress: Progress,
    /// How long it took.
    pub took: Duration,
}

/// Goes over a plan. `leave` is asked often whether to go on; `tell` hears what happens.
///
/// # Errors
/// The prober's.
pub fn run(
    plan: &Plan,
    prober: &mut impl Prober,
    leave: &mut dyn FnMut() -> Result<(), Stopped>,
    tell: &mut dyn FnMut(Event<'_>),
) -> io::Result<Outcome> {
    let began = prober.now();
    let mut run = Run::new(plan, began);
    let places = plan.space.count();
    let mut whole = 0;
    let mut stopped = None;
    if places > 0 {
        let (number, shards) = plan.shard;
        run.turns =
            if number < shards.get() { places.saturating_sub(number).div_ceil(shards.get()) } else { 0 };
        let mut from = plan.from.turn;
        for pass in plan.from.pass..plan.passes.most.clamp(1, PASSES) {
            let begun = prober.now();
            run.position = Position { pass, turn: from };
            run.known.pass_begins(pass);
            run.asked = 0;
            let Some(order) = order(places, plan.key, pass) else { break };
            let mut turns = order.shard(number, shards, from);
            from = 0;
            if let Err(why) = run.pass(&mut turns, prober, leave, tell)? {
                // What still waited was not asked.
                let waited = run.pace.waiting().filter_map(|pending| pending.turn).min();
                run.position.turn = waited.unwrap_or(run.position.turn).min(run.position.turn);
                stopped = Some((why, run.position));
                break;
            }
            // Answers that come later than this are still known, by their slot; only before an end are they all waited for.
            let last = pass + 1 >= plan.passes.least;
            let wait = if last { plan.wait } else { plan.wait.min(BETWEEN) };
            let now = prober.now();
            let until = Until {
                least: if last { after(now, interval(plan.rate)) } else { begun + APART },
                most: after(now, wait).max(begun + APART),
            };
            if let Err(why) = run.listen(until, prober, leave, tell)? {
                stopped = Some((why, Position { pass: pass + 1, turn: 0 }));
                break;
            }
            whole += 1;
            let canaries: Vec<Canaries> = run.known.canaries().collect();
            let nobody = run.known.is_empty() && places > FEW;
            if pass + 1 >= plan.passes.least && (nobody || missed(&canaries) < plan.passes.aim) {
                break;
            }
        }
    }
    let network = |(number, canaries)| Some((plan.space.targets().network(number)?, canaries));
    let counted = run.sent_by.iter().enumerate().filter(|(_, sent)| **sent > 0);
    Ok(Outcome {
        sent: counted
            .filter_map(|(number, sent)| Some((plan.space.targets().network(number)?, *sent)))
            .collect(),
        by_network: run.known.by_network().filter_map(network).collect(),
        many: run.walls.many().filter_map(|host| Some(plan.space.targets().at(host)?.0.get())).collect(),
        progress: run.progress(),
        canaries: run.known.canaries().skip(plan.from.pass.into()).take(whole).collect(),
        stopped,
        took: Duration::from_nanos(prober.now() - began),
    })
}

/// The order of a pass. Each has another: what stands behind a hundred others in one, and is lost with them, stands elsewhere in the next.
/// Of shards only the parts of one pass make a whole; a place may be asked by one shard in this pass and by another in the next.
pub fn order(places: u64, key: u64, pass: u8) -> Option<Permutation> {
    Permutation::new(places, key.wrapping_add(u64::from(pass) << 32))
}

/// A moment so much later.
fn after(now: Tick, wait: Duration) -> Tick {
    now.saturating_add(Tick::try_from(wait.as_nanos()).unwrap_or(Tick::MAX))
}

/// How long after the last packet another plan may begin: no host and no network is asked sooner than its cap has it.
fn interval(rate: Rate) -> Duration {
    Duration::from_secs(1) / rate.host.min(rate.network).max(1)
}

/// The part of what answers that so many passes miss: each misses as many as canaries did; the first asks none.
fn missed(canaries: &[Canaries]) -> f64 {
    let all = canaries.iter().fold(Canaries::default(), |sum, one| Canaries {
        asked: sum.asked + one.asked,
        answered: sum.answered + one.answered,
    });
    (1.0 - all.answers()).powi(i32::try_from(canaries.len()).unwrap_or(i32::MAX))
}

/// How long answers are waited for: at least so long, and no longer where none is missing.
#[derive(Clone, Copy)]
struct Until {
    least: Tick,
    most: Tick,
}

struct Run<'a> {
    plan: &'a Plan,
    pace: Pace<Pending>,
    adapt: Adapt,
    known: Known,
    walls: Walls,
    position: Position,
    turns: u64,
    sent: u64,
    /// Questions of the pass at hand, without running canaries.
    asked: u64,
    sent_by: Vec<u64>,
    batch: Vec<Probe>,
    /// The network of each of the batch.
    networks: Vec<usize>,
    /// The turns of the batch.
    turned: Vec<Option<u64>>,
    answers: Vec<Answer>,
    looked: Tick,
    /// Running canaries: place, when asked, generation of the rate; in the order of asking.
    running: VecDeque<(u64, Tick, u32)>,
    heard: HashMap<u64, Tick>,
    /// The last of them: lost and asked.
    loss: VecDeque<bool>,
    canary: u64,
    /// What is to be told of the rate at the next look.
    changes: Vec<Change>,
}

/// What waits for its host's turn.
#[derive(Clone, Copy, Debug)]
struct Pending {
    place: u64,
    /// Its turn in the pass; none of a running canary.
    turn: Option<u64>,
    /// It waited for its host or network: whether to ask it is settled, and it is counted.
    waited: bool,
}

impl<'a> Run<'a> {
    fn new(plan: &'a Plan, began: Tick) -> Self {
        let targets = plan.space.targets();
        Self {
            plan,
            pace: Pace::new(plan.rate, targets.networks(), targets.count()),
            adapt: Adapt::new(plan.rate.all),
            known: Known::default(),
            walls: Walls::new(plan.most_open, plan.space.asks()),
            position: plan.from,
            turns: 0,
            sent: 0,
            asked: 0,
            sent_by: vec![0; targets.networks()],
            batch: Vec::with_capacity(BATCH),
            networks: Vec::with_capacity(BATCH),
            turned: Vec::with_capacity(BATCH),
            answers: Vec::new(),
            looked: began,
            running: VecDeque::new(),
            heard: HashMap::new(),
            loss: VecDeque::new(),
            canary: 0,
            changes: Vec::new(),
        }
    }

    /// Asks every place of a pass that is to be asked.
    fn pass(
        &mut self,
        turns: &mut dyn Iterator<Item = u64>,
        prober: &mut impl Prober,
        leave: &mut dyn FnMut() -> Result<(), Stopped>,
        tell: &mut dyn FnMut(Event<'_>),
    ) -> io::Result<Result<(), Stopped>> {
        let mut over = false;
        loop {
            let now = prober.now();
            if let Err(why) = self.look(now, leave, tell) {
                let unsent = self.turned.iter().flatten().min().copied();
                self.position.turn = unsent.unwrap_or(self.position.turn).min(self.position.turn);
                return Ok(Err(why));
            }
            let room = self.pace.room(now);
            while self.batch.len() < room {
                let next = self.pace.ripe(now).or_else(|| self.due_canary());
                let next = match next {
                    Some(pending) => pending,
                    None if over || self.pace.is_full() => break,
                    None => match turns.next() {
                        Some(place) => {
                            self.position.turn += 1;
                            Pending { place, turn: Some(self.position.turn - 1), waited: false }
                        }
                        None => {
                            over = true;
                            continue;
                        }
                    },
                };
                self.queue(next, now);
            }
            if !self.batch.is_empty() {
                let went = prober.send(&self.batch)?.min(self.batch.len());
                if went > 0 {
                    self.count(went);
                    self.pace.went(went, now);
                    self.batch.drain(..went);
                }
            } else if over && self.pace.ripens().is_none() {
                return Ok(Ok(()));
            }
            let now = prober.now();
            let mut until = self.pace.next();
            // Nothing new can go before something ripens.
            if self.batch.is_empty() && (over || self.pace.is_full()) {
                until = until.max(self.pace.ripens().unwrap_or(until));
            }
            // The prober takes no more for now: it is busy hearing.
            if !self.batch.is_empty() {
                until = until.max(now + BUSY);
            }
            let patience = until.saturating_sub(now).min(LOOK);
            self.hear(Duration::from_nanos(patience), prober, tell)?;
        }
    }

    /// Only hears, until a time, or until every question of the pass has its answer.
    fn listen(
        &mut self,
        until: Until,
        prober: &mut impl Prober,
        leave: &mut dyn FnMut() -> Result<(), Stopped>,
        tell: &mut dyn FnMut(Event<'_>),
    ) -> io::Result<Result<(), Stopped>> {
        loop {
            let now = prober.now();
            if let Err(why) = self.look(now, leave, tell) {
                return Ok(Err(why));
            }
            let is_complete = self.known.heard() >= self.asked;
            let until = if is_complete { until.least } else { until.most.max(until.least) };
            if now >= until {
                return Ok(Ok(()));
            }
            self.hear(Duration::from_nanos((until - now).min(LOOK)), prober, tell)?;
        }
    }

    /// Puts a question into the batch, or aside until its host and network may be asked, or nowhere.
    #[inline]
    fn queue(&mut self, pending: Pending, now: Tick) {
        let Some((host, ask)) = self.plan.space.at(pending.place) else { return };
        let Some((target, network)) = self.plan.space.targets().at(host) else { return };
        if pending.turn.is_some() && self.walls.has(host) {
            return;
        }
        if self.position.pass > 0
            && pending.turn.is_some()
            && !pending.waited
            && self.known.again(pending.place, network) == Again::Skip
        {
            return;
        }
        match self.pace.leave(network, host, now) {
            Ok(()) => {
                let slot = if pending.turn.is_none() { CANARY_SLOT } else { self.position.pass };
                if pending.turn.is_none() {
                    self.running.push_back((pending.place, now, self.adapt.generation()));
                }
                self.batch.push(Probe { target, ask, slot });
                self.networks.push(network);
                self.turned.push(pending.turn);
            }
            // A running canary is no hurry, and no reason to wait.
            Err(_) if pending.turn.is_none() => {}
            Err(until) => self.pace.wait(until, Pending { waited: true, ..pending }),
        }
    }

    /// The next running canary, if one is due.
    #[inline]
    fn due_canary(&mut self) -> Option<Pending> {
        let due = (self.sent + self.batch.len() as u64) / CANARY_EVERY;
        if due <= self.canary {
            return None;
        }
        self.canary = due;
        let place = self.known.canary(due)?;
        // What opens everything tells nothing of loss.
        if self.plan.space.at(place).is_some_and(|(host, _)| self.walls.has(host)) {
            return None;
        }
        let asked = self.running.iter().any(|(running, ..)| *running == place);
        (!asked && self.running.len() < 256).then_some(Pending { place, turn: None, waited: false })
    }

    /// These went out.
    fn count(&mut self, went: usize) {
        self.sent += went as u64;
        self.asked += self.turned.drain(..went).flatten().count() as u64;
        for network in self.networks.drain(..went) {
            if let Some(sent) = self.sent_by.get_mut(network) {
                *sent += 1;
            }
        }
    }

    /// Takes what came.
    fn hear(
        &mut self,
        patience: Duration,
        prober: &mut impl Prober,
        tell: &mut dyn FnMut(Event<'_>),
    ) -> io::Result<()> {
        let mut answers = std::mem::take(&mut self.answers);
        prober.receive(patience, &mut answers)?;
        for answer in answers.drain(..) {
            self.take(&answer, prober.now(), tell);
        }
        self.answers = answers;
        Ok(())
    }

    fn take(&mut self, answer: &Answer, now: Tick, tell: &mut dyn FnMut(Event<'_>)) {
        let how = match &answer.kind {
            Kind::Open(_) | Kind::Words(_) | Kind::Alive => How::Open,
            Kind::Refused => How::Refused,
            Kind::Unreachable { forbidden: true, .. } => How::Forbidden,
            // A router that does not reach it just now: the next pass asks again.
            Kind::Unreachable { .. } => return,
        };
        let Some(host) = self.plan.space.targets().place(answer.target.get()) else { return };
        let Some(place) = self.plan.space.place(host, answer.ask) else { return };
        self.changes.extend(self.adapt.answer(how == How::Forbidden));
        // Who says that it has an address says nothing of which question it answers.
        let any = answer.ask == Ask::Neighbour;
        if (any || answer.slot == CANARY_SLOT) && self.running.iter().any(|(running, ..)| *running == place) {
            self.heard.insert(place, now);
        }
        if !any && answer.slot == CANARY_SLOT {
            return;
        }
        if self.walls.has(host) && !self.known.is_open(place) {
            return;
        }
        let slot = if any { self.position.pass } else { answer.slot };
        let network = self.plan.space.targets().at(host).map_or(0, |(_, network)| network);
        if self.known.answered(place, network, slot, how) {
            if how == How::Open {
                self.walls.opened(host);
            }
            tell(Event::Answer(answer));
        }
    }

    /// Now and then: whether to go on, what the canaries say, how far it is.
    fn look(
        &mut self,
        now: Tick,
        leave: &mut dyn FnMut() -> Result<(), Stopped>,
        tell: &mut dyn FnMut(Event<'_>),
    ) -> Result<(), Stopped> {
        if now.saturating_sub(self.looked) < LOOK {
            return Ok(());
        }
        self.looked = now;
        leave()?;
        while let Some((place, asked, generation)) = self.running.front().copied() {
            let answered = self.heard.remove(&place).is_some();
            if !answered && now.saturating_sub(asked) < CANARY_PATIENCE {
                break;
            }
            self.running.pop_front();
            self.loss.push_back(!answered);
            if self.loss.len() > 512 {
                self.loss.pop_front();
            }
            self.changes.extend(self.adapt.canary(generation, answered));
        }
        for change in self.changes.drain(..) {
            self.pace.set(change.to);
            tell(Event::Rate(change));
        }
        tell(Event::Progress(self.progress()));
        Ok(())
    }

    fn progress(&self) -> Progress {
        let lost = self.loss.iter().filter(|lost| **lost).count();
        // What waits for its host or network has not been asked.
        let waiting = self.pace.waiting().count() as u64;
        let Position { pass, turn } = self.position;
        Progress {
            position: Position { pass, turn: turn.saturating_sub(waiting) },
            turns: self.turns,
            sent: self.sent,
            open: self.known.open(),
            refused: self.known.refused(),
            rate: self.pace.rate(),
            loss: (!self.loss.is_empty()).then(|| lost as f64 / self.loss.len() as f64),
        }
    }
}

#[cfg(test)]
mod tests;
