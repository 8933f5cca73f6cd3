//! Taking a survey: one stage after the other, each on what the one before it found.
//!
//! 1. **Discover**: who is there? By ICMP, a few TCP and UDP ports, ARP and neighbour solicitations; only where asking every port of every
//!    address would be wasteful.
//! 2. **TCP**, **UDP**: which services answer? A host that opens many TCP ports is left alone at first, and asked ports that nobody uses: if it
//!    opens those, it opens everything, and is one finding; if not, it is asked the **rest**.
//! 3. **Look again**: each open TCP port is asked once more with all options (the answer shows its stack), and beside it a few ports of its
//!    host that nobody uses: who opens those, opens everything.
//! 4. **Confirm** (`confirm`): what looks like a SYN proxy or a tarpit has to speak.
//!
//! What then runs there, and what it shows, is told by [`crate::talk`]'s users. The stages send by the same [`Sender`], so caps hold over all.

mod confirm; // open, or only said so?
mod found; // what they found
mod sender; // raw or connect

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::num::NonZeroU64;
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::connect::Connect;
use crate::engine::{self, Change, Event, Passes, Position, Progress, Space};
use crate::govern::{Governor, Stopped};
use crate::plan::ports::{KNOCKS, TOP_TCP};
use crate::probe::{Done, Job};
use crate::scope::{Rate, Scope, Targets};
use crate::talk::Caller;
use crate::wire::{Answer, Ask, Cookie};
pub use confirm::Proof;
pub use found::{Found, Host, Ran, Tcp, UnderWay};
pub use sender::{Failed, Sender};

/// What is wanted.
#[derive(Clone, Debug)]
pub struct Request {
    /// Whom.
    pub targets: Targets,
    /// TCP ports.
    pub tcp: Vec<u16>,
    /// UDP ports.
    pub udp: Vec<u16>,
    /// Which hosts to ask at all.
    pub discover: Discover,
    /// Hosts that are asked whether discovery finds them or not: those of an earlier survey.
    pub known: Vec<IpAddr>,
    /// Targets are on the same link: ARP and neighbour solicitations reach them.
    pub on_link: bool,
    /// By ordinary connections: neither ICMP nor bare ACKs can be sent.
    pub connects: bool,
    /// Caps; never above the scope's.
    pub rate: Rate,
    /// How often.
    pub passes: Passes,
    /// Waiting at the end of a pass.
    pub wait: Duration,
    /// Which part of the questions, of how many.
    pub shard: (u64, NonZeroU64),
    /// Of the order, and of the hashes.
    pub seed: [u64; 3],
}

/// Which hosts to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Discover {
    /// All of them.
    Off,
    /// Those that show that they are there.
    First,
    /// Nothing but whether they are there.
    Only,
}

/// A stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Stage {
    /// Who is there?
    Discover,
    /// Which TCP ports are open?
    Tcp,
    /// Which ports that nobody uses, of hosts that opened many?
    Controls,
    /// Which TCP ports are open, of those of them that are hosts?
    Rest,
    /// Which UDP ports answer?
    Udp,
    /// Once more, with all options, and ports that nobody uses.
    Look,
    /// What has to speak.
    Confirm,
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Discover => "discovery",
            Self::Tcp => "TCP",
            Self::Controls => "control ports",
            Self::Rest => "TCP, the rest",
            Self::Udp => "UDP",
            Self::Look => "second look",
            Self::Confirm => "confirmation",
        })
    }
}

/// What happens meanwhile.
#[derive(Debug)]
pub enum News<'a> {
    /// A stage begins: so many questions, to so many hosts.
    Stage(Stage, u64, u64),
    /// How far it is.
    Progress(Progress),
    /// The rate changed.
    Rate(Change),
    /// Something answered.
    Answer(&'a Answer),
    /// So many of so many are confirmed or not.
    Confirmed(u64, u64),
}

/// Ports that nobody uses, of which some are asked of every host that opens any.
const CONTROLS: [u16; 8] = [1, 65_530, 4_321, 33_333, 60_007, 11, 19_191, 48_651];
const CONTROLS_ASKED: usize = 3;
/// A host that opens so many TCP ports is asked its controls before it is asked more.
const MANY: u32 = 32;
/// A host that opens so many is none, whatever its controls are.
const MOST: u32 = 4_096;
/// Of UDP, where each answer's words are kept.
const MOST_UDP: u32 = 256;

/// Takes a survey, or goes on with what was `found` of one until it was stopped. What was found is given also where the sender failed: then
/// it is stopped, and says so.
pub fn take(
    request: &Request,
    found: Found,
    sender: &mut Sender,
    governor: &Governor,
    tell: &mut dyn FnMut(News<'_>),
) -> (Found, Option<Failed>) {
    let found = Found { stopped: None, ..found };
    let mut survey = Taking { request, sender, governor, tell, found };
    let failed = survey.all().err();
    if let Some(failed) = &failed {
        survey.found.stopped = Some(failed.to_string());
    }
    (survey.found, failed)
}

/// The questions that such a survey would begin with, in their order: what a dry run shows. Later stages depend on answers.
pub fn questions(request: &Request, governor: &Governor) -> impl Iterator<Item = (Stage, IpAddr, Ask)> {
    let scope = governor.scope();
    let stage = |stage, asks: Vec<Ask>| (stage, Space::new(request.targets.clone(), asks, Vec::new()));
    let stages = match request.discover {
        Discover::Off => vec![
            stage(Stage::Tcp, request.tcp.iter().map(|port| Ask::Syn(*port)).collect()),
            stage(Stage::Udp, request.udp.iter().map(|port| Ask::Udp(*port)).collect()),
        ],
        _ => vec![stage(Stage::Discover, knocks(request, scope))],
    };
    let (seed, (number, shards)) = (request.seed[0], request.shard);
    let filled = stages.into_iter().filter(|(_, space)| space.count() > 0);
    filled.flat_map(move |(stage, space)| {
        let order = engine::order(space.count(), seed.wrapping_add(stage as u64), 0);
        let count = space.count().saturating_sub(number).div_ceil(shards.get());
        (0..count).filter_map(move |turn| {
            let place = order.as_ref()?.at(number + turn * shards.get());
            let (host, ask) = space.at(place)?;
            Some((stage, space.targets().at(host)?.0.get(), ask))
        })
    })
}

struct Taking<'a> {
    request: &'a Request,
    sender: &'a mut Sender,
    governor: &'a Governor,
    tell: &'a mut dyn FnMut(News<'_>),
    found: Found,
}

impl Taking<'_> {
    fn all(&mut self) -> Result<(), Failed> {
        let request = self.request;
        let mut blocks = request.targets.blocks();
        if request.discover != Discover::Off {
            self.stage(Stage::Discover, &blocks, knocks(request, self.governor.scope()), Vec::new())?;
            let known = request.known.iter().filter(|host| request.targets.place(**host).is_some());
            let hosts: BTreeSet<IpAddr> = self.found.hosts.keys().chain(known).copied().collect();
            blocks = hosts.into_iter().map(IpNet::from).collect();
        }
        if request.discover != Discover::Only {
            let asks = request.tcp.iter().map(|port| Ask::Syn(*port)).collect();
            self.stage(Stage::Tcp, &blocks, asks, Vec::new())?;
            self.many()?;
            let asks = request.udp.iter().map(|port| Ask::Udp(*port)).collect();
            self.stage(Stage::Udp, &blocks, asks, Vec::new())?;
        }
        self.look()?;
        self.confirm()
    }

    /// Tells hosts with many open ports from what opens everything, and asks the hosts on. Each shard asks them everything: another may have
    /// taken them for hosts with few.
    fn many(&mut self) -> Result<(), Failed> {
        let many = self.found.many.clone();
        let controls = self.controls(Stage::Controls, |address| many.contains(address));
        self.stage(Stage::Controls, &[], Vec::new(), controls)?;
        let is_host =
            |address: &&IpAddr| self.found.hosts.get(*address).is_some_and(|host| !host.opens_everything());
        let hosts: Vec<IpNet> = many.iter().filter(is_host).map(|host| IpNet::from(*host)).collect();
        let asks = self.request.tcp.iter().map(|port| Ask::Syn(*port)).collect();
        self.stage(Stage::Rest, &hosts, asks, Vec::new())
    }

    /// Asks whatever is open once more with all options, and ports that nobody uses.
    fn look(&mut self) -> Result<(), Failed> {
        let many = self.found.many.clone();
        let mut again = self.controls(Stage::Look, |address| !many.contains(address));
        if matches!(self.sender, Sender::Raw(_)) {
            let hosts = self.found.hosts.iter().filter(|(_, host)| !host.opens_everything());
            let ports = hosts.flat_map(|(address, host)| host.tcp.keys().map(|port| (*address, *port)));
            again.extend(ports.map(|(address, port)| (address, Ask::FullSyn(port))));
        }
        self.stage(Stage::Look, &[], Vec::new(), again)
    }

    /// A few ports that nobody uses, of the hosts that opened any and that `are` meant; how many they are is noted with the host.
    fn controls(&mut self, stage: Stage, are: impl Fn(&IpAddr) -> bool) -> Vec<(IpAddr, Ask)> {
        let scope = self.governor.scope();
        let mut pairs = Vec::new();
        if self.found.is_settled(stage) {
            return pairs;
        }
        let hosts = self.found.hosts.iter_mut();
        for (address, host) in hosts.filter(|(address, host)| !host.tcp.is_empty() && are(address)) {
            let free =
                CONTROLS.into_iter().filter(|port| scope.tcp.contains(*port) && !host.tcp.contains_key(port));
            let free: Vec<u16> = free.take(CONTROLS_ASKED).collect();
            host.controls.1 = free.len() as u32;
            pairs.extend(free.into_iter().map(|port| (*address, Ask::Syn(port))));
        }
        pairs
    }

    /// Has one stage's questions asked, unless something stopped it before.
    fn stage(
        &mut self,
        stage: Stage,
        blocks: &[IpNet],
        asks: Vec<Ask>,
        pairs: Vec<(IpAddr, Ask)>,
    ) -> Result<(), Failed> {
        if self.found.stopped.is_some() || self.found.whole.contains(&stage) {
            return Ok(());
        }
        let begun = self.found.under_way.take().filter(|begun| begun.stage == stage);
        let begun = begun.unwrap_or_else(|| UnderWay {
            stage,
            blocks: blocks.to_vec(),
            pairs,
            at: Position::default(),
        });
        let UnderWay { blocks, pairs, at: from, .. } = self.found.under_way.insert(begun).clone();
        let hosts = if pairs.is_empty() { count(&blocks) } else { self.found.hosts.len() as u64 };
        let questions =
            if pairs.is_empty() { hosts.saturating_mul(asks.len() as u64) } else { pairs.len() as u64 };
        if questions == 0 {
            self.found.under_way = None;
            self.found.whole.insert(stage);
            return Ok(());
        }
        (self.tell)(News::Stage(stage, questions, hosts));
        let request = self.request;
        let [key, first, second] = request.seed;
        // Where hosts were sought first, each shard asks those that it found everything: their lists differ.
        let wide = match stage {
            Stage::Discover => true,
            Stage::Tcp | Stage::Udp => request.discover == Discover::Off,
            Stage::Controls | Stage::Rest | Stage::Look | Stage::Confirm => false,
        };
        let most_open = match stage {
            Stage::Tcp => MANY,
            Stage::Rest => MOST,
            Stage::Udp => MOST_UDP,
            Stage::Discover | Stage::Controls | Stage::Look | Stage::Confirm => u32::MAX,
        };
        let job = Job {
            blocks,
            asks,
            pairs,
            key: key.wrapping_add(stage as u64),
            // A key of its own for each stage: what answers late answers to nobody.
            cookie: Cookie(first.wrapping_add(stage as u64), second),
            shard: if wide { request.shard } else { (0, NonZeroU64::MIN) },
            rate: request.rate,
            passes: request.passes,
            wait: request.wait,
            most_open,
            from,
        };
        let (found, tell) = (&mut self.found, &mut *self.tell);
        let mut stood = from;
        let done = self.sender.run(job, self.governor, &mut |event| match event {
            Event::Answer(answer) => {
                found.take(stage, answer);
                tell(News::Answer(answer));
            }
            Event::Progress(progress) => {
                stood = progress.position;
                tell(News::Progress(progress));
            }
            Event::Rate(change) => tell(News::Rate(change)),
        });
        if let (Err(_), Some(begun)) = (&done, &mut self.found.under_way) {
            begun.at = stood;
        }
        let done = done?;
        // The governor knows nothing of these packets: conversations begin when they are a second old.
        self.governor.rest(Duration::from_secs(1));
        match stage {
            Stage::Tcp => self.found.many.extend(&done.many),
            Stage::Rest => {
                for address in &done.many {
                    self.found.hosts.entry(*address).or_default().wall = true;
                }
            }
            Stage::Udp => {
                for address in &done.many {
                    self.found.hosts.entry(*address).or_default().udp_wall = true;
                }
            }
            _ => {}
        }
        match (&done.stopped, &mut self.found.under_way) {
            (Some((why, at)), Some(begun)) => {
                self.found.stopped = Some(why.clone());
                begun.at = *at;
            }
            _ => {
                self.found.under_way = None;
                self.found.whole.insert(stage);
            }
        }
        self.found.ran.push(Ran { stage, questions, done });
        Ok(())
    }

    /// Has what looks like a proxy or a tarpit speak.
    fn confirm(&mut self) -> Result<(), Failed> {
        if self.found.stopped.is_some() {
            return Ok(());
        }
        let source = self.sender.source();
        let caller = Caller::new(self.governor, source, confirm::PATIENCE).map_err(Failed::talk)?;
        let before = self.governor.sent();
        let mut wanted = self.request.tcp.clone();
        wanted.sort_by_key(|port| TOP_TCP.iter().position(|top| top == port).unwrap_or(TOP_TCP.len()));
        let asked_twice = matches!(self.sender, Sender::Raw(_));
        let stopped = confirm::all(&mut self.found, &wanted, asked_twice, &caller, self.tell);
        self.found.stopped = stopped.err().map(|why: Stopped| why.to_string());
        let sent = confirm::since(&before, &self.governor.sent());
        if !sent.is_empty() {
            let done = Done { sent, ..Done::default() };
            self.found.ran.push(Ran { stage: Stage::Confirm, questions: 0, done });
        }
        Ok(())
    }
}

/// What shows whether a host is there, as far as the scope allows it.
pub fn knocks(request: &Request, scope: &Scope) -> Vec<Ask> {
    if request.on_link {
        // Nobody is on a link who does not answer to its own address, and whoever else is asked there keeps the kernel waiting.
        return vec![Ask::Neighbour];
    }
    let mut asks = Vec::new();
    if scope.icmp {
        asks.extend([Ask::Echo, Ask::Timestamp]);
    }
    let allowed = KNOCKS.into_iter().filter(|port| scope.tcp.contains(*port));
    asks.extend(allowed.flat_map(|port| [Ask::Syn(port), Ask::Ack(port)]));
    asks.extend([53, 161].into_iter().filter(|port| scope.udp.contains(*port)).map(Ask::Udp));
    asks.retain(|ask| !request.connects || Connect::can(*ask));
    if asks.is_empty() {
        // Whatever is asked at all shows it too.
        asks.extend(request.tcp.iter().take(3).map(|port| Ask::Syn(*port)));
        asks.extend(request.udp.iter().take(3).map(|port| Ask::Udp(*port)));
    }
    asks
}

/// Addresses of blocks that hold just what is asked.
fn count(blocks: &[IpNet]) -> u64 {
    let of = |block: &IpNet| 1u64 << (block.max_prefix_len() - block.prefix_len()).min(63);
    blocks.iter().map(of).fold(0, u64::saturating_add)
}
