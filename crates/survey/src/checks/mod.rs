//! Exposure checks: how far a service lets a stranger climb, and the one line of configuration that takes it a rung down.
//!
//! The problem: a list of open ports does not say which of them gives a stranger control. The way: each check is a short conversation that
//! any client could have (three requests, 4 KiB, no login tried, no redirect followed), read into a [`Rung`] with its evidence. The reason
//! for the bounds: whoever checks must take nothing away, so bodies are dropped as soon as they are judged, and of secrets only that they
//! are there is told. The limit: a service that was moved to an unusual port is looked at only by the checks of its protocol.
//!
//! Adding one: a file with a [`Spec`], a line in [`CHECKS`], a daemon in `lab/daemons`, a test in `tests/exposures.rs`.

mod aws; // credential files on web servers
mod banner; // what greetings give away
mod bson; // the little of BSON that MongoDB's answers need
mod docker; // Docker and Podman
mod elastic; // Elasticsearch and OpenSearch
mod etcd;
mod greeting; // versions and distributions in greetings
mod http; // one request, one bounded answer
mod kubelet;
mod kubernetes; // the API server and the Dashboard
mod memcached;
mod mongo;
mod redis;
mod shells; // SSH, Telnet, VNC
mod smb;
mod vpn; // VPN portals
mod web; // Jenkins and Grafana
mod windows; // RDP and WinRM

use std::net::SocketAddr;

use watchpost_core::contact::Transport;
use watchpost_core::inventory::{Exposure, Fix, Product, Rung};
use watchpost_core::record::{FactKind, LessonFact, SCHEMA_VERSION, Stamp};
use watchpost_formats::conversation;

use crate::scope::InScope;
use crate::talk::{Caller, Failed, Visit};

/// A line of configuration, and where it belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remedy {
    /// e.g. `sshd_config`.
    pub place: &'static str,
    /// e.g. `DebianBanner no`.
    pub line: &'static str,
}

/// What lets only one's own networks in: `@own` is the set of them. `PORT` stands for the port, `ip` becomes `ip6` for IPv6.
const RESTRICT: Remedy = Remedy { place: "nftables", line: "tcp dport PORT ip saddr != @own drop" };

/// All that is to be known of a check.
#[derive(Debug)]
pub struct Spec {
    /// Its name, as records have it.
    pub name: &'static str,
    /// What it finds, in one sentence.
    pub help: &'static str,
    /// What it sends, in a few words; nothing else is ever sent.
    pub asks: &'static str,
    /// TCP ports that it looks at, whatever speaks there.
    pub tcp: &'static [u16],
    /// UDP ports that it looks at.
    pub udp: &'static [u16],
    /// Protocols that it looks at wherever they were found (names as of [`watchpost_core::utterance::Protocol`]); where another one was found
    /// at a port of its own it does not look.
    pub protocols: &'static [&'static str],
    /// The rungs that it can find, rising.
    pub rungs: &'static [Rung],
    /// The lines that take its findings a rung down.
    pub fixes: &'static [Remedy],
    /// ATT&CK techniques that its findings serve.
    pub techniques: &'static [&'static str],
    /// Looks.
    look: fn(&Look<'_>) -> Result<Vec<Finding>, Failed>,
}

/// Every check, in the order in which a service is examined.
pub const CHECKS: &[Spec] = &[
    docker::SPEC,
    kubelet::SPEC,
    kubernetes::API,
    etcd::SPEC,
    kubernetes::DASHBOARD,
    aws::SPEC,
    redis::SPEC,
    elastic::SPEC,
    mongo::SPEC,
    memcached::SPEC,
    web::JENKINS,
    web::GRAFANA,
    shells::SSH,
    windows::RDP,
    shells::VNC,
    smb::SPEC,
    shells::TELNET,
    windows::WINRM,
    vpn::SPEC,
    banner::SPEC,
];

/// A service, and what identification found there before; all but the address may be empty.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Where.
    pub target: InScope<SocketAddr>,
    /// TCP or UDP: what the scope allowed this port for.
    pub transport: Transport,
    /// The protocol that is spoken, e.g. `http`.
    pub protocol: Option<&'a str>,
    /// It is spoken within TLS. Counts where the protocol is known; else the port says whether TLS is likely.
    pub tls: bool,
    /// What was said.
    pub facts: &'a [LessonFact],
    /// What runs there.
    pub product: Option<&'a Product>,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The check's name.
    pub check: &'static str,
    /// How far a stranger gets.
    pub rung: Rung,
    /// In a few words.
    pub what: String,
    /// What shows it, one fact each; never a secret.
    pub evidence: Vec<String>,
    /// What takes it a rung down.
    pub fix: Fix,
    /// ATT&CK techniques.
    pub techniques: &'static [&'static str],
}

impl Finding {
    /// As a record; `service` is e.g. `tcp/2375`.
    pub fn exposure(&self, host: &str, service: &str, time: Stamp) -> Exposure {
        Exposure {
            schema_version: SCHEMA_VERSION,
            host: host.to_owned(),
            service: service.to_owned(),
            check: self.check.to_owned(),
            rung: self.rung,
            what: self.what.clone(),
            evidence: self.evidence.clone(),
            fix: self.fix.clone(),
            techniques: self.techniques.iter().map(|&technique| technique.to_owned()).collect(),
            time,
            ..Exposure::default()
        }
    }
}

/// Examines a service by every check that it concerns; the highest rung comes first.
///
/// # Errors
/// [`Failed::Stopped`] where sending ended on the way, and any other failure where no check could look at all. What merely does not answer
/// to a check gives nothing.
pub fn examine(caller: &Caller<'_>, subject: &Subject<'_>) -> Result<Vec<Finding>, Failed> {
    let mut found = Vec::new();
    let mut looked = false;
    let mut failed = None;
    for spec in CHECKS.iter().filter(|spec| spec.concerns(subject)) {
        match (spec.look)(&Look { spec, caller, subject }) {
            Ok(findings) => {
                looked = true;
                found.extend(findings);
            }
            Err(Failed::Stopped(why)) => return Err(Failed::Stopped(why)),
            Err(other) => failed = failed.or(Some(other)),
        }
    }
    found.sort_by_key(|finding| std::cmp::Reverse(finding.rung));
    match failed {
        Some(failed) if !looked => Err(failed),
        _ => Ok(found),
    }
}

impl Subject<'_> {
    /// The protocol, where it is one that means something: TLS alone does not say what is within.
    fn spoken(&self) -> Option<&str> {
        self.protocol.filter(|name| !matches!(*name, "" | "tls" | "unknown"))
    }

    fn port(&self) -> u16 {
        self.target.get().port()
    }

    /// The first thing of a kind that was said.
    fn said(&self, what: FactKind) -> Option<&str> {
        self.facts.iter().find(|fact| fact.what == what).map(|fact| fact.text.as_str())
    }

    /// Whether the product, or software that it names, is called so.
    fn is(&self, name: &str) -> bool {
        let software = self.said(FactKind::Software).into_iter();
        let mut names = self.product.map(|product| product.name.as_str()).into_iter().chain(software);
        names.any(|known| known.to_ascii_lowercase().contains(name))
    }
}

impl Spec {
    /// Whether a service is worth a look.
    pub fn concerns(&self, subject: &Subject<'_>) -> bool {
        let ports = match subject.transport {
            Transport::Tcp => self.tcp,
            Transport::Udp => return self.udp.contains(&subject.port()),
            _ => return false,
        };
        match subject.spoken() {
            Some(spoken) if !self.protocols.is_empty() => self.protocols.contains(&spoken),
            _ => ports.contains(&subject.port()),
        }
    }
}

/// A check at work on a service.
#[derive(Debug)]
struct Look<'a> {
    spec: &'static Spec,
    caller: &'a Caller<'a>,
    subject: &'a Subject<'a>,
}

impl<'a> Look<'a> {
    /// One visit: all that a check may cost.
    fn visit(&self) -> Visit<'a> {
        self.caller.visit(self.subject.target)
    }

    /// Only who has a client certificate gets in.
    fn certificate_only(&self, what: &str) -> Finding {
        let evidence = vec!["TLS: a client certificate is demanded".to_owned()];
        self.finding(Rung::Reachable, format!("{what}, with a certificate only"), evidence, RESTRICT)
    }

    fn finding(&self, rung: Rung, what: impl Into<String>, evidence: Vec<String>, remedy: Remedy) -> Finding {
        let target = self.subject.target.get();
        let mut line = remedy.line.replace("PORT", &target.port().to_string());
        if remedy == RESTRICT {
            if target.is_ipv6() {
                line = line.replace("ip saddr", "ip6 saddr");
            }
            if self.subject.transport == Transport::Udp {
                line = line.replace("tcp", "udp");
            }
        }
        let fix = Fix { place: remedy.place.to_owned(), line };
        Finding {
            check: self.spec.name,
            rung,
            what: what.into(),
            evidence,
            fix,
            techniques: self.spec.techniques,
        }
    }
}

/// A failure of a later request takes nothing from what an earlier one showed; a stop is passed on.
fn later<T: Default>(result: Result<T, Failed>) -> Result<T, Failed> {
    match result {
        Err(Failed::Stopped(why)) => Err(Failed::Stopped(why)),
        Err(_) => Ok(T::default()),
        fine => fine,
    }
}

/// What a stranger said, as it may be told: clean, short, secrets masked.
fn told(bytes: &[u8]) -> String {
    conversation::fact(FactKind::Banner, bytes).map(|text| text.into_owned()).unwrap_or_default()
}

/// A version or another single word of a stranger's: none if it is longer than versions are, or no word.
fn word(text: &str) -> Option<String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || ".-_+~:".contains(c);
    (!text.is_empty() && text.len() <= 40 && text.chars().all(fits)).then(|| told(text.as_bytes()))
}

/// Where some bytes stand.
fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// Runs every reader of answers over bytes: for fuzzing.
#[doc(hidden)]
pub fn read_anything(bytes: &[u8]) {
    http::read_anything(bytes);
    aws::read_anything(bytes);
    mongo::read_anything(bytes);
    redis::read_anything(bytes);
    memcached::read_anything(bytes);
    shells::read_anything(bytes);
    windows::read_anything(bytes);
    smb::read_anything(bytes);
    vpn::read_anything(bytes);
    greeting::read_anything(bytes);
}

#[cfg(test)]
mod tests;
