//! Campaigns: one record for each scan, made of what is remembered of its source.

mod scan;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::blocks::Blocks;
use crate::contact::{Outcome, SECOND, Service, Time};
use crate::detect::dossier::{Dossier, Probe, mark};
use crate::detect::{Case, order};
use crate::evidence::Ledger;
use crate::net::Address;
use crate::record::{
    ATTACK_VERSION, Campaign, Direction, Learned, LessonCounts, Order, ProbeKind, SCHEMA_VERSION, Severity,
    Shape, Stamp, Status, TargetList,
};
use scan::Scan;

/// A campaign closes after ten of its own median gaps, at least this ...
pub const CLOSES_AFTER: Time = 3600 * SECOND;
/// ... and at most this; going on within it is a revision of the same campaign.
pub const GOES_ON_WITHIN: Time = 30 * 24 * 3600 * SECOND;
/// "Many" hosts.
const MANY_HOSTS: u64 = 5;
/// "Many" services.
const MANY_SERVICES: u64 = 10;

/// Sources listed in a record.
const SOURCES: usize = 1_000;

/// Where an opened campaign stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Standing {
    /// When the evidence sufficed.
    pub decided: Time,
    /// Rises at each change of status.
    pub revision: u32,
    /// Open or withdrawn, while it is remembered; closing is a matter of time.
    pub status: Status,
    /// Why it was withdrawn.
    pub withdrawn_because: Option<String>,
}

impl Standing {
    /// Opens a campaign.
    pub fn open(decided: Time) -> Self {
        Self { decided, revision: 1, status: Status::Open, withdrawn_because: None }
    }

    /// Takes up a later judgement: a campaign is withdrawn when the evidence no longer holds, and stands again if it does.
    pub fn judge(&mut self, ledger: &Ledger) {
        match (self.status, ledger.decides()) {
            (Status::Withdrawn, true) => (self.status, self.withdrawn_because) = (Status::Open, None),
            (Status::Open, false) => {
                let reason = match ledger.instead() {
                    Some((what, why)) => format!("{what}: {why}"),
                    None => "later answers outweigh the failures it rested on".into(),
                };
                (self.status, self.withdrawn_because) = (Status::Withdrawn, Some(reason));
            }
            _ => return,
        }
        self.revision += 1;
    }
}

/// How long a campaign may be quiet before it closes.
pub fn closes_after(dossier: &Dossier) -> Time {
    let gaps = dossier.median_gap().unwrap_or(0).saturating_mul(10);
    gaps.clamp(CLOSES_AFTER, GOES_ON_WITHIN)
}

/// The id: 80 bits of SHA-256 over the first source, the first contact's time and the first service, in base32.
pub fn id(source: Address, first: &Probe) -> String {
    let mut hash = Sha256::new();
    hash.update(source.number().to_be_bytes());
    hash.update(first.first.to_be_bytes());
    hash.update([first.transport as u8]);
    hash.update(first.port.to_be_bytes());
    base32(&hash.finalize())
}

/// The first 80 bits of a digest, in base32.
pub fn base32(digest: &[u8]) -> String {
    let number = digest.iter().take(10).fold(0u128, |n, byte| n << 8 | u128::from(*byte));
    (0..16)
        .rev()
        .map(|i| char::from(b"abcdefghijklmnopqrstuvwxyz234567"[(number >> (5 * i)) as usize & 31]))
        .collect()
}

/// Everything that a record is made of.
pub struct Draft<'a> {
    /// The sources; the one that began first, then the others in the order of addresses.
    pub sources: &'a [Address],
    /// Prepared for the detectors, with all that is known.
    pub case: &'a Case<'a>,
    /// The evidence.
    pub ledger: &'a Ledger,
    /// Where it stands.
    pub standing: &'a Standing,
    /// The own blocks.
    pub blocks: &'a Blocks,
    /// The time now, by the engine's clock: whether it is closed depends on it.
    pub now: Time,
}

impl Draft<'_> {
    /// The record.
    pub fn record(&self) -> Campaign {
        let dossier = self.case.dossier;
        let firsts = dossier.firsts();
        let scan = Scan::of(self.case);
        let closed = self.now - dossier.end > closes_after(dossier);
        let status = if closed && self.standing.status == Status::Open {
            Status::Closed
        } else {
            self.standing.status
        };
        let (hosts, services) = (scan.hosts(), scan.services());
        let direction = self.blocks.direction(self.sources[0], firsts.iter().map(|p| p.target));
        let mut sources = self.sources.to_vec();
        sources.sort_unstable();
        let learned = scan.learned();
        let (severity, severity_rule) = severity(direction, learned, scan.opened());
        let span = (dossier.end - dossier.start) as f64 / SECOND as f64;
        let (prefixes, prefix_count) = scan.prefixes();
        Campaign {
            schema_version: SCHEMA_VERSION,
            id: id(self.sources[0], &firsts[0]),
            revision: self.standing.revision + u32::from(status == Status::Closed),
            status,
            withdrawn_because: self.standing.withdrawn_because.clone(),
            merged_into: None,
            start: dossier.start.into(),
            end: dossier.end.into(),
            decided: Stamp::from(self.standing.decided),
            sources: sources.iter().take(SOURCES).map(ToString::to_string).collect(),
            source_count: sources.len() as u64,
            direction,
            techniques: techniques(direction),
            attack_version: ATTACK_VERSION.into(),
            shape: shape(hosts.count, services.count),
            probes: probe_kinds(dossier, &scan),
            probe_count: dossier.probe_count,
            hosts,
            services,
            top_services: scan.top_services(),
            service_ranges: scan.service_ranges(),
            targets: scan.targets(),
            learned,
            prefixes,
            prefix_count,
            coverage: scan.coverage(self.blocks),
            rate: (span > 0.0).then(|| round(dossier.probe_count as f64 / span)),
            median_gap: dossier.median_gap().map(|gap| round(gap as f64 / SECOND as f64)),
            order: order::judge(self.case).map_or(Order::Unknown, |seen| seen.order),
            nesting: order::nesting(self.case),
            tools: Vec::new(),
            permutation: None,
            target_list: TargetList::unknown(),
            coordination: None,
            procedures: Vec::new(),
            lessons: LessonCounts::default(),
            follow_ups: Vec::new(),
            confidence: self.ledger.bits().confidence(),
            bits: self.ledger.bits().value(),
            severity,
            severity_rule: severity_rule.into(),
            stands_out: None,
            at_least: dossier.at_least,
            ledger: self.ledger.lines(),
            counterfactual: self.counterfactual(&scan),
        }
    }

    /// The targets with which it had not yet been reported: those touched before the one that decided.
    fn counterfactual(&self, scan: &Scan<'_>) -> String {
        if !self.ledger.decides() {
            return "none: the evidence no longer suffices".into();
        }
        let before: Vec<&&Probe> = scan.probes.iter().filter(|p| p.first < self.standing.decided).collect();
        let mut hosts: Vec<Address> = before.iter().map(|p| p.target).collect();
        hosts.sort_unstable();
        hosts.dedup();
        let (what, fewer) = match scan.hosts().count {
            0..MANY_HOSTS => ("services", before.len()),
            _ => ("hosts", hosts.len()),
        };
        match fewer {
            0 | 1 => format!("a single one of its {what} sufficed"),
            _ => format!("with only {fewer} {what} it would not have been reported"),
        }
    }
}

fn round(value: f64) -> f64 {
    // Six significant digits are more than a rate has.
    if value == 0.0 {
        return 0.0;
    }
    let scale = 10f64.powi(5 - value.abs().log10().floor() as i32);
    (value * scale).round() / scale
}

fn shape(hosts: u64, services: u64) -> Shape {
    match (hosts >= MANY_HOSTS, services >= MANY_SERVICES) {
        (true, false) => Shape::Horizontal,
        (false, true) => Shape::Vertical,
        (true, true) => Shape::Block,
        (false, false) => Shape::Null,
    }
}

/// Kinds that make up at least a hundredth of the probes, and rare ones that are telling by themselves; of kinds that
/// only the source's ordinary traffic has, none.
fn probe_kinds(dossier: &Dossier, scan: &Scan<'_>) -> Vec<ProbeKind> {
    let mut kinds = dossier.kinds;
    kinds[ProbeKind::BannerGrab as usize] = banners_grabbed(dossier);
    let all: u64 = kinds.iter().map(|k| u64::from(*k)).sum();
    let telling = |kind| matches!(kind, ProbeKind::OsProbe | ProbeKind::VersionProbe | ProbeKind::BannerGrab);
    let frequent = |count: u32| u64::from(count) * 100 >= all;
    let scanned = |kind| kind == ProbeKind::TcpConnect || scan.probes.iter().any(|p| p.kind == kind);
    let mut named: Vec<(u32, ProbeKind)> = ProbeKind::ALL
        .iter()
        .map(|kind| (kinds[*kind as usize], *kind))
        .filter(|(count, kind)| *count > 0 && (telling(*kind) || frequent(*count) && scanned(*kind)))
        .collect();
    named.sort_by_key(|(count, kind)| (std::cmp::Reverse(*count), *kind));
    named.into_iter().map(|(_, kind)| kind).collect()
}

/// Greetings read without a word said, where that is what the source does with what answers. A server that is quick to
/// greet a connect scan is no grab: who looks for open ports by connecting fails at most of them, so there the greetings
/// must be half of all that it tried, not only of what answered. Behind raw SYNs there is no stack that completes the
/// handshake by itself: whoever does it there wants to read, so there each service is judged alone, for a grabber greets
/// some servers back. Flows do not tell a raw SYN from a stack's: theirs count as a stack's.
fn banners_grabbed(dossier: &Dossier) -> u32 {
    fn is_raw(p: &Probe) -> bool {
        p.kind == ProbeKind::TcpSyn && p.marks & mark::BARE != 0
    }
    let count = |test: fn(&Probe) -> bool| dossier.probes.iter().filter(|p| test(p)).count();
    let told = count(|p| p.outcome == Outcome::Told);
    let answered = count(|p| p.outcome >= Outcome::Answered);
    let connected = count(|p| matches!(p.kind, ProbeKind::TcpConnect | ProbeKind::TcpSyn) && !is_raw(p));
    let whole = if told >= 3 && 2 * told >= answered && 2 * told >= connected { told } else { 0 };
    let raw = || dossier.probes.iter().filter(|p| is_raw(p) && !p.failed());
    let mut services: Vec<Service> = raw().map(Probe::service).collect();
    services.sort_unstable();
    let greeted = services.chunk_by(|a, b| a == b).map(|run| {
        let left = raw().filter(|p| p.service() == run[0] && p.left_greeted()).count();
        if left >= 3 && 2 * left >= run.len() { left } else { 0 }
    });
    whole.max(greeted.sum()) as u32
}

/// ATT&CK 18.1: from outside it is Scanning IP Blocks; from inside, Network Service Discovery.
fn techniques(direction: Direction) -> Vec<String> {
    match direction {
        Direction::Inbound => vec!["T1595.001".into()],
        Direction::Internal => vec!["T1046".into()],
        Direction::Outbound => vec!["T1595.001".into()],
        Direction::Transit | Direction::Unknown => Vec::new(),
    }
}

fn severity(direction: Direction, learned: Learned, opened: bool) -> (Severity, &'static str) {
    let alive = learned.open_hosts.count + learned.alive_hosts.count + learned.refused_hosts.count > 0;
    match direction {
        Direction::Internal | Direction::Outbound => (Severity::High, "one of ours is scanning"),
        Direction::Transit => (Severity::Info, "neither its source nor its targets are ours"),
        _ if opened => (Severity::Medium, "something open was learned"),
        _ if alive => (Severity::Low, "it learned which hosts are alive, and of nothing open"),
        _ => (Severity::Low, "it reached nothing"),
    }
}
