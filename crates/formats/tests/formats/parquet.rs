//! AWS's records in Parquet: the same contacts as of their text, from every form that two writers give them (`lab/clouds
//! parquet` made the files), and what damage costs.

use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use watchpost_core::contact::Contact;
use watchpost_formats::input::OpenError;
use watchpost_formats::log::Assume;
use watchpost_formats::reader::Reader;
use watchpost_formats::report::Report;

pub const FORMS: [&str; 6] =
    ["gzip-pages-1", "snappy-pages-2", "zstd-small-pages", "plain", "deltas", "fastparquet"];
const ROWS: u64 = 120;

fn file(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/formats/data/parquet");
    fs::read(folder.join(name)).unwrap()
}

pub fn form(name: &str) -> Vec<u8> {
    file(&format!("{name}.parquet"))
}

/// All contacts, read `step` at a time, and the report.
fn read(bytes: &[u8], step: usize) -> Result<(Vec<Contact>, Report), OpenError> {
    let mut reader = Reader::open(bytes, 3, &Assume::default())?;
    let mut contacts = Vec::new();
    while reader.fill(&mut contacts, step) {}
    Ok((contacts, reader.report().clone()))
}

fn reasons(report: &Report) -> Vec<(&'static str, u64)> {
    report.skipped().map(|(reason, skipped)| (reason, skipped.count)).collect()
}

#[test]
fn every_form_gives_what_the_text_gives() {
    let (text, of_text) = read(&file("records.log"), 1_000).unwrap();
    assert!(text.len() > 100, "{}", text.len());
    for name in FORMS {
        let (contacts, report) = read(&form(name), 7).unwrap();
        assert_eq!(contacts, text, "{name}");
        // The text's header is a line of its own.
        assert_eq!((report.packets, report.packets + 1), (ROWS, of_text.packets), "{name}");
        assert_eq!(reasons(&report), reasons(&of_text), "{name}");
        assert_eq!((&report.assumed, &report.blind), (&of_text.assumed, &of_text.blind), "{name}");
        assert_eq!((report.damages, report.bytes), (0, form(name).len() as u64), "{name}");
        assert_eq!((report.first(), report.last()), (of_text.first(), of_text.last()), "{name}");
    }
}

#[test]
fn missing_columns_are_named() {
    let error = read(&form("other-columns"), 9).unwrap_err().to_string();
    assert!(error.contains("it lacks dstaddr, dstport, start;"), "{error}");
}

#[test]
fn a_file_that_is_cut_off_or_encrypted_says_so() {
    let whole = form("plain");
    for (bytes, why) in [
        (&whole[..whole.len() / 2], "its footer is missing"),
        (&whole[..6], "it is cut off"),
        (&b"PAR1\x01\0\0\0PAR1"[..], "its footer is damaged"),
        (&b"PAR1\x01\0\0\0PARE"[..], "its footer is encrypted"),
    ] {
        let error = read(bytes, 9).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn a_broken_page_loses_its_row_group_at_most() {
    let sound = form("zstd-small-pages");
    let (whole, of_whole) = read(&sound, 100).unwrap();
    let mut broken = 0;
    // All over the first of four row groups of thirty rows each.
    for at in (4..sound.len() / 8).step_by(50) {
        let mut bytes = sound.clone();
        bytes[at..at + 40].fill(0xff);
        let (contacts, report) = read(&bytes, 100).unwrap();
        if report.damages == 0 {
            continue;
        }
        broken += 1;
        assert_eq!(report.damages, 1, "{:?}", report.damage);
        assert!(report.damage[0].what.starts_with("column "), "{:?}", report.damage);
        assert!(report.damage[0].resumed > Some(at as u64), "{:?}", report.damage);
        assert!(report.packets + 30 >= of_whole.packets);
        assert!(contacts.len() >= 75 && contacts[contacts.len() - 75..] == whole[whole.len() - 75..], "{at}");
    }
    assert!(broken > 10, "{broken}");
}

/// A footer whose schema is as deep as it is long: a reader that follows it by calling itself would exhaust the stack.
#[test]
fn deep_schemas_and_claims_are_no_danger() {
    let deep = [0x35, 0, 0x18, 1, b'a', 0x15, 2, 0].repeat(100_000);
    let lists: [&[u8]; 3] =
        [&[0x19, 0xfc, 0xa0, 0x8d, 0x06], &[0x19, 0xfc, 0xff, 0xff, 0xff, 0x07], &[0x29, 0xf9, 0x01]];
    for list in lists {
        let footer = [&[0x15, 2][..], list, &deep, &[0]].concat();
        let length = (footer.len() as u32).to_le_bytes();
        let bytes = [b"PAR1", &footer[..], &length, b"PAR1"].concat();
        assert!(matches!(read(&bytes, 9), Err(OpenError::Table(_))));
    }
}

/// One page says that it holds 2^62 values of no bits: nobody walks through them.
#[test]
fn more_values_than_rows_are_damage_at_once() {
    let (contacts, report) = read(&form("promises-2-to-the-62"), 9).unwrap();
    assert!(contacts.is_empty() && report.damages > 0, "{report:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_damage_panics(name in proptest::sample::select(&FORMS[..]), changes in proptest::collection::vec((any::<u32>(), any::<u8>()), 1..6)) {
        let mut bytes = form(name);
        let length = bytes.len();
        for (at, byte) in changes {
            bytes[at as usize % length] = byte;
        }
        if let Ok((contacts, report)) = read(&bytes, 50) {
            prop_assert!(contacts.len() as u64 <= report.packets);
        }
    }

    #[test]
    fn no_footer_panics(footer in proptest::collection::vec(any::<u8>(), 0..200)) {
        let length = (footer.len() as u32).to_le_bytes();
        let _ = read(&[b"PAR1", &footer[..], &length, b"PAR1"].concat(), 9);
    }
}
