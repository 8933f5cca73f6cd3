//! `watchpost list`: what this build can read, and what it looks for. It comes from the lists that the work itself uses.

use watchpost_core::detect::DETECTORS;
use watchpost_core::tools::{Mark, Marks, Word};
use watchpost_formats::log::map::Map;
use watchpost_formats::{Format, Kind, formats};
use watchpost_survey::checks::{CHECKS, Spec};

use crate::args::{self, Listing};
use crate::config;
use crate::exit::{Exit, Failure, print};
use crate::render::list::{Entry, list};

/// Runs the command.
///
/// # Errors
/// Maps that make no sense, or results that cannot be written.
pub fn run(typed: &args::List) -> Result<Exit, Failure> {
    let entries: Vec<Entry> = match typed.what {
        Listing::Formats => {
            let maps = config::maps(&typed.map)?;
            maps.iter().map(|map| mapped(map)).chain(formats().map(format)).collect()
        }
        Listing::Detectors => DETECTORS.iter().map(detector).collect(),
        Listing::Checks => CHECKS.iter().map(check).collect(),
        Listing::Tools => Marks::shipped().tools().into_iter().map(tool).collect(),
    };
    print(list(&entries, typed.json).as_bytes())
}

fn format(format: Format) -> Entry {
    let spec = format.spec;
    let endings: Vec<String> = spec.extensions.iter().map(|extension| format!("*.{extension}")).collect();
    let more = match format.kind {
        Kind::Export => vec![("carried by", "captures of the traffic to a collector".to_owned())],
        Kind::Capture | Kind::Log => vec![
            ("compressed", "also with gzip (.gz) or zstd (.zst)".to_owned()),
            ("files", endings.join(" ")),
        ],
    };
    Entry { name: spec.name.into(), help: spec.help.to_owned(), more }
}

/// A map, as given.
fn mapped(map: &Map) -> Entry {
    let more = vec![
        ("given", "by --map".to_owned()),
        ("lines", map.form().to_owned()),
        ("compressed", "also with gzip (.gz) or zstd (.zst)".to_owned()),
    ];
    Entry { name: map.name().to_owned().into(), help: map.help().to_owned(), more }
}

fn detector(spec: &watchpost_core::detect::Spec) -> Entry {
    Entry {
        name: spec.name.into(),
        help: spec.help.to_owned(),
        more: vec![
            ("family", crate::render::family(spec.family).to_owned()),
            ("needs", spec.needs.iter().map(|sense| sense.name()).collect::<Vec<_>>().join(", ")),
        ],
    }
}

fn check(spec: &Spec) -> Entry {
    let ports = |transport: &str, ports: &[u16]| {
        ports.iter().map(|port| format!("{transport}/{port}")).collect::<Vec<_>>().join(", ")
    };
    let rungs: Vec<&str> = spec.rungs.iter().map(|rung| rung.name()).collect();
    let mut more = vec![
        ("asks", spec.asks.to_owned()),
        (
            "looks at",
            [ports("tcp", spec.tcp), ports("udp", spec.udp), spec.protocols.join(", ")]
                .into_iter()
                .filter(|text| !text.is_empty())
                .collect::<Vec<_>>()
                .join(", "),
        ),
        ("finds", rungs.join(", ")),
    ];
    more.extend(spec.fixes.iter().map(|fix| ("fix", format!("{}: {}", fix.place, fix.line))));
    more.push(("techniques", spec.techniques.join(", ")));
    more.retain(|(_, text)| !text.is_empty());
    Entry { name: spec.name.into(), help: spec.help.to_owned(), more }
}

fn tool(name: &'static str) -> Entry {
    let marks: Vec<_> = Marks::shipped().mark.iter().filter(|mark| mark.tool == name).collect();
    let words: Vec<_> = Marks::shipped().word.iter().filter(|word| word.tool == name).collect();
    let both = |of_mark: fn(&Mark) -> Vec<&str>, of_word: fn(&Word) -> Vec<&str>| {
        let mut all: Vec<&str> = Vec::new();
        for text in marks.iter().flat_map(|m| of_mark(m)).chain(words.iter().flat_map(|w| of_word(w))) {
            if !all.contains(&text) {
                all.push(text);
            }
        }
        all
    };
    let how = match (marks.is_empty(), words.is_empty()) {
        (false, true) => "told by its packets",
        (true, _) => "told by what it says",
        _ => "told by its packets and by what it says",
    };
    let mut more: Vec<(&'static str, String)> = marks
        .iter()
        .map(|mark| {
            let (least, most) = (mark.confidence, mark.up_to);
            ("packets", format!("{}; confidence {least} from {} on, to {most}", mark.says, mark.least))
        })
        .collect();
    more.extend(
        words
            .iter()
            .map(|word| ("says", format!("{}; confidence {}", word.contains.join(", "), word.confidence))),
    );
    let lists = [
        (
            "versions",
            both(
                |m| m.versions.as_deref().into_iter().collect(),
                |w| w.versions.as_deref().into_iter().collect(),
            ),
        ),
        (
            "captures",
            both(
                |m| m.shown_by.iter().map(String::as_str).collect(),
                |w| w.shown_by.iter().map(String::as_str).collect(),
            ),
        ),
        (
            "known from",
            both(
                |m| m.known_from.as_deref().into_iter().collect(),
                |w| w.known_from.as_deref().into_iter().collect(),
            ),
        ),
    ];
    more.extend(
        lists.into_iter().filter(|(_, list)| !list.is_empty()).map(|(what, list)| (what, list.join(", "))),
    );
    Entry { name: name.into(), help: how.to_owned(), more }
}
