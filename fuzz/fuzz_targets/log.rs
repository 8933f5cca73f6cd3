//! Any bytes as a log: no panic, an end, and every line is read or counted.
//!
//! The seeds are the corpus's logs (`tests/corpus/log-*/input.*`): without them no format would be recognised. Memory is
//! held by the fuzzer: `-rss_limit_mb=512`.

#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use watchpost_formats::log::{Assume, map};
use watchpost_formats::reader::Reader;

/// Once as the formats that are built in, then as of maps, one for each form of lines.
static READINGS: LazyLock<[Assume; 2]> = LazyLock::new(|| {
    let files = [
        include_str!("../../data/maps/ecs.toml"),
        include_str!("../../data/maps/nfdump.toml"),
        include_str!("../../data/maps/windows-firewall.toml"),
    ];
    let maps = files.map(|text| map::read(text).expect("the maps that are shipped are sound"));
    let maps = maps.into_iter().flatten().map(Arc::new).collect();
    let known = Assume { year: Some(2025), ..Assume::default() };
    [Assume { maps, ..known.clone() }, known]
});

fuzz_target!(|data: &[u8]| READINGS.iter().for_each(|assume| read(data, assume)));

fn read(data: &[u8], assume: &Assume) {
    let Ok(mut reader) = Reader::open(data, 7, assume) else { return };
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
}
