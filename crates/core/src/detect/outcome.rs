//! Outcome: how first contacts ended. The sequential probability ratio test of Jung et al. (TRW, IEEE S&P 2004).
//!
//! A scanner meets dead addresses, an ordinary source meets services. Each host counts once. There is no time window, so
//! a probe an hour is found after as many probes as a thousand a second. The blind spot: a scanner with a list of live
//! services succeeds everywhere; breadth and craft must tell it.

use super::{Case, Spec};
use crate::evidence::{Bits, Evidence, grouped};
use crate::record::Family;

/// A further service of the same host that fails says less than another dead host: hosts are down as a whole. With 0.4
/// bits, ten dead ports of one host reach the verdict together with breadth.
const FURTHER_SERVICE: f64 = 0.4;
/// Credit for answers is capped: no source earns an amnesty (30 bits are nineteen answered hosts).
const CREDIT: f64 = -30.0;

/// The detector's declaration.
pub const SPEC: Spec = Spec {
    name: "outcome",
    family: Family::Outcome,
    help: "first contacts that nothing answered, weighed against those that were (sequential ratio test)",
    needs: "replies, or TCP sources that go on after the SYN",
    weigh,
};

fn weigh(case: &Case<'_>) -> Option<Evidence> {
    let further = Bits::new(FURTHER_SERVICE);
    let (mut bits, mut judged, mut failed, mut refused, mut dark) = (Bits::ZERO, 0u64, 0u64, 0u64, 0u64);
    let mut unused = 0u64;
    for host in &case.hosts {
        let prior = case.priors.of(host.service);
        let answered = host.services - host.failed;
        if host.first_failed
            && host.refused == 0
            && answered == 0
            && !case.silence_tells(host.service.transport)
        {
            continue;
        }
        // Whoever asks for a service uses it: an answer that was left unused earns no credit.
        let credit = if host.used > 0 { answered } else { 0 };
        let (first, others_failed, others_answered) = if host.first_failed {
            (prior.failure(), host.failed - 1, credit)
        } else if credit > 0 {
            (prior.success(), host.failed, credit - 1)
        } else {
            unused += 1;
            (Bits::ZERO, host.failed, 0)
        };
        bits = bits + first + further * u64::from(others_failed) + -(further * u64::from(others_answered));
        failed += u64::from(host.first_failed);
        refused += u64::from(host.first_failed && host.refused > 0);
        dark += u64::from(answered == 0 && !case.world.answers(host.address));
        judged += 1;
    }
    let (beyond, open) = case.beyond();
    if let Some((service, _)) = case.wide().and_then(|w| w.top.iter().max_by_key(|t| t.1)) {
        let prior = case.priors.of(*service);
        bits = bits + prior.success() * open;
        judged += open;
        if case.silence_tells(service.transport) {
            bits = bits + prior.failure() * (beyond - open);
            judged += beyond - open;
            failed += beyond - open;
            dark += beyond - open;
        }
    }
    if judged == 0 {
        return None;
    }
    let services: u32 = case.hosts.iter().map(|h| h.services).sum();
    let text = if judged < 5 && u64::from(services) > judged {
        let failed: u32 = case.hosts.iter().map(|h| h.failed).sum();
        let hosts = if judged == 1 { "one host".into() } else { format!("{judged} hosts") };
        let first = if case.wide().is_some() { "the first " } else { "" };
        format!("{failed} of {first}{services} services of {hosts} did not answer")
    } else {
        let kinds = if refused > 0 { format!(" ({} refused)", grouped(refused)) } else { String::new() };
        let unused = if unused > 0 {
            format!("; {} answered and were left unused", grouped(unused))
        } else {
            String::new()
        };
        let (failed, judged, dark) = (grouped(failed), grouped(judged), grouped(dark));
        format!("{failed} of {judged} hosts had no service{kinds}; {dark} never answered anyone{unused}")
    };
    Some(Evidence::new(Family::Outcome, bits.max(Bits::new(CREDIT)), text))
}
