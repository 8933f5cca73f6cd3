//! What a campaign's record says of its targets: hosts, services, networks, own blocks, and what they gave away.

use std::collections::BTreeSet;

use crate::blocks::Blocks;
use crate::contact::{Service, Transport};
use crate::detect::dossier::{Probe, Wide, mark, number_of, service_of};
use crate::detect::{Case, Host};
use crate::net::Address;
use crate::record::{Count, Coverage, Learned, Prefix};

use super::MANY_HOSTS;

/// Networks listed in a record.
const PREFIXES: usize = 64;
/// Services listed in a record.
const SERVICES: usize = 16;
/// Ranges of services listed in a record.
const RANGES: usize = 64;
/// Hosts listed in a record.
const TARGETS: usize = 16;

/// The part of a source's traffic that the scan consists of.
pub struct Scan<'a> {
    /// Its targets, of those kept one by one.
    pub probes: Vec<&'a Probe>,
    /// Their hosts.
    pub hosts: Vec<&'a Host>,
    /// Sums beyond them.
    pub wide: Option<&'a Wide>,
}

impl<'a> Scan<'a> {
    /// A scanner may also browse: services that it mostly used as services are used are left out, unless that leaves
    /// nothing, or nobody but a scanner asks for them.
    pub fn of(case: &'a Case<'a>) -> Self {
        let all: Vec<&Probe> = case.probes().collect();
        let used = |service: Service| {
            let of = || all.iter().filter(|p| p.service() == service);
            let as_usual =
                |p: &&&Probe| p.talked() && p.marks & mark::RETURNED == 0 && !p.hunted() && !p.left_greeted();
            2 * of().filter(as_usual).count() > of().count()
        };
        let mut services: Vec<Service> = all.iter().map(|p| p.service()).collect();
        services.sort_unstable();
        services.dedup();
        services.retain(|s| case.dossier.wide.is_none() && used(*s) && !case.priors.of(*s).singular);
        let mut probes = all.clone();
        probes.retain(|p| !services.contains(&p.service()));
        if probes.len() < MANY_HOSTS as usize {
            probes = all;
        }
        let mut touched: Vec<Address> = probes.iter().map(|p| p.target).collect();
        touched.sort_unstable();
        let hosts = case.hosts.iter().filter(|h| touched.binary_search(&h.address).is_ok()).collect();
        Self { probes, hosts, wide: case.dossier.wide.as_deref() }
    }

    /// Hosts probed.
    pub fn hosts(&self) -> Count {
        match self.wide {
            Some(wide) => Count { count: wide.hosts.count(), exact: wide.hosts.is_exact() },
            None => Count { count: self.hosts.len() as u64, exact: true },
        }
    }

    /// Services probed.
    pub fn services(&self) -> Count {
        match self.wide {
            Some(wide) if wide.services.is_exact() => {
                let count = wide.services.values().filter(|n| service_of(*n).has_port()).count() as u64;
                Count { count, exact: true }
            }
            Some(wide) => Count { count: wide.services.count(), exact: false },
            None => {
                let mut services: Vec<Service> = self.probes.iter().map(|p| p.service()).collect();
                services.retain(|s| s.has_port());
                services.sort_unstable();
                services.dedup();
                Count { count: services.len() as u64, exact: true }
            }
        }
    }

    /// The services most probed, most first.
    pub fn top_services(&self) -> Vec<String> {
        let mut counts: Vec<(Service, u64)> = Vec::new();
        let mut add = |service: Service, n: u64| match counts.iter_mut().find(|(s, _)| *s == service) {
            Some((_, count)) => *count += n,
            None => counts.push((service, n)),
        };
        self.probes.iter().for_each(|p| add(p.service(), 1));
        if let Some(wide) = self.wide {
            wide.top.iter().for_each(|(service, n)| add(*service, u64::from(*n)));
        }
        counts.sort_unstable_by_key(|(service, n)| (std::cmp::Reverse(*n), *service));
        counts.truncate(SERVICES);
        counts.iter().map(|(service, _)| service.to_string()).collect()
    }

    /// All services as ranges, where they are few enough to list.
    pub fn service_ranges(&self) -> Vec<String> {
        let mut numbers: Vec<u32> = match self.wide {
            Some(wide) => wide.services.values().collect(),
            None => self.probes.iter().map(|p| number_of(p.service())).collect(),
        };
        numbers.sort_unstable();
        numbers.dedup();
        // ICMP types and the like are numbers, not a range of ports.
        let apart = |number: u32| {
            !matches!(service_of(number).transport, Transport::Tcp | Transport::Udp | Transport::Sctp)
        };
        let ranges = numbers.chunk_by(|a, b| a + 1 == *b && a >> 16 == b >> 16 && !apart(*a));
        let name = |range: &[u32]| match range {
            [one] => service_of(*one).to_string(),
            _ => format!("{}-{}", service_of(range[0]), range[range.len() - 1] & 0xffff),
        };
        let names: Vec<String> = ranges.map(name).collect();
        if names.len() <= RANGES { names } else { Vec::new() }
    }

    /// The hosts by name, where they are few.
    pub fn targets(&self) -> Vec<String> {
        let few = self.hosts.len() <= TARGETS && self.hosts().count == self.hosts.len() as u64;
        let mut addresses: Vec<Address> = self.hosts.iter().map(|h| h.address).filter(|_| few).collect();
        addresses.sort_unstable();
        addresses.iter().map(ToString::to_string).collect()
    }

    /// Whether a service, not only a host, was shown to be there.
    pub fn opened(&self) -> bool {
        let open = |p: &&Probe| p.service().has_port() && p.answered();
        let beyond = self.wide.is_some_and(|w| w.open.count() > 0 && w.top.iter().any(|t| t.0.has_port()));
        self.probes.iter().any(open) || beyond && self.hosts.iter().all(|h| h.service.has_port())
    }

    /// Hosts by what they gave away.
    pub fn learned(&self) -> Learned {
        let exact = |count: u64| Count { count, exact: true };
        match self.wide {
            Some(wide) => {
                let open = Count { count: wide.open.count(), exact: wide.open.is_exact() };
                // A host may refuse on one service and answer on another: it counts as open.
                let refused = wide.refused.count();
                let both =
                    wide.refused.values().filter(|h| wide.open.contains(*h) == Some(true)).count() as u64;
                let none = Count { count: 0, exact: true };
                let (open, alive) = if self.services().count == 0 { (none, open) } else { (open, none) };
                Learned {
                    open_hosts: open,
                    alive_hosts: alive,
                    refused_hosts: Count {
                        count: refused - both,
                        exact: open.exact && wide.refused.is_exact(),
                    },
                }
            }
            None => {
                let mut opened: Vec<Address> = self
                    .probes
                    .iter()
                    .filter(|p| p.service().has_port() && p.answered())
                    .map(|p| p.target)
                    .collect();
                opened.sort_unstable();
                opened.dedup();
                // Of hosts whose answers the input does not tell, nothing is known.
                let targets = |of: fn(&&Probe) -> bool| -> BTreeSet<Address> {
                    self.probes.iter().copied().filter(of).map(|p| p.target).collect()
                };
                let (answered, untold) =
                    (targets(|p| p.answered()), targets(|p| !p.failed() && !p.answered()));
                let alive = |h: &&Host| {
                    !h.is_failed() && (answered.contains(&h.address) || !untold.contains(&h.address))
                };
                let others = || self.hosts.iter().filter(|h| opened.binary_search(&h.address).is_err());
                Learned {
                    open_hosts: exact(opened.len() as u64),
                    alive_hosts: exact(others().filter(|h| alive(h)).count() as u64),
                    refused_hosts: exact(others().filter(|h| h.is_failed() && h.refused > 0).count() as u64),
                }
            }
        }
    }

    /// Networks by hosts probed, most first, and how many networks there are.
    pub fn prefixes(&self) -> (Vec<Prefix>, u64) {
        let mut networks: Vec<Address> = match self.wide {
            Some(wide) if self.probes[0].target.is_v4() && wide.hosts.is_exact() => {
                wide.hosts.values().map(|v4| Address::v4(v4.to_be_bytes()).network()).collect()
            }
            _ => self.hosts.iter().map(|h| h.address.network()).collect(),
        };
        networks.sort_unstable();
        let mut counted: Vec<(u64, Address)> =
            networks.chunk_by(|a, b| a == b).map(|run| (run.len() as u64, run[0])).collect();
        let known = counted.len() as u64;
        let all = self.wide.map_or(known, |w| w.networks.count().max(known));
        counted.sort_unstable_by_key(|(hosts, network)| (std::cmp::Reverse(*hosts), *network));
        counted.truncate(PREFIXES);
        if let ([(hosts, _)], 1) = (&mut counted[..], all) {
            *hosts = self.hosts().count;
        }
        let length = |network: &Address| if network.is_v4() { 24 } else { 64 };
        let name = |(hosts, network): &(u64, Address)| Prefix {
            prefix: format!("{network}/{}", length(network)),
            hosts: *hosts,
        };
        (counted.iter().map(name).collect(), all)
    }

    /// Hosts probed of each own block.
    pub fn coverage(&self, blocks: &Blocks) -> Vec<Coverage> {
        let wide = self.wide;
        let exact = wide.is_none_or(|w| w.hosts.is_exact());
        let nets = blocks.nets().enumerate();
        let counted = nets.map(|(place, net)| {
            let kept = self.hosts.iter().filter(|h| blocks.find(h.address) == Some(place)).count() as u64;
            let count = kept + wide.and_then(|w| w.blocks.get(place)).copied().unwrap_or(0);
            let of = 1u64.checked_shl(u32::from(net.max_prefix_len() - net.prefix_len()));
            let count = count.min(of.unwrap_or(u64::MAX));
            Coverage { block: net.to_string(), hosts: Count { count, exact }, of }
        });
        counted.filter(|c| c.hosts.count > 0).collect()
    }
}
