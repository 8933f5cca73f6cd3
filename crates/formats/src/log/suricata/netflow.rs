//! Events of type `netflow`: each direction of a flow is a line of its own.
//!
//! The line to the server comes first, and the one to the client right behind it, unless another thread's lines fall
//! between; it comes only if the client got something. So the first waits here until the second is there, or [`WAITING`]
//! others have come: then nothing came back.

use std::collections::VecDeque;

use serde::Deserialize;

use super::event::{self, NO_OBJECT};
use super::flow::{hexadecimal, tcp};
use crate::log::Out;
use crate::log::flow::Flow;
use crate::log::text::Text;
use watchpost_core::contact::{Outcome, Transport};
use watchpost_core::direction::is_answer;
use watchpost_core::net::Address;

/// First directions that wait; a Suricata has fewer threads.
const WAITING: usize = 64;

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(default)]
    flow_id: u64,
    #[serde(borrow, default)]
    src_ip: Text<'a>,
    #[serde(default)]
    src_port: u16,
    #[serde(borrow, default)]
    dest_ip: Text<'a>,
    #[serde(default)]
    dest_port: u16,
    #[serde(borrow, default)]
    proto: Text<'a>,
    icmp_type: Option<u8>,
    icmp_code: Option<u8>,
    #[serde(borrow)]
    netflow: Counts<'a>,
    #[serde(borrow)]
    tcp: Option<Flags<'a>>,
}

#[derive(Deserialize)]
struct Counts<'a> {
    pkts: u64,
    #[serde(borrow, default)]
    start: Text<'a>,
}

#[derive(Deserialize)]
struct Flags<'a> {
    #[serde(borrow, default)]
    tcp_flags: Text<'a>,
}

/// One direction.
struct Half {
    id: u64,
    ends: [(Address, u16); 2],
    /// What goes to the server; ICMP's type and code are this direction's own.
    flow: Flow,
    asks: Result<u16, &'static str>,
    flags: u8,
}

impl Half {
    fn read(line: &[u8]) -> Result<Self, &'static str> {
        let line: Line<'_> = serde_json::from_slice(line).map_err(|_| NO_OBJECT)?;
        let (transport, number) = event::protocol(line.proto.bytes())?;
        let (source, target) = event::hosts(line.src_ip.bytes(), line.dest_ip.bytes())?;
        let ends = [(source, line.src_port), (target, line.dest_port)];
        let mut flow = Flow::new(event::time(line.netflow.start.bytes())?, transport, ends[0], ends[1]);
        flow.packets = line.netflow.pkts;
        let asks = match transport {
            Transport::Icmp | Transport::Icmp6 => event::icmp(transport, line.icmp_type, line.icmp_code),
            Transport::Ip => Ok(number),
            _ => Ok(line.dest_port),
        };
        let flags = line.tcp.as_ref().map_or(0, |tcp| hexadecimal(tcp.tcp_flags.bytes()));
        Ok(Self { id: line.flow_id, ends, flow, asks, flags })
    }

    fn is_answered_by(&self, other: &Self) -> bool {
        self.id == other.id
            && self.flow.transport == other.flow.transport
            && self.ends == [other.ends[1], other.ends[0]]
    }

    /// As a contact, with the packets and flags that came back.
    fn told(mut self, (tc, got): (u8, u64), out: &mut Out<'_>) -> Result<(), &'static str> {
        let flow = &mut self.flow;
        flow.port = self.asks?;
        match flow.transport {
            Transport::Tcp => tcp(flow, (self.flags, flow.packets), (tc, got))?,
            Transport::Icmp | Transport::Icmp6 => {
                flow.source_port = 0;
                flow.outcome = if got > 0 { Outcome::Answered } else { Outcome::Silent };
            }
            transport if is_answer(transport, flow.source_port, flow.port) => {
                return Err("an answer whose question was not seen");
            }
            // What came back may be the answer, or an error about it.
            _ => flow.outcome = if got > 0 { Outcome::Unknown } else { Outcome::Silent },
        }
        out.contact(flow.contact(out.sensor));
        Ok(())
    }
}

/// First directions whose answer may still come.
#[derive(Default)]
pub(super) struct Halves(VecDeque<Half>);

impl Halves {
    pub fn take(&mut self, line: &[u8], out: &mut Out<'_>) -> Result<(), &'static str> {
        let half = Half::read(line)?;
        if let Some(place) = self.0.iter().rposition(|first| first.is_answered_by(&half))
            && let Some(first) = self.0.remove(place)
        {
            return first.told((half.flags, half.flow.packets), out);
        }
        self.0.push_back(half);
        match self.0.len() > WAITING {
            true => self.0.pop_front().map_or(Ok(()), |oldest| oldest.told((0, 0), out)),
            false => Ok(()),
        }
    }

    /// They are told by flow events.
    pub fn forget(&mut self) {
        self.0.clear();
    }

    pub fn end(&mut self, out: &mut Out<'_>) {
        for half in self.0.drain(..) {
            // Those that cannot be told were counted with others of their kind.
            let _ = half.told((0, 0), out);
        }
    }
}
