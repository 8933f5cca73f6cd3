//! The background in one line a kind: scans that are like thousands of others and reached nothing.
//!
//! A list is read as long as it is short. Where there are more scans than a screen takes, those of severity `info` are told
//! together, kind by kind, with what most of them asked for; `--all` lists each.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use watchpost_core::record::Campaign;

use super::clean::clean;
use super::words::{self, and, number, plural};
use super::{campaign, is_background};

/// With no more scans than this each has its row.
pub const MOST_ROWS: usize = 40;

/// Services and tools that a line names.
const MOST_NAMED: usize = 4;

/// Scans to list one by one, and those to tell together.
pub fn split(standing: Vec<&Campaign>, everything: bool) -> (Vec<&Campaign>, Vec<&Campaign>) {
    if everything || standing.len() <= MOST_ROWS {
        return (standing, Vec::new());
    }
    standing.into_iter().partition(|campaign| !is_background(campaign))
}

/// One line for each kind, those of most scans first.
pub fn lines(scans: &[&Campaign]) -> Vec<String> {
    let mut kinds: BTreeMap<String, Vec<&Campaign>> = BTreeMap::new();
    for campaign in scans {
        kinds.entry(campaign::what(campaign)).or_default().push(campaign);
    }
    let mut kinds: Vec<(String, Vec<&Campaign>)> = kinds.into_iter().collect();
    kinds.sort_by_key(|(_, scans)| Reverse(scans.len()));
    kinds.iter().map(|(what, scans)| line(what, scans)).collect()
}

fn line(what: &str, scans: &[&Campaign]) -> String {
    let many = scans.len() as u64;
    // A scan, a sweep; probes and grabs are plural or count as they are.
    let what = match (many, what.ends_with('s')) {
        (1, _) | (_, true) => what.to_owned(),
        _ => format!("{what}s"),
    };
    let sources: u64 = scans.iter().map(|campaign| campaign.source_count).sum();
    let mut parts = vec![format!("{} {what} by {}", number(many), plural(sources, "source", "sources"))];
    let hosts = span(scans.iter().map(|campaign| campaign.hosts.count));
    let services = span(scans.iter().map(|campaign| campaign.services.count));
    parts.push(format!("{} and {} each", plural_of(hosts, "host"), plural_of(services, "service")));
    let asked = most(scans.iter().flat_map(|campaign| campaign.top_services.iter().map(String::as_str)));
    if !asked.is_empty() {
        parts.push(format!("mostly {}", asked.join(", ")));
    }
    let named = |campaign: &&Campaign| Some(campaign::tools(campaign)).filter(|tools| !tools.is_empty());
    let tools: Vec<String> = scans.iter().filter_map(named).collect();
    let tools: Vec<String> = counted(tools.iter().map(String::as_str))
        .into_iter()
        .take(MOST_NAMED)
        .map(|(tool, many)| format!("{} {}", tool, words::percent(many as f64 / scans.len() as f64)))
        .collect();
    if !tools.is_empty() {
        parts.push(and(&tools));
    }
    parts.join("; ")
}

/// Least and greatest.
fn span(values: impl Iterator<Item = u64> + Clone) -> (u64, u64) {
    (values.clone().min().unwrap_or(0), values.max().unwrap_or(0))
}

fn plural_of((least, most): (u64, u64), what: &str) -> String {
    if least == most {
        return plural(least, what, &format!("{what}s"));
    }
    format!("{} to {} {what}s", number(least), number(most))
}

/// The most common first, then by name, with how often.
fn counted<'a>(names: impl Iterator<Item = &'a str>) -> Vec<(&'a str, u64)> {
    let mut times: BTreeMap<&str, u64> = BTreeMap::new();
    names.for_each(|name| *times.entry(name).or_default() += 1);
    let mut times: Vec<(&str, u64)> = times.into_iter().collect();
    times.sort_by_key(|(_, many)| Reverse(*many));
    times
}

/// The names that at least a tenth of the most common one's scans have, up to [`MOST_NAMED`].
fn most<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let counted = counted(names);
    let least = counted.first().map_or(0, |(_, many)| many / 10);
    counted
        .into_iter()
        .take_while(|(_, many)| *many >= least)
        .take(MOST_NAMED)
        .map(|(name, _)| clean(name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::{port_scan, syn_sweep, tool};
    use watchpost_core::record::Severity;

    fn many(scan: &Campaign, times: usize, severity: Severity) -> Vec<Campaign> {
        vec![Campaign { severity, ..scan.clone() }; times]
    }

    #[test]
    fn a_short_list_is_whole_and_a_long_one_has_what_matters() {
        let few = many(&port_scan(), 40, Severity::Info);
        assert_eq!(split(few.iter().collect(), false).1.len(), 0);
        let mut scans = many(&port_scan(), 40, Severity::Info);
        scans.extend(many(&syn_sweep(), 2, Severity::Low));
        let (listed, folded) = split(scans.iter().collect(), false);
        assert_eq!((listed.len(), folded.len()), (2, 40));
        assert_eq!(split(scans.iter().collect(), true).0.len(), 42);
    }

    #[test]
    fn a_line_says_how_many_of_what_with_what() {
        let named = Campaign { tools: vec![tool("zmap", 0.99)], ..port_scan() };
        let mut scans = many(&port_scan(), 3, Severity::Info);
        scans.extend(many(&named, 1, Severity::Info));
        scans.extend(many(&syn_sweep(), 1, Severity::Info));
        let told = lines(&scans.iter().collect::<Vec<_>>());
        assert_eq!(told.len(), 2, "{told:?}");
        let first = told[0].replace('\u{a0}', " ");
        assert!(
            first.starts_with("4 connect scans by 4 sources; 1 host and 1,024 services each; mostly "),
            "{first}"
        );
        assert!(first.ends_with("; zmap 25 %"), "{first}");
        assert!(told[1].starts_with("1 SYN sweep by 1 source; 181 hosts and 2 services each"), "{}", told[1]);
    }
}
