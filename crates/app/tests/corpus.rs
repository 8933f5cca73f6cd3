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
    let records: Vec<Value> = records.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let stands =
        |r: &&Value| r["record"] == "campaign" && r["status"] != "withdrawn" && r["merged_into"].is_null();
    let campaigns: Vec<&Value> = records.iter().filter(stands).collect();
    let returns: Vec<&Value> = records.iter().filter(|r| r["record"] == "follow-up").collect();
    let mut problems = Vec::new();
    let mut expected = BTreeSet::new();
    for scan in label["scans"].as_array().unwrap() {
        let source = scan["source"].as_str().unwrap().to_owned();
        let holds = |c: &&&Value| strings(&c["sources"]).contains(&source);
        let mine: Vec<&Value> = campaigns.iter().filter(holds).copied().collect();
        if mine.len() != 1 {
            problems.push(format!("{source} stands in {} campaigns", mine.len()));
        }
        mine.iter().for_each(|campaign| problems.extend(kind(&source, campaign, scan)));
        problems.extend(tool(&source, &mine, scan));
        problems.extend(together(&campaigns, scan));
        problems.extend(came_back(&returns, &mine, scan));
        expected.extend(strings(&scan["sources"]));
        expected.insert(source);
    }
    for campaign in &campaigns {
        let (known, others): (Vec<String>, Vec<String>) =
            strings(&campaign["sources"]).into_iter().partition(|s| expected.contains(s));
        if label["complete"] == true && !others.is_empty() {
            problems.push(format!("false alarm: {others:?} {}", campaign["shape"]));
        }
        if label["separate"] == true && known.len() > 1 {
            problems.push(format!("{known:?} are separate scans, and stand in one campaign"));
        }
    }
    problems
}

/// Shape and kinds of probes.
fn kind(source: &str, campaign: &Value, scan: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    if !scan["shape"].is_null() && campaign["shape"] != scan["shape"] {
        problems.push(format!("{source}: {} instead of {}", campaign["shape"], scan["shape"]));
    }
    let probes = strings(&campaign["probes"]);
    let wanted = strings(&scan["probes"]);
    let mut allowed: Vec<String> = wanted.iter().flat_map(|w| w.split('|').map(str::to_owned)).collect();
    for wanted in wanted.iter().filter(|w| !w.split('|').any(|kind| probes.iter().any(|p| p == kind))) {
        problems.push(format!("{source}: lacks {wanted}, has {probes:?}"));
    }
    allowed.extend(strings(&scan["also"]));
    let beyond: Vec<&String> = probes.iter().filter(|p| !allowed.contains(p)).collect();
    if scan["also"].is_array() && !beyond.is_empty() {
        problems.push(format!("{source}: {beyond:?} beyond the label"));
    }
    problems
}

/// The surest tool is the labelled one; where the label names none, none may be sure.
fn tool(source: &str, mine: &[&Value], scan: &Value) -> Option<String> {
    let tools = mine.iter().filter_map(|c| c["tools"].as_array()).flatten();
    let surest =
        tools.max_by(|a, b| a["confidence"].as_f64().unwrap().total_cmp(&b["confidence"].as_f64().unwrap()));
    let right = match (scan["tool"].as_str(), surest) {
        (None, surest) => surest.is_none_or(|t| t["confidence"].as_f64().unwrap() < 0.5),
        (Some(_), None) => scan["tool_weak"] == true,
        (Some(name), Some(surest)) => surest["name"] == name,
    };
    (!right).then(|| format!("{source}: {surest:?} instead of {}", scan["tool"]))
}

/// Nine in ten of coordinated sources stand in one campaign.
fn together(campaigns: &[&Value], scan: &Value) -> Option<String> {
    let sources: BTreeSet<String> = strings(&scan["sources"]).into_iter().collect();
    let shared = |c: &&Value| strings(&c["sources"]).iter().filter(|s| sources.contains(*s)).count();
    let most = campaigns.iter().map(shared).max().unwrap_or(0);
    (10 * most < 9 * sources.len())
        .then(|| format!("{most} of {} coordinated sources in one campaign", sources.len()))
}

/// The labelled returns are reported; where the label lists them, no others are.
fn came_back(returns: &[&Value], mine: &[&Value], scan: &Value) -> Vec<String> {
    let Some(visits) = scan["followups"].as_array() else { return Vec::new() };
    let is = |visit: &Value, r: &&Value| {
        let targets = strings(&r["targets"]);
        r["source"] == visit["source"] && strings(&visit["targets"]).iter().all(|t| targets.contains(t))
    };
    let missed = visits.iter().filter(|visit| !returns.iter().any(|r| is(visit, r)));
    let of_this = returns.iter().filter(|r| mine.iter().any(|c| c["id"] == r["scan"]));
    let false_ones = of_this.filter(|r| !visits.iter().any(|visit| visit["source"] == r["source"]));
    missed
        .map(|visit| format!("the return of {} is not reported", visit["source"]))
        .chain(false_ones.map(|r| format!("{} is no return", r["source"])))
        .collect()
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
