//! What is remembered of one source: its first probes exactly, and beyond them sums in bounded memory.
//!
//! The problem: a source may touch one host or a million, and a verdict may come after weeks. The reason for two tiers:
//! nearly all sources touch a handful of targets, and for those every probe can be kept; the few that touch more are
//! decided by their first probes, and need only counts from there on. The limit: about 180 KiB a source, whatever it does.

use hashbrown::HashTable;
use serde::{Deserialize, Serialize};

use super::state::{Distinct, Gaps, host_id};
use crate::contact::{Contact, Outcome, SECOND, Service, Time, Transport};
use crate::net::Address;
use crate::record::ProbeKind;

/// So many targets (host and service) are kept one by one.
pub const KEPT: usize = 256;
/// Past them only targets that answered are kept, up to this many in all.
pub const KEPT_OPEN: usize = 512;
/// From so many on an index finds them.
const INDEXED: usize = 16;
/// A new connection so long after the last one to the same target is another visit, not a retry.
const VISIT: u32 = 5;
/// Datagrams to one service that are a stream, answered or not: more than any scanner's retries (nmap: 11).
const STREAM: u8 = 16;
/// Number of probe kinds.
pub const KINDS: usize = ProbeKind::ALL.len();
/// Services counted one by one beyond the kept targets.
const TOP_SERVICES: usize = 32;

/// Marks of a probe that evidence needs later.
pub mod mark {
    /// A router said that the time to live ran out on the way: a traceroute does this by intent.
    pub const EXPIRED: u8 = 1;
    /// Came back to a service which had answered it before.
    pub const RETURNED: u8 = 8;
    /// The SYN is not one that an ordinary stack sends; an IP protocol without content.
    pub const BARE: u8 = 16;
    /// The source went on although no answer was seen.
    pub const WENT_ON: u8 = 32;
}

/// One target (host and service) of a source: the first touch, and how it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// The host.
    pub target: Address,
    /// The first touch.
    pub first: Time,
    /// Seconds from the first touch to the last visit.
    pub again: u32,
    /// The service's port (see [`Transport`]).
    pub port: u16,
    /// The source's port at the last visit.
    pub source_port: u16,
    /// The service's transport.
    pub transport: Transport,
    /// How it was probed first.
    pub kind: ProbeKind,
    /// How far it came.
    pub outcome: Outcome,
    /// Visits: new connections at least five seconds apart.
    pub visits: u8,
    /// Time to live at the first touch.
    pub ttl: u8,
    /// Bits of [`mark`].
    pub marks: u8,
    /// Probe packets, up to 255.
    pub packets: u8,
}

impl Probe {
    /// Of a first contact.
    pub fn new(contact: &Contact, kind: ProbeKind, marks: u8) -> Self {
        Self {
            target: contact.target,
            first: contact.time,
            again: 0,
            port: contact.port,
            source_port: contact.source_port,
            transport: contact.transport,
            kind,
            outcome: contact.outcome,
            visits: 1,
            ttl: contact.ttl,
            marks,
            packets: contact.weight.min(255) as u8,
        }
    }

    /// The service that was touched.
    pub fn service(&self) -> Service {
        Service { transport: self.transport, port: self.port }
    }

    /// Whether a contact goes to the same host and service.
    pub fn is_of(&self, contact: &Contact) -> bool {
        self.target == contact.target && self.service() == contact.service()
    }

    /// Nothing came back, or a refusal.
    pub fn failed(&self) -> bool {
        self.outcome < Outcome::Answered
    }

    /// The source used it as services are used: it said something (TCP), went on after the answer (UDP), or asked more
    /// than once (UDP, ICMP). One question with one answer is what a sweep leaves behind.
    pub fn used(&self) -> bool {
        match self.transport {
            Transport::Tcp => self.outcome >= Outcome::Asked,
            Transport::Sctp => self.outcome >= Outcome::Completed,
            Transport::Arp | Transport::Nd | Transport::Ip => self.outcome >= Outcome::Answered,
            Transport::Udp | Transport::Icmp | Transport::Icmp6 => {
                self.outcome >= Outcome::Asked || self.outcome >= Outcome::Answered && self.packets > 1
            }
        }
    }

    /// Datagrams that go on for long without an answer: a stream of which one direction is seen. Scanners give up.
    pub fn is_stream(&self) -> bool {
        self.transport == Transport::Udp && self.packets >= STREAM
    }

    /// Takes up a later outcome. Where answers are seen, going on without one proves nothing: it is only noted.
    pub fn learn(&mut self, outcome: Outcome, one_way: bool) {
        let by_source = matches!(outcome, Outcome::Completed | Outcome::Asked);
        if by_source && self.transport == Transport::Tcp && self.failed() && !one_way {
            self.marks |= mark::WENT_ON;
            if matches!(self.kind, ProbeKind::TcpAck | ProbeKind::TcpMaimon) {
                // No start was seen, and it goes on: a connection older than the capture.
                self.outcome = Outcome::Answered;
            }
            return;
        }
        self.outcome = self.outcome.max(outcome);
        if self.marks & mark::WENT_ON != 0 && !self.failed() {
            self.outcome = Outcome::Asked;
        }
    }

    /// As it stands on a vantage that does not see answers.
    pub fn seen_one_way(mut self) -> Self {
        if self.marks & mark::WENT_ON != 0 {
            self.outcome = Outcome::Asked;
        }
        self
    }

    /// Somebody said something on it: used, or a stream that its server sends unasked, as FTP's data is.
    pub fn talked(&self) -> bool {
        self.used() || self.outcome >= Outcome::Told
    }

    /// Another contact to the same target. Returns whether it is a visit of its own.
    pub fn visit(&mut self, contact: &Contact) -> bool {
        self.packets = self.packets.saturating_add(contact.weight.min(255) as u8);
        let since = ((contact.time - self.first).max(0) / SECOND).min(i64::from(u32::MAX)) as u32;
        let fresh = contact.source_port != self.source_port || contact.source_port == 0;
        if self.outcome >= Outcome::Answered && fresh {
            self.marks |= mark::RETURNED;
        }
        self.source_port = contact.source_port;
        if since.saturating_sub(self.again) < VISIT || !fresh && contact.transport == Transport::Tcp {
            return false;
        }
        self.again = since;
        self.visits = self.visits.saturating_add(1);
        true
    }
}

/// Sums beyond the kept targets.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Wide {
    /// Hosts touched.
    pub hosts: Distinct,
    /// Hosts of which a service answered.
    pub open: Distinct,
    /// Hosts that refused, so alive.
    pub refused: Distinct,
    /// Services touched.
    pub services: Distinct,
    /// Networks touched (/24, /64).
    pub networks: Distinct,
    /// First touches of hosts by service: the busiest.
    pub top: Vec<(Service, u32)>,
    /// Hosts of each own block.
    pub blocks: Vec<u64>,
    /// Gaps between probes.
    pub gaps: Gaps,
}

/// What is remembered of one source that touched more than one target.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Dossier {
    /// The targets kept one by one, in the order of their first touch.
    pub probes: Vec<Probe>,
    /// Sums, once there are more.
    pub wide: Option<Box<Wide>>,
    /// Probe packets by kind.
    pub kinds: [u32; KINDS],
    /// All probe packets.
    pub probe_count: u64,
    /// First contact's own time.
    pub start: Time,
    /// Last contact's own time.
    pub end: Time,
    /// State was lost before: counts are lower bounds.
    pub at_least: bool,
    #[serde(skip)]
    index: HashTable<u16>,
}

/// What a contact changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A target that was not touched before.
    Target,
    /// Nothing that evidence depends on.
    None,
}

impl Dossier {
    /// Opens it with a source's first target.
    pub fn new(first: Probe) -> Self {
        Self {
            probes: vec![first],
            wide: None,
            kinds: [0; KINDS],
            probe_count: 0,
            start: first.first,
            end: first.first,
            at_least: false,
            index: HashTable::new(),
        }
    }

    /// The kept target that a contact goes to.
    pub fn find(&self, contact: &Contact) -> Option<usize> {
        if self.index.is_empty() {
            return self.probes.iter().position(|p| p.is_of(contact));
        }
        let hash = hash(contact.target, contact.service());
        self.index.find(hash, |i| self.probes[*i as usize].is_of(contact)).map(|i| *i as usize)
    }

    fn keep(&mut self, probe: Probe) {
        self.probes.push(probe);
        if !self.index.is_empty() {
            self.index_last(self.probes.len() - 1);
        } else if self.probes.len() >= INDEXED {
            self.reindex();
        }
    }

    fn index_last(&mut self, place: usize) {
        let probes = &self.probes;
        let of = |i: &u16| hash(probes[*i as usize].target, probes[*i as usize].service());
        self.index.insert_unique(of(&(place as u16)), place as u16, of);
    }

    /// Builds what is not part of a snapshot.
    pub fn reindex(&mut self) {
        self.index = HashTable::new();
        if self.probes.len() >= INDEXED {
            (0..self.probes.len()).for_each(|i| self.index_last(i));
        }
    }

    /// A probe to a target, new or known. `block` is the own block that the target lies in.
    pub fn probe(
        &mut self,
        contact: &Contact,
        kind: ProbeKind,
        marks: u8,
        block: Option<usize>,
        gap: Time,
    ) -> Change {
        self.count(contact, kind);
        if let Some(place) = self.find(contact) {
            self.probes[place].visit(contact);
            if let Some(wide) = &mut self.wide {
                wide.gaps.add(gap);
            }
            return Change::None;
        }
        if self.probes.len() < KEPT {
            self.keep(Probe::new(contact, kind, marks));
            return Change::Target;
        }
        if self.wide.is_none() {
            self.widen();
        }
        let wide = self.wide.as_mut().expect("just made");
        wide.gaps.add(gap);
        wide.touch(contact.target, contact.service(), block)
    }

    /// Adds to the counts what every probe packet adds.
    pub fn count(&mut self, contact: &Contact, kind: ProbeKind) {
        self.probe_count += u64::from(contact.weight);
        self.count_kind(kind, contact.weight);
        self.start = self.start.min(contact.time);
        self.end = self.end.max(contact.time);
    }

    fn count_kind(&mut self, kind: ProbeKind, packets: u32) {
        self.kinds[kind as usize] = self.kinds[kind as usize].saturating_add(packets);
    }

    /// Starts the sums with the targets kept so far.
    fn widen(&mut self) {
        let mut wide = Box::new(Wide::default());
        let mut last = self.start;
        for probe in &self.probes {
            wide.touch(probe.target, probe.service(), None);
            wide.learn(probe.target, probe.outcome);
            wide.gaps.add(probe.first - last);
            last = probe.first;
        }
        self.wide = Some(wide);
    }

    /// A reply, or a sign that the connection was used. `None` of a target that was not touched; else whether its answer
    /// was seen before (beyond the kept targets that is not known, and taken to be so).
    pub fn learn(&mut self, contact: &Contact, marks: u8, one_way: bool) -> Option<bool> {
        let mut answered = true;
        let mut outcome = contact.outcome;
        if let Some(place) = self.find(contact) {
            let probe = &mut self.probes[place];
            answered = !probe.failed();
            probe.marks |= marks;
            probe.learn(contact.outcome, one_way);
            outcome = probe.outcome;
            if contact.outcome == Outcome::Completed && probe.kind == ProbeKind::TcpSyn {
                self.count_kind(ProbeKind::TcpConnect, 1);
            }
            if contact.outcome == Outcome::Asked && self.probes[place].marks & mark::RETURNED != 0 {
                self.count_kind(ProbeKind::VersionProbe, 1);
            }
        } else if let Some(wide) = &mut self.wide {
            if wide.hosts.contains(host_id(contact.target)) == Some(false) {
                return None;
            }
            let unheard = matches!(outcome, Outcome::Completed | Outcome::Asked) && !one_way;
            if unheard && wide.open.contains(host_id(contact.target)) != Some(true) {
                return Some(answered);
            }
            wide.learn(contact.target, outcome);
            if contact.outcome >= Outcome::Answered && self.probes.len() < KEPT_OPEN {
                let kind = super::craft::kind_of_service(contact.transport);
                let mut probe = Probe::new(contact, kind, marks);
                probe.first = contact.time;
                self.keep(probe);
            }
            return Some(answered);
        } else {
            return None;
        }
        if let Some(wide) = &mut self.wide {
            wide.learn(contact.target, outcome);
        }
        Some(answered)
    }

    /// Targets kept because they were touched first (not because they answered later).
    pub fn firsts(&self) -> &[Probe] {
        &self.probes[..self.probes.len().min(KEPT)]
    }

    /// Median gap between probes, nanoseconds.
    pub fn median_gap(&self) -> Option<Time> {
        if let Some(wide) = &self.wide {
            return wide.gaps.median();
        }
        let mut gaps: Vec<Time> = self.probes.windows(2).map(|w| (w[1].first - w[0].first).max(0)).collect();
        gaps.sort_unstable();
        gaps.get(gaps.len() / 2).copied()
    }

    /// Bytes held, as the budget counts them.
    pub fn bytes(&self) -> usize {
        let kept = self.probes.len().next_power_of_two() * size_of::<Probe>();
        let index = if self.probes.len() >= INDEXED { self.probes.len() * 6 } else { 0 };
        size_of::<Self>() + kept + index + self.wide.as_ref().map_or(0, |w| w.bytes())
    }
}

impl Wide {
    fn touch(&mut self, target: Address, service: Service, block: Option<usize>) -> Change {
        let new_host = self.hosts.insert(host_id(target));
        if new_host > 0 || !self.hosts.is_exact() {
            self.networks.insert(host_id(target.network()));
        }
        if let Some(block) = block
            && new_host > 0
        {
            if self.blocks.len() <= block {
                self.blocks.resize(block + 1, 0);
            }
            self.blocks[block] += new_host;
        }
        if let Some((_, count)) = self.top.iter_mut().find(|(s, _)| *s == service) {
            *count = count.saturating_add(1);
        } else {
            self.services.insert(number_of(service));
            if self.top.len() < TOP_SERVICES {
                self.top.push((service, 1));
            } else if let Some(least) = self.top.iter_mut().rev().min_by_key(|t| t.1) {
                // Whoever comes often enough takes the last place, as in a majority vote; counts are never too high.
                match least.1 {
                    0 | 1 => *least = (service, 1),
                    _ => least.1 -= 1,
                }
            }
        }
        if new_host > 0 { Change::Target } else { Change::None }
    }

    fn learn(&mut self, target: Address, outcome: Outcome) {
        match outcome {
            Outcome::Unknown | Outcome::Silent | Outcome::Unreachable => {}
            Outcome::Refused => {
                self.refused.insert(host_id(target));
            }
            _ => {
                self.open.insert(host_id(target));
            }
        }
    }

    fn bytes(&self) -> usize {
        let sets = [&self.hosts, &self.open, &self.refused, &self.services, &self.networks];
        size_of::<Self>() + sets.iter().map(|s| s.bytes()).sum::<usize>() + 1024 + 8 * self.blocks.len()
    }
}

/// A service's place in a [`Distinct`].
pub fn number_of(service: Service) -> u32 {
    (service.transport as u32) << 16 | u32::from(service.port)
}

/// The service of such a number.
pub fn service_of(number: u32) -> Service {
    use Transport::{Arp, Icmp, Icmp6, Ip, Nd, Sctp, Tcp, Udp};
    let transport = [Tcp, Udp, Sctp, Icmp, Icmp6, Ip, Arp, Nd][(number >> 16) as usize % 8];
    Service { transport, port: number as u16 }
}

fn hash(target: Address, service: Service) -> u64 {
    let (high, low) = target.halves();
    let service = u64::from(service.port) | (service.transport as u64) << 16;
    let mixed = (low ^ high.rotate_left(29) ^ service << 40).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ (mixed >> 29) ^ service).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}
