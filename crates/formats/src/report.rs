//! What was read of an input, what was skipped, what is damaged.

use std::borrow::Cow;

use crate::packet::{LinkType, Skip};
use watchpost_core::contact::Time;
use watchpost_core::detect::Sense;
use watchpost_core::record::Damage;

/// How many damaged places are told one by one; more are only counted.
pub const MAX_DAMAGE: usize = 16;

/// How many link types are listed.
const MAX_LINKS: usize = 64;

/// What was read so far.
#[derive(Clone, Debug)]
pub struct Report {
    /// Packets read (lines of a log, flows of an export), whether they gave a contact or not.
    pub packets: u64,
    /// Bytes read, after decompression.
    pub bytes: u64,
    /// Bytes taken from the input, before decompression: what a progress bar needs.
    pub bytes_raw: u64,
    /// Packets that gave no contact, by reason: `skipped[skip as usize]`.
    pub skipped: [Skipped; Skip::ALL.len()],
    /// Lines that gave no contact, by reason, in the order of their first.
    pub reasons: Vec<(&'static str, Skipped)>,
    /// What was assumed because the input does not say it.
    pub assumed: Vec<String>,
    /// What cannot be seen through this input: what, and why.
    pub blind: Vec<(Sense, Cow<'static, str>)>,
    /// The first [`MAX_DAMAGE`] damaged places.
    pub damage: Vec<Damage>,
    /// All damaged places.
    pub damages: u64,
    /// Packets of which the capture holds only a part.
    pub snapped: u64,
    /// The link types that the capture announces, in the order of their appearance.
    pub links: Vec<LinkType>,
    pub(crate) earliest: Time,
    pub(crate) latest: Time,
    /// The latest time that a line of a log told, of a contact or of what was said; `Time::MIN` before the first.
    pub reached: Time,
}

/// Packets skipped for one reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    /// How many.
    pub count: u64,
    /// Offset of the first one's record in the decompressed input, in bytes.
    pub first_offset: u64,
}

impl Report {
    pub(crate) fn new() -> Self {
        Self {
            packets: 0,
            bytes: 0,
            bytes_raw: 0,
            skipped: [Skipped::default(); Skip::ALL.len()],
            reasons: Vec::new(),
            assumed: Vec::new(),
            blind: Vec::new(),
            damage: Vec::new(),
            damages: 0,
            snapped: 0,
            links: Vec::new(),
            earliest: Time::MAX,
            latest: Time::MIN,
            reached: Time::MIN,
        }
    }

    /// The earliest packet's time.
    pub fn first(&self) -> Option<Time> {
        (self.earliest <= self.latest).then_some(self.earliest)
    }

    /// The latest packet's time.
    pub fn last(&self) -> Option<Time> {
        (self.earliest <= self.latest).then_some(self.latest)
    }

    /// Everything that was read and gave no contact, by reason.
    pub fn skipped(&self) -> impl Iterator<Item = (&'static str, Skipped)> {
        let packets = Skip::ALL.into_iter().map(|skip| (skip.reason(), self.skipped[skip as usize]));
        packets.filter(|(_, skipped)| skipped.count > 0).chain(self.reasons.iter().copied())
    }

    /// Counts a line that gave no contact.
    pub(crate) fn skip(&mut self, reason: &'static str, offset: u64) {
        match self.reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, skipped)) => skipped.count += 1,
            None => self.reasons.push((reason, Skipped { count: 1, first_offset: offset })),
        }
    }

    /// Notes that the next packet, at `offset`, could not be read.
    pub(crate) fn damaged(&mut self, offset: u64, what: String, resumed: Option<u64>) {
        self.damages += 1;
        if self.damage.len() < MAX_DAMAGE {
            self.damage.push(Damage { offset, packet: self.packets + 1, what, resumed });
        }
    }

    pub(crate) fn announces(&mut self, link: LinkType) {
        if self.links.len() < MAX_LINKS && !self.links.contains(&link) {
            self.links.push(link);
        }
    }
}
