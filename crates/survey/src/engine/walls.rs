//! Hosts that open so much that they may open everything: SYN proxies, tarpits, filters that answer for others.
//!
//! What a host opens has to be remembered, and a network that opens everything would fill any memory and any time. So each host may open so
//! many, and is then left alone; whoever gave the plan finds out what it is, and asks on if it is a host.

use std::collections::HashMap;

use roaring::RoaringTreemap;

/// What each host has opened.
#[derive(Debug, Default)]
pub struct Walls {
    /// So many are too many; none where there are not so many questions.
    most: Option<u32>,
    opened: HashMap<u64, u32>,
    many: RoaringTreemap,
}

impl Walls {
    /// With so many questions for a host.
    pub fn new(most: u32, asks: usize) -> Self {
        Self { most: Some(most).filter(|most| (*most as usize) < asks), ..Self::default() }
    }

    /// A host has opened one more.
    pub fn opened(&mut self, host: u64) {
        let Some(most) = self.most else { return };
        let opened = self.opened.entry(host).or_default();
        *opened += 1;
        if *opened >= most {
            self.opened.remove(&host);
            self.many.insert(host);
        }
    }

    /// Whether a host has opened too many.
    #[inline]
    pub fn has(&self, host: u64) -> bool {
        !self.many.is_empty() && self.many.contains(host)
    }

    /// The hosts that have.
    pub fn many(&self) -> impl Iterator<Item = u64> + '_ {
        self.many.iter()
    }
}
