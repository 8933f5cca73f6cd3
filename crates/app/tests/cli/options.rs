use crate::running::Place;

#[test]
fn what_makes_no_sense_is_a_usage_error_with_the_fix() {
    let place = Place::with_sweep();
    place.file("blocks.txt", b"# ours\n203.0.113.0/24\n203.0.113.9/28 # the web servers\n");
    for (options, told) in [
        (&["--bogus"][..], "unexpected argument '--bogus'"),
        (&["--memory", "1MiB"], "error: --memory 1MiB: too little, it takes at least 16MiB"),
        (&["--memory", "much"], "error: --memory much: not a size\n  Write a number and a unit"),
        (&["--threads", "0"], "error: --threads 0: there can be 1 to 64"),
        (&["--blocks", "203.0.113.5/24"], "Write 203.0.113.0/24 for the whole network, or 203.0.113.5/32"),
        (
            &["--blocks", "blocks.txt"],
            "error: --blocks blocks.txt, line 3: 203.0.113.9/28: there are bits behind the /28",
        ),
        (
            &["--blocks", "absent.txt"],
            "error: --blocks absent.txt: neither a prefix nor a file that is there",
        ),
        (&["--shard-key", "seed"], "not a hexadecimal number"),
        (&["--fail-on", "terrible"], "[possible values: info, low, medium, high, critical]"),
        (&["--format", "xml"], "[possible values: table, json, csv, md]"),
    ] {
        let arguments = [&["detect", "sweep.pcap"], options].concat();
        let ended = place.run(&arguments).with(2).told(told);
        assert_eq!(ended.stdout, "");
    }
    place.run(&["detect"]).with(2).told("<INPUT>...");
}

#[test]
fn errors_are_json_where_the_output_is() {
    let place = Place::with_sweep();
    for (options, status, code) in [
        (&["--json", "--memory", "1MiB", "sweep.pcap"][..], 2, "usage"),
        (&["--format", "json", "nothing.pcap"], 4, "unreadable-input"),
        (&["--json", "--bogus"], 2, "usage"),
    ] {
        let ended = place.run(&[&["detect"], options].concat()).with(status);
        let error: serde_json::Value = serde_json::from_str(ended.stderr.lines().next().unwrap()).unwrap();
        assert_eq!(error["error"]["code"], code);
        assert!(!error["error"]["message"].as_str().unwrap().is_empty());
        assert!(!error["error"]["hint"].as_str().unwrap().is_empty());
    }
}

#[test]
fn options_come_from_the_environment_too_and_the_command_line_wins() {
    let place = Place::with_sweep();
    let mut command = place.command(&["detect", "sweep.pcap"]);
    let output =
        command.env("WATCHPOST_FORMAT", "csv").env("WATCHPOST_BLOCKS", "203.0.113.0/24").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("id,status,severity,"), "{text}");
    assert!(text.contains(",inbound,T1595.001,"), "{text}");
    let mut command = place.command(&["detect", "sweep.pcap", "--format", "md"]);
    let output = command.env("WATCHPOST_FORMAT", "csv").output().unwrap();
    assert!(output.stdout.starts_with(b"| Severity |"));
}

#[test]
fn help_begins_with_examples() {
    let place = Place::new();
    for arguments in [&["--help"][..], &["detect", "--help"], &["explain", "--help"]] {
        let ended = place.run(arguments).with(0);
        assert!(ended.stdout.starts_with("Examples:\n  watchpost "), "{}", ended.stdout);
        assert_eq!(ended.stderr, "");
    }
    place.run(&["--version"]).with(0).printed(env!("CARGO_PKG_VERSION"));
}
