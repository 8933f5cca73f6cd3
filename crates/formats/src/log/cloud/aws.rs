//! AWS VPC flow logs as text: version 2's default fields, or any fields by the header that files in S3 begin with.
//!
//! Each direction is a record by itself ([`Phase::Half`]), added up over one or ten minutes. Flags are those of SYN, FIN, RST and
//! SYN-ACK alone, and version 2 has none. What was rejected is denied by a security group or a network ACL.
//!
//! Limits: ICMP has no type here, so a ping cannot be told from its answer and is left out; files in CloudWatch's own form with
//! custom fields have no header, and are not recognised.

use watchpost_core::contact::{Contact, Outcome, Phase, SECOND, Time, Transport};
use watchpost_core::detect::Sense;

use crate::Spec;
use crate::log::field::{address, number};
use crate::log::flow::{Flow, transport};
use crate::log::{Assume, Lines, LogFormat, Out};

/// Records are added up over ten minutes at most, and delivered some minutes later.
const DISORDER: Time = 900 * SECOND;
/// Fields of version 2, in their order.
const DEFAULT: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status";
/// Fields that are read; of the addresses the packet's own come before the interface's.
const FIELDS: [&str; COUNT] = [
    "srcaddr",
    "dstaddr",
    "pkt-srcaddr",
    "pkt-dstaddr",
    "srcport",
    "dstport",
    "protocol",
    "packets",
    "start",
    "action",
    "log-status",
    "tcp-flags",
];
const COUNT: usize = 12;

/// Text, with or without a header.
pub const TEXT: LogFormat = LogFormat {
    spec: Spec {
        name: "aws-vpc",
        help: "AWS VPC flow logs as text: version 2's default fields, others by their header",
        extensions: &["log"],
        recognised: &[b"version account-id", b"2 "],
    },
    recognises,
    lines: |_: &Assume| Box::new(Records { columns: columns(DEFAULT.as_bytes()) }),
    disorder: DISORDER,
    blind: &[
        (Sense::Headers, "AWS VPC flow logs have no header fields that tools are told by"),
        (
            Sense::Flags,
            "AWS VPC flow logs tell SYN, FIN, RST and SYN-ACK alone, version 2 none: crafted packets look like others",
        ),
        (Sense::Pings, "AWS VPC flow logs do not tell ICMP's type"),
        (Sense::Words, "AWS VPC flow logs do not tell what was said"),
    ],
};

struct Records {
    /// For each column the place of its field in [`FIELDS`], if it is read.
    columns: Vec<Option<usize>>,
}

impl Lines for Records {
    fn take(&mut self, line: &[u8], out: &mut Out<'_>) -> Result<(), &'static str> {
        if is_header(line) {
            self.columns = columns(line);
            return Ok(());
        }
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
        out.contact(contact(&values, out.sensor)?);
        Ok(())
    }
}

fn contact(values: &[&[u8]; COUNT], sensor: u16) -> Result<Contact, &'static str> {
    let [src, dst, pkt_src, pkt_dst, sport, dport, protocol, packets, start, action, status, flags] = *values;
    match status {
        b"NODATA" => return Err("no traffic in that time (NODATA)"),
        b"SKIPDATA" => return Err("records that AWS skipped (SKIPDATA)"),
        _ => {}
    }
    let host = |packet: &[u8], interface: &[u8]| address(packet).or_else(|| address(interface));
    let source = host(pkt_src, src).ok_or("a source that is no address")?;
    let target = host(pkt_dst, dst).ok_or("a target that is no address")?;
    let protocol: u8 = number(protocol).ok_or("a protocol that is no number")?;
    let kind = transport(protocol);
    if matches!(kind, Transport::Icmp | Transport::Icmp6) {
        return Err("ICMP without a type");
    }
    let seconds: i64 = number(start).ok_or("a start that is no time")?;
    let time = seconds.checked_mul(SECOND).ok_or("a start that is no time")?;
    let (source_port, port) = match kind {
        Transport::Ip => (0, u16::from(protocol)),
        _ => (number(sport).ok_or("a port that is none")?, number(dport).ok_or("a port that is none")?),
    };
    let mut flow = Flow::new(time, kind, (source, source_port), (target, port));
    flow.packets = number(packets).unwrap_or(1);
    flow.flags = number(flags).unwrap_or(0);
    // An answer would be a record of its own; what was rejected got none.
    flow.outcome = Outcome::Silent;
    let phase = if action == b"REJECT" { Phase::Flow } else { Phase::Half };
    Ok(Contact { phase, ..flow.contact(sensor) })
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

fn recognises(head: &[u8]) -> bool {
    let Some(first) = head.split(|byte| *byte == b'\n').next() else { return false };
    let first = first.strip_suffix(b"\r").unwrap_or(first);
    if is_header(first) {
        return true;
    }
    let fields: Vec<&[u8]> = first.split(|byte| *byte == b' ').collect();
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

    proptest! {
        #[test]
        fn no_bytes_panic(text in proptest::collection::vec(any::<u8>(), 1..200)) {
            let _ = recognises(&text);
            let line = [b"2 1 e 192.0.2.1 ", &text[..]].concat();
            let (mut contacts, mut heard, mut report) = (Vec::new(), Vec::new(), Report::new());
            let mut out = Out::new(0, &mut contacts, &mut heard, &mut report);
            let _ = (TEXT.lines)(&Assume::default()).take(&line, &mut out);
        }
    }
}
