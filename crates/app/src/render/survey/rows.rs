//! Rows of exposures: rung, place, what it is, and what takes it away, in the row where there is room, else below it.
//!
//! One row does where one would tell all: that a service with a finding is outside of the policy, too, stands behind the finding; and
//! what many services show alike, where it gives no access, is one row that counts them. Records keep all of it.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use watchpost_core::inventory::{Exposure, Rung, order};
use watchpost_core::record::Severity;

use super::names::{fix, place, weight};
use crate::render::Screen;
use crate::render::clean::clean;
use crate::render::style::{Ink, glyph, labelled, pad, paint, width};
use crate::render::words::number;

/// More equal rows than this are folded.
const ALIKE: usize = 4;
/// Places of folded rows that are named beside the first.
const NAMED: usize = 3;
/// What stands behind a finding at a place that the policy does not allow, and behind one that it allows less of.
const OUTSIDE: &str = ", outside of the policy";
const BEYOND: &str = ", more than the policy allows";

/// One row.
struct Row<'a> {
    exposure: &'a Exposure,
    weight: Severity,
    what: String,
    fix: String,
    /// Told below it, one line each.
    more: Vec<String>,
}

impl<'a> Row<'a> {
    fn new(exposure: &'a Exposure) -> Self {
        let (what, fix) = (clean(&exposure.what), fix(exposure));
        Self { exposure, weight: weight(exposure), what, fix, more: Vec::new() }
    }

    fn place(&self) -> String {
        place(&self.exposure.host, &self.exposure.service)
    }
}

/// The rows of a survey, the worst first, folded.
pub fn exposures(found: &[&Exposure], screen: &Screen) -> String {
    let mut rows = merged(found);
    rows.sort_by_cached_key(|row| {
        let e = row.exposure;
        (Reverse((row.weight, e.rung)), order(&e.host, &e.service), e.check.clone())
    });
    written(&folded(rows), screen)
}

/// Every exposure in a row of its own, in the order given; `more` is told below each.
pub fn rows(sorted: &[&Exposure], screen: &Screen, more: impl Fn(&Exposure) -> String) -> String {
    let rows: Vec<Row<'_>> = sorted.iter().map(|e| Row { more: vec![more(e)], ..Row::new(e) }).collect();
    written(&rows, screen)
}

/// A row for each, but none for a policy's finding where the service has another.
fn merged<'a>(found: &[&'a Exposure]) -> Vec<Row<'a>> {
    let (policy, others): (Vec<&Exposure>, Vec<&Exposure>) = found.iter().partition(|e| e.check == "policy");
    let mut rows: Vec<Row<'_>> = others.into_iter().map(Row::new).collect();
    let mut worst: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (at, row) in rows.iter().enumerate() {
        let of = worst.entry((&row.exposure.host, &row.exposure.service)).or_insert(at);
        let rung = |at: usize| rows.get(at).map(|row| (row.weight, row.exposure.rung));
        if rung(at) > rung(*of) {
            *of = at;
        }
    }
    for outside in policy {
        let other = worst.get(&(outside.host.as_str(), outside.service.as_str()));
        match other.and_then(|at| rows.get_mut(*at)) {
            Some(row) => {
                row.what.push_str(OUTSIDE);
                row.weight = row.weight.max(weight(outside));
                if row.fix.is_empty() {
                    row.fix = fix(outside);
                }
            }
            None => rows.push(Row::new(outside)),
        }
    }
    for row in rows.iter_mut().filter(|row| row.exposure.within_policy == Some(false)) {
        if row.exposure.check != "policy" && !row.what.ends_with(OUTSIDE) {
            row.what.push_str(BEYOND);
        }
    }
    rows
}

/// What more than four show alike becomes the first one's row; what gives access, and what somebody has seen, never does.
fn folded(rows: Vec<Row<'_>>) -> Vec<Row<'_>> {
    // A line that names its own host is the same line for another.
    let common = |row: &Row<'_>| row.fix.replace(&clean(&row.exposure.host), "each of them");
    let key = |row: &Row<'_>| {
        let folds = row.exposure.rung <= Rung::Discloses && row.exposure.seen_by.is_empty();
        folds.then(|| {
            (row.weight, row.exposure.rung, row.exposure.check.clone(), row.what.clone(), common(row))
        })
    };
    let mut alike: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (at, row) in rows.iter().enumerate() {
        if let Some(key) = key(row) {
            alike.entry(key).or_default().push(at);
        }
    }
    alike.retain(|_, all| all.len() > ALIKE);
    let places: Vec<String> = rows.iter().map(Row::place).collect();
    let mut out = Vec::new();
    for (at, row) in rows.into_iter().enumerate() {
        match key(&row).and_then(|key| alike.get(&key)) {
            None => out.push(row),
            Some(all) if all.first() == Some(&at) => {
                let named = all.iter().skip(1).take(NAMED).filter_map(|at| places.get(*at).cloned());
                let mut also = format!("also {}", named.collect::<Vec<_>>().join(", "));
                if let Some(others @ 1..) = all.len().checked_sub(NAMED + 1) {
                    also.push_str(&format!(" and {} more", number(others as u64)));
                }
                let what = format!("{}, {} times", row.what, number(all.len() as u64));
                out.push(Row { what, fix: common(&row), more: vec![also], ..row });
            }
            Some(_) => {}
        }
    }
    out
}

fn written(rows: &[Row<'_>], screen: &Screen) -> String {
    let widest =
        |of: fn(&Row<'_>) -> String| rows.iter().map(|row| width(&of(row))).max().unwrap_or_default();
    let rungs = widest(|row| row.exposure.rung.name().to_owned());
    let places = widest(|row| row.place()).min(30);
    let whats = widest(|row| row.what.clone()).min(screen.width / 3);
    let indent = rungs + 4;
    let room = screen.wrap.then(|| screen.width.saturating_sub(indent));
    let mut out = String::new();
    for row in rows {
        let head = format!("{} {}", glyph(row.weight), pad(row.exposure.rung.name(), rungs));
        let text = format!("{}  {}", pad(&row.place(), places), pad(&row.what, whats));
        let fits = indent + width(&text) + 2 + width(&row.fix) <= screen.width;
        let text = if fits {
            format!("{text}  {}", row.fix)
        } else {
            labelled(&row.place(), &row.what, places + 2, room)
        };
        let mut lines = text.lines().map(str::trim_end);
        let first = lines.next().unwrap_or_default();
        out.push_str(&format!("{}  {first}\n", paint(screen.colour, Ink::Of(row.weight), &head)));
        for line in lines {
            out.push_str(&format!("{}{line}\n", " ".repeat(indent)));
        }
        let fix = (!fits).then_some(&row.fix);
        for text in fix.into_iter().chain(&row.more).filter(|text| !text.is_empty()) {
            let lines = labelled("", text, indent, screen.wrap.then_some(screen.width));
            for line in lines.lines() {
                out.push_str(&format!("{}\n", paint(screen.colour, Ink::Faint, line)));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::survey::sample::{alike, screen, taken};

    fn lines(found: &[Exposure]) -> Vec<String> {
        exposures(&found.iter().collect::<Vec<_>>(), &screen(200)).lines().map(str::to_owned).collect()
    }

    #[test]
    fn four_are_told_one_by_one_and_five_in_one_row() {
        let four = lines(&alike(4, Rung::Discloses));
        assert_eq!(four.len(), 4, "{four:#?}");
        let five = lines(&alike(5, Rung::Discloses));
        assert_eq!(five.len(), 2, "{five:#?}");
        assert!(
            five[0].contains("203.0.113.50:22") && five[0].contains("OpenSSH 9.2p1, 5 times"),
            "{five:#?}"
        );
        assert_eq!(five[1].trim(), "also 203.0.113.51:22, 203.0.113.52:22, 203.0.113.53:22 and 1 more");
    }

    #[test]
    fn what_gives_access_and_what_was_seen_is_never_folded() {
        assert_eq!(lines(&alike(9, Rung::Anonymous)).len(), 9);
        let mut seen = alike(9, Rung::Discloses);
        let by = &crate::render::survey::sample::pair().1.exposures;
        let by = by.iter().find(|e| !e.seen_by.is_empty()).unwrap().seen_by.clone();
        seen.iter_mut().for_each(|e| e.seen_by = by.clone());
        assert_eq!(lines(&seen).len(), 9);
    }

    #[test]
    fn a_line_that_names_its_host_folds_too() {
        let mut all = alike(6, Rung::Identified);
        for e in &mut all {
            e.check = "policy".into();
            e.fix.line = format!("drop tcp/22 to {} from outside", e.host);
        }
        let told = lines(&all);
        assert!(told[0].contains("drop tcp/22 to each of them from outside"), "{told:#?}");
        assert_eq!(told.len(), 2);
    }

    #[test]
    fn what_the_policy_allows_less_of_says_so_and_what_it_forbids_says_it_once() {
        let mut found = alike(2, Rung::Sensitive);
        found[0].within_policy = Some(false);
        found[1].check = "policy".into();
        (found[1].what, found[1].within_policy) = ("a service outside of the policy".into(), Some(false));
        let told = lines(&found).join("\n");
        assert_eq!(told.matches(BEYOND).count(), 1, "{told}");
        assert!(!told.contains(&format!("outside of the policy{BEYOND}")), "{told}");
    }

    #[test]
    fn outside_of_the_policy_stands_behind_what_the_service_shows() {
        let mut found = taken().exposures;
        let docker = found.iter().find(|e| e.check == "docker").unwrap().clone();
        let outside = Exposure {
            check: "policy".into(),
            rung: Rung::Identified,
            what: "Docker, outside of the policy".into(),
            ..docker
        };
        let before = lines(&found).len();
        found.push(outside);
        let told = lines(&found);
        assert_eq!(told.len(), before);
        assert!(told[0].contains("Docker API without a login, outside of the policy"), "{told:#?}");
        // What the policy forbids is never mere information.
        let ssh = found.iter().find(|e| e.check == "banner").unwrap().clone();
        let forbidden = Exposure { check: "policy".into(), ..ssh.clone() };
        let told = lines(&[ssh.clone(), forbidden]);
        assert!(told.len() == 1 && told[0].starts_with(&glyph(Severity::Medium).to_string()), "{told:#?}");
        assert!(lines(&[ssh])[0].starts_with(&glyph(Severity::Low).to_string()));
    }
}
