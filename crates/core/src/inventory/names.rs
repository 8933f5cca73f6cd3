//! Hosts and services as records name them, read back: for order, and to look them up.

use std::fmt;
use std::net::IpAddr;
use std::ops::RangeInclusive;

use crate::contact::{Service, Transport};
use crate::net::Address;

/// What a record names as a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Named {
    /// `tcp/*`: all ports of the host behave alike.
    All(Transport),
    /// `tcp/22`.
    One(Service),
}

impl Named {
    /// From `tcp/22`, `udp/*`, `icmp/echo`, `icmp/13.0`, `ip/132`, `arp`, `nd`; `None` of anything else. ICMP is taken for that
    /// of IPv4: the host tells which it is.
    pub fn parse(text: &str) -> Option<Self> {
        let one = |transport, port| Some(Self::One(Service { transport, port }));
        let (transport, rest) = match text.split_once('/') {
            None if text == "arp" => return one(Transport::Arp, 0),
            None if text == "nd" => return one(Transport::Nd, 0),
            None => return None,
            Some(("icmp", kind)) => {
                let number = match kind {
                    "echo" => 0x0800,
                    "timestamp" => 0x0d00,
                    "mask" => 0x1100,
                    _ => {
                        let (kind, code) = kind.split_once('.')?;
                        u16::from(kind.parse::<u8>().ok()?) << 8 | u16::from(code.parse::<u8>().ok()?)
                    }
                };
                return one(Transport::Icmp, number);
            }
            Some((name, rest)) => (transport(name)?, rest),
        };
        if rest == "*" { Some(Self::All(transport)) } else { one(transport, rest.parse().ok()?) }
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(service) => service.fmt(f),
            Self::All(Transport::Tcp) => f.write_str("tcp/*"),
            Self::All(Transport::Udp) => f.write_str("udp/*"),
            Self::All(Transport::Sctp) => f.write_str("sctp/*"),
            Self::All(_) => f.write_str("ip/*"),
        }
    }
}

/// A transport with numbered services.
fn transport(name: &str) -> Option<Transport> {
    match name {
        "tcp" => Some(Transport::Tcp),
        "udp" => Some(Transport::Udp),
        "sctp" => Some(Transport::Sctp),
        "ip" => Some(Transport::Ip),
        _ => None,
    }
}

/// A set of services: `tcp/22`, `tcp/1-1024`, `udp/*`, `icmp/echo`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Services {
    transport: Transport,
    ports: RangeInclusive<u16>,
}

impl Services {
    /// Of one such text.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no service");
        if let Some((name, ports)) = text.split_once('/')
            && let Some((first, last)) = ports.split_once('-')
        {
            let transport = transport(name).ok_or_else(wrong)?;
            let port = |text: &str| text.parse::<u16>().map_err(|_| wrong());
            let (first, last) = (port(first)?, port(last)?);
            if first > last {
                return Err(format!("{text:?} ends before it begins"));
            }
            return Ok(Self { transport, ports: first..=last });
        }
        Ok(match Named::parse(text).ok_or_else(wrong)? {
            Named::All(transport) => Self { transport, ports: 0..=u16::MAX },
            Named::One(Service { transport, port }) => Self { transport, ports: port..=port },
        })
    }

    /// Its ports, where it is of this transport.
    pub fn ports(&self, transport: Transport) -> impl Iterator<Item = u16> + use<> {
        let ports = (transport == self.transport).then(|| self.ports.clone());
        ports.into_iter().flatten()
    }

    /// Whether all of this is in it: of all ports of a host, whether it is all ports.
    pub fn covers(&self, service: Named) -> bool {
        match service {
            // Port 0 is nobody's.
            Named::All(_) => self.holds(service) && *self.ports.start() <= 1 && *self.ports.end() == u16::MAX,
            Named::One(_) => self.holds(service),
        }
    }

    /// Whether it holds this service; of all ports of a host, whether it holds any.
    pub fn holds(&self, service: Named) -> bool {
        match service {
            Named::All(transport) => transport == self.transport,
            Named::One(one) => {
                let transport =
                    if one.transport == Transport::Icmp6 { Transport::Icmp } else { one.transport };
                transport == self.transport && self.ports.contains(&one.port)
            }
        }
    }
}

/// A protocol as people write it: `SSH`, `HTTP`, `Redis`.
pub fn spoken(protocol: &str) -> String {
    match protocol {
        "redis" => "Redis".to_owned(),
        "docker" => "Docker".to_owned(),
        "kubernetes" => "Kubernetes".to_owned(),
        "mysql" => "MySQL".to_owned(),
        "telnet" => "Telnet".to_owned(),
        own @ ("etcd" | "kubelet") => own.to_owned(),
        short if short.len() <= 6 => short.to_ascii_uppercase(),
        other => other.to_owned(),
    }
}

/// The order of records: hosts as numbers, then services.
pub fn order(host: &str, service: &str) -> (Option<Address>, Option<Named>, String) {
    let address = host.parse::<IpAddr>().ok().map(Address::from);
    let named = Named::parse(service);
    // What cannot be read back still has one place.
    let rest = if address.is_some() && named.is_some() { String::new() } else { format!("{host} {service}") };
    (address, named, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_as_they_are_written() {
        for text in
            ["tcp/22", "udp/*", "tcp/*", "icmp/echo", "icmp/timestamp", "icmp/5.1", "ip/132", "arp", "nd"]
        {
            assert_eq!(Named::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "tcp", "tcp/", "tcp/65536", "tpc/22", "tcp/-1", "icmp/echo/x", "icmp/300.1"] {
            assert_eq!(Named::parse(text), None, "{text}");
        }
    }

    #[test]
    fn sets_hold_what_they_name() {
        let holds = |set: &str, one: &str| Services::parse(set).unwrap().holds(Named::parse(one).unwrap());
        assert!(
            holds("tcp/1-1024", "tcp/22") && holds("tcp/*", "tcp/65535") && holds("icmp/echo", "icmp/echo")
        );
        assert!(!holds("tcp/1-1024", "udp/22") && !holds("tcp/80", "tcp/81"));
        assert!(Services::parse("tcp/9-2").is_err() && Services::parse("http").is_err());
        let covers = |set: &str, one: &str| Services::parse(set).unwrap().covers(Named::parse(one).unwrap());
        assert!(holds("tcp/80", "tcp/*") && covers("tcp/80", "tcp/80") && !covers("tcp/80", "tcp/*"));
        assert!(covers("tcp/*", "tcp/*") && covers("tcp/1-65535", "tcp/*") && !covers("udp/*", "tcp/*"));
    }

    #[test]
    fn order_is_that_of_numbers() {
        let mut all = [
            ("192.0.2.10", "tcp/80"),
            ("192.0.2.9", "tcp/443"),
            ("192.0.2.9", "tcp/80"),
            ("2001:db8::1", "tcp/1"),
        ];
        all.sort_by_key(|(host, service)| order(host, service));
        assert_eq!(all.map(|(_, service)| service), ["tcp/80", "tcp/443", "tcp/80", "tcp/1"]);
        assert_eq!(all[0].0, "192.0.2.9");
    }
}
