//! Lists of IPv6 addresses.
//!
//! Nobody walks 2^128 addresses, so "the whole Internet, address by address" does not exist here. What exists: a dense
//! range (a /120 address by address), a pattern over many networks (::1 of each), and addresses known from elsewhere (names,
//! hit lists). A dense range is a block. Hosts that are live and follow no pattern were known beforehand: by chance even
//! one such hit is 2^-64. A pattern can be walked over one holder's networks or over everybody's: that stays unknown.

use super::{Prior, View, silent, verdict};
use crate::contact::Outcome;
use crate::record::{ListBits, ListKind, ListTerm, TargetList};

/// Low-byte: the interface identifier is no greater than this.
const LOW: u64 = 0xffff;
/// A range is dense when at least this share of it was hit.
const DENSE: f64 = 0.25;
/// Fewer hosts say nothing of a pattern.
const LEAST: usize = 4;

/// Weighs an IPv6 scan.
pub fn judge(view: &View<'_>, prior: &Prior) -> TargetList {
    let mut hosts: Vec<(u128, bool)> = view
        .trace
        .hits
        .iter()
        .filter(|hit| !hit.target.is_v4())
        .map(|hit| {
            let known = view.holdings.live.binary_search(&hit.target).is_ok();
            (hit.target.number(), known || hit.outcome >= Outcome::Refused)
        })
        .collect();
    hosts.sort_unstable();
    hosts.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        kept.1 |= same && next.1;
        same
    });
    let count = hosts.len();
    if count < LEAST {
        return silent(
            "pattern",
            &format!("{count} IPv6 hosts were probed: too few to tell a block, a pattern and a list apart."),
        );
    }
    let bits = 128 - (hosts[0].0 ^ hosts[count - 1].0).leading_zeros();
    // Density within the sample's own span: what was left out between consecutive hits would show as holes.
    let size = 2_f64.powi(bits as i32);
    let density = (view.trace.hosts.max(count as u64) as f64 / size).min(1.0);
    let live = hosts.iter().filter(|host| host.1).count();
    let low = hosts.iter().filter(|host| host.0 as u64 <= LOW).count();
    let networks = hosts.chunk_by(|a, b| a.0 >> 64 == b.0 >> 64).count();
    if density >= DENSE {
        // By the coverage alone: a list of chosen addresses that fills a quarter of a range is one in size^(hits / 2).
        let against = (count as f64 * (1.0 + density.log2().abs())).min(999.0);
        let text = format!(
            "{} of the {} addresses of one /{} were hit, address by address.",
            view.trace.hosts,
            size,
            128 - bits
        );
        let odds = prior.kind.block / (prior.kind.curated * 2_f64.powf(-against));
        let sure = odds / (1.0 + odds) * (1.0 - prior.verdict.doubt);
        return verdict(
            &[0.0, sure, 0.0, 1.0 - sure],
            vec![term(ListKind::Curated, against, text)],
            prior.verdict.least,
        );
    }
    if low * 10 >= count * 9 {
        return silent(
            "pattern",
            &format!(
                "{low} of {count} sampled hosts are low-byte addresses (::1 and the like) in {networks} networks, {live} of them live: a list made by \
                 a pattern, which may be walked over one holder's networks or over everybody's. No uniform scan of IPv6 exists."
            ),
        );
    }
    if live * 10 >= count * 9 {
        // Even a network with a million live hosts is met by chance once in 2^44 tries a host.
        let against = (44.0 * live as f64).min(999.0);
        let text = format!(
            "{live} of {count} sampled hosts are live and follow no pattern; by chance each such hit has a probability below 2^-44."
        );
        let odds = prior.kind.curated / (prior.kind.block * 2_f64.powf(-against));
        let sure = odds / (1.0 + odds) * (1.0 - prior.verdict.doubt);
        return verdict(
            &[0.0, 1.0 - sure, 0.0, sure],
            vec![term(ListKind::Block, against, text)],
            prior.verdict.least,
        );
    }
    silent(
        "pattern",
        &format!(
            "{count} sampled IPv6 hosts in {networks} networks, {live} live, {low} low-byte: neither a dense range, nor a plain pattern, nor a list of \
             live hosts. No uniform scan of IPv6 exists."
        ),
    )
}

fn term(loser: ListKind, bits: f64, text: String) -> ListTerm {
    let winner = if loser == ListKind::Block { ListKind::Curated } else { ListKind::Block };
    let bits = vec![ListBits { kind: winner, bits: 0.0 }, ListBits { kind: loser, bits: -bits }];
    ListTerm { name: "pattern".to_owned(), bits, text }
}
