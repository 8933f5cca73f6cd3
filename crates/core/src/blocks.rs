//! The user's own address blocks: they tell inbound, internal and outbound apart.

use ipnet::IpNet;
use std::net::IpAddr;

use crate::net::Address;
use crate::record::Direction;

/// Own blocks, ready for fast membership tests. A block inside another is counted with the wider one.
#[derive(Clone, Debug, Default)]
pub struct Blocks {
    given: Vec<IpNet>,
    /// First and last address, sorted; disjoint.
    ranges: Vec<(Address, Address, IpNet)>,
}

impl Blocks {
    /// Of the prefixes as given.
    pub fn new(given: Vec<IpNet>) -> Self {
        let mut ranges: Vec<(Address, Address, IpNet)> =
            given.iter().map(|net| (net.network().into(), last(net), net.trunc())).collect();
        ranges.sort_unstable_by_key(|(first, last, _)| (*first, std::cmp::Reverse(*last)));
        ranges.dedup_by(|next, kept| next.1 <= kept.1);
        Self { given, ranges }
    }

    /// Whether none were given.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// As given.
    pub fn given(&self) -> &[IpNet] {
        &self.given
    }

    /// The disjoint blocks, sorted by address.
    pub fn nets(&self) -> impl Iterator<Item = IpNet> + '_ {
        self.ranges.iter().map(|r| r.2)
    }

    /// First and last address of each of them.
    pub fn ranges(&self) -> impl Iterator<Item = (Address, Address)> + '_ {
        self.ranges.iter().map(|(first, last, _)| (*first, *last))
    }

    /// The place, in the order of [`Blocks::nets`], of the block that holds this address.
    #[inline]
    pub fn find(&self, address: Address) -> Option<usize> {
        let after = self.ranges.partition_point(|(first, _, _)| *first <= address);
        let place = after.checked_sub(1)?;
        (address <= self.ranges[place].1).then_some(place)
    }

    /// The direction from a source to the majority of its targets.
    pub fn direction(&self, source: Address, targets: impl Iterator<Item = Address>) -> Direction {
        if self.is_empty() {
            return Direction::Unknown;
        }
        let (mut own, mut all) = (0usize, 0usize);
        for target in targets {
            all += 1;
            own += usize::from(self.find(target).is_some());
        }
        match (self.find(source).is_some(), own * 2 >= all.max(1)) {
            (false, true) => Direction::Inbound,
            (true, true) => Direction::Internal,
            (true, false) => Direction::Outbound,
            (false, false) => Direction::Transit,
        }
    }
}

fn last(net: &IpNet) -> Address {
    match net {
        IpNet::V4(v4) => IpAddr::V4(v4.broadcast()).into(),
        IpNet::V6(v6) => IpAddr::V6(v6.broadcast()).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_hold_their_addresses_and_no_others() {
        let nets = ["203.0.113.0/24", "203.0.113.64/26", "2001:db8::/32", "192.0.2.8/32"];
        let blocks = Blocks::new(nets.iter().map(|n| n.parse().unwrap()).collect());
        let find = |text: &str| blocks.find(text.parse::<IpAddr>().unwrap().into());
        assert_eq!(blocks.nets().count(), 3);
        assert!(find("203.0.113.0").is_some() && find("203.0.113.255") == find("203.0.113.70"));
        assert!(find("2001:db8:ffff::1").is_some() && find("192.0.2.8").is_some());
        for other in ["203.0.112.255", "203.0.114.0", "192.0.2.7", "192.0.2.9", "2001:db9::", "::1"] {
            assert_eq!(find(other), None, "{other}");
        }
    }
}
