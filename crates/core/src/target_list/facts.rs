//! What the likelihoods need of a scan, counted once.
//!
//! Own blocks that touch are one segment: a scanner sees no border there. Where no own blocks were given (or the scan goes
//! elsewhere), the smallest prefix that covers the hits stands in for them, and `assumed` says so.

use super::View;
use crate::contact::{Outcome, SECOND};
use crate::net::Address;

/// Gaps shorter than this are told apart by no clock that captures come from, in seconds.
const RESOLUTION: f64 = 1e-6;

/// A run of own addresses without a foreign one between.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Segment {
    /// First address.
    pub first: u64,
    /// Last address.
    pub last: u64,
    /// Distinct hosts hit in it.
    pub hosts: f64,
    /// Of these, how many are in the sample.
    pub sampled: f64,
}

impl Segment {
    /// Addresses.
    pub fn size(&self) -> f64 {
        (self.last - self.first + 1) as f64
    }
}

/// The gaps between first touches of consecutive hosts, as far as any gamma law needs them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Gaps {
    /// How many.
    pub count: f64,
    /// The sum of ln(gap / sum of gaps).
    pub ln_shares: f64,
    /// The squared coefficient of variation, for the sentence.
    pub variation: f64,
    /// The longest ones as shares of the sum, longest first; 0 where there are fewer.
    pub longest: [f64; 4],
    /// ln of the Jacobian, where the gaps were divided by something first.
    pub jacobian: f64,
}

impl Gaps {
    /// Of these gaps in seconds, each divided by its steps.
    fn new(gaps: &[f64], steps: &[f64]) -> Self {
        let count = gaps.len() as f64;
        let scaled = || gaps.iter().zip(steps).map(|(gap, step)| gap / step);
        let (whole, sum): (f64, f64) = (gaps.iter().sum(), scaled().sum());
        let ln_shares = scaled().map(|gap| (gap / sum).ln()).sum();
        let variance = scaled().map(|gap| (gap * count / sum - 1.0).powi(2)).sum::<f64>() / (count - 1.0);
        let jacobian = count * (whole / sum).ln() - steps.iter().map(|step| step.ln()).sum::<f64>();
        let mut shares: Vec<f64> = scaled().map(|gap| gap / sum).collect();
        shares.sort_by(|a, b| b.total_cmp(a));
        let mut longest = [0.0; 4];
        // One gap at least is no pause.
        let most = shares.len().saturating_sub(1);
        longest.iter_mut().zip(&shares[..most]).for_each(|(to, share)| *to = *share);
        Self { count, ln_shares, variation: variance, longest, jacobian }
    }
}

/// What was live among the hosts hit and among the others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Live {
    /// Of the sampled hosts, in the order of `Facts::hosts`: live or not.
    pub hit: Vec<bool>,
    /// Own live hosts that are not in the sample, sorted.
    pub others: Vec<u64>,
    /// Judged by the services that the scan asked for, not by the host alone.
    pub by_service: bool,
}

/// Probes of further services, on hosts with at least one open one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pairs {
    /// Pairs of host and service probed beyond the first open one of each host.
    pub further: f64,
    /// Of these, how many are open.
    pub open: f64,
}

/// What the likelihoods need.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// Own segments, sorted.
    pub segments: Vec<Segment>,
    /// Own blocks as given, and segments made of several, sorted; none twice.
    pub ranges: Vec<(u64, u64)>,
    /// How many of `ranges` are blocks as given.
    pub blocks: usize,
    /// The prefix of what was seen stands in for own blocks.
    pub assumed: bool,
    /// Own addresses.
    pub addresses: f64,
    /// Distinct own hosts hit.
    pub hits: f64,
    /// Sampled hosts in the order of their first touch.
    pub hosts: Vec<u64>,
    /// So many of them at the start have no other host between.
    pub consecutive: usize,
    /// Seconds that all hits took.
    pub seconds: f64,
    /// The gaps.
    pub gaps: Gaps,
    /// The gaps of a walk that passes over what is not ours: from one segment to the next, a gap for each address.
    pub paces: Gaps,
    /// How long the hits after the consecutive sample took, against what its own pace makes of their number: ln of the ratio,
    /// for hits one after the other, and for a walk through all that lies between. Nothing where none came after.
    pub later: Option<(f64, f64)>,
    /// Live hosts; nothing where answers cannot be seen and nobody else's are known.
    pub live: Option<Live>,
    /// Further services.
    pub pairs: Pairs,
}

impl Facts {
    /// Counts; nothing where no IPv4 host was hit.
    pub fn of(view: &View<'_>) -> Option<Self> {
        let mut facts = Self { ranges: blocks(view), ..Self::default() };
        facts.blocks = facts.ranges.len();
        let all = first_touches(view, |_| true);
        let own = first_touches(view, |v4| holds(&facts.ranges, v4));
        let touches = if own.len() * 2 > all.len() {
            own
        } else {
            let lowest = all.iter().map(|(v4, ..)| *v4).min()?;
            let highest = all.iter().map(|(v4, ..)| *v4).max()?;
            facts.ranges = vec![covering(lowest, highest)];
            facts.blocks = 1;
            facts.assumed = true;
            all
        };
        facts.hosts = touches.iter().map(|(v4, ..)| *v4).collect();
        facts.segments = segments(&facts.ranges);
        facts.count_hosts(view);
        for segment in &facts.segments {
            if !facts.ranges.contains(&(segment.first, segment.last)) {
                facts.ranges.push((segment.first, segment.last));
            }
        }
        facts.consecutive = touches.iter().filter(|(_, _, place)| *place < view.trace.consecutive).count();
        facts.clock(view, &touches);
        facts.live(view);
        facts.pairs = facts.count_pairs(view);
        Some(facts)
    }

    fn count_hosts(&mut self, view: &View<'_>) {
        for &host in &self.hosts {
            if let Some(segment) = self.segments.iter_mut().find(|s| s.first <= host && host <= s.last) {
                segment.sampled += 1.0;
            }
        }
        if self.assumed {
            // Of hosts beyond the sample nobody knows where they are: they count where the sample is.
            self.segments[0].hosts = (view.trace.hosts as f64).min(self.segments[0].size());
        } else {
            let v4 = view
                .holdings
                .blocks
                .iter()
                .zip(view.coverage)
                .filter_map(|((first, _), hosts)| Some((u64::from(first.as_v4()?), *hosts as f64)));
            for (first, hosts) in v4 {
                if let Some(s) = self.segments.iter_mut().find(|s| s.first <= first && first <= s.last) {
                    s.hosts += hosts;
                }
            }
        }
        for segment in &mut self.segments {
            segment.hosts = segment.hosts.max(segment.sampled).min(segment.size());
        }
        self.addresses = self.segments.iter().map(Segment::size).sum();
        self.hits = self.segments.iter().map(|s| s.hosts).sum();
    }

    fn clock(&mut self, view: &View<'_>, touches: &[(u64, i64, usize)]) {
        let seconds = |from: i64, to: i64| (to.saturating_sub(from).max(0)) as f64 / SECOND as f64;
        let (Some(first), Some(last)) = (touches.first(), touches.last()) else { return };
        // A sample that ends early does not tell when the last host was hit; the last contact is near it.
        let all_there = touches.len() as f64 >= self.hits || view.trace.hits.len() > view.trace.consecutive;
        let end = if all_there { last.1 } else { view.trace.end };
        self.seconds = seconds(first.1, end).max(RESOLUTION);
        let window = &touches[..self.consecutive];
        if window.len() < 3 {
            return;
        }
        let mean = seconds(window[0].1, window[window.len() - 1].1) / (window.len() - 1) as f64;
        let floor = RESOLUTION.max(mean * 1e-3);
        let gaps: Vec<f64> = window.windows(2).map(|w| seconds(w[0].1, w[1].1).max(floor)).collect();
        let place = |host: u64| self.segments.partition_point(|segment| segment.last < host);
        let step = |from: u64, to: u64| if place(from) == place(to) { 1.0 } else { from.abs_diff(to) as f64 };
        let steps: Vec<f64> = window.windows(2).map(|w| step(w[0].0, w[1].0)).collect();
        self.gaps = Gaps::new(&gaps, &vec![1.0; gaps.len()]);
        self.paces = Gaps::new(&gaps, &steps);
        let (taken, walked): (f64, f64) = (gaps.iter().sum(), steps.iter().sum());
        let rest = self.hits - window.len() as f64;
        if rest < 1.0 || self.seconds <= taken {
            return;
        }
        // From the window's last host to the farthest on its way.
        let reach = |hosts: &[u64]| {
            let (low, high) = (hosts.iter().min(), hosts.iter().max());
            low.zip(high).map_or(0, |(low, high)| high - low)
        };
        let beyond = (reach(&self.hosts).saturating_sub(reach(&self.hosts[..window.len()])) as f64).max(rest);
        let later = (self.seconds - taken).ln();
        let one_by_one = later - (taken / gaps.len() as f64 * rest).ln();
        self.later = Some((one_by_one, later - (taken / walked * beyond).ln()));
    }

    fn live(&mut self, view: &View<'_>) {
        let asked = services(view);
        let is_open = |host: Address| {
            let from = view.holdings.open.partition_point(|(open, _)| *open < host);
            let of_host = view.holdings.open[from..].iter().take_while(|(open, _)| *open == host);
            of_host.filter(|(_, service)| asked.binary_search(service).is_ok()).count() > 0
        };
        let answered = |host: u64, least: Outcome| {
            view.trace.hits.iter().any(|hit| number(hit.target) == Some(host) && hit.outcome >= least)
        };
        let mut sample = self.hosts.clone();
        sample.sort_unstable();
        let unhit = |hosts: &mut dyn Iterator<Item = Address>| {
            let mut others: Vec<u64> = hosts
                .filter_map(number)
                .filter(|host| holds_any(&self.segments, *host) && sample.binary_search(host).is_err())
                .collect();
            others.dedup();
            others
        };
        let open = &view.holdings.open;
        let serving = &mut open.iter().filter(|(_, s)| asked.binary_search(s).is_ok()).map(|(host, _)| *host);
        let hit: Vec<bool> =
            self.hosts.iter().map(|&h| answered(h, Outcome::Answered) || is_open(address(h))).collect();
        let others = unhit(serving);
        let has_ports = asked.iter().any(|service| service.has_port());
        if has_ports && (hit.contains(&true) || !others.is_empty()) {
            self.live = Some(Live { hit, others, by_service: true });
            return;
        }
        let alive = |h: &u64| {
            view.holdings.live.binary_search(&address(*h)).is_ok() || answered(*h, Outcome::Refused)
        };
        let hit: Vec<bool> = self.hosts.iter().map(alive).collect();
        let others = unhit(&mut view.holdings.live.iter().copied());
        if view.replies_seen || hit.contains(&true) || !others.is_empty() {
            self.live = Some(Live { hit, others, by_service: false });
        }
    }

    fn count_pairs(&self, view: &View<'_>) -> Pairs {
        let mut pairs: Vec<(u64, bool)> = Vec::new();
        for hit in &view.trace.hits {
            let open = hit.outcome >= Outcome::Answered
                || view.holdings.open.binary_search(&(hit.target, hit.service)).is_ok();
            pairs.extend(number(hit.target).filter(|h| holds_any(&self.segments, *h)).map(|h| (h, open)));
        }
        pairs.sort_unstable();
        let mut sum = Pairs::default();
        for host in pairs.chunk_by(|a, b| a.0 == b.0) {
            let open = host.iter().filter(|pair| pair.1).count();
            if open > 0 {
                sum.further += (host.len() - 1) as f64;
                sum.open += (open - 1) as f64;
            }
        }
        sum
    }

    /// Segments with at least one hit.
    pub fn touched(&self) -> impl Iterator<Item = &Segment> {
        self.segments.iter().filter(|segment| segment.hosts > 0.0)
    }

    /// Hits of the consecutive sample that go up, and how many pairs were compared.
    pub fn ascents(&self) -> (usize, usize) {
        let window = &self.hosts[..self.consecutive];
        (window.windows(2).filter(|w| w[0] < w[1]).count(), window.len().saturating_sub(1))
    }
}

/// The services that the scan asked for, sorted.
pub fn services(view: &View<'_>) -> Vec<crate::contact::Service> {
    let mut services: Vec<_> = view.trace.hits.iter().map(|hit| hit.service).collect();
    services.sort_unstable();
    services.dedup();
    services
}

/// An IPv4 address as a number.
pub fn number(address: Address) -> Option<u64> {
    address.as_v4().map(u64::from)
}

/// The address of such a number.
pub fn address(number: u64) -> Address {
    Address::v4((number as u32).to_be_bytes())
}

fn blocks(view: &View<'_>) -> Vec<(u64, u64)> {
    let v4 = view.holdings.blocks.iter();
    v4.filter_map(|(first, last)| Some((number(*first)?, number(*last)?))).collect()
}

fn holds(ranges: &[(u64, u64)], host: u64) -> bool {
    let after = ranges.partition_point(|(first, _)| *first <= host);
    after > 0 && host <= ranges[after - 1].1
}

fn holds_any(segments: &[Segment], host: u64) -> bool {
    let after = segments.partition_point(|segment| segment.first <= host);
    after > 0 && host <= segments[after - 1].last
}

fn segments(ranges: &[(u64, u64)]) -> Vec<Segment> {
    let mut segments: Vec<Segment> = Vec::new();
    for &(first, last) in ranges {
        match segments.last_mut() {
            Some(before) if before.last + 1 >= first => before.last = before.last.max(last),
            _ => segments.push(Segment { first, last, hosts: 0.0, sampled: 0.0 }),
        }
    }
    segments
}

/// Distinct hosts with the time of their first touch and their place in the trace.
fn first_touches(view: &View<'_>, wanted: impl Fn(u64) -> bool) -> Vec<(u64, i64, usize)> {
    let hits = view.trace.hits.iter().enumerate();
    let mut touches: Vec<(u64, i64, usize)> =
        hits.filter_map(|(place, hit)| Some((number(hit.target)?, hit.time, place))).collect();
    touches.retain(|(host, ..)| wanted(*host));
    touches.sort_by_key(|(host, _, place)| (*host, *place));
    touches.dedup_by_key(|(host, ..)| *host);
    touches.sort_by_key(|(_, _, place)| *place);
    touches
}

/// The smallest prefix that holds both.
pub fn covering(lowest: u64, highest: u64) -> (u64, u64) {
    let bits = 64 - (lowest ^ highest).leading_zeros();
    let mask = (1_u64 << bits) - 1;
    (lowest & !mask, lowest | mask)
}
