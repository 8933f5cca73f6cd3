//! Any bytes as a Parquet file, by themselves and as its directory or its pages: no panic, an end, bounded memory.
//!
//! The seeds are the files of the reader's tests. What a file claims is held by the fuzzer: `-rss_limit_mb=512`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use watchpost_formats::log::Assume;
use watchpost_formats::reader::Reader;

fuzz_target!(|data: &[u8]| {
    if data.starts_with(b"PAR1") {
        read(data);
    }
    // Most changes break the magic or the directory's length: these are put right.
    let footer_length = (data.len() as u32).to_le_bytes();
    read(&[b"PAR1", data, &footer_length, b"PAR1"].concat());
});

fn read(data: &[u8]) {
    let Ok(mut reader) = Reader::open(data, 7, &Assume::default()) else { return };
    let mut contacts = Vec::new();
    // A few bytes can stand for very many rows.
    for _ in 0..200 {
        let more = reader.fill(&mut contacts, 64);
        assert!(contacts.len() <= 64 || !matches!(reader, Reader::Table(_)));
        contacts.clear();
        if !more {
            break;
        }
    }
    let report = reader.report();
    if matches!(reader, Reader::Table(_)) {
        assert!(report.skipped().map(|(_, skipped)| skipped.count).sum::<u64>() <= report.packets);
        assert!(report.bytes_raw <= data.len() as u64);
    }
}
