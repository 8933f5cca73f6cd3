//! How often shared work is found, and how often strangers are taken for one scan: simulations with fixed seeds.
//!
//! Every number comes from one generator with the trial's number as seed, so that a table is the same on every machine.

use std::io::Write;
use std::net::IpAddr;

use watchpost_core::blocks::Blocks;
use watchpost_core::contact::{Outcome, SECOND, Service, Time, Transport, flags, traits};
use watchpost_core::coordination::{Group, Lone, Member, groups};
use watchpost_core::imprint::Imprint;
use watchpost_core::net::Address;
use watchpost_core::record::ProbeKind;

mod botnets;
mod strangers;

/// Numbers by chance, the same every time (SplitMix64).
pub struct Dice(u64);

impl Dice {
    /// For one trial.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ x >> 31
    }

    /// Below `limit`, evenly.
    pub fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(limit.max(1))) >> 64) as u64
    }

    /// Between 0 and 1.
    pub fn share(&mut self) -> f64 {
        self.next() as f64 / 2f64.powi(64)
    }

    /// Puts a list into an order by chance.
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for at in (1..list.len()).rev() {
            list.swap(at, self.below(at as u64 + 1) as usize);
        }
    }
}

/// What the search has of a budget of 512 MiB.
const MEMORY: usize = 14 << 20;

/// A packet's look: what a tool or a stack writes into each.
#[derive(Clone, Copy)]
pub struct Look {
    window: u16,
    traits: u8,
    ttl: u8,
    /// Sequence number is the target (Mirai).
    folded: bool,
}

/// A day.
const DAY: Time = 86_400 * SECOND;
/// 2024-01-01.
const START: Time = 1_704_067_200 * SECOND;
/// The guarded network: up to a /16 from here.
const BASE: u32 = 0x0a4d_0000;

const DF: u8 = traits::DONT_FRAGMENT;
/// Looks of the noise, and the share of each in percent: bots, ZMap, masscan, stacks.
const LOOKS: [(u64, Look); 8] = [
    (40, Look { window: 14_600, traits: 0, ttl: 64, folded: true }),
    (15, Look { window: 65_535, traits: 0, ttl: 255, folded: false }),
    (10, Look { window: 1_024, traits: 0, ttl: 255, folded: false }),
    (10, Look { window: 65_535, traits: traits::TCP_OPTIONS, ttl: 64, folded: false }),
    (10, Look { window: 29_200, traits: traits::TCP_OPTIONS | DF, ttl: 64, folded: false }),
    (8, Look { window: 64_240, traits: traits::TCP_OPTIONS | DF, ttl: 64, folded: false }),
    (
        5,
        Look {
            window: 8_192,
            traits: traits::TCP_OPTIONS & !traits::TIMESTAMP | DF,
            ttl: 128,
            folded: false,
        },
    ),
    (2, Look { window: 1_024, traits: traits::MSS, ttl: 64, folded: false }),
];
/// Ports of the noise, and the share of each in percent; the last stands for any port.
const PORTS: [(u64, u16); 10] =
    [(25, 23), (10, 22), (10, 445), (8, 80), (7, 443), (5, 2323), (5, 3389), (5, 8080), (5, 5555), (20, 0)];

fn drawn<T: Copy>(dice: &mut Dice, list: &[(u64, T)]) -> T {
    let mut at = dice.below(list.iter().map(|(share, _)| share).sum());
    for (share, what) in list {
        if at < *share {
            return *what;
        }
        at -= share;
    }
    list[0].1
}

fn address(number: u32) -> Address {
    Address::v4(number.to_be_bytes())
}

fn service(port: u16) -> Service {
    Service { transport: Transport::Tcp, port }
}

/// A source somewhere in the Internet.
fn source(dice: &mut Dice) -> Address {
    let (first, rest) = (11 + dice.below(212), dice.below(1 << 24));
    address((first << 24 | rest) as u32)
}

fn imprint(dice: &mut Dice, look: Look, target: Address, port: u16) -> Imprint {
    let random = dice.next();
    Imprint {
        target,
        sequence: if look.folded { target.as_v4().unwrap_or(0) } else { random as u32 },
        port,
        source_port: (random >> 32) as u16,
        window: look.window,
        ip_id: (random >> 48) as u16,
        ttl: look.ttl - 5 - dice.below(20) as u8,
        traits: look.traits,
        flags: flags::SYN,
        transport: Transport::Tcp,
        kind: ProbeKind::TcpSyn,
    }
}

fn lone(dice: &mut Dice, look: Look, source: Address, target: Address, port: u16, time: Time) -> Lone {
    let imprint = imprint(dice, look, target, port);
    Lone { source, target, service: service(port), time, outcome: Outcome::Silent, imprint }
}

/// Unrelated single probes over a block for some time.
fn noise(dice: &mut Dice, count: u32, block: u32, span: Time, into: &mut Vec<Lone>) {
    for _ in 0..count {
        let look = drawn(dice, &LOOKS);
        let port = match drawn(dice, &PORTS) {
            0 => dice.below(65_536) as u16,
            // Bots of that kind ask for telnet only.
            _ if look.folded => {
                if dice.below(10) == 0 {
                    2323
                } else {
                    23
                }
            }
            port => port,
        };
        let (from, time) = (source(dice), START + dice.below(span as u64) as Time);
        let target = address(BASE + dice.below(u64::from(block)) as u32);
        into.push(lone(dice, look, from, target, port, time));
    }
}

/// A campaign of one source; of many targets those that a campaign keeps.
fn member(
    dice: &mut Dice,
    look: Look,
    from: Address,
    port: u16,
    hosts: &[u32],
    start: Time,
    end: Time,
) -> Member {
    let mut targets: Vec<Address> = hosts.iter().take(256).map(|h| address(*h)).collect();
    let later = &hosts[targets.len()..];
    let step = later.len().div_ceil(64).max(1);
    targets.extend(later.iter().step_by(step).map(|h| address(*h)));
    let complete = targets.len() == hosts.len();
    targets.sort_unstable();
    Member {
        source: from,
        imprints: vec![imprint(dice, look, address(hosts[0]), port)],
        tool: None,
        generator: None,
        services: vec![service(port)],
        pairs: targets.iter().map(|host| (*host, service(port))).collect(),
        targets,
        hosts: hosts.len() as u64,
        complete,
        start,
        end,
    }
}

fn blocks(size: u32) -> Blocks {
    let length = 32 - size.trailing_zeros();
    let first = IpAddr::from(BASE.to_be_bytes());
    Blocks::new(format!("{first}/{length}").parse().into_iter().collect())
}

fn run(members: &[Member], lone: &[Lone], blocks: &Blocks) -> Vec<Group> {
    groups(members, lone, blocks, MEMORY)
}

/// Prints all tables; `quick` with a tenth of the trials.
pub fn print(out: &mut impl Write, trials: u64) -> anyhow::Result<()> {
    botnets::print(out, trials)?;
    strangers::print(out, trials)?;
    Ok(())
}
