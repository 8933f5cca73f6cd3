//! Fingerprints in the XML form of Recog: the examples of a whole database, where one is at hand, and of the own files.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "says what is skipped, and what was measured")]

use std::path::Path;

use watchpost_survey::identify::recog::{Fingerprints, SHIPPED, check};

/// Beside the repository.
const WHOLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/recog");

#[test]
fn every_example_of_the_whole_database_gives_its_fields() {
    let folder = Path::new(WHOLE);
    let Ok(files) = std::fs::read_dir(folder) else {
        eprintln!("skipped: {WHOLE} is not there");
        return;
    };
    let (mut prints, mut examples, mut earlier) = (0, 0, 0);
    let mut wrong = Vec::new();
    for file in files {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let outcome = check(path.to_str().unwrap(), &text, Some(folder));
        prints += outcome.prints;
        examples += outcome.examples;
        earlier += outcome.taken_by_earlier.len();
        wrong.extend(outcome.wrong);
    }
    println!("{prints} fingerprints, {examples} examples, {earlier} taken by an earlier one");
    for trouble in &wrong {
        println!("{trouble}");
    }
    assert!(prints > 4_000 && examples > 7_000, "{prints} fingerprints, {examples} examples");
    assert!(wrong.is_empty(), "{} of {examples} examples are wrong", wrong.len());
}

#[test]
fn every_own_fingerprint_has_an_example_that_gives_its_fields() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/fingerprints");
    let there = std::fs::read_dir(&folder)
        .unwrap()
        .filter(|f| f.as_ref().unwrap().path().extension().is_some_and(|e| e == "xml"));
    assert_eq!(there.count(), SHIPPED.len(), "a file of the folder is not built in");
    let (mut prints, mut wrong) = (0, Vec::new());
    for (name, text) in SHIPPED {
        let outcome = check(name, text, None);
        prints += outcome.prints;
        wrong.extend(outcome.wrong.iter().map(ToString::to_string));
        // Of the own files the first that fits must be the one that the example is for.
        wrong.extend(outcome.taken_by_earlier.iter().map(ToString::to_string));
        if outcome.examples < outcome.prints {
            wrong.push(format!("{name}: {} fingerprints, {} examples", outcome.prints, outcome.examples));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let shipped = Fingerprints::shipped();
    assert!(shipped.troubles().is_empty() && shipped.count() == prints && prints > 300, "{prints}");
}

const SOUND: &str = r#"<fingerprints matches="ssh.banner" protocol="ssh" preference="0.9">
  <fingerprint pattern="^Mine_(\d+)(?:-(\w+))?$">
    <description>Mine</description>
    <param pos="0" name="service.product" value="Mine"/>
    <param pos="1" name="service.version"/>
    <param pos="2" name="_tmp.flavour"/>
    <param pos="0" name="service.cpe23" value="cpe:/a:me:mine:{service.version}:{os.version}"/>
    <param pos="0" name="service.note" value="flavour {_tmp.flavour}"/>
  </fingerprint>
</fingerprints>"#;

fn of(files: &[(&str, &str)]) -> Fingerprints {
    let mut all = Fingerprints::default();
    for (name, text) in files {
        all.add(name, text, true);
    }
    all
}

#[test]
fn values_are_put_into_others_once() {
    let all = of(&[("mine.xml", SOUND)]);
    let found = all.find("ssh.banner", b"Mine_7-x");
    let [found] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(found.get("service.protocol"), Some("ssh"));
    assert_eq!(found.get("service.cpe23"), Some("cpe:/a:me:mine:7:-"));
    assert_eq!(found.get("service.note"), Some("flavour x"));
    assert_eq!(found.get("_tmp.flavour"), None);
    // A missing field that is no version of a CPE makes none.
    assert_eq!(all.find("ssh.banner", b"Mine_7")[0].get("service.note"), None);
    assert!(all.find("ssh.banner", b"Other").is_empty() && all.find("ftp.banner", b"Mine_7").is_empty());
    // What strangers say is no template, and does not end a part of a CPE.
    let text = SOUND.replace(r"(\d+)", "([^-]+)");
    let found = of(&[("mine.xml", &text)]).find("ssh.banner", b"Mine_{service.product}:*");
    assert_eq!(found[0].get("service.cpe23"), Some("cpe:/a:me:mine:%7bservice.product%7d%3a%2a:-"));
}

#[test]
fn what_is_wrong_is_told_with_its_line_and_loses_nothing_else() {
    let one = |print: &str| SOUND.replacen("  <fingerprint ", &format!("  {print}\n  <fingerprint "), 1);
    for (wrong, why) in [
        (r#"<fingerprint pattern="("/>"#, "the pattern does not compile"),
        (r#"<fingerprint pattern="a(?=b)"/>"#, "the pattern does not compile"),
        (r#"<fingerprint/>"#, "without a pattern"),
        (r#"<fingerprint pattern="a" flags="REG_NEW"/>"#, "REG_NEW"),
        (
            r#"<fingerprint pattern="a"><param pos="1" name="x"/></fingerprint>"#,
            "1, but the pattern has 0 groups",
        ),
        (r#"<fingerprint pattern="a"><param pos="x" name="x"/></fingerprint>"#, "is no number"),
        (r#"<fingerprint pattern="a"><param pos="0" name="x"/></fingerprint>"#, "needs a value"),
        (r#"<fingerprint pattern="a"><param pos="0" value="x"/></fingerprint>"#, "without a name"),
    ] {
        let all = of(&[("wrong.xml", &one(wrong))]);
        let [trouble] = all.troubles() else { panic!("{wrong}: {:?}", all.troubles()) };
        assert_eq!((trouble.file.as_str(), trouble.line), ("wrong.xml", 2));
        assert!(trouble.to_string().contains(why), "{trouble}");
        assert_eq!(all.find("ssh.banner", b"Mine_7").len(), 1, "{wrong}");
    }
    // A file that is no XML costs itself alone.
    let all = of(&[("cut.xml", &SOUND[..SOUND.len() / 2]), ("other.xml", "<x/>"), ("mine.xml", SOUND)]);
    assert_eq!(all.troubles().iter().map(|t| t.file.as_str()).collect::<Vec<_>>(), ["cut.xml", "other.xml"]);
    assert!(all.troubles()[0].line > 1);
    assert_eq!(all.find("ssh.banner", b"Mine_7").len(), 1);
}

#[test]
fn a_users_folder_is_asked_first() {
    let folder = tempfile::tempdir().unwrap();
    let text = SOUND.replace("^Mine_", "^OpenSSH_").replace(r"(\d+)", r"([\d.p]+)");
    std::fs::write(folder.path().join("a.xml"), text).unwrap();
    std::fs::write(folder.path().join("b.xml"), [0xff, 0xfe]).unwrap();
    std::fs::write(folder.path().join("readme"), "no fingerprints").unwrap();
    let all = Fingerprints::load(folder.path()).unwrap();
    let found = all.find("ssh.banner", b"OpenSSH_9.6");
    assert_eq!(found.iter().map(|m| m.is_users).collect::<Vec<_>>(), [true, false]);
    assert_eq!(found[0].get("service.product"), Some("Mine"));
    assert_eq!(all.troubles().len(), 1, "{:?}", all.troubles());
    let empty = tempfile::tempdir().unwrap();
    assert!(
        Fingerprints::load(empty.path()).is_err() && Fingerprints::load(&empty.path().join("none")).is_err()
    );
}

#[test]
fn flags_and_dialect_are_ruby_s() {
    let with = |pattern: &str, flags: &str| {
        format!(
            "<fingerprints matches=\"x\"><fingerprint pattern=\"{pattern}\" flags=\"{flags}\">\
             <param pos=\"0\" name=\"a\" value=\"b\"/></fingerprint></fingerprints>"
        )
    };
    for (pattern, flags, words, fits) in [
        ("^abc$", "", &b"ABC"[..], false),
        ("^abc$", "REG_ICASE", b"ABC", true),
        ("^a.c$", "", b"a\nc", false),
        ("^a.c$", "REG_DOT_NEWLINE", b"a\nc", true),
        ("^a.c$", "REG_MULTILINE,REG_ICASE", b"A\nC", true),
        ("(?m:a.c)", "", b"a\nc", true),
        ("(?im:a.c)", "", b"A\nC", true),
        ("[(?m:]", "", b"?", true),
        ("^c$", "", b"a\nc\nd", true),
        ("^c$", "", b"a\r\nc\r\n", false),
        ("^c$", "REG_LINE_ANY_CRLF", b"a\r\nc\r\n", true),
        // A dot is a character of sound UTF-8, else a byte.
        ("^a.c$", "", "a·c".as_bytes(), true),
        ("^a.c$", "", b"a\xb7c", true),
        ("^[ä]$", "", "ä".as_bytes(), true),
    ] {
        let all = of(&[("x.xml", &with(pattern, flags))]);
        assert!(all.troubles().is_empty(), "{:?}", all.troubles());
        assert_eq!(!all.find("x", words).is_empty(), fits, "{pattern} {flags} {words:?}");
    }
}

/// How long it takes: `cargo test -p watchpost-survey --test recog -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn measure() {
    use std::time::Instant;
    let words: &[(&str, &[u8])] = &[
        ("ssh.banner", b"OpenSSH_9.2p1 Debian-2+deb12u3"),
        ("http_header.server", b"Apache/2.4.57 (Debian)"),
        ("html_title", b"Dashboard [Jenkins]"),
        ("ftp.banner", b"(vsFTPd 3.0.3)"),
        ("smtp.banner", b"mail.example.org ESMTP Postfix (Debian/GNU)"),
        (
            "snmp.sys_description",
            b"Linux web1 6.1.0-13-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.1.55-1 (2023-09-29) x86_64",
        ),
        ("http_header.server", b"nothing that anybody knows"),
    ];
    let memory = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or("").to_owned()
    };
    type Load = (&'static str, fn() -> Fingerprints);
    let loads: [Load; 2] =
        [("shipped", Fingerprints::shipped), ("whole", || Fingerprints::load(Path::new(WHOLE)).unwrap())];
    for (name, load) in loads {
        let start = Instant::now();
        let all = load();
        println!("{name}: {} fingerprints in {:?}; {}", all.count(), start.elapsed(), memory());
        for (round, times) in [("first", 1), ("again", 1_000)] {
            for (kind, said) in words {
                let start = Instant::now();
                for _ in 0..times {
                    std::hint::black_box(all.find(kind, said));
                }
                println!("  {round} {kind} ({} bytes): {:?}", said.len(), start.elapsed() / times);
            }
        }
        let start = Instant::now();
        std::hint::black_box(all.find("html_title", &[b'a'; 4_096]));
        println!("  4 KiB of one letter: {:?}; {}", start.elapsed(), memory());
    }
}
