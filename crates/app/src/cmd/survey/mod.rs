//! `watchpost survey`: look at one's own blocks from outside. One file a step, in the order in which they happen.

mod diff; // what differs between two
mod dry; // what would be sent
mod every; // again and again
mod examine; // what runs there, what it exposes
mod join; // the parts of one
pub mod plan; // what is wanted, checked
mod progress; // how far it is
mod report; // what was found becomes an inventory
mod resume; // a survey that was stopped
mod send; // by which sockets
mod take; // one survey

use crate::args::{self, SurveyCommand};
use crate::exit::{Exit, Failure};

/// Runs the command.
///
/// # Errors
/// Those of the command below it.
pub fn run(typed: &args::Survey) -> Result<Exit, Failure> {
    match &typed.command {
        Some(SurveyCommand::Diff(typed)) => diff::run(typed),
        Some(SurveyCommand::Join(typed)) => join::run(typed),
        None if typed.take.every.is_some() => every::run(&typed.take, &typed.screen),
        None => take::run(&typed.take, &typed.screen),
    }
}
