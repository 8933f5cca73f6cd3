//! The scope: what may be probed, by whose authority, how fast and when. Deny by default.
//!
//! A probe is addressed by an [`InScope`], and nothing makes one but [`Scope::admit`] and [`Scope::at`]. That a bare address does not do
//! is held by the compiler:
//!
//! ```compile_fail,E0423
//! # use watchpost_survey::scope::InScope;
//! let anywhere: std::net::IpAddr = [192, 0, 2, 1].into();
//! let target = InScope(anywhere); // its field is private
//! ```
//! ```compile_fail,E0277
//! # use watchpost_survey::scope::InScope;
//! # use std::net::IpAddr;
//! let anywhere: IpAddr = [192, 0, 2, 1].into();
//! let target: InScope<IpAddr> = anywhere.into(); // there is no such conversion
//! ```
//! ```compile_fail,E0277
//! # use watchpost_survey::scope::InScope;
//! # use std::net::IpAddr;
//! let target: InScope<IpAddr> = serde_json::from_str("\"192.0.2.1\"").unwrap(); // nor is it read from anywhere
//! ```

mod file; // as it is written
mod ports; // sets of ports
mod ranges; // sets of addresses
mod read; // from text, with every mistake named
mod special; // nobody's own
mod targets; // some of them, by number
mod window; // when

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use jiff::Timestamp;
use jiff::civil::Date;
use watchpost_core::contact::Transport;

use crate::sha256;
pub use file::Rate;
pub use ports::Ports;
use ranges::{Ranges, number};
pub use read::Mistake;
pub use targets::Targets;

/// What a user has declared as his and authorised.
#[derive(Clone, Debug)]
pub struct Scope {
    /// Who holds the blocks.
    pub organisation: String,
    /// Who allowed it.
    pub authorised_by: String,
    /// The last day on which it holds, in UTC.
    pub valid_until: Date,
    /// Where the scanned find out who scans them: a URL.
    pub about: String,
    /// Own blocks, in their order.
    pub blocks: Vec<IpNet>,
    /// What of them is left out.
    pub exclude: Vec<IpNet>,
    /// Allowed TCP ports.
    pub tcp: Ports,
    /// Allowed UDP ports.
    pub udp: Ports,
    /// Whether ICMP requests are allowed.
    pub icmp: bool,
    /// A lab's: special-purpose space may be named.
    pub lab: bool,
    /// Caps.
    pub rate: Rate,
    windows: Vec<window::Window>,
    v4: Ranges,
    v6: Ranges,
}

/// Something that lies in the scope. There is no way to one but through the scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InScope<T>(T);

impl<T: Copy> InScope<T> {
    /// What it is.
    pub const fn get(self) -> T {
        self.0
    }
}

impl InScope<SocketAddr> {
    /// The host.
    pub const fn host(self) -> InScope<IpAddr> {
        InScope(self.0.ip())
    }
}

/// Why an address is no target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is in no block.
    Outside,
    /// It is excluded.
    Excluded,
    /// The scope does not allow this port.
    Port,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Outside => "in no block of the scope",
            Self::Excluded => "excluded by the scope",
            Self::Port => "a port that the scope does not allow",
        })
    }
}

/// Why nothing may be sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// `valid_until` is over.
    Expired(Date),
    /// No window is open.
    OutsideWindows,
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired(day) => write!(f, "the authorisation ended with {day} (valid_until)"),
            Self::OutsideWindows => f.write_str("no window of the scope is open at this time"),
        }
    }
}

impl Scope {
    /// Reads a scope file.
    ///
    /// # Errors
    /// Every mistake in it, with its line and what to write.
    pub fn parse(text: &str) -> Result<Self, Vec<Mistake>> {
        read::scope(text)
    }

    /// An address as a target.
    ///
    /// # Errors
    /// [`Refusal`] where it lies in no block or is excluded.
    pub fn admit(&self, address: IpAddr) -> Result<InScope<IpAddr>, Refusal> {
        let ranges = if address.is_ipv4() { &self.v4 } else { &self.v6 };
        if ranges.contains(number(address)) {
            return Ok(InScope(address));
        }
        let excluded = self.blocks.iter().any(|block| block.contains(&address));
        Err(if excluded { Refusal::Excluded } else { Refusal::Outside })
    }

    /// A port of a target as a target.
    ///
    /// # Errors
    /// [`Refusal::Port`] where the scope does not allow it, or the transport has none.
    pub fn service(
        &self,
        target: InScope<IpAddr>,
        transport: Transport,
        port: u16,
    ) -> Result<InScope<SocketAddr>, Refusal> {
        let allowed = match transport {
            Transport::Tcp => self.tcp.contains(port),
            Transport::Udp => self.udp.contains(port),
            _ => false,
        };
        if allowed { Ok(InScope(SocketAddr::new(target.0, port))) } else { Err(Refusal::Port) }
    }

    /// How many IPv4 addresses may be probed.
    pub fn count_v4(&self) -> u64 {
        // There are 2^32 at most.
        self.v4.count() as u64
    }

    /// How many IPv6 addresses may be probed: too many to ask each.
    pub fn count_v6(&self) -> u128 {
        self.v6.count()
    }

    /// The IPv4 address at a place, in rising order; none from [`Self::count_v4`] on.
    pub fn at(&self, place: u64) -> Option<InScope<IpAddr>> {
        self.v4.at(place.into()).and_then(ranges::v4).map(InScope)
    }

    /// The IPv6 address at a place, in rising order.
    pub fn at_v6(&self, place: u128) -> Option<InScope<IpAddr>> {
        self.v6.at(place).map(|address| InScope(ranges::v6(address)))
    }

    /// Whether something may be sent at a time.
    ///
    /// # Errors
    /// [`Closed`], which says why not.
    pub fn open(&self, now: Timestamp) -> Result<(), Closed> {
        let today = now.to_zoned_datetime(jiff::tz::TimeZone::UTC).date();
        if today > self.valid_until {
            return Err(Closed::Expired(self.valid_until));
        }
        if !self.windows.is_empty() && !self.windows.iter().any(|window| window.holds(now)) {
            return Err(Closed::OutsideWindows);
        }
        Ok(())
    }

    /// When, in words; none: at any time.
    pub fn windows(&self) -> impl Iterator<Item = String> + '_ {
        self.windows.iter().map(ToString::to_string)
    }

    /// SHA-256 of what it says, in hexadecimal digits: comments, spaces and the order of keys do not change it.
    pub fn hash(&self) -> String {
        let windows: Vec<String> = self.windows().collect();
        let said = format!(
            "{:?}",
            (
                (
                    &self.organisation,
                    &self.authorised_by,
                    self.valid_until,
                    &self.about,
                    &self.blocks,
                    &self.exclude
                ),
                (&self.tcp, &self.udp, self.icmp, self.lab, self.rate, windows),
            )
        );
        sha256(&said)
    }
}

#[cfg(test)]
mod tests;
