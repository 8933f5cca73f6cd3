//! A stranger's scan, captured and held against a survey: which exposures it was shown.

use serde_json::Value;

use crate::capture::Capture;
use crate::lab::{Place, daemons, has};
use crate::showing::survey;

#[test]
fn a_scan_that_met_exposures_is_told_with_them() {
    let Some(lab) = daemons() else { return };
    if !has("nmap") {
        eprintln!("skipped: nmap is not installed");
        return;
    }
    let of_survey = survey(lab);
    let place = Place::new();
    std::fs::copy(of_survey.place.path().join("survey.ndjson"), place.path().join("survey.ndjson")).unwrap();
    // A stranger beside the scanner, whose packets are told apart.
    let added =
        lab.at("outside", "ip").args(["addr", "replace", "198.51.100.99/32", "dev", "lo"]).status().unwrap();
    assert!(added.success());
    let capture = Capture::both(lab, &place, "seen.pcap", "host 198.51.100.99");
    let scan = [
        "-n",
        "-Pn",
        "-sS",
        "-S",
        "198.51.100.99",
        "-e",
        "border",
        "--max-retries",
        "1",
        "-p",
        "2375,9200,10250",
    ];
    let ran = lab.at("outside", "nmap").args(scan).arg("10.77.16.0/27").output().unwrap();
    assert!(ran.status.success());
    assert!(capture.stop().len() > 96);

    let run = place.run(lab, &["detect", "seen.pcap", "--survey", "survey.ndjson", "--json"]).with(0);
    let records: Vec<Value> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let campaign = records.iter().find(|record| record["record"] == "campaign").expect("a campaign");
    let exposures: Vec<&Value> = records.iter().filter(|record| record["record"] == "exposure").collect();
    let seen: Vec<&&Value> =
        exposures.iter().filter(|one| one["seen_by"].as_array().is_some_and(|by| !by.is_empty())).collect();
    let asked = ["tcp/2375", "tcp/9200", "tcp/10250"];
    let within = |one: &&&Value| {
        one["host"].as_str().unwrap().starts_with("10.77.16.")
            && asked.contains(&one["service"].as_str().unwrap())
    };
    let expected = exposures.iter().filter(within).count();
    assert!(expected >= 4, "{expected}");
    assert_eq!((seen.len(), seen.iter().all(within)), (expected, true));
    for one in &seen {
        let by = &one["seen_by"][0];
        assert_eq!((&by["scanner"], &by["campaign"]), (&"198.51.100.99".into(), &campaign["id"]));
    }
    let lessons = records.iter().filter(|record| record["record"] == "lesson").map(ToString::to_string);
    let lessons: String = lessons.collect();
    assert!(
        lessons.contains("Docker API without a login") && lessons.contains("kubelet without a login"),
        "{lessons}"
    );
    assert_eq!(exposures[0]["rung"], "sensitive", "the worst comes first");
    let table = place.run(lab, &["detect", "seen.pcap", "--survey", "survey.ndjson"]).with(0).stdout;
    assert!(table.contains("Docker API without a login"), "{table}");
}
