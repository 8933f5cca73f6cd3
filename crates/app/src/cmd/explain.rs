//! `watchpost explain`: the same analysis as `detect`, and one of its scans on a page.

use std::io::{self, Write};

use watchpost_core::record::Campaign;

use super::analysis::{Analysis, Voice, analyse};
use crate::args;
use crate::exit::{Exit, Failure, output_failed};
use crate::render::clean::clean;
use crate::render::{Screen, explain, ids, json};

/// Ids that are proposed where the one typed does not lead to a scan.
const PROPOSED: usize = 8;

/// Runs the command.
///
/// # Errors
/// Those of the analysis, an id that no scan or more than one has, or results that cannot be written.
pub fn run(typed: &args::Explain) -> Result<Exit, Failure> {
    let screen = Screen::new(&typed.screen, true);
    let analysis = analyse(&typed.analysis, Voice::new(&typed.screen, typed.json))?;
    let campaign = only(&analysis.campaigns, &typed.id)?.clone();
    let Analysis { mut lessons, mut follow_ups, run, exit, .. } = analysis;
    lessons.retain(|lesson| lesson.campaign == campaign.id);
    follow_ups.retain(|follow_up| follow_up.scan == campaign.id);
    let mut out = io::stdout().lock();
    let written = if typed.json {
        json::write(&mut out, vec![campaign], lessons, follow_ups, run)
    } else {
        out.write_all(explain::explain(&campaign, &run, &screen).as_bytes()).and_then(|()| out.flush())
    };
    match written {
        Ok(()) => Ok(exit.unwrap_or(Exit::Done)),
        Err(error) => output_failed(&error),
    }
}

/// The one campaign whose id begins as typed.
fn only<'a>(campaigns: &'a [Campaign], typed: &str) -> Result<&'a Campaign, Failure> {
    match ids::matching(campaigns, typed).as_slice() {
        [one] => Ok(one),
        [] if campaigns.is_empty() => Err(Failure::usage(
            format!("no scan has the id {typed}: there is none at all in what was read"),
            "Give the same inputs and options as to `watchpost detect`.",
        )),
        [] => Err(Failure::usage(
            format!("no scan has an id that begins with {typed}"),
            format!(
                "Known: {}.\nGive the same inputs and options as to `watchpost detect`.",
                listed(campaigns, campaigns.iter())
            ),
        )),
        several => Err(Failure::usage(
            format!("{} scans have an id that begins with {typed}", several.len()),
            format!("Type more of it: {}.", listed(campaigns, several.iter().copied())),
        )),
    }
}

fn listed<'a>(all: &'a [Campaign], some: impl Iterator<Item = &'a Campaign> + Clone) -> String {
    let short = ids::short(all);
    let told = some.clone().take(PROPOSED).map(|campaign| {
        let id = all.iter().position(|other| std::ptr::eq(other, campaign)).map_or("", |place| short[place]);
        let source = campaign.sources.first().map_or("", String::as_str);
        format!("{id} ({})", clean(source))
    });
    let mut text = told.collect::<Vec<_>>().join(", ");
    let others = some.count().saturating_sub(PROPOSED);
    if others > 0 {
        text.push_str(&format!(" and {others} more"));
    }
    text
}
