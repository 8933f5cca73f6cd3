//! A survey that was stopped, in a file: what it was to ask, what it found, and where it stood.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use watchpost_core::record::Stamp;
use watchpost_survey::take::{Found, Request};

use crate::exit::{Failure, why};

/// The version of this form.
const VERSION: u32 = 2;

/// Bytes of such a file: what is larger was made to fill the memory.
const LARGEST: u64 = 1 << 30;

/// What is kept.
#[derive(Debug, Serialize, Deserialize)]
pub struct Kept {
    version: u32,
    /// Hash of the scope that it was begun under.
    scope: String,
    /// Hash of what was to be asked.
    request: String,
    /// When it began.
    pub start: Stamp,
    /// Of the order, and of the hashes.
    pub seed: [u64; 3],
    /// What it found, and where it stood.
    pub found: Found,
}

impl Kept {
    /// Of a survey.
    pub fn new(scope: String, request: String, seed: [u64; 3], start: Stamp, mut found: Found) -> Self {
        // What services said over UDP may hold a secret, and is not masked here.
        found.hosts.values_mut().flat_map(|host| host.udp.values_mut()).for_each(Vec::clear);
        Self { version: VERSION, scope, request, start, seed, found }
    }

    /// Reads it.
    ///
    /// # Errors
    /// It cannot be read, or is none.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let name = path.display();
        let hint = "Name the file that was named when the survey was stopped (its name ends in .resume).";
        let file = File::open(path)
            .map_err(|error| Failure::unreadable(format!("{name}: {}", why(&error)), hint))?;
        let bounded = io::Read::take(io::BufReader::new(file), LARGEST);
        let kept: Self = serde_json::from_reader(bounded).map_err(|error| {
            Failure::unreadable(format!("{name}: no survey that was stopped: {error}"), hint)
        })?;
        if kept.version != VERSION {
            let what = format!("{name}: of version {}, and this build reads {VERSION}", kept.version);
            return Err(Failure::unreadable(what, "Begin the survey anew."));
        }
        Ok(kept)
    }

    /// Whether it is of this scope, and asked the same.
    ///
    /// # Errors
    /// It is not.
    pub fn fits(&self, path: &Path, scope: &str, request: &str) -> Result<(), Failure> {
        let other = match (self.scope == scope, self.request == request) {
            (true, true) => return Ok(()),
            (false, _) => "the scope has changed since",
            (true, false) => "it asked something else: give the same targets, ports, options and --previous",
        };
        Err(Failure::usage(
            format!("--resume {}: {other}", path.display()),
            "Or begin the survey anew, without --resume.",
        ))
    }

    /// Writes it whole or not at all, readable by its owner alone: the key of its hashes is in it.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        use std::os::unix::fs::OpenOptionsExt;
        let mut beside = path.as_os_str().to_owned();
        beside.push(".part");
        match std::fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        // A new file: one that somebody has put there may be readable by others, or lead elsewhere.
        let file = File::options().write(true).create_new(true).mode(0o600).open(&beside)?;
        let mut file = BufWriter::new(file);
        serde_json::to_writer(&mut file, self)?;
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        std::fs::rename(&beside, path)
    }
}

/// Takes it away when it is done: the key of its hashes is in it.
pub fn remove(path: &Path) {
    // Whoever may not, is left with a file that nothing needs.
    let _ = std::fs::remove_file(path);
}

/// What the names of such files end in.
const ENDING: &str = ".resume";

/// Where it is kept: beside the survey's file.
pub fn beside(out: Option<&Path>) -> PathBuf {
    let mut name = out.unwrap_or(Path::new("survey")).as_os_str().to_owned();
    name.push(ENDING);
    name.into()
}

/// The survey's file that it is kept beside.
pub fn survey_of(kept: &Path) -> Option<PathBuf> {
    Some(kept.to_str()?.strip_suffix(ENDING)?.into())
}

/// What a request asks, so that another is told from it.
pub fn fingerprint(request: &Request) -> String {
    use sha2::{Digest, Sha256};
    let text = format!(
        "{:?}",
        (
            request.targets.blocks(),
            &request.tcp,
            &request.udp,
            request.discover,
            request.shard,
            request.on_link,
            &request.known
        )
    );
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
