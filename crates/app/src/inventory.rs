//! Files of surveys: NDJSON records, plain or compressed. The thought is in [`watchpost_core::inventory`].

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;

use watchpost_core::inventory::{Inventory, Reading, Told};
use watchpost_core::mistake::Mistake;
use watchpost_formats::input::Plain;

use crate::exit::{Failure, why};
use crate::render::clean::clean;
use crate::render::json;

/// Bytes of a line; a survey's record names what was asked, which may be many prefixes.
const LONGEST: u64 = 64 << 20;
/// Bytes of a file, decompressed: what is larger is no survey, or was made to fill the memory.
const LARGEST: u64 = 1 << 30;
/// Mistakes told one by one.
const TOLD: usize = 5;

/// Reads a survey's file, or standard input for `-`. What is wrong in a file that can be used is told on standard error.
///
/// # Errors
/// A file that cannot be read, or without a survey's record.
pub fn read(name: &OsStr, quiet: bool) -> Result<Inventory, Failure> {
    let shown = clean(&name.to_string_lossy());
    let unreadable = |error: &io::Error| {
        Failure::unreadable(
            format!("{shown}: {}", why(error)),
            "Name a file that `watchpost survey` wrote, or - for standard input.",
        )
    };
    let reader: Box<dyn Read> = if name == "-" {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(name).map_err(|error| unreadable(&error))?)
    };
    let plain = Plain::open(reader).map_err(|error| unreadable(&error))?;
    let (read, broken) = lines(BufReader::new(plain.take(LARGEST)));
    let (inventory, mut told) = read.finish().map_err(|mistakes| {
        let last = mistakes.last().map_or("", |mistake| mistake.fix.as_str());
        let all: Vec<String> = mistakes.iter().rev().take(TOLD).map(ToString::to_string).collect();
        Failure::unreadable(format!("{shown}: {}", all.join("; ")), last)
    })?;
    if let Some(error) = broken {
        let what = format!("it breaks off: {error}");
        let fix = "What came before was read.".to_owned();
        told.mistakes.push(Mistake { line: 0, what, fix });
        told.skipped += 1;
    }
    if !quiet {
        tell(&shown, &told);
    }
    Ok(inventory)
}

/// Reads lines to the end, or to where the input breaks.
fn lines(mut reader: impl BufRead) -> (Reading, Option<io::Error>) {
    let mut reading = Reading::default();
    let mut line = Vec::new();
    loop {
        line.clear();
        match reader.by_ref().take(LONGEST).read_until(b'\n', &mut line) {
            Ok(0) => return (reading, None),
            Ok(read) if read as u64 == LONGEST && line.last() != Some(&b'\n') => {
                reading.next_line();
                reading.skip("a line longer than 64 MiB", "Give the file as `watchpost survey` wrote it.");
                if let Err(error) = skip_line(&mut reader) {
                    return (reading, Some(error));
                }
            }
            Ok(_) => reading.take(line.trim_ascii_end()),
            Err(error) => {
                // What came out of it may be a whole record.
                if !line.is_empty() {
                    reading.take(line.trim_ascii_end());
                }
                return (reading, Some(error));
            }
        }
    }
}

fn skip_line(reader: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = reader.fill_buf()?;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let (used, done) = end.map_or((buffer.len(), buffer.is_empty()), |at| (at + 1, true));
        reader.consume(used);
        if done {
            return Ok(());
        }
    }
}

fn tell(name: &str, told: &Told) {
    let mut err = io::stderr().lock();
    for mistake in told.mistakes.iter().take(TOLD) {
        // Where standard error is gone there is nobody left to tell.
        let _ = writeln!(err, "note: {name}: {}; left out", clean(&mistake.to_string()));
    }
    let others = told.skipped.saturating_sub(told.mistakes.len().min(TOLD) as u64);
    if others > 0 {
        let _ = writeln!(err, "note: {name}: {others} more lines are left out");
    }
}

/// Writes a survey's file whole or not at all; compressed with zstd where the name ends in `.zst`.
///
/// # Errors
/// Those of the file system.
pub fn write(path: &Path, inventory: &Inventory) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    let file = BufWriter::new(File::create(&beside)?);
    let file = if path.extension().is_some_and(|ending| ending == "zst") {
        let mut compressed = zstd::Encoder::new(file, 9)?;
        compressed.include_checksum(true)?;
        json::records(&mut compressed, inventory.records())?;
        compressed.finish()?
    } else {
        let mut file = file;
        json::records(&mut file, inventory.records())?;
        file
    };
    file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    std::fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::survey::sample::taken;

    #[test]
    fn what_is_written_is_read_back_plain_and_compressed() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["survey.ndjson", "survey.ndjson.zst"] {
            let path = folder.path().join(name);
            write(&path, &taken()).unwrap();
            assert_eq!(read(path.as_os_str(), true).unwrap(), taken());
            let compressed = std::fs::read(&path).unwrap().starts_with(&[0x28, 0xb5, 0x2f, 0xfd]);
            assert_eq!(compressed, name.ends_with(".zst"));
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left beside");
    }

    #[test]
    fn a_file_that_breaks_off_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("survey.ndjson");
        write(&path, &taken()).unwrap();
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() - 20]).unwrap();
        // What is missing would look as if it were gone.
        let refused = read(path.as_os_str(), true).unwrap_err();
        assert!(refused.message.contains("it was cut off"), "{}", refused.message);
        let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
        std::fs::write(&path, lines[..lines.len() - 1].concat()).unwrap();
        assert!(read(path.as_os_str(), true).unwrap_err().message.contains("it was cut off"));
        std::fs::write(&path, b"").unwrap();
        assert!(read(path.as_os_str(), true).is_err());
    }
}
