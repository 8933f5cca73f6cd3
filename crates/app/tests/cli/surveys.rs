//! Surveys' files: compared, and held against traffic.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::running::Place;

fn case(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/corpus").join(name);
    let inputs = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let input = |path: &std::path::PathBuf| path.file_name().unwrap().to_string_lossy().starts_with("input.");
    inputs.into_iter().find(input).unwrap().to_string_lossy().into_owned()
}

/// A survey of one block, with these open services and exposures.
fn survey(block: &str, open: &[(String, &str)], exposures: &[(&str, &str, &str, &str)]) -> String {
    let time = "2026-11-22T02:00:00.000000000Z";
    let of_survey = json!({
        "record": "survey", "schema_version": 1, "id": "handmade", "organisation": "Example", "scope_hash": "", "blocks": [block],
        "start": time, "end": time, "stopped": null, "asked": ["tcp/1-65535"], "targets": [block], "target_count": 256,
        "sources": [], "method": "raw", "probes": 0, "answers": 0, "rate": 0.0, "rate_cap": 0.0, "coverage": 1.0,
        "miss": null, "miss_by_prefix": [], "previous": null, "audit_end": null, "registry": "not checked",
        "control": "not checked", "unseen": []
    });
    let service = |(host, service): &(String, &str)| {
        json!({
            "record": "service", "schema_version": 1, "host": host, "service": service, "state": "open", "confidence": 0.999,
            "first_seen": time, "last_seen": time, "protocol": null, "tls": false, "facts": [], "product": null, "os": null
        })
    };
    let exposure = |(host, service, rung, what): &(&str, &str, &str, &str)| {
        json!({
            "record": "exposure", "schema_version": 1, "host": host, "service": service, "check": "made", "rung": rung,
            "what": what, "evidence": [], "fix": { "place": "dockerd", "line": "remove -H tcp://" }, "techniques": [],
            "time": time
        })
    };
    let lines: Vec<Value> = [of_survey]
        .into_iter()
        .chain(open.iter().map(service))
        .chain(exposures.iter().map(exposure))
        .collect();
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn records(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn of_kind<'a>(records: &'a [Value], kind: &str) -> Vec<&'a Value> {
    records.iter().filter(|record| record["record"] == kind).collect()
}

#[test]
fn a_scan_that_was_shown_an_exposure_says_so_and_the_exposure_says_who() {
    let place = Place::new();
    let docker = "Docker API without a login";
    let shown = [
        ("203.0.113.17", "tcp/10250", "discloses", "kubelet's certificate names"),
        ("203.0.113.10", "tcp/2375", "sensitive", docker),
        ("203.0.113.11", "tcp/2375", "sensitive", "one that nobody asked"),
    ];
    let open = vec![("203.0.113.10".to_owned(), "tcp/2375")];
    place.file("survey.ndjson", survey("203.0.113.0/24", &open, &shown).as_bytes());
    let input = case("model-scan-docker");
    let plain = records(&place.run(&["detect", &input, "--blocks", "203.0.113.0/24", "--json"]).stdout);
    // The survey's blocks are taken where none are given.
    let run = place.run(&["detect", &input, "--survey", "survey.ndjson", "--json"]);
    let joined = records(&run.stdout);
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    assert_eq!(of_kind(&joined, "run")[0]["blocks"], json!(["203.0.113.0/24"]));
    assert_eq!(of_kind(&joined, "run")[0]["survey"], "handmade");
    assert!(of_kind(&plain, "exposure").is_empty() && of_kind(&plain, "run")[0].get("survey").is_none());

    let campaign = of_kind(&joined, "campaign")[0];
    assert_eq!(campaign["id"], of_kind(&plain, "campaign")[0]["id"]);
    assert_eq!(campaign["severity"], "high");
    assert_eq!(
        campaign["severity_rule"],
        format!("it learned an exposure: {docker} at 203.0.113.10 tcp/2375")
    );
    let lessons = of_kind(&joined, "lesson");
    let learned = lessons.iter().find(|lesson| lesson["host"] == "203.0.113.10").unwrap();
    assert_eq!(
        learned["services"][0]["exposures"],
        json!([{ "check": "made", "rung": "sensitive", "what": docker }])
    );
    let exposures = of_kind(&joined, "exposure");
    let hosts: Vec<&str> = exposures.iter().map(|e| e["host"].as_str().unwrap()).collect();
    assert_eq!(
        hosts,
        ["203.0.113.10", "203.0.113.17", "203.0.113.11"],
        "the worst pair first, the unseen last"
    );
    let seen = &exposures[0]["seen_by"];
    assert_eq!((&seen[0]["campaign"], &seen[0]["scanner"]), (&campaign["id"], &json!("198.51.100.9")));
    assert_eq!(exposures[2]["seen_by"], json!([]));

    let table = place.run(&["detect", &input, "--survey", "survey.ndjson"]).stdout;
    assert!(
        table.contains("saw Docker API without a login at 203.0.113.10:2375 and 1 more exposure"),
        "{table}"
    );
    assert!(
        table.contains("◆ sensitive  203.0.113.10:2375") && table.contains("seen by 198.51.100.9 (ulu"),
        "{table}"
    );
    let id = campaign["id"].as_str().unwrap();
    let page = place.run(&["explain", id, &input, "--survey", "survey.ndjson"]).stdout;
    assert!(page.contains("exposed: Docker API without a login (sensitive)"), "{page}");
    assert!(
        page.contains("203.0.113.10:2375: Docker API without a login; dockerd: remove -H tcp://"),
        "{page}"
    );
}

#[test]
fn a_scan_from_within_that_learned_an_exposure_is_critical() {
    let place = Place::new();
    let shown = [("10.77.5.3", "tcp/445", "anonymous", "SMB without a login")];
    place.file("survey.ndjson", survey("10.77.4.0/22", &[], &shown).as_bytes());
    let run = place.run(&["detect", &case("mixed-internal-scan"), "--survey", "survey.ndjson", "--json"]);
    let joined = records(&run.stdout);
    let campaign = of_kind(&joined, "campaign")[0];
    assert_eq!((&campaign["severity"], &campaign["direction"]), (&json!("critical"), &json!("internal")));
    // What merely tells a version raises nothing, and is named all the same.
    let shown = [("10.77.5.3", "tcp/445", "discloses", "Samba's version")];
    place.file("mild.ndjson", survey("10.77.4.0/22", &[], &shown).as_bytes());
    let run = place.run(&["detect", &case("mixed-internal-scan"), "--survey", "mild.ndjson", "--json"]);
    let joined = records(&run.stdout);
    assert_eq!(of_kind(&joined, "campaign")[0]["severity"], "high");
    assert_eq!(of_kind(&joined, "exposure")[0]["seen_by"].as_array().unwrap().len(), 1);
}

/// Part `number` of three of a survey, with these open services.
fn part(number: u64, open: &[(&str, &str)]) -> String {
    let open: Vec<(String, &str)> =
        open.iter().map(|(host, service)| ((*host).to_owned(), *service)).collect();
    let mut lines = records(&survey("203.0.113.0/24", &open, &[]));
    lines[0]["shard"] = json!({ "number": number, "of": 3, "seed": 7 });
    (lines[0]["coverage"], lines[0]["probes"]) = (json!(1.0 / 3.0), json!(number * 100));
    lines[0]["id"] = json!(format!("part{number}"));
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[test]
fn the_parts_of_a_survey_become_one() {
    let place = Place::new();
    place.file("one.ndjson", part(1, &[("203.0.113.9", "tcp/22")]).as_bytes());
    place.file("two.ndjson", part(2, &[("203.0.113.9", "tcp/22"), ("203.0.113.10", "tcp/80")]).as_bytes());
    place.file("three.ndjson", part(3, &[]).as_bytes());
    let before = [("203.0.113.9".to_owned(), "tcp/22"), ("203.0.113.12".to_owned(), "tcp/443")];
    place.file("before.ndjson", survey("203.0.113.0/24", &before, &[]).as_bytes());
    let join = |parts: &[&str], more: &[&str]| {
        place.run(&[&["survey", "join"], parts, &["--out", "whole.ndjson.zst"], more].concat())
    };
    let all = ["three.ndjson", "one.ndjson", "two.ndjson"];
    let run = join(&all, &["--previous", "before.ndjson", "--json"]);
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
    let whole = records(&run.stdout);
    let of_survey = of_kind(&whole, "survey")[0];
    assert_eq!((&of_survey["coverage"], &of_survey["probes"]), (&json!(1.0), &json!(600)));
    assert_eq!((&of_survey["shard"], &of_survey["previous"]["id"]), (&Value::Null, &json!("handmade")));
    let states: Vec<String> = of_kind(&whole, "service")
        .iter()
        .map(|one| format!("{} {} {}", one["host"], one["service"], one["state"]).replace('"', ""))
        .collect();
    let expected = ["203.0.113.9 tcp/22 open", "203.0.113.10 tcp/80 open", "203.0.113.12 tcp/443 suspect"];
    assert_eq!(states, expected);
    // What is written is what is printed, and can be compared.
    let compressed = fs::read(place.path().join("whole.ndjson.zst")).unwrap();
    assert!(compressed.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]));
    let same = place.run(&["survey", "diff", "before.ndjson", "whole.ndjson.zst", "--json"]).stdout;
    assert_eq!(records(&same).len(), 2, "{same}");

    let run = join(&all[..2], &["--previous", "before.ndjson"]);
    assert_eq!(run.status, Some(0));
    assert!(run.stderr.contains("part 2 of 3 is missing"), "{}", run.stderr);
    // What was not asked is neither suspect nor closed.
    assert!(!run.stdout.contains("suspect") && run.stdout.contains("only 67 %"), "{}", run.stdout);
}

#[test]
fn what_is_no_part_of_the_survey_is_refused() {
    let place = Place::new();
    place.file("one.ndjson", part(1, &[]).as_bytes());
    let bent = |name: &str, field: &str, value: Value| {
        let mut lines = records(&part(2, &[]));
        lines[0][field] = value;
        place.file(name, format!("{}\n", lines[0]).as_bytes());
    };
    bent("ports.ndjson", "asked", json!(["tcp/80"]));
    bent("targets.ndjson", "targets", json!(["203.0.113.0/25"]));
    bent("scope.ndjson", "scope_hash", json!("x"));
    bent("whole.ndjson", "shard", Value::Null);
    for (other, why) in [
        ("ports.ndjson", "other questions"),
        ("targets.ndjson", "other targets"),
        ("scope.ndjson", "another scope"),
        ("whole.ndjson", "without --shard"),
        ("one.ndjson", "given twice"),
    ] {
        let run = place.run(&["survey", "join", "one.ndjson", other, "--out", "joined.ndjson"]);
        assert_eq!(run.status, Some(2), "{other}: {}", run.stderr);
        assert!(run.stderr.contains(&format!("{other}: ")) && run.stderr.contains(why), "{}", run.stderr);
    }
    assert!(!place.path().join("joined.ndjson").exists());
}

#[test]
fn two_surveys_are_compared() {
    let place = Place::new();
    let open = |hosts: &[&str]| hosts.iter().map(|host| ((*host).to_owned(), "tcp/22")).collect::<Vec<_>>();
    let shown = [("203.0.113.12", "tcp/22", "sensitive", "an API")];
    place.file("a.ndjson", survey("203.0.113.0/24", &open(&["203.0.113.9", "203.0.113.10"]), &[]).as_bytes());
    place.file(
        "b.ndjson",
        survey("203.0.113.0/24", &open(&["203.0.113.10", "203.0.113.12"]), &shown).as_bytes(),
    );
    let run = place.run(&["survey", "diff", "a.ndjson", "b.ndjson"]);
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    assert!(
        run.stdout.contains("+ 203.0.113.12:22  an API") && run.stdout.contains("- 203.0.113.9:22"),
        "{}",
        run.stdout
    );
    let changes = records(&place.run(&["survey", "diff", "a.ndjson", "b.ndjson", "--json"]).stdout);
    let kinds: Vec<&str> = changes.iter().map(|change| change["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["removed", "added", "added"]);

    let status =
        |a: &str, b: &str, what: &str| place.run(&["survey", "diff", a, b, "--fail-on", what]).status;
    assert_eq!(status("a.ndjson", "b.ndjson", "exposed"), Some(1));
    assert_eq!(status("b.ndjson", "a.ndjson", "exposed"), Some(0));
    assert_eq!(status("b.ndjson", "a.ndjson", "added"), Some(1));
    assert_eq!(status("a.ndjson", "a.ndjson", "changed"), Some(0));
}

#[test]
fn what_is_wrong_in_a_survey_s_file_is_told() {
    let place = Place::new();
    let good = survey("203.0.113.0/24", &[("203.0.113.9".to_owned(), "tcp/22")], &[]);
    place.file("good.ndjson", good.as_bytes());
    place.file("spoiled.ndjson", good.replacen('\n', "\nno record\n", 1).as_bytes());
    let run = place.run(&["survey", "diff", "good.ndjson", "spoiled.ndjson"]);
    assert_eq!(run.status, Some(0));
    assert!(
        run.stdout.starts_with("nothing changed") || run.stdout.contains("\nnothing changed"),
        "{}",
        run.stdout
    );
    assert!(run.stderr.contains("spoiled.ndjson: line 2: no record"), "{}", run.stderr);
    place.file("empty.ndjson", b"");
    let run = place.run(&["survey", "diff", "good.ndjson", "empty.ndjson"]);
    assert_eq!(run.status, Some(4));
    assert!(run.stderr.contains("there is no survey in it"), "{}", run.stderr);
    assert_eq!(place.run(&["survey", "diff", "good.ndjson", "nowhere"]).status, Some(4));
    assert_eq!(place.run(&["survey", "diff", "-", "-"]).status, Some(2));
    let traffic = case("model-scan-docker");
    assert_eq!(place.run(&["detect", &traffic, "--survey", "empty.ndjson"]).status, Some(4));
}
