//! The networks of a campaign, in as few prefixes as say the same.

use std::net::IpAddr;

use ipnet::IpNet;
use watchpost_core::record::Campaign;

/// The networks probed. Neighbouring ones become one larger prefix where all of them are known; else they stand as
/// the record gives them, most hosts first.
pub fn networks(campaign: &Campaign) -> Vec<String> {
    let as_given = || campaign.prefixes.iter().map(|prefix| prefix.prefix.clone()).collect::<Vec<_>>();
    if campaign.prefix_count != campaign.prefixes.len() as u64 {
        return as_given();
    }
    let parsed: Option<Vec<IpNet>> =
        campaign.prefixes.iter().map(|prefix| prefix.prefix.parse().ok()).collect();
    match parsed.map(|networks| IpNet::aggregate(&networks)) {
        Some(joined) if joined.len() < campaign.prefixes.len() => {
            joined.iter().map(ToString::to_string).collect()
        }
        _ => as_given(),
    }
}

/// The smallest prefix that holds all of these networks, where it is small enough to say something: /12 of IPv4, /32 of IPv6.
pub fn around(networks: &[String]) -> Option<IpNet> {
    let networks: Option<Vec<IpNet>> = networks.iter().map(|network| network.parse().ok()).collect();
    let networks = networks?;
    let first = *networks.first()?;
    let least = if first.addr().is_ipv4() { 12 } else { 32 };
    std::iter::successors(Some(first), IpNet::supernet)
        .take_while(|prefix| prefix.prefix_len() >= least)
        .find(|prefix| networks.iter().all(|network| prefix.contains(network)))
}

/// The /24 (or /64) that holds all of these addresses, if one does.
pub fn network_of_all(addresses: &[String]) -> Option<IpNet> {
    let network = |text: &String| {
        let address: IpAddr = text.parse().ok()?;
        let length = if address.is_ipv4() { 24 } else { 64 };
        Some(IpNet::new(address, length).ok()?.trunc())
    };
    let first = network(addresses.first()?)?;
    addresses.iter().all(|address| network(address) == Some(first)).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::{prefixes, syn_sweep};

    #[test]
    fn neighbours_become_one_prefix() {
        let list = prefixes(&["10.77.4.0/24", "10.77.5.0/24", "10.77.6.0/24", "10.77.7.0/24"]);
        let campaign = Campaign { prefix_count: 4, prefixes: list, ..syn_sweep() };
        assert_eq!(networks(&campaign), ["10.77.4.0/22"]);
        let cut = Campaign { prefix_count: 9, ..campaign };
        assert_eq!(networks(&cut).len(), 4);
    }

    #[test]
    fn the_prefix_around_networks() {
        let prefix = |texts: &[&str]| {
            let texts: Vec<String> = texts.iter().map(|text| (*text).into()).collect();
            around(&texts).map(|prefix| prefix.to_string())
        };
        assert_eq!(prefix(&["10.10.9.0/24", "10.10.202.0/24"]).as_deref(), Some("10.10.0.0/16"));
        assert_eq!(prefix(&["10.10.9.0/24", "192.0.2.0/24"]), None);
        assert_eq!(prefix(&["2001:db8:1::/64", "2001:db8:2::/64"]).as_deref(), Some("2001:db8::/46"));
        assert_eq!(prefix(&[]), None);
    }

    #[test]
    fn one_network_of_all_or_none() {
        let all = |texts: &[&str]| {
            let texts: Vec<String> = texts.iter().map(|text| (*text).into()).collect();
            network_of_all(&texts).map(|network| network.to_string())
        };
        assert_eq!(all(&["192.0.2.1", "192.0.2.200"]).as_deref(), Some("192.0.2.0/24"));
        assert_eq!(all(&["2001:db8::1", "2001:db8::ffff:1"]).as_deref(), Some("2001:db8::/64"));
        assert_eq!(all(&["192.0.2.1", "192.0.3.1"]), None);
        assert_eq!(all(&["192.0.2.1", "2001:db8::1"]), None);
    }
}
