//! Services as data files and records write them: `tcp/22`, `udp/5060`, `tcp/1-1024`.

use serde::Deserialize;

use crate::contact::{Service, Transport};

/// One service, or a range of services of one transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Ports {
    transport: Transport,
    first: u16,
    last: u16,
}

impl Ports {
    /// Whether the service lies in it.
    pub(crate) fn holds(&self, service: Service) -> bool {
        self.transport == service.transport && (self.first..=self.last).contains(&service.port)
    }

    /// How many services lie in it.
    pub(crate) fn count(&self) -> u64 {
        u64::from(self.last) + 1 - u64::from(self.first)
    }

    /// How many services lie in both.
    pub(crate) fn shared(&self, other: &Self) -> u64 {
        let (first, last) = (self.first.max(other.first), self.last.min(other.last));
        if self.transport == other.transport && first <= last {
            Self { first, last, ..*self }.count()
        } else {
            0
        }
    }
}

impl TryFrom<String> for Ports {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("{text}: expected tcp/PORT, udp/FIRST-LAST or sctp/PORT");
        let (transport, ports) = text.split_once('/').ok_or_else(wrong)?;
        let transport = match transport {
            "tcp" => Transport::Tcp,
            "udp" => Transport::Udp,
            "sctp" => Transport::Sctp,
            _ => return Err(wrong()),
        };
        let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
        let (first, last) = (first.parse().map_err(|_| wrong())?, last.parse().map_err(|_| wrong())?);
        if first > last { Err(wrong()) } else { Ok(Self { transport, first, last }) }
    }
}

impl std::fmt::Display for Ports {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", Service { transport: self.transport, port: self.first })?;
        if self.first < self.last { write!(f, "-{}", self.last) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_counted_and_intersected() {
        let ports = |text: &str| Ports::try_from(text.to_owned());
        let (low, docker) = (ports("tcp/1-2375").unwrap(), ports("tcp/2375-2377").unwrap());
        assert_eq!((low.count(), docker.count(), low.shared(&docker)), (2375, 3, 1));
        assert_eq!(low.shared(&ports("udp/53").unwrap()), 0);
        assert!(docker.holds(Service { transport: Transport::Tcp, port: 2377 }));
        assert_eq!(docker.to_string(), "tcp/2375-2377");
        for wrong in ["tpc/22", "22", "tcp/9-1", "tcp/70000", "icmp/echo"] {
            assert!(ports(wrong).unwrap_err().starts_with(wrong));
        }
    }
}
