//! Zeek's logs (conn.log, and what was said in http, ssh, ssl, ftp and smtp.log): TSV with its header, which may come again with other fields in mid-file, and JSON in all forms in which it
//! is shipped.
//!
//! Field names and states are those of Zeek's own documentation (base/protocols/conn). Rotated files are logs by themselves.

mod conn; // conn.log
mod header; // which column is what
mod json; // one object on each line
mod words; // the logs of what was said

use super::stamp::epoch;
use super::{Assume, Lines, LogFormat, Out};
use crate::Spec;
use conn::Conn;
use header::Header;
use watchpost_core::contact::SECOND;
use watchpost_core::detect::Sense;

/// A connection is written when it is over, or a few minutes after its last packet.
const DISORDER: i64 = 900 * SECOND;
/// What conn.log leaves out.
const BLIND: &[(Sense, &str)] = &[
    (
        Sense::Headers,
        "Zeek's conn.log has no header fields (window, TTL, IP id, options) that tools are told by",
    ),
    (Sense::Stacks, "Zeek's conn.log does not tell the headers of answers"),
    (Sense::Flags, "Zeek notes neither PSH nor URG, so Xmas scans look like FIN scans"),
];

/// Tab-separated, as Zeek writes it by default.
pub const TSV: LogFormat = LogFormat {
    spec: Spec {
        name: "zeek-tsv",
        help: "Zeek conn.log, tab-separated; beside it http, ssh, ssl, ftp and smtp.log for what was said; notice.log",
        extensions: &["log"],
        recognised: &[b"#separator", b"#fields"],
    },
    recognises: header::is_read,
    lines: |_: &Assume| Box::new(Tsv::default()),
    disorder: DISORDER,
    blind: BLIND,
};

/// JSON, as Zeek's own writer, the Kafka plugin and Corelight write it.
pub const JSON: LogFormat = LogFormat {
    spec: Spec {
        name: "zeek-json",
        help: "the same logs of Zeek as JSON lines: epoch, milliseconds or ISO times, also tagged by the Kafka plugin",
        extensions: &["log", "json", "ndjson"],
        recognised: &[b"\"ts\":", b"\"id.orig_h\":"],
    },
    recognises: json::is_read,
    lines: |_: &Assume| Box::new(json::Json),
    disorder: DISORDER,
    blind: BLIND,
};

#[derive(Default)]
struct Tsv {
    header: Header,
}

impl Lines for Tsv {
    fn take(&mut self, line: &[u8], out: &mut Out<'_>) -> Result<(), &'static str> {
        if line[0] == b'#' {
            self.header.take(line);
            return Ok(());
        }
        let kind = self.header.kind()?;
        if kind.path == conn::KIND.path {
            let contact = Conn::of_columns(&self.header, line)?.contact(out.sensor)?;
            out.contact(contact);
            return Ok(());
        }
        let values = self.header.values::<{ words::COUNT }>(line)?.map(words::unescaped);
        words::told(kind, epoch(&values[0]), &values, out)
    }
}

#[cfg(test)]
mod tests;
