//! Scans that never were: ZMap's walks with all their parameters, and orders of other kinds, each with a fixed seed.

use std::net::Ipv4Addr;

use super::arithmetic::common;
use super::groups::{Group, SMALL};
use super::lists::List;
use super::tables::Tables;
use crate::contact::{Outcome, Service, Time, Transport};
use crate::net::Address;
use crate::trace::{Hit, Trace};

/// SplitMix64 (Steele, Lea, Flood 2014).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    /// 0 to 1.
    pub fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub fn shuffle<T>(&mut self, things: &mut [T]) {
        for i in (1..things.len()).rev() {
            things.swap(i, self.below(i as u64 + 1) as usize);
        }
    }
}

/// One scan by ZMap.
#[derive(Clone, Debug)]
pub struct Scan {
    pub list: List,
    /// Ports in the order given.
    pub ports: Vec<u16>,
    /// Version 4 or 2: which generators, how threads and shards split.
    pub version: u32,
    pub threads: u64,
    pub shards: u64,
    pub shard: u64,
    /// Own addresses: first and last.
    pub own: (u32, u32),
    /// Probes a second of all threads.
    pub rate: f64,
    /// Hits seen.
    pub hits: usize,
    /// Share of probes lost.
    pub loss: f64,
    /// Seconds by which an arrival may be late.
    pub jitter: f64,
    /// By how much the pace wobbles: 0.1 is from 0.9 to 1.1.
    pub wobble: f64,
}

/// A primitive root as this version picks it.
fn generator(group: &Group, version: u32, random: &mut Random) -> (u64, u64) {
    let order = group.exponents();
    loop {
        if version < 3 {
            let logarithm = random.below(order.get());
            if common(logarithm, order.get()) == 1 {
                return (group.field().power(group.root, logarithm), logarithm);
            }
        } else {
            let g = random.below(SMALL.min(group.prime - 1)) + 1;
            let power = |q: u64| group.field().power(g, order.get() / q);
            if group.factors.iter().all(|(q, _)| power(*q) != 1) {
                return (g, 0);
            }
        }
    }
}

impl Scan {
    pub fn group(&self) -> &'static Group {
        let bits = |n: u64| 64 - n.saturating_sub(1).leading_zeros();
        let size = self.list.size();
        let least = if self.version < 4 { size } else { 1 << (bits(size) + bits(self.ports.len() as u64)) };
        Group::above(least).unwrap()
    }

    /// The trace that a sensor in the own addresses makes of its first hits, and the generator.
    pub fn trace(&self, random: &mut Random, tables: &mut Tables) -> (Trace, u64) {
        let (mut sent, generator) = self.arrivals(random, tables);
        sent.truncate(self.hits);
        (trace(&sent), generator)
    }

    /// All hits in the own addresses in the order of time, and the generator.
    pub fn arrivals(&self, random: &mut Random, tables: &mut Tables) -> (Vec<(f64, u32, u16)>, u64) {
        let group = self.group();
        let order = group.exponents();
        let (g, logarithm) = generator(group, self.version, random);
        let logarithms = tables.of(group);
        let logarithm = if logarithm == 0 { logarithms.of(g) } else { logarithm };
        let inverse = order.invert(logarithm).unwrap();
        let offset = random.below(order.get());
        let port_bits = 64 - (self.ports.len() as u64 - 1).leading_zeros();
        let all = self.threads * self.shards;
        let part = order.get() / all;
        let late: Vec<f64> = (0..self.threads).map(|i| i as f64 * 0.004 + random.share() * 0.01).collect();
        let pace: Vec<f64> = (0..self.threads).map(|_| 1.0 + (random.share() - 0.5) * 2e-4).collect();
        let phase = random.share() * 6.0;
        let mut sent: Vec<(f64, u32, u16)> = Vec::new();
        for address in self.own.0..=self.own.1 {
            let Some(index) = self.list.index(address) else { continue };
            for (place, port) in self.ports.iter().enumerate() {
                let log = logarithms.of((index << port_bits) + place as u64 + 1);
                let k = order.multiply(inverse, order.subtract(log, offset));
                let (sub, pos) = if self.version < 3 { (k % all, k / all) } else { (k / part, k % part) };
                // Version 2: thread t of shard s of n has s + t * n; later: s * threads + t.
                let (shard, thread) = if self.version < 3 {
                    (sub % self.shards, sub / self.shards)
                } else {
                    (sub / self.threads, sub % self.threads)
                };
                if shard != self.shard || random.share() < self.loss {
                    continue;
                }
                let thread = thread as usize;
                let even = pos as f64 * self.threads as f64 / self.rate * pace[thread];
                let whole = part as f64 * self.threads as f64 / self.rate;
                let wobble = self.wobble * whole / 25.0 * (25.0 * even / whole + phase).sin();
                let time = even + wobble + late[thread] + random.share() * self.jitter;
                sent.push((time, address, *port));
            }
        }
        sent.sort_by(|a, b| a.0.total_cmp(&b.0));
        (sent, g)
    }
}

/// Of arrivals in the order of time: 256, then at most 64 thinned evenly.
pub fn trace(sent: &[(f64, u32, u16)]) -> Trace {
    let hit = |&(time, address, port): &(f64, u32, u16)| Hit {
        time: 1_700_000_000_000_000_000 + (time * 1e9) as Time,
        target: Address::v4(address.to_be_bytes()),
        service: Service { transport: Transport::Tcp, port },
        outcome: Outcome::Silent,
    };
    let dense = sent.len().min(256);
    let mut hits: Vec<Hit> = sent[..dense].iter().map(hit).collect();
    let rest = &sent[dense..];
    let step = rest.len().div_ceil(64).max(1);
    hits.extend(rest.iter().step_by(step).map(hit));
    let consecutive = if step == 1 { hits.len() } else { dense };
    Trace {
        source: Address::v4(Ipv4Addr::new(198, 18, 0, 1).octets()),
        consecutive,
        hosts: sent.len() as u64,
        packets: sent.len() as u64,
        start: hits.first().map_or(0, |h| h.time),
        end: sent.last().map_or(0, |last| hit(last).time),
        hits,
    }
}

/// Orders that are not ZMap's.
pub const OTHERS: [&str; 14] = [
    "random permutation",
    "random with repeats",
    "sequential",
    "reverse",
    "stride",
    "linear congruence",
    "bit reversal",
    "Feistel over hosts and ports",
    "shuffled hosts, all ports of each",
    "all hosts of a port, shuffled anew",
    "groups of hosts, shuffled within",
    "ZMap with a blocklist of its own",
    "sorted with disorder",
    "random at a constant pace",
];

/// One of them, over a /24 to /16, with up to four ports.
pub fn other(kind: usize, random: &mut Random, tables: &mut Tables) -> Trace {
    let length = 16 + random.below(9) as u32;
    let size = 1u64 << (32 - length);
    let base =
        ((1 + random.below(222)) as u32) << 24 | (random.next() as u32 & 0x00ff_ffff & !(size as u32 - 1));
    let hits = [8, 12, 16, 20, 32, 64, 150, 256, 1_000][random.below(9) as usize];
    let ports: Vec<u16> = [22, 80, 443, 8_080][..[1, 1, 2, 3, 4][random.below(5) as usize]].to_vec();
    let one = || vec![ports[0]];
    let all = |random: &mut Random| {
        let mut hosts: Vec<u64> = (0..size).collect();
        random.shuffle(&mut hosts);
        hosts
    };
    let each = |hosts: Vec<u64>, ports: Vec<u16>| -> Vec<(u64, u16)> {
        hosts.iter().flat_map(|host| ports.iter().map(move |port| (*host, *port))).collect()
    };
    let mut order: Vec<(u64, u16)> = match kind {
        0 | 13 => {
            let mut order = each((0..size).collect(), ports.clone());
            random.shuffle(&mut order);
            order
        }
        1 => {
            let mut seen = std::collections::BTreeSet::new();
            (0..hits).map(|_| (random.below(size), ports[0])).filter(|t| seen.insert(*t)).collect()
        }
        2 => each((0..size).collect(), one()),
        3 => each((0..size).rev().collect(), one()),
        4 => {
            let step = random.below(size) | 1;
            each((0..size).map(|i| i * step % size).collect(), one())
        }
        5 => {
            let (a, c) = (random.below(size) / 4 * 4 + 1, random.next() | 1);
            let mut x = random.below(size);
            each(
                (0..size)
                    .map(|_| {
                        x = x.wrapping_mul(a).wrapping_add(c) % size;
                        x
                    })
                    .collect(),
                one(),
            )
        }
        6 => each((0..size).map(|i| i.reverse_bits() >> (32 + length)).collect(), one()),
        7 => feistel(size * ports.len() as u64, random.next())
            .map(|i| (i % size, ports[(i / size) as usize]))
            .collect(),
        8 => each(all(random), ports.clone()),
        9 => {
            ports.iter().flat_map(|p| all(random).into_iter().map(|h| (h, *p)).collect::<Vec<_>>()).collect()
        }
        10 => {
            let mut hosts: Vec<u64> = (0..size).collect();
            hosts.chunks_mut(64).for_each(|group| random.shuffle(group));
            each(hosts, one())
        }
        11 => {
            // The same walk over a list that lacks some networks that nobody knows of.
            let gap = (1 + random.below(200)) as u32;
            let list = List::new(&[(0x0100_0000, 0x0100_0000 + (gap << 14)), (0x0200_0000, 0xdfff_ffff)], 18);
            let own = (base.max(0x0300_0000) & !255, base.max(0x0300_0000) | 255);
            let scan = Scan {
                list,
                ports: one(),
                version: 4,
                threads: 1,
                shards: 1,
                shard: 0,
                own,
                rate: 1e5,
                hits,
                loss: 0.0,
                jitter: 0.001,
                wobble: 0.0,
            };
            return scan.trace(random, tables).0;
        }
        _ => {
            let mut order = each((0..size).collect(), one());
            for i in 1..order.len() {
                let j = i.saturating_sub(random.below(40) as usize);
                order.swap(i, j);
            }
            order
        }
    };
    order.truncate(hits);
    let even = kind == 13 || random.below(2) == 0;
    let rate = 10f64.powi(random.below(5) as i32);
    let mut time = 0.0;
    let sent: Vec<(f64, u32, u16)> = order
        .iter()
        .map(|(host, port)| {
            time += if even { 1.0 } else { -random.share().max(1e-12).ln() } / rate;
            (time, base + *host as u32, *port)
        })
        .collect();
    trace(&sent)
}

/// A permutation by a Feistel network with cycle walking, as masscan has one (not its very rounds).
fn feistel(size: u64, key: u64) -> impl Iterator<Item = u64> {
    let half = (64 - (size - 1).leading_zeros()).div_ceil(2);
    let mask = (1u64 << half) - 1;
    let once = move |x: u64| {
        let (mut left, mut right) = (x >> half, x & mask);
        for round in 0..14 {
            let mixed = Random(key ^ (right << 8) ^ round).next() & mask;
            (left, right) = (right, left ^ mixed);
        }
        (left << half) | right
    };
    (0..size).map(move |i| {
        let mut x = once(i);
        while x >= size {
            x = once(x);
        }
        x
    })
}
