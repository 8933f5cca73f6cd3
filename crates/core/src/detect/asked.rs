//! Asked: what a source wants of hosts that answer, and what it does with their greetings.
//!
//! A scan of live hosts leaves no failed contact. What tells it is what was said: requests that no visitor makes
//! (credentials, known exploits), interfaces that only operators ask for, and greetings that were read and left without a
//! word. Which requests these are stands in `data/procedures.toml`; the marks are set when the words are heard.
//!
//! The first is told by content and adds to everything else. The other two are breadth, with a heavy tail as there: an
//! operator's poller asks for the same interfaces, and a health check leaves greetings too, of a few targets in rounds.
//! The limits: what is encrypted is not heard, and only targets kept one by one have marks.

use super::dossier::{Probe, mark};
use super::{Case, Host, Sense, Spec, breadth};
use crate::evidence::{Bits, Evidence};
use crate::net::Address;
use crate::record::Family;

/// Each host asked for what no visitor asks for: as much as a packet that no stack sends, so that four decide.
const PRIZE: f64 = 2.0;
/// All of it together.
const MOST: f64 = 30.0;
/// Hosts asked so before it is worth a word: links in a page, a mistyped address, a test of one's own two servers.
pub const FEWEST: u64 = 3;
/// Hosts that one operator's tool asks for their interfaces without coming back to them.
const CONTROLLED: f64 = 2.0;
/// Hosts that an ordinary source lets greet and leaves without a word: full mail servers, one look by hand.
const GREETED: f64 = 2.0;

/// Requests that no visitor makes.
pub const PRIZES: Spec = Spec {
    name: "prizes",
    family: Family::Craft,
    help: "credentials, known exploits and scanners' own probe lines asked of several hosts (data/procedures.toml)",
    needs: &[Sense::Words],
    weigh: prizes,
};

/// Interfaces that only operators ask for.
pub const CONTROLS: Spec = Spec {
    name: "controls",
    family: Family::Breadth,
    help: "interfaces that control containers asked of more hosts than an operator's own (data/procedures.toml)",
    needs: &[Sense::Words],
    weigh: controls,
};

/// Greetings without an answer.
pub const GREETINGS: Spec = Spec {
    name: "greetings",
    family: Family::Breadth,
    help: "servers of many hosts greet, and the source leaves without a word",
    needs: &[Sense::Words],
    weigh: greetings,
};

/// The hosts asked for what no visitor asks for.
pub fn hunted<'a>(case: &'a Case<'_>) -> impl Iterator<Item = &'a Host> {
    let hosts = of(case, |p| p.marks & mark::HUNTED != 0);
    case.hosts.iter().filter(move |h| hosts.binary_search(&h.address).is_ok())
}

/// The hosts with such a target, sorted.
fn of(case: &Case<'_>, is: impl Fn(&Probe) -> bool) -> Vec<Address> {
    let mut hosts: Vec<_> = case.probes().filter(|p| is(p)).map(|p| p.target).collect();
    hosts.sort_unstable();
    hosts.dedup();
    hosts
}

fn prizes(case: &Case<'_>) -> Option<Evidence> {
    let hosts = hunted(case).count() as u64;
    let bits = (Bits::new(PRIZE) * hosts).min(Bits::new(MOST));
    let text = || format!("{hosts} hosts asked for credentials, exploits or scanners' probe lines");
    (hosts >= FEWEST).then(|| Evidence::new(Family::Craft, bits, text()))
}

fn controls(case: &Case<'_>) -> Option<Evidence> {
    let hosts = of(case, |p| p.marks & mark::CONTROLS != 0).len();
    let bits = breadth::bits(hosts as f64, CONTROLLED);
    let text =
        || format!("{hosts} hosts asked for what only operators ask for; normal is up to {CONTROLLED}");
    (bits > Bits::ZERO).then(|| Evidence::new(Family::Breadth, bits, text()))
}

fn greetings(case: &Case<'_>) -> Option<Evidence> {
    let hosts = of(case, Probe::left_greeted).len();
    let bits = breadth::bits(hosts as f64, GREETED);
    let text = || format!("{hosts} hosts greeted and were left without a word; normal is up to {GREETED}");
    (bits > Bits::ZERO).then(|| Evidence::new(Family::Breadth, bits, text()))
}
