//! One scan on a page: the sentence for the ticket, then why it is a scan, then the facts.

mod ledger; // why it is a scan
mod networks; // where the targets are

use watchpost_core::record::{Campaign, Direction, Order, Run, Status};

use super::clean::clean;
use super::style::{self, Ink, glyph, labelled, paint, wrap};
use super::words::{self, and, count, duration, number, plural, span};
use super::{Screen, campaign, sees_replies};

/// Where the texts begin, right of their labels.
const INDENT: usize = 12;

/// Text is not broken wider than this: longer lines are hard to read.
const READABLE: usize = 100;

/// On a narrower screen lines run over the edge: nothing fits between the labels and the bits.
const NARROWEST: usize = 40;

/// Networks and services that are told one by one.
const MOST: usize = 12;

/// More services than this are counted before they are listed.
const FEW: u64 = 16;

/// The page.
pub fn explain(campaign: &Campaign, run: &Run, screen: &Screen) -> String {
    let page = Page { campaign, run, screen, columns: screen.width.clamp(NARROWEST, READABLE) };
    let parts = [page.opening(), page.verdict(), page.ledger(), page.facts()];
    parts.join("\n")
}

struct Page<'a> {
    campaign: &'a Campaign,
    run: &'a Run,
    screen: &'a Screen,
    columns: usize,
}

impl Page<'_> {
    fn wrapped(&self) -> Option<usize> {
        self.screen.wrap.then_some(self.columns)
    }

    fn title(&self, text: &str) -> String {
        paint(self.screen.colour, Ink::Bold, text)
    }

    fn line(&self, label: &str, text: &str) -> String {
        let told = labelled(label, text, INDENT, self.wrapped());
        told.replacen(label, &paint(self.screen.colour, Ink::Faint, label), 1)
    }

    /// The sentences that somebody pastes into a ticket.
    fn opening(&self) -> String {
        let c = self.campaign;
        let who = match c.source_count {
            0 | 1 => campaign::source(c),
            many => match campaign::common_network(c) {
                Some(network) => format!("{} addresses of {network}", number(many)),
                None => format!("{} addresses ({})", number(many), campaign::source(c)),
            },
        };
        let adjective = |&probe| campaign::kind(probe).trim_end_matches(" probe").to_owned();
        let kinds: Vec<String> = c.probes.iter().map(adjective).collect();
        let mut text = format!("{who} probed {}", self.targets());
        let services = self.services();
        if !services.is_empty() {
            text.push_str(&format!(" {services}"));
        }
        let seconds = words::seconds(&c.start, &c.end);
        if seconds > 0.0 {
            text.push_str(&format!(" over {}", duration(seconds)));
        }
        text.push_str(&format!(" ({})", span(&c.start, &c.end)));
        if !kinds.is_empty() {
            text.push_str(&format!(", with {} probes", and(&kinds)));
        }
        let learned = campaign::learned(c, sees_replies(self.run));
        let mut first = learned.chars();
        let learned =
            first.next().map(|c| c.to_uppercase().chain(first).collect::<String>()).unwrap_or_default();
        text.push_str(&format!(". {learned}."));
        if c.at_least {
            text.push_str(" Memory was short while it ran, so the numbers are lower bounds.");
        }
        wrap(&text, self.wrapped()).join("\n") + "\n"
    }

    fn targets(&self) -> String {
        let c = self.campaign;
        if let Some(hosts) = campaign::few(c, 3) {
            return hosts;
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

    /// On which ports: `on TCP 22, 8080`, `on 1,024 TCP ports (1-1024)`; empty where probes have none.
    fn services(&self) -> String {
        let c = self.campaign;
        let ports = self.ports(60);
        match (c.services.count, campaign::transport(c)) {
            (0, _) => String::new(),
            (1..=FEW, Some(transport)) => format!("on {transport} {ports}"),
            (1..=FEW, None) => format!("on {ports}"),
            (_, transport) => {
                let what = transport.map_or_else(|| "services".to_owned(), |name| format!("{name} ports"));
                format!("on {} {what} ({ports})", count(c.services, c.at_least))
            }
        }
    }

    /// A list of ports with room to break lines, and its rest in words. Where not all are of one transport, each has its
    /// transport's name.
    fn ports(&self, room: usize) -> String {
        let ports = campaign::ports(self.campaign, room);
        let (list, rest) = match ports.split_once(" +") {
            Some((list, rest)) => (list, rest.parse().unwrap_or(0)),
            None => (ports.as_str(), 0),
        };
        let list = match (campaign::transport(self.campaign), campaign::unnamed(self.campaign)) {
            (None, Some(unnamed)) => {
                let named = |port: &str| {
                    if port.starts_with(|c: char| c.is_ascii_digit()) {
                        format!("{unnamed}/{port}")
                    } else {
                        port.to_owned()
                    }
                };
                list.split(',').map(named).collect::<Vec<_>>().join(", ")
            }
            _ => list.replace(',', ", "),
        };
        if rest > 0 { format!("{list} and {}", plural(rest, "other", "others")) } else { list }
    }

    fn verdict(&self) -> String {
        let c = self.campaign;
        let severity = format!("{} {}", glyph(c.severity), style::severity(c.severity));
        let severity = paint(self.screen.colour, Ink::Of(c.severity), &severity);
        let mut out = match c.status {
            Status::Withdrawn => String::new(),
            _ => self.line("Severity", &format!("{severity}: {}", clean(&c.severity_rule))),
        };
        let status = match (&c.withdrawn_because, &c.merged_into) {
            (_, Some(id)) => format!("joined into {id}; that one tells the whole"),
            (Some(why), _) => format!("withdrawn: {}", clean(why)),
            (None, _) if c.status == Status::Withdrawn => "withdrawn".to_owned(),
            (None, _) if c.status == Status::Open => {
                "open: the input ends before it was quiet for long enough to be over".to_owned()
            }
            _ => "closed: it was quiet for long enough to be over".to_owned(),
        };
        out.push_str(&self.line("Status", &status));
        out
    }

    fn facts(&self) -> String {
        let c = self.campaign;
        let mut out = self.networks();
        let all = self.ports(usize::MAX);
        if !all.is_empty() {
            let many = match (c.services.count, campaign::transport(c)) {
                (0, _) | (1, None) => String::new(),
                // ICMP and ARP are in the list and not in the count.
                (_, None) if !all.contains(" and ") => String::new(),
                (1, Some(transport)) => format!("{transport} "),
                (_, Some(transport)) => format!("{} {transport} ports: ", count(c.services, c.at_least)),
                (_, None) => format!("{}: ", count(c.services, c.at_least)),
            };
            out.push_str(&self.line("Services", &format!("{many}{all}")));
        }
        out.push_str(&self.line("Order", &self.order()));
        let gap =
            c.median_gap.map(|gap| format!("; the median gap is {}", duration(gap))).unwrap_or_default();
        let rate = c.rate.map_or_else(|| "in a single moment".to_owned(), words::rate);
        let probes = plural(c.probe_count, "probe", "probes");
        out.push_str(&self.line("Pace", &format!("{probes}, {rate}{gap}")));
        out.push_str(&self.line("Direction", &self.direction()));
        if c.source_count > 1 {
            out.push_str(&self.line("Sources", &self.sources()));
        }
        for (index, blind) in self.run.blind.iter().enumerate() {
            let label = if index == 0 { "Blind here" } else { "" };
            out.push_str(&self.line(label, &format!("{}: {}", clean(&blind.what), clean(&blind.why))));
        }
        let decided = words::seconds(&c.start, &c.decided);
        let after = if decided > 0.0 {
            format!("{} after it began", duration(decided))
        } else {
            "at once".to_owned()
        };
        out.push_str(&self.line(
            "Decided",
            &format!("{} {} UTC, {after}", words::day(&c.decided), words::clock(&c.decided)),
        ));
        out.push_str(&self.line("Id", &format!("{}, revision {}", c.id, c.revision)));
        out
    }

    fn order(&self) -> String {
        let target = if self.campaign.hosts.count == 1 { "port" } else { "host" };
        match self.campaign.order {
            Order::Sequential => format!("each {target} is the one after the last, nearly always"),
            Order::Reverse => format!("each {target} is the one before the last, nearly always"),
            Order::Stride => "constant steps other than one".to_owned(),
            Order::Ascending => "mostly rising".to_owned(),
            Order::Descending => "mostly falling".to_owned(),
            Order::Permutation => format!("no visible order and no {target} twice, as a permutation gives"),
            Order::Random => format!("no visible order, {target}s repeat"),
            Order::Unknown => format!("too few {target}s to tell"),
        }
    }

    fn direction(&self) -> String {
        let c = self.campaign;
        let words = match c.direction {
            Direction::Inbound => "from outside to your addresses",
            Direction::Internal => "from one of your own addresses to others of yours",
            Direction::Outbound => "from one of your own addresses to the outside: it may be infected",
            Direction::Transit => "neither end is yours",
            Direction::Unknown => "cannot be told: --blocks says which addresses are yours",
        };
        if c.techniques.is_empty() {
            words.to_owned()
        } else {
            format!("{words}; ATT&CK {}", c.techniques.join(", "))
        }
    }

    fn sources(&self) -> String {
        let c = self.campaign;
        let most = if self.screen.whole_lists { usize::MAX } else { 2 * MOST };
        let mut parts: Vec<String> = c.sources.iter().take(most).cloned().collect();
        let hidden = c.source_count.saturating_sub(parts.len() as u64);
        if hidden > 0 {
            parts.push(plural(hidden, "other", "others"));
        }
        and(&parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::{
        golden, ping_sweep_v6, port_scan, run, screen, shared_sweep, syn_sweep, withdrawn,
    };

    #[test]
    fn pages_at_80_columns() {
        for (name, campaign) in [
            ("explain-sweep.txt", syn_sweep()),
            ("explain-ports.txt", port_scan()),
            ("explain-shared.txt", shared_sweep()),
            ("explain-ping-v6.txt", ping_sweep_v6()),
            ("explain-withdrawn.txt", withdrawn()),
        ] {
            let text = explain(&campaign, &run(), &screen(80));
            golden(name, &text);
            for line in text.lines() {
                assert!(style::width(line) <= 80, "{name}: {line}");
            }
        }
    }
}
