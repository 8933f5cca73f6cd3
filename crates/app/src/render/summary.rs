//! The summary at the end of a run, for standard error: what was read, what was not, and what to do next.

use std::collections::BTreeSet;
use std::time::Duration;

use watchpost_core::record::{Campaign, FollowUp, Link, Run};

use super::clean::clean;
use super::records::Records;
use super::style::{self, Ink, TIE, labelled, paint, width};
use super::words::{self, bytes, number, plural};
use super::{Screen, campaign, is_background, stands};

/// Where the texts begin, right of their labels.
const INDENT: usize = 14;

/// Reasons and places that are told one by one without `--verbose`.
const MOST: usize = 4;

/// What the summary tells beside the records.
#[derive(Clone, Debug, Default)]
pub struct Circumstances {
    /// How long the run took; it is in no record.
    pub elapsed: Duration,
    /// The user stopped it.
    pub interrupted: bool,
    /// Files of folders that are no captures.
    pub not_captures: u64,
    /// The command to go on with; empty for none.
    pub next: String,
    /// Tell every reason and place.
    pub verbose: bool,
}

/// The summary; its lines are broken only on a terminal.
pub fn summary(records: &Records<'_>, around: &Circumstances, screen: &Screen) -> String {
    let run = records.run;
    let mut out = String::from("\n");
    out.push_str(&first_line(records, screen));
    let mut tell = |label: &str, items: Vec<String>| {
        for (index, item) in items.iter().filter(|item| !item.is_empty()).enumerate() {
            let label = if index == 0 { label } else { "" };
            let told = labelled(&format!("  {label}"), item, INDENT, screen.wrap.then_some(screen.width));
            out.push_str(&told.replacen(label, &paint(screen.colour_messages, Ink::Faint, label), 1));
        }
    };
    let most = if around.verbose { usize::MAX } else { MOST };
    if around.interrupted {
        tell("stopped", vec!["by you: only what was read until then is judged".to_owned()]);
    }
    tell("came back", came_back(records, most));
    tell("joined", vec![joined(records.campaigns)]);
    tell("read", vec![read(run, around)]);
    tell("survey", vec![survey(records)]);
    tell("assumed", assumed(run));
    tell("skipped", skipped(run, around, most));
    tell("damaged", damaged(run, most));
    tell("not scans", vec![not_scans(run)]);
    tell("withdrawn", vec![withdrawn(run)]);
    tell("blind here", run.blind.iter().map(super::blind).collect());
    tell("memory", vec![memory(run), unreported(run)]);
    tell("next", vec![around.next.clone()]);
    out
}

fn first_line(records: &Records<'_>, screen: &Screen) -> String {
    let run = records.run;
    let standing: Vec<&Campaign> = records.campaigns.iter().filter(|campaign| stands(campaign)).collect();
    let left = match standing.len() as u64 {
        0 => "No scans".to_owned(),
        scans => {
            let from = plural(sources(&standing), "source", "sources");
            let background = standing.iter().filter(|campaign| is_background(campaign)).count() as u64;
            let background = match background {
                0 => String::new(),
                all if all == scans => ", all background".to_owned(),
                many => format!(", {} of them background", number(many)),
            };
            format!("{} from {from}{background}", plural(scans, "scan", "scans"))
        }
    };
    let left = match records.follow_ups.len() as u64 {
        0 => left,
        back => format!("{left}, {}", plural(back, "return", "returns")),
    };
    let right = match run.inputs.as_slice() {
        [] => String::new(),
        [one] => shown(&one.name),
        many => format!("{} inputs", number(many.len() as u64)),
    };
    let columns = screen.width.min(100);
    let right = end_of(&right, columns.saturating_sub(width(&left) + 3).max(20));
    let space = columns.saturating_sub(width(&left) + width(&right)).max(3);
    format!("{}{}{right}\n", paint(screen.colour_messages, Ink::Bold, &left), " ".repeat(space))
}

/// The name of an input as people know it.
fn shown(name: &str) -> String {
    if name == "-" { "standard input".to_owned() } else { clean(name) }
}

/// A name, or as much of its end as has room: there it says what it is.
fn end_of(name: &str, room: usize) -> String {
    match width(name).checked_sub(room) {
        None | Some(0) => name.to_owned(),
        Some(over) => format!("…{}", name.chars().skip(over + 1).collect::<String>()),
    }
}

/// Distinct sources; where lists are cut, the sum of the counts, which may count one twice.
fn sources(standing: &[&Campaign]) -> u64 {
    let listed: u64 = standing.iter().map(|campaign| campaign.sources.len() as u64).sum();
    let counted: u64 = standing.iter().map(|campaign| campaign.source_count).sum();
    if listed < counted {
        return counted;
    }
    standing.iter().flat_map(|campaign| &campaign.sources).collect::<BTreeSet<_>>().len() as u64
}

/// Who came back, most severe first.
fn came_back(records: &Records<'_>, most: usize) -> Vec<String> {
    let mut returns: Vec<&FollowUp> = records.follow_ups.iter().collect();
    returns.sort_by_key(|follow_up| std::cmp::Reverse(follow_up.severity));
    let told = returns.iter().take(most).map(|follow_up| {
        let by = match follow_up.link {
            Link::SameSource => "the scanner itself".to_owned(),
            Link::SameNetwork => format!("{}, of the scanner's network,", clean(&follow_up.source)),
            Link::Knowledge => clean(&follow_up.source),
        };
        format!(
            "{by} to {}, {} after scan {} had revealed it ({})",
            campaign::returns::to(follow_up, 1),
            words::duration(follow_up.delay),
            clean(records.short(records.joined(&follow_up.scan))),
            style::severity(follow_up.severity),
        )
    });
    let mut parts: Vec<String> = told.collect();
    if let Some(others @ 1..) = returns.len().checked_sub(most) {
        parts.push(format!("{} (-v tells them)", plural(others as u64, "other return", "other returns")));
    }
    parts
}

/// What was assumed of inputs that do not say it, each once.
fn survey(records: &Records<'_>) -> String {
    let Some(id) = &records.run.survey else { return String::new() };
    let seen = records.exposures.iter().filter(|e| !e.seen_by.is_empty()).count() as u64;
    let of = plural(records.exposures.len() as u64, "exposure", "exposures");
    format!("{}: what it found is taken as known; of {of} {} shown to a scan", clean(id), number(seen))
}

fn assumed(run: &Run) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    for text in run.inputs.iter().flat_map(|input| &input.assumed).map(|text| clean(text)) {
        if !told.contains(&text) {
            told.push(text);
        }
    }
    told
}

/// How many sources are one scan, and what became of the scans that they were.
fn joined(campaigns: &[Campaign]) -> String {
    let wholes: Vec<&Campaign> =
        campaigns.iter().filter(|campaign| stands(campaign) && campaign.coordination.is_some()).collect();
    let parts = campaigns.iter().filter(|campaign| campaign.merged_into.is_some()).count() as u64;
    if wholes.is_empty() {
        return String::new();
    }
    let sources: u64 = wholes.iter().map(|campaign| campaign.source_count).sum();
    let of_their_own = match parts {
        0 => String::new(),
        1 => "; 1 of them had been a scan of its own (--all lists it)".to_owned(),
        many => format!("; {} of them had been scans of their own (--all lists them)", number(many)),
    };
    let scans = plural(wholes.len() as u64, "scan", "scans");
    format!("{} into {scans}{of_their_own}", plural(sources, "source", "sources"))
}

fn read(run: &Run, around: &Circumstances) -> String {
    let seconds = around.elapsed.as_secs_f64();
    let mut text = super::read(run);
    if let (Some(start), Some(end)) = (&run.start, &run.end) {
        text.push_str(&format!(" of {}", words::span(start, end)));
    }
    text.push_str(&format!(", in {}", words::duration(seconds)));
    if seconds > 0.5 {
        text.push_str(&format!(" ({})", words::rate(run.packets as f64 / seconds)));
    }
    text
}

fn skipped(run: &Run, around: &Circumstances, most: usize) -> Vec<String> {
    let one_input = run.inputs.len() == 1;
    let told = run.skipped.iter().take(most).map(|skipped| {
        let place = match (skipped.first_input.as_str(), one_input) {
            ("", _) => String::new(),
            (_, true) => format!("; first at byte {}", number(skipped.first_offset)),
            (name, false) => format!("; first in {} at byte {}", shown(name), number(skipped.first_offset)),
        };
        format!("{} {}{place}", number(skipped.count), reason(&skipped.reason))
    });
    let mut parts: Vec<String> = told.collect();
    if let Some(others @ 1..) = run.skipped.len().checked_sub(most) {
        parts.push(format!("{} (-v tells them)", plural(others as u64, "other reason", "other reasons")));
    }
    if around.not_captures > 0 {
        let are = if around.not_captures == 1 { "is" } else { "are" };
        let files = plural(around.not_captures, "file", "files");
        parts.push(format!("{files} in folders that {are} neither capture nor log"));
    }
    parts
}

/// A reason, readable behind a number.
fn reason(reason: &str) -> String {
    match reason {
        "loopback addresses" => "to or from loopback addresses".to_owned(),
        "multicast and broadcast" => {
            "to multicast or broadcast addresses, which are no single host's".to_owned()
        }
        other => clean(other),
    }
}

fn damaged(run: &Run, most: usize) -> Vec<String> {
    let places =
        || run.inputs.iter().flat_map(|input| input.damage.iter().map(move |damage| (input, damage)));
    let told = places().take(most).map(|(input, damage)| {
        let after = match damage.resumed {
            Some(at) => format!("reading went on at byte {}", number(at)),
            None => "everything before it was read".to_owned(),
        };
        // Otherwise the place may lie behind the end of the file that people see.
        let unpacked = if input.format.contains('.') { " of the unpacked data" } else { "" };
        format!(
            "{} at byte {}{unpacked} (packet {}): {}; {after}",
            shown(&input.name),
            number(damage.offset),
            number(damage.packet),
            clean(&damage.what)
        )
    });
    let mut parts: Vec<String> = told.collect();
    if let Some(others @ 1..) = places().count().checked_sub(most) {
        parts.push(format!("{} (-v tells them)", plural(others as u64, "other place", "other places")));
    }
    parts
}

fn not_scans(run: &Run) -> String {
    let told = run.not_scans.iter().map(|not| {
        format!(
            "{} ({}, {})",
            clean(&not.what),
            plural(not.sources, "source", "sources"),
            plural(not.packets, "packet", "packets")
        )
    });
    told.collect::<Vec<_>>().join(", ")
}

fn withdrawn(run: &Run) -> String {
    match run.withdrawn {
        0 => String::new(),
        1 => "1 that looked like a scan at first; --json says why it was none".to_owned(),
        many => format!("{} that looked like scans at first; --json says why they were none", number(many)),
    }
}

fn memory(run: &Run) -> String {
    let memory = run.memory;
    if memory.evicted_sources == 0 {
        return String::new();
    }
    let scans = match memory.evicted_campaigns {
        0 => String::new(),
        many => format!(", {} of them while scanning", number(many)),
    };
    format!(
        "{} were not enough: {} forgotten{scans}. Counts with ≥ are lower bounds. --memory {} would keep more",
        bytes(memory.budget),
        plural(memory.evicted_sources, "source was", "sources were"),
        bytes(memory.budget.saturating_mul(4)).replace(TIE, ""),
    )
}

/// Campaigns that were decided and have no record.
fn unreported(run: &Run) -> String {
    match run.unreported {
        0 => String::new(),
        many => format!(
            "there was no room for the records of {}, those with the least evidence; --memory {} would keep more",
            plural(many, "further scan", "further scans"),
            bytes(run.memory.budget.saturating_mul(4)).replace(TIE, ""),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::{Sample, golden, run, screen, shared_sweep, syn_sweep};
    use watchpost_core::record::{Input, Memory};

    fn around() -> Circumstances {
        Circumstances {
            elapsed: Duration::from_millis(800),
            next: "watchpost explain 7h2k border.pcap.zst --blocks 203.0.113.0/24".into(),
            ..Circumstances::default()
        }
    }

    fn told(run: Run, around: &Circumstances, screen: &Screen) -> String {
        summary(&Sample { run, ..Sample::all() }.records(), around, screen)
    }

    #[test]
    fn at_80_columns() {
        golden("summary-80.txt", &told(run(), &around(), &screen(80)));
    }

    #[test]
    fn everything_that_can_go_wrong_at_160_columns() {
        let mut run = run();
        run.memory = Memory { evicted_sources: 12_345, evicted_campaigns: 3, ..run.memory };
        run.inputs.push(Input { name: "b\x1b.pcap".into(), damage: vec![], ..run.inputs[0].clone() });
        let around = Circumstances { interrupted: true, not_captures: 7, ..around() };
        let text = told(run, &around, &screen(160));
        assert!(!text.contains('\x1b'));
        golden("summary-160.txt", &text);
    }

    #[test]
    fn a_long_name_shows_its_end() {
        assert_eq!(end_of("border.pcap", 11), "border.pcap");
        assert_eq!(end_of("/var/captures/border.pcap", 12), "…border.pcap");
    }

    #[test]
    fn scans_without_room_for_a_record_are_told() {
        let run = Run { unreported: 1200, ..run() };
        let text = told(run, &around(), &Screen { wrap: false, ..screen(80) });
        assert!(text.contains("for the records of 1,200 further scans, those with the least"), "{text}");
        assert!(!told(crate::render::sample::run(), &around(), &screen(80)).contains("further scans"));
    }

    #[test]
    fn without_returns_and_joins_nothing_is_said_of_them() {
        let sample = Sample { follow_ups: vec![], ..Sample::of(vec![syn_sweep()]) };
        let text = summary(&sample.records(), &around(), &screen(80));
        assert!(text.starts_with("\n1 scan from 1 source   "), "{text}");
        assert!(!text.contains("came back") && !text.contains("joined"), "{text}");
    }

    #[test]
    fn many_returns_are_told_most_severe_first_and_counted() {
        let mut sample = Sample::all();
        let first =
            FollowUp { severity: watchpost_core::record::Severity::High, ..sample.follow_ups[0].clone() };
        sample.follow_ups.splice(0..0, std::iter::repeat_n(first, 9));
        let text = summary(&sample.records(), &around(), &Screen { wrap: false, ..screen(80) });
        assert!(text.contains("came back   198.51.100.9, of the scanner's network, to"), "{text}");
        let place = |word: &str| text.find(word).unwrap_or(usize::MAX);
        assert!(place("(critical)") < place("(high)"), "{text}");
        assert!(text.contains("7 other returns (-v tells them)"), "{text}");
    }

    #[test]
    fn a_source_of_two_scans_counts_once() {
        assert_eq!(sources(&[&syn_sweep(), &syn_sweep(), &shared_sweep()]), 15);
        let cut = Campaign { source_count: 5000, ..syn_sweep() };
        assert_eq!(sources(&[&cut, &syn_sweep()]), 5001);
    }
}
