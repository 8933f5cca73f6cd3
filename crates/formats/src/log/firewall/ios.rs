//! Cisco IOS, IOS XE and IOS XR: what routers and switches log of access lists with `log`.
//!
//! `%SEC-6-IPACCESSLOGP: list border-in denied tcp 198.51.100.7(51515) -> 203.0.113.5(23), 1 packet`; ICMP with type and code in the last brackets
//! (IPACCESSLOGDP), other protocols by number (IPACCESSLOGNP), IPv6 as `%IPV6_ACL-6-ACCESSLOGP`. Forms are those of Cisco's system message
//! guides. The first packet of a pair is told at once, its later ones every five minutes as one number. A standard list
//! (IPACCESSLOGS) names no target: that is counted, not taken. The limit: no flags are told, and NX-OS has a form of its own, which is not read.

use memchr::{memchr, memmem};

use super::packet::{self, by_name};
use super::syslog::{self, Clock, word};
use super::{ACCEPTED, ANSWERED, ANSWERS, HEADERS, PACKETS_LATE, RATE};
use crate::Spec;
use crate::log::field::{address, number};
use crate::log::flow::{Flow, transport};
use crate::log::{Assume, Lines, LogFormat, Out};
use watchpost_core::contact::{Outcome, SECOND, Transport};
use watchpost_core::detect::Sense;
use watchpost_core::direction::is_answer;
use watchpost_core::net::Address;

const FORM: &str = "a message whose form is not known";

/// Access lists of routers.
pub const IOS: LogFormat = LogFormat {
    spec: Spec {
        name: "cisco-ios",
        help: "access lists of Cisco IOS, IOS XE and IOS XR (IPACCESSLOGP, DP, NP; ACCESSLOGP of IPv6)",
        extensions: &["log", "txt"],
        recognised: &[b"IPACCESSLOG", b"%IPV6_ACL-"],
    },
    recognises: |head| super::any_line(head, is_read),
    lines: |assume: &Assume| Box::new(Ios { clock: Clock::new(assume), limits: Default::default() }),
    // Later packets of a pair are told every five minutes.
    disorder: 300 * SECOND + PACKETS_LATE,
    blind: &[
        ANSWERS,
        ACCEPTED,
        RATE,
        HEADERS,
        (Sense::Flags, "access lists do not log TCP flags: crafted packets look like others"),
    ],
};

struct Ios {
    clock: Clock,
    limits: super::limit::Limits,
}

impl Lines for Ios {
    fn take(&mut self, line: &[u8], out: &mut Out<'_>) -> Result<(), &'static str> {
        let line = syslog::open(line);
        let Some((kind, body)) = message(&line.text) else { return Err(self.limits.other(&line.text)) };
        let mut flow = match kind {
            b"RL" => return Err(self.limits.other(&line.text)),
            b"S" => return Err("an access list that names no target"),
            _ => parse(body).ok_or(FORM)??,
        };
        flow.time = self.clock.time(line.stamp)?;
        if is_answer(flow.transport, flow.source_port, flow.port) {
            return Err(ANSWERED);
        }
        out.contact(flow.contact(out.sensor));
        Ok(())
    }

    fn assumed(&self) -> Vec<String> {
        let mut said = self.clock.assumed();
        said.extend(self.limits.said());
        said
    }
}

/// What stands behind `ACCESSLOG` in a message's name (`P`, `DP`, `NP`, `RP`, `S`, `RL`), and what the message says. The name is one word,
/// `%FACILITY-SEVERITY-NAME`: what a client said may hold parts of it.
fn message(text: &[u8]) -> Option<(&[u8], &[u8])> {
    memchr::memchr_iter(b'%', text).find_map(|percent| {
        let word = &text[percent + 1..];
        let length =
            word.iter().position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')))?;
        let (name, behind) = word.split_at(length);
        let at = memmem::find(name, b"ACCESSLOG")?;
        let (before, kind) = (&name[..at], &name[at + b"ACCESSLOG".len()..]);
        let before = before.strip_suffix(b"IP").unwrap_or(before);
        let is_name = matches!(before, [.., b'-', b'0'..=b'7', b'-']);
        let body = behind.trim_ascii_start().strip_prefix(b":")?;
        (is_name && matches!(kind, b"P" | b"DP" | b"NP" | b"RP" | b"S" | b"RL")).then_some((kind, body))
    })
}

/// Whether a line is one of these messages, and not only like one.
fn is_read(line: &[u8]) -> bool {
    message(line).is_some_and(|(kind, body)| matches!(kind, b"S" | b"RL") || parse(body).is_some())
}

/// `list NAME denied tcp A(p) [(interface MAC)] -> B(p), N packets`; IOS XR puts a number in brackets behind the name.
fn parse(body: &[u8]) -> Option<Result<Flow, &'static str>> {
    let list = memmem::find(body, b"list ")? + 5;
    let mut words = body[list..].splitn(2, |byte| *byte == b' ');
    let mut rest = words.nth(1)?;
    if rest.starts_with(b"(") {
        rest = rest[memchr(b')', rest)? + 1..].trim_ascii_start();
    }
    let (verdict, rest) = word(rest);
    let (protocol, rest) = word(rest);
    let protocol = by_name(protocol)?;
    let arrow = memmem::find(rest, b"->")?;
    let (source, source_number) = end(rest[..arrow].trim_ascii_end())?;
    let behind = rest[arrow + 2..].trim_ascii_start();
    let comma = memchr(b',', behind)?;
    let (target, target_number) = end(&behind[..comma])?;
    let kind = transport(protocol);
    let (source_port, port) = match kind {
        Transport::Icmp | Transport::Icmp6 => {
            let number_of = target_number?;
            let slash = memchr(b'/', number_of)?;
            let (kind, code) = (number::<u8>(&number_of[..slash])?, number::<u8>(&number_of[slash + 1..])?);
            if !matches!(kind, 8 | 13 | 15 | 17 | 128) {
                return Some(Err("an ICMP message that asks nobody"));
            }
            (0, u16::from_be_bytes([kind, code]))
        }
        Transport::Ip => (0, u16::from(protocol)),
        _ => (number(source_number?)?, number(target_number?)?),
    };
    let mut flow = Flow::new(0, kind, (source, source_port), (target, port));
    flow.packets = number(word(behind[comma + 1..].trim_ascii_start()).0).unwrap_or(1);
    flow.outcome = match verdict {
        b"denied" | b"deny" => packet::denied(source, target),
        b"permitted" | b"permit" => Outcome::Unknown,
        _ => return None,
    };
    Some(Ok(flow))
}

/// `198.51.100.7(51515)`, `203.0.113.5 (8/0)`, `198.51.100.7`; an interface may follow in brackets of its own, with a blank
/// inside.
fn end(text: &[u8]) -> Option<(Address, Option<&[u8]>)> {
    let stop = text.iter().position(|byte| matches!(byte, b'(' | b' ')).unwrap_or(text.len());
    let host = address(&text[..stop])?;
    let brackets = text[stop..].trim_ascii_start();
    let within = brackets.strip_prefix(b"(").and_then(|inner| Some(&inner[..memchr(b')', inner)?]));
    Some((host, within.filter(|inner| !inner.contains(&b' '))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::firewall::taken;
    use proptest::prelude::*;
    use watchpost_core::contact::{Contact, Phase};

    fn one(line: &str) -> Result<Contact, &'static str> {
        taken(&IOS, line).map(|contacts| contacts[0])
    }

    const DENIED: &str = "Nov 23 10:00:01 border 4711: Nov 23 10:00:00.123: %SEC-6-IPACCESSLOGP: list border-in denied tcp 198.51.100.7(51515) -> 203.0.113.5(23), 1 packet";

    #[test]
    fn what_a_list_denied_was_silent_and_what_it_let_through_is_not_told() {
        let contact = one(DENIED).unwrap();
        assert_eq!(
            (contact.source, contact.target),
            (Address::v4([198, 51, 100, 7]), Address::v4([203, 0, 113, 5]))
        );
        assert_eq!((contact.source_port, contact.port, contact.weight), (51_515, 23, 1));
        assert_eq!((contact.phase, contact.outcome, contact.flags), (Phase::Flow, Outcome::Silent, 0));
        let passed = one(&DENIED.replace("denied", "permitted").replace("1 packet", "17 packets")).unwrap();
        assert_eq!((passed.outcome, passed.weight), (Outcome::Unknown, 17));
    }

    #[test]
    fn every_form() {
        let head = "Nov 23 2025 10:00:00 UTC: ";
        let told = |text: &str| one(&format!("{head}{text}")).map(|c| (c.transport, c.port, c.outcome));
        let silent = |transport, port| Ok((transport, port, Outcome::Silent));
        for (text, expected) in [
            (
                "%SEC-6-IPACCESSLOGP: list 101 denied udp 198.51.100.7(40000) (GigabitEthernet0/0 0011.2233.4455) -> 203.0.113.5(161), 1 packet",
                silent(Transport::Udp, 161),
            ),
            (
                "%SEC-6-IPACCESSLOGDP: list 101 denied icmp 198.51.100.7 (Gi0/0 0011.2233.4455) -> 203.0.113.5 (8/0), 2 packets",
                silent(Transport::Icmp, 0x0800),
            ),
            (
                "%SEC-6-IPACCESSLOGDP: list 101 denied icmp 198.51.100.7 -> 203.0.113.5 (8/0), 2 packets  [0x1234]",
                silent(Transport::Icmp, 0x0800),
            ),
            (
                "%SEC-6-IPACCESSLOGNP: list 101 denied 47 198.51.100.7 -> 203.0.113.5, 1 packet",
                silent(Transport::Ip, 47),
            ),
            (
                "%IPV6_ACL-6-ACCESSLOGP: list v6-in/20 denied tcp 2001:DB8:7::1(51515) -> 2001:DB8:113::5(22), 1 packet",
                silent(Transport::Tcp, 22),
            ),
            (
                "%IPV6_ACL-6-ACCESSLOGDP: list v6-in/20 denied icmpv6 2001:DB8:7::1 -> 2001:DB8:113::5 (128/0), 1 packet",
                silent(Transport::Icmp6, 0x8000),
            ),
            (
                "%FMANFP-6-IPACCESSLOGP:  F0/0: fman_fp_image:  list border denied tcp 198.51.100.7(51515) Gi0/0/1-> 203.0.113.5(23), 1 packet",
                silent(Transport::Tcp, 23),
            ),
            (
                "%ACL-IPV4_ACL-6-IPACCESSLOGP : access-list border (20) deny tcp 198.51.100.7(51515) -> 203.0.113.5(23), 1 packet",
                silent(Transport::Tcp, 23),
            ),
            (
                "%SEC-6-IPACCESSLOGS: list 1 denied 198.51.100.7 1 packet",
                Err("an access list that names no target"),
            ),
            (
                "%SEC-6-IPACCESSLOGRL: access-list logging rate-limited or missed 12 packets",
                Err("says that lines were left out"),
            ),
            (
                "%SEC-6-IPACCESSLOGP: list 101 denied tcp 198.51.100.7(443) -> 203.0.113.5(51000), 1 packet",
                Err(ANSWERED),
            ),
            (
                "%SEC-6-IPACCESSLOGDP: list 101 denied icmp 198.51.100.7 -> 203.0.113.5 (0/0), 1 packet",
                Err("an ICMP message that asks nobody"),
            ),
            (
                "%SEC-6-IPACCESSLOGP: list 101 denied tcp 198.51.100.7(x) -> 203.0.113.5(23), 1 packet",
                Err(FORM),
            ),
            (
                "%LINK-3-UPDOWN: Interface GigabitEthernet0/1, changed state to up",
                Err("a message of something else"),
            ),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
    }

    #[test]
    fn recognised_by_its_messages_alone() {
        assert!((IOS.recognises)(DENIED.as_bytes()));
        assert!((IOS.recognises)(format!("Nov 23 10:00:01 r 1: %LINK-3-UPDOWN: up\n{DENIED}\n").as_bytes()));
        assert!(!(IOS.recognises)(
            b"%ASA-4-106023: Deny tcp src outside:192.0.2.1/1 dst inside:192.0.2.2/2\n"
        ));
        assert!(!(IOS.recognises)(b""));
        assert!(!(IOS.recognises)(b"devname=fw policyname=\"100% ACCESSLOG: x\" srcip=198.51.100.7\n"));
        assert!(!(IOS.recognises)(b"GET /%SEC-6-IPACCESSLOGP: list HTTP/1.1\n"));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(cut in 0usize..200, text in proptest::collection::vec(any::<u8>(), 0..60)) {
            let mut line = DENIED.as_bytes()[..cut.min(DENIED.len())].to_vec();
            line.extend_from_slice(&text);
            let line = String::from_utf8_lossy(&line).into_owned();
            let _ = taken(&IOS, &line);
        }
    }
}
