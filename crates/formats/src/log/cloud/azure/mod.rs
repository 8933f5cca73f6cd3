//! Azure's flow logs: of virtual networks (version 4), and of network security groups (versions 1 and 2).
//!
//! A blob `PT1H.json` is one JSON document; the same records come one on each line from Event Hubs and diagnostic settings
//! (`log::document` finds them in both). A record is a minute of an interface. Of it only the lists of tuples are read,
//! wherever they stand, so damage elsewhere loses nothing, and of a record that is cut off all whole tuples count. Tuples are
//! counted, not records.
//!
//! Limits: no flags, so a few packets back may be a refusal, and their outcome stays unknown; which rule decided, and whether the
//! traffic was encrypted, is not read; a flow between two machines of which both are logged, in two files, counts twice.

mod connections; // begun, going on, ended: one contact
mod tuple; // one flow, or a part of its life

use memchr::{memchr2, memmem};

use super::super::{Assume, Lines, LogFormat, Out};
use crate::Spec;
use connections::{Connections, WAITED};
use tuple::Tuple;
use watchpost_core::contact::{SECOND, Time};
use watchpost_core::detect::Sense;

/// A connection waits for its counts, and records are of a minute.
const DISORDER: Time = WAITED + 300 * SECOND;
const NO_FLOWS: &str = "a record without flows";
const CUT: &str = "a list of flows that is cut off or damaged";

/// Records of both kinds.
pub const FLOWS: LogFormat = LogFormat {
    spec: Spec {
        name: "azure-flow",
        help: "Azure flow logs of virtual networks and of network security groups (PT1H.json, or a record on each line)",
        extensions: &["json", "ndjson"],
        recognised: &[b"{\"records\":["],
    },
    recognises,
    lines: |_: &Assume| Box::new(Records::default()),
    disorder: DISORDER,
    blind: &[
        (Sense::Headers, "Azure's flow logs have no header fields that tools are told by"),
        (
            Sense::Flags,
            "Azure's flow logs tell no flags: crafted packets look like others, and a refusal like an answer of a few packets",
        ),
        (Sense::Pings, "Azure's flow logs do not tell ICMP's type"),
        (Sense::Words, "Azure's flow logs do not tell what was said"),
    ],
};

/// Categories of records, and the list that all of them have; the beginning of a long record shows a category only.
fn recognises(head: &[u8]) -> bool {
    let first = head.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty());
    let first = first.unwrap_or_default();
    let has = |what: &[u8]| memmem::find(first, what).is_some();
    first.trim_ascii_start().starts_with(b"{")
        && (has(b"\"FlowLogFlowEvent\"")
            || has(b"\"NetworkSecurityGroupFlowEvent\"")
            || has(b"\"flowTuples\""))
}

/// Before each list of flows.
const NAME: &[u8] = b"\"flowTuples\"";

#[derive(Default)]
struct Records {
    connections: Connections,
}

impl Lines for Records {
    fn take(&mut self, record: &[u8], out: &mut Out<'_>) -> Result<(), &'static str> {
        let (mut found, mut at) = (0, 0);
        while let Some(list) = memmem::find(&record[at..], NAME) {
            at += list + NAME.len();
            found += self.list(record, &mut at, out);
        }
        if found == 0 {
            return Err(NO_FLOWS);
        }
        out.holds(found);
        Ok(())
    }

    fn end(&mut self, out: &mut Out<'_>) {
        self.connections.end(out);
    }

    fn takes_documents(&self) -> bool {
        true
    }
}

impl Records {
    /// Takes the list of tuples that begins at `place`, behind its name, and goes on to where it ends; how many there are,
    /// damaged places with them.
    fn list(&mut self, record: &[u8], place: &mut usize, out: &mut Out<'_>) -> u64 {
        let mut at = *place;
        let found = self.tuples(record, &mut at, out);
        *place = at.min(record.len());
        found
    }

    fn tuples(&mut self, record: &[u8], place: &mut usize, out: &mut Out<'_>) -> u64 {
        let at = place;
        let blanks =
            |at: usize| at + record[at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let mut found = 0;
        // Between two tuples stands a comma, in front of the first a colon and a bracket.
        for expected in [b':', b'['] {
            *at = blanks(*at);
            if record.get(*at) != Some(&expected) {
                out.skip(CUT, *at);
                return 1;
            }
            *at += 1;
        }
        loop {
            *at = blanks(*at);
            match record.get(*at) {
                Some(b']') => return found,
                Some(b',') => *at += 1,
                Some(b'"') => {
                    let text = &record[*at + 1..];
                    let end = text.iter().position(|byte| matches!(byte, b'"' | 0..0x20));
                    // The list before was not closed: another one begins.
                    if record[*at..].starts_with(NAME) {
                        out.skip(CUT, *at);
                        return found + 1;
                    }
                    found += 1;
                    match end.map(|end| (end, text[end])) {
                        Some((end, b'"')) => {
                            match Tuple::read(&text[..end]) {
                                Ok(tuple) => self.connections.take(&tuple, out),
                                Err(reason) => out.skip(reason, *at),
                            }
                            *at += end + 2;
                        }
                        cut => {
                            out.skip(CUT, *at);
                            let Some((end, _)) = cut else {
                                *at = record.len();
                                return found;
                            };
                            *at += end + 1;
                        }
                    }
                }
                // A quotation mark is missing, or one too many: the flow may be sound all the same.
                Some(_) => {
                    found += 1;
                    let length = memchr2(b'"', b']', &record[*at..]).unwrap_or(record.len() - *at);
                    match Tuple::read(&record[*at..*at + length]) {
                        Ok(tuple) if record.get(*at + length) == Some(&b'"') => {
                            self.connections.take(&tuple, out);
                            *at += length + 1;
                        }
                        _ => {
                            out.skip(CUT, *at);
                            *at += length;
                        }
                    }
                }
                None => {
                    *at = record.len();
                    out.skip(CUT, *at);
                    return found + 1;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
