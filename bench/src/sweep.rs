//! One source asks three ports of a /12, in no order, as masscan does: 2 in 100 answer, 3 in 100 refuse.
//!
//! The marks are those of masscan 1.3.2 as captured in the lab: TTL 255 (less the way), window 1024, no options, and an
//! identification folded from target, port and sequence number.

use crate::benign::START;
use crate::capture::Writer;
use crate::frame::{ACK, RST, SIZE, SYN, Segment, mix};

const SCANNER: u32 = u32::from_be_bytes([198, 51, 100, 7]);
const BLOCK: u32 = u32::from_be_bytes([10, 16, 0, 0]);
const PORTS: [u16; 3] = [22, 443, 8080];
/// Three ports of 2^20 hosts.
const ALL: u32 = 3 << 20;
/// Microseconds from one probe to the next: 100,000 a second.
const STEP: u64 = 10;

/// Writes the first `probes` of them, and what comes back.
pub fn make(out: &mut Writer, probes: u32) -> anyhow::Result<()> {
    for n in 0..probes {
        let place = shuffled(n);
        let (target, port) = (BLOCK + place / 3, PORTS[(place % 3) as usize]);
        let sequence = mix(target ^ u32::from(port) << 16 ^ 0x5eed);
        let fold = target ^ u32::from(port) ^ sequence;
        let probe = Segment {
            source: SCANNER,
            target,
            source_port: 54_321 + (n % 16) as u16,
            port,
            sequence,
            acknowledgement: 0,
            flags: SYN,
            window: 1024,
            ip_id: fold as u16,
            ttl: 245,
        };
        let time = START + u64::from(n) * STEP;
        out.packet(time, SIZE as u32, &probe.frame())?;
        let reply = Segment {
            source: target,
            target: SCANNER,
            source_port: port,
            port: probe.source_port,
            sequence: mix(sequence),
            acknowledgement: sequence.wrapping_add(1),
            flags: SYN | ACK,
            window: 64_240,
            ip_id: 0,
            ttl: 64,
        };
        match mix(place ^ 0x0ff) % 100 {
            0..2 => {
                out.packet(time + 2, SIZE as u32, &reply.frame())?;
                let reset = Segment { sequence: sequence.wrapping_add(1), flags: RST, window: 0, ..probe };
                out.packet(time + 4, SIZE as u32, &reset.frame())?;
            }
            2..5 => out.packet(
                time + 2,
                SIZE as u32,
                &Segment { flags: RST | ACK, window: 0, sequence: 0, ..reply }.frame(),
            )?,
            _ => {}
        }
    }
    Ok(())
}

/// The n-th place of a permutation of all places: a balanced Feistel network over 22 bits, walked until it falls within.
fn shuffled(n: u32) -> u32 {
    let mut x = n;
    loop {
        let (mut left, mut right) = (x >> 11, x & 0x7ff);
        for round in 0..4 {
            (left, right) = (right, left ^ mix(right | round << 16) & 0x7ff);
        }
        x = left << 11 | right;
        if x < ALL {
            return x;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_comes_once() {
        let mut seen = vec![false; ALL as usize];
        for n in 0..ALL {
            assert!(!std::mem::replace(&mut seen[shuffled(n) as usize], true));
        }
    }
}
