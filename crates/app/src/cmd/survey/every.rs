//! Surveys again and again, each held against the last. A systemd timer is the other way (`data/systemd`).

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use watchpost_core::inventory::Inventory;

use super::{plan, take};
use crate::args::Screen;
use crate::args::survey::Take;
use crate::exit::{Exit, Failure, why};
use crate::{inventory, stop};

/// Nobody waits longer without looking whether to stop.
const NAP: Duration = Duration::from_millis(200);

/// Runs the command.
///
/// # Errors
/// The duration or the folder makes no sense, or the first survey cannot be taken. Later ones that fail are told, and the next is tried.
pub fn run(typed: &Take, screen: &Screen) -> Result<Exit, Failure> {
    let every = period(typed.every.as_deref().unwrap_or_default())?;
    let folder = typed.out.as_deref().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(|error| {
        Failure::usage(
            format!("--out {}: {}", folder.display(), why(&error)),
            "With --every it names a folder.",
        )
    })?;
    let mut last: Option<(Inventory, PathBuf)> = newest(folder, screen.quiet)?;
    let mut taken = 0u64;
    let mut exit = Exit::Done;
    stop::listen();
    loop {
        let next = Instant::now() + every;
        // The scope is read anew: what was taken out of it since is not asked.
        let path = folder.join(format!("survey-{}.ndjson.zst", Timestamp::now().strftime("%Y%m%dT%H%M%SZ")));
        let previous = last.as_ref().map(|(inventory, path)| (inventory, take::hash_of(path)));
        let one = plan::scope(&typed.scope, typed.json)
            .and_then(|read| take::take(typed, screen, &read, previous, Some(&path)));
        match one {
            Ok(one) => {
                take::show(typed, screen, &one.inventory)?;
                exit = if one.exit == Exit::Done { exit } else { one.exit };
                last = Some((one.inventory, path));
            }
            Err(failure) if taken == 0 => return Err(failure),
            Err(failure) => {
                failure.report(typed.json);
            }
        }
        taken += 1;
        if stop::asked() || typed.times.is_some_and(|times| taken >= times) {
            return Ok(if stop::asked() { Exit::Interrupted } else { exit });
        }
        if !screen.quiet {
            let seconds = next.saturating_duration_since(Instant::now()).as_secs();
            let _ = writeln!(io::stderr().lock(), "note: the next one begins in {seconds} s");
        }
        while Instant::now() < next {
            if stop::asked() {
                return Ok(Exit::Interrupted);
            }
            thread::sleep(NAP.min(next.saturating_duration_since(Instant::now())));
        }
    }
}

/// `24h`, `1d 12h`, `90s`.
fn period(typed: &str) -> Result<Duration, Failure> {
    let parsed = typed.replace('d', "d ").split_whitespace().try_fold(SignedDuration::ZERO, |sum, part| {
        let days = part
            .strip_suffix('d')
            .and_then(|days| days.parse::<i64>().ok())
            .map(|days| SignedDuration::from_hours(24 * days.min(3_650)));
        sum.checked_add(days.or_else(|| part.parse().ok())?)
    });
    parsed
        .and_then(|period| Duration::try_from(period).ok())
        .filter(|period| *period >= Duration::from_secs(1))
        .ok_or_else(|| {
            Failure::usage(
                format!("--every {typed}: not a duration of a second or more"),
                "For example 24h, 90m or 7d.",
            )
        })
}

/// The newest survey of a folder, by name.
fn newest(folder: &Path, quiet: bool) -> Result<Option<(Inventory, PathBuf)>, Failure> {
    let entries = std::fs::read_dir(folder).map_err(|error| {
        Failure::unreadable(
            format!("{}: {}", folder.display(), why(&error)),
            "Name a folder that can be read.",
        )
    })?;
    let is_survey = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("survey-") && name.ends_with(".ndjson.zst")
    };
    let newest = entries.flatten().map(|entry| entry.path()).filter(is_survey).max();
    newest.map(|path| Ok((inventory::read(path.as_os_str(), quiet)?, path))).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_as_people_write_them() {
        for (text, seconds) in
            [("24h", 86_400), ("90m", 5_400), ("1d", 86_400), ("1d12h", 129_600), ("5s", 5)]
        {
            assert_eq!(period(text).unwrap().as_secs(), seconds, "{text}");
        }
        for text in ["", "0s", "24", "often", "-1h"] {
            assert!(period(text).is_err(), "{text}");
        }
    }
}
