//! The real captures that lie beside the repository: every packet is read, none is damaged.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use watchpost_formats::capture::Capture;

const SHARED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/captures");

fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, into);
        } else if path.extension().is_some_and(|extension| extension != "json") {
            into.push(path);
        }
    }
}

/// How many packets tcpdump counts; none where it is not installed or does not read the file (zstd).
fn counted_by_tcpdump(path: &Path) -> Option<u64> {
    let output =
        Command::new("tcpdump").args(["--count", "-r"]).arg(path).stderr(Stdio::null()).output().ok()?;
    String::from_utf8(output.stdout).ok()?.split_whitespace().next()?.parse().ok()
}

#[test]
#[allow(clippy::print_stderr, reason = "a skipped test says so")]
fn every_shared_capture_is_read_whole() {
    let mut paths = Vec::new();
    files(Path::new(SHARED), &mut paths);
    if paths.is_empty() {
        eprintln!("skipped: there are no captures in {SHARED}");
        return;
    }
    let mut compared = 0;
    for path in &paths {
        let mut capture = Capture::open(File::open(path).unwrap(), 0).unwrap();
        let mut contacts = Vec::new();
        while capture.fill(&mut contacts, 10_000) {}
        let report = capture.report();
        assert_eq!(report.damage, [], "{}", path.display());
        assert!(contacts.len() as u64 * 10 > report.packets * 9, "{}", path.display());
        if let Some(count) = counted_by_tcpdump(path) {
            assert_eq!(report.packets, count, "{}", path.display());
            compared += 1;
        }
    }
    eprintln!("{} captures read, {compared} compared with tcpdump", paths.len());
}
