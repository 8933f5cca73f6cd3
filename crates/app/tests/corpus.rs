//! The corpus: a folder a case, with `input.*`, `label.json` and `expected.ndjson`. Adding a case takes no code.
//!
//! Each case is held against its label (what a good detector must report), and against the records that were reviewed
//! last (`WATCHPOST_BLESS=1 cargo test --test corpus` writes them anew; read the difference before you commit it), and
//! one thread against two.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn cases() -> Vec<PathBuf> {
    let cases = folders("corpus");
    assert!(cases.len() >= 100, "the corpus has {} cases", cases.len());
    cases
}

fn folders(name: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests").join(name);
    let entries = fs::read_dir(&root).unwrap_or_else(|e| panic!("{}: {e}", root.display()));
    let mut cases: Vec<PathBuf> = entries.map(|e| e.unwrap().path()).filter(|p| p.is_dir()).collect();
    cases.sort();
    cases
}

fn label(case: &Path) -> Value {
    let path = case.join("label.json");
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn strings(value: &Value) -> Vec<String> {
    let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().map(|s| s.as_str().unwrap().to_owned()).collect()
}

/// Standard output of `detect --json` in the case's folder, so that the records name no other path.
fn detect(case: &Path, label: &Value, threads: &str) -> String {
    let input = fs::read_dir(case)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .find(|name| name.starts_with("input."))
        .unwrap_or_else(|| panic!("{}: no input", case.display()));
    let output = Command::new(env!("CARGO_BIN_EXE_watchpost"))
        .args(["detect", "--json", "--quiet", "--threads", threads])
        .args(strings(&label["args"]))
        .arg(input)
        .current_dir(case)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}: {}", case.display(), String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What the records lack beside the label; the words are those of the label.
fn judge(records: &str, label: &Value) -> Vec<String> {
    let campaigns: Vec<Value> = records
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|r| r["record"] == "campaign" && r["status"] != "withdrawn" && r["merged_into"].is_null())
        .collect();
    let mut problems = Vec::new();
    let mut expected = BTreeSet::new();
    for scan in label["scans"].as_array().unwrap() {
        let source = scan["source"].as_str().unwrap().to_owned();
        expected.extend(strings(&scan["sources"]));
        let mine: Vec<&Value> =
            campaigns.iter().filter(|c| strings(&c["sources"]).contains(&source)).collect();
        if mine.len() != 1 {
            problems.push(format!("{source} stands in {} campaigns", mine.len()));
        }
        for campaign in &mine {
            if !scan["shape"].is_null() && campaign["shape"] != scan["shape"] {
                problems.push(format!("{source}: {} instead of {}", campaign["shape"], scan["shape"]));
            }
            let probes = strings(&campaign["probes"]);
            for wanted in strings(&scan["probes"]) {
                if !wanted.split('|').any(|kind| probes.iter().any(|p| p == kind)) {
                    problems.push(format!("{source}: lacks {wanted}, has {probes:?}"));
                }
            }
            if scan["also"].is_array() {
                let wanted = strings(&scan["probes"]);
                let mut allowed: Vec<String> =
                    wanted.iter().flat_map(|w| w.split('|').map(str::to_owned)).collect();
                allowed.extend(strings(&scan["also"]));
                let beyond: Vec<&String> = probes.iter().filter(|p| !allowed.contains(p)).collect();
                if !beyond.is_empty() {
                    problems.push(format!("{source}: {beyond:?} beyond the label"));
                }
            }
        }
        expected.insert(source);
    }
    if label["complete"] == true {
        for campaign in &campaigns {
            let others: Vec<String> =
                strings(&campaign["sources"]).into_iter().filter(|s| !expected.contains(s)).collect();
            if !others.is_empty() {
                problems.push(format!("false alarm: {others:?} {}", campaign["shape"]));
            }
        }
    }
    problems
}

#[test]
fn every_case_is_as_labelled() {
    let problems: Vec<String> = cases()
        .iter()
        .flat_map(|case| {
            let label = label(case);
            let found = judge(&detect(case, &label, "1"), &label);
            let name = case.file_name().unwrap().to_string_lossy().into_owned();
            found.into_iter().map(move |problem| format!("{name}: {problem}"))
        })
        .collect();
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

/// `tests/open` lists what is wrong today; a case that is mended moves to the corpus.
#[test]
fn what_is_open_is_still_open() {
    for case in folders("open") {
        let label = label(&case);
        let problems = judge(&detect(&case, &label, "1"), &label);
        assert!(!problems.is_empty(), "{} is as labelled now: move it to tests/corpus", case.display());
    }
}

#[test]
fn every_case_gives_the_records_that_were_reviewed_for_any_number_of_threads() {
    let bless = std::env::var_os("WATCHPOST_BLESS").is_some();
    let mut changed = Vec::new();
    for case in cases() {
        let label = label(&case);
        let records = detect(&case, &label, "2");
        assert_eq!(records, detect(&case, &label, "1"), "{}: threads show", case.display());
        let path = case.join("expected.ndjson");
        if bless {
            fs::write(&path, &records).unwrap();
        } else if fs::read_to_string(&path).unwrap_or_default() != records {
            changed.push(case.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    assert!(changed.is_empty(), "other records than reviewed (see the head of this file): {changed:?}");
}
