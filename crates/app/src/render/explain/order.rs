//! In which order: hosts or ports, how both were nested, and the walk of ZMap where it could be recovered and proved.

use watchpost_core::record::{Nesting, Order, Permutation};

use super::Page;
use crate::render::clean::clean;
use crate::render::words::{and, number, percent, plural};

impl Page<'_> {
    pub(super) fn order(&self) -> String {
        let c = self.campaign;
        let mut out = String::new();
        if c.order != Order::Unknown {
            let what = if c.hosts.count == 1 { "ports" } else { "hosts" };
            out.push_str(&self.entry(what, &self.sequence()));
        }
        let nested = match c.nesting {
            Some(Nesting::HostMajor) => "all ports of one host, then the next host",
            Some(Nesting::PortMajor) => "one port of all hosts, then the next port",
            Some(Nesting::Mixed) => "hosts and ports mixed",
            None => "",
        };
        if !nested.is_empty() {
            out.push_str(&self.entry("nesting", nested));
        }
        if let Some(walk) = &c.permutation {
            out.push_str(&self.walk(walk));
        }
        if out.is_empty() { out } else { self.section("In which order", "", &out) }
    }

    fn sequence(&self) -> String {
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

    /// ZMap's walk: its numbers, how far it is, where it goes next, and the proof.
    fn walk(&self, walk: &Permutation) -> String {
        let list = match walk.list_addresses {
            Some(addresses) => {
                format!("{} ({})", clean(&walk.list), plural(addresses, "address", "addresses"))
            }
            None => clean(&walk.list),
        };
        let threads = match walk.threads {
            0 | 1 => String::new(),
            many => format!(", {} sending threads", number(many.into())),
        };
        // The numbers as they are, without commas: they are to be copied.
        let numbers = format!("generator {}, prime {}, over {list}{threads}", walk.generator, walk.prime);
        let mut out = self.entry("ZMap walk", &numbers);
        out.push_str(&self.entry("done", &format!("{} at the last hit", percent(walk.done))));
        if !walk.next.is_empty() {
            let most = if self.screen.whole_lists { usize::MAX } else { 4 };
            let mut next: Vec<String> = walk.next.iter().take(most).map(|address| clean(address)).collect();
            if let Some(others @ 1..) = walk.next.len().checked_sub(most) {
                next.push(plural(others as u64, "other", "others"));
            }
            out.push_str(&self.entry("next", &format!("{}, if it goes on", and(&next))));
        }
        out.push_str(&self.entry("proof", &format!("{} ({:+.1} bits)", clean(&walk.text), walk.bits)));
        out
    }
}
