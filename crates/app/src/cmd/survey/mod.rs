//! `watchpost survey`.

mod diff;

use crate::args::{self, SurveyCommand};
use crate::exit::{Exit, Failure};

/// Runs the command.
///
/// # Errors
/// Those of the command below it.
pub fn run(typed: &args::Survey) -> Result<Exit, Failure> {
    match &typed.command {
        Some(SurveyCommand::Diff(typed)) => diff::run(typed),
        None => Err(Failure::usage("nothing to do", "For example: watchpost survey diff A B")),
    }
}
