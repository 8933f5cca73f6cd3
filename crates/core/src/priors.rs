//! What ordinary traffic to a service looks like, shipped as data: a capture that holds one source cannot teach it.

use std::sync::LazyLock;

use hashbrown::HashMap;
use serde::Deserialize;

use crate::contact::{Service, Transport};
use crate::evidence::Bits;

/// What is normal for one service.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prior {
    /// Share of a scanner's first contacts that are answered (θ1 of TRW).
    pub scanned: f64,
    /// Share of an ordinary source's first contacts that are answered (θ0 of TRW).
    pub ordinary: f64,
    /// Distinct hosts that one ordinary source asks for this service.
    pub hosts: f64,
    /// Nobody asks many hosts for this, so even answered hosts count towards breadth.
    pub singular: bool,
    /// A port of peer-to-peer overlays, whose peers are often gone.
    pub peers: bool,
}

impl Prior {
    /// Evidence of a first contact that failed.
    pub fn failure(&self) -> Bits {
        Bits::ratio(1.0 - self.scanned, 1.0 - self.ordinary)
    }

    /// Evidence (negative) of a first contact that was answered.
    pub fn success(&self) -> Bits {
        Bits::ratio(self.scanned, self.ordinary)
    }
}

/// The shipped priors by service.
#[derive(Debug)]
pub struct Priors {
    default: Prior,
    services: HashMap<Service, Prior>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    default: Entry,
    service: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(default)]
    on: Vec<String>,
    scanned: Option<f64>,
    ordinary: Option<f64>,
    hosts: Option<f64>,
    #[serde(default)]
    singular: bool,
    #[serde(default)]
    peers: bool,
}

impl Priors {
    /// The table in `data/services.toml`.
    pub fn shipped() -> &'static Self {
        static SHIPPED: LazyLock<Priors> = LazyLock::new(|| {
            Priors::parse(include_str!("../../../data/services.toml")).expect("the shipped table is tested")
        });
        &SHIPPED
    }

    /// From the text of such a file.
    ///
    /// # Errors
    /// A sentence that names the entry and what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|e| e.to_string())?;
        let base = Prior { scanned: 0.25, ordinary: 0.75, hosts: 4.0, singular: false, peers: false };
        let default = file.default.over(base);
        let mut services = HashMap::new();
        for entry in &file.service {
            let prior = entry.over(default);
            if !(0.0 < prior.scanned && prior.scanned < 1.0 && 0.0 < prior.ordinary && prior.ordinary < 1.0) {
                return Err(format!("{:?}: shares of answers lie between 0 and 1, both excluded", entry.on));
            }
            for name in &entry.on {
                for service in parse_services(name)? {
                    if services.insert(service, prior).is_some() {
                        return Err(format!("{name}: {service} stands in two entries"));
                    }
                }
            }
        }
        Ok(Self { default, services })
    }

    /// What is normal for this service.
    pub fn of(&self, service: Service) -> &Prior {
        self.services.get(&service).unwrap_or(&self.default)
    }

    /// Whether the table names this service: a port that servers listen on.
    pub fn names(&self, service: Service) -> bool {
        self.services.contains_key(&service)
    }
}

impl Entry {
    fn over(&self, base: Prior) -> Prior {
        Prior {
            scanned: self.scanned.unwrap_or(base.scanned),
            ordinary: self.ordinary.unwrap_or(base.ordinary),
            hosts: self.hosts.unwrap_or(base.hosts),
            singular: self.singular,
            peers: self.peers,
        }
    }
}

/// `tcp/22`, `udp/6881-6889`, `icmp/echo` (both versions), `arp`, `nd`.
fn parse_services(name: &str) -> Result<Vec<Service>, String> {
    let wrong = || format!("{name}: expected tcp/PORT, udp/FIRST-LAST, sctp/PORT, icmp/echo, arp or nd");
    let (transport, ports) = name.split_once('/').unwrap_or((name, "0"));
    let one = |transport, port| vec![Service { transport, port }];
    let transport = match transport {
        "icmp" if ports == "echo" => {
            return Ok([one(Transport::Icmp, 0x0800), one(Transport::Icmp6, 0x8000)].concat());
        }
        "arp" => return Ok(one(Transport::Arp, 0)),
        "nd" => return Ok(one(Transport::Nd, 0)),
        "tcp" => Transport::Tcp,
        "udp" => Transport::Udp,
        "sctp" => Transport::Sctp,
        _ => return Err(wrong()),
    };
    let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
    let (first, last) = (first.parse::<u16>().map_err(|_| wrong())?, last.parse().map_err(|_| wrong())?);
    Ok((first..=last).map(|port| Service { transport, port }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_table_reads_and_five_dead_targets_decide() {
        let priors = Priors::shipped();
        let unknown = priors.of(Service { transport: Transport::Tcp, port: 4444 });
        assert!((unknown.failure() * 5) >= crate::evidence::THRESHOLD);
        assert!(priors.of(Service { transport: Transport::Udp, port: 111 }).singular);
        assert!(priors.of(Service { transport: Transport::Tcp, port: 6885 }).peers);
    }

    #[test]
    fn a_wrong_entry_is_named() {
        let text = "[default]\n[[service]]\non = [\"tpc/22\"]\n";
        assert!(Priors::parse(text).unwrap_err().starts_with("tpc/22"));
        let text = "[default]\n[[service]]\non = [\"tcp/1-3\"]\n[[service]]\non = [\"tcp/2\"]\n";
        assert!(Priors::parse(text).unwrap_err().contains("tcp/2 stands in two entries"));
    }
}
