//! Campaigns that resemble, and that do not.

use super::*;
use crate::contact::Transport;
use crate::net::Address;
use crate::record::{
    Count, Direction, FactKind, LessonCounts, ListKind, Order, Severity, Shape, Status, TargetList, Tool,
};
use crate::record::{Learned, Stamp};
use crate::utterance::{Facts, Protocol, Role};

fn campaign(services: &[&str]) -> Campaign {
    let none = Count { count: 0, exact: true };
    let ranges: Vec<_> =
        services.iter().filter_map(|s| ports::Ports::try_from((*s).to_owned()).ok()).collect();
    Campaign {
        schema_version: 1,
        id: String::new(),
        revision: 1,
        status: Status::Closed,
        withdrawn_because: None,
        merged_into: None,
        start: Stamp::from(0),
        end: Stamp::from(0),
        decided: Stamp::from(0),
        sources: Vec::new(),
        source_count: 1,
        direction: Direction::Inbound,
        techniques: Vec::new(),
        attack_version: String::new(),
        shape: Shape::Horizontal,
        probes: Vec::new(),
        probe_count: 0,
        hosts: none,
        services: Count { count: ranges.iter().map(ports::Ports::count).sum(), exact: true },
        top_services: services.iter().take(16).map(ToString::to_string).collect(),
        service_ranges: services.iter().map(ToString::to_string).collect(),
        targets: Vec::new(),
        learned: Learned { open_hosts: none, alive_hosts: none, refused_hosts: none },
        prefixes: Vec::new(),
        prefix_count: 0,
        coverage: Vec::new(),
        rate: None,
        median_gap: None,
        order: Order::Unknown,
        nesting: None,
        tools: Vec::new(),
        permutation: None,
        target_list: TargetList::unknown(),
        coordination: None,
        procedures: Vec::new(),
        lessons: LessonCounts::default(),
        follow_ups: Vec::new(),
        confidence: 1.0,
        bits: 10.0,
        severity: Severity::Low,
        severity_rule: String::new(),
        stands_out: None,
        at_least: false,
        ledger: Vec::new(),
        counterfactual: String::new(),
    }
}

fn with_tool(mut campaign: Campaign, name: &str) -> Campaign {
    campaign.tools = vec![Tool { name: name.into(), version: None, confidence: 0.99, text: String::new() }];
    campaign
}

fn with_list(mut campaign: Campaign, kind: ListKind) -> Campaign {
    campaign.target_list = TargetList { kind, confidence: 0.9, ..TargetList::unknown() };
    campaign
}

pub(super) fn said(facts: &[(FactKind, &str)]) -> Utterance {
    Utterance {
        time: 0,
        sensor: 0,
        speaker: Address::v4([203, 0, 113, 9]),
        speaker_port: 40_000,
        listener: Address::v4([192, 0, 2, 5]),
        listener_port: 2375,
        transport: Transport::Tcp,
        role: Role::Client,
        protocol: Protocol::Http,
        facts: Facts::new(facts.iter().copied()),
    }
}

fn names(found: &[Procedure]) -> Vec<&str> {
    found.iter().map(|p| p.name.as_str()).collect()
}

const HUNTING: &str = "container-plane hunting";

#[test]
fn container_hunting_is_a_hint_and_grows_with_what_is_asked() {
    let ports = with_tool(campaign(&["tcp/2375-2376", "tcp/6443", "tcp/10250"]), "masscan");
    let silent = resembled(&ports, &[]);
    assert_eq!(names(&silent), [HUNTING]);

    let listed = with_list(ports, ListKind::Curated);
    let speech = [
        said(&[(FactKind::Request, "GET /v1.24/containers/json")]),
        said(&[(FactKind::Request, "GET /static../root/.aws/credentials")]),
    ];
    let speaking = resembled(&listed, &speech.iter().collect::<Vec<_>>());
    assert!(speaking[0].confidence > silent[0].confidence + 0.1);
    assert!(speaking[0].confidence <= 0.6);
    for word in
        ["G0139", "tcp/2375-2377", "/.aws/credentials", "/v1.24/containers/json", "not an attribution"]
    {
        assert!(speaking[0].text.contains(word), "{word}: {}", speaking[0].text);
    }
    assert_eq!(speaking[0].references, ["G0139", "S0601"]);
}

#[test]
fn a_scan_of_all_ports_or_of_one_web_port_resembles_nothing() {
    for services in [
        &["tcp/1-65535"][..],
        &["tcp/8080"],
        &["tcp/22"],
        &["tcp/80", "tcp/443", "tcp/2375", "tcp/21", "tcp/25"],
    ] {
        let scan = with_list(with_tool(campaign(services), "zmap"), ListKind::InternetWide);
        assert_eq!(names(&resembled(&scan, &[])), [""; 0], "{services:?}");
    }
}

#[test]
fn one_docker_port_by_a_common_tool_is_not_enough() {
    let scan = with_list(campaign(&["tcp/2375"]), ListKind::InternetWide);
    assert_eq!(names(&resembled(&scan, &[])), [""; 0]);
    let asks = said(&[(FactKind::Request, "GET /version")]);
    assert_eq!(names(&resembled(&scan, &[&asks])), [HUNTING]);
}

#[test]
fn a_block_scan_with_masscan_resembles_only_once_it_was_used() {
    let mut scan = with_list(with_tool(campaign(&["tcp/22", "tcp/443"]), "masscan"), ListKind::Block);
    assert_eq!(names(&resembled(&scan, &[])), [""; 0]);
    scan.follow_ups = vec!["ABCDEFGHIJKLMNOP".into()];
    let found = resembled(&scan, &[]);
    assert_eq!(names(&found), ["block scan with a follow-up"]);
    assert!(found[0].confidence < 0.35 && found[0].references == ["G1003"]);
    scan.direction = Direction::Internal;
    assert_eq!(names(&resembled(&scan, &[])), [""; 0]);
    scan.direction = Direction::Inbound;
    scan.target_list.kind = ListKind::InternetWide;
    assert_eq!(names(&resembled(&scan, &[])), [""; 0]);
}

#[test]
fn ports_that_belong_together_are_wanted_all() {
    let of = |services: &[&str]| resembled(&campaign(services), &[]);
    assert_eq!(of(&["tcp/22", "tcp/6379", "tcp/7001"])[0].references, ["G0106"]);
    assert_eq!(names(&of(&["tcp/22", "tcp/6379"])), [""; 0]);
    assert_eq!(of(&["tcp/135", "tcp/1433"])[0].references, ["S0532"]);
    assert_eq!(of(&["tcp/40", "tcp/5900", "tcp/8080"])[0].references, ["G0039"]);
    let mut inside = with_tool(campaign(&["tcp/427", "tcp/902"]), "rustscan");
    assert_eq!(names(&resembled(&inside, &[])), [""; 0]);
    inside.direction = Direction::Internal;
    assert_eq!(resembled(&inside, &[])[0].references, ["C0027"]);
}

#[test]
fn where_ranges_were_too_many_the_top_services_stand_for_them() {
    let mut scan = campaign(&["tcp/2375", "tcp/10250", "tcp/6443"]);
    scan.service_ranges.clear();
    let asks = said(&[(FactKind::Request, "GET /pods")]);
    assert_eq!(names(&resembled(&scan, &[&asks])), [HUNTING]);
    scan.services.count = 5_000;
    assert_eq!(names(&resembled(&scan, &[&asks])), [""; 0]);
}

#[test]
fn techniques_come_from_what_was_asked() {
    let of = |speech: &[Utterance]| techniques_of(&speech.iter().collect::<Vec<_>>());
    assert_eq!(of(&[]), [""; 0]);
    let ordinary =
        [(FactKind::Request, "GET /"), (FactKind::UserAgent, "Mozilla/5.0"), (FactKind::Request, "INFO")];
    assert_eq!(of(&[said(&ordinary)]), [""; 0]);
    for (what, text) in [
        (FactKind::Request, "GET /nice%20ports%2C/Tri%6Eity.txt%2ebak"),
        (FactKind::Request, "GET /app/.ENV"),
        (FactKind::Request, "POST /_layouts/15/ToolPane.aspx?DisplayMode=Edit"),
        (
            FactKind::UserAgent,
            "Mozilla/5.0 (compatible; Nmap Scripting Engine; https://nmap.org/book/nse.html)",
        ),
        (FactKind::UserAgent, "${jndi:ldap://192.0.2.1/a}"),
    ] {
        assert_eq!(of(&[said(&[(what, text)])]), ["T1595.002"], "{text}");
    }
}

#[test]
fn many_paths_or_names_of_one_server_are_a_wordlist() {
    let words = |from: u32, to: u32, port: u16, text: fn(u32) -> (FactKind, String)| -> Vec<Utterance> {
        let one = |i| {
            let (what, text) = text(i);
            Utterance { listener_port: port, ..said(&[(what, &text)]) }
        };
        (from..to).map(one).collect()
    };
    let of = |speech: &[Utterance]| techniques_of(&speech.iter().collect::<Vec<_>>());
    let path = |i| (FactKind::Request, format!("GET /admin{i}?x=1"));
    let name = |i| (FactKind::AskedName, format!("host{i}.example"));
    let same = |i| (FactKind::Request, format!("GET /?q={i}"));
    assert_eq!(of(&words(0, 20, 80, path)), ["T1595.003"]);
    assert_eq!(of(&words(0, 19, 80, path)), [""; 0]);
    assert_eq!(of(&[words(0, 15, 80, path), words(15, 30, 81, path)].concat()), [""; 0], "two servers");
    assert_eq!(of(&words(0, 20, 443, name)), ["T1595.003"]);
    assert_eq!(of(&words(0, 40, 80, same)), [""; 0]);
    let mut questions = words(0, 40, 53, name);
    questions.iter_mut().for_each(|q| q.protocol = Protocol::Dns);
    assert_eq!(of(&questions), [""; 0]);
}

#[test]
fn every_shipped_sign_can_match_and_what_is_wrong_is_named() {
    let text = include_str!("../../../../data/procedures.toml");
    let book = Book::parse(text).unwrap();
    assert!(book.profile.len() >= 5);
    let with = |from: &str, to: &str| Book::parse(&text.replacen(from, to, 1)).unwrap_err();
    assert!(with("ceiling = 0.6", "ceilings = 0.6").contains("ceilings"));
    assert!(with("ceiling = 0.6", "ceiling = 1.5").starts_with(HUNTING));
    assert!(with("lists = [\"curated\"]", "lists = [\"cured\"]").contains("cured"));
    assert!(with("tools = [", "follow-up = true\ntools = [").contains("one test"));
    assert!(with("share = 0.6\n", "").contains("`share` belongs to `within`"));
    assert!(with("base = -5", "base = -50").contains("do not suffice"));
    assert!(
        with("name = \"block scan with a follow-up\"", "name = \"container-plane hunting\"")
            .contains("twice")
    );
    assert!(with("\"tcp/4040\"", "\"tcp/40400000\"").contains("tcp/40400000"));
    for key in "any all within share tools lists directions follow-up requests inside agents against required"
        .split(' ')
    {
        assert!(text.contains(&format!("\n{key} = ")), "{key} is used nowhere");
    }
}

#[test]
fn what_visitors_do_not_ask_for_is_told_apart() {
    let of = |what, text| hunts(&said(&[(what, text)]));
    for text in [
        "GET /.env",
        "GET /app/.git/config",
        "GET /x/..%2f..%2fetc/shadow",
        "GET /nice%20ports%2C/Tri%6Eity.txt%2ebak",
    ] {
        assert_eq!(of(FactKind::Request, text), Some(Hunt::Prizes), "{text}");
    }
    for text in ["GET /v1.24/containers/json", "GET /_ping", "GET /runningpods/", "GET /api/v1/pods"] {
        assert_eq!(of(FactKind::Request, text), Some(Hunt::Controls), "{text}");
    }
    for text in ["GET /", "GET /version", "GET /sdk", "PING", "INFO", "GET /autodiscover/autodiscover.json"] {
        assert_eq!(of(FactKind::Request, text), None, "{text}");
    }
    assert_eq!(of(FactKind::UserAgent, "Mozilla/5.0 zgrab/0.x"), Some(Hunt::Prizes));
    assert_eq!(of(FactKind::UserAgent, "Prometheus/2.45"), None);
}
