//! What it learned, host by host: ports and their states, what was given away, and who knew it before.

use watchpost_core::record::{FactKind, Lesson, LessonFact, ServiceLesson, ServiceState};

use super::Page;
use crate::render::campaign::learned::protocol;
use crate::render::clean::clean;
use crate::render::style::{labelled, width};
use crate::render::words::{number, plural};

/// Services of one host that are told one by one.
const MOST_SERVICES: usize = 8;

/// Characters of a fact that are shown: what strangers send may be long.
const FACT_ROOM: usize = 120;

/// Columns for the hosts' addresses; a longer one has the line for itself.
const HOST_ROOM: usize = 16;

impl Page<'_> {
    pub(super) fn lessons(&self) -> String {
        let counts = self.campaign.lessons;
        let lessons = self.records.lessons(self.campaign);
        if lessons.is_empty() && counts.open == 0 {
            return String::new();
        }
        let versions = match counts.versions {
            0 => String::new(),
            many => format!(", {}", plural(many, "version", "versions")),
        };
        let new = match counts.new_to_anyone {
            0 => String::new(),
            many if many == counts.open => "; all of it new to anyone".to_owned(),
            many => format!("; {} new to anyone", number(many)),
        };
        let note = match counts.open {
            0 => "nothing open".to_owned(),
            open => format!("{}{versions}{new}", plural(open, "open port", "open ports")),
        };
        // Where something is open is told first, however late it was found.
        let open = |lesson: &Lesson| lesson.services.iter().any(|s| s.state == ServiceState::Open);
        let mut sorted: Vec<&Lesson> = lessons.to_vec();
        sorted.sort_by_key(|lesson| !open(lesson));
        let mut out: String = sorted.iter().take(self.most()).map(|lesson| self.host(lesson)).collect();
        if let Some(others @ 1..) = sorted.len().checked_sub(self.most()) {
            let others = plural(others as u64, "more host", "more hosts");
            out.push_str(&format!("  {others} (--no-trunc lists them)\n"));
        }
        self.section("What it learned", &note, &out)
    }

    fn host(&self, lesson: &Lesson) -> String {
        let mut lines = Vec::new();
        let most = if self.screen.whole_lists { usize::MAX } else { MOST_SERVICES };
        // What is open matters; what is closed fits one line.
        let (open, closed): (Vec<&ServiceLesson>, Vec<&ServiceLesson>) =
            lesson.services.iter().partition(|service| service.state == ServiceState::Open);
        lines.extend(open.iter().take(most).map(|service| self.service(service)));
        if let Some(others @ 1..) = open.len().checked_sub(most) {
            lines.push(format!("{} open (--no-trunc lists them)", plural(others as u64, "other", "others")));
        }
        let mut rest = Vec::new();
        if !closed.is_empty() {
            let mut names: Vec<String> =
                closed.iter().take(most).map(|service| clean(&service.service)).collect();
            if let Some(others @ 1..) = closed.len().checked_sub(most) {
                names.push(plural(others as u64, "other", "others"));
            }
            rest.push(format!("closed: {}", names.join(", ")));
        }
        if lesson.filtered > 0 {
            rest.push(format!("no answer from {}", plural(lesson.filtered, "service", "services")));
        }
        if lesson.alive_only && lesson.services.is_empty() {
            rest.insert(0, "alive, no more".to_owned());
        }
        if let Some(stack) = &lesson.stack {
            rest.push(format!("system: {}", clean(stack)));
        }
        if !rest.is_empty() {
            lines.push(rest.join("; "));
        }
        let host = clean(&lesson.host);
        let indent = HOST_ROOM + 2;
        let mut out = String::new();
        if width(&host) + 2 > HOST_ROOM {
            out.push_str(&format!("  {host}\n"));
        }
        for (row, line) in lines.iter().enumerate() {
            let label = if row == 0 && out.is_empty() { format!("  {host}") } else { String::new() };
            out.push_str(&labelled(&label, line, indent, self.wrapped()));
        }
        out
    }

    /// `tcp/22 open, SSH: "SSH-2.0-OpenSSH_9.2p1"; new to anyone`.
    fn service(&self, service: &ServiceLesson) -> String {
        let mut text = format!("{} open", clean(&service.service));
        if let Some(spoken) = service.protocol.as_deref().filter(|name| !name.is_empty()) {
            text.push_str(&format!(", {}", protocol(spoken)));
        }
        let facts = told(&service.facts);
        if !facts.is_empty() {
            text.push_str(&format!(": {}", facts.join(", ")));
        }
        let known = service.known_since.as_deref().map(|id| clean(self.records.short(id)));
        let known = match (service.new_to_scanner, known) {
            (_, None) => "new to anyone".to_owned(),
            (true, Some(id)) => format!("new to this scanner, known since {id}"),
            (false, Some(id)) => format!("it knew this since {id}"),
        };
        let exposed: Vec<String> = service
            .exposures
            .iter()
            .map(|exposure| format!("{} ({})", clean(&exposure.what), exposure.rung.name()))
            .collect();
        let exposed =
            if exposed.is_empty() { String::new() } else { format!("; exposed: {}", exposed.join(", ")) };
        format!("{text}; {known}{exposed}")
    }
}

/// The facts, each in as few words as say what it is; software that a banner already shows is not said twice.
fn told(facts: &[LessonFact]) -> Vec<String> {
    let banner = facts.iter().find(|fact| fact.what == FactKind::Banner).map(|fact| fact.text.as_str());
    let repeated = |fact: &LessonFact| {
        let words = || fact.text.split([' ', '/', '_']).filter(|word| !word.is_empty());
        fact.what == FactKind::Software
            && banner.is_some_and(|banner| words().all(|word| banner.contains(word)))
    };
    facts.iter().filter(|fact| !repeated(fact)).map(fact).collect()
}

/// One fact. What is quoted was sent by the host itself.
pub(super) fn fact(fact: &LessonFact) -> String {
    let text = shortened(&clean(&fact.text));
    match fact.what {
        FactKind::Banner => format!("\"{text}\""),
        FactKind::Software | FactKind::Protocol => text,
        FactKind::CertificateName => format!("certificate for {text}"),
        FactKind::CertificateIssuer => format!("issued by {text}"),
        FactKind::HostName => format!("calls itself {text}"),
        FactKind::Title => format!("\"{text}\""),
        FactKind::Login => format!("login: {text}"),
        FactKind::Request => format!("asked {text}"),
        FactKind::UserAgent => format!("as {text}"),
        FactKind::AskedName => format!("for {text}"),
    }
}

fn shortened(text: &str) -> String {
    if width(text) <= FACT_ROOM {
        return text.to_owned();
    }
    text.chars().take(FACT_ROOM - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(what: FactKind, text: &str) -> LessonFact {
        LessonFact { what, text: text.into() }
    }

    #[test]
    fn what_a_banner_shows_is_not_said_twice() {
        let facts =
            [of(FactKind::Banner, "SSH-2.0-OpenSSH_9.2p1 Debian-2"), of(FactKind::Software, "OpenSSH 9.2p1")];
        assert_eq!(told(&facts), ["\"SSH-2.0-OpenSSH_9.2p1 Debian-2\""]);
        let other = [of(FactKind::Banner, "220 ready"), of(FactKind::Software, "vsFTPd 3.0.3")];
        assert_eq!(told(&other), ["\"220 ready\"", "vsFTPd 3.0.3"]);
    }

    #[test]
    fn what_strangers_send_is_cleaned_and_cut() {
        let text = fact(&of(FactKind::Banner, &format!("\x1b]0;owned\x07\u{202e}{}", "x".repeat(300))));
        assert!(!text.contains(['\x1b', '\x07', '\u{202e}']), "{text}");
        assert!(width(&text) <= FACT_ROOM + 2 && text.ends_with("…\""), "{text}");
    }
}
