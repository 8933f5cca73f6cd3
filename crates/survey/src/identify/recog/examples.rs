//! The examples that a file gives with its fingerprints: words, and the fields that they must give.

use std::collections::BTreeMap;
use std::path::Path;

use roxmltree::Node;

use super::read::{Lines, document, prints, stem};
use super::{Fingerprints, Trouble};

/// How a file's examples came out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Fingerprints.
    pub prints: usize,
    /// Examples.
    pub examples: usize,
    /// Those that did not give what they should.
    pub wrong: Vec<Trouble>,
    /// Those for whose words an earlier fingerprint of the file fits too, which is no mistake.
    pub taken_by_earlier: Vec<Trouble>,
}

/// Holds a file's examples against its own fingerprints. `folder` is where files lie that examples name (`_filename`): in a folder
/// named as the file.
pub fn check(file: &str, text: &str, folder: Option<&Path>) -> Outcome {
    let mut outcome = Outcome::default();
    let document = match document(file, text) {
        Ok(document) => document,
        Err(trouble) => return Outcome { wrong: vec![trouble], ..outcome },
    };
    let mut whole = Fingerprints::default();
    whole.add(file, text, false);
    let mut lines = Lines::new(text);
    let broken: Vec<usize> = whole.troubles.iter().map(|trouble| trouble.line).collect();
    outcome.wrong.append(&mut whole.troubles);
    let Some(database) = whole.databases.first() else { return outcome };
    // Places in the whole skip what could not be used.
    let mut next = 0;
    for print in prints(&document) {
        outcome.prints += 1;
        if broken.contains(&lines.of(print)) {
            continue;
        }
        let this = next;
        next += 1;
        let Some(known) = database.prints.get(this) else { continue };
        for example in print.children().filter(|child| child.has_tag_name("example")) {
            outcome.examples += 1;
            let line = lines.of(example);
            let trouble = |why| Trouble { file: file.to_owned(), line, why };
            let mut wrong = |why| outcome.wrong.push(trouble(why));
            let words = match words(example, folder.map(|folder| folder.join(stem(file))).as_deref()) {
                Ok(words) => words,
                Err(why) => {
                    wrong(why);
                    continue;
                }
            };
            match database.set.first(&words) {
                Some(first) if first < this => {
                    let earlier = database.prints.get(first).map_or("", |print| &print.description);
                    outcome
                        .taken_by_earlier
                        .push(trouble(format!("{earlier:?} fits too, and stands before it")));
                }
                Some(first) if first == this => {}
                _ => wrong("the file as a whole does not recognise it".into()),
            }
            let Some(groups) = database.set.captures(this, &words) else {
                wrong("the pattern does not fit".into());
                continue;
            };
            let mut fields = known.fields(&groups);
            if let Some(protocol) = &database.protocol {
                fields.entry("service.protocol".into()).or_insert_with(|| protocol.to_string());
            }
            if let Some(why) = difference(example, &fields) {
                wrong(why);
            }
        }
    }
    outcome
}

fn difference(example: Node<'_, '_>, fields: &BTreeMap<String, String>) -> Option<String> {
    let expected = example.attributes().filter(|attribute| !attribute.name().starts_with('_'));
    expected.into_iter().find_map(|attribute| {
        let is = fields.get(attribute.name()).map_or("", String::as_str);
        (is != attribute.value())
            .then(|| format!("{} is {is:?} instead of {:?}", attribute.name(), attribute.value()))
    })
}

/// The words of an example: its text, what its text encodes, or what a file holds.
fn words(example: Node<'_, '_>, folder: Option<&Path>) -> Result<Vec<u8>, String> {
    if let Some(name) = example.attribute("_filename") {
        let plain = !name.is_empty() && !name.contains(['/', '\\']) && name != "..";
        let folder = folder.filter(|_| plain).ok_or_else(|| format!("no folder for the file {name:?}"))?;
        return std::fs::read(folder.join(name)).map_err(|error| format!("{name}: {error}"));
    }
    let text: String = example.children().filter_map(|child| child.text()).collect();
    match example.attribute("_encoding") {
        None => Ok(text.into_bytes()),
        Some("base64") => base64(&text).ok_or_else(|| "no sound base64".into()),
        Some(other) => Err(format!("the encoding {other:?} is not known")),
    }
}

/// Decodes base64 (RFC 4648) with blanks and line ends between.
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() * 3 / 4);
    let (mut held, mut bits) = (0_u32, 0);
    for byte in text.bytes().filter(|b| !b.is_ascii_whitespace() && *b != b'=') {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        held = held << 6 | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((held >> bits) as u8);
        }
    }
    Some(out)
}
