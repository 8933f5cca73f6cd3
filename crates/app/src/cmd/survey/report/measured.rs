//! How much of what was planned was asked, and how much of what is open was missed.

use std::collections::BTreeMap;

use ipnet::IpNet;
use watchpost_core::inventory::{Miss, PREFIXES, PrefixMiss, Recapture};
use watchpost_survey::engine::Canaries;
use watchpost_survey::take::{self, Discover, Found, Ran, Stage};

use super::{About, asked};

/// The stages that seek services: how much they miss, nobody else finds.
fn seeks(stage: Stage) -> bool {
    matches!(stage, Stage::Tcp | Stage::Rest | Stage::Udp)
}

/// The passes that a stage has gone through, over all parts of it: one that was stopped and gone on with ran more than once.
#[derive(Clone, Copy, Debug, Default)]
struct Gone {
    passes: u32,
    /// Where the next part goes on.
    from: u32,
}

impl Gone {
    fn on(&mut self, ran: &Ran) {
        let through = self.from + u32::try_from(ran.done.canaries.len()).unwrap_or(u32::MAX / 2);
        // What was stopped while it waited for answers has passed, too.
        self.from = ran.done.stopped.as_ref().map_or(through, |(_, at)| at.pass.into());
        self.passes = self.from;
    }
}

/// Passes by stage.
fn passes(found: &Found) -> BTreeMap<Stage, u32> {
    let mut stages: BTreeMap<Stage, Gone> = BTreeMap::new();
    for ran in found.ran.iter().filter(|ran| seeks(ran.stage)) {
        stages.entry(ran.stage).or_default().on(ran);
    }
    stages.into_iter().map(|(stage, gone)| (stage, gone.passes)).collect()
}

/// By the canaries of all stages that seek services: over all of their passes, and for as many passes as the shortest stage had.
pub fn miss(found: &Found) -> Option<Miss> {
    let passes = passes(found).into_values().min()?;
    let canaries = found.ran.iter().filter(|ran| seeks(ran.stage)).flat_map(|ran| &ran.done.canaries);
    let sum = canaries.fold(Canaries::default(), sum);
    Recapture { canaries: sum.asked, answered: sum.answered, passes }.miss()
}

fn sum(all: Canaries, one: &Canaries) -> Canaries {
    Canaries {
        asked: all.asked.saturating_add(one.asked),
        answered: all.answered.saturating_add(one.answered),
    }
}

/// The same by network.
pub fn by_prefix(found: &Found) -> Vec<PrefixMiss> {
    let of_stage = passes(found);
    let mut sums: BTreeMap<IpNet, (Canaries, u32)> = BTreeMap::new();
    for ran in found.ran.iter().filter(|ran| seeks(ran.stage)) {
        let passes = of_stage.get(&ran.stage).copied().unwrap_or_default();
        for (network, canaries) in &ran.done.by_network {
            let (all, least) = sums.entry(*network).or_insert((Canaries::default(), u32::MAX));
            (*all, *least) = (sum(*all, canaries), passes.min(*least));
        }
    }
    let one = |(network, (sum, passes)): (IpNet, (Canaries, u32))| {
        let miss = Recapture { canaries: sum.asked, answered: sum.answered, passes }.miss()?;
        Some(PrefixMiss { prefix: network.to_string(), miss })
    };
    sums.into_iter().filter_map(one).take(PREFIXES).collect()
}

/// The share of what was planned that was asked at least once; of a part, its share of the whole. As long as it is not known who is
/// there, every target counts as one that would be asked everything.
pub fn coverage(about: &About<'_>, found: &Found) -> f64 {
    let request = about.request;
    let shards = request.shard.1.get();
    if found.stopped.is_none() {
        return 1.0 / shards as f64;
    }
    let targets = request.targets.count();
    let first = request.discover != Discover::Off;
    let is_whole = |stage| found.whole.contains(&stage);
    let hosts = asked::hosts(request, found).filter(|_| is_whole(Stage::Discover));
    let hosts = hosts.map(|nets| nets.iter().map(addresses).sum::<u64>());
    // Each part looks for hosts in its part of the targets, and asks those that it found everything.
    let own = |questions: u64| questions.div_ceil(shards);
    let each = |asks: usize| match hosts {
        Some(hosts) => hosts * asks as u64,
        None => own(targets * asks as u64),
    };
    let (knocks, only) = (take::knocks(request, about.scope).len(), request.discover == Discover::Only);
    let stages = [
        (Stage::Discover, if first { own(targets * knocks as u64) } else { 0 }),
        (Stage::Tcp, if only { 0 } else { each(request.tcp.len()) }),
        (Stage::Udp, if only { 0 } else { each(request.udp.len()) }),
    ];
    let asked = |(stage, questions): &(Stage, u64)| match &found.under_way {
        _ if is_whole(*stage) => *questions,
        Some(begun) if begun.stage == *stage && begun.at.pass > 0 => *questions,
        Some(begun) if begun.stage == *stage => begun.at.turn.min(*questions),
        _ => 0,
    };
    // Hosts that opened many were left alone until it was known what they are.
    let left = if is_whole(Stage::Rest) { 0 } else { found.many.len() as u64 * request.tcp.len() as u64 };
    let (planned, asked): (u64, u64) =
        (stages.iter().map(|(_, questions)| questions).sum(), stages.iter().map(asked).sum());
    (asked.saturating_sub(left) as f64 / planned.max(1) as f64).min(1.0) / shards as f64
}

/// Addresses of a prefix that holds just what was asked.
fn addresses(net: &IpNet) -> u64 {
    1u64 << (net.max_prefix_len() - net.prefix_len()).min(63)
}
