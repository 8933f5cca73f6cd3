//! Captures of a few packets, byte by byte: pcap in microseconds, Ethernet, IPv4, TCP.

/// Seconds since 1970 of the first packet: 2026-11-23 14:00:00 UTC.
pub const START: u32 = 1_795_442_400;

/// A capture of SYNs from 198.51.100.`source` to `targets` addresses of 203.0.113.0/24, port 22, ten a second from
/// `start` on. Nothing answers.
pub fn sweep(source: u8, targets: u8, start: u32) -> Vec<u8> {
    let mut file = header();
    for n in 0..targets {
        let tenths = u32::from(n);
        let packet = syn([198, 51, 100, source], [203, 0, 113, n + 1], 40_000 + u16::from(n), 22);
        append(&mut file, start + tenths / 10, tenths % 10 * 100_000, &packet);
    }
    file
}

/// A capture without packets.
pub fn header() -> Vec<u8> {
    let fields: [u32; 5] = [2 | 4 << 16, 0, 0, 65_535, 1];
    let mut file = 0xa1b2_c3d4u32.to_le_bytes().to_vec();
    file.extend(fields.iter().flat_map(|field| field.to_le_bytes()));
    file
}

fn append(file: &mut Vec<u8>, seconds: u32, microseconds: u32, packet: &[u8]) {
    let length = packet.len() as u32;
    file.extend([seconds, microseconds, length, length].iter().flat_map(|field| field.to_le_bytes()));
    file.extend_from_slice(packet);
}

/// A SYN without options and with window 1,024, as scanners send it.
fn syn(source: [u8; 4], target: [u8; 4], from: u16, to: u16) -> Vec<u8> {
    let mut packet = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];
    packet.extend([0x45, 0, 0, 40, 0, 1, 0, 0, 250, 6, 0, 0]);
    packet.extend(source.iter().chain(&target));
    packet.extend(from.to_be_bytes().iter().chain(&to.to_be_bytes()));
    packet.extend([0, 0, 0, 7, 0, 0, 0, 0, 0x50, 2, 4, 0, 0, 0, 0, 0]);
    packet
}
