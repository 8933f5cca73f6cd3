//! The equivalence law: what is found through a capture is found through logs of the same traffic, less only what that
//! vantage cannot see.
//!
//! Of each of the lab's captures the campaigns found through Zeek's logs and through Suricata's eve.json are held against
//! those found through the capture itself, in sources, kinds of probes and targets. Each difference needs a reason from
//! [`REASONS`], which names the vantage, the condition and why; one without a reason fails. The table is printed:
//! `cargo test -p watchpost --test equivalence -- --nocapture`. The captures and their logs lie beside the repository
//! (`../shared/data`, or `WATCHPOST_DATA`); without them the test says so and passes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Through what the traffic was seen.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Vantage {
    Zeek,
    Suricata,
}

/// What differs.
#[derive(Clone, Debug, PartialEq)]
enum Difference {
    /// A source in one list of campaigns alone: `lacks` where the log does not show it.
    Source { source: String, lacks: bool },
    /// A campaign of another shape.
    Shape { capture: String, log: String },
    /// A kind of probe that the log lacks, or has beyond.
    Kind { kind: String, lacks: bool },
    /// Hosts, networks or services that one of both lacks.
    Targets { what: &'static str, lacks: Vec<String>, beyond: Vec<String> },
}

/// Why something may differ: the vantage, what differs, and the reason in words.
struct Reason {
    vantage: &'static [Vantage],
    explains: fn(&Difference, &Seen) -> bool,
    why: &'static str,
}

/// A campaign as it is compared.
#[derive(Debug)]
struct Seen {
    sources: BTreeSet<String>,
    shape: String,
    kinds: BTreeSet<String>,
    /// Each host where they are listed, else networks with the number of hosts.
    targets: BTreeSet<String>,
    services: BTreeSet<String>,
}

const BOTH: &[Vantage] = &[Vantage::Zeek, Vantage::Suricata];

fn kind(difference: &Difference, kinds: &[&str]) -> bool {
    matches!(difference, Difference::Kind { kind, .. } if kinds.contains(&kind.as_str()))
}

const REASONS: &[Reason] = &[
    Reason {
        vantage: BOTH,
        explains: |d, log| {
            kind(d, &["tcp-syn", "tcp-connect"])
                && ["tcp-syn", "tcp-connect"].iter().any(|k| log.kinds.contains(*k))
        },
        why: "a log has no TCP options: a connection that went on is tcp-connect, one that did not is tcp-syn",
    },
    Reason {
        vantage: &[Vantage::Zeek],
        explains: |d, log| kind(d, &["tcp-xmas", "tcp-fin"]) && !log.kinds.contains("tcp-xmas"),
        why: "Zeek notes neither PSH nor URG: an Xmas scan looks like a FIN scan",
    },
    Reason {
        vantage: &[Vantage::Zeek],
        explains: |d, log| kind(d, &["tcp-null", "tcp"]) && !log.kinds.contains("tcp-null"),
        why: "Zeek notes no letter for a packet without flags",
    },
    Reason {
        vantage: &[Vantage::Suricata],
        explains: |d, log| {
            let flags = ["tcp-fin", "tcp-xmas", "tcp-null", "tcp-ack", "tcp-maimon", "tcp-syn-fin", "tcp"];
            kind(d, &flags)
                && (log.kinds.contains("tcp") || matches!(d, Difference::Kind { lacks: true, .. }))
        },
        why: "Suricata tells no flags of packets outside of sessions: their kind is tcp alone",
    },
    Reason {
        vantage: BOTH,
        explains: |d, _| kind(d, &["os-probe"]),
        why: "a log has no TCP options, windows or header fields by which packets of an OS fingerprint are known",
    },
    Reason {
        vantage: BOTH,
        explains: |d, _| kind(d, &["banner-grab"]) && matches!(d, Difference::Kind { lacks: true, .. }),
        why: "a log does not tell raw SYNs from a stack's: few greetings among many attempts may be a connect scan's",
    },
];

fn data() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let root = std::env::var_os("WATCHPOST_DATA").map_or(beside, PathBuf::from);
    root.join("suricata-logs").is_dir().then_some(root)
}

/// The campaigns that stand.
fn detect(inputs: &[PathBuf]) -> Vec<Seen> {
    let output = Command::new(env!("CARGO_BIN_EXE_watchpost"))
        .args(["detect", "--json", "--quiet"])
        .args(inputs)
        .output()
        .unwrap();
    assert!(output.status.success(), "{inputs:?}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let records = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let stands =
        |r: &Value| r["record"] == "campaign" && r["status"] != "withdrawn" && r["merged_into"].is_null();
    records.filter(stands).map(|record| seen(&record)).collect()
}

fn seen(record: &Value) -> Seen {
    let set = |value: &Value| -> BTreeSet<String> {
        value.as_array().into_iter().flatten().filter_map(|v| v.as_str().map(str::to_owned)).collect()
    };
    let prefixes = record["prefixes"].as_array().into_iter().flatten();
    let networks = prefixes.map(|p| format!("{}: {}", p["prefix"].as_str().unwrap_or_default(), p["hosts"]));
    let hosts = set(&record["targets"]);
    Seen {
        sources: set(&record["sources"]),
        shape: record["shape"].as_str().unwrap_or_default().to_owned(),
        kinds: set(&record["probes"]),
        targets: if hosts.is_empty() { networks.collect() } else { hosts },
        services: set(&record["service_ranges"]),
    }
}

fn differences(capture: &[Seen], log: &[Seen]) -> Vec<(Difference, usize)> {
    let mut found = Vec::new();
    let of = |all: &[Seen], source: &str| all.iter().position(|seen| seen.sources.contains(source));
    let sources: BTreeSet<&String> = capture.iter().chain(log).flat_map(|seen| &seen.sources).collect();
    for source in sources {
        let (Some(before), Some(after)) = (of(capture, source), of(log, source)) else {
            let lacks = of(log, source).is_none();
            let difference = Difference::Source { source: source.clone(), lacks };
            found.push((difference, of(log, source).unwrap_or(0)));
            continue;
        };
        let (a, b) = (&capture[before], &log[after]);
        let mut add = |difference| found.push((difference, after));
        if a.shape != b.shape {
            add(Difference::Shape { capture: a.shape.clone(), log: b.shape.clone() });
        }
        for kind in a.kinds.symmetric_difference(&b.kinds) {
            add(Difference::Kind { kind: kind.clone(), lacks: a.kinds.contains(kind) });
        }
        for (what, a, b) in [("targets", &a.targets, &b.targets), ("services", &a.services, &b.services)] {
            if a != b {
                let (lacks, beyond) =
                    (a.difference(b).cloned().collect(), b.difference(a).cloned().collect());
                add(Difference::Targets { what, lacks, beyond });
            }
        }
    }
    found
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = |lacks: &bool| if *lacks { "-" } else { "+" };
        match self {
            Self::Source { source, lacks } => write!(f, "{} source {source}", sign(lacks)),
            Self::Shape { capture, log } => write!(f, "{log} instead of {capture}"),
            Self::Kind { kind, lacks } => write!(f, "{} {kind}", sign(lacks)),
            Self::Targets { what, lacks, beyond } => {
                let few = |list: &[String]| list.iter().take(3).cloned().collect::<Vec<_>>().join(" ");
                let (less, more) = (lacks.len(), beyond.len());
                write!(f, "{what}: -{less} ({}), +{more} ({})", few(lacks), few(beyond))
            }
        }
    }
}

/// The logs of a capture, by vantage.
fn logs(data: &Path, name: &str) -> Vec<(Vantage, Vec<PathBuf>)> {
    let mut logs = Vec::new();
    let folder = data.join("zeek-logs/lab").join(name);
    // The same connections as JSON would be counted twice.
    let is_tsv = |path: &PathBuf| !path.to_string_lossy().contains(".json.");
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let files = entries.map(|entry| entry.unwrap().path());
    let is_read = |path: &PathBuf| !path.file_name().unwrap().to_string_lossy().starts_with("weird");
    let mut zeek: Vec<PathBuf> = files.filter(is_tsv).filter(is_read).collect();
    zeek.sort();
    if !zeek.is_empty() {
        logs.push((Vantage::Zeek, zeek));
    }
    let eve = data.join("suricata-logs").join(format!("{name}.eve.json.zst"));
    if eve.is_file() {
        logs.push((Vantage::Suricata, vec![eve]));
    }
    logs
}

/// Captures with logs of both.
fn captures(data: &Path) -> Vec<(String, PathBuf)> {
    let entries = std::fs::read_dir(data.join("captures/lab")).unwrap();
    let mut captures: Vec<(String, PathBuf)> = entries
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name.trim_end_matches(".zst").trim_end_matches(".pcap").to_owned(), path)
        })
        .filter(|(name, _)| logs(data, name).len() == 2)
        .collect();
    captures.sort();
    captures
}

#[test]
fn logs_show_what_the_capture_shows() {
    let Some(data) = data() else {
        println!("skipped: no shared data beside the repository");
        return;
    };
    let captures = captures(&data);
    assert!(captures.len() >= 8, "only {} captures have logs of both", captures.len());
    let (mut table, mut unexplained) = (String::new(), Vec::new());
    for (name, path) in captures {
        let capture = detect(&[path]);
        assert!(!capture.is_empty(), "{name}: nothing is found in the capture itself");
        for (vantage, files) in logs(&data, &name) {
            let log = detect(&files);
            let found = differences(&capture, &log);
            if found.is_empty() {
                table += &format!("{name:22} {vantage:9?} the same\n");
            }
            for (difference, place) in found {
                let explains = |r: &&Reason| {
                    r.vantage.contains(&vantage)
                        && log.get(place).is_some_and(|log| (r.explains)(&difference, log))
                };
                let reason = REASONS.iter().find(explains).map(|reason| reason.why);
                let line = format!("{name:22} {vantage:9?} {difference}");
                table += &format!("{line}: {}\n", reason.unwrap_or("NO REASON"));
                if reason.is_none() {
                    unexplained.push(line);
                }
            }
        }
    }
    println!("{table}");
    assert!(unexplained.is_empty(), "\n{}\nin\n{table}", unexplained.join("\n"));
}
