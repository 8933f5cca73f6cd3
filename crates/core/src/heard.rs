//! What was said to and by the sources of one shard, kept until it is known whose words matter.
//!
//! The problem: a scanner reads its first banners before it is known to be one, and ordinary traffic talks all day. The
//! way: the newest utterances of everybody stand in a ring of bounded bytes; when a source becomes a campaign, its
//! utterances move to it, and later ones go there directly. The limit: what left the ring before is lost, and counted.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::contact::{Service, Time, Transport};
use crate::detect::dossier::mark;
use crate::net::Address;
use crate::procedures::{Hunt, hunts};
use crate::utterance::{Role, Utterance};

/// Utterances kept of one campaign.
pub const OF_ONE: usize = 512;
/// ... as long as they have fewer bytes than this.
pub const OF_ONE_BYTES: usize = 128 << 10;

/// An utterance, as the source that it concerns sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// The source: who started the connection.
    pub source: Address,
    /// It.
    pub utterance: Utterance,
}

impl Heard {
    /// As the client sees it; where that may be either end, both readings, one of which is right.
    pub fn readings(utterance: Utterance) -> (Self, Option<Self>) {
        let (speaker, listener) = (utterance.speaker, utterance.listener);
        match utterance.role {
            Role::Client => (Self { source: speaker, utterance }, None),
            Role::Server => (Self { source: listener, utterance }, None),
            Role::Unclear => {
                let other = Self { source: listener, utterance: utterance.clone() };
                (Self { source: speaker, utterance }, Some(other))
            }
        }
    }

    /// Whether the source said it, not its target.
    pub fn by_source(&self) -> bool {
        self.source == self.utterance.speaker
    }

    /// The other end, and the service there.
    pub fn target(&self) -> (Address, Service) {
        let u = &self.utterance;
        let (host, port) =
            if self.by_source() { (u.listener, u.listener_port) } else { (u.speaker, u.speaker_port) };
        let transport: Transport = u.transport;
        (host, Service { transport, port })
    }

    /// What it says of its target: bits of [`mark`]. Those in `known` are not looked for again.
    pub fn marks(&self, known: u8) -> u8 {
        if !self.by_source() {
            return if self.utterance.protocol.greets() { mark::GREETED } else { 0 };
        }
        if known & mark::HUNTED != 0 {
            return 0;
        }
        match hunts(&self.utterance) {
            Some(Hunt::Prizes) => mark::HUNTED,
            Some(Hunt::Controls) => mark::CONTROLS,
            None => 0,
        }
    }

    /// When.
    pub fn time(&self) -> Time {
        self.utterance.time
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        size_of::<Address>() + self.utterance.bytes()
    }
}

/// The newest utterances of everybody.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Ring {
    newest: VecDeque<Heard>,
    bytes: usize,
    room: usize,
    /// Utterances that left it unclaimed.
    pub lost: u64,
}

impl Ring {
    /// With room for so many bytes.
    pub fn new(room: usize) -> Self {
        Self { room, ..Self::default() }
    }

    /// Adds one; the oldest make room.
    pub fn add(&mut self, heard: Heard) {
        self.bytes += heard.bytes();
        self.newest.push_back(heard);
        while self.bytes > self.room
            && let Some(oldest) = self.newest.pop_front()
        {
            self.bytes -= oldest.bytes();
            self.lost += 1;
        }
    }

    /// Takes out those of one source.
    pub fn claim(&mut self, source: Address) -> Vec<Heard> {
        let (mine, others) = std::mem::take(&mut self.newest).into_iter().partition(|h| h.source == source);
        self.newest = others;
        let mine: VecDeque<Heard> = mine;
        self.bytes -= mine.iter().map(Heard::bytes).sum::<usize>();
        mine.into()
    }

    /// Those of one source, in place.
    pub fn of(&self, source: Address) -> impl Iterator<Item = &Heard> {
        self.newest.iter().filter(move |h| h.source == source)
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::utterance::{Facts, Protocol};

    fn said(to: u8, time: Time) -> Heard {
        let utterance = Utterance {
            time,
            sensor: 0,
            speaker: Address::v4([192, 0, 2, 1]),
            speaker_port: 22,
            listener: Address::v4([198, 51, 100, to]),
            listener_port: 40_000,
            transport: Transport::Tcp,
            role: Role::Server,
            protocol: Protocol::Ssh,
            facts: Facts::default(),
        };
        Heard::readings(utterance).0
    }

    #[test]
    fn the_ring_is_bounded_and_gives_a_source_its_own() {
        let mut ring = Ring::new(4 * said(1, 0).bytes());
        (0..6).for_each(|n| ring.add(said(n % 2, Time::from(n))));
        assert_eq!(ring.lost, 2);
        let mine = ring.claim(said(1, 0).source);
        assert_eq!(mine.iter().map(Heard::time).collect::<Vec<_>>(), [3, 5]);
        assert_eq!(
            mine[0].target(),
            (Address::v4([192, 0, 2, 1]), Service { transport: Transport::Tcp, port: 22 })
        );
        assert!(!mine[0].by_source());
        assert_eq!(ring.of(said(0, 0).source).count(), 2);
        assert_eq!(ring.bytes, 2 * said(0, 0).bytes());
    }
}
