//! Records of clouds in every wrapping in which they come: the same contacts, however much is read at a time.

use std::io::Read;

use watchpost_core::contact::Contact;
use watchpost_formats::log::Assume;
use watchpost_formats::reader::Reader;
use watchpost_formats::report::Report;

const AZURE: &str = r#"{"time":"2026-01-01T00:01:00Z","category":"FlowLogFlowEvent","flowLogVersion":4,"flowRecords":{"flows":[{"aclID":"0","flowGroups":[{"rule":"r","flowTuples":["1767225600000,198.51.100.7,10.0.0.5,40000,22,6,I,D,NX,0,0,0,0","1767225601000,198.51.100.7,10.0.0.6,40000,22,6,I,B,NX,0,0,0,0"]}]}]}}"#;
const NSG: &str = r#"{"time":"2026-01-01T00:01:00Z","category":"NetworkSecurityGroupFlowEvent","properties":{"Version":1,"flows":[{"rule":"r","flows":[{"mac":"0","flowTuples":["1767225600,198.51.100.7,10.0.0.5,40000,22,T,I,D","1767225601,198.51.100.7,10.0.0.6,40000,22,T,I,A"]}]}]}}"#;
const GOOGLE: &str = r#"{"insertId":"x","jsonPayload":{"connection":{"dest_ip":"10.0.0.5","dest_port":22,"protocol":6,"src_ip":"198.51.100.7","src_port":40000},"disposition":"DENIED"},"timestamp":"2026-01-01T00:00:05Z"}"#;
const AWS: &str = r#"{"id":"35","timestamp":1767225600000,"message":"2 1 eni-1 198.51.100.7 10.0.0.5 40000 22 6 1 40 1767225600 1767225660 REJECT OK"}"#;

/// Two bytes at a time.
struct Slow<'a>(&'a [u8]);

impl Read for Slow<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = self.0.len().min(into.len()).min(2);
        into[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

fn read(input: impl Read, step: usize) -> (String, Vec<Contact>, Report) {
    let mut reader = Reader::open(input, 3, &Assume::default()).unwrap();
    let mut contacts = Vec::new();
    while reader.fill(&mut contacts, step) {}
    (reader.format(), contacts, reader.report().clone())
}

/// Each way in which two of these records come.
fn wrapped(record: &str) -> Vec<String> {
    let value: serde_json::Value = serde_json::from_str(record).unwrap();
    let pretty = serde_json::to_string_pretty(&vec![&value, &value]).unwrap();
    let list = if record == AWS { "logEvents" } else { "records" };
    vec![
        format!("{record}\n{record}\n"),
        format!("{{\"{list}\":[{record},{record}]}}"),
        format!(
            "{{\"messageType\":\"DATA_MESSAGE\",\"filters\":[\"f\"],\"{list}\":[{record}]}}{{\"messageType\":\"DATA_MESSAGE\",\"{list}\":[{record}]}}"
        ),
        format!("{{\"{list}\":[{record}]}}\n{{\"{list}\":[{record}]}}\n"),
        format!("[{record},{record}]"),
        pretty.clone(),
        format!(
            "\u{feff}{{\r\n  \"{list}\": {},\r\n  \"next\": null\r\n}}\r\n",
            pretty.replace('\n', "\r\n")
        ),
    ]
}

#[test]
fn every_wrapping_gives_the_same() {
    for (record, format, contacts, packets) in [
        (AZURE, "azure-flow", 3, 4),
        (NSG, "azure-flow", 4, 4),
        (GOOGLE, "gcp-vpc", 2, 2),
        (AWS, "aws-vpc", 2, 2),
    ] {
        let (_, first, _) = read(wrapped(record)[0].as_bytes(), 100);
        assert_eq!(first.len(), contacts, "{format}");
        for text in wrapped(record) {
            for step in [1, 100] {
                let (name, told, report) = read(Slow(text.as_bytes()), step);
                assert_eq!((name.as_str(), &told, report.packets), (format, &first, packets), "{text}");
                assert_eq!((report.skipped().count(), report.bytes), (0, text.len() as u64), "{text}");
            }
        }
    }
}

#[test]
fn a_bad_record_has_its_place_and_loses_nothing_else() {
    let bad = GOOGLE.replace("10.0.0.5", "10.0.0.500");
    let (_, told, report) = read(format!("[{GOOGLE},{bad},{GOOGLE}]").as_bytes(), 9);
    assert_eq!((told.len(), report.packets), (2, 3));
    let (reason, skipped) = report.skipped().next().unwrap();
    assert_eq!((reason, skipped.count), ("a target that is no address", 1));
    assert_eq!(skipped.first_offset, GOOGLE.len() as u64 + 2);
    let tuple = AZURE.replace("10.0.0.6", "10.0.0.600");
    let (_, told, report) = read(format!("{{\"records\":[{AZURE},{tuple}]}}").as_bytes(), 9);
    assert_eq!(told.len(), 3);
    let place = report.skipped().next().unwrap().1.first_offset as usize;
    assert!(format!("{{\"records\":[{AZURE},{tuple}]}}")[place..].starts_with("\"1767225601000"), "{place}");
}
