//! The helper that sends: see `watchpost_survey::probe`. It is started by `watchpost survey` and by nobody else.

use std::process::ExitCode;

fn main() -> ExitCode {
    watchpost_survey::probe::main()
}
