//! Firewalls: what packet filters and gateways write to syslog, a file a format.
//!
//! The vantage is a filter's own: mostly what it denied, never what came back, and as many lines as its limits let pass.
//! What each can tell stands in `blind`; the years and zones that stamps lack come from [`super::Assume`].

mod asa; // Cisco
mod cef; // ArcSight's common event format
mod fast; // Suricata's alerts
mod filterlog; // pfSense, OPNsense
mod fortinet; // FortiGate
mod ios; // Cisco's routers
mod limit; // lines that tell of lines left out
mod mikrotik; // RouterOS
mod netfilter; // iptables, nftables, UFW, Proxmox, UniFi
pub(super) mod packet; // one packet becomes a contact
mod panos; // Palo Alto
mod session; // how a session went
pub(super) mod syslog; // stamps and hosts

pub use asa::ASA;
pub use cef::CEF;
pub use fast::FAST;
pub use filterlog::FILTERLOG;
pub use fortinet::FORTINET;
pub use ios::IOS;
pub use mikrotik::MIKROTIK;
pub use netfilter::NETFILTER;
pub use panos::PANOS;

use watchpost_core::contact::{SECOND, Time};
use watchpost_core::detect::Sense;

/// Loggers write at once; relays mix hosts whose clocks differ by some seconds.
const PACKETS_LATE: Time = 10 * SECOND;
/// Lines of an input that are looked at before it is recognised: other programs may have written the first.
const LOOKED_AT: usize = 64;

const ANSWERS: (Sense, &str) = (
    Sense::Answers,
    "a filter does not log what comes back: a denied packet counts as unanswered, one let through as untold",
);
const ACCEPTED: (Sense, &str) = (
    Sense::Accepted,
    "only packets that a rule logs are seen, mostly denied ones: visits that went well may be missing",
);
const RATE: (Sense, &str) = (
    Sense::Counts,
    "filters and loggers limit how many lines they write: packets and targets are at least those counted",
);
const LATE: (Sense, &str) = (
    Sense::Strays,
    "ACKs with data and FINs look like those of connections that the filter forgot, and are not taken for probes",
);

const HEADERS: (Sense, &str) =
    (Sense::Headers, "this log has no header fields (window, TTL, IP id, options) that tools are told by");

/// Why an answer is no contact.
const ANSWERED: &str = "an answer that was let through or comes late";

const NETFILTER_BLIND: &[(Sense, &str)] = &[
    ANSWERS,
    ACCEPTED,
    RATE,
    LATE,
    (
        Sense::Options,
        "netfilter does not log TCP options (--log-tcp-options), so tools told by them are not named",
    ),
];

/// Whether any of the first lines is one of these.
fn any_line(head: &[u8], is: impl Fn(&[u8]) -> bool) -> bool {
    head.split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .filter(|line| !line.is_empty())
        .take(LOOKED_AT)
        .any(is)
}

/// The contacts of one line, with the year 2025: for tests.
#[cfg(test)]
fn taken(
    format: &super::LogFormat,
    line: &str,
) -> Result<Vec<watchpost_core::contact::Contact>, &'static str> {
    let mut contacts = Vec::new();
    let (mut heard, mut report) = (Vec::new(), crate::report::Report::new());
    let mut out = super::Out::new(0, &mut contacts, &mut heard, &mut report);
    let mut lines = (format.lines)(&super::Assume { year: Some(2025), ..Default::default() });
    lines.take(line.as_bytes(), &mut out)?;
    Ok(contacts)
}
