//! Constructed scans of every kind, and likelihoods held against independent formulas.

use proptest::prelude::*;

use super::facts::Gaps;
use super::prior::{Plateau, Prior};
use super::{Holdings, View, judge, likelihood as of};
use crate::contact::{Outcome, SECOND, Service, Transport};
use crate::net::Address;
use crate::record::{ListKind, Permutation, TargetList};
use crate::trace::{Hit, Trace};

const SSH: Service = Service { transport: Transport::Tcp, port: 22 };
/// 203.0.0.0 and 20.9.0.0.
const HERE: u32 = 0xcb00_0000;
const THERE: u32 = 0x1409_0000;

/// A repeatable number in 0..1.
fn chance(seed: u64) -> f64 {
    let mut z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x1234_5678;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z >> 11) as f64 / (1_u64 << 53) as f64
}

fn shuffled(mut hosts: Vec<u32>) -> Vec<u32> {
    for place in (1..hosts.len()).rev() {
        hosts.swap(place, (chance(place as u64) * (place + 1) as f64) as usize);
    }
    hosts
}

fn v4(number: u32) -> Address {
    Address::v4(number.to_be_bytes())
}

/// Hosts in their order, `gap(n)` seconds before each; `live` answer.
fn scan(
    hosts: &[u32],
    blocks: &[(u32, u32)],
    gap: impl Fn(u64) -> f64,
    live: &[u32],
) -> (Trace, Vec<u64>, Holdings) {
    let mut time = 0.0;
    let mut hits: Vec<Hit> = Vec::new();
    for (nth, host) in hosts.iter().enumerate() {
        time += gap(nth as u64);
        let outcome = if live.contains(host) { Outcome::Answered } else { Outcome::Silent };
        hits.push(Hit { time: (time * SECOND as f64) as i64, target: v4(*host), service: SSH, outcome });
    }
    let (start, end) = (hits[0].time, hits[hits.len() - 1].time);
    let consecutive = hits.len().min(256);
    let later = hits.split_off(consecutive);
    hits.extend(later.iter().step_by(later.len().div_ceil(64).max(1)));
    let trace = Trace {
        source: v4(1),
        hits,
        consecutive,
        hosts: hosts.len() as u64,
        packets: hosts.len() as u64,
        start,
        end,
    };
    let coverage =
        blocks.iter().map(|b| hosts.iter().filter(|h| b.0 <= **h && **h <= b.1).count() as u64).collect();
    let mut live: Vec<Address> = live.iter().map(|host| v4(*host)).collect();
    live.sort_unstable();
    let holdings = Holdings {
        blocks: blocks.iter().map(|b| (v4(b.0), v4(b.1))).collect(),
        open: live.iter().map(|host| (*host, SSH)).collect(),
        live,
    };
    (trace, coverage, holdings)
}

fn weigh(case: &(Trace, Vec<u64>, Holdings), permutation: Option<&Permutation>) -> TargetList {
    let (trace, coverage, holdings) = case;
    judge(&View { trace, coverage, holdings, permutation, replies_seen: true })
}

fn exponential(mean: f64) -> impl Fn(u64) -> f64 {
    move |nth| -mean * (1.0 - chance(nth + 7_000)).ln()
}

fn text(list: &TargetList, name: &str) -> String {
    list.terms.iter().find(|term| term.name == name).map(|term| term.text.clone()).unwrap_or_default()
}

#[test]
fn a_poisson_process_over_all_segments_is_the_internet() {
    let blocks = [(THERE, THERE + 4_095), (HERE, HERE + 16_383)];
    let all: Vec<u32> = (0..4_096).map(|n| THERE + n).chain((0..16_384).map(|n| HERE + n)).collect();
    let hosts: Vec<u32> = shuffled(all).into_iter().take(150).collect();
    let list = weigh(&scan(&hosts, &blocks, exponential(40.0), &[]), None);
    assert_eq!(list.kind, ListKind::InternetWide, "{list:#?}");
    assert!(text(&list, "spread").contains("2 of 2 separate segments"), "{list:#?}");
}

#[test]
fn a_whole_block_in_seconds_is_a_block_with_and_without_own_blocks() {
    let hosts = shuffled((0..256).map(|n| HERE + n).collect());
    let own = weigh(&scan(&hosts, &[(HERE, HERE + 255)], |_| 0.04, &[HERE + 9]), None);
    assert_eq!(own.kind, ListKind::Block);
    // (256 - 1) / 10.2 s * 2^32 / 256 is 419 million packets a second.
    assert!(text(&own, "rate bound").contains("419.4 million packets/s"), "{own:#?}");
    let none = weigh(&scan(&hosts, &[], |_| 0.04, &[HERE + 9]), None);
    assert_eq!(none.kind, ListKind::Block);
    assert!(none.confidence < own.confidence && none.confidence < 0.95, "{none:#?}");
    assert!(text(&none, "rate bound").contains("No own blocks"), "{none:#?}");
}

#[test]
fn a_part_of_a_block_is_named() {
    let hosts = shuffled((0..1_024).map(|n| HERE + 0x400 + n).collect());
    let list = weigh(&scan(&hosts, &[(HERE, HERE + 0xffff)], |_| 0.001, &[]), None);
    assert_eq!(list.kind, ListKind::Block);
    assert!(text(&list, "boundary").contains("203.0.4.0/22, 1.6 %"), "{list:#?}");
}

#[test]
fn separate_blocks_and_nothing_between_are_an_organisation() {
    let hosts: Vec<u32> = (0..256).map(|n| THERE + n).chain((0..256).map(|n| HERE + n)).collect();
    let blocks = [(THERE, THERE + 255), (HERE, HERE + 255)];
    for hosts in [hosts.clone(), shuffled(hosts)] {
        let list = weigh(&scan(&hosts, &blocks, |_| 0.02, &[]), None);
        assert_eq!(list.kind, ListKind::Organisation, "{list:#?}");
    }
}

#[test]
fn hosts_chosen_for_being_live_are_curated_and_five_answers_alone_prove_nothing() {
    let live: Vec<u32> = (0..100).map(|n| HERE + n * 10).collect();
    let hosts: Vec<u32> = shuffled(live.clone()).into_iter().take(12).collect();
    let list = weigh(&scan(&hosts, &[(HERE, HERE + 1_023)], exponential(2.0), &live), None);
    assert_eq!(list.kind, ListKind::Curated, "{list:#?}");
    // Nobody else ever asked: the five that answered are all that is known to live, which says little.
    let hosts: Vec<u32> = shuffled((0..256).map(|n| HERE + n).collect()).into_iter().take(5).collect();
    let alone = weigh(&scan(&hosts, &[(HERE, HERE + 255)], exponential(2.0), &hosts), None);
    let informed = alone.terms.iter().find(|term| term.name == "informed").unwrap();
    let best = informed.bits.iter().filter(|bits| bits.kind != ListKind::Curated);
    // The naive figure, 1 / C(256, 5), would be 33 bits.
    assert!(best.map(|bits| -bits.bits).fold(0.0, f64::max) < 8.0, "{informed:?}");
}

#[test]
fn the_size_of_a_permutation_decides() {
    let hosts: Vec<u32> = shuffled((0..256).map(|n| HERE + n).collect()).into_iter().take(20).collect();
    let case = scan(&hosts, &[(HERE, HERE + 255)], exponential(60.0), &[]);
    let mut walk = Permutation {
        generator: 3,
        prime: (1 << 32) + 15,
        list: "internet".to_owned(),
        list_addresses: None,
        threads: 1,
        done: 0.1,
        next: Vec::new(),
        bits: 40.0,
        text: String::new(),
    };
    assert_eq!(weigh(&case, Some(&walk)).kind, ListKind::InternetWide);
    walk.prime = 257;
    let short = weigh(&case, Some(&walk));
    let wide = short.weighed.iter().find(|weighed| weighed.kind == ListKind::InternetWide).unwrap();
    assert!(wide.probability < 0.01, "{short:#?}");
}

#[test]
fn one_host_tells_nothing() {
    let list = weigh(&scan(&[HERE], &[(HERE, HERE + 255)], |_| 0.0, &[]), None);
    assert_eq!((list.kind, list.terms.len()), (ListKind::Unknown, 1));
}

#[test]
fn the_terms_add_up_to_the_odds() {
    let hosts: Vec<u32> = shuffled((0..1_024).map(|n| HERE + n).collect()).into_iter().take(9).collect();
    let list = weigh(&scan(&hosts, &[(HERE, HERE + 1_023)], exponential(3.0), &[HERE]), None);
    let sum = |kind: ListKind| -> f64 {
        list.terms
            .iter()
            .flat_map(|term| &term.bits)
            .filter(|bits| bits.kind == kind)
            .map(|bits| bits.bits)
            .sum()
    };
    let probability =
        |kind: ListKind| list.weighed.iter().find(|weighed| weighed.kind == kind).unwrap().probability;
    let prior = Prior::shipped();
    let (kinds, doubt) = (&prior.kind, prior.verdict.doubt);
    let prior_of = |share: f64| share / (1.0 - kinds.organisation);
    let clean = |kind: ListKind, share: f64| (probability(kind) - doubt * prior_of(share)) / (1.0 - doubt);
    let said =
        (clean(ListKind::InternetWide, kinds.internet_wide) / clean(ListKind::Block, kinds.block)).log2();
    let terms =
        sum(ListKind::InternetWide) - sum(ListKind::Block) + (kinds.internet_wide / kinds.block).log2();
    assert!((said - terms).abs() < 0.3, "{said} and {terms}: {list:#?}");
}

#[test]
fn ipv6_ranges_patterns_and_lists() {
    let case = |targets: Vec<u128>, outcome: Outcome| {
        let hits: Vec<Hit> = targets
            .iter()
            .enumerate()
            .map(|(nth, target)| Hit {
                time: nth as i64 * SECOND,
                target: Address::v6(target.to_be_bytes()),
                service: SSH,
                outcome,
            })
            .collect();
        let count = hits.len();
        let trace = Trace {
            source: v4(1),
            consecutive: count,
            hosts: count as u64,
            packets: count as u64,
            start: 0,
            end: count as i64 * SECOND,
            hits,
        };
        weigh(&(trace, Vec::new(), Holdings::default()), None)
    };
    let base = 0x2001_0db8_0077_0010_u128 << 64;
    assert_eq!(case((0..256).map(|n| base + n).collect(), Outcome::Silent).kind, ListKind::Block);
    let low = case((0..64).map(|n| base + (n << 64) + 1).collect(), Outcome::Silent);
    assert_eq!(low.kind, ListKind::Unknown);
    assert!(text(&low, "pattern").contains("low-byte"), "{low:#?}");
    let far = (0..9).map(|n: u64| base + ((u128::from(n) << 64) | u128::from((chance(n) * 1e18) as u64)));
    assert_eq!(case(far.collect(), Outcome::Answered).kind, ListKind::Curated);
}

/// C(n, k) as a whole number.
fn choose(n: u64, k: u64) -> f64 {
    (0..k).fold(1.0, |ways, i| ways * (n - i) as f64 / (i + 1) as f64)
}

#[test]
fn likelihoods_equal_independent_formulas() {
    let prior = Prior::shipped();
    let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-6 * b.abs().max(1.0), "{a} and {b}");
    // Over an even prior of rates that is wide enough, the time of k hits has the density of the prior itself.
    let even = Plateau { from: -30.0, to: 30.0, shoulder_from: 1e-9, shoulder_to: 1e-9 };
    near(of::rate(5.0, 10.0, 0.0, &even, f64::INFINITY), -60_f64.ln());
    // Eulerian numbers of 4: 1, 11, 11, 1 of 24.
    for (ascents, orders) in [(0, 1.0), (1, 11.0), (2, 11.0), (3, 1.0)] {
        near(of::shuffled(ascents, 3).exp(), orders / 24.0);
    }
    // Exponential gaps: their shares of the sum are even on the simplex, with density (n - 1)!.
    let gaps = Gaps { count: 6.0, ln_shares: -12.0, ..Gaps::default() };
    near(of::dirichlet(&gaps, 1.0).exp(), 120.0);
    // Every number of hits has its share, and they sum to one but for what covers nothing.
    let sum: f64 = (1..=64).map(|k| of::coverage(f64::from(k), 64.0, 0.6).exp()).sum();
    assert!((sum - 1.0).abs() < 1e-3, "{sum}");
    // A third of a block: C(12, 5) / C(4, ...) by whole numbers.
    near(of::confined(3.0, 4.0, 12.0).exp(), choose(12, 3) / choose(4, 3));
    // What is live: the sum over all numbers of live hosts, term by term.
    let (live, hits, others, size) = (3_u64, 4_u64, 2_u64, 12_u64);
    let (chance, chosen) = of::informed(3.0, 4.0, 2.0, 12.0, &prior.live, &prior.curated);
    let (floor, top) = (prior.live.floor * 12.0 + 1.0, 11);
    let weight = |all: u64| {
        let rest = (1.0 - prior.live.all) / (all as f64 + floor) / ((12.0 + floor) / floor).ln();
        rest + if all >= top { prior.live.all / 2.0 } else { 0.0 }
    };
    let mut by_chance = 0.0;
    let mut total = 0.0;
    for all in live + others..=size - (hits - live) {
        let known = weight(all) / (all - live + 1) as f64;
        by_chance += known * choose(all, live) * choose(size - all, hits - live) / choose(size, hits);
        total += known;
    }
    near(chance.exp(), by_chance);
    // One miss of four: the integral of 4 x (1 - x)^3 over Beta(miss, hit).
    let (a, b) = (prior.curated.miss, prior.curated.hit);
    let missed =
        4.0 * a * b * (b + 1.0) * (b + 2.0) / ((a + b) * (a + b + 1.0) * (a + b + 2.0) * (a + b + 3.0));
    near(chosen.exp(), total * missed);
}

proptest! {
    #[test]
    fn whatever_is_seen_probabilities_are_sound(
        blocks in proptest::collection::vec((0_u32..1 << 14, 0_u32..9), 0..5),
        hosts in proptest::collection::vec(0_u32..1 << 18, 1..300),
        step in 0_u64..5_000_000_000,
        coverage in proptest::collection::vec(0_u64..1 << 40, 0..6),
        live in proptest::collection::vec(0_u32..1 << 18, 0..40),
    ) {
        let mut ranges: Vec<(u32, u32)> = Vec::new();
        for (place, width) in blocks {
            let first = HERE + ((place << 4) & !((1 << width) - 1));
            let last = first + (1 << width) - 1;
            if ranges.iter().all(|range| last < range.0 || range.1 < first) {
                ranges.push((first, last));
            }
        }
        ranges.sort_unstable();
        let hosts: Vec<u32> = hosts.into_iter().map(|host| HERE + host).collect();
        let live: Vec<u32> = live.into_iter().map(|host| HERE + host).collect();
        let (trace, _, holdings) = scan(&hosts, &ranges, |n| (n % 7) as f64 * step as f64 * 1e-9, &live);
        // Counts that contradict the hits (a damaged state) must do no harm.
        let list = judge(&View {
            trace: &trace,
            coverage: &coverage,
            holdings: &holdings,
            permutation: None,
            replies_seen: step % 2 == 0,
        });
        let sum: f64 = list.weighed.iter().map(|weighed| weighed.probability).sum();
        prop_assert!(list.weighed.is_empty() || (sum - 1.0).abs() < 1e-3, "{list:?}");
        prop_assert!(list.terms.iter().flat_map(|term| &term.bits).all(|bits| bits.bits.is_finite()));
    }
}
