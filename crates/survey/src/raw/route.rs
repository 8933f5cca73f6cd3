//! By which interface, from which address and to which router, as Linux's own tables say.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use super::Way;

/// What the user said of it; what he left open the system's tables say.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// The interface.
    pub interface: Option<String>,
    /// The own address, of one family or each.
    pub source: Vec<IpAddr>,
    /// The router's Ethernet address.
    pub gateway: Option<[u8; 6]>,
}

/// The way to one of the targets; all others are asked by the same.
///
/// # Errors
/// There is no route, or nothing says by which interface.
pub fn way(wish: &Wish, target: IpAddr) -> io::Result<Way> {
    let mut source = wish.source.clone();
    if !source.iter().any(|own| own.is_ipv4() == target.is_ipv4()) {
        source.push(source_to(target)?);
    }
    let own = *source.iter().find(|own| own.is_ipv4() == target.is_ipv4()).unwrap_or(&target);
    let interface = match &wish.interface {
        Some(interface) => interface.clone(),
        None => interface_of(own)?,
    };
    let gateway = match (wish.gateway, target) {
        (Some(gateway), _) => Some(gateway),
        (None, IpAddr::V4(target)) => {
            let routes = fs::read_to_string("/proc/net/route").unwrap_or_default();
            let neighbours = fs::read_to_string("/proc/net/arp").unwrap_or_default();
            router(&routes, &interface, target).and_then(|router| neighbour(&neighbours, &interface, router))
        }
        (None, IpAddr::V6(_)) => None,
    };
    let v4 = source.iter().find_map(|own| if let IpAddr::V4(own) = own { Some(*own) } else { None });
    let v6 = source.iter().find_map(|own| if let IpAddr::V6(own) = own { Some(*own) } else { None });
    Ok(Way { interface, v4, v6, gateway })
}

/// Of some targets, those that the system's tables reach by another way than the one that leads to `first`: packets that go there by that way would
/// be lost, and what is lost looks closed.
///
/// # Errors
/// The interfaces cannot be listed.
pub fn elsewhere(way: &Way, first: IpAddr, targets: impl Iterator<Item = IpAddr>) -> io::Result<Vec<IpAddr>> {
    let routes = fs::read_to_string("/proc/net/route").unwrap_or_default();
    // Where the kernel routes each packet, it knows the routers.
    let hop = |target: IpAddr| match target {
        IpAddr::V4(v4) if way.gateway.is_some() => router(&routes, &way.interface, v4),
        _ => None,
    };
    let interfaces: HashMap<IpAddr, String> = nix::ifaddrs::getifaddrs()?
        .filter_map(|entry| Some((address(&entry)?, entry.interface_name)))
        .collect();
    let leads = |target: IpAddr| {
        let own = source_to(target).ok()?;
        let ours = interfaces.get(&own).is_none_or(|interface| *interface == way.interface);
        Some(ours && hop(target) == hop(first))
    };
    // Where the tables know no way, they know no other either.
    Ok(targets.filter(|target| leads(*target) == Some(false)).collect())
}

/// Whether an address is on a link of this machine, not behind a router, and not this machine's own.
pub fn on_link(target: IpAddr) -> bool {
    let Ok(all) = nix::ifaddrs::getifaddrs() else { return false };
    all.filter(|entry| entry.interface_name != "lo").any(|entry| {
        let Some((address, mask)) = entry.address.zip(entry.netmask) else { return false };
        match target {
            IpAddr::V4(target) => {
                address.as_sockaddr_in().zip(mask.as_sockaddr_in()).is_some_and(|(own, mask)| {
                    let (own, mask) = (own.ip(), mask.ip());
                    own & mask == target & mask && own != target && mask != Ipv4Addr::BROADCAST
                })
            }
            IpAddr::V6(target) => {
                address.as_sockaddr_in6().zip(mask.as_sockaddr_in6()).is_some_and(|(own, mask)| {
                    let (own, mask) = (own.ip(), mask.ip());
                    own & mask == target & mask && own != target && mask.to_bits() != u128::MAX
                })
            }
        }
    })
}

/// Whether an address is this machine's own.
pub fn is_own(target: IpAddr) -> bool {
    nix::ifaddrs::getifaddrs().is_ok_and(|mut all| all.any(|entry| address(&entry) == Some(target)))
}

/// The address that the system would send from. Connecting a datagram socket sends nothing.
fn source_to(target: IpAddr) -> io::Result<IpAddr> {
    let any: IpAddr =
        if target.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind(SocketAddr::new(any, 0))?;
    socket.connect(SocketAddr::new(target, 9))?;
    Ok(socket.local_addr()?.ip())
}

/// The IP address that an entry of the system's list of interfaces names.
pub(super) fn address(entry: &nix::ifaddrs::InterfaceAddress) -> Option<IpAddr> {
    let address = entry.address.as_ref()?;
    let v4 = address.as_sockaddr_in().map(|v4| IpAddr::from(v4.ip()));
    v4.or(address.as_sockaddr_in6().map(|v6| IpAddr::from(v6.ip())))
}

fn interface_of(own: IpAddr) -> io::Result<String> {
    let all = nix::ifaddrs::getifaddrs()?;
    // All of 127.0.0.0/8 is the loopback's, whatever is named.
    let mut named =
        all.filter(|entry| address(entry) == Some(own) || own.is_loopback() && entry.interface_name == "lo");
    named.next().map(|entry| entry.interface_name).ok_or_else(|| {
        io::Error::new(io::ErrorKind::NotFound, format!("no interface has the address {own}: name one"))
    })
}

/// The router towards a target, by the longest prefix of `/proc/net/route`; none on the same link.
fn router(routes: &str, interface: &str, target: Ipv4Addr) -> Option<Ipv4Addr> {
    // In the byte order of the machine, which the kernel printed it in.
    let address =
        |text: &str| u32::from_str_radix(text, 16).ok().map(|bits| Ipv4Addr::from(bits.to_ne_bytes()));
    let routes = routes.lines().skip(1).filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [name, to, gateway, _, _, _, _, mask, ..] = fields.as_slice() else { return None };
        Some((*name, address(to)?, address(gateway)?, address(mask)?))
    });
    let fits = |(name, to, _, mask): &(&str, Ipv4Addr, Ipv4Addr, Ipv4Addr)| {
        *name == interface && target & *mask == *to
    };
    let (_, _, gateway, _) = routes.filter(fits).max_by_key(|(_, _, _, mask)| mask.to_bits())?;
    (!gateway.is_unspecified()).then_some(gateway)
}

/// The Ethernet address of a neighbour, by `/proc/net/arp`.
fn neighbour(neighbours: &str, interface: &str, router: Ipv4Addr) -> Option<[u8; 6]> {
    neighbours.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [address, _, _, mac, _, device] = fields.as_slice() else { return None };
        let ours = *device == interface && address.parse() == Ok(router);
        ours.then(|| ethernet(mac)).flatten().filter(|mac| *mac != [0; 6])
    })
}

/// `02:00:5e:00:00:01`.
pub fn ethernet(text: &str) -> Option<[u8; 6]> {
    let mut out = [0; 6];
    let mut parts = text.split(':');
    for byte in &mut out {
        let part = parts.next().filter(|part| part.len() == 2)?;
        *byte = u8::from_str_radix(part, 16).ok()?;
    }
    parts.next().is_none().then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_leads() {
        let hex = |address: [u8; 4]| format!("{:08X}", u32::from_ne_bytes(address));
        let line = |to, gateway, mask| {
            format!("eth0\t{}\t{}\t0003\t0\t0\t0\t{}\t0\t0\t0\n", hex(to), hex(gateway), hex(mask))
        };
        let routes = "Iface\n".to_owned()
            + &line([0, 0, 0, 0], [192, 0, 2, 1], [0, 0, 0, 0])
            + &line([198, 51, 100, 0], [0, 0, 0, 0], [255, 255, 255, 0])
            + &line([198, 51, 100, 128], [192, 0, 2, 2], [255, 255, 255, 128]);
        let router = |target: [u8; 4]| router(&routes, "eth0", target.into());
        assert_eq!(router([203, 0, 113, 1]), Some([192, 0, 2, 1].into()));
        assert_eq!(router([198, 51, 100, 1]), None);
        assert_eq!(router([198, 51, 100, 200]), Some([192, 0, 2, 2].into()));
        let neighbours = "IP address HW type\n192.0.2.1 0x1 0x6 02:00:5e:00:00:02 * eth0\n192.0.2.2 0x1 0x0 00:00:00:00:00:00 * eth0\n";
        assert_eq!(neighbour(neighbours, "eth0", [192, 0, 2, 1].into()), Some([2, 0, 0x5e, 0, 0, 2]));
        assert_eq!(neighbour(neighbours, "eth0", [192, 0, 2, 2].into()), None);
        assert_eq!(neighbour(neighbours, "eth1", [192, 0, 2, 1].into()), None);
    }

    #[test]
    fn ethernet_addresses() {
        assert_eq!(ethernet("02:00:5e:00:00:0f"), Some([2, 0, 0x5e, 0, 0, 15]));
        for text in ["", "02:00:5e:00:00", "02:00:5e:00:00:01:02", "2:0:5e:0:0:1", "02:00:5e:00:00:zz"] {
            assert_eq!(ethernet(text), None, "{text}");
        }
    }
}
