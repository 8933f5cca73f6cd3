//! The parts (shards) of one survey become one survey.
//!
//! The problem: each machine that shares a survey asks its part of each pass, so a port may be asked by one in this pass and by
//! another in the next: only all parts together are whole. The way: parts fit if they have the same scope, targets, questions
//! and seed; what any of them saw open is open, and of two that saw it the surer counts. What a part carried over from an earlier
//! survey it has not seen: the whole is settled against that survey anew. A host that opens everything in one part does in
//! all. The limit: how much was missed is pooled over the canaries of all parts, and its interval is as wide as the widest.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;

use super::file::Inventory;
use super::names::{Named, order};
use super::recapture::round;
use super::record::{Exposure, Service, State};
use super::survey::{Method, Miss, PREFIXES, PrefixMiss, Previous, Shard, Survey};
use crate::record::{SCHEMA_VERSION, Stamp};

/// Missing parts that are named.
const NAMED: usize = 20;

/// What came of parts.
#[derive(Clone, Debug, PartialEq)]
pub struct Joined {
    /// The whole, as far as its parts are there; not settled against an earlier survey.
    pub inventory: Inventory,
    /// The first missing parts, by number; at most 20.
    pub missing: Vec<u64>,
    /// How many are missing in all.
    pub missing_count: u64,
    /// A survey that parts were held against: it is to be given again, for its states are not taken over.
    pub previous: Option<Previous>,
}

/// Why parts are not those of one survey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// The place of the part that does not fit the ones before it, in the order given.
    pub place: usize,
    /// Why not.
    pub what: String,
}

/// Joins the parts of one survey.
///
/// # Errors
/// The first that is no part, or not one of the same survey.
pub fn join(parts: &[Inventory]) -> Result<Joined, Misfit> {
    let shards = fit(parts)?;
    let of = shards.first().map_or(0, |shard| shard.of);
    let has = |number: &u64| shards.iter().any(|shard| shard.number == *number);
    let missing: Vec<u64> = (1..=of).filter(|number| !has(number)).take(NAMED).collect();
    let missing_count = of.saturating_sub(shards.len() as u64);
    let (services, exposures) = unite(parts);
    let mut inventory = Inventory { survey: survey(parts, &shards), services, exposures };
    inventory.sort();
    // What hides, hides in the whole: parts count for themselves.
    let of_parts: BTreeSet<String> = parts.iter().flat_map(Inventory::behind_walls).collect();
    inventory.survey.unseen.retain(|sentence| !of_parts.contains(sentence));
    let hidden = inventory.behind_walls();
    inventory.survey.unseen.extend(hidden);
    if missing_count > 0 {
        let text =
            format!("what the parts asked that are missing: {} of {of}", list(&missing, missing_count));
        inventory.survey.unseen.push(text);
    }
    let previous = parts.iter().find_map(|part| part.survey.previous.clone());
    Ok(Joined { inventory, missing, missing_count, previous })
}

/// `2, 3 and 7 more`.
fn list(numbers: &[u64], all: u64) -> String {
    let mut text: Vec<String> = numbers.iter().map(u64::to_string).collect();
    match all.saturating_sub(numbers.len() as u64) {
        0 => text.join(", "),
        more => {
            let last = text.pop().unwrap_or_default();
            text.push(format!("{last} and {more} more"));
            text.join(", ")
        }
    }
}

/// Whether they are parts of one survey, and which.
fn fit(parts: &[Inventory]) -> Result<Vec<Shard>, Misfit> {
    let mut shards: Vec<Shard> = Vec::new();
    let Some(first) = parts.first().map(|part| &part.survey) else {
        return Err(Misfit { place: 0, what: "no part is given".into() });
    };
    for (place, part) in parts.iter().enumerate() {
        let survey = &part.survey;
        let misfit = |what: &str| Err(Misfit { place, what: what.to_owned() });
        let Some(shard) = survey.shard.filter(|s| (1..=s.of).contains(&s.number)) else {
            return misfit("it is no part of a survey: it was taken without --shard");
        };
        let is_discovered = |survey: &Survey| survey.hosts_asked.is_some();
        let asked_alike = (&survey.asked, &survey.knocks) == (&first.asked, &first.knocks);
        if survey.scope_hash != first.scope_hash {
            return misfit("it was taken under another scope than the first part");
        } else if survey.targets != first.targets {
            return misfit("it asked other targets than the first part");
        } else if !asked_alike || is_discovered(survey) != is_discovered(first) {
            return misfit("it asked other questions than the first part");
        }
        match shards.first() {
            Some(one) if one.of != shard.of => {
                return misfit(&format!(
                    "it is one of {} parts, and the first is one of {}",
                    shard.of, one.of
                ));
            }
            Some(one) if one.seed != shard.seed => {
                return misfit("its --seed is not that of the first part, so they overlap and leave gaps");
            }
            _ if shards.iter().any(|other| other.number == shard.number) => {
                return misfit(&format!("part {} of {} is given twice", shard.number, shard.of));
            }
            _ => shards.push(shard),
        }
    }
    Ok(shards)
}

/// The record of the whole.
fn survey(parts: &[Inventory], shards: &[Shard]) -> Survey {
    let all = || parts.iter().map(|part| &part.survey);
    let first = all().next().cloned().unwrap_or_default();
    let mut ids: Vec<&str> = all().map(|survey| survey.id.as_str()).collect();
    ids.sort_unstable();
    let why = |(survey, shard): (&Survey, &Shard)| {
        survey.stopped.as_ref().map(|why| format!("part {}: {why}", shard.number))
    };
    let stopped: Vec<String> = all().zip(shards).filter_map(why).collect();
    let hosts: Vec<IpNet> = all()
        .filter_map(|survey| survey.hosts_asked.as_ref())
        .flatten()
        .filter_map(|net| net.parse().ok())
        .collect();
    let hosts: Vec<String> = IpNet::aggregate(&hosts).iter().map(ToString::to_string).collect();
    Survey {
        schema_version: SCHEMA_VERSION,
        // The start alone would give it the name of the part that began first.
        id: Survey::id(&first.scope_hash, &Stamp(ids.join(" "))),
        start: all().map(|survey| &survey.start).min().cloned().unwrap_or_default(),
        end: all().map(|survey| &survey.end).max().cloned().unwrap_or_default(),
        stopped: (!stopped.is_empty()).then(|| stopped.join("; ")),
        hosts_asked: first.hosts_asked.is_some().then_some(hosts),
        shard: None,
        sources: each(all().flat_map(|survey| &survey.sources)),
        // Ordinary connections show less: what they do not see the whole has not seen for certain.
        method: if all().all(|survey| survey.method == Method::Raw) { Method::Raw } else { Method::Connect },
        probes: all().map(|survey| survey.probes).fold(0, u64::saturating_add),
        answers: all().map(|survey| survey.answers).fold(0, u64::saturating_add),
        rate: all().map(|survey| survey.rate).sum::<f64>().clamp(0.0, f64::MAX),
        rate_cap: all().map(|survey| survey.rate_cap).sum::<f64>().clamp(0.0, f64::MAX),
        coverage: round(all().map(|survey| survey.coverage.clamp(0.0, 1.0)).sum::<f64>().min(1.0)),
        miss: pool(all().filter_map(|survey| survey.miss)),
        miss_by_prefix: by_prefix(all()),
        previous: None,
        // Each machine has an audit log of its own.
        audit_end: None,
        registry: each(all().map(|survey| &survey.registry)).join("; "),
        control: each(all().map(|survey| &survey.control)).join("; "),
        unseen: each(all().flat_map(|survey| &survey.unseen)),
        ..first
    }
}

/// Each once, in the order of the first.
fn each<'a>(texts: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut known = BTreeSet::new();
    texts.filter(|text| known.insert(*text)).cloned().collect()
}

/// What the canaries of all parts tell together: each part counts by how many it had.
fn pool(parts: impl Iterator<Item = Miss>) -> Option<Miss> {
    let parts: Vec<Miss> = parts.filter(|miss| miss.canaries > 0).collect();
    let canaries = parts.iter().map(|miss| miss.canaries).fold(0, u64::saturating_add);
    let sum: f64 = parts.iter().map(|miss| miss.rate.clamp(0.0, 1.0) * miss.canaries as f64).sum();
    let low = parts.iter().map(|miss| miss.low).reduce(f64::min)?;
    let high = parts.iter().map(|miss| miss.high).reduce(f64::max)?;
    Some(Miss { rate: round(sum / canaries as f64), low, high, canaries })
}

fn by_prefix<'a>(parts: impl Iterator<Item = &'a Survey>) -> Vec<PrefixMiss> {
    let mut prefixes: BTreeMap<(Option<IpNet>, &str), Vec<Miss>> = BTreeMap::new();
    for one in parts.flat_map(|survey| &survey.miss_by_prefix) {
        prefixes.entry((one.prefix.parse().ok(), &one.prefix)).or_default().push(one.miss);
    }
    let one = |((_, prefix), all): ((_, &str), Vec<Miss>)| {
        Some(PrefixMiss { prefix: prefix.to_owned(), miss: pool(all.into_iter())? })
    };
    prefixes.into_iter().filter_map(one).take(PREFIXES).collect()
}

/// What the parts saw: each service once, and what it exposes.
fn unite(parts: &[Inventory]) -> (Vec<Service>, Vec<Exposure>) {
    let walls: Vec<BTreeSet<_>> = parts.iter().map(walls).collect();
    let mut services: BTreeMap<_, Service> = BTreeMap::new();
    let mut exposures: BTreeMap<_, Vec<&Exposure>> = BTreeMap::new();
    for (part, own) in parts.iter().zip(&walls) {
        let mut unseen = BTreeSet::new();
        for service in &part.services {
            let key = order(&service.host, &service.service);
            let wall = wall_of(&service.host, &service.service);
            // A part that asked few ports of a host cannot tell that it opens them all; words count nevertheless.
            let is_behind = walls.iter().any(|all| all.contains(&wall)) && !own.contains(&wall);
            if !is_seen(service) || is_behind && !speaks(service) {
                unseen.insert(key);
                continue;
            }
            match services.get_mut(&key) {
                Some(known) => better(known, service),
                None => {
                    services.insert(key, service.clone());
                }
            }
        }
        let mut of_part: BTreeMap<_, Vec<&Exposure>> = BTreeMap::new();
        for exposure in &part.exposures {
            let key = order(&exposure.host, &exposure.service);
            if !unseen.contains(&key) {
                of_part.entry((key, &exposure.check)).or_default().push(exposure);
            }
        }
        // Of a check that several parts made, the one that found the worst tells.
        let worst = |found: &[&Exposure]| found.iter().map(|e| (e.rung, e.time.clone())).max();
        for (key, found) in of_part {
            if exposures.get(&key).is_none_or(|known| worst(known) < worst(&found)) {
                exposures.insert(key, found);
            }
        }
    }
    let exposures = exposures.into_values().flatten().cloned().collect();
    (services.into_values().collect(), exposures)
}

/// Whether a part has seen it itself.
fn is_seen(service: &Service) -> bool {
    service.state == State::Open && !service.carried
}

/// Whether an application spoke.
fn speaks(service: &Service) -> bool {
    service.protocol.is_some() || !service.facts.is_empty() || service.product.is_some()
}

/// The surer of two looks; of equally sure ones the one that was told more, then the later one. Seen first it was by the first.
fn better(known: &mut Service, other: &Service) {
    let rank = |s: &Service| (s.confidence, speaks(s), s.last_seen.clone());
    let first_seen = known.first_seen.clone().min(other.first_seen.clone());
    if rank(other) > rank(known) {
        *known = other.clone();
    }
    known.first_seen = first_seen;
}

/// Which walls a part saw: hosts behind which every port of a transport opens.
fn walls(part: &Inventory) -> BTreeSet<(Option<IpAddr>, Option<Named>)> {
    let is_wall = |s: &&Service| is_seen(s) && matches!(Named::parse(&s.service), Some(Named::All(_)));
    part.services.iter().filter(is_wall).map(|s| wall_of(&s.host, &s.service)).collect()
}

/// The wall that a service would be behind.
fn wall_of(host: &str, service: &str) -> (Option<IpAddr>, Option<Named>) {
    let all = match Named::parse(service) {
        Some(Named::One(one)) => Some(Named::All(one.transport)),
        other => other,
    };
    (host.parse().ok(), all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::file::tests::{exposed, taken};
    use crate::inventory::{Asked, Rung, settle};

    /// Part `number` of three, with these open services.
    fn part(number: u64, open: &[(&str, &str)]) -> Inventory {
        let mut part = taken(number as u32, open);
        part.survey.shard = Some(Shard { number, of: 3, seed: 7 });
        (part.survey.coverage, part.survey.probes, part.survey.answers) = (1.0 / 3.0, 100 * number, 10);
        part
    }

    const SSH: (&str, &str) = ("192.0.2.9", "tcp/22");
    const WEB: (&str, &str) = ("192.0.2.10", "tcp/443");

    #[test]
    fn parts_in_any_order_make_one_whole() {
        let parts = [part(1, &[SSH]), part(2, &[SSH, WEB]), part(3, &[])];
        let Joined { inventory, missing, missing_count, .. } = join(&parts).unwrap();
        assert_eq!((missing, missing_count), (vec![], 0));
        let survey = &inventory.survey;
        assert_eq!((survey.coverage, survey.probes, survey.answers, survey.shard), (1.0, 600, 30, None));
        assert_eq!((&survey.start, &survey.end), (&parts[0].survey.start, &parts[2].survey.end));
        assert!(parts.iter().all(|part| part.survey.id != survey.id));
        assert_eq!(survey.miss.map(|miss| (miss.rate, miss.canaries)), Some((0.01, 600)));
        let found: Vec<_> =
            inventory.services.iter().map(|s| (s.host.as_str(), s.service.as_str())).collect();
        assert_eq!(found, [SSH, WEB]);
        assert_eq!(inventory.services[0].first_seen, parts[0].services[0].first_seen);
        assert_eq!(inventory.services[0].last_seen, parts[1].services[0].last_seen);
        let [a, b, c] = parts;
        let again = join(&[c, a, b]).unwrap().inventory;
        assert_eq!(
            (again.survey.id, again.services),
            (inventory.survey.id.clone(), inventory.services.clone())
        );
        // Held against the survey before, the whole closes what a part could not.
        let before = taken(1, &[SSH, WEB, ("192.0.2.11", "tcp/80")]);
        let asked = inventory.asked();
        let settled = settle(inventory, Some(&before), asked);
        let lost = settled.services.iter().find(|s| s.service == "tcp/80").unwrap();
        assert_eq!((lost.state, lost.carried), (State::Suspect, false));
    }

    #[test]
    fn a_missing_part_is_named_and_nothing_is_closed_for_it() {
        let joined = join(&[part(3, &[SSH]), part(1, &[])]).unwrap();
        assert_eq!((joined.missing, joined.missing_count), (vec![2], 1));
        assert!(joined.inventory.survey.unseen.iter().any(|s| s.contains("missing: 2 of 3")));
        assert!(!joined.inventory.survey.is_whole());
        assert_eq!(joined.inventory.asked()("192.0.2.9", "tcp/80"), Asked::No);
        // Of very many parts not all are named, or gone through.
        let mut one = part(1, &[]);
        one.survey.shard = Some(Shard { number: 1, of: u64::MAX, seed: 7 });
        let joined = join(&[one]).unwrap();
        assert_eq!((joined.missing.len(), joined.missing_count), (20, u64::MAX - 1));
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_place() {
        let bent = |bend: fn(&mut Survey)| {
            let mut second = part(2, &[]);
            bend(&mut second.survey);
            let misfit = join(&[part(1, &[]), second]).unwrap_err();
            assert_eq!(misfit.place, 1);
            misfit.what
        };
        assert!(bent(|s| s.scope_hash = "x".into()).contains("another scope"));
        assert!(bent(|s| s.targets = vec!["192.0.2.0/29".into()]).contains("other targets"));
        assert!(bent(|s| s.asked = vec!["tcp/22".into()]).contains("other questions"));
        assert!(bent(|s| s.knocks = vec!["icmp/echo".into()]).contains("other questions"));
        assert!(bent(|s| s.hosts_asked = Some(vec![])).contains("other questions"));
        assert!(bent(|s| s.shard = None).contains("no part"));
        assert!(bent(|s| s.shard = Some(Shard { number: 2, of: 4, seed: 7 })).contains("one of 4"));
        assert!(bent(|s| s.shard = Some(Shard { number: 2, of: 3, seed: 8 })).contains("--seed"));
        assert!(bent(|s| s.shard = Some(Shard { number: 1, of: 3, seed: 7 })).contains("twice"));
        assert!(join(&[]).is_err());
    }

    #[test]
    fn the_surer_look_counts_and_what_a_part_carried_over_does_not() {
        let (mut one, mut two) = (part(1, &[SSH]), part(2, &[SSH, WEB]));
        one.services[0].confidence = 0.5;
        one.services[0].protocol = None;
        two.services[1].carried = true;
        two.survey.previous = Some(Previous { id: "before".into(), hash: None });
        one.exposures = vec![exposed(SSH.0, SSH.1, Rung::Discloses, "a")];
        two.exposures = vec![
            exposed(SSH.0, SSH.1, Rung::Anonymous, "b"),
            exposed(SSH.0, SSH.1, Rung::Discloses, "c"),
            exposed(WEB.0, WEB.1, Rung::Sensitive, "carried"),
        ];
        let joined = join(&[one, two]).unwrap();
        let [service] = &joined.inventory.services[..] else { panic!("{:?}", joined.inventory.services) };
        assert_eq!((service.confidence, service.protocol.as_deref()), (0.999, Some("ssh")));
        let told: Vec<&str> = joined.inventory.exposures.iter().map(|e| e.what.as_str()).collect();
        assert_eq!(told, ["b", "c"]);
        assert_eq!(joined.previous.map(|previous| previous.id).as_deref(), Some("before"));
    }

    #[test]
    fn a_wall_in_one_part_is_one_in_all() {
        let wall = part(1, &[("192.0.2.9", "tcp/*")]);
        let mut few = part(2, &[SSH, ("192.0.2.9", "tcp/80"), ("192.0.2.9", "udp/53")]);
        few.services[0].protocol = None;
        few.survey.unseen = few.behind_walls();
        let inventory = join(&[wall, few]).unwrap().inventory;
        let found: Vec<&str> = inventory.services.iter().map(|s| s.service.as_str()).collect();
        // SSH said nothing; the web server spoke.
        assert_eq!(found, ["tcp/*", "tcp/80", "udp/53"]);
        let hidden = |s: &&String| s.contains("opens every port");
        assert_eq!(inventory.survey.unseen.iter().filter(hidden).count(), 1);
    }

    #[test]
    fn numbers_that_no_survey_gives_stay_numbers() {
        let absurd = |number| {
            let mut part = part(number, &[]);
            (part.survey.rate, part.survey.rate_cap) = (f64::MAX, f64::MAX);
            part.survey.miss =
                part.survey.miss.map(|miss| Miss { rate: f64::MAX, canaries: u64::MAX, ..miss });
            part
        };
        let inventory = join(&[absurd(1), absurd(2)]).unwrap().inventory;
        let lines: Vec<String> = inventory.write().collect();
        assert!(Inventory::read(lines.iter().map(String::as_bytes)).is_ok(), "{lines:?}");
    }

    #[test]
    fn who_showed_himself_to_any_part_was_asked() {
        let hosts = |number, hosts: &[&str]| {
            let mut part = part(number, &[]);
            part.survey.hosts_asked = Some(hosts.iter().map(|host| (*host).to_owned()).collect());
            part
        };
        let parts = [hosts(1, &["192.0.2.8/32"]), hosts(2, &["192.0.2.9/32"]), hosts(3, &[])];
        let joined = join(&parts).unwrap();
        assert_eq!(joined.inventory.survey.hosts_asked, Some(vec!["192.0.2.8/31".into()]));
    }
}
