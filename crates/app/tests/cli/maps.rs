use crate::running::Place;

const MAP: &str = r#"
[[map]]
name = "gateway"
help = "our gateway"
format = "csv"
records = "flows"
[map.fields]
time = "when"
source = "from"
target = "to"
target_port = "port"
transport = "proto"
outcome = "did"
[map.outcomes]
drop = "denied"
"#;

/// A place with a map, and a log of it in which one source asks 40 hosts for Telnet in vain.
fn place() -> Place {
    let place = Place::new();
    place.file("gateway.toml", MAP.as_bytes());
    let mut log = "when,from,to,port,proto,did\n".to_owned();
    for host in 1..=40 {
        log += &format!("2026-01-01 00:00:{host:02},198.51.100.7,203.0.113.{host},23,TCP,DROP\n");
    }
    place.file("gateway.csv", log.as_bytes());
    place
}

#[test]
fn a_log_of_an_unknown_product_needs_a_map_and_nothing_else() {
    let place = place();
    place.run(&["detect", "gateway.csv"]).with(4).told("not a format that is read: it looks like text");
    let ended = place.run(&["detect", "--map", "gateway.toml", "gateway.csv", "--tz", "+02:00"]).with(0);
    let ended = ended
        .printed("TCP sweep")
        .printed("198.51.100.7")
        .told("read        41 lines of 2025-12-31 22:00:01")
        .told("map gateway: no field has TCP flags")
        .told("gateway.csv --map gateway.toml --tz +02:00");
    let id = ended.stdout.lines().nth(1).unwrap().split_whitespace().nth(2).unwrap().to_owned();
    place.run(&["explain", &id, "--map", "gateway.toml", "--tz", "+02:00", "gateway.csv"]).with(0);
    // From the environment, and out of a folder.
    place.file("maps/a.toml", MAP.as_bytes());
    let mut command = place.command(&["detect", "gateway.csv", "--json"]);
    let output = command.env("WATCHPOST_MAP", "maps").output().unwrap();
    assert!(String::from_utf8(output.stdout).unwrap().contains("\"format\":\"gateway\""));
}

#[test]
fn what_does_not_fit_is_told_without_what_stands_in_it() {
    let place = place();
    place.file("other.csv", b"when,source,to,port,proto,did\n1,secret,b,c,d,e\n");
    let ended = place
        .run(&["detect", "--map", "gateway.toml", "other.csv"])
        .with(4)
        .told("error: other.csv: not a format that is read, nor of a map that was given: map gateway: no column `from` in its header\n  Mend the map");
    assert!(!ended.stderr.contains("secret"));
}

#[test]
fn mistakes_end_the_run_before_anything_is_read() {
    let place = place();
    place.file("bad.toml", MAP.replace("help", "hlep").as_bytes());
    let ended = place.run(&["detect", "--map", "bad.toml", "gateway.csv"]).with(2);
    ended.told("error: --map bad.toml, line 4: unknown field `hlep`, expected one of `name`, `help`");
    place
        .run(&["list", "formats", "--map", "none.toml"])
        .with(2)
        .told("error: --map none.toml: no such file");
}

#[test]
fn given_maps_are_listed() {
    let place = place();
    place
        .run(&["list", "formats", "--map", "gateway.toml"])
        .with(0)
        .printed("our gateway\n")
        .printed("pcapng");
}
