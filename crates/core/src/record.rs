//! All that leaves the engine. Sinks, stores and people see these records and nothing else.
//!
//! Every record has `record` (its kind) and `schema_version`; times are RFC 3339 in UTC with nanoseconds. The JSON
//! Schema is generated from these types and committed as `docs/record.schema.json`; a test fails when it changes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::inventory::{Change, Exposure, LearnedExposure, Service, Survey};

/// The version of every record's form. It rises when a field changes its meaning or goes; new fields do not raise it.
pub const SCHEMA_VERSION: u32 = 1;

/// The ATT&CK version that technique ids are of.
pub const ATTACK_VERSION: &str = "18.1";

/// One line of output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "record", rename_all = "kebab-case")]
pub enum Record {
    /// One scan.
    Campaign(Box<Campaign>),
    /// What a scan learned of one host.
    Lesson(Box<Lesson>),
    /// Somebody came back to what a scan had revealed.
    FollowUp(Box<FollowUp>),
    /// What a survey asked, and how much it may have missed; the first record of its file.
    Survey(Box<Survey>),
    /// A service of a host, as surveys saw it.
    Service(Box<Service>),
    /// Something that a service shows to strangers.
    Exposure(Box<Exposure>),
    /// What differs between two surveys.
    Change(Box<Change>),
    /// What was read, skipped and not visible; the last record of every run.
    Run(Box<Run>),
}

/// A time as people and other tools read it: RFC 3339, UTC, nine decimals.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Stamp(pub String);

impl From<i64> for Stamp {
    /// From nanoseconds since 1970.
    fn from(nanoseconds: i64) -> Self {
        let time =
            jiff::Timestamp::from_nanosecond(nanoseconds.into()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        Self(format!("{time:.9}"))
    }
}

/// One scan, by one source or by one coordinated set of sources.
///
/// Every field is always there, absent values as null: the engine's state holds records of finished campaigns in a form
/// that does not name its fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Campaign {
    /// Version of this form.
    pub schema_version: u32,
    /// 16 characters of base32, from the first source, the first contact's time and the first service.
    pub id: String,
    /// 1 when opened, one more at each change of status.
    pub revision: u32,
    /// open, closed or withdrawn.
    pub status: Status,
    /// Why it was withdrawn.
    pub withdrawn_because: Option<String>,
    /// The id of the campaign that this one was joined into.
    pub merged_into: Option<String>,
    /// First contact.
    pub start: Stamp,
    /// Last contact.
    pub end: Stamp,
    /// When the evidence sufficed.
    pub decided: Stamp,
    /// The scanning addresses, up to 1,000, sorted.
    pub sources: Vec<String>,
    /// How many they are.
    pub source_count: u64,
    /// Where the scan came from and went to.
    pub direction: Direction,
    /// ATT&CK techniques, e.g. T1595.001; empty where the direction is not known.
    pub techniques: Vec<String>,
    /// The ATT&CK version that these ids are of, e.g. `18.1`.
    pub attack_version: String,
    /// horizontal, vertical, block or null.
    pub shape: Shape,
    /// Probe kinds, most frequent first.
    pub probes: Vec<ProbeKind>,
    /// Probes sent, retransmissions included.
    pub probe_count: u64,
    /// Distinct hosts probed.
    pub hosts: Count,
    /// Distinct services probed.
    pub services: Count,
    /// The services most probed, at most 16, most hosts first, e.g. `tcp/22`.
    pub top_services: Vec<String>,
    /// All services probed, as ranges in rising order, e.g. `tcp/1-1024`; at most 64 ranges, empty where there are more or
    /// where memory made the services an estimate.
    pub service_ranges: Vec<String>,
    /// The hosts probed, where they are at most 16.
    pub targets: Vec<String>,
    /// Hosts that answered on a service (open), and hosts that refused (alive, closed).
    pub learned: Learned,
    /// The networks probed (/24 of IPv4, /64 of IPv6), at most 64, most hosts first.
    pub prefixes: Vec<Prefix>,
    /// How many such networks there are.
    pub prefix_count: u64,
    /// Hosts probed of each own block, where blocks were given.
    pub coverage: Vec<Coverage>,
    /// Probes a second over the scan's own span; absent for a single moment.
    pub rate: Option<f64>,
    /// Seconds between probes, the median.
    pub median_gap: Option<f64>,
    /// In which order hosts (or ports, where it is one host) were visited.
    pub order: Order,
    /// Whether all ports of a host came first, or all hosts of a port; null where there are not several of both.
    pub nesting: Option<Nesting>,
    /// The tools that the packets show, most certain first; empty where nothing names one.
    pub tools: Vec<Tool>,
    /// The permutation of ZMap behind the order, where it could be recovered and proved.
    pub permutation: Option<Permutation>,
    /// From which list of targets it works.
    pub target_list: TargetList,
    /// Why its sources are one scan; null of a single source.
    pub coordination: Option<Coordination>,
    /// Known procedures that it resembles: hints, never attributions.
    pub procedures: Vec<Procedure>,
    /// What it learned, in numbers; the lessons tell which.
    pub lessons: LessonCounts,
    /// The ids of the follow-ups that came back to what it revealed.
    pub follow_ups: Vec<String>,
    /// `1 / (1 + 2^-bits)`, at even prior odds.
    pub confidence: f64,
    /// The sum of the ledger, in bits.
    pub bits: f64,
    /// How much this matters.
    pub severity: Severity,
    /// The rule that gave the severity, in words.
    pub severity_rule: String,
    /// Among many scans of its kind that learned of nothing open: the modified z-score of its pace or its breadth, whichever is greater.
    pub stands_out: Option<f64>,
    /// State was evicted: the counts are lower bounds.
    pub at_least: bool,
    /// What the verdict rests on and what spoke against it.
    pub ledger: Vec<LedgerEntry>,
    /// The nearest case in which this would not have been reported.
    pub counterfactual: String,
}

/// A tool that the packets show.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// In lower case, e.g. `masscan`.
    pub name: String,
    /// The versions that show the same marks, where they tell, e.g. `4.x`.
    pub version: Option<String>,
    /// Between 0 and 1.
    pub confidence: f64,
    /// What names it, with its numbers.
    pub text: String,
}

/// How hosts and ports were nested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Nesting {
    /// All ports of one host, then the next host.
    HostMajor,
    /// One port of all hosts, then the next port.
    PortMajor,
    /// Both mixed.
    Mixed,
}

/// ZMap's permutation: the walk `x <- generator * x mod prime` over the indexes of its target list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Permutation {
    /// The generator of the walk. Equal generators of several sources are shards of one scan.
    pub generator: u64,
    /// The prime: the smallest of ZMap's above the number of targets.
    pub prime: u64,
    /// The address list that the indexes count, as far as the walk tells, e.g. `203.0.113.0/24` or `internet`.
    pub list: String,
    /// Addresses in that list, where it is known.
    pub list_addresses: Option<u64>,
    /// Sending threads that the walk shows.
    pub threads: u32,
    /// Share of the walk that was done at the last hit, 0 to 1.
    pub done: f64,
    /// The next hits in the own blocks, if it goes on; at most 16.
    pub next: Vec<String>,
    /// Bits by which the hits fit this walk better than chance, all candidates counted.
    pub bits: f64,
    /// The proof in words.
    pub text: String,
}

/// From which list a scan works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ListKind {
    /// The whole Internet.
    InternetWide,
    /// One block of addresses.
    Block,
    /// Several separate blocks of one holder, and nothing between.
    Organisation,
    /// Addresses chosen beforehand: live services, few or no misses.
    Curated,
    /// The evidence does not tell.
    Unknown,
}

/// The verdict on the target list, with its terms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TargetList {
    /// The most probable kind, or unknown.
    pub kind: ListKind,
    /// Its probability; of `unknown`, that of the most probable kind.
    pub confidence: f64,
    /// All kinds with their probabilities, most probable first; empty where nothing was weighed.
    pub weighed: Vec<WeighedList>,
    /// What the verdict rests on.
    pub terms: Vec<ListTerm>,
}

impl TargetList {
    /// Nothing was weighed.
    pub fn unknown() -> Self {
        Self { kind: ListKind::Unknown, confidence: 0.0, weighed: Vec::new(), terms: Vec::new() }
    }
}

/// The probability of one kind of list.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WeighedList {
    /// The kind.
    pub kind: ListKind,
    /// Its posterior probability.
    pub probability: f64,
}

/// One term: how much an observation speaks for each kind of list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ListTerm {
    /// e.g. `rate bound`, `clock`, `spread`, `informed`, `boundary`, `permutation`.
    pub name: String,
    /// log2 likelihoods by kind, against the best of them (0 is the best).
    pub bits: Vec<ListBits>,
    /// The sentence, with its numbers.
    pub text: String,
}

/// What a term says of one kind of list.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ListBits {
    /// The kind.
    pub kind: ListKind,
    /// log2 of its likelihood, against the best.
    pub bits: f64,
}

/// Why several sources are one scan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Coordination {
    /// Bits for one scan against as many unrelated ones.
    pub bits: f64,
    /// The probability of such disjoint coverage by chance, as a power of ten (log10).
    pub chance_log10: f64,
    /// What it rests on: imprint, ports, generator, origin, each with its numbers.
    pub reasons: Vec<String>,
    /// Networks that the sources come from (/24 of IPv4, /64 of IPv6).
    pub networks: u64,
}

/// A known procedure that a campaign resembles.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Procedure {
    /// The profile's name in `data/procedures.toml`.
    pub name: String,
    /// Between 0 and 1: how far it can be told from ordinary scanning.
    pub confidence: f64,
    /// What matched, and the caution.
    pub text: String,
    /// The ATT&CK examples that the profile is made from, e.g. `G0139`.
    pub references: Vec<String>,
}

/// What a campaign learned, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LessonCounts {
    /// Services shown open, of the targets kept one by one.
    pub open: u64,
    /// Of these, how many gave a version or a name of their software away.
    pub versions: u64,
    /// Of these, how many nobody had learned before in this input.
    pub new_to_anyone: u64,
}

/// What a scan learned of one host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Lesson {
    /// Version of this form.
    pub schema_version: u32,
    /// The campaign that learned it.
    pub campaign: String,
    /// The host.
    pub host: String,
    /// When it answered first.
    pub time: Stamp,
    /// Shown alive by no more than a ping, the link or a refusal.
    pub alive_only: bool,
    /// What each service showed, in the order of services; at most 64.
    pub services: Vec<ServiceLesson>,
    /// How many services answered nothing (filtered, or dropped).
    pub filtered: u64,
    /// What the answers' headers tell of the operating system.
    pub stack: Option<String>,
}

/// What one service showed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceLesson {
    /// e.g. `tcp/22`.
    pub service: String,
    /// open or closed.
    pub state: ServiceState,
    /// The protocol that was spoken, where it is known.
    pub protocol: Option<String>,
    /// What it gave away.
    pub facts: Vec<LessonFact>,
    /// This scanner had not learned it by an earlier campaign.
    pub new_to_scanner: bool,
    /// The campaign that learned it before this one, where there is one.
    pub known_since: Option<String>,
    /// What a survey found exposed there (`--survey`), worst first.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub exposures: Vec<LearnedExposure>,
}

/// How a service answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceState {
    /// It answered.
    Open,
    /// It refused.
    Closed,
}

/// One thing that a service gave away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LessonFact {
    /// What it is.
    pub what: FactKind,
    /// Its text: no control characters, secrets masked, at most 256 bytes.
    pub text: String,
}

/// What a fact of an utterance is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FactKind {
    /// A greeting or first line, as sent.
    Banner,
    /// Software, with its version where one is given.
    Software,
    /// A protocol's version, e.g. `TLS 1.2`.
    Protocol,
    /// A name in a certificate.
    CertificateName,
    /// Who issued a certificate.
    CertificateIssuer,
    /// The host's own name, as it says it.
    HostName,
    /// What a document calls itself, or a status line.
    Title,
    /// A login is asked for (or none is).
    Login,
    /// What a client asked for: method and path, a command.
    Request,
    /// What a client calls itself.
    UserAgent,
    /// A name that a client asked for (SNI, Host).
    AskedName,
}

impl FactKind {
    /// All of them, in their order.
    pub const ALL: [Self; 11] = [
        Self::Banner,
        Self::Software,
        Self::Protocol,
        Self::CertificateName,
        Self::CertificateIssuer,
        Self::HostName,
        Self::Title,
        Self::Login,
        Self::Request,
        Self::UserAgent,
        Self::AskedName,
    ];
}

/// Somebody came back to what a scan had revealed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FollowUp {
    /// Version of this form.
    pub schema_version: u32,
    /// 16 characters of base32, from the visitor, its first visit and the campaign.
    pub id: String,
    /// The campaign that revealed the targets.
    pub scan: String,
    /// Who scanned (the first source).
    pub scanner: String,
    /// Who came.
    pub source: String,
    /// How the visitor is tied to the scanner.
    pub link: Link,
    /// To what: `192.0.2.1:22`, `[2001:db8::1]:22`; at most 256.
    pub targets: Vec<String>,
    /// First visit.
    pub start: Stamp,
    /// Last visit.
    pub end: Stamp,
    /// Seconds from the revelation to the first visit.
    pub delay: f64,
    /// Sessions on these targets.
    pub sessions: u64,
    /// log2 of the odds against an ordinary visitor.
    pub bits: f64,
    /// `1 / (1 + 2^-bits)`.
    pub confidence: f64,
    /// How much it matters.
    pub severity: Severity,
    /// ATT&CK techniques, e.g. T1133.
    pub techniques: Vec<String>,
    /// The ATT&CK version that these ids are of.
    pub attack_version: String,
    /// The reasons, with their numbers.
    pub text: String,
}

/// How a later visitor is tied to a scanner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Link {
    /// The same address.
    SameSource,
    /// Another address of its network (/24 of IPv4, /64 of IPv6).
    SameNetwork,
    /// Any other address: only what it went to ties it.
    Knowledge,
}

/// Where a campaign stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Contacts may still come.
    Open,
    /// Quiet for longer than ten of its own gaps, and at least an hour.
    Closed,
    /// Later evidence showed that it was no scan.
    Withdrawn,
}

/// Where a scan came from and went to, as the own blocks tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// From outside to own addresses.
    Inbound,
    /// From an own address to own addresses.
    Internal,
    /// From an own address to others.
    Outbound,
    /// Neither end is ours.
    Transit,
    /// No blocks were given.
    Unknown,
}

/// How hosts and services spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// 5 or more hosts, fewer than 10 services.
    Horizontal,
    /// Fewer than 5 hosts, 10 or more services.
    Vertical,
    /// Many of both.
    Block,
    /// Few of both.
    Null,
}

/// What kind of probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
#[allow(missing_docs, reason = "the names are the field's own")]
pub enum ProbeKind {
    TcpConnect,
    TcpSyn,
    TcpFin,
    TcpNull,
    TcpXmas,
    TcpMaimon,
    TcpAck,
    TcpSynFin,
    TcpSynack,
    /// Of a flow whose first flags the input does not tell.
    Tcp,
    Udp,
    IcmpEcho,
    IcmpTimestamp,
    IcmpMask,
    Arp,
    Nd,
    SctpInit,
    IpProtocol,
    OsProbe,
    VersionProbe,
    BannerGrab,
}

impl ProbeKind {
    /// All of them, as declared.
    pub const ALL: [Self; 21] = [
        Self::TcpConnect,
        Self::TcpSyn,
        Self::TcpFin,
        Self::TcpNull,
        Self::TcpXmas,
        Self::TcpMaimon,
        Self::TcpAck,
        Self::TcpSynFin,
        Self::TcpSynack,
        Self::Tcp,
        Self::Udp,
        Self::IcmpEcho,
        Self::IcmpTimestamp,
        Self::IcmpMask,
        Self::Arp,
        Self::Nd,
        Self::SctpInit,
        Self::IpProtocol,
        Self::OsProbe,
        Self::VersionProbe,
        Self::BannerGrab,
    ];
}

/// A number of distinct things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Count {
    /// How many.
    pub count: u64,
    /// False where bounded memory made this an estimate.
    pub exact: bool,
}

/// What the targets gave away, in numbers of hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Learned {
    /// Hosts with at least one service shown open.
    pub open_hosts: Count,
    /// Of the others: hosts that answered a ping, or on the link, so shown alive.
    pub alive_hosts: Count,
    /// Of the others: hosts that refused, so shown alive.
    pub refused_hosts: Count,
}

/// Hosts probed in one network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Prefix {
    /// e.g. `203.0.113.0/24`.
    pub prefix: String,
    /// Distinct hosts probed in it.
    pub hosts: u64,
}

/// Hosts probed of an own block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Coverage {
    /// The block as given.
    pub block: String,
    /// Distinct hosts probed in it.
    pub hosts: Count,
    /// Its size in addresses, where that fits 64 bits.
    pub of: Option<u64>,
}

/// In which order a scan visited its targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// Rising by one, nearly always.
    Sequential,
    /// Falling by one, nearly always.
    Reverse,
    /// Constant steps other than one.
    Stride,
    /// Mostly rising.
    Ascending,
    /// Mostly falling.
    Descending,
    /// No visible order and no target twice.
    Permutation,
    /// No visible order, targets repeat.
    Random,
    /// Too few targets to tell.
    Unknown,
}

/// How much a campaign matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "a scale")]
pub enum Severity {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

/// The kind of a piece of evidence. Bits within a family overlap, so the strongest counts; families add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// How first contacts ended.
    Outcome,
    /// How many hosts and ports.
    Breadth,
    /// Packets that no stack sends.
    Craft,
    /// The order of targets.
    Order,
    /// Several sources share the work.
    Coordination,
    /// What speaks for something other than a scan.
    Against,
}

/// One line of the ledger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LedgerEntry {
    /// Its family.
    pub family: Family,
    /// log2 of the likelihood ratio, a multiple of 1/1024.
    pub bits: f64,
    /// The sentence, with its numbers.
    pub text: String,
    /// Set aside by an `against` entry: it does not count in the sum.
    pub set_aside: bool,
}

/// What a run read, skipped and could not see.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// Version of this form.
    pub schema_version: u32,
    /// Watchpost's version.
    pub version: String,
    /// Key of the shard hash, in hexadecimal.
    pub shard_key: String,
    /// The own blocks, as given.
    pub blocks: Vec<String>,
    /// The id of the survey that told what is there (`--survey`).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub survey: Option<String>,
    /// What was read.
    pub inputs: Vec<Input>,
    /// Packets (or lines) read in all inputs.
    pub packets: u64,
    /// Contacts made of them.
    pub contacts: u64,
    /// Campaigns for whose records there was no memory: those with least evidence.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub unreported: u64,
    /// First packet's time.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub start: Option<Stamp>,
    /// Last packet's time.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub end: Option<Stamp>,
    /// What was skipped, by reason, with the first place.
    pub skipped: Vec<Skipped>,
    /// What looks like a scan to others and is none.
    pub not_scans: Vec<NotScan>,
    /// What this vantage could not see.
    pub blind: Vec<Blind>,
    /// How the state's byte budget was used.
    pub memory: Memory,
    /// Campaigns that stand (open or closed).
    pub campaigns: u64,
    /// Campaigns withdrawn.
    pub withdrawn: u64,
    /// Distinct sources seen to start something.
    pub sources: u64,
}

/// One input of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Input {
    /// As the user named it (or found in a folder); `-` is standard input.
    pub name: String,
    /// e.g. `pcap`, `pcapng`, with `.gz` or `.zst` where compressed.
    pub format: String,
    /// Packets read from it; of a log, lines; of flow exports, flows.
    pub packets: u64,
    /// Bytes read from it, after decompression.
    pub bytes: u64,
    /// What was assumed because the input does not say it, e.g. a year or a time zone.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub assumed: Vec<String>,
    /// What is damaged, where, and what was lost; at most 16 places.
    pub damage: Vec<Damage>,
}

/// A damaged place of an input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Damage {
    /// Byte offset in the (decompressed) input.
    pub offset: u64,
    /// Number of the packet that could not be read, counted from 1.
    pub packet: u64,
    /// What is wrong there, in words.
    pub what: String,
    /// Where reading went on, if it did.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub resumed: Option<u64>,
}

/// Things skipped for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Skipped {
    /// In words, e.g. `cut off by the snap length`.
    pub reason: String,
    /// How many.
    pub count: u64,
    /// The input of the first.
    pub first_input: String,
    /// Its byte offset there.
    pub first_offset: u64,
}

/// What looks like a scan to others and is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotScan {
    /// e.g. `backscatter`, `peer-to-peer`, `health check`, `resolver`.
    pub what: String,
    /// How many sources.
    pub sources: u64,
    /// How many packets or contacts.
    pub packets: u64,
    /// Up to 8 of the sources.
    pub examples: Vec<String>,
}

/// What this vantage could not see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Blind {
    /// e.g. `direction`, `replies`, `banners`.
    pub what: String,
    /// Why, and what to do about it.
    pub why: String,
    /// Detectors that are blind, or see less, because of it: names of `watchpost list detectors`.
    pub detectors: Vec<String>,
}

/// How the byte budget was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Memory {
    /// Bytes allowed for state.
    pub budget: u64,
    /// The most that was used.
    pub peak: u64,
    /// Sources forgotten to stay within it.
    pub evicted_sources: u64,
    /// Of these, how many had an open campaign.
    pub evicted_campaigns: u64,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}
