//! Hosts that are reached otherwise: IPv6, on the own link, far away, over UDP, by ordinary connections.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::capture::Capture;
use crate::lab::{Ended, Place, lab};

fn hosts(services: &BTreeSet<(String, String)>) -> BTreeSet<String> {
    services.iter().map(|(host, _)| host.clone()).collect()
}

#[test]
fn neighbours_are_found_by_arp_and_nd() {
    let Some(lab) = lab() else { return };
    let place = Place::new();
    // Of these no pattern knows.
    place.file("list", "# by hand\n2001:db8:78:0:5e:ff:fe00:2\n\n2001:db8:78::20 # again\n2001:db8:99::1\n");
    let capture = Capture::start(lab, &place, "(net 10.77.12.0/24 or net 2001:db8:78::/64) and not icmp6");
    let wish = ["--tcp", "22,80", "--no-identify", "--hitlist", "list"];
    let found = place.survey(lab, lab.scope("LINK"), &wish);
    let truth = lab.truth("LINK");
    // The scanner's own addresses are no targets that could answer.
    let own = ["10.77.12.7", "2001:db8:78::7"];
    let open: BTreeSet<_> =
        found.open().into_iter().filter(|(host, _)| !own.contains(&host.as_str())).collect();
    assert_eq!(open, truth);
    // Two passes of one solicitation each, and little more: ports are asked of those who are there.
    let number = |name: &str| found.survey[name].as_u64().unwrap();
    let (probes, targets) = (number("probes"), number("target_count"));
    assert!(probes >= targets && probes < 2 * targets + 400, "{probes} to {targets} targets");
    // Nobody else was asked anything: who does not answer to its own address is not there.
    let asked: BTreeSet<String> = capture.stop().iter().map(|packet| packet.target.to_string()).collect();
    let known = hosts(&truth);
    let others: Vec<_> =
        asked.iter().filter(|host| !known.contains(*host) && !own.contains(&host.as_str())).collect();
    assert!(others.is_empty(), "{others:?}");
}

#[test]
fn ipv6_is_found_by_pattern_by_list_and_by_what_was_seen_answering() {
    let Some(lab) = lab() else { return };
    let place = Place::new();
    let truth = lab.truth("SIX");
    let unguessed = "2001:db8:77:0:3a5d:91c2:77b0:e41f";
    place.file(
        "scope.toml",
        &crate::sending::scope(
            "\"2001:db8:77::/64\"",
            "tcp = \"1-65535\"\nicmp = true\n[rate]\nall = 1000000\nnetwork = 1000000\nhost = 1000000",
        ),
    );
    let wish = ["--tcp", "22,80,443", "--no-identify"];
    let found = place.survey(lab, "scope.toml", &wish).open();
    assert!(found.is_subset(&truth), "{found:?}");
    // Low numbers, words, ports; the numbers made of MAC addresses need a neighbour or a list.
    let guessed = hosts(&found);
    for host in ["::1", "::a", "::53", "::443", "::1:1", "::cafe", "::dead:beef"] {
        assert!(guessed.contains(&format!("2001:db8:77{host}")), "{host}: {guessed:?}");
    }
    assert!(!guessed.contains(unguessed));

    place.file("list", &hosts(&truth).into_iter().collect::<Vec<_>>().join("\n"));
    let capture = Capture::both(lab, &place, "seen.pcap", "net 2001:db8:77::/64");
    let listed = place.survey(lab, "scope.toml", &[&wish[..], &["--hitlist", "list"]].concat()).open();
    capture.stop();
    assert_eq!(listed, truth);

    // What the detector saw answering is a list as well.
    let run = place.run(lab, &["detect", "seen.pcap", "--blocks", "2001:db8:77::/64", "--json"]).with(0);
    assert!(
        run.stdout.contains("\"record\":\"lesson\"") && run.stdout.contains(unguessed),
        "{:.2000}",
        run.stdout
    );
    place.file("lessons.ndjson", &run.stdout);
    let learned =
        place.survey(lab, "scope.toml", &[&wish[..], &["--hitlist", "lessons.ndjson"]].concat()).open();
    assert_eq!(learned, truth);
}

#[test]
fn hosts_that_answer_late_are_found() {
    let Some(lab) = lab() else { return };
    // Not faster than the relay that makes them late.
    let wish = ["--tcp", "22,80,443,8080", "--no-identify", "--rate", "2000", "--passes", "4"];
    let found = Place::new().survey(lab, lab.scope("DELAY"), &wish);
    assert_eq!(found.open(), lab.truth("DELAY"));
}

#[test]
fn udp_services_answer_in_their_own_words() {
    let Some(lab) = lab() else { return };
    let text = fs::read_to_string(lab.var("LAB_TRUTH_UDP")).unwrap();
    let truth: BTreeSet<(String, String, String)> = text
        .lines()
        .map(|line| {
            let [host, port, name] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
            (host.to_owned(), format!("udp/{port}"), name.to_owned())
        })
        .collect();
    let found = Place::new().survey(lab, lab.scope("UDP"), &["--udp", "all"]);
    let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let open: BTreeSet<_> = found
        .services
        .iter()
        .filter(|service| word(&service["service"]).starts_with("udp/"))
        .map(|service| (word(&service["host"]), word(&service["service"]), word(&service["protocol"])))
        .collect();
    assert_eq!(open, truth);
}

const SOME: [&str; 4] = ["10.77.8.0/29", "10.77.8.64/29", "10.77.8.128/29", "10.77.8.192/29"];

#[test]
fn ordinary_connections_find_the_same() {
    let Some(lab) = lab() else { return };
    let wish = [&SOME[..], &["--tcp", "22,80,443,4321", "--no-identify"]].concat();
    let survey =
        |more: &[&str]| Place::new().survey(lab, lab.scope("FIREWALLS"), &[&wish[..], more].concat());
    let (raw, connected) = std::thread::scope(|threads| {
        let raw = threads.spawn(|| survey(&[]));
        let connected = survey(&["--connect"]);
        (raw.join().unwrap(), connected)
    });
    assert_eq!(
        (raw.survey["method"].as_str(), connected.survey["method"].as_str()),
        (Some("raw"), Some("connect"))
    );
    assert_eq!(raw.open().len(), 48);
    assert_eq!(connected.open(), raw.open());
}

#[test]
fn who_may_not_send_raw_packets_connects_and_is_told() {
    let Some(lab) = lab() else { return };
    let place = Place::new();
    let open = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    open(place.path(), 0o777);
    // Where the binaries were built, nobody may look.
    for (name, binary) in [
        ("watchpost", env!("CARGO_BIN_EXE_watchpost")),
        ("watchpost-probe", env!("CARGO_BIN_EXE_watchpost-probe")),
    ] {
        fs::copy(binary, place.path().join(name)).unwrap();
        open(&place.path().join(name), 0o755);
    }
    fs::copy(lab.scope("FIREWALLS"), place.path().join("scope.toml")).unwrap();
    open(&place.path().join("scope.toml"), 0o644);
    let run = |more: &[&str]| -> Ended {
        let mut command = lab.at("outside", "setpriv");
        command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups", "--inh-caps=-all"]);
        command.arg(place.path().join("watchpost")).args([
            "survey",
            "10.77.8.0/29",
            "--tcp",
            "22,80",
            "--no-identify",
        ]);
        command
            .args(["--json", "--wait", "0.2", "--passes", "2"])
            .args(more)
            .current_dir(place.path())
            .output()
            .unwrap()
            .into()
    };
    let ended = run(&[]).with(0).told("by ordinary connections").told("raw packets are not to be had");
    let found = ended.found();
    assert_eq!(found.survey["method"], "connect");
    assert_eq!(found.open().len(), 8);
    run(&["--raw"]).with(3).told("raw packets").told("cap_net_raw");
}
