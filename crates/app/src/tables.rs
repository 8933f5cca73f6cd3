//! The tables of logarithms behind ZMap's permutations, kept on disk between runs: `$XDG_CACHE_HOME/watchpost/permutation`,
//! or the same under `~/.cache`. They save a second at most, so whatever goes wrong here is no failure: the tables are
//! built anew. What is read is used only if its digest holds.

use std::path::{Path, PathBuf};
use std::{env, fs, io, process};

use watchpost_core::permutation::Tables;

/// Larger files are none of ours.
const MOST_BYTES: u64 = 64 << 20;

/// The tables that an earlier run kept, read when they are needed.
pub fn kept() -> Tables {
    Tables::kept(|| read(&path()?))
}

/// Keeps the tables, if this run built any.
pub fn keep(tables: &Tables) {
    if tables.has_grown()
        && let Some(path) = path()
    {
        // The next run builds them anew.
        let _ = write(&path, &tables.to_bytes());
    }
}

fn path() -> Option<PathBuf> {
    let of = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = of("XDG_CACHE_HOME").or_else(|| Some(of("HOME")?.join(".cache")))?;
    Some(cache.join("watchpost").join("permutation"))
}

fn read(path: &Path) -> Option<Vec<u8>> {
    let plain = fs::symlink_metadata(path).ok().filter(|about| about.is_file() && about.len() <= MOST_BYTES);
    plain.and_then(|_| fs::read(path).ok())
}

/// Writes beside it and renames, so that nobody ever reads a half.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
    let beside = path.with_extension(process::id().to_string());
    fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, path)).inspect_err(|_| {
        let _ = fs::remove_file(&beside);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("watchpost").join("permutation");
        assert!(read(&path).is_none());
        write(&path, &Tables::default().to_bytes()).unwrap();
        assert_eq!(read(&path), Some(Tables::default().to_bytes()));
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
        assert!(read(folder.path()).is_none(), "no file");
    }
}
