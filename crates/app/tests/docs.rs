//! Documents that are made from the code. They are committed, so that a change of an interface is seen in review: where
//! one differs, the test fails, and `WATCHPOST_BLESS=1 cargo test` writes it anew.

use std::fs;
use std::path::Path;
use std::process::Command;

use clap::CommandFactory;
use watchpost::args::Cli;
use watchpost_core::record::Record;

fn document(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    if std::env::var_os("WATCHPOST_BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == text, "docs/{name} is not what the code says; WATCHPOST_BLESS=1 writes it anew");
}

#[test]
fn the_schema_of_records() {
    let schema = serde_json::to_string_pretty(&schemars::schema_for!(Record)).unwrap();
    document("record.schema.json", &(schema + "\n"));
}

#[test]
fn the_reference_of_the_command_line() {
    let mut text = String::from(
        "# Command line\n\nMade from the program's own help. Every option that shows `[env: ...]` can be set in the \
         environment too; the command line wins.\n",
    );
    let mut root = Cli::command().term_width(100);
    root.build();
    chapter(&root, &mut text);
    chapters(&root, &mut text);
    document("cli.md", &text);
}

/// Without markup and white space: lines break elsewhere on a terminal, and the summary's times differ.
fn bare(text: &str) -> String {
    let mut inside = false;
    text.chars()
        .filter(|&c| {
            let markup = inside || c == '<';
            inside = markup && c != '>';
            !markup && !c.is_whitespace()
        })
        .collect()
}

#[test]
fn the_picture_in_the_readme() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let picture = fs::read_to_string(root.join("docs/detect.svg")).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_watchpost"))
        .args(["detect", "examples/border.pcap.zst", "--blocks", "203.0.113.0/24,2001:db8:113::/48"])
        .env("COLUMNS", "96")
        .current_dir(root)
        .output()
        .unwrap();
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.contains("SYN sweep"), "{table}");
    // The rows: of the lines below them a terminal shows as many phrases as fit, a pipe all.
    for row in table.lines().filter(|line| !line.starts_with(' ')) {
        assert!(
            bare(&picture).contains(&bare(row)),
            "docs/detect.svg lacks this row; docs/picture draws it anew: {row}"
        );
    }
}

/// Those of the commands below it.
fn chapters(command: &clap::Command, text: &mut String) {
    for below in command.get_subcommands().filter(|command| command.get_name() != "help") {
        chapter(below, text);
        chapters(below, text);
    }
}

fn chapter(command: &clap::Command, text: &mut String) {
    let mut command = command.clone().term_width(100);
    let name = command.get_bin_name().unwrap_or(command.get_name()).to_owned();
    let help = command.render_long_help().to_string();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    text.push_str(&format!("\n## {name}\n\n```text\n{}\n```\n", lines.join("\n").trim_end()));
}
