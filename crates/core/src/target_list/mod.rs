//! From which list of targets a scan works.
//!
//! The problem: "somebody probed us" is nothing; whether he probes everybody, us, or those of us that he knows to be live
//! decides what it means. The way: four kinds of lists, each a mixture of hypotheses (`models`) with exact likelihoods
//! (`likelihood`), over a stated prior (`data/lists.toml`). The terms of the verdict are the steps of the chain rule:
//! how many bits each observation adds, given those before it, so that their sum is the whole and nothing counts twice.
//! The proof: `watchpost-bench lists` holds the probabilities against 10,000 simulated scans.
//!
//! The limits: who holds one block cannot see that a scan went on to other blocks of the same holder. Of the hosts beyond
//! the trace's sample only their number in each block is known. A list whose choice follows none of the four kinds is
//! forced among them. Addresses that are routed nowhere else (private ones) are treated like all others.

mod facts;
mod likelihood;
pub(crate) mod math;
mod models;
mod pattern;
mod prior;
#[cfg(test)]
mod tests;
mod words;

use crate::contact::Service;
use crate::net::Address;
use crate::record::{ListBits, ListKind, ListTerm, Permutation, TargetList, WeighedList};
use crate::trace::Trace;
use facts::Facts;
use math::ln_sum;
use models::{Hypothesis, TERMS, term};
pub use prior::{KINDS, Plateau, Prior};

/// A prefix shorter than this, made to fit the hits, says nothing of where they stop.
const WIDEST_ASSUMED: f64 = 1_048_576.0;
/// Bits beyond this are not told apart.
const MOST_BITS: f64 = 999.0;

/// What is known of the scanned side, from all traffic of the run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holdings {
    /// The own blocks as first and last address, sorted, disjoint; empty where none were given.
    pub blocks: Vec<(Address, Address)>,
    /// Hosts that answered anybody (but the scan at hand may be the only one who asked), sorted.
    pub live: Vec<Address>,
    /// Services that answered anybody, sorted.
    pub open: Vec<(Address, Service)>,
}

/// What the verdict is made of.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The scan; of several sources, their hits together.
    pub trace: &'a Trace,
    /// Distinct hosts touched in each of `holdings.blocks`, in their order; empty where none were given.
    pub coverage: &'a [u64],
    /// The scanned side.
    pub holdings: &'a Holdings,
    /// The recovered permutation.
    pub permutation: Option<&'a Permutation>,
    /// Whether answers can be seen at this vantage.
    pub replies_seen: bool,
}

/// Weighs the kinds of lists.
pub fn judge(view: &View<'_>) -> TargetList {
    judge_with(view, Prior::shipped())
}

/// The same under another prior.
pub fn judge_with(view: &View<'_>, prior: &Prior) -> TargetList {
    let v4 = view.trace.hits.iter().filter(|hit| hit.target.is_v4()).count();
    if v4 * 2 < view.trace.hits.len() {
        return pattern::judge(view, prior);
    }
    let Some(facts) = Facts::of(view) else {
        return TargetList::unknown();
    };
    if facts.hits < 2.0 {
        return silent("extent", "One host was probed: a list of one tells nothing of how it was made.");
    }
    if facts.assumed && facts.addresses > WIDEST_ASSUMED {
        return silent(
            "extent",
            "The targets are scattered widely and lie in no own block (--blocks): what lies between them was not seen.",
        );
    }
    let mut shares = prior.kind.all();
    if facts.segments.len() < 2 {
        shares[2] = 0.0;
    }
    let sum: f64 = shares.iter().sum();
    shares.iter_mut().for_each(|share| *share /= sum);
    let hypotheses = models::hypotheses(&facts, view.permutation, prior);
    let steps = chain(&hypotheses, &shares);
    let doubt = if facts.assumed { prior.verdict.doubt_without_blocks } else { prior.verdict.doubt };
    let posterior = posterior(&steps, &shares, doubt);
    let terms = (0..TERMS.len())
        .filter_map(|term| {
            let text = words::sentence(term, view, &facts, &hypotheses)?;
            Some(ListTerm { name: TERMS[term].to_owned(), bits: bits(&steps[term], &shares), text })
        })
        .collect();
    verdict(&posterior, terms, prior.verdict.least)
}

/// Nothing can be weighed, and why.
fn silent(name: &str, text: &str) -> TargetList {
    let term = ListTerm { name: name.to_owned(), bits: Vec::new(), text: text.to_owned() };
    TargetList { terms: vec![term], ..TargetList::unknown() }
}

/// What each term adds to each kind's ln likelihood, given the terms before it. Shares of a kind that cannot hold the hits at
/// all (blocks elsewhere) are not among its hypotheses: what they take from it counts at the boundary.
fn chain(hypotheses: &[Hypothesis], shares: &[f64; 4]) -> Vec<[f64; 4]> {
    let mut steps = vec![[f64::NEG_INFINITY; 4]; TERMS.len()];
    for kind in (0..KINDS.len()).filter(|kind| shares[*kind] > 0.0) {
        let of_kind = || hypotheses.iter().filter(move |one| one.kind == kind);
        let mass = ln_sum(of_kind().map(|one| one.weight));
        let mut before = mass;
        for (term, step) in steps.iter_mut().enumerate() {
            let after = ln_sum(of_kind().map(|one| one.weight + one.terms[..=term].iter().sum::<f64>()));
            step[kind] = if mass.is_finite() { after - before } else { 0.0 };
            if !step[kind].is_finite() {
                step[kind] = f64::NEG_INFINITY;
            }
            before = after;
        }
        steps[term::BOUNDARY][kind] += mass;
    }
    // A kind without any hypothesis is ruled out at the boundary; elsewhere nothing is said of it.
    let ruled_out = steps[term::BOUNDARY].map(|step| step == f64::NEG_INFINITY);
    for (term, step) in steps.iter_mut().enumerate() {
        let best = step.iter().zip(ruled_out).filter(|(_, out)| !out).map(|(step, _)| *step);
        let best = best.fold(f64::NEG_INFINITY, f64::max);
        if term != term::BOUNDARY {
            step.iter_mut().zip(ruled_out).filter(|(_, out)| *out).for_each(|(step, _)| *step = best);
        }
    }
    steps
}

/// Probabilities by kind: Bayes, and a little doubt in the models.
fn posterior(steps: &[[f64; 4]], shares: &[f64; 4], doubt: f64) -> [f64; 4] {
    let weight = |kind: usize| shares[kind].ln() + steps.iter().map(|step| step[kind]).sum::<f64>();
    let weights = [0, 1, 2, 3].map(weight);
    let all = ln_sum(weights);
    if !all.is_finite() {
        return *shares;
    }
    [0, 1, 2, 3].map(|kind| {
        let here = if weights[kind].is_nan() { 0.0 } else { (weights[kind] - all).exp() };
        (1.0 - doubt) * here + doubt * shares[kind]
    })
}

/// Natural logarithms as bits against the best kind, to a hundredth.
fn bits(step: &[f64; 4], shares: &[f64; 4]) -> Vec<ListBits> {
    let best = step.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let of = |kind: usize| {
        let bits = ((step[kind] - best) / std::f64::consts::LN_2).max(-MOST_BITS);
        ListBits { kind: KINDS[kind], bits: (bits * 100.0).round() / 100.0 + 0.0 }
    };
    (0..KINDS.len()).filter(|kind| shares[*kind] > 0.0).map(of).collect()
}

/// The verdict from probabilities in the order of [`KINDS`].
fn verdict(posterior: &[f64; 4], terms: Vec<ListTerm>, least: f64) -> TargetList {
    let round = |p: f64| (p * 1e4).round() / 1e4;
    let mut weighed: Vec<WeighedList> = KINDS
        .iter()
        .zip(posterior)
        .map(|(kind, p)| WeighedList { kind: *kind, probability: round(*p) })
        .collect();
    weighed.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    let best = weighed[0];
    let kind = if best.probability >= least { best.kind } else { ListKind::Unknown };
    TargetList { kind, confidence: best.probability, weighed, terms }
}
