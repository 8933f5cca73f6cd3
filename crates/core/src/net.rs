//! Addresses, as small numbers that compare and hash fast.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

/// An IPv4 or IPv6 address in 128 bits; IPv4 stands in its mapped form (`::ffff:a.b.c.d`).
///
/// Ordered as numbers, so IPv4 addresses sort among themselves and before the global IPv6 ones.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Address {
    high: u64,
    low: u64,
}

const MAPPED: u64 = 0xffff_0000_0000;

impl Address {
    /// From four bytes in network order.
    #[inline]
    pub const fn v4(bytes: [u8; 4]) -> Self {
        Self { high: 0, low: MAPPED | u32::from_be_bytes(bytes) as u64 }
    }

    /// From sixteen bytes in network order.
    #[inline]
    pub const fn v6(bytes: [u8; 16]) -> Self {
        let value = u128::from_be_bytes(bytes);
        Self { high: (value >> 64) as u64, low: value as u64 }
    }

    /// The two halves, high first.
    #[inline]
    pub const fn halves(self) -> (u64, u64) {
        (self.high, self.low)
    }

    /// The whole as a number.
    #[inline]
    pub const fn number(self) -> u128 {
        ((self.high as u128) << 64) | self.low as u128
    }

    /// The 32 bits of an IPv4 address.
    #[inline]
    pub const fn as_v4(self) -> Option<u32> {
        if self.high == 0 && self.low >> 32 == MAPPED >> 32 { Some(self.low as u32) } else { None }
    }

    /// Whether this is IPv4.
    #[inline]
    pub const fn is_v4(self) -> bool {
        self.as_v4().is_some()
    }

    /// `127.0.0.0/8` or `::1`.
    pub const fn is_loopback(self) -> bool {
        match self.as_v4() {
            Some(v4) => v4 >> 24 == 127,
            None => self.high == 0 && self.low == 1,
        }
    }

    /// Addresses that no single host owns: unspecified, multicast, and IPv4's limited broadcast.
    pub const fn is_group(self) -> bool {
        match self.as_v4() {
            Some(v4) => v4 == 0 || v4 >> 28 == 0xe || v4 == u32::MAX,
            None => self.high >> 56 == 0xff || (self.high == 0 && self.low == 0),
        }
    }

    /// The network of this address that people speak of first: /24 of IPv4, /64 of IPv6.
    pub const fn network(self) -> Self {
        match self.as_v4() {
            Some(v4) => Self { high: 0, low: MAPPED | (v4 & 0xffff_ff00) as u64 },
            None => Self { high: self.high, low: 0 },
        }
    }

    /// The wider neighbourhood: /16 of IPv4, /48 of IPv6.
    pub const fn neighbourhood(self) -> Self {
        match self.as_v4() {
            Some(v4) => Self { high: 0, low: MAPPED | (v4 & 0xffff_0000) as u64 },
            None => Self { high: self.high & !0xffff, low: 0 },
        }
    }
}

impl From<IpAddr> for Address {
    fn from(value: IpAddr) -> Self {
        match value {
            IpAddr::V4(v4) => Self::v4(v4.octets()),
            IpAddr::V6(v6) => Self::v6(v6.octets()),
        }
    }
}

impl From<Address> for IpAddr {
    fn from(value: Address) -> Self {
        match value.as_v4() {
            Some(v4) => IpAddr::V4(Ipv4Addr::from(v4)),
            None => IpAddr::V6(Ipv6Addr::from(value.number())),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        IpAddr::from(*self).fmt(f)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
