use std::fs;
use std::io::Write;
use std::process::Stdio;

use crate::captures::{START, header, sweep};
use crate::running::{Ended, Place};

#[test]
fn a_sweep_is_found() {
    Place::with_sweep()
        .run(&["detect", "sweep.pcap"])
        .with(0)
        .printed("198.51.100.7")
        .printed("SYN sweep")
        .told("1 scan from 1 source")
        .told("40 packets of 2026-11-23 14:00:00 to 14:00:03 UTC");
}

#[test]
fn a_missing_file_is_an_error_and_the_others_are_read() {
    Place::with_sweep()
        .run(&["detect", "nothing.pcap", "sweep.pcap"])
        .with(4)
        .printed("198.51.100.7")
        .told("error: nothing.pcap: no such file or folder\n  Check the name");
}

#[test]
fn what_is_no_capture_is_said_with_what_it_looks_like() {
    let place = Place::with_sweep();
    place.file("empty.pcap", b"");
    place.file("notes.txt", b"Dear diary, today nobody scanned me.\n");
    place.run(&["detect", "empty.pcap"]).with(4).told("error: empty.pcap: the input is empty");
    let ended = place
        .run(&["detect", "notes.txt"])
        .with(4)
        .told("error: notes.txt: not a format that is read: it looks like text");
    assert_eq!(ended.stdout, "");
    place.run(&["detect", "notes.txt", "sweep.pcap"]).with(4).printed("198.51.100.7");
}

#[test]
fn a_folder_is_searched_and_what_is_no_capture_is_noted() {
    let place = Place::new();
    place.file("all/b.pcap", &sweep(8, 20, START + 60));
    place.file("all/inner/a.pcap", &sweep(7, 20, START));
    place.file("all/README", b"Captures of Monday.\n");
    place
        .run(&["detect", "all"])
        .with(0)
        .printed("198.51.100.7")
        .printed("198.51.100.8")
        .told("note: all/README: not a format that is read")
        .told("1 file in folders that is neither capture nor log");
    place.file("none/README", b"Nothing here.\n");
    place.run(&["detect", "none"]).with(4).told("error: none of the files in these folders can be read");
    fs::create_dir(place.path().join("void")).unwrap();
    place.run(&["detect", "void"]).with(4).told("error: void: the folder holds no files\n");
}

#[test]
fn a_pattern_that_the_shell_left_alone_is_expanded() {
    let place = Place::with_sweep();
    place.run(&["detect", "*.pcap"]).with(0).printed("198.51.100.7");
    place.run(&["detect", "*.cap"]).with(4).told("error: *.cap: no file has a name of this pattern");
}

#[test]
fn a_file_named_twice_is_read_once() {
    let place = Place::with_sweep();
    let ended = place.run(&["detect", "sweep.pcap", "./sweep.pcap", "--json"]).with(0);
    assert!(
        ended.stderr.contains("note: ./sweep.pcap is in the list twice and is read once"),
        "{}",
        ended.stderr
    );
    assert_eq!(ended.records().last().unwrap()["packets"], 40);
}

#[test]
fn a_cut_capture_gives_what_is_before_the_cut() {
    let place = Place::new();
    let whole = sweep(7, 40, START);
    place.file("cut.pcap", &whole[..whole.len() - 30]);
    place
        .run(&["detect", "cut.pcap"])
        .with(0)
        .printed("198.51.100.7")
        .told("39 packets")
        .told("damaged")
        .told("cut.pcap at byte");
    place
        .run(&["detect", "cut.pcap", "--strict"])
        .with(4)
        .printed("198.51.100.7")
        .told("error: cut.pcap: damaged at byte");
}

#[test]
fn a_capture_without_packets_is_said_to_hold_none() {
    let place = Place::new();
    place.file("header.pcap", &header());
    place.run(&["detect", "header.pcap"]).with(0).printed("No scans found").printed("holds no packets");
}

#[test]
#[cfg(unix)]
fn a_file_without_permission_is_said_to_be_one() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::with_sweep();
    let path = place.path().join("sweep.pcap");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::File::open(&path).is_ok() {
        eprintln!("skipped: this user may read everything");
        return;
    }
    place.run(&["detect", "sweep.pcap"]).with(4).told("error: sweep.pcap: no permission to read it");
}

#[test]
fn standard_input_is_read_like_a_file() {
    let place = Place::new();
    let mut child = place
        .command(&["detect", "-", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&sweep(7, 40, START)).unwrap();
    let ended = Ended::from(child.wait_with_output().unwrap()).with(0);
    let records = ended.records();
    assert_eq!(records[0]["sources"][0], "198.51.100.7");
    assert_eq!(records.last().unwrap()["inputs"][0]["name"], "-");
    place.run(&["detect", "-"]).with(4).told("error: standard input: the input is empty");
}

#[test]
#[cfg(unix)]
fn a_named_pipe_is_read_once() {
    let place = Place::with_sweep();
    let line = format!("{} detect --json <(cat sweep.pcap) sweep.pcap", env!("CARGO_BIN_EXE_watchpost"));
    let Ok(output) =
        std::process::Command::new("bash").args(["-c", &line]).current_dir(place.path()).output()
    else {
        eprintln!("skipped: there is no bash");
        return;
    };
    let ended = Ended::from(output).with(0);
    assert_eq!(ended.records().last().unwrap()["packets"], 80);
}

#[test]
fn files_that_overlap_in_time_are_merged() {
    let place = Place::new();
    place.file("odd.pcap", &sweep(7, 20, START));
    place.file("even.pcap", &sweep(7, 20, START + 1));
    let one = place.run(&["detect", "odd.pcap", "even.pcap", "--json"]).with(0);
    let other = place.run(&["detect", "even.pcap", "odd.pcap", "--json"]).with(0);
    let campaigns =
        |ended: &Ended| ended.records().into_iter().filter(|r| r["record"] == "campaign").collect::<Vec<_>>();
    assert_eq!(campaigns(&one), campaigns(&other));
    assert_eq!(campaigns(&one).len(), 1);
}

#[test]
#[cfg(unix)]
fn more_files_than_may_be_open_at_once() {
    let place = Place::new();
    for n in 0..100u32 {
        place.file(&format!("many/{n:03}.pcap"), &sweep(7, 10, START + 10 * n));
    }
    let line = format!("ulimit -n 32 && exec {} detect --json many", env!("CARGO_BIN_EXE_watchpost"));
    let output =
        std::process::Command::new("sh").args(["-c", &line]).current_dir(place.path()).output().unwrap();
    let ended = Ended::from(output).with(0);
    assert_eq!(ended.records().last().unwrap()["packets"], 1000);
}

#[test]
#[cfg(unix)]
fn a_name_with_controls_reaches_no_terminal_raw() {
    let place = Place::new();
    place.file("a\x1b[2Jb.pcap", &sweep(7, 40, START));
    place.file("c\u{9b}2J.pcap", b"text, and so an error\n");
    let ended = place.run(&["detect", "a\x1b[2Jb.pcap", "c\u{9b}2J.pcap", "-v"]).with(4);
    for text in [&ended.stdout, &ended.stderr] {
        assert!(!text.contains(['\x1b', '\u{9b}']), "{text:?}");
    }
    let ended = place.run(&["detect", "a\x1b[2Jb.pcap", "--json"]).with(0);
    assert!(!ended.stdout.contains(['\x1b', '\u{9b}']));
}

#[test]
fn a_log_of_which_nothing_could_be_used_is_no_clean_bill() {
    let place = Place::new();
    let line = "Sep 30 10:09:23 www kernel: IN=eth0 OUT= SRC=198.51.100.7 DST=203.0.113.9 LEN=40 TTL=43 ID=1 PROTO=TCP SPT=5 DPT=80 WINDOW=1024 SYN URGP=0\n";
    place.file("deny.log", line.repeat(3).as_bytes());
    place
        .run(&["detect", "deny.log"])
        .with(0)
        .printed("of 3 lines none could be used (3 its stamp has no year: give --year)");
    place
        .run(&["detect", "deny.log", "--strict"])
        .with(4)
        .told("nothing of it could be used: 3 of 3 its stamp has no year");
    place.run(&["detect", "deny.log", "--strict", "--year", "2026"]).with(0);
}
