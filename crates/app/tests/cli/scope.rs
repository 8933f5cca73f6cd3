//! `scope check` and `audit verify`.

use watchpost_survey::audit::{End, Event, Log};

use crate::running::Place;

const SCOPE: &str = r#"
organisation = "Example University"
authorised_by = "Jane Doe"
valid_until = "2127-06-30"
about = "https://scans.example.org/"
blocks = ["203.0.113.0/24"]
tcp = "22,80"
lab = true
"#;

#[test]
fn a_scope_is_told_and_its_mistakes_with_their_lines() {
    let place = Place::new();
    place.file("scope.toml", SCOPE.as_bytes());
    let good = place.run(&["scope", "check"]);
    assert_eq!(good.status, Some(0), "{}", good.stderr);
    assert!(
        good.stdout.contains("leaves      256 IPv4 addresses")
            && good.stdout.contains("at any time; open now")
    );
    let json: serde_json::Value =
        serde_json::from_str(&place.run(&["scope", "check", "--json"]).stdout).unwrap();
    assert_eq!((json["addresses_v4"].as_u64(), json["registry"].as_str()), (Some(256), Some("not checked")));

    place.file("scope.toml", SCOPE.replace("22,80", "0").replace("203.0.113.0/24", "8.8.8.8/24").as_bytes());
    let bad = place.run(&["scope", "check", "scope.toml"]);
    assert_eq!((bad.status, bad.stdout.as_str()), (Some(3), ""));
    assert!(bad.stderr.contains("scope.toml: line 6: blocks: 8.8.8.8/24: there are bits"), "{}", bad.stderr);
    assert!(bad.stderr.contains("scope.toml: line 7: tcp: \"0\" is no port"), "{}", bad.stderr);
    assert_eq!(place.run(&["scope", "check", "nowhere"]).status, Some(4));
}

#[test]
fn a_chain_is_whole_or_broken_and_says_where() {
    let place = Place::new();
    let name = "audit.ndjson";
    let mut log = Log::new(Vec::new(), End::default(), "jane".into(), "ab".into());
    let mut text = Vec::new();
    for packets in 0..3 {
        log.note(packets, Event::Sent { prefix: "203.0.113.0/24".into(), packets: 7 }).unwrap();
    }
    let end = log.end().hash.clone();
    text.extend_from_slice(log.written());
    place.file(name, &text);
    let whole = place.run(&["audit", "verify", name, "--end", &end]);
    assert_eq!(whole.status, Some(0), "{}", whole.stderr);
    assert!(whole.stdout.contains("whole, 3 lines"));
    let lines = String::from_utf8(text).unwrap();
    place.file(name, lines.lines().take(2).map(|line| format!("{line}\n")).collect::<String>().as_bytes());
    assert_eq!(place.run(&["audit", "verify", name]).status, Some(0), "nothing shows what was cut off");
    assert_eq!(place.run(&["audit", "verify", name, "--end", &end]).status, Some(3));
    place.file(name, lines.replacen(":7,", ":8,", 2).as_bytes());
    let broken = place.run(&["audit", "verify", name]);
    assert!(broken.status == Some(3) && broken.stderr.contains("line 1 was changed"), "{}", broken.stderr);
}
