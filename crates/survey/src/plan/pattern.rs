//! IPv6 addresses to ask: no block can be asked as a whole, so those that people and machines give.
//!
//! Three sources: a list of addresses that are known (a hitlist, DNS, what the detector saw answering); the neighbours of those, for hosts are
//! numbered one after the other; and what is commonly chosen: low numbers, the numbers of services, words, the own IPv4 addresses
//! written into the last 32 bits (RFC 7707, section 4). The limit: hosts with random addresses (RFC 8981) are found by none of it.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv6Addr};

use ipnet::{IpNet, Ipv6Net};

use crate::scope::{InScope, Scope};

/// Addresses of one subnet by number: ::1 to ::1ff.
const LOW: u64 = 0x1ff;
/// By two numbers: ::1:1 to ::4:10.
const TENS: (u64, u64) = (4, 0x10);
/// Written as hexadecimal digits that read as decimal ones: ::53 for DNS.
const SERVICES: [u64; 14] =
    [0x21, 0x22, 0x25, 0x53, 0x80, 0x110, 0x123, 0x143, 0x389, 0x443, 0x993, 0x1080, 0x3306, 0x8080];
/// Words that hexadecimal digits spell, alone and two by two.
const WORDS: [u64; 12] =
    [0xcafe, 0xbeef, 0xdead, 0xbabe, 0xface, 0xfeed, 0xc0de, 0xf00d, 0xb00c, 0xfade, 0xd00d, 0xabba];
/// Subnets of a block shorter than /64: by number, and by tens.
const SUBNETS: u64 = 0x20;
/// So far around a known address others are sought.
const AROUND: u64 = 16;
/// IPv4 addresses that are written into IPv6 ones, at most.
const EMBEDDED: u64 = 1_024;

/// Whom to ask of the scope's IPv6 blocks, at most `most`: the known ones first, then their neighbours, then patterns.
pub fn candidates(scope: &Scope, known: &[Ipv6Addr], most: usize) -> Vec<InScope<IpAddr>> {
    let mut seen = BTreeSet::new();
    let mut out = Vec::new();
    let blocks: Vec<Ipv6Net> = scope
        .blocks
        .iter()
        .filter_map(|block| if let IpNet::V6(v6) = block { Some(*v6) } else { None })
        .collect();
    let near = known.iter().flat_map(|address| around(*address));
    let patterns = blocks.iter().flat_map(|block| of_block(scope, *block));
    for address in known.iter().copied().chain(near).chain(patterns) {
        if out.len() >= most {
            break;
        }
        if let Ok(target) = scope.admit(address.into())
            && seen.insert(address)
        {
            out.push(target);
        }
    }
    out
}

/// The next ones to a known one.
fn around(address: Ipv6Addr) -> impl Iterator<Item = Ipv6Addr> {
    let bits = address.to_bits();
    let (network, host) = (bits >> 64 << 64, bits as u64);
    let near = (1..=AROUND).flat_map(move |step| [host.wrapping_add(step), host.wrapping_sub(step)]);
    near.map(move |host| Ipv6Addr::from_bits(network | u128::from(host)))
}

fn of_block(scope: &Scope, block: Ipv6Net) -> impl Iterator<Item = Ipv6Addr> + '_ {
    let base = block.network().to_bits();
    let length = block.prefix_len();
    let subnets = match length {
        64.. => 1,
        _ => SUBNETS.min(1u64.checked_shl(u32::from(64 - length)).unwrap_or(u64::MAX)),
    };
    let pairs = WORDS.iter().flat_map(|high| WORDS.iter().map(move |low| high << 16 | low));
    let tens = (1..=TENS.0).flat_map(|high| (1..=TENS.1).map(move |low| high << 16 | low));
    let hosts = (1..=LOW).chain(SERVICES).chain(WORDS).chain(embedded(scope)).chain(tens).chain(pairs);
    let hosts: Vec<u64> = hosts.collect();
    // First the likeliest host of every subnet, then the next.
    hosts.into_iter().flat_map(move |host| {
        (0..subnets)
            .map(move |subnet| Ipv6Addr::from_bits(base | u128::from(subnet) << 64 | u128::from(host)))
    })
}

/// The own IPv4 addresses in the last 32 bits, and as four groups of decimal digits (`::192:0:2:1`).
fn embedded(scope: &Scope) -> impl Iterator<Item = u64> + '_ {
    let addresses = (0..scope.count_v4().min(EMBEDDED)).filter_map(|place| scope.at(place));
    addresses.filter_map(|target| if let IpAddr::V4(v4) = target.get() { Some(v4) } else { None }).flat_map(
        |v4| {
            let grouped = v4.octets().iter().fold(0u64, |sum, octet| {
                sum << 16 | u64::from_str_radix(&octet.to_string(), 16).unwrap_or(0)
            });
            [u64::from(v4.to_bits()), grouped]
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_ones_first_then_what_people_choose_and_all_in_scope() {
        let text = "organisation = \"Lab\"\nauthorised_by = \"Jane\"\nvalid_until = \"2999-01-01\"\nabout = \"https://lab.example/\"\n\
                    blocks = [\"2001:db8:1::/48\", \"192.0.2.0/30\"]\nexclude = [\"2001:db8:1::5\"]\nlab = true\nicmp = true\n";
        let scope = Scope::parse(text).unwrap();
        let known = ["2001:db8:1:7::abcd", "2001:db8:2::1"].map(|text| text.parse().unwrap());
        let all = candidates(&scope, &known, 65_536);
        let named: Vec<String> = all.iter().map(|target| target.get().to_string()).collect();
        assert_eq!(named[0], "2001:db8:1:7::abcd");
        for expected in [
            "2001:db8:1:7::abce",
            "2001:db8:1::1",
            "2001:db8:1:1f::1",
            "2001:db8:1::53",
            "2001:db8:1::dead:beef",
            "2001:db8:1:0:192:0:2:1",
            "2001:db8:1::c000:201",
        ] {
            assert!(named.iter().any(|name| name == expected), "{expected}");
        }
        assert!(!named.iter().any(|name| name == "2001:db8:1::5" || name == "2001:db8:2::1"));
        let distinct: BTreeSet<&String> = named.iter().collect();
        assert_eq!(distinct.len(), named.len());
        assert_eq!(candidates(&scope, &known, 10).len(), 10);
    }
}
