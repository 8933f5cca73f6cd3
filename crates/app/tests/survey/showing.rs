//! What runs there, and what it exposes: real daemons, as found and after the fix.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::OnceLock;

use serde_json::Value;

use crate::lab::{Ended, Found, Lab, Place};

/// A daemon of the lab.
pub struct Daemon {
    pub host: String,
    pub port: String,
    pub name: String,
    pub form: String,
}

pub fn daemons_of(lab: &Lab) -> Vec<Daemon> {
    let text = fs::read_to_string(lab.var("LAB_LIST_DAEMONS")).unwrap();
    let daemon = |line: &str| {
        let [host, port, name, form] =
            line.split(' ').map(str::to_owned).collect::<Vec<_>>().try_into().unwrap();
        Daemon { host, port, name, form }
    };
    text.lines().map(daemon).collect()
}

/// One survey of all of them, with everything that it wrote.
pub struct Survey {
    pub place: Place,
    pub found: Found,
    pub run: Ended,
}

pub fn survey(lab: &Lab) -> &'static Survey {
    static SURVEY: OnceLock<Survey> = OnceLock::new();
    SURVEY.get_or_init(|| {
        let place = Place::new();
        let ports: BTreeSet<String> = daemons_of(lab).into_iter().map(|daemon| daemon.port).collect();
        let ports = ports.into_iter().collect::<Vec<_>>().join(",");
        let wish =
            ["survey", "--raw", "--scope", lab.scope("DAEMONS"), "--tcp", &ports, "--udp", "53,161,11211"];
        let run = place
            .run(
                lab,
                &[&wish[..], &["--wait", "0.4", "--passes", "2", "--out", "survey.ndjson", "--json"]]
                    .concat(),
            )
            .with(0);
        Survey { found: run.found(), place, run }
    })
}

const RUNGS: [&str; 5] = ["reachable", "identified", "discloses", "anonymous", "sensitive"];

fn rung(exposure: &Value) -> usize {
    RUNGS.iter().position(|rung| exposure["rung"] == *rung).unwrap()
}

/// What each open daemon shows: its check, and the rung that it reaches.
const SHOWN: [(&str, &str, &str); 24] = [
    ("apache2", "banner", "discloses"),
    ("apache2", "aws-credentials", "sensitive"),
    ("nginx", "banner", "discloses"),
    ("nginx", "aws-credentials", "sensitive"),
    ("dashboard", "kubernetes-dashboard", "sensitive"),
    ("docker", "docker", "sensitive"),
    ("podman", "docker", "sensitive"),
    ("dovecot", "banner", "discloses"),
    ("exim4", "banner", "discloses"),
    ("postfix", "banner", "discloses"),
    ("openssh", "banner", "discloses"),
    ("vsftpd", "banner", "discloses"),
    ("elasticsearch", "elasticsearch", "anonymous"),
    ("etcd", "etcd", "sensitive"),
    ("grafana", "grafana", "anonymous"),
    ("jenkins", "jenkins", "anonymous"),
    ("kubelet", "kubelet", "sensitive"),
    ("kubernetes", "kubernetes-api", "sensitive"),
    ("memcached", "memcached", "sensitive"),
    ("mongodb", "mongodb", "sensitive"),
    ("redis", "redis", "sensitive"),
    ("samba", "smb", "discloses"),
    ("tigervnc", "vnc", "sensitive"),
    ("rdp", "rdp", "anonymous"),
];

#[test]
fn each_daemon_shows_what_it_exposes_and_less_after_the_fix() {
    let Some(lab) = crate::lab::daemons() else { return };
    let Survey { place, found, .. } = survey(lab);
    let table = place.run(lab, &["survey", "diff", "survey.ndjson", "survey.ndjson"]).with(0);
    assert!(table.stdout.contains("nothing changed"), "{}", table.stdout);
    let of = |host: &str, check: &str| {
        found
            .exposures
            .iter()
            .filter(|one| one["host"] == host && one["check"] == check)
            .max_by_key(|one| rung(one))
    };
    let mut seen = 0;
    for daemon in daemons_of(lab) {
        for (_, check, wanted) in SHOWN.into_iter().filter(|(name, ..)| *name == daemon.name) {
            let shown = of(&daemon.host, check);
            let at = format!("{} ({}), {check}", daemon.name, daemon.form);
            if daemon.form == "open" {
                let shown = shown.unwrap_or_else(|| panic!("{at}: nothing is told"));
                assert_eq!(shown["rung"], wanted, "{at}");
                let fix = shown["fix"]["line"].as_str().unwrap();
                assert!(
                    !fix.is_empty() && shown["evidence"].as_array().is_some_and(|all| !all.is_empty()),
                    "{at}"
                );
                seen += 1;
            } else if let Some(shown) = shown {
                let before = RUNGS.iter().position(|rung| *rung == wanted).unwrap();
                assert!(rung(shown) < before, "{at}: still {shown}");
            }
        }
    }
    assert!(seen >= 10, "{seen} exposures of daemons");
}

#[test]
fn the_table_names_host_rung_and_fix() {
    let Some(lab) = crate::lab::daemons() else { return };
    let worst =
        |name: &str| daemons_of(lab).into_iter().find(|one| one.name == name && one.form == "open").unwrap();
    let (docker, kubelet) = (worst("docker"), worst("kubelet"));
    let place = Place::new();
    let wish = ["--tcp", "2375,10250", "--wait", "0.4", "--passes", "2", "--raw", "--discover", "off"];
    // Status 1, for it was asked for.
    let failing =
        ["survey", "--scope", lab.scope("DAEMONS"), "--fail-on", "high", &docker.host, &kubelet.host];
    let run = place.run(lab, &[&failing[..], &wish].concat()).with(1);
    let shown = &survey(lab).found.exposures;
    let fix = shown.iter().find(|one| one["host"] == docker.host).unwrap()["fix"]["line"].as_str().unwrap();
    for part in [
        &format!("{}:2375", docker.host),
        &format!("{}:10250", kubelet.host),
        "sensitive",
        "Docker API without a login",
        fix,
    ] {
        assert!(run.stdout.contains(part), "no {part}:\n{}", run.stdout);
    }
}

#[test]
fn no_secret_is_written_anywhere() {
    let Some(lab) = crate::lab::daemons() else { return };
    let Survey { place, run, .. } = survey(lab);
    let mut written =
        BTreeMap::from([("stdout".to_owned(), run.stdout.clone()), ("stderr".into(), run.stderr.clone())]);
    for entry in fs::read_dir(place.path()).unwrap().flatten() {
        if let Ok(text) = fs::read_to_string(entry.path()) {
            written.insert(entry.file_name().to_string_lossy().into_owned(), text);
        }
    }
    assert!(written.len() >= 4, "{:?}", written.keys());
    let has_site = daemons_of(lab).iter().any(|one| one.name == "nginx" || one.name == "apache2");
    assert_eq!(written["survey.ndjson"].contains("aws-credentials"), has_site);
    // AWS' example keys, and the words that the emulated daemons keep to themselves.
    for (name, text) in written {
        for secret in ["AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI", "bPxRfiCYEXAMPLEKEY", "lab-pass"] {
            assert!(!text.contains(secret), "{secret} is in {name}");
        }
    }
}
