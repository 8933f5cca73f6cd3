//! Outcome: how first contacts ended. The sequential probability ratio test of Jung et al. (TRW, IEEE S&P 2004).
//!
//! A scanner meets dead addresses, an ordinary source meets services and uses them. Each host counts once. There is no
//! time window, so a probe an hour is found after as many probes as a thousand a second. Good visits elsewhere are no
//! excuse: a service asked of more hosts than is normal, or a host asked for more services, is also judged by itself. The
//! A survey of one's own blocks (`--survey`) makes it sharper: where it found nothing, a contact was asked for by nobody, and
//! where a service is there that does not answer, that is an outage. The
//! blind spot: a scanner with a list of live services that talks with each; breadth and craft must tell it.

use hashbrown::HashMap;

use super::{Case, Host, Sense, Spec, asked, breadth};
use crate::contact::Service;
use crate::evidence::{Bits, Evidence, grouped};
use crate::record::Family;

/// A further service of the same host that fails says less than another dead host: hosts are down as a whole. With 0.4
/// bits, ten dead ports of one host reach the verdict together with breadth.
const FURTHER_SERVICE: f64 = 0.4;
/// Credit for answers is capped: no source earns an amnesty (30 bits are nineteen used hosts).
const CREDIT: f64 = -30.0;

/// Share of an ordinary source's first contacts that go where a survey found nothing at all: of the quarter that fails (the
/// default of `data/services.toml`) most meet a service that was there and is down or full, for names and links lead to what
/// once was. With 0.1, three dark targets decide; nothing that two do.
const ASTRAY: f64 = 0.1;

/// The detector's declaration.
pub const SPEC: Spec = Spec {
    name: "outcome",
    family: Family::Outcome,
    help: "first contacts that nothing answered, weighed against those that were used (sequential ratio test)",
    needs: &[Sense::Probes, Sense::Replies, Sense::Outcomes, Sense::Denied, Sense::Everything],
    weigh,
};

/// How a set of first contacts ended.
#[derive(Clone, Copy, Default)]
struct Sum {
    bits: Bits,
    judged: u64,
    failed: u64,
    refused: u64,
    dark: u64,
    unused: u64,
    untold: u64,
    /// The survey found nothing there.
    surveyed: u64,
    /// The survey found the service that did not answer.
    down: u64,
}

impl Sum {
    fn add(&mut self, other: Self) {
        self.bits = self.bits + other.bits;
        self.judged += other.judged;
        self.failed += other.failed;
        self.refused += other.refused;
        self.dark += other.dark;
        self.unused += other.unused;
        self.untold += other.untold;
        self.surveyed += other.surveyed;
        self.down += other.down;
    }

    fn text(&self) -> String {
        let refused =
            if self.refused > 0 { format!(" ({} refused)", grouped(self.refused)) } else { String::new() };
        let unused = if self.unused > 0 {
            format!("; {} answered and were left unused", grouped(self.unused))
        } else {
            String::new()
        };
        let untold = if self.untold > 0 {
            format!("; of {} the input does not tell", grouped(self.untold))
        } else {
            String::new()
        };
        let surveyed = match self.surveyed {
            0 => String::new(),
            many => format!("; the survey found nothing at {}", grouped(many)),
        };
        let down = match self.down {
            0 => String::new(),
            many => format!(
                "; {} that did not answer are services of the survey and count for nothing",
                grouped(many)
            ),
        };
        let (failed, judged, dark) = (grouped(self.failed), grouped(self.judged), grouped(self.dark));
        format!(
            "{failed} of {judged} hosts had no service{refused}; {dark} never answered anyone{unused}{untold}{surveyed}{down}"
        )
    }
}

fn weigh(case: &Case<'_>) -> Option<Evidence> {
    let mut all = Sum::default();
    let mut by_service: HashMap<Service, Sum> = HashMap::new();
    for host in &case.hosts {
        if let Some(sum) = judge(case, host) {
            all.add(sum);
            by_service.entry(host.service).or_default().add(sum);
        }
    }
    let hunted = hunted(case);
    all.add(beyond(case));
    if all.judged == 0 {
        return None;
    }
    let apart =
        by_service.iter().filter(|(service, _)| breadth::of_service(case, **service).bits > Bits::ZERO);
    // The service settles ties, so that the sentence does not depend on the map's order.
    let apart = apart.max_by_key(|(service, sum)| (sum.bits, **service));
    let alone = apart.filter(|(_, sum)| sum.bits > all.bits).map(|(service, sum)| {
        let text = format!("{}, judged by {service} alone", sum.text());
        Evidence::new(Family::Outcome, sum.bits, text)
    });
    let whole = Evidence::new(Family::Outcome, all.bits.max(Bits::new(CREDIT)), text(case, &all));
    [Some(whole), alone, hunted, one_host(case)].into_iter().flatten().max_by_key(|e| e.bits)
}

/// One host by itself.
fn judge(case: &Case<'_>, host: &Host) -> Option<Sum> {
    let further = Bits::new(FURTHER_SERVICE);
    let prior = case.priors.of(host.service);
    let answered = host.services - host.failed;
    let silent = host.first_failed && host.refused == 0 && answered == 0;
    let (is_dark, is_down) = (case.is_dark(host), host.first_failed && case.is_known(host));
    if silent && !case.silence_tells(host.service.transport) {
        return None;
    }
    // Whoever asks for a service uses it: an answer that was left unused earns no credit, nor does one that nobody asks
    // many hosts for, nor one that was used to hunt.
    let credit = if host.used > 0 && host.hunted == 0 && !prior.singular { answered } else { 0 };
    let (first, others_failed, others_used) = if host.first_failed {
        let first = if is_down {
            Bits::ZERO
        } else if is_dark {
            Bits::ratio(1.0 - prior.scanned, ASTRAY.min(1.0 - prior.ordinary))
        } else {
            prior.failure()
        };
        (first, host.failed - 1, credit)
    } else if credit > 0 {
        (prior.success(), host.failed, credit - 1)
    } else {
        (Bits::ZERO, host.failed, 0)
    };
    Some(Sum {
        bits: first + further * u64::from(others_failed) + -(further * u64::from(others_used)),
        judged: 1,
        failed: u64::from(host.first_failed),
        refused: u64::from(host.first_failed && host.refused > 0),
        dark: u64::from(answered == 0 && !case.world.answers(host.address)),
        unused: u64::from(!host.first_failed && host.used == 0 && host.untold == 0),
        untold: u64::from(!host.first_failed && host.used == 0 && host.untold > 0),
        surveyed: u64::from(host.first_failed && is_dark),
        down: u64::from(is_down),
    })
}

/// The hosts asked for what nobody asks for, by themselves: a hunter may browse elsewhere.
fn hunted(case: &Case<'_>) -> Option<Evidence> {
    let mut sum = Sum::default();
    asked::hunted(case).filter_map(|host| judge(case, host)).for_each(|one| sum.add(one));
    let text = || format!("{}, judged by what was asked of them", sum.text());
    (sum.judged >= asked::FEWEST).then(|| Evidence::new(Family::Outcome, sum.bits, text()))
}

/// Hosts beyond those kept one by one, by the service that was asked most.
fn beyond(case: &Case<'_>) -> Sum {
    let (hosts, open) = case.beyond();
    let Some((service, _)) = case.wide().and_then(|w| w.top.iter().max_by_key(|t| t.1)) else {
        return Sum::default();
    };
    let prior = case.priors.of(*service);
    let credit = if prior.singular { Bits::ZERO } else { prior.success() * open };
    // Where it is not told of some how it went, it need not be of those beyond.
    if !case.silence_tells(service.transport) || case.hosts.iter().any(|host| host.untold > 0) {
        return Sum { bits: credit, judged: open, ..Sum::default() };
    }
    let failed = hosts - open;
    Sum { bits: credit + prior.failure() * failed, judged: hosts, failed, dark: failed, ..Sum::default() }
}

/// The host most asked in vain, if it was asked for more services than is normal.
fn one_host(case: &Case<'_>) -> Option<Evidence> {
    let host = breadth::busiest(case)?;
    if f64::from(host.services - host.talked) <= breadth::SERVICES || host.failed == 0 {
        return None;
    }
    if host.refused == 0 && !case.silence_tells(host.service.transport) {
        return None;
    }
    let bits =
        case.priors.of(host.service).failure() + Bits::new(FURTHER_SERVICE) * u64::from(host.failed - 1);
    let text = format!("{} of {} services of {} did not answer", host.failed, host.services, host.address);
    Some(Evidence::new(Family::Outcome, bits, text))
}

fn text(case: &Case<'_>, all: &Sum) -> String {
    let services: u32 = case.hosts.iter().map(|h| h.services).sum();
    if all.judged >= 5 || u64::from(services) <= all.judged {
        return all.text();
    }
    let failed: u32 = case.hosts.iter().map(|h| h.failed).sum();
    let hosts = if all.judged == 1 { "one host".into() } else { format!("{} hosts", all.judged) };
    let first = if case.wide().is_some() { "the first " } else { "" };
    format!("{failed} of {first}{services} services of {hosts} did not answer")
}
