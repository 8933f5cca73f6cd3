//! What was found becomes an inventory: services, exposures, what was really asked, and how much may have been missed.

mod asked; // what was asked of whom
mod measured; // how much of it, and how much was missed

use std::collections::BTreeMap;
use std::net::IpAddr;

use watchpost_core::contact::{Service as Number, Transport};
use watchpost_core::inventory::{Inventory, Method, Service, Shard, State, Survey};
use watchpost_core::record::{SCHEMA_VERSION, Stamp};
use watchpost_survey::identify::os;
use watchpost_survey::scope::Scope;
use watchpost_survey::take::{Found, Host, Proof, Request, Stage, Tcp};
use watchpost_survey::wire::Ask;

use super::examine::Shown;

/// An open port that answered once, before a survey stopped: more often than not it is there, and a tarpit's look the same.
const UNCONFIRMED: f64 = 0.5;

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
    let is_looked_at = found.stopped.is_none() || found.whole.contains(&Stage::Look);
    let once = if is_looked_at { 0.99 } else { UNCONFIRMED };
    let mut inventory = Inventory { survey, ..Inventory::default() };
    for (address, host) in &found.hosts {
        // Where every UDP port answers, only words of a known protocol say anything.
        let udp: Vec<u16> = host.udp.keys().copied().collect();
        let speaks = |port: &u16| {
            shown.get(&(*address, true, *port)).is_some_and(|one| one.identified.protocol.is_some())
        };
        let udp: Vec<u16> = udp.into_iter().filter(|port| !host.udp_wall || speaks(port)).collect();
        let mut add = |transport, port, seen: Option<&Tcp>| {
            let looked = shown.remove(&(*address, transport == Transport::Udp, port)).unwrap_or_default();
            let mut service = service(about, *address, transport, port, seen, &looked);
            if seen.is_some_and(|tcp| tcp.proof == Proof::Once) {
                service.confidence = once;
            }
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
        for port in udp {
            add(Transport::Udp, port, None);
        }
        if host.alive_by.contains(&Ask::Echo) {
            let transport = if address.is_ipv4() { Transport::Icmp } else { Transport::Icmp6 };
            let echo = if address.is_ipv4() { 0x0800 } else { 0x8000 };
            add(transport, echo, None);
        }
        inventory.services.extend(walls(about, *address, host));
    }
    let hidden = inventory.behind_walls();
    inventory.survey.unseen.extend(hidden);
    inventory.sort();
    inventory
}

/// A host that opens, or answers, whatever it is asked is one finding, not 65,535.
fn walls(about: &About<'_>, address: IpAddr, host: &Host) -> impl Iterator<Item = Service> {
    let wall = |name: &str| Service {
        schema_version: SCHEMA_VERSION,
        host: address.to_string(),
        service: name.into(),
        state: State::Open,
        confidence: 0.99,
        last_seen: about.end.clone(),
        ..Service::default()
    };
    let tcp = host.opens_everything().then(|| wall("tcp/*"));
    let udp = host.udp_wall.then(|| wall("udp/*"));
    tcp.into_iter().chain(udp)
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
        confidence: 0.999_9,
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
    let sent = found.sent().into_values().fold(0, u64::saturating_add);
    // Waiting is not sending; the mean is over both, for that is what the network had to bear.
    let rate = if took > 0.0 { sent as f64 / took } else { 0.0 };
    let shard = |(number, of): (u64, std::num::NonZeroU64)| Shard {
        number: number + 1,
        of: of.get(),
        seed: request.seed[0],
    };
    Survey {
        schema_version: SCHEMA_VERSION,
        id: Survey::id(&scope_hash, &about.start),
        organisation: about.scope.organisation.clone(),
        scope_hash,
        blocks: about.scope.blocks.iter().map(ToString::to_string).collect(),
        start: about.start.clone(),
        end: about.end.clone(),
        stopped: found.stopped.clone(),
        asked: asked::all(about),
        targets: request.targets.blocks().iter().map(ToString::to_string).collect(),
        target_count: request.targets.count(),
        hosts_asked: asked::hosts(request, found)
            .map(|hosts| hosts.iter().map(ToString::to_string).collect()),
        knocks: asked::knocks(about),
        shard: Some(request.shard).filter(|(_, of)| of.get() > 1).map(shard),
        sources: about.sources.clone(),
        method: if about.method == "raw" { Method::Raw } else { Method::Connect },
        probes: sent,
        answers: found
            .ran
            .iter()
            .flat_map(|ran| [ran.done.progress.open, ran.done.progress.refused])
            .fold(0, u64::saturating_add),
        rate,
        rate_cap: request.rate.all.into(),
        coverage: measured::coverage(about, found),
        miss: measured::miss(found),
        miss_by_prefix: measured::by_prefix(found),
        registry: "not checked".into(),
        control: about.control.clone(),
        unseen: about.unseen.clone(),
        ..Survey::default()
    }
}

#[cfg(test)]
mod tests;
