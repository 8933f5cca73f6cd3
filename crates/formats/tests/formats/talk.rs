//! Connections made segment by segment, and what is heard of them.

use crate::make::*;
use watchpost_core::record::FactKind;
use watchpost_core::utterance::Utterance;
use watchpost_formats::capture::Capture;

pub const SYN: u8 = 2;
pub const ACK: u8 = 16;
pub const FIN: u8 = 1;
pub const RST: u8 = 4;

/// Who speaks: A is the client, B the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Client,
    Server,
}
pub use End::{Client, Server};

/// A capture of one or more connections of A to B.
pub struct Talk {
    file: Vec<u8>,
    packets: i64,
    ports: (u16, u16),
    /// The next sequence numbers of client and server.
    next: [u32; 2],
}

impl Talk {
    /// A handshake with this port.
    pub fn with(port: u16) -> Self {
        let mut talk = Self { file: Layout::ALL[0].start(), packets: 0, ports: (40_000, port), next: [0; 2] };
        talk.connect(40_000, port);
        talk
    }

    /// One more handshake; from now on this connection is spoken on.
    pub fn connect(&mut self, client: u16, port: u16) -> &mut Self {
        self.ports = (client, port);
        // Both wrap round within the first bytes.
        self.next = [u32::MAX - 2, u32::MAX - 5];
        self.segment(Client, SYN, 0, &[]);
        self.next[0] = self.next[0].wrapping_add(1);
        self.segment(Server, SYN | ACK, 0, &[]);
        self.next[1] = self.next[1].wrapping_add(1);
        self
    }

    pub fn packet(&mut self, packet: &[u8]) {
        self.packets += 1;
        self.file.extend(Layout::ALL[0].packet(TIME + self.packets * 1_000_000, &ethernet(0x0800, packet)));
    }

    /// A segment `ahead` bytes after (or before) what was said in order.
    pub fn segment(&mut self, from: End, flags: u8, ahead: i32, data: &[u8]) -> &mut Self {
        let (me, other) = if from == Client { (0, 1) } else { (1, 0) };
        let mut segment = tcp(flags, &[], data);
        let ports = if from == Client { [self.ports.0, self.ports.1] } else { [self.ports.1, self.ports.0] };
        segment[..4].copy_from_slice(&ports.map(u16::to_be_bytes).concat());
        segment[4..8].copy_from_slice(&self.next[me].wrapping_add_signed(ahead).to_be_bytes());
        segment[8..12].copy_from_slice(&self.next[other].to_be_bytes());
        let (source, target) = if from == Client { (A, B) } else { (B, A) };
        self.packet(&v4_between(source, target, 6, &segment));
        self
    }

    /// Bytes in order.
    pub fn say(&mut self, from: End, data: &[u8]) -> &mut Self {
        self.segment(from, ACK, 0, data);
        let me = usize::from(from == Server);
        self.next[me] = self.next[me].wrapping_add(data.len() as u32);
        self
    }

    /// Everything that is heard, `at_a_time` packets read at a time.
    pub fn heard_at(&self, at_a_time: usize) -> Vec<Utterance> {
        let mut capture = Capture::open(&self.file[..], 7).unwrap();
        let (mut contacts, mut heard) = (Vec::new(), Vec::new());
        while capture.fill(&mut contacts, at_a_time) {
            capture.heard(&mut heard);
        }
        capture.heard(&mut heard);
        heard
    }

    pub fn heard(&self) -> Vec<Utterance> {
        let heard = self.heard_at(1);
        assert_eq!(heard, self.heard_at(1_000), "how much is read at a time shows");
        heard
    }

    /// What this end told: protocol and facts, of the one utterance that it must have made.
    #[track_caller]
    pub fn told(&self, end: End) -> (String, Vec<(FactKind, String)>) {
        let heard = self.heard();
        let mut of: Vec<_> =
            heard.iter().filter(|u| (u.listener_port == 40_000) == (end == Server)).collect();
        assert_eq!(of.len(), 1, "{heard:?}");
        facts(of.remove(0))
    }
}

pub fn facts(utterance: &Utterance) -> (String, Vec<(FactKind, String)>) {
    let facts = utterance.facts.iter().map(|fact| (fact.what, fact.text.to_owned())).collect();
    (utterance.protocol.name().to_owned(), facts)
}
