//! Against: what looks like a scan and is something else. Each says what, why, and which evidence means nothing then.

use hashbrown::HashSet;

use super::dossier::{Probe, mark};
use super::{Case, Sense, Spec, breadth};
use crate::contact::{Outcome, Service, Transport};
use crate::direction::is_answer;
use crate::evidence::{Bits, Evidence};
use crate::net::Address;
use crate::record::{Family, ProbeKind};

/// How contacts ended, how many, and in which order mean nothing.
const ALL_BUT_CRAFT: &[Family] = &[Family::Outcome, Family::Breadth, Family::Order];
/// Share of hosts all over the Internet that answer at a port of no known service, from which on the source knows them: of hosts
/// chosen without such knowledge fewer than one in a hundred does.
const KNOWN: f64 = 0.2;
/// Bits of breadth of one service that no peer reaches.
const BROAD: f64 = 3.0;
const EVERYTHING: &[Family] = &[Family::Outcome, Family::Breadth, Family::Craft, Family::Order];

/// SYN-ACKs to people who never asked: answers to somebody who forged their addresses.
pub const BACKSCATTER: Spec = Spec {
    name: "backscatter",
    family: Family::Against,
    help: "answers to forged packets: from one service to ports that nobody listens on",
    needs: &[Sense::Flags],
    weigh: backscatter,
};

/// A route being traced.
pub const TRACEROUTE: Spec = Spec {
    name: "traceroute",
    family: Family::Against,
    help: "times to live that rise step by step, and routers that say so",
    needs: &[Sense::Headers],
    weigh: traceroute,
};

/// Peers of an overlay network, of which most are gone at any time.
pub const PEERS: Spec = Spec {
    name: "peer-to-peer",
    family: Family::Against,
    help: "ordinary connections to hosts scattered over unrelated networks: at ports of an overlay, tried again, or many of which answer where no \
           known service does",
    needs: &[Sense::Accepted],
    weigh: peers,
};

/// The same targets in rounds: a health check, a monitor, a poller.
pub const ROUNDS: Spec = Spec {
    name: "health check",
    family: Family::Against,
    help: "the same targets visited again and again, many of which answer",
    needs: &[Sense::Replies, Sense::Answers, Sense::Outcomes, Sense::Accepted],
    weigh: rounds,
};

/// A host that reaches nobody: no route, no address family, a captive portal.
pub const OFFLINE: Spec = Spec {
    name: "offline",
    family: Family::Against,
    help: "ordinary contacts to unrelated networks, none of which ever answers, no service asked more than is normal",
    needs: &[Sense::Replies, Sense::Answers, Sense::Outcomes, Sense::Accepted],
    weigh: offline,
};

/// Half of a conversation over UDP.
pub const STREAM: Spec = Spec {
    name: "one-way stream",
    family: Family::Against,
    help: "datagrams that go on and on to the same services: tunnels, media, logs, of which one direction is seen",
    needs: &[Sense::Everything],
    weigh: stream,
};

/// A resolver asks name servers all over the world.
pub const RESOLVER: Spec = Spec {
    name: "resolver",
    family: Family::Against,
    help: "questions to name servers scattered over unrelated networks, many of which answer",
    needs: &[Sense::Replies, Sense::Answers, Sense::Outcomes, Sense::Accepted],
    weigh: resolver,
};

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

fn count(probes: &[&Probe], test: impl Fn(&Probe) -> bool) -> usize {
    probes.iter().filter(|p| test(p)).count()
}

/// Share of hosts that have a /16 (or /48) of their own.
fn scatter(case: &Case<'_>) -> f64 {
    let places: HashSet<Address> = case.hosts.iter().map(|h| h.address.neighbourhood()).collect();
    share(places.len(), case.hosts.len())
}

fn backscatter(case: &Case<'_>) -> Option<Evidence> {
    let probes: Vec<&Probe> = case.probes().collect();
    let answers = count(&probes, |p| p.kind == ProbeKind::TcpSynack);
    // The rest of connections whose other end is gone: from a port that servers listen on, to one that they do not.
    // The same shows in one port that asks each host at another one.
    let from: HashSet<u16> = probes.iter().map(|p| p.source_port).collect();
    let to: HashSet<u16> = probes.iter().map(|p| p.port).collect();
    let one_to_many = case.hosts.len() >= 5 && from.len() == 1 && share(to.len(), probes.len()) >= 0.9;
    let rests = count(&probes, |p| {
        matches!(p.kind, ProbeKind::TcpAck | ProbeKind::TcpMaimon)
            && (one_to_many || is_answer(Transport::Tcp, p.source_port, p.port))
    });
    if (answers + rests) * 2 < probes.len() || answers + rests == 0 {
        return None;
    }
    // A scanner asks one service of many; a victim answers from its one service to whatever port was forged.
    if probes.len() > 1 && to.len() <= from.len() {
        return None;
    }
    let what = if answers >= rests { "answers" } else { "remains of connections" };
    let text = format!(
        "{} {what} from {} port(s) to {} ports that asked nothing",
        answers + rests,
        from.len(),
        to.len()
    );
    Some(Evidence::instead("backscatter", EVERYTHING, text))
}

fn traceroute(case: &Case<'_>) -> Option<Evidence> {
    let probes: Vec<&Probe> = case.probes().collect();
    let expired = count(&probes, |p| p.marks & mark::EXPIRED != 0);
    let ttls: Vec<u8> = probes.iter().map(|p| p.ttl).collect();
    let distinct: HashSet<u8> = ttls.iter().copied().collect();
    let rising = ttls.windows(2).filter(|w| w[1] >= w[0]).count();
    let lowest = ttls.iter().min().copied().unwrap_or(u8::MAX);
    let few_hosts = case.hosts.len() <= 4;
    let steps = distinct.len() >= 4 && lowest <= 5 && share(rising, ttls.len().saturating_sub(1)) >= 0.8;
    let told =
        if few_hosts { expired >= 2 && distinct.len() >= 3 } else { share(expired, probes.len()) >= 0.4 };
    // A loop in the routing ends probes on the way too, but a scanner does not change its time to live for it.
    if !(few_hosts && steps || told && distinct.len() >= 3 && lowest <= 30) {
        return None;
    }
    let text = format!("{} times to live from {lowest} on, {expired} ran out on the way", distinct.len());
    Some(Evidence::instead("traceroute", ALL_BUT_CRAFT, text))
}

fn peers(case: &Case<'_>) -> Option<Evidence> {
    let probes: Vec<&Probe> = case.probes().collect();
    let ordinary = count(&probes, |p| matches!(p.kind, ProbeKind::TcpConnect | ProbeKind::Udp));
    let scatter = scatter(case);
    if case.hosts.len() < 5 || share(ordinary, probes.len()) < 0.9 {
        return None;
    }
    let ports: HashSet<Service> = probes.iter().map(|p| p.service()).collect();
    let overlay = count(&probes, |p| case.priors.of(p.service()).peers);
    let high = count(&probes, |p| p.port >= 1024);
    let at_high_ports = share(high, probes.len()) >= 0.8 && probes.len() < 2 * case.hosts.len();
    let own_ports = share(ports.len(), case.hosts.len());
    let failed = count(&probes, Probe::failed);
    let tried_again = count(&probes, |p| p.failed() && p.visits > 1);
    let talked = count(&probes, Probe::talked);
    // Who looks for one service everywhere is no peer, however patient.
    let broad = ports.iter().any(|s| breadth::of_service(case, *s).bits > Bits::new(BROAD));
    let patient = talked > 0 && share(tried_again, failed) >= 0.3 && failed > 0 && !broad;
    let scattered = scatter >= 0.4;
    let private = |p: &Probe| p.port >= 1024 && !case.priors.names(p.service());
    let unnamed = count(&probes, private);
    let answering = count(&probes, |p| private(p) && p.answered());
    let why = if scattered && share(overlay, probes.len()) >= 0.5 {
        format!("{overlay} of {} contacts at ports of peer-to-peer overlays", probes.len())
    } else if at_high_ports && (own_ports >= 1.0 || scattered && own_ports >= 0.5) {
        format!("{} hosts, each at a high port of its own", case.hosts.len())
    } else if scattered && share(unnamed, probes.len()) >= 0.8 && share(answering, unnamed) >= KNOWN {
        format!("{answering} of {unnamed} contacts at ports of no known service are answered")
    } else if scattered && patient {
        format!("{tried_again} of {failed} silent hosts tried again later, {talked} others talked with")
    } else {
        return None;
    };
    let networks = (scatter * case.hosts.len() as f64).round();
    let text = format!("{why}; hosts in {networks} unrelated networks");
    Some(Evidence::instead("peer-to-peer", ALL_BUT_CRAFT, text))
}

fn offline(case: &Case<'_>) -> Option<Evidence> {
    let probes: Vec<&Probe> = case.probes().collect();
    let ordinary = count(&probes, |p| matches!(p.kind, ProbeKind::TcpConnect | ProbeKind::Udp));
    let alive = count(&probes, |p| p.outcome >= Outcome::Refused);
    let services: HashSet<Service> = probes.iter().map(|p| p.service()).collect();
    let broad = services.iter().any(|s| breadth::of_service(case, *s).bits > Bits::ZERO);
    if alive > 0 || broad || case.hosts.len() < 2 || scatter(case) < 0.8 || ordinary < probes.len() {
        return None;
    }
    let text = format!(
        "none of {} hosts in unrelated networks answers, none more often asked than normal",
        case.hosts.len()
    );
    Some(Evidence::instead("offline", ALL_BUT_CRAFT, text))
}

fn stream(case: &Case<'_>) -> Option<Evidence> {
    let probes: Vec<&Probe> = case.probes().collect();
    let streams = count(&probes, Probe::is_stream);
    if share(streams, probes.len()) < 0.5 {
        return None;
    }
    let text = format!(
        "{streams} of {} targets get datagrams without end, which nobody sends to look",
        probes.len()
    );
    Some(Evidence::instead("one-way stream", ALL_BUT_CRAFT, text))
}

fn rounds(case: &Case<'_>) -> Option<Evidence> {
    let probes: Vec<&Probe> = case.probes().collect();
    let again = count(&probes, |p| p.visits >= 3);
    let often = count(&probes, |p| p.visits >= 10);
    let answered = count(&probes, |p| p.outcome >= Outcome::Answered);
    let answering = share(answered, probes.len());
    let polled = share(again, probes.len()) >= 0.8 && answering >= 0.5;
    let watched = share(often, probes.len()) >= 0.8 && answering >= 0.1;
    if probes.len() < 2 || case.dossier.wide.is_some() || !(polled || watched) {
        return None;
    }
    let text = format!("{again} of {} targets visited three times or more; {answered} answer", probes.len());
    Some(Evidence::instead("health check", ALL_BUT_CRAFT, text))
}

fn resolver(case: &Case<'_>) -> Option<Evidence> {
    let probes: Vec<&Probe> = case.probes().collect();
    let names = |p: &Probe| p.port == 53 && matches!(p.transport, Transport::Udp | Transport::Tcp);
    let asked = count(&probes, names);
    let answered = count(&probes, |p| names(p) && p.outcome >= Outcome::Answered);
    // Where no answer of anybody is in the input, a resolver shows by asking again; a scanner asks each once.
    let asks_again = case.dossier.probe_count * 5 >= probes.len() as u64 * 6;
    let answers_hidden = case.world.seen().replies == 0 && asks_again;
    let answered_enough = share(answered, asked) >= 0.3 || answers_hidden;
    if share(asked, probes.len()) < 0.8 || !answered_enough || scatter(case) < 0.4 {
        return None;
    }
    let text = format!("{asked} name servers asked, {answered} answered");
    Some(Evidence::instead("resolver", ALL_BUT_CRAFT, text))
}
