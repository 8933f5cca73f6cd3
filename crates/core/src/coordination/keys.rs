//! What sources of one scan have in common, from fine to coarse, as numbers to sort and count by.

use crate::contact::{Service, Transport};
use crate::imprint::Imprint;
use crate::net::Address;

use super::Lone;

/// How many kinds of keys a lone source has.
pub(super) const KINDS: usize = 7;
/// Secret of a run.
pub(super) const SECRET: usize = 0;
/// Packets alike, one service.
pub(super) const ALIKE: usize = 1;
/// Packets alike, any service: hosts may be divided, or services of hosts.
pub(super) const ANY_SERVICE: usize = 2;
/// Packets alike but for the window, one service.
pub(super) const ANY_WINDOW: usize = 3;
/// One network of origin, packets alike.
pub(super) const ORIGIN: usize = 4;
/// One wider origin (/16, /48), one service.
pub(super) const WIDER: usize = 5;
/// One service.
pub(super) const SERVICE: usize = 6;

/// Mixes a number into a key: both halves of a product of 128 bits, as in wyhash (Wang Yi).
#[inline]
pub(super) fn mix(key: u64, value: u64) -> u64 {
    let product = u128::from(key ^ 0xa076_1d64_78bd_642f) * u128::from(value ^ 0xe703_7ed1_a0b4_28db);
    product as u64 ^ (product >> 64) as u64
}

/// An address as one number.
pub(super) fn folded(address: Address) -> u64 {
    let (high, low) = address.halves();
    if high == 0 { low } else { mix(high, low) }
}

/// A service as one number, never 0.
pub(super) fn service(service: Service) -> u32 {
    1 << 24 | (service.transport as u32) << 16 | u32::from(service.port)
}

/// The initial time to live behind a captured one: stacks and tools begin at 32, 64, 128 or 255.
pub(super) fn initial_ttl(ttl: u8) -> u8 {
    match ttl {
        0..=32 => 32,
        33..=64 => 64,
        65..=128 => 128,
        _ => 255,
    }
}

/// What packets of one tool have in common: class and initial time to live.
pub(super) fn imprint(imprint: &Imprint) -> u64 {
    mix(imprint.class(), u64::from(initial_ttl(imprint.ttl)))
}

/// The number that a stateless sender folds into its sequence numbers, if it folds target and ports as unicornscan does
/// (`seq = key ^ target ^ (source port << 16 | port)`): equal among all senders of one run. Nothing where the sequence
/// number is the target (Mirai and its kin) or has no ports in it to be sure of.
pub(super) fn secret(imprint: &Imprint) -> Option<u32> {
    let target = imprint.target.as_v4()?;
    if imprint.transport != Transport::Tcp || imprint.sequence == 0 || imprint.sequence == target {
        return None;
    }
    let ports = u32::from(imprint.source_port) << 16 | u32::from(imprint.port);
    Some(imprint.sequence ^ target ^ ports).filter(|key| key >> 16 != 0 && key << 16 != 0)
}

/// The keys of a lone source. Each holds where the target lies (/16 of IPv4, /48 of IPv6), 0 stands for none.
pub(super) fn of(lone: &Lone) -> [u64; KINDS] {
    let place = mix(0, folded(lone.target.neighbourhood()));
    let asked = u64::from(service(lone.service));
    let seen = &lone.imprint;
    let alike = mix(place, imprint(seen));
    let mut loose = *seen;
    loose.window = 0;
    let network = folded(lone.source.network());
    let wider = folded(lone.source.neighbourhood());
    [
        secret(seen).map_or(0, |key| mix(mix(place, SECRET as u64), u64::from(key))),
        mix(mix(alike, ALIKE as u64), asked),
        mix(alike, 0),
        mix(mix(mix(place, ANY_WINDOW as u64), imprint(&loose)), asked),
        mix(mix(mix(alike, ORIGIN as u64), network), asked),
        mix(mix(mix(place, WIDER as u64), wider), asked),
        mix(mix(place, SERVICE as u64), asked),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captured_times_to_live_name_the_initial_one() {
        for (seen, initial) in [(29, 32), (33, 64), (64, 64), (113, 128), (129, 255), (243, 255)] {
            assert_eq!(initial_ttl(seen), initial);
        }
    }
}
