//! Packets and capture files, made byte by byte.

use watchpost_core::contact::{Contact, Time};
use watchpost_core::net::Address;
use watchpost_formats::capture::Capture;
use watchpost_formats::packet::{self, LinkType, Skip};

pub const A: [u8; 4] = [192, 0, 2, 1];
pub const B: [u8; 4] = [198, 51, 100, 2];
pub const ROUTER: [u8; 4] = [203, 0, 113, 254];
pub const A6: [u8; 16] = [0x20, 1, 0xd, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
pub const B6: [u8; 16] = [0x20, 1, 0xd, 0xb8, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];

pub fn a() -> Address {
    Address::v4(A)
}

pub fn b() -> Address {
    Address::v4(B)
}

pub fn a6() -> Address {
    Address::v6(A6)
}

pub fn b6() -> Address {
    Address::v6(B6)
}

pub const TIME: Time = 1_700_000_000_123_456_789;

/// Decodes a whole packet.
pub fn decode(link: LinkType, packet: &[u8]) -> Result<Contact, Skip> {
    packet::decode(link, TIME, packet, packet.len() as u32, 7)
}

/// Decodes a whole IP packet.
pub fn ip(packet: &[u8]) -> Result<Contact, Skip> {
    decode(LinkType::RAW, packet)
}

pub fn ethernet(kind: u16, payload: &[u8]) -> Vec<u8> {
    [&[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1], &kind.to_be_bytes()[..], payload].concat()
}

/// From A to B.
pub fn v4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    v4_between(A, B, protocol, payload)
}

pub fn v4_between(source: [u8; 4], target: [u8; 4], protocol: u8, payload: &[u8]) -> Vec<u8> {
    let total = (20 + payload.len() as u16).to_be_bytes();
    let header = [0x45, 0, total[0], total[1], 0x12, 0x34, 0x40, 0, 57, protocol, 0, 0];
    [&header[..], &source, &target, payload].concat()
}

/// From A6 to B6.
pub fn v6(next: u8, payload: &[u8]) -> Vec<u8> {
    v6_between(A6, B6, next, payload)
}

pub fn v6_between(source: [u8; 16], target: [u8; 16], next: u8, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u16).to_be_bytes();
    [&[0x60, 0, 0, 0, length[0], length[1], next, 57][..], &source, &target, payload].concat()
}

/// From port 40,000 to port 22.
pub fn tcp(flags: u8, options: &[u8], payload: &[u8]) -> Vec<u8> {
    assert!(options.len().is_multiple_of(4));
    let offset = ((20 + options.len()) / 4 * 16) as u8;
    let header =
        [0x9c, 0x40, 0, 22, 0xde, 0xad, 0xbe, 0xef, 0, 0, 0, 0, offset, flags, 0xfa, 0xf0, 0, 0, 0, 0];
    [&header[..], options, payload].concat()
}

pub fn udp(source: u16, target: u16, payload: &[u8]) -> Vec<u8> {
    let length = 8 + payload.len() as u16;
    let header = [source, target, length, 0].map(u16::to_be_bytes).concat();
    [&header[..], payload].concat()
}

/// A SYN in Ethernet, from A to B with the last byte of its address changed.
pub fn syn_to(last: u8) -> Vec<u8> {
    ethernet(0x0800, &v4_between(A, [B[0], B[1], B[2], last], 6, &tcp(2, &[], &[])))
}

/// How a capture file is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    pub pcapng: bool,
    pub big_endian: bool,
    pub nanoseconds: bool,
}

impl Layout {
    pub const ALL: [Self; 8] = {
        let mut all = [Self { pcapng: false, big_endian: false, nanoseconds: false }; 8];
        let mut number = 0;
        while number < 8 {
            all[number] =
                Self { pcapng: number & 1 != 0, big_endian: number & 2 != 0, nanoseconds: number & 4 != 0 };
            number += 1;
        }
        all
    };

    pub fn u32(self, number: u32) -> [u8; 4] {
        if self.big_endian { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    pub fn u16(self, number: u16) -> [u8; 2] {
        if self.big_endian { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    /// The file's beginning, for Ethernet.
    pub fn start(self) -> Vec<u8> {
        if self.pcapng {
            let resolution: &[u8] = if self.nanoseconds { &[9] } else { &[6] };
            return [self.section(), self.interface(1, &[(9, resolution)])].concat();
        }
        let magic = if self.nanoseconds { 0xa1b2_3c4d } else { 0xa1b2_c3d4 };
        let mut file = self.u32(magic).to_vec();
        file.extend([self.u16(2), self.u16(4)].concat());
        file.extend([0, 0, 262_144, 1].map(|number| self.u32(number)).concat());
        file
    }

    pub fn section(self) -> Vec<u8> {
        let body = [&self.u32(0x1a2b_3c4d)[..], &self.u16(1), &self.u16(0), &[0xff; 8]].concat();
        self.block(0x0a0d_0d0a, &body)
    }

    pub fn interface(self, link: u16, options: &[(u16, &[u8])]) -> Vec<u8> {
        let mut body = [&self.u16(link)[..], &[0, 0], &self.u32(262_144)].concat();
        for (code, value) in options {
            body.extend([self.u16(*code), self.u16(value.len() as u16)].concat());
            body.extend_from_slice(value);
            body.resize(body.len().next_multiple_of(4), 0);
        }
        self.block(1, &body)
    }

    pub fn block(self, kind: u32, body: &[u8]) -> Vec<u8> {
        let padded = body.len().next_multiple_of(4);
        let length = self.u32(12 + padded as u32);
        let mut block = [&self.u32(kind)[..], &length, body].concat();
        block.resize(8 + padded, 0);
        block.extend(length);
        block
    }

    /// A whole packet, `time` in nanoseconds.
    pub fn packet(self, time: Time, packet: &[u8]) -> Vec<u8> {
        if self.pcapng {
            let ticks = if self.nanoseconds { time } else { time / 1_000 };
            return self.enhanced(0, ticks as u64, packet);
        }
        let unit = if self.nanoseconds { 1 } else { 1_000 };
        let length = packet.len() as u32;
        let (seconds, fraction) = ((time / 1_000_000_000) as u32, (time % 1_000_000_000 / unit) as u32);
        [&[seconds, fraction, length, length].map(|number| self.u32(number)).concat()[..], packet].concat()
    }

    pub fn enhanced(self, interface: u32, ticks: u64, packet: &[u8]) -> Vec<u8> {
        let length = packet.len() as u32;
        let head = [interface, (ticks >> 32) as u32, ticks as u32, length, length];
        self.block(6, &[&head.map(|number| self.u32(number)).concat()[..], packet].concat())
    }

    /// A file of `count` SYNs, a second apart, and where each record begins (and the file ends).
    pub fn file(self, count: u8) -> (Vec<u8>, Vec<usize>) {
        let mut file = self.start();
        let mut starts = vec![file.len()];
        for number in 0..count {
            let mut packet = syn_to(number);
            packet.resize(packet.len() + usize::from(number % 5), 0xee);
            file.extend(self.packet(TIME + i64::from(number) * 1_000_000_000, &packet));
            starts.push(file.len());
        }
        (file, starts)
    }
}

/// Reads everything, a few packets at a time.
pub fn read(file: &[u8]) -> (Vec<Contact>, Capture<&[u8]>) {
    let mut capture = Capture::open(file, 7).unwrap();
    let mut contacts = Vec::new();
    let mut rounds = 0;
    while capture.fill(&mut contacts, 7) {
        rounds += 1;
        assert!(rounds < 1_000_000, "it does not end");
    }
    (contacts, capture)
}

/// The last bytes of the targets: which of the packets of [`Layout::file`] these are.
pub fn numbers(contacts: &[Contact]) -> Vec<u8> {
    contacts.iter().map(|contact| contact.target.number() as u8).collect()
}
