//! pcap: a file header, then records of a 16-byte header and a packet.
//!
//! The format has no marks between records, so one wrong length derails a reader. A header that contradicts itself or
//! its neighbours is therefore held against what follows it, and after damage reading goes on only at a chain of
//! sound records longer than any packet seen, so that a capture carried within a packet is not mistaken for this one
//! (unless it ends exactly where the packet does).
//!
//! Limit: a length that is wrong but possible swallows the packets under it, and only the next header shows it.
//!
//! Format: <https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-04.html>.

use super::resume::resume;
use super::round::Round;
use super::{MAX_CAPTURED, OpenError};
use crate::input::Window;
use crate::packet::LinkType;
use crate::report::Report;
use std::io::Read;
use watchpost_core::contact::{SECOND, Time};

const FILE_HEADER: usize = 24;
const MICROSECONDS: u32 = 0xa1b2_c3d4;
const NANOSECONDS: u32 = 0xa1b2_3c4d;
/// Alexey Kuznetzov's patched libpcap: 8 more bytes in each record header, behind the usual ones.
const MODIFIED: u32 = 0xa1b2_cd34;

/// How a file begins.
pub(super) const MAGICS: &[&[u8]] = &[
    &MICROSECONDS.to_le_bytes(),
    &MICROSECONDS.to_be_bytes(),
    &NANOSECONDS.to_le_bytes(),
    &NANOSECONDS.to_be_bytes(),
    &MODIFIED.to_le_bytes(),
    &MODIFIED.to_be_bytes(),
];

/// Packets this far apart, forwards or backwards, are looked at twice.
const NEAR: u64 = 86_400 * SECOND as u64;
/// Records this far apart are not taken for neighbours where the way is lost.
const PLAUSIBLE: u64 = 366 * NEAR;
/// No time yet: far from every time that a header can hold.
const NEVER: Time = Time::MIN;

/// Read four bytes late, a header shows its fraction as its seconds and can still be sound, and so can all that follow.
/// Where there is no time to hold it against, seconds must therefore be more than a fraction can be (2001).
const LARGEST_FRACTION: u32 = 999_999_999;
/// No network carries longer packets, with all offloading.
const MAX_ORIGINAL: u32 = 16 << 20;

/// So many sound records make a chain, if together they are longer than the largest record seen...
const CHAIN: usize = 4;
/// ...and so many do in any case.
const LONG_CHAIN: usize = 64;
/// A chain needs no more bytes than this.
const LOOKAHEAD: usize = (CHAIN + 1) * (MAX_CAPTURED + 24);

pub(crate) struct Pcap {
    swapped: bool,
    /// Bytes of a record header.
    header: usize,
    /// Nanoseconds in a unit of the fraction of a second.
    unit: u32,
    link: LinkType,
    /// Time of the last record read.
    last: Time,
    /// Bytes of the largest record read.
    largest: usize,
}

/// A record's header.
#[derive(Clone, Copy)]
struct Record {
    seconds: u32,
    fraction: u32,
    captured: u32,
    original: u32,
}

/// Why a batch ended.
enum Stop {
    /// Enough packets were read.
    Enough,
    /// So many bytes are needed for the next record.
    Needs(usize),
    /// The next header contradicts itself or its neighbours.
    Doubtful(Record),
}

impl Pcap {
    /// Reads the file header; none if it is no pcap.
    pub fn open<R: Read>(window: &mut Window<R>, report: &mut Report) -> Result<Option<Self>, OpenError> {
        let Some(magic) = window.bytes().first_chunk::<4>() else { return Ok(None) };
        let (magic, swapped) = match (u32::from_le_bytes(*magic), u32::from_be_bytes(*magic)) {
            (magic @ (MICROSECONDS | NANOSECONDS | MODIFIED), _) => (magic, false),
            (_, magic @ (MICROSECONDS | NANOSECONDS | MODIFIED)) => (magic, true),
            _ => return Ok(None),
        };
        window.need(FILE_HEADER);
        let Some(bytes) = window.bytes().first_chunk::<FILE_HEADER>() else {
            let there = window.bytes().len();
            return Err(OpenError::Header(format!(
                "a pcap file header has {FILE_HEADER} bytes, {there} are there"
            )));
        };
        let mut link = [bytes[20], bytes[21]];
        if swapped {
            link = [bytes[23], bytes[22]];
        }
        // The upper half of the field holds lengths of frame check sequences.
        let link = LinkType(u16::from_le_bytes(link));
        window.advance(FILE_HEADER);
        report.announces(link);
        Ok(Some(Self {
            swapped,
            header: if magic == MODIFIED { 24 } else { 16 },
            unit: if magic == NANOSECONDS { 1 } else { 1_000 },
            link,
            last: NEVER,
            largest: 0,
        }))
    }

    /// Reads until the round is full; false at the end.
    pub fn fill<R: Read>(&mut self, window: &mut Window<R>, round: &mut Round<'_>) -> bool {
        let mut trusted = false;
        loop {
            let (consumed, stop) = self.batch(window.bytes(), window.offset(), round, trusted);
            trusted = false;
            window.advance(consumed);
            let what = match stop {
                Stop::Enough => return true,
                Stop::Needs(count) if window.need(count) => continue,
                Stop::Needs(_) if window.bytes().is_empty() => return false,
                Stop::Needs(count) => self.cut_off(count, window.bytes().len()),
                Stop::Doubtful(record) if self.vouched_for(record, window) => {
                    trusted = true;
                    continue;
                }
                Stop::Doubtful(record) => self.contradiction(record),
            };
            let is_sure = |bytes: &[u8], ended| self.chain(bytes, ended);
            if !resume(window, round.report, what, LOOKAHEAD, is_sure) {
                return false;
            }
        }
    }

    /// Reads the records that lie whole in `bytes`, and says how many bytes that were and why it stopped.
    /// The first is not doubted if it is `trusted`.
    fn batch(
        &mut self,
        bytes: &[u8],
        offset: u64,
        round: &mut Round<'_>,
        mut trusted: bool,
    ) -> (usize, Stop) {
        let mut at = 0;
        loop {
            if round.left == 0 {
                return (at, Stop::Enough);
            }
            let rest = &bytes[at..];
            let Some(record) = self.record(rest) else { return (at, Stop::Needs(self.header)) };
            let time = self.time(record);
            if !(trusted || self.agrees(record, time)) {
                return (at, Stop::Doubtful(record));
            }
            trusted = false;
            let end = self.header + record.captured as usize;
            let Some(packet) = rest.get(self.header..end) else { return (at, Stop::Needs(end)) };
            round.packet(self.link, time, packet, record.original, offset + at as u64);
            self.last = time;
            self.largest = self.largest.max(end);
            at += end;
        }
    }

    #[inline]
    fn record(&self, bytes: &[u8]) -> Option<Record> {
        let bytes = bytes.get(..self.header)?.first_chunk::<16>()?;
        let number = |at: usize| {
            let number = u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
            if self.swapped { number.swap_bytes() } else { number }
        };
        Some(Record { seconds: number(0), fraction: number(4), captured: number(8), original: number(12) })
    }

    #[inline]
    fn time(&self, record: Record) -> Time {
        // At most 4.3e18 + 4.3e12, which fits.
        Time::from(record.seconds) * SECOND + Time::from(record.fraction) * Time::from(self.unit)
    }

    /// Whether a header agrees with itself and with the record before it.
    #[inline]
    fn agrees(&self, record: Record, time: Time) -> bool {
        self.is_possible(record) && distance(time, self.last) <= NEAR
    }

    /// Possible by itself, and not all zeros as a hole in a file is.
    fn is_sound(&self, record: Record) -> bool {
        record.captured != 0 && self.is_possible(record)
    }

    #[inline]
    fn is_possible(&self, record: Record) -> bool {
        record.captured <= record.original
            && record.captured as usize <= MAX_CAPTURED
            && u64::from(record.fraction) * u64::from(self.unit) < SECOND as u64
    }

    /// Whether a doubtful header is to be believed after all. Writers exist that count nanoseconds in a file of
    /// microseconds, that state too small an original length, and captures are joined across years: what follows decides.
    fn vouched_for<R: Read>(&self, record: Record, window: &mut Window<R>) -> bool {
        let length = record.captured as usize;
        if length > MAX_CAPTURED || i64::from(record.fraction) >= SECOND {
            return false;
        }
        let sound = self.is_sound(record);
        if self.last == NEVER && self.is_possible(record) && (sound || record.seconds > 0) {
            return true;
        }
        let end = self.header + length;
        window.need(end + self.header);
        let Some(rest) = window.bytes().get(end..) else { return sound };
        let Some(next) = self.record(rest) else {
            return if rest.is_empty() { length > 0 || self.is_near(record) } else { sound };
        };
        let time = self.time(next);
        let near = distance(time, self.last) <= PLAUSIBLE
            || (length > 0 && distance(time, self.time(record)) <= PLAUSIBLE);
        next.captured as usize <= MAX_CAPTURED && i64::from(next.fraction) < SECOND && near
    }

    fn is_near(&self, record: Record) -> bool {
        distance(self.time(record), self.last) <= NEAR
    }

    /// Whether sound records follow one another from the first of `bytes`, far enough to exclude chance.
    fn chain(&self, bytes: &[u8], ended: bool) -> bool {
        let mut at = 0;
        let mut previous = self.last;
        for count in 0.. {
            if (count >= CHAIN && at > self.largest) || count >= LONG_CHAIN {
                return true;
            }
            if at == bytes.len() {
                // One record that ends where the file does is sure only if its time is.
                return ended && count >= if self.last == NEVER { CHAIN } else { 1 };
            }
            let Some(record) = self.record(&bytes[at..]) else { return ended && count >= CHAIN };
            let time = self.time(record);
            let timely = match previous {
                NEVER => record.seconds > LARGEST_FRACTION,
                previous => distance(time, previous) <= PLAUSIBLE,
            };
            if !self.is_sound(record) || record.original > MAX_ORIGINAL || !timely {
                return false;
            }
            previous = time;
            at += self.header + record.captured as usize;
            if at > bytes.len() {
                return ended && count >= CHAIN;
            }
        }
        false
    }

    fn cut_off(&self, needed: usize, there: usize) -> String {
        if needed > self.header {
            format!("cut off: a record of {needed} bytes, {there} are there")
        } else {
            format!("cut off: a record header of {needed} bytes, {there} are there")
        }
    }

    fn contradiction(&self, record: Record) -> String {
        let Record { seconds, fraction, captured, original } = record;
        if captured as usize > MAX_CAPTURED {
            format!("the record header says {captured} bytes, a packet has at most {MAX_CAPTURED}")
        } else if u64::from(fraction) * u64::from(self.unit) >= SECOND as u64 {
            format!("the record header says {fraction} as the fraction of a second")
        } else if captured > original {
            format!("the record header says {captured} bytes of a packet of {original}")
        } else {
            format!("the record header says {seconds} seconds since 1970, far from the packet before")
        }
    }
}

fn distance(one: Time, other: Time) -> u64 {
    one.wrapping_sub(other).unsigned_abs()
}
