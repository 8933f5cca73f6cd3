//! Campaigns as Markdown, for tickets and wikis: a table, and below it what lies deeper, a section for each scan of which
//! there is something to say.

use watchpost_core::record::{Campaign, LessonFact, ListKind, ServiceState};

use super::campaign::phrases::{depth, how, joined};
use super::records::Records;
use super::{Screen, background, campaign, clean::clean, explain, stands, style, table, words};

const TITLES: [&str; 9] =
    ["Severity", "Id", "Source", "What", "Targets", "Ports", "First (UTC)", "Last (UTC)", "In words"];

/// Services that a section lists.
const MOST_SERVICES: usize = 12;

/// Lines of advice that a section lists.
const MOST_ADVICE: usize = 5;

/// Characters of what a host said.
const FACT_ROOM: usize = 80;

/// The table and the sections, or the sentence that says that there is nothing to list.
pub fn markdown(records: &Records<'_>, screen: &Screen) -> String {
    let standing = || records.campaigns.iter().filter(|campaign| stands(campaign));
    if standing().next().is_none() {
        let plain = Screen { wrap: false, colour: false, everything: false, ..*screen };
        return table::table(records, &plain);
    }
    let (listed, folded) = background::split(standing().collect(), screen.everything);
    let mut out = row(TITLES.map(str::to_owned));
    out.push_str(&format!("|{}\n", " --- |".repeat(TITLES.len())));
    for c in &listed {
        let time = |stamp| format!("{} {}", words::day(stamp), words::clock(stamp));
        let tools = campaign::tools(c);
        let what =
            if tools.is_empty() { campaign::what(c) } else { format!("{}, {tools}", campaign::what(c)) };
        let (depth, _) = depth(c, records);
        let mut phrases = how(c, records, screen.whole_lists);
        phrases.extend(depth);
        out.push_str(&row([
            format!("{} {}", style::glyph(c.severity), style::severity(c.severity)),
            format!("`{}`", records.short(&c.id)),
            campaign::source(c),
            what,
            campaign::targets(c),
            campaign::ports(c, if screen.whole_lists { usize::MAX } else { 40 }),
            time(&c.start),
            time(&c.end),
            joined(&phrases),
        ]));
    }
    if !folded.is_empty() {
        out.push_str("\nBackground (`--all` lists each scan):\n\n");
    }
    for line in background::lines(&folded) {
        out.push_str(&format!("- {}\n", plain(&line)));
    }
    for c in listed.iter().filter(|campaign| goes_deeper(campaign, records)) {
        out.push_str(&section(c, records));
    }
    out
}

fn row(cells: [String; 9]) -> String {
    format!("| {} |\n", cells.map(|cell| plain(&cell).replace('|', "\\|")).join(" | "))
}

/// Without controls, ties, and whatever a renderer would take for markup.
fn plain(text: &str) -> String {
    clean(text).replace(style::TIE, " ").replace('<', "&lt;").replace('[', "\\[").replace('*', "\\*")
}

/// What a stranger sent, as code: nothing in it is markup.
fn code(text: &str) -> String {
    let text: String = clean(text).replace('`', "'").chars().take(FACT_ROOM).collect();
    format!("`{}`", text.replace(style::TIE, " "))
}

fn goes_deeper(c: &Campaign, records: &Records<'_>) -> bool {
    !c.tools.is_empty()
        || c.target_list.kind != ListKind::Unknown
        || c.coordination.is_some()
        || c.permutation.is_some()
        || !c.procedures.is_empty()
        || c.lessons.open > 0
        || !records.returns(c).is_empty()
}

/// The page of `explain` in short.
fn section(c: &Campaign, records: &Records<'_>) -> String {
    let mut out = format!("\n### `{}` {}\n\n", records.short(&c.id), plain(&campaign::source(c)));
    out.push_str(&format!("{}\n\n", plain(&explain::opening(c, records))));
    let mut tell = |label: &str, text: String| {
        if !text.is_empty() {
            out.push_str(&format!("- **{label}**: {text}\n"));
        }
    };
    for tool in &c.tools {
        let sure = words::sure(tool.confidence);
        tell("With what", plain(&format!("{}, {sure}: {}", tool.name, tool.text)));
    }
    if let Some(walk) = &c.permutation {
        let numbers = format!("generator {}, prime {}", walk.generator, walk.prime);
        let done = words::percent(walk.done);
        tell("Order", plain(&format!("ZMap walk, {numbers}, {done} done: {}", walk.text)));
    }
    let weighed = c.target_list.weighed.iter().map(|weighed| {
        format!("{} {}", campaign::lists::kind(weighed.kind), words::percent(weighed.probability))
    });
    tell("From which list", plain(&weighed.collect::<Vec<_>>().join(", ")));
    if let Some(coordination) = &c.coordination {
        tell("Together", plain(&coordination.reasons.join("; ")));
    }
    tell("Learned", learned(c, records));
    for follow_up in records.returns(c) {
        let when = campaign::returns::when(c, follow_up);
        let (to, from) = (campaign::returns::to(follow_up, 4), &follow_up.source);
        tell("Came back", plain(&format!("{when} from {from} to {to}: {}", follow_up.text)));
    }
    for procedure in &c.procedures {
        let (name, share) = (&procedure.name, words::percent(procedure.confidence));
        tell("Resembles (a hint, no attribution)", plain(&format!("{name}, {share}: {}", procedure.text)));
    }
    for line in explain::advice(c, records).iter().take(MOST_ADVICE) {
        tell("To do", plain(line));
    }
    out
}

/// What was shown open, each with what it gave away.
fn learned(c: &Campaign, records: &Records<'_>) -> String {
    let facts = |facts: &[LessonFact]| match facts.first() {
        Some(first) => format!(" {}", code(&first.text)),
        None => String::new(),
    };
    let lessons = records.lessons(c);
    let services = || lessons.iter().flat_map(|lesson| lesson.services.iter().map(move |s| (lesson, s)));
    let open = || services().filter(|(_, service)| service.state == ServiceState::Open);
    let mut parts: Vec<String> = open()
        .take(MOST_SERVICES)
        .map(|(lesson, service)| {
            format!("{} {}{}", plain(&lesson.host), plain(&service.service), facts(&service.facts))
        })
        .collect();
    if let Some(others @ 1..) = open().count().checked_sub(MOST_SERVICES) {
        parts.push(format!("{} more", words::number(others as u64)));
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::{Sample, golden, port_scan, screen};

    #[test]
    fn a_table_that_renders_and_sections() {
        let text = markdown(&Sample::all().records(), &screen(80));
        for line in text.lines().take_while(|line| !line.is_empty()) {
            assert_eq!(line.matches('|').count(), TITLES.len() + 1, "{line}");
        }
        golden("campaigns.md", &text);
    }

    #[test]
    fn where_nothing_lies_deeper_there_is_only_the_table() {
        let text = markdown(&Sample::of(vec![port_scan()]).records(), &screen(80));
        assert_eq!(text.lines().count(), 3, "{text}");
    }

    #[test]
    fn what_strangers_send_is_no_markup() {
        let mut sample = Sample::all();
        for service in sample.lessons.iter_mut().flat_map(|lesson| &mut lesson.services) {
            service.facts.insert(
                0,
                LessonFact {
                    what: watchpost_core::record::FactKind::Banner,
                    text: "`<img src=x>` \x1b[2J|".into(),
                },
            );
        }
        sample.follow_ups[0].text = "<script> [x](y)".into();
        let text = markdown(&sample.records(), &screen(80));
        assert!(text.contains("`'<img src=x>' \\x1b[2J|`"), "{text}");
        assert!(!text.contains('\x1b') && !text.contains("<script>") && !text.contains(" [x]"), "{text}");
    }
}
