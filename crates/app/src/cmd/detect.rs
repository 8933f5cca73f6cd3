//! `watchpost detect`: who scans, in the form that was asked for, and a summary of what was read.

use std::io::{self, BufWriter, Write};

use watchpost_core::record::{Campaign, Severity};

use super::analysis::{Analysis, Voice, analyse};
use crate::args::{self, Format};
use crate::exit::{Exit, Failure, output_failed};
use crate::render::summary::{Circumstances, summary};
use crate::render::{Screen, csv, ids, json, markdown, shell, stands, table};

/// Runs the command.
///
/// # Errors
/// Options that make no sense, not one input that can be read, or results that cannot be written.
pub fn run(typed: &args::Detect) -> Result<Exit, Failure> {
    let format = if typed.json { Format::Json } else { typed.format };
    let screen = Screen::new(&typed.screen, typed.all);
    let analysis = analyse(&typed.analysis, Voice::new(&typed.screen, format == Format::Json))?;
    let met = typed.fail_on.is_some_and(|level| meets(&analysis.campaigns, level.into()));
    let exit = analysis.exit.unwrap_or(if met { Exit::Found } else { Exit::Done });
    let told = if typed.screen.quiet { String::new() } else { ending(typed, &analysis, &screen) };
    if let Err(error) = print(analysis, format, &screen) {
        return output_failed(&error);
    }
    // Where standard error is gone there is nobody left to tell.
    let _ = io::stderr().lock().write_all(told.as_bytes());
    Ok(exit)
}

fn meets(campaigns: &[Campaign], least: Severity) -> bool {
    campaigns.iter().any(|campaign| stands(campaign) && campaign.severity >= least)
}

fn print(analysis: Analysis, format: Format, screen: &Screen) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    let Analysis { campaigns, lessons, follow_ups, run, .. } = analysis;
    match format {
        Format::Json => json::write(&mut out, campaigns, lessons, follow_ups, run)?,
        Format::Table => out.write_all(table::table(&campaigns, &run, screen).as_bytes())?,
        Format::Csv => out.write_all(csv::csv(&campaigns).as_bytes())?,
        Format::Md => out.write_all(markdown::markdown(&campaigns, &run, screen).as_bytes())?,
    }
    out.flush()
}

fn ending(typed: &args::Detect, analysis: &Analysis, screen: &Screen) -> String {
    let around = Circumstances {
        elapsed: analysis.elapsed,
        interrupted: analysis.interrupted,
        not_captures: analysis.not_captures,
        next: next(&typed.analysis, &analysis.campaigns),
        verbose: typed.screen.verbose,
    };
    summary(&analysis.campaigns, &analysis.run, &around, screen)
}

/// With more inputs than this a command is no longer one to copy.
const MOST_INPUTS: usize = 12;

/// The command that explains the most severe scan, with the inputs and options that lead to the same records.
fn next(typed: &args::Analysis, campaigns: &[Campaign]) -> String {
    let mut short = ids::short(campaigns).into_iter().zip(campaigns);
    let Some((id, _)) = short.find(|(_, campaign)| stands(campaign)) else { return String::new() };
    let mut words = vec!["watchpost".to_owned(), "explain".to_owned(), id.to_owned()];
    if typed.inputs.len() > MOST_INPUTS {
        return words.join(" ") + ", and behind it the same inputs and options as here";
    }
    words.extend(typed.inputs.iter().map(|input| shell::quoted_os(input)));
    for blocks in &typed.blocks {
        words.extend(["--blocks".to_owned(), shell::quoted(blocks)]);
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
