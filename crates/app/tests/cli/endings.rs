use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStderr, ChildStdin, Command, Stdio};
use std::thread::{sleep, spawn};
use std::time::Duration;

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
    for arguments in [&["--help"][..], &["list", "formats"], &["completions", "bash"]] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        Ended::from(place.command(arguments).stdout(full).output().unwrap()).with(74);
    }
}

/// A run on standard input that says when it has begun.
#[cfg(unix)]
struct Begun {
    child: Child,
    messages: BufReader<ChildStderr>,
}

#[cfg(unix)]
impl Begun {
    /// Starts it; `first` is what it gets at once, and the pipe stays open.
    fn new(place: &Place, first: &[u8]) -> (Self, ChildStdin) {
        let mut command = place.command(&["detect", "-", "-v"]);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(first).unwrap();
        let mut messages = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        messages.read_line(&mut line).unwrap();
        assert_eq!(line, "note: -: pcap\n");
        (Self { child, messages }, input)
    }

    /// Presses Ctrl-C and waits for the end; a run that does not end is ended by force, and the test fails.
    fn interrupted(mut self) -> Ended {
        Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap();
        let mut waits = 0;
        while self.child.try_wait().unwrap().is_none() {
            waits += 1;
            if waits > 200 {
                self.child.kill().unwrap();
                panic!("Ctrl-C did not end it");
            }
            sleep(Duration::from_millis(100));
        }
        let mut stderr = String::new();
        self.messages.read_to_string(&mut stderr).unwrap();
        Ended { stderr, ..Ended::from(self.child.wait_with_output().unwrap()) }
    }
}

#[test]
#[cfg(unix)]
fn ctrl_c_while_nothing_comes_reports_what_was_read() {
    let place = Place::new();
    let (run, open) = Begun::new(&place, &sweep(7, 40, START));
    // Long enough that it has read all there is and waits for more.
    sleep(Duration::from_millis(500));
    run.interrupted().with(130).told("stopped     by you").told("40 packets").printed("198.51.100.7");
    drop(open);
}

#[test]
#[cfg(unix)]
fn ctrl_c_while_more_comes_than_can_be_read_ends_it_too() {
    let place = Place::new();
    let (run, mut input) = Begun::new(&place, &sweep(7, 40, START));
    let packets = sweep(7, 200, START)[24..].to_vec();
    // Ends when the pipe does.
    let writer = spawn(move || while input.write_all(&packets).is_ok() {});
    sleep(Duration::from_millis(200));
    run.interrupted().with(130).told("stopped     by you").printed("198.51.100.7");
    writer.join().unwrap();
}
