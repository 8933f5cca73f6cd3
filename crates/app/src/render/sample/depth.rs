//! What goes deeper than a row: tools, target lists, coordination, lessons and returns.

use watchpost_core::record::*;

use super::{exact, plain, services, stamp};

const SWEEP: &str = "7h2kq3m5xw4ndr6a";
const SHARED: &str = "m2zzq3m5xw4ndr6a";
const HUNT: &str = "dockq3m5xw4ndr6a";

/// A tool without a version.
pub fn tool(name: &str, confidence: f64) -> Tool {
    Tool {
        name: name.into(),
        version: None,
        confidence,
        text: format!("{name}'s window and options in 16 of 16 probes"),
    }
}

fn term(name: &str, bits: &[(ListKind, f64)], text: &str) -> ListTerm {
    let bits = bits.iter().map(|&(kind, bits)| ListBits { kind, bits }).collect();
    ListTerm { name: name.into(), bits, text: text.into() }
}

fn weighed(kinds: &[(ListKind, f64)]) -> Vec<WeighedList> {
    kinds.iter().map(|&(kind, probability)| WeighedList { kind, probability }).collect()
}

/// The verdict on a scan of one block.
pub fn block_list() -> TargetList {
    use ListKind::{Block, Curated, InternetWide, Organisation};
    TargetList {
        kind: Block,
        confidence: 0.97,
        weighed: weighed(&[(Block, 0.97), (InternetWide, 0.03), (Organisation, 0.0002), (Curated, 1e-9)]),
        terms: vec![
            term(
                "rate bound",
                &[(InternetWide, -5.0), (Block, 0.0), (Organisation, 0.0), (Curated, 0.0)],
                "181 of 256 addresses in 3 h would mean 264,000 probes a second Internet-wide",
            ),
            term(
                "informed",
                &[(InternetWide, 0.0), (Block, 0.0), (Organisation, 0.0), (Curated, -29.7)],
                "16 of 181 targets were live, of 20 live among 256",
            ),
        ],
    }
}

/// A recovered walk.
pub fn walk() -> Permutation {
    Permutation {
        generator: 17_387,
        prime: 65_537,
        list: "203.0.113.0/24".into(),
        list_addresses: Some(256),
        threads: 1,
        done: 1.0,
        next: vec![],
        bits: 212.4,
        text: "512 of 512 hits lie on the walk in rising order; 32,768 candidates were tried".into(),
    }
}

/// Why fourteen sources are one.
pub fn shared() -> Coordination {
    Coordination {
        bits: 308.2,
        chance_log10: -93.4,
        reasons: vec![
            "imprint: all have window 65535, TTL 52 and the same options".into(),
            "ports: all probe tcp/2375 and tcp/10250, nothing else".into(),
            "generator: 17387 modulo 65537 in all 14".into(),
            "coverage: 256 targets of 14 sources, none twice".into(),
        ],
        networks: 1,
    }
}

/// Container hunting from a list of live hosts, with a return from elsewhere two days later.
pub fn hunt() -> Campaign {
    Campaign {
        id: HUNT.into(),
        start: stamp("09:10:00"),
        end: stamp("09:10:41"),
        decided: stamp("09:10:09"),
        sources: vec!["198.51.100.200".into()],
        techniques: services(&["T1595.001", "T1595.002"]),
        probes: vec![ProbeKind::VersionProbe, ProbeKind::TcpConnect],
        probe_count: 40,
        hosts: exact(6),
        services: exact(3),
        top_services: services(&["tcp/2375", "tcp/6379", "tcp/10250"]),
        service_ranges: services(&["tcp/2375", "tcp/6379", "tcp/10250"]),
        targets: [7, 14, 80, 99, 120, 201].iter().map(|host| format!("203.0.113.{host}")).collect(),
        learned: Learned { open_hosts: exact(2), alive_hosts: exact(0), refused_hosts: exact(4) },
        prefixes: vec![Prefix { prefix: "203.0.113.0/24".into(), hosts: 6 }],
        coverage: vec![Coverage { block: "203.0.113.0/24".into(), hosts: exact(6), of: Some(256) }],
        rate: Some(1.0),
        median_gap: Some(0.8),
        order: Order::Ascending,
        nesting: Some(Nesting::HostMajor),
        tools: vec![tool("zgrab", 0.93), tool("masscan", 0.55)],
        target_list: TargetList {
            kind: ListKind::Curated,
            confidence: 0.84,
            weighed: weighed(&[(ListKind::Curated, 0.84), (ListKind::Block, 0.16)]),
            terms: vec![term(
                "informed",
                &[(ListKind::Curated, 0.0), (ListKind::Block, -17.9)],
                "6 of 6 targets were live, of 20 live among 256; by chance 1e-7",
            )],
        },
        procedures: vec![Procedure {
            name: "container-plane hunting".into(),
            confidence: 0.4,
            text:
                "Docker, Redis and kubelet ports with /version and /pods requested; many scanners do the same"
                    .into(),
            references: services(&["G0139"]),
        }],
        lessons: LessonCounts { open: 2, versions: 2, new_to_anyone: 2 },
        follow_ups: vec!["f9bbq3m5xw4ndr6a".into()],
        severity: Severity::Critical,
        severity_rule: "somebody came back".into(),
        stands_out: None,
        ..plain()
    }
}

fn fact(what: FactKind, text: &str) -> LessonFact {
    LessonFact { what, text: text.into() }
}

fn lesson(campaign: &str, host: &str, services: Vec<ServiceLesson>) -> Lesson {
    Lesson {
        schema_version: SCHEMA_VERSION,
        campaign: campaign.into(),
        host: host.into(),
        time: stamp("14:40:02"),
        alive_only: false,
        services,
        filtered: 0,
        stack: None,
    }
}

fn open(service: &str, protocol: Option<&str>, facts: Vec<LessonFact>) -> ServiceLesson {
    ServiceLesson {
        exposures: vec![],
        service: service.into(),
        state: ServiceState::Open,
        protocol: protocol.map(str::to_owned),
        facts,
        new_to_scanner: true,
        known_since: None,
    }
}

fn closed(service: &str) -> ServiceLesson {
    ServiceLesson { state: ServiceState::Closed, ..open(service, None, vec![]) }
}

/// What the sweep and the hunt learned.
pub fn lessons() -> Vec<Lesson> {
    let ssh = vec![
        fact(FactKind::Banner, "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3"),
        fact(FactKind::Software, "OpenSSH 9.2p1 Debian-2+deb12u3"),
    ];
    let docker = vec![
        fact(FactKind::Software, "Docker/24.0.7 (linux)"),
        fact(FactKind::Title, "HTTP/1.1 200 OK"),
        fact(FactKind::Login, "none"),
    ];
    let known = |service, since: &str| ServiceLesson {
        known_since: Some(since.into()),
        ..open(service, None, vec![])
    };
    let alive = Lesson { alive_only: true, filtered: 2, ..lesson(SWEEP, "203.0.113.61", vec![]) };
    let debian = lesson(SWEEP, "203.0.113.9", vec![open("tcp/22", Some("ssh"), ssh), closed("tcp/2222")]);
    vec![
        Lesson { stack: Some("Linux 4.x or later".into()), ..debian },
        lesson(SWEEP, "203.0.113.20", vec![known("tcp/22", "b4aaq3m5xw4ndr6a"), known("tcp/2222", "aaaa")]),
        lesson(SWEEP, "203.0.113.40", vec![closed("tcp/22"), open("tcp/2222", None, vec![])]),
        alive,
        lesson(SHARED, "203.0.113.77", vec![closed("tcp/2375"), closed("tcp/10250")]),
        lesson(HUNT, "203.0.113.14", vec![open("tcp/2375", Some("http"), docker)]),
        lesson(
            HUNT,
            "203.0.113.80",
            vec![open("tcp/6379", Some("redis"), vec![fact(FactKind::Software, "Redis 7.0.15")])],
        ),
    ]
}

/// A return of the sweep's neighbour, and one of a stranger to what the hunt had found.
pub fn follow_ups() -> Vec<FollowUp> {
    let first = FollowUp {
        schema_version: SCHEMA_VERSION,
        id: "f7aaq3m5xw4ndr6a".into(),
        scan: SWEEP.into(),
        scanner: "198.51.100.7".into(),
        source: "198.51.100.9".into(),
        link: Link::SameNetwork,
        targets: vec!["203.0.113.9:22".into()],
        start: stamp("17:40:00"),
        end: stamp("18:02:30"),
        delay: 10_798.0,
        sessions: 14,
        bits: 15.6,
        confidence: 0.999_98,
        severity: Severity::Critical,
        techniques: vec!["T1133".into()],
        attack_version: ATTACK_VERSION.into(),
        text: "it went straight to 1 of 1 service that was revealed; 2 of 421 sources use it".into(),
    };
    let second = FollowUp {
        id: "f9bbq3m5xw4ndr6a".into(),
        scan: HUNT.into(),
        scanner: "198.51.100.200".into(),
        source: "192.0.2.230".into(),
        link: Link::Knowledge,
        targets: vec!["203.0.113.14:2375".into(), "203.0.113.80:6379".into()],
        start: Stamp("2026-11-25T03:12:00.000000000Z".into()),
        end: Stamp("2026-11-25T03:12:00.000000000Z".into()),
        delay: 151_319.0,
        sessions: 1,
        bits: 22.1,
        text: "it went straight to 2 of 2 services that were revealed; nobody else uses them".into(),
        ..first.clone()
    };
    vec![first, second]
}
