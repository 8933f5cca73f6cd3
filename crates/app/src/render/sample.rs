//! Hand-made records that the tests of rendering share.

mod depth; // what goes deeper: tools, lists, lessons, returns

pub use depth::{follow_ups, hunt, lessons, tool};
use watchpost_core::record::*;

use super::records::Records;

/// Records that belong together.
pub struct Sample {
    pub campaigns: Vec<Campaign>,
    pub lessons: Vec<Lesson>,
    pub follow_ups: Vec<FollowUp>,
    pub run: Run,
}

impl Sample {
    /// Everything there is.
    pub fn all() -> Self {
        Self::of(all())
    }

    /// These campaigns; lessons and returns as for all.
    pub fn of(campaigns: Vec<Campaign>) -> Self {
        Self { campaigns, lessons: lessons(), follow_ups: follow_ups(), run: run() }
    }

    pub fn records(&self) -> Records<'_> {
        Records::new(&self.campaigns, &self.lessons, &self.follow_ups, &self.run)
    }
}

fn stamp(text: &str) -> Stamp {
    Stamp(format!("2026-11-23T{text}.000000000Z"))
}

const fn exact(count: u64) -> Count {
    Count { count, exact: true }
}

fn entry(family: Family, bits: f64, text: &str) -> LedgerEntry {
    LedgerEntry { family, bits, text: text.into(), set_aside: false }
}

/// Prefixes with 45 hosts each.
pub fn prefixes(texts: &[&str]) -> Vec<Prefix> {
    texts.iter().map(|text| Prefix { prefix: (*text).into(), hosts: 45 }).collect()
}

fn services(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).into()).collect()
}

/// One source, two ports, most of an own block, over hours, and nothing known of it beyond.
fn plain() -> Campaign {
    Campaign {
        schema_version: SCHEMA_VERSION,
        id: "7h2kq3m5xw4ndr6a".into(),
        revision: 2,
        status: Status::Closed,
        withdrawn_because: None,
        merged_into: None,
        start: stamp("14:02:11"),
        end: stamp("17:14:11"),
        decided: stamp("14:02:14"),
        sources: vec!["198.51.100.7".into()],
        source_count: 1,
        direction: Direction::Inbound,
        techniques: vec!["T1595.001".into()],
        attack_version: ATTACK_VERSION.into(),
        shape: Shape::Horizontal,
        probes: vec![ProbeKind::TcpSyn, ProbeKind::TcpAck],
        probe_count: 362,
        hosts: exact(181),
        services: exact(2),
        top_services: services(&["tcp/22", "tcp/2222"]),
        service_ranges: services(&["tcp/22", "tcp/2222"]),
        targets: vec![],
        learned: Learned { open_hosts: exact(4), alive_hosts: exact(0), refused_hosts: exact(12) },
        prefixes: vec![Prefix { prefix: "203.0.113.0/24".into(), hosts: 181 }],
        prefix_count: 1,
        coverage: vec![Coverage { block: "203.0.113.0/24".into(), hosts: exact(181), of: Some(256) }],
        rate: Some(0.0314),
        median_gap: Some(28.0),
        order: Order::Permutation,
        nesting: None,
        tools: vec![],
        permutation: None,
        target_list: TargetList::unknown(),
        coordination: None,
        procedures: vec![],
        lessons: LessonCounts::default(),
        follow_ups: vec![],
        confidence: 1.0,
        bits: 419.25,
        severity: Severity::High,
        severity_rule: "an exposure was learned".into(),
        stands_out: None,
        at_least: false,
        ledger: vec![
            entry(Family::Outcome, 346.0, "177 of 181 first contacts met no service"),
            entry(Family::Breadth, 41.25, "181 hosts in 3 h; this service is normally seen at 2"),
            entry(Family::Breadth, 12.5, "2 services"),
            entry(
                Family::Craft,
                32.0,
                "ip.id is made from address, port and sequence number in 362 of 362 probes",
            ),
        ],
        counterfactual: "it would not have been reported with 3 targets".into(),
    }
}

/// The same, looked into: with masscan, from a list of the block, with something learned and a return.
pub fn syn_sweep() -> Campaign {
    Campaign {
        nesting: Some(Nesting::Mixed),
        tools: vec![Tool {
            version: Some("1.x".into()),
            text: "ip.id is address ^ port ^ sequence number in 362 of 362 probes".into(),
            ..tool("masscan", 0.998)
        }],
        target_list: depth::block_list(),
        lessons: LessonCounts { open: 4, versions: 1, new_to_anyone: 2 },
        follow_ups: vec!["f7aaq3m5xw4ndr6a".into()],
        ..plain()
    }
}

/// One host of somebody else, many ports.
pub fn port_scan() -> Campaign {
    Campaign {
        id: "b4aaq3m5xw4ndr6a".into(),
        start: stamp("14:02:11"),
        end: Stamp("2026-11-23T14:02:11.800000000Z".into()),
        direction: Direction::Unknown,
        techniques: vec![],
        shape: Shape::Vertical,
        probes: vec![ProbeKind::TcpConnect],
        probe_count: 1024,
        hosts: exact(1),
        services: exact(1024),
        top_services: (1..=16).map(|port| format!("tcp/{port}")).collect(),
        service_ranges: services(&["tcp/1-1024"]),
        targets: vec!["198.51.100.23".into()],
        learned: Learned { open_hosts: exact(0), alive_hosts: exact(0), refused_hosts: exact(0) },
        prefixes: vec![Prefix { prefix: "198.51.100.0/24".into(), hosts: 1 }],
        coverage: vec![],
        rate: Some(1280.0),
        median_gap: Some(0.000_7),
        order: Order::Sequential,
        confidence: 0.992,
        bits: 7.0,
        severity: Severity::Low,
        severity_rule: "it reached nothing".into(),
        stands_out: None,
        ledger: vec![entry(Family::Breadth, 7.0, "1,024 ports of one host")],
        counterfactual: "it would not have been reported with 9 ports".into(),
        ..plain()
    }
}

/// Fourteen sources, one scan.
pub fn shared_sweep() -> Campaign {
    Campaign {
        id: "m2zzq3m5xw4ndr6a".into(),
        start: stamp("13:11:00"),
        end: stamp("13:41:00"),
        sources: (1..=14).map(|host| format!("192.0.2.{host}")).collect(),
        source_count: 14,
        probes: vec![ProbeKind::TcpSyn],
        hosts: exact(256),
        top_services: services(&["tcp/2375", "tcp/10250"]),
        service_ranges: services(&["tcp/2375", "tcp/10250"]),
        learned: Learned { open_hosts: exact(0), alive_hosts: exact(0), refused_hosts: exact(0) },
        coverage: vec![Coverage { block: "203.0.113.0/24".into(), hosts: exact(256), of: Some(256) }],
        rate: Some(0.28),
        severity: Severity::Medium,
        severity_rule: "the block was the target".into(),
        stands_out: None,
        tools: vec![tool("zmap", 0.99)],
        permutation: Some(depth::walk()),
        target_list: depth::block_list(),
        coordination: Some(depth::shared()),
        ..plain()
    }
}

/// Pings over IPv6 from a long address.
pub fn ping_sweep_v6() -> Campaign {
    Campaign {
        id: "x7q4q3m5xw4ndr6a".into(),
        start: stamp("15:30:00"),
        end: stamp("15:30:04"),
        sources: vec!["2001:db8:5:1234:5678:9abc:def0:1234".into()],
        probes: vec![ProbeKind::IcmpEcho],
        hosts: exact(64),
        services: exact(0),
        top_services: services(&["icmp/echo"]),
        service_ranges: services(&["icmp/echo"]),
        learned: Learned { open_hosts: exact(0), alive_hosts: exact(22), refused_hosts: exact(0) },
        prefixes: vec![Prefix { prefix: "2001:db8:77:10::/64".into(), hosts: 64 }],
        coverage: vec![Coverage { block: "2001:db8:77::/48".into(), hosts: exact(64), of: None }],
        rate: Some(16.0),
        order: Order::Ascending,
        severity: Severity::Low,
        severity_rule: "nothing open was learned".into(),
        stands_out: None,
        tools: vec![tool("nmap", 0.6)],
        ..plain()
    }
}

/// A scan that turned out to be none.
pub fn withdrawn() -> Campaign {
    Campaign {
        id: "zzzzq3m5xw4ndr6a".into(),
        status: Status::Withdrawn,
        withdrawn_because: Some("its targets had asked it first".into()),
        ..plain()
    }
}

/// A scan of its own until it was joined into the shared one.
pub fn joined() -> Campaign {
    Campaign {
        id: "n3uuq3m5xw4ndr6a".into(),
        merged_into: Some("m2zzq3m5xw4ndr6a".into()),
        sources: vec!["192.0.2.9".into()],
        tools: vec![tool("zmap", 0.99)],
        hosts: exact(18),
        coverage: vec![Coverage { block: "203.0.113.0/24".into(), hosts: exact(18), of: Some(256) }],
        severity: Severity::Medium,
        ..plain()
    }
}

/// All of them, most severe first.
pub fn all() -> Vec<Campaign> {
    vec![hunt(), syn_sweep(), shared_sweep(), joined(), ping_sweep_v6(), port_scan(), withdrawn()]
}

/// A run over one file with everything that a summary can tell.
pub fn run() -> Run {
    Run {
        schema_version: SCHEMA_VERSION,
        version: "0.1.0".into(),
        shard_key: "5eed".into(),
        blocks: vec!["203.0.113.0/24".into()],
        survey: None,
        inputs: vec![Input {
            name: "border.pcap.zst".into(),
            format: "pcap.zst".into(),
            packets: 3_525_240,
            bytes: 81_002_200,
            assumed: vec![],
            damage: vec![Damage {
                offset: 81_002_114,
                packet: 240_118,
                what: "needs 66 bytes, 12 are there".into(),
                resumed: None,
            }],
        }],
        packets: 3_525_240,
        contacts: 3_000_000,
        unreported: 0,
        start: Some(stamp("12:58:00")),
        end: Some(stamp("18:01:00")),
        skipped: vec![Skipped {
            reason: "cut off by the snap length".into(),
            count: 12,
            first_input: "border.pcap.zst".into(),
            first_offset: 4096,
        }],
        not_scans: vec![
            NotScan {
                what: "backscatter".into(),
                sources: 1,
                packets: 3431,
                examples: vec!["192.0.2.99".into()],
            },
            NotScan {
                what: "resolver".into(),
                sources: 2,
                packets: 800,
                examples: vec!["192.0.2.53".into()],
            },
        ],
        blind: vec![
            Blind {
                what: "banners".into(),
                why: "packets are cut at 96 bytes".into(),
                detectors: vec!["prizes".into()],
            },
            Blind {
                what: "outbound".into(),
                why: "only one direction is in the capture".into(),
                detectors: vec![],
            },
        ],
        memory: Memory { budget: 512 << 20, peak: 100 << 20, evicted_sources: 0, evicted_campaigns: 0 },
        campaigns: 5,
        withdrawn: 1,
        sources: 421,
    }
}

/// A terminal of some width, without colour.
pub const fn screen(width: usize) -> super::Screen {
    super::Screen {
        width,
        wrap: true,
        colour: false,
        colour_messages: false,
        all: false,
        everything: false,
        whole_lists: false,
    }
}

/// Compares `text` with the committed file of this name; `WATCHPOST_BLESS=1` rewrites the file instead.
pub fn golden(name: &str, text: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("WATCHPOST_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, expected, "{name} differs; WATCHPOST_BLESS=1 accepts the new text");
}
