//! Suricata's fast.log: `07/11/2022-10:29:01.860293  [**] [1:2008578:4] ET SCAN .. [**] [Classification: ..] [Priority: 2]
//! {UDP} 89.248.163.216:5116 -> 172.31.18.55:5060`.
//!
//! An alert is about one packet, which may be an answer: then its ports say so and it is no contact. How a connection went
//! on is not told, and what nobody wrote a rule for does not stand here at all.

use memchr::{memchr, memmem};

use super::ANSWERED;
use super::PACKETS_LATE;
use super::packet::by_name;
use super::syslog::{Clock, Stamp};
use crate::Spec;
use crate::log::field::{address, number};
use crate::log::flow::{Flow, transport};
use crate::log::stamp::{clock, days};
use crate::log::{Assume, Lines, LogFormat, Out};
use watchpost_core::contact::{SECOND, Transport};
use watchpost_core::detect::Sense;
use watchpost_core::direction::is_answer;
use watchpost_core::net::Address;

/// fast.log.
pub const FAST: LogFormat = LogFormat {
    spec: Spec {
        name: "suricata-fast",
        help: "Suricata's fast.log: alerts in one line each",
        extensions: &["log"],
        recognised: &[b"[**] [1:"],
    },
    recognises: |head| super::any_line(head, |line| parse(line).is_ok()),
    lines: |assume: &Assume| Box::new(Fast { clock: Clock::new(assume) }),
    disorder: PACKETS_LATE,
    blind: &[
        (
            Sense::Accepted,
            "only what a rule of Suricata's alerts on is seen: eve.json's flows show all connections",
        ),
        (Sense::Outcomes, "an alert does not tell how its connection went"),
        (
            Sense::Headers,
            "fast.log has no header fields (window, TTL, IP id, options) that tools are told by",
        ),
    ],
};

struct Fast {
    clock: Clock,
}

impl Lines for Fast {
    fn take(&mut self, line: &[u8], out: &mut Out<'_>) -> Result<(), &'static str> {
        let (stamp, mut flow) = parse(line)?;
        flow.time = self.clock.time(stamp)?;
        if is_answer(flow.transport, flow.source_port, flow.port) {
            return Err(ANSWERED);
        }
        out.contact(flow.contact(out.sensor));
        Ok(())
    }

    fn assumed(&self) -> Vec<String> {
        self.clock.assumed()
    }
}

fn parse(line: &[u8]) -> Result<(Stamp, Flow), &'static str> {
    let stamp = date(line).ok_or("no stamp of fast.log's")?;
    memmem::find(line, b"[**]").ok_or("no alert")?;
    let at = memmem::rfind(line, b"] {").ok_or("no protocol")?;
    let rest = &line[at + 3..];
    let close = memchr(b'}', rest).ok_or("no protocol")?;
    let protocol = by_name(&rest[..close]).ok_or("a protocol that is not known")?;
    let ends = rest[close + 1..].trim_ascii();
    let arrow = memmem::find(ends, b" -> ").ok_or("no arrow between the ends")?;
    let (source, source_port) = end_of(&ends[..arrow]).ok_or("the source is no address")?;
    let (target, port) = end_of(&ends[arrow + 4..]).ok_or("the destination is no address")?;
    let kind = transport(protocol);
    // Of ICMP, type and code stand where others have their ports.
    let (source_port, port) = match kind {
        Transport::Icmp | Transport::Icmp6 => {
            if !matches!(source_port, 8 | 13 | 17 | 128) {
                return Err("an ICMP message that asks nobody");
            }
            (0, source_port << 8 | port & 0xff)
        }
        Transport::Ip => (0, u16::from(protocol)),
        _ => (source_port, port),
    };
    Ok((stamp, Flow::new(0, kind, (source, source_port), (target, port))))
}

/// `07/11/2022-10:29:01.860293`, month first.
fn date(line: &[u8]) -> Option<Stamp> {
    let date = line.get(..11)?;
    if date[2] != b'/' || date[5] != b'/' || date[10] != b'-' {
        return None;
    }
    let (month, day, year) =
        (number::<u8>(&date[..2])?, number::<u8>(&date[3..5])?, number::<u16>(&date[6..10])?);
    let (time, _) = clock(&line[11..])?;
    Some(Stamp::Local(days(i64::from(year), month, day)? * 86_400 * SECOND + time))
}

/// An address and what stands behind its last colon.
fn end_of(text: &[u8]) -> Option<(Address, u16)> {
    let colon = text.iter().rposition(|byte| *byte == b':')?;
    Some((address(&text[..colon])?, number(&text[colon + 1..])?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::firewall::taken;
    use proptest::prelude::*;
    use watchpost_core::contact::{Outcome, Phase};

    /// Of crowdsecurity/hub's samples (MIT).
    const SIP: &str = "07/11/2022-10:29:32.251216  [**] [1:2008578:4] ET SCAN Sipvicious Scan [**] [Classification: Attempted \
        Information Leak] [Priority: 2] {UDP} 89.248.163.216:5116 -> 172.31.18.55:5060";

    #[test]
    fn an_alert_is_a_flow_of_which_nothing_else_is_told() {
        let contact = taken(&FAST, SIP).unwrap()[0];
        assert_eq!((contact.port, contact.source_port, contact.transport), (5060, 5116, Transport::Udp));
        assert_eq!((contact.phase, contact.outcome), (Phase::Flow, Outcome::Unknown));
        assert_eq!(contact.time, 1_657_535_372_251_216_000);
        let v6 = SIP.replace("89.248.163.216:", "2001:db8::1:").replace("172.31.18.55", "2001:db8::2");
        assert_eq!(taken(&FAST, &v6).unwrap()[0].port, 5060);
        let echo = SIP.replace("{UDP} 89.248.163.216:5116", "{ICMP} 89.248.163.216:8").replace(":5060", ":0");
        assert_eq!(taken(&FAST, &echo).unwrap()[0].port, 0x0800);
        let answer = SIP.replace(":5116", ":53").replace(":5060", ":40000");
        assert_eq!(taken(&FAST, &answer), Err(ANSWERED));
        assert!(!(FAST.recognises)(b"07/11/2022-10:29:32.251216 hello\n"));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40), text in "[a-z0-9.:>{}\\[\\]* -]{0,60}") {
            let line = format!("07/11/2022-10:29:32.251216 [**] [Priority: 2] {{ICMP}} {text}");
            let _ = (parse(&bytes), parse(line.as_bytes()));
        }
    }
}
