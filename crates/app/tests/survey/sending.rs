//! What is sent: what the dry run said, to the scope alone, within the caps, and no more once it was stopped.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;
use std::io::{BufRead, BufReader};
use std::net::IpAddr;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::capture::{Capture, Packet, TCP};
use crate::lab::{Ended, Found, Lab, Place, lab, signal};

const SECOND: u64 = 1_000_000_000;

/// A scope of a test's own.
pub fn scope(blocks: &str, more: &str) -> String {
    format!(
        "organisation = \"Lab\"\nauthorised_by = \"Jane\"\nvalid_until = \"2999-01-01\"\nabout = \"https://lab.example/scans\"\n\
         blocks = [{blocks}]\nlab = true\n{more}\n"
    )
}

fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos()).unwrap()
}

/// The dry run's lines, as target and question.
fn dry(place: &Place, lab: &Lab, arguments: &[&str]) -> Vec<(String, String)> {
    let run = place.run(lab, &[&["survey", "--dry-run", "--quiet"], arguments].concat()).with(0);
    assert!(!place.path().join("watchpost-audit.ndjson").exists(), "a dry run notes nothing");
    let line = |line: &str| {
        let [_, host, ask] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        (host.to_owned(), ask.to_owned())
    };
    run.stdout.lines().map(line).collect()
}

fn asked(packet: &Packet) -> (String, String) {
    (packet.target.to_string(), format!("tcp/{}", packet.port))
}

#[test]
fn a_dry_run_is_what_is_then_sent() {
    let Some(lab) = lab() else { return };
    let place = Place::new();
    // Nobody answers: it is sent just so, in this order.
    let dead = ["--scope", lab.scope("DEAD"), "10.99.8.0/25", "--tcp", "22,80,443", "--discover", "off"];
    let more = ["--passes", "1", "--seed", "5", "--no-identify", "--rate", "5000"];
    let arguments = [&dead[..], &more].concat();
    let capture = Capture::start(lab, &place, "dst net 10.99.8.0/24");
    let said = dry(&place, lab, &arguments);
    place.run(lab, &[&["survey", "--raw", "--wait", "0.2"], &arguments[..]].concat()).with(0);
    let packets = capture.stop();
    assert_eq!(said.len(), 384);
    assert_eq!(packets.iter().map(asked).collect::<Vec<_>>(), said);

    // Where something answers, canaries are asked again, and later stages follow: what comes first is still just that.
    let place = Place::new();
    let alive = ["--scope", lab.scope("SERVICES"), "10.77.5.0/26", "--tcp", "22,80,443", "--discover", "off"];
    let arguments = [&alive[..], &more].concat();
    let capture = Capture::start(lab, &place, "dst net 10.77.5.0/26");
    let said = dry(&place, lab, &arguments);
    place.run(lab, &[&["survey", "--raw", "--wait", "0.2"], &arguments[..]].concat()).with(0);
    let mut seen = BTreeSet::new();
    let packets = capture.stop();
    let first =
        packets.iter().filter(|packet| packet.is_syn()).map(asked).filter(|one| seen.insert(one.clone()));
    assert_eq!(first.take(said.len()).collect::<Vec<_>>(), said);
}

#[test]
fn packets_go_to_the_scope_alone_and_say_what_they_are() {
    let Some(lab) = lab() else { return };
    let place = Place::new();
    let own = "exclude = [\"10.88.8.8/29\", \"10.88.8.70\"]\ntcp = \"22,80,443,33333\"\nudp = \"53\"\nicmp = true\n\
               [rate]\nall = 20000\nnetwork = 20000\nhost = 20000";
    place.file("scope.toml", &scope("\"10.88.8.0/25\"", own));
    let capture = Capture::start(lab, &place, "not arp");
    // More than the scope holds is wished for.
    let wish =
        ["10.88.8.0/24", "10.77.12.0/24", "--tcp", "1-100,443", "--udp", "53,161", "--discover", "first"];
    let found = place.survey(lab, "scope.toml", &[&wish[..], &["--no-identify"]].concat());
    // Other tests send meanwhile, to other blocks.
    let of_block =
        |packet: &Packet| matches!(packet.target, IpAddr::V4(v4) if v4.octets()[..3] == [10, 88, 8]);
    let packets: Vec<Packet> = capture.stop().into_iter().filter(of_block).collect();
    let alive = |(host, _): &(String, String)| {
        let last = host.strip_prefix("10.88.8.").map(|last| last.parse::<u8>().unwrap());
        last.is_some_and(|last| last < 128 && !(8..16).contains(&last) && last != 70)
    };
    let truth: BTreeSet<_> = lab.truth("WIDE").into_iter().filter(alive).collect();
    assert_eq!(found.open(), truth);
    assert!(packets.len() > 1_000, "{}", packets.len());
    for packet in &packets {
        let IpAddr::V4(target) = packet.target else { panic!("{packet:?}") };
        let last = target.octets()[3];
        assert!(last < 128 && !(8..16).contains(&last) && last != 70, "out of scope: {packet:?}");
        assert_eq!(packet.source.to_string(), lab.var("LAB_SOURCE"), "{packet:?}");
        // The kernel resets what it did not open itself.
        let is_reset = packet.protocol == TCP && packet.flags == 0x04;
        assert!(is_reset || packet.id == Some(0x5750), "without the mark: {packet:?}");
        let allowed = match packet.protocol {
            1 => [8, 13].contains(&packet.port),
            6 => [22, 80, 443, 33_333].contains(&packet.port),
            17 => packet.port == 53,
            _ => false,
        };
        assert!(allowed, "{packet:?}");
    }
}

/// The most packets that any second holds, of those with the same key.
fn most<K: Hash + Eq>(packets: &[Packet], key: impl Fn(&Packet) -> K) -> usize {
    let mut times: HashMap<K, Vec<u64>> = HashMap::new();
    packets.iter().for_each(|packet| times.entry(key(packet)).or_default().push(packet.time));
    let busiest = |times: &Vec<u64>| {
        (0..times.len())
            .map(|first| times[first..].partition_point(|time| *time < times[first] + SECOND))
            .max()
    };
    times.values().filter_map(busiest).max().unwrap_or(0)
}

/// What a survey under tight caps sends, from the most of any second: in all, to a network, to a host.
fn busiest(lab: &Lab, blocks: [&str; 2], more: &[&str]) -> (usize, usize, usize) {
    let place = Place::new();
    let written = format!("\"{}\", \"{}\"", blocks[0], blocks[1]);
    place.file(
        "scope.toml",
        &scope(&written, "tcp = \"1-65535\"\n[rate]\nall = 200\nnetwork = 120\nhost = 5"),
    );
    let capture = Capture::start(lab, &place, &format!("net {} or net {}", blocks[0], blocks[1]));
    place.survey(lab, "scope.toml", more);
    let all = capture.stop();
    // What the kernel answers by itself to SYN-ACKs that it did not ask for is not the scan's.
    let packets: Vec<Packet> = all.into_iter().filter(|packet| packet.flags != 0x04).collect();
    let network = |packet: &Packet| match packet.target {
        IpAddr::V4(v4) => v4.octets()[2],
        IpAddr::V6(_) => 0,
    };
    assert!(packets.len() > 320, "{}", packets.len());
    (most(&packets, |_| ()), most(&packets, network), most(&packets, |packet| packet.target))
}

#[test]
fn no_second_holds_more_probes_than_the_caps() {
    let Some(lab) = lab() else { return };
    let wish = ["--tcp", "22,80,443,21,25", "--discover", "off", "--no-identify"];
    let (all, network, host) = busiest(lab, ["10.77.6.0/27", "10.77.7.0/27"], &wish);
    assert!(
        all <= 202 && network <= 121 && host <= 5,
        "{all} in a second, {network} to a network, {host} to a host"
    );
    assert!(all > 150, "the caps were met: {all}");
}

#[test]
fn no_second_holds_more_than_the_caps_with_conversations() {
    let Some(lab) = lab() else { return };
    let wish = ["--tcp", "22,80,443,21,25", "--discover", "off"];
    let (all, network, host) = busiest(lab, ["10.77.6.32/27", "10.77.7.32/27"], &wish);
    assert!(
        all <= 202 && network <= 121 && host <= 5,
        "{all} in a second, {network} to a network, {host} to a host"
    );
}

#[test]
fn hosts_are_talked_with_beside_each_other() {
    let Some(lab) = lab() else { return };
    let place = Place::new();
    let route = ["route", "replace", "local", "10.79.2.0/24", "dev", "lo"];
    assert!(lab.at("inside", "ip").args(route).status().unwrap().success());
    // They accept, and are silent: more of each than talk at a time.
    let script = "import socket, sys\n\
                  kept = [socket.create_server((f'10.79.2.{n}', port)) for n in (1, 2) for port in range(31000, 31040)]\n\
                  print('ready', flush=True)\nsys.stdin.read()";
    let mut servers = lab.at("inside", "python3");
    let mut servers =
        servers.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(servers.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert_eq!(lines.next().as_deref(), Some("ready"));
    place.file(
        "scope.toml",
        &scope(
            "\"10.79.2.1\", \"10.79.2.2\"",
            "tcp = \"1-65535\"\n[rate]\nall = 2000\nnetwork = 2000\nhost = 20",
        ),
    );
    let capture = Capture::start(lab, &place, "dst net 10.79.2.0/24");
    let wish = ["--tcp", "31000-31039", "--discover", "off", "--passes", "1"];
    let child = place.begin(lab, "scope.toml", &wish);
    sleep(Duration::from_secs(9));
    place.file("watchpost.stop", "");
    Ended::of(child).with(0).told("watchpost.stop is there");
    drop(servers.stdin.take());
    servers.wait().unwrap();
    // The kernel's, not those that find the ports.
    let packets = capture.stop();
    let calls: Vec<&Packet> =
        packets.iter().filter(|packet| packet.is_syn() && packet.id != Some(0x5750)).collect();
    let first = |last: u8| {
        let to = |packet: &&&Packet| packet.target == IpAddr::from([10, 79, 2, last]);
        calls.iter().find(to).unwrap_or_else(|| panic!("nobody called .{last}: {calls:?}")).time
    };
    let apart = first(2).abs_diff(first(1));
    assert!(apart < SECOND / 2, "{} ms after the first host the second was called", apart / 1_000_000);
}

/// A block that takes many seconds, and its survey, begun: until it sends.
fn long(lab: &Lab, place: &Place, block: u8) -> (std::process::Child, Capture) {
    let target = format!("10.77.{block}.128/27");
    place.file(
        "scope.toml",
        &scope(&format!("\"{target}\""), "tcp = \"1-65535\"\n[rate]\nall = 800\nnetwork = 800\nhost = 800"),
    );
    let capture = Capture::start(lab, place, &format!("dst net {target}"));
    let ports = lab.var("LAB_PORTS_SERVICES");
    let child = place.begin(
        lab,
        "scope.toml",
        &["--tcp", ports, "--no-identify", "--discover", "off", "--out", "found.ndjson"],
    );
    sleep(Duration::from_millis(1_200));
    (child, capture)
}

#[track_caller]
fn ends_within_a_second(packets: &[Packet], from: u64) {
    // All of ours count: also what ends a connection, and what the kernel acknowledges.
    let (before, after): (Vec<u64>, Vec<u64>) =
        packets.iter().map(|packet| packet.time).partition(|time| *time < from);
    assert!(before.len() > 50, "it was sending: {} packets", before.len());
    let last = after.last().copied().unwrap_or(from);
    assert!(last < from + SECOND, "{} ms later it still sent", (last - from) / 1_000_000);
}

/// What the rest of a survey finds, with the caps out of the way of a test's time.
fn resumed(lab: &Lab, place: &Place) -> Found {
    let ports = lab.var("LAB_PORTS_SERVICES");
    let wish = ["--tcp", ports, "--no-identify", "--discover", "off", "--passes", "1"];
    place.survey(
        lab,
        "scope.toml",
        &[&wish[..], &["--resume", "found.ndjson.resume", "--out", "whole.ndjson"]].concat(),
    )
}

fn truth(lab: &Lab, block: u8) -> BTreeSet<(String, String)> {
    let inside = |(host, _): &(String, String)| {
        let (network, last) = host.rsplit_once('.').unwrap();
        network == format!("10.77.{block}") && (128..160).contains(&last.parse::<u8>().unwrap())
    };
    lab.truth("SERVICES").into_iter().filter(inside).collect()
}

#[test]
fn a_stop_file_ends_it_within_a_second_and_resuming_loses_nothing() {
    let Some(lab) = lab() else { return };
    let place = Place::new();
    let (child, capture) = long(lab, &place, 4);
    let at = now();
    place.file("watchpost.stop", "");
    let run = Ended::of(child).with(0).told("watchpost.stop is there").told("--resume found.ndjson.resume");
    ends_within_a_second(&capture.stop(), at);
    let first = run.found();
    assert!(first.survey["stopped"].as_str().unwrap().contains("watchpost.stop"));
    let coverage = first.survey["coverage"].as_f64().unwrap();
    assert!(coverage > 0.0 && coverage < 0.9, "{coverage}");
    assert!(first.open().len() < truth(lab, 4).len());

    std::fs::remove_file(place.path().join("watchpost.stop")).unwrap();
    let capture = Capture::start(lab, &place, "dst net 10.77.4.128/27");
    let whole = resumed(lab, &place);
    assert_eq!(whole.open(), truth(lab, 4));
    assert_eq!(
        (&whole.survey["stopped"], whole.survey["coverage"].as_f64()),
        (&serde_json::Value::Null, Some(1.0))
    );
    // It went on where it stood: what was asked is not asked anew, but for what answered (canaries, the second look).
    let again =
        capture.stop().iter().filter(|packet| packet.is_syn()).map(asked).collect::<BTreeSet<_>>().len();
    assert!((again as f64) < 3_200.0 * (1.0 - coverage) + 350.0, "{again} asked, after {coverage}");
    place.run(lab, &["audit", "verify", "watchpost-audit.ndjson"]).with(0);
}

/// Ports on which a server is heard first, and which speak TLS; nothing else of the lab listens there.
const GREETERS: &str = "2222,2323,2525,3307,4190,5901,5902,5903";
const OVER_TLS: &str = "563,992,994,1443,2087,4433,4443,7443";

/// Servers of a test's own, at 10.79.N.1 and .2, that say a byte every 50 ms for as long as somebody listens; those of TLS begin a record that does
/// not end. A line is printed for each that calls. They end with their input.
fn dripping(lab: &Lab, block: u8) -> std::process::Child {
    let route = ["route", "replace", "local", &format!("10.79.{block}.0/24"), "dev", "lo"];
    assert!(lab.at("inside", "ip").args(route).status().unwrap().success());
    let script = format!(
        "import os, socket, sys, threading, time\n\
         def drip(line, first):\n\
         \x20   try:\n\
         \x20       line.sendall(first)\n\
         \x20       while True: line.sendall(b'x'); time.sleep(0.05)\n\
         \x20   except OSError: pass\n\
         def serve(server, first):\n\
         \x20   while True:\n\
         \x20       line, _ = server.accept()\n\
         \x20       os.write(1, b'called\\n')\n\
         \x20       threading.Thread(target=drip, args=(line, first), daemon=True).start()\n\
         for host in '10.79.{block}.1', '10.79.{block}.2':\n\
         \x20   for ports, first in ([{GREETERS}], b''), ([{OVER_TLS}], bytes.fromhex('160303400002003ffc')):\n\
         \x20       for port in ports:\n\
         \x20           server = socket.create_server((host, port))\n\
         \x20           threading.Thread(target=serve, args=(server, first), daemon=True).start()\n\
         print('ready', flush=True)\n\
         sys.stdin.read()"
    );
    let mut command = lab.at("inside", "python3");
    command.args(["-c", &script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
}

#[test]
fn a_stop_ends_conversations_within_a_second() {
    let Some(lab) = lab() else { return };
    let place = Place::new();
    let mut servers = dripping(lab, 1);
    let mut lines = BufReader::new(servers.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert_eq!(lines.next().as_deref(), Some("ready"));
    place.file(
        "scope.toml",
        &scope(
            "\"10.79.1.1\", \"10.79.1.2\"",
            "tcp = \"1-65535\"\n[rate]\nall = 5000\nnetwork = 5000\nhost = 5000",
        ),
    );
    let capture = Capture::start(lab, &place, "dst net 10.79.1.0/24");
    let ports = format!("{GREETERS},{OVER_TLS}");
    let wish = ["--tcp", &ports, "--discover", "off", "--passes", "1", "--out", "found.ndjson"];
    let child = place.begin(lab, "scope.toml", &wish);
    // As many as talk at a time do; each hears for seconds.
    assert_eq!(lines.by_ref().take(32).filter(|line| line == "called").count(), 32);
    sleep(Duration::from_millis(300));
    let at = now();
    place.file("watchpost.stop", "");
    let run = Ended::of(child).with(0).told("watchpost.stop is there");
    // Whoever goes on sending does so for as long as a conversation may last.
    sleep(Duration::from_secs(3));
    ends_within_a_second(&capture.stop(), at);
    assert!(run.found().survey["stopped"].as_str().unwrap().contains("watchpost.stop"));
    drop(servers.stdin.take());
    servers.wait().unwrap();
}

#[test]
fn ctrl_c_ends_it_within_a_second() {
    let Some(lab) = lab() else { return };
    let place = Place::new();
    let (child, capture) = long(lab, &place, 6);
    let at = now();
    // As a service manager does that ends both at once: the helper is told to stop by whoever started it, and by nobody else.
    signal(crate::trust::helper_of(child.id()), "INT");
    signal(crate::trust::helper_of(child.id()), "TERM");
    signal(child.id(), "INT");
    let run = Ended::of(child).with(130).told("--resume found.ndjson.resume");
    ends_within_a_second(&capture.stop(), at);
    assert_eq!(run.found().survey["stopped"], "interrupted");
    place.run(lab, &["audit", "verify", "watchpost-audit.ndjson"]).with(0);
}

#[test]
fn the_helper_stops_with_whoever_started_it() {
    let Some(lab) = lab() else { return };
    let place = Place::new();
    let (mut child, capture) = long(lab, &place, 7);
    let helper = crate::trust::helper_of(child.id());
    let at = now();
    signal(child.id(), "KILL");
    child.wait().unwrap();
    let gone = || !std::path::Path::new(&format!("/proc/{helper}")).exists();
    let began = Instant::now();
    while !gone() && began.elapsed() < Duration::from_secs(5) {
        sleep(Duration::from_millis(50));
    }
    ends_within_a_second(&capture.stop(), at);
    assert!(gone(), "the helper is still there");
}

/// Packets to each /24.
pub fn by_network(packets: impl Iterator<Item = Packet>) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    for packet in packets {
        let IpAddr::V4(v4) = packet.target else { continue };
        let [a, b, c, _] = v4.octets();
        *sums.entry(format!("{a}.{b}.{c}.0/24")).or_default() += 1;
    }
    sums
}
