//! The edge of Watchpost: everything that opens, prints, waits or asks the time. The thought is in `watchpost-core`,
//! the reading of hostile bytes in `watchpost-formats`.
//!
//! The modules, in the order in which data flows:

pub mod args; // what was typed
pub mod cmd; // one file a command
pub mod config; // what was meant: checked values
pub mod exit; // how it ended
pub mod inventory; // files of surveys
pub mod progress; // how far the reading is
pub mod render; // records become text
pub mod source; // inputs become contacts
pub mod stop; // Ctrl-C
pub mod tables; // logarithms kept between runs

use std::ffi::OsString;

use clap::Parser;
use exit::{Exit, Failure};

/// Runs one command line, the program's name first, and says how it ended.
///
/// Everything that people and programs should read is written to the standard streams; a failure is already reported.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let outcome = match args::Cli::try_parse_from(&arguments) {
        Ok(cli) => cmd::run(cli),
        Err(error) if error.use_stderr() && args::wants_json(&arguments) => Err(Failure::from_clap(&error)),
        Err(error) => match error.print() {
            // Where standard error is gone there is nobody left to tell.
            _ if error.use_stderr() => Ok(Exit::Usage),
            Ok(()) => Ok(Exit::Done),
            Err(failed) => exit::output_failed(&failed),
        },
    };
    outcome.unwrap_or_else(|failure| failure.report(args::wants_json(&arguments)))
}
