//! Times of the week in which probes may be sent.

use std::fmt;

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// A window: days on which it begins, and its ends by the clock of a zone.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Window {
    /// Empty: every day.
    pub days: Vec<Weekday>,
    pub from: Time,
    /// Not later than `from`: of the next day.
    pub until: Time,
    pub zone: TimeZone,
}

impl Window {
    /// Whether it is open. The end is not in it.
    pub fn holds(&self, now: Timestamp) -> bool {
        let local = now.to_zoned_datetime(self.zone.clone()).datetime();
        let on = |day: Weekday| self.days.is_empty() || self.days.contains(&day);
        let (today, time) = (local.date(), local.time());
        if self.from < self.until {
            return on(today.weekday()) && self.from <= time && time < self.until;
        }
        let began_yesterday = today.checked_sub(1.day()).is_ok_and(|day| on(day.weekday()));
        on(today.weekday()) && self.from <= time || began_yesterday && time < self.until
    }
}

impl fmt::Display for Window {
    /// `mon,tue 20:00 to 06:00 Europe/Berlin`: what it says, whatever the tz database says of the zone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days: Vec<&str> =
            self.days.iter().map(|day| DAYS[day.to_monday_zero_offset() as usize % 7]).collect();
        let days = if days.is_empty() { "daily".to_owned() } else { days.join(",") };
        let clock = |time: Time| format!("{:02}:{:02}", time.hour(), time.minute());
        let zone = self.zone.iana_name().unwrap_or("UTC");
        write!(f, "{days} {} to {} {zone}", clock(self.from), clock(self.until))
    }
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// `mon` to `sun`.
pub(super) fn weekday(text: &str) -> Option<Weekday> {
    let place = DAYS.iter().position(|day| *day == text)?;
    Weekday::from_monday_zero_offset(place as i8).ok()
}

/// `20:00`, `24:00` for the end of the day.
pub(super) fn clock(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let two = |digits: &str| {
        (digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit()))
            .then(|| digits.parse::<i8>().ok())
            .flatten()
    };
    match (two(hour)?, two(minute)?) {
        (24, 0) => Some(Time::midnight()),
        (hour, minute) => Time::new(hour, minute, 0, 0).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(days: &[&str], from: &str, until: &str, zone: &str) -> Window {
        Window {
            days: days.iter().filter_map(|day| weekday(day)).collect(),
            from: clock(from).unwrap(),
            until: clock(until).unwrap(),
            zone: TimeZone::get(zone).unwrap(),
        }
    }

    fn holds(window: &Window, at: &str) -> bool {
        window.holds(at.parse().unwrap())
    }

    #[test]
    fn in_words() {
        assert_eq!(
            window(&["fri", "mon"], "20:00", "06:30", "Europe/Berlin").to_string(),
            "fri,mon 20:00 to 06:30 Europe/Berlin"
        );
        assert_eq!(window(&[], "00:00", "24:00", "UTC").to_string(), "daily 00:00 to 00:00 UTC");
    }

    #[test]
    fn by_day() {
        let work = window(&["mon", "tue"], "09:00", "17:00", "UTC");
        // 2026-11-23 is a Monday.
        assert!(holds(&work, "2026-11-23T09:00:00Z") && holds(&work, "2026-11-24T16:59:59Z"));
        assert!(!holds(&work, "2026-11-23T17:00:00Z") && !holds(&work, "2026-11-25T12:00:00Z"));
    }

    #[test]
    fn over_midnight_it_belongs_to_the_day_on_which_it_begins() {
        let night = window(&["fri"], "20:00", "06:00", "UTC");
        assert!(holds(&night, "2026-11-27T23:00:00Z") && holds(&night, "2026-11-28T05:59:00Z"));
        assert!(!holds(&night, "2026-11-27T05:00:00Z") && !holds(&night, "2026-11-28T20:00:00Z"));
        let day = window(&["fri"], "00:00", "24:00", "UTC");
        assert!(holds(&day, "2026-11-27T23:59:59Z") && !holds(&day, "2026-11-28T00:00:00Z"));
    }

    #[test]
    fn by_the_clock_of_its_zone() {
        let night = window(&[], "22:00", "23:00", "Europe/Berlin");
        assert!(holds(&night, "2026-11-23T21:30:00Z") && holds(&night, "2026-07-23T20:30:00Z"));
        assert!(!holds(&night, "2026-11-23T22:30:00Z"));
    }

    #[test]
    fn what_is_no_clock_is_none() {
        for text in ["8:00", "25:00", "24:01", "12", "12:60", "-1:00", "12:5", "+8:-0"] {
            assert!(clock(text).is_none(), "{text}");
        }
    }
}
