//! `watchpost list`: what this build can read, and what it looks for. It comes from the lists that the work itself uses.

use std::io::{self, Write};

use watchpost_core::detect::DETECTORS;
use watchpost_formats::FORMATS;

use crate::args::{self, Listing};
use crate::exit::{Exit, Failure, output_failed};
use crate::render::list::{Entry, list};

/// Runs the command.
///
/// # Errors
/// Results that cannot be written.
pub fn run(typed: &args::List) -> Result<Exit, Failure> {
    let entries: Vec<Entry> = match typed.what {
        Listing::Formats => FORMATS.iter().map(format).collect(),
        Listing::Detectors => DETECTORS.iter().map(detector).collect(),
    };
    let mut out = io::stdout().lock();
    match out.write_all(list(&entries, typed.json).as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(Exit::Done),
        Err(error) => output_failed(&error),
    }
}

fn format(spec: &watchpost_formats::Spec) -> Entry {
    Entry {
        name: spec.name,
        help: spec.help.to_owned(),
        more: vec![
            ("compressed", "also with gzip (.gz) or zstd (.zst)".to_owned()),
            (
                "files",
                spec.extensions
                    .iter()
                    .map(|extension| format!("*.{extension}"))
                    .collect::<Vec<_>>()
                    .join(" "),
            ),
        ],
    }
}

fn detector(spec: &watchpost_core::detect::Spec) -> Entry {
    Entry {
        name: spec.name,
        help: spec.help.to_owned(),
        more: vec![
            ("family", crate::render::family(spec.family).to_owned()),
            ("needs", spec.needs.to_owned()),
        ],
    }
}
