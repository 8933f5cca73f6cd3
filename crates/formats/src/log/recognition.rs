//! Which format an input is of: by its first lines, or by the first records of the JSON document that it is. Maps that were given
//! come before the formats that are known: the user said so.

use std::borrow::Cow;
use std::io::Read;
use std::sync::Arc;

use memchr::memchr;
use watchpost_core::contact::Time;
use watchpost_core::detect::Sense;

use super::document::{self, Documents};
use super::map::{Map, Misfit};
use super::{Assume, LOGS, Lines, Log, LogFormat};
use crate::input::{HEAD, Window};

/// What an input of lines turned out to be.
pub(super) enum Form {
    /// One of [`LOGS`].
    Known(&'static LogFormat),
    /// Of a map that was given.
    Map(Arc<Map>),
}

impl Form {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Known(format) => format.spec.name,
            Self::Map(map) => map.name(),
        }
    }

    pub(super) fn disorder(&self) -> Time {
        match self {
            Self::Known(format) => format.disorder,
            Self::Map(map) => map.disorder(),
        }
    }

    pub(super) fn blind(&self) -> Vec<(Sense, Cow<'static, str>)> {
        match self {
            Self::Known(format) => format.blind.iter().map(|&(sense, why)| (sense, why.into())).collect(),
            Self::Map(map) => map.blind().iter().map(|(sense, why)| (*sense, why.clone().into())).collect(),
        }
    }
}

/// What was recognised: a form, and how its records are found.
pub(crate) struct Found {
    pub(super) form: Form,
    pub(super) lines: Box<dyn Lines>,
    pub(super) documents: Option<Documents>,
}

impl<R: Read> Log<R> {
    /// Which form of lines or records it is.
    ///
    /// # Errors
    /// None of them; and, where maps were given, what is missing for the nearest.
    pub(crate) fn recognise(window: &mut Window<R>, assume: &Assume) -> Result<Found, Option<String>> {
        // A pipe that stays open gives its first line soon, and the rest perhaps never.
        let mut wanted = 512;
        while memchr(b'\n', window.bytes()).is_none() && wanted <= HEAD && window.need(wanted) {
            wanted *= 2;
        }
        let nearest = match of_lines(head(window.bytes()), assume) {
            Ok(found) => return Ok(found),
            Err(nearest) => nearest,
        };
        // The records of a document begin anywhere.
        while matches!(head(window.bytes()).trim_ascii_start().first(), Some(b'{' | b'[')) {
            if let Some(found) = of_documents(head(window.bytes()), assume) {
                return Ok(found);
            }
            if wanted > HEAD || window.ended() {
                break;
            }
            window.need(wanted);
            wanted *= 2;
        }
        Err(nearest.map(|misfit| misfit.why))
    }
}

/// By the first lines; else what the nearest map misses.
fn of_lines(head: &[u8], assume: &Assume) -> Result<Found, Option<Misfit>> {
    let whole = match head.iter().rposition(|byte| *byte == b'\n') {
        Some(end) => &head[..=end],
        None => head,
    };
    let mut nearest: Option<Misfit> = None;
    for map in &assume.maps {
        match map.fits(whole) {
            Ok(()) => return Ok(mapped(map, assume, None)),
            Err(misfit) => {
                nearest = Some(match nearest.take() {
                    Some(known) => known.nearer(misfit),
                    None => misfit,
                });
            }
        }
    }
    let Some(format) = LOGS.iter().find(|format| (format.recognises)(whole)) else { return Err(nearest) };
    let lines = (format.lines)(assume);
    let has_documents = lines.takes_documents() || document::is_wrapped(head);
    let documents = has_documents.then(|| Documents::new(head));
    Ok(Found { form: Form::Known(format), lines, documents })
}

/// By the first records of a document.
fn of_documents(head: &[u8], assume: &Assume) -> Option<Found> {
    let samples = document::samples(head);
    let any = |fits: &dyn Fn(&[u8]) -> bool| samples.iter().any(|sample| fits(sample));
    if let Some(map) = assume.maps.iter().find(|map| any(&|sample| map.fits(sample).is_ok())) {
        return Some(mapped(map, assume, Some(Documents::new(head))));
    }
    let format = LOGS.iter().find(|format| any(&|sample| (format.recognises)(sample)))?;
    let documents = Some(Documents::new(head));
    Some(Found { form: Form::Known(format), lines: (format.lines)(assume), documents })
}

fn mapped(map: &Arc<Map>, assume: &Assume, documents: Option<Documents>) -> Found {
    Found { form: Form::Map(Arc::clone(map)), lines: map.lines(assume), documents }
}

/// The bytes by which an input is recognised.
fn head(bytes: &[u8]) -> &[u8] {
    let head = &bytes[..bytes.len().min(HEAD)];
    head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head)
}
