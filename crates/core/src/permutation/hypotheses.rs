//! What the walk may run over: address lists, and the place of each port among the ports.
//!
//! Every hypothesis is counted, and the proof pays for all of them. Lists: runs from the lowest hit, rounded down to each
//! size, up to /8; the same without the default blocklist; the Internet with the default blocklist (of two ages) and
//! without any; each own block and all together. Ports: in rising order; or, with hits of the most frequent port alone, at
//! each place, which needs no order of the others. The limit: lists with a custom blocklist, and scattered lists, are
//! unknown.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use ipnet::IpNet;

use super::groups::Group;
use super::lists::List;
use super::points::{LEAST, Point};
use crate::blocks::Blocks;

/// Ports that are put in order at most.
const PORTS: usize = 4_096;
/// Ports whose places are tried one by one.
const FEW_PORTS: usize = 16;

/// One hypothesis.
#[derive(Clone, Debug)]
pub struct Hypothesis {
    /// The addresses.
    pub list: List,
    /// Their name, of the smallest list among those that cannot be told apart.
    pub name: String,
    /// Larger lists that count the hits alike.
    pub others: Vec<String>,
    /// The group.
    pub group: &'static Group,
    /// Bits of the index that tell the port.
    pub bits: u32,
    /// The ports in their order; None where the place is not known.
    pub ports: Vec<Option<u16>>,
}

impl Hypothesis {
    /// The element of the group that a point is.
    pub fn element(&self, address: u32, port: u16) -> Option<u64> {
        let place = self.ports.iter().position(|known| *known == Some(port))? as u64;
        Some((self.list.index(address)? << self.bits) + place + 1)
    }

    /// The same with these ports.
    pub fn with_ports(&self, ports: Vec<Option<u16>>) -> Self {
        Self { ports, ..self.clone() }
    }
}

/// Bits that count up to this number of things.
fn bits(count: u64) -> u32 {
    64 - count.saturating_sub(1).leading_zeros()
}

/// All hypotheses, most likely first.
pub fn hypotheses(points: &[Point], blocks: &Blocks) -> Vec<Hypothesis> {
    let mut hits: BTreeMap<u16, usize> = BTreeMap::new();
    for point in points {
        *hits.entry(point.port).or_default() += 1;
    }
    let ports: Vec<u16> = hits.keys().copied().collect();
    if ports.len() > PORTS {
        return Vec::new();
    }
    let mut orders: Vec<Vec<Option<u16>>> = vec![ports.iter().map(|port| Some(*port)).collect()];
    if ports.len() > 1 && ports.len() <= FEW_PORTS {
        let most = hits.iter().max_by_key(|(port, count)| (**count, std::cmp::Reverse(**port)));
        if let Some((&port, &count)) = most
            && count >= LEAST
        {
            for place in 0..ports.len() {
                let mut order = vec![None; ports.len()];
                order[place] = Some(port);
                orders.push(order);
            }
        }
    }
    let bits = bits(ports.len() as u64);
    let lists = lists(points, blocks);
    let mut all: Vec<Hypothesis> = Vec::new();
    for ports in orders {
        // Lists that give the hits the same elements of the same group are one hypothesis.
        let mut places: BTreeMap<(u64, Vec<u64>), usize> = BTreeMap::new();
        for (list, name) in &lists {
            for group in groups(list.size(), bits) {
                let hypothesis = Hypothesis {
                    list: list.clone(),
                    name: name.clone(),
                    others: Vec::new(),
                    group,
                    bits,
                    ports: ports.clone(),
                };
                let known = |point: &&Point| ports.contains(&Some(point.port));
                let elements: Option<Vec<u64>> =
                    points.iter().filter(known).map(|p| hypothesis.element(p.address, p.port)).collect();
                let Some(elements) = elements else { continue };
                match places.entry((group.prime, elements)) {
                    std::collections::btree_map::Entry::Vacant(place) => {
                        place.insert(all.len());
                        all.push(hypothesis);
                    }
                    std::collections::btree_map::Entry::Occupied(place) => {
                        let first = &mut all[*place.get()];
                        if first.name != *name && !first.others.contains(name) {
                            first.others.push(name.clone());
                        }
                    }
                }
            }
        }
    }
    all
}

/// The groups that a list of this size is walked in, by ZMap 4 and before.
fn groups(size: u64, port_bits: u32) -> Vec<&'static Group> {
    let mut groups: Vec<&'static Group> = Vec::new();
    groups.extend(Group::above(1 << (bits(size) + port_bits)));
    if port_bits == 0 {
        groups.extend(Group::above(size));
    }
    groups.dedup_by_key(|group| group.prime);
    groups
}

/// Lists that hold all points, smallest first, then the Internet.
fn lists(points: &[Point], blocks: &Blocks) -> Vec<(List, String)> {
    let low = points.iter().map(|p| p.address).min().unwrap_or(0);
    let high = points.iter().map(|p| p.address).max().unwrap_or(0);
    let mut lists: Vec<(List, String)> = Vec::new();
    let own: Vec<(u32, u32, IpNet)> = blocks.nets().filter_map(range).collect();
    // Prefixes that cover all, smallest first; then runs from a rounded start that is no prefix.
    let mut runs: Vec<(u32, u32, String)> = Vec::new();
    let mut seen = BTreeSet::new();
    for length in (8..=32u32).rev() {
        let mask = u32::MAX << (32 - length);
        if low & mask == high & mask {
            runs.push((low & mask, low | !mask, format!("{}/{length}", Ipv4Addr::from(low & mask))));
            seen.insert(low & mask);
        }
    }
    if high - low < 1 << 24 {
        for length in (8..=32u32).rev() {
            let first = low & (u32::MAX << (32 - length));
            if seen.insert(first) {
                runs.push((first, high, format!("{}-{}", Ipv4Addr::from(first), Ipv4Addr::from(high))));
            }
        }
    }
    for (first, last, net) in &own {
        runs.push((*first, *last, net.to_string()));
    }
    for (first, last, name) in runs {
        let plain = List::run(first, last);
        for whole in [18, 20] {
            let allowed = List::allowed(first, last, whole);
            if allowed.size() != plain.size() && allowed.size() > 0 {
                lists.push((allowed, format!("{name} without the default blocklist")));
            }
        }
        lists.push((plain, name));
    }
    lists.extend([18, 20].map(|whole| (List::allowed(0, u32::MAX, whole), "internet".to_owned())));
    lists.push((List::run(0, u32::MAX), "internet with no blocklist".to_owned()));
    if own.len() > 1 {
        let ranges: Vec<(u32, u32)> = own.iter().map(|(first, last, _)| (*first, *last)).collect();
        lists.extend([18, 20].map(|whole| (List::new(&ranges, whole), "the own blocks together".to_owned())));
    }
    lists
}

/// First and last address of an IPv4 block.
pub fn range(net: IpNet) -> Option<(u32, u32, IpNet)> {
    match net {
        IpNet::V4(v4) => Some((u32::from(v4.network()), u32::from(v4.broadcast()), net)),
        IpNet::V6(_) => None,
    }
}
