//! The policy: which services may be seen where. What it does not allow is an exposure.
//!
//! `policy.toml` is written by people and read like a scope: every key is named below and no other, every mistake is told
//! with its line. Without a word a service may not be seen (`default = "deny"`); an `[[allow]]` rule names hosts, services
//! and how far they may let a stranger climb; `[[deny]]` rules win. The limit: a rule is of addresses, never of names.

use std::net::IpAddr;

use ipnet::IpNet;
use jiff::civil::Date;
use serde::Deserialize;
use toml::Spanned;

use super::file::Inventory;
use super::names::{Named, Services, order, spoken};
use super::record::{Exposure, Fix, Rung, Service, State};
use crate::contact;
use crate::contact::Transport;
use crate::mistake::{Mistake, Reading};
use crate::record::SCHEMA_VERSION;

/// The name of the check in exposures.
pub const CHECK: &str = "policy";

/// `policy.toml` as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// What holds where no rule does: `deny` or `allow`.
    #[serde(default)]
    default: Option<Spanned<String>>,
    #[serde(default)]
    allow: Vec<Written>,
    #[serde(default)]
    deny: Vec<Written>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    /// Addresses and prefixes.
    hosts: Vec<Spanned<String>>,
    /// `tcp/443`, `tcp/8000-8100`, `udp/*`.
    services: Vec<Spanned<String>>,
    /// How far they may let a stranger climb; `identified` where nothing is said.
    #[serde(default)]
    rung: Option<Spanned<String>>,
    /// The last day, in UTC.
    #[serde(default)]
    until: Option<Spanned<String>>,
    /// Why, for whoever reads it later.
    #[serde(default)]
    why: Option<Spanned<String>>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq)]
struct Rule {
    hosts: Vec<IpNet>,
    services: Vec<Services>,
    rung: Rung,
    until: Option<Date>,
    why: String,
    line: usize,
}

impl Rule {
    /// Whether it denies any of it.
    fn denies(&self, host: IpAddr, service: Named) -> bool {
        self.is_of(host) && self.services.iter().any(|set| set.holds(service))
    }

    /// Whether it allows all of it: one port is not every port.
    fn allows(&self, host: IpAddr, service: Named) -> bool {
        self.is_of(host) && self.services.iter().any(|set| set.covers(service))
    }

    fn is_of(&self, host: IpAddr) -> bool {
        self.hosts.iter().any(|net| net.contains(&host))
    }

    fn is_over(&self, today: Date) -> bool {
        self.until.is_some_and(|until| until < today)
    }
}

/// Which services may be seen where.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    allow: Vec<Rule>,
    deny: Vec<Rule>,
    /// What no rule names may be seen.
    open: bool,
}

/// What the policy says of a service.
enum Verdict<'a> {
    /// It may be seen up to this rung.
    Allowed(Rung),
    /// It may not, and why.
    Denied(&'a str, String),
}

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    /// All mistakes in it, in the order of lines.
    pub fn parse(text: &str) -> Result<Self, Vec<Mistake>> {
        let mut reading = Reading::new(text);
        let file: File = match toml::from_str(text) {
            Ok(file) => file,
            Err(error) => {
                let fix = "A rule is [[allow]] with hosts = [\"192.0.2.10\"] and services = [\"tcp/443\"].";
                return Err(vec![reading.unreadable(&error, fix)]);
            }
        };
        let open = match file.default.as_ref().map(|word| (word.get_ref().as_str(), word)) {
            None | Some(("deny", _)) => false,
            Some(("allow", _)) => true,
            Some((other, word)) => {
                reading.wrong(
                    word.span(),
                    format!("default: {other:?} is neither deny nor allow"),
                    "Write deny or allow.",
                );
                false
            }
        };
        let allow: Vec<Rule> = file.allow.iter().map(|rule| reading.rule("allow", rule)).collect();
        let deny = file.deny.iter().map(|rule| reading.rule("deny", rule)).collect();
        for rule in &file.deny {
            if let Some(rung) = &rule.rung {
                reading.wrong(
                    rung.span(),
                    "deny: a rung says nothing here",
                    "Leave it out: nothing of it may be seen.",
                );
            }
        }
        if allow.is_empty() && !open && reading.mistakes.is_empty() {
            let what = "no rule allows anything, so every open port is a finding".to_owned();
            let fix = "Name what may be seen in [[allow]] rules, or write default = \"allow\".".to_owned();
            reading.mistakes.push(Mistake { line: 0, what, fix });
        }
        if !reading.mistakes.is_empty() {
            reading.mistakes.sort_by_key(|mistake| mistake.line);
            return Err(reading.mistakes);
        }
        Ok(Self { allow, deny, open })
    }

    /// Rules that were over on the day on which the survey ended, in words: each with its line.
    pub fn over(&self, inventory: &Inventory) -> Vec<String> {
        let Some(today) = day(inventory) else { return Vec::new() };
        let over = self.allow.iter().chain(&self.deny).filter(|rule| rule.is_over(today));
        let told = |rule: &Rule| {
            let until = rule.until.map(|day| day.to_string()).unwrap_or_default();
            format!("line {}: the rule held until {until} and is left out", rule.line)
        };
        over.map(told).collect()
    }

    /// Holds what a survey found against the policy: every service outside of it becomes an exposure, and every exposure
    /// says whether it is within. Rules are over by the day on which the survey ended. To be asked before
    /// [`super::settle()`], which gives exposures their first time.
    pub fn judge(&self, inventory: &mut Inventory) {
        let today = day(inventory).unwrap_or(Date::MIN);
        inventory.exposures.retain(|exposure| exposure.check != CHECK);
        for exposure in &mut inventory.exposures {
            let verdict = self.of(&exposure.host, &exposure.service, today);
            exposure.within_policy = Some(matches!(verdict, Verdict::Allowed(most) if exposure.rung <= most));
        }
        let mut found = Vec::new();
        for service in inventory.services.iter().filter(|s| s.state != State::Closed) {
            if let Verdict::Denied(why, fix) = self.of(&service.host, &service.service, today) {
                found.push(exposure(service, why, fix));
            }
        }
        inventory.exposures.extend(found);
        inventory
            .exposures
            .sort_by_cached_key(|e| (order(&e.host, &e.service), e.check.clone(), e.what.clone()));
    }

    fn of(&self, host: &str, service: &str, today: Date) -> Verdict<'_> {
        let (Ok(address), Some(named)) = (host.parse::<IpAddr>(), Named::parse(service)) else {
            return Verdict::Denied("what it is cannot be told", format!("drop {service} to {host}"));
        };
        let drop = || format!("drop {service} to {host} from outside, or allow it in policy.toml");
        if let Some(rule) = self.deny.iter().find(|rule| rule.denies(address, named) && !rule.is_over(today))
        {
            let why = if rule.why.is_empty() { "a rule denies it" } else { &rule.why };
            return Verdict::Denied(why, format!("drop {service} to {host} from outside"));
        }
        let holding = self.allow.iter().filter(|rule| rule.allows(address, named) && !rule.is_over(today));
        let most = holding.map(|rule| rule.rung).max();
        match most {
            Some(rung) => Verdict::Allowed(rung),
            None if self.open => Verdict::Allowed(Rung::Identified),
            None => match self.allow.iter().find(|rule| rule.allows(address, named)) {
                Some(_) => Verdict::Denied("the rule that allowed it is over", drop()),
                None => Verdict::Denied("no rule allows it", drop()),
            },
        }
    }
}

/// The day on which a survey ended.
fn day(inventory: &Inventory) -> Option<Date> {
    inventory.survey.end.0.get(..10)?.parse().ok()
}

/// The finding that a service may not be seen.
fn exposure(service: &Service, why: &str, fix: String) -> Exposure {
    let remote = remote_access(service);
    let named = service.protocol.as_deref().filter(|name| !name.is_empty()).map(spoken);
    let known = service.product.as_ref().map(|p| p.name.clone()).or(named);
    let what = match (remote, &known, Named::parse(&service.service)) {
        (Some(remote), ..) => format!("remote access by {remote}, outside of the policy"),
        (None, Some(known), _) => format!("{known}, outside of the policy"),
        (None, None, Some(Named::All(_))) => "every port, outside of the policy".to_owned(),
        (None, None, _) => "a service outside of the policy".to_owned(),
    };
    Exposure {
        schema_version: SCHEMA_VERSION,
        host: service.host.clone(),
        service: service.service.clone(),
        check: CHECK.into(),
        rung: if known.is_some() { Rung::Identified } else { Rung::Reachable },
        what,
        evidence: vec![format!("{} answers at {}", service.service, service.host), why.to_owned()],
        fix: Fix { place: "firewall".into(), line: fix },
        techniques: remote.map(|_| "T1133".to_owned()).into_iter().collect(),
        first_seen: service.last_seen.clone(),
        time: service.last_seen.clone(),
        within_policy: Some(false),
        seen_by: Vec::new(),
    }
}

/// By what a stranger could come in (ATT&CK T1133), by the protocol that is spoken, else by the port's usual one.
fn remote_access(service: &Service) -> Option<&'static str> {
    let by_name = |name: &str| match name {
        "ssh" => Some("SSH"),
        "telnet" => Some("Telnet"),
        "rdp" => Some("RDP"),
        "vnc" | "rfb" => Some("VNC"),
        "smb" => Some("SMB"),
        "winrm" => Some("WinRM"),
        "openvpn" | "ike" | "ipsec" | "wireguard" | "pptp" | "l2tp" => Some("VPN"),
        _ => None,
    };
    let spoken = service.protocol.as_deref();
    if let Some(remote) = spoken.and_then(by_name) {
        return Some(remote);
    }
    let Some(Named::One(contact::Service { transport, port })) = Named::parse(&service.service) else {
        return None;
    };
    // WinRM is HTTP to whoever asks; of the others a known protocol that is another one decides.
    match (transport, port) {
        (Transport::Tcp, 5_985 | 5_986) => Some("WinRM"),
        _ if spoken.is_some() => None,
        (Transport::Tcp, 22) => Some("SSH"),
        (Transport::Tcp, 23) => Some("Telnet"),
        (Transport::Tcp | Transport::Udp, 3_389) => Some("RDP"),
        (Transport::Tcp, 5_900..=5_909) => Some("VNC"),
        (Transport::Tcp, 139 | 445) => Some("SMB"),
        (Transport::Tcp, 1_723) | (Transport::Udp, 500 | 1_194 | 1_701 | 4_500 | 51_820) => Some("VPN"),
        _ => None,
    }
}

/// What a policy file holds beyond texts and prefixes.
trait Ruled {
    fn rule(&mut self, kind: &str, written: &Written) -> Rule;
}

impl Ruled for Reading<'_> {
    fn rule(&mut self, kind: &str, written: &Written) -> Rule {
        let key = |name: &str| format!("{kind}: {name}");
        let hosts = written.hosts.iter().filter_map(|host| self.block(&key("hosts"), host)).collect();
        let mut services = Vec::new();
        for set in &written.services {
            match Services::parse(set.get_ref().trim()) {
                Ok(set) => services.push(set),
                Err(why) => self.wrong(
                    set.span(),
                    format!("{kind}: services: {why}"),
                    "Write it as tcp/443, tcp/8000-8100, udp/* or icmp/echo.",
                ),
            }
        }
        let rung = written.rung.as_ref().map_or(Rung::Identified, |word| {
            let known = match word.get_ref().as_str() {
                "reachable" => Some(Rung::Reachable),
                "identified" => Some(Rung::Identified),
                "discloses" => Some(Rung::Discloses),
                "anonymous" => Some(Rung::Anonymous),
                "sensitive" => Some(Rung::Sensitive),
                _ => None,
            };
            known.unwrap_or_else(|| {
                let what = format!("{kind}: rung: {:?} is no rung", word.get_ref());
                self.wrong(
                    word.span(),
                    what,
                    "Write reachable, identified, discloses, anonymous or sensitive.",
                );
                Rung::Reachable
            })
        });
        let until = written.until.as_ref().and_then(|value| {
            let text = value.get_ref().trim();
            let day = Some(text).filter(|text| text.len() == 10).and_then(|text| text.parse().ok());
            if day.is_none() {
                let what = format!("{kind}: until: {text:?} is no day");
                self.wrong(value.span(), what, "Write year, month and day: 2027-06-30.");
            }
            day
        });
        let why = written.why.as_ref().map(|why| self.said(&key("why"), why, "Say why, or leave it out."));
        let at = written.hosts.first().or(written.services.first()).map(Spanned::span);
        for (name, empty) in [("hosts", written.hosts.is_empty()), ("services", written.services.is_empty())]
        {
            if empty {
                let what = format!("{kind}: {name} is empty: the rule is of nothing");
                let fix = "Name at least one; 0.0.0.0/0 and ::/0 are all hosts.";
                match &at {
                    Some(at) => self.wrong(at.clone(), what, fix),
                    None => self.mistakes.push(Mistake { line: 0, what, fix: fix.into() }),
                }
            }
        }
        let line = at.map_or(0, |at| self.line(&at));
        Rule { hosts, services, rung, until, why: why.unwrap_or_default(), line }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::file::tests::{exposed, taken};
    use crate::inventory::{Asked, settle};

    const RULES: &str = r#"
[[allow]]
hosts = ["192.0.2.10", "192.0.2.0/29"]
services = ["tcp/443", "tcp/80"]
why = "the web servers"

[[allow]]
hosts = ["192.0.2.9"]
services = ["tcp/22"]
until = "2026-11-15"

[[allow]]
hosts = ["0.0.0.0/0", "::/0"]
services = ["tcp/25"]
rung = "discloses"
"#;

    fn judged(day: u32, open: &[(&str, &str)], exposures: Vec<Exposure>) -> Inventory {
        let mut inventory = taken(day, open);
        inventory.exposures = exposures;
        Policy::parse(RULES).unwrap().judge(&mut inventory);
        inventory
    }

    fn outside(inventory: &Inventory) -> Vec<(&str, &str)> {
        let found = inventory.exposures.iter().filter(|e| e.check == CHECK);
        found.map(|e| (e.host.as_str(), e.service.as_str())).collect()
    }

    #[test]
    fn what_no_rule_allows_is_an_exposure() {
        let open = [
            ("192.0.2.10", "tcp/443"),
            ("192.0.2.5", "tcp/80"),
            ("192.0.2.11", "tcp/443"),
            ("192.0.2.9", "tcp/22"),
        ];
        let early = judged(15, &open, vec![]);
        assert_eq!(outside(&early), [("192.0.2.11", "tcp/443")]);
        let late = judged(16, &open, vec![]);
        assert_eq!(outside(&late), [("192.0.2.9", "tcp/22"), ("192.0.2.11", "tcp/443")]);
        let ssh = &late.exposures[0];
        assert_eq!((ssh.techniques.as_slice(), ssh.within_policy), (&["T1133".to_owned()][..], Some(false)));
        assert!(ssh.evidence.iter().any(|e| e.contains("is over")), "{ssh:?}");
        assert_eq!(Policy::parse(RULES).unwrap().over(&late).len(), 1);
        // Judged again it is the same.
        let mut again = late.clone();
        Policy::parse(RULES).unwrap().judge(&mut again);
        assert_eq!(again, late);
    }

    #[test]
    fn a_rule_allows_up_to_its_rung() {
        let of = |service, rung| exposed("192.0.2.10", service, rung, "x");
        let found = judged(
            15,
            &[],
            vec![
                of("tcp/443", Rung::Identified),
                of("tcp/443", Rung::Discloses),
                of("tcp/25", Rung::Discloses),
                of("tcp/25", Rung::Anonymous),
            ],
        );
        let mut within: Vec<_> =
            found.exposures.iter().map(|e| (e.service.as_str(), e.rung, e.within_policy)).collect();
        within.sort();
        assert_eq!(
            within,
            [
                ("tcp/25", Rung::Discloses, Some(true)),
                ("tcp/25", Rung::Anonymous, Some(false)),
                ("tcp/443", Rung::Identified, Some(true)),
                ("tcp/443", Rung::Discloses, Some(false)),
            ]
        );
    }

    #[test]
    fn one_allowed_port_is_not_every_port() {
        let open = [("192.0.2.10", "tcp/*"), ("192.0.2.5", "tcp/443")];
        let mut inventory = taken(1, &open);
        inventory.services.iter_mut().for_each(|s| s.protocol = None);
        Policy::parse(RULES).unwrap().judge(&mut inventory);
        assert_eq!(outside(&inventory), [("192.0.2.10", "tcp/*")]);
        assert_eq!(inventory.exposures[0].what, "every port, outside of the policy");
        let all = "[[allow]]\nhosts = [\"192.0.2.0/24\"]\nservices = [\"tcp/*\"]\n";
        Policy::parse(all).unwrap().judge(&mut inventory);
        assert!(outside(&inventory).is_empty());
        // What denies one port denies a host that opens them all.
        let one = "[[deny]]\nhosts = [\"192.0.2.0/24\"]\nservices = [\"tcp/23\"]\n";
        Policy::parse(&format!("{all}{one}")).unwrap().judge(&mut inventory);
        assert_eq!(outside(&inventory), [("192.0.2.10", "tcp/*")]);
    }

    #[test]
    fn protocols_are_named_as_people_write_them() {
        let mut inventory = taken(1, &[("192.0.2.11", "tcp/8443")]);
        inventory.services[0].protocol = Some("tls".into());
        Policy::parse(RULES).unwrap().judge(&mut inventory);
        assert_eq!(inventory.exposures[0].what, "TLS, outside of the policy");
    }

    #[test]
    fn where_all_is_allowed_a_rule_denies() {
        let text = "default = \"allow\"\n[[deny]]\nhosts = [\"0.0.0.0/0\"]\nservices = [\"tcp/23\"]\nwhy = \"nobody needs Telnet\"\n";
        let mut inventory = taken(1, &[("192.0.2.10", "tcp/443"), ("192.0.2.10", "tcp/23")]);
        Policy::parse(text).unwrap().judge(&mut inventory);
        assert_eq!(outside(&inventory), [("192.0.2.10", "tcp/23")]);
        assert!(inventory.exposures[0].evidence.contains(&"nobody needs Telnet".to_owned()));
    }

    #[test]
    fn first_times_outlive_the_next_judgement() {
        let open = [("192.0.2.11", "tcp/443")];
        let first = settle(judged(1, &open, vec![]), None, |_, _| Asked::No);
        let second = settle(judged(2, &open, vec![]), Some(&first), |_, _| Asked::Once);
        assert_eq!(second.exposures.len(), 1);
        assert_eq!(second.exposures[0].first_seen, first.exposures[0].first_seen);
    }

    #[test]
    fn every_mistake_is_told_with_its_line() {
        let text = "default = \"maybe\"\n[[allow]]\nhosts = [\"192.0.2.10/24\", \"here\"]\nservices = [\"http\", \"tcp/9-2\"]\nrung = \"high\"\nuntil = \"soon\"\n[[allow]]\nhosts = []\nservices = [\"tcp/1\"]\n[[deny]]\nhosts = [\"192.0.2.1\"]\nservices = [\"tcp/1\"]\nrung = \"reachable\"\n";
        let lines: Vec<usize> = Policy::parse(text).unwrap_err().iter().map(|m| m.line).collect();
        assert_eq!(lines, [1, 3, 3, 4, 4, 5, 6, 9, 13]);
        assert_eq!(Policy::parse("hosts = 1").unwrap_err()[0].line, 1);
        assert!(Policy::parse("").is_err());
        assert!(Policy::parse("default = \"allow\"").is_ok());
    }
}
