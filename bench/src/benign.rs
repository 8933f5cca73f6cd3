//! The benign mix: copies of real captures, each copy with addresses of its own.
//!
//! Many copies run at the same time, packet by packet in turns, so that a reader meets many conversations at once as at a
//! border, and not one after the other. When they end, as many others begin. A capture that is named several times is copied
//! as often, so small captures of large packets can weigh as much as long ones of small packets.

use std::path::PathBuf;

use crate::capture::{self, Packet, Writer};
use crate::frame;

/// A capture that took longer is played faster, in microseconds: a quarter of an hour.
const LONGEST: u64 = 900 * 1_000_000;
/// 2026-06-04 00:00:00 UTC.
pub const START: u64 = 1_780_531_200 * 1_000_000;

/// Writes rounds of `together` copies until `packets` are there, or one more packet would pass `bytes`.
pub fn make(
    out: &mut Writer,
    captures: &[PathBuf],
    together: u32,
    packets: u64,
    bytes: u64,
) -> anyhow::Result<()> {
    // Each packet with the how-manyth naming of its capture it comes from.
    let (mut mix, mut most) = (Vec::new(), 1);
    for (n, path) in captures.iter().enumerate() {
        let before = captures[..n].iter().filter(|&other| other == path).count() as u32;
        most = most.max(before + 1);
        mix.extend(from_zero(capture::read(path)?).into_iter().map(|packet| (before, packet)));
    }
    mix.sort_by_key(|(_, packet)| packet.time); // stable: equal times keep their order, so the output is the same every time
    anyhow::ensure!(!mix.is_empty(), "the captures hold no packet");
    let round = mix.last().map_or(0, |(_, packet)| packet.time) + 1_000_000;
    let mut scratch = Vec::new();
    for number in 0.. {
        for (before, packet) in &mix {
            for copy in 0..together {
                if out.bytes() + 16 + packet.frame.len() as u64 > bytes {
                    return Ok(());
                }
                scratch.clear();
                scratch.extend_from_slice(&packet.frame);
                frame::readdress(&mut scratch, (number * together + copy) * most + before);
                out.packet(START + u64::from(number) * round + packet.time, packet.length, &scratch)?;
            }
        }
        if out.packets() >= packets {
            break;
        }
    }
    Ok(())
}

/// The packets with their times counted from the first, and played faster where they took too long.
fn from_zero(mut packets: Vec<Packet>) -> Vec<Packet> {
    let first = packets.iter().map(|p| p.time).min().unwrap_or(0);
    let span = packets.iter().map(|p| p.time - first).max().unwrap_or(0);
    for p in &mut packets {
        p.time -= first;
        if span > LONGEST {
            p.time = (u128::from(p.time) * u128::from(LONGEST) / u128::from(span)) as u64;
        }
    }
    packets
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_copy_has_its_own_addresses() {
        let path =
            |name| std::env::temp_dir().join(format!("watchpost-benign-{}-{name}.pcap", std::process::id()));
        let [input, output] = [path("in"), path("out")];
        let frame = frame::Segment {
            source: 0x0a00_0001,
            target: 0xcb00_7105,
            source_port: 1024,
            port: 80,
            sequence: 1,
            acknowledgement: 0,
            flags: frame::SYN,
            window: 1,
            ip_id: 1,
            ttl: 64,
        };
        let mut out = Writer::create(&input).unwrap();
        out.packet(START, 54, &frame.frame()).unwrap();
        out.finish().unwrap();
        let mut out = Writer::create(&output).unwrap();
        make(&mut out, &[input.clone(), input.clone()], 16, 100, u64::MAX).unwrap();
        assert_eq!(out.finish().unwrap(), 128, "rounds of 16 copies of two, until 100 are there");
        let sources =
            capture::read(&output).unwrap().iter().map(|p| p.frame[26..30].to_vec()).collect::<HashSet<_>>();
        std::fs::remove_file(&input).unwrap();
        std::fs::remove_file(&output).unwrap();
        assert_eq!(sources.len(), 128);
    }

    #[test]
    fn long_captures_are_played_faster_and_keep_their_order() {
        let packet = |time| Packet { time, length: 0, frame: Vec::new() };
        let times = |v: Vec<Packet>| v.iter().map(|p| p.time).collect::<Vec<_>>();
        assert_eq!(times(from_zero(vec![packet(500), packet(700)])), [0, 200]);
        assert_eq!(
            times(from_zero(vec![packet(0), packet(LONGEST), packet(LONGEST * 3)])),
            [0, LONGEST / 3, LONGEST]
        );
    }
}
