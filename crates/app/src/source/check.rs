//! Can it be read, and as what? Asked of every input before the work begins, so that a wrong name is known at once.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use watchpost_core::contact::Time;
use watchpost_formats::capture::{Capture, OpenError};

use super::expand::{Name, cannot_open};
use super::pipe::Pipe;
use super::{Found, Input};
use crate::exit::Failure;

/// Opens one input and puts it where it belongs. Where there are many, a file is closed again, and only the time of its
/// first packet is kept; what can be read only once stays open.
pub fn check(name: Name, many: bool, found: &mut Found) {
    let sensor = u16::try_from(found.inputs.len()).unwrap_or(u16::MAX);
    let shown = name.path.as_ref().map_or_else(|| "-".to_owned(), |path| path.to_string_lossy().into_owned());
    let outcome = match &name.path {
        None => stream(&shown, std::io::stdin(), sensor),
        Some(path) => file(&shown, path, many, sensor),
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

fn file(shown: &str, path: &Path, many: bool, sensor: u16) -> Result<Input, Refusal> {
    let unreadable = |error| Refusal::Unreadable(cannot_open(path, &error));
    let file = File::open(path).map_err(unreadable)?;
    let about = file.metadata().map_err(unreadable)?;
    if !about.is_file() {
        return stream(shown, file, sensor);
    }
    let mut capture = open(shown, Box::new(file), sensor)?;
    if !many {
        return Ok(Input::open(shown.to_owned(), capture, Some(about.len())));
    }
    let first = first_time(&mut capture);
    Ok(Input::waiting(shown.to_owned(), path.to_owned(), capture.format(), about.len(), first, sensor))
}

/// Where a capture begins in time; `None` where it holds no packet.
fn first_time(capture: &mut Capture<Box<dyn Read>>) -> Option<Time> {
    capture.fill(&mut Vec::new(), 1);
    capture.report().first()
}

fn stream(shown: &str, reader: impl Read + Send + 'static, sensor: u16) -> Result<Input, Refusal> {
    let capture = open(shown, Box::new(Pipe::new(reader)), sensor)?;
    Ok(Input::open(shown.to_owned(), capture, None))
}

fn open(shown: &str, reader: Box<dyn Read>, sensor: u16) -> Result<Capture<Box<dyn Read>>, Refusal> {
    let name = if shown == "-" { "standard input" } else { shown };
    Capture::open(reader, sensor).map_err(|error| {
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
        check(Name { path: Some("/proc/self/mem".into()), named: false }, true, &mut found);
        assert_eq!((found.failures.len(), found.not_captures.len()), (1, 0));
        check(Name { path: Some("/proc/self/status".into()), named: false }, true, &mut found);
        assert_eq!((found.failures.len(), found.not_captures.len()), (1, 1));
    }
}
