//! Can it be read, and as what? Asked of every input before the work begins, so that a wrong name is known at once.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use watchpost_core::contact::Time;
use watchpost_formats::input::OpenError;
use watchpost_formats::log::Assume;
use watchpost_formats::reader::Reader;

use super::expand::{Name, cannot_open};
use super::pipe::Pipe;
use super::{Found, Input};
use crate::exit::Failure;

/// Lines looked at for the first time of a log: its header comes first.
const FIRST_LINES: usize = 64;

/// Opens one input and puts it where it belongs. Where there are many, a file is closed again, and only the time of its
/// first packet is kept; what can be read only once stays open.
pub fn check(name: Name, many: bool, assume: &Assume, found: &mut Found) {
    let sensor = u16::try_from(found.inputs.len()).unwrap_or(u16::MAX);
    let shown = name.path.as_ref().map_or_else(|| "-".to_owned(), |path| path.to_string_lossy().into_owned());
    let outcome = match &name.path {
        None => stream(&shown, std::io::stdin(), sensor, assume),
        Some(path) => file(&shown, path, many, sensor, assume),
    };
    match outcome {
        Ok(input) => found.inputs.push(input),
        Err(Refusal::Unreadable(failure)) => found.failures.push(failure),
        Err(Refusal::NotACapture(failure)) if name.named => found.failures.push(failure),
        Err(Refusal::NotACapture(failure)) => found.not_captures.push(failure.message),
    }
}

/// Why an input is not taken.
enum Refusal {
    /// Nobody knows what is in it: an error also where it lies in a folder, or scans in it would be missed in silence.
    Unreadable(Failure),
    /// It was read, and is something else; folders hold such files.
    NotACapture(Failure),
}

fn file(shown: &str, path: &Path, many: bool, sensor: u16, assume: &Assume) -> Result<Input, Refusal> {
    let unreadable = |error| Refusal::Unreadable(cannot_open(path, &error));
    let file = File::open(path).map_err(unreadable)?;
    let about = file.metadata().map_err(unreadable)?;
    if !about.is_file() {
        return stream(shown, file, sensor, assume);
    }
    let mut reader = open(shown, Box::new(file), sensor, assume)?;
    if !many {
        return Ok(Input::open(shown.to_owned(), reader, Some(about.len())));
    }
    let first = first_time(&mut reader);
    let names = (shown.to_owned(), path.to_owned());
    Ok(Input::waiting(names, &reader, about.len(), first, sensor, assume.clone()))
}

/// Where an input begins in time; `None` where its first packets or lines give no contact. A log's first line is not its
/// earliest: what comes before it is sorted in as far as the format's disorder goes.
fn first_time(reader: &mut Reader<Box<dyn Read>>) -> Option<Time> {
    for _ in 0..FIRST_LINES {
        if !reader.fill(&mut Vec::new(), 1) || reader.report().first().is_some() {
            break;
        }
    }
    reader.report().first()
}

fn stream(
    shown: &str,
    reader: impl Read + Send + 'static,
    sensor: u16,
    assume: &Assume,
) -> Result<Input, Refusal> {
    let reader = open(shown, Box::new(Pipe::new(reader)), sensor, assume)?;
    Ok(Input::open(shown.to_owned(), reader, None))
}

fn open(
    shown: &str,
    reader: Box<dyn Read>,
    sensor: u16,
    assume: &Assume,
) -> Result<Reader<Box<dyn Read>>, Refusal> {
    let name = if shown == "-" { "standard input" } else { shown };
    Reader::open(reader, sensor, assume).map_err(|error| {
        // The library's errors end in what to do; here that is a line of its own.
        let (message, hint) = match &error {
            OpenError::NotACapture { advice, .. } => (
                error.to_string().trim_end_matches(advice).trim_end_matches("; ").to_owned(),
                (*advice).to_owned(),
            ),
            _ => match error.to_string().rsplit_once("; ") {
                Some((message, hint)) => (message.to_owned(), hint.to_owned()),
                None => (error.to_string(), String::new()),
            },
        };
        let failure = Failure::unreadable(format!("{name}: {message}"), sentence(&hint));
        match error {
            OpenError::Io(_) => Refusal::Unreadable(failure),
            _ => Refusal::NotACapture(failure),
        }
    })
}

/// With a capital letter and an end.
fn sentence(text: &str) -> String {
    let mut rest = text.chars();
    let Some(first) = rest.next() else { return String::new() };
    let end = if text.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{}{}{end}", first.to_uppercase(), rest.as_str())
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_an_error_also_in_a_folder() {
        let mut found = Found::default();
        // It opens, and its first bytes cannot be read.
        check(
            Name { path: Some("/proc/self/mem".into()), named: false },
            true,
            &Assume::default(),
            &mut found,
        );
        assert_eq!((found.failures.len(), found.not_captures.len()), (1, 0));
        check(
            Name { path: Some("/proc/self/status".into()), named: false },
            true,
            &Assume::default(),
            &mut found,
        );
        assert_eq!((found.failures.len(), found.not_captures.len()), (1, 1));
    }
}
