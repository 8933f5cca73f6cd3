use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};

use crate::captures::{START, sweep};
use crate::running::{Ended, Place};

#[test]
fn scans_are_no_failure_unless_they_are_meant_to_be() {
    let place = Place::with_sweep();
    place.run(&["detect", "sweep.pcap"]).with(0);
    place.run(&["detect", "sweep.pcap", "--fail-on", "info"]).with(1).printed("198.51.100.7");
    place.run(&["detect", "sweep.pcap", "--fail-on", "critical"]).with(0);
    // What could not be read weighs more than what was found.
    place.run(&["detect", "sweep.pcap", "nothing.pcap", "--fail-on", "info"]).with(4);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let place = Place::new();
    let mut child = place
        .command(&["detect", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    child.stdin.take().unwrap().write_all(&sweep(7, 40, START)).unwrap();
    let ended = Ended::from(child.wait_with_output().unwrap()).with(0);
    assert_eq!(ended.stderr, "");
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_a_failure() {
    let place = Place::with_sweep();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = place.command(&["detect", "sweep.pcap"]).stdout(full).output().unwrap();
    Ended::from(output).with(74).told("error: the results could not be written: No space left");
}

#[test]
#[cfg(unix)]
fn ctrl_c_reports_what_was_read() {
    let place = Place::new();
    let mut child = place
        .command(&["detect", "-", "-v"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The pipe stays open: without Ctrl-C this would go on for ever.
    let mut open = child.stdin.take().unwrap();
    open.write_all(&sweep(7, 40, START)).unwrap();
    let mut messages = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    messages.read_line(&mut line).unwrap();
    assert_eq!(line, "note: -: pcap\n");
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let mut rest = String::new();
    messages.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("stopped     by you"), "{rest}");
    let ended = Ended::from(child.wait_with_output().unwrap()).with(130);
    assert!(!ended.stdout.is_empty());
    drop(open);
}
