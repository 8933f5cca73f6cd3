//! Fingerprints in the XML form of Recog: which product says these words?
//!
//! The problem: what a service says names its product in a thousand ways, and those who collect them write them down as regular
//! expressions in files that users bring along. The way: the own files are built in, a user's folder is read beside them and asked
//! first. A file names the kind of words that it matches (`matches="ssh.banner"`); of its patterns the first that fits gives the fields,
//! such as `service.product`. Patterns are compiled when a kind of words is first met, all of a file together, so that loading is quick
//! and words are read once, not once a pattern. Limits: words beyond [`LONGEST`] bytes are not looked at; what is captured is as
//! strangers said it, so whoever keeps it cleans it first ([`watchpost_formats::conversation::fact`]).

mod examples; // what the files say of themselves
mod pattern; // from their dialect of regular expressions to ours
mod read; // XML

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

pub use examples::{Outcome, check};
use pattern::Set;
use read::Print;

/// Bytes of words that are looked at: as many as a visit reads.
pub const LONGEST: usize = 4_096;
/// Files of a folder that are read.
const MOST_FILES: usize = 512;
/// Longer files are no fingerprints.
const LONGEST_FILE: u64 = 16 << 20;

/// What could not be used, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Which file.
    pub file: String,
    /// Where in it; 0: all of it.
    pub line: usize,
    /// Why.
    pub why: String,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.why),
            line => write!(f, "{}:{line}: {}", self.file, self.why),
        }
    }
}

/// One file: fingerprints for one kind of words.
#[derive(Debug)]
struct Database {
    /// Kind of words, e.g. `ssh.banner`; the file's name where it does not say.
    matches: String,
    protocol: Option<Arc<str>>,
    /// 0 to 1: how far its words are preferred to others.
    preference: f32,
    is_users: bool,
    prints: Vec<Print>,
    set: Set,
}

/// Words that fitted a fingerprint.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Match {
    /// What was recognised, in the file's own words.
    pub description: String,
    /// e.g. `service.product`, `os.version`; captured values as they were said.
    pub fields: BTreeMap<String, String>,
    /// 0 to 1: how far this kind of words is preferred to others.
    pub preference: f32,
    /// It comes from the user's own copy.
    pub is_users: bool,
}

impl Match {
    /// A field that is there and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Whether it says anything of what is named (`service`, `os`, `hw`): some fingerprints only keep others from guessing.
    pub fn asserts(&self, of: &str) -> bool {
        let certainty = self.get(&format!("{of}.certainty")).and_then(|value| value.parse::<f32>().ok());
        certainty.is_none_or(|certainty| certainty > 0.0)
            && ["product", "family", "vendor"].iter().any(|part| self.get(&format!("{of}.{part}")).is_some())
    }
}

/// All fingerprints at hand.
#[derive(Debug, Default)]
pub struct Fingerprints {
    databases: Vec<Database>,
    troubles: Vec<Trouble>,
}

/// Builds files in.
macro_rules! shipped {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../../../../data/fingerprints/", $name)))),*]
    };
}

/// Names and texts of the own files.
pub const SHIPPED: &[(&str, &str)] = shipped![
    "dns_version.xml",
    "ftp.xml",
    "html_title.xml",
    "http_authenticate.xml",
    "http_body.xml",
    "http_cookie.xml",
    "http_header.xml",
    "http_powered_by.xml",
    "http_server.xml",
    "http_server_os.xml",
    "imap.xml",
    "mysql.xml",
    "mysql_error.xml",
    "ntp.xml",
    "pop3.xml",
    "redis.xml",
    "rtsp.xml",
    "sip_agent.xml",
    "sip_server.xml",
    "smtp.xml",
    "snmp.xml",
    "software.xml",
    "ssh.xml",
    "telnet.xml",
];

impl Fingerprints {
    /// Those that are built in.
    pub fn shipped() -> Self {
        let mut all = Self::default();
        for (name, text) in SHIPPED {
            all.add(name, text, false);
        }
        all
    }

    /// Those that are built in, and before them those in a user's folder (`*.xml`).
    ///
    /// # Errors
    /// The folder cannot be read, or holds no such file. What is wrong with single files is among [`Self::troubles`].
    pub fn load(folder: &Path) -> std::io::Result<Self> {
        let mut all = Self::default();
        all.add_folder(folder, true)?;
        let Self { databases, troubles } = Self::shipped();
        all.databases.extend(databases);
        all.troubles.extend(troubles);
        Ok(all)
    }

    /// Those in a folder alone.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn only(folder: &Path) -> std::io::Result<Self> {
        let mut all = Self::default();
        all.add_folder(folder, true)?;
        Ok(all)
    }

    fn add_folder(&mut self, folder: &Path, is_users: bool) -> std::io::Result<()> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder)?.take(16 * MOST_FILES) {
            let path = entry?.path();
            if path.extension().is_some_and(|end| end == "xml") {
                files.push(path);
            }
        }
        if files.is_empty() {
            let why = format!("{}: no .xml file with fingerprints here", folder.display());
            return Err(std::io::Error::new(std::io::ErrorKind::NotFound, why));
        }
        files.sort();
        for path in files.iter().skip(MOST_FILES) {
            let why = format!("left out: more than {MOST_FILES} files");
            self.troubles.push(Trouble { file: path.display().to_string(), line: 0, why });
        }
        for path in files.iter().take(MOST_FILES) {
            match read_bounded(path) {
                Ok(text) => self.add(&path.display().to_string(), &text, is_users),
                Err(error) => {
                    let (file, why) = (path.display().to_string(), error.to_string());
                    self.troubles.push(Trouble { file, line: 0, why });
                }
            }
        }
        Ok(())
    }

    /// One more file, behind those that are there.
    pub fn add(&mut self, file: &str, text: &str, is_users: bool) {
        match read::database(file, text, is_users, &mut self.troubles) {
            Ok(database) => self.databases.push(database),
            Err(trouble) => self.troubles.push(trouble),
        }
    }

    /// What could not be used.
    pub fn troubles(&self) -> &[Trouble] {
        &self.troubles
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.databases.iter().map(|database| database.prints.len()).sum()
    }

    /// Whether anything is known of a kind of words.
    pub fn knows(&self, kind: &str) -> bool {
        self.databases.iter().any(|database| database.matches == kind)
    }

    /// What fits words of a kind: of each file the first, the user's own files first.
    pub fn find(&self, kind: &str, words: &[u8]) -> Vec<Match> {
        let words = &words[..words.len().min(LONGEST)];
        let of_kind = self.databases.iter().filter(|database| database.matches == kind);
        of_kind.filter_map(|database| database.first(words)).collect()
    }
}

/// A text file of a sane size.
fn read_bounded(path: &Path) -> std::io::Result<String> {
    use std::io::Read;
    let mut text = String::new();
    std::fs::File::open(path)?.take(LONGEST_FILE + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LONGEST_FILE {
        return Err(std::io::Error::other(format!("longer than {} MiB", LONGEST_FILE >> 20)));
    }
    Ok(text)
}

impl Database {
    fn first(&self, words: &[u8]) -> Option<Match> {
        let place = self.set.first(words)?;
        let print = self.prints.get(place)?;
        let groups = self.set.captures(place, words)?;
        let mut fields = print.fields(&groups);
        if let Some(protocol) = &self.protocol {
            fields.entry("service.protocol".into()).or_insert_with(|| protocol.to_string());
        }
        Some(Match {
            description: print.description.to_string(),
            fields,
            preference: self.preference,
            is_users: self.is_users,
        })
    }
}
