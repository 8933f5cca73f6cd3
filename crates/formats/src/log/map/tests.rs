use std::io::Cursor;
use std::sync::Arc;

use super::*;
use crate::reader::Reader;
use crate::report::Report;
use proptest::prelude::*;
use watchpost_core::contact::flags::SYN;
use watchpost_core::contact::{Contact, Outcome, Phase, SECOND, Transport};

pub(super) const NOON: Time = 1_749_384_000 * SECOND;

pub(super) fn maps(text: &str) -> Assume {
    let maps = read(text).unwrap_or_else(|error| panic!("{error}"));
    Assume { year: Some(2025), maps: maps.into_iter().map(Arc::new).collect(), ..Assume::default() }
}

pub(super) fn open(text: &str, assume: &Assume) -> Result<Reader<Cursor<String>>, String> {
    Reader::open(Cursor::new(text.to_owned()), 3, assume).map_err(|error| error.to_string())
}

pub(super) fn all(text: &str, assume: &Assume) -> (Vec<Contact>, Report, String) {
    let mut reader = open(text, assume).unwrap();
    let mut contacts = Vec::new();
    while reader.fill(&mut contacts, 7) {}
    (contacts, reader.report().clone(), reader.format())
}

pub(super) fn reasons(report: &Report) -> Vec<(&'static str, u64)> {
    report.skipped().map(|(reason, skipped)| (reason, skipped.count)).collect()
}

/// Of a gateway that nobody knows.
const GATEWAY: &str = r#"
[[map]]
name = "gateway"
help = "a gateway"
format = "ndjson"
records = "flows"
[map.fields]
time = "ts"
source = "client.addr"
source_port = "client.port"
target = ["server.addr", "server.host"]
target_port = "server.port"
transport = "proto"
packets = "out.packets"
packets_back = "in.packets"
outcome = "events.0"
direction = "dir"
[map.outcomes]
accept = "unknown"
DENY = "denied"
reset = "refused"
[map]
"#;

fn gateway(more: &str) -> Assume {
    maps(
        &GATEWAY
            .replace("[map]\n", "")
            .replace("[map.fields]", &format!("turned = \"reply\"\n{more}\n[map.fields]")),
    )
}

/// `client` asks `server`, with these fields besides.
fn line(more: &str) -> String {
    format!(
        r#"{{"ts":1749384000.5,"client":{{"addr":"198.51.100.7","port":40000}},"server.addr":"203.0.113.9","server":{{"port":"443"}},"proto":"TCP"{more}}}"#
    )
}

fn outcome(more: &str) -> Outcome {
    all(&line(more), &gateway("")).0[0].outcome
}

#[test]
fn a_flow_of_json() {
    let (contacts, report, format) = all(&line(r#","out":{"packets":4}"#), &gateway(""));
    let one = contacts[0];
    assert_eq!(
        (one.phase, one.transport, one.port, one.source_port),
        (Phase::Flow, Transport::Tcp, 443, 40_000)
    );
    assert_eq!((one.time, one.weight, one.sensor, one.outcome), (NOON + SECOND / 2, 4, 3, Outcome::Unknown));
    assert_eq!((format.as_str(), report.packets), ("gateway", 1));
    assert_eq!(
        report.assumed,
        [
            "no line has what the map calls packets_back (in.packets), outcome (events.0), direction (dir): it is unknown"
        ]
    );
    let blind: Vec<Sense> = report.blind.iter().map(|(sense, _)| *sense).collect();
    assert_eq!(blind, [Sense::Flags, Sense::Headers, Sense::Pings, Sense::Words]);
}

#[test]
fn of_several_names_the_first_counts_wherever_it_stands() {
    let target = |line: &str| all(line, &gateway("")).0[0].target;
    let (first, second) = (Address::v4([203, 0, 113, 9]), Address::v4([203, 0, 113, 10]));
    assert_eq!(target(&line(r#","server.host":"203.0.113.10""#)), first);
    let before = line("").replacen('{', r#"{"server.host":"203.0.113.10","#, 1);
    assert_eq!(target(&before), first);
    assert_eq!(target(&before.replace("\"server.addr\"", "\"x\"")), second);
}

#[test]
fn words_tell_how_it_went_and_counters_where_they_do_not() {
    assert_eq!(outcome(r#","events":["deny","x"]"#), Outcome::Silent);
    assert_eq!(outcome(r#","events":["Reset"]"#), Outcome::Refused);
    assert_eq!(outcome(r#","in":{"packets":0}"#), Outcome::Silent);
    assert_eq!(outcome(r#","in.packets":3,"out.packets":3,"events":["accept"]"#), Outcome::Answered);
    assert_eq!(outcome(r#","in.packets":1,"out.packets":1"#), Outcome::Refused);
    assert_eq!(outcome(r#","events":["accept"]"#), Outcome::Unknown);
    let sampled = all(&line(r#","in.packets":0"#), &gateway("sampled = true")).0;
    assert_eq!(sampled[0].outcome, Outcome::Unknown);
    let report =
        all(&line(r#","events":["strange"],"out.packets":1,"in.packets":null,"dir":"x""#), &gateway("")).1;
    assert!(report.assumed.iter().any(|said| said.starts_with("1 lines tell how they went")), "{report:?}");
}

#[test]
fn lines_that_are_turned_round() {
    let one = all(&line(r#","dir":"REPLY","out":{"packets":2},"in":{"packets":5}"#), &gateway("")).0[0];
    assert_eq!((one.port, one.source_port, one.weight), (40_000, 443, 5));
    assert_eq!((one.source, one.outcome), (Address::v4([203, 0, 113, 9]), Outcome::Answered));
}

#[test]
fn what_is_no_contact_is_counted() {
    let text = [
        line(""),
        line("").replace("TCP", "carrier pigeon"),
        line("").replace("203.0.113.9", "a host"),
        line("").replace("\"443\"", "\"https\""),
        line("").replace("1749384000.5", "\"yesterday\""),
        "{\"ts\":1}".to_owned(),
        "{\"ts\":".to_owned(),
        line("").replace("TCP", "icmp"),
    ];
    let (contacts, report, _) = all(&text.join("\n"), &gateway(""));
    assert_eq!(contacts.len(), 1);
    let expected = [
        ("a protocol that is not known", 1),
        ("a target that is no address", 1),
        ("a port that is none", 1),
        ("no time of the map's form", 1),
        ("no protocol", 1),
        ("no JSON object", 1),
        ("ICMP without a type", 1),
    ];
    assert_eq!(reasons(&report), expected);
}

#[test]
fn conditions_leave_lines_out_and_tell_maps_apart() {
    let only = |kind: &str, number: u8| {
        let map = GATEWAY.replace("\"gateway\"", &format!("\"gw-{kind}\""));
        let map = map.replace("[map.fields]", "turned = \"reply\"\n[map.fields]");
        map.replace("[map]\n", &format!("[map.only]\nkind = [\"{kind}\", {number}]\nup = true\n"))
    };
    let assume = maps(&(only("a", 8) + &only("b", 7)));
    let text =
        [line(r#","kind":"B","up":true"#), line(r#","kind":7,"up":true"#), line(r#","kind":"b","up":false"#)];
    let (contacts, report, format) = all(&text.join("\n"), &assume);
    assert_eq!((contacts.len(), format.as_str()), (2, "gw-b"));
    assert_eq!(reasons(&report), [(line::LEFT_OUT, 1)]);
    let none = open(&line(""), &assume).err().unwrap();
    assert!(none.contains("map gw-a: none of its first lines meets the conditions"), "{none}");
}

const TABLE: &str = r#"
[[map]]
name = "table"
help = "a table"
format = "csv"
records = "packets"
delimiter = ";"
header = false
columns = ["when", "_", "from", "to", "proto", "flags", "did"]
syslog = true
after = "fw: "
time_format = "%d.%m.%Y %H:%M:%S"
[map.fields]
time = "when"
source = "from"
source_port = "from"
target = "to"
target_port = "to"
transport = "proto"
flags = "flags"
outcome = "did"
[map.outcomes]
drop = "denied"
pass = "passed"
[[map.blind]]
what = "accepted contacts"
why = "it sleeps"
"#;

#[test]
fn packets_of_a_table_behind_a_syslog_header() {
    let assume = maps(TABLE);
    let text = "<13>Jun  8 12:00:00 gw fw: 08.06.2025 12:00:01;x;198.51.100.7:4000;[2001:db8::1]:22;6;S;drop;more\n\
                <13>Jun  8 12:00:00 gw kernel: other\n\
                <13>Jun  8 12:00:00 gw fw: 08.06.2025 12:00:02;x;198.51.100.7:4000;\"203.0.113.1:22\";6;SA;drop\n";
    let (contacts, report, format) = all(text, &assume);
    assert_eq!((contacts.len(), format.as_str()), (1, "table"));
    let one = contacts[0];
    assert_eq!((one.phase, one.flags, one.outcome, one.port), (Phase::Flow, SYN, Outcome::Silent, 22));
    assert_eq!((one.time, one.source_port), (NOON + SECOND, 4000));
    assert_eq!(
        reasons(&report),
        [
            ("a line without the text that the map looks for", 1),
            ("an answer that was let through or comes late", 1)
        ]
    );
    assert_eq!(report.assumed, ["stamps are UTC: the log names no zone (--tz)"]);
    assert!(report.blind.contains(&(Sense::Accepted, "map table: it sleeps".into())));
    let far = open("a fw: 1;2\n", &assume).err().unwrap();
    assert!(far.contains("map table: 2 columns, and 7 are needed"), "{far}");
}

#[test]
fn the_stamp_of_the_syslog_header() {
    let text = TABLE.replace("time_format = \"%d.%m.%Y %H:%M:%S\"\n", "").replace("time = \"when\"\n", "");
    let line = "Jun  8 12:00:00 gw fw: ;x;198.51.100.7:4000;203.0.113.1:22;6;S;pass\n";
    let (contacts, report, _) = all(line, &maps(&text));
    assert_eq!((contacts[0].time, contacts[0].outcome), (NOON, Outcome::Unknown));
    assert_eq!(report.assumed.len(), 2);
}

#[test]
fn headers_of_a_packet_make_a_probe_where_all_are_told() {
    let with = TABLE.replace("\"did\"]", "\"did\", \"ttl\", \"win\", \"id\", \"df\"]").replace(
        "[map.outcomes]",
        "ttl = \"ttl\"\nwindow = \"win\"\nip_id = \"id\"\ndont_fragment = \"df\"\n[map.outcomes]",
    );
    let line =
        "Jun  8 12:00:00 gw fw: 08.06.2025 12:00:01;x;198.51.100.7:4000;203.0.113.1:22;6;S;drop;52;1024;777;";
    let read = |end: &str| all(&format!("{line}{end}"), &maps(&with)).0[0];
    let one = read("no");
    assert_eq!((one.phase, one.ttl, one.window, one.ip_id), (Phase::Probe, 52, 1024, 777));
    assert!(one.is_partly_told());
    assert_eq!((read("").phase, read("").ttl), (Phase::Flow, 0));
}

#[test]
fn a_header_names_the_columns_wherever_it_stands() {
    let map = TABLE
        .replace(
            "header = false\ncolumns = [\"when\", \"_\", \"from\", \"to\", \"proto\", \"flags\", \"did\"]\n",
            "",
        )
        .replace("syslog = true\nafter = \"fw: \"\n", "");
    let assume = maps(&map);
    let row = "08.06.2025 12:00:01;198.51.100.7:4000;203.0.113.1:22;6";
    let text = format!(
        "a report\nwhen;from;to;proto\n{row}\nwhen;proto;from;to\n{row}\n\"when\";from;to;proto;flags\n{row};S\n"
    );
    let (contacts, report, _) = all(&text, &assume);
    assert_eq!(contacts.len(), 2);
    assert_eq!(reasons(&report), [("a line before the header", 1), ("a protocol that is not known", 1)]);
    let near = open("when;from;proto\n1;2;3\n", &assume).err().unwrap();
    assert!(near.contains("map table: no column `to` in its header"), "{near}");
}

#[test]
fn the_nearest_map_is_told_and_nothing_of_the_log() {
    let assume = Assume { maps: [gateway("").maps, maps(TABLE).maps].concat(), ..Assume::default() };
    let said = open(&line("").replace("\"addr\"", "\"secret\""), &assume).err().unwrap();
    assert!(said.contains("map gateway: no field `client.addr` in its first lines"), "{said}");
    assert!(!said.contains("secret") && !said.contains("203.0.113"), "{said}");
    let said = open(&line("").replace("1749384000.5", "\"tomorrow\""), &assume).err().unwrap();
    assert!(said.contains("`ts` holds no time") && !said.contains("tomorrow"), "{said}");
    let said = open("PK\u{3}\u{4}", &assume).err().unwrap();
    assert!(said.contains("ZIP"), "{said}");
}

/// Maps come before formats that would read the same.
#[test]
fn a_given_map_comes_first() {
    let text =
        "2 123456789010 eni-1 198.51.100.7 203.0.113.9 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK\n";
    let map = r#"
[[map]]
name = "mine"
help = "mine"
format = "csv"
records = "halves"
delimiter = " "
header = false
columns = ["_", "_", "_", "a", "b", "c", "d", "p", "n", "_", "t"]
[map.fields]
time = "t"
source = "a"
target = "b"
source_port = "c"
target_port = "d"
transport = "p"
packets = "n"
"#;
    assert_eq!(all(text, &Assume::default()).2, "aws-vpc");
    let (contacts, _, format) = all(text, &maps(map));
    assert_eq!((format.as_str(), contacts[0].phase, contacts[0].weight), ("mine", Phase::Half, 20));
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..120), cut in 0..200_usize, text in "[-;:.,\"{}\\[\\]a-z0-9 ]{0,60}") {
        let json = line(r#","events":["deny"],"in.packets":1"#);
        let csv = "Jun  8 12:00:00 gw fw: 08.06.2025 12:00:01;x;198.51.100.7:4000;203.0.113.1:22;6;S;drop\n";
        for (assume, sound) in [(gateway(""), json.as_str()), (maps(TABLE), csv)] {
            let sound = format!("{sound}\n{}{text}\n", &sound[..cut.min(sound.len() - 1)]);
            let input = [sound.as_bytes(), &bytes].concat();
            for input in [&input[..], &bytes[..]] {
                let Ok(mut reader) = Reader::open(input, 0, &assume) else { continue };
                while reader.fill(&mut Vec::new(), 16) {}
            }
        }
    }
}
