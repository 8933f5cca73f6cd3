//! From what was said to what is told: read, held against what was told lately, cleaned.

use super::dialogue::Ends;
use super::speech::{self, Speech};
use super::table::{self, CLIENT, SERVER, Slot};
use super::{Conversations, MOST_FURTHER, Said, command, datagram, ends};
use watchpost_core::contact::{Contact, Time, Transport};
use watchpost_core::utterance::{Protocol, Role, Utterance};

/// Utterances that wait to be fetched, at most; a reader fetches them every few thousand packets.
const MOST_WAITING: usize = 8_192;
/// What was told lately, by a hash: 64 KiB.
const TOLD: usize = 1 << 14;
/// For so long the same words between the same ends are told once: 2^39 nanoseconds, nine minutes.
const EPOCH: u32 = 39;

impl Conversations {
    /// Reads a side; false if it needs more.
    pub(super) fn tell(
        &mut self,
        slot: &mut Slot,
        side: usize,
        ends: Ends,
        time: Time,
        bytes: &[u8],
        ended: bool,
    ) -> bool {
        let speech = Speech { bytes, ended, port: ends.port[SERVER], other: slot.protocol(1 - side) };
        let read = if side == SERVER { speech::server } else { speech::client };
        self.facts.clear();
        let Some(protocol) = read(&speech, &mut self.facts) else {
            if ended {
                slot.set_done(side);
            }
            return ended;
        };
        slot.set_done(side);
        slot.set_protocol(side, protocol);
        self.push(ends, side, Transport::Tcp, time, protocol);
        true
    }

    /// Tells the facts at hand, if there are any and they were not told lately.
    fn push(&mut self, ends: Ends, side: usize, transport: Transport, time: Time, protocol: Protocol) {
        let tells = !self.facts.is_empty() || protocol != Protocol::Unknown;
        if !tells || self.heard.len() >= MOST_WAITING || self.is_told(ends, side, transport, time) {
            return;
        }
        let role = match (transport, side) {
            (Transport::Tcp, CLIENT) => Role::Client,
            (Transport::Tcp, _) => Role::Server,
            _ => Role::Unclear,
        };
        self.heard.push(Utterance {
            time,
            speaker: ends.address[side],
            listener: ends.address[1 - side],
            sensor: ends.sensor,
            speaker_port: ends.port[side],
            listener_port: ends.port[1 - side],
            transport,
            role,
            protocol,
            facts: self.facts.told(),
        });
    }

    /// Whether the facts at hand were told lately between these hosts, of the same service; notes that they are.
    fn is_told(&mut self, ends: Ends, side: usize, transport: Transport, time: Time) -> bool {
        if self.told.is_empty() {
            self.told = vec![0; TOLD];
        }
        let client = table::end(ends.address[CLIENT], transport as u16);
        let server = table::end(ends.address[SERVER], ends.port[SERVER]);
        let when = (time >> EPOCH).cast_unsigned() << 1 | side as u64;
        let hash = table::mix(client ^ self.facts.hash(), server.rotate_left(32) ^ when ^ table::SEED);
        let mark = (hash >> 32) as u32 | 1;
        std::mem::replace(&mut self.told[(hash % TOLD as u64) as usize], mark) == mark
    }

    /// Further requests of a client that has been told.
    pub(super) fn further(&mut self, slot: &mut Slot, side: usize, contact: &Contact, said: Said<'_>) {
        let protocol = slot.protocol(CLIENT);
        let is_new = contact.sequence.wrapping_sub(slot.next[CLIENT]).cast_signed() >= 0;
        if side != CLIENT || !protocol.goes_on() || !is_new || slot.further() >= MOST_FURTHER {
            return;
        }
        slot.next[CLIENT] = contact.sequence.wrapping_add(said.length as u32);
        self.facts.clear();
        command::further(protocol, said.bytes, &mut self.facts);
        if !self.facts.is_empty() {
            slot.count_further();
            self.push(ends(contact, CLIENT), CLIENT, Transport::Tcp, contact.time, protocol);
        }
    }

    /// A datagram that may tell something by itself.
    pub(super) fn datagram(&mut self, contact: &Contact, said: Said<'_>) {
        let asks = datagram::is_told(contact.port);
        let port = if asks { contact.port } else { contact.source_port };
        // Questions to a group are a link's own talk.
        if contact.target.is_group() {
            return;
        }
        self.facts.clear();
        if let Some(protocol) = datagram::datagram(said.bytes, port, asks, &mut self.facts) {
            let side = if asks { CLIENT } else { SERVER };
            self.push(ends(contact, side), side, Transport::Udp, contact.time, protocol);
        }
    }
}
