//! Readers of hostile bytes: whatever comes in leaves as contacts, and what gives none is counted with its reason.
//!
//! No unsafe code, no panic on any input, bounded memory. Formats state facts and never say "scan".
//!
//! The modules, in the order in which data flows:

pub mod input; // the bytes of an input: compression off, and what they are
pub mod reader; // whatever is read: a capture or a log
pub mod report; // what was read, skipped and damaged

pub mod capture; // records of captures out, damage around
pub mod packet; // one packet becomes at most one contact

pub mod export; // flow exports within captures
pub mod log; // lines become contacts
pub mod parquet; // rows become contacts

pub mod conversation; // what is said on connections becomes short clean facts

use watchpost_core::contact::Time;
use watchpost_core::detect::Sense;

/// A format that is read.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// As it stands in records and in `watchpost list formats`.
    pub name: &'static str,
    /// One line for people.
    pub help: &'static str,
    /// Endings of file names by which a folder is searched; a file that is named itself may have any. None: it comes within
    /// others.
    pub extensions: &'static [&'static str],
    /// By which it is recognised, whatever its name: the first bytes of a capture or a datagram, what lines of a log hold.
    pub recognised: &'static [&'static [u8]],
}

/// What a format is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Packets.
    Capture,
    /// Datagrams from an exporter to a collector, in captures.
    Export,
    /// Lines, or rows.
    Log,
}

/// A format as lists and references tell of it.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// Its name and help.
    pub spec: &'static Spec,
    /// What it is made of.
    pub kind: Kind,
    /// How late a contact may come and still be sorted in, nanoseconds.
    pub disorder: Time,
    /// What it cannot show, and why.
    pub blind: &'static [(Sense, &'static str)],
}

/// Every format that is read; files plain or compressed with gzip (`.gz`) or zstd (`.zst`).
pub fn formats() -> impl Iterator<Item = Format> {
    let captures = [&capture::PCAP, &capture::PCAPNG].into_iter().map(|spec| Format {
        spec,
        kind: Kind::Capture,
        disorder: watchpost_core::merge::DISORDER,
        blind: &[],
    });
    let exports = export::EXPORTS.iter().map(|format| Format {
        spec: &format.spec,
        kind: Kind::Export,
        disorder: export::DISORDER,
        blind: format.blind,
    });
    let logs = log::LOGS.iter().map(|format| Format {
        spec: &format.spec,
        kind: Kind::Log,
        disorder: format.disorder,
        blind: format.blind,
    });
    let tables = [Format {
        spec: &parquet::SPEC,
        kind: Kind::Log,
        disorder: log::cloud::aws::DISORDER,
        blind: log::cloud::aws::BLIND,
    }];
    captures.chain(exports).chain(logs).chain(tables)
}
