//! What was read of a capture, what was skipped, what is damaged; and the place where packets become contacts.

use crate::conversation::Conversations;
use crate::packet::{self, Ear, LinkType, Skip};
use watchpost_core::contact::{Contact, Time};
use watchpost_core::record::Damage;

/// How many damaged places are told one by one; more are only counted.
pub const MAX_DAMAGE: usize = 16;

/// How many link types are listed.
const MAX_LINKS: usize = 64;

/// What was read so far.
#[derive(Clone, Debug)]
pub struct Report {
    /// Packets read, whether they gave a contact or not.
    pub packets: u64,
    /// Bytes read, after decompression.
    pub bytes: u64,
    /// Bytes taken from the input, before decompression: what a progress bar needs.
    pub bytes_raw: u64,
    /// Packets that gave no contact, by reason: `skipped[skip as usize]`.
    pub skipped: [Skipped; Skip::ALL.len()],
    /// The first [`MAX_DAMAGE`] damaged places.
    pub damage: Vec<Damage>,
    /// All damaged places.
    pub damages: u64,
    /// Packets of which the capture holds only a part.
    pub snapped: u64,
    /// The link types that the capture announces, in the order of their appearance.
    pub links: Vec<LinkType>,
    earliest: Time,
    latest: Time,
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
    pub(super) fn new() -> Self {
        Self {
            packets: 0,
            bytes: 0,
            bytes_raw: 0,
            skipped: [Skipped::default(); Skip::ALL.len()],
            damage: Vec::new(),
            damages: 0,
            snapped: 0,
            links: Vec::new(),
            earliest: Time::MAX,
            latest: Time::MIN,
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

    /// Notes that the next packet, at `offset`, could not be read.
    pub(super) fn damaged(&mut self, offset: u64, what: String, resumed: Option<u64>) {
        self.damages += 1;
        if self.damage.len() < MAX_DAMAGE {
            self.damage.push(Damage { offset, packet: self.packets + 1, what, resumed });
        }
    }

    pub(super) fn announces(&mut self, link: LinkType) {
        if self.links.len() < MAX_LINKS && !self.links.contains(&link) {
            self.links.push(link);
        }
    }
}

/// One round of reading: where contacts go, and how many more packets may be read.
pub(super) struct Round<'a> {
    pub into: &'a mut Vec<Contact>,
    pub left: usize,
    pub sensor: u16,
    pub report: &'a mut Report,
    pub conversations: &'a mut Conversations,
}

impl Round<'_> {
    /// Takes one packet whose record starts at `offset`.
    #[inline]
    pub fn packet(&mut self, link: LinkType, time: Time, captured: &[u8], original_len: u32, offset: u64) {
        let report = &mut *self.report;
        self.left -= 1;
        report.packets += 1;
        report.snapped += u64::from((captured.len() as u64) < u64::from(original_len));
        report.earliest = report.earliest.min(time);
        report.latest = report.latest.max(time);
        let ear = Ear::default();
        match packet::hear(link, time, captured, original_len, self.sensor, &ear) {
            Ok(contact) => {
                if let Some(said) = ear.said() {
                    self.conversations.take(&contact, said);
                }
                self.into.push(contact);
            }
            Err(skip) => {
                let skipped = &mut report.skipped[skip as usize];
                if skipped.count == 0 {
                    skipped.first_offset = offset;
                }
                skipped.count += 1;
            }
        }
    }
}
