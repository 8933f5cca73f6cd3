//! Order: targets visited in a sequence that only a program follows.
//!
//! With A rises in n visits, `z = (A - (n-1)/2) / sqrt((n+1)/12)` is standard normal if the order is chance. No target
//! twice in n visits to N addresses has a chance of about `exp(-n^2 / 2N)`. Order corroborates: backups and health checks
//! go in order too, so it never decides alone.
//!
//! Where there are several hosts and several services, the nesting of both is read from how close together the visits
//! to one host lie, and those for one service: of k places drawn at random among n, the first and the last lie
//! `n * (k - 1) / (k + 1)` apart on average. That also holds for scanners that work on several hosts at a time.

use super::{Case, Sense, Spec};
use crate::contact::Service;
use crate::evidence::{Bits, Evidence};
use crate::net::Address;
use crate::record::{Family, Nesting, Order};

/// Fewer targets than this have no order.
const FEWEST: usize = 8;
/// Just below the verdict.
const MOST: f64 = 6.0;
/// Less than this is not worth a line.
const LEAST: f64 = 0.1;
/// Share of equal steps that makes a sequence.
const SAME_STEP: f64 = 0.8;
/// Standard deviations from chance.
const CLEAR: f64 = 4.0;

/// Visits that lie within this share of the spread that chance gives belong together.
const TOGETHER: f64 = 0.5;

/// The detector's declaration.
pub const SPEC: Spec = Spec {
    name: "order",
    family: Family::Order,
    help: "addresses or ports visited in sequence, in reverse, in strides, or each exactly once",
    needs: &[Sense::Probes, Sense::Everything, Sense::Counts],
    weigh,
};

/// What the order of targets looks like, and its numbers.
pub struct Seen {
    /// The name.
    pub order: Order,
    /// How many visits it was judged by.
    pub visits: usize,
    /// Rises among the steps.
    pub rises: usize,
    /// The step, for sequences and strides.
    pub step: i128,
    /// Whether ports (of one host) rather than addresses were judged.
    pub ports: bool,
    /// Bits against chance.
    pub bits: Bits,
}

impl Seen {
    /// Rounds of checks and backups go in order too, but their targets answer: order counts by the share that failed.
    fn where_failed(self, failed: usize) -> Self {
        Self { bits: Bits::new(self.bits.value() * failed as f64 / self.visits.max(failed) as f64), ..self }
    }
}

/// Judges the order in which a source visited hosts, or the ports of its one host.
pub fn judge(case: &Case<'_>) -> Option<Seen> {
    let hosts: Vec<i128> = case.hosts.iter().map(|h| number(h.address)).collect();
    if hosts.len() >= FEWEST {
        let revisits = case.probes().filter(|p| p.visits > 1).count();
        let mut seen = order_of(&hosts);
        let repeats = case.dossier.probe_count > 2 * total_targets(case) || revisits * 10 > hosts.len();
        if seen.order == Order::Permutation && repeats {
            (seen.order, seen.bits) = (Order::Random, Bits::ZERO);
        }
        let failed = case.hosts.iter().filter(|h| h.first_failed).count();
        return Some(seen.where_failed(failed));
    }
    let busiest = case.hosts.iter().max_by_key(|h| (h.services, h.address))?.address;
    let ports: Vec<Service> = case.probes().filter(|p| p.target == busiest).map(|p| p.service()).collect();
    if ports.len() < FEWEST {
        return None;
    }
    let ports: Vec<i128> = ports.iter().map(|s| i128::from(s.port)).collect();
    let failed = case.probes().filter(|p| p.target == busiest && p.failed()).count();
    Some(Seen { ports: true, ..order_of(&ports) }.where_failed(failed))
}

/// How hosts and services are nested; `None` where there are not several of both, or too few visits to tell.
pub fn nesting(case: &Case<'_>) -> Option<Nesting> {
    let visits: Vec<(Address, Service)> = case.probes().map(|p| (p.target, p.service())).collect();
    let seen = nesting_of(&visits);
    let (hosts, services) = match case.wide() {
        Some(wide) => (wide.hosts.count(), wide.services.count()),
        None => return seen,
    };
    if seen.is_some() || visits.len() < FEWEST || hosts < 2 || services < 2 {
        return seen;
    }
    // The first visits all went to one service of many hosts, or to one host, and later ones to others.
    let one_host = visits.iter().all(|v| v.0 == visits[0].0);
    Some(if one_host { Nesting::HostMajor } else { Nesting::PortMajor })
}

fn nesting_of(visits: &[(Address, Service)]) -> Option<Nesting> {
    if visits.len() < FEWEST {
        return None;
    }
    let by_host = spread(visits, |v| v.0)?;
    let by_service = spread(visits, |v| v.1)?;
    Some(match (by_host, by_service) {
        (host, service) if host < TOGETHER && host < service => Nesting::HostMajor,
        (host, service) if service < TOGETHER && service < host => Nesting::PortMajor,
        _ => Nesting::Mixed,
    })
}

/// How far apart visits with the same key lie, 1 being chance; `None` of a single key. Keys visited once say nothing:
/// where all are, the visits lie as far apart as can be.
fn spread<K: Ord>(visits: &[(Address, Service)], key: fn(&(Address, Service)) -> K) -> Option<f64> {
    let mut places: Vec<(K, usize)> = visits.iter().map(key).zip(0..).collect();
    places.sort_unstable();
    let (mut keys, mut apart, mut by_chance) = (0, 0usize, 0.0);
    for run in places.chunk_by(|a, b| a.0 == b.0) {
        keys += 1;
        if let [(_, first), .., (_, last)] = run {
            let k = run.len() as f64;
            apart += last - first;
            by_chance += visits.len() as f64 * (k - 1.0) / (k + 1.0);
        }
    }
    match keys {
        0 | 1 => None,
        _ if by_chance == 0.0 => Some(1.0),
        _ => Some(apart as f64 / by_chance),
    }
}

fn total_targets(case: &Case<'_>) -> u64 {
    let kept = case.dossier.firsts().len() as u64;
    match &case.dossier.wide {
        Some(wide) => wide.hosts.count().max(kept) * wide.services.count().clamp(1, 1 << 16),
        None => kept,
    }
}

fn number(address: Address) -> i128 {
    // The low 127 bits order the addresses of one family as the whole does.
    (address.number() & (u128::MAX >> 1)) as i128
}

fn order_of(visits: &[i128]) -> Seen {
    let n = visits.len();
    let steps: Vec<i128> = visits.windows(2).map(|w| w[1] - w[0]).collect();
    let rises = steps.iter().filter(|s| **s > 0).count();
    let mut sorted = steps.clone();
    sorted.sort_unstable();
    let (step, same) = sorted
        .chunk_by(|a, b| a == b)
        .map(|run| (run[0], run.len()))
        .max_by_key(|(step, len)| (*len, -step.abs()))
        .unwrap_or((0, 0));
    let z = (rises as f64 - (n - 1) as f64 / 2.0) / ((n + 1) as f64 / 12.0).sqrt();
    // The normal tail: log2 of exp(-z^2 / 2), from two deviations on.
    let from_rises = if z.abs() > 2.0 { z * z / 2.0 * std::f64::consts::LOG2_E } else { 0.0 };
    let (order, bits) = if same as f64 >= SAME_STEP * steps.len() as f64 && step != 0 {
        let order = match step {
            1 => Order::Sequential,
            -1 => Order::Reverse,
            _ => Order::Stride,
        };
        (order, MOST)
    } else if z > CLEAR {
        (Order::Ascending, from_rises)
    } else if z < -CLEAR {
        (Order::Descending, from_rises)
    } else {
        let span = visits.iter().max().unwrap_or(&0) - visits.iter().min().unwrap_or(&0);
        // In floating point: 127 bits and one more would not fit.
        let by_chance = (n * n) as f64 / (2.0 * (span as f64 + 1.0)) * std::f64::consts::LOG2_E;
        (Order::Permutation, by_chance)
    };
    Seen { order, visits: n, rises, step, ports: false, bits: Bits::new(bits.min(MOST)) }
}

fn weigh(case: &Case<'_>) -> Option<Evidence> {
    let seen = judge(case)?;
    if seen.bits < Bits::new(LEAST) {
        return None;
    }
    let what = if seen.ports { "ports" } else { "hosts" };
    let text = match seen.order {
        Order::Sequential => format!("{} {what} in rising sequence", seen.visits),
        Order::Reverse => format!("{} {what} in falling sequence", seen.visits),
        Order::Stride => format!("{} {what} in steps of {}", seen.visits, seen.step),
        Order::Permutation => format!("no repeat among the first {} {what}, of a narrow range", seen.visits),
        _ => format!("{} rises in {} steps between {what}", seen.rises, seen.visits - 1),
    };
    Some(Evidence::new(Family::Order, seen.bits, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contact::Transport;

    fn visit(host: u8, port: u16) -> (Address, Service) {
        (Address::v4([203, 0, 113, host]), Service { transport: Transport::Tcp, port })
    }

    /// A multiplicative shuffle: the same on every machine.
    fn shuffled<T: Copy>(of: &[T]) -> Vec<T> {
        let n = of.len() as u64;
        let mut places: Vec<u64> = (0..n).collect();
        places.sort_by_key(|i| (i + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20 & 0xffff);
        places.into_iter().map(|i| of[i as usize]).collect()
    }

    #[test]
    fn nesting_is_told() {
        let by_host: Vec<_> = (1..=20).flat_map(|h| (1..=5).map(move |p| visit(h, p))).collect();
        assert_eq!(nesting_of(&by_host), Some(Nesting::HostMajor));
        let by_port: Vec<_> = (1..=5).flat_map(|p| (1..=20).map(move |h| visit(h, p))).collect();
        assert_eq!(nesting_of(&by_port), Some(Nesting::PortMajor));
        assert_eq!(nesting_of(&shuffled(&by_port)), Some(Nesting::Mixed));
        // Four hosts at a time, each port by port.
        let parallel: Vec<_> = (0..5)
            .flat_map(|round| (1..=5).flat_map(move |p| (1..=4).map(move |h| visit(round * 4 + h, p))))
            .collect();
        assert_eq!(nesting_of(&parallel), Some(Nesting::HostMajor));
        let one_port: Vec<_> = (1..=20).map(|h| visit(h, 22)).collect();
        assert_eq!(nesting_of(&one_port), None);
        let one_host: Vec<_> = (1..=20).map(|p| visit(9, p)).collect();
        assert_eq!(nesting_of(&one_host), None);
        let each_once: Vec<_> = (1..=20).map(|h| visit(h, if h * 7 % 3 == 0 { 23 } else { 2323 })).collect();
        assert_eq!(nesting_of(&each_once), Some(Nesting::Mixed));
    }

    #[test]
    fn sequences_are_told_from_chance() {
        let rising: Vec<i128> = (0..20).collect();
        assert_eq!(order_of(&rising).order, Order::Sequential);
        let falling: Vec<i128> = (0..20).rev().collect();
        assert_eq!(order_of(&falling).order, Order::Reverse);
        let stride: Vec<i128> = (0..20).map(|i| i * 256).collect();
        assert_eq!(order_of(&stride).order, Order::Stride);
        let sparse: Vec<i128> = (0..40).map(|i| i * i).collect();
        assert_eq!(order_of(&sparse).order, Order::Ascending);
        let mixed: Vec<i128> = std::iter::successors(Some(1), |x| Some(x * 3 % 257)).take(200).collect();
        assert_eq!(order_of(&mixed).order, Order::Permutation);
        assert!(order_of(&mixed).bits > Bits::new(5.0));
        let wide: Vec<i128> = (0..200i128).map(|i| i * i * i * 2_654_435_761 % 4_294_967_291).collect();
        assert!(order_of(&wide).bits < Bits::new(0.1));
        let whole: Vec<i128> =
            [0, i128::MAX].into_iter().chain((1..20).map(|i| i * i * i * 7919 % 101)).collect();
        assert!(order_of(&whole).bits < Bits::new(0.1), "the ends of the address space are no overflow");
    }
}
