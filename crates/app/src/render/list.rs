//! Lists of what there is: a paragraph an entry, or one JSON object a line.

use super::style::labelled;

/// Lists are for reading, on whatever is at hand.
const WIDTH: usize = 80;

/// One thing that is listed.
pub struct Entry {
    /// Its name.
    pub name: &'static str,
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
    let mut out = labelled(entry.name, &entry.help, indent, Some(WIDTH));
    for fact in facts {
        out.push_str(&labelled("", &fact, indent, Some(WIDTH)));
    }
    out
}

fn object(entry: &Entry) -> String {
    let facts = entry.more.iter().map(|(what, how)| ((*what).to_owned(), how.as_str().into()));
    let mut object: serde_json::Map<String, serde_json::Value> = facts.collect();
    object.insert("name".into(), entry.name.into());
    object.insert("help".into(), entry.help.as_str().into());
    format!("{}\n", serde_json::Value::Object(object))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_paragraphs_and_as_json() {
        let entries = [
            Entry { name: "pcap", help: "packets".into(), more: vec![("files", "*.pcap".into())] },
            Entry { name: "pcapng", help: "packets too".into(), more: vec![] },
        ];
        assert_eq!(list(&entries, false), "pcap    packets\n        files: *.pcap\npcapng  packets too\n");
        let first = list(&entries, true).lines().next().unwrap().to_owned();
        assert_eq!(first, r#"{"files":"*.pcap","help":"packets","name":"pcap"}"#);
    }
}
