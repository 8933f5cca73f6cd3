//! The services of a campaign in few characters: `22,2222`, `1-1024`, `22,80 +98`.

use watchpost_core::record::Campaign;

use crate::render::style::width;

/// The ports, sorted, runs of three and more joined. What does not fit into `room` columns becomes a number.
/// Ports of the transport that most services have stand alone, the others with theirs.
pub fn ports(campaign: &Campaign, room: usize) -> String {
    let groups = groups(&campaign.top_services);
    let total = campaign.services.count.max(campaign.top_services.len() as u64);
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

fn rest(left: u64) -> String {
    if left == 0 { String::new() } else { format!(" +{left}") }
}

/// Each group as it is written, and how many services it covers.
fn groups(services: &[String]) -> Vec<(String, u64)> {
    let split = |service: &str| -> (String, String) {
        let (transport, rest) = service.split_once('/').unwrap_or((service, ""));
        (transport.to_owned(), rest.to_owned())
    };
    let mut transports: Vec<(String, Vec<String>)> = Vec::new();
    for service in services {
        let (transport, rest) = split(service);
        match transports.iter_mut().find(|(known, _)| *known == transport) {
            Some((_, list)) => list.push(rest),
            None => transports.push((transport, vec![rest])),
        }
    }
    // Stable, so that of two equally frequent ones the first stays first.
    transports.sort_by_key(|(_, list)| std::cmp::Reverse(list.len()));
    let alone = |transport: &str| matches!(transport, "tcp" | "udp" | "sctp");
    let mut out: Vec<(String, u64)> = Vec::new();
    for (index, (transport, list)) in transports.iter().enumerate() {
        let prefix = if index == 0 && alone(transport) { String::new() } else { format!("{transport}/") };
        let mut numbers: Vec<u32> = list.iter().filter_map(|port| port.parse().ok()).collect();
        if numbers.len() < list.len() {
            // Services of one name (echo requests of two codes) are told once.
            for name in list.iter().map(|rest| named(transport, rest)) {
                match out.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, covers)) => *covers += 1,
                    None => out.push((name, 1)),
                }
            }
            continue;
        }
        numbers.sort_unstable();
        out.extend(runs(&numbers).into_iter().map(|(from, to)| {
            let text = if from == to { format!("{prefix}{from}") } else { format!("{prefix}{from}-{to}") };
            (text, u64::from(to - from) + 1)
        }));
    }
    out
}

/// Services that have names: `icmp` for an echo, which everybody means by it; `arp`.
fn named(transport: &str, rest: &str) -> String {
    match rest {
        "" | "echo" => transport.to_owned(),
        rest => format!("{transport}/{rest}"),
    }
}

/// Runs of three or more consecutive numbers as (first, last); shorter ones apart.
fn runs(sorted: &[u32]) -> Vec<(u32, u32)> {
    sorted
        .chunk_by(|a, b| a + 1 == *b)
        .flat_map(|run| match run {
            [first, _, .., last] => vec![(*first, *last)],
            few => few.iter().map(|&port| (port, port)).collect(),
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
        ports(&Campaign { top_services, services: Count { count: total, exact: true }, ..syn_sweep() }, room)
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
