//! The odds that a visitor was informed by a scan, term by term.

use super::claims::{Claim, Step, reach};
use super::crowd::{Crowd, target};
use super::kinds::{Kind, Kinds};
use super::{Return, Visit};
use crate::contact::{SECOND, Time};
use crate::evidence::{Bits, THRESHOLD, grouped};
use crate::net::Address;
use crate::record::Link;

const DAY: f64 = 86_400.0 * SECOND as f64;
/// Informed visitors come soon or late, on no scale of their own: log-uniform from ten minutes to 60 days, flat below.
const SOON: f64 = 10.0 / 1_440.0;
const LATE: f64 = 60.0;
/// A service that nobody used for so many days before a scan, and many after it, is judged by the days before.
const QUIET_DAYS: f64 = 7.0;
/// Share of informed visitors, and of ordinary ones, that were there before the scan: about one in twenty, and one in two.
const CUSTOMER: (f64, f64) = (0.05, 0.5);
/// Share of informed visitors, and of ordinary ones, that connect and say nothing.
const MUTE: (f64, f64) = (0.1, 0.2);
/// Where the other targets of an informed visitor lie: revealed, answering but not revealed, dead (pseudo-counts).
const INFORMED: [f64; 3] = [9.0, 0.5, 0.3];
/// Of an ordinary visitor's targets that no scan revealed, the share that is dead: 1 - θ0 of TRW, rounded up for sweepers.
const DEAD: f64 = 0.4;
/// Beyond so many targets more of them tell no more.
const TARGETS: u64 = 256;

/// Decides on one claim.
pub(super) fn judge(crowd: &Crowd<'_>, visitor: &[&Visit], claim: Claim) -> Option<Return> {
    let kinds = Kinds::shipped();
    let stranger = crowd.is_stranger(visitor);
    let rates: Vec<Rate<'_>> =
        claim.steps.iter().map(|step| Rate::of(crowd, visitor, &claim, step, stranger, kinds)).collect();
    // Whoever comes to several services comes to the quietest of them: no set is visited more often than that.
    let quietest = (0..rates.len()).min_by(|a, b| rates[*a].a_day.total_cmp(&rates[*b].a_day))?;
    let customer = was_there(crowd, visitor, &claim);

    let mut terms = vec![
        arrival(crowd, visitor, &claim, &claim.steps[quietest], &rates[quietest], customer),
        company(visitor, &claim, &rates, quietest, stranger),
    ];
    if let Some(earlier) = customer {
        let bits = Bits::ratio(CUSTOMER.0, CUSTOMER.1);
        terms.push((bits, format!("it was here before the scan, on {}", of(earlier, "target"))));
    }
    if !claim.steps.iter().any(|s| s.spoke) {
        terms.push((Bits::ratio(MUTE.0, MUTE.1), "it connected and said nothing".into()));
    }
    let bits: Bits = terms.iter().map(|(bits, _)| *bits).sum();
    if bits < THRESHOLD {
        return None;
    }
    let said: Vec<String> =
        terms.iter().map(|(bits, text)| format!("{text} ({:+.1} bits)", bits.value())).collect();
    let steps = &claim.steps;
    Some(Return {
        campaign: claim.campaign,
        source: visitor[0].source,
        link: claim.link,
        targets: steps.iter().map(|s| s.target).collect(),
        start: steps.iter().map(|s| s.start).min()?,
        end: steps.iter().map(|s| s.end).max()?,
        revealed: steps.iter().map(|s| s.revealed).min()?,
        sessions: steps.iter().fold(0, |sum, s| sum.saturating_add(s.sessions)),
        bits: bits.value(),
        text: format!("{}; {:.1} bits that it was informed", said.join("; "), bits.value()),
    })
}

/// How often somebody new comes to a service.
struct Rate<'k> {
    kind: &'k Kind,
    a_day: f64,
    others: u64,
    /// Days in which they came.
    days: f64,
    /// Only what was before the scan counts, because the scan changed it.
    before_only: bool,
}

impl<'k> Rate<'k> {
    fn of(
        crowd: &Crowd<'_>,
        visitor: &[&Visit],
        claim: &Claim,
        step: &Step,
        stranger: bool,
        kinds: &'k Kinds,
    ) -> Self {
        let kind = kinds.of(step.target.1);
        let source = visitor[0].source;
        let others = crowd.others(step.target, step.revealed, source, stranger, claim.campaign);
        let (before, after) = (days(crowd.span.0, step.revealed), days(step.revealed, crowd.span.1));
        // Five times as many as before, and at least five more: Poisson arrivals do that in fewer than one of 100 cases.
        let rise = others.after as f64 * before >= 5.0 * (others.before as f64 + 1.0) * after.max(1e-6);
        let before_only = before >= QUIET_DAYS && rise;
        let (others, days) = match before_only {
            true => (others.before, before),
            false => (others.before + others.after, before + after),
        };
        let a_day = kind.rate(local(source, step.target.0), others as f64, days);
        Self { kind, a_day, others, days, before_only }
    }
}

/// The first and quietest target: the rate of informed visitors against that of ordinary ones.
fn arrival(
    crowd: &Crowd<'_>,
    visitor: &[&Visit],
    claim: &Claim,
    step: &Step,
    rate: &Rate<'_>,
    customer: Option<u64>,
) -> (Bits, String) {
    let source = visitor[0].source;
    let delay = days(step.revealed, step.start);
    let density = 1.0 / ((delay + SOON) * (1.0 + LATE / SOON).ln());
    let open = crowd.open(claim.campaign, step.target.1);
    // Expected visitors a scan, and the share of them that takes this service first. All who know share one visitor among
    // all scans that revealed it; who comes in person comes to what interests him.
    let scans = crowd.shown(step.target).partition_point(|(time, _)| *time < step.start).max(1);
    let (visitors, choices, scans) = match claim.link {
        Link::SameSource => (0.5, open.min(3) + 1, 1),
        Link::SameNetwork => (0.2, open.min(3) + 1, 1),
        Link::Knowledge => (2.0, open + 1, scans),
    };
    let informed = visitors * density / choices as f64 / scans as f64;
    let tie = if customer.is_some() { 1.0 } else { tie(crowd, claim, source, step.target.0) };
    let ordinary = rate.a_day * tie;

    let (host, service) = step.target;
    let when = if rate.before_only { " before the scan, many more after it" } else { "" };
    let seen =
        format!("{} in {}{when}, {}", of(rate.others, "other visitor"), span_text(rate.days), rate.kind.name);
    let from = match claim.link {
        _ if customer.is_some() => "",
        Link::SameSource => " from the scanner's own address",
        Link::SameNetwork => " from the scanner's own network",
        Link::Knowledge => "",
    };
    let known = if scans > 1 {
        format!(", which {} scans had revealed", grouped(scans as u64))
    } else {
        String::new()
    };
    let text = format!(
        "it came to {service} of {host} {} after that was revealed, one of {} found open{known}: ordinary visitors are new \
         there{from} {} ({seen}), informed ones {}",
        span_text(delay),
        of(open, "such service"),
        rate_text(ordinary),
        rate_text(informed),
    );
    (Bits::ratio(informed, ordinary), text)
}

/// The share of ordinary visitors that come from the scanner's addresses or networks.
fn tie(crowd: &Crowd<'_>, claim: &Claim, source: Address, host: Address) -> f64 {
    let scanner = &crowd.scanners[claim.campaign];
    let others = |count: u64| count.saturating_sub(u64::from(crowd.scans_of(source).is_empty())) as f64;
    let (all, near) = (others(crowd.ordinary), others(crowd.neighbours(source)));
    // A network from which nobody was seen is one of very many; in a local network neighbours are the rule.
    let (share, addresses) = match local(source, host) {
        true => ((near + 0.5) / (all + 1.0), near + 20.0),
        false => ((near + 0.0005) / (all + 10.0), near + 4.0),
    };
    match claim.link {
        Link::SameSource => (share / addresses * scanner.sources.len() as f64).min(1.0),
        Link::SameNetwork => {
            let mut networks: Vec<Address> = scanner.sources.iter().map(|s| s.network()).collect();
            networks.dedup();
            (share * networks.len() as f64).min(1.0)
        }
        Link::Knowledge => 1.0,
    }
}

/// The visitor's other targets: revealed, answering but not revealed, dead. Two Pólya urns: targets of one visitor resemble
/// each other, so that fifty of one sort tell little more than five.
fn company(
    visitor: &[&Visit],
    claim: &Claim,
    rates: &[Rate<'_>],
    quietest: usize,
    stranger: bool,
) -> (Bits, String) {
    let steps = &claim.steps;
    let revealed = steps.len() as u64 - 1;
    let (answered, missed) = reach(visitor);
    let after = steps.iter().map(|s| s.start).min().unwrap_or(0);
    let counted = |v: &[&Visit]| stranger || v.iter().any(|v| v.start >= after);
    let seen = visitor.chunk_by(|a, b| target(a) == target(b)).filter(|v| counted(v)).count() as u64;
    // What a scanner was answered while it scanned is no company of its return.
    let answered = if stranger { answered } else { 0 };
    let others = answered.max(seen).saturating_sub(revealed + 1);

    let further =
        rates.iter().enumerate().filter(|(i, _)| *i != quietest || rates.len() == 1).map(|(_, r)| r.kind);
    let kinds = (rates.len() as f64 - 1.0).max(1.0);
    let (share, alike) =
        further.fold((0.0, 0.0), |sum, k| (sum.0 + k.further / kinds, sum.1 + k.alike / kinds));
    let ordinary = [share, (1.0 - share) * (1.0 - DEAD), (1.0 - share) * DEAD].map(|x| x * alike);
    let counts = [revealed, others, missed].map(|n| n.min(TARGETS));
    let bits = Bits::new(urn(INFORMED, counts) - urn(ordinary, counts));
    let text = if counts == [0; 3] {
        "it went nowhere else and missed nothing".to_owned()
    } else {
        format!(
            "besides it went to {} of the revealed, {} not revealed, and {} that did not answer",
            grouped(revealed),
            grouped(others),
            grouped(missed),
        )
    };
    (bits, text)
}

/// log2 of the probability of a sequence with these counts, drawn from a Pólya urn.
fn urn(weights: [f64; 3], counts: [u64; 3]) -> f64 {
    let rising = |weight: f64, count: u64| (0..count).map(|i| (weight + i as f64).log2()).sum::<f64>();
    let each: f64 = weights.iter().zip(counts).map(|(weight, count)| rising(*weight, count)).sum();
    each - rising(weights.iter().sum(), counts.iter().sum())
}

/// On how many targets the visitor was before the scan (its own), or before the first of the revelations.
fn was_there(crowd: &Crowd<'_>, visitor: &[&Visit], claim: &Claim) -> Option<u64> {
    let first = claim.steps.iter().map(|s| s.revealed).min()?;
    let from = match claim.link {
        Link::SameSource => crowd.scanners[claim.campaign].start.min(first),
        Link::SameNetwork | Link::Knowledge => first,
    };
    let earlier =
        visitor.chunk_by(|a, b| target(a) == target(b)).filter(|v| v[0].start < from).count() as u64;
    (earlier > 0).then_some(earlier)
}

/// Whether a visitor comes from the service's own surroundings.
fn local(visitor: Address, host: Address) -> bool {
    visitor.neighbourhood() == host.neighbourhood() || private(visitor) && private(host)
}

fn private(address: Address) -> bool {
    match address.as_v4() {
        Some(v4) => v4 >> 24 == 10 || v4 >> 20 == 0xac1 || v4 >> 16 == 0xc0a8,
        None => address.halves().0 >> 57 == 0xfc >> 1 || address.halves().0 >> 54 == 0xfe80 >> 6,
    }
}

fn days(from: Time, to: Time) -> f64 {
    to.saturating_sub(from).max(0) as f64 / DAY
}

fn of(number: u64, what: &str) -> String {
    format!("{} {what}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// `5 s`, `12 min`, `3.5 h`, `16 days`.
fn span_text(days: f64) -> String {
    let seconds = days * 86_400.0;
    match seconds {
        ..120.0 => format!("{seconds:.0} s"),
        ..7_200.0 => format!("{:.0} min", seconds / 60.0),
        ..172_800.0 => format!("{:.1} h", seconds / 3_600.0),
        _ => format!("{days:.0} days"),
    }
}

/// `12 a day`, `1.3 a day`, `one in 40 days`, `one in 12 years`; beyond a thousand years no number is meant.
fn rate_text(a_day: f64) -> String {
    let every = 1.0 / a_day;
    match every {
        ..0.1 => format!("{} a day", grouped(a_day.round() as u64)),
        ..=1.0 => format!("{a_day:.1} a day"),
        ..10.0 => format!("one in {every:.1} days"),
        ..1_000.0 => format!("one in {every:.0} days"),
        365_250.0.. => "less than one in 1,000 years".to_owned(),
        _ => format!("one in {} years", grouped((every / 365.25).round() as u64)),
    }
}
