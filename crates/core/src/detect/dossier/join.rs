//! Several sources of one scan as one dossier.

use super::{Dossier, KEPT, KEPT_OPEN, Probe, Returned, Stack, Wide};
use crate::blocks::Blocks;
use crate::contact::Service;
use crate::detect::state::host_id;
use crate::net::Address;

impl Dossier {
    /// Joins dossiers of which no target is counted twice. `blocks` are the own blocks, for the counts of each.
    ///
    /// `None` of nothing.
    pub fn join(parts: &[&Self], blocks: &Blocks) -> Option<Self> {
        let (first, others) = parts.split_first()?;
        let mut all = (*first).clone();
        all.probes.clear();
        (all.stacks, all.returns, all.remains) = (Vec::new(), Vec::new(), None);
        for other in others {
            all.probe_count += other.probe_count;
            all.kinds.iter_mut().zip(other.kinds).for_each(|(sum, n)| *sum = sum.saturating_add(n));
            all.start = all.start.min(other.start);
            all.end = all.end.max(other.end);
            all.at_least |= other.at_least;
            all.imprints.join(&other.imprints);
        }
        let (mut firsts, late) = targets(parts);
        let beyond = firsts.split_off(firsts.len().min(KEPT));
        all.wide = (!beyond.is_empty() || parts.iter().any(|p| p.wide.is_some()))
            .then(|| Box::new(sums(parts, &beyond, blocks, &firsts)));
        let answered = beyond.into_iter().chain(late).filter(|p| !p.failed());
        all.probes = firsts;
        if all.wide.is_some() {
            // Places up to `KEPT` are of first touches: an answered target later on must not lie among them.
            let room = if all.probes.len() < KEPT { 0 } else { KEPT_OPEN - KEPT };
            all.probes.extend(answered.take(room));
        }
        all.reindex();
        all.take_notes(parts);
        Some(all)
    }

    /// Stacks and returns, at their new places.
    fn take_notes(&mut self, parts: &[&Self]) {
        for part in parts {
            let place = |old: u16| {
                let old = &part.probes[usize::from(old)];
                self.probes.iter().position(|p| (p.target, p.service()) == (old.target, old.service()))
            };
            let stacks =
                part.stacks.iter().filter_map(|s| Some(Stack { place: place(s.place)? as u16, ..*s }));
            let returns =
                part.returns.iter().filter_map(|r| Some(Returned { place: place(r.place)? as u16, ..*r }));
            let (stacks, returns): (Vec<_>, Vec<_>) = (stacks.collect(), returns.collect());
            self.stacks.extend(stacks);
            self.returns.extend(returns);
        }
        // The first of each host.
        self.stacks.sort_by_key(|s| (self.probes[usize::from(s.place)].target, s.place));
        self.stacks.dedup_by_key(|s| self.probes[usize::from(s.place)].target);
    }
}

/// All kept targets once, in the order of first touch; and those kept because they answered later.
fn targets(parts: &[&Dossier]) -> (Vec<Probe>, Vec<Probe>) {
    let key = |p: &Probe| -> (Address, Service) { (p.target, p.service()) };
    let mut firsts: Vec<Probe> = parts.iter().flat_map(|p| p.firsts().iter().copied()).collect();
    firsts.sort_by_key(|p| (key(p), p.first));
    firsts.dedup_by(|again, first| {
        let same = key(again) == key(first);
        if same {
            first.outcome = first.outcome.max(again.outcome);
            first.packets = first.packets.saturating_add(again.packets);
            first.marks |= again.marks;
        }
        same
    });
    let mut late: Vec<Probe> =
        parts.iter().flat_map(|p| p.probes[p.firsts().len()..].iter().copied()).collect();
    late.sort_by_key(|p| (key(p), p.first));
    late.dedup_by_key(|p| key(p));
    late.retain(|p| firsts.binary_search_by_key(&key(p), key).is_err());
    late.sort_by_key(|p| (p.first, key(p)));
    firsts.sort_by_key(|p| (p.first, key(p)));
    (firsts, late)
}

fn sums(parts: &[&Dossier], beyond: &[Probe], blocks: &Blocks, kept: &[Probe]) -> Wide {
    let mut wide = Wide::default();
    for part in parts {
        match &part.wide {
            Some(other) => wide.join(other),
            None => part.probes.iter().for_each(|p| {
                wide.touch(p.target, p.service(), None);
                wide.learn(p.target, p.outcome);
            }),
        }
    }
    wide.take_later(beyond.iter().map(Probe::hit).collect());
    let mut own: Vec<Address> = kept.iter().map(|p| p.target).collect();
    own.sort_unstable();
    own.dedup();
    wide.blocks = beyond_kept(&wide, parts, blocks, &own);
    wide
}

/// Hosts of each own block beyond those kept one by one.
fn beyond_kept(wide: &Wide, parts: &[&Dossier], blocks: &Blocks, kept: &[Address]) -> Vec<u64> {
    let count = blocks.nets().count();
    let mut hosts = vec![0u64; count];
    if wide.hosts.is_exact() && kept.iter().all(|a| a.is_v4()) {
        let ids: Vec<u32> = kept.iter().map(|a| host_id(*a)).collect();
        let new = wide.hosts.values().filter(|id| ids.binary_search(id).is_err());
        new.filter_map(|id| blocks.find(Address::v4(id.to_be_bytes()))).for_each(|place| hosts[place] += 1);
        return hosts;
    }
    // Where the hosts are an estimate the parts are taken to be disjoint, as sources that share the work are.
    for part in parts {
        for (sum, n) in hosts.iter_mut().zip(part.wide.iter().flat_map(|w| &w.blocks)) {
            *sum += n;
        }
    }
    hosts
}
