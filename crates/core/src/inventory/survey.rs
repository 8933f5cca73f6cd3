//! The record of a survey: what was asked, how, and how much of what is open it may have missed.

use std::net::IpAddr;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::campaign::base32;
use crate::record::Stamp;

/// Prefixes for which a miss rate of their own is kept.
pub const PREFIXES: usize = 1_024;

/// What a survey asked, and how much it may have missed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Survey {
    /// Version of this form.
    pub schema_version: u32,
    /// 16 characters of base32, from the scope's hash and the start.
    pub id: String,
    /// Who holds the blocks, as the scope says.
    pub organisation: String,
    /// SHA-256 of the scope, in hexadecimal.
    pub scope_hash: String,
    /// The scope's own blocks.
    pub blocks: Vec<String>,
    /// First probe.
    pub start: Stamp,
    /// Last look.
    pub end: Stamp,
    /// Why it stopped before all was asked; null where it is complete.
    pub stopped: Option<String>,
    /// What was asked, e.g. `tcp/1-1024`, `udp/53`, `icmp/echo`: of each target, or of [`Survey::hosts_asked`] alone.
    pub asked: Vec<String>,
    /// The addresses asked, as few prefixes as hold exactly them, rising.
    pub targets: Vec<String>,
    /// How many addresses that are.
    pub target_count: u64,
    /// The targets that got every question, as few prefixes as hold exactly them, rising: those that showed themselves to
    /// discovery, and those known from before. Null where every target did.
    #[serde(default)]
    pub hosts_asked: Option<Vec<String>>,
    /// What discovery asked of every target, e.g. `icmp/echo`, `tcp/443`, `arp`; empty where there was none.
    #[serde(default)]
    pub knocks: Vec<String>,
    /// Which part of a survey this is; null where it is a whole one.
    #[serde(default)]
    pub shard: Option<Shard>,
    /// The addresses that it was sent from.
    pub sources: Vec<String>,
    /// How it was sent.
    pub method: Method,
    /// Packets sent.
    pub probes: u64,
    /// Probes that were answered.
    pub answers: u64,
    /// Packets a second over the time of sending, the mean; of parts that were joined, their sum.
    pub rate: f64,
    /// Packets a second allowed; of parts that were joined, their sum.
    pub rate_cap: f64,
    /// Share of what was planned that was asked, 0 to 1.
    pub coverage: f64,
    /// The share of open services that it missed; null where nothing tells.
    pub miss: Option<Miss>,
    /// The same by network (/24 of IPv4, /64 of IPv6), where canaries of its own tell; rising, at most 1,024.
    pub miss_by_prefix: Vec<PrefixMiss>,
    /// SHA-256 of the policy that it was held against; null where there was none.
    #[serde(default)]
    pub policy: Option<String>,
    /// How many records follow in its file: fewer are a file that was cut off. Null outside of files.
    #[serde(default)]
    pub records: Option<u64>,
    /// The survey that states were settled against.
    pub previous: Option<Previous>,
    /// The hash at the end of the audit log when this survey ended.
    pub audit_end: Option<String>,
    /// Whether a registry names the holder of the blocks, e.g. `not checked`.
    pub registry: String,
    /// Whether control of the blocks was proved, e.g. `not checked`, `192.0.2.0/24: proven by TXT ...`; a sentence for each block,
    /// with `; ` between them.
    pub control: String,
    /// What this survey could not see, a sentence each.
    pub unseen: Vec<String>,
}

/// One part of a survey that several machines share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Shard {
    /// Which, from 1 on.
    pub number: u64,
    /// Of how many.
    pub of: u64,
    /// What the order of all parts follows from.
    pub seed: u64,
}

/// How probes are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Own packets, without the system's stack.
    #[default]
    Raw,
    /// Connections of the system.
    Connect,
}

/// The share of open services that was missed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Miss {
    /// The estimate, 0 to 1.
    pub rate: f64,
    /// The lower end of the 95 % interval.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// How many looks at services known to be live it rests on.
    pub canaries: u64,
}

/// The miss rate of one network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PrefixMiss {
    /// e.g. `203.0.113.0/24`.
    pub prefix: String,
    /// Its miss rate.
    #[serde(flatten)]
    pub miss: Miss,
}

/// An earlier survey.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Previous {
    /// Its id.
    pub id: String,
    /// SHA-256 of its file, in hexadecimal; null where it came from no file.
    pub hash: Option<String>,
}

/// From this share of its plan on, a survey is taken to have asked all of it: shares of parts do not add up to the last digit.
const WHOLE: f64 = 0.999;

impl Survey {
    /// Whether all of its plan was asked. One that stopped short of its end by however little may not have asked just what matters.
    pub fn is_whole(&self) -> bool {
        self.coverage >= if self.stopped.is_none() { WHOLE } else { 1.0 }
    }

    /// How many hosts got every question, where discovery came first.
    pub fn hosts_asked_count(&self) -> Option<u64> {
        let count = |net: IpNet| 1u64 << (net.max_prefix_len() - net.prefix_len()).min(63);
        let nets = self.hosts_asked.as_ref()?.iter().filter_map(|net| net.parse().ok());
        Some(nets.map(count).fold(0, u64::saturating_add))
    }

    /// The id: 80 bits of SHA-256 over the scope's hash and the start, in base32.
    pub fn id(scope_hash: &str, start: &Stamp) -> String {
        let mut hash = Sha256::new();
        hash.update(scope_hash.as_bytes());
        hash.update([0]);
        hash.update(start.0.as_bytes());
        base32(&hash.finalize())
    }

    /// The miss rate that holds for a host: its network's, else the survey's own.
    pub fn miss_at(&self, host: IpAddr) -> Option<Miss> {
        let network = network(host).to_string();
        let own = self.miss_by_prefix.iter().find(|p| p.prefix == network);
        own.map(|p| p.miss).or(self.miss)
    }
}

/// The network for which a miss rate is kept: /24 of IPv4, /64 of IPv6.
pub fn network(host: IpAddr) -> IpNet {
    let length = if host.is_ipv4() { 24 } else { 64 };
    IpNet::new(host, length).map_or(host.into(), |net| net.trunc())
}
