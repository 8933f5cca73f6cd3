//! Fortinet's traffic log: `date=2025-06-08 time=14:00:00 eventtime=1749384000000000000 tz="+0200" type="traffic"
//! subtype="forward" srcip=.. srcport=.. dstip=.. dstport=.. proto=6 action="deny" sentpkt=1 rcvdpkt=0 ..`.
//!
//! Field names and actions are those of FortiOS's log reference. Older versions write `eventtime` in seconds, or not at all.
//! A line is written when the session ends, so it began `duration` seconds earlier.

use memchr::memchr;

use super::packet::denied;
use super::session::Session;
use super::syslog::{Clock, Stamp};
use super::{ANSWERS, HEADERS, PACKETS_LATE};
use crate::Spec;
use crate::log::field::{address, number};
use crate::log::flow::{Flow, transport};
use crate::log::stamp::{clock, days};
use crate::log::{Assume, Lines, LogFormat, Out};
use watchpost_core::contact::flags::SYN;
use watchpost_core::contact::{Outcome, SECOND, Time, Transport};
use watchpost_core::detect::Sense;

/// FortiOS.
pub const FORTINET: LogFormat = LogFormat {
    spec: Spec {
        name: "fortinet",
        help: "Fortinet traffic log: key=value by syslog or as downloaded",
        extensions: &["log", "txt"],
        recognised: &[b"logid= type= subtype= srcip="],
    },
    recognises: |head| super::any_line(head, |line| Fields::of(line).is_fortinet()),
    lines: |assume: &Assume| Box::new(Fortinet { clock: Clock::new(assume) }),
    disorder: 90 * PACKETS_LATE,
    blind: &[
        ANSWERS,
        (Sense::Denied, "the implicit deny rule and local-in policies log nothing unless told to"),
        HEADERS,
    ],
};

struct Fortinet {
    clock: Clock,
}

impl Lines for Fortinet {
    fn take(&mut self, line: &[u8], out: &mut Out<'_>) -> Result<(), &'static str> {
        let fields = Fields::of(line);
        if !fields.is_fortinet() {
            return Err("a message of something else");
        }
        if fields.kind != b"traffic" {
            return Err("a Fortinet log that holds no traffic");
        }
        let mut flow = fields.flow()?;
        flow.time = self.clock.time(fields.stamp())?;
        let lasted: Time = number(fields.duration).unwrap_or(0);
        flow.time = flow.time.saturating_sub(lasted.saturating_mul(SECOND));
        out.contact(flow.contact(out.sensor));
        Ok(())
    }

    fn assumed(&self) -> Vec<String> {
        self.clock.assumed()
    }
}

/// The fields that are read; empty where they are not there.
#[derive(Debug, Default)]
struct Fields<'a> {
    logid: &'a [u8],
    kind: &'a [u8],
    date: &'a [u8],
    time: &'a [u8],
    event_time: &'a [u8],
    zone: &'a [u8],
    source: &'a [u8],
    source_port: &'a [u8],
    target: &'a [u8],
    port: &'a [u8],
    protocol: &'a [u8],
    action: &'a [u8],
    service: &'a [u8],
    duration: &'a [u8],
    sent: &'a [u8],
    received: &'a [u8],
    received_bytes: &'a [u8],
    application: &'a [u8],
}

impl<'a> Fields<'a> {
    fn of(line: &'a [u8]) -> Self {
        let mut fields = Self::default();
        let mut rest = line;
        while let Some(at) = memchr(b'=', rest) {
            let key = rest[..at]
                .rsplit(|byte| matches!(byte, b' ' | b'\t' | b',' | b'>'))
                .next()
                .unwrap_or_default();
            rest = &rest[at + 1..];
            let value = match rest.strip_prefix(b"\"") {
                Some(inner) => &inner[..memchr(b'"', inner).unwrap_or(inner.len())],
                None => &rest[..rest.iter().position(|b| matches!(b, b' ' | b',')).unwrap_or(rest.len())],
            };
            rest = &rest[value.len()..];
            if let Some(field) = fields.named(key) {
                *field = value;
            }
        }
        fields
    }

    fn named(&mut self, key: &[u8]) -> Option<&mut &'a [u8]> {
        Some(match key {
            b"logid" | b"log_id" => &mut self.logid,
            b"type" => &mut self.kind,
            b"date" => &mut self.date,
            b"time" => &mut self.time,
            b"eventtime" => &mut self.event_time,
            b"tz" => &mut self.zone,
            b"srcip" => &mut self.source,
            b"srcport" => &mut self.source_port,
            b"dstip" => &mut self.target,
            b"dstport" => &mut self.port,
            b"proto" => &mut self.protocol,
            b"action" => &mut self.action,
            b"service" => &mut self.service,
            b"duration" => &mut self.duration,
            b"sentpkt" => &mut self.sent,
            b"rcvdpkt" => &mut self.received,
            b"rcvdbyte" => &mut self.received_bytes,
            b"app" => &mut self.application,
            _ => return None,
        })
    }

    fn is_fortinet(&self) -> bool {
        let dated = !self.date.is_empty() || !self.event_time.is_empty();
        dated && !self.logid.is_empty() && !self.kind.is_empty()
    }

    fn stamp(&self) -> Stamp {
        /// Seconds do not reach this before the year 5000; what lies above is nanoseconds.
        const SECONDS: i64 = 100_000_000_000;
        if let Some(time) = number::<i64>(self.event_time) {
            let nanos = if time < SECONDS { time.checked_mul(SECOND) } else { Some(time) };
            return nanos.map_or(Stamp::None, Stamp::At);
        }
        let local = || {
            let (year, month, day) = (self.date.get(..4)?, self.date.get(5..7)?, self.date.get(8..10)?);
            let days = days(number(year)?, number(month)?, number(day)?)?;
            Some(days * 86_400 * SECOND + clock(self.time)?.0)
        };
        let Some(local) = local() else { return Stamp::None };
        let east = || {
            let (sign, digits) = self.zone.split_first()?;
            let minutes = number::<i64>(digits.get(..2)?)? * 60 + number::<i64>(digits.get(2..4)?)?;
            Some(if *sign == b'-' { -minutes } else { minutes } * 60 * SECOND)
        };
        east().map_or(Stamp::Local(local), |east| Stamp::At(local - east))
    }

    fn flow(&self) -> Result<Flow, &'static str> {
        let source = address(self.source).ok_or("srcip is no address")?;
        let target = address(self.target).ok_or("dstip is no address")?;
        let protocol: u8 = number(self.protocol).ok_or("proto is no number")?;
        let kind = transport(protocol);
        let (source_port, port) = match kind {
            Transport::Icmp | Transport::Icmp6 => {
                (0, self.icmp().ok_or("an ICMP message whose kind is not told")?)
            }
            Transport::Ip => (0, u16::from(protocol)),
            _ => (
                number(self.source_port).ok_or("srcport is no port")?,
                number(self.port).ok_or("dstport is no port")?,
            ),
        };
        let mut flow = Flow::new(0, kind, (source, source_port), (target, port));
        let session = Session {
            sent: number(self.sent),
            received: number(self.received).or_else(|| number(self.received_bytes)),
            reset_by_target: self.action == b"server-rst",
            data: !self.application.is_empty()
                || number::<u64>(self.received).is_some_and(|packets| packets > 3),
        };
        flow.flags = if kind == Transport::Tcp { SYN } else { 0 };
        flow.outcome = match (self.action, kind) {
            (b"deny" | b"dropped" | b"blocked", _) => denied(source, target),
            (b"ip-conn", _) => Outcome::Silent,
            (b"start", _) => Outcome::Unknown,
            (_, Transport::Tcp) => session.tcp(),
            _ => session.datagrams(),
        };
        flow.packets = session.sent.unwrap_or(1);
        Ok(flow)
    }

    /// Type and code, as the service's name has them: `PING`, `PING6`, `icmp/8/0`, `icmp6/128/0`.
    fn icmp(&self) -> Option<u16> {
        match self.service {
            b"PING" => return Some(0x0800),
            b"PING6" => return Some(0x8000),
            _ => {}
        }
        let mut parts = self.service.split(|byte| *byte == b'/').skip(1);
        let (kind, code) = (number::<u8>(parts.next()?)?, number::<u8>(parts.next()?)?);
        matches!(kind, 8 | 13 | 15 | 17 | 128).then(|| u16::from_be_bytes([kind, code]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::firewall::taken;
    use proptest::prelude::*;

    /// In the form of FortiOS's log reference.
    const DENY: &str = "<189>date=2025-06-08 time=14:00:00 devname=\"fw=1\" devid=\"FG100\" eventtime=1749384000000000000 \
        tz=\"+0200\" logid=\"0000000013\" type=\"traffic\" subtype=\"forward\" level=\"notice\" vd=\"root\" srcip=203.0.113.9 \
        srcport=4000 srcintf=\"wan1\" dstip=192.0.2.5 dstport=23 dstintf=\"lan\" sessionid=9 proto=6 action=\"deny\" policyid=0 \
        service=\"TELNET\" trandisp=\"noop\" duration=0 sentbyte=0 rcvdbyte=0 sentpkt=0 appcat=\"unscanned\"";

    fn outcome(line: &str) -> Outcome {
        taken(&FORTINET, line).unwrap()[0].outcome
    }

    #[test]
    fn sessions_say_how_they_went() {
        let contact = taken(&FORTINET, DENY).unwrap()[0];
        assert_eq!((contact.port, contact.source_port, contact.outcome), (23, 4000, Outcome::Silent));
        assert_eq!(contact.time, 1_749_384_000_000_000_000);
        let counts = |action: &str, sent: u8, got: u8| {
            let line = DENY.replace("\"deny\"", &format!("\"{action}\""));
            line.replace("sentpkt=0", &format!("sentpkt={sent} rcvdpkt={got}"))
        };
        assert_eq!(outcome(&counts("timeout", 3, 0)), Outcome::Silent);
        assert_eq!(outcome(&counts("server-rst", 1, 1)), Outcome::Refused);
        assert_eq!(outcome(&counts("client-rst", 2, 1)), Outcome::Answered);
        assert_eq!(outcome(&counts("close", 9, 8)), Outcome::Asked);
        assert_eq!(outcome(&DENY.replace("srcip=203.0.113.9", "srcip=10.0.0.9")), Outcome::Unknown);
    }

    #[test]
    fn times_in_every_form() {
        let time = |line: &str| taken(&FORTINET, line).unwrap()[0].time;
        let noon = 1_749_384_000_000_000_000;
        assert_eq!(time(&DENY.replace("eventtime=1749384000000000000", "eventtime=1749384000")), noon);
        assert_eq!(time(&DENY.replace("eventtime=1749384000000000000 ", "")), noon);
        assert_eq!(time(&DENY.replace("duration=0", "duration=60")), noon - 60 * SECOND);
        let local = DENY.replace("eventtime=1749384000000000000 tz=\"+0200\" ", "");
        assert_eq!(time(&local), noon + 7200 * SECOND);
        assert_eq!(
            taken(&FORTINET, &DENY.replace("\"traffic\"", "\"event\"")),
            Err("a Fortinet log that holds no traffic")
        );
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80), cut in 0..480_usize, rest in "[a-z0-9=\"+ -]{0,40}") {
            let line = format!("{} tz={rest} date={rest} eventtime={rest}", &DENY[..cut.min(DENY.len())]);
            let _ = (Fields::of(&bytes).flow(), Fields::of(&bytes).stamp(), taken(&FORTINET, &line));
        }
    }
}
