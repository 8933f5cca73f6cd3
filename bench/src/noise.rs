//! A crowd of sources that send one SYN each to one /24 and are never seen again, and a real scan among them.
//!
//! At a high rate this is a spoofed flood; over days it is the noise of the Internet, in which a slow scan must not be forgotten.
//! The packets of the scan are real, only their times and order among the noise are not.

use crate::benign::START;
use crate::capture::{Packet, Writer};
use crate::frame::{SIZE, SYN, Segment, mix};

/// 203.0.113.0/24, the guarded network of the lab.
const BLOCK: u32 = u32::from_be_bytes([203, 0, 113, 0]);

/// Writes `sources` SYNs over `seconds`, and the packets of `scan` spread evenly among them.
pub fn make(out: &mut Writer, scan: &[Packet], sources: u32, seconds: u64) -> anyhow::Result<()> {
    let span = seconds * 1_000_000;
    let mut crowd = (0..u32::MAX).map(mix).filter(|&source| usual(source));
    let mut scanned = 0;
    for n in 0..sources {
        let time = span * u64::from(n) / u64::from(sources);
        while scanned < scan.len() && span * scanned as u64 / scan.len() as u64 <= time {
            let packet = &scan[scanned];
            out.packet(START + time, packet.length, &packet.frame)?;
            scanned += 1;
        }
        let Some(source) = crowd.next() else { break };
        let dice = mix(source ^ 0xd1ce);
        let syn = Segment {
            source,
            target: BLOCK | dice & 0xff,
            source_port: 1024 + (dice >> 8) as u16 % 64_000,
            port: if dice >> 24 < 192 { 80 } else { 443 },
            sequence: mix(dice),
            acknowledgement: 0,
            flags: SYN,
            window: 512,
            ip_id: (dice >> 4) as u16,
            ttl: 40 + (dice >> 26) as u8,
        };
        out.packet(START + time, SIZE as u32, &syn.frame())?;
    }
    for packet in &scan[scanned..] {
        out.packet(START + span, packet.length, &packet.frame)?;
    }
    Ok(())
}

/// Whether a forged packet could come from here: unicast, and none of the networks that the lab's own packets use.
fn usual(address: u32) -> bool {
    let first = address >> 24;
    let own = [[203, 0, 113], [198, 51, 100], [192, 0, 2]];
    (1..224).contains(&first)
        && first != 127
        && !own.iter().any(|&[a, b, c]| address >> 8 == u32::from_be_bytes([0, a, b, c]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_scan_is_inside() {
        let path = std::env::temp_dir().join(format!("watchpost-noise-{}.pcap", std::process::id()));
        let scan: Vec<Packet> = (0..40).map(|n| Packet { time: 0, length: 60, frame: vec![n; 60] }).collect();
        let mut out = Writer::create(&path).unwrap();
        make(&mut out, &scan, 1000, 864_000).unwrap();
        assert_eq!(out.finish().unwrap(), 1040);
        let packets = crate::capture::read(&path);
        std::fs::remove_file(&path).unwrap();
        let packets = packets.unwrap();
        let real: Vec<_> = packets.iter().filter(|p| p.frame.len() == 60).collect();
        assert_eq!(real.len(), 40);
        assert!(packets.windows(2).all(|w| w[0].time <= w[1].time));
        let gaps = real.windows(2).map(|w| w[1].time - w[0].time);
        assert!(gaps.into_iter().all(|gap| gap.abs_diff(21_600_000_000) < 900_000_000), "one in six hours");
    }
}
