//! Names become paths: folders give what is in them, patterns that the shell left alone are expanded, and a file that is
//! named twice is read once.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Found;
use crate::exit::Failure;
use crate::render::clean::clean;

/// Folders within folders are followed this deep; it ends loops that a file system should not have.
const DEEPEST: usize = 64;

/// One input to be.
pub struct Name {
    /// Where it is; `None` is standard input.
    pub path: Option<PathBuf>,
    /// Whether it was named itself, or found in a folder.
    pub named: bool,
}

/// All inputs in the order named, none twice. What is missing goes to `found.failures`.
pub fn expand(typed: &[OsString], found: &mut Found) -> Vec<Name> {
    let mut all = Expansion { names: Vec::new(), known: HashSet::new(), found };
    for argument in typed {
        all.argument(argument);
    }
    all.names
}

struct Expansion<'a> {
    names: Vec<Name>,
    known: HashSet<PathBuf>,
    found: &'a mut Found,
}

impl Expansion<'_> {
    fn argument(&mut self, argument: &OsString) {
        let path = Path::new(argument);
        if argument == "-" {
            self.add(None, true);
        } else if path.is_dir() {
            self.whole_folder(path);
        } else if path.symlink_metadata().is_err() && is_pattern(argument) {
            self.pattern(argument);
        } else {
            self.add(Some(path), true);
        }
    }

    fn whole_folder(&mut self, path: &Path) {
        let (names, notes) = (self.names.len(), self.found.notes.len());
        if self.folder(path, 0) && self.names.len() == names {
            let new = if self.found.notes.len() > notes { " that are not already in the list" } else { "" };
            self.found.failures.push(Failure::unreadable(
                format!("{}: the folder holds no files{new}", path.display()),
                "Give a folder with captures, or the captures themselves.",
            ));
        }
    }

    /// Adds everything in a folder, by name; false where it cannot be read.
    fn folder(&mut self, path: &Path, depth: usize) -> bool {
        let entries = match fs::read_dir(path).and_then(|entries| entries.collect::<io::Result<Vec<_>>>()) {
            Ok(entries) => entries,
            Err(error) => {
                self.found.failures.push(cannot_open(path, &error));
                return false;
            }
        };
        let mut entries: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
        entries.sort();
        for entry in entries {
            // A link to a folder is not followed: it may lead back here.
            if entry.is_dir() && !entry.is_symlink() {
                if depth < DEEPEST {
                    self.folder(&entry, depth + 1);
                }
            } else if entry.is_file() {
                self.add(Some(&entry), false);
            }
        }
        true
    }

    fn pattern(&mut self, argument: &OsString) {
        let text = argument.to_string_lossy();
        let matched: Vec<PathBuf> = match glob::glob(&text) {
            Ok(paths) => paths.flatten().collect(),
            Err(error) => {
                let message = format!("{text}: not a pattern: {error}");
                self.found.failures.push(Failure::unreadable(message, "Name the files one by one."));
                return;
            }
        };
        if matched.is_empty() {
            self.found.failures.push(Failure::unreadable(
                format!("{text}: no file has a name of this pattern"),
                format!("The folder that was searched: {}.", current_folder(&text)),
            ));
        }
        for path in matched {
            if path.is_dir() { self.whole_folder(&path) } else { self.add(Some(&path), true) }
        }
    }

    fn add(&mut self, path: Option<&Path>, named: bool) {
        // The same file by whatever name: links and `..` are resolved where that is possible.
        let identity = path.map_or_else(
            || PathBuf::from("-"),
            |path| fs::canonicalize(path).unwrap_or_else(|_| path.into()),
        );
        if self.known.insert(identity) {
            self.names.push(Name { path: path.map(Path::to_path_buf), named });
        } else {
            let name = path.map_or_else(|| "standard input".into(), |path| clean(&path.to_string_lossy()));
            self.found.notes.push(format!("{name} is in the list twice and is read once"));
        }
    }
}

fn is_pattern(argument: &OsString) -> bool {
    argument.to_string_lossy().contains(['*', '?', '['])
}

fn current_folder(pattern: &str) -> String {
    let parent = Path::new(pattern).parent().filter(|parent| !parent.as_os_str().is_empty());
    match parent {
        Some(parent) => parent.display().to_string(),
        None => std::env::current_dir().map_or_else(|_| ".".into(), |folder| folder.display().to_string()),
    }
}

/// What it means that something cannot be opened, and what to do about it.
pub fn cannot_open(path: &Path, error: &io::Error) -> Failure {
    let name = path.display();
    match error.kind() {
        _ if path.as_os_str().is_empty() => Failure::unreadable(
            "an input has an empty name",
            "Is a variable in the command line empty that should hold a name?",
        ),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Failure::unreadable(
            format!("{name}: no such file or folder"),
            "Check the name; patterns such as '*.pcap' and folders can be given too.",
        ),
        io::ErrorKind::PermissionDenied => Failure::unreadable(
            format!("{name}: no permission to read it"),
            "Ask for read permission (captures written by tcpdump often belong to root or tcpdump), or run as a user who has it.",
        ),
        io::ErrorKind::InvalidFilename => Failure::unreadable(
            format!("{name}: no name that a file can have: {error}"),
            "Check the name; it may hold more than one.",
        ),
        _ => Failure::unreadable(format!("{name}: {error}"), "Try to copy the file, and read the copy."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(typed: &[&Path]) -> (Vec<String>, Found) {
        let mut found = Found::default();
        let typed: Vec<OsString> = typed.iter().map(|path| path.as_os_str().to_owned()).collect();
        let names = expand(&typed, &mut found);
        let file =
            |name: &Name| name.path.as_ref().unwrap().file_name().unwrap().to_string_lossy().into_owned();
        (names.iter().map(file).collect(), found)
    }

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("inner")).unwrap();
        for file in ["b.pcap", "a.pcap", "inner/c.pcap"] {
            fs::write(folder.path().join(file), "").unwrap();
        }
        folder
    }

    #[test]
    fn a_folder_gives_its_files_by_name() {
        let folder = folder();
        let (names, found) = names(&[folder.path()]);
        assert_eq!(names, ["a.pcap", "b.pcap", "c.pcap"]);
        assert!(found.failures.is_empty());
    }

    #[test]
    fn the_same_file_by_another_name_is_read_once() {
        let folder = folder();
        let roundabout = folder.path().join("inner/../a.pcap");
        let (names, found) = names(&[&roundabout, folder.path()]);
        assert_eq!(names, ["a.pcap", "b.pcap", "c.pcap"]);
        assert!(found.notes[0].contains("twice"), "{:?}", found.notes);
    }

    #[test]
    fn patterns_are_expanded_and_may_match_nothing() {
        let folder = folder();
        let (found_names, _) = names(&[&folder.path().join("*.pcap")]);
        assert_eq!(found_names, ["a.pcap", "b.pcap"]);
        let (_, found) = names(&[&folder.path().join("*.cap")]);
        assert!(found.failures[0].message.contains("no file has a name of this pattern"));
    }

    #[test]
    fn a_name_with_brackets_is_a_name_where_the_file_is_there() {
        let folder = folder();
        let odd = folder.path().join("a[1].pcap");
        fs::write(&odd, "").unwrap();
        assert_eq!(names(&[&odd]).0, ["a[1].pcap"]);
    }
}
