//! The laws of the design, each held by a test.

mod common;

use common::*;
use proptest::prelude::*;
use watchpost_core::contact::{Contact, SECOND};
use watchpost_core::net::Address;
use watchpost_core::pipeline::{Pipeline, RestoreError, Settings};
use watchpost_core::record::Status;

const PLENTY: u64 = 64 << 20;
/// So little that the mixed traffic evicts most of its sources.
const SCARCE: u64 = 4 << 20;

#[test]
fn the_number_of_threads_never_shows_not_even_when_the_budget_evicts() {
    let contacts = mixed(11, 120_000);
    for memory in [PLENTY, SCARCE] {
        let one = run(&contacts, settings(memory, 1), 8_192);
        assert_eq!(one.memory.evicted_sources > 0, memory == SCARCE, "the test's premise");
        for threads in [2, 3, 8] {
            assert_eq!(text(&run(&contacts, settings(memory, threads), 8_192)), text(&one));
        }
    }
}

#[test]
fn how_much_is_read_at_a_time_never_shows() {
    let contacts = mixed(12, 20_000);
    let whole = text(&run(&contacts, settings(SCARCE, 1), usize::MAX));
    assert_eq!(text(&run(&contacts, settings(SCARCE, 2), 1_000)), whole);
    assert_eq!(text(&run(&contacts, settings(SCARCE, 1), 1)), whole);
}

#[test]
fn a_state_of_other_settings_or_other_bytes_is_refused() {
    let mut pipeline = Pipeline::new(settings(PLENTY, 1));
    feed(&mut pipeline, &mixed(1, 100), 64);
    let state = pipeline.snapshot();
    let refused = |state: &[u8], settings| Pipeline::restore(state, settings).err().map(|e| e.to_string());
    assert!(refused(&state, settings(SCARCE, 1)).unwrap().contains("memory"));
    for damaged in [&state[..2], &state[..9], &state[..state.len() - 1]] {
        assert!(matches!(Pipeline::restore(damaged, settings(PLENTY, 1)), Err(RestoreError::Damaged)));
    }
    let mut flipped = state.clone();
    *flipped.last_mut().unwrap() ^= 1;
    assert!(matches!(Pipeline::restore(&flipped, settings(PLENTY, 1)), Err(RestoreError::Damaged)));
    let mut newer = state.clone();
    newer[0] = 9;
    assert!(refused(&newer, settings(PLENTY, 1)).unwrap().contains("version 9"));
    assert_eq!(refused(&state, settings(PLENTY, 1)), None);
}

#[test]
fn a_finished_campaign_is_part_of_the_state() {
    let source = v4(198, 51, 100, 7);
    let sweep =
        |start| (0..20u8).map(move |i| syn(start + i64::from(i) * SECOND, source, v4(203, 0, 113, i), 22));
    let contacts: Vec<_> = sweep(START).chain(sweep(START + 40 * 24 * HOUR)).collect();
    let mut first = Pipeline::new(settings(PLENTY, 1));
    feed(&mut first, &contacts[..25], 8);
    let mut second = Pipeline::restore(&first.snapshot(), settings(PLENTY, 1)).unwrap();
    feed(&mut second, &contacts[25..], 8);
    let restored = second.finish();
    assert_eq!(restored.campaigns.len(), 2);
    assert_eq!(text(&restored), text(&run(&contacts, settings(PLENTY, 1), 8)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn splitting_and_restoring_gives_what_one_run_gives(
        seed in 1u64..1000, cut in 0usize..9_000, scarce: bool, threads in 1usize..3
    ) {
        let contacts = mixed(seed, 6_000);
        let memory = if scarce { 1 << 20 } else { PLENTY };
        let whole = run(&contacts, settings(memory, threads), 500);
        let (before, after) = contacts.split_at(cut.min(contacts.len()));
        let mut first = Pipeline::new(settings(memory, 1));
        feed(&mut first, before, 500);
        let mut second = Pipeline::restore(&first.snapshot(), settings(memory, threads)).unwrap();
        feed(&mut second, after, 700);
        prop_assert_eq!(text(&second.finish()), text(&whole));
    }
}

#[test]
fn five_dead_targets_are_reported_at_any_pace() {
    for gap in [1_000, SECOND, HOUR, 24 * HOUR] {
        let probes: Vec<_> = (0..5)
            .map(|i| syn(START + i * gap, v4(198, 51, 100, 7), v4(203, 0, 113, i as u8 * 9), 22))
            .collect();
        assert_eq!(run(&probes[..4], settings(PLENTY, 1), 1).campaigns.len(), 0);
        let found = run(&probes, settings(PLENTY, 1), 1).campaigns;
        assert_eq!(found.len(), 1, "gap {gap} ns");
        assert_eq!(found[0].hosts.count, 5);
    }
}

#[test]
fn ten_dead_ports_of_one_host_are_reported() {
    let port =
        |i: u16| syn(START + i64::from(i) * SECOND, v4(198, 51, 100, 7), v4(203, 0, 113, 5), 1000 + 7 * i);
    let probes: Vec<_> = (0..10).map(port).collect();
    assert_eq!(run(&probes, settings(PLENTY, 1), 1).campaigns.len(), 1);
    assert_eq!(run(&probes[..5], settings(PLENTY, 1), 1).campaigns.len(), 0);
}

#[test]
fn one_probe_an_hour_for_days_is_one_campaign() {
    let target = |i: i64| v4(203, 0, 113, (i * 37 % 256) as u8);
    let probes: Vec<_> =
        (0..96).map(|i| syn(START + i * HOUR, v4(198, 51, 100, 7), target(i), 3389)).collect();
    let found = run(&probes, settings(PLENTY, 1), 1).campaigns;
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].hosts.count, found[0].revision, found[0].status), (96, 1, Status::Open));
    assert_eq!(found[0].coverage[0].hosts.count, 96);
}

#[test]
fn a_probe_every_six_hours_beside_a_million_one_time_sources_is_found_within_the_budget() {
    let memory = 32 << 20;
    let mut numbers = Numbers(99);
    let total = 1_000_000i64;
    let span = 10 * 24 * HOUR;
    let slow = v4(198, 51, 100, 9);
    let mut next_slow = 0;
    let mut contacts = Vec::with_capacity(total as usize + 40);
    for i in 0..total {
        let time = START + span / total * i;
        if time >= START + next_slow * 6 * HOUR {
            contacts.push(syn(time, slow, v4(203, 0, 113, next_slow as u8), 22));
            next_slow += 1;
        }
        let once = Address::v4((0x1000_0000 + numbers.below(1 << 28) as u32).to_be_bytes());
        contacts.push(syn(time, once, v4(203, 0, 113, numbers.below(256) as u8), 445));
    }
    let findings = run(&contacts, settings(memory, 2), 8_192);
    assert!(findings.memory.evicted_sources > 500_000, "the test's premise");
    assert!(findings.memory.peak <= memory, "{:?}", findings.memory);
    let found: Vec<_> = findings.campaigns.iter().map(|c| c.sources[0].clone()).collect();
    assert_eq!(found, ["198.51.100.9"]);
    assert_eq!(findings.campaigns[0].hosts.count, 40);
}

#[test]
fn the_budget_holds_and_the_scanner_in_the_flood_is_found() {
    let contacts = mixed(5, 300_000);
    let findings = run(&contacts, settings(8 << 20, 1), 8_192);
    assert!(findings.memory.peak <= 8 << 20, "{:?}", findings.memory);
    let scanners = findings.campaigns.iter().filter(|c| c.sources[0].starts_with("198.51.100.")).count();
    assert_eq!(scanners, 7);
    assert_eq!(findings.campaigns.len(), 7, "no spoofed source is a scan");
}

#[test]
fn loopback_multicast_and_self_are_never_campaigns() {
    let to = |i: u8| v4(203, 0, 113, i);
    let mut contacts = Vec::new();
    for i in 0..50u8 {
        let time = START + i64::from(i) * SECOND;
        contacts.push(syn(time, v4(127, 0, 0, 1), v4(127, 0, 0, i), 22));
        contacts.push(syn(time, v4(127, 0, 0, 1), to(i), 22));
        contacts.push(syn(time, v4(192, 0, 2, 1), v4(239, 1, 1, i), 22));
        contacts.push(syn(time, to(i), to(i), 22));
    }
    let findings = run(&contacts, settings(PLENTY, 1), 10);
    assert_eq!(findings.campaigns.len(), 0);
    assert_eq!(findings.dropped.iter().map(|d| d.1).collect::<Vec<_>>(), [100, 50, 50]);
}

#[test]
fn times_at_the_ends_of_time_are_judged_too() {
    let times = [i64::MIN, i64::MIN + 1, 0, START, i64::MAX - 1, i64::MAX, i64::MIN, i64::MAX];
    let probe = |(i, time)| syn(time, v4(198, 51, 100, 7), v4(203, 0, 113, i as u8), 22);
    let probes: Vec<_> = times.into_iter().enumerate().map(probe).collect();
    let hosts: u64 = run(&probes, settings(PLENTY, 1), 3).campaigns.iter().map(|c| c.hosts.count).sum();
    assert!(hosts <= 8);
    assert_eq!(run(&probes, settings(PLENTY, 1), 3).contacts, 8);
}

#[test]
fn going_on_within_a_month_is_a_revision_and_later_a_new_campaign() {
    let source = v4(198, 51, 100, 7);
    let sweep = |start, from: u8| {
        (0..20u8).map(move |i| syn(start + i64::from(i) * SECOND, source, v4(203, 0, 113, from + i), 22))
    };
    let again = START + 20 * 24 * HOUR;
    let much_later = again + 40 * 24 * HOUR;
    let contacts: Vec<_> = sweep(START, 0).chain(sweep(again, 20)).chain(sweep(much_later, 40)).collect();
    let one = run(&contacts[..20], settings(PLENTY, 1), 7).campaigns;
    let two = run(&contacts[..40], settings(PLENTY, 1), 7).campaigns;
    let three = run(&contacts, settings(PLENTY, 1), 7).campaigns;
    assert_eq!((one.len(), two.len(), three.len()), (1, 1, 2));
    assert_eq!(one[0].id, two[0].id);
    assert_eq!((one[0].revision, two[0].revision, two[0].hosts.count), (1, 3, 40));
    assert_eq!((three[0].id == one[0].id, three[0].status), (true, Status::Closed));
    assert_ne!(three[1].id, one[0].id);
    assert_eq!(three[1].hosts.count, 20);
}

#[test]
fn what_is_reported_early_is_withdrawn_when_peers_show() {
    // Scattered, an overlay's port, tried again, some long talks; six dead ones come first.
    let source = v4(203, 0, 113, 7);
    let peer = |i: i64| v4(20 + i as u8, 3 * i as u8, 9, 1);
    let mut contacts = Vec::new();
    for i in 0..6 {
        contacts.push(syn(START + i * 10 * SECOND, source, peer(i), 5501));
    }
    let early = run(&contacts, settings(PLENTY, 1), 3).campaigns;
    assert_eq!(early[0].status, Status::Open);
    for round in 1..4i64 {
        for i in 0..9 {
            let again = syn(START + round * 200 * SECOND + i * 10 * SECOND, source, peer(i), 5501);
            contacts.push(again);
            if i > 5 {
                contacts.extend([accepted(&again), asked(&again)]);
            }
        }
    }
    let late = run(&contacts, settings(PLENTY, 1), 3).campaigns;
    assert_eq!(late.len(), 1, "it stays on record");
    assert_eq!((&late[0].id, late[0].status), (&early[0].id, Status::Withdrawn));
    assert!(late[0].withdrawn_because.as_ref().unwrap().contains("peer-to-peer"));
}

#[test]
fn every_campaign_is_listed_or_counted_and_the_strongest_is_listed() {
    // Far more small scans than there is room for, then one large one among more of the small ones.
    let small = |n: u32| {
        let source = Address::v4((0x1000_0000 + n).to_be_bytes());
        (0..6u8).map(move |i| syn(START + i64::from(n) * SECOND, source, v4(203, 0, 113, i * 9), 22))
    };
    let large =
        |n: u32| syn(START + i64::from(n) * SECOND, v4(198, 51, 100, 7), v4(203, 0, 113, n as u8), 22);
    let contacts: Vec<_> =
        (0..8_000).flat_map(|n| small(n).chain((4_000..4_250).contains(&n).then(|| large(n)))).collect();
    let findings = run(&contacts, settings(4 << 20, 1), 8_192);
    assert!(findings.unreported > 1_000 && findings.memory.evicted_campaigns > 0, "the test's premise");
    assert_eq!(findings.campaigns.len() as u64 + findings.unreported, 8_001);
    assert_eq!(findings.campaigns.iter().filter(|c| c.hosts.count == 250).count(), 1);
}

#[test]
fn the_budget_holds_where_many_small_sources_give_way_to_few_large_ones() {
    let memory = 16 << 20;
    let source = |n: u32| Address::v4((0x1000_0000 + n).to_be_bytes());
    let at = |n: u32| START + i64::from(n) * 1_000_000;
    let flood = (0..600_000).map(|n| syn(at(n), source(n), v4(203, 0, 113, 1), 80));
    let large =
        (600_000..1_600_000).map(|n| syn(at(n), source(n / 200), v4(203, 0, 113, (n % 200) as u8), 80));
    let findings = run(&flood.chain(large).collect::<Vec<_>>(), settings(memory, 1), 8_192);
    assert!(findings.memory.evicted_sources > 400_000, "the test's premise");
    assert!(findings.memory.peak <= memory, "{:?}", findings.memory);
}

#[test]
fn coverage_of_a_wide_own_block_is_near_and_the_busiest_service_is_named() {
    // All of a /13 in a mixed order, behind forty decoys: too much to be held exactly.
    let wide = Settings { blocks: vec!["10.64.0.0/13".parse().unwrap()], ..settings(PLENTY, 1) };
    let target = |i: u32| Address::v4((0x0a40_0000 | (i.wrapping_mul(40_503) & 0x7_ffff)).to_be_bytes());
    let port = |i: u32| if i < 256 { 1_000 + (i % 40) as u16 } else { 22 };
    let probe = |i: u32| syn(START + i64::from(i) * 1_000_000, v4(198, 51, 100, 7), target(i), port(i));
    let found = run(&(0..524_288).map(probe).collect::<Vec<_>>(), wide, 8_192).campaigns;
    let coverage = &found[0].coverage[0];
    assert!(!coverage.hosts.exact, "the test's premise");
    assert!((440_000..=524_288).contains(&coverage.hosts.count), "{coverage:?}");
    assert_eq!(found[0].top_services[0], "tcp/22");
}

/// Who asks one port of no known service all over the Internet: of every `many` hosts one answers.
fn asks_around(many: i64, target: fn(i64) -> Address) -> Vec<Contact> {
    let mut contacts = Vec::new();
    for i in 0..60 {
        let syn = syn(START + i * SECOND, v4(203, 0, 113, 9), target(i), 15_501);
        contacts.push(syn);
        if i % many == 0 {
            contacts.extend([accepted(&syn), asked(&syn)]);
        }
    }
    contacts
}

#[test]
fn who_finds_answers_all_over_the_internet_knows_peers() {
    let unrelated = |i: i64| v4(20 + i as u8, 3 * i as u8, 9, 1);
    let standing = |contacts: Vec<Contact>| {
        run(&contacts, settings(PLENTY, 1), 10)
            .campaigns
            .iter()
            .filter(|c| c.status != Status::Withdrawn)
            .count()
    };
    assert_eq!(standing(asks_around(3, unrelated)), 0);
    assert_eq!(standing(asks_around(20, unrelated)), 1, "hardly anybody answers");
    assert_eq!(standing(asks_around(3, |i| v4(20, 3, 9, i as u8))), 1, "one network");
}
