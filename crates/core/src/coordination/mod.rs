//! Which sources are one scan.

use crate::blocks::Blocks;
use crate::contact::{Outcome, Service, Time};
use crate::imprint::Imprint;
use crate::net::Address;
use crate::record::Coordination;

/// A campaign of one source, as grouping sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// Its source.
    pub source: Address,
    /// One imprint of each class of its packets, most packets first.
    pub imprints: Vec<Imprint>,
    /// The tool that the packets show, of highest confidence, if at 0.5 or more.
    pub tool: Option<String>,
    /// Generator and prime of a recovered permutation.
    pub generator: Option<(u64, u64)>,
    /// Services it probed: up to 64, sorted.
    pub services: Vec<Service>,
    /// Hosts it probed: the first up to 256 by time and up to 64 later ones, sorted, distinct.
    pub targets: Vec<Address>,
    /// Distinct hosts probed in all.
    pub hosts: u64,
    /// Whether `targets` has them all.
    pub complete: bool,
    /// First contact.
    pub start: Time,
    /// Last contact.
    pub end: Time,
}

/// A source of one or a few targets, too little for a campaign of its own. One for each target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lone {
    /// The source.
    pub source: Address,
    /// Its target.
    pub target: Address,
    /// The service.
    pub service: Service,
    /// When.
    pub time: Time,
    /// How far it came.
    pub outcome: Outcome,
    /// The raw facts of (one of) its packets.
    pub imprint: Imprint,
}

/// Calls its argument for each [`Lone`], in the same order every time.
pub type EachLone<'a> = &'a dyn Fn(&mut dyn FnMut(&Lone));

/// Sources that are one scan.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Places among the members, sorted.
    pub members: Vec<usize>,
    /// Sources that had no campaign, sorted, distinct.
    pub lone: Vec<Address>,
    /// Why.
    pub coordination: Coordination,
}

/// Finds the groups; those of fewer than two sources are not groups. No source is in two.
pub fn groups(members: &[Member], lone: EachLone<'_>, blocks: &Blocks) -> Vec<Group> {
    let _ = (members, lone, blocks);
    Vec::new()
}
