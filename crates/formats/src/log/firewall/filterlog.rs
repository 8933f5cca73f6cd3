//! filterlog of pfSense and OPNsense: one packet as comma-separated values, with its whole header.
//!
//! Netgate's and OPNsense's documentation give the order of the fields; of IPv6 the protocol's name stands before its
//! number. The limit: OPNsense does not say which ICMP message it was, nor does pfSense of ICMPv6.

use memchr::{memchr, memmem};

use super::packet::{Options, Packet, Verdict};
use super::syslog::{self, Clock};
use super::{ACCEPTED, ANSWERS, LATE, PACKETS_LATE, RATE};
use crate::Spec;
use crate::log::field::{address, number};
use crate::log::{Assume, Lines, LogFormat, Out};
use watchpost_core::contact::flags::{ACK, CWR, ECE, FIN, PSH, RST, SYN, URG};
use watchpost_core::contact::traits;

/// pfSense, OPNsense.
pub const FILTERLOG: LogFormat = LogFormat {
    spec: Spec {
        name: "filterlog",
        help: "filterlog of pfSense and OPNsense behind RFC 3164 or RFC 5424 headers",
        extensions: &["log"],
        recognised: &[b"filterlog"],
    },
    recognises: |head| super::any_line(head, |line| values(&syslog::open(line).text).is_some()),
    lines: |assume: &Assume| Box::new(Filterlog { clock: Clock::new(assume), limits: Default::default() }),
    disorder: PACKETS_LATE,
    blind: &[ANSWERS, ACCEPTED, RATE, LATE],
};

struct Filterlog {
    clock: Clock,
    limits: super::limit::Limits,
}

/// Fields that are read; the last ones are those of TCP over IPv4.
const FIELDS: usize = 29;

impl Lines for Filterlog {
    fn take(&mut self, line: &[u8], out: &mut Out<'_>) -> Result<(), &'static str> {
        let line = syslog::open(line);
        let Some(values) = values(&line.text) else { return Err(self.limits.other(&line.text)) };
        let packet = parse(values, self.clock.time(line.stamp)?)?;
        out.contact(packet.contact(out.sensor)?);
        Ok(())
    }

    fn assumed(&self) -> Vec<String> {
        let mut said = self.clock.assumed();
        said.extend(self.limits.said());
        said
    }
}

/// The values behind the program's name, process and structured data.
fn values(text: &[u8]) -> Option<&[u8]> {
    let after = &text[memmem::find(text, b"filterlog")?..];
    let comma = memchr(b',', after)?;
    let from = after[..comma].iter().rposition(|byte| *byte == b' ')? + 1;
    after[from..comma].iter().all(u8::is_ascii_digit).then_some(&after[from..])
}

fn parse(values: &[u8], time: i64) -> Result<Packet, &'static str> {
    let mut fields = [&[][..]; FIELDS];
    let mut count = 0;
    for (field, value) in fields.iter_mut().zip(values.split(|byte| *byte == b',')) {
        (*field, count) = (value, count + 1);
    }
    let (action, version) = (fields[6], fields[8]);
    let (protocol, source, target, rest) = match version {
        b"4" => (fields[15], fields[18], fields[19], 20),
        b"6" => (fields[13], fields[15], fields[16], 17),
        _ => return Err("neither IPv4 nor IPv6"),
    };
    let source = address(source).ok_or("the source is no address")?;
    let target = address(target).ok_or("the destination is no address")?;
    let protocol: u8 = number(protocol).ok_or("the protocol is no number")?;
    let mut packet = Packet::new(time, source, target, protocol);
    packet.verdict = match action {
        b"block" | b"reject" | b"drop" => Verdict::Denied,
        _ => Verdict::Passed,
    };
    packet.ttl = number(fields[11]).unwrap_or(0);
    if version == b"4" {
        packet.ip_id = number(fields[12]).unwrap_or(0);
        packet.dont_fragment = fields[14] == b"DF";
        if number::<u16>(fields[13]) != Some(0) {
            return Err("a fragment without ports");
        }
    }
    let rest = &fields[rest..];
    match protocol {
        6 | 17 => {
            packet.source_port = number(rest[0]).ok_or("the source's port is no number")?;
            packet.port = number(rest[1]).ok_or("the destination's port is no number")?;
            packet.data = number(rest[2]);
        }
        1 => packet.port = icmp(rest[0])?,
        58 => return Err("an ICMPv6 message whose kind is not told"),
        _ => {}
    }
    if protocol == 6 {
        packet.flags = flags(rest[3]);
        let sequence = rest[4].split(|byte| *byte == b':').next().unwrap_or_default();
        packet.sequence = number(sequence);
        packet.window = number(rest[6]).unwrap_or(0);
        // The list of options ends the line; a line that was cut has none.
        let told = count > if version == b"4" { 28 } else { 25 };
        packet.options = if told { Options::Told(options(rest[8])) } else { Options::Untold };
    }
    Ok(packet)
}

/// Type and code of a request, as filterlog names it.
fn icmp(name: &[u8]) -> Result<u16, &'static str> {
    match name {
        b"request" => Ok(0x0800),
        b"tstamp" => Ok(0x0d00),
        b"mask" => Ok(0x1100),
        b"reply" | b"tstampreply" | b"maskreply" | b"timexceed" | b"paramprob" | b"redirect"
        | b"needfrag" => Err("an ICMP message that asks nobody"),
        _ if name.starts_with(b"unreach") => Err("an ICMP message that asks nobody"),
        _ => Err("an ICMP message whose kind is not told"),
    }
}

fn flags(letters: &[u8]) -> Option<u8> {
    letters.iter().try_fold(0, |set, letter| {
        Some(
            set | match letter {
                b'F' => FIN,
                b'S' => SYN,
                b'R' => RST,
                b'P' => PSH,
                b'A' | b'.' => ACK,
                b'U' => URG,
                b'E' => ECE,
                b'C' | b'W' => CWR,
                _ => return None,
            },
        )
    })
}

fn options(names: &[u8]) -> u8 {
    names.split(|byte| *byte == b';').fold(0, |set, name| {
        set | match name {
            b"mss" => traits::MSS,
            b"wscale" => traits::WINDOW_SCALE,
            b"sackOK" => traits::SACK_PERMITTED,
            b"TS" => traits::TIMESTAMP,
            _ => 0,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::firewall::taken;
    use proptest::prelude::*;
    use watchpost_core::contact::{Contact, Outcome, Phase};

    fn one(line: &str) -> Result<Contact, &'static str> {
        taken(&FILTERLOG, line).map(|contacts| contacts[0])
    }

    /// Lines of crowdsecurity/hub's samples (MIT).
    const V4: &str = "Sep 28 10:38:24 pfSense filterlog: 53,,,1000102631,em0,match,block,in,4,0x0,,64,600,0,none,6,tcp,44,\
                      203.0.113.2,10.0.2.15,53792,22,0,S,31552001,,65535,,mss";
    const V6: &str = "<134>1 2025-11-06T11:42:14.270789+00:00 firewall.lan filterlog 92653 - - 621,,,1644355515,vtnet0.10,\
                      match,block,in,6,0x00,0x07c63,64,TCP,6,44,fdfd:ace:ace:10:d8:cdbf:f6f8:6d69,fdfd:ace:ace:5::6,65382,\
                      443,0,S,1927530165,,0,,mss;nop;wscale;nop;nop;TS;sackOK;eol";
    const UDP: &str = "<134>1 2022-09-06T18:37:34+02:00 opnsense filterlog 69805 - [meta sequenceId=\"2633353\"] 10,,,02f4,\
                       re0,match,block,in,4,0x0,,118,28579,0,none,17,udp,132,212.102.36.22,37.120.48.198,49838,52938,112";

    #[test]
    fn a_packet_has_its_whole_header() {
        let contact = one(V4).unwrap();
        assert_eq!((contact.port, contact.source_port, contact.ttl, contact.ip_id), (22, 53_792, 64, 600));
        assert_eq!((contact.sequence, contact.window, contact.flags), (31_552_001, 65_535, SYN));
        assert_eq!((contact.traits, contact.phase), (traits::MSS, Phase::Probe));
        let contact = one(V6).unwrap();
        assert_eq!((contact.port, contact.source_port, contact.sequence), (443, 65_382, 1_927_530_165));
        assert_eq!(contact.traits, traits::TCP_OPTIONS);
        let contact = one(UDP).unwrap();
        assert_eq!(
            (contact.port, contact.window, contact.ttl, contact.phase),
            (52_938, 112, 118, Phase::Unclear)
        );
        assert_eq!(contact.time, 1_662_482_254_000_000_000);
    }

    #[test]
    fn what_passed_what_is_late_and_what_is_cut() {
        let passed = one(&V4.replace(",block,", ",pass,")).unwrap();
        assert_eq!((passed.phase, passed.outcome), (Phase::Flow, Outcome::Unknown));
        let late = "a packet of a connection that the filter does not know any more";
        assert_eq!(one(&V4.replace(",0,S,", ",420,PA,")), Err(late));
        assert!(one(V4.trim_end_matches(",,mss")).unwrap().is_partly_told());
        let echo = "Sep 28 10:38:24 pfSense filterlog[9]: 5,,,1,em0,match,block,in,4,0x0,,64,6,0,none,1,icmp,84,203.0.113.2,\
                    10.0.2.15,request,7,3";
        assert_eq!(one(echo).unwrap().port, 0x0800);
        assert_eq!(one(&echo.replace("request", "reply")), Err("an ICMP message that asks nobody"));
        assert_eq!(one("Sep 28 10:38:24 pfSense sshd[9]: a, b"), Err("a message of something else"));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80), list in "[0-9a-z.:,;]{0,120}") {
            let _ = (parse(&bytes, 0), parse(list.as_bytes(), 0), taken(&FILTERLOG, &format!("filterlog: 1,{list}")));
        }
    }
}
