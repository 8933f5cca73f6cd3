//! Any bytes as a capture: no panic, an end, and every packet either gives a contact or is counted as skipped.
//!
//! Memory is held by the fuzzer: `-rss_limit_mb=512`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use watchpost_formats::capture::Capture;
use watchpost_formats::report::MAX_DAMAGE;

fuzz_target!(|data: &[u8]| {
    let Ok(mut capture) = Capture::open(data, 7) else { return };
    let (mut contacts, mut made) = (Vec::new(), 0);
    // A few compressed bytes can stand for very many packets.
    for _ in 0..1_000 {
        let more = capture.fill(&mut contacts, 64);
        assert!(contacts.len() <= 64);
        made += contacts.len() as u64;
        contacts.clear();
        if !more {
            break;
        }
    }
    let report = capture.report();
    let skipped: u64 = report.skipped.iter().map(|skipped| skipped.count).sum();
    assert_eq!(report.packets, made + skipped);
    assert!(report.bytes_raw <= data.len() as u64);
    assert!(report.damage.len() <= MAX_DAMAGE && report.damage.len() as u64 <= report.damages);
    assert_eq!(report.first().is_some(), report.packets > 0);
});
