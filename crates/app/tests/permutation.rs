//! Recovery over captures of real tools: every walk of ZMap is recovered and reproduces all hits of its file, and no
//! other tool's order is.
//!
//! The captures are not part of the repository; without them there is nothing to test.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};

use serde_json::Value;
use watchpost_core::blocks::Blocks;
use watchpost_core::contact::{Contact, Outcome, Phase, Service, Transport};
use watchpost_core::net::Address;
use watchpost_core::permutation::{Tables, recover};
use watchpost_core::record::Permutation;
use watchpost_core::trace::{Hit, Trace};
use watchpost_formats::capture::Capture;

/// First touches of every source, by source. What a single packet leaves open is taken as the sender's: datagrams, and
/// SYN-ACKs of a labelled scanner.
fn touches(path: &Path, scanners: &BTreeSet<&str>) -> BTreeMap<Address, Vec<Hit>> {
    let mut capture = Capture::open(File::open(path).unwrap(), 0).unwrap();
    let mut contacts: Vec<Contact> = Vec::new();
    while capture.fill(&mut contacts, 4_096) {}
    contacts.sort_by_key(|contact| contact.time);
    let mut seen = BTreeSet::new();
    let mut hits: BTreeMap<Address, Vec<Hit>> = BTreeMap::new();
    for contact in contacts.iter().filter(|contact| contact.is_between_hosts()) {
        let tcp = contact.transport == Transport::Tcp;
        let (source, target, service) = match contact.phase {
            Phase::Probe => (contact.source, contact.target, contact.service()),
            Phase::Unclear if contact.transport == Transport::Udp => {
                (contact.source, contact.target, contact.service())
            }
            Phase::Reply if tcp && scanners.contains(contact.target.to_string().as_str()) => {
                let service = Service { transport: Transport::Tcp, port: contact.source_port };
                (contact.target, contact.source, service)
            }
            _ => continue,
        };
        if seen.insert((source, target, service)) {
            let hit = Hit { time: contact.time, target, service, outcome: Outcome::Silent };
            hits.entry(source).or_default().push(hit);
        }
    }
    hits
}

/// The first 256, then at most 64 of the others.
fn trace(source: Address, all: &[Hit]) -> Trace {
    let dense = all.len().min(256);
    let rest = &all[dense..];
    let step = rest.len().div_ceil(64).max(1);
    let hits: Vec<Hit> = all[..dense].iter().chain(rest.iter().step_by(step)).copied().collect();
    let hosts: BTreeSet<Address> = all.iter().map(|hit| hit.target).collect();
    Trace {
        source,
        consecutive: if step == 1 { hits.len() } else { dense },
        hosts: hosts.len() as u64,
        packets: all.len() as u64,
        start: all[0].time,
        end: all[all.len() - 1].time,
        hits,
    }
}

fn captures() -> Option<(PathBuf, Value)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/captures");
    let truth = std::fs::read_to_string(root.join("truth.json")).ok()?;
    Some((root, serde_json::from_str(&truth).unwrap()))
}

/// How many hits of the whole file the recovered walk visits where they came: of one thread each right behind its
/// forerunner; of several, which send in turns, at most a few turns later.
fn reproduced(found: &Permutation, hits: &[Hit]) -> usize {
    let (base, length) = found.list.split_once('/').expect("a prefix");
    let base = u32::from(base.parse::<std::net::Ipv4Addr>().unwrap());
    let size = 1u64 << (32 - length.parse::<u32>().unwrap());
    let ports: Vec<u16> =
        hits.iter().map(|hit| hit.service.port).collect::<BTreeSet<_>>().into_iter().collect();
    let bits = 64 - (ports.len() as u64 - 1).leading_zeros();
    let mut came: BTreeMap<u64, usize> = BTreeMap::new();
    for (place, hit) in hits.iter().enumerate() {
        let index = u64::from(hit.target.as_v4().unwrap() - base);
        assert!(index < size);
        came.insert((index << bits) + ports.binary_search(&hit.service.port).unwrap() as u64 + 1, place);
    }
    let first = *came.iter().find(|(_, place)| **place == 0).unwrap().0;
    let mut element = u128::from(first);
    let mut walked = Vec::new();
    for _ in 1..found.prime {
        walked.extend(came.get(&(element as u64)));
        element = element * u128::from(found.generator) % u128::from(found.prime);
    }
    assert_eq!(walked.len(), hits.len(), "the walk visits every hit");
    let slack = if found.threads == 1 { 1 } else { (hits.len() / 16).max(256) };
    let behind = |pair: &&[usize]| pair[1] > pair[0] && pair[1] <= pair[0] + slack;
    // Each thread has a first hit, which nothing precedes; of several, the capture's first hit need not be one of them.
    let firsts = if found.threads == 1 { 1 } else { found.threads as usize + 1 };
    (walked.windows(2).filter(behind).count() + firsts).min(hits.len())
}

#[test]
#[allow(clippy::print_stdout, reason = "says what is skipped, and the table")]
fn walks_of_zmap_are_recovered_from_captures_and_no_others() {
    let Some((root, truth)) = captures() else {
        println!("skipped: no captures beside the repository");
        return;
    };
    let mut tables = Tables::default();
    let (mut walks, mut others) = (0, 0);
    let mut wrong = Vec::new();
    for (name, label) in truth.as_object().unwrap() {
        let of_zmap = name.contains("zmap");
        let scanners: BTreeSet<&str> =
            label["scans"].as_array().unwrap().iter().map(|scan| scan["source"].as_str().unwrap()).collect();
        let mut generators = BTreeSet::new();
        for (source, hits) in touches(&root.join(name), &scanners) {
            let trace = trace(source, &hits);
            let result = recover(&trace, &Blocks::default(), &mut tables, &mut 1_000);
            let labelled = scanners.contains(source.to_string().as_str());
            let shard = name.contains("shards");
            if of_zmap && (labelled || (shard && hits.len() > 500)) {
                walks += 1;
                match result {
                    Ok(found) => {
                        let right = reproduced(&found, &hits);
                        println!("{name} {source}: {right} of {} hits; {found:?}", hits.len());
                        generators.insert(found.generator);
                        if right < hits.len() {
                            wrong.push(format!("{name}: {right} of {} hits in the walk's order", hits.len()));
                        }
                    }
                    Err(why) => wrong.push(format!("{name} {source}: {why}")),
                }
            } else {
                others += 1;
                if let Ok(found) = result {
                    wrong.push(format!("{name} {source}: {found:?}"));
                }
            }
        }
        if generators.len() > 1 {
            wrong.push(format!("{name}: generators {generators:?}"));
        }
    }
    println!("{walks} walks, {others} other sources");
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(walks >= 26 && others >= 30, "{walks} walks, {others} others");
}
