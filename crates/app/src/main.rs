//! The command `watchpost`: what it was asked is parsed, run, and turned into an exit status.

use std::process::ExitCode;

fn main() -> ExitCode {
    watchpost::exit::guarded(|| watchpost::run(std::env::args_os()))
}
