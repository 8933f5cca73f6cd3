//! The commands, one a file, and the analysis that `detect` and `explain` share.

mod analysis;
mod completions;
mod detect;
mod explain;
mod list;

use crate::args::{Cli, Command};
use crate::exit::{Exit, Failure};

/// Runs what was typed.
///
/// # Errors
/// What ends the run; a failure of one input among several is reported and does not.
pub fn run(cli: Cli) -> Result<Exit, Failure> {
    match cli.command {
        Command::Detect(typed) => detect::run(&typed),
        Command::Explain(typed) => explain::run(&typed),
        Command::List(typed) => list::run(&typed),
        Command::Completions(typed) => completions::run(&typed),
    }
}
