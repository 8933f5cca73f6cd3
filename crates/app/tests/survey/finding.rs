//! What is open is found, and nothing else: at loss, behind firewalls, SYN proxies and in tarpits.

use std::collections::BTreeSet;
use std::io::Read;
use std::process::Stdio;

use crate::lab::{Found, Lab, Place, lab, lossy};
use crate::sending::scope;

/// The whole /22 on a hundred ports.
fn services(lab: &Lab, more: &[&str]) -> Found {
    let ports = lab.var("LAB_PORTS_SERVICES");
    Place::new().survey(lab, lab.scope("SERVICES"), &[&["--tcp", ports, "--no-identify"], more].concat())
}

/// Nothing false, so much of what is open, and the interval of what may be missed holds what was missed.
#[track_caller]
fn holds(lab: &Lab, found: &Found, least: f64) {
    let (truth, open) = (lab.truth("SERVICES"), found.open());
    let wrong: Vec<_> = open.difference(&truth).collect();
    assert!(wrong.is_empty(), "open, and are not: {wrong:?}");
    let missed = 1.0 - open.len() as f64 / truth.len() as f64;
    assert!(1.0 - missed >= least, "{} of {}", open.len(), truth.len());
    let miss = |name: &str| found.survey["miss"][name].as_f64().unwrap();
    let (low, high) = (miss("low"), miss("high"));
    // The interval is of the rate; what one survey misses at that rate varies: by three standard deviations, and by one.
    let chance = |rate: f64| 3.0 * (rate / truth.len() as f64).sqrt() + 1.0 / truth.len() as f64;
    assert!(missed <= high + chance(high), "missed {missed}, and at most {high} was said");
    // Answers that come again after the survey's patience for canaries are still found: it may miss less than it says, by half.
    assert!(missed >= low / 2.0 - chance(low), "missed {missed}, and at least {low} was said");
}

#[test]
fn every_open_port_of_4_096_is_found_and_no_other_whatever_the_network_loses() {
    let Some(lab) = lossy() else { return };
    assert_eq!(lab.truth("SERVICES").len(), 4_096);
    for (loss, least) in [("0", 1.0), ("2", 0.999), ("10", 0.995)] {
        lab.lose(loss);
        let found = services(lab, &["--passes", "6"]);
        holds(lab, &found, least);
        assert_eq!(found.survey["coverage"], 1.0);
    }
    // With two passes much is missed, and it is said how much: each of two questions is lost with 19 %.
    let found = services(lab, &["--passes", "2", "--discover", "off"]);
    lab.lose("0");
    holds(lab, &found, 0.9);
    let high = found.survey["miss"]["high"].as_f64().unwrap();
    assert!((0.02..0.1).contains(&high), "{high}");
}

#[test]
fn firewalls_that_drop_reject_or_reset_change_nothing() {
    let Some(lab) = lab() else { return };
    let ports = "20-30,80,443,4321,8080";
    let found = Place::new().survey(lab, lab.scope("FIREWALLS"), &["--tcp", ports, "--no-identify"]);
    assert_eq!(found.open(), lab.truth("FIREWALLS"));
    assert_eq!(found.survey["coverage"], 1.0);
}

#[test]
fn a_syn_proxy_hides_no_service_and_makes_none() {
    let Some(lab) = lab() else { return };
    // Both kinds: what connects elsewhere is reset, or hears nothing.
    let targets = ["10.77.9.8/29", "10.77.9.72/29", "--tcp", "22,80,443,4321,8080", "--no-identify"];
    let found = Place::new().survey(lab, lab.scope("SYNPROXY"), &targets);
    let inside = |(host, _): &(String, String)| {
        let last: u8 = host.rsplit('.').next().unwrap().parse().unwrap();
        (8..16).contains(&last) || (72..80).contains(&last)
    };
    let truth: BTreeSet<_> = lab.truth("SYNPROXY").into_iter().filter(inside).collect();
    let (all, ports): (BTreeSet<_>, BTreeSet<_>) =
        found.open().into_iter().partition(|(_, service)| service == "tcp/*");
    assert_eq!(truth.len(), 32);
    assert_eq!(ports, truth);
    assert_eq!(all.len(), 16, "each answers everywhere: {all:?}");
}

#[test]
fn who_opens_everything_is_one_finding() {
    let Some(lab) = lab() else { return };
    // Silent; a byte every ten seconds; a window that shuts.
    let hosts = ["10.77.10.3", "10.77.10.4", "10.77.10.70", "10.77.10.71", "10.77.10.130", "10.77.10.131"];
    let more = ["--tcp", "22,80,443,2375", "--no-identify"];
    let found = Place::new().survey(lab, lab.scope("TARPIT"), &[&hosts[..], &more].concat());
    let whole: BTreeSet<_> = hosts.iter().map(|host| ((*host).to_owned(), "tcp/*".to_owned())).collect();
    assert_eq!(found.open(), whole);
}

#[test]
fn a_wall_is_left_alone_and_what_is_behind_it_is_found() {
    let Some(lab) = lab() else { return };
    let targets = ["10.77.9.16/30", "10.77.9.80/30", "--tcp", "1-3000", "--no-identify"];
    let found = Place::new().survey(lab, lab.scope("SYNPROXY"), &targets);
    let inside = |(host, _): &(String, String)| {
        let last: u8 = host.rsplit('.').next().unwrap().parse().unwrap();
        (16..20).contains(&last) || (80..84).contains(&last)
    };
    let truth: BTreeSet<_> = lab.truth("SYNPROXY").into_iter().filter(inside).collect();
    let (all, ports): (BTreeSet<_>, BTreeSet<_>) =
        found.open().into_iter().partition(|(_, service)| service == "tcp/*");
    assert_eq!((ports, all.len()), (truth, 8));
    // Of 3,000 ports each, asked twice.
    let probes = found.survey["probes"].as_u64().unwrap();
    assert!(probes < 8 * 800, "{probes}");
    assert!(found.survey["unseen"].to_string().contains("8 hosts that open every port"), "{}", found.survey);
}

#[test]
fn a_host_with_many_services_is_no_wall() {
    let Some(lab) = lab() else { return };
    let (place, host) = (Place::new(), "10.77.5.203");
    let mut servers = listening(lab, host, "range(20000, 20300)");
    one(&place, host);
    let wish = ["--tcp", "19900-20400", "--discover", "off", "--no-identify"];
    let found = place.survey(lab, "scope.toml", &wish);
    drop(servers.stdin.take());
    servers.wait().unwrap();
    let truth: BTreeSet<_> = (20_000..20_300).map(|port| (host.to_owned(), format!("tcp/{port}"))).collect();
    assert_eq!(found.open(), truth);
}

/// Listens on these ports of a host of the /22 until its input ends.
fn listening(lab: &Lab, host: &str, ports: &str) -> std::process::Child {
    let script = format!(
        "import socket, sys\nkept = [socket.create_server(('{host}', port)) for port in {ports}]\n\
         print('ready', flush=True)\nsys.stdin.read()"
    );
    let mut servers = lab.at("inside", "python3");
    let mut servers =
        servers.args(["-c", &script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    servers.stdout.as_mut().unwrap().read_exact(&mut [0; 6]).unwrap();
    servers
}

/// A scope of one host, without a cap that matters.
fn one(place: &Place, host: &str) {
    let more = "tcp = \"1-65535\"\n[rate]\nall = 50000\nnetwork = 50000\nhost = 50000";
    place.file("scope.toml", &scope(&format!("\"{host}/32\""), more));
}

#[test]
fn what_opens_once_and_never_again_is_not_open() {
    let Some(lab) = lab() else { return };
    let (place, host) = (Place::new(), "10.77.5.204");
    let mut servers = listening(lab, host, "(20000, 20001)");
    // The first SYN gets through, each further one is reset.
    lab.nft("inside", "add table inet once");
    lab.nft("inside", "add chain inet once input { type filter hook input priority -5; }");
    let rule = "tcp dport 20000 tcp flags syn limit rate over 1/day burst 1 packets reject with tcp reset";
    lab.nft("inside", &format!("add rule inet once input ip daddr {host} {rule}"));
    one(&place, host);
    let wish = ["--tcp", "20000,20001", "--discover", "off", "--no-identify"];
    let found = place.survey(lab, "scope.toml", &wish);
    lab.nft("inside", "delete table inet once");
    drop(servers.stdin.take());
    servers.wait().unwrap();
    // The other is silent, but it answers each time.
    assert_eq!(found.open(), BTreeSet::from([(host.to_owned(), "tcp/20001".to_owned())]));
    assert!(found.survey["answers"].as_u64().unwrap() >= 2, "both had answered: {}", found.survey);
}

#[test]
fn a_proxy_before_a_part_of_the_ports_makes_none_of_them_open() {
    let Some(lab) = lab() else { return };
    let (place, host) = (Place::new(), "10.77.9.120");
    let rest = format!("ip daddr {host} iifname \"guard\" tcp dport != 5000-5299 reject with tcp reset");
    lab.nft("guard", &format!("insert rule inet lab_synproxy input {rest}"));
    one(&place, host);
    let found =
        place.survey(lab, "scope.toml", &["--tcp", "4000-6000", "--discover", "off", "--no-identify"]);
    assert_eq!(found.open(), BTreeSet::from([(host.to_owned(), "tcp/*".to_owned())]));
}
