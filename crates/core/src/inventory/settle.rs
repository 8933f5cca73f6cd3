//! States are settled when a survey is taken: what it found is held against the survey before.
//!
//! The problem: one look that got no answer is a lost packet as often as a closed port. The way: a service that was there
//! and did not answer is `suspect`; it is `closed` when a second, independent look agrees, in the next survey or within this
//! one. How sure that is follows from the miss rate of the looks. What was not asked stays as it was, and says so. What one
//! answer said in a survey that stopped is forgotten when no later look finds it: it was never known to be there. The limit:
//! a closed service is remembered for [`KEPT`] further looks, so that one which comes back within them keeps its first time.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::file::Inventory;
use super::names::{Named, order};
use super::policy;
use super::recapture::round;
use super::record::{Exposure, Service, State};
use super::survey::{Previous, Survey};
use crate::net::Address;

/// Looks in vain that close a service.
const CLOSES: u32 = 2;
/// Further looks in vain until a closed service leaves the file: a week of daily surveys.
pub const KEPT: u32 = 7;
/// The chance that a look misses what is open, where no canary tells: an even one.
const UNKNOWN_MISS: f64 = 0.5;

/// How often a survey asked a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Not, or it is not known.
    No,
    /// In one look (retransmissions of one pass are one look).
    Once,
    /// In two independent looks.
    Twice,
}

type Key = (Option<Address>, Option<Named>, String);
/// A service as settled, and whether this survey talked with it.
type Settled = BTreeMap<Key, (Service, bool)>;

/// Settles what a survey found against the one before. `asked` tells of a host and a service how often this survey asked it;
/// [`Inventory::asked`] is what the record alone tells. A policy is judged before: see [`policy::Policy::judge`].
pub fn settle(
    fresh: Inventory,
    previous: Option<&Inventory>,
    asked: impl Fn(&str, &str) -> Asked,
) -> Inventory {
    let Some(previous) = previous else { return first(fresh) };
    let Inventory { mut survey, services, exposures } = first(fresh);
    survey.previous.get_or_insert_with(|| Previous { id: previous.survey.id.clone(), hash: None });
    let talked = |s: Service| (order(&s.host, &s.service), (s.clone(), was_talked_with(&s)));
    let mut settled: Settled = services.into_iter().map(talked).collect();
    for before in &previous.services {
        let key = order(&before.host, &before.service);
        let is_hidden = is_hidden(&key, &before.host, &settled);
        match settled.get_mut(&key) {
            Some((now, _)) => go_on(now, before),
            None => {
                let looks = if is_hidden { Asked::No } else { asked(&before.host, &before.service) };
                let is_forgotten = before.is_unconfirmed() && (is_hidden || looks != Asked::No);
                let kept = if is_forgotten { None } else { not_seen(before, looks, &survey) };
                if let Some(kept) = kept {
                    settled.insert(key, (kept, false));
                }
            }
        }
    }
    let exposures = settle_exposures(exposures, &previous.exposures, &settled);
    let mut inventory = Inventory {
        survey,
        services: settled.into_values().map(|(service, _)| service).collect(),
        exposures,
    };
    inventory.sort();
    inventory
}

/// Whether every port of its transport opens, or answers, at its host: then one that does says nothing, nor does one that did
/// before. One that did so earlier and no longer does hides nothing.
fn is_hidden(key: &Key, host: &str, settled: &Settled) -> bool {
    let Some(Named::One(service)) = key.1 else { return false };
    let whole = order(host, &Named::All(service.transport).to_string());
    settled.get(&whole).is_some_and(|(whole, _)| whole.state == State::Open)
}

/// A survey without one before: what it found, it found first.
fn first(mut fresh: Inventory) -> Inventory {
    for service in &mut fresh.services {
        (service.missed, service.carried) = (0, false);
        if service.first_seen.0.is_empty() {
            service.first_seen = service.last_seen.clone();
        }
    }
    for exposure in &mut fresh.exposures {
        if exposure.first_seen.0.is_empty() {
            exposure.first_seen = exposure.time.clone();
        }
    }
    fresh.sort();
    fresh
}

/// Whether the survey talked with it: what it did not say then, it no longer says.
fn was_talked_with(service: &Service) -> bool {
    service.protocol.is_some() || !service.facts.is_empty() || service.product.is_some()
}

/// Seen again.
fn go_on(now: &mut Service, before: &Service) {
    now.first_seen = before.first_seen.clone();
    if now.is_unconfirmed() && before.state == State::Open {
        // The survey before has confirmed it.
        now.confidence = now.confidence.max(before.confidence);
    }
    if !was_talked_with(now) {
        now.protocol = before.protocol.clone();
        now.tls = before.tls;
        now.facts = before.facts.clone();
        now.product = before.product.clone();
    }
    if now.os.is_none() {
        now.os = before.os.clone();
    }
}

/// Seen before, not seen now; `None` when it is forgotten.
fn not_seen(before: &Service, asked: Asked, survey: &Survey) -> Option<Service> {
    let looks = match asked {
        Asked::No => return Some(Service { carried: true, ..before.clone() }),
        Asked::Once => 1,
        Asked::Twice => 2,
    };
    let missed = before.missed.saturating_add(looks);
    let mut now = Service { missed, carried: false, ..before.clone() };
    if before.state == State::Closed {
        // Its confidence stays that of its closing: a state that does not change is no news.
        return (missed <= CLOSES + KEPT).then_some(now);
    }
    let host = before.host.parse::<IpAddr>().ok();
    let miss =
        host.and_then(|host| survey.miss_at(host)).map_or(UNKNOWN_MISS, |miss| miss.rate.clamp(0.0, 1.0));
    let doubt = if before.state == State::Suspect { 1.0 - before.confidence } else { 1.0 };
    now.confidence = round(1.0 - doubt * miss.powi(looks as i32));
    now.state = if missed >= CLOSES { State::Closed } else { State::Suspect };
    Some(now)
}

/// What an exposure is told apart by.
fn key(exposure: &Exposure) -> (Key, &str) {
    (order(&exposure.host, &exposure.service), &exposure.check)
}

/// Exposures go with their service: found again they keep their first time; of a service that was talked with and no longer
/// shows them they are gone, as they are of a closed one; of one that was not talked with they stay.
fn settle_exposures(mut fresh: Vec<Exposure>, previous: &[Exposure], services: &Settled) -> Vec<Exposure> {
    let found: BTreeMap<_, usize> = fresh.iter().enumerate().map(|(place, e)| (key(e), place)).collect();
    let mut goes_on: Vec<(usize, &Exposure)> = Vec::new();
    let mut stay: Vec<Exposure> = Vec::new();
    for before in previous {
        let key = key(before);
        if let Some(place) = found.get(&key) {
            goes_on.push((*place, before));
            continue;
        }
        let Some((service, talked)) = services.get(&key.0) else { continue };
        let seen_now = service.state == State::Open && !service.carried;
        let gone = match service.state {
            State::Closed => true,
            // The policy was asked of all that was seen now.
            _ => seen_now && (*talked || before.check == policy::CHECK),
        };
        if !gone {
            stay.push(before.clone());
        }
    }
    for (place, before) in goes_on {
        if let Some(now) = fresh.get_mut(place) {
            now.first_seen = before.first_seen.clone();
        }
    }
    fresh.extend(stay);
    fresh
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::file::tests::{exposed, taken};
    use crate::inventory::{Miss, Rung};

    const SSH: (&str, &str) = ("192.0.2.9", "tcp/22");
    const WEB: (&str, &str) = ("192.0.2.10", "tcp/443");

    /// What `fresh` found, held against `before`.
    fn after(before: &Inventory, fresh: Inventory) -> Inventory {
        let asked = fresh.asked();
        settle(fresh, Some(before), asked)
    }

    fn state(inventory: &Inventory, (host, service): (&str, &str)) -> Option<(State, f64, u32)> {
        let is = |s: &&Service| s.host == host && s.service == service;
        inventory.services.iter().find(is).map(|s| (s.state, s.confidence, s.missed))
    }

    #[test]
    fn open_becomes_suspect_becomes_closed_and_is_forgotten() {
        let mut now = settle(taken(1, &[SSH, WEB]), None, |_, _| Asked::No);
        now = after(&now, taken(2, &[WEB]));
        assert_eq!(state(&now, SSH), Some((State::Suspect, 0.99, 1)));
        assert_eq!(now.survey.previous.as_ref().unwrap().id, "survey01");
        now = after(&now, taken(3, &[WEB]));
        assert_eq!(state(&now, SSH), Some((State::Closed, 0.9999, 2)));
        for day in 4..4 + KEPT {
            now = after(&now, taken(day, &[WEB]));
            assert_eq!(state(&now, SSH).map(|s| (s.0, s.1)), Some((State::Closed, 0.9999)), "day {day}");
        }
        now = after(&now, taken(4 + KEPT, &[WEB]));
        assert_eq!(state(&now, SSH), None);
        assert!(state(&now, WEB).is_some_and(|s| s.0 == State::Open));
    }

    #[test]
    fn what_comes_back_keeps_its_first_time() {
        let first = settle(taken(1, &[SSH]), None, |_, _| Asked::No);
        let suspect = after(&first, taken(2, &[]));
        let back = after(&suspect, taken(3, &[SSH]));
        assert_eq!(state(&back, SSH).map(|s| (s.0, s.2)), Some((State::Open, 0)));
        assert_eq!(back.services[0].first_seen, first.services[0].first_seen);
        assert_ne!(back.services[0].last_seen, first.services[0].last_seen);
    }

    #[test]
    fn a_second_look_within_the_survey_closes_at_once() {
        let first = settle(taken(1, &[SSH]), None, |_, _| Asked::No);
        let now = settle(taken(2, &[]), Some(&first), |_, _| Asked::Twice);
        assert_eq!(state(&now, SSH), Some((State::Closed, 0.9999, 2)));
    }

    #[test]
    fn what_was_not_asked_stays_and_says_so() {
        let first = settle(taken(1, &[SSH]), None, |_, _| Asked::No);
        let mut fresh = taken(2, &[]);
        fresh.survey.asked = vec!["tcp/443".into()];
        let now = after(&first, fresh);
        assert!(now.services[0].carried && now.services[0].state == State::Open);
        let mut stopped = taken(2, &[]);
        stopped.survey.coverage = 0.5;
        assert!(after(&first, stopped).services[0].carried);
        assert!(!after(&now, taken(3, &[SSH])).services[0].carried);
    }

    #[test]
    fn the_miss_rate_of_the_network_counts_and_without_one_a_look_says_little() {
        let first = settle(taken(1, &[SSH]), None, |_, _| Asked::No);
        let mut fresh = taken(2, &[]);
        let miss = Miss { rate: 0.2, low: 0.1, high: 0.3, canaries: 50 };
        fresh.survey.miss_by_prefix =
            vec![crate::inventory::PrefixMiss { prefix: "192.0.2.0/24".into(), miss }];
        assert_eq!(state(&after(&first, fresh.clone()), SSH).unwrap().1, 0.8);
        (fresh.survey.miss_by_prefix, fresh.survey.miss) = (vec![], None);
        assert_eq!(state(&after(&first, fresh), SSH).unwrap().1, 0.5);
    }

    #[test]
    fn behind_a_tarpit_nothing_is_known() {
        let first = settle(taken(1, &[SSH]), None, |_, _| Asked::No);
        let now = after(&first, taken(2, &[("192.0.2.9", "tcp/*")]));
        assert!(now.services.iter().any(|s| s.service == "tcp/22" && s.carried));
    }

    #[test]
    fn what_hides_hides_its_own_transport_and_only_while_it_does() {
        const DNS: (&str, &str) = ("192.0.2.9", "udp/53");
        let all = |mut survey: Inventory| {
            survey.survey.asked.push("udp/53".into());
            survey
        };
        let first = settle(taken(1, &[SSH, DNS]), None, |_, _| Asked::No);
        let wall = after(&first, all(taken(2, &[("192.0.2.9", "udp/*")])));
        assert_eq!(state(&wall, SSH).map(|s| s.0), Some(State::Suspect));
        assert!(wall.services.iter().any(|s| s.service == "udp/53" && s.carried));
        // It no longer answers on every port: then silence counts again.
        let gone = after(&wall, all(taken(3, &[])));
        assert_eq!(state(&gone, ("192.0.2.9", "udp/*")).map(|s| s.0), Some(State::Suspect));
        assert_eq!(state(&gone, DNS).map(|s| s.0), Some(State::Suspect));
    }

    #[test]
    fn what_nothing_confirmed_is_forgotten_and_not_carried() {
        let mut stopped = taken(1, &[SSH, WEB]);
        (stopped.survey.coverage, stopped.survey.stopped) = (0.5, Some("Ctrl-C".into()));
        stopped.services.iter_mut().for_each(|s| s.confidence = 0.5);
        let first = settle(stopped.clone(), None, |_, _| Asked::No);
        // Behind a tarpit; asked and silent; seen again.
        let now = after(&first, taken(2, &[("192.0.2.9", "tcp/*"), WEB]));
        assert_eq!((state(&now, SSH), state(&now, WEB)), (None, Some((State::Open, 0.999, 0))));
        assert_eq!(state(&after(&first, taken(2, &[WEB])), SSH), None);
        // Nobody has asked since: it stands as it stood.
        let mut elsewhere = taken(2, &[]);
        elsewhere.survey.asked = vec!["tcp/8080".into()];
        assert_eq!(state(&after(&first, elsewhere), SSH), Some((State::Open, 0.5, 0)));
        // What was confirmed once stays so when a survey that stopped sees it again.
        let sure = settle(taken(1, &[SSH]), None, |_, _| Asked::No);
        assert_eq!(state(&after(&sure, stopped), SSH), Some((State::Open, 0.999, 0)));
    }

    #[test]
    fn what_was_not_talked_with_is_known_from_before() {
        let first = settle(taken(1, &[SSH]), None, |_, _| Asked::No);
        let mut fresh = taken(2, &[SSH]);
        fresh.services[0].protocol = None;
        assert_eq!(after(&first, fresh).services[0].protocol.as_deref(), Some("ssh"));
    }

    #[test]
    fn exposures_go_with_their_service() {
        let mut first = taken(1, &[SSH, WEB]);
        first.exposures = vec![exposed(SSH.0, SSH.1, Rung::Sensitive, "an API")];
        first.exposures[0].time = first.survey.start.clone();
        let first = settle(first, None, |_, _| Asked::No);
        // Talked with, and no longer exposed.
        assert!(after(&first, taken(2, &[SSH, WEB])).exposures.is_empty());
        // Not talked with: as before.
        let mut silent = taken(2, &[SSH, WEB]);
        silent.services[0].protocol = None;
        assert_eq!(after(&first, silent).exposures.len(), 1);
        // Suspect: still there. Closed: gone.
        let suspect = after(&first, taken(2, &[WEB]));
        assert_eq!(suspect.exposures.len(), 1);
        assert!(after(&suspect, taken(3, &[WEB])).exposures.is_empty());
        // Found again: since then.
        let mut again = taken(2, &[SSH, WEB]);
        again.exposures = vec![exposed(SSH.0, SSH.1, Rung::Anonymous, "an API")];
        assert_eq!(after(&first, again).exposures[0].first_seen, first.exposures[0].time);
    }
}
