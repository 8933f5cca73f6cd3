//! The audit log: opened and written by whatever sends, and `watchpost audit verify`: whether it is whole.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader};
use std::path::Path;

use ipnet::IpNet;
use jiff::Timestamp;
use serde_json::json;
use watchpost_core::contact::Time;
use watchpost_survey::audit::{self, Broken, Event, Log};
use watchpost_survey::scope::Scope;

use crate::args;
use crate::exit::{Exit, Failure, print, why};
use crate::render::clean::clean;

/// Opens the audit log behind what it holds, which must be whole: nothing is sent that cannot be noted.
///
/// # Errors
/// It cannot be written, another writes it, or its chain is broken.
pub fn open(path: &Path, scope: &Scope) -> Result<Log<File>, Failure> {
    let name = path.display();
    let broken = |why: String, hint: &str| {
        Failure::configuration(
            format!("{name}: the audit log does not hold: {why}"),
            format!("{hint} Nothing was sent."),
        )
    };
    let file =
        OpenOptions::new().create(true).append(true).open(path).map_err(|error| unwritable(path, &error))?;
    // Two at once would break the chain, and their caps would add up.
    file.try_lock().map_err(|_| {
        Failure::usage(
            format!("{name}: another survey is writing to this audit log"),
            "Wait until it is done. Nothing was sent.",
        )
    })?;
    let read = File::open(path).map_err(|error| broken(why(&error), "Name another file with --audit."))?;
    let end = audit::verify(BufReader::new(read)).map_err(|error| {
        let hint = half(path, &error)
            .unwrap_or_else(|| "Find out who changed it; then name another file with --audit.".to_owned());
        broken(error.to_string(), &hint)
    })?;
    Ok(Log::new(file, end, audit::operator(), scope.hash()))
}

/// Notes something.
///
/// # Errors
/// It cannot be written.
pub fn note(log: &mut Log<File>, path: &Path, event: Event) -> Result<(), Failure> {
    let now = Time::try_from(Timestamp::now().as_nanosecond()).unwrap_or(Time::MAX);
    log.note(now, event).map_err(|error| unwritable(path, &error))
}

/// Notes what was sent, and what stopped it if anything did; gives the end of the chain.
///
/// # Errors
/// It cannot be written.
pub fn end(
    log: &mut Log<File>,
    path: &Path,
    stopped: Option<String>,
    sent: &BTreeMap<IpNet, u64>,
) -> Result<String, Failure> {
    for (network, packets) in sent {
        note(log, path, Event::Sent { prefix: network.to_string(), packets: *packets })?;
    }
    let how = stopped.unwrap_or_else(|| "done".to_owned());
    note(log, path, Event::End { how, packets: sent.values().copied().fold(0, u64::saturating_add) })?;
    Ok(log.end().hash.clone())
}

/// What to do about a last line that has no end.
fn half(path: &Path, broken: &Broken) -> Option<String> {
    let Broken::Half { before, .. } = broken else { return None };
    Some(format!(
        "What stands before it is whole: keep a copy, and `truncate -s {before} {}` makes it a chain again, or name another file with --audit.",
        path.display()
    ))
}

/// That a file cannot be written.
pub fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure {
        exit: Exit::Output,
        message: format!("{}: could not be written: {error}", path.display()),
        hint: "Make room, or write it elsewhere.".into(),
    }
}

/// Runs the command.
///
/// # Errors
/// A log that cannot be read or whose chain is broken; results that cannot be written.
pub fn verify(typed: &args::AuditVerify) -> Result<Exit, Failure> {
    let name = clean(&typed.file.display().to_string());
    let file = File::open(&typed.file)
        .map_err(|error| Failure::unreadable(format!("{name}: {}", why(&error)), "Name an audit log."))?;
    let end = audit::verify(BufReader::new(file)).map_err(|broken| {
        let hint = half(&typed.file, &broken).unwrap_or_else(|| {
            "Hold it against a copy; --end HASH, with audit_end of the last survey's record, shows what a whole chain does not.".to_owned()
        });
        Failure::configuration(format!("{name}: {broken}"), hint)
    })?;
    if let Some(last) = typed.end.as_ref().filter(|last| **last != end.hash) {
        let what = format!("{name}: it ends with {}, not with {}", end.hash, clean(last));
        return Err(Failure::configuration(
            what,
            "Lines were cut off at its end, or added since that hash was printed.",
        ));
    }
    let text = if typed.json {
        format!("{}\n", json!({ "whole": true, "lines": end.lines, "hash": end.hash }))
    } else {
        format!("{name}: whole, {} lines; the last hash is {}\n", end.lines, end.hash)
    };
    print(text.as_bytes())
}
