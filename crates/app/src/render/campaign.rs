//! One campaign in phrases: what it is, where from, what it touched, how, and what it got. The table, the page of
//! `explain` and the Markdown table say the same things with them.

mod networks;
mod ports;

use std::net::IpAddr;

use watchpost_core::record::{Campaign, Count, Coverage, Direction, Learned, Order, ProbeKind, Shape};

use super::words::{self, count, number, plural};
pub use networks::networks;
pub use ports::{ports, transport, unnamed};

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
fn touched(campaign: &Campaign) -> impl Iterator<Item = &Coverage> {
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
        Order::Permutation | Order::Random => "in random order",
        Order::Unknown => "",
    }
}

/// How long and how fast: `3 h 12 min at 12/s`.
pub fn pace(campaign: &Campaign) -> String {
    let seconds = words::seconds(&campaign.start, &campaign.end);
    match campaign.rate {
        _ if seconds <= 0.0 => "all at once".to_owned(),
        Some(rate) if rate >= 0.2 => format!("{} at {}", words::duration(seconds), words::rate(rate)),
        Some(rate) => format!("{}, {}", words::duration(seconds), words::rate(rate)),
        None => words::duration(seconds),
    }
}

/// What it got: `4 hosts showed open ports, 12 refused`; `replies` says whether they could be seen here at all.
pub fn learned(campaign: &Campaign, replies: bool) -> String {
    let found = campaign.learned;
    if campaign.hosts.count == 1 && !campaign.at_least {
        return learned_of_one(&found, replies).to_owned();
    }
    let hosts = |found: Count| {
        let word = if found.count == 1 { "host" } else { "hosts" };
        format!("{} {word}", count(found, campaign.at_least))
    };
    let kinds = [
        (found.open_hosts, "showed open ports"),
        (found.alive_hosts, "answered"),
        (found.refused_hosts, "refused"),
    ];
    let mut parts = kinds.iter().filter(|(found, _)| found.count > 0);
    let Some((first, what)) = parts.next() else {
        return if replies { "nothing answered" } else { "replies are not visible here" }.to_owned();
    };
    let mut text = format!("{} {what}", hosts(*first));
    for (found, what) in parts {
        text.push_str(&format!(", {} {what}", count(*found, campaign.at_least)));
    }
    if found.refused_hosts.count > 0 && found.open_hosts.count == 0 {
        text.push_str(", none was open");
    }
    text
}

/// What one host gave away.
fn learned_of_one(found: &Learned, replies: bool) -> &'static str {
    match found {
        Learned { open_hosts: Count { count: 1.., .. }, .. } => "it showed open ports",
        Learned { refused_hosts: Count { count: 1.., .. }, .. } => "it refused, nothing was open",
        Learned { alive_hosts: Count { count: 1.., .. }, .. } => "it answered",
        _ if replies => "nothing answered",
        _ => "replies are not visible here",
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

/// A verdict surer than this is not said to be sure in every line; `explain` has the number.
const QUITE_SURE: f64 = 0.9999;

/// The line under a row of the table: everything else that matters, in plain words.
pub fn sentence(campaign: &Campaign, replies: bool, whole_lists: bool) -> String {
    let most = if whole_lists { usize::MAX } else { 2 };
    let join = |parts: &[&str], between: &str| {
        parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(between)
    };
    // Of one host, the order is that of its ports.
    let order = match order(campaign.order) {
        order if campaign.hosts.count == 1 && !order.is_empty() => format!("ports {order}"),
        order => order.to_owned(),
    };
    let how = join(&[&reach(campaign, most), &order, &pace(campaign)], ", ");
    let also = also(campaign);
    let also = if also.is_empty() { also } else { format!("also {also}") };
    let learned = learned(campaign, replies);
    let sure =
        if campaign.confidence < QUITE_SURE { words::sure(campaign.confidence) } else { String::new() };
    join(&[direction(campaign.direction), &how, &also, &learned, &sure], "; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::{ping_sweep_v6, port_scan, shared_sweep, syn_sweep};
    use watchpost_core::record::{Count, Learned};

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
    fn what_one_host_gave_away_needs_no_number() {
        let replies = |open, refused| {
            let exact = |count| Count { count, exact: true };
            let found =
                Learned { open_hosts: exact(open), alive_hosts: exact(0), refused_hosts: exact(refused) };
            learned(&Campaign { learned: found, ..port_scan() }, true)
        };
        assert_eq!(
            [replies(1, 0), replies(0, 1), replies(0, 0)],
            ["it showed open ports", "it refused, nothing was open", "nothing answered"]
        );
    }

    #[test]
    fn an_answer_to_arp_or_ping_is_not_called_an_open_port() {
        let exact = |count| Count { count, exact: true };
        let found = |open, alive, hosts| {
            let learned =
                Learned { open_hosts: exact(open), alive_hosts: exact(alive), refused_hosts: exact(0) };
            super::learned(&Campaign { learned, hosts: exact(hosts), ..port_scan() }, true)
        };
        assert_eq!(found(0, 1, 1), "it answered");
        assert_eq!(found(0, 5, 9), "5 hosts answered");
        assert_eq!(found(1, 5, 9), "1 host showed open ports, 5 answered");
    }

    #[test]
    fn targets_say_of_how_many_only_where_all_are_inside() {
        assert_eq!(targets(&syn_sweep()), "181 of 256");
        let more = Campaign { hosts: Count { count: 500, exact: false }, ..syn_sweep() };
        assert_eq!(targets(&more), "≈500");
        let evicted = Campaign { at_least: true, ..syn_sweep() };
        assert_eq!(targets(&evicted), "≥181 of 256");
    }

    #[test]
    fn the_sentence_says_where_how_and_with_what_result() {
        let sentence = |c: &Campaign, replies| sentence(c, replies, false).replace('\u{a0}', " ");
        assert_eq!(
            sentence(&syn_sweep(), true),
            "71 % of 203.0.113.0/24, in random order, 3 h 12 min, one every 32 s; also ACK; 4 hosts showed open ports, \
             12 refused"
        );
        assert_eq!(
            sentence(&port_scan(), false),
            "only 198.51.100.23, ports rising one by one, 800 ms at 1,280/s; replies are not visible here; 99.2 % sure"
        );
    }
}
