//! The sentences that somebody pastes into a ticket: who, what, on which ports, how long, with what, and what came of it.

use watchpost_core::record::{Campaign, Coverage};

use super::Page;
use crate::render::campaign::{self, learned, lists, returns};
use crate::render::records::Records;
use crate::render::style::wrap;
use crate::render::words::{self, and, count, duration, number, plural, span};

/// More services than this are counted before they are listed.
pub(super) const FEW: u64 = 16;

/// Columns that ports take in the sentence.
const PORTS_ROOM: usize = 60;

impl Page<'_> {
    pub(super) fn opening(&self) -> String {
        wrap(&sentences(self.campaign, self.records), self.wrapped()).join("\n") + "\n"
    }
}

/// Two or three sentences.
pub(super) fn sentences(c: &Campaign, records: &Records<'_>) -> String {
    let mut text = format!("{} probed {}", who(c), targets(c));
    let services = services(c);
    if !services.is_empty() {
        text.push_str(&format!(" {services}"));
    }
    let seconds = words::seconds(&c.start, &c.end);
    if seconds > 0.0 {
        text.push_str(&format!(" for {}", duration(seconds)));
    }
    text.push_str(&format!(" ({})", span(&c.start, &c.end)));
    let with = match (campaign::with(c), kinds(c)) {
        (with, _) if !with.is_empty() => with,
        (_, kinds) if !kinds.is_empty() => format!("with {kinds} probes"),
        _ => String::new(),
    };
    if !with.is_empty() {
        let comma = if with.starts_with("probably") { "," } else { "" };
        text.push_str(&format!("{comma} {with}"));
    }
    text.push_str("; ");
    text.push_str(&learned::sentence(c, records.lessons(c), records.sees_replies()));
    let list = lists::worked_from(c);
    if !list.is_empty() {
        text.push_str(&format!("; {list}"));
    }
    text.push('.');
    let back = returns::came_back(c, records.returns(c));
    if !back.is_empty() {
        let subject = if c.source_count > 1 || !same(c, records) { "Somebody" } else { "It" };
        text.push_str(&format!(" {subject} {back}."));
    }
    if c.at_least {
        text.push_str(" Memory was short while it ran, so the numbers are lower bounds.");
    }
    text
}

/// Whether only the scanner itself came back.
fn same(c: &Campaign, records: &Records<'_>) -> bool {
    records.returns(c).iter().all(|follow_up| c.sources.contains(&follow_up.source))
}

fn who(c: &Campaign) -> String {
    match (c.source_count, campaign::common_network(c)) {
        (0 | 1, _) => campaign::source(c),
        (many, Some(network)) => format!("{} hosts in {network}", number(many)),
        (many, None) => match &c.coordination {
            Some(coordination) if coordination.networks > 1 => {
                format!("{} hosts in {} networks", number(many), number(coordination.networks))
            }
            _ => format!("{} hosts ({})", number(many), campaign::source(c)),
        },
    }
}

/// The kinds of probes: `SYN and ACK`.
pub(super) fn kinds(c: &Campaign) -> String {
    let adjective = |&probe| campaign::kind(probe).trim_end_matches(" probe").to_owned();
    and(&c.probes.iter().map(adjective).collect::<Vec<_>>())
}

fn targets(c: &Campaign) -> String {
    if let Some(hosts) = campaign::few(c, 3) {
        return hosts;
    }
    let blocks: Vec<&Coverage> = campaign::touched(c).collect();
    if let [block] = blocks.as_slice()
        && let Some(of) = block.of
        && block.hosts.count == c.hosts.count
    {
        return if c.hosts.count >= of {
            format!("all {} addresses of {}", number(of), block.block)
        } else {
            format!("{} of {} addresses of {}", count(c.hosts, c.at_least), number(of), block.block)
        };
    }
    let hosts = match (c.hosts.count, c.hosts.exact) {
        (1, _) => "one host".to_owned(),
        _ => format!("{} hosts", count(c.hosts, c.at_least)),
    };
    let reach = campaign::reach(c, 3);
    match reach.strip_prefix("one host of ").or_else(|| reach.strip_prefix("in ")) {
        Some(networks) => format!("{hosts} in {networks}"),
        None if reach.is_empty() => hosts,
        None => format!("{hosts}, {reach},"),
    }
}

/// On which ports: `on TCP 22 and 8080`, `on 1,024 TCP ports (1-1024)`; empty where probes have none.
fn services(c: &Campaign) -> String {
    let (ports, rest) = ports(c, PORTS_ROOM);
    let listed = |ports: &[String]| {
        let mut parts = ports.to_vec();
        if rest > 0 {
            parts.push(plural(rest, "other", "others"));
        }
        and(&parts)
    };
    match (c.services.count, campaign::transport(c)) {
        (0, _) => String::new(),
        (1..=FEW, Some(transport)) => format!("on {transport} {}", listed(&ports)),
        (1..=FEW, None) => format!("on {}", listed(&ports)),
        (_, transport) => {
            let what = transport.map_or_else(|| "services".to_owned(), |name| format!("{name} ports"));
            format!("on {} {what} ({})", count(c.services, c.at_least), all_ports(&ports, rest))
        }
    }
}

/// The ports that find room, and how many others there are. Where not all are of one transport, each has its name.
fn ports(c: &Campaign, room: usize) -> (Vec<String>, u64) {
    let ports = campaign::ports(c, room);
    let (list, rest) = match ports.split_once(" +") {
        Some((list, rest)) => (list, rest.parse().unwrap_or(0)),
        None => (ports.as_str(), 0),
    };
    let unnamed = match campaign::transport(c) {
        None => campaign::unnamed(c),
        Some(_) => None,
    };
    let named = |port: &str| match unnamed {
        Some(unnamed) if port.starts_with(|c: char| c.is_ascii_digit()) => format!("{unnamed}/{port}"),
        _ => port.to_owned(),
    };
    (list.split(',').filter(|port| !port.is_empty()).map(named).collect(), rest)
}

fn all_ports(ports: &[String], rest: u64) -> String {
    let list = ports.join(", ");
    if rest > 0 { format!("{list} and {}", plural(rest, "other", "others")) } else { list }
}

/// A list of all ports with room to break lines, and in words what is not listed.
pub(super) fn whole(c: &Campaign) -> String {
    let (ports, rest) = ports(c, usize::MAX);
    all_ports(&ports, rest)
}
