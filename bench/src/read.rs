//! Reading alone: captures and logs to contacts, on one core, as `watchpost detect` reads them, and nothing more.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use anyhow::Context;
use watchpost_formats::log::Assume;
use watchpost_formats::reader::Reader;

/// Contacts taken at a time.
const TOGETHER: usize = 4_096;

/// Reads a file to its end and prints what came of it.
///
/// # Errors
/// A file that cannot be read.
pub fn print(out: &mut impl Write, path: &Path) -> anyhow::Result<()> {
    let name = path.display();
    let file = File::open(path).with_context(|| format!("cannot read {name}"))?;
    let mut reader =
        Reader::open(file, 0, &Assume::default()).with_context(|| format!("cannot read {name}"))?;
    let (mut contacts, mut heard) = (Vec::with_capacity(TOGETHER), Vec::new());
    let (mut made, mut said, mut more) = (0, 0, true);
    while more {
        more = reader.fill(&mut contacts, TOGETHER);
        reader.heard(&mut heard);
        made += contacts.len();
        said += heard.len();
        contacts.clear();
        heard.clear();
    }
    let report = reader.report();
    writeln!(
        out,
        "{name} ({}): {} packets or lines, {made} contacts, {said} utterances, {} damaged places",
        reader.format(),
        report.packets,
        report.damages,
    )?;
    for (reason, skipped) in report.skipped() {
        writeln!(out, "  {} skipped: {reason}; first at byte {}", skipped.count, skipped.first_offset)?;
    }
    for damage in &report.damage {
        writeln!(out, "  {damage:?}")?;
    }
    Ok(())
}
