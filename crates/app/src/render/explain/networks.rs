//! Where the targets are: hosts by own block and by network, with a bar where the size is known.

use super::{MOST, Page};
use crate::render::campaign;
use crate::render::style::{TIE, pad, width};
use crate::render::words::{and, count, number, percent, plural};

impl Page<'_> {
    /// Hosts by network, with a bar where the size is known.
    pub(super) fn networks(&self) -> String {
        let c = self.campaign;
        if c.hosts.count == 1
            && let Some(host) = campaign::few(c, 1)
        {
            let networks: Vec<String> = c.prefixes.iter().map(|prefix| prefix.prefix.clone()).collect();
            return self.line("Targets", &format!("{host}, one host of {}", and(&networks)));
        }
        let most = self.most();
        let blocks: Vec<_> = c.coverage.iter().filter(|coverage| coverage.hosts.count > 0).collect();
        let mut rows: Vec<(String, String)> = blocks
            .iter()
            .map(|coverage| {
                let hosts = count(coverage.hosts, c.at_least);
                let text = match coverage.of.filter(|&of| of > 0) {
                    Some(of) => {
                        let share = coverage.hosts.count as f64 / of as f64;
                        format!("{} {hosts} of {} ({})", bar(share), number(of), percent(share))
                    }
                    None => plural(coverage.hosts.count, "host", "hosts"),
                };
                (coverage.block.clone(), text)
            })
            .collect();
        let all_alike = self.all_alike();
        if let Some(row) = &all_alike {
            rows.push(row.clone());
        } else if rows.is_empty() || c.prefix_count > 1 {
            rows.extend(c.prefixes.iter().map(|prefix| {
                let size = if prefix.prefix.ends_with("/24") { Some(256.0) } else { None };
                let bar = size.map(|size| bar(prefix.hosts as f64 / size) + " ").unwrap_or_default();
                (prefix.prefix.clone(), format!("{bar}{}", plural(prefix.hosts, "host", "hosts")))
            }));
        }
        let unlisted = match all_alike {
            Some(_) => 0,
            None => c.prefix_count.saturating_sub(c.prefixes.len() as u64),
        };
        let hidden = unlisted + rows.len().saturating_sub(most) as u64;
        rows.truncate(most);
        let widest = rows.iter().map(|(name, _)| width(name)).max().unwrap_or(0);
        let mut out = String::new();
        for (index, (name, text)) in rows.iter().enumerate() {
            let label = if index == 0 { "Targets" } else { "" };
            out.push_str(&self.line(label, &format!("{} {text}", pad(name, widest))));
        }
        if hidden > 0 {
            out.push_str(
                &self.line("", &format!("and {}", plural(hidden, "other network", "other networks"))),
            );
        }
        if let Some(hosts) = campaign::few(c, usize::MAX) {
            out.push_str(&self.line("", &hosts));
        }
        out
    }

    /// The row that tells all networks: where the same number of hosts was probed in each of them, or so few in each of so
    /// many that a list would say nothing.
    fn all_alike(&self) -> Option<(String, String)> {
        let c = self.campaign;
        let first = c.prefixes.first().filter(|_| c.prefixes.len() > 3)?;
        let all_listed = c.prefix_count == c.prefixes.len() as u64;
        let alike = c.prefixes.iter().all(|prefix| prefix.hosts == first.hosts);
        let one_each = c.hosts.exact && c.hosts.count == c.prefix_count;
        let evenly = alike && (all_listed || one_each);
        // The first has the most.
        let thinly = c.prefix_count > MOST as u64 && first.hosts <= 2;
        if !evenly && !thinly {
            return None;
        }
        let most = if evenly { "" } else { "at most " };
        let hosts = plural(first.hosts, "host", "hosts");
        let networks = format!("{} networks, {most}{hosts} in each", number(c.prefix_count));
        let some = || c.prefixes.iter().take(3).map(|prefix| prefix.prefix.as_str()).collect::<Vec<_>>();
        Some(match campaign::around(c) {
            Some(around) => (around, networks),
            None => (networks, format!("(such as {})", some().join(", "))),
        })
    }
}

/// Ten columns, filled in eighths; the spaces that belong to it are kept from the line breaker.
fn bar(share: f64) -> String {
    let eighths = (share.clamp(0.0, 1.0) * 80.0).round() as usize;
    let eighths = if share > 0.0 { eighths.max(1) } else { 0 };
    let mut out = "█".repeat(eighths / 8);
    if let Some(part) =
        [None, Some('▏'), Some('▎'), Some('▍'), Some('▌'), Some('▋'), Some('▊'), Some('▉')][eighths % 8]
    {
        out.push(part);
    }
    let used = width(&out);
    out + &TIE.to_string().repeat(10 - used)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::explain::explain;
    use crate::render::sample::{Sample, prefixes, screen, syn_sweep};
    use watchpost_core::record::Campaign;

    fn told(campaign: &Campaign, screen: &crate::render::Screen) -> String {
        explain(campaign, &Sample::all().records(), screen)
    }

    #[test]
    fn networks_that_are_all_alike_take_one_line() {
        let list = prefixes(&["10.77.4.0/24", "10.77.5.0/24", "10.77.6.0/24", "10.77.7.0/24"]);
        let campaign = Campaign { prefixes: list, prefix_count: 4, coverage: vec![], ..syn_sweep() };
        let text = told(&campaign, &screen(80));
        assert!(text.contains("Targets     10.77.4.0/22 4 networks, 45 hosts in each\n"), "{text}");
    }

    #[test]
    fn networks_with_hardly_a_host_take_one_line() {
        let list: Vec<String> = (0..20).map(|n| format!("10.{}.9.0/24", 20 * (n % 13))).collect();
        let mut list = prefixes(&list.iter().map(String::as_str).collect::<Vec<_>>());
        list.iter_mut().for_each(|prefix| prefix.hosts = 1);
        list[0].hosts = 2;
        let campaign = Campaign { prefixes: list, prefix_count: 297, coverage: vec![], ..syn_sweep() };
        let text = told(&campaign, &screen(100));
        assert!(
            text.contains("297 networks, at most 2 hosts in each (such as 10.0.9.0/24, 10.20.9.0/24"),
            "{text}"
        );
        let each = Campaign { hosts: watchpost_core::record::Count { count: 297, exact: true }, ..campaign };
        let each = Campaign { prefixes: each.prefixes[1..].to_vec(), ..each };
        let text = told(&each, &screen(100));
        assert!(text.contains("297 networks, 1 host in each (such as"), "{text}");
    }

    #[test]
    fn few_hosts_are_named() {
        let targets = vec!["203.0.113.9".to_owned(), "203.0.113.10".to_owned()];
        let hosts = watchpost_core::record::Count { count: 2, exact: true };
        let campaign = Campaign { targets, hosts, ..syn_sweep() };
        let text = told(&campaign, &screen(100));
        assert!(
            text.starts_with("198.51.100.7 probed 203.0.113.9 and 203.0.113.10 on TCP 22 and 2222"),
            "{text}"
        );
        assert!(text.contains("\n            203.0.113.9 and 203.0.113.10\n"), "{text}");
    }

    #[test]
    fn a_bar_is_never_empty_for_something() {
        assert_eq!(bar(1.0), "██████████");
        assert!(bar(0.001).starts_with('▏'));
        assert_eq!(width(&bar(0.55)), 10);
    }
}
