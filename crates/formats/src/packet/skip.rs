//! Why a packet gave no contact.

/// Why a packet gave no contact. Each is counted by the reader; none is an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Skip {
    /// The capture holds too few of its bytes.
    Snapped,
    /// A length or a version that cannot be.
    Malformed,
    /// A fragment after the first.
    Fragment,
    /// A link type that is not decoded.
    LinkType,
    /// No IP, ARP or neighbour discovery.
    NotIp,
    /// ARP or neighbour discovery that asks for nobody else.
    AsksNobody,
    /// ICMP that touches no host.
    IcmpControl,
    /// More headers within headers than are followed.
    Nesting,
}

impl Skip {
    /// All reasons, in the order of their numbers: `Skip::ALL[skip as usize] == skip`.
    pub const ALL: [Self; 8] = [
        Self::Snapped,
        Self::Malformed,
        Self::Fragment,
        Self::LinkType,
        Self::NotIp,
        Self::AsksNobody,
        Self::IcmpControl,
        Self::Nesting,
    ];

    /// The reason in words, for people.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Snapped => "cut off by the snap length before the addresses and ports were complete",
            Self::Malformed => "malformed: a header has an impossible version or length",
            Self::Fragment => "a fragment after the first, which has no ports",
            Self::LinkType => "the capture's link type is not decoded (e.g. 802.11, USB, Bluetooth)",
            Self::NotIp => "not IP (e.g. LLDP, spanning tree, PPP control)",
            Self::AsksNobody => {
                "ARP or neighbour discovery that asks for no other host (announcement, duplicate address check)"
            }
            Self::IcmpControl => {
                "ICMP that touches no host (router discovery, redirect, multicast listeners, packet size)"
            }
            Self::Nesting => "more tags or headers within headers than are followed (8)",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Skip;

    #[test]
    fn all_lists_each_reason_at_its_own_number() {
        for (number, skip) in Skip::ALL.into_iter().enumerate() {
            assert_eq!(skip as usize, number);
        }
        let mut reasons: Vec<_> = Skip::ALL.map(Skip::reason).to_vec();
        reasons.sort_unstable();
        reasons.dedup();
        assert_eq!(reasons.len(), Skip::ALL.len(), "two reasons read the same");
    }
}
