//! The commands, one a file, and the analysis that `detect` and `explain` share.

mod analysis;
mod audit;
mod completions;
mod control;
mod detect;
mod explain;
mod list;
mod scope;
mod survey;

use crate::args::{self, Cli, Command};
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
        Command::Survey(typed) => survey::run(&typed),
        Command::Scope(args::Scope::Check(typed)) => scope::check(&typed),
        Command::Audit(args::Audit::Verify(typed)) => audit::verify(&typed),
        Command::Completions(typed) => completions::run(&typed),
    }
}
