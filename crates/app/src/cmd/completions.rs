//! `watchpost completions`: a script that teaches a shell the commands and options, made from their definition.

use std::io::{self, Write};

use clap::CommandFactory;

use crate::args::{self, Cli};
use crate::exit::{Exit, Failure, output_failed};

/// Runs the command.
///
/// # Errors
/// A script that cannot be written.
pub fn run(typed: &args::Completions) -> Result<Exit, Failure> {
    // Written to memory first: the generator panics where a write fails.
    let mut script = Vec::new();
    clap_complete::generate(typed.shell, &mut Cli::command(), "watchpost", &mut script);
    let mut out = io::stdout().lock();
    match out.write_all(&script).and_then(|()| out.flush()) {
        Ok(()) => Ok(Exit::Done),
        Err(error) => output_failed(&error),
    }
}
