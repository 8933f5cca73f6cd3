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
        let most = if self.screen.whole_lists { usize::MAX } else { MOST };
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
        let evenly = self.evenly();
        if evenly {
            let hosts = plural(c.prefixes[0].hosts, "host", "hosts");
            let networks = format!("{} networks, {hosts} in each", number(c.prefix_count));
            match campaign::around(c) {
                Some(around) => rows.push((around, networks)),
                None => {
                    let some: Vec<&str> = c.prefixes.iter().take(3).map(|p| p.prefix.as_str()).collect();
                    rows.push((networks, format!("(such as {})", some.join(", "))));
                }
            }
        } else if rows.is_empty() || c.prefix_count > 1 {
            rows.extend(c.prefixes.iter().map(|prefix| {
                let size = if prefix.prefix.ends_with("/24") { Some(256.0) } else { None };
                let bar = size.map(|size| bar(prefix.hosts as f64 / size) + " ").unwrap_or_default();
                (prefix.prefix.clone(), format!("{bar}{}", plural(prefix.hosts, "host", "hosts")))
            }));
        }
        let unlisted = if evenly { 0 } else { c.prefix_count.saturating_sub(c.prefixes.len() as u64) };
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
        out
    }

    /// Whether the same number of hosts was probed in each of many networks: then one line tells all.
    fn evenly(&self) -> bool {
        let c = self.campaign;
        let all_listed = c.prefix_count == c.prefixes.len() as u64;
        let alike = c.prefixes.windows(2).all(|pair| pair[0].hosts == pair[1].hosts);
        let one_each = c.hosts.exact && c.hosts.count == c.prefix_count;
        c.prefixes.len() > 3 && alike && (all_listed || one_each)
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
    use crate::render::sample::{prefixes, run, screen, syn_sweep};
    use watchpost_core::record::Campaign;

    #[test]
    fn networks_that_are_all_alike_take_one_line() {
        let list = prefixes(&["10.77.4.0/24", "10.77.5.0/24", "10.77.6.0/24", "10.77.7.0/24"]);
        let campaign = Campaign { prefixes: list, prefix_count: 4, coverage: vec![], ..syn_sweep() };
        let text = explain(&campaign, &run(), &screen(80));
        assert!(text.contains("Targets     10.77.4.0/22 4 networks, 45 hosts in each\n"), "{text}");
    }

    #[test]
    fn a_bar_is_never_empty_for_something() {
        assert_eq!(bar(1.0), "██████████");
        assert!(bar(0.001).starts_with('▏'));
        assert_eq!(width(&bar(0.55)), 10);
    }
}
