//! The place where packets become contacts.

use crate::conversation::Conversations;
use crate::export::{Exports, Flows};
use crate::packet::{self, Ear, Heard, LinkType};
use crate::report::Report;
use watchpost_core::contact::{Contact, Time};

/// One round of reading: where contacts go, and how many more packets may be read.
pub(crate) struct Round<'a> {
    pub into: &'a mut Vec<Contact>,
    pub left: usize,
    pub sensor: u16,
    pub report: &'a mut Report,
    pub conversations: &'a mut Conversations,
    pub exports: &'a mut Option<Box<Exports>>,
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
                match ear.heard() {
                    Some(Heard::Export(bytes)) => return self.export(&contact, bytes, offset),
                    Some(Heard::Said(said)) => self.conversations.take(&contact, said),
                    None => {}
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

    /// A datagram on its way to a collector: what it reports are the contacts, not it.
    #[cold]
    fn export(&mut self, contact: &Contact, bytes: &[u8], offset: u64) {
        let report = &mut *self.report;
        let mut flows = Flows {
            sensor: self.sensor,
            contacts: self.into,
            skip: &mut |reason| report.skip(reason, offset),
            sampling: 0,
        };
        let exports = self.exports.get_or_insert_default();
        exports.take(contact.source, contact.time, bytes, &mut flows);
    }
}
