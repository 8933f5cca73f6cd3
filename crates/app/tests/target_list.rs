//! Target lists of real captures: scanners that walk a block must not be taken for anything wider or choosier.
//!
//! The traces are built here from contacts, one service of one host after the other, as the engine builds them.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use watchpost_core::contact::{Contact, Outcome, Service};
use watchpost_core::direction::PairMemory;
use watchpost_core::net::Address;
use watchpost_core::record::{ListKind, TargetList};
use watchpost_core::target_list::{Holdings, View, judge};
use watchpost_core::trace::{Hit, Trace};
use watchpost_formats::capture::Capture;

/// Captures, the scanner, the own block, and what the list is.
const CASES: [(&str, [u8; 4], [u8; 4], ListKind); 22] = [
    ("lab/masscan-p80-16.pcap.zst", LAB, LAB_NET, ListKind::Block),
    ("lab/zmap-p80-16.pcap.zst", LAB, LAB_NET, ListKind::Block),
    ("lab/masscan-3ports-22.pcap", LAB, LAB_NET, ListKind::Block),
    ("lab/masscan-banners-22.pcap", LAB, LAB_NET, ListKind::Block),
    ("lab/masscan-ping-22.pcap", LAB, LAB_NET, ListKind::Block),
    ("lab/masscan-slow-1pps.pcap", LAB, LAB_NET, ListKind::Block),
    ("lab/zmap-p443-22.pcap", LAB, LAB_NET, ListKind::Block),
    ("lab/zmap-icmp-22.pcap", LAB, LAB_NET, ListKind::Block),
    ("lab/zmap-udp53-22.pcap", LAB, LAB_NET, ListKind::Block),
    ("lab/nmap-sS-horizontal.pcap", LAB, LAB_NET, ListKind::Block),
    ("lab/nmap-sS-default24.pcap", LAB, LAB_NET, ListKind::Block),
    ("lab/nmap-sS-slow1s.pcap", LAB, LAB_NET, ListKind::Block),
    ("lab/nmap-sT-horizontal.pcap", LAB, LAB_NET, ListKind::Block),
    ("lab/nmap-sU-horizontal.pcap", LAB, LAB_NET, ListKind::Block),
    ("lab/nmap-sA-horizontal.pcap", LAB, LAB_NET, ListKind::Block),
    ("lab/nmap-sn-pingsweep.pcap", LAB, LAB_NET, ListKind::Block),
    ("lab/hping3-syn-rand.pcap", LAB, LAB_NET, ListKind::Block),
    ("lab/rustscan-3ports-24.pcap", LAB, LAB_NET, ListKind::Block),
    ("zmap4/zmap4-443-22.pcap", [10, 143, 7, 21], [172, 21, 0, 0], ListKind::Block),
    ("zmap4/zmap4-443-16dead.pcap.zst", [10, 143, 7, 22], [172, 20, 0, 0], ListKind::Block),
    ("zmap4/zmap4-unknown-seed-2.pcap", [10, 143, 7, 43], [172, 21, 0, 0], ListKind::Block),
    ("zmap4/zmap4-unknown-seed-3.pcap", [10, 143, 7, 21], [172, 20, 0, 0], ListKind::Block),
];
const LAB: [u8; 4] = [10, 77, 255, 254];
const LAB_NET: [u8; 4] = [10, 77, 0, 0];

fn contacts(path: &Path) -> Vec<Contact> {
    let mut capture = Capture::open(File::open(path).unwrap(), 0).unwrap();
    let mut all = Vec::new();
    while capture.fill(&mut all, 4_096) {}
    all.sort_by_key(|contact| contact.time);
    let mut steps = Vec::new();
    PairMemory::new(1 << 24, 1).resolve(&all, |contact| steps.push(contact));
    steps
}

/// What one source touched, and what answered it.
fn judged(contacts: &[Contact], source: Address, blocks: &[(Address, Address)]) -> TargetList {
    let mut touched: BTreeMap<(Address, Service), Hit> = BTreeMap::new();
    for contact in contacts.iter().filter(|contact| contact.source == source && contact.is_between_hosts()) {
        let hit = Hit {
            time: contact.time,
            target: contact.target,
            service: contact.service(),
            outcome: contact.outcome,
        };
        let known = touched.entry((contact.target, contact.service())).or_insert(hit);
        known.outcome = known.outcome.max(contact.outcome);
    }
    let mut hits: Vec<Hit> = touched.into_values().collect();
    hits.sort_by_key(|hit| hit.time);
    let mut holdings = Holdings { blocks: blocks.to_vec(), ..Holdings::default() };
    for hit in &hits {
        if hit.outcome >= Outcome::Refused {
            holdings.live.push(hit.target);
        }
        if hit.outcome >= Outcome::Answered {
            holdings.open.push((hit.target, hit.service));
        }
    }
    holdings.live.sort_unstable();
    holdings.live.dedup();
    holdings.open.sort_unstable();
    let mut hosts: Vec<Address> = hits.iter().map(|hit| hit.target).collect();
    hosts.sort_unstable();
    hosts.dedup();
    let within = |block: &(Address, Address)| {
        hosts.iter().filter(|host| block.0 <= **host && **host <= block.1).count() as u64
    };
    let coverage: Vec<u64> = blocks.iter().map(within).collect();
    let (start, end, packets) = (hits[0].time, hits[hits.len() - 1].time, hits.len() as u64);
    let consecutive = hits.len().min(256);
    let later = hits.split_off(consecutive);
    hits.extend(later.iter().step_by(later.len().div_ceil(64).max(1)));
    let trace = Trace { source, hits, consecutive, hosts: hosts.len() as u64, packets, start, end };
    judge(&View {
        trace: &trace,
        coverage: &coverage,
        holdings: &holdings,
        permutation: None,
        replies_seen: true,
    })
}

#[test]
fn scans_of_blocks_are_scans_of_blocks() {
    let folder = &Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/captures");
    if !folder.exists() {
        let skipped = "skipped: the captures are not here";
        std::io::Write::write_all(&mut std::io::stderr(), skipped.as_bytes()).unwrap();
        return;
    }
    let mut wrong = Vec::new();
    let mut undecided = 0;
    for (name, source, net, kind) in CASES {
        let contacts = contacts(&folder.join(name));
        let [a, b, ..] = net;
        let own = [(Address::v4(net), Address::v4([a, b, 255, 255]))];
        for blocks in [&own[..], &[]] {
            let list = judged(&contacts, Address::v4(source), blocks);
            let told = list.kind == ListKind::Unknown && !list.terms.is_empty();
            undecided += u32::from(told);
            if list.kind != kind && !told {
                wrong.push(format!("{name} with {} blocks: {list:#?}", blocks.len()));
            }
            // Own blocks make it certain.
            if !blocks.is_empty() && list.kind != kind {
                wrong.push(format!("{name} is not told: {list:#?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(undecided <= 8, "{undecided} of {} stay unknown", 2 * CASES.len());
}
