//! Prints how fast captures and logs are read, on one core, to contacts:
//! `cargo run --release -p watchpost-formats --example read_speed FILE...`

#![allow(clippy::print_stdout, reason = "it is a command")]

use std::error::Error;
use std::fs::File;
use std::time::Instant;
use watchpost_formats::log::Assume;
use watchpost_formats::reader::Reader;

fn main() -> Result<(), Box<dyn Error>> {
    for name in std::env::args().skip(1) {
        let began = Instant::now();
        let mut reader = Reader::open(File::open(&name)?, 0, &Assume::default())?;
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
