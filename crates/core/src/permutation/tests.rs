//! Recovery over simulated scans: what share is recovered, and that nothing is recovered wrongly.

use super::lists::List;
use super::recover;
use super::simulation::{OTHERS, Random, Scan, other, trace};
use super::tables::Tables;
use crate::blocks::Blocks;

fn block(own: (u32, u32)) -> Blocks {
    let length = (own.0 ^ own.1).leading_zeros() as u8;
    let net = ipnet::Ipv4Net::new(own.0.into(), length).unwrap();
    Blocks::new(vec![net.into()])
}

/// A scan of the Internet with the default blocklist, seen in a /24 or /22.
fn internet(hits: usize, version: u32, random: &mut Random) -> Scan {
    let size = if random.below(2) == 0 { 256 } else { 1_024 };
    let first = [0x0b00_0000u32, 0x2d00_0000, 0x8000_0000, 0xc0b0_0000, 0xcc00_0000];
    let base = first[random.below(5) as usize] + random.below(60_000) as u32 * 64;
    let base = base & !(size - 1);
    Scan {
        list: List::allowed(0, u32::MAX, if version < 4 { 20 } else { 18 }),
        ports: vec![443],
        version,
        threads: 1,
        shards: 1,
        shard: 0,
        own: (base, base + size - 1),
        rate: 10f64.powf(3.5 + 2.5 * random.share()),
        hits,
        loss: 0.02,
        jitter: 0.02,
        wobble: 0.001,
    }
}

/// A scan of a prefix, all of it or a part of it seen.
fn prefix(length: u32, seen: u32, hits: usize, version: u32, random: &mut Random) -> Scan {
    let size = 1u64 << (32 - length);
    let network = (0x2d + random.below(16) as u32) << 24;
    let base = (network | (random.next() as u32 & 0xff_ffff)) & !(size as u32 - 1);
    let own = base + (random.below(1 << (seen - length)) << (32 - seen)) as u32;
    let list = List::run(base, base + (size - 1) as u32);
    let ports = vec![443];
    let own = (own, own + ((1u64 << (32 - seen)) - 1) as u32);
    let rate = 10f64.powf(2.0 + 2.0 * random.share());
    Scan {
        list,
        ports,
        version,
        threads: 1,
        shards: 1,
        shard: 0,
        own,
        rate,
        hits,
        loss: 0.01,
        jitter: 2.0 / rate,
        wobble: 0.01,
    }
}

#[derive(Default)]
struct Tally {
    recovered: usize,
    wrong: usize,
    of: usize,
    reasons: std::collections::BTreeMap<String, usize>,
}

fn tally(trials: u64, seed: u64, tables: &mut Tables, make: impl Fn(&mut Random) -> Scan) -> Tally {
    let mut tally = Tally::default();
    for trial in 0..trials {
        let mut random = Random(seed * 1_000_003 + trial);
        let scan = make(&mut random);
        let (trace, generator) = scan.trace(&mut random, tables);
        tally.of += 1;
        match recover(&trace, &block(scan.own), tables, &mut 1_000) {
            Ok(found) => {
                let right = found.generator == generator && found.prime == scan.group().prime;
                tally.recovered += usize::from(right);
                if !right {
                    tally.wrong += 1;
                    *tally.reasons.entry(format!("{generator}: {found:?}")).or_default() += 1;
                }
            }
            Err(why) => *tally.reasons.entry(why).or_default() += 1,
        }
    }
    tally
}

#[test]
#[ignore = "the table of recovery rates: minutes"]
#[allow(clippy::print_stdout, reason = "the table is what it is for")]
fn recovery_rates() {
    let trials = std::env::var("TRIALS").ok().and_then(|t| t.parse().ok()).unwrap_or(20);
    let tables = &mut Tables::default();
    let mut wrong = 0;
    let mut seed = 0;
    let only = std::env::var("ONLY").unwrap_or_default();
    let mut line = |name: String, make: &dyn Fn(&mut Random) -> Scan| {
        seed += 1;
        if !name.contains(&only) {
            return;
        }
        let tally = tally(trials, seed, tables, make);
        println!("{name:58} {:4} of {:4}, {} wrong", tally.recovered, tally.of, tally.wrong);
        for (why, count) in tally.reasons.iter().take(3) {
            println!("        {count} x {why}");
        }
        wrong += tally.wrong;
    };
    for hits in [12, 16, 24, 32, 64, 256] {
        for version in [4, 2] {
            for threads in [1, 2, 4, 8] {
                line(format!("internet, version {version}, {threads} threads, {hits} hits"), &|random| {
                    Scan { threads, ..internet(hits, version, random) }
                });
            }
        }
        line(format!("internet, 4 shards of 2 threads, {hits} hits"), &|random| Scan {
            threads: 2,
            shards: 4,
            shard: random.below(4),
            ..internet(hits, 4, random)
        });
        line(format!("internet, pace wobbles by a fifth, {hits} hits"), &|random| Scan {
            wobble: 0.2,
            ..internet(hits, 4, random)
        });
        line(format!("internet, a third lost, {hits} hits"), &|random| Scan {
            loss: 0.33,
            ..internet(hits, 4, random)
        });
        for ports in [2, 3, 16] {
            line(format!("internet, {ports} ports, {hits} hits"), &|random| Scan {
                ports: (1..=ports).map(|p| p * 10).collect(),
                ..internet(hits, 4, random)
            });
        }
        for (length, seen) in [(24, 24), (22, 22), (16, 16), (16, 22), (12, 20), (8, 18)] {
            for (version, threads) in [(4, 1), (4, 4), (4, 8), (2, 1), (2, 4)] {
                line(
                    format!("/{length} seen in a /{seen}, version {version}, {threads} threads, {hits} hits"),
                    &|random| Scan { threads, ..prefix(length, seen, hits, version, random) },
                );
            }
        }
        line(format!("/20 in 4 shards, {hits} hits"), &|random| Scan {
            shards: 4,
            shard: random.below(4),
            ..prefix(20, 20, hits, 4, random)
        });
        line(format!("/22, 3 ports in no order, {hits} hits"), &|random| Scan {
            ports: vec![443, 22, 80],
            ..prefix(22, 22, hits, 4, random)
        });
    }
    assert_eq!(wrong, 0);
}

#[test]
#[ignore = "thousands of orders: minutes"]
#[allow(clippy::print_stdout, reason = "the table is what it is for")]
fn other_orders_at_length() {
    let trials = std::env::var("TRIALS").ok().and_then(|t| t.parse().ok()).unwrap_or(100);
    let tables = &mut Tables::default();
    let mut wrong = 0;
    for (kind, name) in OTHERS.iter().enumerate() {
        if !name.contains(&std::env::var("ONLY").unwrap_or_default()) {
            continue;
        }
        let (recovered, most) = others(kind, trials, tables);
        println!("{name:40} {recovered} recovered of {trials}; {most}");
        wrong += recovered;
    }
    assert_eq!(wrong, 0);
}

fn others(kind: usize, trials: u64, tables: &mut Tables) -> (usize, String) {
    let mut recovered = 0;
    let mut example = String::new();
    for trial in 0..trials {
        let mut random = Random(77_000_000 + kind as u64 * 1_000_000 + trial);
        let trace = other(kind, &mut random, tables);
        match recover(&trace, &Blocks::default(), tables, &mut 1_000) {
            Ok(found) => {
                recovered += 1;
                example = format!("{trial}: {found:?}");
            }
            Err(why) if recovered == 0 => example = why,
            Err(_) => {}
        }
    }
    (recovered, example)
}

#[test]
fn walks_are_recovered_with_their_generators() {
    let tables = &mut Tables::default();
    for version in [4, 2] {
        let wide = tally(4, 1, tables, |random| internet(64, version, random));
        assert_eq!((wide.recovered, wide.wrong), (4, 0), "{:?}", wide.reasons);
        let all = tally(4, 2, tables, |random| prefix(20, 20, 1_000, version, random));
        assert_eq!((all.recovered, all.wrong), (4, 0), "{:?}", all.reasons);
    }
    let shards = tally(4, 3, tables, |random| Scan {
        shards: 4,
        shard: random.below(4),
        ..prefix(20, 20, 300, 4, random)
    });
    assert_eq!((shards.recovered, shards.wrong), (4, 0), "{:?}", shards.reasons);
    let threads = tally(4, 4, tables, |random| Scan { threads: 4, ..internet(128, 4, random) });
    assert_eq!((threads.recovered, threads.wrong), (4, 0), "{:?}", threads.reasons);
    let ports =
        tally(4, 5, tables, |random| Scan { ports: vec![443, 22, 80], ..prefix(22, 22, 200, 4, random) });
    assert_eq!((ports.recovered, ports.wrong), (4, 0), "{:?}", ports.reasons);
}

#[test]
fn other_orders_are_not_recovered() {
    let tables = &mut Tables::default();
    for (kind, name) in OTHERS.iter().enumerate() {
        let (recovered, example) = others(kind, 4, tables);
        assert_eq!(recovered, 0, "{name}: {example}");
    }
}

#[test]
fn the_next_hits_are_those_that_come() {
    let tables = &mut Tables::default();
    for (trial, kind) in ["by logarithms", "by walking", "ports", "threads"].into_iter().enumerate() {
        let random = &mut Random(4_711 + trial as u64);
        let scan = match trial {
            0 => Scan { own: (0x2d00_0100, 0x2d00_01ff), ..internet(100, 4, random) },
            1 => prefix(20, 20, 200, 2, random),
            2 => Scan { ports: vec![22, 80, 443], ..prefix(22, 22, 200, 4, random) },
            _ => Scan { threads: 4, own: (0x2d00_0100, 0x2d00_01ff), ..internet(100, 4, random) },
        };
        let scan = Scan { loss: 0.0, ..scan };
        let (sent, generator) = scan.arrivals(random, tables);
        let (seen, coming) = sent.split_at(scan.hits);
        let found = recover(&trace(seen), &block(scan.own), tables, &mut 1_000).unwrap();
        assert_eq!(found.generator, generator, "{kind}");
        assert_eq!(found.next.len(), 16, "{kind}");
        let coming: Vec<String> = coming[..18]
            .iter()
            .map(|(_, address, port)| format!("{}:{port}", std::net::Ipv4Addr::from(*address)))
            .collect();
        // Jitter may put one before another.
        let right = found.next.iter().filter(|next| coming.contains(next)).count();
        assert!(right >= 15, "{kind}: {right} of 16; {:?}, came {coming:?}", found.next);
        let order = scan.group().exponents().get() as f64;
        let done = (seen[seen.len() - 1].0 - seen[0].0) * scan.rate / order;
        assert!((found.done - done).abs() < 0.02, "{kind}: {} done, {done} in truth", found.done);
    }
}
