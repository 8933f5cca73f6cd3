//! What was really asked, and of whom: what was not is neither found nor dark.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;
use watchpost_survey::take::{self, Discover, Found, Request};
use watchpost_survey::wire::Ask;

use super::About;

/// Every question, as ranges.
pub fn all(about: &About<'_>) -> Vec<String> {
    let request = about.request;
    let mut asked = Vec::new();
    if request.discover != Discover::Only {
        asked.extend(ranges("tcp", &request.tcp));
        asked.extend(ranges("udp", &request.udp));
    }
    if sent(about).contains(&Ask::Echo) {
        asked.push("icmp/echo".to_owned());
    }
    asked
}

/// What discovery asked of every target, by name.
pub fn knocks(about: &About<'_>) -> Vec<String> {
    let blocks = about.request.targets.blocks();
    let (v4, v6) =
        (blocks.iter().any(|net| net.addr().is_ipv4()), blocks.iter().any(|net| net.addr().is_ipv6()));
    let mut names = Vec::new();
    for ask in sent(about) {
        match ask {
            Ask::Syn(port) | Ask::FullSyn(port) => names.push(format!("tcp/{port}")),
            Ask::Udp(port) => names.push(format!("udp/{port}")),
            Ask::Echo => names.push("icmp/echo".to_owned()),
            // Of IPv6 there is none.
            Ask::Timestamp if v4 => names.push("icmp/timestamp".to_owned()),
            Ask::Neighbour => {
                names.extend(v4.then(|| "arp".to_owned()));
                names.extend(v6.then(|| "nd".to_owned()));
            }
            // It asks whether a host is there, and of no service.
            Ask::Ack(_) | Ask::Timestamp => {}
        }
    }
    names
}

/// What discovery sent.
fn sent(about: &About<'_>) -> Vec<Ask> {
    match about.request.discover {
        Discover::Off => Vec::new(),
        _ => take::knocks(about.request, about.scope),
    }
}

/// Who got every question, where discovery came first: who answered it, and who was known.
pub fn hosts(request: &Request, found: &Found) -> Option<Vec<IpNet>> {
    (request.discover != Discover::Off).then(|| {
        let known = request.known.iter().filter(|host| request.targets.place(**host).is_some());
        let hosts: BTreeSet<IpAddr> = found.hosts.keys().chain(known).copied().collect();
        IpNet::aggregate(&hosts.into_iter().map(IpNet::from).collect())
    })
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
}
