//! `watchpost explain`: the same analysis as `detect`, and one of its scans on a page.

use std::io::{self, Write};

use watchpost_core::record::{Campaign, FollowUp};

use super::analysis::{Voice, analyse};
use crate::args;
use crate::exit::{Exit, Failure, output_failed};
use crate::render::clean::clean;
use crate::render::records::Records;
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
    let records = Records::new(&analysis.campaigns, &analysis.lessons, &analysis.follow_ups, &analysis.run)
        .with_exposures(&analysis.exposures);
    let (campaign, note) = find(&records, &typed.id)?;
    if !note.is_empty() && !typed.screen.quiet {
        // Where standard error is gone there is nobody left to tell.
        let _ = writeln!(io::stderr().lock(), "{note}");
    }
    let mut out = io::stdout().lock();
    let written = if typed.json {
        let lessons = records.lessons(campaign).iter().map(|lesson| (*lesson).clone()).collect();
        let returns = records.returns(campaign).iter().map(|follow_up| (*follow_up).clone()).collect();
        let shown = records.shown(campaign).iter().map(|exposure| (*exposure).clone()).collect();
        json::write(&mut out, vec![campaign.clone()], lessons, returns, shown, analysis.run.clone())
    } else {
        let page = explain::explain(campaign, &records, &screen);
        out.write_all(page.as_bytes()).and_then(|()| out.flush())
    };
    match written {
        Ok(()) => Ok(analysis.exit.unwrap_or(Exit::Done)),
        Err(error) => output_failed(&error),
    }
}

/// The scan that the id leads to, and a note where it was not the scan's own: a scan that was joined into another leads to
/// that one, a return to the scan that had revealed its targets.
fn find<'a>(records: &Records<'a>, typed: &str) -> Result<(&'a Campaign, String), Failure> {
    let lower = typed.to_ascii_lowercase();
    let returns: Vec<&FollowUp> =
        records.follow_ups.iter().filter(|follow_up| follow_up.id.starts_with(&lower)).collect();
    let campaigns = ids::matching(records.campaigns, typed);
    let (id, what) = match (campaigns.as_slice(), returns.as_slice()) {
        ([], [one]) => (one.scan.as_str(), "is a return; this is the scan that had revealed its targets"),
        _ => {
            let campaign = only(records.campaigns, typed)?;
            if campaign.merged_into.is_none() {
                return Ok((campaign, String::new()));
            }
            (campaign.id.as_str(), "was joined into another scan; this is the whole")
        }
    };
    match records.campaign(records.joined(id)) {
        Some(whole) => Ok((whole, format!("note: {} {what}", clean(typed)))),
        // The whole is not among the records: what is there is told.
        None => only(records.campaigns, typed).map(|campaign| (campaign, String::new())),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::Sample;

    #[test]
    fn ids_of_returns_and_of_joined_scans_lead_to_the_scan() {
        let sample = Sample::all();
        let records = sample.records();
        let found = |typed| {
            let (campaign, note) = find(&records, typed).ok().unwrap();
            (campaign.id.get(..4).unwrap().to_owned(), !note.is_empty())
        };
        assert_eq!(found("7H2K"), ("7h2k".to_owned(), false));
        assert_eq!(found("f7aa"), ("7h2k".to_owned(), true));
        assert_eq!(found("n3uu"), ("m2zz".to_owned(), true));
        assert!(find(&records, "nope").is_err());
        // Two returns begin so.
        assert!(find(&records, "f").is_err());
    }
}
