//! What changed since the survey before, what the policy allows, and surveys again and again.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::lab::{Found, Lab, Place, lab};

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
