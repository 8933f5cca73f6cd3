//! What stands before a message: the stamp in all forms in which syslog and its kin write it, the host, and the rest.
//!
//! RFC 5424, RFC 3164 (no year, no zone), ISO 8601, Cisco's stamps with a year, journald's JSON, `dmesg -T`, RouterOS,
//! Proxmox. A stamp without a year takes it from [`Assume`], and goes on into the next one where December is followed by
//! January. A line of the kernel's own buffer has only the time since boot: it has no date and gives none.

use std::borrow::Cow;

use jiff::civil::DateTime;
use memchr::{memchr, memmem};
use serde::Deserialize;

use crate::log::Assume;
use crate::log::field::number;
use crate::log::stamp::{clock, days, iso};
use watchpost_core::contact::{SECOND, Time};

/// When a line was written, as it says itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::log) enum Stamp {
    /// A moment.
    At(Time),
    /// Date and time of day of a zone that it does not name, as if of UTC.
    Local(Time),
    /// Month, day, nanoseconds of the day.
    NoYear(u8, u8, Time),
    /// Time since boot, or a form that is not known.
    None,
}

/// A line without what stands before its message.
#[derive(Debug)]
pub(in crate::log) struct Line<'a> {
    pub stamp: Stamp,
    /// What follows the host's name, or the stamp where there is no host.
    pub text: Cow<'a, [u8]>,
}

/// Of journald's JSON. Its messages are strings, or arrays of bytes where they are no UTF-8.
#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow, rename = "MESSAGE")]
    message: Option<Text<'a>>,
    #[serde(borrow, rename = "__REALTIME_TIMESTAMP")]
    realtime: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "_SOURCE_REALTIME_TIMESTAMP")]
    source: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Text<'a> {
    Words(#[serde(borrow)] Cow<'a, str>),
    Bytes(Vec<u8>),
}

/// Takes the header off.
pub(in crate::log) fn open(line: &[u8]) -> Line<'_> {
    if line.starts_with(b"{") {
        return journal(line).unwrap_or(Line { stamp: Stamp::None, text: Cow::Borrowed(line) });
    }
    let (stamp, rest) = header(line);
    if let Stamp::NoYear(..) = stamp {
        // A relay's stamp before the device's own, which may say more.
        let (own, inner) = header(rest);
        if let Stamp::At(_) | Stamp::Local(_) = own {
            return Line { stamp: own, text: Cow::Borrowed(inner) };
        }
    }
    Line { stamp, text: Cow::Borrowed(rest) }
}

fn journal(line: &[u8]) -> Option<Line<'_>> {
    let entry: Entry<'_> = serde_json::from_slice(line).ok()?;
    let text = match entry.message? {
        Text::Words(Cow::Borrowed(text)) => Cow::Borrowed(text.as_bytes()),
        Text::Words(Cow::Owned(text)) => Cow::Owned(text.into_bytes()),
        Text::Bytes(bytes) => Cow::Owned(bytes),
    };
    let micros = |text: Option<Cow<'_, str>>| number::<i64>(text?.as_bytes())?.checked_mul(1_000);
    let time = micros(entry.source).or_else(|| micros(entry.realtime));
    Some(Line { stamp: time.map_or(Stamp::None, Stamp::At), text })
}

/// The stamp of a line, and what follows it and the host.
fn header(line: &[u8]) -> (Stamp, &[u8]) {
    let mut rest = line;
    if let Some(inner) = rest.strip_prefix(b"<")
        && let Some(end) = memchr(b'>', &inner[..inner.len().min(4)])
        && number::<u16>(&inner[..end]).is_some()
    {
        rest = &inner[end + 1..];
    }
    if let Some(five) = rest.strip_prefix(b"1 ") {
        let (stamp, after) = word(five);
        if let Some((stamp, b"")) = of_iso(stamp) {
            return (stamp, word(after).1);
        }
    }
    // Cisco counts its messages, and marks clocks that are not set.
    let counted = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if counted > 0 && rest[counted..].starts_with(b": ") {
        rest = &rest[counted + 2..];
    }
    rest = rest.strip_prefix(b"*").or_else(|| rest.strip_prefix(b".")).unwrap_or(rest);
    let opened = rest.strip_prefix(b"[").unwrap_or(rest);
    let found = of_iso(opened).or_else(|| by_name(opened)).or_else(|| router_os(opened));
    let Some((stamp, after)) = found else { return proxmox(rest).unwrap_or((Stamp::None, rest)) };
    match after.first() {
        // The host's name; where there is none, it is a word of a message that has others.
        Some(b' ') => (stamp, word(after.trim_ascii_start()).1),
        Some(b':' | b']') => (stamp, after[1..].trim_ascii_start()),
        _ => (stamp, after),
    }
}

/// The first word, and what follows it.
pub(super) fn word(text: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr(b' ', text).unwrap_or(text.len());
    (&text[..end], text[end..].trim_ascii_start())
}

/// `2025-11-06T11:32:42.868451+00:00`; with a blank for the `T` an offset may come behind another.
fn of_iso(text: &[u8]) -> Option<(Stamp, &[u8])> {
    if text.len() < 19 || !text[0].is_ascii_digit() {
        return None;
    }
    let end = 11 + text[11..].iter().position(|b| matches!(b, b' ' | b']' | b',')).unwrap_or(text.len() - 11);
    let (text, after) = text.split_at(end);
    let (time, told) = iso(text.strip_suffix(b":").unwrap_or(text))?;
    Some((if told { Stamp::At(time) } else { Stamp::Local(time) }, after))
}

/// A stamp by itself: with the month's name, or ISO 8601.
pub(in crate::log) fn stamp(text: &[u8]) -> Stamp {
    of_iso(text).or_else(|| by_name(text)).map_or(Stamp::None, |(stamp, _)| stamp)
}

/// Stamps with the month's name: `Jun  8 14:34:33`, `Jun 8 2025 14:34:33 UTC`, `Jun 8 14:34:33 2025`,
/// `Sun Jun  8 14:34:33 2025`.
fn by_name(text: &[u8]) -> Option<(Stamp, &[u8])> {
    const DAYS: [&[u8]; 7] = [b"Mon ", b"Tue ", b"Wed ", b"Thu ", b"Fri ", b"Sat ", b"Sun "];
    let text = DAYS.iter().find_map(|day| text.strip_prefix(*day)).unwrap_or(text);
    let month = month(text.get(..3)?)?;
    let (day, rest) = word(text[3..].strip_prefix(b" ")?.trim_ascii_start());
    let day = number::<u8>(day)?;
    let (first, after) = word(rest);
    let (year, rest) = match number::<u16>(first) {
        Some(year) if first.len() == 4 => (Some(year), after),
        _ => (None, rest),
    };
    let (time, rest) = clock(rest)?;
    let behind = rest.get(1..5).and_then(number::<u16>);
    let ends = rest.get(5).is_none_or(|byte| matches!(byte, b' ' | b']' | b':'));
    let (year, rest) = match (year, behind) {
        (None, Some(found)) if ends && rest[0] == b' ' => (Some(found), &rest[5..]),
        _ => (year, rest),
    };
    for utc in [b" UTC".as_slice(), b" GMT", b"Z"] {
        if let (Some(rest), Some(year)) = (rest.strip_prefix(utc), year) {
            return Some((Stamp::At(civil(year, month, day, time)?), rest));
        }
    }
    Some((of(year, month, day, time)?, rest))
}

/// `mar/18 20:35:05` and `mar/18/2023 20:35:05`.
fn router_os(text: &[u8]) -> Option<(Stamp, &[u8])> {
    let month = month(text.get(..3)?)?;
    let day = number::<u8>(text.get(4..6)?)?;
    if text[3] != b'/' {
        return None;
    }
    let (year, rest) = match text.get(6..)? {
        [b'/', rest @ ..] => (Some(number::<u16>(rest.get(..4)?)?), rest.get(4..)?),
        rest => (None, rest),
    };
    let (time, rest) = clock(rest.strip_prefix(b" ")?)?;
    // What follows are topics, not a host.
    Some((of(year, month, day, time)?, rest.trim_ascii_start()))
}

/// `101 1 tap101i0-IN 20/Jun/2022:13:12:46 +0200 `: the guest, the level, the chain; what follows is the rest.
fn proxmox(line: &[u8]) -> Option<(Stamp, &[u8])> {
    let at = memmem::find(&line[..line.len().min(96)], b"/")?;
    let from = line.get(at.checked_sub(2)?..)?;
    let (day, month, year) =
        (number::<u8>(&from[..2])?, month(from.get(3..6)?)?, number::<u16>(from.get(7..11)?)?);
    if from[6] != b'/' || from.get(11)? != &b':' {
        return None;
    }
    let (time, rest) = clock(&from[12..])?;
    let local = civil(year, month, day, time)?;
    let (offset, after) = word(rest.strip_prefix(b" ")?);
    let minutes = match offset {
        [sign @ (b'+' | b'-'), h @ .., m1, m2] if h.len() == 2 => {
            let minutes = i64::from(number::<u8>(h)?) * 60 + i64::from(number::<u8>(&[*m1, *m2])?);
            if *sign == b'-' { -minutes } else { minutes }
        }
        _ => return Some((Stamp::Local(local), rest.trim_ascii_start())),
    };
    Some((Stamp::At(local - minutes * 60 * SECOND), after))
}

fn month(name: &[u8]) -> Option<u8> {
    const NAMES: [&[u8]; 12] =
        [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];
    NAMES.iter().zip(1..).find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, month)| month)
}

fn civil(year: u16, month: u8, day: u8, time: Time) -> Option<Time> {
    Some(days(i64::from(year), month, day)? * 86_400 * SECOND + time)
}

fn of(year: Option<u16>, month: u8, day: u8, time: Time) -> Option<Stamp> {
    match year {
        Some(year) => civil(year, month, day, time).map(Stamp::Local),
        // Of a leap year, for the day may be the 29th of February.
        None => days(2000, month, day).map(|_| Stamp::NoYear(month, day, time)),
    }
}

/// Makes times of stamps, and remembers what it had to assume.
#[derive(Debug)]
pub(in crate::log) struct Clock {
    assume: Assume,
    month: u8,
    passed: i16,
    year_assumed: bool,
    zone_assumed: bool,
}

impl Clock {
    pub fn new(assume: &Assume) -> Self {
        Self { assume: assume.clone(), month: 0, passed: 0, year_assumed: false, zone_assumed: false }
    }

    /// # Errors
    /// It has no year and none was given, or no date at all.
    pub fn time(&mut self, stamp: Stamp) -> Result<Time, &'static str> {
        match stamp {
            Stamp::At(time) => Ok(time),
            Stamp::Local(local) => self.of_zone(local),
            Stamp::NoYear(month, day, time) => {
                let year = self.assume.year.ok_or("its stamp has no year: give --year")?;
                match (self.month, month) {
                    (12, 1) => self.passed += 1,
                    (1, 12) => self.passed -= 1,
                    _ => {}
                }
                self.month = month;
                self.year_assumed = true;
                let days = days(i64::from(year.saturating_add(self.passed)), month, day)
                    .ok_or("its day is none of that year")?;
                self.of_zone(days * 86_400 * SECOND + time)
            }
            Stamp::None => Err("its stamp has no date"),
        }
    }

    fn of_zone(&mut self, local: Time) -> Result<Time, &'static str> {
        self.zone_assumed = true;
        let Some(zone) = &self.assume.zone else { return Ok(local) };
        let in_zone = || {
            let as_utc = jiff::Timestamp::from_nanosecond(i128::from(local)).ok()?;
            let civil: DateTime = jiff::tz::TimeZone::UTC.to_datetime(as_utc);
            let time = zone.to_timestamp(civil).ok()?;
            Time::try_from(time.as_nanosecond()).ok()
        };
        in_zone().ok_or("its time is none of that zone")
    }

    /// In words.
    pub fn assumed(&self) -> Vec<String> {
        let mut said = Vec::new();
        if let (true, Some(year)) = (self.year_assumed, self.assume.year) {
            said.push(format!("the first stamps are of the year {year}: the log names none (--year)"));
        }
        if self.zone_assumed {
            let named = |zone: &jiff::tz::TimeZone| match zone.iana_name() {
                Some(name) => name.to_owned(),
                None => {
                    zone.to_fixed_offset().map_or_else(|_| "another zone".into(), |offset| offset.to_string())
                }
            };
            let zone = self.assume.zone.as_ref().map_or_else(|| "UTC".to_owned(), named);
            said.push(format!("stamps are {zone}: the log names no zone (--tz)"));
        }
        said
    }
}

#[cfg(test)]
#[path = "syslog_tests.rs"]
mod tests;
