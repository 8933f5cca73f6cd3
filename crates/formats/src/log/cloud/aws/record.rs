//! One record of AWS's flow logs, wherever its fields were read from.
//!
//! Each direction is a record by itself ([`Phase::Half`]), added up over a window of one or ten minutes. Flags are the sum of those of the
//! window, and of them only SYN, FIN, RST and SYN-ACK are told, so a connection that was closed shows SYN and FIN: only of a single
//! packet they are its own. What was rejected is denied by a security group or a network ACL.

use watchpost_core::contact::flags::{ACK, FIN, PSH, SYN};
use watchpost_core::contact::{Contact, Outcome, Phase, SECOND, Time, Transport};
use watchpost_core::detect::Sense;

use crate::log::cloud::counts::Counts;
use crate::log::field::{address, number};
use crate::log::flow::{Flow, transport};

/// Fields that are read; of the addresses the packet's own come before the interface's.
pub(crate) const FIELDS: [&str; COUNT] = [
    "srcaddr",
    "dstaddr",
    "pkt-srcaddr",
    "pkt-dstaddr",
    "srcport",
    "dstport",
    "protocol",
    "packets",
    "bytes",
    "start",
    "end",
    "action",
    "log-status",
    "tcp-flags",
];
pub(crate) const COUNT: usize = 14;

/// Their values in that order; empty where not told.
pub(crate) type Values<'a> = [&'a [u8]; COUNT];

/// Windows that are remembered.
const MOST_GAPS: usize = 64;

/// Windows of which AWS left records out.
#[derive(Debug, Default)]
pub(crate) struct Gaps {
    count: u64,
    windows: Vec<(Time, Time)>,
}

impl Gaps {
    fn add(&mut self, start: Option<i64>, end: Option<i64>) {
        self.count += 1;
        if let (Some(start), Some(end)) = (start, end) {
            if self.windows.len() == MOST_GAPS {
                self.windows.remove(0);
            }
            self.windows.push((start, end));
        }
    }

    fn touch(&self, start: i64, end: i64) -> bool {
        self.windows.iter().any(|(from, to)| start <= *to && end >= *from)
    }

    /// What is not seen, if there are any.
    pub fn blind(&self) -> Option<(Sense, String)> {
        let windows = if self.count == 1 { "one window".into() } else { format!("{} windows", self.count) };
        let missing = "counts are at least, and silence in them proves nothing";
        (self.count > 0)
            .then(|| (Sense::Everything, format!("AWS left out records in {windows} (SKIPDATA): {missing}")))
    }
}

/// As a contact.
///
/// # Errors
/// Why it gives none.
pub(crate) fn contact(values: &Values<'_>, gaps: &mut Gaps, sensor: u16) -> Result<Contact, &'static str> {
    let [
        src,
        dst,
        pkt_src,
        pkt_dst,
        sport,
        dport,
        protocol,
        packets,
        bytes,
        start,
        end,
        action,
        status,
        flags,
    ] = *values;
    match status {
        b"NODATA" => return Err("no traffic in that time (NODATA)"),
        b"SKIPDATA" => {
            gaps.add(number(start), number(end));
            return Err("records that AWS skipped (SKIPDATA)");
        }
        _ => {}
    }
    let host = |packet: &[u8], interface: &[u8]| address(packet).or_else(|| address(interface));
    let source = host(pkt_src, src).ok_or("a source that is no address")?;
    let target = host(pkt_dst, dst).ok_or("a target that is no address")?;
    let protocol: u8 = number(protocol).ok_or("a protocol that is no number")?;
    let kind = transport(protocol);
    if matches!(kind, Transport::Icmp | Transport::Icmp6) {
        return Err("ICMP without a type");
    }
    let seconds: i64 = number(start).ok_or("a start that is no time")?;
    let time = seconds.checked_mul(SECOND).ok_or("a start that is no time")?;
    let (source_port, port) = match kind {
        Transport::Ip => (0, u16::from(protocol)),
        _ => (number(sport).ok_or("a port that is none")?, number(dport).ok_or("a port that is none")?),
    };
    let mut flow = Flow::new(time, kind, (source, source_port), (target, port));
    flow.packets = number(packets).unwrap_or(1);
    // An answer would be a record of its own; what was rejected got none.
    flow.outcome = Outcome::Silent;
    let rejected = action == b"REJECT";
    if !rejected && gaps.touch(seconds, number(end).unwrap_or(seconds)) {
        flow.outcome = Outcome::Unknown;
    }
    flow.flags = number(flags).unwrap_or(0);
    if kind == Transport::Tcp {
        let counts = Counts { packets: flow.packets, bytes: number(bytes).unwrap_or(0) };
        segments(&mut flow, !rejected && counts.carry_data(target.is_v4(), 0));
    }
    let phase = if rejected { Phase::Flow } else { Phase::Half };
    Ok(Contact { phase, ..flow.contact(sensor) })
}

/// What a window's flags and its data tell of one direction of a connection.
fn segments(flow: &mut Flow, data: bool) {
    if data {
        // Where it answers, core knows better.
        flow.outcome = Outcome::Asked;
    }
    if flow.packets == 1 || flow.flags & SYN == 0 {
        return;
    }
    match flow.flags & ACK {
        0 => {
            // No stack says that it has nothing more to send before it is connected.
            if flow.flags & FIN != 0 && !data {
                flow.outcome = Outcome::Completed;
            }
            flow.flags = SYN;
        }
        _ if data => flow.flags |= PSH,
        _ => {}
    }
}
