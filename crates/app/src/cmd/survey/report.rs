//! What was found becomes an inventory: services, exposures, and how much may have been missed.

use std::collections::BTreeMap;
use std::net::IpAddr;

use watchpost_core::contact::{Service as Number, Transport};
use watchpost_core::inventory::{
    Inventory, Method, Miss, PREFIXES, PrefixMiss, Recapture, Service, State, Survey,
};
use watchpost_core::record::{SCHEMA_VERSION, Stamp};
use watchpost_survey::engine::Canaries;
use watchpost_survey::identify::os;
use watchpost_survey::scope::Scope;
use watchpost_survey::take::{Discover, Found, Host, Proof, Request, Stage, Tcp};
use watchpost_survey::wire::Ask;

use super::examine::Shown;

/// What is known of a survey beside what it found.
pub struct About<'a> {
    /// Its scope.
    pub scope: &'a Scope,
    /// What was wanted.
    pub request: &'a Request,
    /// First probe.
    pub start: Stamp,
    /// Last look.
    pub end: Stamp,
    /// `raw` or `connect`.
    pub method: &'static str,
    /// The own addresses.
    pub sources: Vec<String>,
    /// Whether control of the blocks was proved.
    pub control: String,
    /// What could not be seen, a sentence each.
    pub unseen: Vec<String>,
}

/// The inventory.
pub fn inventory(about: &About<'_>, found: &Found, shown: Vec<Shown>) -> Inventory {
    let mut shown: BTreeMap<(IpAddr, bool, u16), Shown> = shown
        .into_iter()
        .filter_map(|one| Some(((one.host?, one.transport == Some(Transport::Udp), one.port), one)))
        .collect();
    let survey = survey(about, found);
    let mut inventory = Inventory { survey, ..Inventory::default() };
    for (address, host) in &found.hosts {
        let mut add = |transport, port, seen: Option<&Tcp>| {
            let looked = shown.remove(&(*address, transport == Transport::Udp, port)).unwrap_or_default();
            let service = service(about, *address, transport, port, seen, &looked);
            let exposed = looked
                .findings
                .iter()
                .map(|finding| finding.exposure(&service.host, &service.service, about.end.clone()));
            inventory.exposures.extend(exposed);
            inventory.services.push(service);
        };
        let open: Vec<(u16, Tcp)> = host.open().map(|(port, tcp)| (port, tcp.clone())).collect();
        for (port, tcp) in &open {
            add(Transport::Tcp, *port, Some(tcp));
        }
        for port in host.udp.keys() {
            add(Transport::Udp, *port, None);
        }
        if host.alive_by.contains(&Ask::Echo) {
            let transport = if address.is_ipv4() { Transport::Icmp } else { Transport::Icmp6 };
            let echo = if address.is_ipv4() { 0x0800 } else { 0x8000 };
            add(transport, echo, None);
        }
        inventory.services.extend(wall(about, *address, host));
    }
    inventory.sort();
    inventory
}

/// A host that opens whatever it is asked is one finding, not 65,535.
fn wall(about: &About<'_>, address: IpAddr, host: &Host) -> Option<Service> {
    host.opens_everything().then(|| Service {
        schema_version: SCHEMA_VERSION,
        host: address.to_string(),
        service: "tcp/*".into(),
        state: State::Open,
        confidence: 0.99,
        last_seen: about.end.clone(),
        ..Service::default()
    })
}

fn service(
    about: &About<'_>,
    address: IpAddr,
    transport: Transport,
    port: u16,
    seen: Option<&Tcp>,
    looked: &Shown,
) -> Service {
    let identified = &looked.identified;
    let stack = seen.and_then(|tcp| tcp.seen.as_ref()).filter(|seen| seen.to_full).and_then(os::guess);
    Service {
        schema_version: SCHEMA_VERSION,
        host: address.to_string(),
        service: Number { transport, port }.to_string(),
        state: State::Open,
        confidence: match seen.map(|tcp| tcp.proof) {
            Some(Proof::Once) => 0.99,
            _ => 0.999_9,
        },
        last_seen: about.end.clone(),
        protocol: identified.protocol.clone(),
        tls: identified.tls,
        facts: identified.facts.clone(),
        product: identified.product.clone(),
        os: identified.os.clone().or(stack),
        ..Service::default()
    }
}

fn survey(about: &About<'_>, found: &Found) -> Survey {
    let request = about.request;
    let scope_hash = about.scope.hash();
    let took: f64 = found.ran.iter().map(|ran| ran.done.took.as_secs_f64()).sum();
    let sent: u64 = found.sent().values().sum();
    // Waiting is not sending; the mean is over both, for that is what the network had to bear.
    let rate = if took > 0.0 { sent as f64 / took } else { 0.0 };
    let mut asked = Vec::new();
    if request.discover != Discover::Only {
        asked.extend(ranges("tcp", &request.tcp));
        asked.extend(ranges("udp", &request.udp));
    }
    if request.discover != Discover::Off && about.scope.icmp {
        asked.push("icmp/echo".to_owned());
    }
    Survey {
        schema_version: SCHEMA_VERSION,
        id: Survey::id(&scope_hash, &about.start),
        organisation: about.scope.organisation.clone(),
        scope_hash,
        blocks: about.scope.blocks.iter().map(ToString::to_string).collect(),
        start: about.start.clone(),
        end: about.end.clone(),
        stopped: found.stopped.clone(),
        asked,
        targets: request.targets.blocks().iter().map(ToString::to_string).collect(),
        target_count: request.targets.count(),
        sources: about.sources.clone(),
        method: if about.method == "raw" { Method::Raw } else { Method::Connect },
        probes: sent,
        answers: found.ran.iter().map(|ran| ran.done.progress.open + ran.done.progress.refused).sum(),
        rate,
        rate_cap: request.rate.all.into(),
        coverage: coverage(request, found),
        miss: miss(found.ran.iter().filter(|ran| seeks(ran.stage)).map(|ran| ran.done.canaries.as_slice())),
        miss_by_prefix: by_prefix(found),
        registry: "not checked".into(),
        control: about.control.clone(),
        unseen: about.unseen.iter().cloned().chain(behind_walls(found)).collect(),
        ..Survey::default()
    }
}

/// That hosts which open everything hide what they have.
fn behind_walls(found: &Found) -> Option<String> {
    match found.hosts.values().filter(|host| host.opens_everything()).count() {
        0 => None,
        1 => Some("services of the host that opens every port, unless they speak on a usual one".into()),
        many => Some(format!(
            "services of the {many} hosts that open every port, unless they speak on a usual one"
        )),
    }
}

/// The stages that seek services: how much they miss, nobody else finds.
fn seeks(stage: Stage) -> bool {
    matches!(stage, Stage::Tcp | Stage::Rest | Stage::Udp)
}

/// By the canaries of stages: over all of their passes, and for as many passes as the shortest stage had.
fn miss<'a>(stages: impl Iterator<Item = &'a [Canaries]>) -> Option<Miss> {
    let (mut canaries, mut answered, mut passes) = (0, 0, u32::MAX);
    for stage in stages {
        canaries += stage.iter().map(|one| one.asked).sum::<u64>();
        answered += stage.iter().map(|one| one.answered).sum::<u64>();
        passes = passes.min(u32::try_from(stage.len()).unwrap_or(u32::MAX));
    }
    if passes == u32::MAX {
        return None;
    }
    Recapture { canaries, answered, passes }.miss()
}

fn by_prefix(found: &Found) -> Vec<PrefixMiss> {
    let mut sums: BTreeMap<ipnet::IpNet, (Canaries, u32)> = BTreeMap::new();
    for ran in found.ran.iter().filter(|ran| seeks(ran.stage)) {
        let passes = u32::try_from(ran.done.canaries.len()).unwrap_or(u32::MAX);
        for (network, canaries) in &ran.done.by_network {
            let (sum, least) = sums.entry(*network).or_insert((Canaries::default(), u32::MAX));
            sum.asked += canaries.asked;
            sum.answered += canaries.answered;
            *least = passes.min(*least);
        }
    }
    let one = |(network, (sum, passes)): (ipnet::IpNet, (Canaries, u32))| {
        let miss = Recapture { canaries: sum.asked, answered: sum.answered, passes }.miss()?;
        Some(PrefixMiss { prefix: network.to_string(), miss })
    };
    sums.into_iter().filter_map(one).take(PREFIXES).collect()
}

/// The share of what was planned that was asked at least once.
fn coverage(request: &Request, found: &Found) -> f64 {
    if found.stopped.is_none() {
        return 1.0 / request.shard.1.get() as f64;
    }
    let planned = request.targets.count() * (request.tcp.len() + request.udp.len()).max(1) as u64;
    // Of a stage that was gone on with, the last part stands furthest.
    let mut asked: BTreeMap<Stage, u64> = BTreeMap::new();
    for ran in found.ran.iter().filter(|ran| matches!(ran.stage, Stage::Tcp | Stage::Udp)) {
        let sharded = if request.discover == Discover::Off { request.shard.1.get() } else { 1 };
        let turns = ran.questions.div_ceil(sharded);
        let turns = match ran.done.stopped {
            Some((_, at)) if at.pass == 0 => at.turn.min(turns),
            _ => turns,
        };
        asked.insert(ran.stage, turns);
    }
    // Hosts that opened many were left alone until it was known what they are.
    let is_whole = found.ran.iter().any(|ran| ran.stage == Stage::Rest && ran.done.stopped.is_none());
    let left = if is_whole { 0 } else { found.many.len() as u64 * request.tcp.len() as u64 };
    let asked = asked.values().sum::<u64>().saturating_sub(left);
    (asked as f64 / planned.max(1) as f64).min(1.0)
}

/// `tcp/22`, `tcp/8000-8100`.
fn ranges(transport: &str, ports: &[u16]) -> Vec<String> {
    let mut sorted = ports.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let mut out = Vec::new();
    for run in sorted.chunk_by(|a, b| a.checked_add(1) == Some(*b)) {
        match run {
            [one] => out.push(format!("{transport}/{one}")),
            [first, .., last] => out.push(format!("{transport}/{first}-{last}")),
            [] => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_as_ranges() {
        assert_eq!(
            ranges("tcp", &[443, 22, 23, 24, 65_535, 65_534]),
            ["tcp/22-24", "tcp/443", "tcp/65534-65535"]
        );
        assert!(ranges("udp", &[]).is_empty());
    }

    #[test]
    fn what_is_missed_follows_from_the_canaries() {
        let canaries = [Canaries::default(), Canaries { asked: 1_000, answered: 900 }];
        let told = miss([&canaries[..]].into_iter()).unwrap();
        assert!(told.low < 0.01 && 0.01 < told.high && (0.009..0.011).contains(&told.rate), "{told:?}");
        assert_eq!(miss(std::iter::empty()), None);
    }
}
