//! The facts at the end of the page: targets, services, pace, direction, sources, what could not be seen.

use watchpost_core::record::Direction;

use super::{MOST, Page, opening};
use crate::render::campaign;
use crate::render::words::{self, and, count, duration, plural};

impl Page<'_> {
    pub(super) fn facts(&self) -> String {
        let c = self.campaign;
        let mut out = self.networks();
        let all = opening::whole(c);
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
        let gap =
            c.median_gap.map(|gap| format!("; the median gap is {}", duration(gap))).unwrap_or_default();
        let rate = c.rate.map_or_else(|| "in a single moment".to_owned(), words::rate);
        let probes = plural(c.probe_count, "probe", "probes");
        out.push_str(&self.line("Pace", &format!("{probes}, {rate}{gap}")));
        out.push_str(&self.line("Direction", self.direction()));
        if c.source_count > 1 {
            out.push_str(&self.line("Sources", &self.sources()));
        }
        for (index, blind) in self.records.run.blind.iter().enumerate() {
            let label = if index == 0 { "Blind here" } else { "" };
            out.push_str(&self.line(label, &crate::render::blind(blind)));
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

    const fn direction(&self) -> &'static str {
        match self.campaign.direction {
            Direction::Inbound => "from outside to your addresses",
            Direction::Internal => "from one of your own addresses to others of yours",
            Direction::Outbound => "from one of your own addresses to the outside: it may be infected",
            Direction::Transit => "neither end is yours",
            Direction::Unknown => "cannot be told: --blocks says which addresses are yours",
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
