//! Records as NDJSON: one object a line, the `run` record last, and nothing else.

use std::io::{self, Write};

use watchpost_core::inventory::Exposure;
use watchpost_core::record::{Campaign, FollowUp, Lesson, Record, Run};

use super::clean::is_treacherous;

/// Writes all records. They hold neither a clock's time nor a number of threads, so the same input gives the same bytes.
///
/// # Errors
/// Those of `out`.
pub fn write(
    out: &mut impl Write,
    campaigns: Vec<Campaign>,
    lessons: Vec<Lesson>,
    follow_ups: Vec<FollowUp>,
    exposures: Vec<Exposure>,
    run: Run,
) -> io::Result<()> {
    let campaigns = campaigns.into_iter().map(|campaign| Record::Campaign(Box::new(campaign)));
    let lessons = lessons.into_iter().map(|lesson| Record::Lesson(Box::new(lesson)));
    let follow_ups = follow_ups.into_iter().map(|follow_up| Record::FollowUp(Box::new(follow_up)));
    let exposures = exposures.into_iter().map(|exposure| Record::Exposure(Box::new(exposure)));
    let run = [Record::Run(Box::new(run))];
    records(out, campaigns.chain(lessons).chain(follow_ups).chain(exposures).chain(run))
}

/// Writes records, one a line.
///
/// # Errors
/// Those of `out`.
pub fn records(out: &mut impl Write, records: impl Iterator<Item = Record>) -> io::Result<()> {
    for record in records {
        out.write_all(line(&record)?.as_bytes())?;
    }
    out.flush()
}

/// One record on one line. JSON itself escapes the old controls; those that it lets pass, and that a terminal or an
/// editor obeys, can only stand inside of strings, so they are escaped here.
fn line(record: &Record) -> io::Result<String> {
    let text = serde_json::to_string(record)?;
    let mut out = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        if is_treacherous(c) || c == '\u{7f}' {
            out.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out.push('\n');
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::{all, follow_ups, golden, lessons, run};

    fn written(campaigns: Vec<Campaign>, lessons: Vec<Lesson>, run: Run) -> String {
        let mut out = Vec::new();
        let follow_ups = if lessons.is_empty() { vec![] } else { follow_ups() };
        write(&mut out, campaigns, lessons, follow_ups, vec![], run).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn one_record_a_line_and_the_run_last() {
        let text = written(all(), lessons(), run());
        let records: Vec<Record> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(matches!(records.last(), Some(Record::Run(_))));
        let kinds = |kind: fn(&Record) -> bool| records.iter().filter(|record| kind(record)).count();
        assert_eq!(kinds(|record| matches!(record, Record::Campaign(_))), all().len());
        assert_eq!(kinds(|record| matches!(record, Record::Lesson(_))), lessons().len());
        assert_eq!(kinds(|record| matches!(record, Record::FollowUp(_))), follow_ups().len());
        golden("records.ndjson", &text);
    }

    #[test]
    fn names_of_files_carry_no_controls() {
        let mut run = run();
        run.inputs[0].name = "a\u{9b}2J\x1b\u{202e}b".into();
        let text = written(vec![], vec![], run.clone());
        assert!(text.contains(r"a\u009b2J\u001b\u202eb"), "{text}");
        let Record::Run(read) = serde_json::from_str(&text).unwrap() else { panic!("{text}") };
        assert_eq!(*read, run);
    }
}
