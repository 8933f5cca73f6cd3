//! All visitors and all revelations, indexed once.

use std::collections::BTreeMap;

use super::kinds::Kinds;
use super::{Revealed, Scanner, Visit};
use crate::contact::{Service, Time};
use crate::net::Address;

/// Host and service.
pub(super) type Target = (Address, Service);

/// First visits to one service.
#[derive(Debug, Default)]
struct Guests {
    /// Of those who scan nothing, sorted.
    strangers: Vec<Time>,
    /// Of sources of campaigns.
    scanners: Vec<(Time, Address)>,
}

/// How many others came to a service, before and after a moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Others {
    pub(super) before: u64,
    pub(super) after: u64,
}

/// The indexes.
#[derive(Debug)]
pub(super) struct Crowd<'a> {
    pub(super) scanners: &'a [Scanner],
    /// First and last contact of the input.
    pub(super) span: (Time, Time),
    /// Who was shown a service, and when, in the order of time.
    shown: BTreeMap<Target, Vec<(Time, usize)>>,
    /// Services that each campaign was shown, by kind (its place in the table).
    open: BTreeMap<(usize, usize), u64>,
    /// When each campaign was over, its version probes and retries included.
    pub(super) over: Vec<Time>,
    sources: BTreeMap<Address, Vec<usize>>,
    networks: BTreeMap<Address, Vec<usize>>,
    guests: BTreeMap<Target, Guests>,
    /// Visitors of revealed services that scan nothing, and how many of them each network has.
    pub(super) ordinary: u64,
    homes: BTreeMap<Address, u64>,
}

impl<'a> Crowd<'a> {
    /// `order`: visits sorted by source, target and time.
    pub(super) fn new(
        scanners: &'a [Scanner],
        revealed: &[Revealed],
        order: &[&Visit],
        span: (Time, Time),
    ) -> Self {
        let mut shown: BTreeMap<Target, Vec<(Time, usize)>> = BTreeMap::new();
        let mut first: Vec<_> = revealed
            .iter()
            .filter(|r| r.campaign < scanners.len())
            .map(|r| (r.campaign, r.host, r.service, r.time))
            .collect();
        first.sort_unstable();
        first.dedup_by_key(|(campaign, host, service, _)| (*campaign, *host, *service));
        let mut open = BTreeMap::new();
        for (campaign, host, service, time) in first {
            *open.entry((campaign, Kinds::shipped().place(service))).or_default() += 1;
            shown.entry((host, service)).or_default().push((time, campaign));
        }
        shown.values_mut().for_each(|list| list.sort_unstable());

        let (mut sources, mut networks) = (BTreeMap::<_, Vec<_>>::new(), BTreeMap::<_, Vec<_>>::new());
        for (campaign, scanner) in scanners.iter().enumerate() {
            for source in &scanner.sources {
                sources.entry(*source).or_default().push(campaign);
                let of_network = networks.entry(source.network()).or_default();
                if of_network.last() != Some(&campaign) {
                    of_network.push(campaign);
                }
            }
        }

        let mut crowd = Self {
            scanners,
            span,
            shown,
            open,
            over: Vec::new(),
            sources,
            networks,
            guests: BTreeMap::new(),
            ordinary: 0,
            homes: BTreeMap::new(),
        };
        crowd.count(order);
        crowd.over = crowd.endings(order);
        crowd
    }

    fn count(&mut self, order: &[&Visit]) {
        for of_one in order.chunk_by(|a, b| a.source == b.source) {
            let source = of_one[0].source;
            let stranger = self.is_stranger(of_one);
            let mut came = false;
            for visits in of_one.chunk_by(|a, b| target(a) == target(b)) {
                let target = target(visits[0]);
                if !self.shown.contains_key(&target) {
                    continue;
                }
                came = true;
                let guests = self.guests.entry(target).or_default();
                match stranger {
                    true => guests.strangers.push(visits[0].start),
                    false => guests.scanners.push((visits[0].start, source)),
                }
            }
            if came && stranger {
                self.ordinary += 1;
                *self.homes.entry(source.network()).or_default() += 1;
            }
        }
        self.guests.values_mut().for_each(|g| g.strangers.sort_unstable());
    }

    /// Follows what each campaign's sources did with what it revealed, until they rest.
    fn endings(&self, order: &[&Visit]) -> Vec<Time> {
        let mut uses: Vec<Vec<(Time, Time)>> = vec![Vec::new(); self.scanners.len()];
        for visits in order.chunk_by(|a, b| (a.source, target(a)) == (b.source, target(b))) {
            for campaign in self.scans_of(visits[0].source) {
                if !self.shown(target(visits[0])).iter().any(|(_, c)| c == campaign) {
                    continue;
                }
                let pause = self.scanners[*campaign].pause();
                for (i, visit) in visits.iter().enumerate() {
                    // Sessions that follow each other closely are one activity; of others only the first is known, and
                    // of those that a later visit tells again.
                    let rests = i64::try_from(visit.sessions).unwrap_or(i64::MAX).saturating_sub(1).max(1);
                    let told_again = visits.get(i + 1).is_some_and(|next| next.start <= visit.end);
                    let dense = visit.end.saturating_sub(visit.start) / rests <= pause && !told_again;
                    uses[*campaign].push((visit.start, if dense { visit.end } else { visit.start }));
                }
            }
        }
        let ending = |(scanner, mut uses): (&Scanner, Vec<(Time, Time)>)| {
            let pause = scanner.pause();
            let mut busy = scanner.end;
            uses.sort_unstable();
            for (start, end) in uses {
                if start > busy.saturating_add(pause) {
                    break;
                }
                busy = busy.max(end);
            }
            busy.saturating_add(pause)
        };
        self.scanners.iter().zip(uses).map(ending).collect()
    }

    /// Whether a visitor scans nothing.
    pub(super) fn is_stranger(&self, visitor: &[&Visit]) -> bool {
        visitor.iter().all(|v| v.campaign.is_none() && self.scans_of(v.source).is_empty())
    }

    /// The campaigns of which an address is a source.
    pub(super) fn scans_of(&self, source: Address) -> &[usize] {
        self.sources.get(&source).map_or(&[], Vec::as_slice)
    }

    /// The campaigns that have a source in the network of this address.
    pub(super) fn scans_near(&self, source: Address) -> &[usize] {
        self.networks.get(&source.network()).map_or(&[], Vec::as_slice)
    }

    /// Whom a service was shown to, in the order of time.
    pub(super) fn shown(&self, target: Target) -> &[(Time, usize)] {
        self.shown.get(&target).map_or(&[], Vec::as_slice)
    }

    /// How many services of this one's kind a campaign was shown.
    pub(super) fn open(&self, campaign: usize, service: Service) -> u64 {
        self.open.get(&(campaign, Kinds::shipped().place(service))).copied().unwrap_or(0)
    }

    /// Visitors in the network of this address, itself included.
    pub(super) fn neighbours(&self, source: Address) -> u64 {
        self.homes.get(&source.network()).copied().unwrap_or(0)
    }

    /// Other visitors of a service, by whether they came first before `time`. A visitor that scans is measured by scanners
    /// too, but never by those of the campaign in question.
    pub(super) fn others(
        &self,
        target: Target,
        time: Time,
        visitor: Address,
        stranger: bool,
        campaign: usize,
    ) -> Others {
        let Some(guests) = self.guests.get(&target) else { return Others { before: 0, after: 0 } };
        let all = guests.strangers.len() as u64;
        let before = guests.strangers.partition_point(|t| *t <= time) as u64;
        // A stranger's claim begins after `time`, so it is itself among those after.
        let mut others = Others { before, after: (all - before).saturating_sub(u64::from(stranger)) };
        if !stranger {
            let own = &self.scanners[campaign].sources;
            let foreign =
                guests.scanners.iter().filter(|(_, a)| *a != visitor && own.binary_search(a).is_err());
            for (first, _) in foreign {
                *(if *first <= time { &mut others.before } else { &mut others.after }) += 1;
            }
        }
        others
    }
}

/// What a visit went to.
pub(super) fn target(visit: &Visit) -> Target {
    (visit.host, visit.service)
}
