//! The lab, put up once for a group of tests, and the binaries in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// A lab that stands until the test binary has ended.
pub struct Lab {
    id: String,
    vars: BTreeMap<String, String>,
    /// Its end is the sign to take the lab down: also where the tests panic or are killed.
    _keeper: Child,
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../lab").join(name)
}

/// Whether a program is there, also one of the system's.
pub fn has(program: &str) -> bool {
    let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
    path.split(':').any(|folder| Path::new(folder).join(program).exists())
}

/// Why no lab can be put up here; none if it can.
fn missing() -> Option<String> {
    static WHY: OnceLock<Option<String>> = OnceLock::new();
    WHY.get_or_init(|| {
        let programs = ["ip", "nft", "tcpdump", "python3", "bash", "setpriv", "sysctl", "ethtool", "openssl"];
        if let Some(program) = programs.into_iter().find(|program| !has(program)) {
            return Some(format!("{program} is not installed"));
        }
        let name = format!("wpprobe{}", std::process::id());
        let ip = |what: &str| Command::new("ip").args(["netns", what, &name]).output();
        if !ip("add").is_ok_and(|made| made.status.success()) {
            return Some("network namespaces cannot be made: it needs root".into());
        }
        ip("delete").unwrap();
        None
    })
    .clone()
}

impl Lab {
    fn up(tag: &str, parts: &[&str]) -> Self {
        let id = format!("t{}{tag}", std::process::id());
        let down = script("down");
        let keeper = Command::new("bash")
            // Neither Ctrl-C nor the end of a terminal reaches it: it sees the end of its input, and then takes the lab down.
            .args(["-c", "trap '' INT HUP TERM; read -r _; exec \"$0\""])
            .arg(&down)
            .env("LAB_ID", &id)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let up = Command::new(script("up")).args(parts).env("LAB_ID", &id).output().unwrap();
        assert!(up.status.success(), "lab/up: {}", String::from_utf8_lossy(&up.stderr));
        let text = String::from_utf8(up.stdout).unwrap();
        let var = |line: &str| {
            let (name, value) = line.split_once('=')?;
            Some((name.to_owned(), value.trim_matches('\'').to_owned()))
        };
        Self { id, vars: text.lines().filter_map(var).collect(), _keeper: keeper }
    }

    /// A variable that `lab/up` prints.
    #[track_caller]
    pub fn var(&self, name: &str) -> &str {
        self.vars.get(name).unwrap_or_else(|| panic!("lab/up tells no {name}"))
    }

    /// A command in one of the lab's namespaces.
    pub fn at(&self, side: &str, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", self.var(&format!("LAB_{}", side.to_uppercase()))]);
        command.arg(program.as_ref()).stdin(Stdio::null());
        command
    }

    /// nftables' commands in one of them.
    #[track_caller]
    pub fn nft(&self, side: &str, commands: &str) {
        let run = self.at(side, "nft").arg(commands).output().unwrap();
        assert!(run.status.success(), "nft {commands}: {}", String::from_utf8_lossy(&run.stderr));
    }

    /// Loses so many percent of the packets in each direction from now on.
    pub fn lose(&self, percent: &str) {
        let run = Command::new(script("loss")).arg(percent).env("LAB_ID", &self.id).output().unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    }

    /// The open ports of a part: addresses and services.
    pub fn truth(&self, part: &str) -> BTreeSet<(String, String)> {
        let text = fs::read_to_string(self.var(&format!("LAB_TRUTH_{part}"))).unwrap();
        let pair = |line: &str| {
            let (host, port) = line.split_once(' ').unwrap();
            (host.to_owned(), format!("tcp/{port}"))
        };
        text.lines().map(pair).collect()
    }

    /// The scope file of a part.
    pub fn scope(&self, part: &str) -> &str {
        self.var(&format!("LAB_SCOPE_{part}"))
    }
}

/// The lab of blocks, or none with a message.
pub fn lab() -> Option<&'static Lab> {
    static LAB: OnceLock<Lab> = OnceLock::new();
    stands(
        &LAB,
        "",
        &["services", "wide", "dead", "firewalls", "synproxy", "tarpit", "six", "link", "delay", "udp"],
    )
}

/// One whose cable may lose packets.
pub fn lossy() -> Option<&'static Lab> {
    static LAB: OnceLock<Lab> = OnceLock::new();
    stands(&LAB, "l", &["services"])
}

/// The lab of daemons.
pub fn daemons() -> Option<&'static Lab> {
    static LAB: OnceLock<Lab> = OnceLock::new();
    stands(&LAB, "d", &["daemons"])
}

fn stands(lab: &'static OnceLock<Lab>, tag: &str, parts: &[&str]) -> Option<&'static Lab> {
    if let Some(why) = missing() {
        eprintln!("skipped: {why}");
        return None;
    }
    Some(lab.get_or_init(|| Lab::up(tag, parts)))
}

/// A folder of a test's own.
pub struct Place(TempDir);

impl Place {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn file(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }

    /// `watchpost`, outside, in this folder.
    pub fn command(&self, lab: &Lab, arguments: &[&str]) -> Command {
        let mut command = lab.at("outside", env!("CARGO_BIN_EXE_watchpost"));
        command.args(arguments).current_dir(self.path());
        for name in
            ["WATCHPOST_SCOPE", "WATCHPOST_AUDIT", "WATCHPOST_POLICY", "WATCHPOST_JSON", "WATCHPOST_UNPROVEN"]
        {
            command.env_remove(name);
        }
        command.env("USER", "tester");
        command
    }

    pub fn run(&self, lab: &Lab, arguments: &[&str]) -> Ended {
        self.command(lab, arguments).output().unwrap().into()
    }

    /// A survey with records, by raw packets and in two passes if nothing else is said, that must go well.
    #[track_caller]
    pub fn survey(&self, lab: &Lab, scope: &str, arguments: &[&str]) -> Found {
        let how: &[&str] = if arguments.contains(&"--connect") { &[] } else { &["--raw"] };
        let passes: &[&str] = if arguments.contains(&"--passes") { &[] } else { &["--passes", "2"] };
        let all = [&["survey", "--scope", scope, "--json", "--wait", "0.4"], how, passes, arguments].concat();
        self.run(lab, &all).with(0).found()
    }

    /// The same that goes on meanwhile.
    pub fn begin(&self, lab: &Lab, scope: &str, arguments: &[&str]) -> Child {
        let all = [&["survey", "--scope", scope, "--json", "--wait", "0.4", "--raw"], arguments].concat();
        let mut command = self.command(lab, &all);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }
}

/// How a run ended.
#[derive(Debug)]
pub struct Ended {
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self { status: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl Ended {
    /// Of a process that was begun; after a minute it is killed, and that is a failure.
    #[track_caller]
    pub fn of(mut child: Child) -> Self {
        let began = Instant::now();
        let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let reader = std::thread::spawn(move || {
            let mut text = String::new();
            out.read_to_string(&mut text).map(|_| text)
        });
        let mut stderr = String::new();
        err.read_to_string(&mut stderr).unwrap();
        while child.try_wait().unwrap().is_none() && began.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = child.kill();
        let status = child.wait().unwrap().code();
        Self { status, stdout: reader.join().unwrap().unwrap(), stderr }
    }

    #[track_caller]
    pub fn with(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "stdout:\n{:.2000}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub fn told(self, part: &str) -> Self {
        assert!(self.stderr.contains(part), "not told: {part}\nstderr:\n{}", self.stderr);
        self
    }

    pub fn found(&self) -> Found {
        Found::read(&self.stdout)
    }
}

/// A survey's records.
#[derive(Clone, Debug, Default)]
pub struct Found {
    pub survey: Value,
    pub services: Vec<Value>,
    pub exposures: Vec<Value>,
}

impl Found {
    #[track_caller]
    pub fn read(text: &str) -> Self {
        let mut found = Self::default();
        for line in text.lines() {
            let record: Value = serde_json::from_str(line).unwrap();
            match record["record"].as_str() {
                Some("survey") => found.survey = record,
                Some("service") => found.services.push(record),
                Some("exposure") => found.exposures.push(record),
                _ => {}
            }
        }
        assert_eq!(found.survey["record"], "survey", "there is no survey in it: {text:.500}");
        found
    }

    /// Host and service of what is in this state.
    fn in_state(&self, state: &str) -> BTreeSet<(String, String)> {
        let of = |service: &Value| {
            (service["host"].as_str().unwrap().to_owned(), service["service"].as_str().unwrap().to_owned())
        };
        self.services.iter().filter(|service| service["state"] == state).map(of).collect()
    }

    /// Open services, without echo.
    pub fn open(&self) -> BTreeSet<(String, String)> {
        self.in_state("open").into_iter().filter(|(_, service)| !service.starts_with("icmp")).collect()
    }

    /// The state of one service.
    #[track_caller]
    pub fn state(&self, host: &str, service: &str) -> &str {
        let of = |one: &&Value| one["host"] == host && one["service"] == service;
        self.services.iter().find(of).and_then(|one| one["state"].as_str()).unwrap_or("not in it")
    }
}

/// Sends a signal to a process that the test started.
pub fn signal(pid: u32, name: &str) {
    assert!(Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status().unwrap().success());
}
