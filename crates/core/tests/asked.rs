//! Scans of live hosts only: told by what is asked, and by greetings that are left without a word.

mod common;

use common::*;
use watchpost_core::contact::{Contact, SECOND, Time, Transport};
use watchpost_core::net::Address;
use watchpost_core::pipeline::Pipeline;
use watchpost_core::record::{FactKind, ProbeKind, Status};
use watchpost_core::utterance::{Facts, Protocol, Role, Utterance};

/// What is said on one connection.
#[derive(Clone, Copy)]
enum Talk {
    Request(&'static str),
    Greeting { protocol: Protocol, answered: bool },
}

struct Traffic {
    contacts: Vec<Contact>,
    said: Vec<Utterance>,
}

fn source() -> Address {
    v4(198, 51, 100, 7)
}

/// So many hosts, a fifth of a second apart, in so many rounds of a good minute (of 60 s the source ports would repeat).
fn visits(hosts: u8, port: u16, rounds: i64, talk: Talk) -> Traffic {
    let (mut contacts, mut said) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        for host in 0..hosts {
            let time = START + round * 61 * SECOND + Time::from(host) * SECOND / 5;
            let syn = syn(time, source(), v4(203, 0, 113, 10 + host * 3), port);
            let words = asked(&syn);
            let greeting = Contact {
                time: syn.time + 1_500_000,
                source: syn.target,
                target: syn.source,
                port: syn.source_port,
                source_port: syn.port,
                ..words
            };
            contacts.extend([syn, accepted(&syn)]);
            let of_client = |what, text: &str, protocol| Utterance {
                time: syn.time + 2_000_000,
                sensor: 0,
                speaker: syn.source,
                speaker_port: syn.source_port,
                listener: syn.target,
                listener_port: port,
                transport: Transport::Tcp,
                role: Role::Client,
                protocol,
                facts: Facts::new([(what, text)]),
            };
            match talk {
                Talk::Request(text) => {
                    contacts.push(words);
                    said.push(of_client(FactKind::Request, text, Protocol::Http));
                }
                Talk::Greeting { protocol, answered } => {
                    contacts.push(greeting);
                    contacts.extend(answered.then_some(words));
                    said.push(Utterance {
                        speaker: syn.target,
                        speaker_port: port,
                        listener: syn.source,
                        listener_port: syn.source_port,
                        role: Role::Server,
                        ..of_client(FactKind::Banner, "hello", protocol)
                    });
                }
            }
        }
    }
    Traffic { contacts, said }
}

/// Campaigns that stand: their kinds of probes.
fn standing(traffic: &Traffic) -> Vec<Vec<ProbeKind>> {
    let mut pipeline = Pipeline::new(settings(64 << 20, 1));
    let mut given = false;
    pipeline.run_hearing(|into, heard| {
        if std::mem::replace(&mut given, true) {
            return false;
        }
        into.extend_from_slice(&traffic.contacts);
        heard.extend_from_slice(&traffic.said);
        true
    });
    let found = pipeline.finish().campaigns;
    found.into_iter().filter(|c| c.status != Status::Withdrawn).map(|c| c.probes).collect()
}

#[test]
fn four_live_hosts_asked_for_credentials_decide_and_start_pages_never_do() {
    let of = |hosts, path| standing(&visits(hosts, 80, 1, Talk::Request(path))).len();
    assert_eq!(of(4, "GET /.aws/credentials"), 1);
    assert_eq!(of(3, "GET /.aws/credentials"), 0);
    assert_eq!(of(40, "GET /"), 0);
}

#[test]
fn control_interfaces_of_many_hosts_are_a_scan_and_a_poller_in_rounds_is_none() {
    let of = |hosts, rounds, path| standing(&visits(hosts, 8080, rounds, Talk::Request(path))).len();
    assert_eq!(of(12, 1, "GET /containers/json"), 1);
    assert_eq!(of(12, 1, "GET /metrics"), 0);
    assert_eq!(of(5, 1, "GET /containers/json"), 0);
    assert_eq!(of(12, 4, "GET /containers/json"), 0);
}

#[test]
fn greetings_left_without_a_word_are_a_scan() {
    let of = |hosts, rounds, protocol, answered| {
        standing(&visits(hosts, 25, rounds, Talk::Greeting { protocol, answered }))
    };
    let found = of(12, 1, Protocol::Smtp, false);
    assert!(found.len() == 1 && found[0].contains(&ProbeKind::BannerGrab), "{found:?}");
    assert!(of(12, 1, Protocol::Smtp, true).is_empty(), "ordinary clients speak");
    assert!(of(12, 1, Protocol::Http, false).is_empty(), "the client's words were lost");
    assert!(of(12, 4, Protocol::Smtp, false).is_empty(), "a health check");
    assert!(of(6, 1, Protocol::Smtp, false).is_empty());
}
