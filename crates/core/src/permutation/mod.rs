//! ZMap's permutation, recovered from the order of hits: which generator it walks with, over which list, how far it has
//! come and where it goes next.
//!
//! ZMap visits element after element of a group of prime size, `x <- g * x mod p`, and element `x` is target `x - 1` of its
//! list. For the right list and generator, logarithms of the hits turn into positions that rise with time. The way:
//! hypotheses about the list (`hypotheses`), logarithms (`logarithms`), a multiplier that makes positions rise (`search`),
//! what that is worth beyond chance (`proof`), which generator and how many threads it means (`walk`), what
//! comes next (`prediction`).
//!
//! Nothing is guessed: all that was tried is counted, 30 bits must be left over, and a generator found from one half of
//! the hits must place the other half. The limits: a custom blocklist, scattered lists and the ports of a single host
//! are not tried; one network of ZMap 2's interleaved shards is known only up to its fellow generators.

mod arithmetic; // modulo numbers below 2^49
mod groups; // ZMap's primes
mod hypotheses; // over which list, with which ports
mod lattice; // short vectors
mod lists; // addresses and their indexes
mod logarithms; // Pohlig and Hellman
mod points; // hits that could be a walk's
mod prediction; // which own targets come next
mod proof; // bits beyond chance
mod recovery; // all of it together
mod search; // multipliers under which positions rise
mod tables; // logarithms, kept
mod walk; // generator and threads
mod words; // the proof in words

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

use crate::blocks::Blocks;
use crate::record::Permutation;
use crate::trace::Trace;

pub use tables::Tables;

/// Recovers the walk behind a trace. The error says why nothing was recovered.
///
/// Deterministic. Each list and order of ports that is tried takes some ten milliseconds where tables are there; `left` is
/// how many may still be tried, and what is tried is taken off.
///
/// # Errors
/// What is missing, in words; never a guess.
pub fn recover(
    trace: &Trace,
    blocks: &Blocks,
    tables: &mut Tables,
    left: &mut usize,
) -> Result<Permutation, String> {
    recovery::recover(trace, blocks, tables, left)
}
