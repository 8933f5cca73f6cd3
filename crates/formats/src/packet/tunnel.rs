//! Packets within IP packets: GRE (RFC 2784, 2890; version 1 of RFC 2637) and IP in IP (RFC 2003, 4213).
//!
//! An error here means that the inner packet gives no contact; the caller then makes one of the tunnel itself.

use super::ip::{self, Datagram, protocol};
use super::part::be16;
use super::{Sighting, Skip, link};
use watchpost_core::contact::Contact;

pub(super) fn ip_in_ip<'a>(datagram: &Datagram<'a>, at: Sighting<'a>) -> Result<Contact, Skip> {
    let at = at.deeper()?;
    if datagram.protocol == protocol::IPV4 {
        ip::v4(datagram.payload, at)
    } else {
        ip::v6(datagram.payload, at)
    }
}

pub(super) fn gre<'a>(datagram: &Datagram<'a>, at: Sighting<'a>) -> Result<Contact, Skip> {
    const CHECKSUM: u16 = 0x8000;
    const ROUTING: u16 = 0x4000;
    const KEY: u16 = 0x2000;
    const SEQUENCE: u16 = 0x1000;
    const ACKNOWLEDGEMENT: u16 = 0x0080;
    const VERSION: u16 = 0x0007;
    let at = at.deeper()?;
    let header = datagram.payload.header::<4>()?;
    let flags = be16(header, 0);
    let fields = |bits: &[u16]| 4 * bits.iter().filter(|bit| flags & **bit != 0).count();
    match (flags & VERSION, be16(header, 2)) {
        // Source routes were dropped from the standard in 2000.
        (0, _) if flags & ROUTING != 0 => Err(Skip::Malformed),
        (0, kind) => {
            let inner = datagram.payload.after(4 + fields(&[CHECKSUM, KEY, SEQUENCE]));
            link::ethertype(kind, inner, at)
        }
        // PPTP.
        (1, 0x880b) => link::ppp(datagram.payload.after(4 + fields(&[KEY, SEQUENCE, ACKNOWLEDGEMENT])), at),
        _ => Err(Skip::Malformed),
    }
}
