//! Who came back to what a scan had revealed.

use crate::contact::{Service, Time};
use crate::net::Address;
use crate::record::Link;

/// A service that a campaign was shown open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revealed {
    /// The campaign's place, as the caller counts.
    pub campaign: usize,
    /// The host.
    pub host: Address,
    /// The service.
    pub service: Service,
    /// When it answered the scan.
    pub time: Time,
}

/// A campaign, as the search sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scanner {
    /// Its sources, sorted.
    pub sources: Vec<Address>,
    /// First contact.
    pub start: Time,
    /// Last new target: what comes later is no discovery any more.
    pub end: Time,
    /// The median gap between its probes, nanoseconds.
    pub gap: Time,
    /// Hosts it probed.
    pub hosts: u64,
    /// Of the services it probed, how many it was shown open.
    pub open: u64,
}

/// Somebody used a service: sessions on one target, from one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit {
    /// The visitor.
    pub source: Address,
    /// The host.
    pub host: Address,
    /// The service.
    pub service: Service,
    /// First session on it.
    pub start: Time,
    /// Last session on it.
    pub end: Time,
    /// Sessions, as far as they were counted.
    pub sessions: u64,
    /// Whether it spoke, not only connected.
    pub spoke: bool,
    /// Of the visitor's targets, how many answered, and how many not.
    pub answered: u32,
    /// See `answered`.
    pub missed: u32,
    /// The campaign that the visitor itself is a source of.
    pub campaign: Option<usize>,
}

/// A return.
#[derive(Clone, Debug, PartialEq)]
pub struct Return {
    /// The campaign that revealed it.
    pub campaign: usize,
    /// The visitor.
    pub source: Address,
    /// How it is tied to the scanner.
    pub link: Link,
    /// What it went to, sorted.
    pub targets: Vec<(Address, Service)>,
    /// First visit.
    pub start: Time,
    /// Last visit.
    pub end: Time,
    /// When the first of the targets was revealed.
    pub revealed: Time,
    /// Sessions.
    pub sessions: u64,
    /// log2 of the odds against an ordinary visitor.
    pub bits: f64,
    /// The reasons with their numbers.
    pub text: String,
}

/// Finds returns: at most one for each visitor and campaign, in the order of time.
///
/// `span`: first and last contact of the whole input. `visits`: all of them, also those of nobody's interest: they tell
/// how popular each service is.
pub fn find(
    scanners: &[Scanner],
    revealed: &[Revealed],
    visits: &[Visit],
    span: (Time, Time),
) -> Vec<Return> {
    let _ = (scanners, revealed, visits, span);
    Vec::new()
}
