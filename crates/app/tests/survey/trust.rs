//! What can be relied on: the audit log says what was sent, nothing is sent where it must not be, the helper can do nothing else.

use std::collections::BTreeMap;
use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::capture::{Capture, Packet, TCP};
use crate::lab::{Ended, Place, lab};
use crate::sending::{by_network, scope};

/// The process that one started which is the helper.
#[track_caller]
pub fn helper_of(parent: u32) -> u32 {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(5) {
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
            let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            if status.starts_with("Name:\twatchpost-probe\n")
                && status.contains(&format!("\nPPid:\t{parent}\n"))
            {
                return pid;
            }
        }
        sleep(Duration::from_millis(20));
    }
    panic!("no helper was started");
}

/// A line of what the kernel says of a process.
fn field(pid: u32, name: &str) -> String {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(&format!("{name}:\t")));
    line.unwrap_or_else(|| panic!("no {name}: {status}")).to_owned()
}

#[test]
fn the_helper_keeps_no_privilege() {
    let Some(lab) = lab() else { return };
    let place = Place::new();
    place.file(
        "scope.toml",
        &scope("\"10.99.9.0/24\"", "tcp = \"80\"\n[rate]\nall = 100\nnetwork = 100\nhost = 100"),
    );
    let child = place.begin(lab, "scope.toml", &["--tcp", "80", "--passes", "1", "--no-identify"]);
    let pid = helper_of(child.id());
    // It is sending by then.
    sleep(Duration::from_millis(700));
    let field = |name: &str| field(pid, name);
    for set in ["CapEff", "CapPrm", "CapAmb", "CapInh"] {
        assert_eq!(u64::from_str_radix(&field(set), 16).unwrap(), 0, "{set}");
    }
    assert_eq!(field("NoNewPrivs"), "1");
    assert_eq!(field("Uid"), "65534\t65534\t65534\t65534");
    assert_eq!(field("Gid"), "65534\t65534\t65534\t65534");
    assert_eq!(field("Groups").trim(), "");
    // Who started it, here as root, may write files anywhere, and nothing else.
    let files = 1u64 << 1;
    for set in ["CapEff", "CapPrm"] {
        assert_eq!(u64::from_str_radix(&self::field(child.id(), set), 16).unwrap(), files, "{set}");
    }
    Ended::of(child).with(0);
}

/// What the log says was sent, by network, and in all.
fn noted(log: &str) -> (BTreeMap<String, u64>, u64) {
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |event: &'static str| lines.iter().filter(move |line| line["event"] == event);
    let sent = of("sent")
        .map(|line| (line["prefix"].as_str().unwrap().to_owned(), line["packets"].as_u64().unwrap()));
    (sent.collect(), of("end").map(|line| line["packets"].as_u64().unwrap()).sum())
}

#[test]
fn the_audit_log_says_what_was_sent() {
    let Some(lab) = lab() else { return };
    let of_kernel = |packet: &Packet| packet.protocol == TCP && packet.flags == 0x04;
    // Probes alone: to the packet.
    let place = Place::new();
    let capture = Capture::start(lab, &place, "dst net 10.77.6.64/26 or dst net 10.77.7.64/26");
    let wish =
        ["10.77.6.64/26", "10.77.7.64/26", "--tcp", "22,80,443", "--discover", "first", "--no-identify"];
    let found = place.survey(lab, lab.scope("SERVICES"), &wish);
    let sent = by_network(capture.stop().into_iter().filter(|packet| !of_kernel(packet)));
    let log = place.read("watchpost-audit.ndjson");
    let (prefixes, all) = noted(&log);
    assert_eq!(prefixes, sent);
    assert_eq!((all, found.survey["probes"].as_u64()), (sent.values().sum(), Some(all)));
    let end = found.survey["audit_end"].as_str().unwrap();
    place.run(lab, &["audit", "verify", "watchpost-audit.ndjson", "--end", end]).with(0);
    // Whose process it was, and not what the environment says (`USER`).
    assert!(log.contains("root\"") && !log.contains("tester"), "{log}");
    assert!(log.contains(found.survey["scope_hash"].as_str().unwrap()));

    // Conversations are counted before they are held, by what they may cost.
    let place = Place::new();
    let capture = Capture::start(lab, &place, "dst net 10.77.6.64/26");
    place.survey(lab, lab.scope("SERVICES"), &["10.77.6.64/26", "--tcp", "22,80,443", "--discover", "off"]);
    let packets = capture.stop().into_iter().filter(|packet| !of_kernel(packet)).count() as u64;
    let (_, all) = noted(&place.read("watchpost-audit.ndjson"));
    assert!(packets <= all && all < 2 * packets, "{all} noted, {packets} sent");
}

#[test]
fn hosts_that_are_asked_for_the_token_are_noted() {
    let Some(lab) = lab() else { return };
    let place = Place::new();
    let wish = ["10.77.6.64/30", "--tcp", "22", "--discover", "off", "--no-identify"];
    let token = ["--token-host", "10.77.6.65", "--unproven"];
    let found = place.survey(lab, lab.scope("SERVICES"), &[&wish[..], &token[..]].concat());
    assert!(found.survey["control"].as_str().unwrap().contains("not proven"), "{}", found.survey["control"]);
    let log = place.read("watchpost-audit.ndjson");
    let events: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["start", "sent", "end", "start", "sent", "end"]);
    assert!(events[0]["what"].as_str().unwrap().starts_with("proof of control"), "{}", events[0]);
}

#[test]
fn a_check_that_asks_hosts_keeps_stop_and_log_as_a_survey_does() {
    let Some(lab) = lab() else { return };
    let place = Place::new();
    let check = ["scope", "check", "--prove", "--resolver", "127.0.0.1:9", lab.scope("SERVICES")];
    let asking = [&check[..], &["--token-host", "10.77.6.65"]].concat();
    let capture = Capture::start(lab, &place, "dst net 10.77.6.65/32");
    place.file("watchpost.stop", "");
    place.run(lab, &asking).with(2).told("nothing was sent: watchpost.stop is there");
    fs::remove_file(place.path().join("watchpost.stop")).unwrap();
    place.file("broken.ndjson", "{\"number\":1}\n");
    place.run(lab, &[&asking[..], &["--audit", "broken.ndjson"]].concat()).with(3).told("Nothing was sent");
    assert_eq!(capture.stop().len(), 0);

    // Who became root by sudo is named; whom `USER` names is not.
    let capture = Capture::start(lab, &place, "dst net 10.77.6.65/32");
    let run: Ended = place.command(lab, &asking).env("SUDO_USER", "jane").output().unwrap().into();
    run.with(0);
    let packets = capture.stop().len() as u64;
    let log = place.read("watchpost-audit.ndjson");
    let (_, all) = noted(&log);
    assert!(packets > 0 && packets <= all, "{all} noted, {packets} sent");
    assert!(log.contains("\"operator\":\"jane as root\"") && log.contains("proof of control"), "{log}");
    place.run(lab, &["audit", "verify", "watchpost-audit.ndjson"]).with(0);
    // A resolver is no target: nothing is noted of it.
    place.run(lab, &check).with(0);
    assert_eq!(place.read("watchpost-audit.ndjson"), log);
}

#[test]
fn where_it_must_not_be_sent_nothing_is() {
    let Some(lab) = lab() else { return };
    let place = Place::new();
    let good = scope("\"10.99.10.0/24\"", "tcp = \"80\"\n[rate]\nall = 10000\nnetwork = 10000\nhost = 10000");
    place.file("scope.toml", &good);
    place.file("expired.toml", &good.replace("2999-01-01", "2020-01-01"));
    // A window of the day after tomorrow.
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let today = (std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs() / 86_400 + 3) as usize % 7;
    let closed = format!(
        "{good}\n[[window]]\ndays = [\"{}\"]\nfrom = \"10:00\"\nuntil = \"12:00\"\n",
        days[(today + 2) % 7]
    );
    place.file("closed.toml", &closed);
    let capture = Capture::start(lab, &place, "dst net 10.99.10.0/24");
    let run = |more: &[&str]| {
        place.run(lab, &[&["survey", "--tcp", "80", "--passes", "1", "--wait", "0.1"], more].concat())
    };

    place.file("watchpost.stop", "");
    for how in ["--raw", "--connect"] {
        run(&[how]).with(2).told("nothing was sent: watchpost.stop is there");
    }
    fs::remove_file(place.path().join("watchpost.stop")).unwrap();
    run(&["--scope", "expired.toml"]).with(3).told("Nothing was sent");
    run(&["--scope", "closed.toml"]).with(3).told("Nothing was sent");
    place.file("broken.ndjson", "{\"number\":1}\n");
    run(&["--audit", "broken.ndjson"]).with(3).told("the audit log does not hold").told("Nothing was sent");
    run(&["--audit", "nowhere/audit.ndjson"]).with(74);
    place.file("half.ndjson", "{\"number\":1");
    run(&["--audit", "half.ndjson"]).with(3).told("only half written").told("truncate -s 0 half.ndjson");
    assert_eq!(place.read("half.ndjson"), "{\"number\":1", "what does not hold is left as it is");
    assert_eq!(capture.stop().len(), 0);

    // All of that was not because nothing is ever sent.
    let capture = Capture::start(lab, &place, "dst net 10.99.10.0/24");
    run(&["--raw"]).with(0);
    assert_eq!(capture.stop().len(), 256);
}
