//! Logs: each line becomes contacts, or is counted with the reason why it does not.
//!
//! A format is a [`LogFormat`] in [`LOGS`]: how it is recognised from the first lines, and what takes its lines one by one.
//! A field that a format lacks is unknown, never a default: [`flow`] makes contacts that say so. What a format cannot
//! see at all stands in its [`LogFormat::blind`].

pub mod cloud; // flow logs of clouds
mod document; // records within JSON documents
pub mod field; // numbers, addresses, words
pub mod firewall; // packet filters and gateways
pub mod flow; // a flow becomes one contact
pub mod map; // logs that users describe
mod recognition; // which format an input is of
pub mod stamp; // times in all their forms
pub mod suricata; // Suricata's eve.json
pub mod text; // strings of JSON, borrowed
pub mod words; // what logs tell of conversations
pub mod zeek; // Zeek, TSV and JSON

use std::io::Read;
use std::sync::Arc;

use memchr::memchr;
use watchpost_core::contact::{Contact, Time};
use watchpost_core::detect::Sense;
use watchpost_core::utterance::Utterance;

use crate::Spec;
use crate::input::Window;
use crate::report::Report;
use document::{Documents, Next};
use recognition::{Form, Found};

/// Longer lines are skipped.
const LONGEST: usize = 1 << 20;

/// What logs leave out, and what is not known of them, as the user said it.
#[derive(Clone, Debug, Default)]
pub struct Assume {
    /// The year of stamps without one.
    pub year: Option<i16>,
    /// The time zone of stamps without one; none: UTC.
    pub zone: Option<jiff::tz::TimeZone>,
    /// Logs of other products; they come before all formats of lines.
    pub maps: Vec<Arc<map::Map>>,
}

/// A format of lines.
pub struct LogFormat {
    /// Its name and help.
    pub spec: Spec,
    /// Whether these first bytes (whole lines, at least one) are of this format.
    pub recognises: fn(&[u8]) -> bool,
    /// Begins to read.
    pub lines: fn(&Assume) -> Box<dyn Lines>,
    /// How late a line may come, nanoseconds: logs write a flow when it has ended.
    pub disorder: Time,
    /// What it cannot see: what, and why.
    pub blind: &'static [(Sense, &'static str)],
}

/// Every format of lines; the first that recognises an input reads it.
pub const LOGS: &[&LogFormat] = &[
    &zeek::TSV,
    &zeek::JSON,
    &suricata::EVE,
    &cloud::aws::TEXT,
    &cloud::azure::FLOWS,
    &cloud::gcp::JSON,
    &firewall::FILTERLOG,
    &firewall::MIKROTIK,
    &firewall::FAST,
    &firewall::ASA,
    &firewall::IOS,
    &firewall::PANOS,
    &firewall::FORTINET,
    &firewall::CEF,
    &firewall::NETFILTER,
];

/// Takes lines of one input, one after the other.
pub trait Lines {
    /// Takes one line, without its end. Empty lines are not given.
    ///
    /// # Errors
    /// Why it gives no contact: a short fixed reason, counted, with the first place where it happened.
    fn take(&mut self, line: &[u8], out: &mut Out<'_>) -> Result<(), &'static str>;

    /// The input has ended: what waits for more goes now.
    fn end(&mut self, _out: &mut Out<'_>) {}

    /// Whether it takes the records of JSON documents, and not lines.
    fn takes_documents(&self) -> bool {
        false
    }

    /// What cannot be seen beyond what the format cannot show, as far as the lines so far tell: what, and why.
    fn blind(&self) -> Vec<(Sense, String)> {
        Vec::new()
    }

    /// What had to be assumed so far, in words.
    fn assumed(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Where a line's contacts and utterances go.
pub struct Out<'a> {
    /// Copied into every contact.
    pub sensor: u16,
    /// Where the line begins, in bytes of the decompressed input.
    offset: u64,
    contacts: &'a mut Vec<Contact>,
    heard: &'a mut Vec<Utterance>,
    report: &'a mut Report,
}

/// Utterances that wait to be fetched, at most: what comes beyond is lost.
const MOST_HEARD: usize = 65_536;

impl<'a> Out<'a> {
    /// Into these.
    pub fn new(
        sensor: u16,
        contacts: &'a mut Vec<Contact>,
        heard: &'a mut Vec<Utterance>,
        report: &'a mut Report,
    ) -> Self {
        Self { sensor, offset: 0, contacts, heard, report }
    }

    /// The line holds so many flows, each of which counts by itself; without this a line counts as one.
    pub fn holds(&mut self, flows: u64) {
        self.report.packets = (self.report.packets + flows).saturating_sub(1);
    }

    /// A part of the line that gives no contact: why, and where it stands in the line.
    pub fn skip(&mut self, reason: &'static str, at: usize) {
        self.report.skip(reason, self.offset + at as u64);
    }

    /// A contact.
    #[inline]
    pub fn contact(&mut self, contact: Contact) {
        self.report.earliest = self.report.earliest.min(contact.time);
        self.report.latest = self.report.latest.max(contact.time);
        self.report.reached = self.report.reached.max(contact.time);
        self.contacts.push(contact);
    }

    /// Something that was said.
    pub fn said(&mut self, utterance: Utterance) {
        self.report.reached = self.report.reached.max(utterance.time);
        if self.heard.len() < MOST_HEARD {
            self.heard.push(utterance);
        }
    }
}

/// An open log.
pub struct Log<R> {
    window: Window<R>,
    form: Form,
    lines: Box<dyn Lines>,
    /// Where its records do not stand on lines.
    documents: Option<Documents>,
    sensor: u16,
    report: Report,
    heard: Vec<Utterance>,
}

impl<R: Read> Log<R> {
    pub(crate) fn new(
        mut window: Window<R>,
        Found { form, lines, documents }: Found,
        mut report: Report,
        sensor: u16,
    ) -> Self {
        if window.bytes().starts_with(b"\xef\xbb\xbf") {
            window.advance(3);
        }
        report.blind = form.blind();
        Self { window, form, lines, documents, sensor, report, heard: Vec::new() }
    }

    /// The format's name, with `.gz` or `.zst` where it is compressed.
    pub fn format(&self) -> String {
        format!("{}{}", self.form.name(), self.window.suffix())
    }

    /// Reads up to `at_most` lines, fewer where a line holds many flows, and appends their contacts; false when the input
    /// has ended.
    pub fn fill(&mut self, into: &mut Vec<Contact>, at_most: usize) -> bool {
        let (mut more, enough) = (true, into.len() + at_most);
        for _ in 0..at_most {
            if into.len() >= enough {
                break;
            }
            let is_line = if self.documents.is_some() { self.record(into) } else { self.line(into) };
            if !is_line {
                more = false;
                self.finish(into);
                break;
            }
        }
        self.report.bytes = self.window.offset();
        self.report.bytes_raw = self.window.bytes_raw();
        more
    }

    /// Takes one line; false where there is none.
    #[inline]
    fn line(&mut self, into: &mut Vec<Contact>) -> bool {
        let (length, end) = match memchr(b'\n', self.window.bytes()) {
            Some(at) => (at, at + 1),
            None => match self.rest_of_line() {
                Some(found) => found,
                None => return false,
            },
        };
        let offset = self.window.offset();
        if length > LONGEST {
            self.report.skip("longer than 1 MiB", offset);
            self.window.advance(end);
            return true;
        }
        self.take(length, into);
        self.window.advance(end);
        true
    }

    /// Takes one record of a document; false where there is none.
    fn record(&mut self, into: &mut Vec<Contact>) -> bool {
        let Some(documents) = &mut self.documents else { return false };
        let next = documents.next(&mut self.window);
        match next {
            Next::End => return false,
            Next::Record(length) => {
                self.take(length, into);
                self.window.advance(length);
            }
            Next::Lost(length, reason) => {
                if let Some(reason) = reason {
                    self.report.packets += 1;
                    self.report.skip(reason, self.window.offset());
                }
                self.window.advance(length);
            }
        }
        true
    }

    /// Takes what the window begins with.
    #[inline]
    fn take(&mut self, length: usize, into: &mut Vec<Contact>) {
        let offset = self.window.offset();
        let line = &self.window.bytes()[..length];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if !line.is_empty() {
            self.report.packets += 1;
            let report = &mut self.report;
            let mut out = Out { sensor: self.sensor, offset, contacts: into, heard: &mut self.heard, report };
            if let Err(reason) = self.lines.take(line, &mut out) {
                self.report.skip(reason, offset);
            }
        }
    }

    /// Length of the line that is not wholly in view, and where the next begins; none at the end of the input.
    #[cold]
    fn rest_of_line(&mut self) -> Option<(usize, usize)> {
        loop {
            let before = self.window.bytes().len();
            self.window.need(before + 1);
            let bytes = self.window.bytes();
            if let Some(at) = memchr(b'\n', &bytes[before..]) {
                return Some((before + at, before + at + 1));
            }
            if bytes.len() > LONGEST {
                // What of it is in view goes; the rest reads as further lines that do not parse.
                return Some((bytes.len(), bytes.len()));
            }
            if self.window.ended() {
                return (!bytes.is_empty()).then_some((bytes.len(), bytes.len()));
            }
        }
    }

    fn finish(&mut self, into: &mut Vec<Contact>) {
        let (offset, report) = (self.window.offset(), &mut self.report);
        let mut out = Out { sensor: self.sensor, offset, contacts: into, heard: &mut self.heard, report };
        self.lines.end(&mut out);
        if let Some(failure) = self.window.take_failure() {
            self.report.damaged(self.window.offset(), failure, None);
        }
        self.report.assumed = self.lines.assumed();
        self.report.blind.extend(self.lines.blind().into_iter().map(|(sense, why)| (sense, why.into())));
    }

    /// Hands over what was said.
    pub fn heard(&mut self, into: &mut Vec<Utterance>) {
        into.append(&mut self.heard);
    }

    /// What was read so far.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// See [`LogFormat::disorder`].
    pub fn disorder(&self) -> Time {
        self.form.disorder()
    }
}
