//! What the stages of a survey found, which is also what a stopped one keeps.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{Proof, Stage};
use crate::engine::{Canaries, Position};
use crate::probe::Done;
use crate::wire::{Answer, Ask, Kind, SynAck};

/// Answers of so many ports of a host are kept as they were; of further ones the second look keeps what it sees.
const KEPT: usize = 32;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// Hosts that answered anything.
    pub hosts: BTreeMap<IpAddr, Host>,
    /// Hosts that opened many TCP ports.
    #[serde(default)]
    pub many: BTreeSet<IpAddr>,
    /// How the stages went.
    pub ran: Vec<Ran>,
    /// Why it ended before its end.
    pub stopped: Option<String>,
    /// The stages that are whole.
    pub whole: BTreeSet<Stage>,
    /// The one that was stopped.
    pub under_way: Option<UnderWay>,
}

/// A stage that was begun: what it asks does not depend on what it finds, so that it goes on as what it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnderWay {
    /// Which.
    pub stage: Stage,
    /// Whom it asks everything.
    pub blocks: Vec<IpNet>,
    /// Single questions, where it asks those.
    pub pairs: Vec<(IpAddr, Ask)>,
    /// Where it stood.
    pub at: Position,
}

/// How a stage went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ran {
    /// Which.
    pub stage: Stage,
    /// Questions.
    pub questions: u64,
    /// What was done.
    pub done: Done,
}

/// A host that answered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Host {
    /// What showed that it is there, beside services.
    pub alive_by: BTreeSet<Ask>,
    /// TCP ports that said that they are open.
    pub tcp: BTreeMap<u16, Tcp>,
    /// UDP ports that answered, and with which words.
    pub udp: BTreeMap<u16, Vec<u8>>,
    /// Ports that refused.
    pub refused: u32,
    /// Ports that a filter forbids, as it says itself.
    pub forbidden: u32,
    /// Ports that nobody uses, and whether they opened: so many were asked.
    pub controls: (BTreeSet<u16>, u32),
    /// It opened more than any host does.
    #[serde(default)]
    pub wall: bool,
    /// It answers on more UDP ports than any host does.
    #[serde(default)]
    pub udp_wall: bool,
}

/// A TCP port that said that it is open.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tcp {
    /// The header of its answer, to all options where it was asked so.
    pub seen: Option<SynAck>,
    /// How sure it is.
    pub proof: Proof,
}

impl Host {
    /// It opens whatever it is asked: a SYN proxy or a tarpit, or a filter that answers for it.
    pub fn opens_everything(&self) -> bool {
        self.wall || 2 * self.controls.0.len() > self.controls.1 as usize
    }

    /// The ports that are open, as far as was looked.
    pub fn open(&self) -> impl Iterator<Item = (u16, &Tcp)> {
        self.tcp.iter().filter(|(_, tcp)| tcp.proof.holds()).map(|(port, tcp)| (*port, tcp))
    }
}

impl Found {
    /// Takes an answer.
    pub(super) fn take(&mut self, stage: Stage, answer: &Answer) {
        let address = answer.target.get();
        if let Kind::Unreachable { .. } = answer.kind {
            if let Some(host) = self.hosts.get_mut(&address) {
                host.forbidden = host.forbidden.saturating_add(1);
            }
            return;
        }
        let host = self.hosts.entry(address).or_default();
        match (stage, answer.ask, &answer.kind) {
            (Stage::Controls | Stage::Look, Ask::Syn(port), Kind::Open(_)) => {
                host.controls.0.insert(port);
            }
            (Stage::Look, Ask::FullSyn(port), Kind::Open(seen)) => {
                if let Some(tcp) = host.tcp.get_mut(&port) {
                    tcp.seen = seen.clone().or(tcp.seen.take());
                    tcp.proof = Proof::Twice;
                }
            }
            (Stage::Tcp | Stage::Rest, Ask::Syn(port), Kind::Open(seen)) => {
                let seen = seen.clone().filter(|_| host.tcp.len() < KEPT);
                host.tcp.entry(port).or_insert(Tcp { seen, proof: Proof::Once });
            }
            (Stage::Udp, Ask::Udp(port), Kind::Words(words)) => {
                host.udp.insert(port, words.clone());
            }
            (Stage::Tcp | Stage::Rest | Stage::Udp, _, Kind::Refused) => {
                host.refused = host.refused.saturating_add(1);
            }
            (Stage::Discover, ask, _) => {
                host.alive_by.insert(ask);
            }
            _ => {}
        }
    }

    /// Whether a stage has been begun, or more: what it asks is settled.
    pub(super) fn is_settled(&self, stage: Stage) -> bool {
        self.whole.contains(&stage) || self.under_way.as_ref().is_some_and(|begun| begun.stage == stage)
    }

    /// Canaries of a stage, over its passes.
    pub fn canaries(&self, stage: Stage) -> Vec<Canaries> {
        let of = self.ran.iter().filter(|ran| ran.stage == stage);
        of.flat_map(|ran| ran.done.canaries.iter().copied()).collect()
    }

    /// Packets sent, over all stages.
    pub fn sent(&self) -> BTreeMap<IpNet, u64> {
        let mut sum: BTreeMap<IpNet, u64> = BTreeMap::new();
        for (network, sent) in self.ran.iter().flat_map(|ran| &ran.done.sent) {
            let all = sum.entry(*network).or_default();
            *all = all.saturating_add(*sent);
        }
        sum
    }
}
