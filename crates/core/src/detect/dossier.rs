//! What is remembered of one source: its first probes exactly, and beyond them sums in bounded memory.
//!
//! The problem: a source may touch one host or a million, and a verdict may come after weeks. The reason for two tiers:
//! nearly all sources touch a handful of targets, and for those every probe can be kept; the few that touch more are
//! decided by their first probes, and need only counts from there on. The limit: about 180 KiB a source, whatever it does.

mod join; // several sources of one scan as one
mod probe; // one target
mod returns; // who came back to what had answered
mod wide; // sums beyond the kept targets

use hashbrown::HashTable;
use serde::{Deserialize, Serialize};

use super::state::host_id;
use crate::contact::{Contact, Outcome, Phase, Service, Time, Transport, flags};
use crate::imprint::{Imprint, Imprints, Raw};
use crate::net::Address;
use crate::record::ProbeKind;
use crate::trace::{Hit, Trace};

pub use probe::{Probe, mark};
pub use returns::Returned;
pub use wide::Wide;

/// So many targets (host and service) are kept one by one.
pub const KEPT: usize = 256;
/// Past them only targets that answered are kept, up to this many in all.
pub const KEPT_OPEN: usize = 512;
/// From so many on an index finds them.
const INDEXED: usize = 16;
/// Number of probe kinds.
pub const KINDS: usize = ProbeKind::ALL.len();
/// Answers whose headers are kept.
const STACKS: usize = 64;

/// The headers of a SYN-ACK: they tell the operating system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stack {
    /// The place of the target that sent it.
    pub place: u16,
    /// TCP window.
    pub window: u16,
    /// Time to live as captured.
    pub ttl: u8,
    /// Bits of [`crate::contact::traits`].
    pub traits: u8,
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
    /// The raw facts of its first packets.
    pub imprints: Imprints,
    /// The headers of answers, the first of each host.
    pub stacks: Vec<Stack>,
    /// Later sessions on what had answered.
    pub returns: Vec<Returned>,
    /// What of the sums stays when a campaign is over.
    remains: Option<Remains>,
    #[serde(skip)]
    index: HashTable<u16>,
}

/// What of a trimmed dossier's targets is still known.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Remains {
    /// So many of the kept targets are the first ones, without a gap.
    firsts: usize,
    /// Distinct hosts in all.
    hosts: u64,
    /// The thinned later touches.
    later: Vec<Hit>,
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
    /// Opens it with a source's first target, and the raw facts of the packet that touched it.
    pub fn new(first: Probe, raw: Raw) -> Self {
        let mut imprints = Imprints::default();
        if raw.seen {
            imprints.add(raw.of(&first), u64::from(first.packets));
        }
        let mut kinds = [0; KINDS];
        kinds[first.kind as usize] = u32::from(first.packets);
        Self {
            probes: vec![first],
            wide: None,
            kinds,
            probe_count: u64::from(first.packets),
            start: first.first,
            end: first.first,
            at_least: false,
            imprints,
            stacks: Vec::new(),
            returns: Vec::new(),
            remains: None,
            index: HashTable::new(),
        }
    }

    /// The kept target that a contact goes to.
    pub fn find(&self, contact: &Contact) -> Option<usize> {
        self.place(contact.target, contact.service())
    }

    /// The place of a kept target.
    pub fn place(&self, target: Address, service: Service) -> Option<usize> {
        let is = |p: &Probe| p.target == target && p.service() == service;
        if self.index.is_empty() {
            return self.probes.iter().position(is);
        }
        let hash = hash(target, service);
        self.index.find(hash, |i| is(&self.probes[*i as usize])).map(|i| *i as usize)
    }

    /// Keeps only the first targets and as many that answered, for a campaign that is over. Counts become lower bounds
    /// where it is joined with others. The answered ones are no first touches, or the sample would be one of live hosts.
    pub fn trim(&mut self, most: usize) {
        let trace = self.trace(Address::default());
        self.remains = Some(Remains {
            firsts: most.min(trace.consecutive),
            hosts: trace.hosts,
            later: trace.hits[trace.consecutive..].to_vec(),
        });
        let mut answered = 0;
        let mut place = 0;
        self.probes.retain(|p| {
            place += 1;
            answered += usize::from(place > most && !p.failed());
            place <= most || !p.failed() && answered <= most
        });
        self.probes.shrink_to_fit();
        self.at_least |= self.wide.is_some();
        (self.wide, self.stacks, self.returns) = (None, Vec::new(), Vec::new());
        self.imprints.trim();
        self.reindex();
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
        let known = self.find(contact);
        if let Some(place) = known {
            let answered = !self.probes[place].failed();
            let quiet = self.probes[place].visit(contact);
            self.probes[place].flow(contact);
            if let (Some(quiet), true) = (quiet, answered)
                && self.came_back(place, contact.time, quiet)
            {
                // Whoever comes back to use what it found scans no longer.
                return Change::None;
            }
            // As with packets: it spoke on a further connection to what had answered.
            if contact.phase == Phase::Flow
                && contact.outcome == Outcome::Asked
                && self.probes[place].marks & mark::RETURNED != 0
                && !self.has_returned(place, contact.time)
            {
                self.count_kind(ProbeKind::VersionProbe, 1);
            }
        }
        self.count(contact, kind);
        self.end = self.end.max(contact.time);
        if contact.phase != Phase::Flow {
            self.imprints.add(Imprint::new(contact, kind), u64::from(contact.weight));
        }
        if known.is_some() {
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
        wide.sample(contact);
        let change = wide.touch(contact.target, contact.service(), block);
        if contact.phase == Phase::Flow && contact.outcome > Outcome::Silent {
            // How it went is known at once, no reply follows.
            let _ = self.learn(contact, 0, true);
        }
        change
    }

    /// Adds to the counts what every probe packet adds.
    pub fn count(&mut self, contact: &Contact, kind: ProbeKind) {
        self.probe_count += u64::from(contact.weight);
        self.count_kind(kind, contact.weight);
        self.start = self.start.min(contact.time);
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
            self.answered_by(place, contact);
            // The packets of an OS fingerprint repeat bare ACKs on their ports: they complete nothing.
            let fingerprints = self.kinds[ProbeKind::OsProbe as usize] > 0;
            let raw = self.probes[place].kind == ProbeKind::TcpSyn && !fingerprints;
            let returned = self.has_returned(place, contact.time);
            if contact.outcome == Outcome::Completed && raw && !returned {
                self.count_kind(ProbeKind::TcpConnect, 1);
            }
            if contact.outcome == Outcome::Asked
                && !returned
                && self.probes[place].marks & mark::RETURNED != 0
            {
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

    /// Notes what a reply tells beside its outcome: the stack that sent it, and that a session was used.
    fn answered_by(&mut self, place: usize, contact: &Contact) {
        // A flow's records tell of an answer, and nothing of its headers: no packet has a time to live of 0.
        let syn_ack = contact.transport == Transport::Tcp
            && contact.ttl > 0
            && contact.outcome == Outcome::Answered
            && contact.flags & (flags::SYN | flags::ACK) == flags::SYN | flags::ACK;
        let target = self.probes[place].target;
        let known = |s: &Stack| self.probes[usize::from(s.place)].target == target;
        if syn_ack && self.stacks.len() < STACKS && !self.stacks.iter().any(known) {
            let Contact { window, ttl, traits, .. } = *contact;
            self.stacks.push(Stack { place: place as u16, window, ttl, traits });
        }
        if contact.outcome >= Outcome::Told {
            self.spoke(place, contact.time);
        }
    }

    /// What later analyses read of it.
    pub fn trace(&self, source: Address) -> Trace {
        let mut hits: Vec<Hit> = self.firsts().iter().map(Probe::hit).collect();
        let consecutive = hits.len();
        let mut hosts: Vec<Address> = hits.iter().map(|h| h.target).collect();
        hosts.sort_unstable();
        hosts.dedup();
        let hosts = match (&self.wide, &self.remains) {
            (Some(wide), _) => wide.hosts.count(),
            (None, Some(remains)) => remains.hosts,
            (None, None) => hosts.len() as u64,
        };
        hits.extend(self.wide.iter().flat_map(|w| w.later()));
        hits.extend(self.remains.iter().flat_map(|r| &r.later));
        Trace {
            source,
            hits,
            consecutive,
            hosts,
            packets: self.probe_count,
            start: self.start,
            end: self.end,
        }
    }

    /// Targets kept because they were touched first (not because they answered later).
    pub fn firsts(&self) -> &[Probe] {
        let most = self.remains.as_ref().map_or(KEPT, |r| r.firsts);
        &self.probes[..self.probes.len().min(most)]
    }

    /// Median gap between probes, nanoseconds.
    pub fn median_gap(&self) -> Option<Time> {
        if let Some(wide) = &self.wide {
            return wide.gaps.median();
        }
        let mut gaps: Vec<Time> =
            self.firsts().windows(2).map(|w| (w[1].first - w[0].first).max(0)).collect();
        gaps.sort_unstable();
        gaps.get(gaps.len() / 2).copied()
    }

    /// Bytes held, as the budget counts them.
    pub fn bytes(&self) -> usize {
        let kept = self.probes.len().next_power_of_two() * size_of::<Probe>();
        let index = if self.probes.len() >= INDEXED { self.probes.len() * 6 } else { 0 };
        let notes = self.stacks.len() * size_of::<Stack>() + self.returns.len() * size_of::<Returned>();
        size_of::<Self>()
            + kept
            + index
            + notes
            + self.imprints.bytes()
            + self.remains.as_ref().map_or(0, |r| r.later.len() * size_of::<Hit>())
            + self.wide.as_ref().map_or(0, |w| w.bytes())
    }
}

/// A service's place in a set of distinct values.
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

#[cfg(test)]
mod tests;
