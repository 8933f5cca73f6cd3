//! Breadth: more hosts of a service, or more services of a host, than an ordinary source asks.
//!
//! How many hosts an ordinary source asks is heavy-tailed: beyond the number `m` that is normal for the service
//! (`data/services.toml`), the share of sources that reach `n` is taken as `(m / n)^3`, so the evidence is
//! `3 log2(n / m)` bits. Hosts whose service it used do not count, unless nobody asks many hosts for that service.
//! Hosts that answered and were left without a word count by themselves, whatever the service: that is how one looks.

use super::dossier::Probe;
use super::{Case, Host, Sense, Spec, of_untold};
use crate::contact::{Service, Transport};
use crate::evidence::{Bits, Evidence, grouped};
use crate::record::Family;

/// The tail's exponent. Scanners' breadth has no such tail, so its own likelihood is left at one.
const TAIL: f64 = 3.0;
/// Services of one host that an ordinary source may ask in vain.
pub const SERVICES: f64 = 5.0;
/// Hosts that an ordinary source connects to without a word: idle and spare connections, one round of health checks.
const UNUSED: f64 = 16.0;
/// Breadth alone says no more than this.
const MOST: f64 = 42.0;

/// The detector's declaration.
pub const SPEC: Spec = Spec {
    name: "breadth",
    family: Family::Breadth,
    help: "more hosts asked for one service, or more services of one host, than is normal (data/services.toml)",
    needs: &[Sense::Probes, Sense::Denied, Sense::Everything, Sense::Counts],
    weigh,
};

fn weigh(case: &Case<'_>) -> Option<Evidence> {
    [hosts(case), services(case), unused(case)].into_iter().flatten().max_by_key(|e| e.bits)
}

/// What so many hosts weigh where so many are normal.
pub fn bits(seen: f64, normal: f64) -> Bits {
    Bits::new((TAIL * (seen / normal).log2()).clamp(0.0, MOST))
}

/// How many hosts were asked for a service, and what that weighs.
#[derive(Clone, Copy)]
pub struct Asked {
    /// Evidence, never negative.
    pub bits: Bits,
    seen: u64,
    service: Service,
    normal: f64,
}

/// Breadth of one service.
pub fn of_service(case: &Case<'_>, service: Service) -> Asked {
    let prior = case.priors.of(service);
    let mut seen = case.in_vain(service);
    if let Some(wide) = case.wide()
        && let Some((_, touches)) = wide.top.iter().find(|(s, _)| *s == service)
    {
        // The sums hold the kept targets too.
        let closed = wide.hosts.count().saturating_sub(wide.open.count());
        seen = seen.max(u64::from(*touches).min(closed));
    }
    Asked { bits: bits(seen as f64, prior.hosts), seen, service, normal: prior.hosts }
}

fn hosts(case: &Case<'_>) -> Option<Evidence> {
    let mut services: Vec<Service> = case.probes().map(Probe::service).collect();
    services.extend(case.wide().iter().flat_map(|w| w.top.iter().map(|t| t.0)));
    services.sort_unstable();
    services.dedup();
    let asked = services.into_iter().map(|service| of_service(case, service));
    let Asked { bits, seen, service, normal } = asked.max_by_key(|a| (a.bits, a.seen, a.service))?;
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
    let seen = case.hosts.iter().filter(|h| h.failed < h.services && h.used == 0 && h.untold == 0).count();
    let bits = bits(seen as f64, UNUSED);
    let text = || format!("{seen} hosts answered and were left without a word; normal is up to {UNUSED}");
    (bits > Bits::ZERO).then(|| Evidence::new(Family::Breadth, bits, text()))
}

/// The host with most services asked in vain or left unused.
pub fn busiest<'a>(case: &'a Case<'_>) -> Option<&'a Host> {
    case.hosts.iter().max_by_key(|h| (h.services - h.talked, h.address))
}

fn services(case: &Case<'_>) -> Option<Evidence> {
    let busiest = busiest(case)?;
    let untold = u64::from(busiest.untold);
    let mut seen = u64::from(busiest.services - busiest.talked).saturating_sub(untold) + of_untold(untold);
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
