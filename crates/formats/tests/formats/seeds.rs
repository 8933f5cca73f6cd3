//! Seeds for the fuzzers, from the packets and files that these tests make: `fuzz/seed` calls this.

use crate::agreement::each_decoder;
use crate::make::Layout;
use flate2::{Compression, write::GzEncoder};
use std::fs;
use std::io::Write;
use std::path::Path;
use watchpost_formats::packet::LinkType;

/// How a segment begins for the target `conversation`: in order, on the first connection.
const CLIENT: u8 = 12;
const SERVER: u8 = 13;
const DATAGRAM: u8 = 0xc0;

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
    // The connection's port, then for each segment: who speaks, in order, length in fours, and the bytes.
    let said: [(u8, u8, &[u8]); 8] = [
        (1, SERVER, b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n"),
        (3, SERVER, b"220 mail.example.test ESMTP Exim 4.96\r\n"),
        (5, SERVER, b"HTTP/1.1 401 No\r\nServer: x\r\nWWW-Authenticate: NTLM TlRMTVNTUAACAAAA\r\n\r\n<title>x</title>"),
        (5, CLIENT, b"GET /.env?token=x HTTP/1.1\r\nHost: h\r\nAuthorization: Basic eDp5\r\n\r\n"),
        (15, CLIENT, b"*2\r\n$4\r\nAUTH\r\n$3\r\nabc\r\n"),
        (12, SERVER, b"\x12\0\0\0\x0a8.0.36\0\x08\0\0\0abcd"),
        (2, SERVER, b"\xff\xfd\x18\xff\xfb\x01Debian 12\r\nplant7 login:"),
        (4, CLIENT | DATAGRAM, b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x07version\x04bind\0\0\x10\0\x03"),
    ];
    for (number, (port, head, bytes)) in said.into_iter().enumerate() {
        let mut bytes = bytes.to_vec();
        bytes.resize(bytes.len().next_multiple_of(4), b'\n');
        let start = [port, head, 1, (bytes.len() / 4) as u8];
        write("conversation", &format!("seed-{number}"), &[&start[..], &bytes].concat());
    }
    for name in crate::parquet::FORMS {
        write("parquet", name, &crate::parquet::form(name));
    }
}
