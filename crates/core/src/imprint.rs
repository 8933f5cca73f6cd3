//! Imprints: the raw header facts of a source's first probes, by class of packet. Tools are told by them, and sources
//! of one scan are brought together by them.
//!
//! A contact has these facts while it passes; a source that touches a million hosts cannot keep them all. The first 16
//! of each class (transport, flags, options, window) are kept, of at most eight classes, and of each class the number of
//! packets. Classes that differ in nothing but the window are at most four: some tools draw a window for each packet,
//! some draw it from four values, and neither must leave no room for others. The limit: a tool that begins after eight
//! classes of other packets is not seen.

use serde::{Deserialize, Serialize};

use crate::contact::{Contact, Phase, Transport, traits};
use crate::detect::dossier::Probe;
use crate::net::Address;
use crate::record::ProbeKind;

/// Packets kept of a class.
pub const KEPT: usize = 16;
/// Of a campaign that is over.
const REMAINS: usize = 4;
/// Classes of one source.
pub const CLASSES: usize = 8;
/// Of these, such that differ in nothing but the window: nmap before version 5 drew from so many.
pub const WINDOWS: usize = 4;

/// The raw header facts of one probe packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imprint {
    /// Who was probed.
    pub target: Address,
    /// TCP sequence number; ICMP: identifier and sequence number; else 0.
    pub sequence: u32,
    /// The service's port (see [`Transport`]).
    pub port: u16,
    /// The source's port.
    pub source_port: u16,
    /// TCP: the window; UDP and ICMP: bytes of data.
    pub window: u16,
    /// IPv4 identification.
    pub ip_id: u16,
    /// Time to live as captured.
    pub ttl: u8,
    /// Bits of [`traits`].
    pub traits: u8,
    /// TCP flags.
    pub flags: u8,
    /// What carries the service.
    pub transport: Transport,
    /// How it probes.
    pub kind: ProbeKind,
}

impl Imprint {
    /// Of a contact.
    pub fn new(contact: &Contact, kind: ProbeKind) -> Self {
        Self {
            target: contact.target,
            sequence: contact.sequence,
            port: contact.port,
            source_port: contact.source_port,
            window: contact.window,
            ip_id: contact.ip_id,
            ttl: contact.ttl,
            traits: contact.traits,
            flags: contact.flags,
            transport: contact.transport,
            kind,
        }
    }

    /// What packets of one class have in common: transport, flags, options, DF, window; of UDP not how much data there
    /// is, which differs from question to question. The window stands in the low 16 bits.
    pub fn class(&self) -> u64 {
        let traits = self.traits & !traits::PAYLOAD;
        let window = if self.transport == Transport::Udp { 0 } else { self.window };
        u64::from(window)
            | u64::from(self.flags) << 16
            | u64::from(traits) << 24
            | (self.transport as u64) << 32
            | (self.kind as u64) << 40
    }
}

/// What a source's first target does not hold of its packet already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Raw {
    /// See [`Imprint::sequence`].
    pub sequence: u32,
    /// See [`Imprint::window`].
    pub window: u16,
    /// See [`Imprint::ip_id`].
    pub ip_id: u16,
    /// See [`Imprint::traits`].
    pub traits: u8,
    /// See [`Imprint::flags`].
    pub flags: u8,
    /// A packet was seen, not only a flow that a log tells of.
    pub seen: bool,
}

impl Raw {
    /// Of a contact.
    pub fn new(contact: &Contact) -> Self {
        let Contact { sequence, window, ip_id, traits, flags, .. } = *contact;
        Self { sequence, window, ip_id, traits, flags, seen: contact.phase != Phase::Flow }
    }

    /// Together with the target that the packet touched.
    pub fn of(self, probe: &Probe) -> Imprint {
        let Self { sequence, window, ip_id, traits, flags, .. } = self;
        let Probe { target, port, source_port, ttl, transport, kind, .. } = *probe;
        Imprint { target, sequence, port, source_port, window, ip_id, ttl, traits, flags, transport, kind }
    }
}

/// Packets of one class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Class {
    /// See [`Imprint::class`]; of the last class of [`CLASSES`], which takes all that came later, and of the last of
    /// [`WINDOWS`], its first packet's.
    pub key: u64,
    /// Packets of it.
    pub packets: u64,
    /// The first [`KEPT`].
    pub kept: Vec<Imprint>,
}

/// The imprints of one source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imprints {
    classes: Vec<Class>,
}

impl Imprints {
    /// Keeps a few packets of each class, for a campaign that is over.
    pub fn trim(&mut self) {
        self.classes.iter_mut().for_each(|class| class.kept.truncate(REMAINS));
    }

    /// Takes up a probe packet.
    pub fn add(&mut self, imprint: Imprint, packets: u64) {
        let key = imprint.class();
        let alike = |c: &Class| (c.key ^ key) >> 16 == 0;
        let place = match self.classes.iter().position(|c| c.key == key) {
            Some(place) => place,
            None if self.classes.len() < CLASSES
                && self.classes.iter().filter(|c| alike(c)).count() < WINDOWS =>
            {
                self.classes.push(Class { key, packets: 0, kept: Vec::new() });
                self.classes.len() - 1
            }
            // Windows drawn at random make a class a packet: the last one alike takes the rest, or the last one.
            None => self.classes.iter().rposition(alike).unwrap_or(CLASSES - 1),
        };
        let class = &mut self.classes[place];
        class.packets += packets;
        if class.kept.len() < KEPT {
            class.kept.push(imprint);
        }
    }

    /// Takes up those of another source of the same scan.
    pub fn join(&mut self, other: &Self) {
        for class in &other.classes {
            for (place, imprint) in class.kept.iter().enumerate() {
                let packets = if place == 0 { class.packets - (class.kept.len() as u64 - 1) } else { 1 };
                self.add(*imprint, packets);
            }
        }
    }

    /// The classes, in the order of their first packets.
    pub fn classes(&self) -> &[Class] {
        &self.classes
    }

    /// Bytes held, as a budget counts them.
    pub fn bytes(&self) -> usize {
        let kept: usize = self.classes.iter().map(|c| c.kept.len().next_power_of_two()).sum();
        self.classes.len().next_power_of_two() * size_of::<Class>() + kept * size_of::<Imprint>()
    }
}
