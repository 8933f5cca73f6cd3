//! conn.log: what a connection's state and history tell of who started it and how it went.

use super::header::{Header, Kind};
use crate::log::field::{address, number};
use crate::log::flow::{Flow, transport};
use crate::log::stamp::epoch;
use watchpost_core::contact::flags::{ACK, FIN, SYN};
use watchpost_core::contact::{Contact, Outcome, Time, Transport};
use watchpost_core::net::Address;

const COUNT: usize = 13;

/// What is read of conn.log.
pub(super) const KIND: Kind = Kind {
    path: b"conn",
    fields: &[
        b"ts",
        b"id.orig_h",
        b"id.orig_p",
        b"id.resp_h",
        b"id.resp_p",
        b"proto",
        b"conn_state",
        b"history",
        b"orig_bytes",
        b"resp_bytes",
        b"orig_pkts",
        b"resp_pkts",
        b"ip_proto",
    ],
    own: &[b"conn_state"],
};

/// Whether the history tells anything.
#[inline]
fn is_noted(history: &[u8]) -> bool {
    !matches!(history, b"" | b"-")
}

/// A line of conn.log; numbers that it does not tell are 0.
#[derive(Debug)]
pub(super) struct Conn<'a> {
    pub time: Time,
    pub source: Address,
    pub source_port: u16,
    pub target: Address,
    pub port: u16,
    pub proto: &'a [u8],
    pub state: &'a [u8],
    pub history: &'a [u8],
    pub source_bytes: u64,
    pub target_bytes: u64,
    pub source_packets: Option<u64>,
    pub target_packets: Option<u64>,
    pub protocol: Option<u8>,
}

/// States in which the responder's SYN-ACK was seen, or both sides of a datagram exchange.
const ESTABLISHED: [&[u8]; 6] = [b"SF", b"S1", b"S2", b"S3", b"RSTO", b"RSTR"];

impl<'a> Conn<'a> {
    /// From a line of columns.
    #[inline]
    pub fn of_columns(header: &Header, line: &'a [u8]) -> Result<Self, &'static str> {
        let values: [&[u8]; COUNT] = header.values(line)?;
        let [ts, orig_h, orig_p, resp_h, resp_p, proto, state, history, sent, got, orig_pkts, resp_pkts, ip] =
            values;
        // They are looked at where the history tells nothing.
        let bytes = |text| if is_noted(history) { 0 } else { number(text).unwrap_or(0) };
        Ok(Self {
            time: epoch(ts).ok_or("its time is no number of seconds")?,
            source: address(orig_h).ok_or("id.orig_h is no address")?,
            source_port: number(orig_p).ok_or("id.orig_p is no port")?,
            target: address(resp_h).ok_or("id.resp_h is no address")?,
            port: number(resp_p).ok_or("id.resp_p is no port")?,
            proto,
            state,
            history,
            source_bytes: bytes(sent),
            target_bytes: bytes(got),
            source_packets: number(orig_pkts),
            target_packets: number(resp_pkts),
            protocol: number(ip),
        })
    }

    /// As a contact.
    #[inline]
    pub fn contact(&self, sensor: u16) -> Result<Contact, &'static str> {
        let kind = match self.proto {
            b"tcp" => Transport::Tcp,
            b"udp" => Transport::Udp,
            b"icmp" if self.source.is_v4() => Transport::Icmp,
            b"icmp" => Transport::Icmp6,
            _ => transport(self.protocol.ok_or("a transport that Zeek does not name")?),
        };
        let (source, target) = ((self.source, self.source_port), (self.target, self.port));
        let mut flow = Flow::new(self.time, kind, source, target);
        flow.packets = self.source_packets.unwrap_or(1);
        match kind {
            Transport::Tcp => self.tcp(&mut flow)?,
            Transport::Icmp | Transport::Icmp6 => self.icmp(&mut flow)?,
            _ => self.datagrams(&mut flow)?,
        }
        Ok(flow.contact(sensor))
    }

    fn tcp(&self, flow: &mut Flow) -> Result<(), &'static str> {
        let history = self.history.strip_prefix(b"^").unwrap_or(self.history);
        let has = |letter: u8| history.contains(&letter);
        flow.flags = match history.first() {
            Some(b'S') => SYN,
            Some(b'F') => FIN,
            Some(b'Q') => SYN | FIN,
            Some(b'A') => ACK,
            _ => 0,
        };
        let alone = self.source_packets == Some(1) && self.target_packets == Some(0);
        flow.outcome = match self.state {
            b"S0" | b"RSTOS0" | b"SH" => Outcome::Silent,
            b"REJ" => Outcome::Refused,
            // A FIN or a stray segment that was reset: no handshake was seen, whatever the state is called.
            b"RSTR" if matches!(history, [b'F' | b'A' | b'Q', ..]) && !has(b'S') && !has(b'h') => {
                if self.source_packets.is_none_or(|packets| packets > 3) {
                    return Err("a connection whose beginning was not seen");
                }
                Outcome::Refused
            }
            state if ESTABLISHED.contains(&state) => self.established(has(b'A')),
            b"RSTRH" | b"SHR" if !matches!(history.first(), Some(b'A' | b'F' | b'D' | b'Q')) => {
                return Err("an answer whose question was not seen");
            }
            b"RSTRH" => Outcome::Refused,
            // One packet that belongs to no connection, and nothing came back: an ACK, or one without any flag.
            b"OTH" if alone && matches!(history, b"A" | b"-" | b"") => Outcome::Silent,
            _ => return Err("a connection whose beginning was not seen"),
        };
        Ok(())
    }

    /// How far a connection came that the target accepted.
    fn established(&self, completed: bool) -> Outcome {
        // Sizes are told by sequence numbers, which a crafted packet makes up; letters stand for packets that were seen.
        let noted = is_noted(self.history);
        let spoke = |letter: u8, bytes: u64| if noted { self.history.contains(&letter) } else { bytes > 0 };
        match () {
            () if spoke(b'D', self.source_bytes) => Outcome::Asked,
            () if spoke(b'd', self.target_bytes) => Outcome::Told,
            () if completed => Outcome::Completed,
            () => Outcome::Answered,
        }
    }

    fn datagrams(&self, flow: &mut Flow) -> Result<(), &'static str> {
        if self.source_packets == Some(0) {
            return Err("an answer whose question was not seen");
        }
        let answered = self.target_packets.map(|packets| packets > 0).or(match self.state {
            b"SF" => Some(true),
            b"S0" => Some(false),
            _ => None,
        });
        flow.outcome = match answered {
            // Going on after an answer is use.
            Some(true) if flow.packets > 1 => Outcome::Asked,
            Some(true) => Outcome::Answered,
            Some(false) => Outcome::Silent,
            None => Outcome::Unknown,
        };
        if flow.transport == Transport::Ip {
            flow.port = u16::from(self.protocol.unwrap_or(0));
        }
        Ok(())
    }

    /// Zeek writes the type of the request for the source's port.
    fn icmp(&self, flow: &mut Flow) -> Result<(), &'static str> {
        let asks = match flow.transport {
            Transport::Icmp => matches!(self.source_port, 8 | 13 | 17),
            _ => self.source_port == 128,
        };
        if !asks {
            return Err("ICMP that asks nothing of a host");
        }
        flow.port = self.source_port << 8;
        flow.source_port = 0;
        flow.outcome = match self.target_packets {
            Some(0) => Outcome::Silent,
            Some(_) => Outcome::Answered,
            None => Outcome::Unknown,
        };
        Ok(())
    }
}
