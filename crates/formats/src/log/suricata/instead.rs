//! Contacts of files in which no flow is told: the flows that alerts, anomalies and what was said belong to.
//!
//! Whether a file tells flows is known when the first of them comes, and an alert comes before its flow ends. So they
//! wait: for [`PATIENCE`], in which any Suricata that tells flows has told one, or until there are [`WAITING`] of them.
//! A flow is a contact once, however many alerts it has, as far back as [`KNOWN`] places remember.

use serde::Deserialize;

use super::event::{self, NO_OBJECT};
use crate::log::Out;
use crate::log::flow::Flow;
use crate::log::text::Text;
use watchpost_core::contact::{Contact, SECOND, Time, Transport};

/// The longest timeout of a flow that is set by default, and then some.
const PATIENCE: Time = 900 * SECOND;
const WAITING: usize = 65_536;
/// Flow ids remembered, each at one place.
const KNOWN: usize = 1 << 14;

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(default)]
    flow_id: u64,
    #[serde(borrow, default)]
    timestamp: Text<'a>,
    #[serde(borrow, default)]
    src_ip: Text<'a>,
    src_port: Option<u16>,
    #[serde(borrow, default)]
    dest_ip: Text<'a>,
    dest_port: Option<u16>,
    #[serde(borrow, default)]
    proto: Text<'a>,
    #[serde(borrow, default)]
    direction: Text<'a>,
    icmp_type: Option<u8>,
    icmp_code: Option<u8>,
    #[serde(borrow)]
    flow: Option<Embedded<'a>>,
}

/// The flow that a packet belongs to, with its own ends: the packet may go the other way.
#[derive(Deserialize)]
struct Embedded<'a> {
    #[serde(borrow, default)]
    start: Text<'a>,
    #[serde(borrow, default)]
    src_ip: Text<'a>,
    src_port: Option<u16>,
    #[serde(borrow, default)]
    dest_ip: Text<'a>,
    dest_port: Option<u16>,
}

#[derive(Default)]
pub(super) struct Instead {
    waiting: Vec<Contact>,
    known: Vec<u64>,
    since: Option<Time>,
    /// No flows are told here: contacts go at once.
    settled: bool,
    /// Flows are told here.
    told: bool,
}

impl Instead {
    /// Takes an alert or an anomaly.
    pub fn take(&mut self, line: &[u8], out: &mut Out<'_>) -> Result<(), &'static str> {
        let line: Line<'_> = serde_json::from_slice(line).map_err(|_| NO_OBJECT)?;
        let logged = event::time(line.timestamp.bytes())?;
        let contact = contact(&line, logged, out.sensor)?;
        self.offer(line.flow_id, logged, contact, out);
        Ok(())
    }

    /// Takes the contact of a flow, by its id (0 where it has none).
    pub fn offer(&mut self, id: u64, logged: Time, contact: Contact, out: &mut Out<'_>) {
        if self.told || self.is_known(id) {
            return;
        }
        if self.settled {
            return out.contact(contact);
        }
        self.waiting.push(contact);
        let since = *self.since.get_or_insert(logged);
        if self.waiting.len() >= WAITING || logged.saturating_sub(since) > PATIENCE {
            self.end(out);
        }
    }

    fn is_known(&mut self, id: u64) -> bool {
        if id == 0 {
            return false;
        }
        if self.known.is_empty() {
            self.known = vec![0; KNOWN];
        }
        let place = (id.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 50) as usize % KNOWN;
        std::mem::replace(&mut self.known[place], id) == id
    }

    /// Flows are told: nothing stands in for them.
    pub fn forget(&mut self) {
        *self = Self { told: true, ..Self::default() };
    }

    /// Whether contacts came from here.
    pub fn used(&self) -> bool {
        self.since.is_some()
    }

    /// No flow will be told any more.
    pub fn end(&mut self, out: &mut Out<'_>) {
        self.settled = true;
        self.waiting.drain(..).for_each(|contact| out.contact(contact));
        self.waiting.shrink_to_fit();
    }
}

fn contact(line: &Line<'_>, logged: Time, sensor: u16) -> Result<Contact, &'static str> {
    let (transport, number) = event::protocol(line.proto.bytes())?;
    let turned = line.direction.bytes() == b"to_client";
    let packet = event::hosts(line.src_ip.bytes(), line.dest_ip.bytes())?;
    let ports = (line.src_port.unwrap_or(0), line.dest_port.unwrap_or(0));
    let embedded = line.flow.as_ref().filter(|flow| !flow.src_ip.is_empty());
    let (source, target) = match embedded {
        Some(flow) => {
            let hosts = event::hosts(flow.src_ip.bytes(), flow.dest_ip.bytes())?;
            ((hosts.0, flow.src_port.unwrap_or(0)), (hosts.1, flow.dest_port.unwrap_or(0)))
        }
        None if turned => ((packet.1, ports.1), (packet.0, ports.0)),
        None => ((packet.0, ports.0), (packet.1, ports.1)),
    };
    let start =
        line.flow.as_ref().filter(|flow| !flow.start.is_empty()).map(|flow| event::time(flow.start.bytes()));
    let mut flow = Flow::new(start.unwrap_or(Ok(logged))?, transport, source, target);
    match transport {
        Transport::Icmp | Transport::Icmp6 => {
            let asked = if packet.0 == source.0 { line.icmp_type } else { asked(transport, line.icmp_type) };
            flow.port = event::icmp(transport, asked, line.icmp_code)?;
            flow.source_port = 0;
        }
        Transport::Ip => flow.port = number,
        _ if flow.port == 0 && flow.source_port == 0 => return Err("an alert that names no ports"),
        _ => {}
    }
    Ok(flow.contact(sensor))
}

/// The request that an ICMP answer belongs to.
fn asked(transport: Transport, answer: Option<u8>) -> Option<u8> {
    match (transport, answer?) {
        (Transport::Icmp, 0) => Some(8),
        (Transport::Icmp, 14) => Some(13),
        (Transport::Icmp, 18) => Some(17),
        (Transport::Icmp6, 129) => Some(128),
        (_, other) => Some(other),
    }
}
