//! Who came back to what a scan had revealed.
//!
//! A scan matters by what follows from it: somebody, minutes or weeks later, goes straight to what it showed open. The
//! danger is to call every new customer of a server an intruder, so the question is put in numbers.
//!
//! Two streams of visitors arrive at a revealed service. Ordinary ones come at a rate that the other visitors of this very
//! service tell, on top of a prior by kind of service (`data/visits.toml`): a public site sees strangers all day, an SSH or
//! Docker port hardly ever. Informed ones come at a rate that falls with the time since the revelation. The ratio of the two
//! rates at the moment of the visit is the odds that this visitor is of the second stream; how many visitors are tried does
//! not matter, because each adds to the rate that it is measured by. On top come the visitor's other targets (revealed,
//! unrevealed, dead), whether it was a customer before, and how it is tied to the scanner.
//!
//! What the scan does itself is no return: whatever its sources do before a pause of a minute, or of ten of its own gaps,
//! and a second sweep, which misses again. A service that a scan of many days revealed early is therefore not looked at for
//! returns of its own sources before the scan ends.
//!
//! Limits: twenty strangers who share one list and all come to one server raise its ordinary rate, and hide one another
//! unless a week before the scan was seen too. A public site tells nothing by itself. Somebody who was told by other means
//! and comes by chance after a scan is reported as well: the numbers say "unlikely by chance", not "because".

mod claims;
mod crowd;
mod kinds;
mod weigh;

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

use crate::contact::{SECOND, Service, Time, Transport};
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

impl Scanner {
    /// How long its sources must be quiet, from `end` on, before what they do is no longer the scan: version probes and
    /// banners follow a discovery within seconds, a slow scan's retries within a few of its gaps.
    pub fn pause(&self) -> Time {
        self.gap.saturating_mul(10).max(60 * SECOND)
    }
}

/// Somebody used a service: sessions on one target, from one source.
///
/// Sessions before and after a long pause may be given as several visits. Where a scanner's probe and a later session of
/// its own are one visit, `end` is taken as the return.
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
    /// Of the visitor's targets, how many answered, and how many not. Of a scanner (see `campaign`), only targets that it
    /// touched later than [`Scanner::pause`] after the scan's end: a second sweep misses again, a return does not.
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
    let services =
        |v: &&Visit| matches!(v.service.transport, Transport::Tcp | Transport::Udp | Transport::Sctp);
    let mut order: Vec<&Visit> = visits.iter().filter(services).collect();
    order.sort_by_key(|v| (v.source, v.host, v.service, v.start, v.end));
    let crowd = crowd::Crowd::new(scanners, revealed, &order, span);
    let mut found: Vec<Return> = Vec::new();
    for visitor in order.chunk_by(|a, b| a.source == b.source) {
        let claims = claims::of(&crowd, visitor);
        found.extend(claims.into_iter().filter_map(|claim| weigh::judge(&crowd, visitor, claim)));
    }
    found.sort_by_key(|r| (r.start, r.source, r.campaign));
    found
}
