//! What differs between two surveys, for people: one line a service and thing. `+` is there and was not, `-` is gone, `?` did
//! not answer and is not confirmed, `~` is another.

use std::collections::BTreeMap;

use watchpost_core::inventory::{Aspect, Change, ChangeKind, Exposure, Inventory, Service, Value, order};
use watchpost_core::record::{Severity, Stamp};

use super::{PLAIN, name, place, told, weight};
use crate::render::Screen;
use crate::render::clean::clean;
use crate::render::style::{Ink, labelled, pad, paint, width};
use crate::render::words::{coarse, day, plural, seconds};

/// Characters of what a side of a change says.
const ROOM: usize = 60;

/// One line.
struct Line {
    sign: char,
    severity: Severity,
    place: String,
    what: String,
    more: String,
}

/// The page.
pub fn page(changes: &[Change], before: &Inventory, after: &Inventory, screen: &Screen) -> String {
    let mut services: BTreeMap<_, Vec<&Change>> = BTreeMap::new();
    let other_policy = before.survey.policy != after.survey.policy;
    let is_judged = |change: &&Change| !other_policy || change.check.as_deref() != Some("policy");
    for change in changes.iter().filter(|change| change.is_news()).filter(is_judged) {
        services.entry(order(&change.host, &change.service)).or_default().push(change);
    }
    let (before_all, after_all) = (Index::new(before), Index::new(after));
    let mut lines: Vec<Line> = services
        .values()
        .flat_map(|of_one| OfService { changes: of_one, before: &before_all, after: &after_all }.lines())
        .collect();
    // What is new and worst comes first; what is equal stays in the order of hosts.
    let rank = |sign: char| "+-?~".find(sign).unwrap_or(9);
    lines.sort_by_key(|line| (rank(line.sign), std::cmp::Reverse(line.severity)));
    let places = lines.iter().map(|line| width(&line.place)).max().unwrap_or_default().min(30);
    let whats = lines.iter().map(|line| width(&line.what)).max().unwrap_or_default().min(screen.width / 3);
    let mut out = String::new();
    for line in &lines {
        let head = format!("{} {}  ", line.sign, pad(&line.place, places));
        let row = format!("{head}{}  {}", pad(&line.what, whats), line.more);
        let fits = !screen.wrap || width(row.trim_end()) <= screen.width;
        let row = if fits { row } else { format!("{head}{}", line.what) };
        out.push_str(&paint(screen.colour, Ink::Of(line.severity), row.trim_end()));
        out.push('\n');
        if !fits {
            let below = labelled("", &line.more, width(&head), Some(screen.width));
            for text in below.lines() {
                out.push_str(&format!("{}\n", paint(screen.colour, Ink::Faint, text)));
            }
        }
    }
    for difference in other_questions(before, after) {
        out.push_str(&told(&difference, screen));
    }
    out.push_str(&told(&counted(&lines, before, after), screen));
    out
}

/// What is told where the two did not ask the same: then some of it is no change.
fn other_questions(before: &Inventory, after: &Inventory) -> Vec<String> {
    let asked = |inventory: &Inventory| clean(&inventory.survey.asked.join(", "));
    let mut told = Vec::new();
    if asked(before) != asked(after) {
        let (now, then) = (asked(after), asked(before));
        told.push(format!(
            "the two did not ask the same: {now}, and before {then}; what was not asked stands as before"
        ));
    }
    if before.survey.targets != after.survey.targets {
        told.push("the two did not ask the same addresses; what was not asked stands as before".to_owned());
    }
    if before.survey.policy != after.survey.policy {
        let why = "so what is outside of it is not compared";
        told.push(format!("the two were held against different policies, or one against none, {why}"));
    }
    if after.survey.previous.is_none() && before.survey.id != after.survey.id {
        let why = "so what did not answer once is told as gone (take it with --previous)";
        told.push(format!("the later survey was held against none before it, {why}"));
    }
    told
}

fn counted(lines: &[Line], before: &Inventory, after: &Inventory) -> String {
    let count = |sign| lines.iter().filter(|line| line.sign == sign).count();
    let kinds = [('+', "added"), ('-', "gone"), ('?', "suspect"), ('~', "changed")];
    let named = kinds
        .iter()
        .filter(|(sign, _)| count(*sign) > 0)
        .map(|(sign, word)| format!("{} {word}", count(*sign)));
    let named: Vec<String> = named.collect();
    let (from, to) = (clean(day(&before.survey.start)), clean(day(&after.survey.start)));
    let what = if named.is_empty() { "nothing changed".to_owned() } else { named.join(", ") };
    format!("{what} between the surveys of {from} and {to}")
}

/// The changes of one service.
struct OfService<'a> {
    changes: &'a [&'a Change],
    before: &'a Index<'a>,
    after: &'a Index<'a>,
}

/// An inventory, by service.
struct Index<'a> {
    services: BTreeMap<(&'a str, &'a str), &'a Service>,
    /// Worst first.
    exposures: BTreeMap<(&'a str, &'a str), Vec<&'a Exposure>>,
    /// The highest rung of each check.
    checks: BTreeMap<(&'a str, &'a str, &'a str), &'a Exposure>,
}

impl<'a> Index<'a> {
    fn new(inventory: &'a Inventory) -> Self {
        let services =
            inventory.services.iter().map(|s| ((s.host.as_str(), s.service.as_str()), s)).collect();
        let mut exposures: BTreeMap<(&str, &str), Vec<&Exposure>> = BTreeMap::new();
        for exposure in &inventory.exposures {
            exposures.entry((&exposure.host, &exposure.service)).or_default().push(exposure);
        }
        exposures.values_mut().for_each(|all| all.sort_by_key(|e| std::cmp::Reverse((weight(e), e.rung))));
        let mut checks: BTreeMap<(&str, &str, &str), &Exposure> = BTreeMap::new();
        for exposure in exposures.values().flatten().copied() {
            let worst =
                checks.entry((&exposure.host, &exposure.service, &exposure.check)).or_insert(exposure);
            if exposure.rung >= worst.rung {
                *worst = exposure;
            }
        }
        Self { services, exposures, checks }
    }

    fn service<'b>(&'b self, change: &'b Change) -> Option<&'b Service> {
        self.services.get(&(change.host.as_str(), change.service.as_str())).copied()
    }

    fn exposures<'b>(&'b self, change: &'b Change) -> &'b [&'b Exposure]
    where
        'a: 'b,
    {
        self.exposures.get(&(change.host.as_str(), change.service.as_str())).map_or(&[], Vec::as_slice)
    }

    /// What the check of a change found, that with the highest rung.
    fn worst<'b>(&'b self, change: &'b Change) -> Option<&'b Exposure>
    where
        'a: 'b,
    {
        let check = change.check.as_deref()?;
        self.checks.get(&(change.host.as_str(), change.service.as_str(), check)).copied()
    }
}

impl OfService<'_> {
    fn lines(&self) -> Vec<Line> {
        let state = self.changes.iter().find(|change| change.aspect == Aspect::State);
        match state.map(|change| (change, change.kind)) {
            // One line tells all of a service that came or went.
            Some((change, ChangeKind::Added)) => vec![self.added(change)],
            Some((change, ChangeKind::Removed)) => vec![self.removed(change)],
            Some((change, ChangeKind::Suspect)) => {
                let sure = sure(change.confidence).map(|sure| format!(" ({sure})")).unwrap_or_default();
                let more = format!("did not answer{sure}, not confirmed yet");
                let mut lines = vec![self.line('?', PLAIN, self.service(self.after, change), more)];
                lines.extend(self.others());
                lines
            }
            Some((change, ChangeKind::Changed)) => {
                let mut lines =
                    vec![self.line('~', PLAIN, self.service(self.after, change), "answers again".into())];
                lines.extend(self.others());
                lines
            }
            None => self.others(),
        }
    }

    fn line(&self, sign: char, severity: Severity, what: String, more: String) -> Line {
        let place = self.changes.first().map(|c| place(&c.host, &c.service)).unwrap_or_default();
        Line { sign, severity, place, what, more }
    }

    fn added(&self, change: &Change) -> Line {
        match self.after.exposures(change).first() {
            Some(worst) => self.line('+', weight(worst), clean(&worst.what), self.since(worst)),
            None => {
                let found = self.after.service(change);
                let since = found.map(|s| format!("since {}", date(&s.first_seen))).unwrap_or_default();
                self.line('+', PLAIN, self.service(self.after, change), since)
            }
        }
    }

    fn removed(&self, change: &Change) -> Line {
        let more = match (&change.after, sure(change.confidence)) {
            (Some(_), Some(sure)) => format!("closed ({sure})"),
            (Some(_), None) => "closed".to_owned(),
            (None, _) => "not there any more".to_owned(),
        };
        self.line('-', PLAIN, self.service(self.before, change), more)
    }

    /// What a service is called: what runs there, else what is spoken.
    fn service(&self, of: &Index<'_>, change: &Change) -> String {
        match change.service.as_str() {
            "udp/*" => return "every UDP port answers".to_owned(),
            all if all.ends_with("/*") => return "every port opens".to_owned(),
            _ => {}
        }
        of.service(change).and_then(name).unwrap_or_else(|| "a service".to_owned())
    }

    /// Everything but the state.
    fn others(&self) -> Vec<Line> {
        self.changes
            .iter()
            .filter(|change| change.aspect != Aspect::State)
            .map(|change| self.other(change))
            .collect()
    }

    fn other(&self, change: &Change) -> Line {
        let (was, is) = (side(change.before.as_ref()), side(change.after.as_ref()));
        if change.aspect == Aspect::Exposure {
            return match (self.after.worst(change), change.kind) {
                (Some(worst), ChangeKind::Added) => {
                    self.line('+', weight(worst), clean(&worst.what), self.since(worst))
                }
                (Some(worst), _) => {
                    let more = format!("{}, was {was}", worst.rung.name());
                    self.line('~', weight(worst), clean(&worst.what), more)
                }
                (None, _) => {
                    let gone = was.split_once(": ").map_or(was.clone(), |(_, what)| what.to_owned());
                    self.line('-', PLAIN, gone, "no longer exposed".to_owned())
                }
            };
        }
        let what = match change.aspect {
            Aspect::Product => "product",
            Aspect::Certificate => "certificate",
            Aspect::Banner => "greeting",
            Aspect::System => "system",
            Aspect::State | Aspect::Exposure => "",
        };
        let more = match change.kind {
            ChangeKind::Added => format!("{is}, was not told before"),
            ChangeKind::Removed => format!("no longer told, was {was}"),
            _ => format!("{is}, was {was}"),
        };
        self.line('~', PLAIN, what.to_owned(), more)
    }

    /// `since 22 Nov   seen by 3 scanners, first 2 h later`.
    fn since(&self, exposure: &Exposure) -> String {
        let mut text = format!("since {}", date(&exposure.first_seen));
        if let Some(first) = exposure.seen_by.first() {
            let many = plural(exposure.seen_by.len() as u64, "scanner", "scanners");
            let later = seconds(&exposure.first_seen, &first.time);
            let when = if later > 0.0 {
                format!("first {} later", coarse(later))
            } else {
                "before it was found".to_owned()
            };
            text.push_str(&format!("  seen by {many}, {when}").replace('\u{a0}', " "));
        }
        text
    }
}

/// One side, cleaned and cut.
fn side(value: Option<&Value>) -> String {
    let text = value.map(|value| clean(&value.text)).unwrap_or_default();
    if width(&text) <= ROOM {
        return text;
    }
    text.chars().take(ROOM - 1).chain(['…']).collect()
}

/// `99.4 %`, rounded down.
fn sure(confidence: Option<f64>) -> Option<String> {
    confidence.map(|share| match share {
        s if s >= 0.9999 => "over 99.99 %".to_owned(),
        s => format!("{:.1} %", (s * 1_000.0 + 1e-6).floor() / 10.0),
    })
}

/// `22 Nov`.
fn date(stamp: &Stamp) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let text = day(stamp);
    let month = text.get(5..7).and_then(|month| month.parse::<usize>().ok());
    let month = month.and_then(|month| MONTHS.get(month.wrapping_sub(1)));
    match (text.get(8..10), month) {
        (Some(day), Some(month)) => format!("{} {month}", day.trim_start_matches('0')),
        _ => clean(text),
    }
}

#[cfg(test)]
mod tests {
    use watchpost_core::inventory::diff;

    use super::*;
    use crate::render::sample::golden;
    use crate::render::survey::sample::{pair, screen};

    #[test]
    fn the_page_at_80_and_160_columns() {
        let (before, after) = pair();
        let changes = diff(&before, &after);
        golden("survey-diff-80.txt", &page(&changes, &before, &after, &screen(80)));
        golden("survey-diff-160.txt", &page(&changes, &before, &after, &screen(160)));
    }

    #[test]
    fn nothing_changed_is_said() {
        let (_, after) = pair();
        let text = page(&[], &after, &after, &screen(80));
        assert_eq!(text, "nothing changed between the surveys of 2026-11-23 and 2026-11-23\n");
    }

    #[test]
    fn whoever_goes_back_sees_the_opposite() {
        let (before, after) = pair();
        let text = page(&diff(&after, &before), &after, &before, &screen(80));
        assert!(text.contains("- 203.0.113.14:2375") && text.contains("+ 203.0.113.20:23"), "{text}");
    }
}
