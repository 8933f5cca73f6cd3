//! What is said on connections: the first bytes of both sides, put together, become short clean facts.
//!
//! The problem: what a scan learned, and what it asked for, is told in the first few hundred bytes of a connection, spread
//! over segments, and nobody can keep all connections of a busy line. The way: a connection is noted when its SYN-ACK
//! passes, for then both sides' sequence numbers are known, and forgotten as soon as both sides have told what they are
//! (`table`). Most say it in one segment, which is read where it lies; only a sentence that is cut in the middle is
//! kept (`dialogue`), up to 8 KiB of a server's and 4 KiB of a client's. Segments that come twice or a little too early are
//! put right; a gap ends a side with what there is. The same words between the same two hosts and service are told once in
//! nine minutes, so that clients which come again and again cost little.
//!
//! Memory: 256 KiB of connections, 2 MiB of sentences (twice that with what vectors reserve), 64 KiB of what was told. Limits:
//! connections that began before the capture, or in the file before it, are not heard; of two sides that are captured in
//! different files only the one with the SYN-ACK is.

mod bytes; // a cursor, and searches
mod certificate; // X.509 names
mod command; // clients in lines, and unknown ones
mod database; // MySQL, PostgreSQL, Redis, MongoDB
mod datagram; // DNS, SNMP, NTP, SSDP, SIP, memcached
mod dialogue; // sentences that are not whole
mod facts; // what leaves is clean
mod greeting; // servers that speak first
mod http; // HTTP and its kin
mod mask; // secrets
mod plain; // no secrets at first sight
pub mod said; // one answer, as whoever asked it reads it
mod software; // names and versions in free text
mod speech; // which protocol is it?
mod table; // connections
mod telling; // what was told already
mod tls; // hellos and certificates
mod windows; // RDP, SMB, LDAP, NTLM

use dialogue::{Ahead, Dialogues, Ends, KEPT};
use facts::Facts;
use std::borrow::Cow;
use table::{CLIENT, Place, SERVER, Slot, Table};
use watchpost_core::contact::flags::{FIN, RST};
use watchpost_core::contact::{Contact, Phase, Time, Transport};
use watchpost_core::utterance::Utterance;

pub use facts::{fact, is_unfit};

pub(crate) use datagram::is_told;

/// What a packet carries above its transport.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    /// The bytes of it that were captured.
    pub bytes: &'a [u8],
    /// How many it had on the wire.
    pub length: usize,
    /// TCP's acknowledgement number.
    pub acknowledges: u32,
}

/// Further requests that are told of one connection.
const MOST_FURTHER: u32 = 8;
/// A side that is cut into more segments than this without telling anything is taken as it is: each has to be read anew.
const MOST_SEGMENTS: u32 = 32;
/// The connections of one input, and what was heard on them.
#[derive(Default)]
pub struct Conversations {
    table: Table,
    dialogues: Dialogues,
    /// Marks of what was told.
    told: Vec<u32>,
    heard: Vec<Utterance>,
    /// For the utterance at hand.
    facts: Facts,
}

impl Conversations {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Hands over what was heard since the last call, in the order in which it was completed.
    pub fn heard(&mut self, into: &mut Vec<Utterance>) {
        into.append(&mut self.heard);
    }

    /// Takes the packet that gave this contact.
    #[inline]
    pub fn take(&mut self, contact: &Contact, said: Said<'_>) {
        match contact.transport {
            Transport::Tcp if contact.phase == Phase::Reply => self.open(contact, said.acknowledges),
            Transport::Tcp => self.segment(contact, said),
            Transport::Udp => self.datagram(contact, said),
            _ => {}
        }
    }

    /// The input has ended: whatever is there is all.
    pub fn end(&mut self) {
        for number in 0..self.dialogues.places() {
            self.give_up(number, Slot::default());
        }
        self.table = Table::default();
    }

    /// A SYN-ACK: from here on both sides are heard.
    fn open(&mut self, contact: &Contact, acknowledges: u32) {
        let client = table::end(contact.source, contact.source_port);
        let server = table::end(contact.target, contact.port);
        let place = table::place(client, server);
        let next = [acknowledges, contact.sequence.wrapping_add(1)];
        if let Some(old) = self.table.get(place) {
            // Sent again, or the same ends speak anew.
            if old.next == next || (old.is_done(CLIENT) && old.next[SERVER] == next[SERVER]) {
                return;
            }
            self.forget(place, old);
        }
        if let Some(pushed_out) = self.table.insert(place, Slot::new(next, server > client))
            && let Some(number) = pushed_out.dialogue()
        {
            self.give_up(number, pushed_out);
        }
    }

    #[inline]
    fn segment(&mut self, contact: &Contact, said: Said<'_>) {
        if self.table.is_unused() {
            return;
        }
        let speaker = table::end(contact.source, contact.source_port);
        let listener = table::end(contact.target, contact.port);
        let place = table::place(speaker, listener);
        if let Some(slot) = self.table.get(place) {
            let side = slot.side(speaker > listener);
            self.known(place, slot, side, contact, said);
        }
    }

    /// A segment of a connection that is listened to.
    #[inline(never)]
    fn known(&mut self, place: Place, mut slot: Slot, side: usize, contact: &Contact, said: Said<'_>) {
        if said.length > 0 {
            if slot.is_done(side) {
                self.further(&mut slot, side, contact, said);
            } else {
                self.bytes(place, &mut slot, side, contact, said);
            }
        }
        if contact.flags & RST != 0 {
            return self.forget(place, slot);
        }
        let end = contact.sequence.wrapping_add(said.length as u32);
        if contact.flags & FIN != 0 && (slot.is_done(side) || slot.next[side] == end) {
            self.finish(&mut slot, side);
        }
        if let Some(number) = slot.dialogue()
            && self.dialogues.is_empty(number)
        {
            self.dialogues.end(number);
            slot.set_dialogue(None);
        }
        let goes_on =
            slot.protocol(CLIENT).goes_on() && slot.further() < MOST_FURTHER && contact.flags & FIN == 0;
        if slot.is_done(SERVER) && slot.is_done(CLIENT) && !goes_on {
            self.forget(place, slot);
        } else {
            self.table.set(place, slot);
        }
    }

    /// Bytes of a side that has not told enough yet.
    fn bytes(&mut self, place: Place, slot: &mut Slot, side: usize, contact: &Contact, said: Said<'_>) {
        let ends = ends(contact, side);
        let offset = contact.sequence.wrapping_sub(slot.next[side]).cast_signed();
        if offset > 0 {
            let kept = offset as usize <= KEPT[side]
                && said.bytes.len() <= KEPT[side]
                && self.dialogue(place, slot, ends).is_some_and(|number| {
                    let (sequence, length) = (contact.sequence, said.length);
                    let ahead = Ahead { sequence, length, bytes: said.bytes.to_vec() };
                    self.dialogues.change(number, side, |kept| kept.keep_ahead(ahead)).unwrap_or(false)
                });
            if !kept {
                self.finish(slot, side);
            }
            return;
        }
        self.add(place, slot, side, ends, contact.time, (contact.sequence, said.length, said.bytes));
        // What had come too early may fit now.
        while let Some(number) = slot.dialogue()
            && !slot.is_done(side)
        {
            let next = slot.next[side];
            let fits = |ahead: &Ahead| ahead.sequence.wrapping_sub(next).cast_signed() <= 0;
            let taken = self.dialogues.change(number, side, |kept| {
                kept.ahead.iter().position(fits).map(|at| kept.ahead.swap_remove(at))
            });
            let Some(Some(ahead)) = taken else { break };
            self.add(place, slot, side, ends, contact.time, (ahead.sequence, ahead.length, &ahead.bytes));
        }
    }

    /// Adds a segment (sequence number, length, bytes captured) that does not come too early.
    fn add(
        &mut self,
        place: Place,
        slot: &mut Slot,
        side: usize,
        ends: Ends,
        time: Time,
        (sequence, length, bytes): (u32, usize, &[u8]),
    ) {
        let known = slot.next[side].wrapping_sub(sequence) as usize;
        if known >= length {
            return;
        }
        let fresh = bytes.get(known..).unwrap_or_default();
        let snapped = bytes.len() < length;
        slot.next[side] = slot.next[side].wrapping_add((length - known) as u32);
        let kept = slot.dialogue().and_then(|number| {
            self.dialogues.change(number, side, |kept| {
                kept.segments += 1;
                (std::mem::take(&mut kept.bytes), kept.segments)
            })
        });
        // Nearly always the first segment tells, and is read where it lies.
        let (whole, segments) = match kept {
            Some((mut kept, segments)) if !kept.is_empty() => {
                kept.extend_from_slice(&fresh[..fresh.len().min(KEPT[side].saturating_sub(kept.len()))]);
                (Cow::Owned(kept), segments)
            }
            _ => (Cow::Borrowed(&fresh[..fresh.len().min(KEPT[side])]), 0),
        };
        let ended = snapped || whole.len() >= KEPT[side] || segments >= MOST_SEGMENTS;
        if whole.is_empty() {
            if ended {
                slot.set_done(side);
            }
            return;
        }
        if self.tell(slot, side, ends, time, &whole, ended) {
            // What came early waits for nothing any more, and its place is wanted.
            if let Some(number) = slot.dialogue() {
                self.dialogues.change(number, side, |kept| kept.ahead.clear());
            }
            return;
        }
        if let Some(number) = self.dialogue(place, slot, ends) {
            self.dialogues.change(number, side, |kept| {
                kept.bytes = whole.into_owned();
                kept.time = time;
            });
        }
    }

    /// The dialogue of a connection, begun if there is none.
    fn dialogue(&mut self, place: Place, slot: &mut Slot, ends: Ends) -> Option<usize> {
        while self.dialogues.is_full() {
            let Some(oldest) = self.dialogues.oldest(slot.dialogue()) else { break };
            self.give_up(oldest, Slot::default());
        }
        if slot.dialogue().is_none() {
            slot.set_dialogue(Some(self.dialogues.begin(place, ends)));
        }
        slot.dialogue()
    }

    /// A side says no more: what there is is all.
    fn finish(&mut self, slot: &mut Slot, side: usize) {
        if slot.is_done(side) {
            return;
        }
        if let Some(number) = slot.dialogue()
            && let Some((ends, time)) = self.dialogues.get(number).map(|d| (d.ends, d.sides[side].time))
            && let Some(kept) = self.dialogues.change(number, side, std::mem::take)
            && !kept.bytes.is_empty()
        {
            self.tell(slot, side, ends, time, &kept.bytes, true);
        }
        slot.set_done(side);
    }

    /// The connection is over or told; what there is is all.
    fn forget(&mut self, place: Place, mut slot: Slot) {
        for side in [CLIENT, SERVER] {
            self.finish(&mut slot, side);
        }
        if let Some(number) = slot.dialogue() {
            self.dialogues.end(number);
        }
        self.table.remove(place);
    }

    /// A dialogue has to go, or its connection has gone from the table and was `gone`.
    fn give_up(&mut self, number: usize, gone: Slot) {
        let Some(dialogue) = self.dialogues.end(number) else { return };
        let known = self.table.get(dialogue.place).filter(|slot| slot.dialogue() == Some(number));
        let mut slot = known.unwrap_or(gone);
        slot.set_dialogue(None);
        for side in [CLIENT, SERVER] {
            let kept = &dialogue.sides[side];
            if !kept.bytes.is_empty() && !slot.is_done(side) {
                self.tell(&mut slot, side, dialogue.ends, kept.time, &kept.bytes, true);
            }
        }
        if known.is_some() {
            self.table.set(dialogue.place, slot);
        }
    }
}

/// Client and server of a packet that this side sent.
fn ends(contact: &Contact, side: usize) -> Ends {
    let mut address = [contact.source, contact.target];
    let mut port = [contact.source_port, contact.port];
    if side == SERVER {
        address.reverse();
        port.reverse();
    }
    Ends { address, port, sensor: contact.sensor }
}
