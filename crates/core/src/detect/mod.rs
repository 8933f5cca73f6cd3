//! The detectors: each weighs one kind of evidence in what is remembered of a source.
//!
//! They share one memory of a source ([`dossier`]) and read it when there is something new to judge, so a packet costs
//! one update, however many detectors there are. Adding one: a file with a `SPEC`, a line in [`DETECTORS`], a corpus case.

pub mod against;
pub mod asked;
pub mod breadth;
pub mod craft;
pub mod dossier;
pub mod order;
pub mod outcome;
mod sense;
pub mod state;

use crate::contact::{Service, Time, Transport};
use crate::evidence::{Evidence, Ledger};
use crate::inventory::Known;
use crate::net::Address;
use crate::priors::Priors;
use crate::record::Family;
use crate::world::World;
use dossier::{Dossier, Probe, Wide};
pub use sense::Sense;

/// A detector's declaration: documentation and `watchpost list detectors` come from it.
pub struct Spec {
    /// Its name.
    pub name: &'static str,
    /// The family of its evidence.
    pub family: Family,
    /// What it looks for, in one sentence.
    pub help: &'static str,
    /// What a vantage must see for it: without, it is blind or sees less.
    pub needs: &'static [Sense],
    /// Weighs a case. `None`: nothing to say.
    pub weigh: fn(&Case<'_>) -> Option<Evidence>,
}

/// All detectors, in the order of the ledger.
pub const DETECTORS: &[Spec] = &[
    outcome::SPEC,
    breadth::SPEC,
    craft::SPEC,
    asked::PRIZES,
    asked::CONTROLS,
    asked::GREETINGS,
    order::SPEC,
    against::BACKSCATTER,
    against::TRACEROUTE,
    against::PEERS,
    against::ROUNDS,
    against::RESOLVER,
    against::OFFLINE,
    against::STREAM,
];

/// Weighs everything known of a source.
pub fn weigh(case: &Case<'_>) -> Ledger {
    weigh_with(case, Vec::new())
}

/// The same, with what others found.
pub fn weigh_with(case: &Case<'_>, others: Vec<Evidence>) -> Ledger {
    Ledger::weigh(DETECTORS.iter().filter_map(|spec| (spec.weigh)(case)).chain(others).collect())
}

/// When the evidence sufficed: the first touch of the target with which it did. More targets are taken to mean more
/// evidence, which holds but for a source that turns benign in between.
pub fn decided(source: Address, dossier: &Dossier, world: &World, until: Time) -> Time {
    let firsts = dossier.firsts();
    let known = firsts.partition_point(|p| p.first <= until);
    let decides = |probe: &Probe| weigh(&Case::new(source, dossier, world, probe.first)).decides();
    let place = firsts[..known].partition_point(|p| !decides(p));
    firsts.get(place.min(known.saturating_sub(1))).map_or(until, |p| p.first)
}

/// One source as it stands, prepared for the detectors.
pub struct Case<'a> {
    /// Who it is; of several sources of one scan, the first.
    pub source: Address,
    /// What is remembered of it.
    pub dossier: &'a Dossier,
    /// What spans sources.
    pub world: &'a World,
    /// What is normal.
    pub priors: &'a Priors,
    /// The hosts it touched, in the order of first touch (the kept ones).
    pub hosts: Vec<Host>,
    probes: Vec<Probe>,
    /// Hosts asked in vain or left unused by service, sorted; see [`of_untold`].
    in_vain: Vec<(Service, u64)>,
    until: Time,
}

/// How many of those count as asked in vain of which the input does not tell how they went: three of four, between what a scanner
/// leaves unused (nearly all) and what an ordinary source does (one of four and less).
pub const fn of_untold(untold: u64) -> u64 {
    untold - untold.div_ceil(4)
}

/// One host that the source touched.
#[derive(Clone, Copy, Debug)]
pub struct Host {
    /// Its address.
    pub address: Address,
    /// The service touched first.
    pub service: Service,
    /// Services touched.
    pub services: u32,
    /// Whether the service touched first did not answer.
    pub first_failed: bool,
    /// Of the services: silent, unreachable or refused.
    pub failed: u32,
    /// Of these: refused.
    pub refused: u32,
    /// Of the services: used as services are.
    pub used: u32,
    /// Of the services: somebody spoke on them.
    pub talked: u32,
    /// Of the services: asked for what visitors do not ask for.
    pub hunted: u32,
    /// Of the services: the input does not tell how it went.
    pub untold: u32,
}

impl Host {
    /// Whether nothing answered.
    pub fn is_failed(&self) -> bool {
        self.failed == self.services
    }
}

impl<'a> Case<'a> {
    /// `until`: targets touched later do not count yet, their answer may be on its way.
    pub fn new(source: Address, dossier: &'a Dossier, world: &'a World, until: Time) -> Self {
        let one_way = world.is_one_way();
        let known = world.known();
        let dark = |p: &Probe| known.is_some_and(|known| known.is_dark(source, p.target, p.service()));
        let seen = |p: &Probe| {
            let p = if one_way { p.seen_one_way() } else { *p };
            // The input does not tell how it went, and the survey does.
            if p.is_untold() && dark(&p) { p.unanswered() } else { p }
        };
        let probes: Vec<Probe> = dossier.firsts().iter().filter(|p| p.first <= until).map(seen).collect();
        let mut order: Vec<(Address, usize)> = probes.iter().map(|p| p.target).zip(0..).collect();
        order.sort_unstable();
        let mut hosts: Vec<(usize, Host)> = Vec::new();
        for run in order.chunk_by(|a, b| a.0 == b.0) {
            let of = || run.iter().map(|(_, place)| &probes[*place]);
            let count = |test: fn(&Probe) -> bool| of().filter(|p| test(p)).count() as u32;
            let host = Host {
                address: run[0].0,
                service: probes[run[0].1].service(),
                services: run.len() as u32,
                first_failed: probes[run[0].1].failed(),
                failed: count(Probe::failed),
                refused: count(|p| p.outcome == crate::contact::Outcome::Refused),
                used: count(Probe::used),
                talked: count(Probe::talked),
                hunted: count(Probe::hunted),
                untold: count(Probe::is_untold),
            };
            hosts.push((run[0].1, host));
        }
        hosts.sort_unstable_by_key(|(first, _)| *first);
        let hosts = hosts.into_iter().map(|(_, host)| host).collect();
        let priors = Priors::shipped();
        let counts = |p: &&Probe| (!p.used() || priors.of(p.service()).singular) && !p.is_stream();
        let mut services: Vec<(Service, bool)> =
            probes.iter().filter(counts).map(|p| (p.service(), p.is_untold())).collect();
        services.sort_unstable();
        let in_vain = services.chunk_by(|a, b| a.0 == b.0).map(|run| {
            let untold = run.iter().filter(|(_, untold)| *untold).count() as u64;
            (run[0].0, run.len() as u64 - untold + of_untold(untold))
        });
        let in_vain = in_vain.collect();
        Self { source, dossier, world, priors, hosts, probes, in_vain, until }
    }

    /// The targets that count, in the order of first touch (those kept one by one).
    pub fn probes(&self) -> impl Iterator<Item = &Probe> {
        self.probes.iter()
    }

    /// Kept hosts that were asked for a service in vain or left unused; of services that nobody asks many hosts for, all.
    pub fn in_vain(&self, service: Service) -> u64 {
        let place = self.in_vain.binary_search_by_key(&service, |(s, _)| *s);
        place.map_or(0, |place| self.in_vain[place].1)
    }

    /// The sums beyond the kept targets. They have no times, so they count only when all that is known does.
    pub fn wide(&self) -> Option<&'a Wide> {
        self.dossier.wide.as_deref().filter(|_| self.until == Time::MAX)
    }

    /// Hosts beyond those kept one by one, and how many of these answered.
    pub fn beyond(&self) -> (u64, u64) {
        let Some(wide) = self.wide() else { return (0, 0) };
        let open = self.hosts.iter().filter(|h| !h.is_failed()).count() as u64;
        let hosts = wide.hosts.count().saturating_sub(self.hosts.len() as u64);
        (hosts, wide.open.count().saturating_sub(open).min(hosts))
    }

    /// Whether a survey found nothing where this host was touched first.
    pub fn is_dark(&self, host: &Host) -> bool {
        self.world.known().is_some_and(|known| known.is_dark(self.source, host.address, host.service))
    }

    /// Whether a survey found the service there that this host was touched at first.
    pub fn is_known(&self, host: &Host) -> bool {
        self.world.known().is_some_and(|known: &Known| known.is_open(host.address, host.service))
    }

    /// Whether silence from this service's transport means that nobody answered.
    pub fn silence_tells(&self, transport: Transport) -> bool {
        self.world.silence_tells(transport)
    }
}
