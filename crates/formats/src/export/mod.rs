//! Flow exports: NetFlow v5 and v9, IPFIX and sFlow v5, from captures of the traffic that carries them to a collector.
//!
//! NetFlow and IPFIX report each direction of a flow by itself ([`Phase::Half`]); core finds out who started. Templates are
//! kept by exporter and domain, and data that come before their template wait for it. Memory: 4,096 templates, 1 MiB of
//! waiting data. sFlow samples packets: each becomes a contact, with the sampling rate for a weight.
//!
//! A format is an [`ExportFormat`] in [`EXPORTS`]. What was sampled proves nothing by its absence: its outcome is unknown,
//! and the [`Report`](crate::report::Report) says how much was left out. Limit: a template that never comes is counted with its data.

mod domain; // what exporters tell of themselves
mod fields; // what of a record is read
mod sflow; // samples of packets
mod templates; // NetFlow v9 and IPFIX
mod v5; // NetFlow v5

use std::borrow::Cow;

use watchpost_core::contact::{Contact, Outcome, Phase, SECOND, Time, Transport};
use watchpost_core::direction::is_half_answer;
use watchpost_core::net::Address;

use crate::Spec;
use crate::log::flow::transport;
use domain::Domains;
use templates::Templates;
use watchpost_core::detect::Sense;

/// How late a flow may be reported: exporters report a long flow every half hour.
pub const DISORDER: Time = 1_800 * SECOND;
/// Ports that collectors listen on by convention.
pub const PORTS: [u16; 8] = [2055, 2056, 4432, 4739, 6343, 9555, 9995, 9996];

/// A reason why something of an export gives no contact.
pub(crate) type Reason = &'static str;

/// A format of datagrams.
pub struct ExportFormat {
    /// Its name and help, and how a datagram begins.
    pub spec: Spec,
    /// What it cannot see: what, and why.
    pub blind: &'static [(Sense, &'static str)],
    /// Takes one datagram: of this exporter, captured at this time.
    take: Take,
}

type Take = fn(&mut Exports, Address, Time, &[u8], &mut Flows<'_>) -> Result<(), Reason>;

/// What a record of a flow leaves out, in every version.
const RECORDS: &[(Sense, &str)] = &[
    (Sense::Headers, "flow records have no header fields (window, TTL, IP id) that tools are told by"),
    (Sense::Options, "flow records have no TCP options"),
    (Sense::Stacks, "flow records do not tell the headers of answers"),
    (Sense::Flags, "a flow record sums up the TCP flags of all its packets, and some exporters tell none"),
    (Sense::Words, "flow records tell nothing of what was said"),
];

/// Every format of flow exports, by the first bytes of its datagrams.
pub const EXPORTS: &[ExportFormat] = &[
    ExportFormat {
        spec: Spec {
            name: "netflow5",
            help: "NetFlow version 5, IPv4 alone, in captures of the traffic to a collector",
            extensions: &[],
            recognised: &[&[0, 5]],
        },
        blind: RECORDS,
        take: |exports, exporter, _, bytes, into| v5::take(exporter, bytes, &mut exports.domains, into),
    },
    ExportFormat {
        spec: Spec {
            name: "netflow9",
            help: "NetFlow version 9 with its templates and options, in captures of the traffic to a collector",
            extensions: &[],
            recognised: &[&[0, 9]],
        },
        blind: RECORDS,
        take: |exports, exporter, _, bytes, into| {
            exports.templates.v9(exporter, bytes, &mut exports.domains, into)
        },
    },
    ExportFormat {
        spec: Spec {
            name: "ipfix",
            help: "IPFIX with its templates, options and biflows, in captures of the traffic to a collector",
            extensions: &[],
            recognised: &[&[0, 10]],
        },
        blind: RECORDS,
        take: |exports, exporter, _, bytes, into| {
            exports.templates.ipfix(exporter, bytes, &mut exports.domains, into)
        },
    },
    ExportFormat {
        spec: Spec {
            name: "sflow5",
            help: "sFlow version 5, samples of packets, in captures of the traffic to a collector",
            extensions: &[],
            recognised: &[&[0, 0, 0, 5]],
        },
        blind: &[
            (Sense::Words, "sFlow samples single packets: what was said is not put together from them"),
            (
                Sense::Times,
                "samples of sFlow bear no time of their own, so pace and rates are those of datagrams",
            ),
        ],
        take: |_, _, time, bytes, into| sflow::take(time, bytes, into),
    },
];

/// The format of a datagram, by its first bytes.
fn format(bytes: &[u8]) -> Option<usize> {
    EXPORTS.iter().position(|format| format.spec.recognised.iter().any(|begin| bytes.starts_with(begin)))
}

/// What the exporters of one input have said so far.
#[derive(Default)]
pub(crate) struct Exports {
    templates: Templates,
    domains: Domains,
    /// Which of [`EXPORTS`] came.
    seen: [bool; EXPORTS.len()],
    sampling: Sampling,
}

/// One packet of how many was reported; both 0 where every packet was.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Sampling {
    least: u32,
    most: u32,
}

impl Sampling {
    fn note(&mut self, rate: u32) {
        if rate > 1 {
            self.least = if self.least == 0 { rate } else { self.least.min(rate) };
            self.most = self.most.max(rate);
        }
    }

    fn blind(self) -> Option<(Sense, Cow<'static, str>)> {
        let of = match (self.least, self.most) {
            (0, _) => return None,
            (least, most) if least == most => most.to_string(),
            (least, most) => format!("{least} to {most}"),
        };
        let why = format!(
            "exporters sampled one packet in {of}: what is not there may have been, so no answer is missed and counts are estimates"
        );
        Some((Sense::Everything, why.into()))
    }
}

/// Where flows go, and what is counted.
pub(crate) struct Flows<'a> {
    pub sensor: u16,
    pub contacts: &'a mut Vec<Contact>,
    pub skip: &'a mut dyn FnMut(Reason),
    /// The greatest sampling rate of the datagram at hand.
    pub sampling: u32,
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
pub(crate) fn icmp(contact: Contact) -> Result<Contact, Reason> {
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
    PORTS.contains(&port) && bytes.len() >= 16 && format(bytes).is_some()
}

impl Exports {
    /// The input has ended: what waits for a template is lost.
    pub fn end(&mut self, skip: &mut dyn FnMut(Reason)) {
        self.templates.end(skip);
    }

    /// What cannot be seen through what came.
    pub fn blind(&self) -> Vec<(Sense, Cow<'static, str>)> {
        let mut all: Vec<(Sense, Cow<'static, str>)> = Vec::new();
        let came = EXPORTS.iter().zip(self.seen).filter(|(_, seen)| *seen);
        for &(sense, why) in came.flat_map(|(format, _)| format.blind) {
            if !all.iter().any(|(_, known)| known == why) {
                all.push((sense, why.into()));
            }
        }
        all.extend(self.sampling.blind());
        all
    }

    /// Takes one datagram of an exporter.
    pub fn take(&mut self, exporter: Address, time: Time, bytes: &[u8], into: &mut Flows<'_>) {
        let before = into.contacts.len();
        let Some(format) = format(bytes) else { return (into.skip)("a flow export of an unknown version") };
        self.seen[format] = true;
        into.sampling = 0;
        let done = (EXPORTS[format].take)(self, exporter, time, bytes, into);
        self.sampling.note(into.sampling);
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
    #[inline]
    fn record(&mut self, record: &Record) {
        self.sampling = self.sampling.max(record.sampling);
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
