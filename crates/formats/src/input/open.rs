//! Why an input cannot be read at all, and what else it looks like.

use std::io::{self, Read};

use super::Window;

/// Why an input cannot be read as a capture at all.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It has no bytes.
    #[error("the input is empty; was the capture stopped before its first packet was written?")]
    Empty,
    /// It is something else.
    #[error("not a format that is read: it looks like {looks_like} (it begins with {begins}); {advice}")]
    NotACapture {
        /// What it seems to be, e.g. `text`.
        looks_like: &'static str,
        /// Its first bytes, escaped.
        begins: String,
        /// What to do about it.
        advice: &'static str,
    },
    /// It is text, and of none of the maps that were given.
    #[error(
        "not a format that is read, nor of a map that was given: {nearest}; mend the map, or leave this input out"
    )]
    NotMapped {
        /// What is missing for the nearest.
        nearest: String,
    },
    /// It is a capture's header that was cut off or makes no sense.
    #[error("the file header is damaged: {0}; try `editcap` or `pcapfix` on it, or capture again")]
    Header(String),
    /// It is compressed, and nothing could be decompressed.
    #[error(
        "the compressed input gives nothing: {0}; test it with `gzip -t` or `zstd -t`, or fetch it again"
    )]
    Compression(String),
    /// It is Parquet, and cannot be read, or holds something else than is read of Parquet.
    #[error("a Parquet file that cannot be read: {0}")]
    Table(String),
    /// The input cannot be read.
    #[error("cannot read: {0}")]
    Io(#[from] io::Error),
}

const KINDS: &[(&[u8], &str, &str)] = &[
    (b"snoop\0\0\0", "a Solaris snoop capture", CONVERT),
    (b"RTSS", "a Microsoft Network Monitor capture", CONVERT),
    (b"GMBU", "a Microsoft Network Monitor capture", CONVERT),
    (b"TRSNIFF data", "a Network General Sniffer capture", CONVERT),
    (b"XCP\0", "a Network Associates Sniffer capture", CONVERT),
    (b"\x7fELF", "an ELF program", GIVE),
    (b"MZ", "a Windows program", GIVE),
    (b"PK\x03\x04", "a ZIP archive", "unpack it first"),
    (b"BZh", "a bzip2 file", "decompress it first; gzip and zstd are read directly"),
    (b"\xfd7zXZ\0", "an xz file", "decompress it first; gzip and zstd are read directly"),
    (b"\x04\x22\x4d\x18", "an lz4 file", "decompress it first; gzip and zstd are read directly"),
    (b"7z\xbc\xaf", "a 7-Zip archive", "unpack it first"),
    (b"SQLite format 3\0", "an SQLite database", GIVE),
    (b"%PDF-", "a PDF document", GIVE),
    (b"#separator", "a Zeek log that tells of no connections", LOGS),
    (b"{", "JSON", LOGS),
    (b"[", "JSON", LOGS),
    (b"<", "XML or HTML", GIVE),
];
const CONVERT: &str = "convert it with `editcap -F pcapng IN OUT`";
const LOGS: &str = "`watchpost list formats` names the logs that are read; of JSON one object stands on each line, or all of them in one list";
const GIVE: &str = "give a pcap or pcapng file, as `tcpdump -w` writes it";

/// Says what the first bytes of something that is not read here look like; of text what is missing for the nearest map.
pub(crate) fn not_readable<R: Read>(window: &mut Window<R>, nearest: Option<String>) -> OpenError {
    window.need(512);
    let bytes = window.bytes();
    let head = &bytes[..bytes.len().min(512)];
    match nearest {
        Some(nearest) if is_text(head) => OpenError::NotMapped { nearest },
        _ => not_a_capture(head),
    }
}

fn not_a_capture(head: &[u8]) -> OpenError {
    let known = KINDS.iter().find(|(magic, ..)| head.starts_with(magic));
    let (looks_like, advice) = match known {
        Some(&(_, looks_like, advice)) => (looks_like, advice),
        None if head.get(257..262) == Some(b"ustar") => ("a tar archive", "unpack it first"),
        None if is_text(head) => ("text", LOGS),
        None if head.iter().all(|byte| *byte == 0) => ("zeros: a hole, or a copy that failed", GIVE),
        None => ("no format known here", GIVE),
    };
    OpenError::NotACapture { looks_like, begins: shown(head), advice }
}

fn is_text(head: &[u8]) -> bool {
    let readable = |byte: &u8| !byte.is_ascii_control() || byte.is_ascii_whitespace();
    head.iter().all(readable) && String::from_utf8_lossy(head).matches('\u{fffd}').count() <= 1
}

/// The first bytes as a quoted string in which nothing can disturb a terminal.
fn shown(head: &[u8]) -> String {
    format!("\"{}\"", head[..head.len().min(16)].escape_ascii())
}
