//! What `--version` says: the package's version and, where a release is built from its git repository, the commit. Records
//! have the package's version alone, so the same release gives the same bytes wherever it was built. Debug builds have no
//! commit: they would be compiled anew after each one. A change that is not committed does not show.

use std::env;
use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let mut version = env::var("CARGO_PKG_VERSION").unwrap_or_default();
    // Moves with each commit; where it is not there, this is no clone of the repository.
    let head = Path::new("../../.git/logs/HEAD");
    if env::var("PROFILE").is_ok_and(|profile| profile == "release") && head.exists() {
        println!("cargo::rerun-if-changed={}", head.display());
        let git = Command::new("git").args(["rev-parse", "--short=10", "HEAD"]).output();
        if let Some(commit) = git.ok().filter(|git| git.status.success()) {
            version.push_str(&format!(" ({})", String::from_utf8_lossy(&commit.stdout).trim()));
        }
    }
    println!("cargo::rustc-env=WATCHPOST_VERSION={version}");
}
