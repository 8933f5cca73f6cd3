//! Targets: addresses of the scope by number, so that a permutation can go over them.
//!
//! IPv4 is held as ranges, IPv6, of which no block can be asked as a whole, address by address. Whatever is asked for is cut to the scope
//! here, and what comes out is [`InScope`]. Each target also has the number of its network (a /24 or /64), because caps go by networks.

use std::net::IpAddr;

use ipnet::IpNet;
use watchpost_core::inventory::network;

use super::ranges::{Ranges, ends, number, v4};
use super::{InScope, Refusal, Scope};

/// Bits of a host within its /24.
const HOST_BITS: u32 = 8;

/// Some of the addresses of a scope, numbered from 0 on: IPv4 rising, then IPv6 rising.
#[derive(Clone, Debug, Default)]
pub struct Targets {
    runs: Vec<Run>,
    count_v4: u64,
    networks_v4: usize,
    v6: Vec<(InScope<IpAddr>, usize)>,
    networks: usize,
}

/// Neighbouring IPv4 addresses.
#[derive(Clone, Copy, Debug)]
struct Run {
    first: u32,
    last: u32,
    /// Targets before it.
    before: u64,
    /// Number of the network of `first`.
    network: usize,
}

impl Targets {
    /// All IPv4 addresses of the scope.
    pub fn all(scope: &Scope) -> Self {
        Self::from_ranges(scope.v4.ends())
    }

    /// The IPv4 addresses of these blocks, and these IPv6 addresses (as /128), as far as they are in the scope; and what is not in it at
    /// all, with the reason. An IPv6 block of more than one address gives none: it is asked by list and by pattern.
    pub fn of(scope: &Scope, wanted: &[IpNet]) -> (Self, Vec<(IpNet, Refusal)>) {
        let mut refused = Vec::new();
        let mut ranges = Vec::new();
        let mut v6 = Vec::new();
        for block in wanted {
            match block {
                IpNet::V4(_) => {
                    let before = ranges.len();
                    ranges.extend(scope.v4.meet(ends(block)));
                    if ranges.len() == before {
                        refused.push((*block, scope.admit(block.addr()).err().unwrap_or(Refusal::Outside)));
                    }
                }
                IpNet::V6(one) if one.prefix_len() == 128 => match scope.admit(one.addr().into()) {
                    Ok(target) => v6.push(target),
                    Err(why) => refused.push((*block, why)),
                },
                IpNet::V6(_) => {}
            }
        }
        let mut targets = Self::from_ranges(Ranges::new(ranges, []).ends());
        targets.add_v6(v6);
        (targets, refused)
    }

    /// Just these.
    pub fn only(these: impl Iterator<Item = InScope<IpAddr>>) -> Self {
        let (v4, v6): (Vec<_>, Vec<_>) = these.partition(|target| target.get().is_ipv4());
        let one = |target: InScope<IpAddr>| (number(target.get()), number(target.get()));
        let mut targets = Self::from_ranges(Ranges::new(v4.into_iter().map(one), []).ends());
        targets.add_v6(v6);
        targets
    }

    fn add_v6(&mut self, mut v6: Vec<InScope<IpAddr>>) {
        // Sorted, and each once.
        v6.sort_unstable();
        v6.dedup();
        let mut last = None;
        for target in v6 {
            let its = network(target.get());
            self.networks += usize::from(last != Some(its));
            last = Some(its);
            self.v6.push((target, self.networks - 1));
        }
    }

    fn from_ranges(ranges: impl Iterator<Item = (u128, u128)>) -> Self {
        let mut out = Self::default();
        for (first, last) in ranges {
            // They are of IPv4 and fit.
            let (Ok(first), Ok(last)) = (u32::try_from(first), u32::try_from(last)) else { continue };
            let shared = out.runs.last().is_some_and(|run| run.last >> HOST_BITS == first >> HOST_BITS);
            let network = out.networks - usize::from(shared);
            out.runs.push(Run { first, last, before: out.count_v4, network });
            out.count_v4 += u64::from(last - first) + 1;
            out.networks = network + ((last >> HOST_BITS) - (first >> HOST_BITS)) as usize + 1;
        }
        out.networks_v4 = out.networks;
        out
    }

    /// How many.
    pub fn count(&self) -> u64 {
        self.count_v4 + self.v6.len() as u64
    }

    /// How many networks they are in.
    pub fn networks(&self) -> usize {
        self.networks
    }

    /// The target of a number, and the number of its network.
    #[inline]
    pub fn at(&self, place: u64) -> Option<(InScope<IpAddr>, usize)> {
        if place >= self.count_v4 {
            return self.v6.get(usize::try_from(place - self.count_v4).ok()?).copied();
        }
        let run = match self.runs.as_slice() {
            [only] => only,
            runs => runs.get(runs.partition_point(|run| run.before <= place).checked_sub(1)?)?,
        };
        let address = run.first + u32::try_from(place - run.before).ok()?;
        let network = run.network + ((address >> HOST_BITS) - (run.first >> HOST_BITS)) as usize;
        Some((InScope(v4(address.into())?), network))
    }

    /// The number of an address, if it is one of them.
    pub fn place(&self, address: IpAddr) -> Option<u64> {
        match address {
            IpAddr::V4(address) => {
                let address = address.to_bits();
                let run = self.runs.get(self.runs.partition_point(|run| run.last < address))?;
                let offset = address.checked_sub(run.first)?;
                Some(run.before + u64::from(offset))
            }
            IpAddr::V6(_) => {
                let at = self.v6.partition_point(|(target, _)| number(target.get()) < number(address));
                self.v6.get(at).filter(|(target, _)| target.get() == address)?;
                Some(self.count_v4 + at as u64)
            }
        }
    }

    /// The network of a number below [`Self::networks`].
    pub fn network(&self, wanted: usize) -> Option<IpNet> {
        if wanted >= self.networks_v4 {
            let at = self.v6.partition_point(|(_, network)| *network < wanted);
            return self.v6.get(at).map(|(target, _)| network(target.get()));
        }
        let run = self.runs.get(self.runs.partition_point(|run| run.network <= wanted).checked_sub(1)?)?;
        let first = (run.first >> HOST_BITS) + u32::try_from(wanted - run.network).ok()?;
        Some(network(v4(u128::from(first << HOST_BITS))?))
    }

    /// All, rising.
    pub fn iter(&self) -> impl Iterator<Item = InScope<IpAddr>> + '_ {
        (0..self.count()).filter_map(|place| self.at(place)).map(|(target, _)| target)
    }

    /// What gives the same targets to [`Self::of`]: blocks that hold just these.
    pub fn blocks(&self) -> Vec<IpNet> {
        let v4 = self
            .runs
            .iter()
            .flat_map(|run| ipnet::Ipv4Subnets::new(run.first.into(), run.last.into(), 0).map(IpNet::V4));
        v4.chain(self.v6.iter().map(|(target, _)| IpNet::from(target.get()))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scope(blocks: &str, exclude: &str) -> Scope {
        let text = format!(
            "organisation = \"Lab\"\nauthorised_by = \"Jane\"\nvalid_until = \"2999-01-01\"\nabout = \"https://lab.example/\"\n\
             blocks = [{blocks}]\nexclude = [{exclude}]\nlab = true\nicmp = true\n"
        );
        Scope::parse(&text).unwrap()
    }

    #[test]
    fn two_runs_in_one_network_share_its_cap() {
        let targets = Targets::all(&scope("\"10.0.0.0/23\"", "\"10.0.0.8/29\""));
        assert_eq!((targets.count(), targets.networks()), (504, 2));
        let networks: Vec<usize> = [0, 8, 247, 248].iter().map(|at| targets.at(*at).unwrap().1).collect();
        assert_eq!(networks, [0, 0, 0, 1]);
        assert_eq!(targets.network(1).unwrap().to_string(), "10.0.1.0/24");
    }

    #[test]
    fn what_is_asked_for_is_cut_to_the_scope() {
        let scope = scope("\"10.0.0.0/24\", \"2001:db8::/64\"", "\"10.0.0.1\", \"2001:db8::bad\"");
        let wanted = ["10.0.0.0/30", "10.0.1.0/24", "10.0.0.1/32", "2001:db8::1/128", "2001:db8::bad/128"];
        let (targets, refused) = Targets::of(&scope, &wanted.map(|net| net.parse().unwrap()));
        let all: Vec<String> = targets.iter().map(|target| target.get().to_string()).collect();
        assert_eq!(all, ["10.0.0.0", "10.0.0.2", "10.0.0.3", "2001:db8::1"]);
        let refused: Vec<String> = refused.iter().map(|(net, why)| format!("{net} {why}")).collect();
        assert_eq!(
            refused,
            [
                "10.0.1.0/24 in no block of the scope",
                "10.0.0.1/32 excluded by the scope",
                "2001:db8::bad/128 excluded by the scope"
            ]
        );
    }

    proptest! {
        #[test]
        fn numbers_and_addresses_are_one_to_one_and_all_in_scope(
            wanted in prop::collection::vec((0u32..2_048, 22u8..=32), 1..6),
            v6 in prop::collection::vec(0u16..64, 0..5),
        ) {
            let scope = scope("\"10.0.0.0/22\", \"2001:db8::/122\"", "\"10.0.1.128/25\", \"10.0.0.7\", \"2001:db8::5\"");
            let v4 = wanted.iter().map(|(at, length)| IpNet::new(v4((0x0a00_0000 + at).into()).unwrap(), *length).unwrap().trunc());
            let v6 = v6.iter().map(|at| format!("2001:db8::{at:x}/128").parse::<IpNet>().unwrap());
            let wanted: Vec<IpNet> = v4.chain(v6).collect();
            let (targets, _) = Targets::of(&scope, &wanted);
            let all: Vec<IpAddr> = targets.iter().map(InScope::get).collect();
            prop_assert_eq!(all.len() as u64, targets.count());
            prop_assert!(all.is_sorted_by(|a, b| a < b));
            for (place, address) in all.iter().enumerate() {
                prop_assert!(scope.admit(*address).is_ok());
                prop_assert!(wanted.iter().any(|net| net.contains(address)));
                prop_assert_eq!(targets.place(*address), Some(place as u64));
                let (_, its) = targets.at(place as u64).unwrap();
                prop_assert_eq!(targets.network(its), Some(network(*address)));
            }
            let (again, refused) = Targets::of(&scope, &targets.blocks());
            prop_assert!(refused.is_empty());
            prop_assert_eq!(again.iter().map(InScope::get).collect::<Vec<_>>(), all);
            prop_assert_eq!(targets.at(targets.count()), None);
        }
    }
}
