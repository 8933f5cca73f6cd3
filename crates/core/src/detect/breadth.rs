//! Breadth: more hosts of a service, or more services of a host, than an ordinary source asks.
//!
//! How many hosts an ordinary source asks is heavy-tailed: beyond the number `m` that is normal for the service
//! (`data/services.toml`), the share of sources that reach `n` is taken as `(m / n)^3`, so the evidence is
//! `3 log2(n / m)` bits. Hosts whose service it used do not count, unless nobody asks many hosts for that service.
//! Hosts that answered and were left without a word count by themselves, whatever the service: that is how one looks.

use hashbrown::HashMap;

use super::{Case, Spec};
use crate::contact::{Service, Transport};
use crate::evidence::{Bits, Evidence, grouped};
use crate::record::Family;

/// The tail's exponent. Scanners' breadth has no such tail, so its own likelihood is left at one.
const TAIL: f64 = 3.0;
/// Services of one host that an ordinary source may ask in vain.
const SERVICES: f64 = 5.0;
/// Hosts that an ordinary source connects to without a word: idle and spare connections.
const UNUSED: f64 = 8.0;
/// Breadth alone says no more than this.
const MOST: f64 = 42.0;

/// The detector's declaration.
pub const SPEC: Spec = Spec {
    name: "breadth",
    family: Family::Breadth,
    help: "more hosts asked for one service, or more services of one host, than is normal (data/services.toml)",
    needs: "starts of connections",
    weigh,
};

fn weigh(case: &Case<'_>) -> Option<Evidence> {
    [hosts(case), services(case), unused(case)].into_iter().flatten().max_by_key(|e| e.bits)
}

fn bits(seen: f64, normal: f64) -> Bits {
    Bits::new((TAIL * (seen / normal).log2()).clamp(0.0, MOST))
}

fn hosts(case: &Case<'_>) -> Option<Evidence> {
    let mut by_service: HashMap<Service, u64> = HashMap::new();
    for probe in case.probes() {
        let counts = !probe.used() || case.priors.of(probe.service()).singular;
        *by_service.entry(probe.service()).or_default() += u64::from(counts);
    }
    let (beyond, _) = case.beyond();
    if let Some(wide) = case.wide() {
        for (service, touches) in &wide.top {
            let closed = wide.hosts.count().saturating_sub(wide.open.count());
            *by_service.entry(*service).or_default() += u64::from(*touches).min(beyond).min(closed);
        }
    }
    let weighed = by_service.into_iter().map(|(service, seen)| {
        let normal = case.priors.of(service).hosts;
        (bits(seen as f64, normal), seen, service, normal)
    });
    // The service settles ties, so that the sentence does not depend on the map's order.
    let (bits, seen, service, normal) = weighed.max_by_key(|(b, seen, service, _)| (*b, *seen, *service))?;
    if bits == Bits::ZERO {
        return None;
    }
    let seen = grouped(seen);
    let asked = match service.transport {
        Transport::Arp | Transport::Nd => "looked for on the link".into(),
        Transport::Icmp | Transport::Icmp6 => format!("sent {service}"),
        _ => format!("asked for {service}"),
    };
    let text = format!("{seen} hosts {asked}; normal for one source is up to {normal}");
    Some(Evidence::new(Family::Breadth, bits, text))
}

fn unused(case: &Case<'_>) -> Option<Evidence> {
    let seen = case.hosts.iter().filter(|h| h.failed < h.services && h.used == 0).count();
    let bits = bits(seen as f64, UNUSED);
    let text = || format!("{seen} hosts answered and were left without a word; normal is up to {UNUSED}");
    (bits > Bits::ZERO).then(|| Evidence::new(Family::Breadth, bits, text()))
}

fn services(case: &Case<'_>) -> Option<Evidence> {
    let busiest = case.hosts.iter().max_by_key(|h| (h.services - h.talked, h.address))?;
    let mut seen = u64::from(busiest.services - busiest.talked);
    if let Some(wide) = case.wide()
        && case.hosts.len() as u64 == wide.hosts.count()
    {
        let kept: u32 = case.hosts.iter().map(|h| h.services).sum();
        seen += wide.services.count().saturating_sub(u64::from(kept));
    }
    let bits = bits(seen as f64, SERVICES);
    if bits == Bits::ZERO {
        return None;
    }
    let seen = grouped(seen);
    let text = format!(
        "{seen} services of {} asked in vain or left unused; normal is up to {SERVICES}",
        busiest.address
    );
    Some(Evidence::new(Family::Breadth, bits, text))
}
