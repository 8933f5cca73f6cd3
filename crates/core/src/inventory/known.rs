//! What the detector is told of a survey: which services are there, and which targets are dark.
//!
//! Traffic alone learns slowly which addresses have never answered anybody, and an input that shows no replies never does. A
//! survey has asked. A target is dark where it asked and got no answer in a look at everything; of hosts that did not show
//! themselves it asked only what discovery asks. Only TCP is told of, because a UDP service may keep silent to all but its own
//! clients. A suspect, and what one answer said in a survey that stopped, is neither dark nor there. It shows what the outside
//! sees: of traffic from within it says nothing. The limit: a survey is of its day; where the traffic shows an answer, the
//! traffic is right.

use hashbrown::HashMap;
use ipnet::IpNet;
use std::net::IpAddr;

use super::file::Inventory;
use super::names::{Named, Services};
use super::record::{Exposure, State};
use crate::blocks::Blocks;
use crate::contact::{Service, Transport};
use crate::net::Address;

/// What a survey tells, ready to be looked up.
#[derive(Clone, Debug)]
pub struct Known {
    /// What was asked.
    targets: Blocks,
    /// Who got every question; none: all targets.
    hosts: Option<Blocks>,
    /// A bit for each TCP port that was asked of them.
    ports: Vec<u64>,
    /// The same of all other targets.
    knocks: Vec<u64>,
    /// Who sends from within sees more than the survey did.
    own: Blocks,
    is_whole: bool,
    services: HashMap<(Address, Named), State>,
    /// What is there, sorted.
    open: Vec<(Address, Service)>,
    exposures: Vec<Exposure>,
    /// The places of a service's exposures, worst first.
    exposed: HashMap<(Address, Named), Vec<usize>>,
}

impl Known {
    /// Of one survey.
    pub fn new(inventory: &Inventory) -> Self {
        let nets = |texts: &[String]| texts.iter().filter_map(|net| net.parse::<IpNet>().ok()).collect();
        let key = |host: &str, service: &str| {
            let host: IpAddr = host.parse().ok()?;
            Some((Address::from(host), Named::parse(service)?))
        };
        let state = |s: &super::record::Service| if s.is_unconfirmed() { State::Suspect } else { s.state };
        let states = inventory.services.iter().filter_map(|s| Some((key(&s.host, &s.service)?, state(s))));
        let hosts = inventory.survey.hosts_asked.as_deref();
        let mut known = Self {
            targets: Blocks::new(nets(&inventory.survey.targets)),
            hosts: hosts.map(|hosts| Blocks::new(nets(hosts))),
            ports: ports(&inventory.survey.asked),
            knocks: ports(&inventory.survey.knocks),
            own: Blocks::new(nets(&inventory.survey.blocks)),
            is_whole: inventory.survey.is_whole(),
            services: states.collect(),
            open: Vec::new(),
            exposures: inventory.exposures.clone(),
            exposed: HashMap::new(),
        };
        for exposure in &mut known.exposures {
            exposure.seen_by.clear();
        }
        let is_open = |(&(host, named), state): (&(Address, Named), &State)| match named {
            Named::One(service) if *state == State::Open => Some((host, service)),
            _ => None,
        };
        known.open = known.services.iter().filter_map(is_open).collect();
        known.open.sort_unstable();
        for (place, exposure) in known.exposures.iter().enumerate() {
            if let Some(key) = key(&exposure.host, &exposure.service) {
                known.exposed.entry(key).or_default().push(place);
            }
        }
        for places in known.exposed.values_mut() {
            places.sort_by_key(|place| (std::cmp::Reverse(inventory.exposures[*place].rung), *place));
        }
        known
    }

    /// Whether nothing is there, to whoever asks from outside.
    pub fn is_dark(&self, source: Address, host: Address, service: Service) -> bool {
        let named = Named::One(service);
        let all = Named::All(service.transport);
        self.is_whole
            && service.transport == Transport::Tcp
            && self.targets.find(host).is_some()
            && self.own.find(source).is_none()
            && self.was_asked(host, service.port)
            && !self.services.contains_key(&(host, all))
            && self.services.get(&(host, named)).is_none_or(|state| *state == State::Closed)
    }

    fn was_asked(&self, host: Address, port: u16) -> bool {
        let all = self.hosts.as_ref().is_none_or(|hosts| hosts.find(host).is_some());
        let ports = if all { &self.ports } else { &self.knocks };
        ports.get(usize::from(port / 64)).is_some_and(|word| word >> (port % 64) & 1 != 0)
    }

    /// Whether a service is there.
    pub fn is_open(&self, host: Address, service: Service) -> bool {
        self.services.get(&(host, Named::One(service))) == Some(&State::Open)
    }

    /// The services that are there, in order.
    pub fn open(&self) -> impl Iterator<Item = (Address, Service)> + '_ {
        self.open.iter().copied()
    }

    /// All exposures, in the order of the survey.
    pub fn exposures(&self) -> &[Exposure] {
        &self.exposures
    }

    /// The places, in [`Known::exposures`], of what a service exposes, worst first.
    pub fn exposed(&self, host: Address, service: Service) -> &[usize] {
        self.exposed.get(&(host, Named::One(service))).map_or(&[], Vec::as_slice)
    }
}

/// A bit for each TCP port of these sets.
fn ports(asked: &[String]) -> Vec<u64> {
    let mut ports = vec![0u64; 65_536 / 64];
    for set in asked.iter().filter_map(|set| Services::parse(set).ok()) {
        for port in set.ports(Transport::Tcp) {
            if let Some(word) = ports.get_mut(usize::from(port / 64)) {
                *word |= 1 << (port % 64);
            }
        }
    }
    ports
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::Rung;
    use crate::inventory::file::tests::{exposed, taken};

    fn tcp(port: u16) -> Service {
        Service { transport: Transport::Tcp, port }
    }

    #[test]
    fn dark_is_what_was_asked_and_did_not_answer() {
        let mut inventory = taken(1, &[("192.0.2.9", "tcp/22"), ("192.0.2.7", "tcp/*")]);
        inventory.services[1].state = State::Open;
        let known = Known::new(&inventory);
        let (stranger, host) = (Address::v4([198, 51, 100, 1]), |last| Address::v4([192, 0, 2, last]));
        assert!(known.is_dark(stranger, host(3), tcp(22)));
        assert!(known.is_dark(stranger, host(9), tcp(23)));
        assert!(!known.is_dark(stranger, host(9), tcp(22)) && known.is_open(host(9), tcp(22)));
        // Not asked: another port, another transport, another address; from within; where every port opens.
        assert!(!known.is_dark(stranger, host(3), tcp(3389)));
        assert!(!known.is_dark(stranger, host(3), Service { transport: Transport::Udp, port: 22 }));
        assert!(!known.is_dark(stranger, host(16), tcp(22)));
        assert!(!known.is_dark(host(1), host(3), tcp(22)));
        assert!(!known.is_dark(stranger, host(7), tcp(22)));
        // A survey that stopped half way knows no darkness.
        inventory.survey.coverage = 0.6;
        assert!(!Known::new(&inventory).is_dark(stranger, host(3), tcp(22)));
    }

    #[test]
    fn who_did_not_show_himself_is_dark_only_where_discovery_asked() {
        let mut inventory = taken(1, &[("192.0.2.9", "tcp/22")]);
        inventory.survey.hosts_asked = Some(vec!["192.0.2.9/32".into()]);
        inventory.survey.knocks = vec!["icmp/echo".into(), "tcp/443".into()];
        let known = Known::new(&inventory);
        let (stranger, host) = (Address::v4([198, 51, 100, 1]), |last| Address::v4([192, 0, 2, last]));
        assert!(known.is_dark(stranger, host(3), tcp(443)) && known.is_dark(stranger, host(9), tcp(23)));
        assert!(!known.is_dark(stranger, host(3), tcp(22)));
    }

    #[test]
    fn what_nothing_confirmed_is_neither_dark_nor_there() {
        let mut inventory = taken(1, &[("192.0.2.9", "tcp/22")]);
        inventory.services[0].confidence = 0.5;
        let known = Known::new(&inventory);
        let (stranger, host) = (Address::v4([198, 51, 100, 1]), Address::v4([192, 0, 2, 9]));
        assert!(!known.is_dark(stranger, host, tcp(22)) && !known.is_open(host, tcp(22)));
    }

    #[test]
    fn a_suspect_is_neither_dark_nor_there() {
        let mut inventory = taken(1, &[("192.0.2.9", "tcp/22")]);
        inventory.services[0].state = State::Suspect;
        let known = Known::new(&inventory);
        let (stranger, host) = (Address::v4([198, 51, 100, 1]), Address::v4([192, 0, 2, 9]));
        assert!(!known.is_dark(stranger, host, tcp(22)) && !known.is_open(host, tcp(22)));
        inventory.services[0].state = State::Closed;
        assert!(Known::new(&inventory).is_dark(stranger, host, tcp(22)));
    }

    #[test]
    fn the_worst_exposure_of_a_service_comes_first() {
        let mut inventory = taken(1, &[("192.0.2.9", "tcp/22")]);
        inventory.exposures = vec![
            exposed("192.0.2.9", "tcp/22", Rung::Discloses, "a"),
            exposed("192.0.2.9", "tcp/22", Rung::Sensitive, "b"),
        ];
        assert_eq!(Known::new(&inventory).exposed(Address::v4([192, 0, 2, 9]), tcp(22)), [1, 0]);
    }
}
