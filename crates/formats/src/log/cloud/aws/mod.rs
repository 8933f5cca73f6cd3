//! AWS VPC flow logs as text: version 2's default fields, or any fields by the header that files in S3 begin with.
//!
//! CloudWatch's exports write a stamp in front of each record, and its subscriptions and queries hold records as messages of JSON
//! events; both are read where the fields are version 2's. What a record tells is in `record`, for text and Parquet alike.
//!
//! Limits: ICMP has no type here, so a ping cannot be told from its answer and is left out; what CloudWatch holds of custom
//! fields has no header, and is not recognised.

pub(crate) mod record; // what a record tells

use serde::Deserialize;
use watchpost_core::contact::{SECOND, Time};
use watchpost_core::detect::Sense;

use crate::Spec;
use crate::log::field::number;
use crate::log::stamp::iso;
use crate::log::text::Text;
use crate::log::{Assume, Lines, LogFormat, Out};
use record::{COUNT, FIELDS, Gaps, contact};

/// Records are added up over ten minutes at most, and delivered some minutes later.
pub(crate) const DISORDER: Time = 900 * SECOND;
/// Fields of version 2, in their order.
const DEFAULT: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status";
/// Text, with or without a header.
pub const TEXT: LogFormat = LogFormat {
    spec: Spec {
        name: "aws-vpc",
        help: "AWS VPC flow logs as text: version 2's default fields, others by their header; also as CloudWatch exports them",
        extensions: &["log", "json"],
        recognised: &[b"version account-id", b"2 ", b"{\"messageType\""],
    },
    recognises,
    lines: |_: &Assume| Box::new(Records { columns: columns(DEFAULT.as_bytes()), gaps: Gaps::default() }),
    disorder: DISORDER,
    blind: BLIND,
};

/// What AWS leaves out, in text and in Parquet.
pub(crate) const BLIND: &[(Sense, &str)] = &[
    (Sense::Headers, "AWS VPC flow logs have no header fields that tools are told by"),
    (
        Sense::Flags,
        "AWS VPC flow logs tell SYN, FIN, RST and SYN-ACK alone, version 2 none: crafted packets look like others",
    ),
    (Sense::Pings, "AWS VPC flow logs do not tell ICMP's type"),
    (Sense::Words, "AWS VPC flow logs do not tell what was said"),
];

struct Records {
    /// For each column the place of its field in [`FIELDS`], if it is read.
    columns: Vec<Option<usize>>,
    gaps: Gaps,
}

/// An event of CloudWatch.
#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    message: Text<'a>,
}

impl Lines for Records {
    fn take(&mut self, line: &[u8], out: &mut Out<'_>) -> Result<(), &'static str> {
        if line.first() == Some(&b'{') {
            let event: Event<'_> = serde_json::from_slice(line).map_err(|_| "no event with a message")?;
            return self.record(event.message.bytes(), out);
        }
        if is_header(line) {
            self.columns = columns(line);
            return Ok(());
        }
        self.record(without_stamp(line), out)
    }

    fn blind(&self) -> Vec<(Sense, String)> {
        self.gaps.blind().into_iter().collect()
    }
}

impl Records {
    fn record(&mut self, line: &[u8], out: &mut Out<'_>) -> Result<(), &'static str> {
        let mut values = [&[][..]; COUNT];
        let mut fields = 0;
        for (column, value) in self.columns.iter().zip(line.split(|byte| *byte == b' ')) {
            fields += 1;
            if let Some(place) = column
                && value != b"-"
            {
                values[*place] = value;
            }
        }
        if fields < self.columns.len() {
            return Err("fewer fields than the header names");
        }
        out.contact(contact(&values, &mut self.gaps, out.sensor)?);
        Ok(())
    }
}

fn columns(header: &[u8]) -> Vec<Option<usize>> {
    let place = |name: &[u8]| FIELDS.iter().position(|field| field.as_bytes() == name);
    header.split(|byte| *byte == b' ').map(place).collect()
}

/// Names of fields: the addresses are always among them.
fn is_header(line: &[u8]) -> bool {
    let has = |name: &[u8]| line.split(|byte| *byte == b' ').any(|field| field == name);
    (has(b"srcaddr") || has(b"pkt-srcaddr")) && (has(b"dstaddr") || has(b"pkt-dstaddr"))
}

/// The record behind the stamp that CloudWatch's exports begin each line with.
fn without_stamp(line: &[u8]) -> &[u8] {
    match memchr::memchr(b' ', &line[..line.len().min(40)]) {
        Some(end) if end >= 20 && iso(&line[..end]).is_some() => &line[end + 1..],
        _ => line,
    }
}

fn recognises(head: &[u8]) -> bool {
    let Some(first) = head.split(|byte| *byte == b'\n').next() else { return false };
    let first = first.strip_suffix(b"\r").unwrap_or(first);
    if first.first() == Some(&b'{') {
        return serde_json::from_slice(first).is_ok_and(|event: Event<'_>| is_default(event.message.bytes()));
    }
    is_header(first) || is_default(without_stamp(first))
}

/// A record of version 2's fields.
fn is_default(line: &[u8]) -> bool {
    let fields: Vec<&[u8]> = line.split(|byte| *byte == b' ').take(15).collect();
    fields.len() == 14
        && fields[0] == b"2"
        && matches!(fields[13], b"OK" | b"NODATA" | b"SKIPDATA")
        && number::<u64>(fields[10]).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Report;
    use proptest::prelude::*;
    use watchpost_core::contact::flags::{ACK, PSH, SYN};
    use watchpost_core::contact::{Contact, Outcome, Phase};
    use watchpost_core::net::Address;

    fn read(text: &str) -> (Vec<Contact>, Vec<&'static str>) {
        let (mut contacts, mut heard, mut report) = (Vec::new(), Vec::new(), Report::new());
        let mut lines = (TEXT.lines)(&Assume::default());
        let mut errors = Vec::new();
        for line in text.lines().filter(|line| !line.is_empty()) {
            let mut out = Out::new(3, &mut contacts, &mut heard, &mut report);
            errors.extend(lines.take(line.as_bytes(), &mut out).err());
        }
        (contacts, errors)
    }

    /// The examples of the documentation of version 2.
    const EXAMPLES: &str = "\
2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK
2 123456789010 eni-1235b8ca123456789 172.31.9.69 172.31.9.12 49761 3389 6 20 4249 1418530010 1418530070 REJECT OK
2 123456789010 eni-1235b8ca123456789 - - - - - - - 1431280876 1431280934 - NODATA
2 123456789010 eni-11111111aaaaaaaaa - - - - - - - 1431280876 1431280934 - SKIPDATA
2 123456789010 eni-1235b8ca123456789 203.0.113.12 172.31.16.139 0 0 1 4 336 1432917027 1432917142 ACCEPT OK
";

    #[test]
    fn the_documentation_s_examples() {
        assert!(recognises(EXAMPLES.as_bytes()));
        let (contacts, errors) = read(EXAMPLES);
        assert_eq!(contacts.len(), 2);
        assert_eq!((contacts[0].phase, contacts[0].port, contacts[0].weight), (Phase::Half, 22, 20));
        assert_eq!((contacts[1].phase, contacts[1].outcome), (Phase::Flow, Outcome::Silent));
        assert_eq!((contacts[0].time, contacts[0].sensor), (1_418_530_010 * SECOND, 3));
        assert_eq!(
            errors,
            [
                "no traffic in that time (NODATA)",
                "records that AWS skipped (SKIPDATA)",
                "ICMP without a type"
            ]
        );
    }

    #[test]
    fn a_header_gives_the_order_and_the_packet_s_own_addresses_come_first() {
        let text = "action dstport pkt-srcaddr srcaddr dstaddr srcport protocol tcp-flags start log-status\n\
                    ACCEPT 22 198.51.100.7 10.0.0.1 10.0.0.5 40000 6 2 1418530010 OK\n";
        assert!(recognises(text.as_bytes()) && !recognises(b"a b c\n") && !recognises(b""));
        let (contacts, errors) = read(text);
        assert!(errors.is_empty(), "{errors:?}");
        let one = contacts[0];
        assert_eq!((one.source, one.target), (Address::v4([198, 51, 100, 7]), Address::v4([10, 0, 0, 5])));
        assert_eq!((one.flags, one.port, one.weight), (2, 22, 1));
    }

    /// A record of version 3 of a TCP flow with these packets, bytes and flags.
    fn one(packets: u32, bytes: u32, flags: u8, action: &str) -> Contact {
        let header = "version srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status tcp-flags";
        let text = format!(
            "{header}\n3 198.51.100.7 10.0.0.5 40000 22 6 {packets} {bytes} 1418530010 1418530070 {action} OK {flags}\n"
        );
        read(&text).0[0]
    }

    #[test]
    fn a_window_s_flags_are_a_sum_and_data_shows_in_bytes() {
        let told = |c: Contact| (c.flags, c.outcome);
        // A connection that was opened and closed; of one packet the flags are its own.
        assert_eq!(told(one(4, 220, 3, "ACCEPT")), (SYN, Outcome::Completed));
        assert_eq!(told(one(1, 40, 3, "ACCEPT")), (3, Outcome::Silent));
        assert_eq!(told(one(2, 120, 2, "ACCEPT")), (SYN, Outcome::Silent));
        assert_eq!(told(one(6, 900, 3, "ACCEPT")), (SYN, Outcome::Asked));
        assert_eq!(told(one(5, 3_000, 19, "ACCEPT")).0, SYN | ACK | PSH | 1);
        assert_eq!(told(one(6, 900, 2, "REJECT")), (SYN, Outcome::Silent));
    }

    const SILENT: &str = "\
2 1 eni-1 172.31.16.139 172.31.16.21 20641 22 6 3 180 1418530010 1418530070 ACCEPT OK
2 1 eni-1 172.31.9.69 172.31.9.12 49761 3389 6 3 180 1418530010 1418530070 REJECT OK
";

    #[test]
    fn where_records_are_missing_silence_is_not_known() {
        let skipped = "2 1 eni-1 - - - - - - - 1418530000 1418530060 - SKIPDATA\n";
        let (contacts, _) = read(&format!("{skipped}{SILENT}"));
        assert_eq!((contacts[0].outcome, contacts[1].outcome), (Outcome::Unknown, Outcome::Silent));
        let later = skipped.replace("14185", "14186");
        assert_eq!(read(&format!("{later}{SILENT}")).0[0].outcome, Outcome::Silent);
        let mut gaps = Gaps::default();
        assert_eq!(gaps.blind(), None);
        let mut values = [&b""[..]; COUNT];
        values[FIELDS.iter().position(|field| *field == "log-status").unwrap()] = b"SKIPDATA";
        for _ in 0..2 {
            assert!(contact(&values, &mut gaps, 0).is_err());
        }
        assert!(gaps.blind().unwrap().1.starts_with("AWS left out records in 2 windows (SKIPDATA)"));
    }

    #[test]
    fn cloudwatch_s_stamps_and_events() {
        let plain = read(EXAMPLES);
        let stamped: Vec<String> =
            EXAMPLES.lines().map(|line| format!("2014-12-18T04:15:10.000Z {line}\n")).collect();
        let events: Vec<String> = EXAMPLES
            .lines()
            .map(|line| format!("{{\"id\":\"3\",\"timestamp\":1418530010000,\"message\":\"{line}\"}}\n"))
            .collect();
        for text in [stamped.concat(), events.concat()] {
            assert!(recognises(text.as_bytes()), "{text}");
            assert_eq!(read(&text), plain);
        }
        assert!(!recognises(b"{\"message\":\"hello\"}\n"));
        assert_eq!(read("{\"id\":1}\n").1, ["no event with a message"]);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(text in proptest::collection::vec(any::<u8>(), 1..200)) {
            let _ = recognises(&text);
            let line = [b"2 1 e 192.0.2.1 ", &text[..]].concat();
            let (mut contacts, mut heard, mut report) = (Vec::new(), Vec::new(), Report::new());
            let mut out = Out::new(0, &mut contacts, &mut heard, &mut report);
            let _ = (TEXT.lines)(&Assume::default()).take(&line, &mut out);
            let _ = (TEXT.lines)(&Assume::default()).take(&text, &mut out);
        }
    }
}
