//! A pcapng interface: which packets it gives, and how it counts time.

use crate::packet::LinkType;
use watchpost_core::contact::{SECOND, Time};

/// More interfaces than this in one section are passed over.
pub(super) const MAX: usize = 65_536;

const END: u16 = 0;
const RESOLUTION: u16 = 9;
const OFFSET: u16 = 14;

pub(super) struct Interface {
    pub link: LinkType,
    /// The most bytes that it captures of a packet; 0 is no limit.
    snap_len: u32,
    clock: Clock,
    /// Seconds to add to every time.
    offset: i64,
}

/// What a tick is.
enum Clock {
    /// So many nanoseconds.
    Times(u64),
    /// One so-many-th of a nanosecond.
    Parts(u64),
    /// Two to the power of minus so many seconds.
    Halvings(u8),
}

impl Interface {
    /// From the body of its block: link type, two bytes, snap length, options. Options that are cut off or have the
    /// wrong length are passed over.
    pub fn read(body: &[u8], swapped: bool) -> Self {
        let short =
            |bytes: [u8; 2]| if swapped { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) };
        let long =
            |bytes: [u8; 4]| if swapped { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) };
        let mut interface = Self { link: LinkType(0), snap_len: 0, clock: Clock::Times(1_000), offset: 0 };
        let Some((header, mut options)) = body.split_first_chunk::<8>() else { return interface };
        interface.link = LinkType(short([header[0], header[1]]));
        interface.snap_len = long([header[4], header[5], header[6], header[7]]);
        while let Some(([a, b, c, d], rest)) = options.split_first_chunk::<4>() {
            let (code, length) = (short([*a, *b]), usize::from(short([*c, *d])));
            match (code, rest.get(..length)) {
                (END, _) | (_, None) => break,
                (RESOLUTION, Some([resolution])) => interface.clock = Clock::read(*resolution),
                (OFFSET, Some(bytes)) if let Ok(bytes) = <[u8; 8]>::try_from(bytes) => {
                    interface.offset =
                        if swapped { i64::from_be_bytes(bytes) } else { i64::from_le_bytes(bytes) };
                }
                _ => {}
            }
            options = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        }
        interface
    }

    /// The time of `ticks`; what does not fit stops at the last time that does.
    #[inline]
    pub fn time(&self, ticks: u64) -> Time {
        let since = match self.clock {
            Clock::Times(nanoseconds) => ticks.saturating_mul(nanoseconds),
            Clock::Parts(parts) => ticks / parts,
            Clock::Halvings(power) => {
                u64::try_from((u128::from(ticks) * SECOND as u128) >> power).unwrap_or(u64::MAX)
            }
        };
        Time::try_from(since).unwrap_or(Time::MAX).saturating_add(self.offset.saturating_mul(SECOND))
    }

    /// How many bytes of a packet of `original` it captures.
    pub fn limit(&self, original: u32) -> u32 {
        if self.snap_len == 0 { original } else { original.min(self.snap_len) }
    }
}

impl Clock {
    /// From the option's byte: a negative power of ten, or of two if the highest bit is set.
    fn read(resolution: u8) -> Self {
        let power = u32::from(resolution & 0x7f);
        if resolution & 0x80 != 0 {
            Self::Halvings(resolution & 0x7f)
        } else if power <= 9 {
            Self::Times(10_u64.pow(9 - power))
        } else {
            Self::Parts(10_u64.checked_pow(power - 9).unwrap_or(u64::MAX))
        }
    }
}
