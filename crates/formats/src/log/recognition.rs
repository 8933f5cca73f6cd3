//! Which format an input is of: by its first lines, or by the first records of the JSON document that it is.

use std::io::Read;

use memchr::memchr;

use super::document::{self, Documents};
use super::{Assume, LOGS, Lines, Log, LogFormat};
use crate::input::{HEAD, Window};

/// What was recognised: a format, and how its records are found.
pub(crate) struct Found {
    pub(super) format: &'static LogFormat,
    pub(super) lines: Box<dyn Lines>,
    pub(super) documents: Option<Documents>,
}

impl<R: Read> Log<R> {
    /// Which format of lines it is, if any.
    pub(crate) fn recognise(window: &mut Window<R>, assume: &Assume) -> Option<Found> {
        // A pipe that stays open gives its first line soon, and the rest perhaps never.
        let mut wanted = 512;
        while memchr(b'\n', window.bytes()).is_none() && wanted <= HEAD && window.need(wanted) {
            wanted *= 2;
        }
        if let Some(found) = Self::recognise_lines(head(window.bytes()), assume) {
            return Some(found);
        }
        // The records of a document begin anywhere.
        while matches!(head(window.bytes()).trim_ascii_start().first(), Some(b'{' | b'[')) {
            let found = Self::recognise_documents(head(window.bytes()), assume);
            if found.is_some() || wanted > HEAD || window.ended() {
                return found;
            }
            window.need(wanted);
            wanted *= 2;
        }
        None
    }

    fn recognise_lines(head: &[u8], assume: &Assume) -> Option<Found> {
        let whole = match head.iter().rposition(|byte| *byte == b'\n') {
            Some(end) => &head[..=end],
            None => head,
        };
        let format = LOGS.iter().find(|format| (format.recognises)(whole))?;
        let lines = (format.lines)(assume);
        let has_documents = lines.takes_documents() || document::is_wrapped(head);
        let documents = has_documents.then(|| Documents::new(head));
        Some(Found { format, lines, documents })
    }

    fn recognise_documents(head: &[u8], assume: &Assume) -> Option<Found> {
        let samples = document::samples(head);
        let format = LOGS.iter().find(|format| samples.iter().any(|sample| (format.recognises)(sample)))?;
        let documents = Some(Documents::new(head));
        Some(Found { format, lines: (format.lines)(assume), documents })
    }
}

/// The bytes by which an input is recognised.
fn head(bytes: &[u8]) -> &[u8] {
    let head = &bytes[..bytes.len().min(HEAD)];
    head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head)
}
