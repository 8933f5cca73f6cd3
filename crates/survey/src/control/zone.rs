//! Reverse zones of blocks (RFC 1035, 3.5; RFC 3596, 2.5). They are cut at octets (IPv4) and nibbles (IPv6).

use ipnet::IpNet;

/// The zones in which a block's names lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zones {
    /// Of the smallest cut network that holds the whole block.
    pub whole: String,
    /// Of the largest cut networks that make up the block, where that is not one; at most 128 of IPv4, 8 of IPv6.
    pub parts: Vec<String>,
}

impl Zones {
    /// Of a block.
    pub fn of(block: IpNet) -> Self {
        let step = match block {
            IpNet::V4(_) => 8,
            IpNet::V6(_) => 4,
        };
        let length = block.prefix_len();
        let around = length / step * step;
        let whole = name(block, around);
        if around == length {
            return Self { whole, parts: Vec::new() };
        }
        let inner = around + step;
        // A single host's zone is no zone that anybody runs: within the last cut the network around it has to do.
        if inner >= block.max_prefix_len() {
            return Self { whole, parts: Vec::new() };
        }
        let parts = block.subnets(inner).map(|nets| nets.map(|net| name(net, inner)).collect());
        Self { whole, parts: parts.unwrap_or_default() }
    }
}

/// The zone of the first `length` bits, which are cut.
fn name(net: IpNet, length: u8) -> String {
    let mut labels: Vec<String> = match net {
        IpNet::V4(net) => {
            net.network().octets().iter().take(usize::from(length / 8)).map(ToString::to_string).collect()
        }
        IpNet::V6(net) => {
            let octets = net.network().octets();
            let nibbles = octets.iter().flat_map(|octet| [octet >> 4, octet & 15]);
            nibbles.take(usize::from(length / 4)).map(|nibble| format!("{nibble:x}")).collect()
        }
    };
    labels.reverse();
    labels.push(if matches!(net, IpNet::V4(_)) { "in-addr.arpa" } else { "ip6.arpa" }.into());
    labels.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(block: &str) -> (String, Vec<String>) {
        let Zones { whole, parts } = Zones::of(block.parse().unwrap());
        (whole, parts)
    }

    #[test]
    fn zones_are_cut_at_octets_and_nibbles() {
        assert_eq!(of("203.0.113.0/24"), ("113.0.203.in-addr.arpa".into(), vec![]));
        assert_eq!(of("203.0.0.0/16"), ("0.203.in-addr.arpa".into(), vec![]));
        let parts = ["112", "113", "114", "115"].map(|part| format!("{part}.0.203.in-addr.arpa")).to_vec();
        assert_eq!(of("203.0.112.0/22"), ("0.203.in-addr.arpa".into(), parts));
        assert_eq!(of("203.0.113.64/26"), ("113.0.203.in-addr.arpa".into(), vec![]));
        assert_eq!(of("203.0.113.7/32"), ("7.113.0.203.in-addr.arpa".into(), vec![]));
        assert_eq!(
            of("8.0.0.0/7"),
            ("in-addr.arpa".into(), vec!["8.in-addr.arpa".into(), "9.in-addr.arpa".into()])
        );
        assert_eq!(of("10.0.0.0/9").1.len(), 128);
        assert_eq!(of("2001:db8::/32"), ("8.b.d.0.1.0.0.2.ip6.arpa".into(), vec![]));
        assert_eq!(of("2001:db8::/33").1.len(), 8);
        let (whole, parts) = of("2001:db8:40::/42");
        assert_eq!(whole, "0.0.8.b.d.0.1.0.0.2.ip6.arpa");
        assert_eq!(parts, ["4", "5", "6", "7"].map(|part| format!("{part}.0.0.8.b.d.0.1.0.0.2.ip6.arpa")));
    }
}
