//! Ethernet frames: a bare TCP segment made, and a captured frame given other addresses.

/// What a made segment says.
#[derive(Clone, Copy)]
pub struct Segment {
    pub source: u32,
    pub target: u32,
    pub source_port: u16,
    pub port: u16,
    pub sequence: u32,
    pub acknowledgement: u32,
    pub flags: u8,
    pub window: u16,
    pub ip_id: u16,
    pub ttl: u8,
}

pub const SYN: u8 = 2;
pub const RST: u8 = 4;
pub const ACK: u8 = 16;

/// Bytes of a TCP segment without options or data over IPv4 over Ethernet.
pub const SIZE: usize = 14 + 20 + 20;

impl Segment {
    /// The frame, with both checksums right.
    pub fn frame(&self) -> [u8; SIZE] {
        let mut f = [0; SIZE];
        f[..14].copy_from_slice(&[2, 0, 0x5e, 0, 0, 2, 2, 0, 0x5e, 0, 0, 1, 8, 0]);
        f[14] = 0x45;
        f[17] = 40;
        f[18..20].copy_from_slice(&self.ip_id.to_be_bytes());
        f[22] = self.ttl;
        f[23] = 6;
        f[26..30].copy_from_slice(&self.source.to_be_bytes());
        f[30..34].copy_from_slice(&self.target.to_be_bytes());
        f[34..36].copy_from_slice(&self.source_port.to_be_bytes());
        f[36..38].copy_from_slice(&self.port.to_be_bytes());
        f[38..42].copy_from_slice(&self.sequence.to_be_bytes());
        f[42..46].copy_from_slice(&self.acknowledgement.to_be_bytes());
        f[46] = 5 << 4;
        f[47] = self.flags;
        f[48..50].copy_from_slice(&self.window.to_be_bytes());
        let head = checksum(&f[14..34], 0);
        f[24..26].copy_from_slice(&head.to_be_bytes());
        // The pseudo-header is both addresses, the protocol and the length of the segment.
        let segment = checksum(&f[26..], 6 + 20);
        f[50..52].copy_from_slice(&segment.to_be_bytes());
        f
    }
}

/// The Internet checksum (RFC 1071) over an even number of bytes, begun with `sum`.
pub fn checksum(data: &[u8], sum: u32) -> u16 {
    let mut sum =
        data.chunks_exact(2).fold(sum, |s, pair| s + u32::from(u16::from_be_bytes([pair[0], pair[1]])));
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

/// The unicast networks of /16 that copies may use: 1 to 126 and 128 to 223.
const NETWORKS: u32 = 222 * 256;

/// Another IPv4 address for the copy with this number: its network of /16 moves, its host stays. Multicast, broadcast,
/// loopback, link-local and "this network" stay as they are. For one copy no two addresses become the same.
pub fn moved(address: u32, copy: u32) -> u32 {
    let (first, network) = (address >> 24, address >> 16);
    if first == 0 || first == 127 || first >= 224 || network == 0xa9fe {
        return address;
    }
    let place = network - 256 - if first > 127 { 256 } else { 0 };
    // A prime step: copies of neighbouring networks do not meet soon.
    let place = ((u64::from(place) + u64::from(copy) * 389) % u64::from(NETWORKS)) as u32;
    let network = place + 256 + if place >= 126 * 256 { 256 } else { 0 };
    network << 16 | address & 0xffff
}

/// Gives a captured frame the addresses of a copy: IPv4, IPv6 (the second group of the address) and ARP. IPv4's header
/// checksum is made right; those of TCP and UDP are not, as nothing here looks at them.
pub fn readdress(frame: &mut [u8], copy: u32) {
    let move4 = |place: &mut [u8]| {
        if let Ok(old) = <[u8; 4]>::try_from(&*place) {
            place.copy_from_slice(&moved(u32::from_be_bytes(old), copy).to_be_bytes());
        }
    };
    match frame.get(12..14) {
        Some([8, 0]) if frame.len() >= 34 && frame[14] >= 0x45 => {
            move4(&mut frame[26..30]);
            move4(&mut frame[30..34]);
            let end = 14 + usize::from(frame[14] & 15) * 4;
            if frame.len() >= end {
                frame[24..26].fill(0);
                let sum = checksum(&frame[14..end], 0);
                frame[24..26].copy_from_slice(&sum.to_be_bytes());
            }
        }
        Some([8, 6]) if frame.len() >= 42 => {
            move4(&mut frame[28..32]);
            move4(&mut frame[38..42]);
        }
        Some([0x86, 0xdd]) if frame.len() >= 54 => {
            for at in [22, 38] {
                // Only global unicast (2000::/3) moves.
                if frame[at] >> 5 == 1 {
                    let group = u16::from_be_bytes([frame[at + 4], frame[at + 5]]).wrapping_add(copy as u16);
                    frame[at + 4..at + 6].copy_from_slice(&group.to_be_bytes());
                }
            }
        }
        _ => {}
    }
}

/// A 32-bit mixing function that is one to one (the finaliser of MurmurHash3, public domain).
pub fn mix(mut x: u32) -> u32 {
    x ^= x >> 16;
    x = x.wrapping_mul(0x85eb_ca6b);
    x ^= x >> 13;
    x = x.wrapping_mul(0xc2b2_ae35);
    x ^ x >> 16
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_copy_never_maps_two_addresses_to_one() {
        for copy in [0, 1, 17, 4_000] {
            let networks: HashSet<u32> = (0..=u16::MAX).map(|n| moved(u32::from(n) << 16, copy)).collect();
            // Link-local stays in place and takes up the one place that is walked onto it.
            assert!(networks.len() >= 65_535, "copy {copy}: {}", networks.len());
        }
    }

    #[test]
    fn copies_differ_and_special_addresses_stay() {
        let client = u32::from_be_bytes([192, 168, 1, 9]);
        assert_eq!(moved(client, 0), client);
        assert_ne!(moved(client, 1), moved(client, 2));
        assert_eq!(moved(client, 1) & 0xffff, client & 0xffff);
        for special in [[224, 0, 0, 1], [255, 255, 255, 255], [127, 0, 0, 1], [0, 0, 0, 0], [169, 254, 1, 1]]
        {
            assert_eq!(moved(u32::from_be_bytes(special), 5), u32::from_be_bytes(special));
        }
    }

    #[test]
    fn checksums_are_right() {
        let mut frame = Segment {
            source: 0xc633_6407,
            target: 0xcb00_7105,
            source_port: 61_000,
            port: 443,
            sequence: 0xdead_beef,
            acknowledgement: 0,
            flags: SYN,
            window: 1024,
            ip_id: 77,
            ttl: 250,
        }
        .frame();
        // A right checksum makes the sum over everything, itself included, come out as zero.
        assert_eq!(checksum(&frame[14..34], 0), 0);
        assert_eq!(checksum(&frame[26..], 26), 0);
        readdress(&mut frame, 3);
        assert_eq!(checksum(&frame[14..34], 0), 0);
        assert_eq!(frame[26..30], moved(0xc633_6407, 3).to_be_bytes());
    }

    #[test]
    fn mixing_is_one_to_one() {
        assert_eq!((0..200_000).map(mix).collect::<HashSet<_>>().len(), 200_000);
    }
}
