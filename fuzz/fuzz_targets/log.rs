//! Any bytes as a log: no panic, an end, and every line is read or counted.
//!
//! The seeds are the corpus's logs (`tests/corpus/log-*/input.log`): without them no format would be recognised. Memory is
//! held by the fuzzer: `-rss_limit_mb=512`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use watchpost_formats::log::Assume;
use watchpost_formats::reader::Reader;

fuzz_target!(|data: &[u8]| {
    let assume = Assume { year: Some(2025), ..Assume::default() };
    let Ok(mut reader) = Reader::open(data, 7, &assume) else { return };
    let mut contacts = Vec::new();
    // A few compressed bytes can stand for very many lines.
    for _ in 0..1_000 {
        let more = reader.fill(&mut contacts, 64);
        contacts.clear();
        if !more {
            break;
        }
    }
    let report = reader.report();
    assert!(report.skipped().map(|(_, skipped)| skipped.count).sum::<u64>() <= report.packets + 1);
    assert!(report.bytes_raw <= data.len() as u64);
});
