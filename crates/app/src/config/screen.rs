//! What the terminal can show.

use std::io::{self, IsTerminal};

use crate::args;

/// The width where nothing says otherwise.
const WIDTH: usize = 80;

/// Beyond this, lines are too long to be read.
const WIDEST: usize = 240;

/// How text is laid out. Rendering is a pure function of records and this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    /// Columns.
    pub width: usize,
    /// Whether sentences are broken to the width: only on a terminal.
    pub wrap: bool,
    /// Whether results are coloured.
    pub colour: bool,
    /// Whether messages on standard error are coloured.
    pub colour_messages: bool,
    /// Whether every scan but the background is listed, however many there are.
    pub all: bool,
    /// Whether background, and scans that were joined into others, are listed too: only where somebody asked for all.
    pub everything: bool,
    /// Whether lists of ports and networks stay whole.
    pub whole_lists: bool,
}

impl Screen {
    /// From the options, the environment and the terminal.
    pub fn new(typed: &args::Screen, all: bool) -> Self {
        let terminal = io::stdout().is_terminal();
        Self {
            width: width(terminal),
            wrap: terminal,
            colour: colour(typed.color, terminal, env),
            colour_messages: colour(typed.color, io::stderr().is_terminal(), env),
            all: all || !terminal,
            everything: all,
            whole_lists: typed.no_trunc,
        }
    }

    /// The columns that sentences are broken to, for pages that need nothing else of it; none where it is no terminal.
    pub fn columns() -> Option<usize> {
        io::stdout().is_terminal().then(|| width(true))
    }
}

/// Of standard output.
fn width(terminal: bool) -> usize {
    let measured = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    let columns = env("COLUMNS").and_then(|value| value.parse().ok()).filter(|&columns: &usize| columns > 0);
    columns.or_else(|| if terminal { measured() } else { None }).unwrap_or(WIDTH).min(WIDEST)
}

fn env(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The order of precedence: the option, NO_COLOR, CLICOLOR_FORCE, then whether it is a terminal that has colours.
fn colour(typed: args::Color, terminal: bool, env: impl Fn(&str) -> Option<String>) -> bool {
    match typed {
        args::Color::Always => true,
        args::Color::Never => false,
        args::Color::Auto if env("NO_COLOR").is_some() => false,
        args::Color::Auto if env("CLICOLOR_FORCE").is_some_and(|value| value != "0") => true,
        args::Color::Auto => terminal && env("TERM").is_none_or(|term| term != "dumb"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use args::Color::{Always, Auto, Never};

    #[test]
    fn who_decides_about_colour() {
        type Case<'a> = (args::Color, bool, &'a [(&'a str, &'a str)], bool);
        let cases: [Case<'_>; 8] = [
            (Auto, true, &[], true),
            (Auto, false, &[], false),
            (Auto, true, &[("NO_COLOR", "1")], false),
            (Auto, true, &[("TERM", "dumb")], false),
            (Auto, false, &[("CLICOLOR_FORCE", "1")], true),
            (Auto, false, &[("CLICOLOR_FORCE", "0")], false),
            (Always, false, &[("NO_COLOR", "1")], true),
            (Never, true, &[("CLICOLOR_FORCE", "1")], false),
        ];
        for (typed, terminal, set, expected) in cases {
            let env =
                |name: &str| set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
            assert_eq!(colour(typed, terminal, env), expected, "{typed:?} {terminal} {set:?}");
        }
    }
}
