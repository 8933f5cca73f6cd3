//! The marks of tools against captures of the real tools: the shared ones where they are at hand, and the corpus.
//!
//! Packets are read, resolved and classed as the line does it; the judgement is that of the labels: the tool named first
//! must be the one that ran, ordinary stacks show none, and who is no scanner shows none either. `--nocapture` prints the
//! table of tools and captures.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the table is for people")]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use serde_json::Value;
use watchpost_core::contact::{Contact, Phase, flags};
use watchpost_core::detect::craft::kind_of;
use watchpost_core::direction::PairMemory;
use watchpost_core::imprint::{Imprint, Imprints};
use watchpost_core::net::Address;
use watchpost_core::record::Tool;
use watchpost_core::tools::{Marks, by_mark, by_word, named};
use watchpost_core::utterance::Utterance;
use watchpost_formats::capture::Capture;

/// From so many probes on, a source that is no scanner must show no tool.
const FEW: u64 = 3;
/// What is certain enough to count.
const CERTAIN: f64 = 0.5;

/// A capture with its label.
struct Case {
    name: String,
    file: PathBuf,
    label: Value,
}

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/corpus")
}

/// Where the shared captures are, if they are at hand.
fn shared() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/captures");
    folder.join("truth.json").is_file().then_some(folder)
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn input(case: &Path) -> Option<PathBuf> {
    let mut files = fs::read_dir(case).ok()?.map(|e| e.unwrap().path());
    files.find(|path| path.file_stem().is_some_and(|stem| stem.to_string_lossy().starts_with("input")))
}

fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = fs::read_dir(corpus())
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|path| path.join("label.json").is_file())
        .filter_map(|path| {
            let name = format!("corpus/{}", path.file_name()?.to_str()?);
            Some(Case { name, file: input(&path)?, label: json(&path.join("label.json")) })
        })
        .collect();
    if let Some(folder) = shared() {
        let truth = json(&folder.join("truth.json"));
        cases.extend(truth.as_object().unwrap().iter().map(|(name, label)| Case {
            name: name.clone(),
            file: folder.join(name),
            label: label.clone(),
        }));
    } else {
        eprintln!("the shared captures are not here: only the corpus is judged");
    }
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    cases
}

/// The imprints of every source that starts something, and how many probes it sent.
fn imprints(file: &Path) -> BTreeMap<Address, (u64, Imprints)> {
    let mut sources: BTreeMap<Address, (u64, Imprints)> = BTreeMap::new();
    let Ok(mut capture) = Capture::open(File::open(file).unwrap(), 0) else { return sources };
    let mut pairs = PairMemory::new(16 << 20, 1);
    let mut contacts: Vec<Contact> = Vec::new();
    let mut more = true;
    while more {
        contacts.clear();
        more = capture.fill(&mut contacts, 4096);
        contacts.retain(Contact::is_between_hosts);
        pairs.resolve(&contacts, |contact| {
            let answer = contact.phase == Phase::Stray && contact.flags != flags::SYN | flags::ACK;
            if matches!(contact.phase, Phase::Probe | Phase::Stray) && !answer {
                let (count, imprints) = sources.entry(contact.source).or_default();
                *count += 1;
                imprints.add(Imprint::new(&contact, kind_of(&contact)), 1);
            }
        });
    }
    sources
}

/// What clients and servers said.
fn said(file: &Path) -> Vec<Utterance> {
    let mut capture = Capture::open(File::open(file).unwrap(), 0).unwrap();
    let (mut contacts, mut said) = (Vec::new(), Vec::new());
    let mut more = true;
    while more {
        contacts.clear();
        more = capture.fill(&mut contacts, 4096);
        capture.heard(&mut said);
    }
    said
}

/// What a label asks, in the words of the scorer.
fn judge(scan: &Value, tools: &[Tool]) -> Result<(), String> {
    let first = tools.first();
    match scan["tool"].as_str() {
        Some(wanted) => match first {
            Some(tool) if tool.name == wanted => Ok(()),
            None if scan["tool_weak"] == true => Ok(()),
            other => Err(format!("{:?} instead of {wanted}", other.map(|t| (&t.name, t.confidence)))),
        },
        None => match first {
            Some(tool) if tool.confidence >= CERTAIN => {
                Err(format!("{} where nothing names a tool", tool.text))
            }
            _ => Ok(()),
        },
    }
}

fn strings(value: &Value) -> Vec<String> {
    let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().map(|s| s.as_str().unwrap().to_owned()).collect()
}

#[test]
fn marks_name_the_tools_that_ran_and_no_others() {
    let mut problems = Vec::new();
    for case in cases() {
        let sources = imprints(&case.file);
        let scans = case.label["scans"].as_array().unwrap();
        let mut labelled = Vec::new();
        for scan in scans {
            let mut together = strings(&scan["sources"]);
            together.push(scan["source"].as_str().unwrap().to_owned());
            together.sort();
            together.dedup();
            for source in together {
                let address = Address::from(source.parse::<std::net::IpAddr>().unwrap());
                labelled.push(address);
                let tools = sources.get(&address).map(|(_, i)| named(i, &[])).unwrap_or_default();
                println!(
                    "{:44} {source:20} {:9} {}",
                    case.name,
                    scan["tool"].as_str().unwrap_or("-"),
                    show(&tools)
                );
                if let Err(why) = judge(scan, &tools) {
                    problems.push(format!("{} {source}: {why}", case.name));
                }
            }
        }
        // Captures that hold nothing but what their label names also say who is no scanner.
        if case.label["complete"] == true || scans.is_empty() {
            for (source, (count, imprints)) in &sources {
                let tools = named(imprints, &[]);
                let certain = tools.first().is_some_and(|t| t.confidence >= CERTAIN);
                if *count >= FEW && certain && !labelled.contains(source) {
                    problems.push(format!("{} {source}: {} of no scanner", case.name, show(&tools)));
                }
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

fn show(tools: &[Tool]) -> String {
    let one = |t: &Tool| format!("{} {:.3} {}", t.name, t.confidence, t.version.as_deref().unwrap_or(""));
    tools.iter().map(one).collect::<Vec<_>>().join(" | ")
}

#[test]
fn captures_that_a_mark_names_exist_and_show_it() {
    let place = |capture: &str| {
        let file = match (capture.strip_prefix("corpus/"), shared()) {
            (Some(case), _) => input(&corpus().join(case)),
            (None, Some(folder)) => Some(folder.join(capture)),
            (None, None) => return None,
        };
        Some(file.filter(|f| f.is_file()).unwrap_or_else(|| panic!("{capture} is not there")))
    };
    for mark in &Marks::shipped().mark {
        for file in mark.shown_by.iter().filter_map(|capture| place(capture)) {
            let shows = imprints(&file).values().any(|(_, imprints)| !by_mark(mark, imprints).is_empty());
            assert!(shows, "{} does not show: {}", file.display(), mark.says);
        }
    }
    for word in &Marks::shipped().word {
        for file in word.shown_by.iter().filter_map(|capture| place(capture)) {
            let said = said(&file);
            let shows = !by_word(word, &said.iter().collect::<Vec<_>>()).is_empty();
            assert!(shows, "{}: nobody says any of {:?}", file.display(), word.contains);
        }
    }
}
