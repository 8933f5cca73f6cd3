//! ARP (RFC 826) for IPv4: a request probes whom it asks for.

use super::part::{Part, be16};
use super::{Sighting, Skip};
use watchpost_core::contact::{Contact, Outcome, Phase, Transport};
use watchpost_core::net::Address;

const IPV4: u16 = 0x0800;
const REQUEST: u16 = 1;
const REPLY: u16 = 2;
const NOBODY: Address = Address::v4([0; 4]);

pub(super) fn decode(part: Part<'_>, at: Sighting) -> Result<Contact, Skip> {
    let header = part.header::<8>()?;
    let hardware = usize::from(header[4]);
    if be16(header, 2) != IPV4 || header[5] != 4 {
        return Err(Skip::NotIp);
    }
    // Behind the header: sender's hardware and IP address, target's hardware and IP address.
    let sender = Address::v4(*part.after(8 + hardware).header::<4>()?);
    let asked = Address::v4(*part.after(12 + 2 * hardware).header::<4>()?);
    if sender == asked || sender == NOBODY || asked == NOBODY {
        return Err(Skip::AsksNobody);
    }
    let (source, target, phase, outcome) = match be16(header, 6) {
        REQUEST => (sender, asked, Phase::Probe, Outcome::Unknown),
        REPLY => (asked, sender, Phase::Reply, Outcome::Answered),
        _ => return Err(Skip::AsksNobody),
    };
    Ok(on_link(at, Transport::Arp, source, target, phase, outcome))
}

/// A contact of the link itself: no port, no time to live, nothing else.
pub(super) fn on_link(
    at: Sighting,
    transport: Transport,
    source: Address,
    target: Address,
    phase: Phase,
    outcome: Outcome,
) -> Contact {
    Contact {
        time: at.time,
        source,
        target,
        sequence: 0,
        weight: 1,
        port: 0,
        source_port: 0,
        window: 0,
        ip_id: 0,
        sensor: at.sensor,
        transport,
        phase,
        outcome,
        flags: 0,
        ttl: 0,
        traits: 0,
    }
}
