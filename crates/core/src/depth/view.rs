//! What is known of the scanned side from all traffic: which hosts and services answered anybody.

use hashbrown::HashSet;

use super::Run;
use crate::blocks::Blocks;
use crate::contact::Service;
use crate::inventory::Known;
use crate::net::Address;
use crate::record::Campaign;
use crate::target_list::Holdings;

/// Hosts and services held at most.
const MOST: usize = 65_536;

impl Run<'_> {
    /// The scanned side. Where own blocks were given, only what lies in them.
    pub(super) fn holdings(&self) -> Holdings {
        let (mut live, mut open) = (HashSet::new(), HashSet::new());
        let probes = self.shards.iter().flat_map(|s| s.table().iter()).flat_map(|s| s.probes());
        for probe in probes.filter(|p| p.answered()) {
            let ours = self.blocks.is_empty() || self.blocks.find(probe.target).is_some();
            if ours && live.len() < MOST && open.len() < MOST {
                live.insert(probe.target);
                if probe.service().has_port() {
                    open.insert((probe.target, probe.service()));
                }
            }
        }
        // What a survey found is known, whoever asked for it.
        for (host, service) in self.world.known().into_iter().flat_map(Known::open) {
            let ours = self.blocks.is_empty() || self.blocks.find(host).is_some();
            if ours && live.len() < MOST && open.len() < MOST {
                live.insert(host);
                if service.has_port() {
                    open.insert((host, service));
                }
            }
        }
        let mut live: Vec<Address> = live.into_iter().collect();
        let mut open: Vec<(Address, Service)> = open.into_iter().collect();
        live.sort_unstable();
        open.sort_unstable();
        Holdings { blocks: self.blocks.ranges().collect(), live, open }
    }
}

/// Distinct hosts that a campaign probed in each own block.
pub(super) fn coverage(campaign: &Campaign, blocks: &Blocks) -> Vec<u64> {
    let of = |net: ipnet::IpNet| {
        let name = net.to_string();
        campaign.coverage.iter().find(|c| c.block == name).map_or(0, |c| c.hosts.count)
    };
    blocks.nets().map(of).collect()
}
