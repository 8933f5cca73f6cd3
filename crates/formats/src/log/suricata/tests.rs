use std::io::Cursor;

use super::*;
use crate::reader::Reader;
use crate::report::Report;
use proptest::prelude::*;
use watchpost_core::contact::flags::{FIN, SYN};
use watchpost_core::contact::{Contact, Outcome, Phase, Transport};
use watchpost_core::record::FactKind;
use watchpost_core::utterance::{Role, Utterance};

// Lines that Suricata 8.0 wrote for the lab's captures, shortened by fields that are not read; the scanner is 10.77.255.254.
const FLOW: &str = r#"{"timestamp":"2026-11-23T08:38:43.704960+0000","flow_id":18446744073709551615,"event_type":"flow","src_ip":"10.77.255.254","src_port":2603,"dest_ip":"10.77.4.30","dest_port":956,"ip_v":4,"proto":"TCP","flow":{"pkts_toserver":1,"pkts_toclient":1,"bytes_toserver":54,"bytes_toclient":54,"start":"2026-11-23T08:38:43.703249+0000","end":"2026-11-23T08:38:43.703275+0000","age":0,"state":"closed","reason":"tcp_reuse","alerted":false},"tcp":{"tcp_flags":"16","tcp_flags_ts":"02","tcp_flags_tc":"14","syn":true,"rst":true,"ack":true,"state":"closed","ts_max_regions":1,"tc_max_regions":1}}"#;
const ALERT_TO_SERVER: &str = r#"{"timestamp":"2026-11-23T08:31:14.388356+0000","flow_id":823555332034797,"pcap_cnt":963,"event_type":"alert","src_ip":"10.77.255.254","dest_ip":"10.77.4.30","proto":"ICMP","ip_v":4,"icmp_type":8,"icmp_code":9,"pkt_src":"wire/pcap","alert":{"action":"allowed","gid":1,"signature_id":2200025,"rev":2,"signature":"SURICATA ICMPv4 unknown code","category":"Generic Protocol Command Decode","severity":3},"direction":"to_server","flow":{"pkts_toserver":1,"pkts_toclient":0,"bytes_toserver":162,"bytes_toclient":0,"start":"2026-11-23T08:31:14.388356+0000","src_ip":"10.77.255.254","dest_ip":"10.77.4.30"}}"#;
const ALERT_TO_CLIENT: &str = r#"{"timestamp":"2026-11-23T08:31:14.388384+0000","flow_id":823555332034798,"pcap_cnt":964,"event_type":"alert","src_ip":"10.77.4.30","dest_ip":"10.77.255.254","proto":"ICMP","ip_v":4,"icmp_type":0,"icmp_code":9,"pkt_src":"wire/pcap","alert":{"action":"allowed","gid":1,"signature_id":2200025,"rev":2,"signature":"SURICATA ICMPv4 unknown code","category":"Generic Protocol Command Decode","severity":3},"direction":"to_client","flow":{"pkts_toserver":1,"pkts_toclient":1,"bytes_toserver":162,"bytes_toclient":162,"start":"2026-11-23T08:31:14.388356+0000","src_ip":"10.77.255.254","dest_ip":"10.77.4.30"}}"#;
const ANOMALY: &str = r#"{"timestamp":"2026-11-23T08:30:36.707707+0000","flow_id":1350656707111168,"pcap_cnt":2,"event_type":"anomaly","src_ip":"10.77.255.254","src_port":41778,"dest_ip":"10.77.4.1","dest_port":161,"proto":"UDP","ip_v":4,"pkt_src":"wire/pcap","tx_id":1,"anomaly":{"app_proto":"snmp","type":"applayer","event":"version_mismatch","layer":"proto_parser"}}"#;
const HTTP: &str = r#"{"timestamp":"2026-11-23T08:31:37.543380+0000","flow_id":351347982337634,"pcap_cnt":296,"event_type":"http","src_ip":"10.77.255.254","src_port":45920,"dest_ip":"10.77.4.83","dest_port":80,"proto":"TCP","ip_v":4,"pkt_src":"wire/pcap","tx_id":0,"http":{"url":"/","http_content_type":"text/html","http_method":"GET","protocol":"HTTP/1.0","status":200,"length":13}}"#;
const SSH: &str = r#"{"timestamp":"2026-11-23T08:30:34.409489+0000","flow_id":214376900072805,"event_type":"ssh","src_ip":"10.77.255.254","src_port":48742,"dest_ip":"10.77.4.244","dest_port":22,"proto":"TCP","ip_v":4,"pkt_src":"stream (flow timeout)","ssh":{"server":{"proto_version":"2.0","software_version":"OpenSSH_9.2p1"}}}"#;

fn read(lines: &[&str]) -> (Vec<Contact>, Vec<Utterance>, Report) {
    let text = lines.join("\n");
    let mut reader = Reader::open(Cursor::new(text), 3, &Assume::default()).unwrap();
    assert_eq!(reader.format(), "suricata");
    let (mut contacts, mut heard) = (Vec::new(), Vec::new());
    while reader.fill(&mut contacts, 7) {}
    reader.heard(&mut heard);
    (contacts, heard, reader.report().clone())
}

fn contacts(lines: &[&str]) -> Vec<Contact> {
    read(lines).0
}

fn outcome(line: &str) -> Result<(Outcome, u8), &'static str> {
    flow::contact(line.as_bytes(), 0).map(|contact| (contact.outcome, contact.flags))
}

/// A flow with other flags and packets.
fn tcp(ts: &str, sent: u64, tc: &str, got: u64) -> String {
    FLOW.replace(r#""tcp_flags_ts":"02""#, &format!(r#""tcp_flags_ts":"{ts}""#))
        .replace(r#""tcp_flags_tc":"14""#, &format!(r#""tcp_flags_tc":"{tc}""#))
        .replace(
            r#""pkts_toserver":1,"pkts_toclient":1"#,
            &format!(r#""pkts_toserver":{sent},"pkts_toclient":{got}"#),
        )
}

fn udp(sent: u64, got: u64, state: &str) -> String {
    tcp("00", sent, "00", got).replace("TCP", "UDP").replace("\"closed\"", &format!("\"{state}\""))
}

#[test]
fn a_flow_is_a_contact() {
    let got = contacts(&[FLOW]);
    let contact = got[0];
    assert_eq!(got.len(), 1);
    assert_eq!((contact.source.to_string(), contact.source_port), ("10.77.255.254".to_owned(), 2603));
    assert_eq!((contact.target.to_string(), contact.port), ("10.77.4.30".to_owned(), 956));
    assert_eq!((contact.phase, contact.transport, contact.sensor), (Phase::Flow, Transport::Tcp, 3));
    assert_eq!((contact.outcome, contact.flags, contact.weight), (Outcome::Refused, SYN, 1));
    // 08:38:43.703249 UTC of 2026-11-23, when it began, not when it was written.
    assert_eq!(contact.time, 1_795_423_123_703_249_000);
    let west = FLOW.replace(
        r#""start":"2026-11-23T08:38:43.703249+0000""#,
        r#""start":"2026-11-23T06:38:43.703249-0200""#,
    );
    assert_eq!(contacts(&[&west])[0].time, contact.time);
}

#[test]
fn the_walk_reads_what_the_parser_reads() {
    let with = |what: &str| FLOW.replacen('{', &format!("{{{what},"), 1);
    let lines = [
        FLOW.to_owned(),
        udp(1, 0, "new"),
        with(r#""vlan":[1,2],"metadata":{"a":"}\\\"","b":[{}]}"#),
        with(r#""icmp_type":8,"icmp_code":0"#),
    ];
    for line in lines {
        let walked = compact::walk(line.as_bytes());
        assert!(walked.is_some(), "{line}");
        assert_eq!(flow::parsed(line.as_bytes(), |told| Ok(Some(told) == walked)), Ok(true));
    }
    // Other forms of the same go to the parser.
    let blanks = FLOW.replace(':', ": ");
    let escaped = FLOW.replace("\"TCP\"", "\"T\\u0043P\"");
    for line in [&blanks.replace("08: 38: 43", "08:38:43"), &escaped] {
        assert_eq!(compact::walk(line.as_bytes()), None);
        assert_eq!(contacts(&[line]), contacts(&[FLOW]));
    }
    for line in [&FLOW[..FLOW.len() - 1], &format!("{FLOW}}}"), &FLOW.replace(":956,", ":65536,")] {
        assert_eq!(compact::walk(line.as_bytes()), None);
        assert_eq!(outcome(line), Err(event::NO_OBJECT));
    }
}

#[test]
fn flags_tell_how_a_connection_went() {
    let cases = [
        ("02", 1, "00", 0, Outcome::Silent),
        ("02", 1, "14", 1, Outcome::Refused),
        ("06", 2, "12", 1, Outcome::Answered),
        // Two packets, the second a reset with ACK: no handshake was completed.
        ("16", 2, "12", 1, Outcome::Answered),
        ("16", 3, "12", 1, Outcome::Completed),
        ("16", 4, "1a", 2, Outcome::Told),
        ("1b", 9, "1b", 9, Outcome::Asked),
        ("c6", 2, "52", 1, Outcome::Answered),
        ("02", 1, "10", 1, Outcome::Unknown),
        // Answers go another way.
        ("1a", 9, "00", 0, Outcome::Unknown),
    ];
    for (ts, sent, tc, got, wanted) in cases {
        assert_eq!(outcome(&tcp(ts, sent, tc, got)), Ok((wanted, SYN)), "{ts} {tc}");
    }
}

#[test]
fn packets_outside_of_a_session_have_unknown_flags() {
    assert_eq!(outcome(&tcp("00", 1, "00", 0)), Ok((Outcome::Silent, 0)));
    assert_eq!(outcome(&tcp("00", 1, "00", 1)), Ok((Outcome::Unknown, 0)));
    assert_eq!(outcome(&tcp("01", 1, "00", 0)), Ok((Outcome::Silent, FIN)));
    assert!(outcome(&tcp("00", 900, "00", 900)).is_err());
    assert!(outcome(&tcp("00", 900, "00", 0)).is_err());
    assert!(outcome(&tcp("18", 4, "18", 4)).is_err());
    // A SYN-ACK by itself, and what comes from a server's port.
    assert!(outcome(&tcp("12", 1, "00", 0)).is_err());
    let answer = tcp("00", 1, "00", 0).replace(":2603,", ":443,").replace(":956,", ":50123,");
    assert!(outcome(&answer).is_err());
}

#[test]
fn datagrams_are_answered_only_where_the_flow_is_established() {
    let told = |line: &str| outcome(line).map(|(outcome, _)| outcome);
    assert_eq!(told(&udp(1, 0, "new")), Ok(Outcome::Silent));
    assert_eq!(told(&udp(3, 3, "new")), Ok(Outcome::Unreachable));
    assert_eq!(told(&udp(1, 1, "established")), Ok(Outcome::Answered));
    assert_eq!(told(&udp(2, 1, "established")), Ok(Outcome::Asked));
    assert!(told(&udp(1, 1, "established").replace(":2603,", ":53,").replace(":956,", ":50123,")).is_err());
    let gre = contacts(&[&udp(1, 0, "new").replace("UDP", "GRE")]);
    assert_eq!((gre[0].transport, gre[0].port), (Transport::Ip, 47));
    assert!(told(&udp(1, 0, "new").replace("UDP", "XYZ")).is_err());
}

#[test]
fn an_alert_is_a_contact_only_where_no_flow_is_told() {
    let alone = contacts(&[ALERT_TO_SERVER, ALERT_TO_CLIENT, ALERT_TO_SERVER, ANOMALY]);
    assert_eq!(alone.len(), 3, "each flow once");
    for contact in &alone {
        assert_eq!(
            (contact.source.to_string(), contact.outcome),
            ("10.77.255.254".to_owned(), Outcome::Unknown)
        );
    }
    // The answer's packet belongs to the question's flow.
    assert_eq!((alone[1].port, alone[0].port, alone[2].port), (0x0809, 0x0809, 161));
    let beside = contacts(&[ALERT_TO_SERVER, ALERT_TO_CLIENT, FLOW, ANOMALY, HTTP]);
    assert_eq!(beside.len(), 1);
    assert_eq!(beside[0].port, 956);
}

#[test]
fn a_netflow_pair_is_one_contact() {
    let half = |id: u64, turned: bool, flags: &str| {
        let (a, b) = (r#""10.77.255.254","src_port":2603"#, r#""10.77.4.30","src_port":956"#);
        let (source, target) = if turned { (b, a) } else { (a, b) };
        let target = target.replace("src_port", "dest_port");
        format!(
            r#"{{"timestamp":"2026-11-23T08:38:43.704960+0000","flow_id":{id},"event_type":"netflow","src_ip":{source},"dest_ip":{target},"proto":"TCP","netflow":{{"pkts":1,"bytes":54,"start":"2026-11-23T08:38:43.703249+0000","end":"2026-11-23T08:38:43.703275+0000","age":0,"min_ttl":64,"max_ttl":64}},"tcp":{{"tcp_flags":"{flags}"}}}}"#
        )
    };
    let lines = [half(1, false, "02"), half(2, false, "02"), half(1, true, "14"), half(3, false, "02")];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let mut got: Vec<Outcome> = contacts(&lines).iter().map(|contact| contact.outcome).collect();
    got.sort();
    assert_eq!(got, [Outcome::Silent, Outcome::Silent, Outcome::Refused]);
    let beside = contacts(&[lines[0], lines[1], FLOW, lines[2]]);
    assert_eq!(beside.len(), 1, "flow events tell the same");
}

#[test]
fn a_dropped_packet_keeps_its_headers() {
    let drop = r#"{"timestamp":"2026-11-23T08:38:43.704960+0000","event_type":"drop","src_ip":"192.0.2.1","src_port":40000,"dest_ip":"198.51.100.2","dest_port":23,"proto":"TCP","drop":{"len":40,"tos":0,"ttl":240,"ipid":54321,"tcpseq":7,"tcpack":0,"tcpwin":1024,"syn":true,"ack":false,"psh":false,"rst":false,"urg":false,"fin":false,"tcpres":0,"tcpurgp":0,"reason":"rules"}}"#;
    let got = contacts(&[drop])[0];
    assert_eq!((got.phase, got.flags, got.window), (Phase::Probe, SYN, 1024));
    assert_eq!((got.ttl, got.ip_id, got.sequence), (240, 54_321, 7));
    let (none, _, report) = read(&[&drop.replace(r#""ack":false"#, r#""ack":true"#)]);
    assert!(none.is_empty());
    assert_eq!(report.reasons[0].0, "a dropped packet of a connection");
}

#[test]
fn what_was_said_becomes_utterances() {
    let (contacts, heard, _) = read(&[FLOW, HTTP, SSH]);
    assert_eq!(contacts.len(), 1, "nothing counts twice");
    let texts = |role, kind| -> Vec<&str> {
        heard.iter().filter(move |u| u.role == role).flat_map(move |u| u.facts.of(kind)).collect()
    };
    assert_eq!(texts(Role::Client, FactKind::Request), ["GET /"]);
    assert_eq!(texts(Role::Server, FactKind::Title), ["HTTP 200"]);
    assert_eq!(texts(Role::Server, FactKind::Software), ["OpenSSH_9.2p1"]);
    assert_eq!(heard.last().unwrap().speaker.to_string(), "10.77.4.244");
    // Without flows they show that there were some, and how far they came.
    let outcomes: Vec<Outcome> = self::contacts(&[HTTP, SSH]).iter().map(|c| c.outcome).collect();
    assert_eq!(outcomes, [Outcome::Asked, Outcome::Told]);
}

#[test]
fn a_certificate_is_told_as_from_packets() {
    let tls = r#"{"timestamp":"2026-11-23T08:31:37.543380+0000","flow_id":3,"event_type":"tls","src_ip":"192.0.2.1","src_port":45920,"dest_ip":"198.51.100.2","dest_port":443,"proto":"TCP","tls":{"subject":"C=US, O=Example, CN=www.example.com","issuerdn":"C=US, O=Authority, CN=CA 1","serial":"01","fingerprint":"00","sni":"example.com","version":"TLS 1.2","subjectaltname":["www.example.com","example.org"]}}"#;
    let (_, heard, _) = read(&[tls]);
    let all: Vec<(FactKind, &str)> =
        heard.iter().flat_map(|u| u.facts.iter()).map(|f| (f.what, f.text)).collect();
    assert_eq!(
        all,
        [
            (FactKind::Request, "ClientHello"),
            (FactKind::AskedName, "example.com"),
            (FactKind::Protocol, "TLS 1.2"),
            (FactKind::CertificateName, "www.example.com"),
            (FactKind::CertificateIssuer, "CA 1, Authority"),
            (FactKind::CertificateName, "example.org"),
        ]
    );
}

#[test]
fn other_types_and_broken_lines_are_counted_and_lose_nothing() {
    let other = r#"{"timestamp":"2026-11-23T08:38:43.704960+0000","event_type":"dhcp","dhcp":{"broken"#;
    let (got, _, report) = read(&[other, FLOW, "{", &FLOW[..200], FLOW]);
    assert_eq!(got.len(), 2);
    let reasons: Vec<(&str, u64)> =
        report.reasons.iter().map(|(why, skipped)| (*why, skipped.count)).collect();
    assert_eq!(
        reasons,
        [
            ("an event type that tells of no contact", 1),
            ("no event_type: not a line of eve.json", 1),
            (event::NO_OBJECT, 1)
        ]
    );
    assert_eq!(report.reasons[1].1.first_offset, (other.len() + FLOW.len() + 2) as u64);
}

#[test]
fn what_the_sensor_cannot_tell_is_said() {
    let told = |lines: &[&str]| -> Vec<Sense> {
        let (_, _, report) = read(lines);
        report.blind.iter().skip(EVE.blind.len()).map(|(sense, _)| *sense).collect()
    };
    let alert = r#"{"timestamp":"2026-11-23T08:38:43.704960+0000","event_type":"alert","src_ip":"192.0.2.7","src_port":4000,"dest_ip":"203.0.113.9","dest_port":22,"proto":"TCP"}"#;
    let stats = r#"{"timestamp":"2026-11-23T08:38:43.704960+0000","event_type":"stats","stats":{"capture":{"kernel_packets":10,"kernel_drops":2}}}"#;
    assert_eq!(told(&[alert]), [Sense::Accepted]);
    assert_eq!(told(&[alert, FLOW]), []);
    assert_eq!(told(&[FLOW, stats]), [Sense::Everything]);
}

#[test]
fn recognised_by_its_content_alone() {
    assert!(recognises(FLOW.as_bytes()) && recognises(HTTP.as_bytes()));
    assert!(recognises(format!("rest of a line\"}}\n{SSH}\n").as_bytes()));
    assert!(recognises(FLOW.replace(':', ": ").as_bytes()));
    assert!(!recognises(FLOW.replace("event_type", "eventType").as_bytes()));
    assert!(!recognises(br#"{"timestamp":"x","event_type":"purchase"}"#));
    assert!(!recognises(b""));
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), which in 0_usize..6, cut in 0_usize..700) {
        let line = [FLOW, ALERT_TO_CLIENT, ANOMALY, HTTP, SSH, ALERT_TO_SERVER][which].as_bytes();
        let at = cut.min(line.len());
        let mut lines = Eve::new();
        let (mut contacts, mut heard, mut report) = (Vec::new(), Vec::new(), Report::new());
        let mut out = Out::new(0, &mut contacts, &mut heard, &mut report);
        let _ = lines.take(&bytes, &mut out);
        let _ = lines.take(&[&line[..at], &bytes, &line[at..]].concat(), &mut out);
        lines.end(&mut out);
        let _ = recognises(&bytes);
    }

    #[test]
    fn what_both_read_is_the_same(at in 0_usize..600, byte in any::<u8>()) {
        let mut line = FLOW.as_bytes().to_vec();
        let at = at % line.len();
        line[at] = byte;
        if let Some(walked) = compact::walk(&line) {
            // What the parser refuses in values that are not read, the walk passes over.
            prop_assert_ne!(flow::parsed(&line, |told| Ok(told == walked)), Ok(false));
        }
    }

    #[test]
    fn numbers_of_any_size_are_read_or_counted(id in any::<u64>(), sent in any::<u64>(), got in any::<u64>()) {
        let line = tcp("1b", sent, "1b", got).replace("18446744073709551615", &id.to_string());
        prop_assert_eq!(outcome(&line).is_ok(), sent > 1);
    }
}
