//! The values of a line become a contact. What is not there is unknown.

use std::borrow::Cow;

use super::super::field::{address, number};
use super::super::firewall::packet::{Options, Packet, Verdict, by_name, denied};
use super::super::firewall::syslog::{Clock, Stamp};
use super::super::flow::{Flow, transport};
use super::Map;
use super::field::{Field, Went};
use super::file::Records;
use super::flags::flags;
use super::row::Row;
use super::time::since;
use crate::export;
use watchpost_core::contact::flags::{ACK, FIN, RST, SYN};
use watchpost_core::contact::{Contact, Outcome, Phase, SECOND, Time, Transport};
use watchpost_core::net::Address;

type Reason = &'static str;

/// Why a line is left out that the map does not ask for.
pub(super) const LEFT_OUT: Reason = "a line that the map's conditions leave out";
const ASKS_NOBODY: Reason = "ICMP that asks nothing of a host";

/// When the line says that it was.
pub(super) fn stamp(map: &Map, row: &Row<'_>, header: Stamp) -> Stamp {
    match (row.get(Field::Time), row.get(Field::Date), row.get(Field::Clock)) {
        (Some(time), ..) => map.time.read(time),
        (None, Some(date), Some(clock)) => map.time.read(&[date, b" ", clock].concat()),
        (None, None, None) => header,
        _ => Stamp::None,
    }
}

/// # Errors
/// Why it is no contact.
pub(super) fn contact(
    map: &Map,
    row: &Row<'_>,
    header: Stamp,
    clock: &mut Clock,
    sensor: u16,
) -> Result<Contact, Reason> {
    if row.met() != map.all_met() {
        return Err(LEFT_OUT);
    }
    let time = match stamp(map, row, header) {
        Stamp::None => Err("no time of the map's form"),
        stamp => clock.time(stamp),
    }?;
    let lasted = row.get(Field::Lasted).and_then(|text| since(text, SECOND)).unwrap_or(0);
    let line = Line::read(map, row, time.saturating_sub(lasted))?;
    match map.records {
        Records::Flows => line.flow(),
        Records::Halves => line.half(),
        Records::Packets => line.packet(),
    }
    .map(|contact| Contact { sensor, ..contact })
}

/// What all kinds of records have; a line that is turned round is turned already, but for its counters.
struct Line<'r, 'a> {
    map: &'r Map,
    row: &'r Row<'a>,
    time: Time,
    source: (Address, u16),
    target: (Address, u16),
    protocol: u8,
}

impl<'r, 'a> Line<'r, 'a> {
    fn read(map: &'r Map, row: &'r Row<'a>, time: Time) -> Result<Self, Reason> {
        let protocol = match row.get(Field::Transport) {
            Some(name) => by_name(name).ok_or("a protocol that is not known")?,
            None => map.protocol.ok_or("no protocol")?,
        };
        let mut source =
            end(row.get(Field::Source).ok_or("no source")?).ok_or("a source that is no address")?;
        let mut target = match row.get(Field::Target) {
            Some(text) => end(text).ok_or("a target that is no address")?,
            None => (map.target.ok_or("no target")?, None),
        };
        let has_ports = !matches!(transport(protocol), Transport::Icmp | Transport::Icmp6 | Transport::Ip);
        if has_ports {
            source.1 = port(row, Field::SourcePort)?.or(source.1);
            target.1 = port(row, Field::TargetPort)?.or(target.1).or(map.port);
        }
        if row.is_turned() {
            (source, target) = (target, source);
        }
        let (own, asked) = match transport(protocol) {
            Transport::Icmp | Transport::Icmp6 => (0, icmp(row, protocol).ok_or("ICMP without a type")?),
            Transport::Ip => (0, u16::from(protocol)),
            _ => (source.1.unwrap_or(0), target.1.ok_or("no port")?),
        };
        Ok(Self { map, row, time, source: (source.0, own), target: (target.0, asked), protocol })
    }

    /// How it went, as the line's words say.
    fn went(&self) -> Went {
        self.map.outcome.unwrap_or_else(|| self.row.went())
    }

    fn count(&self, field: Field) -> Option<u64> {
        self.row.get(field).and_then(number)
    }

    fn flags(&self, field: Field) -> Option<u8> {
        self.row.get(field).and_then(|text| flags(self.map.flags, text))
    }

    fn whole(&self) -> Flow {
        let kind = transport(self.protocol);
        let mut flow = Flow::new(self.time, kind, self.source, self.target);
        if kind == Transport::Tcp {
            flow.flags = self.flags(Field::Flags).unwrap_or(0);
        }
        flow.packets = self.count(Field::Packets).unwrap_or(1);
        let went = self.went();
        flow.outcome = match went {
            Went::Denied => denied(flow.source, flow.target),
            _ => went.outcome().unwrap_or(Outcome::Unknown),
        };
        flow
    }

    fn flow(&self) -> Result<Contact, Reason> {
        let mut flow = self.whole();
        if matches!(flow.transport, Transport::Icmp | Transport::Icmp6) && !asks(flow.transport, flow.port) {
            return Err(ASKS_NOBODY);
        }
        let here = (self.count(Field::Packets), self.flags(Field::Flags));
        let there = (self.count(Field::PacketsBack), self.flags(Field::FlagsBack));
        // Of a line that is written from the other end the counters are that end's.
        let turned = self.row.is_turned();
        let ((sent, flags), (packets, of_answers)) = if turned { (there, here) } else { (here, there) };
        if self.went().outcome().is_none() && self.went() != Went::Denied {
            let bytes = if turned { None } else { self.count(Field::BytesBack) };
            flow.outcome = self.counted(sent, packets, packets.or(bytes), of_answers);
        }
        flow.packets = sent.unwrap_or(1);
        flow.flags = if flow.transport == Transport::Tcp { first(flags.unwrap_or(0)) } else { 0 };
        Ok(flow.contact(0))
    }

    /// How it went, as counters of what came back say. Of TCP one packet each way is a SYN and a reset: whoever is
    /// accepted goes on, or is sent the SYN-ACK again.
    fn counted(
        &self,
        sent: Option<u64>,
        packets: Option<u64>,
        back: Option<u64>,
        flags: Option<u8>,
    ) -> Outcome {
        let tcp = self.protocol == 6;
        let reset = |set: u8| set & RST != 0 && set & SYN == 0;
        match back {
            None => Outcome::Unknown,
            Some(0) if self.map.sampled => Outcome::Unknown,
            Some(0) => Outcome::Silent,
            Some(_) if tcp && flags.is_some_and(reset) => Outcome::Refused,
            Some(_) if tcp && !self.map.sampled && flags.unwrap_or(0) == 0 => match (sent, packets) {
                (Some(1), Some(1)) => Outcome::Refused,
                _ => Outcome::Answered,
            },
            Some(_) => Outcome::Answered,
        }
    }

    fn half(&self) -> Result<Contact, Reason> {
        let mut flow = self.whole();
        let known = flow.outcome != Outcome::Unknown;
        if !known {
            flow.outcome = if self.map.sampled { Outcome::Unknown } else { Outcome::Silent };
        }
        // A whole flow has the flags of its first packet, a half those of all.
        if known {
            flow.flags = first(flow.flags);
        }
        let phase = if known { Phase::Flow } else { Phase::Half };
        let contact = Contact { phase, ..flow.contact(0) };
        match contact.transport {
            Transport::Icmp | Transport::Icmp6 => export::icmp(contact),
            _ => Ok(contact),
        }
    }

    fn packet(&self) -> Result<Contact, Reason> {
        let row = self.row;
        let mut packet = Packet::new(self.time, self.source.0, self.target.0, self.protocol);
        (packet.source_port, packet.port) = (self.source.1, self.target.1);
        packet.verdict = match self.went() {
            Went::Unknown => Verdict::Untold,
            Went::Denied | Went::Silent | Went::Refused | Went::Unreachable => Verdict::Denied,
            _ => Verdict::Passed,
        };
        packet.flags = self.flags(Field::Flags);
        packet.sequence = row.get(Field::Sequence).and_then(number);
        packet.data = row.get(Field::Payload).and_then(number);
        let (window, ip_id) =
            (row.get(Field::Window).and_then(number), row.get(Field::IpId).and_then(number));
        let fragment = row.get(Field::DontFragment);
        packet.dont_fragment = fragment.is_some_and(is_set);
        packet.options = Options::Untold;
        // Of a header that is told in part nothing follows: then it is a flow of one packet.
        let whole = (!self.source.0.is_v4() || ip_id.is_some() && fragment.is_some())
            && if self.protocol == 6 { window.is_some() } else { packet.data.is_some() };
        if whole {
            packet.ttl = row.get(Field::Ttl).and_then(number).unwrap_or(0);
            (packet.window, packet.ip_id) = (window.unwrap_or(0), ip_id.unwrap_or(0));
        }
        packet.contact(0)
    }
}

/// Whether it is an address, with a port or without.
pub(super) fn is_end(text: &[u8]) -> bool {
    end(text).is_some()
}

/// An address, with a port behind it or without: `192.0.2.1:22`, `[2001:db8::1]:22`.
fn end(text: &[u8]) -> Option<(Address, Option<u16>)> {
    if let Some(address) = address(text) {
        return Some((address, None));
    }
    let colon = text.iter().rposition(|byte| *byte == b':')?;
    Some((address(&text[..colon])?, Some(number(&text[colon + 1..])?)))
}

/// A port by itself, or behind an address.
fn port(row: &Row<'_>, field: Field) -> Result<Option<u16>, Reason> {
    let read = |text: &[u8]| number(text).or_else(|| end(text)?.1);
    row.get(field).map(|text| read(text).ok_or("a port that is none")).transpose()
}

/// Type and code, as [`Contact::port`] has them; of ICMPv6 no message has the type 0.
fn icmp(row: &Row<'_>, protocol: u8) -> Option<u16> {
    let told = match row.get(Field::IcmpType) {
        Some(kind) => {
            let code = row.get(Field::IcmpCode).map_or(Some(0), number::<u8>)?;
            u16::from_be_bytes([number(kind)?, code])
        }
        None => {
            let both = row.get(Field::Icmp)?;
            match both.iter().position(|byte| matches!(byte, b'.' | b'/' | b':')) {
                Some(at) => u16::from_be_bytes([number(&both[..at])?, number(&both[at + 1..])?]),
                None => number(both)?,
            }
        }
    };
    (protocol != 58 || told > 0xff).then_some(told)
}

/// Whether an ICMP message is a request.
fn asks(transport: Transport, port: u16) -> bool {
    match transport {
        Transport::Icmp => matches!(port >> 8, 8 | 13 | 15 | 17 | 42),
        _ => matches!(port >> 8, 128 | 139 | 160),
    }
}

/// Flags of the first packet, of those of all: a connection begins with a SYN. SYN and FIN without an ACK are none's.
fn first(all: u8) -> u8 {
    if all & SYN != 0 && all & (FIN | ACK) != FIN { SYN } else { all }
}

/// A bit as logs write it.
fn is_set(text: &[u8]) -> bool {
    let text: Cow<'_, str> = String::from_utf8_lossy(text);
    ["1", "true", "yes", "df", "set"].iter().any(|yes| text.eq_ignore_ascii_case(yes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ends_with_ports_and_without() {
        let v4 = Address::v4([192, 0, 2, 1]);
        assert_eq!(end(b"192.0.2.1"), Some((v4, None)));
        assert_eq!(end(b"192.0.2.1:22"), Some((v4, Some(22))));
        assert_eq!(end(b"[2001:db8::1]:22").unwrap().1, Some(22));
        assert_eq!(end(b"2001:db8::1").unwrap().1, None);
        assert_eq!((end(b"host:22"), end(b"192.0.2.1:x"), end(b"")), (None, None, None));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(text in proptest::collection::vec(any::<u8>(), 0..24)) {
            let _ = (end(&text), is_set(&text));
        }
    }
}
