//! Capture files, and captures that come through a pipe: pcap and pcapng, plain or compressed.
//!
//! Bad input is normal. A capture that is cut off, broken in the middle or still being written gives every packet
//! before the damage, and those behind it where the next sound record can be found with certainty. Each damaged place
//! is in the [`Report`], with its offset.
//!
//! The record headers are read by hand: this is half of the hot path.

mod interface; // pcapng's interfaces and their clocks
mod pcap; // pcap's records
mod pcapng; // pcapng's blocks
mod resume; // going on behind damage
mod round; // packets become contacts and counts

use crate::Spec;
use crate::capture::pcap::Pcap;
use crate::capture::pcapng::Pcapng;
use crate::capture::round::Round;
use crate::conversation::Conversations;
use crate::export::{self, Exports};
use crate::input::{self, OpenError, Window};
use crate::report::Report;
use std::io::Read;
use watchpost_core::contact::{Contact, Time};
use watchpost_core::merge::DISORDER;
use watchpost_core::utterance::Utterance;

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
    /// Flow exports among its packets.
    exports: Option<Box<Exports>>,
}

pub(crate) enum Format {
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
        let mut window = input::begin(reader)?;
        let mut report = Report::new();
        match Self::recognise(&mut window, &mut report)? {
            Some(format) => Ok(Self::new(window, format, report, sensor)),
            None => Err(input::not_readable(&mut window, None)),
        }
    }

    /// Which format of captures it is, if any.
    pub(crate) fn recognise(
        window: &mut Window<R>,
        report: &mut Report,
    ) -> Result<Option<Format>, OpenError> {
        Ok(match Pcap::open(window, report)? {
            Some(pcap) => Some(Format::Pcap(pcap)),
            None => Pcapng::recognises(window.bytes()).then(|| Format::Pcapng(Pcapng::new())),
        })
    }

    pub(crate) fn new(window: Window<R>, format: Format, report: Report, sensor: u16) -> Self {
        Self { window, format, sensor, report, conversations: Conversations::new(), exports: None }
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
            exports: &mut self.exports,
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
            let (report, offset) = (&mut self.report, self.window.offset());
            if let Some(exports) = &mut self.exports {
                exports.end(&mut |reason| report.skip(reason, offset));
            }
        }
        if let Some(exports) = &self.exports {
            self.report.blind = exports.blind();
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

    /// How late a contact may come: flows are reported when they have ended.
    pub fn disorder(&self) -> Time {
        if self.exports.is_some() { export::DISORDER } else { DISORDER }
    }

    /// What was read so far.
    pub fn report(&self) -> &Report {
        &self.report
    }
}
