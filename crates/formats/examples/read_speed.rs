//! Prints how fast captures and logs are read, on one core, to contacts:
//! `cargo run --release -p watchpost-formats --example read_speed FILE...`; files of maps (`*.toml`) hold for those after them.

#![allow(clippy::print_stdout, reason = "it is a command")]

use std::error::Error;
use std::fs::{self, File};
use std::sync::Arc;
use std::time::Instant;
use watchpost_formats::log::{Assume, map};
use watchpost_formats::reader::Reader;

fn main() -> Result<(), Box<dyn Error>> {
    let mut assume = Assume::default();
    for name in std::env::args().skip(1) {
        if name.ends_with(".toml") {
            assume.maps.extend(map::read(&fs::read_to_string(&name)?)?.into_iter().map(Arc::new));
            continue;
        }
        let began = Instant::now();
        let mut reader = Reader::open(File::open(&name)?, 0, &assume)?;
        let (mut contacts, mut heard) = (Vec::with_capacity(4096), Vec::new());
        let (mut made, mut said) = (0, 0);
        let mut more = true;
        while more {
            more = reader.fill(&mut contacts, 4096);
            reader.heard(&mut heard);
            made += contacts.len();
            said += heard.len();
            contacts.clear();
            heard.clear();
        }
        let seconds = began.elapsed().as_secs_f64();
        let report = reader.report();
        let unit = if matches!(reader, Reader::Log(_)) { "lines" } else { "packets" };
        println!(
            "{name} ({}): {} {unit}, {made} contacts, {said} utterances, {} damaged places; {:.2} million {unit}/s, {:.1} ns each, {:.0} MB/s",
            reader.format(),
            report.packets,
            report.damages,
            report.packets as f64 / seconds / 1e6,
            seconds * 1e9 / report.packets as f64,
            report.bytes as f64 / seconds / 1e6,
        );
        for (reason, skipped) in report.skipped() {
            println!("  {} skipped: {reason}; first at byte {}", skipped.count, skipped.first_offset);
        }
        for damage in &report.damage {
            println!("  {damage:?}");
        }
    }
    Ok(())
}
