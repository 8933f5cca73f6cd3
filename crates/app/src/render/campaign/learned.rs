//! What a campaign got: numbers of open ports and versions where its lessons are kept, numbers of hosts otherwise.

use watchpost_core::inventory::spoken;
use watchpost_core::record::{Campaign, Count, FactKind, Learned, Lesson, ServiceLesson, ServiceState};

use crate::render::clean::clean;
use crate::render::words::{count, number, plural};

/// What it got, in numbers of hosts: `4 hosts showed open ports, 12 refused`; `replies` says whether they could be seen
/// here at all.
pub fn learned(campaign: &Campaign, replies: bool) -> String {
    let found = campaign.learned;
    if campaign.hosts.count == 1 && !campaign.at_least {
        return learned_of_one(&found, replies).to_owned();
    }
    let hosts = |found: Count| {
        let word = if found.count == 1 { "host" } else { "hosts" };
        format!("{} {word}", count(found, campaign.at_least))
    };
    let kinds = [
        (found.open_hosts, "showed open ports"),
        (found.alive_hosts, "answered"),
        (found.refused_hosts, "refused"),
    ];
    let mut parts = kinds.iter().filter(|(found, _)| found.count > 0);
    let Some((first, what)) = parts.next() else {
        return if replies { "nothing answered" } else { "replies are not visible here" }.to_owned();
    };
    let mut text = format!("{} {what}", hosts(*first));
    for (found, what) in parts {
        text.push_str(&format!(", {} {what}", count(*found, campaign.at_least)));
    }
    if found.refused_hosts.count > 0 && found.open_hosts.count == 0 {
        text.push_str(", none was open");
    }
    text
}

/// What one host gave away.
fn learned_of_one(found: &Learned, replies: bool) -> &'static str {
    match found {
        Learned { open_hosts: Count { count: 1.., .. }, .. } => "it showed open ports",
        Learned { refused_hosts: Count { count: 1.., .. }, .. } => "it refused, nothing was open",
        Learned { alive_hosts: Count { count: 1.., .. }, .. } => "it answered",
        _ if replies => "nothing answered",
        _ => "replies are not visible here",
    }
}

/// Whether the lessons tell of everything open: targets beyond those kept one by one have none.
fn told_by_lessons(campaign: &Campaign) -> bool {
    campaign.lessons.open > 0 && campaign.lessons.open >= campaign.learned.open_hosts.count
}

/// For a row: `learned 4 open ports`, and beside it `1 SSH version`.
pub fn row(campaign: &Campaign, lessons: &[&Lesson], replies: bool) -> (String, String) {
    let versions = match campaign.lessons.versions {
        0 => String::new(),
        many => format!("{} {}", number(many), noun(lessons, many)),
    };
    if told_by_lessons(campaign) {
        let at_least = if campaign.at_least { "≥" } else { "" };
        let ports = plural(campaign.lessons.open, "open port", "open ports");
        return (format!("learned {at_least}{ports}"), versions);
    }
    (learned(campaign, replies), versions)
}

/// For a sentence: `4 ports answered open, one gave its SSH version`.
pub fn sentence(campaign: &Campaign, lessons: &[&Lesson], replies: bool) -> String {
    let mut text = if told_by_lessons(campaign) {
        let at_least = if campaign.at_least { "at least " } else { "" };
        format!("{at_least}{} answered open", plural(campaign.lessons.open, "port", "ports"))
    } else {
        learned(campaign, replies)
    };
    match campaign.lessons.versions {
        0 => {}
        // "1 port answered open, one gave its version" would read as another one.
        1 if campaign.lessons.open == 1 => {
            text.push_str(&format!(" and gave its {} away", noun(lessons, 1)));
        }
        1 => text.push_str(&format!(", one gave its {} away", noun(lessons, 1))),
        many => text.push_str(&format!(", {} gave their {} away", number(many), noun(lessons, many))),
    }
    text
}

/// `SSH version`, `SSH versions`; without a protocol where there are several or the lessons do not tell.
fn noun(lessons: &[&Lesson], many: u64) -> String {
    let noun = if many == 1 { "version" } else { "versions" };
    let telling = || lessons.iter().flat_map(|lesson| &lesson.services).filter(|service| tells(service));
    let first = telling().next().and_then(|service| service.protocol.as_deref());
    let alike = telling().all(|service| service.protocol.as_deref() == first);
    match first {
        Some(name) if alike && !name.is_empty() && telling().count() as u64 == many => {
            format!("{} {noun}", protocol(name))
        }
        _ => noun.to_owned(),
    }
}

/// Whether a service is open and gave its software away.
fn tells(service: &ServiceLesson) -> bool {
    service.state == ServiceState::Open && service.facts.iter().any(|fact| fact.what == FactKind::Software)
}

/// A protocol as people write it: `SSH`, `HTTP`, `Redis`.
pub fn protocol(name: &str) -> String {
    clean(&spoken(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::{lessons, port_scan, syn_sweep};
    use watchpost_core::record::LessonCounts;

    const fn exact(count: u64) -> Count {
        Count { count, exact: true }
    }

    #[test]
    fn what_one_host_gave_away_needs_no_number() {
        let replies = |open, refused| {
            let found =
                Learned { open_hosts: exact(open), alive_hosts: exact(0), refused_hosts: exact(refused) };
            learned(&Campaign { learned: found, ..port_scan() }, true)
        };
        assert_eq!(
            [replies(1, 0), replies(0, 1), replies(0, 0)],
            ["it showed open ports", "it refused, nothing was open", "nothing answered"]
        );
    }

    #[test]
    fn an_answer_to_arp_or_ping_is_not_called_an_open_port() {
        let found = |open, alive, hosts| {
            let learned =
                Learned { open_hosts: exact(open), alive_hosts: exact(alive), refused_hosts: exact(0) };
            super::learned(&Campaign { learned, hosts: exact(hosts), ..port_scan() }, true)
        };
        assert_eq!(found(0, 1, 1), "it answered");
        assert_eq!(found(0, 5, 9), "5 hosts answered");
        assert_eq!(found(1, 5, 9), "1 host showed open ports, 5 answered");
    }

    #[test]
    fn versions_name_their_protocol_where_it_is_one() {
        let (campaign, all) = (syn_sweep(), lessons());
        let mine: Vec<&Lesson> = all.iter().filter(|lesson| lesson.campaign == campaign.id).collect();
        let row = |lessons| row(&campaign, lessons, true);
        assert_eq!(row(&mine), ("learned 4 open ports".to_owned(), "1 SSH version".to_owned()));
        assert_eq!(row(&[]).1, "1 version");
        assert_eq!(sentence(&campaign, &mine, true), "4 ports answered open, one gave its SSH version away");
        let one =
            Campaign { lessons: LessonCounts { open: 1, versions: 1, new_to_anyone: 1 }, ..port_scan() };
        assert_eq!(sentence(&one, &mine, true), "1 port answered open and gave its SSH version away");
    }

    #[test]
    fn where_lessons_are_not_kept_of_all_the_hosts_are_counted() {
        let found = Learned { open_hosts: exact(4000), alive_hosts: exact(0), refused_hosts: exact(0) };
        let many = Campaign { learned: found, ..syn_sweep() };
        assert_eq!(row(&many, &[], true).0, "4,000 hosts showed open ports");
        assert_eq!(sentence(&many, &[], true), "4,000 hosts showed open ports, one gave its version away");
    }
}
