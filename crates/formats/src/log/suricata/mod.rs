//! Suricata's eve.json: one JSON object a line, of many types in one file.
//!
//! What makes contacts: `flow` above all; `netflow`, whose two directions are two lines, where a file holds no `flow`; and
//! `drop`, a packet with its header facts. What was said is in `http`, `ssh` and `tls`. An `alert`, an `anomaly` and what was
//! said belong to a flow that is told by itself, so none of them is a contact beside it; in a file without any flow
//! (many ship alerts alone) each flow that they name is one, with an outcome unknown unless what was said proves it
//! (`instead`).
//!
//! Most lines of a busy sensor are of other types; the type is looked for before anything is parsed.
//! Fields are those of Suricata's schema (versions 6 to 8): times have an offset without a colon, flow ids have 64 bits.
//! Limits: objects that a shipper wraps into its own are not recognised.

mod compact; // flow events as Suricata writes them, walked
mod event; // fields that all types share
mod flow; // flow: a whole connection
mod instead; // contacts of files without flows
mod netflow; // netflow: each direction a line
mod packet; // drop: one packet
mod said; // http, ssh, tls
mod stats; // stats: what the sensor lost

use memchr::memmem::Finder;

use super::{Assume, Lines, LogFormat, Out};
use crate::Spec;
use watchpost_core::contact::SECOND;
use watchpost_core::detect::Sense;

/// A flow is written when it has timed out, ten minutes after its last packet by default; the longest flows last longer.
const DISORDER: i64 = 900 * SECOND;

/// eve.json.
pub const EVE: LogFormat = LogFormat {
    spec: Spec {
        name: "suricata",
        help: "Suricata eve.json: flow, netflow and drop; alert and anomaly where no flow is told; http, ssh, tls",
        extensions: &["json", "ndjson", "log"],
        recognised: &[b"{\"timestamp\":", b"\"event_type\":"],
    },
    recognises,
    lines: |_: &Assume| Box::new(Eve::new()),
    disorder: DISORDER,
    blind: &[
        (
            Sense::Headers,
            "Suricata's flows have no header fields (window, TTL, IP id, options) that tools are told by",
        ),
        (Sense::Stacks, "Suricata's flows do not tell the headers of answers"),
        (
            Sense::Flags,
            "Suricata tells no TCP flags of packets outside of sessions (FIN, NULL, Xmas and ACK scans)",
        ),
    ],
};

/// Types by which a file is recognised.
const TYPES: &[&[u8]] = &[
    b"flow",
    b"netflow",
    b"alert",
    b"anomaly",
    b"drop",
    b"http",
    b"ssh",
    b"tls",
    b"dns",
    b"stats",
    b"fileinfo",
    b"smtp",
    b"ftp",
    b"ftp_data",
    b"smb",
    b"dhcp",
    b"nfs",
    b"tftp",
    b"ikev2",
    b"ike",
    b"krb5",
    b"snmp",
    b"rfb",
    b"sip",
    b"rdp",
    b"mqtt",
    b"http2",
    b"quic",
    b"modbus",
    b"dnp3",
    b"packetinfo",
    b"metadata",
    b"pgsql",
    b"telnet",
    b"websocket",
    b"ldap",
    b"doh2",
    b"mdns",
    b"pop3",
    b"arp",
    b"frame",
    b"engine",
];

struct Eve {
    finder: Finder<'static>,
    halves: netflow::Halves,
    instead: instead::Instead,
    flows: bool,
    lost: stats::Lost,
}

impl Eve {
    fn new() -> Self {
        Self {
            finder: Finder::new(b"\"event_type\""),
            halves: netflow::Halves::default(),
            instead: instead::Instead::default(),
            flows: false,
            lost: stats::Lost::default(),
        }
    }

    /// A line about a whole flow came: what stood in for such lines goes.
    fn flows(&mut self) {
        if !self.flows {
            self.flows = true;
            self.halves.forget();
            self.instead.forget();
        }
    }
}

impl Lines for Eve {
    fn take(&mut self, line: &[u8], out: &mut Out<'_>) -> Result<(), &'static str> {
        match kind(&self.finder, line).ok_or("no event_type: not a line of eve.json")? {
            b"flow" => {
                self.flows();
                out.contact(flow::contact(line, out.sensor)?);
                Ok(())
            }
            b"netflow" if self.flows => Err("a netflow record beside flow events, which tell the same"),
            b"netflow" => {
                self.instead.forget();
                self.halves.take(line, out)
            }
            b"drop" => {
                out.contact(packet::contact(line, out.sensor)?);
                Ok(())
            }
            b"alert" | b"anomaly" if self.flows => Ok(()),
            b"alert" | b"anomaly" => self.instead.take(line, out),
            b"http" => said::http(line, &mut self.instead, out),
            b"ssh" => said::ssh(line, &mut self.instead, out),
            b"tls" => said::tls(line, &mut self.instead, out),
            b"stats" => self.lost.take(line),
            _ => Err("an event type that tells of no contact"),
        }
    }

    fn end(&mut self, out: &mut Out<'_>) {
        self.halves.end(out);
        self.instead.end(out);
    }

    fn blind(&self) -> Vec<(Sense, String)> {
        let alone = (!self.flows && self.instead.used()).then(|| {
            let why =
                "no flow events here: only what a rule alerts on, or what was said, is seen (eve-log: flow)";
            (Sense::Accepted, why.to_owned())
        });
        alone.into_iter().chain(self.lost.blind()).collect()
    }
}

/// The event's type, without parsing the rest. Within a string the name's quotes would be escaped, so the first is a key.
#[inline]
fn kind<'a>(finder: &Finder<'_>, line: &'a [u8]) -> Option<&'a [u8]> {
    let rest = &line[finder.find(line)? + finder.needle().len()..];
    let rest = match rest {
        [b':', b'"', rest @ ..] => rest,
        _ => rest.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start().strip_prefix(b"\"")?,
    };
    Some(&rest[..memchr::memchr(b'"', rest)?])
}

/// Whether one of the first lines is an event: a file may begin within a line.
fn recognises(head: &[u8]) -> bool {
    let finder = Finder::new(b"\"event_type\"");
    let is_event = |line: &[u8]| {
        line.trim_ascii_start().starts_with(b"{")
            && memchr::memmem::find(line, b"\"timestamp\"").is_some()
            && kind(&finder, line).is_some_and(|kind| TYPES.contains(&kind))
    };
    head.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).take(3).any(is_event)
}

#[cfg(test)]
mod tests;
