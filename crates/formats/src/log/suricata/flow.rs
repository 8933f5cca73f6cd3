//! Events of type `flow`: who started it, and what its flags and states tell of how it went.

use serde::Deserialize;

use super::compact;
use super::event::{self, NO_OBJECT};
use crate::log::flow::Flow;
use crate::log::text::Text;
use watchpost_core::contact::flags::{ACK, PSH, RST, SYN};
use watchpost_core::contact::{Contact, Outcome, Transport};
use watchpost_core::direction::is_answer;

#[derive(Deserialize)]
struct Line<'a> {
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
    flow: Counts<'a>,
    #[serde(borrow)]
    tcp: Option<Flags<'a>>,
}

#[derive(Deserialize)]
struct Counts<'a> {
    pkts_toserver: u64,
    pkts_toclient: u64,
    #[serde(borrow, default)]
    start: Text<'a>,
    #[serde(borrow, default)]
    state: Text<'a>,
}

/// All flags of a direction, in hexadecimal.
#[derive(Deserialize)]
struct Flags<'a> {
    #[serde(borrow, default)]
    tcp_flags_ts: Text<'a>,
    #[serde(borrow, default)]
    tcp_flags_tc: Text<'a>,
}

/// What a line tells, wherever it was read from; empty where it does not.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Told<'a> {
    pub src_ip: &'a [u8],
    pub src_port: u16,
    pub dest_ip: &'a [u8],
    pub dest_port: u16,
    pub proto: &'a [u8],
    pub icmp_type: Option<u8>,
    pub icmp_code: Option<u8>,
    pub sent: u64,
    pub got: u64,
    pub start: &'a [u8],
    pub state: &'a [u8],
    pub ts: &'a [u8],
    pub tc: &'a [u8],
}

/// As a contact. Nearly all lines are in the compact form that Suricata writes, which is walked; others are parsed.
#[inline]
pub(super) fn contact(line: &[u8], sensor: u16) -> Result<Contact, &'static str> {
    match compact::walk(line) {
        Some(told) => told.contact(sensor),
        None => parsed(line, |told| told.contact(sensor)),
    }
}

/// Reads any form of JSON.
#[cold]
pub(super) fn parsed<T>(
    line: &[u8],
    then: impl FnOnce(Told<'_>) -> Result<T, &'static str>,
) -> Result<T, &'static str> {
    let line: Line<'_> = serde_json::from_slice(line).map_err(|_| NO_OBJECT)?;
    let tcp = line.tcp.as_ref();
    then(Told {
        src_ip: line.src_ip.bytes(),
        src_port: line.src_port,
        dest_ip: line.dest_ip.bytes(),
        dest_port: line.dest_port,
        proto: line.proto.bytes(),
        icmp_type: line.icmp_type,
        icmp_code: line.icmp_code,
        sent: line.flow.pkts_toserver,
        got: line.flow.pkts_toclient,
        start: line.flow.start.bytes(),
        state: line.flow.state.bytes(),
        ts: tcp.map_or(&[], |tcp| tcp.tcp_flags_ts.bytes()),
        tc: tcp.map_or(&[], |tcp| tcp.tcp_flags_tc.bytes()),
    })
}

impl Told<'_> {
    #[inline]
    fn contact(&self, sensor: u16) -> Result<Contact, &'static str> {
        let (transport, number) = event::protocol(self.proto)?;
        let (source, target) = event::hosts(self.src_ip, self.dest_ip)?;
        let time = event::time(self.start)?;
        let mut flow = Flow::new(time, transport, (source, self.src_port), (target, self.dest_port));
        flow.packets = self.sent;
        if self.sent == 0 {
            return Err("an answer whose question was not seen");
        }
        match transport {
            Transport::Tcp => {
                tcp(&mut flow, (hexadecimal(self.ts), self.sent), (hexadecimal(self.tc), self.got))?;
            }
            Transport::Icmp | Transport::Icmp6 => {
                flow.port = event::icmp(transport, self.icmp_type, self.icmp_code)?;
                flow.source_port = 0;
                flow.outcome = if self.got > 0 { Outcome::Answered } else { Outcome::Silent };
            }
            _ => {
                if transport == Transport::Ip {
                    flow.port = number;
                } else if is_answer(transport, self.src_port, self.dest_port) {
                    return Err("an answer whose question was not seen");
                }
                flow.outcome = datagrams(self.sent, self.got, self.state);
            }
        }
        Ok(flow.contact(sensor))
    }
}

/// Flags and packets of both directions.
#[inline]
pub(super) fn tcp(flow: &mut Flow, (ts, sent): (u8, u64), (tc, got): (u8, u64)) -> Result<(), &'static str> {
    // Flags of several packets are one sum; those of one are its own.
    flow.flags = match ts {
        _ if sent == 1 => ts,
        _ if ts & SYN != 0 => SYN,
        _ => 0,
    };
    if ts & SYN == 0 {
        return sessionless(flow, (ts, sent), got);
    }
    if sent == 1 && ts & ACK != 0 {
        return Err("an answer whose question was not seen");
    }
    flow.outcome = match () {
        // It went on as after an answer that went another way.
        () if got == 0 && ts & ACK != 0 && ts & RST == 0 => Outcome::Unknown,
        () if got == 0 => Outcome::Silent,
        () if tc & SYN != 0 => {
            // A reset may carry ACK itself: with two packets of the source it is the whole difference.
            let completed = ts & ACK != 0 && (ts & RST == 0 || sent > 2);
            match () {
                () if completed && ts & PSH != 0 => Outcome::Asked,
                () if completed && tc & PSH != 0 => Outcome::Told,
                () if completed => Outcome::Completed,
                () => Outcome::Answered,
            }
        }
        () if tc & RST != 0 => Outcome::Refused,
        () => Outcome::Unknown,
    };
    Ok(())
}

/// No SYN: Suricata had no session, so no flags at all are told, or it took one up in its midst. A few packets that
/// nobody answered belong to no connection that lives; of others it is not known who started.
fn sessionless(flow: &mut Flow, (ts, sent): (u8, u64), got: u64) -> Result<(), &'static str> {
    if is_answer(Transport::Tcp, flow.source_port, flow.port) {
        return Err("an answer whose question was not seen");
    }
    flow.outcome = match got {
        0 if sent <= 3 => Outcome::Silent,
        _ if ts == 0 && sent <= 3 => Outcome::Unknown,
        _ => return Err("a connection whose beginning was not seen"),
    };
    Ok(())
}

/// UDP and others: a flow to which both sides sent is established; where it is still new, what came back were errors of
/// ICMP about it, from the host or from a router.
fn datagrams(sent: u64, got: u64, state: &[u8]) -> Outcome {
    match state {
        _ if got == 0 => Outcome::Silent,
        b"new" => Outcome::Unreachable,
        // Going on after an answer is use.
        b"established" | b"closed" | b"bypassed" if sent > 1 => Outcome::Asked,
        b"established" | b"closed" | b"bypassed" => Outcome::Answered,
        _ => Outcome::Unknown,
    }
}

/// Two digits, or more; 0 where there are others.
#[inline]
pub(super) fn hexadecimal(text: &[u8]) -> u8 {
    text.iter()
        .try_fold(0_u8, |sum, byte| Some(sum << 4 | char::from(*byte).to_digit(16)? as u8))
        .unwrap_or(0)
}
