//! `watchpost survey diff`: what differs between two surveys.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};

use watchpost_core::inventory::{Aspect, Change, ChangeKind, Inventory, Rung, diff};
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
    let met = typed.fail_on.is_some_and(|news| {
        let (before, after) = (Rungs::of(&before), Rungs::of(&after));
        changes.iter().any(|change| meets(change, news, &before, &after))
    });
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
fn meets(change: &Change, news: News, before: &Rungs<'_>, after: &Rungs<'_>) -> bool {
    if !change.is_news() {
        return false;
    }
    let is_added = change.kind == ChangeKind::Added;
    let exposed = change.aspect == Aspect::Exposure && (is_added || after.rung(change) > before.rung(change));
    match news {
        News::Exposed => exposed,
        News::Added => exposed || is_added && change.aspect == Aspect::State,
        News::Changed => true,
    }
}

/// How far each check found that a stranger climbs, by host, service and check.
struct Rungs<'a>(BTreeMap<(&'a str, &'a str, &'a str), Rung>);

impl<'a> Rungs<'a> {
    fn of(inventory: &'a Inventory) -> Self {
        let mut rungs = BTreeMap::new();
        for e in &inventory.exposures {
            let worst =
                rungs.entry((e.host.as_str(), e.service.as_str(), e.check.as_str())).or_insert(e.rung);
            *worst = e.rung.max(*worst);
        }
        Self(rungs)
    }

    fn rung<'b>(&'b self, change: &'b Change) -> Option<Rung>
    where
        'a: 'b,
    {
        let check = change.check.as_deref()?;
        self.0.get(&(change.host.as_str(), change.service.as_str(), check)).copied()
    }
}

#[cfg(test)]
mod tests {
    use watchpost_core::inventory::Exposure;

    use super::*;
    use crate::render::survey::sample::taken;

    /// A service with so many exposures, each of its own check.
    fn exposed(count: usize, rung: Rung, what: &str) -> Inventory {
        let mut inventory = taken();
        let one = inventory.exposures.first().cloned().unwrap_or_default();
        let check = |number| format!("check{number}");
        let exposure = |number| Exposure { check: check(number), rung, what: what.into(), ..one.clone() };
        inventory.exposures = (0..count).map(exposure).collect();
        inventory
    }

    #[test]
    fn an_exposure_that_climbed_is_worse_and_one_that_came_down_is_not() {
        let (low, high) = (exposed(3, Rung::Discloses, "a"), exposed(3, Rung::Sensitive, "b"));
        let met = |before: &Inventory, after: &Inventory| {
            let (of_before, of_after) = (Rungs::of(before), Rungs::of(after));
            diff(before, after).iter().any(|change| meets(change, News::Exposed, &of_before, &of_after))
        };
        assert!(met(&low, &high) && !met(&high, &low) && !met(&low, &exposed(3, Rung::Discloses, "c")));
    }
}
