//! Of a sample nothing follows from what is not there: neither that nobody answered, nor that a target was left out.

mod common;

use common::{START, settings, syn, v4};
use watchpost_core::contact::{Contact, Outcome, Phase, SECOND};
use watchpost_core::pipeline::{Findings, Pipeline};
use watchpost_core::record::{Family, ListKind};

const MEMORY: u64 = 64 << 20;

/// A packet of `from` to its n-th target that a sampling exporter reported.
fn flow(n: u32, from: u8, port: u16, outcome: Outcome) -> Contact {
    let target = v4(20, 0, (n >> 8) as u8, n as u8);
    let contact = syn(START + i64::from(n) * SECOND, v4(198, 51, 100, from), target, port);
    Contact { phase: Phase::Flow, outcome, weight: 512, traits: 0, window: 0, ..contact }
}

fn found(contacts: &[Contact], sampled: bool) -> Findings {
    let mut pipeline = Pipeline::new(settings(MEMORY, 1));
    common::feed(&mut pipeline, contacts, 100);
    if sampled {
        pipeline.sampled();
    }
    pipeline.finish()
}

#[test]
fn a_busy_client_is_no_scanner() {
    // Of most connections another packet than the first was sampled, and of some nothing.
    let outcome = |n: u32| if n.is_multiple_of(8) { Outcome::Unknown } else { Outcome::Asked };
    for port in [25, 443, 993] {
        let visits: Vec<Contact> = (0..3_000).map(|n| flow(n, 7, port, outcome(n))).collect();
        assert!(found(&visits, true).campaigns.is_empty(), "{port}");
    }
}

#[test]
fn answers_that_were_not_sampled_are_not_missed() {
    let outcome_bits = |contacts: &[Contact]| {
        let findings = found(contacts, true);
        let ledgers: Vec<_> =
            findings.campaigns.iter().flat_map(|campaign| campaign.ledger.clone()).collect();
        assert!(!ledgers.is_empty(), "asking 3,000 hosts for telnet is told by that alone");
        ledgers.iter().filter(|entry| entry.family == Family::Outcome).map(|entry| entry.bits).sum::<f64>()
    };
    let untold: Vec<Contact> = (0..3_000).map(|n| flow(n, 8, 23, Outcome::Unknown)).collect();
    assert!(outcome_bits(&untold) <= 0.0);
    let silent: Vec<Contact> = (0..3_000).map(|n| flow(n, 8, 23, Outcome::Silent)).collect();
    assert!(outcome_bits(&silent) > 100.0, "where it is told, it counts");
}

#[test]
fn targets_that_were_not_sampled_are_not_left_out() {
    let hits: Vec<Contact> = (0..64)
        .map(|n| Contact {
            target: v4(203, 0, 113, (n * 37 % 256) as u8),
            ..flow(n, 9, 3389, Outcome::Refused)
        })
        .collect();
    let kind = |sampled| found(&hits, sampled).campaigns[0].target_list.kind;
    assert_ne!(kind(false), ListKind::Unknown);
    assert_eq!(kind(true), ListKind::Unknown);
}
