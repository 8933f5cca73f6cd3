//! What exporters tell of themselves: their sampling, and their clock.

use std::collections::HashMap;

use watchpost_core::contact::{SECOND, Time};
use watchpost_core::net::Address;

/// What options records told, by exporter and observation domain.
pub(super) type Domains = HashMap<(Address, u32), Domain>;

/// What an exporter told of itself.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Domain {
    /// Of so many packets one is reported; 0 or 1 where all are.
    pub sampling: u32,
    /// When it was started: flows count from there.
    pub started: Option<Time>,
    /// When its uptime was 0, as the first datagram told.
    origin: Option<Time>,
}

/// Exporters of which something is remembered.
const DOMAINS: usize = 4_096;
/// Headers tell the time in seconds (NetFlow v9), or round it, and the uptime in milliseconds.
const ROUNDING: Time = SECOND;

/// When a datagram was sent, by the exporter's uptime. The header's own time is rounded otherwise than the uptime, so the
/// same moment would come out differently of each datagram, and an answer before its question.
pub(super) fn steady(domains: &mut Domains, key: (Address, u32), sent: Time, uptime: u32) -> Time {
    let since = Time::from(uptime) * (SECOND / 1_000);
    let told = sent - since;
    if domains.len() >= DOMAINS && !domains.contains_key(&key) {
        return sent;
    }
    let known = &mut domains.entry(key).or_default().origin;
    // Another start, or a clock that was set.
    if known.is_none_or(|known| known.abs_diff(told) > ROUNDING.unsigned_abs()) {
        *known = Some(told);
    }
    known.unwrap_or(told) + since
}
