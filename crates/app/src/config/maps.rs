//! Files of maps: which are read, and what is wrong with them.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use watchpost_formats::log::map::{self, Map};

use crate::exit::Failure;

/// A file of maps is no larger: whatever is, is something else.
const LARGEST: u64 = 1 << 20;

/// The maps of these files and folders, in their order; of a folder those of `*.toml`, by name.
///
/// # Errors
/// What cannot be read or makes no sense, with its line where it is known; a name that two maps have.
pub fn maps(typed: &[OsString]) -> Result<Vec<Arc<Map>>, Failure> {
    let mut maps: Vec<(Arc<Map>, PathBuf)> = Vec::new();
    let mut read = Vec::new();
    for path in typed {
        for file in files(Path::new(path))? {
            // A file that is named twice is read once.
            let identity = fs::canonicalize(&file).unwrap_or_else(|_| file.clone());
            if read.contains(&identity) {
                continue;
            }
            read.push(identity);
            for map in of_file(&file)? {
                if let Some((_, other)) = maps.iter().find(|(known, _)| known.name() == map.name()) {
                    let (here, there, name) = (file.display(), other.display(), map.name());
                    return Err(Failure::usage(
                        format!("--map {here}: a map {name} is in {there} already"),
                        "Give each map its own name.",
                    ));
                }
                maps.push((Arc::new(map), file.clone()));
            }
        }
    }
    Ok(maps.into_iter().map(|(map, _)| map).collect())
}

fn files(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !path.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let entries = fs::read_dir(path).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let entries = entries.map_err(|error| cannot_read(path, &error))?;
    let is_map = |file: &PathBuf| file.extension().is_some_and(|end| end == "toml") && file.is_file();
    let mut files: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).filter(is_map).collect();
    files.sort();
    if files.is_empty() {
        return Err(Failure::usage(
            format!("--map {}: the folder holds no *.toml", path.display()),
            "Give a file of maps, or a folder that holds some; data/maps has examples.",
        ));
    }
    Ok(files)
}

fn of_file(path: &Path) -> Result<Vec<Map>, Failure> {
    let mut text = String::new();
    fs::File::open(path)
        .and_then(|file| file.take(LARGEST + 1).read_to_string(&mut text))
        .map_err(|error| cannot_read(path, &error))?;
    if text.len() as u64 > LARGEST {
        return Err(Failure::usage(
            format!("--map {}: larger than 1 MiB", path.display()),
            "A map is a short file of TOML; is this the log itself? It is named without --map.",
        ));
    }
    map::read(&text).map_err(|error| {
        let line = error.line.map(|line| format!(", line {line}")).unwrap_or_default();
        let mut advice = error.advice.chars();
        let first = advice.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
        Failure::usage(
            format!("--map {}{line}: {}", path.display(), error.message),
            format!("{first}{}.", advice.as_str()),
        )
    })
}

fn cannot_read(path: &Path, error: &io::Error) -> Failure {
    let why = match error.kind() {
        io::ErrorKind::NotFound => "no such file or folder".to_owned(),
        io::ErrorKind::InvalidData => "not a text in UTF-8".to_owned(),
        _ => error.to_string(),
    };
    Failure::usage(
        format!("--map {}: {why}", path.display()),
        "Give a file of maps, or a folder with some; docs/maps.md tells how to write one.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAP: &str = "[[map]]\nname = \"one\"\nhelp = \"x\"\nformat = \"csv\"\nrecords = \"flows\"\n\
        [map.fields]\ntime = \"a\"\nsource = \"b\"\ntarget = \"c\"\ntarget_port = \"d\"\ntransport = \"e\"\n";

    fn read(folder: &Path, names: &[&str]) -> Result<Vec<String>, String> {
        let typed: Vec<OsString> = names.iter().map(|name| folder.join(name).into()).collect();
        match maps(&typed) {
            Ok(maps) => Ok(maps.iter().map(|map| map.name().to_owned()).collect()),
            Err(failure) => Err(format!("{} | {}", failure.message, failure.hint)),
        }
    }

    #[test]
    fn files_and_folders() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        fs::write(at.join("b.toml"), MAP.replace("one", "two")).unwrap();
        fs::write(at.join("a.toml"), MAP).unwrap();
        fs::write(at.join("a.txt"), "no map").unwrap();
        assert_eq!(read(at, &[""]).unwrap(), ["one", "two"]);
        assert_eq!(read(at, &["b.toml", ""]).unwrap(), ["two", "one"]);
        fs::write(at.join("c.toml"), MAP).unwrap();
        let twice = read(at, &[""]).unwrap_err();
        assert!(twice.contains("c.toml: a map one is in") && twice.contains("a.toml already"), "{twice}");
    }

    #[test]
    fn mistakes_have_a_file_and_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        fs::write(at.join("bad.toml"), MAP.replace("\"e\"", "\"\"")).unwrap();
        let said = read(at, &["bad.toml"]).unwrap_err();
        assert!(
            said.contains("bad.toml, line 11: `transport` has no name") && said.contains("| Give one"),
            "{said}"
        );
        for (name, text) in [("large", vec![b'x'; 1 << 21]), ("bytes", vec![0xff; 4])] {
            fs::write(at.join(name), text).unwrap();
            assert!(read(at, &[name]).unwrap_err().contains(name));
        }
        assert!(read(at, &["none"]).unwrap_err().contains("no such file"));
        fs::create_dir(at.join("empty")).unwrap();
        assert!(read(at, &["empty"]).unwrap_err().contains("holds no *.toml"));
    }
}
