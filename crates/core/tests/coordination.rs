//! Sources that are one scan, through the whole line: those of one probe each, and a campaign that goes with them.

mod common;

use common::*;
use watchpost_core::contact::{Contact, SECOND};
use watchpost_core::net::Address;
use watchpost_core::record::Campaign;

const PLENTY: u64 = 64 << 20;
const BOTS: u32 = 128;
const FIRST: i64 = 500 * SECOND;

/// The `n`th host of the block, in an order that nobody sees.
fn host(n: u32) -> Address {
    v4(203, 0, 113, ((n * 181 + 77) % 256) as u8 ^ 0x5a)
}

/// Half of the block, a host a source, among a thousand single probes of strangers.
fn divided() -> Vec<Contact> {
    let mut numbers = Numbers(77);
    let mut all = Vec::new();
    for n in 0..BOTS {
        let source = v4(130 + (n / 2) as u8, n as u8, 9, 7);
        let probe = syn(START + FIRST + i64::from(n) * SECOND, source, host(n), 23);
        all.push(Contact { window: 1_234, ..probe });
    }
    for n in 0..1_000 {
        let source = Address::v4((0xc800_0000 + numbers.below(1 << 26) as u32).to_be_bytes());
        let target = v4(203, 0, 113, numbers.below(256) as u8);
        all.push(syn(START + n * 2 * SECOND, source, target, 23));
    }
    all.sort_by_key(|contact| contact.time);
    all
}

fn standing(campaigns: Vec<Campaign>) -> Vec<Campaign> {
    campaigns.into_iter().filter(|campaign| campaign.merged_into.is_none()).collect()
}

#[test]
fn sources_of_one_probe_each_are_one_campaign() {
    let all = divided();
    let found = run(&all, settings(PLENTY, 1), 500);
    for threads in [2, 3] {
        assert_eq!(text(&run(&all, settings(PLENTY, threads), 8_192)), text(&found));
    }
    let campaigns = standing(found.campaigns);
    assert_eq!(campaigns.len(), 1);
    assert_eq!((campaigns[0].sources.len(), campaigns[0].hosts.count), (128, 128));
}

#[test]
fn a_campaign_that_does_the_rest_takes_them_in() {
    let mut all = divided();
    let alone = v4(198, 51, 100, 7);
    for n in BOTS..256 {
        let probe = syn(START + FIRST + i64::from(n) * SECOND / 2, alone, host(n), 23);
        all.push(Contact { window: 1_234, ..probe });
    }
    all.sort_by_key(|contact| contact.time);
    let campaigns = standing(run(&all, settings(PLENTY, 1), 500).campaigns);
    assert_eq!(campaigns.len(), 1);
    assert_eq!((campaigns[0].sources.len(), campaigns[0].hosts.count), (129, 256));
    assert!(campaigns[0].sources.contains(&alone.to_string()));
    let coordination = campaigns[0].coordination.as_ref().unwrap();
    assert!(coordination.chance_log10 < -30.0, "{coordination:?}");
}

#[test]
fn the_search_keeps_within_a_small_budget() {
    // The sources of the flood are evicted by the thousand; what is left is still searched, in a few kilobytes.
    let mut all = divided();
    let last = all[all.len() - 1].time;
    for n in 0..30_000u32 {
        let source = Address::v4((0x5000_0000 + n.wrapping_mul(70_001) % (1 << 29)).to_be_bytes());
        let probe = syn(START + i64::from(n) * SECOND / 60, source, host(n * 7 % 251), 80);
        all.push(Contact { window: 512, ..probe });
    }
    all.retain(|contact| contact.time <= last);
    all.sort_by_key(|contact| contact.time);
    let found = run(&all, settings(4 << 20, 1), 500);
    assert!(found.memory.peak <= 4 << 20, "{:?}", found.memory);
    let campaigns = standing(found.campaigns);
    assert_eq!(campaigns.len(), 1);
    assert_eq!(campaigns[0].sources.len(), 128);
}
