//! A survey on a page: what is exposed, the worst first; what else is open, in few lines; what could not be seen; and, as the
//! last line, how much was found.

pub mod diff; // what differs between two
mod names; // places, rungs and services in words
mod rows; // exposures, one or many a row
#[cfg(test)]
pub(crate) mod sample;
mod unseen; // what could not be seen

use std::collections::{BTreeMap, BTreeSet};

use watchpost_core::inventory::{Exposure, Inventory, Miss, Service, State, order};
use watchpost_core::record::Severity;

use super::Screen;
use super::clean::clean;
use super::style::{Ink, labelled, paint, width, wrap};
use super::words::{number, plural};
pub use names::{fix, name, place, weight};
pub use rows::rows;

/// Hosts that a line of open services names.
const HOSTS: usize = 3;
/// Hosts behind which every port opens, named one by one.
const WALLS: usize = 8;

/// The page.
pub fn page(inventory: &Inventory, screen: &Screen) -> String {
    let mut out = String::new();
    let (allowed, found): (Vec<&Exposure>, Vec<&Exposure>) =
        inventory.exposures.iter().partition(|e| e.within_policy == Some(true));
    out.push_str(&rows::exposures(&found, screen));
    if !allowed.is_empty() {
        let text =
            format!("{} within the policy", plural(allowed.len() as u64, "finding is", "findings are"));
        out.push_str(&told(&text, screen));
    }
    for part in [open(inventory, &found, screen), walls(inventory, screen), unsettled(inventory, screen)] {
        if !part.is_empty() {
            out.push_str(&part);
        }
    }
    for sentence in unseen::unseen(inventory) {
        out.push_str(&told(&format!("not seen: {sentence}"), screen));
    }
    out.push_str(&last(inventory, screen));
    out
}

/// A line in the ink of what explains.
fn told(text: &str, screen: &Screen) -> String {
    let lines = wrap(text, screen.wrap.then_some(screen.width));
    lines.iter().map(|line| paint(screen.colour, Ink::Faint, line) + "\n").collect()
}

/// Open services of which nothing is to be said, folded by what they are.
fn open(inventory: &Inventory, found: &[&Exposure], screen: &Screen) -> String {
    let said: BTreeSet<(&str, &str)> = found.iter().map(|e| (e.host.as_str(), e.service.as_str())).collect();
    let quiet = inventory.services.iter().filter(|s| {
        s.state == State::Open
            && !s.service.ends_with("/*")
            && !said.contains(&(s.host.as_str(), s.service.as_str()))
    });
    let mut kinds: BTreeMap<(_, &str), (Vec<&Service>, BTreeSet<String>)> = BTreeMap::new();
    for service in quiet {
        let (.., named, _) = order(&service.host, &service.service);
        let (services, names) = kinds.entry((named, service.service.as_str())).or_default();
        services.push(service);
        names.extend(name(service));
    }
    if kinds.is_empty() {
        return String::new();
    }
    let heading = if found.is_empty() { "Open:" } else { "Also open:" };
    let mut out = format!("{}\n", paint(screen.colour, Ink::Bold, heading));
    let labels = kinds.keys().map(|(_, service)| width(service)).max().unwrap_or_default() + 4;
    for ((_, service), (services, names)) in kinds {
        let mut text = plural(services.len() as u64, "host", "hosts");
        let named: Vec<String> = names.into_iter().take(HOSTS).collect();
        if !named.is_empty() {
            text.push_str(&format!(", {}", named.join(" or ")));
        }
        let hosts: Vec<String> = services.iter().take(HOSTS).map(|s| clean(&s.host)).collect();
        text.push_str(&format!(": {}", hosts.join(", ")));
        if let Some(others @ 1..) = services.len().checked_sub(HOSTS) {
            text.push_str(&format!(" and {} more", number(others as u64)));
        }
        out.push_str(&labelled(
            &format!("  {}", clean(service)),
            &text,
            labels,
            screen.wrap.then_some(screen.width),
        ));
    }
    out
}

/// Hosts behind which every port opens, or answers.
fn walls(inventory: &Inventory, screen: &Screen) -> String {
    let of = |is_udp: bool, what: &str| {
        let is_wall = |s: &&Service| s.service.ends_with("/*") && (s.service == "udp/*") == is_udp;
        let walls: Vec<&Service> = inventory.standing().filter(is_wall).collect();
        if walls.is_empty() {
            return String::new();
        }
        let mut named: Vec<String> = walls.iter().take(WALLS).map(|s| clean(&s.host)).collect();
        if let Some(others @ 1..) = walls.len().checked_sub(WALLS) {
            named.push(format!("{} more", number(others as u64)));
        }
        told(&format!("{what}, so none is counted: {}", named.join(", ")), screen)
    };
    of(false, "every port opens (a proxy or a tarpit)") + &of(true, "every UDP port answers")
}

/// What is not as this survey saw it.
fn unsettled(inventory: &Inventory, screen: &Screen) -> String {
    let count = |of: fn(&&Service) -> bool| inventory.services.iter().filter(of).count() as u64;
    let mut out = String::new();
    let suspect = count(|s| s.state == State::Suspect && !s.carried);
    if suspect > 0 {
        let text = plural(
            suspect,
            "service did not answer and is suspect",
            "services did not answer and are suspect",
        );
        out.push_str(&told(&format!("{text} until a second look agrees"), screen));
    }
    let carried = count(|s| s.carried && s.state != State::Closed);
    if carried > 0 {
        let text = plural(carried, "service was not asked and stands", "services were not asked and stand");
        out.push_str(&told(&format!("{text} as the survey before found"), screen));
    }
    out
}

/// `38 open ports on 21 of 256 addresses; 99.6 % (99.1 to 99.9) of what is open was found`.
fn last(inventory: &Inventory, screen: &Screen) -> String {
    let open: Vec<&Service> = inventory
        .services
        .iter()
        .filter(|s| {
            s.state == State::Open
                && !s.carried
                && s.service.starts_with(['t', 'u', 's'])
                && !s.service.ends_with("/*")
        })
        .collect();
    let hosts: BTreeSet<&str> = open.iter().map(|s| s.host.as_str()).collect();
    let mut text = format!(
        "{} on {} of {}",
        plural(open.len() as u64, "open port", "open ports"),
        number(hosts.len() as u64),
        plural(inventory.survey.target_count, "address", "addresses"),
    );
    // Of a part nothing is known of the rest.
    if let Some(miss) = inventory.survey.miss.filter(|_| inventory.survey.is_whole()) {
        // Of who did not show himself nothing is known.
        let hosts = inventory.survey.hosts_asked_count();
        let hosts =
            hosts.map(|hosts| format!(" on the {}", plural(hosts, "host that answers", "hosts that answer")));
        text.push_str(&format!(
            "; {} of what is open{} was found",
            was_found(&miss),
            hosts.unwrap_or_default()
        ));
    }
    let lines = wrap(&text, screen.wrap.then_some(screen.width));
    lines.iter().map(|line| paint(screen.colour, Ink::Bold, line) + "\n").collect()
}

/// `99.6 % (99.1 to 99.9)`. Rounded down: what is not certain never reads 100.
fn was_found(miss: &Miss) -> String {
    let share = |missed: f64| format!("{:.1}", ((1.0 - missed) * 1_000.0 + 1e-6).floor().min(999.0) / 10.0);
    let (found, low, high) = (share(miss.rate), share(miss.high), share(miss.low));
    let ends = if low == high { String::new() } else { format!(" ({low} to {high})") };
    format!("{found} %{ends}")
}

/// The severity that stands for a word of the page.
pub(super) const PLAIN: Severity = Severity::Info;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::golden;
    use sample::{crowded, screen, taken};

    #[test]
    fn the_page_at_80_and_160_columns() {
        golden("survey-80.txt", &page(&taken(), &screen(80)));
        golden("survey-160.txt", &page(&taken(), &screen(160)));
    }

    #[test]
    fn a_crowded_page_folds_what_is_alike_and_says_what_it_did_not_see() {
        golden("survey-crowded-80.txt", &page(&crowded(), &screen(80)));
        golden("survey-crowded-160.txt", &page(&crowded(), &screen(160)));
    }

    #[test]
    fn nothing_open_is_told_too() {
        let mut empty = taken();
        (empty.services, empty.exposures) = (vec![], vec![]);
        let text = page(&empty, &screen(80));
        let line = text.replace('\n', " ");
        let told = "0 open ports on 0 of 256 addresses; 99.6 % (99.1 to 99.9) of what is open was found ";
        assert!(line.ends_with(told), "{text}");
        empty.survey.miss = None;
        assert!(page(&empty, &screen(80)).contains("not seen: how much was missed"));
    }

    #[test]
    fn what_is_not_certain_never_reads_100() {
        let miss = |rate, low, high| was_found(&Miss { rate, low, high, canaries: 9 });
        assert_eq!(miss(0.0, 0.0, 0.0), "99.9 %");
        assert_eq!(miss(0.004, 0.001, 0.009), "99.6 % (99.1 to 99.9)");
        assert_eq!(miss(1.0, 0.5, 1.0), "0.0 % (0.0 to 50.0)");
    }

    #[test]
    fn what_strangers_say_is_cleaned() {
        let mut hostile = taken();
        hostile.exposures[0].what = "\x1b]0;x\x07\u{202e}".into();
        hostile.services[0].product.get_or_insert_default().name = "\x1b[2J".into();
        hostile.survey.unseen = vec!["\x07".into()];
        let text = page(&hostile, &screen(80))
            + &diff::page(
                &watchpost_core::inventory::diff(&taken(), &hostile),
                &taken(),
                &hostile,
                &screen(80),
            );
        assert!(!text.contains(['\x1b', '\x07', '\u{202e}']), "{text}");
    }
}
