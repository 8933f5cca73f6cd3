//! Conditions that span fields or packets, by name. Each says what no ordinary stack does, and by how much chance could.

use serde::Deserialize;

use crate::contact::Transport;
use crate::imprint::Imprint;

/// A named condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Predicate {
    /// IPv4's identification is 54321.
    #[serde(rename = "ip-id-is-54321")]
    IpIdIs54321,
    /// IPv4's identification is 22352, `WP` in ASCII: `watchpost survey`'s own mark, there to be recognised.
    #[serde(rename = "ip-id-is-22352")]
    IpIdIs22352,
    /// IPv4's identification is the low half of `target ^ port ^ sequence number`: by chance 1 in 65,536 a packet.
    IpIdIsFold,
    /// The sequence number is the target's address: by chance 1 in 2^32 a packet.
    SeqIsTarget,
    /// The sequence number ends as the target's address does, and begins otherwise: 1 in 65,536 a packet. So it looks
    /// where addresses are translated by prefix between sender and tap.
    SeqEndsAsTarget,
    /// The sequence number is 0.
    SeqIsZero,
    /// Any two sequence numbers differ by a number of two equal halves, zero included, though the tuples differ: a quarter as
    /// many such sets as packets may be there, because a tool draws a new one for each round.
    SeqHalvesEqual,
    /// `sequence ^ target ^ (one port << 16 | the other)` is the same in all, though the sequence numbers differ.
    SeqTargetPortsConstant,
    /// The time to live is drawn for each packet: many values within 23 of each other, none above 59, neither rising
    /// nor falling, as a traceroute's does.
    TtlRandom,
    /// IPv4's identification neither stays nor counts.
    IpIdRandom,
    /// One source port for several targets, as no kernel gives.
    SourcePortConstant,
    /// All source ports lie within 16 of each other, and neither count up nor down with the packets.
    #[serde(rename = "source-ports-consecutive-16")]
    SourcePortsConsecutive16,
    /// A source port drawn for each packet: it neither stays nor counts.
    SourcePortNewEachPacket,
    /// A target asked again from another source port, with the same sequence number: no state is kept, and a kernel
    /// would draw a new one.
    StatelessReprobe,
    /// No target asked twice from the same source port: nothing is retransmitted.
    TupleOnce,
    /// ICMP: identifier and sequence number are both drawn for each packet.
    IcmpIdRandom,
    /// ICMP: one identifier, and a sequence number that counts in the byte order of a PC.
    IcmpSeqHostOrder,
}

impl Predicate {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::IpIdIs54321,
        Self::IpIdIs22352,
        Self::IpIdIsFold,
        Self::SeqIsTarget,
        Self::SeqEndsAsTarget,
        Self::SeqIsZero,
        Self::SeqHalvesEqual,
        Self::SeqTargetPortsConstant,
        Self::TtlRandom,
        Self::IpIdRandom,
        Self::SourcePortConstant,
        Self::SourcePortsConsecutive16,
        Self::SourcePortNewEachPacket,
        Self::StatelessReprobe,
        Self::TupleOnce,
        Self::IcmpIdRandom,
        Self::IcmpSeqHostOrder,
    ];

    /// Whether each packet is judged for itself.
    pub const fn is_of_one_packet(self) -> bool {
        use Predicate::{IpIdIs22352, IpIdIs54321, IpIdIsFold, SeqEndsAsTarget, SeqIsTarget, SeqIsZero};
        matches!(self, IpIdIs22352 | IpIdIs54321 | IpIdIsFold | SeqIsTarget | SeqEndsAsTarget | SeqIsZero)
    }

    /// Of fewer packets it says nothing.
    pub const fn least(self) -> usize {
        match self {
            Self::TtlRandom => 5,
            Self::IpIdRandom | Self::SourcePortNewEachPacket | Self::IcmpIdRandom => 4,
            Self::SeqHalvesEqual | Self::SeqTargetPortsConstant | Self::SourcePortsConsecutive16 => 3,
            Self::IcmpSeqHostOrder => 3,
            Self::SourcePortConstant | Self::StatelessReprobe | Self::TupleOnce => 2,
            _ => 1,
        }
    }

    /// Whether it holds of one packet; true of those that are judged together.
    pub(super) fn of_packet(self, packet: &Imprint) -> bool {
        let target = packet.target.as_v4();
        let is_tcp = packet.transport == Transport::Tcp;
        match self {
            Self::IpIdIs54321 => packet.ip_id == 54_321,
            Self::IpIdIs22352 => packet.ip_id == 22_352,
            Self::IpIdIsFold => target.is_some_and(|target| {
                is_tcp && packet.ip_id == (target ^ u32::from(packet.port) ^ packet.sequence) as u16
            }),
            Self::SeqIsTarget => is_tcp && target == Some(packet.sequence),
            Self::SeqEndsAsTarget => target.is_some_and(|target| {
                is_tcp && target != packet.sequence && target as u16 == packet.sequence as u16
            }),
            Self::SeqIsZero => packet.sequence == 0,
            _ => true,
        }
    }

    /// Whether it holds of packets together; true of those that are judged one by one.
    pub(super) fn of_packets(self, group: &[Imprint]) -> bool {
        if group.len() < self.least() {
            return false;
        }
        match self {
            Self::SeqHalvesEqual => sequence_shared(group),
            Self::SeqTargetPortsConstant => computed_from_tuple(group),
            Self::TtlRandom => ttl_random(group),
            // A counter advances by little from packet to packet; a drawn number by less than 2,048 once in 32.
            Self::IpIdRandom => drawn(group.iter().map(|p| p.ip_id), 2048, 0.34),
            Self::SourcePortConstant => {
                distinct(group.iter().map(|p| p.source_port)) == 1
                    && group[0].source_port != 0
                    && distinct(group.iter().map(|p| (p.target, p.port))) > 1
            }
            Self::SourcePortsConsecutive16 => {
                let ports = || group.iter().map(|p| p.source_port);
                let (least, most) = (ports().min().unwrap_or(0), ports().max().unwrap_or(0));
                let up = group.windows(2).filter(|w| w[1].source_port > w[0].source_port).count();
                least > 0 && most - least < 16 && up * 4 <= (group.len() - 1) * 3
            }
            // The range may be narrowed to a few ports: a third of the steps is small then, of a counter's all are.
            Self::SourcePortNewEachPacket => drawn(group.iter().map(|p| p.source_port), 8, 0.67),
            Self::StatelessReprobe => group.iter().enumerate().any(|(place, p)| {
                let again = |q: &&Imprint| (q.target, q.port, q.sequence) == (p.target, p.port, p.sequence);
                // The same number for another target too is a run's number, not one computed for each.
                let own = |q: &Imprint| q.sequence != p.sequence || q.target == p.target;
                p.sequence != 0
                    && group[..place].iter().filter(again).any(|q| q.source_port != p.source_port)
                    && group.iter().all(own)
            }),
            Self::TupleOnce => {
                distinct(group.iter().map(|p| (p.target, p.port, p.source_port))) == group.len()
            }
            Self::IcmpIdRandom => {
                let halves = |shift: u32| group.iter().map(move |p| (p.sequence >> shift) as u16);
                drawn(halves(16), 1024, 0.34) && drawn(halves(0), 1024, 0.34)
            }
            Self::IcmpSeqHostOrder => {
                let count = |p: &Imprint| (p.sequence as u16).swap_bytes();
                distinct(group.iter().map(|p| p.sequence >> 16)) == 1
                    && group.windows(2).all(|w| matches!(count(&w[1]).wrapping_sub(count(&w[0])), 1..=16))
                    // Up to 255 of them, else both orders would look alike.
                    && group.iter().any(|p| p.sequence as u16 & 0xff00 != 0)
            }
            _ => true,
        }
    }
}

fn distinct<T: Ord>(of: impl Iterator<Item = T>) -> usize {
    let mut all: Vec<T> = of.collect();
    all.sort_unstable();
    all.dedup();
    all.len()
}

/// Drawn for each packet: more than a quarter of the values differ, and at most the share `tolerated` of the steps is a
/// small one up, as a counter's steps are.
fn drawn(of: impl Iterator<Item = u16>, little: u16, tolerated: f64) -> bool {
    let values: Vec<u16> = of.collect();
    let steps = values.windows(2).map(|w| w[1].wrapping_sub(w[0]));
    let small = steps.filter(|s| (1..=little).contains(s)).count();
    let differ = distinct(values.iter().copied());
    differ > 1 && differ * 4 > values.len() && small as f64 <= tolerated * (values.len() - 1) as f64
}

fn sequence_shared(group: &[Imprint]) -> bool {
    // Two numbers differ by equal halves just when their own halves differ by the same.
    let halves = |p: &Imprint| (p.sequence >> 16) as u16 ^ p.sequence as u16;
    let tuples = distinct(group.iter().map(|p| (p.target, p.port, p.source_port)));
    let sets = distinct(group.iter().map(halves));
    group.iter().all(|p| p.sequence != 0) && tuples >= 3 && sets <= (tuples / 4).max(1)
}

fn computed_from_tuple(group: &[Imprint]) -> bool {
    let tuples = distinct(group.iter().map(|p| (p.target, p.port, p.source_port)));
    // Where most numbers are alike, equal differences of addresses and ports would pass for a computation.
    if tuples < 3 || distinct(group.iter().map(|p| p.sequence)) * 2 <= group.len() {
        return false;
    }
    // The key is one number for the whole run; which port comes first, and the order of the address's bytes, depend on
    // the machine that computed it.
    let same = |of: &dyn Fn(&Imprint, u32) -> u32| {
        let key = |p: &Imprint| p.target.as_v4().map(|target| of(p, target));
        key(&group[0]).is_some() && group.iter().all(|p| key(p) == key(&group[0]))
    };
    let ports = |first: u16, second: u16| u32::from(first) << 16 | u32::from(second);
    same(&|p, target| p.sequence ^ target ^ ports(p.source_port, p.port))
        || same(&|p, target| p.sequence ^ target ^ ports(p.port, p.source_port))
        || same(&|p, target| p.sequence ^ target.swap_bytes() ^ ports(p.source_port, p.port))
        || same(&|p, target| p.sequence ^ target.swap_bytes() ^ ports(p.port, p.source_port))
}

fn ttl_random(group: &[Imprint]) -> bool {
    let ttl = || group.iter().map(|p| p.ttl);
    let (least, most) = (ttl().min().unwrap_or(0), ttl().max().unwrap_or(0));
    let steps = group.len() - 1;
    let rises = group.windows(2).filter(|w| w[1].ttl > w[0].ttl).count();
    let falls = group.windows(2).filter(|w| w[1].ttl < w[0].ttl).count();
    // Of 16 drawn from 23 values 12 differ on average; of five, four or more in 96 of 100.
    most - least <= 22
        && most <= 59
        && distinct(ttl()) >= (group.len() / 2).max(4)
        && rises * 4 <= steps * 3
        && falls * 4 <= steps * 3
}
