use super::*;
use crate::report::Report;
use proptest::prelude::*;
use watchpost_core::contact::{Contact, Outcome, Phase, Transport};

/// A record of a virtual network in the documented form.
fn record(tuples: &[&str]) -> String {
    format!(
        r#"{{"time":"2022-09-14T09:00:52.5625085Z","flowLogVersion":4,"macAddress":"112233445566","category":"FlowLogFlowEvent","operationName":"FlowLogFlowEvent","flowRecords":{{"flows":[{{"aclID":"0","flowGroups":[{{"rule":"a","flowTuples":["{}"]}},{{"rule":"b","flowTuples" : [ ]}}]}}]}}}}"#,
        tuples.join("\",\"")
    )
}

fn read_with(records: &[String], end: bool) -> (Vec<Contact>, Report) {
    let (mut contacts, mut heard, mut report) = (Vec::new(), Vec::new(), Report::new());
    let mut lines = (FLOWS.lines)(&Assume::default());
    for record in records {
        report.packets += 1;
        let taken = lines.take(record.as_bytes(), &mut Out::new(3, &mut contacts, &mut heard, &mut report));
        if let Err(reason) = taken {
            report.skip(reason, 0);
        }
    }
    if end {
        lines.end(&mut Out::new(3, &mut contacts, &mut heard, &mut report));
    }
    (contacts, report)
}

fn read(tuples: &[&str]) -> (Vec<Contact>, Report) {
    read_with(&[record(tuples)], true)
}

#[test]
fn a_list_that_is_not_closed_loses_no_flow_and_counts_none_twice() {
    let denied = |host: u8| format!("1663146003599,198.51.100.7,203.0.113.{host},51515,22,6,I,D,NX,0,0,0,0");
    let (one, two) = (denied(1), denied(2));
    let whole = record(&[one.as_str()]).replace("[ ]", &format!("[\"{two}\"]"));
    let torn = whole.replacen("\"]},", "\"},", 1);
    assert_ne!(torn, whole);
    let contacts = |record: String| read_with(&[record], true).0.len();
    assert_eq!((contacts(whole), contacts(torn)), (2, 2));
    // Each list begins within the one before: it is gone through once.
    let (_, report) = read_with(&[format!("{{\"flowTuples\":[{}", "\"flowTuples\":[".repeat(200_000))], true);
    assert!(report.packets > 0);
}

#[test]
fn begun_going_on_and_ended_are_one_contact_with_the_time_of_the_beginning() {
    let (contacts, report) = read(&[
        "1663146003599,10.0.0.6,192.0.2.180,23956,443,6,O,B,NX,0,0,0,0",
        "1663146303599,10.0.0.6,192.0.2.180,23956,443,6,O,C,NX,3,200,2,120",
        "1663146403599,10.0.0.6,192.0.2.180,23956,443,6,O,E,NX_HW_NOT_SUPPORTED,9,2767,8,15800",
        "1663146403600,10.0.0.6,192.0.2.180,23956,443,6,O,E,NX,9,2767,8,15800",
    ]);
    assert_eq!((contacts.len(), report.packets, report.skipped().count()), (1, 4, 0));
    let one = contacts[0];
    assert_eq!((one.phase, one.outcome, one.weight), (Phase::Flow, Outcome::Asked, 12));
    assert_eq!((one.time, one.sensor), (1_663_146_003_599 * (SECOND / 1_000), 3));
    assert_eq!((one.transport, one.port, one.source_port), (Transport::Tcp, 443, 23_956));
}

#[test]
fn outcomes_are_what_the_counts_prove() {
    let outcome = |tuples: &[&str]| {
        let (contacts, _) = read(tuples);
        assert_eq!(contacts.len(), 1, "{tuples:?}");
        contacts[0].outcome
    };
    let begun = "1663146003599,198.51.100.7,10.0.0.6,50557,22,6,I,B,NX,0,0,0,0";
    assert_eq!(outcome(&["1663145989563,198.51.100.7,10.0.0.6,50557,22,6,I,D,NX,0,0,0,0"]), Outcome::Silent);
    assert_eq!(outcome(&[begun]), Outcome::Unknown);
    let ended = |counts: &str| format!("1663146253599,198.51.100.7,10.0.0.6,50557,22,6,I,E,NX,{counts}");
    assert_eq!(outcome(&[begun, &ended("3,180,0,0")]), Outcome::Silent);
    assert_eq!(outcome(&[begun, &ended("1,60,1,54")]), Outcome::Unknown);
    assert_eq!(outcome(&[begun, &ended("5,300,4,240")]), Outcome::Completed);
    assert_eq!(outcome(&[begun, &ended(",,,")]), Outcome::Unknown);
    // Of one that began earlier it is not known whether it was answered.
    assert_eq!(outcome(&[&ended("3,180,0,0")]), Outcome::Unknown);
    assert_eq!(outcome(&["1493763938,198.51.100.7,10.0.0.4,35370,23,T,I,D,B,,,,"]), Outcome::Silent);
    assert_eq!(outcome(&["1493763938,198.51.100.7,10.0.0.4,35370,23,U,I,A"]), Outcome::Unknown);
    assert_eq!(outcome(&["1493763938,198.51.100.7,10.0.0.4,35370,23,T,I,D"]), Outcome::Silent);
    let datagram = [
        "1493763938,10.0.0.4,192.0.2.5,35370,53,U,O,A,B,,,,",
        "1493763939,10.0.0.4,192.0.2.5,35370,53,U,O,A,E,1,70,1,120",
    ];
    assert_eq!(outcome(&datagram), Outcome::Answered);
}

#[test]
fn the_ports_are_used_again_and_the_other_end_tells_too() {
    let begun = "1000000,10.0.0.6,10.0.0.7,4000,22,6,O,B,NX,0,0,0,0";
    let ended = "1009000,10.0.0.6,10.0.0.7,4000,22,6,O,E,NX,3,180,0,0";
    let there = [begun.replace(",O,", ",I,"), ended.replace(",O,", ",I,")];
    let later = ["1020000,10.0.0.6,10.0.0.7,4000,22,6,O,B,NX,0,0,0,0"];
    let (contacts, _) = read(&[begun, &there[0], ended, &there[1], later[0]]);
    let told: Vec<_> = contacts.iter().map(|c| (c.time / SECOND, c.outcome, c.weight)).collect();
    assert_eq!(told, [(1_000, Outcome::Silent, 3), (1_020, Outcome::Unknown, 1)]);
}

#[test]
fn a_connection_waits_no_longer_than_it_must() {
    let begun = "1000000,10.0.0.6,10.0.0.7,4000,22,6,O,B,NX,0,0,0,0";
    let other = |seconds: i64| format!("{seconds}000,10.0.0.6,10.0.0.9,1,1,6,O,C,NX,1,60,1,60");
    let waits = read_with(&[record(&[begun]), record(&[&other(1_599)])], false).0;
    assert_eq!(waits.len(), 0);
    let (contacts, _) = read_with(&[record(&[begun]), record(&[&other(1_601)])], false);
    assert_eq!((contacts.len(), contacts[0].outcome), (1, Outcome::Unknown));
}

#[test]
fn the_memory_is_bounded_and_nobody_is_lost() {
    let tuples: Vec<String> = (0..70_000)
        .map(|n| {
            format!("1000000,10.{}.{}.{},10.0.0.7,4000,22,6,I,B,NX,0,0,0,0", n >> 16, n >> 8 & 255, n & 255)
        })
        .collect();
    let tuples: Vec<&str> = tuples.iter().map(String::as_str).collect();
    let (before, _) = read_with(&[record(&tuples)], false);
    assert_eq!(before.len(), 70_000 - 65_536);
    assert_eq!(read(&tuples).0.len(), 70_000);
}

#[test]
fn a_bad_tuple_loses_nothing_else_and_has_its_place() {
    let good = "1663146003599,10.0.0.6,192.0.2.180,23956,443,6,O,D,NX,0,0,0,0";
    let bad = [
        ("x,10.0.0.6,192.0.2.180,23956,443,6,O,D,NX", "a flow without a time"),
        ("1,10.0.0.6,192.0.2.300,23956,443,6,O,D,NX", "a target that is no address"),
        ("1,10.0.0.6,192.0.2.3,23956,443,6,O,Q,NX", "a flow in an unknown state"),
        ("1,10.0.0.6,192.0.2.3,0,0,1,O,D,NX", "ICMP without a type"),
        ("1,10.0.0.6", "a flow with fewer than eight fields"),
        ("1,10.0.0.6\" x \"", CUT),
    ];
    for (bad, why) in bad {
        let text = record(&[good, bad, good]);
        let (contacts, report) = read_with(std::slice::from_ref(&text), true);
        assert_eq!(contacts.len(), 2, "{bad}");
        let reasons: Vec<_> = report.skipped().collect();
        let place =
            reasons.iter().find(|(reason, _)| *reason == why).unwrap_or_else(|| panic!("{bad}: {reasons:?}"));
        assert!(place.1.first_offset as usize >= text.find(bad).unwrap() - 1, "{bad}");
        assert!(reasons.iter().map(|(_, s)| s.count).sum::<u64>() + 2 <= report.packets, "{bad}");
    }
}

#[test]
fn of_a_record_that_is_cut_off_all_whole_tuples_count() {
    let good = "1663146003599,10.0.0.6,192.0.2.180,23956,443,6,O,D,NX,0,0,0,0";
    let text = record(&[good, good, good]);
    let cut = text.find(good).unwrap() + 2 * good.len() + 20;
    let (contacts, report) = read_with(&[text[..cut].to_owned()], true);
    assert_eq!(contacts.len(), 2);
    assert_eq!(
        report.skipped().map(|(reason, skipped)| (reason, skipped.count)).collect::<Vec<_>>(),
        [(CUT, 1)]
    );
    assert_eq!(report.packets, 3);
    let (_, report) = read_with(&["{\"category\":\"Administrative\"}".to_owned()], true);
    assert_eq!(report.skipped().map(|(reason, _)| reason).collect::<Vec<_>>(), [NO_FLOWS]);
}

proptest! {
    #[test]
    fn no_bytes_panic(text in proptest::collection::vec(any::<u8>(), 1..200)) {
        let _ = (recognises(&text), Tuple::read(&text));
        let text = String::from_utf8_lossy(&text);
        let _ = read_with(&[format!("{{\"flowTuples\":[{text}"), format!("{{\"flowTuples\":[\"{text}\",\"1,")], true);
    }

    #[test]
    fn no_numbers_panic(numbers in proptest::collection::vec(any::<u64>(), 1..8), state in "[ABCDE]") {
        let tuples: Vec<String> = numbers.iter().map(|n| format!("{n},1.2.3.4,1.2.3.5,{},2,6,O,{state},NX,{n},{n},{n},{n}", n % 3)).collect();
        let (contacts, report) = read(&tuples.iter().map(String::as_str).collect::<Vec<_>>());
        prop_assert!(contacts.len() as u64 <= report.packets);
    }
}
