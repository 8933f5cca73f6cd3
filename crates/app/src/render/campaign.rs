//! One campaign in phrases: what it is, where from, what it touched, how, and what it got. The table, the page of
//! `explain` and the Markdown form say the same things with them.

pub mod learned; // what it got
pub mod lists; // from which list of targets
mod networks;
pub mod phrases; // what stands under a row
mod ports;
pub mod returns; // who came back
mod tools;

use std::net::IpAddr;

use watchpost_core::record::{Campaign, Coverage, Direction, Order, ProbeKind, Shape};

use super::words::{self, count, number, plural};
pub use networks::networks;
pub use ports::{ports, transport, unnamed};
pub use tools::{tools, with};

/// A probe kind in the field's words, as an adjective: `SYN`, `ping`.
pub const fn kind(probe: ProbeKind) -> &'static str {
    match probe {
        ProbeKind::TcpConnect => "connect",
        ProbeKind::TcpSyn => "SYN",
        ProbeKind::TcpFin => "FIN",
        ProbeKind::TcpNull => "NULL",
        ProbeKind::TcpXmas => "Xmas",
        ProbeKind::TcpMaimon => "Maimon",
        ProbeKind::TcpAck => "ACK",
        ProbeKind::TcpSynFin => "SYN-FIN",
        ProbeKind::TcpSynack => "SYN-ACK",
        ProbeKind::Tcp => "TCP",
        ProbeKind::Udp => "UDP",
        ProbeKind::IcmpEcho => "ping",
        ProbeKind::IcmpTimestamp => "ICMP timestamp",
        ProbeKind::IcmpMask => "ICMP mask",
        ProbeKind::Arp => "ARP",
        ProbeKind::Nd => "neighbour",
        ProbeKind::SctpInit => "SCTP",
        ProbeKind::IpProtocol => "IP protocol",
        ProbeKind::OsProbe => "OS probe",
        ProbeKind::VersionProbe => "version probe",
        ProbeKind::BannerGrab => "banner grab",
    }
}

/// What it is: `SYN sweep`, `UDP port scan`, `connect scan`, `SYN block scan`, `ping sweep`.
pub fn what(campaign: &Campaign) -> String {
    let Some(&main) = campaign.probes.first() else { return "scan".to_owned() };
    let kind = kind(main);
    match (campaign.shape, main) {
        (_, ProbeKind::OsProbe | ProbeKind::VersionProbe | ProbeKind::BannerGrab) => kind.to_owned(),
        (Shape::Vertical, ProbeKind::IpProtocol | ProbeKind::TcpConnect) => format!("{kind} scan"),
        (Shape::Horizontal, _) => format!("{kind} sweep"),
        (Shape::Vertical, _) => format!("{kind} port scan"),
        (Shape::Block, _) => format!("{kind} block scan"),
        (Shape::Null, _) => format!("{kind} probes"),
    }
}

/// The other probe kinds beside the main one: `ACK, ping`; empty where there are none.
pub fn also(campaign: &Campaign) -> String {
    campaign.probes.iter().skip(1).map(|&probe| kind(probe)).collect::<Vec<_>>().join(", ")
}

/// Where from: the address; for several, the network that holds them all or the first, and how many.
pub fn source(campaign: &Campaign) -> String {
    let first = campaign.sources.first().map_or("unknown", String::as_str);
    if campaign.source_count <= 1 {
        return first.to_owned();
    }
    match common_network(campaign) {
        Some(network) => format!("{network} ({})", number(campaign.source_count)),
        None => format!("{first} +{}", number(campaign.source_count - 1)),
    }
}

/// The /24 or /64 that holds all sources, if one does and all are known.
pub fn common_network(campaign: &Campaign) -> Option<String> {
    let complete = campaign.sources.len() as u64 == campaign.source_count;
    networks::network_of_all(&campaign.sources).filter(|_| complete).map(|network| network.to_string())
}

/// The own blocks that it touched.
pub fn touched(campaign: &Campaign) -> impl Iterator<Item = &Coverage> {
    campaign.coverage.iter().filter(|coverage| coverage.hosts.count > 0)
}

/// How many hosts: `181 of 256` where own blocks tell of how many, else `181`.
pub fn targets(campaign: &Campaign) -> String {
    let sizes: Option<u64> =
        touched(campaign).map(|coverage| coverage.of).try_fold(0u64, |sum, of| sum.checked_add(of?));
    let inside: u64 = touched(campaign).map(|coverage| coverage.hosts.count).sum();
    let hosts = count(campaign.hosts, campaign.at_least);
    match sizes {
        Some(sizes) if sizes > 0 && inside == campaign.hosts.count => format!("{hosts} of {}", number(sizes)),
        _ => hosts,
    }
}

/// Which part of which networks: `all of 203.0.113.0/24`, `71 % of ...`, `in 10.77.4.0/22`; up to `most` hosts by their
/// addresses: `only 203.0.113.9`.
pub fn reach(campaign: &Campaign, most: usize) -> String {
    if let Some(hosts) = few(campaign, most) {
        return format!("only {hosts}");
    }
    let share = |coverage: &Coverage| match coverage.of {
        Some(of) if coverage.hosts.count >= of => format!("all of {}", coverage.block),
        Some(of) => {
            format!("{} of {}", words::percent(coverage.hosts.count as f64 / of as f64), coverage.block)
        }
        None => format!("in {}", coverage.block),
    };
    let mut parts: Vec<String> = touched(campaign).map(share).collect();
    if parts.is_empty() {
        return among(campaign, most);
    }
    let hidden = parts.len().saturating_sub(most);
    parts.truncate(most);
    if hidden > 0 {
        parts.push(plural(hidden as u64, "other block", "other blocks"));
    }
    words::and(&parts)
}

/// The hosts in rising order, where they are known and at most `most`: `203.0.113.9 and 203.0.113.10`.
pub fn few(campaign: &Campaign, most: usize) -> Option<String> {
    let complete = campaign.targets.len() as u64 == campaign.hosts.count && !campaign.at_least;
    if !complete || !(1..=most).contains(&campaign.targets.len()) {
        return None;
    }
    let mut hosts = campaign.targets.clone();
    hosts.sort_by_key(|host| host.parse::<IpAddr>().ok());
    Some(words::and(&hosts))
}

/// The prefix around all its networks, where all are known and it is small enough to say something.
pub fn around(campaign: &Campaign) -> Option<String> {
    let networks: Vec<String> = campaign.prefixes.iter().map(|prefix| prefix.prefix.clone()).collect();
    networks::around(&networks)
        .filter(|_| campaign.prefix_count == networks.len() as u64)
        .map(|prefix| prefix.to_string())
}

/// Where no own block was touched: `in 10.77.4.0/22`, `in 9 networks of 10.10.0.0/16`, `in 4,097 networks`.
fn among(campaign: &Campaign, most: usize) -> String {
    let networks = networks(campaign);
    let all = campaign.prefix_count.max(networks.len() as u64);
    let complete = campaign.prefix_count == campaign.prefixes.len() as u64;
    match (networks.len(), around(campaign)) {
        (0, _) => String::new(),
        (1, _) if complete && campaign.hosts.count == 1 => format!("one host of {}", networks[0]),
        (listed, _) if complete && listed <= most => format!("in {}", words::and(&networks)),
        (_, Some(prefix)) => format!("in {} networks of {prefix}", number(all)),
        _ => format!("in {} networks", number(all)),
    }
}

/// In which order, as an adverb; empty where it is not known.
pub const fn order(order: Order) -> &'static str {
    match order {
        Order::Sequential => "rising one by one",
        Order::Reverse => "falling one by one",
        Order::Stride => "in constant steps",
        Order::Ascending => "mostly rising",
        Order::Descending => "mostly falling",
        Order::Permutation | Order::Random => "random order",
        Order::Unknown => "",
    }
}

/// What the direction means for whoever owns the blocks; empty where there is nothing to add.
pub const fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Inbound | Direction::Unknown => "",
        Direction::Internal => "from one of your own addresses to others of yours",
        Direction::Outbound => "from one of your own addresses to the outside",
        Direction::Transit => "between addresses that are not yours",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::{ping_sweep_v6, port_scan, shared_sweep, syn_sweep};
    use watchpost_core::record::Count;

    #[test]
    fn what_follows_from_shape_and_probes() {
        assert_eq!(what(&syn_sweep()), "SYN sweep");
        assert_eq!(what(&port_scan()), "connect scan");
        assert_eq!(what(&ping_sweep_v6()), "ping sweep");
        let os = Campaign { probes: vec![ProbeKind::OsProbe], ..syn_sweep() };
        assert_eq!(what(&os), "OS probe");
        let nothing = Campaign { probes: vec![], ..syn_sweep() };
        assert_eq!(what(&nothing), "scan");
    }

    #[test]
    fn several_sources_are_one_network_or_the_first_and_a_number() {
        assert_eq!(source(&syn_sweep()), "198.51.100.7");
        assert_eq!(source(&shared_sweep()), "192.0.2.0/24 (14)");
        let mut apart = shared_sweep();
        apart.sources[0] = "8.8.8.8".into();
        assert_eq!(source(&apart), "8.8.8.8 +13");
    }

    #[test]
    fn many_networks_are_counted() {
        use crate::render::sample::prefixes;
        let probed = |texts: &[&str], count: u64| {
            reach(
                &Campaign { prefixes: prefixes(texts), prefix_count: count, coverage: vec![], ..syn_sweep() },
                2,
            )
        };
        assert_eq!(probed(&["10.10.9.0/24", "10.10.20.0/24"], 2), "in 10.10.9.0/24 and 10.10.20.0/24");
        assert_eq!(
            probed(&["10.10.9.0/24", "10.10.20.0/24", "10.10.40.0/24"], 3),
            "in 3 networks of 10.10.0.0/18"
        );
        assert_eq!(probed(&["10.10.9.0/24", "10.10.20.0/24"], 4097), "in 4,097 networks");
    }

    #[test]
    fn few_hosts_stand_in_rising_order() {
        let targets = ["203.0.113.10", "203.0.113.9"].map(str::to_owned).to_vec();
        let two = Campaign { targets, hosts: Count { count: 2, exact: true }, ..syn_sweep() };
        assert_eq!(few(&two, 2).as_deref(), Some("203.0.113.9 and 203.0.113.10"));
        assert_eq!(few(&two, 1), None);
        let more = Campaign { hosts: Count { count: 3, exact: true }, ..two.clone() };
        assert_eq!(few(&more, 16), None);
        assert_eq!(few(&Campaign { at_least: true, ..two }, 2), None);
    }

    #[test]
    fn targets_say_of_how_many_only_where_all_are_inside() {
        assert_eq!(targets(&syn_sweep()), "181 of 256");
        let more = Campaign { hosts: Count { count: 500, exact: false }, ..syn_sweep() };
        assert_eq!(targets(&more), "≈500");
        let evicted = Campaign { at_least: true, ..syn_sweep() };
        assert_eq!(targets(&evicted), "≥181 of 256");
    }
}
