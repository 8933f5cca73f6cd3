//! The records of a survey.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::record::{LessonFact, Severity, Stamp};

/// A service of a host, as surveys saw it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Service {
    /// Version of this form.
    pub schema_version: u32,
    /// The host.
    pub host: String,
    /// e.g. `tcp/22`, `icmp/echo`; see [`crate::contact::Service`]. `tcp/*`: every port opens (a proxy, a tarpit), `udp/*`: every
    /// port answers, so that none says anything.
    pub service: String,
    /// Where it stands.
    pub state: State,
    /// The probability that the state is true, 0 to 1. Of a closed one, as it was when it closed. An open one below 0.9 has
    /// answered once in a survey that stopped before it could be confirmed.
    pub confidence: f64,
    /// Looks in a row that got no answer: 0 open, 1 suspect, 2 and more closed.
    #[serde(default)]
    pub missed: u32,
    /// This survey did not ask it: all is as the one before had it.
    #[serde(default)]
    pub carried: bool,
    /// When a survey saw it first.
    pub first_seen: Stamp,
    /// When it answered last.
    pub last_seen: Stamp,
    /// The protocol that is spoken, where it is known, e.g. `ssh`.
    pub protocol: Option<String>,
    /// It is spoken within TLS.
    pub tls: bool,
    /// What it gave away, secrets masked.
    pub facts: Vec<LessonFact>,
    /// What runs there, where it is known.
    pub product: Option<Product>,
    /// The operating system, where header fields or words tell it.
    pub os: Option<OsGuess>,
}

/// What is open is surer than this once a second look has confirmed it.
const CONFIRMED: f64 = 0.9;

impl Service {
    /// Whether it answered once, in a survey that stopped before its second look: it may be a proxy's or a tarpit's.
    pub fn is_unconfirmed(&self) -> bool {
        self.state == State::Open && self.confidence < CONFIRMED
    }
}

/// Where a service stands: settled when a survey is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It answered in this survey.
    #[default]
    Open,
    /// It answered in an earlier survey and did not in this one; not confirmed yet.
    Suspect,
    /// It did not answer in two independent looks.
    Closed,
}

/// What runs at a service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Product {
    /// e.g. `OpenBSD`.
    pub vendor: Option<String>,
    /// e.g. `OpenSSH`.
    pub name: String,
    /// As it says it, e.g. `9.2p1`.
    pub version: Option<String>,
    /// Common Platform Enumeration 2.3, e.g. `cpe:/a:openbsd:openssh:9.2p1`.
    pub cpe: Option<String>,
}

/// What is known of a host's operating system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OsGuess {
    /// e.g. `Linux`, `Debian 12`.
    pub name: String,
    /// What tells it, e.g. `SYN-ACK: TTL 64, window 65160, MSS SACK TS NOP WS7`.
    pub because: String,
}

/// How far a service lets a stranger climb.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Rung {
    /// It answers.
    #[default]
    Reachable,
    /// What it is can be told.
    Identified,
    /// It gives away its version, its distribution or names.
    Discloses,
    /// It answers without a login.
    Anonymous,
    /// It gives control or data to anybody.
    Sensitive,
}

impl Rung {
    /// Its word, as records have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reachable => "reachable",
            Self::Identified => "identified",
            Self::Discloses => "discloses",
            Self::Anonymous => "anonymous",
            Self::Sensitive => "sensitive",
        }
    }
}

/// Something that a service shows to strangers, and what takes it away.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Exposure {
    /// Version of this form.
    pub schema_version: u32,
    /// The host.
    pub host: String,
    /// e.g. `tcp/2375`.
    pub service: String,
    /// The check that found it, e.g. `docker`.
    pub check: String,
    /// How far it lets a stranger climb.
    pub rung: Rung,
    /// In a few words, e.g. `Docker API without a login`.
    pub what: String,
    /// What shows it, one fact each; never a secret.
    pub evidence: Vec<String>,
    /// What takes it a rung down.
    pub fix: Fix,
    /// ATT&CK techniques that it serves, e.g. T1133.
    pub techniques: Vec<String>,
    /// When a survey saw it first.
    #[serde(default)]
    pub first_seen: Stamp,
    /// When it was seen.
    pub time: Stamp,
    /// Whether the policy allows it; null where none was given, or it says nothing of it.
    #[serde(default)]
    pub within_policy: Option<bool>,
    /// The scans that learned of it, earliest first, where traffic was held against the survey (`detect --survey`); at most 64.
    #[serde(default)]
    pub seen_by: Vec<SeenBy>,
}

/// A scan that was shown an exposed service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SeenBy {
    /// The campaign's id.
    pub campaign: String,
    /// Its first source.
    pub scanner: String,
    /// How much that scan matters.
    pub severity: Severity,
    /// When the service answered it first.
    pub time: Stamp,
}

/// An exposure, as the lesson of a scan names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LearnedExposure {
    /// The check that found it.
    pub check: String,
    /// How far it lets a stranger climb.
    pub rung: Rung,
    /// In a few words.
    pub what: String,
}

/// The one change that takes an exposure a rung down.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fix {
    /// Where, e.g. `sshd_config`.
    pub place: String,
    /// The line, e.g. `DebianBanner no`.
    pub line: String,
}
