//! The maps of `data/maps`, on lines as the products document and print them.

use super::tests::{NOON, all, maps, open, reasons};
use watchpost_core::contact::flags::{ACK, FIN, PSH, SYN};
use watchpost_core::contact::{Outcome, Phase, SECOND, Transport};

const ECS: &str = include_str!("../../../../../data/maps/ecs.toml");
const NFDUMP: &str = include_str!("../../../../../data/maps/nfdump.toml");
const WINDOWS: &str = include_str!("../../../../../data/maps/windows-firewall.toml");

/// The head and the forms of lines of Microsoft's documentation, with other addresses.
#[test]
fn the_firewall_of_windows() {
    let log = "#Version: 1.5\r\n#Software: Microsoft Windows Firewall\r\n#Time Format: Local\r\n\
        #Fields: date time action protocol src-ip dst-ip src-port dst-port size tcpflags tcpsyn tcpack tcpwin icmptype icmpcode info path\r\n\r\n\
        2025-06-08 12:00:00 DROP TCP 198.51.100.7 203.0.113.9 40000 23 40 S 123456 0 1024 - - - RECEIVE\r\n\
        2025-06-08 12:00:01 DROP TCP 198.51.100.7 203.0.113.9 40000 23 40 A 123456 9 1024 - - - RECEIVE\r\n\
        2025-06-08 12:00:02 ALLOW UDP 192.0.2.5 203.0.113.9 50000 53 0 - - - - - - - SEND\r\n\
        2025-06-08 12:00:03 DROP ICMP 198.51.100.7 203.0.113.9 - - 60 - - - - 8 0 - RECEIVE\r\n\
        2025-06-08 12:00:04 INFO-EVENTS-LOST - - - - - - - - - - - - 7 -\r\n\
        2025-06-08 12:00:05 DROP 2 0.0.0.0 224.0.0.1 - - 36 - - - - - - - RECEIVE\r\n";
    let (contacts, report, format) = all(log, &maps(WINDOWS));
    assert_eq!(format, "windows-firewall");
    let one = contacts[0];
    assert_eq!((one.phase, one.flags, one.outcome, one.port), (Phase::Flow, SYN, Outcome::Silent, 23));
    assert_eq!((one.time, one.source_port), (NOON, 40_000));
    assert_eq!((contacts[1].flags, contacts[1].outcome), (ACK, Outcome::Silent));
    assert_eq!((contacts[2].transport, contacts[2].outcome), (Transport::Udp, Outcome::Unknown));
    assert_eq!((contacts[3].transport, contacts[3].port), (Transport::Icmp, 0x0800));
    assert_eq!(contacts[4].port, 2);
    assert_eq!(reasons(&report), [("a line that the map's conditions leave out", 1)]);
    let said = open(&log.replace("src-ip", "from"), &maps(WINDOWS)).err().unwrap();
    assert!(said.contains("map windows-firewall: no column `src-ip` in its header"), "{said}");
}

/// What nfdump 1.7.1 printed of flows that softflowd had made, and the columns of later versions.
#[test]
fn nfdump_in_all_its_forms() {
    let assume = maps(NFDUMP);
    let line = "1749384000.276,  198.51.100.90,     0,     203.0.113.0,   8.0,ICMP ,........,       1\n\
                1749384000.868,                         198.51.100.200, 46901,                           203.0.113.12,   443,TCP  ,...AP.SF,       5\n\
                1749384000.374,   198.51.100.90,     0,     203.0.113.1,   0.0,ICMP6,........,       1\n";
    let (contacts, report, format) = all(line, &assume);
    assert_eq!((format.as_str(), contacts.len()), ("nfdump", 2));
    assert_eq!(
        (contacts[0].transport, contacts[0].port, contacts[0].phase),
        (Transport::Icmp, 0x0800, Phase::Flow)
    );
    let one = contacts[1];
    assert_eq!((one.phase, one.flags, one.weight), (Phase::Half, ACK | PSH | SYN | FIN, 5));
    assert_eq!((one.time, one.outcome), (NOON + 868_000_000, Outcome::Silent));
    assert_eq!(reasons(&report), [("ICMP without a type", 1)]);

    let csv = "ts,te,td,sa,da,sp,dp,pr,flg,fwd,stos,ipkt,ibyt,opkt,obyt\n\
        2025-06-08 12:00:00,2025-06-08 12:00:00,0.000,198.51.100.90,203.0.113.0,0,2048,ICMP,........,0,0,1,28,0,0\n\
        2025-06-08 12:00:01,2025-06-08 12:00:00,0.000,198.51.100.90,203.0.113.0,4000,22,TCP,......S.,0,0,2,28,0,0\n\
        Summary\nflows,bytes,packets,avg_bps,avg_pps,avg_bpp\n2804,651688,8415,241,0,77\n";
    let (contacts, _, format) = all(csv, &assume);
    assert_eq!((format.as_str(), contacts.len()), ("nfdump-csv", 2));
    assert_eq!((contacts[1].flags, contacts[1].weight, contacts[1].time), (SYN, 2, NOON + SECOND));

    let later = "firstSeen,duration,proto,srcAddr,srcPort,dstAddr,dstPort,packets,bytes,flows\n\
        2025-06-08 12:00:00.000,0.000,TCP,198.51.100.90,4000,203.0.113.0,22,2,80,1\n";
    let (contacts, report, format) = all(later, &assume);
    assert_eq!((format.as_str(), contacts[0].port, contacts[0].weight), ("nfdump-csv2", 22, 2));
    assert!(report.assumed[1].contains("flags (flags)"), "{:?}", report.assumed);

    let json = r#"{"type":"FLOW","sampled":0,"first":"2025-06-08T12:00:00.374","in_packets":1,"in_bytes":28,"proto":1,"icmp_type":8,"icmp_code":0,"src4_addr":"198.51.100.90","dst4_addr":"203.0.113.0","label":"<none>"}"#;
    let (contacts, _, format) = all(json, &assume);
    assert_eq!((format.as_str(), contacts[0].port), ("nfdump-json", 0x0800));
}

/// In the form of the schema's reference: nested, with dots in the keys, and as a document that was exported.
#[test]
fn the_elastic_common_schema() {
    let assume = maps(ECS);
    let ends = r#""source":{"ip":"198.51.100.7","port":40000},"destination":{"ip":"203.0.113.9","port":23},"network":{"transport":"tcp"}"#;
    let one = |line: &str| {
        let (contacts, _, format) = all(line, &assume);
        (contacts[0], format)
    };
    let event = format!(
        r#"{{"@timestamp":"2025-06-08T12:00:00.000Z","event":{{"type":["connection","denied"]}},{ends}}}"#
    );
    let (denied, format) = one(&event);
    assert_eq!(
        (denied.outcome, denied.port, denied.time, format.as_str()),
        (Outcome::Silent, 23, NOON, "ecs")
    );
    let (document, _) = one(&format!(r#"{{"_index":"logs","_source":{event}}}"#));
    assert_eq!(document.outcome, Outcome::Silent);
    let flat = r#"{"@timestamp":"2025-06-08T12:00:00Z","event.type":["connection","allowed"],"source.ip":"198.51.100.7","destination.ip":"203.0.113.9","destination.port":23,"network.iana_number":"6"}"#;
    let (allowed, _) = one(flat);
    assert_eq!((allowed.outcome, allowed.transport), (Outcome::Unknown, Transport::Tcp));
    let flow = |packets: u8, last: bool| {
        let ends = ends.replace("\"port\":23", &format!("\"port\":23,\"packets\":{packets}"));
        format!(
            r#"{{"@timestamp":"2025-06-08T12:00:10Z","event":{{"start":"2025-06-08T12:00:00Z","type":["connection"]}},"flow":{{"final":{last}}},{ends}}}"#
        )
    };
    let text = [flow(0, false), flow(0, true), flow(4, true)].join("\n");
    let (contacts, report, format) = all(&text, &assume);
    assert_eq!(
        (format.as_str(), contacts[0].outcome, contacts[1].outcome),
        ("ecs-flow", Outcome::Silent, Outcome::Answered)
    );
    assert_eq!((contacts[0].time, reasons(&report)[0].1), (NOON, 1));
}
