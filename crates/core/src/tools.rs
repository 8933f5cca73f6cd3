//! Which tool sent it: marks on the wire and words on a connection, declared in `data/tools.toml`.
//!
//! The problem: the same scan is another matter from a bot than from an administrator's nmap, and tools differ in what
//! they may learn. The way: tools that build their own packets leave marks that no stack leaves (a fixed identification,
//! a sequence number computed from the target), and tools that speak say who they are. The file says which fields and
//! which named predicates make a mark; the predicates are code ([`predicate`]). Every packet kept of a class must agree,
//! because a chance match in one field of one packet is common and in all of sixteen is not. The limit: a tool that uses
//! the system's own connections (RustScan, nmap -sT, any script) sends an ordinary stack's packets, and unless it says
//! its name nothing here names it. Marks can be forged; a name is a hint with a confidence, never a proof.

mod file; // the form of data/tools.toml and its checks
mod matching; // marks against the packets of a source
pub mod predicate; // named conditions that span fields or packets
mod words; // marks in what a client says

use crate::imprint::Imprints;
use crate::record::Tool;
use crate::utterance::Utterance;

pub use file::{Mark, Marks, Word};

/// Names the tools that a source's packets and words show, most certain first.
///
/// `said` are the utterances of the source itself, as a client.
pub fn named(imprints: &Imprints, said: &[&Utterance]) -> Vec<Tool> {
    named_by(Marks::shipped(), imprints, said)
}

/// As [`named`], by marks of one's own.
pub fn named_by(marks: &Marks, imprints: &Imprints, said: &[&Utterance]) -> Vec<Tool> {
    let mut found = matching::by_packets(&marks.mark, imprints);
    found.extend(words::by_words(&marks.word, said));
    // The strongest mark of a tool speaks for it: marks of one tool overlap, so they do not add up.
    found.sort_by(|a, b| {
        b.confidence.total_cmp(&a.confidence).then_with(|| (&a.name, &a.text).cmp(&(&b.name, &b.text)))
    });
    let mut tools: Vec<Tool> = Vec::new();
    for tool in found {
        match tools.iter_mut().find(|t| t.name == tool.name) {
            Some(known) => known.version = known.version.take().or(tool.version),
            None => tools.push(tool),
        }
    }
    tools
}

/// What one mark shows on its own.
pub fn by_mark(mark: &Mark, imprints: &Imprints) -> Vec<Tool> {
    matching::by_packets(std::slice::from_ref(mark), imprints)
}

/// What one word shows on its own.
pub fn by_word(word: &Word, said: &[&Utterance]) -> Vec<Tool> {
    words::by_words(std::slice::from_ref(word), said)
}

/// Rounded to three decimals: what a record shows.
fn rounded(confidence: f64) -> f64 {
    (confidence * 1000.0).round() / 1000.0
}

/// `1 packet`, `16 packets`.
fn packets(count: usize) -> String {
    if count == 1 { "1 packet".into() } else { format!("{count} packets") }
}

#[cfg(test)]
mod tests;
