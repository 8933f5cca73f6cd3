//! MikroTik RouterOS: `firewall,info PREFIX input: in:ether1 out:(unknown 0), connection-state:new src-mac .., proto TCP
//! (SYN), 192.0.2.1:56282->192.0.2.2:23, len 52`.
//!
//! It tells the flags and the length, and no other header field, so a packet is told as a flow. What was done stands in the
//! prefix alone, in the words of whoever wrote the rule; without it nothing is known of how it went.

use memchr::{memchr, memmem};

use super::packet::{Options, Packet, by_name, words};
use super::syslog::{self, Clock};
use super::{ACCEPTED, ANSWERS, HEADERS, LATE, PACKETS_LATE, RATE};
use crate::Spec;
use crate::log::field::{address, number};
use crate::log::{Assume, Lines, LogFormat, Out};
use watchpost_core::contact::flags::{ACK, CWR, ECE, FIN, PSH, RST, SYN, URG};
use watchpost_core::net::Address;

/// RouterOS.
pub const MIKROTIK: LogFormat = LogFormat {
    spec: Spec {
        name: "mikrotik",
        help: "firewall lines of MikroTik RouterOS, by syslog or from its own files",
        extensions: &["log", "txt"],
        recognised: &[b"in:ether1 out:(unknown 0), proto TCP (SYN), a:p->b:p, len"],
    },
    recognises: |head| super::any_line(head, |line| parts(&syslog::open(line).text).is_some()),
    lines: |assume: &Assume| Box::new(MikroTik { clock: Clock::new(assume) }),
    disorder: PACKETS_LATE,
    blind: &[ANSWERS, ACCEPTED, RATE, LATE, HEADERS],
};

struct MikroTik {
    clock: Clock,
}

impl Lines for MikroTik {
    fn take(&mut self, line: &[u8], out: &mut Out<'_>) -> Result<(), &'static str> {
        let line = syslog::open(line);
        let (prefix, fields) = parts(&line.text).ok_or("a message of something else")?;
        let mut packet = parse(fields, self.clock.time(line.stamp)?)?;
        packet.verdict = words(prefix);
        out.contact(packet.contact(out.sensor)?);
        Ok(())
    }

    fn assumed(&self) -> Vec<String> {
        self.clock.assumed()
    }
}

/// What stands before the interfaces, and what stands behind `proto `.
fn parts(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memmem::find(text, b" in:")?;
    let behind = &text[at..];
    memmem::find(behind, b" out:")?;
    let proto = memmem::find(behind, b" proto ").map(|at| at + 7)?;
    memmem::find(&behind[proto..], b"->")?;
    Some((&text[..at], &behind[proto..]))
}

fn parse(fields: &[u8], time: i64) -> Result<Packet, &'static str> {
    // The protocol, perhaps with flags or type and code in brackets, which hold commas.
    let end =
        fields.iter().position(|byte| matches!(byte, b' ' | b',')).ok_or("nothing behind the protocol")?;
    let (name, mut rest) = fields.split_at(end);
    let mut within = &[][..];
    if let Some(opened) = rest.strip_prefix(b" (") {
        let close = memchr(b')', opened).ok_or("a bracket that is not closed")?;
        (within, rest) = (&opened[..close], &opened[close + 1..]);
    }
    let rest = rest.strip_prefix(b",").unwrap_or(rest).trim_ascii_start();
    let ends = &rest[..memchr(b',', rest).unwrap_or(rest.len())];
    let arrow = memmem::find(ends, b"->").ok_or("no arrow between the ends")?;
    let protocol = by_name(name).ok_or("a protocol that is not known")?;
    let (source, source_port) = end_of(&ends[..arrow]).ok_or("the source is no address")?;
    let (target, port) = end_of(&ends[arrow + 2..]).ok_or("the destination is no address")?;
    let mut packet = Packet::new(time, source, target, protocol);
    match protocol {
        6 | 17 | 132 => {
            packet.source_port = source_port.ok_or("the source has no port")?;
            packet.port = port.ok_or("the destination has no port")?;
        }
        1 | 58 => packet.port = kind(within).ok_or("an ICMP message whose kind is not told")?,
        _ => {}
    }
    if protocol == 6 {
        packet.flags = flags(within);
        // Of IPv6 the length is what follows its header.
        let headers = if source.is_v4() { 40 } else { 20 };
        let length = memmem::rfind(rest, b"len ").and_then(|at| number::<u16>(rest[at + 4..].trim_ascii()));
        packet.options = length.and_then(|l| l.checked_sub(headers)).map_or(Options::Untold, Options::Behind);
    }
    Ok(packet)
}

/// `192.0.2.1:56282`, `[2001:db8::1]:40384`, or an address alone.
fn end_of(text: &[u8]) -> Option<(Address, Option<u16>)> {
    if let Some(inner) = text.strip_prefix(b"[") {
        let close = memchr(b']', inner)?;
        return Some((address(&inner[..close])?, inner[close + 1..].strip_prefix(b":").and_then(number)));
    }
    if let Some(address) = address(text) {
        return Some((address, None));
    }
    let colon = text.iter().rposition(|byte| *byte == b':')?;
    Some((address(&text[..colon])?, number(&text[colon + 1..])))
}

/// `type 8, code 0`.
fn kind(within: &[u8]) -> Option<u16> {
    let comma = memchr(b',', within)?;
    let kind: u8 = number(within[..comma].strip_prefix(b"type ")?)?;
    let code: u8 = number(within[comma + 1..].trim_ascii().strip_prefix(b"code ")?)?;
    Some(u16::from_be_bytes([kind, code]))
}

/// `SYN,ACK`.
fn flags(names: &[u8]) -> Option<u8> {
    if names.is_empty() {
        return None;
    }
    names.split(|byte| *byte == b',').try_fold(0, |set, name| {
        Some(
            set | match name {
                b"FIN" => FIN,
                b"SYN" => SYN,
                b"RST" => RST,
                b"PSH" => PSH,
                b"ACK" => ACK,
                b"URG" => URG,
                b"ECE" => ECE,
                b"CWR" => CWR,
                _ => return None,
            },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::firewall::taken;
    use proptest::prelude::*;
    use watchpost_core::contact::{Contact, Outcome, Phase, Transport};

    fn one(line: &str) -> Result<Contact, &'static str> {
        taken(&MIKROTIK, line).map(|contacts| contacts[0])
    }

    /// Lines of crowdsecurity/hub's samples (MIT).
    const DROP: &str = "2023-03-18T20:36:59.594792+01:00 10.120.127.1 firewall,info drop-tcp input: in:ether1-WAN \
        out:(unknown 0), connection-state:new src-mac 00:17:10:88:bc:02, proto TCP (SYN), 36.97.161.219:59388->81.82.202.145:23, \
        len 40";
    const V6: &str = "2026-05-31T00:00:18.676257+02:00 gw firewall,info forward: in:WAN out:LAN, connection-state:new src-mac \
        e4:41:64:93:a8:0f, proto UDP, [2001:db8:1234::1]:17850->[2001:db8:1234::2]:51413, len 112";

    #[test]
    fn packets_are_flows_whose_end_the_prefix_tells() {
        let contact = one(DROP).unwrap();
        assert_eq!((contact.port, contact.source_port, contact.flags), (23, 59_388, SYN));
        assert_eq!((contact.phase, contact.outcome), (Phase::Flow, Outcome::Silent));
        let contact = one(V6).unwrap();
        assert_eq!(
            (contact.port, contact.transport, contact.outcome),
            (51_413, Transport::Udp, Outcome::Unknown)
        );
        let echo = DROP.replace(
            "TCP (SYN), 36.97.161.219:59388->81.82.202.145:23",
            "ICMP (type 8, code 0), 36.97.161.219->81.82.202.145",
        );
        assert_eq!(one(&echo).unwrap().port, 0x0800);
        let nat = DROP.replace(", len", ", NAT (36.97.161.219:59388->10.0.0.1:59388)->10.0.0.2:23, len");
        assert_eq!(one(&nat).unwrap().port, 23);
        let own = format!("mar/18/2023 20:36:59 {}", &DROP[DROP.find("firewall").unwrap()..]);
        assert_eq!(one(&own).unwrap().time, 1_679_171_819_000_000_000);
    }

    #[test]
    fn what_starts_nothing_is_counted() {
        assert!(one(&DROP.replace("(SYN)", "(SYN,ACK)")).is_err());
        assert!(one(&DROP.replace("(SYN)", "(RST)")).is_err());
        assert!(one(&DROP.replace("(SYN)", "(ACK,FIN)")).is_err());
        let login = "2023-03-19T12:34:09.757188+01:00 10.120.127.1 system,error,critical login failure for user admin from 10.127.0.35";
        assert_eq!(one(login), Err("a message of something else"));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80), text in "(TCP|ICMP|UDP)[ (),a-z0-9.:>\\[\\]-]{0,60}") {
            let _ = (parse(&bytes, 0), parse(text.as_bytes(), 0), taken(&MIKROTIK, &format!("x in: out: proto {text}")));
        }
    }
}
