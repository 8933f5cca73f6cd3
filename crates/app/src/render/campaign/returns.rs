//! Who came back, in few words.

use watchpost_core::record::{Campaign, FollowUp};

use crate::render::clean::clean;
use crate::render::words::{and, clock, day, number, plural};

/// For a sentence, without a subject: `came back at 17:40 to 203.0.113.9:22 from 198.51.100.9`; empty where
/// nobody did. The day stands there where it is another than that of the scan's end; the visitor, where it is no source of
/// the scan.
pub fn came_back(campaign: &Campaign, returns: &[&FollowUp]) -> String {
    let Some(first) = returns.first() else { return String::new() };
    let from = match from(campaign, first) {
        here if here.is_empty() => here,
        elsewhere => format!(" {elsewhere}"),
    };
    let came = format!("{} to {}{from}", when(campaign, first), to(first, 1));
    match returns.len() as u64 {
        1 => format!("came back {came}"),
        many => format!("came back {} times, first {came}", number(many)),
    }
}

/// For a row, in three parts of falling weight: `came back at 17:40 to 203.0.113.9:22`, `+2`, `from 198.51.100.9`.
pub fn row(campaign: &Campaign, first: &FollowUp, returns: usize) -> [String; 3] {
    let when = when(campaign, first).replace("on 20", "20").replace(" at ", " ");
    let first_target = first.targets.first().map(|target| clean(target)).unwrap_or_default();
    let came = match returns {
        0 | 1 => format!("came back {when} to {first_target}"),
        many => format!("came back {} times, first {when} to {first_target}", number(many as u64)),
    };
    let others = match first.targets.len() {
        0 | 1 => String::new(),
        many => format!("+{}", number(many as u64 - 1)),
    };
    [came, others, from(campaign, first)]
}

/// The visitor, where it is not the one source of the scan.
fn from(campaign: &Campaign, follow_up: &FollowUp) -> String {
    if campaign.source_count == 1 && campaign.sources.contains(&follow_up.source) {
        return String::new();
    }
    format!("from {}", clean(&follow_up.source))
}

/// `at 17:40`, or `on 2026-11-25 at 17:40`.
pub fn when(campaign: &Campaign, follow_up: &FollowUp) -> String {
    let clock = clock(&follow_up.start);
    let minute = clock.get(..5).unwrap_or(clock);
    if day(&follow_up.start) == day(&campaign.end) {
        format!("at {minute}")
    } else {
        format!("on {} at {minute}", day(&follow_up.start))
    }
}

/// What it came back to: up to `most` targets by name, the others as a number.
pub fn to(follow_up: &FollowUp, most: usize) -> String {
    let mut targets: Vec<String> = follow_up.targets.iter().take(most).map(|target| clean(target)).collect();
    if let Some(others @ 1..) = follow_up.targets.len().checked_sub(most) {
        targets.push(plural(others as u64, "other", "others"));
    }
    and(&targets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::{follow_ups, syn_sweep};
    use watchpost_core::record::Stamp;

    #[test]
    fn a_return_says_when_to_what_and_from_where_if_it_is_elsewhere() {
        let follow_up = follow_ups().remove(0);
        let told = |follow_up: &FollowUp| came_back(&syn_sweep(), &[follow_up]);
        assert_eq!(told(&follow_up), "came back at 17:40 to 203.0.113.9:22 from 198.51.100.9");
        let same = FollowUp { source: "198.51.100.7".into(), ..follow_up.clone() };
        assert_eq!(told(&same), "came back at 17:40 to 203.0.113.9:22");
        let later = FollowUp { start: Stamp("2026-12-01T03:00:00.000000000Z".into()), ..same.clone() };
        assert_eq!(told(&later), "came back on 2026-12-01 at 03:00 to 203.0.113.9:22");
        let more = FollowUp { targets: ["a:1", "b:2", "c:3"].map(str::to_owned).to_vec(), ..same };
        assert_eq!(
            came_back(&syn_sweep(), &[&more, &follow_up]),
            "came back 2 times, first at 17:40 to a:1 and 2 others"
        );
        assert_eq!(came_back(&syn_sweep(), &[]), "");
        assert_eq!(
            row(&syn_sweep(), &more, 3).map(|part| part.replace("came back ", "")),
            ["3 times, first at 17:40 to a:1", "+2", ""]
        );
        assert_eq!(row(&syn_sweep(), &later, 1)[0], "came back 2026-12-01 03:00 to 203.0.113.9:22");
    }
}
