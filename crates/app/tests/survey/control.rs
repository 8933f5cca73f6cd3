//! Blocks that are nobody's lab: without a proof of control nothing leaves.

use std::process::Command;

use crate::capture::Capture;
use crate::lab::{Ended, Place, has, lab};

const SCOPE: &str = "organisation = \"Lab\"\nauthorised_by = \"Jane\"\nvalid_until = \"2999-01-01\"\nabout = \"https://lab.example/scans\"\n\
                     blocks = [\"45.0.0.0/24\"]\ntcp = \"80\"\nicmp = true\n";

/// In a namespace of its own with nothing but loopback, where a DNS server listens on port 5353: there is no way to anywhere.
fn nowhere(place: &Place, arguments: &[&str]) -> Ended {
    let script = "ip link set lo up; unbound -d -c unbound.conf 2>/dev/null & dns=$!
        for _ in $(seq 100); do [ -n \"$(ss -Hlnu 'sport = :5353')\" ] && break; sleep 0.05; done
        \"$@\"; status=$?; kill $dns; wait $dns; exit $status";
    let mut command = Command::new("unshare");
    command.args(["--net", "bash", "-c", script, "-", env!("CARGO_BIN_EXE_watchpost")]).args(arguments);
    let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
    command.current_dir(place.path()).env("PATH", path).output().unwrap().into()
}

/// A DNS server of one zone.
fn dns(place: &Place, text: &str) {
    let zone = "0.0.45.in-addr.arpa.";
    place.file(
        "unbound.conf",
        &format!(
            "server:\n interface: 127.0.0.1@5353\n do-daemonize: no\n username: \"\"\n chroot: \"\"\n pidfile: \"\"\n use-syslog: no\n \
             directory: \"{}\"\n access-control: 0.0.0.0/0 allow\n module-config: \"iterator\"\n local-zone: \"45.in-addr.arpa.\" static\n \
             local-zone: \"{zone}\" static\n local-data: '_watchpost.{zone} TXT \"{text}\"'\nremote-control:\n control-enable: no\n",
            place.path().display()
        ),
    );
}

#[test]
fn without_a_proof_of_control_nothing_leaves() {
    let Some(lab) = lab() else { return };
    let place = Place::new();
    place.file("scope.toml", SCOPE);
    let capture = Capture::start(lab, &place, "dst net 45.0.0.0/24");
    for how in ["--raw", "--connect"] {
        let run = place.run(lab, &["survey", how, "--resolver", "127.0.0.1:9", "--tcp", "80"]).with(3);
        let run = run
            .told("that you run these blocks is not proven")
            .told("watchpost-control=")
            .told("Nothing was probed");
        run.told("--unproven");
    }
    assert_eq!(std::fs::read_to_string(place.path().join("watchpost-audit.ndjson")).unwrap(), "");
    assert_eq!(capture.stop().len(), 0);
}

#[test]
fn a_txt_record_with_the_token_proves_it() {
    let Some(lab) = lab() else { return };
    if !has("unbound") || !has("unshare") {
        eprintln!("skipped: unbound or unshare is not installed");
        return;
    }
    let place = Place::new();
    place.file("scope.toml", SCOPE);
    let told = place.run(lab, &["survey", "--raw", "--resolver", "127.0.0.1:9"]).with(3).stderr;
    let token = told.split_whitespace().find(|word| word.starts_with("watchpost-control=")).unwrap();
    let survey = ["survey", "--raw", "--resolver", "127.0.0.1:5353", "--tcp", "80"];
    // Another's token proves nothing.
    dns(&place, "watchpost-control=00000000000000000000000000000000");
    nowhere(&place, &survey).with(3).told("is not proven").told("a TXT record with another text");
    // With the right one it goes on, up to what is not there: a way.
    dns(&place, token);
    let run = nowhere(&place, &survey).with(3).told("no way to 45.0.0.");
    assert!(!run.stderr.contains("not proven"), "{}", run.stderr);
    let run = nowhere(&place, &["survey", "--raw", "--unproven", "--resolver", "127.0.0.1:9"]).with(3);
    run.told("no way to 45.0.0.");
}
