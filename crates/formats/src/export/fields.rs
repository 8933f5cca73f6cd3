//! Information elements that are read, of NetFlow v9 (RFC 3954) and IPFIX (IANA's registry), by number.

use watchpost_core::contact::{SECOND, Time};
use watchpost_core::net::Address;

use super::{Record, number};

const MILLISECOND: Time = SECOND / 1_000;
/// The uptime counts milliseconds in 32 bits and comes round after 49 days; a flow is of the last of these before it was sent.
const ROUND: Time = (1 << 32) * MILLISECOND;
/// Reverse elements of a biflow (RFC 5103).
pub(super) const REVERSE: u32 = 29_305;
/// Seconds from 1900, as NTP counts, to 1970.
const NTP: u64 = 2_208_988_800;

/// What a record says beside its [`Record`], and the header it came with.
#[derive(Clone, Copy, Default)]
pub(super) struct Around {
    /// When the exporter sent it.
    pub sent: Time,
    /// Its uptime then, milliseconds, where the header has one.
    pub uptime: Option<u32>,
    /// When it was started, from the record itself.
    pub started: Option<Time>,
    /// Start of the flow in milliseconds of uptime.
    pub first_uptime: Option<u32>,
    /// Packets and flags of the other direction.
    pub reverse_packets: u64,
    pub reverse_flags: u8,
    pub is_biflow: bool,
    /// Type and code of ICMP.
    pub icmp: Option<u16>,
    /// Sampling as an options record tells it.
    pub sampling: Option<u32>,
    pub space: u32,
}

/// Takes one element of a record.
pub(super) fn take(record: &mut Record, around: &mut Around, enterprise: u32, id: u16, bytes: &[u8]) {
    let value = number(bytes);
    if enterprise == REVERSE {
        around.is_biflow = true;
        match id {
            2 | 86 => around.reverse_packets = value,
            6 => around.reverse_flags = value as u8,
            _ => {}
        }
        return;
    }
    if enterprise != 0 {
        return;
    }
    let seconds = |value: u64| Time::try_from(value).ok().and_then(|s| s.checked_mul(SECOND));
    let millis = |value: u64| Time::try_from(value).ok().and_then(|ms| ms.checked_mul(MILLISECOND));
    match id {
        2 | 86 if record.packets == 0 => record.packets = value,
        4 => record.protocol = Some(value as u8),
        6 => record.flags = value as u8,
        7 => record.source_port = value as u16,
        11 => record.port = value as u16,
        8 => record.source = v4(bytes).or(record.source),
        12 => record.target = v4(bytes).or(record.target),
        27 => record.source = v6(bytes).or(record.source),
        28 => record.target = v6(bytes).or(record.target),
        22 => around.first_uptime = Some(value as u32),
        32 | 139 => around.icmp = Some(value as u16),
        176 | 178 => around.icmp = Some((value as u16) << 8 | around.icmp.unwrap_or(0) & 0xff),
        177 | 179 => around.icmp = Some(around.icmp.unwrap_or(0) & 0xff00 | value as u16 & 0xff),
        150 => record.time = seconds(value).unwrap_or(record.time),
        152 => record.time = millis(value).unwrap_or(record.time),
        154 | 156 => record.time = ntp(value).unwrap_or(record.time),
        158 => record.time = around.sent - (value as Time).saturating_mul(1_000).min(around.sent),
        160 => around.started = millis(value),
        323 if record.time == 0 => record.time = millis(value).unwrap_or(0),
        89 => record.denied |= value as u8 >> 6 == 2 || value as u8 == 2,
        233 => record.denied |= value == 3,
        34 | 50 | 305 if value > 0 => around.sampling = u32::try_from(value).ok(),
        306 => around.space = u32::try_from(value).unwrap_or(0),
        _ => {}
    }
}

/// What follows when all elements of a record are known.
pub(super) fn finish(record: &mut Record, around: &Around) {
    if record.time == 0 {
        let of_uptime = |first: u32| match (around.started, around.uptime) {
            (Some(started), _) => {
                around.sent - (around.sent - started - Time::from(first) * MILLISECOND).rem_euclid(ROUND)
            }
            (None, Some(uptime)) => around.sent - Time::from(uptime.wrapping_sub(first)) * MILLISECOND,
            (None, None) => around.sent,
        };
        record.time = around.first_uptime.map_or(around.sent, of_uptime);
    }
    if matches!(record.protocol, Some(1 | 58))
        && let Some(icmp) = around.icmp
    {
        (record.port, record.source_port) = (icmp, 0);
    }
}

fn v4(bytes: &[u8]) -> Option<Address> {
    bytes.first_chunk::<4>().filter(|_| bytes.len() == 4).map(|octets| Address::v4(*octets))
}

fn v6(bytes: &[u8]) -> Option<Address> {
    let octets = bytes.first_chunk::<16>().filter(|_| bytes.len() == 16)?;
    Some(std::net::IpAddr::from(std::net::Ipv6Addr::from(*octets)).to_canonical().into())
}

/// NTP's 32 bits of seconds and 32 of their fraction.
fn ntp(value: u64) -> Option<Time> {
    let seconds = Time::try_from((value >> 32).checked_sub(NTP)?).ok()?;
    let fraction = (value & 0xffff_ffff) as i64;
    Some(seconds * SECOND + ((fraction * SECOND) >> 32))
}
