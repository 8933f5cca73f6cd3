//! UDP (RFC 768), and VXLAN (RFC 7348) within it.

use super::ip::Datagram;
use super::part::be16;
use super::{Heard, Sighting, Skip, link};
use crate::conversation::{self, Said};
use crate::export;
use watchpost_core::contact::{Contact, Transport, traits};

const HEADER: usize = 8;
const VXLAN_PORT: u16 = 4789;

#[inline]
pub(super) fn decode<'a>(datagram: &Datagram<'a>, at: Sighting<'a>) -> Result<Contact, Skip> {
    let payload = datagram.payload;
    if payload.length() == 0 {
        return Ok(datagram.bare(at));
    }
    if payload.length() < HEADER {
        return Err(Skip::Malformed);
    }
    let ports = payload.header::<4>()?;
    let port = be16(ports, 2);
    if port == VXLAN_PORT
        && let Ok(inner) = vxlan(datagram, at)
    {
        return Ok(inner);
    }
    let mut contact = datagram.contact(at, Transport::Udp, port, be16(ports, 0));
    let data = payload.after(HEADER);
    contact.window = u16::try_from(data.length()).unwrap_or(u16::MAX);
    if data.length() > 0 {
        contact.traits |= traits::PAYLOAD;
        let bytes = data.captured();
        if export::is_export(port, bytes) {
            at.ear.hear(Heard::Export(bytes));
        } else if conversation::is_told(port) || conversation::is_told(contact.source_port) {
            at.ear.hear(Heard::Said(Said { bytes, length: data.length(), acknowledges: 0 }));
        }
    }
    Ok(contact)
}

/// The Ethernet frame within, if the header is VXLAN's: its I flag is set and the reserved last byte is zero.
fn vxlan<'a>(datagram: &Datagram<'a>, at: Sighting<'a>) -> Result<Contact, Skip> {
    const VALID_NETWORK: u8 = 0x08;
    let inner = datagram.payload.after(HEADER);
    let header = inner.header::<8>()?;
    if header[0] & VALID_NETWORK == 0 || header[7] != 0 {
        return Err(Skip::Malformed);
    }
    link::ethernet(inner.after(8), at.deeper()?)
}
