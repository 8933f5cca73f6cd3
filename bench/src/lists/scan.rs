//! One simulated scan: a list, a sender, a time of watching, and what a sensor keeps of it.

use std::fmt::Write;

use watchpost_core::contact::{Outcome, SECOND};
use watchpost_core::record::ListKind;
use watchpost_core::target_list::{Holdings, KINDS, Prior, View};
use watchpost_core::trace::{Hit, Trace};

use super::holdings::{Own, address, service};
use super::kinds::{block, curated, internet, organisation};
use super::random::Random;

/// Hits that are kept one after the other, and thinned ones after them.
const CONSECUTIVE: usize = 256;
const THINNED: usize = 64;
/// Fewer hosts are no campaign.
pub const LEAST: usize = 3;
/// When all scans begin, in seconds since 1970.
const EPOCH: i64 = 1_700_000_000;

/// A scan with its truth.
pub struct Case {
    /// The kind of its list.
    pub truth: ListKind,
    /// How it was made, for people.
    pub how: String,
    trace: Trace,
    coverage: Vec<u64>,
    holdings: Holdings,
    replies_seen: bool,
}

/// A probe: when, to whom, to which service.
pub type Probe = (f64, u64, usize);

/// What a scan sends to us.
pub struct Sent {
    /// In any order.
    pub probes: Vec<Probe>,
    /// For people.
    pub how: String,
}

impl Case {
    /// Draws kind and scan; scans that hit fewer than three hosts are drawn again, of the same kind.
    pub fn new(random: &mut Random, prior: &Prior) -> Self {
        let mut own = Own::new(random, prior);
        let mut shares = prior.kind.all();
        if own.segments().len() < 2 {
            shares[2] = 0.0;
        }
        let mut place = random.unit() * shares.iter().sum::<f64>();
        let mut kind = 0;
        while kind < 3 && (place >= shares[kind] || shares[kind] == 0.0) {
            place -= shares[kind];
            kind += 1;
        }
        let several = own.segments().len() > 1;
        let replies_seen = random.chance(0.9);
        // Drawn once: otherwise what shows itself more easily would be drawn more often than the prior says.
        let order = &prior.order;
        let walks =
            random.chance([order.internet_wide, order.block, order.organisation, order.curated][kind]);
        let mut tries = 0;
        loop {
            tries += 1;
            // Networks in which such a scan hardly shows are given up, for others with as many segments.
            if tries % 100 == 0 {
                own = Own::new(random, prior);
                while (own.segments().len() > 1) != several {
                    own = Own::new(random, prior);
                }
            }
            let sent = match kind {
                0 => internet(random, prior, &own, walks),
                1 => block(random, prior, &own, walks),
                2 => organisation(random, prior, &own, walks),
                _ => curated(random, prior, &own, walks),
            };
            let Some(mut sent) = sent else { continue };
            let loss = random.log(0.0005, 0.03);
            sent.probes.retain(|_| !random.chance(loss));
            let mut hosts: Vec<u64> = sent.probes.iter().map(|probe| probe.1).collect();
            hosts.sort_unstable();
            hosts.dedup();
            if hosts.len() >= LEAST {
                return Self::watched(random, KINDS[kind], &own, sent, &hosts, replies_seen);
            }
        }
    }

    fn watched(
        random: &mut Random,
        truth: ListKind,
        own: &Own,
        mut sent: Sent,
        hosts: &[u64],
        replies_seen: bool,
    ) -> Self {
        sent.probes.sort_by(|a, b| a.0.total_cmp(&b.0));
        let coverage: Vec<u64> = own
            .blocks
            .iter()
            .map(|(first, last)| hosts.iter().filter(|h| first <= *h && *h <= last).count() as u64)
            .collect();
        let mut holdings = Holdings {
            blocks: own.blocks.iter().map(|(first, last)| (address(*first), address(*last))).collect(),
            ..Holdings::default()
        };
        let mut hits = Vec::with_capacity(sent.probes.len());
        let mut answered = Vec::new();
        for &(time, target, bit) in &sent.probes {
            let outcome = match own.host(target) {
                _ if !replies_seen => Outcome::Unknown,
                Some(host) if host.open >> bit & 1 == 1 => Outcome::Answered,
                Some(host) if host.refuses => Outcome::Refused,
                _ => Outcome::Silent,
            };
            if outcome == Outcome::Answered {
                answered.push((address(target), service(bit)));
            }
            let time = EPOCH * SECOND + (time * SECOND as f64) as i64;
            hits.push(Hit { time, target: address(target), service: service(bit), outcome });
        }
        if replies_seen {
            for host in own.live.iter().filter(|host| host.known) {
                let open = (0..8).filter(|bit| host.open >> bit & 1 == 1);
                holdings.open.extend(open.map(|bit| (address(host.address), service(bit))));
            }
            holdings.open.extend(answered);
            holdings.open.sort_unstable();
            holdings.open.dedup();
            holdings.live = holdings.open.iter().map(|(host, _)| *host).collect();
            holdings.live.dedup();
        }
        let (start, end) = (hits[0].time, hits[hits.len() - 1].time);
        let packets = hits.len() as u64;
        let consecutive = hits.len().min(CONSECUTIVE);
        let later = hits.split_off(consecutive);
        let step = later.len().div_ceil(THINNED).max(1);
        hits.extend(later.iter().step_by(step));
        let again = if random.chance(0.3) { SECOND } else { 0 };
        let trace = Trace {
            source: address(0x0102_0304),
            consecutive,
            hits,
            hosts: hosts.len() as u64,
            packets,
            start,
            end: end + again,
        };
        let mut how = sent.how;
        let _ = write!(how, "; own {:?}, hit {coverage:?}", holdings.blocks);
        Self { truth, how, trace, coverage, holdings, replies_seen }
    }

    /// As the engine would show it.
    pub fn view(&self) -> View<'_> {
        View {
            trace: &self.trace,
            coverage: &self.coverage,
            holdings: &self.holdings,
            permutation: None,
            replies_seen: self.replies_seen,
        }
    }
}
