//! Craft: packets that no stack sends.
//!
//! What kind of probe a packet is follows from its flags alone; whether it speaks for a scan is said here too. A
//! connection's own packets never come this far as probes: the memory of pairs has told them apart.

use super::{Case, Sense, Spec, dossier::mark};
use crate::contact::{Contact, Outcome, Phase, Transport, flags, traits};
use crate::evidence::{Bits, Evidence};
use crate::record::{Family, ProbeKind};

/// Flags that no stack sends, each target counted once: four such targets decide.
const ODD: f64 = 2.0;
/// The packets with which a stack is fingerprinted are made for nothing else.
const FINGERPRINT: f64 = 4.0;
/// A SYN that no ordinary stack sends: embedded stacks send some, so a little each, and never enough alone.
const BARE: f64 = 0.5;
/// All of craft together.
const MOST: f64 = 30.0;

/// The detector's declaration.
pub const SPEC: Spec = Spec {
    name: "craft",
    family: Family::Craft,
    help: "packets that no stack sends: NULL, FIN, XMAS, Maimon, SYN-FIN, bare SYNs, SYN-ACKs and ACKs out of nowhere, \
           OS probes, SCTP INIT, empty IP protocols",
    needs: &[Sense::Flags, Sense::Strays, Sense::Options],
    weigh,
};

/// What kind of probe a contact is.
pub fn kind_of(contact: &Contact) -> ProbeKind {
    match contact.transport {
        Transport::Tcp => tcp_kind(contact),
        Transport::Icmp => match contact.port >> 8 {
            13 => ProbeKind::IcmpTimestamp,
            17 => ProbeKind::IcmpMask,
            _ => ProbeKind::IcmpEcho,
        },
        other => kind_of_service(other),
    }
}

/// The kind where only the service is known.
pub fn kind_of_service(transport: Transport) -> ProbeKind {
    match transport {
        Transport::Tcp => ProbeKind::TcpSyn,
        Transport::Udp => ProbeKind::Udp,
        Transport::Sctp => ProbeKind::SctpInit,
        Transport::Icmp | Transport::Icmp6 => ProbeKind::IcmpEcho,
        Transport::Ip => ProbeKind::IpProtocol,
        Transport::Arp => ProbeKind::Arp,
        Transport::Nd => ProbeKind::Nd,
    }
}

fn tcp_kind(contact: &Contact) -> ProbeKind {
    use flags::{ACK, FIN, PSH, SYN, URG};
    const ALL: u8 = FIN | SYN | PSH | ACK | URG;
    let set = contact.flags & ALL;
    if contact.phase == Phase::Flow {
        // Options are not seen: what went on is a connection, what did not may be the bare SYN of one or of a scan.
        return match set {
            _ if contact.outcome >= Outcome::Completed => ProbeKind::TcpConnect,
            SYN => ProbeKind::TcpSyn,
            FIN => ProbeKind::TcpFin,
            ACK => ProbeKind::TcpAck,
            _ if set == FIN | PSH | URG => ProbeKind::TcpXmas,
            _ if set == SYN | FIN => ProbeKind::TcpSynFin,
            _ => ProbeKind::Tcp,
        };
    }
    if contact.has(traits::HEADER_SPLIT) && set == 0 {
        // The flags lie in a fragment that was not joined; what is sent so to many is a SYN.
        return ProbeKind::TcpSyn;
    }
    if set & SYN != 0 {
        return match set {
            _ if set & ACK != 0 => ProbeKind::TcpSynack,
            _ if set & (FIN | PSH | URG) == FIN | PSH | URG => ProbeKind::OsProbe,
            _ if set & FIN != 0 => ProbeKind::TcpSynFin,
            _ if contact.has(traits::TIMESTAMP | traits::TIMESTAMP_ALL_ONES) => ProbeKind::OsProbe,
            _ if is_ordinary_syn(contact) => ProbeKind::TcpConnect,
            _ => ProbeKind::TcpSyn,
        };
    }
    match set {
        0 => ProbeKind::TcpNull,
        FIN => ProbeKind::TcpFin,
        _ if set & ACK == 0 => ProbeKind::TcpXmas,
        _ if set & FIN != 0 => ProbeKind::TcpMaimon,
        _ => ProbeKind::TcpAck,
    }
}

/// A SYN as the stacks of general-purpose systems send it: MSS and SACK (in all since about 2000), DF over IPv4, no
/// flag beside SYN and ECN, and a window that holds at least one segment.
pub fn is_ordinary_syn(contact: &Contact) -> bool {
    contact.has(traits::MSS | traits::SACK_PERMITTED)
        && (contact.has(traits::DONT_FRAGMENT) || !contact.source.is_v4())
        && contact.window >= 1460
        && contact.flags & !(flags::ECE | flags::CWR) == flags::SYN
}

fn weigh(case: &Case<'_>) -> Option<Evidence> {
    let (mut odd, mut bare, mut out_of_nowhere) = (0u64, 0u64, 0u64);
    for probe in case.probes() {
        match probe.kind {
            ProbeKind::TcpNull | ProbeKind::TcpFin | ProbeKind::TcpXmas | ProbeKind::TcpSynFin => odd += 1,
            ProbeKind::TcpAck | ProbeKind::TcpMaimon | ProbeKind::TcpSynack | ProbeKind::IpProtocol
                if probe.failed()
                    && (probe.kind != ProbeKind::IpProtocol || probe.marks & mark::BARE != 0) =>
            {
                out_of_nowhere += 1;
            }
            ProbeKind::SctpInit if !probe.talked() => out_of_nowhere += 1,
            ProbeKind::TcpSyn if probe.marks & mark::BARE != 0 => bare += 1,
            _ => {}
        }
    }
    let fingerprints = u64::from(case.dossier.kinds[ProbeKind::OsProbe as usize]);
    let little = |count: u64| Bits::new(BARE) * count.min(12);
    let sum =
        Bits::new(ODD) * odd + Bits::new(FINGERPRINT) * fingerprints + little(bare) + little(out_of_nowhere);
    let bits = sum.min(Bits::new(MOST));
    if bits == Bits::ZERO {
        return None;
    }
    let parts = [
        (odd, "with flags that no stack sends (NULL, FIN, XMAS, SYN-FIN)"),
        (fingerprints, "packets of an OS fingerprint"),
        (bare, "targets by a SYN that no ordinary stack sends"),
        (out_of_nowhere, "targets by packets that belong to no connection"),
    ];
    // Beyond the targets kept one by one there are more of the same kind.
    let least = if case.wide().is_some() { "at least " } else { "" };
    let said: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{least}{count} {what}"))
        .collect();
    Some(Evidence::new(Family::Craft, bits, said.join("; ")))
}
