//! Daemons of `lab/daemons.sh` on loopback, and what the checks say of them. Every word that comes out is searched for planted secrets.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use watchpost_core::contact::Transport;
use watchpost_core::inventory::Rung;
use watchpost_core::record::Stamp;
use watchpost_survey::checks::{Finding, Subject, examine};
use watchpost_survey::govern::Governor;
use watchpost_survey::identify::recog::Fingerprints;
use watchpost_survey::identify::{self, Identified};
use watchpost_survey::scope::{InScope, Scope};
use watchpost_survey::talk::{Caller, Failed, Patience};

/// What the daemons hold and no record may: parts of the AWS key's id and of the secret key, and whatever is called planted (the password of
/// Redis, the communities of SNMP, the bodies of pages).
const PLANTED: [&str; 8] =
    ["AKIA", "IOSFODNN", "7EXAMPLE", "wJalrXUt", "nFEMI/K7", "MDENG/bP", "xRfiCYEX", "planted-"];

fn lab() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../lab")
}

fn bash(command: &str) -> Result<String, String> {
    let script = format!("set -u; . \"$LAB/daemons.sh\"; {command}");
    let run = Command::new("bash").args(["-c", &script]).env("LAB", lab()).env_remove("NETNS").output();
    let output = run.map_err(|error| error.to_string())?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

/// A daemon at work; it ends with its value.
pub struct Daemon {
    name: &'static str,
    pid: String,
    address: IpAddr,
    port: u16,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Err(error) = bash(&format!("daemon_down {}", self.pid)) {
            eprintln!("{}: {error}", self.name);
        }
    }
}

impl Daemon {
    /// Starts one at its usual port. None, with a message, where it is not installed or this is not root.
    pub fn up(name: &'static str, form: &str) -> Option<Self> {
        let port = bash(&format!("daemon_port {name} {form}")).unwrap().parse().unwrap();
        Self::up_at(name, form, port)
    }

    /// Starts one at a port.
    pub fn up_at(name: &'static str, form: &str, port: u16) -> Option<Self> {
        static NEXT: AtomicU8 = AtomicU8::new(1);
        if !nix::unistd::Uid::effective().is_root() {
            eprintln!("skipped: daemons at their usual ports need root");
            return None;
        }
        let missing = bash(&format!("daemon_missing {name}")).unwrap();
        if !missing.is_empty() {
            eprintln!("skipped: {missing} is not installed (lab/install)");
            return None;
        }
        // Loopback has 16 million addresses: each run and each daemon takes its own.
        let run = std::process::id();
        let octets = [127, 64 + (run >> 8 & 63) as u8, run as u8, NEXT.fetch_add(1, Ordering::Relaxed)];
        let address = IpAddr::V4(Ipv4Addr::from(octets));
        let pid = bash(&format!("daemon_up {name} {form} {address} {port}")).unwrap();
        Some(Self { name, pid, address, port })
    }

    /// What the checks find there; nothing where nobody listens.
    pub fn look(&self, transport: Transport, ports: &str) -> Vec<Finding> {
        self.look_with(transport, ports, |_, _| Some(Identified::default()))
    }

    /// The same, of a service of which the protocol is known.
    pub fn look_speaking(&self, protocol: &str) -> Vec<Finding> {
        let mut known = Identified::default();
        known.protocol = Some(protocol.to_owned());
        self.look_with(Transport::Tcp, UDP_TOO, move |_, _| Some(known.clone()))
    }

    /// The same, of a service that identification has looked at before.
    pub fn look_identified(&self) -> Vec<Finding> {
        let prints = Fingerprints::shipped();
        self.look_with(Transport::Tcp, UDP_TOO, |caller, target| identify::tcp(caller, target, &prints).ok())
    }

    fn look_with(
        &self,
        transport: Transport,
        ports: &str,
        identify: impl Fn(&Caller<'_>, InScope<SocketAddr>) -> Option<Identified>,
    ) -> Vec<Finding> {
        let text = format!(
            "organisation = \"Lab\"\nauthorised_by = \"Jane\"\nvalid_until = \"2999-01-01\"\nabout = \"https://lab.example/scanning\"\n\
             blocks = [\"127.0.0.0/8\"]\nlab = true\ntcp = \"1-65535\"\n{ports}\n\
             [rate]\nall = 1000000\nnetwork = 1000000\nhost = 1000000\n"
        );
        let governor = Governor::new(Scope::parse(&text).unwrap(), None);
        let patience = Patience {
            connect: Duration::from_secs(10),
            answer: Duration::from_millis(1_500),
            greeting: Duration::from_millis(1_500),
        };
        let caller = Caller::new(&governor, None, patience).unwrap();
        let target = self.target(&governor, transport);
        let known = identify(&caller, target).unwrap_or_default();
        let subject = Subject {
            target,
            transport,
            protocol: known.protocol.as_deref(),
            tls: known.tls,
            facts: &known.facts,
            product: known.product.as_ref(),
        };
        let found = match examine(&caller, &subject) {
            Ok(found) => found,
            Err(failed) => {
                harmless(&format!("{failed} {failed:?}"));
                assert!(matches!(failed, Failed::Refused | Failed::Silent), "{failed}");
                Vec::new()
            }
        };
        let time = Stamp::from(0);
        for finding in &found {
            let record =
                finding.exposure(&self.address.to_string(), &format!("tcp/{}", self.port), time.clone());
            harmless(&format!("{finding:?}\n{record:?}\n{}", serde_json::to_string(&record).unwrap()));
        }
        found
    }

    fn target(&self, governor: &Governor, transport: Transport) -> InScope<SocketAddr> {
        let host = governor.scope().admit(self.address).unwrap();
        governor.scope().service(host, transport, self.port).unwrap()
    }
}

fn harmless(written: &str) {
    for planted in PLANTED {
        assert!(!written.contains(planted), "{planted} was written: {written}");
    }
}

/// Both ports of the scope.
pub const UDP_TOO: &str = "udp = \"1-65535\"";

/// A finding as a test expects it: check, rung, evidence with `*` for what depends on versions.
pub type Expected<'a> = (&'a str, Rung, &'a [&'a str]);

fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut last = None;
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
        last = Some(part);
    }
    rest.is_empty() || last == Some("")
}

/// Holds findings against what is expected: no more, no less, in this order.
pub fn assert_found(found: &[Finding], expected: &[Expected<'_>]) {
    let same = found.len() == expected.len()
        && found.iter().zip(expected).all(|(found, (check, rung, evidence))| {
            found.check == *check
                && found.rung == *rung
                && found.evidence.len() == evidence.len()
                && evidence.iter().zip(&found.evidence).all(|(pattern, text)| fits(pattern, text))
        });
    assert!(same, "expected {expected:#?}\nfound {found:#?}");
}

/// The named daemon in a form gives these findings by TCP.
pub fn gives(name: &'static str, form: &str, expected: &[Expected<'_>]) -> Vec<Finding> {
    let Some(daemon) = Daemon::up(name, form) else { return Vec::new() };
    let found = daemon.look(Transport::Tcp, UDP_TOO);
    assert_found(&found, expected);
    // What is known beforehand changes which checks look and how, not what they find.
    assert_found(&daemon.look_identified(), expected);
    found
}

/// Open, then fixed by the very line that the first finding names: its check then finds a lower rung or nothing.
pub fn falls(name: &'static str, open: &str, is: &[Expected<'_>], fixed: &str, then: &[Expected<'_>]) {
    let before = gives(name, open, is);
    let Some(worst) = before.first() else { return };
    let configuration = std::fs::read_to_string(lab().join("daemons").join(name).join(fixed)).unwrap();
    let line = worst.fix.line.split('<').next().filter(|line| !line.is_empty()).unwrap_or(&worst.fix.line);
    assert!(configuration.contains(line), "{line} is not in {name}/{fixed}");
    let after = gives(name, fixed, then);
    for finding in &before {
        let lower =
            after.iter().filter(|later| later.check == finding.check).all(|later| later.rung < finding.rung);
        let presence = finding.rung <= Rung::Identified;
        assert!(lower || presence, "{} did not fall: {after:#?}", finding.check);
    }
}
