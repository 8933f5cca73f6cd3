//! Where sources look: cells of 256 addresses, and in each cell the addresses that they can be said to choose from.

use super::cover::{Hit, Set};
use super::unit::Target;
use crate::blocks::Blocks;
use crate::net::Address;

/// The cells that some sources touch, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Region {
    cells: Vec<(u32, u128)>,
    /// For each cell the addresses in reach.
    pub reach: Vec<Set>,
}

impl Region {
    /// Of all targets of the sources at hand; a target of two sources stands twice.
    ///
    /// A cell's reach runs from its first to its last target and one mean gap further on both sides, the usual estimate of
    /// a range from draws out of it; and no further than the own block that it lies in.
    pub fn new(targets: impl Iterator<Item = Target>, blocks: &Blocks) -> Self {
        let mut numbers: Vec<(u32, u128)> = targets.map(|t| (t.task, t.host.number())).collect();
        numbers.sort_unstable();
        let mut region = Self::default();
        for part in numbers.chunk_by(|a, b| a.0 == b.0 && a.1 >> 8 == b.1 >> 8) {
            let (task, first) = part[0];
            let (low, high) = ((first & 255) as usize, (part[part.len() - 1].1 & 255) as usize);
            let gap = (high - low).checked_div(part.len() - 1).unwrap_or(255);
            let gap = if part.len() < 2 { 255 } else { gap };
            let mut reach = Set::range(low.saturating_sub(gap) as u8, (high + gap).min(255) as u8);
            if !blocks.is_empty() {
                let own = own_part(first >> 8, blocks);
                if own.meet(&Set::range(low as u8, high as u8)).count() > 0 {
                    reach = reach.meet(&own);
                }
            }
            region.cells.push((task, first >> 8));
            region.reach.push(reach);
        }
        region
    }

    /// A target's place; [`None`] where its cell was not among those of [`Region::new`].
    pub fn hit(&self, target: Target) -> Option<Hit> {
        let number = target.host.number();
        let cell = self.cells.binary_search(&(target.task, number >> 8)).ok()? as u32;
        Some(Hit { cell, place: number as u8 })
    }
}

/// The part of a cell that lies in the own blocks.
fn own_part(cell: u128, blocks: &Blocks) -> Set {
    let mut own = Set::default();
    for net in blocks.nets() {
        let first = Address::from(net.network()).number();
        let last = Address::from(net.broadcast()).number();
        if first >> 8 <= cell && cell <= last >> 8 {
            let low = if first >> 8 == cell { first as u8 } else { 0 };
            let high = if last >> 8 == cell { last as u8 } else { 255 };
            own.join(&Set::range(low, high));
        }
    }
    own
}
