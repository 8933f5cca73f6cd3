//! Recovery over captures of real tools: every walk of ZMap is recovered and reproduces all hits of its file, and no
//! other tool's order is.
//!
//! The captures are not part of the repository; without them there is nothing to test.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};

use serde_json::Value;
use watchpost_core::blocks::Blocks;
use watchpost_core::contact::{Contact, Outcome, Phase};
use watchpost_core::net::Address;
use watchpost_core::permutation::{Tables, recover};
use watchpost_core::record::Permutation;
use watchpost_core::trace::{Hit, Trace};
use watchpost_formats::capture::Capture;

/// First touches of every source, by source.
fn touches(path: &Path) -> BTreeMap<Address, Vec<Hit>> {
    let mut capture = Capture::open(File::open(path).unwrap(), 0).unwrap();
    let mut contacts: Vec<Contact> = Vec::new();
    while capture.fill(&mut contacts, 4_096) {}
    contacts.sort_by_key(|contact| contact.time);
    let mut seen = BTreeSet::new();
    let mut hits: BTreeMap<Address, Vec<Hit>> = BTreeMap::new();
    for contact in contacts.iter().filter(|contact| contact.phase == Phase::Probe) {
        let service = contact.service();
        if contact.is_between_hosts() && seen.insert((contact.source, contact.target, service)) {
            let (time, target) = (contact.time, contact.target);
            hits.entry(contact.source).or_default().push(Hit {
                time,
                target,
                service,
                outcome: Outcome::Silent,
            });
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

/// Every hit of the file against the recovered walk, whatever the threads: how many of them the walk visits in the
/// order in which they came, but for such as overtook another by less than a sixteenth of all.
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
    // One step after the other from the first hit; each thread is a run of rising places.
    let first = *came.iter().find(|(_, place)| **place == 0).unwrap().0;
    let mut element = u128::from(first);
    let mut walked = Vec::new();
    for _ in 1..found.prime {
        if let Some(place) = came.get(&(element as u64)) {
            walked.push(*place);
        }
        element = element * u128::from(found.generator) % u128::from(found.prime);
    }
    assert_eq!(walked.len(), hits.len(), "the walk visits every hit");
    let slack = (hits.len() / 16).max(4);
    let mut furthest = 0;
    let mut right = 0;
    for place in walked {
        // A new thread begins where the places fall back to the beginning.
        if place + slack * 4 < furthest && place < slack * 2 {
            furthest = 0;
        }
        right += usize::from(place + slack >= furthest);
        furthest = furthest.max(place);
    }
    right
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
        for (source, hits) in touches(&root.join(name)) {
            let trace = trace(source, &hits);
            let result = recover(&trace, &Blocks::default(), &mut tables);
            let labelled = scanners.contains(source.to_string().as_str());
            let shard = name.contains("shards");
            if of_zmap && (labelled || (shard && hits.len() > 500)) {
                walks += 1;
                match result {
                    Ok(found) => {
                        let right = reproduced(&found, &hits);
                        println!("{name} {source}: {right} of {} hits; {found:?}", hits.len());
                        generators.insert(found.generator);
                        if right != hits.len() {
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
    assert!(walks >= 22 && others >= 30, "{walks} walks, {others} others");
}
