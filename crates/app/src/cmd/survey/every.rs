//! Surveys again and again, each held against the last. A systemd timer is the other way (`data/systemd`).

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use super::take::Taken;
use super::{plan, resume, take};
use crate::args::Screen;
use crate::args::survey::Take;
use crate::exit::{Exit, Failure, why};
use crate::{inventory, stop};

/// What the names of surveys end in, and those of what a stop leaves of one.
const SURVEY: &str = ".ndjson.zst";
const KEPT: &str = ".ndjson.zst.resume";
/// A survey that was stopped longer ago is not gone on with: it would tell of two times as of one.
const RECENT: Duration = Duration::from_secs(7 * 86_400);
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
    let mut taken = 0u64;
    let mut exit = Exit::Done;
    stop::listen();
    loop {
        let next = Instant::now() + every;
        // The scope is read anew: what was taken out of it since is not asked.
        let one = plan::scope(&typed.scope, typed.json).and_then(|read| round(typed, screen, &read, folder));
        match one {
            Ok(one) => {
                take::show(typed.json, screen, &one.inventory)?;
                exit = if one.exit == Exit::Done { exit } else { one.exit };
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

/// One of them: the rest of the one that was stopped, if that is not long ago, or a new one; held against the last.
fn round(typed: &Take, screen: &Screen, read: &plan::Read, folder: &Path) -> Result<Taken, Failure> {
    let begun = newest(folder, KEPT)?.filter(|kept| is_recent(kept));
    let out = begun.as_deref().and_then(resume::survey_of);
    let out = out.unwrap_or_else(|| {
        folder.join(format!("survey-{}{SURVEY}", Timestamp::now().strftime("%Y%m%dT%H%M%SZ")))
    });
    let last = newest_but(folder, SURVEY, Some(&out))?;
    let last = last.map(|path| Ok((inventory::read(path.as_os_str(), screen.quiet)?, path))).transpose()?;
    let before = last.as_ref().map(|(inventory, path)| (inventory, take::hash_of(path)));
    take::take(
        typed,
        screen,
        read,
        before,
        &take::Files { resume: begun.as_deref(), or_anew: true, out: Some(&out) },
    )
}

/// Whether what it found until it was stopped still tells of today.
fn is_recent(kept: &Path) -> bool {
    let age = std::fs::metadata(kept)
        .and_then(|file| file.modified())
        .map(|then| then.elapsed().unwrap_or_default());
    age.is_ok_and(|age| age < RECENT)
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

/// The newest of the files of a folder whose names end so, by name.
fn newest(folder: &Path, ending: &str) -> Result<Option<PathBuf>, Failure> {
    newest_but(folder, ending, None)
}

fn newest_but(folder: &Path, ending: &str, but: Option<&Path>) -> Result<Option<PathBuf>, Failure> {
    let entries = std::fs::read_dir(folder).map_err(|error| {
        Failure::unreadable(
            format!("{}: {}", folder.display(), why(&error)),
            "Name a folder that can be read.",
        )
    })?;
    let is_one = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("survey-") && name.ends_with(ending) && Some(path.as_path()) != but
    };
    Ok(entries.flatten().map(|entry| entry.path()).filter(is_one).max())
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
