//! Times in the forms in which logs write them.

use super::field::number;
use watchpost_core::contact::{SECOND, Time};

/// Seconds since 1970 with any number of decimals: `1795422692.203898`.
#[inline]
pub fn epoch(text: &[u8]) -> Option<Time> {
    // Ten digits from 2001 to 2286.
    let point = match text.get(10) {
        Some(b'.') => 10,
        _ => text.iter().position(|byte| *byte == b'.').unwrap_or(text.len()),
    };
    let seconds: i64 = number::<u64>(&text[..point]).and_then(|s| i64::try_from(s).ok())?;
    let nanos = match text.get(point + 1..) {
        Some(decimals) => fraction(decimals)?,
        None => 0,
    };
    seconds.checked_mul(SECOND)?.checked_add(nanos)
}

/// Nanoseconds of decimals: `203898` is 203,898,000.
#[inline]
fn fraction(decimals: &[u8]) -> Option<i64> {
    if decimals.is_empty() {
        return Some(0);
    }
    let kept = &decimals[..decimals.len().min(9)];
    let value: u64 = number(kept)?;
    decimals[kept.len()..].iter().all(u8::is_ascii_digit).then_some(())?;
    Some(value as i64 * 10_i64.pow(9 - kept.len() as u32))
}

/// RFC 3339 and its kin: `2026-11-23T08:30:11.055681+0000`, with `T` or a blank, any number of decimals, an offset with or
/// without a colon, `Z`, or none; the second value says whether there was one.
pub fn iso(text: &[u8]) -> Option<(Time, bool)> {
    let date = text.get(..10)?;
    let (&between, rest) = text.get(10..)?.split_first()?;
    if !matches!(between, b'T' | b't' | b' ' | b'-') || date[4] != date[7] || !matches!(date[4], b'-' | b'/')
    {
        return None;
    }
    let (year, month, day) =
        (number::<u16>(&date[..4])?, number::<u8>(&date[5..7])?, number::<u8>(&date[8..])?);
    let (time, rest) = clock(rest)?;
    let (offset, told) = zone(rest)?;
    let days = days(i64::from(year), month, day)?;
    Some(((days * 86_400 - offset) * SECOND + time, told))
}

/// `08:30:11.055681`: nanoseconds of the day, and what stands behind.
pub fn clock(text: &[u8]) -> Option<(Time, &[u8])> {
    let at = text.get(..8)?;
    if at[2] != b':' || at[5] != b':' {
        return None;
    }
    let (hour, minute, second) = (number::<u8>(&at[..2])?, number::<u8>(&at[3..5])?, number::<u8>(&at[6..])?);
    // A leap second counts as the one before.
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let seconds = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second.min(59));
    let rest = &text[8..];
    let Some(decimals) = rest.strip_prefix(b".").or_else(|| rest.strip_prefix(b",")) else {
        return Some((seconds * SECOND, rest));
    };
    let length = decimals.iter().take_while(|byte| byte.is_ascii_digit()).count();
    Some((seconds * SECOND + fraction(&decimals[..length])?, &decimals[length..]))
}

/// Seconds east of UTC; whether it was told.
fn zone(text: &[u8]) -> Option<(i64, bool)> {
    let (sign, digits) = match text {
        [] => return Some((0, false)),
        b"Z" | b"z" => return Some((0, true)),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = match digits {
        [a, b, b':', c, d] | [a, b, c, d] => (number::<u8>(&[*a, *b])?, number::<u8>(&[*c, *d])?),
        [a, b] => (number::<u8>(&[*a, *b])?, 0),
        _ => return None,
    };
    (hours <= 23 && minutes <= 59)
        .then_some((sign * (i64::from(hours) * 3600 + i64::from(minutes) * 60), true))
}

/// Days from 1970-01-01 to a day of the Gregorian calendar.
pub fn days(year: i64, month: u8, day: u8) -> Option<i64> {
    const LENGTHS: [u8; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = LENGTHS.get(usize::from(month).checked_sub(1)?)? + u8::from(leap && month == 2);
    if day == 0 || day > length || !(1970..=2261).contains(&year) {
        return None;
    }
    // Months counted from March, so that the leap day is the year's last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let of_year = (153 * i64::from(month) + 2) / 5 + i64::from(day) - 1;
    Some(year * 365 + year / 4 - year / 100 + year / 400 + of_year - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn stamps_read_as_jiff_reads_them(seconds in 0_i64..9_000_000_000, nanos in 0_i64..SECOND) {
            let stamp = jiff::Timestamp::new(seconds, nanos as i32).unwrap();
            let time = seconds * SECOND + nanos;
            prop_assert_eq!(iso(stamp.to_string().as_bytes()), Some((time, true)));
            let east = stamp + jiff::SignedDuration::from_hours(5);
            let text = east.to_string().replace('Z', "+0500");
            prop_assert_eq!(iso(text.as_bytes()), Some((time, true)));
            prop_assert_eq!(epoch(format!("{seconds}.{nanos:09}").as_bytes()), Some(time));
        }

        #[test]
        fn no_bytes_panic(text in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = (iso(&text), epoch(&text), clock(&text));
        }
    }

    #[test]
    fn forms_and_what_is_none() {
        assert_eq!(iso(b"1970-01-02 00:00:01"), Some((86_401 * SECOND, false)));
        assert_eq!(iso(b"1970/01/01T00:00:00,5Z"), Some((SECOND / 2, true)));
        assert_eq!(iso(b"1970-01-01T01:00:00+01"), Some((0, true)));
        for bad in
            ["1970-02-29T00:00:00", "1970-01-01T24:00:00", "1970-13-01T00:00:00", "1969-12-31T00:00:00", "x"]
        {
            assert_eq!(iso(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(epoch(b"1.5"), Some(SECOND + SECOND / 2));
        assert_eq!((epoch(b"-1.5"), epoch(b"1.x"), epoch(b"")), (None, None, None));
    }
}
