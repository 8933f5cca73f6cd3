//! Capture files, and captures that come through a pipe: pcap and pcapng, plain or compressed.
//!
//! Bad input is normal. A capture that is cut off, broken in the middle or still being written gives every packet
//! before the damage, and those behind it where the next sound record can be found with certainty. Each damaged place
//! is in the [`Report`], with its offset.
//!
//! The record headers are read by hand: this is half of the hot path.

mod compression; // gzip and zstd off
mod interface; // pcapng's interfaces and their clocks
mod open; // what is it?
mod pcap; // pcap's records
mod pcapng; // pcapng's blocks
mod report; // packets become contacts and counts
mod resume; // going on behind damage
mod window; // a buffer that slides over the input

use crate::Spec;
use crate::capture::compression::Source;
use crate::capture::pcap::Pcap;
use crate::capture::pcapng::Pcapng;
use crate::capture::report::Round;
use crate::capture::window::Window;
use crate::conversation::Conversations;
use std::io::Read;
use watchpost_core::contact::Contact;
use watchpost_core::utterance::Utterance;

pub use open::OpenError;
pub use report::{MAX_DAMAGE, Report, Skipped};

/// pcap, with times in microseconds or nanoseconds, in either byte order.
pub const PCAP: Spec = Spec {
    name: "pcap",
    help: "packet capture, as tcpdump -w writes it; micro- and nanoseconds, either byte order",
    extensions: &["pcap", "cap", "dump", "dmp", "trace"],
    recognised: pcap::MAGICS,
};

/// pcapng.
pub const PCAPNG: Spec = Spec {
    name: "pcapng",
    help: "packet capture, as Wireshark and dumpcap write it; several sections and interfaces",
    extensions: &["pcapng", "ntar"],
    recognised: pcapng::MAGICS,
};

/// The most bytes that one packet can have in a capture, as libpcap writes it.
const MAX_CAPTURED: usize = 262_144;

/// An open capture.
///
/// Memory: a buffer of 256 KiB, which grows to at most 32 MiB where a block is that large or damage must be read around,
/// up to 5 MiB for what is said on connections (see [`crate::conversation`]), and what decompression needs (zstd: the frame's window, at most 128 MiB).
pub struct Capture<R> {
    window: Window<R>,
    format: Format,
    sensor: u16,
    report: Report,
    conversations: Conversations,
}

enum Format {
    Pcap(Pcap),
    Pcapng(Pcapng),
}

impl<R: Read> Capture<R> {
    /// Recognises compression and format from the first bytes; waits for no more of them than that needs.
    ///
    /// `sensor` is copied into every contact.
    ///
    /// # Errors
    /// [`OpenError`] where not one packet can be read for a reason that lies in the beginning. Any later damage is no
    /// error but stands in the [`Report`].
    pub fn open(reader: R, sensor: u16) -> Result<Self, OpenError> {
        let mut window = Window::new(Source::open(reader)?);
        let mut report = Report::new();
        window.need(4);
        if window.bytes().is_empty() {
            return Err(match window.take_failure() {
                Some(failure) if window.suffix().is_empty() => OpenError::Io(std::io::Error::other(failure)),
                Some(failure) => OpenError::Compression(failure),
                None => OpenError::Empty,
            });
        }
        let format = if let Some(pcap) = Pcap::open(&mut window, &mut report)? {
            Format::Pcap(pcap)
        } else if Pcapng::recognises(window.bytes()) {
            Format::Pcapng(Pcapng::new())
        } else {
            window.need(512);
            return Err(open::not_a_capture(&window.bytes()[..window.bytes().len().min(512)]));
        };
        Ok(Self { window, format, sensor, report, conversations: Conversations::new() })
    }

    /// What it is: `pcap` or `pcapng`, with `.gz` or `.zst` where it is compressed.
    pub fn format(&self) -> String {
        let name = match self.format {
            Format::Pcap(_) => "pcap",
            Format::Pcapng(_) => "pcapng",
        };
        format!("{name}{}", self.window.suffix())
    }

    /// Reads up to `at_most` packets and appends their contacts; false when the input has ended.
    ///
    /// Not every packet gives a contact, so true with nothing appended is possible. It never fails: damage, also an
    /// input that can no longer be read, goes into the [`Report`] and ends what cannot be gone on with.
    pub fn fill(&mut self, into: &mut Vec<Contact>, at_most: usize) -> bool {
        let mut round = Round {
            into,
            left: at_most,
            sensor: self.sensor,
            report: &mut self.report,
            conversations: &mut self.conversations,
        };
        let more = match &mut self.format {
            Format::Pcap(pcap) => pcap.fill(&mut self.window, &mut round),
            Format::Pcapng(pcapng) => pcapng.fill(&mut self.window, &mut round),
        };
        if !more && let Some(failure) = self.window.take_failure() {
            self.report.damaged(self.window.offset(), failure, None);
        }
        if !more {
            self.conversations.end();
        }
        self.report.bytes = self.window.offset();
        self.report.bytes_raw = self.window.bytes_raw();
        more
    }

    /// Hands over what was said on the connections read so far, since the last call; everything once the input has ended.
    ///
    /// To be called after each [`Self::fill`]: what is not fetched waits, up to 65,536 utterances.
    pub fn heard(&mut self, into: &mut Vec<Utterance>) {
        self.conversations.heard(into);
    }

    /// What was read so far.
    pub fn report(&self) -> &Report {
        &self.report
    }
}
