//! Times in the form that a map names.

use jiff::fmt::strtime::BrokenDownTime;

use super::super::field::number;
use super::super::firewall::syslog::{self, Stamp};
use super::super::stamp::iso;
use watchpost_core::contact::{SECOND, Time};

/// How times are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimeForm {
    /// By what it looks like: a number since 1970 in seconds, milliseconds, microseconds or nanoseconds by its size, ISO
    /// 8601, or with the month's name.
    Auto,
    /// A number since 1970, in units of so many nanoseconds; decimals are read.
    Since(i64),
    /// RFC 3339 and ISO 8601, with or without an offset.
    Iso,
    /// As of strptime.
    Pattern(String),
}

/// The names of forms, beside patterns.
pub const FORMS: [&str; 6] = ["auto", "seconds", "milliseconds", "microseconds", "nanoseconds", "rfc3339"];

impl TimeForm {
    /// The form of a name, or of a pattern.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn named(text: &str) -> Result<Self, String> {
        Ok(match text {
            "auto" => Self::Auto,
            "seconds" => Self::Since(SECOND),
            "milliseconds" => Self::Since(1_000_000),
            "microseconds" => Self::Since(1_000),
            "nanoseconds" => Self::Since(1),
            "rfc3339" => Self::Iso,
            pattern if pattern.contains('%') => {
                check(pattern)?;
                Self::Pattern(pattern.to_owned())
            }
            _ => return Err("it is neither a form's name nor a pattern with `%`".to_owned()),
        })
    }

    /// The moment, as far as it is told.
    pub(super) fn read(&self, text: &[u8]) -> Stamp {
        match self {
            Self::Auto => auto(text),
            Self::Since(unit) => since(text, *unit).map_or(Stamp::None, Stamp::At),
            Self::Iso => of_iso(text),
            Self::Pattern(pattern) => BrokenDownTime::parse(pattern.as_bytes(), text)
                .ok()
                .and_then(|parts| moment(&parts))
                .unwrap_or(Stamp::None),
        }
    }
}

/// A pattern that reads what it writes, to the second.
fn check(pattern: &str) -> Result<(), String> {
    // The 23rd of November 2025, a Sunday, 14:05:09 in UTC.
    let zoned = jiff::Timestamp::constant(1_763_906_709, 0).to_zoned_datetime(jiff::tz::TimeZone::UTC);
    let said = |error: jiff::Error| error.to_string();
    let text = BrokenDownTime::from(&zoned).to_string(pattern).map_err(said)?;
    let parts = BrokenDownTime::parse(pattern, &text).map_err(said)?;
    if parts.timestamp().is_none() && parts.hour().is_none() {
        return Err("it has no time of day".to_owned());
    }
    moment(&parts).map(|_| ()).ok_or_else(|| "it has no day, or no month".to_owned())
}

fn moment(parts: &BrokenDownTime) -> Option<Stamp> {
    let nanos = |stamp: jiff::Timestamp| Time::try_from(stamp.as_nanosecond()).ok();
    if let Some(stamp) = parts.timestamp() {
        return nanos(stamp).map(Stamp::At);
    }
    if parts.year().is_none()
        && let (Some(month), Some(day)) = (parts.month(), parts.day())
    {
        let time = parts.to_time().ok()?;
        let seconds =
            i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second());
        let time = seconds * SECOND + i64::from(time.subsec_nanosecond());
        return Some(Stamp::NoYear(u8::try_from(month).ok()?, u8::try_from(day).ok()?, time));
    }
    if parts.offset().is_some() {
        return nanos(parts.to_timestamp().ok()?).map(Stamp::At);
    }
    let civil = parts.to_datetime().ok()?;
    nanos(jiff::tz::TimeZone::UTC.to_timestamp(civil).ok()?).map(Stamp::Local)
}

fn of_iso(text: &[u8]) -> Stamp {
    match iso(text) {
        Some((time, true)) => Stamp::At(time),
        Some((time, false)) => Stamp::Local(time),
        None => Stamp::None,
    }
}

fn auto(text: &[u8]) -> Stamp {
    let whole = text.iter().position(|byte| *byte == b'.').unwrap_or(text.len());
    let unit = match number::<u64>(&text[..whole]) {
        // Seconds do not reach this before the year 5000, and so on.
        Some(0..100_000_000_000) => SECOND,
        Some(..100_000_000_000_000) => 1_000_000,
        Some(..100_000_000_000_000_000) => 1_000,
        Some(_) => 1,
        None => {
            return match of_iso(text) {
                Stamp::None => syslog::stamp(text),
                stamp => stamp,
            };
        }
    };
    since(text, unit).map_or(Stamp::None, Stamp::At)
}

/// A number with any decimals, in units of so many nanoseconds.
pub(super) fn since(text: &[u8], unit: i64) -> Option<Time> {
    let (whole, decimals) = match text.iter().position(|byte| *byte == b'.') {
        Some(point) => (&text[..point], &text[point + 1..]),
        None => (text, &[][..]),
    };
    if !decimals.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let kept = &decimals[..decimals.len().min(9)];
    let part = match kept {
        [] => 0,
        _ => number::<i64>(kept)?.checked_mul(unit)? / 10_i64.pow(kept.len() as u32),
    };
    number::<i64>(whole)?.checked_mul(unit)?.checked_add(part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOON: Time = 1_749_384_000 * SECOND;

    fn read(form: &str, text: &str) -> Stamp {
        TimeForm::named(form).unwrap().read(text.as_bytes())
    }

    #[test]
    fn numbers_by_their_size_or_as_told() {
        for text in ["1749384000", "1749384000000", "1749384000000000", "1749384000000000000", "1749384000.0"]
        {
            assert_eq!(read("auto", text), Stamp::At(NOON), "{text}");
        }
        assert_eq!(read("milliseconds", "1749384000000.25"), Stamp::At(NOON + 250_000));
        assert_eq!(read("seconds", "1749384000.123456789123"), Stamp::At(NOON + 123_456_789));
        assert_eq!(
            (read("seconds", "-1"), read("seconds", "1.x"), read("auto", "")),
            (Stamp::None, Stamp::None, Stamp::None)
        );
    }

    #[test]
    fn written_stamps() {
        assert_eq!(read("auto", "2025-06-08T12:00:00Z"), Stamp::At(NOON));
        assert_eq!(read("rfc3339", "2025-06-08 12:00:00"), Stamp::Local(NOON));
        assert_eq!(read("auto", "Jun  8 12:00:00"), Stamp::NoYear(6, 8, 43_200 * SECOND));
        assert_eq!(read("%d/%m/%Y %H:%M:%S", "08/06/2025 12:00:00"), Stamp::Local(NOON));
        assert_eq!(read("%d/%b/%Y:%H:%M:%S %z", "08/Jun/2025:14:00:00 +0200"), Stamp::At(NOON));
        assert_eq!(read("%b %d %H:%M:%S", "Jun 08 12:00:00"), Stamp::NoYear(6, 8, 43_200 * SECOND));
        assert_eq!(read("%s", "1749384000"), Stamp::At(NOON));
        assert_eq!(read("%d/%m/%Y %H:%M:%S", "nonsense"), Stamp::None);
    }

    #[test]
    fn patterns_that_cannot_be_are_told() {
        for bad in ["epoch", "%!", "%Y-%m-%d", "%H:%M:%S", "%Y %H:%M"] {
            assert!(TimeForm::named(bad).is_err(), "{bad}");
        }
        for form in FORMS {
            TimeForm::named(form).unwrap();
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(text in proptest::collection::vec(any::<u8>(), 0..40), digits in "[0-9.]{0,30}") {
            for form in ["auto", "nanoseconds", "rfc3339", "%Y-%m-%dT%H:%M:%S%.f%z", "%s"] {
                let form = TimeForm::named(form).unwrap();
                let _ = (form.read(&text), form.read(digits.as_bytes()));
            }
        }
    }
}
