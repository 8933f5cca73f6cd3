//! What a survey adds to the judgement of traffic.

mod common;

use std::sync::Arc;

use common::*;
use watchpost_core::contact::{Contact, Outcome, Phase, SECOND, flags};
use watchpost_core::inventory::{Exposure, Inventory, Known, Rung, Service, State, Survey};
use watchpost_core::pipeline::{Findings, Pipeline};
use watchpost_core::record::{Severity, Status};

const PLENTY: u64 = 64 << 20;

/// A survey of 203.0.113.0/24 that asked TCP 1 to 1024, with these open.
fn known(open: &[(&str, &str)]) -> Arc<Known> {
    known_of(open, Survey::default())
}

/// The same, with what else its record says.
fn known_of(open: &[(&str, &str)], survey: Survey) -> Arc<Known> {
    let survey = Survey {
        blocks: vec!["203.0.113.0/24".into()],
        targets: vec!["203.0.113.0/24".into()],
        asked: vec!["tcp/1-1024".into()],
        coverage: 1.0,
        ..survey
    };
    let service = |(host, service): &(&str, &str)| Service {
        host: (*host).into(),
        service: (*service).into(),
        state: State::Open,
        confidence: 0.999,
        ..Service::default()
    };
    let services = open.iter().map(service).collect();
    Arc::new(Known::new(&Inventory { survey, services, exposures: vec![] }))
}

fn judged(contacts: &[Contact], known: Option<&Arc<Known>>, threads: usize) -> Findings {
    let mut pipeline = Pipeline::new(settings(PLENTY, threads));
    known.into_iter().for_each(|known| pipeline.informed(Arc::clone(known)));
    feed(&mut pipeline, contacts, 500);
    pipeline.finish()
}

fn standing(findings: &Findings) -> usize {
    findings.campaigns.iter().filter(|c| c.status != Status::Withdrawn).count()
}

fn sweep(hosts: u8, port: u16) -> Vec<Contact> {
    let to =
        |i: u8| syn(START + i64::from(i) * 60 * SECOND, v4(198, 51, 100, 7), v4(203, 0, 113, i * 9), port);
    (0..hosts).map(to).collect()
}

#[test]
fn three_targets_where_a_survey_found_nothing_decide() {
    let survey = known(&[]);
    assert_eq!(standing(&judged(&sweep(3, 22), None, 1)), 0);
    let three = judged(&sweep(3, 22), Some(&survey), 1);
    assert_eq!(standing(&three), 1);
    assert!(
        three.campaigns[0].ledger[0].text.contains("the survey found nothing at 3"),
        "{:?}",
        three.campaigns[0].ledger
    );
    assert_eq!(standing(&judged(&sweep(2, 22), Some(&survey), 1)), 0);
    // What the survey did not ask it knows nothing of.
    assert_eq!(standing(&judged(&sweep(4, 3389), Some(&survey), 1)), 0);
    assert_eq!(standing(&judged(&sweep(5, 3389), Some(&survey), 1)), 1);
}

#[test]
fn what_discovery_alone_was_asked_is_dark_there_and_nowhere_else() {
    // Nobody showed himself, so port 22 was asked of nobody.
    let survey = Survey { hosts_asked: Some(vec![]), knocks: vec!["tcp/443".into()], ..Survey::default() };
    let survey = known_of(&[], survey);
    assert_eq!(standing(&judged(&sweep(3, 443), Some(&survey), 1)), 1);
    assert_eq!(standing(&judged(&sweep(3, 22), Some(&survey), 1)), 0);
}

#[test]
fn an_outage_of_known_services_is_no_scan() {
    let hosts: Vec<String> = (0..6).map(|i| format!("203.0.113.{}", i * 9)).collect();
    let open: Vec<(&str, &str)> = hosts.iter().map(|host| (host.as_str(), "tcp/443")).collect();
    assert_eq!(standing(&judged(&sweep(6, 443), None, 1)), 1, "the test's premise");
    assert_eq!(standing(&judged(&sweep(6, 443), Some(&known(&open)), 1)), 0);
}

#[test]
fn traffic_that_shows_an_answer_is_right_and_the_survey_is_not() {
    let mut contacts = Vec::new();
    for probe in sweep(6, 443) {
        contacts.extend([probe, accepted(&probe), asked(&probe)]);
    }
    assert_eq!(standing(&judged(&contacts, Some(&known(&[])), 1)), 0);
}

#[test]
fn where_a_log_does_not_tell_how_it_went_the_survey_does() {
    let flow =
        |c: &Contact| Contact { phase: Phase::Flow, outcome: Outcome::Unknown, flags: flags::SYN, ..*c };
    let flows: Vec<Contact> = sweep(4, 22).iter().map(flow).collect();
    assert_eq!(standing(&judged(&flows, None, 1)), 0);
    assert_eq!(standing(&judged(&flows, Some(&known(&[])), 1)), 1);
}

#[test]
fn from_within_a_survey_of_the_outside_says_nothing() {
    let inside = |c: &Contact| Contact { source: v4(203, 0, 113, 200), ..*c };
    let contacts: Vec<Contact> = sweep(4, 22).iter().map(inside).collect();
    assert_eq!(standing(&judged(&contacts, Some(&known(&[])), 1)), 0);
}

#[test]
fn the_laws_hold_with_a_survey() {
    let survey = known(&[("203.0.113.80", "tcp/443"), ("203.0.113.9", "tcp/22")]);
    let contacts = mixed(21, 30_000);
    let one = judged(&contacts, Some(&survey), 1);
    assert_eq!(text(&judged(&contacts, Some(&survey), 3)), text(&one));
    let (before, after) = contacts.split_at(11_000);
    let mut first = Pipeline::new(settings(PLENTY, 1));
    first.informed(Arc::clone(&survey));
    feed(&mut first, before, 500);
    let mut second = Pipeline::restore(&first.snapshot(), settings(PLENTY, 1)).unwrap();
    second.informed(Arc::clone(&survey));
    feed(&mut second, after, 700);
    assert_eq!(text(&second.finish()), text(&one));
}

/// A sweep that finds one host open.
fn finding(source: u8, open: u8, from: i64) -> Vec<Contact> {
    let mut contacts = Vec::new();
    for i in 0..8u8 {
        let probe =
            syn(START + (from + i64::from(i)) * SECOND, v4(198, 51, 100, source), v4(203, 0, 113, i * 9), 80);
        contacts.push(probe);
        if i * 9 == open {
            contacts.push(accepted(&probe));
        }
    }
    contacts
}

#[test]
fn the_scan_that_was_shown_the_worst_comes_first() {
    let exposure = |host: &str, rung, within_policy| Exposure {
        host: host.into(),
        service: "tcp/80".into(),
        check: "made".into(),
        rung,
        what: format!("{rung:?}"),
        within_policy,
        ..Exposure::default()
    };
    let survey = Survey { blocks: vec!["203.0.113.0/24".into()], ..Survey::default() };
    let exposures = vec![
        exposure("203.0.113.9", Rung::Anonymous, None),
        exposure("203.0.113.18", Rung::Sensitive, None),
        exposure("203.0.113.27", Rung::Sensitive, Some(true)),
        exposure("203.0.113.36", Rung::Reachable, Some(false)),
        exposure("203.0.113.45", Rung::Sensitive, None),
    ];
    let survey = Arc::new(Known::new(&Inventory { survey, services: vec![], exposures }));
    let contacts: Vec<Contact> = [(1, 9, 0), (2, 18, 100), (3, 27, 200), (4, 36, 300)]
        .iter()
        .flat_map(|(s, o, t)| finding(*s, *o, *t))
        .collect();
    let findings = judged(&contacts, Some(&survey), 1);
    let learned = |rule: &str| rule.starts_with("it learned an exposure");
    let rows: Vec<(&str, bool)> =
        findings.campaigns.iter().map(|c| (c.sources[0].as_str(), learned(&c.severity_rule))).collect();
    // The policy's own exposure is learned on any rung; what it allows raises nothing.
    let expected =
        [("198.51.100.2", true), ("198.51.100.1", true), ("198.51.100.4", true), ("198.51.100.3", false)];
    assert_eq!(rows, expected);
    let pairs: Vec<(&str, usize)> =
        findings.exposures.iter().map(|e| (e.host.as_str(), e.seen_by.len())).collect();
    let expected = [
        ("203.0.113.18", 1),
        ("203.0.113.9", 1),
        ("203.0.113.36", 1),
        ("203.0.113.27", 1),
        ("203.0.113.45", 0),
    ];
    assert_eq!(pairs, expected);
    assert_eq!(findings.exposures[0].seen_by[0].campaign, findings.campaigns[0].id);
    assert_eq!(findings.exposures[0].seen_by[0].severity, Severity::High);
}
