//! The questions of a plan, by number: every target with every ask, or single pairs.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use crate::scope::{InScope, Targets};
use crate::wire::Ask;

/// All questions of a plan, numbered from 0 on.
#[derive(Clone, Debug, Default)]
pub struct Space {
    targets: Targets,
    asks: Vec<Ask>,
    /// The place of an ask among them.
    numbers: HashMap<Ask, u64>,
    /// Single questions: a host's number and the ask's. With any, there are no others.
    pairs: Vec<(u64, u64)>,
}

impl Space {
    /// Each of `targets` with each of `asks`; or, where there are `pairs`, these alone.
    pub fn new(mut targets: Targets, mut asks: Vec<Ask>, pairs: Vec<(InScope<IpAddr>, Ask)>) -> Self {
        if !pairs.is_empty() {
            targets = Targets::only(pairs.iter().map(|(target, _)| *target));
            let distinct: BTreeSet<Ask> = pairs.iter().map(|(_, ask)| *ask).collect();
            asks = distinct.into_iter().collect();
        }
        let numbers: HashMap<Ask, u64> = asks.iter().enumerate().map(|(at, ask)| (*ask, at as u64)).collect();
        let number =
            |(target, ask): (InScope<IpAddr>, Ask)| Some((targets.place(target.get())?, *numbers.get(&ask)?));
        let mut pairs: Vec<(u64, u64)> = pairs.into_iter().filter_map(number).collect();
        pairs.sort_unstable();
        pairs.dedup();
        Self { targets, asks, numbers, pairs }
    }

    /// Whom.
    pub fn targets(&self) -> &Targets {
        &self.targets
    }

    /// How many asks there are for a host, at most.
    pub fn asks(&self) -> usize {
        self.asks.len()
    }

    /// How many questions.
    pub fn count(&self) -> u64 {
        match self.pairs.len() as u64 {
            0 => self.targets.count() * self.asks.len() as u64,
            pairs => pairs,
        }
    }

    /// The host's number, and the ask, of a question.
    #[inline]
    pub fn at(&self, place: u64) -> Option<(u64, Ask)> {
        let (host, ask) = if self.pairs.is_empty() {
            let count = self.targets.count().max(1);
            (place % count, place / count)
        } else {
            *self.pairs.get(usize::try_from(place).ok()?)?
        };
        Some((host, *self.asks.get(usize::try_from(ask).ok()?)?))
    }

    /// The number of a question.
    pub fn place(&self, host: u64, ask: Ask) -> Option<u64> {
        let ask = *self.numbers.get(&ask)?;
        if self.pairs.is_empty() {
            return Some(ask * self.targets.count() + host);
        }
        self.pairs.binary_search(&(host, ask)).ok().map(|at| at as u64)
    }
}
