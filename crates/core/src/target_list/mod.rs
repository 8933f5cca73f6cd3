//! From which list of targets a scan works.

use crate::contact::Service;
use crate::net::Address;
use crate::record::{Permutation, TargetList};
use crate::trace::Trace;

/// What is known of the scanned side, from all traffic of the run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holdings {
    /// The own blocks as first and last address, sorted, disjoint; empty where none were given.
    pub blocks: Vec<(Address, Address)>,
    /// Hosts that answered anybody (but the scan at hand may be the only one who asked), sorted.
    pub live: Vec<Address>,
    /// Services that answered anybody, sorted.
    pub open: Vec<(Address, Service)>,
}

/// What the verdict is made of.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The scan; of several sources, their hits together.
    pub trace: &'a Trace,
    /// Distinct hosts touched in each of `holdings.blocks`, in their order; empty where none were given.
    pub coverage: &'a [u64],
    /// The scanned side.
    pub holdings: &'a Holdings,
    /// The recovered permutation.
    pub permutation: Option<&'a Permutation>,
    /// Whether answers can be seen at this vantage.
    pub replies_seen: bool,
}

/// Weighs the kinds of lists.
pub fn judge(view: &View<'_>) -> TargetList {
    let _ = view;
    TargetList::unknown()
}
