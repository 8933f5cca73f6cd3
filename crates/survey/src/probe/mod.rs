//! The raw sender as a process of its own: small, and with one privilege, which it gives up once its sockets are open.
//!
//! The survey runs as anybody; only `watchpost-probe` needs CAP_NET_RAW (`setcap cap_net_raw+ep watchpost-probe`, or root). It takes orders on
//! standard input and tells what happens on standard output, a line of JSON each. It is given the scope's text and makes the targets
//! from it itself, so what it sends to is [`crate::scope::InScope`] by its own reading; and what it reports is read against the scope again by
//! whoever started it. When its input ends, it stops: nothing goes on sending without its parent.

mod child; // the process
mod parent; // whoever starts it

use std::net::IpAddr;
use std::num::NonZeroU64;
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::engine::{Canaries, Change, Outcome, Passes, Plan, Position, Progress, Space};
use crate::raw::Way;
use crate::scope::{Rate, Scope, Targets};
use crate::wire::{Ask, Cookie, Kind};
pub use child::main;
pub use parent::{Failed, Helper};

/// The helper's name, beside `watchpost`.
pub const NAME: &str = "watchpost-probe";

/// What the helper is told to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Order {
    /// First of all: which sockets to open, and the scope that all later orders are cut to.
    Open {
        /// The scope file's text.
        scope: String,
        /// Where to send.
        way: Way,
    },
    /// Goes over a plan.
    Run(Box<Job>),
    /// Stops what is running.
    Stop(String),
}

/// A plan, as it is told to the helper.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Whom: cut to the scope.
    pub blocks: Vec<IpNet>,
    /// What: ports that the scope does not allow are left out.
    pub asks: Vec<Ask>,
    /// Single questions beside them.
    pub pairs: Vec<(IpAddr, Ask)>,
    /// Of the order.
    pub key: u64,
    /// Of the hashes.
    pub cookie: Cookie,
    /// Which part, of how many.
    pub shard: (u64, NonZeroU64),
    /// Caps; never above the scope's.
    pub rate: Rate,
    /// How often.
    pub passes: Passes,
    /// Waiting at the end of a pass.
    pub wait: Duration,
    /// See [`Plan::most_open`].
    pub most_open: u32,
    /// Where to go on.
    pub from: Position,
}

impl Job {
    /// As a plan: cut to the scope, its ports and its caps.
    pub fn plan(self, scope: &Scope) -> Plan {
        let (targets, _) = Targets::of(scope, &self.blocks);
        let may = |ask: &Ask| allows(scope, *ask);
        let pairs = self.pairs.into_iter().filter(|(_, ask)| may(ask));
        let pairs = pairs.filter_map(|(host, ask)| Some((scope.admit(host).ok()?, ask))).collect();
        Plan {
            space: Space::new(targets, self.asks.into_iter().filter(may).collect(), pairs),
            key: self.key,
            shard: self.shard,
            rate: self.rate.no_more_than(scope.rate),
            passes: self.passes,
            wait: self.wait,
            most_open: self.most_open,
            from: self.from,
        }
    }
}

/// Whether the scope allows a question.
fn allows(scope: &Scope, ask: Ask) -> bool {
    match ask {
        Ask::Syn(port) | Ask::FullSyn(port) | Ask::Ack(port) => scope.tcp.contains(port),
        Ask::Udp(port) => scope.udp.contains(port),
        Ask::Echo | Ask::Timestamp => scope.icmp,
        // It is how any host of the link is reached at all.
        Ask::Neighbour => true,
    }
}

/// What the helper tells.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Told {
    /// The sockets are open, and every privilege is gone.
    Ready,
    /// Something answered.
    Answer {
        /// Who was asked.
        target: IpAddr,
        /// What.
        ask: Ask,
        /// In which pass.
        slot: u8,
        /// How.
        kind: Kind,
        /// Time to live, as it arrived.
        ttl: u8,
    },
    /// How far it is.
    Progress(Progress),
    /// The rate changed.
    Rate(Change),
    /// A plan is done, or was stopped.
    Done(Box<Done>),
    /// It cannot go on.
    Failed(String),
}

/// How a plan ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Done {
    /// Packets sent, by network.
    pub sent: Vec<(IpNet, u64)>,
    /// Canaries of each pass.
    pub canaries: Vec<Canaries>,
    /// Canaries of all passes, by network.
    pub by_network: Vec<(IpNet, Canaries)>,
    /// Hosts that opened too much to be asked on.
    #[serde(default)]
    pub many: Vec<IpAddr>,
    /// Why it stopped before its end, and where.
    pub stopped: Option<(String, Position)>,
    /// How far it came.
    pub progress: Progress,
    /// How long it took.
    pub took: Duration,
}

impl From<Outcome> for Done {
    fn from(outcome: Outcome) -> Self {
        Self {
            sent: outcome.sent,
            canaries: outcome.canaries,
            by_network: outcome.by_network,
            many: outcome.many,
            stopped: outcome.stopped.map(|(why, at)| (why.to_string(), at)),
            progress: outcome.progress,
            took: outcome.took,
        }
    }
}
