//! What was said on a connection, as far as it tells what runs there or who is speaking.
//!
//! `formats` reads the bytes, of captures as of logs, and hands on short clean facts: a server's banner, a version, a
//! certificate's names; a client's request and how it calls itself. Nobody here sees raw bytes.

mod facts; // all that one end told, in one piece of memory
mod protocol; // what is spoken

use serde::{Deserialize, Serialize};

use crate::contact::{Time, Transport};
use crate::net::Address;

pub use facts::{Fact, Facts};
pub use protocol::Protocol;

/// The longest fact, in bytes of UTF-8.
pub const FACT_BYTES: usize = 256;
/// The most facts of one utterance.
pub const FACTS: usize = 16;

/// What one end of a connection said first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Utterance {
    /// When the last byte of it was captured.
    pub time: Time,
    /// Who spoke.
    pub speaker: Address,
    /// Who listened.
    pub listener: Address,
    /// Which sensor saw it.
    pub sensor: u16,
    /// The speaker's port.
    pub speaker_port: u16,
    /// The listener's port.
    pub listener_port: u16,
    /// What carried it.
    pub transport: Transport,
    /// Which end the speaker is.
    pub role: Role,
    /// What is spoken.
    pub protocol: Protocol,
    /// What it tells, at most [`FACTS`], each at most [`FACT_BYTES`], secrets masked.
    pub facts: Facts,
}

/// Which end of a connection somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// Started it.
    Client,
    /// Was asked.
    Server,
    /// The input does not tell: a datagram.
    Unclear,
}

impl Utterance {
    /// Bytes held, as a budget counts them.
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + self.facts.bytes()
    }
}
