//! `watchpost detect`: who scans, in the form that was asked for, and a summary of what was read.

use std::io::{self, BufWriter, Write};

use watchpost_core::record::Severity;

use super::analysis::{Analysis, Voice, analyse};
use crate::args::{self, Format};
use crate::exit::{Exit, Failure, output_failed};
use crate::render::records::Records;
use crate::render::summary::{Circumstances, summary};
use crate::render::{Screen, csv, exposed, ids, json, markdown, shell, stands, table};

/// Runs the command.
///
/// # Errors
/// Options that make no sense, not one input that can be read, or results that cannot be written.
pub fn run(typed: &args::Detect) -> Result<Exit, Failure> {
    let format = if typed.json { Format::Json } else { typed.format };
    let screen = Screen::new(&typed.screen, typed.all);
    let analysis = analyse(&typed.analysis, Voice::new(&typed.screen, format == Format::Json))?;
    let met = typed.fail_on.is_some_and(|level| meets(&analysis, level.into()));
    let exit = analysis.exit.unwrap_or(if met { Exit::Found } else { Exit::Done });
    let told = if typed.screen.quiet { String::new() } else { ending(typed, &analysis, &screen) };
    if let Err(error) = print(analysis, format, &screen) {
        return output_failed(&error);
    }
    // Where standard error is gone there is nobody left to tell.
    let _ = io::stderr().lock().write_all(told.as_bytes());
    Ok(exit)
}

/// Whether a scan or a return matters as much.
fn meets(found: &Analysis, least: Severity) -> bool {
    let scans = found.campaigns.iter().filter(|campaign| stands(campaign)).map(|campaign| campaign.severity);
    scans.chain(found.follow_ups.iter().map(|follow_up| follow_up.severity)).any(|severity| severity >= least)
}

/// What was found, tied together.
fn tied(found: &Analysis) -> Records<'_> {
    Records::new(&found.campaigns, &found.lessons, &found.follow_ups, &found.run)
        .with_exposures(&found.exposures)
}

fn print(analysis: Analysis, format: Format, screen: &Screen) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    let text = match format {
        Format::Json => {
            let Analysis { campaigns, lessons, follow_ups, exposures, run, .. } = analysis;
            return json::write(&mut out, campaigns, lessons, follow_ups, exposures, run);
        }
        Format::Table => table::table(&tied(&analysis), screen) + &exposed::page(&tied(&analysis), screen),
        Format::Csv => csv::csv(&analysis.campaigns),
        Format::Md => markdown::markdown(&tied(&analysis), screen),
    };
    out.write_all(text.as_bytes())?;
    out.flush()
}

fn ending(typed: &args::Detect, analysis: &Analysis, screen: &Screen) -> String {
    let around = Circumstances {
        elapsed: analysis.elapsed,
        interrupted: analysis.interrupted,
        not_captures: analysis.not_captures,
        next: next(&typed.analysis, analysis),
        verbose: typed.screen.verbose,
    };
    summary(&tied(analysis), &around, screen)
}

/// With more inputs than this a command is no longer one to copy.
const MOST_INPUTS: usize = 12;

/// The command that explains the most severe scan, with the inputs and options that lead to the same records.
fn next(typed: &args::Analysis, found: &Analysis) -> String {
    let mut short = ids::short(&found.campaigns).into_iter().zip(&found.campaigns);
    let Some((id, _)) = short.find(|(_, campaign)| stands(campaign)) else { return String::new() };
    let mut words = vec!["watchpost".to_owned(), "explain".to_owned(), id.to_owned()];
    if typed.inputs.len() > MOST_INPUTS {
        return words.join(" ") + ", and behind it the same inputs and options as here";
    }
    words.extend(typed.inputs.iter().map(|input| shell::quoted_os(input)));
    for blocks in &typed.blocks {
        words.extend(["--blocks".to_owned(), shell::quoted(blocks)]);
    }
    if let Some(survey) = &typed.survey {
        words.extend(["--survey".to_owned(), shell::quoted_os(survey)]);
    }
    for map in &typed.map {
        words.extend(["--map".to_owned(), shell::quoted_os(map)]);
    }
    if let Some(year) = typed.year {
        words.extend(["--year".to_owned(), year.to_string()]);
    }
    if let Some(zone) = &typed.tz {
        words.extend(["--tz".to_owned(), shell::quoted(zone)]);
    }
    if typed.memory != args::MEMORY {
        words.extend(["--memory".to_owned(), shell::quoted(&typed.memory)]);
    }
    if let Some(key) = &typed.shard_key {
        words.extend(["--shard-key".to_owned(), shell::quoted(key)]);
    }
    let again =
        if typed.inputs.iter().any(|input| input == "-") { " (with the same standard input)" } else { "" };
    words.join(" ") + again
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::render::sample::{Sample, port_scan};
    use watchpost_core::record::{Campaign, FollowUp};

    fn found(campaigns: Vec<Campaign>, follow_ups: Vec<FollowUp>) -> Analysis {
        let Sample { run, .. } = Sample::all();
        Analysis {
            campaigns,
            lessons: vec![],
            follow_ups,
            exposures: vec![],
            run,
            elapsed: Duration::ZERO,
            interrupted: false,
            not_captures: 0,
            exit: None,
        }
    }

    #[test]
    fn a_return_counts_for_fail_on_whatever_its_scan() {
        let low = found(vec![port_scan()], vec![]);
        assert!(meets(&low, Severity::Low) && !meets(&low, Severity::Medium));
        let back = found(vec![port_scan()], Sample::all().follow_ups);
        assert!(meets(&back, Severity::Critical));
    }

    #[test]
    fn what_does_not_stand_counts_for_nothing() {
        let joined = Campaign { merged_into: Some("7h2k".into()), ..port_scan() };
        assert!(!meets(&found(vec![joined], vec![]), Severity::Info));
    }
}
