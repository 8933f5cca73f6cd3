//! Flow exports: NetFlow v5 and v9, IPFIX and sFlow v5, from captures of the traffic that carries them to a collector.
//!
//! NetFlow and IPFIX report each direction of a flow by itself ([`Phase::Half`]); core finds out who started. Templates are
//! kept by exporter and domain, and data that come before their template wait for it. Memory: 4,096 templates, 1 MiB of
//! waiting data. sFlow samples packets: each becomes a contact like a captured one, with the sampling rate for a weight.
//!
//! Limits: what was sampled proves nothing by its absence; a template that never comes is counted with its data.

mod fields; // what of a record is read
mod sflow; // samples of packets
mod templates; // NetFlow v9 and IPFIX
mod v5; // NetFlow v5

use std::collections::HashMap;

use watchpost_core::contact::{Contact, Outcome, Phase, SECOND, Time, Transport};
use watchpost_core::direction::is_half_answer;
use watchpost_core::net::Address;

use crate::log::flow::transport;
use templates::Templates;

/// How late a flow may be reported: exporters report a long flow every half hour.
pub(crate) const DISORDER: Time = 1_800 * SECOND;
/// Ports that collectors listen on by convention.
const PORTS: [u16; 8] = [2055, 2056, 4432, 4739, 6343, 9555, 9995, 9996];

/// A reason why something of an export gives no contact.
pub(crate) type Reason = &'static str;

/// What the exporters of one input have said so far.
#[derive(Default)]
pub(crate) struct Exports {
    templates: Templates,
    domains: Domains,
}

/// What options records told, by exporter and observation domain.
pub(crate) type Domains = HashMap<(Address, u32), Domain>;

/// What an exporter told of itself.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Domain {
    /// Of so many packets one is reported; 0 or 1 where all are.
    pub sampling: u32,
    /// When it was started: flows count from there.
    pub started: Option<Time>,
    /// When its uptime was 0, as the first datagram told.
    origin: Option<Time>,
}

/// Exporters of which something is remembered.
const DOMAINS: usize = 4_096;
/// Headers tell the time in seconds (NetFlow v9), or round it, and the uptime in milliseconds.
const ROUNDING: Time = SECOND;

/// When a datagram was sent, by the exporter's uptime. The header's own time is rounded otherwise than the uptime, so the
/// same moment would come out differently of each datagram, and an answer before its question.
fn steady(domains: &mut Domains, key: (Address, u32), sent: Time, uptime: u32) -> Time {
    let since = Time::from(uptime) * (SECOND / 1_000);
    let told = sent - since;
    if domains.len() >= DOMAINS && !domains.contains_key(&key) {
        return sent;
    }
    let known = &mut domains.entry(key).or_default().origin;
    // Another start, or a clock that was set.
    if known.is_none_or(|known| known.abs_diff(told) > ROUNDING.unsigned_abs()) {
        *known = Some(told);
    }
    known.unwrap_or(told) + since
}

/// Where flows go, and what is counted.
pub(crate) struct Flows<'a> {
    pub sensor: u16,
    pub contacts: &'a mut Vec<Contact>,
    pub skip: &'a mut dyn FnMut(Reason),
}

/// One direction of a flow.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Record {
    pub time: Time,
    pub source: Option<Address>,
    pub target: Option<Address>,
    pub source_port: u16,
    pub port: u16,
    pub protocol: Option<u8>,
    pub flags: u8,
    pub packets: u64,
    /// 1 where every packet is reported.
    pub sampling: u32,
    /// The exporter's access list dropped it.
    pub denied: bool,
}

impl Record {
    /// As a contact; a record without addresses or a protocol is none.
    pub fn contact(&self, sensor: u16) -> Result<Contact, Reason> {
        let (Some(source), Some(target)) = (self.source, self.target) else {
            return Err("a flow record without addresses");
        };
        let protocol = self.protocol.ok_or("a flow record without a protocol")?;
        let transport = transport(protocol);
        let outcome = if self.sampling > 1 && !self.denied { Outcome::Unknown } else { Outcome::Silent };
        let port = if transport == Transport::Ip { u16::from(protocol) } else { self.port };
        let contact = Contact {
            time: self.time,
            source,
            target,
            sequence: 0,
            weight: self.packets.saturating_mul(u64::from(self.sampling.max(1))).clamp(1, u64::from(u32::MAX))
                as u32,
            port,
            source_port: if transport == Transport::Ip { 0 } else { self.source_port },
            window: 0,
            ip_id: 0,
            sensor,
            transport,
            phase: Phase::Half,
            outcome,
            flags: self.flags,
            ttl: 0,
            traits: 0,
        };
        match transport {
            Transport::Icmp | Transport::Icmp6 => icmp(contact),
            _ => Ok(contact),
        }
    }
}

/// Echo, timestamp and mask: their type tells who asks.
fn icmp(contact: Contact) -> Result<Contact, Reason> {
    let asks = |kind: u16| Contact { port: kind << 8, source_port: 0, ..contact };
    let answers = |kind: u16| Contact {
        phase: Phase::Reply,
        outcome: Outcome::Answered,
        source: contact.target,
        target: contact.source,
        ..asks(kind)
    };
    match (contact.transport, contact.port >> 8) {
        (Transport::Icmp, kind @ (8 | 13 | 17)) | (Transport::Icmp6, kind @ 128) => {
            Ok(Contact { phase: Phase::Flow, ..asks(kind) })
        }
        (Transport::Icmp, 0) => Ok(answers(8)),
        (Transport::Icmp, kind @ (14 | 18)) | (Transport::Icmp6, kind @ 129) => Ok(answers(kind - 1)),
        _ => Err("ICMP that asks nothing of a host"),
    }
}

/// Whether a datagram is an export, by its port and first bytes.
#[inline]
pub(crate) fn is_export(port: u16, bytes: &[u8]) -> bool {
    PORTS.contains(&port) && matches!(bytes, [0, 5 | 9 | 10, ..] | [0, 0, 0, 5, ..]) && bytes.len() >= 16
}

impl Exports {
    /// The input has ended: what waits for a template is lost.
    pub fn end(&mut self, skip: &mut dyn FnMut(Reason)) {
        self.templates.end(skip);
    }

    /// Takes one datagram of an exporter.
    pub fn take(&mut self, exporter: Address, time: Time, bytes: &[u8], into: &mut Flows<'_>) {
        let before = into.contacts.len();
        let done = match bytes {
            [0, 5, ..] => v5::take(exporter, bytes, &mut self.domains, into),
            [0, 9, ..] => self.templates.v9(exporter, bytes, &mut self.domains, into),
            [0, 10, ..] => self.templates.ipfix(exporter, bytes, &mut self.domains, into),
            [0, 0, 0, 5, ..] => sflow::take(time, bytes, into),
            _ => Err("a flow export of an unknown version"),
        };
        if let Err(reason) = done {
            (into.skip)(reason);
        }
        questions_first(&mut into.contacts[before..]);
    }
}

/// Both directions of a flow are reported one after the other, often with the same time: the question comes first.
fn questions_first(contacts: &mut [Contact]) {
    for at in 1..contacts.len() {
        let (one, other) = (&contacts[at - 1], &contacts[at]);
        let mirrored = (one.source, one.source_port, one.time) == (other.target, other.port, other.time)
            && (one.target, one.port) == (other.source, other.source_port);
        if mirrored && is_half_answer(one) && !is_half_answer(other) {
            contacts.swap(at - 1, at);
        }
    }
}

impl Flows<'_> {
    fn record(&mut self, record: &Record) {
        match record.contact(self.sensor) {
            Ok(contact) => self.contacts.push(contact),
            Err(reason) => (self.skip)(reason),
        }
    }
}

/// Big-endian numbers of up to eight bytes.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}
