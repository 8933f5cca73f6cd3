//! The trace of a campaign: which targets it touched first, in the order of time. Order, permutation, target list and
//! coordination are read from it.

use serde::{Deserialize, Serialize};

use crate::contact::{Outcome, Service, Time};
use crate::net::Address;

/// The first touch of a target (host and service).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    /// When.
    pub time: Time,
    /// The host.
    pub target: Address,
    /// The service.
    pub service: Service,
    /// How far it came.
    pub outcome: Outcome,
}

/// What later analyses read of one source (or of one joined campaign).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// The source, or the first of them.
    pub source: Address,
    /// First touches in the order of time: the first up to 256 one after the other, then at most 64 thinned evenly.
    pub hits: Vec<Hit>,
    /// So many hits at the start are consecutive: no target was left out between them. Equal to `hits.len()` where all
    /// are there.
    pub consecutive: usize,
    /// Distinct hosts touched in all.
    pub hosts: u64,
    /// Probe packets in all.
    pub packets: u64,
    /// First contact.
    pub start: Time,
    /// Last contact.
    pub end: Time,
}
