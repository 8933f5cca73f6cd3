//! TCP (RFC 9293): flags say who speaks, options say which stack.

use super::ip::{Datagram, reply};
use super::part::{be16, be32};
use super::{Heard, Sighting, Skip};
use crate::conversation::Said;
use watchpost_core::contact::flags::{ACK, FIN, RST, SYN};
use watchpost_core::contact::{Contact, Outcome, Phase, Transport, traits};

const FIXED_HEADER: usize = 20;

#[inline]
pub(super) fn decode<'a>(datagram: &Datagram<'a>, at: Sighting<'a>) -> Result<Contact, Skip> {
    let payload = datagram.payload;
    if payload.length() == 0 {
        return Ok(datagram.bare(at));
    }
    if payload.length() < FIXED_HEADER {
        return datagram.split_header(at, Transport::Tcp);
    }
    let header = payload.header::<FIXED_HEADER>()?;
    let header_len = usize::from(header[12] >> 4) * 4;
    if header_len < FIXED_HEADER || (header_len > payload.length() && !datagram.is_fragment) {
        return Err(Skip::Malformed);
    }
    let mut contact = datagram.contact(at, Transport::Tcp, be16(header, 2), be16(header, 0));
    contact.sequence = be32(header, 4);
    contact.flags = header[13];
    contact.window = be16(header, 14);
    if header_len > FIXED_HEADER {
        let captured = payload.captured();
        contact.traits |= options(&captured[FIXED_HEADER..header_len.min(captured.len())]);
    }
    let data = payload.after(header_len);
    if data.length() > 0 {
        contact.traits |= traits::PAYLOAD;
    }
    // Where a conversation begins, goes on or ends; a SYN by itself begins none.
    if (data.length() > 0 || contact.flags & (SYN | FIN | RST) != 0) && contact.flags & (SYN | ACK) != SYN {
        let said = Said { bytes: data.captured(), length: data.length(), acknowledges: be32(header, 8) };
        at.ear.hear(Heard::Said(said));
    }
    Ok(directed(contact))
}

/// Who speaks, as the flags tell. A SYN with ACK is an answer; a SYN with anything else that contradicts it, or no
/// ACK where every connection has one, is sent by no stack and only by those who probe.
#[inline]
fn directed(mut contact: Contact) -> Contact {
    match contact.flags & (SYN | ACK | FIN | RST) {
        flags if flags == SYN | ACK => return reply(contact, Outcome::Answered),
        flags if flags & SYN != 0 || flags & (ACK | RST) == 0 => contact.phase = Phase::Probe,
        _ => {}
    }
    contact
}

/// The options present, as bits of [`traits`]. What is malformed or cut off ends the list.
#[inline]
pub(crate) fn options(mut bytes: &[u8]) -> u8 {
    const END: u8 = 0;
    const NOTHING: u8 = 1;
    let mut found = 0;
    loop {
        match *bytes {
            [] | [END, ..] => return found,
            [NOTHING, ..] => bytes = &bytes[1..],
            [kind, length, ref rest @ ..] => {
                found |= match kind {
                    2 => traits::MSS,
                    3 => traits::WINDOW_SCALE,
                    4 => traits::SACK_PERMITTED,
                    8 if rest.starts_with(&[0xff; 4]) => traits::TIMESTAMP | traits::TIMESTAMP_ALL_ONES,
                    8 => traits::TIMESTAMP,
                    _ => 0,
                };
                // A length below 2 would stand still.
                match bytes.get(usize::from(length.max(2))..) {
                    Some(next) if length >= 2 => bytes = next,
                    _ => return found,
                }
            }
            [_] => return found,
        }
    }
}
