//! A border's connections, for logs and flow exports: mostly ordinary ones, with scans among them.
//!
//! Of 100 connections 84 are clients' (web, names, time, some more), 3 strangers' visits to a public server, 3 single SYNs of the
//! Internet's background, 8 one source's sweep of a /12 and 2 another's walk through the ports of one host. That is a busy border
//! with a scan going on. The shares decide how long lines are and how many contacts there are to judge, little else.

use crate::benign::START;
use crate::frame::{ACK, RST, SYN, mix};

/// Who sweeps [`SWEPT`], one port.
pub const SWEEPER: u32 = u32::from_be_bytes([198, 51, 100, 7]);
/// Who asks all ports of one host.
pub const WALKER: u32 = u32::from_be_bytes([198, 51, 100, 9]);
const SWEPT: u32 = u32::from_be_bytes([10, 16, 0, 0]);
const WALKED: u32 = u32::from_be_bytes([10, 0, 0, 5]);
const PUBLIC: u32 = u32::from_be_bytes([10, 0, 0, 80]);
const RESOLVER: u32 = u32::from_be_bytes([10, 0, 0, 53]);
const CLIENTS: u32 = u32::from_be_bytes([10, 1, 0, 0]);
/// Microseconds between the ends of two connections: 2,000 a second.
pub const STEP: u64 = 500;

const FIN: u8 = 1;
const PSH: u8 = 8;

/// How a connection went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Nothing came back.
    Silent,
    /// A reset.
    Refused,
    /// Both sides spoke.
    Used,
}

/// One of them.
#[derive(Clone, Copy, Debug)]
pub struct Connection {
    /// Microseconds since 1970.
    pub began: u64,
    /// The same.
    pub ended: u64,
    pub is_tcp: bool,
    pub source: u32,
    pub source_port: u16,
    pub target: u32,
    pub port: u16,
    pub how: How,
    /// Packets and payload bytes of the source, and of the target.
    pub sent: (u32, u32),
    pub got: (u32, u32),
}

impl Connection {
    /// The n-th of them, in the order in which they end.
    pub fn number(n: u32) -> Self {
        let dice = mix(n ^ 0x70ca_1000);
        let more = mix(dice ^ 0x00c0_ffee);
        let ended = START + u64::from(n) * STEP;
        let stranger = |dice: u32| (1 + dice % 126) << 24 | mix(dice) >> 8;
        let syn = Self {
            began: ended - 60_000_000,
            ended: ended - 60_000_000,
            is_tcp: true,
            source: SWEEPER,
            source_port: 1_024 + (more >> 8) as u16 % 60_000,
            target: SWEPT | mix(n) & 0xf_ffff,
            port: 23,
            how: if more.is_multiple_of(12) { How::Refused } else { How::Silent },
            sent: (1, 0),
            got: (u32::from(more.is_multiple_of(12)), 0),
        };
        match n % 100 {
            0..84 => Self::of_client(ended, dice, more),
            84..87 => Self {
                source: stranger(dice % 3_000),
                target: PUBLIC,
                port: 443,
                ..Self::used(ended, dice, more)
            },
            87..90 => Self {
                source: stranger(dice),
                target: PUBLIC & !0xff | more & 0xff,
                port: [23, 445, 3389, 22, 8080][more as usize % 5],
                ..syn
            },
            90..98 => syn,
            _ => Self {
                source: WALKER,
                target: WALKED,
                port: (n / 50 % 65_535 + 1) as u16,
                how: How::Refused,
                got: (1, 0),
                ..syn
            },
        }
    }

    /// A conversation of TCP, without its ends' addresses.
    fn used(ended: u64, dice: u32, more: u32) -> Self {
        // Most are short and small, some are neither.
        let size = 300 + (1 << (more >> 28)) * (dice >> 16) / 8;
        let packets = 5 + size / 1_400;
        Self {
            began: ended - 20_000 - u64::from(more >> 12) * (1 << (dice & 7)),
            ended,
            is_tcp: true,
            source: 0,
            source_port: 32_768 + (more as u16) % 28_000,
            target: 0,
            port: 443,
            how: How::Used,
            sent: (packets / 2 + 4, 200 + (dice >> 20)),
            got: (packets, size),
        }
    }

    fn of_client(ended: u64, dice: u32, more: u32) -> Self {
        let source = CLIENTS | (dice % 16_000 + 2);
        // Few servers get most of it.
        let rank = ((u64::from(more >> 12).pow(3) >> 30) * 20_000) >> 30;
        let server = (20 + mix(rank as u32) % 100) << 24 | mix(rank as u32 ^ 0x5eed) >> 8;
        let tcp = Self { source, target: server, ..Self::used(ended, dice, more) };
        let datagram = Self {
            began: ended - 5_000 - u64::from(more >> 14),
            is_tcp: false,
            sent: (1, 30 + dice % 40),
            got: (1, 60 + dice % 400),
            ..tcp
        };
        match dice >> 8 & 0xff {
            0..120 => tcp,
            120..145 => Self { port: 80, ..tcp },
            145..225 => Self { target: RESOLVER, port: 53, ..datagram },
            225..235 => Self { port: 443, sent: (12, 4_000), got: (30, 30_000), ..datagram },
            235..241 => {
                let target = 0x5b_bd_5e_00 | (source % 4);
                Self { target, port: 123, source_port: 123, sent: (1, 48), got: (1, 48), ..datagram }
            }
            241..250 => {
                // Mail, chat and shells are a few servers' each, and always the same for a client.
                let server = (120 + source % 7) << 24 | mix(source % 60) >> 8;
                Self { target: server, port: [993, 22, 587, 5222, 8443][(source % 5) as usize], ..tcp }
            }
            // What does not answer is tried again and again: each client has two such services.
            _ => Self {
                target: (60 + (source + more % 2) % 50) << 24 | 0x00c6_3301,
                how: How::Silent,
                sent: (3, 0),
                got: (0, 0),
                ..tcp
            },
        }
    }

    /// The flags of all packets of the source, and of the target.
    pub fn flags(&self) -> (u8, u8) {
        match (self.is_tcp, self.how) {
            (false, _) => (0, 0),
            (true, How::Silent) => (SYN, 0),
            (true, How::Refused) => (SYN, RST | ACK),
            (true, How::Used) => (SYN | ACK | PSH | FIN, SYN | ACK | PSH | FIN),
        }
    }

    /// The application's name, as sensors recognise it.
    pub fn service(&self) -> Option<&'static str> {
        match (self.how, self.port) {
            (How::Used, 443 | 993 | 587 | 8443) if self.is_tcp => Some("tls"),
            (How::Used, 80) => Some("http"),
            (How::Used, 22) => Some("ssh"),
            (_, 53) => Some("dns"),
            (_, 123) => Some("ntp"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mix_is_as_told() {
        let all: Vec<_> = (0..100_000).map(Connection::number).collect();
        let count = |what: fn(&&Connection) -> bool| all.iter().filter(what).count();
        assert_eq!(count(|c| c.source == SWEEPER), 8_000);
        assert_eq!(count(|c| c.source == WALKER), 2_000);
        assert!((80_000..88_000).contains(&count(|c| c.how == How::Used)));
        let mut swept: Vec<_> = all.iter().filter(|c| c.source == SWEEPER).map(|c| c.target).collect();
        swept.sort_unstable();
        swept.dedup();
        assert!(swept.len() > 7_900, "hosts asked once: {}", swept.len());
        assert!(all.iter().all(|c| c.began <= c.ended && c.sent.0 > 0));
        assert!(all.windows(2).any(|pair| pair[1].began < pair[0].began), "they are told when they end");
    }
}
