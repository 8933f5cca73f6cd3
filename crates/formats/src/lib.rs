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

mod export; // flow exports within captures
pub mod log; // lines become contacts
pub mod parquet; // rows become contacts

pub mod conversation; // what is said on connections becomes short clean facts

/// A format that is read.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// As it stands in records and in `watchpost list formats`.
    pub name: &'static str,
    /// One line for people.
    pub help: &'static str,
    /// Endings of file names by which a folder is searched; a file that is named itself may have any.
    pub extensions: &'static [&'static str],
    /// The first bytes by which it is recognised, whatever its name.
    pub recognised: &'static [&'static [u8]],
}

/// Every format that is read, each plain or compressed with gzip (`.gz`) or zstd (`.zst`).
pub fn formats() -> impl Iterator<Item = &'static Spec> {
    let logs = log::LOGS.iter().map(|format| &format.spec);
    [&capture::PCAP, &capture::PCAPNG].into_iter().chain(logs).chain([&parquet::SPEC])
}
