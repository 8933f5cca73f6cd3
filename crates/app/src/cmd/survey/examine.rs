//! What runs at the services that were found, and what it exposes: many conversations at a time, each within the governor's caps.

use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use watchpost_core::contact::Transport;
use watchpost_survey::checks::{Finding, Subject, examine};
use watchpost_survey::govern::Stopped;
use watchpost_survey::identify::{self, Identified, recog::Fingerprints};
use watchpost_survey::take::Found;
use watchpost_survey::talk::{Caller, Failed, by_turns, each};

/// Conversations at a time.
const AT_ONCE: usize = 32;

/// Words that many services say. Their patterns are made at first use, which takes longer than the kernel waits before it acknowledges: it is not
/// done while lines are open.
const USUAL: [&str; 4] = ["http_header.server", "html_title", "ssh.banner", "smtp.banner"];

/// What a service showed.
#[derive(Debug, Default)]
pub struct Shown {
    /// Where.
    pub host: Option<IpAddr>,
    /// TCP or UDP.
    pub transport: Option<Transport>,
    /// The port.
    pub port: u16,
    /// What runs there.
    pub identified: Identified,
    /// What it exposes.
    pub findings: Vec<Finding>,
}

/// Looks at every service that was found; `tell` hears how many of them are done. What was shown before a stop is given with it.
pub fn all(
    found: &Found,
    caller: &Caller<'_>,
    prints: &Fingerprints,
    tell: &(dyn Fn(usize, usize) + Sync),
) -> (Vec<Shown>, Option<Stopped>) {
    let tcp = found
        .hosts
        .iter()
        .flat_map(|(host, said)| said.open().map(move |(port, _)| (*host, Transport::Tcp, port, None)));
    let udp = found.hosts.iter().flat_map(|(host, said)| {
        said.udp.iter().map(move |(port, words)| (*host, Transport::Udp, *port, Some(words.as_slice())))
    });
    let services: Vec<(IpAddr, Transport, u16, Option<&[u8]>)> =
        by_turns(tcp.chain(udp).collect(), |(host, ..)| *host);
    USUAL.iter().for_each(|kind| drop(prints.find(kind, b"")));
    let done = AtomicUsize::new(0);
    let (mut shown, stopped) = each(AT_ONCE, &services, |(host, transport, port, words)| {
        let one = one(caller, prints, *host, *transport, *port, *words)?;
        tell(done.fetch_add(1, Ordering::Relaxed) + 1, services.len());
        Ok(one)
    });
    shown.sort_by_key(|one| (one.host, one.transport.map(|transport| transport == Transport::Udp), one.port));
    (shown, stopped)
}

fn one(
    caller: &Caller<'_>,
    prints: &Fingerprints,
    host: IpAddr,
    transport: Transport,
    port: u16,
    words: Option<&[u8]>,
) -> Result<Shown, Stopped> {
    let scope = caller.governor().scope();
    let mut shown = Shown { host: Some(host), transport: Some(transport), port, ..Shown::default() };
    let Ok(target) = scope.admit(host).and_then(|host| scope.service(host, transport, port)) else {
        return Ok(shown);
    };
    shown.identified = match words {
        Some(words) => identify::datagram(port, words, prints),
        None => match identify::tcp(caller, target, prints) {
            Ok(identified) => identified,
            Err(Failed::Stopped(why)) => return Err(why),
            // It was open, and does not talk to us: that is all that is known of it.
            Err(_) => Identified::default(),
        },
    };
    let subject = Subject {
        target,
        transport,
        protocol: shown.identified.protocol.as_deref(),
        tls: shown.identified.tls,
        facts: &shown.identified.facts,
        product: shown.identified.product.as_ref(),
    };
    match examine(caller, &subject) {
        Ok(findings) => shown.findings = findings,
        Err(Failed::Stopped(why)) => return Err(why),
        Err(_) => {}
    }
    Ok(shown)
}
