//! The equivalence law: what is found through a capture is found through logs of the same traffic, less only what that
//! vantage cannot see.
//!
//! Of each of the lab's captures the campaigns found through Zeek's logs, through Suricata's eve.json, and through NetFlow v5, v9
//! and IPFIX that softflowd makes of it (sent over the loopback to this test) are held against
//! those found through the capture itself, in sources, kinds of probes and targets. Each difference needs a reason from
//! [`REASONS`], which names the vantage, the condition and why; one without a reason fails. The table is printed:
//! `cargo test -p watchpost --test equivalence -- --nocapture`. The captures and their logs lie beside the repository
//! (`../shared/data`, or `WATCHPOST_DATA`); without them the test says so and passes.

use std::collections::BTreeSet;
use std::io::Write;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

/// Through what the traffic was seen.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Vantage {
    Zeek,
    Suricata,
    /// Exports of softflowd, in this version.
    NetFlow(u8),
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

impl Vantage {
    /// Flow exports are all alike.
    fn kind(self) -> Self {
        if let Self::NetFlow(_) = self { NETFLOW } else { self }
    }
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

const NETFLOW: Vantage = Vantage::NetFlow(0);
const ALL: &[Vantage] = &[Vantage::Zeek, Vantage::Suricata, NETFLOW];

fn kind(difference: &Difference, kinds: &[&str]) -> bool {
    matches!(difference, Difference::Kind { kind, .. } if kinds.contains(&kind.as_str()))
}

const REASONS: &[Reason] = &[
    Reason {
        vantage: ALL,
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
        vantage: ALL,
        explains: |d, _| kind(d, &["os-probe"]),
        why: "a log has no TCP options, windows or header fields by which packets of an OS fingerprint are known",
    },
    Reason {
        vantage: ALL,
        explains: |d, _| kind(d, &["banner-grab"]) && matches!(d, Difference::Kind { lacks: true, .. }),
        why: "a log does not tell raw SYNs from a stack's: few greetings among many attempts may be a connect scan's",
    },
    Reason {
        vantage: &[NETFLOW],
        explains: |d, _| kind(d, &["banner-grab", "version-probe", "os-probe", "tcp-synack", "tcp-maimon"]),
        why: "a flow record has the flags of all its packets together, and nothing of what was said",
    },
    Reason {
        vantage: &[NETFLOW],
        explains: |d, log| kind(d, &["tcp-null", "tcp"]) && log.kinds.contains("tcp"),
        why: "a flow record without flags may be of packets without flags, or of an exporter that tells none",
    },
];

fn data() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let root = std::env::var_os("WATCHPOST_DATA").map_or(beside, PathBuf::from);
    root.join("suricata-logs").is_dir().then_some(root)
}

fn say(text: &str) {
    std::io::stderr().write_all(text.as_bytes()).unwrap();
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

/// What softflowd exports of a capture, as a capture of the exports; none where it is not installed.
fn exports(capture: &Path, version: u8, into: &Path) -> Option<PathBuf> {
    let bytes = std::fs::read(capture).unwrap();
    let zstd = capture.extension().is_some_and(|e| e == "zst");
    let bytes = if zstd { zstd::decode_all(&bytes[..]).unwrap() } else { bytes };
    // pcap, microseconds, raw IP.
    let mut file = [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 262_144, 101].map(u32::to_le_bytes).concat();
    for piece in pieces(&bytes) {
        let plain = into.join("in.pcap");
        std::fs::write(&plain, piece).unwrap();
        file.extend(export(&plain, version)?);
    }
    let path = into.join(format!("v{version}.pcap"));
    std::fs::write(&path, file).unwrap();
    Some(path)
}

/// A capture in pieces of some hundred packets, cut where it pauses longest: what a piece gives must find room in a socket's
/// buffer, for softflowd sends it at once.
fn pieces(capture: &[u8]) -> Vec<Vec<u8>> {
    const MOST: usize = 1_200;
    let (header, mut rest) = capture.split_at(24);
    assert_eq!(
        header[..4],
        0xa1b2_c3d4_u32.to_le_bytes(),
        "the lab's captures have microseconds, little-endian"
    );
    let mut packets: Vec<(u64, &[u8])> = Vec::new();
    while !rest.is_empty() {
        let word = |at: usize| u32::from_le_bytes(rest[at..at + 4].try_into().unwrap());
        let (record, after) = rest.split_at(16 + word(8) as usize);
        packets.push((u64::from(word(0)) * 1_000_000 + u64::from(word(4)), record));
        rest = after;
    }
    let mut pieces = Vec::new();
    let mut left = &packets[..];
    while !left.is_empty() {
        let pause = |at: &usize| left[*at].0.saturating_sub(left[*at - 1].0);
        let cut = if left.len() > MOST { (MOST / 2..MOST).max_by_key(pause).unwrap() } else { left.len() };
        let (piece, after) = left.split_at(cut);
        pieces.push([header, &piece.iter().flat_map(|p| p.1).copied().collect::<Vec<u8>>()].concat());
        left = after;
    }
    pieces
}

/// The records of a capture of what softflowd sends in one run.
fn export(capture: &Path, version: u8) -> Option<Vec<u8>> {
    let collector = UdpSocket::bind("127.0.0.1:0").unwrap();
    collector.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let address = collector.local_addr().unwrap().to_string();
    let mut exporter = Command::new("softflowd")
        .args(["-r", &capture.to_string_lossy(), "-n", &address, "-v", &version.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut file = Vec::new();
    let mut datagram = [0; 65_536];
    let mut quiet = 0;
    // It ends by itself when the capture is read; what is on its way then comes within the next moment.
    while quiet < 2 {
        match collector.recv(&mut datagram) {
            Ok(length) => {
                let sent = wrapped(&datagram[..length]);
                let size = sent.len() as u32;
                file.extend([1_800_000_000, 0, size, size].map(u32::to_le_bytes).concat());
                file.extend(sent);
            }
            Err(_) => quiet += usize::from(exporter.try_wait().unwrap().is_some()),
        }
    }
    Some(file)
}

/// As an exporter sends it to a collector on port 2055.
fn wrapped(datagram: &[u8]) -> Vec<u8> {
    let [a, b] = (28 + datagram.len() as u16).to_be_bytes();
    let [c, d] = (8 + datagram.len() as u16).to_be_bytes();
    let header =
        [0x45, 0, a, b, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2, 0x9c, 0x40, 8, 7, c, d, 0, 0];
    [&header[..], datagram].concat()
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
        say("skipped: no shared data beside the repository\n");
        return;
    };
    let captures = captures(&data);
    assert!(captures.len() >= 8, "only {} captures have logs of both", captures.len());
    let (mut table, mut unexplained, mut flows) = (String::new(), Vec::new(), 0);
    for (name, path) in captures {
        let exported = [5, 9, 10].map(|version| {
            let folder = tempfile::tempdir().unwrap();
            exports(&path, version, folder.path()).map(|path| (Vantage::NetFlow(version), vec![path], folder))
        });
        let capture = detect(std::slice::from_ref(&path));
        assert!(!capture.is_empty(), "{name}: nothing is found in the capture itself");
        let exported = exported.iter().flatten().map(|(vantage, files, _)| (*vantage, files.clone()));
        flows += exported.clone().count();
        for (vantage, files) in logs(&data, &name).into_iter().chain(exported) {
            let log = detect(&files);
            let found = differences(&capture, &log);
            if found.is_empty() {
                table += &format!("{name:22} {:11} the same\n", format!("{vantage:?}"));
            }
            for (difference, place) in found {
                let explains = |r: &&Reason| {
                    r.vantage.contains(&vantage.kind())
                        && log.get(place).is_some_and(|log| (r.explains)(&difference, log))
                };
                let reason = REASONS.iter().find(explains).map(|reason| reason.why);
                let line = format!("{name:22} {:11} {difference}", format!("{vantage:?}"));
                table += &format!("{line}: {}\n", reason.unwrap_or("NO REASON"));
                if reason.is_none() {
                    unexplained.push(line);
                }
            }
        }
    }
    say(&table);
    if flows == 0 {
        say("skipped: softflowd is not installed, so there are no flow exports\n");
    }
    assert!(unexplained.is_empty(), "\n{}\nin\n{table}", unexplained.join("\n"));
}
