//! Space that is nobody's own block: special-purpose, multicast and documentation addresses.
//!
//! From the IANA registries of special-purpose addresses (RFC 6890 and its successors) and of multicast (RFC 5771, RFC 4291). A
//! scope may name such space only for a lab; addresses that carry IPv4 within IPv6 never, for they would pass by what is excluded.

use ipnet::IpNet;

/// Prefix and what it is for.
const SPECIAL: &[(&str, &str)] = &[
    ("0.0.0.0/8", "this network"),
    ("10.0.0.0/8", "private use"),
    ("100.64.0.0/10", "shared address space of carriers"),
    ("127.0.0.0/8", "loopback"),
    ("169.254.0.0/16", "link local"),
    ("172.16.0.0/12", "private use"),
    ("192.0.0.0/24", "protocol assignments"),
    ("192.0.2.0/24", "documentation"),
    ("192.31.196.0/24", "AS112"),
    ("192.52.193.0/24", "multicast tunnelling"),
    ("192.88.99.0/24", "6to4 relays, deprecated"),
    ("192.168.0.0/16", "private use"),
    ("192.175.48.0/24", "AS112"),
    ("198.18.0.0/15", "benchmarking"),
    ("198.51.100.0/24", "documentation"),
    ("203.0.113.0/24", "documentation"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved, and broadcast"),
    ("::/127", "unspecified and loopback"),
    ("100::/64", "discard"),
    ("2001::/23", "protocol assignments"),
    ("2001:db8::/32", "documentation"),
    ("2620:4f:8000::/48", "AS112"),
    ("3fff::/20", "documentation"),
    ("5f00::/16", "segment routing"),
    ("fc00::/7", "unique local"),
    ("fe80::/10", "link local"),
    ("fec0::/10", "site local"),
    ("ff00::/8", "multicast"),
    // What is not global unicast (2000::/3).
    ("::/3", "reserved"),
    ("4000::/2", "reserved"),
    ("8000::/1", "reserved"),
];

/// IPv6 addresses that stand for IPv4 ones: a socket, a relay or a translator sends to these.
const EMBEDDED: [&str; 5] = ["::ffff:0:0/96", "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16"];

/// How a block lies to such space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Special {
    /// Wholly within it.
    Within(&'static str),
    /// It holds some of it, and more.
    Holds(&'static str),
    /// It has to do with addresses that stand for others.
    Embeds,
}

/// Whether a block has to do with special space.
pub(super) fn of(block: &IpNet) -> Option<Special> {
    let mut holds = None;
    let loopback = SPECIAL
        .iter()
        .any(|(prefix, _)| *prefix == "::/127" && prefix.parse().is_ok_and(|net: IpNet| net.contains(block)));
    let meets =
        |prefix: &str| prefix.parse().is_ok_and(|net: IpNet| net.contains(block) || block.contains(&net));
    if !loopback && EMBEDDED.into_iter().any(meets) {
        return Some(Special::Embeds);
    }
    for (prefix, what) in SPECIAL {
        let Ok(special) = prefix.parse::<IpNet>() else { continue };
        if special.contains(block) {
            return Some(Special::Within(what));
        }
        if block.contains(&special) {
            holds = Some(Special::Holds(what));
        }
    }
    holds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_prefix_parses_and_has_no_bits_behind_its_length() {
        for (prefix, _) in SPECIAL {
            let net: IpNet = prefix.parse().unwrap();
            assert_eq!(net.trunc(), net);
        }
    }

    #[test]
    fn within_and_around() {
        let of = |text: &str| of(&text.parse().unwrap());
        assert_eq!(of("192.168.7.0/24"), Some(Special::Within("private use")));
        assert!(matches!(of("0.0.0.0/0"), Some(Special::Holds(_))));
        assert!(matches!(of("192.0.0.0/16"), Some(Special::Holds(_))));
        assert_eq!(of("2001:db8:1::/48"), Some(Special::Within("documentation")));
        for text in
            ["::ffff:8.8.8.0/120", "2002:808:808::/48", "64:ff9b::808:808/128", "::8.8.8.0/120", "::/0"]
        {
            assert_eq!(of(text), Some(Special::Embeds), "{text}");
        }
        assert_eq!(of("::1/128"), Some(Special::Within("unspecified and loopback")));
        assert_eq!(of("fec0::/64"), Some(Special::Within("site local")));
        assert_eq!(of("5000::/32"), Some(Special::Within("reserved")));
        assert_eq!(of("8.8.8.0/24"), None);
        assert_eq!(of("2a00:1450::/32"), None);
    }
}
