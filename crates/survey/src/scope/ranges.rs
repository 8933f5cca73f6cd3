//! Sets of addresses as disjoint ranges: blocks less exclusions, by place and by membership.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// Addresses of one family, as numbers: sorted, disjoint, not adjacent, both ends included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ranges {
    ranges: Vec<(u128, u128)>,
    /// Addresses before each range.
    before: Vec<u128>,
}

impl Ranges {
    /// What is in `blocks` and in no `excluded`; of one family, as its numbers.
    pub fn new(
        blocks: impl IntoIterator<Item = (u128, u128)>,
        excluded: impl IntoIterator<Item = (u128, u128)>,
    ) -> Self {
        let mut ranges = Vec::new();
        let holes = joined(excluded);
        for (first, last) in joined(blocks) {
            let mut from = Some(first);
            for &(hole_first, hole_last) in holes.iter().filter(|hole| hole.1 >= first && hole.0 <= last) {
                let Some(start) = from else { break };
                if hole_first > start {
                    ranges.push((start, hole_first - 1));
                }
                from = hole_last.checked_add(1).filter(|next| *next <= last);
            }
            ranges.extend(from.map(|start| (start, last)));
        }
        let mut sum = 0u128;
        let before = ranges
            .iter()
            .map(|(first, last)| {
                let here = sum;
                sum = sum.saturating_add(last - first).saturating_add(1);
                here
            })
            .collect();
        Self { ranges, before }
    }

    /// How many; the whole of IPv6 counts one too few.
    pub fn count(&self) -> u128 {
        let last = self.ranges.last().zip(self.before.last());
        last.map_or(0, |((first, last), before)| before.saturating_add(last - first).saturating_add(1))
    }

    /// First and last of each.
    pub fn ends(&self) -> impl Iterator<Item = (u128, u128)> + '_ {
        self.ranges.iter().copied()
    }

    /// What of them lies in a range.
    pub fn meet(&self, (first, last): (u128, u128)) -> impl Iterator<Item = (u128, u128)> + '_ {
        let from = self.ranges.partition_point(|range| range.1 < first);
        let rest = self.ranges.get(from..).unwrap_or_default().iter();
        rest.take_while(move |range| range.0 <= last)
            .map(move |range| (range.0.max(first), range.1.min(last)))
    }

    pub fn contains(&self, address: u128) -> bool {
        let place = self.ranges.partition_point(|range| range.1 < address);
        self.ranges.get(place).is_some_and(|range| range.0 <= address)
    }

    /// The address at a place in rising order.
    pub fn at(&self, place: u128) -> Option<u128> {
        let range = self.before.partition_point(|before| *before <= place).checked_sub(1)?;
        let (first, last) = self.ranges[range];
        first.checked_add(place - self.before[range]).filter(|address| *address <= last)
    }
}

/// Sorted, overlapping and adjacent ones made one.
fn joined(ranges: impl IntoIterator<Item = (u128, u128)>) -> Vec<(u128, u128)> {
    let mut sorted: Vec<(u128, u128)> = ranges.into_iter().collect();
    sorted.sort_unstable();
    let mut out: Vec<(u128, u128)> = Vec::with_capacity(sorted.len());
    for (first, last) in sorted {
        match out.last_mut() {
            Some(before) if first <= before.1.saturating_add(1) => before.1 = before.1.max(last),
            _ => out.push((first, last)),
        }
    }
    out
}

/// First and last address of a prefix.
pub(super) fn ends(block: &IpNet) -> (u128, u128) {
    (number(block.network()), number(block.broadcast()))
}

/// An address as a number of its family.
pub(super) fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// And back.
pub(super) fn v4(number: u128) -> Option<IpAddr> {
    u32::try_from(number).ok().map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits)))
}

/// And back.
pub(super) fn v6(number: u128) -> IpAddr {
    IpAddr::V6(Ipv6Addr::from_bits(number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_ends_of_the_space_are_no_edge_cases() {
        let all = Ranges::new([(0, u128::MAX)], []);
        assert!(all.contains(0) && all.contains(u128::MAX));
        assert_eq!((all.at(0), all.at(u128::MAX)), (Some(0), Some(u128::MAX)));
        assert_eq!(Ranges::new([(0, u128::MAX)], [(0, u128::MAX)]).count(), 0);
        assert_eq!(Ranges::new([(5, 9)], [(0, 5), (9, u128::MAX)]).ranges, [(6, 8)]);
    }

    proptest! {
        #[test]
        fn the_same_as_a_set(
            blocks in prop::collection::vec((0u128..60, 0u128..9), 0..6),
            holes in prop::collection::vec((0u128..60, 0u128..9), 0..6),
        ) {
            let range = |&(first, length): &(u128, u128)| (first, first + length);
            let ranges = Ranges::new(blocks.iter().map(range), holes.iter().map(range));
            let within = |at: u128, of: &[(u128, u128)]| of.iter().map(range).any(|(first, last)| first <= at && at <= last);
            let expected: Vec<u128> = (0..80).filter(|at| within(*at, &blocks) && !within(*at, &holes)).collect();
            prop_assert_eq!(ranges.count(), expected.len() as u128);
            let placed: Vec<u128> = (0..ranges.count()).filter_map(|place| ranges.at(place)).collect();
            prop_assert_eq!(&placed, &expected);
            prop_assert_eq!(ranges.at(ranges.count()), None);
            prop_assert!((0..80).all(|at| ranges.contains(at) == expected.contains(&at)));
        }
    }
}
