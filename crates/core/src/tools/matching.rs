//! Marks against the packets of a source.
//!
//! A source may run several tools, and its kernel or others behind the same address send packets of their own. So packets
//! are judged by class (transport, flags, options, DF, window): each class shows its own tool, and every packet kept of it
//! must agree. A mark that names no window is first held against all windows together, because bots draw a new one for
//! each packet. The limit: two tools whose packets have the same class hide each other.

use std::collections::BTreeMap;

use super::file::{Mark, Over, Range};
use super::{packets, rounded};
use crate::contact::{Transport, traits};
use crate::imprint::{Imprint, Imprints, KEPT};
use crate::record::Tool;

/// A mark that matched: which, which packets agree (numbered as kept), and of how many.
struct Match<'a> {
    mark: &'a Mark,
    places: Vec<usize>,
    of: usize,
}

/// The tools that the packets show; one tool may stand there several times.
pub(super) fn by_packets(marks: &[Mark], imprints: &Imprints) -> Vec<Tool> {
    let kept = distinct(imprints);
    let mut found: Vec<Match<'_>> = marks.iter().flat_map(|mark| matches(mark, &kept)).collect();
    let shown: Vec<(&str, Vec<usize>)> = found.iter().map(|m| (&*m.mark.tool, m.places.clone())).collect();
    found.retain(|m| {
        let same = |places: &[usize]| places.iter().any(|p| m.places.contains(p));
        !shown.iter().any(|(tool, places)| m.mark.excludes.iter().any(|e| e == tool) && same(places))
    });
    found.iter().map(Match::tool).collect()
}

/// The packets kept, without those that a tap or a mirror port saw twice: alike in all but the hops.
fn distinct(imprints: &Imprints) -> Vec<Imprint> {
    let mut kept: Vec<Imprint> = Vec::new();
    for packet in imprints.classes().iter().flat_map(|class| &class.kept) {
        let twice =
            |p: &Imprint| Imprint { ttl: packet.ttl, ..*p } == *packet && p.ttl.abs_diff(packet.ttl) <= 1;
        // Both copies come at once, so they are neighbours.
        if !kept.iter().rev().take(2).any(twice) {
            kept.push(*packet);
        }
    }
    kept
}

fn matches<'a>(mark: &'a Mark, kept: &[Imprint]) -> Vec<Match<'a>> {
    let any_window = mark.windows.is_empty() && mark.data.is_empty();
    let mut found = Vec::new();
    for places in groups(kept, any_window).into_values() {
        if let Some(whole) = judge(mark, kept, &places) {
            found.push(whole);
        } else if any_window {
            let members: Vec<Imprint> = places.iter().map(|p| kept[*p]).collect();
            let by_window = groups(&members, false);
            if by_window.len() > 1 {
                let own = |part: Vec<usize>| part.into_iter().map(|p| places[p]).collect::<Vec<_>>();
                found.extend(by_window.into_values().filter_map(|part| judge(mark, kept, &own(part))));
            }
        }
    }
    found
}

/// Places by class; `any_window`: of TCP also those that differ in nothing but the window.
fn groups(kept: &[Imprint], any_window: bool) -> BTreeMap<u64, Vec<usize>> {
    let mut groups: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (place, packet) in kept.iter().enumerate() {
        let windowless = any_window && packet.transport == Transport::Tcp;
        let class = if windowless { Imprint { window: 0, ..*packet }.class() } else { packet.class() };
        groups.entry(class).or_default().push(place);
    }
    groups
}

fn judge<'a>(mark: &'a Mark, kept: &[Imprint], places: &[usize]) -> Option<Match<'a>> {
    let group: Vec<Imprint> = places.iter().map(|p| kept[*p]).collect();
    let agrees = |p: &Imprint| mark.fits(p) && mark.holds.iter().all(|h| h.of_packet(p));
    let agree: Vec<usize> = places.iter().copied().filter(|p| agrees(&kept[*p])).collect();
    let enough = agree.len() >= mark.least && agree.len() as f64 >= mark.share * group.len() as f64;
    let together = || mark.holds.iter().all(|h| h.of_packets(&group));
    (enough && together()).then_some(Match { mark, places: agree, of: group.len() })
}

impl Mark {
    /// Whether a packet's fields are those of the mark.
    fn fits(&self, packet: &Imprint) -> bool {
        let of = |ranges: &[Range], number| ranges.is_empty() || Range::any(ranges, number);
        let is_tcp = packet.transport == Transport::Tcp;
        let set = |options: &Vec<super::file::TcpOption>| options.iter().fold(0, |all, o| all | o.bits());
        let options = packet.traits & (traits::TCP_OPTIONS | traits::TIMESTAMP_ALL_ONES);
        self.kinds.contains(&packet.kind)
            && self.over.is_none_or(|over| (over == Over::Ipv4) == packet.target.is_v4())
            && (self.windows.is_empty() || is_tcp && Range::any(&self.windows, packet.window))
            && (self.data.is_empty() || !is_tcp && Range::any(&self.data, packet.window))
            && of(&self.ttl, u16::from(packet.ttl))
            && of(&self.ports, packet.port)
            && of(&self.source_ports, packet.source_port)
            && self.dont_fragment.is_none_or(|df| df == (packet.traits & traits::DONT_FRAGMENT != 0))
            && self.header_split.is_none_or(|split| split == (packet.traits & traits::HEADER_SPLIT != 0))
            && (self.options.is_empty() || self.options.iter().map(set).any(|set| set == options))
            && self.flags.as_ref().is_none_or(|f| f.iter().fold(0, |all, f| all | f.bit()) == packet.flags)
    }

    /// The doubt falls by the same factor with each further packet, from `confidence` at `least` to `up_to` at sixteen.
    fn confidence_of(&self, packets: usize) -> f64 {
        let further = packets.clamp(self.least, KEPT) - self.least;
        let most = (KEPT - self.least).max(1);
        let (first, last) = (1.0 - self.confidence, 1.0 - self.up_to);
        1.0 - first * (last / first).powf(further as f64 / most as f64)
    }
}

impl Match<'_> {
    fn tool(&self) -> Tool {
        let (agree, all) = (self.places.len(), self.of);
        let how_many = match agree {
            1 if all == 1 => "in the one packet kept of this kind".into(),
            _ if agree == all => format!("in all {} kept of this kind", packets(all)),
            _ => format!("in {agree} of {} kept of this kind", packets(all)),
        };
        Tool {
            name: self.mark.tool.clone(),
            version: self.mark.versions.clone(),
            confidence: rounded(self.mark.confidence_of(agree)),
            text: format!("{}, {how_many}", self.mark.says),
        }
    }
}
