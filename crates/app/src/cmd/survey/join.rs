//! `watchpost survey join`: the parts of one survey, which several machines took, become one file.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

use watchpost_core::inventory::{Inventory, Joined, Misfit, Previous, join, settle};

use super::take::{hash_of, show};
use crate::args::survey::Join;
use crate::cmd::audit::unwritable;
use crate::exit::{Exit, Failure};
use crate::inventory;
use crate::render::clean::clean;

/// Runs the command.
///
/// # Errors
/// Files that cannot be read or are not parts of one survey; results that cannot be written.
pub fn run(typed: &Join) -> Result<Exit, Failure> {
    let quiet = typed.screen.quiet;
    let of_stdin = typed.parts.iter().chain(&typed.previous).filter(|name| *name == "-").count();
    if of_stdin > 1 {
        return Err(Failure::usage("standard input is one survey, not two", "Name files for the others."));
    }
    let parts: Result<Vec<Inventory>, Failure> =
        typed.parts.iter().map(|name| inventory::read(name, quiet)).collect();
    let parts = parts?;
    let previous = typed.previous.as_deref().map(|name| inventory::read(name, quiet)).transpose()?;
    let joined = join(&parts).map_err(|misfit| unfit(&misfit, &typed.parts))?;
    if !quiet {
        tell(&joined, parts.len(), previous.as_ref());
    }
    let mut whole = joined.inventory;
    whole.survey.previous = previous.as_ref().map(|before| Previous {
        id: before.survey.id.clone(),
        hash: typed.previous.as_deref().and_then(|name| hash_of(Path::new(name))),
    });
    let asked = whole.asked();
    let whole = settle(whole, previous.as_ref(), asked);
    inventory::write(&typed.out, &whole).map_err(|error| unwritable(&typed.out, &error))?;
    show(typed.json, &typed.screen, &whole)
}

/// Which file is not one of the same survey.
fn unfit(misfit: &Misfit, names: &[OsString]) -> Failure {
    let name = names.get(misfit.place).map(|name| clean(&name.to_string_lossy())).unwrap_or_default();
    Failure::usage(
        format!("{name}: {}", misfit.what),
        "Give the files of one survey, each taken with the same scope, targets, ports and --seed, and its own --shard.",
    )
}

/// What the whole is not.
fn tell(joined: &Joined, parts: usize, previous: Option<&Inventory>) {
    let mut err = io::stderr().lock();
    let mut note = |text: String| {
        // Where standard error is gone there is nobody left to tell.
        let _ = writeln!(err, "note: {}", clean(&text));
    };
    if joined.missing_count > 0 {
        let named: Vec<String> = joined.missing.iter().map(u64::to_string).collect();
        let more = if (named.len() as u64) < joined.missing_count { " and more" } else { "" };
        let of = joined.missing_count.saturating_add(parts as u64);
        let (part, is) = if joined.missing_count == 1 { ("part", "is") } else { ("parts", "are") };
        note(format!(
            "{part} {}{more} of {of} {is} missing: what they asked counts as not asked",
            named.join(", ")
        ));
    }
    match (&joined.previous, previous) {
        (Some(before), None) => note(format!(
            "the parts were held against the survey {}; without --previous the whole is held against none",
            before.id
        )),
        (Some(before), Some(given)) if before.id != given.survey.id => note(format!(
            "the parts were held against the survey {}, and the whole is now against {}",
            before.id, given.survey.id
        )),
        _ => {}
    }
}
