//! Google Cloud's VPC flow logs and firewall rule logs: entries of Cloud Logging, one JSON object on each line, or one JSON array of
//! them as `gcloud logging read --format=json` writes it.
//!
//! Flow logs are sampled, and only of what the firewall lets in; the rules' logs tell what was denied, at most once in five
//! seconds for each pair of ends. Numbers stand in strings. Both sides may report one flow: of these the target's is taken.

use std::borrow::Cow;

use serde::Deserialize;
use watchpost_core::contact::{Contact, Outcome, Phase, SECOND, Time, Transport};
use watchpost_core::detect::Sense;

use crate::Spec;
use crate::log::cloud::counts::{Counts, LINK};
use crate::log::field::{address, number};
use crate::log::flow::{Flow, transport};
use crate::log::stamp::iso;
use crate::log::text::Text;
use crate::log::{Assume, Lines, LogFormat, Out};

/// Flows are reported after some seconds, and delivered a few minutes later.
const DISORDER: Time = 900 * SECOND;

/// Entries as sinks write them, and as `gcloud logging read --format=json` gives them.
pub const JSON: LogFormat = LogFormat {
    spec: Spec {
        name: "gcp-vpc",
        help: "Google Cloud VPC flow logs and firewall rule logs, entries of Cloud Logging on lines or in one array",
        extensions: &["json", "ndjson", "log"],
        recognised: &[b"{", b"["],
    },
    recognises,
    lines: |_: &Assume| Box::new(Entries::default()),
    disorder: DISORDER,
    blind: &[
        (Sense::Denied, "Google's VPC flow logs never tell what a firewall denied: add firewall rule logs"),
        (
            Sense::Everything,
            "Google's VPC flow logs are sampled, and firewall rule logs tell a pair once in five seconds: counts are floors, and silence proves nothing",
        ),
        (Sense::Headers, "Google's logs have neither flags nor header fields that tools are told by"),
        (Sense::Pings, "Google's logs do not tell ICMP's type"),
    ],
};

#[derive(Default)]
struct Entries {
    /// Rules that allow were seen: what came of it is not told.
    allowed: bool,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow, rename = "jsonPayload")]
    payload: Payload<'a>,
    #[serde(borrow)]
    timestamp: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Payload<'a> {
    #[serde(borrow)]
    connection: Connection<'a>,
    #[serde(borrow)]
    reporter: Option<Text<'a>>,
    #[serde(borrow)]
    packets_sent: Option<Text<'a>>,
    #[serde(borrow)]
    bytes_sent: Option<Text<'a>>,
    #[serde(borrow)]
    start_time: Option<Text<'a>>,
    #[serde(borrow)]
    disposition: Option<Text<'a>>,
    dest_instance: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Connection<'a> {
    #[serde(borrow)]
    src_ip: Cow<'a, str>,
    #[serde(borrow)]
    dest_ip: Cow<'a, str>,
    src_port: Option<u16>,
    dest_port: Option<u16>,
    protocol: Option<u8>,
}

impl Lines for Entries {
    fn take(&mut self, line: &[u8], out: &mut Out<'_>) -> Result<(), &'static str> {
        let entry: Entry<'_> =
            serde_json::from_slice(line).map_err(|_| "no entry of a flow or a firewall rule")?;
        out.contact(contact(&entry, out.sensor)?);
        self.allowed |= entry.payload.disposition.as_ref().is_some_and(|said| said.bytes() == b"ALLOWED");
        Ok(())
    }

    fn blind(&self) -> Vec<(Sense, String)> {
        let why = "Google's firewall rule logs do not tell how an allowed connection went";
        self.allowed.then(|| (Sense::Answers, why.to_owned())).into_iter().collect()
    }
}

fn contact(entry: &Entry<'_>, sensor: u16) -> Result<Contact, &'static str> {
    let payload = &entry.payload;
    let from_source = payload.reporter.as_ref().is_some_and(|reporter| reporter.bytes().starts_with(b"SRC"));
    if from_source && payload.dest_instance.is_some() {
        return Err("a flow that its target reports too");
    }
    let ends = &payload.connection;
    let source = address(ends.src_ip.as_bytes()).ok_or("a source that is no address")?;
    let target = address(ends.dest_ip.as_bytes()).ok_or("a target that is no address")?;
    let protocol = ends.protocol.ok_or("no protocol")?;
    let kind = transport(protocol);
    if matches!(kind, Transport::Icmp | Transport::Icmp6) {
        return Err("ICMP without a type");
    }
    let stamp = payload.start_time.as_ref().or(entry.timestamp.as_ref()).ok_or("no time")?;
    let (time, _) = iso(stamp.bytes()).ok_or("a time of an unknown form")?;
    let (source_port, port) = match kind {
        Transport::Ip => (0, u16::from(protocol)),
        _ => (ends.src_port.unwrap_or(0), ends.dest_port.ok_or("no port")?),
    };
    let mut flow = Flow::new(time, kind, (source, source_port), (target, port));
    let count = |text: &Option<Text<'_>>| text.as_ref().and_then(|count| number(count.bytes()));
    let counts = Counts {
        packets: count(&payload.packets_sent).unwrap_or(1),
        bytes: count(&payload.bytes_sent).unwrap_or(0),
    };
    flow.packets = counts.packets;
    // Silence is never known, data is: where this is the answer, core knows better.
    if kind == Transport::Tcp && counts.carry_data(target.is_v4(), LINK) {
        flow.outcome = Outcome::Asked;
    }
    // A rule's log names who asks; a flow log reports each direction by itself, sampled, so that silence proves nothing.
    let phase = match payload.disposition.as_ref().map(Text::bytes) {
        Some(b"DENIED") => {
            flow.outcome = Outcome::Silent;
            Phase::Flow
        }
        Some(_) => Phase::Flow,
        None => Phase::Half,
    };
    Ok(Contact { phase, ..flow.contact(sensor) })
}

fn recognises(head: &[u8]) -> bool {
    let first =
        head.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty()).unwrap_or_default();
    let has = |what: &[u8]| memchr::memmem::find(first, what).is_some();
    first.trim_ascii_start().starts_with(b"{")
        && has(b"\"jsonPayload\"")
        && has(b"\"connection\"")
        && has(b"\"src_ip\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Report;
    use proptest::prelude::*;

    fn read(line: &str) -> Result<Contact, &'static str> {
        let (mut contacts, mut heard, mut report) = (Vec::new(), Vec::new(), Report::new());
        let mut out = Out::new(0, &mut contacts, &mut heard, &mut report);
        Entries::default().take(line.as_bytes(), &mut out).map(|()| contacts[0])
    }

    /// Entries in the documented form.
    fn entry(more: &str) -> String {
        format!(
            r#"{{"insertId":"x","jsonPayload":{{"connection":{{"dest_ip":"10.0.0.5","dest_port":22,"protocol":6,"src_ip":"198.51.100.7","src_port":40000}},{more}}},"logName":"projects/p/logs/compute.googleapis.com%2Fvpc_flows","timestamp":"2026-01-01T00:00:05Z"}}"#
        )
    }

    #[test]
    fn flows_are_sampled_and_denied_ones_got_no_answer() {
        let flow = entry(
            r#""bytes_sent":"40","packets_sent":"3","reporter":"DEST","start_time":"2026-01-01T00:00:01.5Z""#,
        );
        assert!(recognises(format!("\n{flow}\n").as_bytes()) && !recognises(b"{\"a\":1}\n"));
        let one = read(&flow).unwrap();
        assert_eq!((one.phase, one.outcome, one.weight, one.port), (Phase::Half, Outcome::Unknown, 3, 22));
        assert_eq!(one.time, 1_767_225_601 * SECOND + SECOND / 2);
        let denied = read(&entry(r#""disposition":"DENIED","rule_details":{"action":"DENY"}"#)).unwrap();
        assert_eq!((denied.phase, denied.outcome), (Phase::Flow, Outcome::Silent));
        let talks = entry(
            r#""bytes_sent":"4000","packets_sent":"6","reporter":"DEST","start_time":"2026-01-01T00:00:01Z""#,
        );
        assert_eq!(read(&talks).unwrap().outcome, Outcome::Asked);
        let twice = read(&entry(r#""reporter":"SRC","dest_instance":{"vm_name":"a"}"#));
        assert_eq!(twice.unwrap_err(), "a flow that its target reports too");
        assert_eq!(read("{}").unwrap_err(), "no entry of a flow or a firewall rule");
    }

    proptest! {
        #[test]
        fn no_bytes_panic(text in proptest::collection::vec(any::<u8>(), 1..200)) {
            let _ = (recognises(&text), read(&String::from_utf8_lossy(&text)));
        }
    }
}
