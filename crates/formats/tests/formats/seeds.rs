//! Seeds for the fuzzers, from the packets and files that these tests make: `fuzz/seed` calls this.

use crate::agreement::each_decoder;
use crate::make::Layout;
use flate2::{Compression, write::GzEncoder};
use std::fs;
use std::io::Write;
use std::path::Path;
use watchpost_formats::packet::LinkType;

fn write(target: &str, name: &str, bytes: &[u8]) {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus")).join(target);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), bytes).unwrap();
}

#[test]
#[ignore = "writes files into fuzz/corpus"]
fn write_the_fuzzers_seeds() {
    for (number, (link, packet)) in each_decoder().into_iter().enumerate() {
        let choice = LinkType::DECODED.iter().position(|other| *other == link).unwrap() as u8;
        write("packet", &format!("seed-{number}"), &[&[choice, 0, 0][..], &packet].concat());
    }
    for (number, layout) in Layout::ALL.into_iter().enumerate() {
        let (file, starts) = layout.file(6);
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&file).unwrap();
        write("capture", &format!("seed-{number}"), &file);
        write("capture", &format!("seed-{number}-gz"), &encoder.finish().unwrap());
        write("capture", &format!("seed-{number}-zst"), &zstd::encode_all(&file[..], 1).unwrap());
        let mut broken = file.clone();
        broken[starts[1] + 4..starts[2]].fill(0xff);
        write("capture", &format!("seed-{number}-broken"), &broken);
        // Format, packets less one, length and time of each, and what follows: here more of the same.
        write(
            "damage",
            &format!("seed-{number}"),
            &[&[number as u8, 1, 3, 1, 0, 1][..], &file[starts[0]..]].concat(),
        );
    }
}
