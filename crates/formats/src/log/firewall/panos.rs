//! Palo Alto's traffic log: comma-separated values, at places that PAN-OS's documentation gives.
//!
//! `start` lines are left out where `end` lines follow, so both are told: the second adds its outcome to the first's target.
//! Times are the device's, of no named zone. The limit: sessions of the default rules stand here only if their logging is
//! on, which it is not as shipped.

use super::packet::by_name;
use super::session::Session;
use super::syslog::{Clock, Stamp};
use super::{ANSWERS, HEADERS, PACKETS_LATE};
use crate::Spec;
use crate::log::field::{address, number};
use crate::log::flow::{Flow, transport};
use crate::log::stamp::iso;
use crate::log::{Assume, Lines, LogFormat, Out};
use watchpost_core::contact::flags::SYN;
use watchpost_core::contact::{Outcome, Transport};
use watchpost_core::detect::Sense;

/// PAN-OS.
pub const PANOS: LogFormat = LogFormat {
    spec: Spec {
        name: "palo-alto",
        help: "Palo Alto traffic log as CSV by syslog or as exported",
        extensions: &["log", "csv"],
        recognised: &[b"1,2025/01/01 00:00:00,SERIAL,TRAFFIC,end,"],
    },
    recognises: |head| super::any_line(head, |line| kind(line).is_some()),
    lines: |assume: &Assume| Box::new(PanOs { clock: Clock::new(assume) }),
    disorder: 90 * PACKETS_LATE,
    blind: &[
        ANSWERS,
        (
            Sense::Denied,
            "the default rules, which deny what no other rule allows, log nothing unless told to",
        ),
        HEADERS,
    ],
};

struct PanOs {
    clock: Clock,
}

/// Fields that are read: up to the reason for which a session ended.
const FIELDS: usize = 47;

impl Lines for PanOs {
    fn take(&mut self, line: &[u8], out: &mut Out<'_>) -> Result<(), &'static str> {
        match kind(line) {
            Some(b"TRAFFIC") => {}
            Some(_) => return Err("a Palo Alto log that holds no traffic"),
            None => return Err("a message of something else"),
        }
        let fields = fields(line);
        let mut flow = parse(&fields)?;
        let began = if fields[35].is_empty() { fields[6] } else { fields[35] };
        let (time, told) = iso(began).ok_or("its time has no known form")?;
        flow.time = self.clock.time(if told { Stamp::At(time) } else { Stamp::Local(time) })?;
        out.contact(flow.contact(out.sensor));
        Ok(())
    }

    fn assumed(&self) -> Vec<String> {
        self.clock.assumed()
    }
}

/// The log's type, if the line is one of PAN-OS's.
fn kind(line: &[u8]) -> Option<&[u8]> {
    const TYPES: [&[u8]; 9] = [
        b"TRAFFIC",
        b"THREAT",
        b"SYSTEM",
        b"CONFIG",
        b"HIPMATCH",
        b"USERID",
        b"GLOBALPROTECT",
        b"DECRYPTION",
        b"CORRELATION",
    ];
    // Before the comma stands whatever header there is; behind it are time and serial number.
    let mut fields = line.split(|byte| *byte == b',').skip(1);
    let (time, _, kind) = (fields.next()?, fields.next()?, fields.next()?);
    (iso(time).is_some() && TYPES.contains(&kind)).then_some(kind)
}

/// The values, without quotes.
fn fields(line: &[u8]) -> [&[u8]; FIELDS] {
    let mut fields = [&[][..]; FIELDS];
    let mut rest = line;
    for field in &mut fields {
        let quoted = rest.strip_prefix(b"\"");
        let (value, after) = match quoted.and_then(|q| Some((q, memchr::memchr(b'"', q)?))) {
            Some((inner, close)) => (&inner[..close], &inner[close + 1..]),
            None => rest.split_at(memchr::memchr(b',', rest).unwrap_or(rest.len())),
        };
        *field = value;
        let Some(comma) = memchr::memchr(b',', after) else { break };
        rest = &after[comma + 1..];
    }
    fields
}

fn parse(fields: &[&[u8]; FIELDS]) -> Result<Flow, &'static str> {
    let (subtype, app, action, reason) = (fields[4], fields[14], fields[30], fields[46]);
    let source = address(fields[7]).ok_or("the source is no address")?;
    let target = address(fields[8]).ok_or("the destination is no address")?;
    let protocol = by_name(fields[29]).ok_or("a protocol that is not known")?;
    let kind = transport(protocol);
    let source_port = number(fields[24]).ok_or("the source's port is no number")?;
    let port = number(fields[25]).ok_or("the destination's port is no number")?;
    let mut flow = Flow::new(0, kind, (source, source_port), (target, port));
    let session = Session {
        sent: number(fields[44]),
        received: number(fields[45]),
        reset_by_target: reason == b"tcp-rst-from-server",
        data: !matches!(app, b"incomplete" | b"insufficient-data" | b"not-applicable" | b"unknown-tcp" | b""),
    };
    match kind {
        Transport::Tcp => flow.flags = SYN,
        Transport::Icmp | Transport::Icmp6 if app == b"ping" || app == b"ping6" => {
            (flow.source_port, flow.port) = (0, if kind == Transport::Icmp { 0x0800 } else { 0x8000 });
        }
        Transport::Icmp | Transport::Icmp6 => return Err("an ICMP message whose kind is not told"),
        Transport::Ip => (flow.source_port, flow.port) = (0, u16::from(protocol)),
        _ => {}
    }
    let before = subtype == b"drop" || matches!(action, b"drop" | b"deny") && app == b"not-applicable";
    flow.outcome = match kind {
        _ if before => super::packet::denied(source, target),
        _ if subtype != b"end" => Outcome::Unknown,
        Transport::Tcp => session.tcp(),
        _ => session.datagrams(),
    };
    flow.packets = session.sent.unwrap_or(1);
    Ok(flow)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::firewall::taken;
    use proptest::prelude::*;

    /// After crowdsecurity/hub's THREAT line (MIT), with the fields of PAN-OS's documentation.
    const END: &str = "Jul  6 08:11:40 fw 1,2023/07/06 08:11:40,016401002737,TRAFFIC,end,2561,2023/07/06 08:11:40,203.0.113.2,\
        192.0.2.3,203.0.113.2,10.0.0.3,\"rule, one\",,,incomplete,vsys1,Untrust,DMZ,e1/1,e1/2,fwd,2023/07/06 08:11:40,238810,1,\
        47094,22,47094,22,0x402400,tcp,allow,74,74,0,1,2023/07/06 08:11:30,0,any,,7204134,0x0,Germany,France,,1,0,aged-out,0,0";

    fn outcome(line: &str) -> Outcome {
        taken(&PANOS, line).unwrap()[0].outcome
    }

    #[test]
    fn sessions_say_how_they_went() {
        let contact = taken(&PANOS, END).unwrap()[0];
        assert_eq!((contact.port, contact.source_port, contact.outcome), (22, 47_094, Outcome::Silent));
        assert_eq!(contact.time, 1_688_631_090_000_000_000, "when it began");
        let refused = END.replace(",1,0,aged-out", ",1,1,tcp-rst-from-server");
        assert_eq!(outcome(&refused), Outcome::Refused);
        assert_eq!(outcome(&END.replace(",1,0,aged-out", ",3,2,tcp-fin")), Outcome::Answered);
        assert_eq!(
            outcome(&END.replace("incomplete", "ssh").replace(",1,0,aged-out", ",9,9,tcp-fin")),
            Outcome::Asked
        );
        assert_eq!(outcome(&END.replace(",end,", ",start,")), Outcome::Unknown);
        assert_eq!(outcome(&END.replace(",end,", ",drop,")), Outcome::Silent);
    }

    #[test]
    fn other_logs_are_counted() {
        let threat = END.replace("TRAFFIC,end", "THREAT,vulnerability");
        assert_eq!(taken(&PANOS, &threat), Err("a Palo Alto log that holds no traffic"));
        assert_eq!(taken(&PANOS, "hello, world"), Err("a message of something else"));
        assert!((PANOS.recognises)(threat.as_bytes()));
        assert!(taken(&PANOS, &END[..150]).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80), cut in 0..400_usize) {
            let _ = (kind(&bytes), parse(&fields(&bytes)), taken(&PANOS, &END[..cut.min(END.len())]));
        }
    }
}
