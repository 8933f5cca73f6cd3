//! `watchpost completions`: a script that teaches a shell the commands and options, made from their definition.

use clap::CommandFactory;

use crate::args::{self, Cli};
use crate::exit::{Exit, Failure, print};

/// Runs the command.
///
/// # Errors
/// A script that cannot be written.
pub fn run(typed: &args::Completions) -> Result<Exit, Failure> {
    // Written to memory first: the generator panics where a write fails.
    let mut script = Vec::new();
    clap_complete::generate(typed.shell, &mut Cli::command(), "watchpost", &mut script);
    print(&script)
}
