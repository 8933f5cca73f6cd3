//! Numbers, times and durations as people read them.

use jiff::Timestamp;
use watchpost_core::record::{Count, Stamp};

use super::style::TIE;

/// A number and its unit, which no line break parts.
fn tied(text: impl AsRef<str>) -> String {
    text.as_ref().replace(' ', &TIE.to_string())
}

/// `3525240` as `3,525,240`.
pub fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3 + 1);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 host`, `2 hosts`.
pub fn plural(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(count), if count == 1 { one } else { many })
}

/// A count, with `≥` where state was evicted and `≈` where it is an estimate.
pub fn count(count: Count, at_least: bool) -> String {
    let mark = match (at_least, count.exact) {
        (true, _) => "≥",
        (false, false) => "≈",
        (false, true) => "",
    };
    format!("{mark}{}", number(count.count))
}

/// Seconds as `12 ms`, `4.5 s`, `3 min 20 s`, `3 h 12 min`, `5 d 2 h`.
pub fn duration(seconds: f64) -> String {
    let two = |whole: u64, of: u64, big: &str, small: &str| match whole % of {
        0 => format!("{} {big}", number(whole / of)),
        rest => format!("{} {big} {rest} {small}", number(whole / of)),
    };
    tied(match seconds {
        s if s < 0.000_95 => format!("{:.0} µs", s * 1e6),
        s if s < 0.0095 => format!("{} ms", trimmed(s * 1e3)),
        s if s < 0.95 => format!("{:.0} ms", s * 1e3),
        s if s < 9.95 => format!("{} s", trimmed(s)),
        s if s < 119.5 => format!("{s:.0} s"),
        s if s < 600.0 => two(s.round() as u64, 60, "min", "s"),
        s if s < 7200.0 - 30.0 => format!("{:.0} min", s / 60.0),
        s if s < 172_800.0 => two((s / 60.0).round() as u64, 60, "h", "min"),
        s => two((s / 3600.0).round() as u64, 24, "d", "h"),
    })
}

/// Seconds in one unit, for where there is little room: `800 ms`, `3 min`, `3 h`, `12 d`.
pub fn coarse(seconds: f64) -> String {
    tied(match seconds {
        s if s < 119.5 => return duration(s),
        s if s < 7200.0 - 30.0 => format!("{:.0} min", s / 60.0),
        s if s < 172_800.0 => format!("{:.0} h", s / 3600.0),
        s => format!("{} d", number((s / 86_400.0).round() as u64)),
    })
}

/// One decimal, and none where it would be zero.
fn trimmed(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

/// Events a second as `2,000/s`, `0.5/s`, or, where that is slow, `one every 6 h`.
pub fn rate(per_second: f64) -> String {
    match per_second {
        r if r >= 9.95 => format!("{}/s", number(r.round() as u64)),
        r if r >= 0.2 => format!("{}/s", trimmed(r)),
        r if r > 0.0 => format!("one every {}", duration(1.0 / r)),
        _ => "not measurable".to_owned(),
    }
}

/// A share as `71 %`; never `100 %` or `0 %` for what is not quite so.
pub fn percent(share: f64) -> String {
    tied(match share * 100.0 {
        p if p >= 100.0 => "100 %".to_owned(),
        p if p > 99.0 => "over 99 %".to_owned(),
        p if p >= 9.95 => format!("{p:.0} %"),
        p if p >= 0.1 => format!("{} %", trimmed(p)),
        p if p > 0.0 => "under 0.1 %".to_owned(),
        _ => "0 %".to_owned(),
    })
}

/// How sure a verdict is, in words: `99.2 % sure`.
pub fn sure(confidence: f64) -> String {
    match confidence {
        c if c >= 0.9999 => format!("over 99.99{TIE}% sure"),
        // Rounded down: what is not certain never reads 100.
        c => format!("{:.1}{TIE}% sure", (c * 1000.0).floor() / 10.0),
    }
}

/// Bytes as `512 MiB`.
pub fn bytes(value: u64) -> String {
    const UNITS: [&str; 5] = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    let power = (value.max(1).ilog2() / 10).min(4);
    tied(format!("{} {}", trimmed(value as f64 / 1024f64.powi(power as i32)), UNITS[power as usize]))
}

/// The day of a stamp: `2026-11-23`.
pub fn day(stamp: &Stamp) -> &str {
    stamp.0.get(..10).unwrap_or(&stamp.0)
}

/// The time of day of a stamp, to the second: `14:02:11`.
pub fn clock(stamp: &Stamp) -> &str {
    stamp.0.get(11..19).unwrap_or(&stamp.0)
}

/// Two stamps as `2026-11-23 14:02:11 to 17:14:40 UTC`; the second day only where it is another one.
pub fn span(start: &Stamp, end: &Stamp) -> String {
    let from = format!("{} {}", day(start), clock(start));
    match (day(start) == day(end), clock(start) == clock(end)) {
        (true, true) => format!("{from} UTC"),
        (true, false) => format!("{from} to {} UTC", clock(end)),
        (false, _) => format!("{from} to {} {} UTC", day(end), clock(end)),
    }
}

/// Seconds between two stamps; 0 where one is no time.
pub fn seconds(start: &Stamp, end: &Stamp) -> f64 {
    let parse = |stamp: &Stamp| stamp.0.parse::<Timestamp>().ok();
    match (parse(start), parse(end)) {
        (Some(start), Some(end)) => end.duration_since(start).as_secs_f64().max(0.0),
        _ => 0.0,
    }
}

/// `a`, `a and b`, `a, b and c`.
pub fn and(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn untied(text: String) -> String {
        text.replace(TIE, " ")
    }

    #[test]
    fn numbers_and_shares() {
        let (percent, bytes) = (|share| untied(percent(share)), |value| untied(bytes(value)));
        assert_eq!([0, 999, 1000, 3_525_240].map(number), ["0", "999", "1,000", "3,525,240"]);
        assert_eq!(
            [1.0, 0.999, 0.707, 0.034, 0.0001, 0.0].map(percent),
            ["100 %", "over 99 %", "71 %", "3.4 %", "under 0.1 %", "0 %"]
        );
        assert_eq!([512 << 20, 3 << 29, 12, 5 << 40].map(bytes), ["512 MiB", "1.5 GiB", "12 bytes", "5 TiB"]);
    }

    #[test]
    fn nothing_is_quite_certain() {
        let told = [0.992, 0.999_89, 1.0].map(|confidence| untied(sure(confidence)));
        assert_eq!(told, ["99.2 % sure", "99.9 % sure", "over 99.99 % sure"]);
    }

    #[test]
    fn durations_and_rates() {
        let (duration, rate) = (|s| untied(duration(s)), |r| untied(rate(r)));
        let told = [0.000_5, 0.012, 0.8, 4.5, 61.0, 200.0, 1800.0, 11_520.0, 7200.0, 439_200.0].map(duration);
        assert_eq!(
            told,
            [
                "500 µs",
                "12 ms",
                "800 ms",
                "4.5 s",
                "61 s",
                "3 min 20 s",
                "30 min",
                "3 h 12 min",
                "2 h",
                "5 d 2 h"
            ]
        );
        let coarse = [0.8, 200.0, 11_520.0, 1_000_000.0].map(|seconds| untied(coarse(seconds)));
        assert_eq!(coarse, ["800 ms", "3 min", "3 h", "12 d"]);
        assert_eq!(
            [2000.4, 12.0, 0.5, 1.0 / 21_600.0].map(rate),
            ["2,000/s", "12/s", "0.5/s", "one every 6 h"]
        );
    }

    #[test]
    fn spans_name_the_day_once() {
        let [a, b, c] = [0, 5_000_000_000, 90_000_000_000_000].map(Stamp::from);
        assert_eq!(span(&a, &b), "1970-01-01 00:00:00 to 00:00:05 UTC");
        assert_eq!(span(&a, &c), "1970-01-01 00:00:00 to 1970-01-02 01:00:00 UTC");
        assert_eq!(span(&a, &a), "1970-01-01 00:00:00 UTC");
        assert_eq!(seconds(&a, &b), 5.0);
    }
}
