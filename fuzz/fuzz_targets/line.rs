//! The whole line: any bytes as a capture, from record headers to campaigns. No panic, and state within its budget.

#![no_main]

use libfuzzer_sys::fuzz_target;
use watchpost_core::contact::Contact;
use watchpost_core::merge::{ContactSource, Merge};
use watchpost_core::pipeline::{Pipeline, Settings};
use watchpost_formats::capture::Capture;

const MEMORY: u64 = 1 << 20;

/// A capture, and how many more times it is asked: a few compressed bytes can stand for very many packets.
struct Bounded<'a>(Capture<&'a [u8]>, u32);

impl ContactSource for Bounded<'_> {
    fn fill(&mut self, into: &mut Vec<Contact>) -> bool {
        self.1 -= 1;
        self.0.fill(into, 256) && self.1 > 0
    }
}

fuzz_target!(|data: &[u8]| {
    let Ok(capture) = Capture::open(data, 0) else { return };
    let mut merge = Merge::new(vec![Bounded(capture, 40)]);
    let blocks = vec!["203.0.113.0/24".parse().unwrap()];
    let mut pipeline = Pipeline::new(Settings { blocks, memory: MEMORY, threads: 1, key: 7 });
    pipeline.run(|into| merge.fill(into));
    let findings = pipeline.finish();
    assert!(findings.memory.peak <= MEMORY + MEMORY / 8, "{:?}", findings.memory);
});
