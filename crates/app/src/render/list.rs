//! Lists of what there is: a paragraph an entry, or one JSON object a line.

use std::borrow::Cow;

use super::style::labelled;

/// Lists are for reading, on whatever is at hand.
const WIDTH: usize = 80;

/// One thing that is listed.
pub struct Entry {
    /// Its name.
    pub name: Cow<'static, str>,
    /// What it is, in a sentence.
    pub help: String,
    /// Facts: what, and how it is.
    pub more: Vec<(&'static str, String)>,
}

/// The list.
pub fn list(entries: &[Entry], json: bool) -> String {
    entries.iter().map(|entry| if json { object(entry) } else { paragraph(entry, entries) }).collect()
}

fn paragraph(entry: &Entry, all: &[Entry]) -> String {
    let indent = all.iter().map(|entry| entry.name.len()).max().unwrap_or(0) + 2;
    let facts: Vec<String> = entry.more.iter().map(|(what, how)| format!("{what}: {how}")).collect();
    let mut out = labelled(&entry.name, &entry.help, indent, Some(WIDTH));
    for fact in facts {
        out.push_str(&labelled("", &fact, indent, Some(WIDTH)));
    }
    out
}

fn object(entry: &Entry) -> String {
    use serde_json::{Map, Value};
    let mut object: Map<String, Value> = Map::new();
    for (what, how) in &entry.more {
        // What is told several times is a list.
        match object.get_mut(*what) {
            Some(Value::Array(list)) => list.push(how.as_str().into()),
            Some(one) => *one = Value::Array(vec![one.take(), how.as_str().into()]),
            None => _ = object.insert((*what).to_owned(), how.as_str().into()),
        }
    }
    object.insert("name".into(), entry.name.as_ref().into());
    object.insert("help".into(), entry.help.as_str().into());
    format!("{}\n", Value::Object(object))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_paragraphs_and_as_json() {
        let entries = [
            Entry { name: "pcap".into(), help: "packets".into(), more: vec![("files", "*.pcap".into())] },
            Entry { name: "pcapng".into(), help: "packets too".into(), more: vec![] },
        ];
        assert_eq!(list(&entries, false), "pcap    packets\n        files: *.pcap\npcapng  packets too\n");
        let first = list(&entries, true).lines().next().unwrap().to_owned();
        assert_eq!(first, r#"{"files":"*.pcap","help":"packets","name":"pcap"}"#);
        let more = ["a", "b", "c"].map(|how| ("says", how.to_owned())).to_vec();
        let thrice = Entry { name: "nmap".into(), help: "told".into(), more };
        assert_eq!(
            list(&[thrice], true),
            "{\"help\":\"told\",\"name\":\"nmap\",\"says\":[\"a\",\"b\",\"c\"]}\n"
        );
    }
}
