//! ArcSight's common event format, from any firewall: `CEF:0|vendor|product|version|class|name|severity|src=.. spt=.. dst=..
//! dpt=.. proto=TCP act=blocked rt=1749384000000`.
//!
//! Values hold blanks: one ends where the next key begins. The extension's keys are those of the CEF implementation
//! standard. An event without both ends, a transport and a port is none that is read.

use memchr::{memchr, memmem};

use super::packet::{Verdict, by_name, denied, words};
use super::syslog::{self, Clock, Stamp};
use super::{ACCEPTED, ANSWERS, HEADERS, PACKETS_LATE, RATE};
use crate::Spec;
use crate::log::field::{address, number};
use crate::log::flow::{Flow, transport};
use crate::log::{Assume, Lines, LogFormat, Out};
use watchpost_core::contact::Transport;

/// CEF.
pub const CEF: LogFormat = LogFormat {
    spec: Spec {
        name: "cef",
        help: "CEF events of any firewall that name both ends, a transport and a port",
        extensions: &["log", "cef"],
        recognised: &[b"CEF:0|"],
    },
    recognises: |head| super::any_line(head, |line| extension(line).is_some()),
    lines: |assume: &Assume| Box::new(Cef { clock: Clock::new(assume) }),
    disorder: 90 * PACKETS_LATE,
    blind: &[ANSWERS, ACCEPTED, RATE, HEADERS],
};

struct Cef {
    clock: Clock,
}

/// The fields that are read; empty where they are not there.
#[derive(Debug, Default)]
struct Fields<'a> {
    source: &'a [u8],
    target: &'a [u8],
    source_port: &'a [u8],
    port: &'a [u8],
    protocol: &'a [u8],
    action: &'a [u8],
    count: &'a [u8],
    start: &'a [u8],
    received: &'a [u8],
    utc: &'a [u8],
}

impl Lines for Cef {
    fn take(&mut self, line: &[u8], out: &mut Out<'_>) -> Result<(), &'static str> {
        let fields = Fields::of(extension(line).ok_or("a message of something else")?);
        let mut flow = fields.flow()?;
        let told =
            [fields.start, fields.received, fields.utc].into_iter().map(stamp).find(|s| *s != Stamp::None);
        flow.time = self.clock.time(told.unwrap_or_else(|| syslog::open(line).stamp))?;
        out.contact(flow.contact(out.sensor));
        Ok(())
    }

    fn assumed(&self) -> Vec<String> {
        self.clock.assumed()
    }
}

/// What follows the seven fields of the header.
fn extension(line: &[u8]) -> Option<&[u8]> {
    let mut rest = &line[memmem::find(line, b"CEF:")? + 4..];
    for _ in 0..7 {
        let mut from = 0;
        loop {
            let bar = from + memchr(b'|', &rest[from..])?;
            // A bar within a field is escaped.
            if bar == 0 || rest[bar - 1] != b'\\' {
                rest = &rest[bar + 1..];
                break;
            }
            from = bar + 1;
        }
    }
    Some(rest)
}

/// Milliseconds since 1970, or a date with the month's name, or ISO 8601.
fn stamp(text: &[u8]) -> Stamp {
    match number::<i64>(text) {
        Some(millis) => millis.checked_mul(1_000_000).map_or(Stamp::None, Stamp::At),
        None => syslog::stamp(text),
    }
}

impl<'a> Fields<'a> {
    fn of(extension: &'a [u8]) -> Self {
        let mut fields = Self::default();
        let mut rest = extension;
        while let Some(equals) = memchr(b'=', rest) {
            let key = &rest[..equals];
            let value = &rest[equals + 1..];
            // The next key is the word before the next sign that is not escaped.
            let mut end = value.len();
            let mut from = 0;
            while let Some(next) = memchr(b'=', &value[from..]).map(|at| from + at) {
                if next > 0 && value[next - 1] == b'\\' {
                    from = next + 1;
                    continue;
                }
                end = memchr::memrchr(b' ', &value[..next]).unwrap_or(next);
                break;
            }
            let (value, after) = value.split_at(end);
            rest = after.trim_ascii_start();
            if after.first() == Some(&b'=') {
                // No blank before the sign: it belongs to the value.
                rest = &after[1..];
            }
            if let Some(field) = fields.named(key.trim_ascii()) {
                *field = value.trim_ascii();
            }
        }
        fields
    }

    fn named(&mut self, key: &[u8]) -> Option<&mut &'a [u8]> {
        Some(match key {
            b"src" | b"c6a2" => &mut self.source,
            b"dst" | b"c6a3" => &mut self.target,
            b"spt" => &mut self.source_port,
            b"dpt" => &mut self.port,
            b"proto" => &mut self.protocol,
            b"act" => &mut self.action,
            b"cnt" => &mut self.count,
            b"start" => &mut self.start,
            b"rt" => &mut self.received,
            b"UNIFIutcTime" => &mut self.utc,
            _ => return None,
        })
    }

    fn flow(&self) -> Result<Flow, &'static str> {
        let source = address(self.source).ok_or("an event that names no source")?;
        let target = address(self.target).ok_or("an event that names no destination")?;
        let protocol = by_name(self.protocol).ok_or("an event that names no transport")?;
        let kind = transport(protocol);
        let (source_port, port) = match kind {
            Transport::Icmp | Transport::Icmp6 => return Err("an ICMP message whose kind is not told"),
            Transport::Ip => (0, u16::from(protocol)),
            _ => (
                number(self.source_port).unwrap_or(0),
                number(self.port).ok_or("an event that names no port")?,
            ),
        };
        let mut flow = Flow::new(0, kind, (source, source_port), (target, port));
        if words(self.action) == Verdict::Denied {
            flow.outcome = denied(source, target);
        }
        flow.packets = number(self.count).unwrap_or(1);
        Ok(flow)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::firewall::taken;
    use proptest::prelude::*;
    use watchpost_core::contact::{Contact, Outcome};

    fn one(line: &str) -> Result<Contact, &'static str> {
        taken(&CEF, line).map(|contacts| contacts[0])
    }

    /// After crowdsecurity/hub's samples (MIT), shortened.
    const BLOCKED: &str = "Oct 26 20:01:31 Express-7 CEF:0|Ubiquiti|UniFi Network|10.0.140|201|Threat Detected \\| \
        Blocked|7|proto=TCP src=198.51.100.10 spt=46621 dst=192.168.0.233 dpt=80 act=blocked app=HTTP \
        UNIFIsubCategory=Intrusion Prevention UNIFIutcTime=2025-10-26T19:01:31.807Z msg=An attempt a\\=b has been blocked. ";

    #[test]
    fn an_event_is_a_flow() {
        let contact = one(BLOCKED).unwrap();
        assert_eq!((contact.port, contact.source_port, contact.outcome), (80, 46_621, Outcome::Silent));
        assert_eq!(contact.time, 1_761_505_291_807_000_000);
        assert_eq!(one(&BLOCKED.replace("act=blocked", "act=allowed")).unwrap().outcome, Outcome::Unknown);
        let millis = BLOCKED.replace("msg=An", "rt=1749384000000 msg=An");
        assert_eq!(one(&millis).unwrap().time, 1_749_384_000_000_000_000);
        let named = BLOCKED.replace("msg=An", "start=Jun 08 2025 12:00:00 UTC msg=An");
        assert_eq!(one(&named).unwrap().time, 1_749_384_000_000_000_000);
        let header = BLOCKED.replace("UNIFIutcTime", "other");
        assert_eq!(one(&header).unwrap().time, 1_761_508_891_000_000_000, "the header's stamp");
    }

    #[test]
    fn what_lacks_an_end_is_counted() {
        assert_eq!(
            one(&BLOCKED.replace(" dst=192.168.0.233", "")),
            Err("an event that names no destination")
        );
        assert_eq!(one(&BLOCKED.replace("proto=TCP ", "")), Err("an event that names no transport"));
        assert_eq!(one("CEF:0|a|b|c|d|e|1"), Err("a message of something else"));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80), text in "[a-z= \\\\|0-9.:]{0,80}") {
            let _ = (Fields::of(&bytes).flow(), extension(&bytes), stamp(&bytes));
            let _ = one(&format!("CEF:0|a|b|c|d|e|1|src=1.2.3.4 dst=1.2.3.5 proto=tcp dpt={text}"));
        }
    }
}
