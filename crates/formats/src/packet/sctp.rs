//! SCTP (RFC 9260): the first chunk says who speaks.

use super::ip::{Datagram, reply};
use super::part::{Part, be16};
use super::{Sighting, Skip};
use watchpost_core::contact::{Contact, Outcome, Phase, Transport, traits};

const HEADER: usize = 12;
const DATA: u8 = 0;
const INIT: u8 = 1;
const INIT_ACK: u8 = 2;
const ABORT: u8 = 6;
/// DATA with message interleaving (RFC 8260).
const I_DATA: u8 = 64;

pub(super) fn decode(datagram: &Datagram<'_>, at: Sighting) -> Result<Contact, Skip> {
    let payload = datagram.payload;
    if payload.length() == 0 {
        return Ok(datagram.bare(at));
    }
    if payload.length() < HEADER {
        return datagram.split_header(at, Transport::Sctp);
    }
    let ports = payload.header::<4>()?;
    let mut contact = datagram.contact(at, Transport::Sctp, be16(ports, 2), be16(ports, 0));
    let chunks = payload.after(HEADER);
    if has_data(chunks) {
        contact.traits |= traits::PAYLOAD;
    }
    Ok(match chunks.header::<1>() {
        Ok([INIT]) => Contact { phase: Phase::Probe, ..contact },
        Ok([INIT_ACK]) => reply(contact, Outcome::Answered),
        Ok([ABORT]) => reply(contact, Outcome::Refused),
        _ => contact,
    })
}

/// Whether any of the first chunks carries bytes of the layer above; COOKIE-ECHO and SACK come before DATA.
fn has_data(mut chunks: Part<'_>) -> bool {
    for _ in 0..4 {
        let Ok(chunk) = chunks.header::<4>() else { return false };
        if matches!(chunk[0], DATA | I_DATA) {
            return true;
        }
        chunks = chunks.after(usize::from(be16(chunk, 2)).max(4).next_multiple_of(4));
    }
    false
}
