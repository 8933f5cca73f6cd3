//! The audit of banners: what a service says of itself before anybody asked, beyond its bare name ([`super::greeting`] judges).
//!
//! Where identification has heard the greeting already, nothing is sent. APIs that have a check of their own (Docker, kubelet, WinRM and their
//! like) are left to it: it says what they are, and their headers are not for anybody to configure.

use watchpost_core::inventory::Rung;
use watchpost_core::record::FactKind;

use super::http::Client;
use super::{CHECKS, Finding, Look, Remedy, Spec, greeting, told};
use crate::talk::{Failed, Wait};

pub(super) const SPEC: Spec = Spec {
    name: "banner",
    help: "greeting or header that gives away a version or a distribution",
    asks: "HEAD / of web servers; of servers that greet nothing: the greeting is read",
    tcp: &[21, 22, 25, 80, 110, 143, 443, 465, 587, 990, 993, 995, 2121, 2222, 2525, 8000, 8080, 8443],
    udp: &[],
    protocols: &["http", "ssh", "smtp", "ftp", "imap", "pop3"],
    rungs: &[Rung::Discloses],
    fixes: greeting::ALL,
    techniques: &["T1592.002"],
    look,
};

/// Ports where TLS comes before the greeting.
const TLS_PORTS: [u16; 4] = [465, 990, 993, 995];

/// What is spoken at a port, where nobody has found out.
fn likely(port: u16) -> &'static str {
    match port {
        22 | 2222 => "ssh",
        21 | 990 | 2121 => "ftp",
        25 | 465 | 587 | 2525 => "smtp",
        143 | 993 => "imap",
        110 | 995 => "pop3",
        _ => "http",
    }
}

fn look(look: &Look<'_>) -> Result<Vec<Finding>, Failed> {
    let port = look.subject.port();
    if CHECKS.iter().any(|spec| spec.protocols.is_empty() && spec.tcp.contains(&port)) {
        return Ok(Vec::new());
    }
    let spoken = look.subject.spoken().unwrap_or_else(|| likely(port));
    if spoken == "http" {
        return web(look);
    }
    let heard = match look.subject.said(FactKind::Banner) {
        Some(banner) => banner.to_owned(),
        None => {
            let tls = look.subject.tls || (look.subject.spoken().is_none() && TLS_PORTS.contains(&port));
            let visit = look.visit();
            let mut line = if tls { visit.connect_tls(None)? } else { visit.connect()? };
            let heard = line.hear_with(Wait::Greeting, |bytes| bytes.contains(&b'\n'))?;
            told(heard.split(|byte| *byte == b'\n').next().unwrap_or_default())
        }
    };
    let remedy = if spoken == "ssh" { greeting::ssh(&heard) } else { greeting::greeting(&heard) };
    Ok(remedy.map(|remedy| discloses(look, "greeting", &heard, remedy)).into_iter().collect())
}

fn web(look: &Look<'_>) -> Result<Vec<Finding>, Failed> {
    let Some(answer) = Client::new(look).head("/")?.answer() else { return Ok(Vec::new()) };
    let header = |name: &str, judge: fn(&str) -> Option<Remedy>| {
        let value = told(answer.header(name)?.as_bytes());
        Some(discloses(look, name, &value, judge(&value)?))
    };
    let findings = [header("Server", greeting::server), header("X-Powered-By", greeting::powered)];
    Ok(findings.into_iter().flatten().collect())
}

/// Characters of what is given away that name a finding; all of it is in its evidence.
const SHOWN: usize = 60;

fn discloses(look: &Look<'_>, place: &str, text: &str, remedy: Remedy) -> Finding {
    let short: String = text.chars().take(SHOWN).collect();
    let what = if place == "greeting" { short } else { format!("{place}: {short}") };
    look.finding(Rung::Discloses, what, vec![format!("{place}: {text}")], remedy)
}
