//! Documents that are made from the code. They are committed, so that a change of an interface is seen in review: where
//! one differs, the test fails, and `WATCHPOST_BLESS=1 cargo test` writes it anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use clap::CommandFactory;
use watchpost::args::Cli;
use watchpost_core::record::Record;
use watchpost_formats::export::PORTS;
use watchpost_formats::log::Assume;
use watchpost_formats::reader::Reader;
use watchpost_formats::{Format, Kind, formats};

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

#[test]
fn the_reference_of_formats() {
    let mut text = String::from(
        "# Formats\n\nMade from the lists that the readers themselves use (`watchpost list formats` shows them, too), with an \
         example line of each log from the cases in `tests/corpus`.\n\nWhat an input is, is told by its content, never by its \
         name. It may be compressed with gzip or zstd. Of a folder the files with a format's endings are read. What a format \
         cannot show is told in every summary under *blind here*, with the detectors that need it; a field that a line lacks \
         is unknown, never a default. Lines and datagrams that give no contact are counted by reason, with the first place.\n",
    );
    let ports = PORTS.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let exports = format!(
        "They have no files of their own: captures of the datagrams that routers and switches send to their collector are \
         read, at the UDP ports that collectors listen on by convention ({ports}). Where an exporter samples, the summary says \
         so, and no answer is missed."
    );
    let kinds: [(Kind, &str, &str); 3] = [
        (
            Kind::Capture,
            "Captures",
            "Packets as they were on the wire: nothing that Watchpost looks for is missing but what was not captured.",
        ),
        (Kind::Export, "Flow exports", &exports),
        (Kind::Log, "Logs", "Each line is a contact, or several, or what was said on one."),
    ];
    let examples = examples();
    for (kind, title, about) in kinds {
        text.push_str(&format!("\n## {title}\n\n{about}\n"));
        for format in formats().filter(|format| format.kind == kind) {
            section(&format, examples.get(format.spec.name), &mut text);
        }
    }
    document("formats.md", &text);
}

/// One format.
fn section(format: &Format, example: Option<&(String, String)>, text: &mut String) {
    let spec = format.spec;
    text.push_str(&format!("\n### {}\n\n{}.\n\n", spec.name, capital(spec.help)));
    let begins = spec.recognised.iter().map(|bytes| code(bytes)).collect::<Vec<_>>().join(", ");
    let known = if format.kind == Kind::Log { "by what lines hold:" } else { "by its first bytes:" };
    text.push_str(&format!("- **Recognised** {known} {begins}\n"));
    if !spec.extensions.is_empty() {
        let endings =
            spec.extensions.iter().map(|ending| format!("`.{ending}`")).collect::<Vec<_>>().join(", ");
        text.push_str(&format!("- **In folders** the files that end in {endings}\n"));
    }
    let late = Duration::from_nanos(format.disorder.unsigned_abs()).as_secs();
    let late = if late.is_multiple_of(60) { format!("{} minutes", late / 60) } else { format!("{late} s") };
    let late = late.replace("1 minutes", "1 minute");
    text.push_str(&format!("- **Order**: what comes up to {late} late is sorted in\n"));
    if let Some((case, line)) = example {
        text.push_str(&format!("- **Example**, of `tests/corpus/{case}`:\n\n  ```text\n  {line}\n  ```\n"));
    }
    if !format.blind.is_empty() {
        text.push_str("\n| it cannot show | because | needed by |\n|---|---|---|\n");
        for (sense, why) in format.blind {
            let needed = sense.needed_by().join(", ");
            text.push_str(&format!("| {} | {} | {needed} |\n", sense.name(), why.replace('|', "\\|")));
        }
    }
}

/// Of each format of lines the first case in the corpus, and its first line that gives a contact.
fn examples() -> BTreeMap<String, (String, String)> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/corpus");
    let mut cases: Vec<_> = fs::read_dir(corpus).unwrap().map(|case| case.unwrap().path()).collect();
    cases.sort();
    let mut found = BTreeMap::new();
    for case in cases {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let Ok(files) = fs::read_dir(&case) else { continue };
        let mut inputs: Vec<_> = files.map(|file| file.unwrap().path()).collect();
        inputs.retain(|path| path.file_name().unwrap().to_string_lossy().starts_with("input."));
        for path in inputs {
            let assume = Assume { year: Some(2026), ..Assume::default() };
            let mut all = fs::read(&path).unwrap();
            if path.extension().is_some_and(|ending| ending == "zst") {
                all = zstd::decode_all(&all[..]).unwrap();
            }
            let Ok(reader) = Reader::open(&all[..], 0, &assume) else { continue };
            let format = reader.format();
            if matches!(reader, Reader::Capture(_)) || found.contains_key(&format) {
                continue;
            }
            if let Some(line) = first_contact(&all, &format) {
                found.insert(format, (name.clone(), line));
            }
        }
    }
    found
}

/// Characters of an example that are shown.
const LONGEST: usize = 700;

/// The first line of a text with which there is a contact.
fn first_contact(all: &[u8], format: &str) -> Option<String> {
    let assume = Assume { year: Some(2026), ..Assume::default() };
    let mut ends = all.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    let mut start = 0;
    ends.by_ref().take(64).find_map(|end| {
        let line = &all[start..end - 1];
        start = end;
        let mut reader =
            Reader::open(&all[..end], 0, &assume).ok().filter(|reader| reader.format() == format)?;
        let mut contacts = Vec::new();
        while reader.fill(&mut contacts, 100) {}
        let line = std::str::from_utf8(line).ok().filter(|line| !line.contains("```"))?;
        let cut = line.char_indices().nth(LONGEST).map_or(line.len(), |(at, _)| at);
        let more = if cut < line.len() { " ..." } else { "" };
        (!contacts.is_empty()).then(|| line[..cut].trim_end().replace('\t', "  ") + more)
    })
}

/// The first letter large; not of a name that is written otherwise.
fn capital(text: &str) -> String {
    if text.starts_with("sFlow") {
        return text.to_owned();
    }
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Bytes as text where they are, else as numbers.
fn code(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.bytes().all(|byte| (b' '..0x7f).contains(&byte)) => format!("`{text}`"),
        _ => format!("`{}`", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")),
    }
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
