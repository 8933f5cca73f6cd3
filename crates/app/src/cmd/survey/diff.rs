//! `watchpost survey diff`: what differs between two surveys.

use std::io::{self, BufWriter, Write};

use watchpost_core::inventory::{Aspect, Change, ChangeKind, Exposure, Inventory, diff};
use watchpost_core::record::Record;

use crate::args::{self, News};
use crate::exit::{Exit, Failure, output_failed};
use crate::inventory;
use crate::render::survey::diff as page;
use crate::render::{Screen, json};

/// Runs the command.
///
/// # Errors
/// A file that cannot be read or is no survey; results that cannot be written.
pub fn run(typed: &args::SurveyDiff) -> Result<Exit, Failure> {
    if typed.before == "-" && typed.after == "-" {
        return Err(Failure::usage("standard input is one survey, not two", "Name a file for one of them."));
    }
    let quiet = typed.screen.quiet;
    let before = inventory::read(&typed.before, quiet)?;
    let after = inventory::read(&typed.after, quiet)?;
    let changes = diff(&before, &after);
    let met =
        typed.fail_on.is_some_and(|news| changes.iter().any(|change| meets(change, news, &before, &after)));
    let written = if typed.json {
        let records = changes.into_iter().map(|change| Record::Change(Box::new(change)));
        json::records(&mut BufWriter::new(io::stdout().lock()), records)
    } else {
        let text = page::page(&changes, &before, &after, &Screen::new(&typed.screen, true));
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush())
    };
    match written {
        Ok(()) => Ok(if met { Exit::Found } else { Exit::Done }),
        Err(error) => output_failed(&error),
    }
}

/// Whether a change is what `--fail-on` asks for.
fn meets(change: &Change, news: News, before: &Inventory, after: &Inventory) -> bool {
    if !change.is_news() {
        return false;
    }
    let is_added = change.kind == ChangeKind::Added;
    let exposed = change.aspect == Aspect::Exposure && (is_added || is_worse(change, before, after));
    match news {
        News::Exposed => exposed,
        News::Added => exposed || is_added && change.aspect == Aspect::State,
        News::Changed => true,
    }
}

/// Whether an exposure climbed.
fn is_worse(change: &Change, before: &Inventory, after: &Inventory) -> bool {
    let of = |e: &&Exposure| {
        e.host == change.host && e.service == change.service && Some(&e.check) == change.check.as_ref()
    };
    let rung = |inventory: &Inventory| inventory.exposures.iter().filter(of).map(|e| e.rung).max();
    rung(after) > rung(before)
}
