//! The audit log: what was done, when, by whom, under which scope, in a chain that shows any change.
//!
//! One JSON object a line. Each holds the hash of the line before it, and its own: SHA-256 over its text with an empty `hash`. A line
//! that is changed, left out, moved or put in breaks the chain there. There is no key in it: who writes all lines anew from some
//! place on, or cuts off the end, is found out only against a copy of the last hash, which is why the record of each survey holds it and
//! `audit verify --end` takes it. Addresses are counted by prefix and not listed. A line that cannot be written whole is taken back; where the
//! machine stopped amid one, the log says so and how to go on.

use std::fs::File;
use std::io::{self, BufRead, Read, Write};

use nix::unistd::{User, getuid};
use serde::{Deserialize, Serialize};
use watchpost_core::contact::Time;
use watchpost_core::record::Stamp;

use crate::sha256;

/// Longer lines are none.
const LONGEST: u64 = 1 << 16;
/// The hash before the first line.
const BEGINNING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Event {
    /// A survey began.
    Start {
        /// What it was asked to do, in words.
        what: String,
    },
    /// What was sent to a prefix.
    Sent {
        /// A /24 or a /64.
        prefix: String,
        /// Packets.
        packets: u64,
    },
    /// A survey ended.
    End {
        /// Done, stopped by whom, or why not.
        how: String,
        /// Packets in all.
        packets: u64,
    },
}

/// A line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Its number, from 1 on.
    pub number: u64,
    /// When it was written.
    pub time: Stamp,
    /// Who ran it: [`operator`].
    pub operator: String,
    /// [`crate::scope::Scope::hash`].
    pub scope: String,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
    /// Hash of the line before.
    pub before: String,
    /// Its own.
    pub hash: String,
}

impl Line {
    fn sealed(mut self) -> io::Result<Self> {
        self.hash = String::new();
        let text = serde_json::to_string(&self).map_err(io::Error::other)?;
        self.hash = sha256(&text);
        Ok(self)
    }
}

/// Who runs this: the name of the user whose process it is, on this machine; of root by sudo also who became it, as sudo says. What else the
/// environment says of names anybody may have written there.
pub fn operator() -> String {
    let id = getuid();
    let user = User::from_uid(id).ok().flatten().map_or_else(|| format!("user {id}"), |user| user.name);
    match std::env::var("SUDO_USER") {
        Ok(before) if id.is_root() && !before.is_empty() && before != user => {
            format!("{before} as {user}")
        }
        _ => user,
    }
}

/// The end of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// Lines.
    pub lines: u64,
    /// Hash of the last, or of the beginning.
    pub hash: String,
}

impl Default for End {
    fn default() -> Self {
        Self { lines: 0, hash: BEGINNING.into() }
    }
}

/// Why a chain does not hold.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// A line is no line of an audit log.
    #[error("line {line}: not a line of an audit log: {why}")]
    NoLine {
        /// Which, from 1 on.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
    /// The last line has no end.
    #[error(
        "line {line}, the last, is only half written: the machine stopped, or something was cut off, amid it"
    )]
    Half {
        /// Which.
        line: u64,
        /// Bytes of the whole lines before it.
        before: u64,
    },
    /// A line was changed after it was written.
    #[error("line {line} was changed: its hash is not that of its text")]
    Changed {
        /// Which.
        line: u64,
    },
    /// What stood before a line is not what stood there when it was written.
    #[error("line {line} does not follow from the line before it: something was left out, put in or moved")]
    Torn {
        /// Which.
        line: u64,
    },
    /// It could not be read.
    #[error("line {line}: {error}")]
    Unreadable {
        /// Where.
        line: u64,
        /// Why.
        error: io::Error,
    },
}

/// Goes through a chain from its beginning.
///
/// # Errors
/// The first line that does not hold.
pub fn verify(mut log: impl BufRead) -> Result<End, Broken> {
    let mut end = End::default();
    let mut bytes = Vec::new();
    let mut before = 0;
    loop {
        let line = end.lines + 1;
        bytes.clear();
        let read = log.by_ref().take(LONGEST).read_until(b'\n', &mut bytes);
        if read.map_err(|error| Broken::Unreadable { line, error })? == 0 {
            return Ok(end);
        }
        let no_line = |why: &str| Broken::NoLine { line, why: why.to_owned() };
        // What is appended behind a line without an end would break it.
        let text = bytes.strip_suffix(b"\n").ok_or_else(|| match bytes.len() as u64 {
            LONGEST => no_line("it is too long"),
            _ => Broken::Half { line, before },
        })?;
        let text = std::str::from_utf8(text).map_err(|_| no_line("it is no text"))?;
        let read: Line =
            serde_json::from_str(text).map_err(|error| Broken::NoLine { line, why: error.to_string() })?;
        if read.before != end.hash || read.number != line {
            return Err(Broken::Torn { line });
        }
        let sealed = read.clone().sealed().map_err(|error| Broken::Unreadable { line, error })?;
        // Also what JSON would forgive (spaces, another order of keys) is a change.
        if sealed.hash != read.hash || serde_json::to_string(&sealed).ok().as_deref() != Some(text) {
            return Err(Broken::Changed { line });
        }
        end = End { lines: line, hash: sealed.hash };
        before += bytes.len() as u64;
    }
}

/// What a log is written to: what was written last can be taken back.
pub trait Tail: Write {
    /// Bytes that it holds.
    ///
    /// # Errors
    /// It cannot tell.
    fn length(&self) -> io::Result<u64>;

    /// Takes back what is behind so many bytes.
    ///
    /// # Errors
    /// It cannot.
    fn cut(&mut self, length: u64) -> io::Result<()>;
}

impl Tail for File {
    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }
}

impl Tail for Vec<u8> {
    fn length(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.truncate(usize::try_from(length).unwrap_or(usize::MAX));
        Ok(())
    }
}

impl<W: Tail> Tail for &mut W {
    fn length(&self) -> io::Result<u64> {
        (**self).length()
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        (**self).cut(length)
    }
}

/// Goes on with a chain.
#[derive(Debug)]
pub struct Log<W> {
    out: W,
    end: End,
    operator: String,
    scope: String,
}

impl<W: Tail> Log<W> {
    /// Behind `end`, which [`verify`] found; `out` appends.
    pub fn new(out: W, end: End, operator: String, scope: String) -> Self {
        Self { out, end, operator, scope }
    }

    /// Writes a line; `time` in nanoseconds since 1970.
    ///
    /// # Errors
    /// Those of writing: nothing may be sent where it cannot be noted. What was written of the line is taken back.
    pub fn note(&mut self, time: Time, event: Event) -> io::Result<()> {
        let line = Line {
            number: self.end.lines + 1,
            time: time.into(),
            operator: self.operator.clone(),
            scope: self.scope.clone(),
            event,
            before: self.end.hash.clone(),
            hash: String::new(),
        };
        let line = line.sealed()?;
        let text = serde_json::to_string(&line).map_err(io::Error::other)? + "\n";
        let before = self.out.length()?;
        if let Err(error) = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush()) {
            // Half a line would break the chain for all that come after. Where that fails too, `verify` says what to do.
            let _ = self.out.cut(before);
            return Err(error);
        }
        self.end = End { lines: line.number, hash: line.hash };
        Ok(())
    }

    /// What it is written to.
    pub fn written(&self) -> &W {
        &self.out
    }

    /// Where the chain ends now.
    pub fn end(&self) -> &End {
        &self.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn log(times: i64) -> String {
        let mut out = Vec::new();
        let mut log = Log::new(&mut out, End::default(), "jane".into(), "ab".into());
        for second in 0..times {
            let time = (1_800_000_000 + second) * 1_000_000_000;
            let event = match second % 3 {
                0 => Event::Start { what: "TCP 22 of 203.0.113.0/24".into() },
                1 => Event::Sent { prefix: "203.0.113.0/24".into(), packets: 256 },
                _ => Event::End { how: "done".into(), packets: 256 },
            };
            log.note(time, event).unwrap();
        }
        let end = log.end().clone();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(verify(text.as_bytes()).unwrap(), end);
        text
    }

    #[test]
    fn a_chain_goes_on_over_runs() {
        let mut text = log(3).into_bytes();
        let end = verify(&text[..]).unwrap();
        let mut log = Log::new(&mut text, end, "john".into(), "cd".into());
        log.note(0, Event::Start { what: "again".into() }).unwrap();
        assert_eq!(verify(&text[..]).unwrap().lines, 4);
        assert_eq!(verify(&b""[..]).unwrap(), End::default());
    }

    #[test]
    fn what_was_done_to_it_is_told_with_its_line() {
        let text = log(6);
        let lines: Vec<&str> = text.lines().collect();
        let told = |lines: &[&str]| verify((lines.join("\n") + "\n").as_bytes()).unwrap_err().to_string();
        let changed = lines[1].replace("256", "255");
        assert_eq!(
            told(&[lines[0], &changed, lines[2]]),
            "line 2 was changed: its hash is not that of its text"
        );
        assert!(told(&[lines[0], lines[2]]).starts_with("line 2 does not follow"));
        assert!(told(&[lines[1], lines[0]]).starts_with("line 1 does not follow"));
        assert!(told(&[lines[0], lines[0]]).starts_with("line 2 does not follow"));
        assert!(told(&[lines[0], "{}"]).starts_with("line 2: not a line"));
        let unended = |text: &str| verify(text.as_bytes()).unwrap_err().to_string();
        assert!(unended(lines[0]).starts_with("line 1, the last, is only half written"));
        let half = verify(&text.as_bytes()[..text.len() - 9]).unwrap_err();
        let whole = lines[..5].iter().map(|line| line.len() as u64 + 1).sum::<u64>();
        assert!(matches!(half, Broken::Half { line: 6, before } if before == whole), "{half}");
        assert!(unended(&"x".repeat(1 << 17)).ends_with("it is too long"));
        assert!(unended(&format!("{}\r\n", lines[0])).starts_with("line 1 was changed"));
        let spaced = lines[0].replacen(':', ": ", 1);
        assert!(told(&[&spaced]).starts_with("line 1 was changed"));
    }

    /// A disk that has so much room.
    struct Full<'a>(&'a mut Vec<u8>, usize);

    impl Write for Full<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let room = bytes.len().min(self.1 - self.0.len());
            if room == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.0.write(&bytes[..room])
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Tail for Full<'_> {
        fn length(&self) -> io::Result<u64> {
            self.0.length()
        }

        fn cut(&mut self, length: u64) -> io::Result<()> {
            self.0.cut(length)
        }
    }

    #[test]
    fn half_a_line_is_taken_back() {
        let mut text = log(2).into_bytes();
        let (end, room) = (verify(&text[..]).unwrap(), text.len() + 100);
        let mut full = Log::new(Full(&mut text, room), end.clone(), "jane".into(), "ab".into());
        let error = full.note(0, Event::Start { what: "again".into() }).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert_eq!(full.end(), &end);
        assert_eq!(verify(&text[..]).unwrap(), end);
        // There is room again.
        let mut again = Log::new(&mut text, end, "jane".into(), "ab".into());
        again.note(1, Event::Start { what: "again".into() }).unwrap();
        assert_eq!(verify(&text[..]).unwrap().lines, 3);
    }

    proptest! {
        #[test]
        fn no_single_byte_can_be_changed(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut text = log(4).into_bytes();
            let at = at.index(text.len());
            prop_assume!(text[at] != byte);
            text[at] = byte;
            prop_assert!(verify(&text[..]).is_err());
        }
    }
}
