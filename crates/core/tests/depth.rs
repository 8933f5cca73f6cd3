//! Depth through the whole line: what is said, who belongs together, what was learned, who came back.

mod common;

use common::*;
use watchpost_core::contact::{Contact, SECOND, Time, Transport, traits};
use watchpost_core::net::Address;
use watchpost_core::pipeline::{Findings, Pipeline, Settings};
use watchpost_core::record::{Campaign, FactKind, Family, Link, Order, ServiceState, Severity};
use watchpost_core::utterance::{Facts, Protocol, Role, Utterance};

const PLENTY: u64 = 64 << 20;

/// What a server said on the connection that a SYN opened.
fn greeting(syn: &Contact, text: &str) -> Utterance {
    Utterance {
        time: syn.time + 2_000_000,
        sensor: 0,
        speaker: syn.target,
        speaker_port: syn.port,
        listener: syn.source,
        listener_port: syn.source_port,
        transport: Transport::Tcp,
        role: Role::Server,
        protocol: Protocol::Ssh,
        facts: Facts::new([(FactKind::Software, text)]),
    }
}

fn told(syn: &Contact) -> Contact {
    let (source, target) = (syn.target, syn.source);
    let (port, source_port) = (syn.source_port, syn.port);
    Contact { source, target, port, source_port, ..asked(syn) }
}

/// Runs contacts and utterances; each utterance is handed over with the piece that holds its last packet, or before.
fn run_hearing(contacts: &[Contact], said: &[Utterance], settings: Settings, piece: usize) -> Findings {
    let mut pipeline = Pipeline::new(settings);
    feed_hearing(&mut pipeline, contacts, said, piece);
    pipeline.finish()
}

fn feed_hearing(pipeline: &mut Pipeline, contacts: &[Contact], said: &[Utterance], piece: usize) {
    let mut pieces = contacts.chunks(piece);
    let mut next = 0;
    pipeline.run_hearing(|into, heard| match pieces.next() {
        Some(piece) => {
            into.extend_from_slice(piece);
            let last = piece[piece.len() - 1].time;
            while next < said.len() && said[next].time <= last {
                heard.push(said[next].clone());
                next += 1;
            }
            true
        }
        None => {
            heard.extend_from_slice(&said[next..]);
            false
        }
    });
}

/// A sweep over a /24 in which every eighth host answers, greets and gives its version; in the order of time.
fn sweep_with_greetings(start: Time, source: Address) -> (Vec<Contact>, Vec<Utterance>) {
    let (mut contacts, mut said) = (Vec::new(), Vec::new());
    for host in 0..=255u8 {
        let syn = syn(start + i64::from(host) * SECOND, source, v4(203, 0, 113, host), 22);
        contacts.push(syn);
        if host % 8 == 1 {
            contacts.extend([accepted(&syn), told(&syn)]);
            said.push(greeting(&syn, &format!("OpenSSH_9.{host}")));
        }
    }
    (contacts, said)
}

fn all_text(findings: &Findings) -> String {
    let beside = (&findings.lessons, &findings.follow_ups);
    format!("{}\n{}", text(findings), serde_json::to_string_pretty(&beside).unwrap())
}

fn standing(findings: &Findings) -> Vec<&Campaign> {
    findings.campaigns.iter().filter(|c| c.merged_into.is_none()).collect()
}

#[test]
fn what_a_scan_learned_is_told_by_host_with_versions() {
    let (contacts, said) = sweep_with_greetings(START, v4(198, 51, 100, 7));
    let found = run_hearing(&contacts, &said, settings(PLENTY, 1), 100);
    let campaign = &found.campaigns[0];
    assert_eq!((campaign.lessons.open, campaign.lessons.versions), (32, 32));
    assert_eq!(campaign.lessons.new_to_anyone, 32);
    assert_eq!(found.lessons.len(), 32);
    let lesson = found.lessons.iter().find(|l| l.host == "203.0.113.9").unwrap();
    assert_eq!(lesson.campaign, campaign.id);
    let service = &lesson.services[0];
    assert_eq!((service.service.as_str(), service.state), ("tcp/22", ServiceState::Open));
    assert_eq!(service.facts[0].text, "OpenSSH_9.9");
    assert!(lesson.stack.as_ref().unwrap().contains("TTL 60 of 64"), "{:?}", lesson.stack);
}

#[test]
fn who_learns_later_learns_what_another_knew() {
    let (mut contacts, mut said) = sweep_with_greetings(START, v4(198, 51, 100, 7));
    let (later, greetings) = sweep_with_greetings(START + 2 * HOUR, v4(192, 0, 2, 77));
    contacts.extend(later);
    said.extend(greetings);
    let found = run_hearing(&contacts, &said, settings(PLENTY, 1), 64);
    let [first, second] = standing(&found)[..] else { panic!("{:#?}", found.campaigns) };
    assert_eq!((first.lessons.new_to_anyone, second.lessons.new_to_anyone), (32, 0));
    for lesson in &found.lessons {
        let known_since = (lesson.campaign == second.id).then(|| first.id.clone());
        assert!(
            lesson.services.iter().all(|s| s.known_since == known_since && s.new_to_scanner),
            "{lesson:?}"
        );
    }
}

#[test]
fn what_is_said_obeys_the_laws() {
    let (mut contacts, mut said) = sweep_with_greetings(START, v4(198, 51, 100, 7));
    contacts.extend(mixed(5, 20_000));
    contacts.sort_by_key(|c| c.time);
    // Ordinary talk, which nobody asks about.
    let talk: Vec<Utterance> = contacts.iter().step_by(7).map(|syn| greeting(syn, "nothing")).collect();
    said.extend(talk);
    said.sort_by_key(|u| u.time);
    let whole = all_text(&run_hearing(&contacts, &said, settings(PLENTY, 1), 8_192));
    assert!(whole.contains("OpenSSH_9.9"), "the test's premise");
    for (threads, piece) in [(2, 1_000), (3, usize::MAX), (1, 7)] {
        assert_eq!(all_text(&run_hearing(&contacts, &said, settings(PLENTY, threads), piece)), whole);
    }
    let cut = contacts.len() / 3;
    let before = said.partition_point(|u| u.time <= contacts[cut - 1].time);
    let mut first = Pipeline::new(settings(PLENTY, 1));
    feed_hearing(&mut first, &contacts[..cut], &said[..before], 500);
    let mut second = Pipeline::restore(&first.snapshot(), settings(PLENTY, 2)).unwrap();
    feed_hearing(&mut second, &contacts[cut..], &said[before..], 700);
    assert_eq!(all_text(&second.finish()), whole);
}

/// A SYN without options from one of many sources, as a botnet's worm sends it.
fn bot(time: Time, source: Address, target: Address) -> Contact {
    Contact { traits: traits::MSS, window: 5_840, ttl: 48, ip_id: 0, ..syn(time, source, target, 2323) }
}

#[test]
fn a_botnet_of_one_probe_each_is_one_campaign_in_ten_thousand_strangers() {
    let mut numbers = Numbers(77);
    let mut contacts: Vec<Contact> = (0..256)
        .map(|i| {
            let source = Address::v4((0x2000_0000 + numbers.below(1 << 28) as u32).to_be_bytes());
            // 167 has no factor in common with 256: every address once.
            bot(START + i * 20 * SECOND, source, v4(203, 0, 113, (i * 167 % 256) as u8))
        })
        .collect();
    let bots: Vec<String> = contacts.iter().map(|c| c.source.to_string()).collect();
    for _ in 0..10_000 {
        let source = Address::v4((0x4000_0000 + numbers.below(1 << 28) as u32).to_be_bytes());
        let target = v4(203, 0, 113, numbers.below(256) as u8);
        let port = [23, 22, 80, 443, 445, 3389, 8080, 5900][numbers.below(8) as usize];
        let time = START + numbers.below(5_400) as i64 * SECOND;
        let ttl = 40 + numbers.below(20) as u8;
        contacts.push(Contact { ttl, ..syn(time, source, target, port) });
    }
    contacts.sort_by_key(|c| c.time);
    let found = run(&contacts, settings(PLENTY, 1), 1_000);
    let [campaign] = standing(&found)[..] else { panic!("{} campaigns", found.campaigns.len()) };
    let joined = campaign.sources.iter().filter(|s| bots.contains(s)).count();
    assert!(joined >= 230, "{joined} of 256");
    assert_eq!(campaign.source_count, joined as u64, "and nobody else");
    assert!(campaign.coordination.as_ref().unwrap().bits > 6.63);
    assert_eq!(campaign.coverage[0].hosts.count, joined as u64);
}

#[test]
fn shards_of_one_scan_are_one_campaign_and_strangers_of_the_same_tool_are_not() {
    let scan = |source: Address, offset: i64, share: i64| {
        (0..256i64)
            .filter(move |i| i % share == offset)
            .map(move |i| bot(START + i * SECOND, source, v4(203, 0, 113, (i * 167 % 256) as u8)))
    };
    let mut shards: Vec<Contact> = (0..4).flat_map(|s| scan(v4(198, 51, 100, 7 + s as u8), s, 4)).collect();
    shards.sort_by_key(|c| c.time);
    let found = run(&shards, settings(PLENTY, 1), 100);
    let [one] = standing(&found)[..] else { panic!("{:#?}", found.campaigns) };
    assert_eq!((one.source_count, one.hosts.count), (4, 256));
    let merged: Vec<&Campaign> = found.campaigns.iter().filter(|c| c.merged_into.is_some()).collect();
    assert_eq!(merged.len(), 3);
    assert!(merged.iter().all(|c| c.merged_into.as_ref() == Some(&one.id)));
    // The oldest id stays.
    assert_eq!(one.start, found.campaigns.iter().map(|c| c.start.clone()).min().unwrap());

    let mut strangers: Vec<Contact> = (0..2).flat_map(|s| scan(v4(198, 51, 100 + s, 7), 0, 1)).collect();
    strangers.sort_by_key(|c| c.time);
    let found = run(&strangers, settings(PLENTY, 1), 100);
    assert_eq!(standing(&found).len(), 2);
    assert!(found.campaigns.iter().all(|c| c.source_count == 1 && c.order != Order::Sequential));
}

#[test]
fn who_comes_back_to_what_was_revealed_is_a_follow_up() {
    let scanner = v4(198, 51, 100, 7);
    let (scan, _) = sweep_with_greetings(START, scanner);
    let session = |time: Time, source: Address, host: u8| {
        let syn = syn(time, source, v4(203, 0, 113, host), 22);
        [syn, accepted(&syn), asked(&syn), Contact { time: time + 3_000_000, ..told(&syn) }]
    };
    let day = 24 * HOUR;
    // The same address, days later; another one, straight to two of the revealed.
    let mut contacts = scan.clone();
    contacts.extend(session(START + 3 * day, scanner, 9));
    contacts.extend(session(START + HOUR, v4(192, 0, 2, 200), 17));
    contacts.extend(session(START + HOUR + 60 * SECOND, v4(192, 0, 2, 200), 25));
    contacts.sort_by_key(|c| c.time);
    let found = run(&contacts, settings(PLENTY, 1), 100);
    let [campaign] = standing(&found)[..] else { panic!("{:#?}", found.campaigns) };
    let told: Vec<(Link, &str, Vec<&str>)> = found
        .follow_ups
        .iter()
        .map(|f| (f.link, f.source.as_str(), f.targets.iter().map(String::as_str).collect()))
        .collect();
    let expected = [
        (Link::Knowledge, "192.0.2.200", vec!["203.0.113.17:22", "203.0.113.25:22"]),
        (Link::SameSource, "198.51.100.7", vec!["203.0.113.9:22"]),
    ];
    assert_eq!(told, expected);
    assert_eq!(campaign.follow_ups.len(), 2);
    assert!(found.follow_ups.iter().all(|f| f.scan == campaign.id && f.techniques == ["T1133"]));
    assert_eq!(campaign.severity_rule, "somebody came back to what it revealed");
    assert!(campaign.end < found.follow_ups[1].start, "a return is no part of the scan");

    let found = run(&scan, settings(PLENTY, 1), 100);
    assert!(found.follow_ups.is_empty(), "reading greetings is part of the scan");
}

/// So many sources that each ask one dead host for twelve to thirty ports over a day, and one that asks for some within seconds.
fn crowd_and_one(many: u8, some: u16) -> Vec<Contact> {
    let host = v4(203, 0, 113, 10);
    let mut numbers = Numbers(5);
    let mut contacts = Vec::new();
    for source in 0..many {
        for port in 0..12 + numbers.below(18) as u16 {
            let time = START + numbers.below(86_400) as i64 * SECOND;
            contacts.push(syn(time, v4(198, 51, 100, source), host, 1_000 + port * 37));
        }
    }
    contacts
        .extend((0..some).map(|n| syn(START + HOUR + i64::from(n) * SECOND, v4(192, 0, 2, 7), host, 1 + n)));
    contacts.sort_by_key(|c| c.time);
    contacts
}

#[test]
fn what_is_like_many_others_is_background_and_what_stands_out_is_not() {
    for (some, rule) in [(24, "far faster than most of the 41"), (400, "far more than most of the 41")] {
        stands_out(some, rule);
    }
}

fn stands_out(some: u16, rule: &str) {
    let found = run(&crowd_and_one(40, some), settings(PLENTY, 1), 100);
    let (one, crowd): (Vec<&Campaign>, Vec<&Campaign>) =
        standing(&found).into_iter().partition(|c| c.sources == ["192.0.2.7"]);
    assert_eq!((one.len(), crowd.len()), (1, 40));
    assert_eq!(one[0].severity, Severity::Low);
    assert!(
        one[0].stands_out > Some(3.5) && found.campaigns[0].id == one[0].id,
        "what stands out comes first"
    );
    assert!(one[0].severity_rule.contains(rule), "{}", one[0].severity_rule);
    for campaign in crowd {
        assert_eq!(campaign.severity, Severity::Info, "{campaign:#?}");
        assert!(campaign.severity_rule.starts_with("background: like most of the 41"));
    }
}

#[test]
fn few_scans_are_no_background() {
    let found = run(&crowd_and_one(15, 24), settings(PLENTY, 1), 100);
    assert_eq!(standing(&found).len(), 16);
    assert!(standing(&found).iter().all(|c| c.severity == Severity::Low));
}

#[test]
fn of_options_that_a_log_does_not_tell_nothing_is_concluded() {
    // A SYN without options and without "don't fragment" is a tool's, where all of it was seen.
    let sweep = |told: u8| -> Vec<Contact> {
        let bare = |i: i64| Contact {
            traits: told,
            window: 1_024,
            ttl: 240,
            ..syn(START + i * SECOND, v4(198, 51, 100, 7), v4(203, 0, 113, (i * 167 % 256) as u8), 23)
        };
        (0..100).map(bare).collect()
    };
    let craft = |told: u8| {
        let found = run(&sweep(told), settings(PLENTY, 1), 10);
        let [campaign] = standing(&found)[..] else { panic!("{:#?}", found.campaigns) };
        let entries = campaign.ledger.iter().filter(|entry| entry.family == Family::Craft);
        (entries.map(|entry| entry.bits).sum::<f64>(), campaign.tools.len())
    };
    assert!(craft(0).0 > 0.0);
    assert_eq!(craft(traits::PARTLY_TOLD), (0.0, 0));
}
