//! Prints how fast captures are read and decoded: `cargo run --release -p watchpost-formats --example read_speed FILE...`

#![allow(clippy::print_stdout, reason = "it is a command")]

use std::error::Error;
use std::fs::File;
use std::time::Instant;
use watchpost_formats::capture::Capture;

fn main() -> Result<(), Box<dyn Error>> {
    for name in std::env::args().skip(1) {
        let began = Instant::now();
        let mut capture = Capture::open(File::open(&name)?, 0)?;
        let mut contacts = Vec::with_capacity(4096);
        let mut made = 0;
        while capture.fill(&mut contacts, 4096) {
            made += contacts.len();
            contacts.clear();
        }
        made += contacts.len();
        let seconds = began.elapsed().as_secs_f64();
        let report = capture.report();
        println!(
            "{name}: {} packets, {made} contacts, {} damaged places; {:.2} million packets/s, {:.1} ns a packet, {:.0} MB/s",
            report.packets,
            report.damages,
            report.packets as f64 / seconds / 1e6,
            seconds * 1e9 / report.packets as f64,
            report.bytes as f64 / seconds / 1e6,
        );
        for damage in &report.damage {
            println!("  {damage:?}");
        }
    }
    Ok(())
}
