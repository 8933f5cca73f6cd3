//! What sources of one scan have in common, from fine to coarse, as numbers to sort and count by.

use crate::contact::{Service, Time, Transport};
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

/// A lone source and one of its targets, with no more than is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// The source.
    pub source: Address,
    /// Its target.
    pub target: Address,
    /// When.
    pub time: Time,
    /// See [`imprint`].
    pub imprint: u64,
    /// The same without the window.
    pub loose: u64,
    /// The service.
    pub service: Service,
    /// See [`secret`]; 0 for none.
    secret: u32,
}

impl Seen {
    /// Of a lone source.
    #[inline]
    pub fn new(lone: &Lone) -> Self {
        let Lone { source, target, service, time, imprint: seen, .. } = *lone;
        let loose = imprint(&Imprint { window: 0, ..seen });
        Self {
            source,
            target,
            time,
            imprint: imprint(&seen),
            loose,
            service,
            secret: secret(&seen).unwrap_or(0),
        }
    }

    /// The secret of the run, if there is one in its sequence number.
    pub fn secret(&self) -> Option<u32> {
        Some(self.secret).filter(|secret| *secret != 0)
    }

    /// Where the target lies (/16 of IPv4, /48 of IPv6): part of every key.
    #[inline]
    pub fn place(&self) -> u64 {
        mix(0, folded(self.target.neighbourhood()))
    }

    /// The key of a kind, in this place; 0 stands for none.
    #[inline(always)]
    pub fn key(&self, kind: usize, place: u64) -> u64 {
        let asked = u64::from(service(self.service)) | (kind as u64) << 32;
        match kind {
            SECRET if self.secret == 0 => 0,
            SECRET => mix(place, u64::from(self.secret)),
            ALIKE => mix(mix(place, self.imprint), asked),
            ANY_SERVICE => mix(mix(place, self.imprint), 0),
            ANY_WINDOW => mix(mix(place, self.loose), asked),
            ORIGIN => mix(mix(mix(place, self.imprint), asked), folded(self.source.network())),
            WIDER => mix(mix(place, asked), folded(self.source.neighbourhood())),
            _ => mix(place, asked),
        }
    }
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
