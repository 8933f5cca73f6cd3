//! A flow that a log tells of, as one contact.

use watchpost_core::contact::{Contact, Outcome, Phase, Time, Transport};
use watchpost_core::net::Address;

/// What a line tells of a flow. What it does not tell stays as [`Flow::new`] leaves it.
#[derive(Clone, Copy, Debug)]
pub struct Flow {
    /// When it began.
    pub time: Time,
    /// Who started it.
    pub source: Address,
    /// Who was asked.
    pub target: Address,
    /// Its transport.
    pub transport: Transport,
    /// The service, as [`Contact::port`] has it.
    pub port: u16,
    /// The source's port; 0 where unknown.
    pub source_port: u16,
    /// How it went; unknown where the line does not tell.
    pub outcome: Outcome,
    /// Flags of its first packet; 0 where unknown.
    pub flags: u8,
    /// Packets that the source sent, at least 1.
    pub packets: u64,
}

impl Flow {
    /// Of which nothing is known but its ends.
    pub fn new(time: Time, transport: Transport, source: (Address, u16), target: (Address, u16)) -> Self {
        Self {
            time,
            source: source.0,
            target: target.0,
            transport,
            port: target.1,
            source_port: source.1,
            outcome: Outcome::Unknown,
            flags: 0,
            packets: 1,
        }
    }

    /// As a contact.
    #[inline]
    pub fn contact(&self, sensor: u16) -> Contact {
        Contact {
            time: self.time,
            source: self.source,
            target: self.target,
            sequence: 0,
            weight: self.packets.clamp(1, u64::from(u32::MAX)) as u32,
            port: self.port,
            source_port: self.source_port,
            window: 0,
            ip_id: 0,
            sensor,
            transport: self.transport,
            phase: Phase::Flow,
            outcome: self.outcome,
            flags: self.flags,
            ttl: 0,
            traits: 0,
        }
    }
}

/// The transport of an IP protocol's number; those without ports of their own are [`Transport::Ip`], with the number for
/// a port.
#[inline]
pub fn transport(protocol: u8) -> Transport {
    match protocol {
        1 => Transport::Icmp,
        6 => Transport::Tcp,
        17 => Transport::Udp,
        58 => Transport::Icmp6,
        132 => Transport::Sctp,
        _ => Transport::Ip,
    }
}
