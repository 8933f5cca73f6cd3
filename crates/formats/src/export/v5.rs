//! NetFlow v5: a header of 24 bytes and up to 30 records of 48, IPv4 alone.

use watchpost_core::contact::{SECOND, Time};
use watchpost_core::net::Address;

use super::domain::{Domains, steady};
use super::{Flows, Reason, Record, number};

const HEADER: usize = 24;
const RECORD: usize = 48;
const MILLISECOND: Time = SECOND / 1_000;

pub(super) fn take(
    exporter: Address,
    bytes: &[u8],
    domains: &mut Domains,
    into: &mut Flows<'_>,
) -> Result<(), Reason> {
    let header = bytes.get(..HEADER).ok_or("a NetFlow v5 datagram that is cut off")?;
    let count = number(&header[2..4]) as usize;
    // What the header promises and the datagram lacks was cut off; anything behind is none of it.
    let records = bytes[HEADER..].chunks_exact(RECORD).take(count);
    let cut = count.saturating_sub(records.len());
    let sent = number(&header[8..12]) as Time * SECOND + (number(&header[12..16]) as Time).min(SECOND);
    let uptime = number(&header[4..8]) as u32;
    // Kind and number of the engine stand for the domain of later versions.
    let sent = steady(domains, (exporter, number(&header[20..22]) as u32), sent, uptime);
    // Two bits of mode, 14 of interval; some exporters leave the mode out.
    let sampling = (number(&header[22..24]) as u32 & 0x3fff).max(1);
    for record in records {
        let address = |at: usize| record[at..].first_chunk::<4>().map(|octets| Address::v4(*octets));
        let port = |at: usize| number(&record[at..at + 2]) as u16;
        // The uptime counts milliseconds in 32 bits and comes round after 49 days.
        let before = uptime.wrapping_sub(number(&record[24..28]) as u32);
        into.record(&Record {
            time: sent - Time::from(before) * MILLISECOND,
            source: address(0),
            target: address(4),
            source_port: port(32),
            port: port(34),
            protocol: Some(record[38]),
            flags: record[37],
            packets: number(&record[16..20]),
            sampling,
            denied: false,
        });
    }
    if cut > 0 { Err("a NetFlow v5 datagram that is cut off") } else { Ok(()) }
}
