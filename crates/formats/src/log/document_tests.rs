use super::*;
use crate::input;
use proptest::prelude::*;

/// Every record, and what was lost, of an input that comes in pieces of `step` bytes.
fn read(text: &[u8], step: usize) -> (Vec<String>, Vec<&'static str>) {
    let mut window = input::begin(Slow(text, step)).unwrap();
    let mut documents = Documents::new(text);
    let (mut records, mut lost, mut covered) = (Vec::new(), Vec::new(), 0);
    loop {
        match documents.next(&mut window) {
            Next::End => break,
            Next::Record(length) => {
                records.push(String::from_utf8_lossy(&window.bytes()[..length]).into_owned());
                covered += length;
                window.advance(length);
            }
            Next::Lost(length, reason) => {
                lost.extend(reason);
                covered += length;
                window.advance(length);
            }
        }
    }
    assert!(covered <= text.len());
    (records, lost)
}

/// Gives so many bytes at a time.
struct Slow<'a>(&'a [u8], usize);

impl Read for Slow<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = self.0.len().min(self.1).min(into.len());
        into[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

const RECORD: &str = r#"{"time":1,"text":"a\"]}, { ","inner":{"list":[{"x":[]},{"time":2}],"no":null}}"#;

/// The same `count` records in every form in which they come.
fn forms(count: usize) -> Vec<String> {
    let pretty = RECORD.replace(",\"", ",\r\n\t\"").replace("{\"", "{\n  \"");
    let forms = [
        ("{\"records\":[", RECORD, ",", "]}"),
        ("{\n \"version\": [1, {}],\n \"records\" :\t[\n  ", &pretty, "\n,\n  ", "]\n}\n"),
        ("[", RECORD, ", ", "]"),
        ("", RECORD, "\n", "\n"),
        ("", RECORD, "", ""),
        ("{\"records\":[", RECORD, "]}\n{\"records\":[", "]}"),
        ("{\"logEvents\":[", RECORD, ",", "],\"owner\":\"a { \\\" b\",\"n\":-1.5e3}"),
    ];
    forms
        .map(|(before, one, between, after)| [before, &vec![one; count].join(between), after].concat())
        .into()
}

#[test]
fn records_are_found_in_every_form() {
    for form in forms(3) {
        for step in [1, 7, 1 << 20] {
            let (records, lost) = read(form.as_bytes(), step);
            assert_eq!((records.len(), lost), (3, vec![]), "{form}");
            for record in records {
                let value: serde_json::Value = serde_json::from_str(&record).unwrap();
                assert_eq!(value["text"], "a\"]}, { ", "{form}");
            }
        }
        assert!(samples(form.as_bytes()).iter().all(|sample| !sample.contains(&b'\n')), "{form}");
    }
}

#[test]
fn a_cut_loses_nothing_before_it() {
    for form in forms(3) {
        for cut in 0..form.len() {
            let whole = read(form.as_bytes(), 1 << 20).0;
            let (records, _) = if cut == 0 { continue } else { read(&form.as_bytes()[..cut], 64) };
            let sound = records.iter().filter(|record| whole.contains(record)).count();
            let ends = whole.iter().scan(0, |from, record| {
                *from += form[*from..].find(record.as_str()).unwrap() + record.len();
                Some(*from)
            });
            assert_eq!(sound, ends.filter(|end| *end <= cut).count(), "{}", &form[..cut]);
        }
    }
}

#[test]
fn one_damaged_byte_costs_the_record_it_is_in() {
    for form in forms(4) {
        let whole = read(form.as_bytes(), 1 << 20).0;
        // The first record tells what records begin with.
        let second = form.find(whole[0].as_str()).unwrap() + whole[0].len();
        let begins: Vec<usize> = form.match_indices(whole[0].as_str()).map(|(at, _)| at).collect();
        for at in second..form.len() {
            // A record's own beginning and end, and what lies between two, are of both.
            let within = |begin: &usize| {
                (begin + whole[0].find(':').unwrap()..begin + whole[0].len() - 1).contains(&at)
            };
            let fewest = if begins.iter().any(within) { 3 } else { 2 };
            for damage in [&b"x"[..], b"", b"\"", b"}", b"]", b"{", b"\0"] {
                let text = [&form.as_bytes()[..at], damage, &form.as_bytes()[at + 1..]].concat();
                let (records, _) = read(&text, 1 << 20);
                let sound = records.iter().filter(|r| whole.contains(r)).count();
                assert!(sound >= fewest, "{sound} at {at}: {}", String::from_utf8_lossy(&text));
            }
        }
    }
}

#[test]
fn what_is_left_of_a_damaged_record_is_handed_on() {
    let damaged = r#"{"time":1,"tuples":["one","two],"more":{"a":1}}"#;
    for step in [1, 40, 1 << 20] {
        let (records, lost) = read(format!("[{RECORD},{damaged},{RECORD},{damaged}").as_bytes(), step);
        assert_eq!(records, [RECORD, &format!("{damaged},"), RECORD, damaged]);
        assert!(lost.is_empty());
    }
}

#[test]
fn a_record_that_is_too_long_is_told_once_and_the_next_is_found() {
    let long = format!("{{\"time\":1,\"text\":\"{}\"}}", "x".repeat(LONGEST * 2));
    let text = format!("[{RECORD},{long},{RECORD}]");
    let (records, lost) = read(text.as_bytes(), 1 << 20);
    assert_eq!(records, [RECORD, RECORD]);
    assert_eq!(lost, ["a record longer than 16 MiB"]);
}

#[test]
fn what_is_no_json_is_told() {
    let text = format!("{RECORD}\nhello world\n{RECORD}\n");
    let (records, lost) = read(text.as_bytes(), 3);
    assert_eq!((records.len(), lost.first()), (2, Some(&"text that is no JSON")));
}

proptest! {
    #[test]
    fn no_bytes_panic_and_all_end(text in proptest::collection::vec(any::<u8>(), 1..300), step in 1_usize..20) {
        let _ = read(&text, step);
    }

    #[test]
    fn no_json_like_bytes_panic(text in "[{}\\[\\]\",:a\\\\\n ]{1,80}", step in 1_usize..20) {
        let _ = (read(text.as_bytes(), step), samples(text.as_bytes()));
        let _ = read(format!("[{RECORD},{text},{RECORD}]").as_bytes(), step);
    }
}
