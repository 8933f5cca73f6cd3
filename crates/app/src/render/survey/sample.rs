//! A survey made by hand, that the tests share.

use watchpost_core::inventory::{
    Asked, Exposure, Fix, Inventory, Miss, OsGuess, Product, Rung, SeenBy, Service, State, Survey, settle,
};
use watchpost_core::record::{FactKind, LessonFact, SCHEMA_VERSION, Severity, Stamp};

use crate::render::Screen;

/// A terminal of this width without colours.
pub const fn screen(width: usize) -> Screen {
    Screen {
        width,
        wrap: true,
        colour: false,
        colour_messages: false,
        all: true,
        everything: false,
        whole_lists: false,
    }
}

fn stamp(day: u32, text: &str) -> Stamp {
    Stamp(format!("2026-11-{day:02}T{text}.000000000Z"))
}

fn survey(day: u32) -> Survey {
    Survey {
        schema_version: SCHEMA_VERSION,
        id: format!("s{day}zzq3m5xw4ndr6a"),
        organisation: "Example University".into(),
        blocks: vec!["203.0.113.0/24".into()],
        start: stamp(day, "02:00:00"),
        end: stamp(day, "02:04:00"),
        asked: vec!["tcp/1-10250".into(), "udp/53".into()],
        targets: vec!["203.0.113.0/24".into()],
        target_count: 256,
        sources: vec!["198.51.100.250".into()],
        probes: 2_624_256,
        answers: 2_100,
        rate: 9_871.0,
        rate_cap: 10_000.0,
        coverage: 1.0,
        miss: Some(Miss { rate: 0.004, low: 0.001, high: 0.009, canaries: 812 }),
        registry: "not checked".into(),
        control: "proven by a TXT record".into(),
        ..Survey::default()
    }
}

fn service(day: u32, host: u8, name: &str, protocol: &str, product: Option<(&str, &str)>) -> Service {
    Service {
        schema_version: SCHEMA_VERSION,
        host: format!("203.0.113.{host}"),
        service: name.into(),
        state: State::Open,
        confidence: 0.999,
        first_seen: stamp(day, "02:01:00"),
        last_seen: stamp(day, "02:01:00"),
        protocol: Some(protocol.into()),
        product: product.map(|(name, version)| Product {
            name: name.into(),
            version: Some(version.into()),
            ..Product::default()
        }),
        ..Service::default()
    }
}

fn exposure(
    day: u32,
    host: u8,
    service: &str,
    (check, rung, what): (&str, Rung, &str),
    fix: (&str, &str),
) -> Exposure {
    Exposure {
        schema_version: SCHEMA_VERSION,
        host: format!("203.0.113.{host}"),
        service: service.into(),
        check: check.into(),
        rung,
        what: what.into(),
        evidence: vec!["HTTP 200 with Api-Version 1.43".into()],
        fix: Fix { place: fix.0.into(), line: fix.1.into() },
        techniques: vec![],
        first_seen: stamp(day, "02:02:00"),
        time: stamp(day, "02:02:00"),
        within_policy: None,
        seen_by: vec![],
    }
}

const SSHD: (&str, &str) = ("sshd_config", "DebianBanner no");

fn ssh(day: u32, host: u8) -> Exposure {
    exposure(day, host, "tcp/22", ("banner", Rung::Discloses, "OpenSSH 9.2p1 Debian-2+deb12u3"), SSHD)
}

fn web(day: u32, host: u8, certificate: &str) -> Service {
    Service {
        tls: true,
        os: Some(OsGuess { name: "Linux".into(), because: "SYN-ACK".into() }),
        facts: vec![LessonFact { what: FactKind::CertificateName, text: certificate.into() }],
        ..service(day, host, "tcp/443", "http", Some(("nginx", "1.22.1")))
    }
}

/// Of 22 November.
fn before() -> Inventory {
    let services = vec![
        service(21, 9, "tcp/22", "ssh", Some(("OpenSSH", "9.2p1"))),
        web(21, 9, "mail.example.org"),
        service(21, 20, "tcp/23", "telnet", None),
        service(21, 21, "tcp/80", "http", None),
    ];
    let mut inventory = Inventory { survey: survey(21), services, exposures: vec![ssh(21, 9)] };
    inventory.sort();
    settle(inventory, None, |_, _| Asked::No)
}

/// Two days later, held against the one before.
pub fn taken() -> Inventory {
    let mut services = vec![
        service(23, 9, "tcp/22", "ssh", Some(("OpenSSH", "9.2p1"))),
        web(23, 9, "www.example.org"),
        service(23, 14, "tcp/2375", "docker", Some(("Docker", "24.0.7"))),
        service(23, 7, "tcp/*", "", None),
        service(23, 30, "tcp/3389", "rdp", None),
        service(23, 31, "udp/53", "dns", None),
    ];
    services.extend((40..45).map(|host| web(23, host, "www.example.org")));
    let docker = ("docker", Rung::Sensitive, "Docker API without a login");
    let rdp = ("policy", Rung::Identified, "remote access by RDP, outside of the policy");
    let exposures = vec![
        ssh(23, 9),
        exposure(23, 14, "tcp/2375", docker, ("dockerd", "remove -H tcp://, or --tlsverify")),
        exposure(
            23,
            30,
            "tcp/3389",
            rdp,
            ("firewall", "drop tcp/3389 to 203.0.113.30 from outside, or allow it in policy.toml"),
        ),
    ];
    let mut inventory = Inventory { survey: survey(23), services, exposures };
    inventory.sort();
    let looks = |host: &str, _: &str| if host.ends_with(".20") { Asked::Twice } else { Asked::Once };
    settle(inventory, Some(&before()), looks)
}

/// So many SSH servers that show the same, from .50 on.
pub fn alike(many: u8, rung: Rung) -> Vec<Exposure> {
    let shown = ("banner", rung, "OpenSSH 9.2p1");
    (50..50 + many).map(|host| exposure(23, host, "tcp/22", shown, SSHD)).collect()
}

/// One that stopped, where discovery came first, with much that is alike, and without proof of control.
pub fn crowded() -> Inventory {
    let mut inventory = taken();
    inventory.exposures.extend(alike(42, Rung::Discloses));
    let policy = |host, service: &str, what| {
        let line = format!("drop {service} to 203.0.113.{host} from outside, or allow it in policy.toml");
        exposure(23, host, service, ("policy", Rung::Identified, what), ("firewall", &line))
    };
    inventory.exposures.extend((40..45).map(|host| policy(host, "tcp/443", "nginx, outside of the policy")));
    inventory.exposures.push(policy(14, "tcp/2375", "Docker, outside of the policy"));
    let ssh = |host| service(23, host, "tcp/22", "ssh", Some(("OpenSSH", "9.2p1")));
    inventory.services.extend((50..92).map(ssh));
    inventory.services.push(service(23, 8, "udp/*", "", None));
    inventory.services.push(Service { confidence: 0.5, ..service(23, 32, "tcp/8080", "", None) });
    inventory.sort();
    let survey = &mut inventory.survey;
    survey.hosts_asked = Some(vec!["203.0.113.0/26".into(), "203.0.113.64/27".into()]);
    survey.knocks = ["icmp/echo", "tcp/443", "tcp/22", "tcp/80", "udp/53"].map(str::to_owned).to_vec();
    (survey.stopped, survey.coverage) = (Some("Ctrl-C".into()), 0.914);
    survey.control = "203.0.113.0/24: not proven: _watchpost.113.0.203.in-addr.arpa: no TXT record".into();
    inventory
}

/// Both, the later one with who has seen what.
pub fn pair() -> (Inventory, Inventory) {
    let mut after = taken();
    for exposure in after.exposures.iter_mut().filter(|e| e.check == "docker") {
        let seen = |scanner: u8, time| SeenBy {
            campaign: format!("scan{scanner}"),
            scanner: format!("198.51.100.{scanner}"),
            severity: Severity::High,
            time: stamp(23, time),
        };
        exposure.seen_by = vec![seen(7, "04:02:00"), seen(8, "05:00:00"), seen(9, "06:00:00")];
    }
    (before(), after)
}
