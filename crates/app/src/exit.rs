//! How a run ends: the exit statuses, the form of an error, and the last net under a panic.
//!
//! An error says what failed and why, then how to fix it; in that order, on standard error. Nothing that came from a
//! file name or a capture reaches the terminal raw.

use std::io::{self, Write};
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::sync::Mutex;

use crate::render::clean::clean;

/// How a run ended. The numbers are part of the interface; `watchpost --help` explains them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, whatever was found.
    Done,
    /// `--fail-on` was met.
    Found,
    /// The command line does not make sense.
    Usage,
    /// A file of configuration does not hold.
    Configuration,
    /// An input could not be read, or with `--strict` is damaged.
    Unreadable,
    /// A fault of Watchpost itself.
    Internal,
    /// The output could not be written.
    Output,
    /// Interrupted.
    Interrupted,
}

impl Exit {
    /// The status that the shell sees; 70 and 74 are EX_SOFTWARE and EX_IOERR of sysexits.h.
    pub const fn status(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Found => 1,
            Self::Usage => 2,
            Self::Configuration => 3,
            Self::Unreadable => 4,
            Self::Internal => 70,
            Self::Output => 74,
            Self::Interrupted => 130,
        }
    }

    /// The word that stands for it in JSON errors.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Found => "found",
            Self::Usage => "usage",
            Self::Configuration => "configuration",
            Self::Unreadable => "unreadable-input",
            Self::Internal => "internal",
            Self::Output => "output",
            Self::Interrupted => "interrupted",
        }
    }
}

/// Writes all that a command has to print.
///
/// # Errors
/// See [`output_failed`].
pub fn print(text: &[u8]) -> Result<Exit, Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text).and_then(|()| out.flush()) {
        Ok(()) => Ok(Exit::Done),
        Err(error) => output_failed(&error),
    }
}

/// Why a file cannot be read, in words.
pub fn why(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "no permission to read it".to_owned(),
        io::ErrorKind::IsADirectory => "a folder, not a file".to_owned(),
        io::ErrorKind::InvalidData => "not a text file".to_owned(),
        _ => error.to_string(),
    }
}

/// Something that ends the run, or one input of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The status that it leads to.
    pub exit: Exit,
    /// What failed, and why.
    pub message: String,
    /// How to fix it; may be empty.
    pub hint: String,
}

impl Failure {
    /// A command line that does not make sense.
    pub fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, message: message.into(), hint: hint.into() }
    }

    /// A file of configuration that does not hold.
    pub fn configuration(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { exit: Exit::Configuration, message: message.into(), hint: hint.into() }
    }

    /// Something that should not have failed.
    pub fn internal(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { exit: Exit::Internal, message: message.into(), hint: hint.into() }
    }

    /// An input that cannot be read.
    pub fn unreadable(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { exit: Exit::Unreadable, message: message.into(), hint: hint.into() }
    }

    /// What clap says about the command line, in our form.
    pub fn from_clap(error: &clap::Error) -> Self {
        let text = error.to_string();
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let message = lines.next().unwrap_or("unclear").trim_start_matches("error: ").to_owned();
        let over = |line: &&str| line.starts_with("Usage:") || line.starts_with("For more information");
        let tips = lines.take_while(|line| !over(line)).map(|line| line.trim_matches(['[', ']']).to_owned());
        let tips: Vec<String> = tips.chain(["try --help".to_owned()]).collect();
        Self::usage(message, tips.join("; "))
    }

    /// Tells it on standard error, as text or as one line of JSON, and gives the status.
    pub fn report(&self, json: bool) -> Exit {
        let text = if json { self.json() } else { self.text() };
        // Where standard error is gone there is nobody left to tell.
        let _ = io::stderr().lock().write_all(text.as_bytes());
        self.exit
    }

    fn text(&self) -> String {
        let mut text = format!("error: {}\n", clean(&self.message));
        for line in self.hint.lines() {
            text.push_str(&format!("  {}\n", clean(line)));
        }
        text
    }

    fn json(&self) -> String {
        let object = serde_json::json!({
            "error": { "code": self.exit.code(), "message": clean(&self.message), "hint": clean(&self.hint) }
        });
        format!("{object}\n")
    }
}

/// Writing the results failed. A reader that has seen enough (`| head`) is no failure: then the run ends in silence.
pub fn output_failed(error: &io::Error) -> Result<Exit, Failure> {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Ok(Exit::Done);
    }
    Err(Failure {
        exit: Exit::Output,
        message: format!("the results could not be written: {error}"),
        hint: "Make room, or write them elsewhere.".into(),
    })
}

/// Runs `body`; a panic in it, on whatever thread, becomes one sentence and the status 70.
pub fn guarded(body: impl FnOnce() -> Exit) -> ExitCode {
    ExitCode::from(caught(body).status())
}

fn caught(body: impl FnOnce() -> Exit) -> Exit {
    static FIRST: Mutex<Option<String>> = Mutex::new(None);
    panic::set_hook(Box::new(|info| {
        let what = info.payload_as_str().unwrap_or("no words given");
        let place = info.location().map(|at| format!(" ({}:{})", at.file(), at.line())).unwrap_or_default();
        if let Ok(mut first) = FIRST.lock() {
            first.get_or_insert_with(|| format!("{what}{place}"));
        }
    }));
    let outcome = panic::catch_unwind(AssertUnwindSafe(body));
    outcome.unwrap_or_else(|_| {
        let what = FIRST.lock().ok().and_then(|mut first| first.take()).unwrap_or_default();
        Failure {
            exit: Exit::Internal,
            message: format!("Watchpost itself failed: {what}"),
            hint: "This is a bug. Please report it with the command line and, if you may, the input.".into(),
        }
        .report(false)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_status_70() {
        assert_eq!(caught(|| panic!("on purpose")), Exit::Internal);
        assert_eq!(caught(|| Exit::Found), Exit::Found);
    }

    #[test]
    fn a_closed_pipe_is_no_failure_and_a_full_disk_is_one() {
        let closed = io::Error::from(io::ErrorKind::BrokenPipe);
        let full = io::Error::from(io::ErrorKind::StorageFull);
        assert_eq!(output_failed(&closed), Ok(Exit::Done));
        assert_eq!(output_failed(&full).map_err(|failure| failure.exit), Err(Exit::Output));
    }

    #[test]
    fn an_error_says_what_then_how_and_nothing_raw() {
        let failure = Failure::unreadable("a\x1b[2Jb: no such file", "Check the name.");
        assert_eq!(failure.text(), "error: a\\x1b[2Jb: no such file\n  Check the name.\n");
        assert!(failure.json().starts_with(r#"{"error":{"code":"unreadable-input""#));
    }
}
