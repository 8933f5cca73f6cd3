//! `watchpost audit verify`: whether an audit log is whole.

use std::fs::File;
use std::io::BufReader;

use serde_json::json;
use watchpost_survey::audit;

use crate::args;
use crate::exit::{Exit, Failure, print, why};
use crate::render::clean::clean;

/// Runs the command.
///
/// # Errors
/// A log that cannot be read or whose chain is broken; results that cannot be written.
pub fn verify(typed: &args::AuditVerify) -> Result<Exit, Failure> {
    let name = clean(&typed.file.display().to_string());
    let file = File::open(&typed.file)
        .map_err(|error| Failure::unreadable(format!("{name}: {}", why(&error)), "Name an audit log."))?;
    let end = audit::verify(BufReader::new(file)).map_err(|broken| {
        let hint = "Hold it against a copy; --end HASH, with audit_end of the last survey's record, shows what a whole chain does not.";
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
