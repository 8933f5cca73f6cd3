//! Captures in and out, as far as the benchmark needs them: Ethernet; pcap and pcapng in, pcap with microseconds out.
//!
//! This is apart from Watchpost's own reader on purpose: a fault there must not hide itself by making its own input.
//! Limit: little-endian files only, which all of the benchmark's sources are.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::{Context, bail};

/// One captured Ethernet frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Microseconds since 1970.
    pub time: u64,
    /// Its length on the wire.
    pub length: u32,
    /// What was captured of it.
    pub frame: Vec<u8>,
}

const ETHERNET: u32 = 1;
/// Magic numbers: draft-ietf-opsawg-pcap (micro- and nanoseconds), draft-ietf-opsawg-pcapng (section header).
const MICRO: u32 = 0xa1b2_c3d4;
const NANO: u32 = 0xa1b2_3c4d;
const SECTION: u32 = 0x0a0d_0d0a;

/// All packets of a capture.
///
/// # Errors
/// If the file cannot be read, or is no little-endian pcap or pcapng of Ethernet.
pub fn read(path: &Path) -> anyhow::Result<Vec<Packet>> {
    let data = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let packets = match word(&data, 0) {
        Some(MICRO) => pcap(&data, 1),
        Some(NANO) => pcap(&data, 1000),
        Some(SECTION) => pcapng(&data),
        _ => None,
    };
    packets.with_context(|| format!("{} is no little-endian pcap or pcapng of Ethernet", path.display()))
}

fn word(data: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(data.get(at..at + 4)?.try_into().ok()?))
}

/// `unit`: parts of a second in a microsecond.
fn pcap(data: &[u8], unit: u32) -> Option<Vec<Packet>> {
    if word(data, 20)? != ETHERNET {
        return None;
    }
    let (mut at, mut packets) = (24, Vec::new());
    while let Some(size) = word(data, at + 8) {
        let Some(frame) = data.get(at + 16..at + 16 + size as usize) else { break };
        let time = u64::from(word(data, at)?) * 1_000_000 + u64::from(word(data, at + 4)? / unit);
        packets.push(Packet { time, length: word(data, at + 12)?, frame: frame.to_vec() });
        at += 16 + frame.len();
    }
    Some(packets)
}

fn pcapng(data: &[u8]) -> Option<Vec<Packet>> {
    // Ticks in a second, by interface.
    let (mut at, mut interfaces, mut packets) = (0, Vec::new(), Vec::new());
    while let (Some(kind), Some(size)) = (word(data, at), word(data, at + 4)) {
        let Some(block) = data.get(at..at + size as usize).filter(|b| b.len() >= 12) else { break };
        match kind {
            1 => {
                if word(block, 8)? & 0xffff != ETHERNET {
                    return None;
                }
                interfaces.push(ticks(block));
            }
            6 => {
                let ticks = *interfaces.get(word(block, 8)? as usize)?;
                let time = u128::from(word(block, 12)?) << 32 | u128::from(word(block, 16)?);
                let frame = block.get(28..28 + word(block, 20)? as usize)?.to_vec();
                let time = (time * 1_000_000 / u128::from(ticks)) as u64;
                packets.push(Packet { time, length: word(block, 24)?, frame });
            }
            _ => {}
        }
        at += block.len();
    }
    Some(packets)
}

/// Option 9 of an interface's block says how fine its times are; microseconds where it is absent.
fn ticks(block: &[u8]) -> u64 {
    let mut at = 16;
    while let Some(head) = word(block, at) {
        let (code, length) = (head & 0xffff, (head >> 16) as usize);
        match (code, block.get(at + 4)) {
            (0, _) | (_, None) => break,
            (9, Some(&exponent)) if exponent < 0x80 => return 10u64.pow(u32::from(exponent.min(18))),
            (9, Some(&exponent)) => return 1 << (exponent & 0x3f),
            _ => at += 4 + length.next_multiple_of(4),
        }
    }
    1_000_000
}

/// Writes a pcap of Ethernet.
pub struct Writer {
    out: BufWriter<File>,
    packets: u64,
    bytes: u64,
}

impl Writer {
    /// Creates the file.
    ///
    /// # Errors
    /// As the file system gives them.
    pub fn create(path: &Path) -> io::Result<Self> {
        let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
        for part in [MICRO, 2 | 4 << 16, 0, 0, 262_144, ETHERNET] {
            out.write_all(&part.to_le_bytes())?;
        }
        Ok(Self { out, packets: 0, bytes: 24 })
    }

    /// Adds one frame; `time` in microseconds since 1970.
    ///
    /// # Errors
    /// As the file system gives them; a time beyond 2106 is one, too.
    pub fn packet(&mut self, time: u64, length: u32, frame: &[u8]) -> anyhow::Result<()> {
        let Ok(seconds) = u32::try_from(time / 1_000_000) else { bail!("pcap's times end in 2106") };
        let mut head = [0; 16];
        for (place, part) in
            head.chunks_exact_mut(4).zip([seconds, (time % 1_000_000) as u32, frame.len() as u32, length])
        {
            place.copy_from_slice(&part.to_le_bytes());
        }
        self.out.write_all(&head)?;
        self.out.write_all(frame)?;
        self.packets += 1;
        self.bytes += 16 + frame.len() as u64;
        Ok(())
    }

    /// Packets written so far.
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// Bytes written so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Ends the file; the number of packets.
    ///
    /// # Errors
    /// As the file system gives them.
    pub fn finish(mut self) -> io::Result<u64> {
        self.out.flush()?;
        Ok(self.packets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_wrote() {
        let path = std::env::temp_dir().join(format!("watchpost-bench-{}.pcap", std::process::id()));
        let packets = [
            Packet { time: 1_780_531_200_000_001, length: 60, frame: vec![7; 54] },
            Packet { time: 1_780_531_201_999_999, length: 3, frame: vec![1, 2, 3] },
        ];
        let mut out = Writer::create(&path).unwrap();
        for p in &packets {
            out.packet(p.time, p.length, &p.frame).unwrap();
        }
        assert_eq!(out.bytes(), 24 + 16 + 54 + 16 + 3);
        assert_eq!(out.finish().unwrap(), 2);
        let back = read(&path);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(back.unwrap(), packets);
    }

    #[test]
    fn reads_pcapng_with_nanoseconds() {
        let mut file = Vec::new();
        let block = |kind: u32, body: &[u8]| {
            let size = (12 + body.len()) as u32;
            [&kind.to_le_bytes()[..], &size.to_le_bytes(), body, &size.to_le_bytes()].concat()
        };
        file.extend(block(
            SECTION,
            &[0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255],
        ));
        file.extend(block(1, &[1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0]));
        let ticks = 1_780_531_200_123_456_789u64;
        let mut body = vec![0; 4];
        body.extend(((ticks >> 32) as u32).to_le_bytes());
        body.extend((ticks as u32).to_le_bytes());
        body.extend([4, 0, 0, 0, 90, 0, 0, 0, 1, 2, 3, 4]);
        file.extend(block(6, &body));
        let packets = pcapng(&file).unwrap();
        assert_eq!(packets, [Packet { time: 1_780_531_200_123_456, length: 90, frame: vec![1, 2, 3, 4] }]);
    }
}
