//! What to do: concrete lines that follow from what was learned, and nothing that does not.
//!
//! A line of configuration is told only where the software that it belongs to was named. A port alone gives the rule of
//! the firewall, and says "if", because a port is not a service. The ports and settings are those of each software's own
//! documentation.

use std::collections::BTreeMap;

use watchpost_core::record::{Campaign, Direction, FactKind, Lesson, ServiceLesson, ServiceState};

use super::Page;
use crate::render::campaign;
use crate::render::campaign::returns::to;
use crate::render::clean::clean;
use crate::render::records::Records;
use crate::render::survey::{fix, place};
use crate::render::words::{and, clock, day, plural};

/// Hosts that a line names.
const MOST_HOSTS: usize = 3;

/// Lines told; more would not be read.
const MOST_LINES: usize = 8;

/// What a service that was shown open says.
struct Open<'a> {
    host: &'a str,
    service: &'a ServiceLesson,
}

impl Open<'_> {
    /// Whether its software, banner or title has this word, whatever its case.
    fn says(&self, word: &str) -> bool {
        let told = [FactKind::Banner, FactKind::Software, FactKind::Title];
        self.service
            .facts
            .iter()
            .any(|fact| told.contains(&fact.what) && fact.text.to_ascii_lowercase().contains(word))
    }

    fn speaks(&self, protocol: &str) -> bool {
        self.service.protocol.as_deref() == Some(protocol)
    }

    fn on(&self, ports: &[u16]) -> bool {
        let port = self.service.service.strip_prefix("tcp/").and_then(|port| port.parse().ok());
        port.is_some_and(|port: u16| ports.contains(&port))
    }

    /// A version of TLS that is no longer to be offered (RFC 8996).
    fn old_tls(&self) -> bool {
        self.service.facts.iter().any(|fact| {
            fact.what == FactKind::Protocol && ["TLS 1.0", "TLS 1.1", "SSL 3.0"].contains(&fact.text.as_str())
        })
    }

    /// Whether a number stands in what it says of its software.
    fn has_version(&self) -> bool {
        let software = self.service.facts.iter().filter(|fact| fact.what == FactKind::Software);
        software.into_iter().any(|fact| fact.text.contains(|c: char| c.is_ascii_digit()))
    }
}

/// When a line is told, and what it says; `{}` is where.
struct Rule {
    when: fn(&Open<'_>) -> bool,
    text: &'static str,
}

/// Most urgent first: what gives control away, what should be reached by few, what only says too much.
const RULES: &[Rule] = &[
    Rule {
        when: |open| open.speaks("docker") || (open.on(&[2375]) && open.says("docker")),
        text: "{}: the Docker API answers without TLS; dockerd: remove -H tcp://, or set --tlsverify, and look for \
               containers that nobody started",
    },
    Rule {
        when: |open| open.on(&[2375, 2376]) && !open.speaks("docker") && !open.says("docker"),
        text: "{}: if this is the Docker API, remove -H tcp:// from dockerd or set --tlsverify; close the port at the border",
    },
    Rule {
        when: |open| open.on(&[10250, 10255]),
        text: "{}: if this is a kubelet, set --anonymous-auth=false, --authorization-mode=Webhook and --read-only-port=0, \
               and let only the control plane reach it",
    },
    Rule {
        when: |open| open.on(&[2379, 2380]),
        text: "{}: if this is etcd, set --client-cert-auth and --peer-client-cert-auth, and let only its peers and the \
               API server reach it",
    },
    Rule {
        when: |open| open.on(&[6443]),
        text: "{}: if this is the Kubernetes API, let only your own networks reach it",
    },
    Rule {
        when: |open| !open.speaks("redis") && open.on(&[6379]),
        text: "{}: if this is Redis, bind it to localhost, or let only its clients reach it",
    },
    Rule {
        when: |open| open.speaks("redis"),
        text: "{}: redis.conf: bind 127.0.0.1 -::1, protected-mode yes, and a password (requirepass or ACL)",
    },
    Rule {
        when: |open| open.on(&[3306, 5432, 1433, 1521, 27017, 9200, 11211, 5984, 9042]),
        text: "{}: a database port should not answer the Internet: bind it to localhost or let only its clients reach it",
    },
    Rule {
        when: |open| open.speaks("telnet") || open.on(&[23]),
        text: "{}: Telnet sends passwords in clear text: if this is Telnet, switch it off and use SSH",
    },
    Rule {
        when: |open| open.on(&[3389, 5900, 445, 139, 5985, 5986]),
        text: "{}: remote desktops and file shares belong behind a VPN: close the port at the border",
    },
    Rule {
        when: |open| open.speaks("ssh") || open.on(&[22]),
        text: "{}: let only your own networks reach SSH; sshd_config: PasswordAuthentication no",
    },
    Rule {
        when: |open| open.speaks("ssh") && (open.says("debian") || open.says("ubuntu")),
        text: "{}: sshd_config: DebianBanner no, so that the patch level is not shown (OpenSSH's own version stays \
               visible: keep it patched)",
    },
    Rule {
        when: |open| open.speaks("ssh") && open.says("freebsd"),
        text: "{}: sshd_config: VersionAddendum none, so that the patch level is not shown",
    },
    Rule { when: |open| open.says("nginx") && open.has_version(), text: "{}: nginx: server_tokens off;" },
    Rule {
        when: |open| open.says("apache/") || open.says("apache httpd"),
        text: "{}: Apache: ServerTokens Prod and ServerSignature Off",
    },
    Rule { when: |open| open.says("php/"), text: "{}: php.ini: expose_php = Off" },
    Rule { when: |open| open.says("proftpd"), text: "{}: proftpd.conf: ServerIdent off" },
    Rule { when: |open| open.says("vsftpd"), text: "{}: vsftpd.conf: ftpd_banner=, with a text of your own" },
    Rule {
        when: |open| open.speaks("smtp") && open.says("postfix"),
        text: "{}: Postfix main.cf: smtpd_banner = $myhostname ESMTP",
    },
    Rule {
        when: |open| open.speaks("smtp") && open.says("exim"),
        text: "{}: Exim: smtp_banner = $smtp_active_hostname ESMTP",
    },
    Rule {
        when: |open| open.old_tls(),
        text: "{}: offer TLS 1.2 and 1.3 only (older versions are deprecated by RFC 8996)",
    },
];

impl Page<'_> {
    pub(super) fn advice(&self) -> String {
        let told = advice(self.campaign, self.records);
        let body: String = told.iter().take(MOST_LINES).map(|line| self.item(line)).collect();
        if body.is_empty() { body } else { self.section("What to do", "", &body) }
    }
}

/// What to do, most urgent first.
pub(super) fn advice(c: &Campaign, records: &Records<'_>) -> Vec<String> {
    if c.status == watchpost_core::record::Status::Withdrawn {
        return Vec::new();
    }
    let mut out = Vec::new();
    // Of others' hosts there is nothing to configure here.
    let theirs = matches!(c.direction, Direction::Outbound | Direction::Transit);
    for follow_up in records.returns(c).iter().take(if theirs { 0 } else { 2 }) {
        out.push(format!(
            "look into the logs of {} for {} from {} {} UTC on",
            to(follow_up, MOST_HOSTS),
            clean(&follow_up.source),
            day(&follow_up.start),
            clock(&follow_up.start).get(..5).unwrap_or_default(),
        ));
    }
    if matches!(c.direction, Direction::Outbound | Direction::Internal) {
        let source = campaign::source(c);
        out.push(format!("{source} is yours: find out what scans there; if nobody knows, isolate it"));
    }
    // What a survey found is known, with what takes it away; the rules below guess from what was said.
    let shown = if theirs { &[][..] } else { records.shown(c) };
    for exposure in shown.iter().filter(|exposure| !exposure.fix.line.is_empty()).take(MOST_LINES) {
        let place = place(&exposure.host, &exposure.service);
        out.push(format!("{place}: {}; {}", clean(&exposure.what), fix(exposure)));
    }
    let mut open = if theirs { Vec::new() } else { open(records.lessons(c)) };
    let is_told = |open: &Open<'_>| {
        shown
            .iter()
            .any(|e| e.host == open.host && e.service == open.service.service && !e.fix.line.is_empty())
    };
    open.retain(|open| !is_told(open));
    for rule in RULES {
        let mut places: BTreeMap<usize, String> = BTreeMap::new();
        for (place, open) in open.iter().enumerate().filter(|(_, open)| (rule.when)(open)) {
            places.insert(place, at(open));
        }
        if !places.is_empty() {
            let mut named: Vec<String> = places.values().take(MOST_HOSTS).cloned().collect();
            if let Some(others @ 1..) = places.len().checked_sub(MOST_HOSTS) {
                named.push(plural(others as u64, "other", "others"));
            }
            out.push(rule.text.replacen("{}", &and(&named), 1));
        }
    }
    out
}

/// `203.0.113.9:22`, `[2001:db8::1]:22`.
fn at(open: &Open<'_>) -> String {
    let host = clean(open.host);
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    match open.service.service.split_once('/') {
        Some(("tcp" | "udp", port)) => format!("{host}:{}", clean(port)),
        _ => host,
    }
}

fn open<'a>(lessons: &'a [&'a Lesson]) -> Vec<Open<'a>> {
    lessons
        .iter()
        .flat_map(|lesson| lesson.services.iter().map(|service| Open { host: &lesson.host, service }))
        .filter(|open| open.service.state == ServiceState::Open)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::{Sample, hunt, lessons, port_scan, shared_sweep, syn_sweep, withdrawn};
    use watchpost_core::record::LessonFact;

    fn told(campaign: &Campaign, sample: &Sample) -> String {
        advice(campaign, &sample.records()).join("\n")
    }

    #[test]
    fn advice_follows_from_what_was_given_away() {
        let sample = Sample::all();
        let sweep = told(&syn_sweep(), &sample);
        assert!(sweep.starts_with("look into the logs of 203.0.113.9:22 for 198.51.100.9"), "{sweep}");
        assert!(sweep.contains("203.0.113.9:22: sshd_config: DebianBanner no"), "{sweep}");
        let hunt = told(&hunt(), &sample);
        assert!(hunt.contains("203.0.113.14:2375: the Docker API answers without TLS"), "{hunt}");
        assert!(hunt.contains("203.0.113.80:6379: redis.conf"), "{hunt}");
        assert!(!hunt.contains("ssh"), "{hunt}");
    }

    #[test]
    fn nothing_learned_is_nothing_to_do() {
        let sample = Sample::all();
        assert_eq!(told(&port_scan(), &sample), "");
        // Closed ports alone ask for nothing.
        assert_eq!(told(&shared_sweep(), &sample), "");
        assert_eq!(told(&Campaign { id: syn_sweep().id, ..withdrawn() }, &sample), "");
    }

    #[test]
    fn an_own_host_that_scans_others_is_looked_into_and_the_others_left_alone() {
        let out = Campaign { direction: Direction::Outbound, ..syn_sweep() };
        assert_eq!(
            told(&out, &Sample::all()),
            "198.51.100.7 is yours: find out what scans there; if nobody knows, isolate it"
        );
    }

    #[test]
    fn a_port_alone_is_no_proof_of_its_service() {
        let mut lessons = lessons();
        lessons.iter_mut().flat_map(|lesson| &mut lesson.services).for_each(|service| {
            service.facts.clear();
            service.protocol = None;
        });
        let sample = Sample { lessons, ..Sample::all() };
        let hunt = told(&hunt(), &sample);
        assert!(hunt.contains("203.0.113.14:2375: if this is the Docker API"), "{hunt}");
        assert!(!told(&syn_sweep(), &sample).contains("Banner"));
    }

    #[test]
    fn what_strangers_say_is_never_repeated_in_advice() {
        let mut lessons = lessons();
        let evil = LessonFact { what: FactKind::Software, text: "nginx/1.0 \x1b[2J{}".into() };
        lessons[0].services[0].facts.push(evil);
        lessons[0].host = "203.0.113.9\x1b[2J".into();
        let sample = Sample { lessons, ..Sample::all() };
        let text = told(&syn_sweep(), &sample);
        assert!(text.contains("nginx: server_tokens off;") && !text.contains('\x1b'), "{text}");
    }
}
