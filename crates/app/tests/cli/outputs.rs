use serde_json::Value;

use crate::captures::{START, sweep};
use crate::running::Place;

#[test]
fn json_is_one_record_a_line_and_the_run_is_the_last() {
    let ended =
        Place::with_sweep().run(&["detect", "sweep.pcap", "--json", "--blocks", "203.0.113.0/24"]).with(0);
    let records = ended.records();
    let kinds: Vec<&Value> = records.iter().map(|record| &record["record"]).collect();
    assert_eq!(kinds, ["campaign", "run"]);
    assert!(records.iter().all(|record| record["schema_version"] == 1));
    assert_eq!(records[0]["direction"], "inbound");
    assert_eq!(records[0]["coverage"][0]["of"], 256);
    assert_eq!(records[1]["blocks"][0], "203.0.113.0/24");
    assert_eq!(records[1]["campaigns"], 1);
}

#[test]
fn every_number_of_threads_gives_the_same_bytes() {
    let place = Place::new();
    for source in 1..=9 {
        place.file(&format!("all/{source}.pcap"), &sweep(source, 30, START + u32::from(source)));
    }
    let bytes = |threads: &str| place.run(&["detect", "all", "--json", "--threads", threads]).with(0).stdout;
    let one = bytes("1");
    assert_eq!(one.lines().count(), 10);
    assert_eq!(one, bytes("2"));
    assert_eq!(one, bytes("7"));
}

#[test]
fn csv_and_markdown_have_a_line_a_scan() {
    let place = Place::with_sweep();
    let csv = place.run(&["detect", "sweep.pcap", "--format", "csv"]).with(0).stdout;
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0].split(',').count(), lines[1].split(',').count());
    let markdown = place.run(&["detect", "sweep.pcap", "--format", "md"]).with(0).stdout;
    assert_eq!(markdown.lines().filter(|line| line.starts_with('|')).count(), 3);
}

#[test]
fn quiet_leaves_standard_error_empty() {
    let ended = Place::with_sweep().run(&["detect", "sweep.pcap", "--quiet"]).with(0).printed("198.51.100.7");
    assert_eq!(ended.stderr, "");
}

#[test]
fn colour_comes_only_where_it_is_asked_for() {
    let place = Place::with_sweep();
    assert!(!place.run(&["detect", "sweep.pcap"]).stdout.contains('\x1b'));
    assert!(place.run(&["detect", "sweep.pcap", "--color", "always"]).stdout.contains('\x1b'));
}

#[test]
fn the_summary_ends_with_a_command_that_explains() {
    let place = Place::new();
    place.file("my sweep.pcap", &sweep(7, 40, START));
    let ended = place.run(&["detect", "my sweep.pcap", "--blocks", "203.0.113.0/24"]).with(0);
    let next = ended.stderr.lines().find_map(|line| line.trim().strip_prefix("next")).unwrap().trim();
    assert!(next.ends_with("'my sweep.pcap' --blocks 203.0.113.0/24"), "{next}");
    let id = next.split(' ').nth(2).unwrap();
    place
        .run(&["explain", id, "my sweep.pcap", "--blocks", "203.0.113.0/24"])
        .with(0)
        .printed("198.51.100.7 probed 40 of 256 addresses of 203.0.113.0/24 on TCP 22 for")
        .printed("Why this is a scan")
        .printed("from outside to your addresses")
        .printed("T1595.001 Scanning IP Blocks");
}

#[test]
fn an_id_that_leads_nowhere_proposes_others() {
    let place = Place::new();
    place.file("a.pcap", &sweep(7, 40, START));
    place
        .run(&["explain", "0000", "a.pcap"])
        .with(2)
        .told("no scan has an id that begins with 0000")
        .told("(198.51.100.7)");
    place.file("b.pcap", &sweep(8, 40, START));
    place
        .run(&["explain", "", "a.pcap", "b.pcap"])
        .with(2)
        .told("2 scans have an id that begins with")
        .told("Type more");
    place.file("none.pcap", &crate::captures::header());
    place.run(&["explain", "7h2k", "none.pcap"]).with(2).told("there is none at all");
}

#[test]
fn explain_gives_json_too() {
    let place = Place::with_sweep();
    let found = place.run(&["detect", "sweep.pcap", "--json"]).with(0);
    let id = found.records()[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(place.run(&["explain", &id, "sweep.pcap", "--json"]).with(0).stdout, found.stdout);
}

#[test]
fn lists_come_from_the_work_itself() {
    let place = Place::new();
    place.run(&["list", "formats"]).with(0).printed("pcapng");
    place.run(&["list", "detectors"]).with(0).printed("backscatter");
    let ended = place.run(&["list", "detectors", "--json"]).with(0);
    assert!(ended.records().iter().all(|entry| entry["name"].is_string() && entry["needs"].is_string()));
}

#[test]
fn every_shell_gets_its_completions() {
    let place = Place::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        place.run(&["completions", shell]).with(0).printed("watchpost").printed("fail-on");
    }
    place.run(&["completions", "bashh"]).with(2).told("a similar value exists: 'bash'");
}

#[test]
fn the_run_record_has_the_version_without_a_commit() {
    let ended = Place::with_sweep().run(&["detect", "sweep.pcap", "--json"]).with(0);
    assert_eq!(ended.records().last().unwrap()["version"], env!("CARGO_PKG_VERSION"));
}
