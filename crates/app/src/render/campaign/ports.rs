//! The services of a campaign in few characters: `22,2222`, `1-1024`, `22,80 +98`.

use watchpost_core::record::{Campaign, ProbeKind};

use crate::render::style::width;

/// The ports, sorted, runs of three and more joined. What does not fit into `room` columns becomes a number.
/// Ports of the transport that most services have stand alone, the others with theirs.
pub fn ports(campaign: &Campaign, room: usize) -> String {
    let groups = groups(listed(campaign));
    let all: u64 = groups.iter().map(|(_, covers)| covers).sum();
    let total = if campaign.service_ranges.is_empty() { campaign.services.count.max(all) } else { all };
    let mut out = String::new();
    let mut shown = 0;
    for (index, (text, covers)) in groups.iter().enumerate() {
        let longer = if out.is_empty() { text.clone() } else { format!("{out},{text}") };
        let left = total - shown - covers;
        if index > 0 && width(&longer) + width(&rest(left)) > room {
            break;
        }
        out = longer;
        shown += covers;
    }
    out + &rest(total - shown)
}

/// The one transport of all its ports: `TCP`; `None` where there are several, or none that has ports.
pub fn transport(campaign: &Campaign) -> Option<&'static str> {
    let known = [("tcp/", "TCP"), ("udp/", "UDP"), ("sctp/", "SCTP")];
    let services = listed(campaign);
    let (_, name) = known.into_iter().find(|(prefix, _)| services.iter().all(|s| s.starts_with(prefix)))?;
    let others = |probe: &ProbeKind| matches!(probe, ProbeKind::Udp | ProbeKind::SctpInit);
    // The list may be only the beginning: then what was sent must agree.
    let certain = !campaign.service_ranges.is_empty()
        || campaign.services.count <= services.len() as u64
        || campaign.probes.iter().all(|probe| others(probe) == (name != "TCP"));
    (certain && !services.is_empty()).then_some(name)
}

/// All services as ranges where the record has them, else the most probed ones.
fn listed(campaign: &Campaign) -> &[String] {
    if campaign.service_ranges.is_empty() { &campaign.top_services } else { &campaign.service_ranges }
}

fn rest(left: u64) -> String {
    if left == 0 { String::new() } else { format!(" +{left}") }
}

/// The transport whose ports stand alone in [`ports`]; `None` where every service has its own before it.
pub fn unnamed(campaign: &Campaign) -> Option<&str> {
    by_transport(listed(campaign)).first().map(|(transport, _)| *transport).filter(|first| has_ports(first))
}

fn has_ports(transport: &str) -> bool {
    matches!(transport, "tcp" | "udp" | "sctp")
}

/// The services of each transport, without its name; the transport with most services first.
fn by_transport(services: &[String]) -> Vec<(&str, Vec<&str>)> {
    let mut transports: Vec<(&str, Vec<&str>)> = Vec::new();
    for service in services {
        let (transport, rest) = service.split_once('/').unwrap_or((service, ""));
        match transports.iter_mut().find(|(known, _)| *known == transport) {
            Some((_, list)) => list.push(rest),
            None => transports.push((transport, vec![rest])),
        }
    }
    let covered = |list: &[&str]| list.iter().map(|text| span(text).map_or(1, covers)).sum::<u64>();
    // Stable, so that of two equally frequent ones the first stays first.
    transports.sort_by_key(|(_, list)| std::cmp::Reverse(covered(list)));
    transports
}

/// Each group as it is written, and how many services it covers.
fn groups(services: &[String]) -> Vec<(String, u64)> {
    let mut out: Vec<(String, u64)> = Vec::new();
    for (index, (transport, list)) in by_transport(services).iter().enumerate() {
        let prefix = if index == 0 && has_ports(transport) { String::new() } else { format!("{transport}/") };
        let spans: Option<Vec<(u32, u32)>> = list.iter().map(|text| span(text)).collect();
        let Some(mut spans) = spans else {
            // Services of one name (echo requests of two codes) are told once.
            for name in list.iter().map(|rest| named(transport, rest)) {
                match out.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, covers)) => *covers += 1,
                    None => out.push((name, 1)),
                }
            }
            continue;
        };
        spans.sort_unstable();
        out.extend(runs(&spans).into_iter().map(|(from, to)| {
            let text = if from == to { format!("{prefix}{from}") } else { format!("{prefix}{from}-{to}") };
            (text, covers((from, to)))
        }));
    }
    out
}

/// `22` as (22, 22) and `1-1024` as (1, 1024); `None` for a name.
fn span(text: &str) -> Option<(u32, u32)> {
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    let (from, to) = (from.parse().ok()?, to.parse().ok()?);
    (from <= to).then_some((from, to))
}

fn covers((from, to): (u32, u32)) -> u64 {
    u64::from(to - from) + 1
}

/// Services that have names: `icmp` for an echo, which everybody means by it; `arp`.
fn named(transport: &str, rest: &str) -> String {
    match rest {
        "" | "echo" => transport.to_owned(),
        rest => format!("{transport}/{rest}"),
    }
}

/// Runs of three or more consecutive numbers as (first, last); shorter ones apart.
fn runs(sorted: &[(u32, u32)]) -> Vec<(u32, u32)> {
    sorted
        .chunk_by(|a, b| a.1 + 1 == b.0)
        .flat_map(|run| match (run[0].0, run[run.len() - 1].1) {
            (first, last) if last > first + 1 => vec![(first, last)],
            (first, last) => (first..=last).map(|port| (port, port)).collect(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::syn_sweep;
    use watchpost_core::record::Count;

    fn told(services: &[&str], total: u64, room: usize) -> String {
        let top_services = services.iter().map(|service| (*service).into()).collect();
        let services = Count { count: total, exact: true };
        ports(&Campaign { top_services, service_ranges: vec![], services, ..syn_sweep() }, room)
    }

    fn ranged(ranges: &[&str], room: usize) -> String {
        let service_ranges = ranges.iter().map(|range| (*range).into()).collect();
        ports(&Campaign { service_ranges, ..syn_sweep() }, room)
    }

    #[test]
    fn ranges_tell_all_services() {
        assert_eq!(ranged(&["tcp/1-1024"], 7), "1-1024");
        assert_eq!(ranged(&["tcp/21-22", "tcp/80", "udp/53"], 20), "21,22,80,udp/53");
        assert_eq!(ranged(&["tcp/53", "udp/1-100"], 20), "1-100,tcp/53");
        assert_eq!(ranged(&["tcp/1-3", "tcp/80", "tcp/8000-8099"], 9), "1-3 +101");
        assert_eq!(ranged(&["icmp/echo"], 9), "icmp");
    }

    #[test]
    fn the_transport_is_told_where_it_is_one() {
        use ProbeKind::{TcpSyn, Udp};
        let told = |top: &[&str], ranges: &[&str], count, probes: &[ProbeKind]| {
            let owned = |texts: &[&str]| texts.iter().map(|text| (*text).into()).collect();
            let services = Count { count, exact: true };
            let (top_services, service_ranges) = (owned(top), owned(ranges));
            transport(&Campaign {
                top_services,
                service_ranges,
                services,
                probes: probes.to_vec(),
                ..syn_sweep()
            })
        };
        assert_eq!(told(&["tcp/1"], &["tcp/1-9"], 9, &[TcpSyn, Udp]), Some("TCP"));
        assert_eq!(told(&["tcp/1"], &["tcp/1-9", "udp/53"], 10, &[TcpSyn]), None);
        assert_eq!(told(&["udp/1"], &[], 300, &[Udp]), Some("UDP"));
        assert_eq!(told(&["tcp/1"], &[], 300, &[TcpSyn, Udp]), None);
        assert_eq!(told(&["icmp/echo"], &[], 0, &[]), None);
        let mixed = |ranges: &[&str]| {
            let service_ranges = ranges.iter().map(|range| (*range).into()).collect();
            unnamed(&Campaign { service_ranges, ..syn_sweep() }).map(str::to_owned)
        };
        assert_eq!(mixed(&["tcp/80", "udp/50-60"]).as_deref(), Some("udp"));
        assert_eq!(mixed(&["icmp/echo"]), None);
    }

    #[test]
    fn ports_are_sorted_joined_and_cut_to_the_room() {
        assert_eq!(told(&["tcp/2222", "tcp/22"], 2, 20), "22,2222");
        assert_eq!(told(&["tcp/3", "tcp/1", "tcp/2", "tcp/4", "tcp/80"], 5, 20), "1-4,80");
        assert_eq!(told(&["tcp/22", "tcp/80", "tcp/443", "tcp/8080"], 100, 12), "22,80 +98");
        assert_eq!(told(&["tcp/22", "tcp/80", "tcp/443", "tcp/8080"], 100, 99), "22,80,443,8080 +96");
        assert_eq!(told(&["tcp/10250"], 1, 3), "10250");
        assert_eq!(told(&[], 0, 3), "");
    }

    #[test]
    fn other_transports_are_named() {
        assert_eq!(told(&["tcp/22", "udp/53", "tcp/80"], 3, 30), "22,80,udp/53");
        assert_eq!(told(&["icmp/echo", "icmp/echo"], 2, 30), "icmp");
        assert_eq!(told(&["icmp/timestamp", "arp"], 2, 30), "icmp/timestamp,arp");
        assert_eq!(told(&["ip/47", "ip/50"], 2, 30), "ip/47,ip/50");
    }
}
