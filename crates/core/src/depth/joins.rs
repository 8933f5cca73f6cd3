//! Coordinated sources become one campaign: those that stand by themselves, and those of one or two probes each.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use hashbrown::HashMap;

use super::{Run, Scan, places};
use crate::campaign::{Draft, Standing};
use crate::contact::{Service, Time};
use crate::coordination::{self, EachLone, Group, Lone, Member};
use crate::detect::dossier::Dossier;
use crate::detect::state::host_id;
use crate::detect::{Case, decided, weigh_with};
use crate::evidence::{Bits, Evidence};
use crate::heard::Heard;
use crate::net::Address;
use crate::record::{Family, Permutation, Status};
use crate::shard::Shard;
use crate::table::Source;
use crate::{tools, trace};

/// Services that a member is compared by.
const SERVICES: usize = 64;
/// A source of more targets than this is no lone one.
const FEW: usize = 4;
/// What coordination adds to the ledger, at most.
const MOST: f64 = 40.0;
/// A tool of at least this confidence is compared.
const TOLD: f64 = 0.5;
/// The search among lone sources may take one part in so many of the memory that sources have.
const SHARE: usize = 32;
/// Predicted hits of a joined campaign.
const NEXT: usize = 16;

impl Run<'_> {
    /// Joins what belongs together. The oldest id stays; the others get a last revision that names it.
    pub(super) fn join(&self, scans: &mut Vec<Scan<'_>>) {
        let standing: Vec<usize> = (0..scans.len()).filter(|place| scans[*place].stands()).collect();
        let members: Vec<Member> = standing.iter().map(|place| member(&scans[*place])).collect();
        let memory = self.shards.iter().map(|shard| shard.table().budget()).sum::<usize>() / SHARE;
        let lone = Sources { shards: self.shards, taken: &places(scans) };
        let groups = coordination::groups(&members, &lone, self.blocks, memory);
        for mut group in groups {
            group.members.iter_mut().for_each(|place| *place = standing[*place]);
            self.join_one(scans, &group);
        }
    }

    fn join_one(&self, scans: &mut Vec<Scan<'_>>, group: &Group) {
        let lone = self.lone(&group.lone);
        let of_members = group.members.iter().map(|place| &*scans[*place].dossier);
        let parts: Vec<&Dossier> = of_members.chain(lone.iter().map(|(_, dossier)| dossier)).collect();
        let Some(dossier) = Dossier::join(&parts, self.blocks) else { return };
        let mut begun: Vec<(Time, Address)> = lone.iter().map(|(address, d)| (d.start, *address)).collect();
        for place in &group.members {
            let scan = &scans[*place];
            begun.extend(scan.sources.iter().map(|source| (scan.trace.start, *source)));
        }
        begun.sort_unstable();
        let sources: Vec<Address> = begun.into_iter().map(|(_, source)| source).collect();
        let Some(first) = sources.first().copied() else { return };
        let case = Case::new(first, &dossier, self.world, Time::MAX);
        let bits = Bits::new(group.coordination.bits.min(MOST));
        let text = group.coordination.reasons.join("; ");
        let ledger = weigh_with(&case, vec![Evidence::new(Family::Coordination, bits, text)]);
        if !ledger.decides() {
            return;
        }
        let oldest = group.members.iter().min_by_key(|place| scans[**place].trace.start).copied();
        let mut standing = match oldest {
            Some(place) => scans[place].standing.clone(),
            None => Standing::open(decided(first, &dossier, self.world, Time::MAX)),
        };
        let of_members = group.members.iter().map(|place| scans[*place].standing.decided);
        standing.decided = of_members.fold(standing.decided, Time::min);
        let blocks = self.blocks;
        let draft = Draft {
            sources: &sources,
            case: &case,
            ledger: &ledger,
            standing: &standing,
            blocks,
            now: self.span.1,
        };
        let mut campaign = draft.record();
        if let Some(place) = oldest {
            campaign.id = scans[place].campaign.id.clone();
        }
        campaign.revision += u32::from(oldest.is_some());
        campaign.coordination = Some(group.coordination.clone());
        campaign.permutation = permutation(scans, group, &dossier);
        let mut heard: Vec<&Heard> =
            group.members.iter().flat_map(|place| scans[*place].heard.clone()).collect();
        heard.sort_by_key(|h| h.time());
        let trace: trace::Trace = dossier.trace(sources[0]);
        let (id, merged) = (campaign.id.clone(), Status::Closed);
        let dossier = Cow::Owned(dossier.clone());
        let joined = Scan { campaign, sources, standing, dossier, heard, trace, shown: Vec::new() };
        for place in group.members.iter().filter(|place| Some(**place) != oldest) {
            let old = &mut scans[*place].campaign;
            (old.merged_into, old.status) = (Some(id.clone()), merged);
            old.revision += 1;
        }
        let place = match oldest {
            Some(place) => {
                scans[place] = joined;
                place
            }
            None => {
                scans.push(joined);
                scans.len() - 1
            }
        };
        let scan = &mut scans[place];
        scan.campaign.tools = tools::named(&scan.dossier.imprints, &scan.said());
    }

    /// The dossiers of sources without a campaign.
    fn lone(&self, sources: &[Address]) -> Vec<(Address, Dossier)> {
        if sources.is_empty() {
            return Vec::new();
        }
        let all = self.shards.iter().flat_map(|shard| shard.table().iter());
        let wanted = all.filter(|source| sources.binary_search(&source.address).is_ok());
        let dossier = |source: &Source| match &source.more {
            Some(more) => more.dossier.clone(),
            None => Dossier::new(source.first, source.raw),
        };
        let mut lone: Vec<(Address, Dossier)> = wanted.map(|s| (s.address, dossier(s))).collect();
        lone.sort_by_key(|(address, _)| *address);
        lone
    }
}

/// A campaign, as grouping sees it.
fn member(scan: &Scan<'_>) -> Member {
    let mut classes: Vec<_> = scan.dossier.imprints.classes().iter().collect();
    classes.sort_by_key(|class| std::cmp::Reverse(class.packets));
    let mut services: Vec<Service> = scan.trace.hits.iter().map(|h| h.service).collect();
    services.sort_unstable();
    services.dedup();
    services.truncate(SERVICES);
    let mut targets: Vec<Address> = scan.trace.hits.iter().map(|h| h.target).collect();
    targets.sort_unstable();
    targets.dedup();
    let mut pairs: Vec<(Address, Service)> = scan.trace.hits.iter().map(|h| (h.target, h.service)).collect();
    pairs.sort_unstable();
    pairs.dedup();
    let tool = scan.campaign.tools.first().filter(|t| t.confidence >= TOLD);
    Member {
        source: scan.sources[0],
        imprints: classes.iter().filter_map(|class| class.kept.first().copied()).collect(),
        tool: tool.map(|t| t.name.clone()),
        generator: scan.campaign.permutation.as_ref().map(|p| (p.generator, p.prime)),
        services,
        complete: targets.len() as u64 >= scan.trace.hosts,
        pairs,
        targets,
        hosts: scan.trace.hosts,
        start: scan.trace.start,
        end: scan.dossier.end,
    }
}

/// The sources without a campaign.
struct Sources<'a> {
    shards: &'a [Shard],
    /// Sources with one.
    taken: &'a HashMap<Address, usize>,
}

impl EachLone for Sources<'_> {
    fn each(&self, mut visit: impl FnMut(&Lone)) {
        for source in self.shards.iter().flat_map(|shard| shard.table().iter()) {
            if !self.taken.contains_key(&source.address) {
                each_lone(source, &mut visit);
            }
        }
    }

    fn most(&self) -> u64 {
        let sources = self.shards.iter().map(|shard| shard.table().added);
        sources.sum::<u64>().saturating_mul(FEW as u64)
    }
}

/// The targets of a source that has few, and used none of them.
#[inline]
fn each_lone(source: &Source, visit: &mut impl FnMut(&Lone)) {
    let wide = source.more.as_ref().is_some_and(|m| m.dossier.wide.is_some());
    if wide || source.probes().len() > FEW || source.probes().any(|p| p.used() || !p.service().has_port()) {
        return;
    }
    for probe in source.probes() {
        let imprint = match &source.more {
            None => source.raw.of(probe),
            Some(more) => {
                let kept = || more.dossier.imprints.classes().iter().flat_map(|class| &class.kept);
                match kept().find(|i| i.target == probe.target).or_else(|| kept().next()) {
                    Some(imprint) => *imprint,
                    None => continue,
                }
            }
        };
        visit(&Lone {
            source: source.address,
            target: probe.target,
            service: probe.service(),
            time: probe.first,
            outcome: probe.outcome,
            imprint,
        });
    }
}

/// The walk that the members share. Shards walk parts of their own: what each has done adds up, and what one of them
/// is to hit next may have been hit by another.
fn permutation(scans: &[Scan<'_>], group: &Group, joined: &Dossier) -> Option<Permutation> {
    let walks: Vec<&Permutation> =
        group.members.iter().filter_map(|place| scans[*place].campaign.permutation.as_ref()).collect();
    let first = walks.iter().max_by(|a, b| a.done.total_cmp(&b.done))?;
    let same = |w: &&&Permutation| (w.generator, w.prime) == (first.generator, first.prime);
    let shards: Vec<&&Permutation> = walks.iter().filter(same).collect();
    let hit: Vec<String> = joined.probes.iter().map(|p| p.target.to_string()).collect();
    let is_new = |next: &&String| {
        let host: Option<IpAddr> = next.parse().ok().or_else(|| Some(next.parse::<SocketAddr>().ok()?.ip()));
        let Some(host) = host else { return false };
        match &joined.wide {
            Some(wide) => wide.hosts.contains(host_id(host.into())) == Some(false),
            None => !hit.contains(&host.to_string()),
        }
    };
    let mut next: Vec<String> = shards.iter().flat_map(|w| &w.next).filter(is_new).cloned().collect();
    next.sort();
    next.dedup();
    next.truncate(NEXT);
    let done = (shards.iter().map(|w| w.done).sum::<f64>() * 1e6).round() / 1e6;
    let text = format!("the same walk in {} sources; of the one furthest on: {}", shards.len(), first.text);
    Some(Permutation { next, text, done: done.min(1.0), ..(*first).clone() })
}
