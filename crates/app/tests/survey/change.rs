//! What changed since the survey before, what the policy allows, and surveys again and again.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::process::Stdio;

use serde_json::Value;

use crate::lab::{Ended, Found, Lab, Place, lab};
use crate::sending::scope;

/// Caps that nothing here reaches.
const FAST: &str = "tcp = \"1-65535\"\nudp = \"1-65535\"\n[rate]\nall = 50000\nnetwork = 50000\nhost = 50000";

/// The hosts of a /24 that have port 80.
fn truth(lab: &Lab, block: &str) -> Vec<String> {
    let hosts = lab.truth("WIDE").into_iter().map(|(host, _)| host);
    let mut hosts: Vec<String> = hosts.filter(|host| host.starts_with(block)).collect();
    hosts.sort();
    hosts
}

fn records(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn what_goes_away_is_suspect_then_closed_and_what_comes_is_added() {
    let Some(lab) = lab() else { return };
    let place = Place::new();
    let hosts = truth(lab, "10.88.3.");
    let (gone, late) = (&hosts[2], &hosts[5]);
    let look = |name: &str, previous: Option<&str>| {
        let mut wish = vec!["10.88.3.0/24", "--tcp", "80", "--no-identify", "--out", name];
        wish.extend(previous.iter().flat_map(|previous| ["--previous", *previous]));
        place.survey(lab, lab.scope("WIDE"), &wish)
    };
    let away = |table: &str, host: &str| {
        let chain = "{ type filter hook prerouting priority -350; }";
        lab.nft("inside", &format!("add table inet {table}; add chain inet {table} gone {chain}"));
        lab.nft("inside", &format!("add rule inet {table} gone ip daddr {host} drop"));
    };
    // One is not there at first.
    away("change_late", late);
    let a = look("a.ndjson", None);
    lab.nft("inside", "delete table inet change_late");
    away("change_gone", gone);
    let b = look("b.ndjson", Some("a.ndjson"));
    let c = look("c.ndjson", Some("b.ndjson"));
    lab.nft("inside", "delete table inet change_gone");
    let d = look("d.ndjson", Some("c.ndjson"));
    let states = |host: &str| [&a, &b, &c, &d].map(|found| found.state(host, "tcp/80").to_owned());
    assert_eq!(states(gone), ["open", "suspect", "closed", "open"]);
    assert_eq!(states(late), ["not in it", "open", "open", "open"]);
    assert_eq!(states(&hosts[0]), ["open", "open", "open", "open"]);
    assert_eq!(b.survey["previous"]["id"], a.survey["id"]);
    // Who was seen keeps its first day.
    let first = |found: &Found| {
        found.services.iter().find(|one| one["host"] == hosts[0]).unwrap()["first_seen"].clone()
    };
    assert_eq!(first(&c), first(&a));

    let changes = |from: &str, to: &str| {
        records(&place.run(lab, &["survey", "diff", from, to, "--json"]).with(0).stdout)
    };
    let kinds = |from: &str, to: &str| -> BTreeSet<(String, String)> {
        let changes = changes(from, to);
        let word = |value: &Value| value.as_str().unwrap().to_owned();
        changes.iter().map(|change| (word(&change["host"]), word(&change["kind"]))).collect()
    };
    let pair = |host: &str, kind: &str| (host.to_owned(), kind.to_owned());
    assert_eq!(kinds("a.ndjson", "c.ndjson"), BTreeSet::from([pair(gone, "removed"), pair(late, "added")]));
    assert!(kinds("d.ndjson", "d.ndjson").is_empty());
    let failing = ["survey", "diff", "a.ndjson", "c.ndjson", "--fail-on", "added"];
    place.run(lab, &failing).with(1);
    let text = place.run(lab, &["survey", "diff", "a.ndjson", "c.ndjson"]).with(0).stdout;
    assert!(text.contains(&format!("+ {late}:80")) && text.contains(&format!("- {gone}:80")), "{text}");
}

#[test]
fn what_the_policy_does_not_allow_is_an_exposure() {
    let Some(lab) = lab() else { return };
    let place = Place::new();
    let hosts = truth(lab, "10.88.4.");
    place.file(
        "policy.toml",
        &format!("[[allow]]\nhosts = [\"{}\"]\nservices = [\"tcp/80\"]\nrung = \"discloses\"\n", hosts[0]),
    );
    let wish = ["10.88.4.0/24", "--tcp", "80", "--policy", "policy.toml", "--no-identify", "--json"];
    let run = [
        "survey",
        "--raw",
        "--scope",
        lab.scope("WIDE"),
        "--fail-on",
        "info",
        "--wait",
        "0.2",
        "--passes",
        "2",
    ];
    let found = place.run(lab, &[&run[..], &wish].concat()).with(1).found();
    let outside: BTreeSet<String> = found
        .exposures
        .iter()
        .filter(|one| one["check"] == "policy")
        .map(|one| one["host"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(outside, hosts[1..].iter().cloned().collect());
    place.file(
        "policy.toml",
        "[[allow]]\nhosts = [\"10.88.4.0/24\"]\nservices = [\"tcp/80\"]\nrung = \"discloses\"\n",
    );
    place.run(lab, &[&run[..], &wish].concat()).with(0);
}

#[test]
fn again_and_again_each_is_held_against_the_last() {
    let Some(lab) = lab() else { return };
    let place = Place::new();
    let wish =
        ["10.88.5.0/28", "--tcp", "80", "--no-identify", "--every", "3s", "--times", "3", "--out", "surveys"];
    let run = ["survey", "--raw", "--scope", lab.scope("WIDE"), "--json", "--wait", "0.2", "--passes", "2"];
    place.run(lab, &[&run[..], &wish].concat()).with(0);
    let mut files: Vec<_> =
        fs::read_dir(place.path().join("surveys")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert_eq!(files.len(), 3);
    let survey = |path: &std::path::PathBuf| {
        let text = zstd::decode_all(fs::File::open(path).unwrap()).unwrap();
        Found::read(&String::from_utf8(text).unwrap()).survey
    };
    let surveys: Vec<Value> = files.iter().map(survey).collect();
    assert_eq!(surveys[0]["previous"], Value::Null);
    for pair in surveys.windows(2) {
        assert_eq!(pair[1]["previous"]["id"], pair[0]["id"]);
    }
    // Another run goes on with the chain.
    let more =
        ["10.88.5.0/28", "--tcp", "80", "--no-identify", "--every", "1h", "--times", "1", "--out", "surveys"];
    place.run(lab, &[&run[..], &more].concat()).with(0);
    let newest =
        fs::read_dir(place.path().join("surveys")).unwrap().map(|entry| entry.unwrap().path()).max().unwrap();
    assert_eq!(survey(&newest)["previous"]["id"], surveys[2]["id"]);
    place.run(lab, &["audit", "verify", "watchpost-audit.ndjson"]).with(0);
}

#[test]
fn what_was_not_asked_is_no_change() {
    let Some(lab) = lab() else { return };
    let place = Place::new();
    let hosts = truth(lab, "10.88.6.");
    let look = |wish: &[&str]| {
        place.survey(lab, lab.scope("WIDE"), &[&["10.88.6.0/24", "--no-identify"], wish].concat())
    };
    // Raw it asks for an echo, and finds many; by ordinary connections it cannot ask, so they stand.
    let raw = look(&["--tcp", "80", "--discover", "first", "--out", "raw.ndjson"]);
    let echoes = |found: &Found| {
        let echo = |one: &&Value| one["service"] == "icmp/echo" && one["state"] == "open";
        found.services.iter().filter(echo).count()
    };
    assert!(raw.survey["asked"].to_string().contains("icmp/echo"));
    assert!(echoes(&raw) >= hosts.len() && !hosts.is_empty());
    let previous = ["--previous", "raw.ndjson", "--out", "connect.ndjson", "--connect"];
    let connect = look(&[&["--tcp", "80", "--discover", "first"], &previous[..]].concat());
    assert!(!connect.survey["asked"].to_string().contains("icmp/echo"), "{}", connect.survey);
    assert_eq!(echoes(&connect), echoes(&raw));
    let changes = place.run(lab, &["survey", "diff", "raw.ndjson", "connect.ndjson", "--json"]).with(0);
    assert_eq!(changes.stdout, "");

    // Who answers to discovery got every question; of all others nothing is known but that.
    assert_eq!(raw.survey["knocks"][0], "icmp/echo");
    let asked: Vec<ipnet::IpNet> = raw.survey["hosts_asked"]
        .as_array()
        .unwrap()
        .iter()
        .map(|net| net.as_str().unwrap().parse().unwrap())
        .collect();
    let was_asked =
        |host: &str| asked.iter().any(|net| net.contains(&host.parse::<std::net::IpAddr>().unwrap()));
    let silent = (1..255).map(|last| format!("10.88.6.{last}")).find(|host| !hosts.contains(host)).unwrap();
    assert!(hosts.iter().all(|host| was_asked(host)) && !was_asked(&silent), "{asked:?}");
}

#[test]
fn the_parts_of_a_survey_are_together_what_one_is() {
    let Some(lab) = lab() else { return };
    let place = Place::new();
    let target = ["10.88.7.0/24", "--tcp", "79-81", "--no-identify", "--discover", "off", "--seed", "7"];
    for number in ["1", "2", "3"] {
        let (shard, name) = (format!("{number}/3"), format!("{number}.ndjson"));
        let part = ["--shard", &shard, "--out", &name];
        let found = place.survey(lab, lab.scope("WIDE"), &[&target[..], &part].concat());
        assert_eq!(found.survey["shard"]["of"], 3);
        assert_eq!(found.survey["hosts_asked"], Value::Null);
    }
    let join = |parts: &[&str]| {
        place.run(lab, &[&["survey", "join", "--out", "whole.ndjson", "--json"], parts].concat())
    };
    let whole = join(&["1.ndjson", "2.ndjson", "3.ndjson"]).with(0).found();
    let open: BTreeSet<_> =
        truth(lab, "10.88.7.").into_iter().map(|host| (host, "tcp/80".to_owned())).collect();
    assert_eq!(whole.open(), open);
    assert_eq!((&whole.survey["coverage"], &whole.survey["shard"]), (&Value::from(1.0), &Value::Null));
    assert!(whole.survey["probes"].as_u64().unwrap() >= 2 * 3 * 256 - 256);
    let two = join(&["3.ndjson", "1.ndjson"]).with(0).told("part 2 of 3 is missing").found();
    assert!(two.open().is_subset(&open) && two.survey["coverage"].as_f64().unwrap() < 0.7);
    // Another part of another survey.
    let other = ["10.88.7.0/25", "--tcp", "79-81", "--no-identify", "--discover", "off", "--seed", "7"];
    let part = ["--shard", "2/3", "--out", "other.ndjson"];
    place.survey(lab, lab.scope("WIDE"), &[&other[..], &part].concat());
    join(&["1.ndjson", "other.ndjson"]).with(2).told("other.ndjson: it asked other targets");
}

#[test]
fn who_answers_on_every_udp_port_hides_that_and_nothing_else() {
    let Some(lab) = lab() else { return };
    let place = Place::new();
    let host = "10.77.5.204";
    // One port answers, and then 300 do.
    let script = format!(
        "import select, socket, sys\n\
         def bound(port):\n    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n    s.bind(('{host}', port))\n    return s\n\
         kept = [bound(port) for port in range(20000, 20000 + int(sys.argv[1]))]\nprint('ready', flush=True)\n\
         while True:\n    for s in select.select(kept + [sys.stdin], [], [])[0]:\n        if s is sys.stdin:\n            sys.exit()\n\
         \x20       s.sendto(*s.recvfrom(2048))\n"
    );
    place.file("scope.toml", &scope(&format!("\"{host}/32\""), FAST));
    let look = |many: &str, more: &[&str]| {
        let mut server = lab.at("inside", "python3");
        let server = server.args(["-c", &script, many]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut server = server.spawn().unwrap();
        server.stdout.as_mut().unwrap().read_exact(&mut [0; 6]).unwrap();
        let wish = ["--tcp", "22", "--udp", "20000-20400", "--discover", "off", "--no-identify"];
        let found = place.survey(lab, "scope.toml", &[&wish[..], more].concat());
        drop(server.stdin.take());
        server.wait().unwrap();
        found
    };
    let one = look("1", &["--out", "one.ndjson"]);
    assert_eq!(one.state(host, "udp/20000"), "open");
    let wall = look("300", &["--previous", "one.ndjson", "--out", "wall.ndjson"]);
    let udp: Vec<&str> = wall
        .services
        .iter()
        .filter_map(|one| one["service"].as_str())
        .filter(|s| s.starts_with("udp"))
        .collect();
    assert_eq!(udp, ["udp/*", "udp/20000"]);
    assert_eq!((wall.state(host, "udp/*"), wall.state(host, "udp/20000")), ("open", "open"));
    assert!(wall.survey["unseen"].to_string().contains("answers on every UDP port"), "{}", wall.survey);
    let diff = place.run(lab, &["survey", "diff", "one.ndjson", "wall.ndjson"]).with(0).stdout;
    assert!(diff.contains("every UDP port answers") && !diff.contains("suspect"), "{diff}");
}

#[test]
fn one_that_was_stopped_is_gone_on_with_in_the_next_round() {
    let Some(lab) = lab() else { return };
    let place = Place::new();
    let more = "tcp = \"80\"\n[rate]\nall = 100\nnetwork = 100\nhost = 100";
    place.file("scope.toml", &scope("\"10.88.6.0/25\"", more));
    let every = ["--tcp", "80", "--no-identify", "--every", "1h", "--times", "1", "--out", "surveys"];
    let child = place.begin(lab, "scope.toml", &every);
    std::thread::sleep(std::time::Duration::from_millis(900));
    place.file("watchpost.stop", "");
    Ended::of(child).with(0).told("watchpost.stop is there");
    let files = || -> Vec<String> {
        let entries = fs::read_dir(place.path().join("surveys")).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    let stopped = files();
    assert!(stopped.len() == 2 && stopped[1].ends_with(".resume"), "{stopped:?}");
    fs::remove_file(place.path().join("watchpost.stop")).unwrap();
    let found = place.survey(lab, "scope.toml", &every);
    // The same file, whole, and nothing left to go on with.
    assert_eq!(files(), stopped[..1]);
    assert_eq!((found.survey["coverage"].as_f64(), &found.survey["stopped"]), (Some(1.0), &Value::Null));
    let inside = |(host, _): &(String, String)| {
        host.strip_prefix("10.88.6.").is_some_and(|last| last.parse::<u8>().unwrap() < 128)
    };
    let truth: BTreeSet<_> = lab.truth("WIDE").into_iter().filter(inside).collect();
    assert_eq!(found.open(), truth);
}
