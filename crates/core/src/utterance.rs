//! What was said on a connection, as far as it tells what runs there or who is speaking.
//!
//! `formats` reads the bytes, of captures as of logs, and hands on short clean facts: a server's banner, a version, a
//! certificate's names; a client's request and how it calls itself. Nobody here sees raw bytes.

use serde::{Deserialize, Serialize};

use crate::contact::{Time, Transport};
use crate::net::Address;
use crate::record::FactKind;

/// The longest fact, in bytes of UTF-8.
pub const FACT_BYTES: usize = 256;
/// The most facts of one utterance.
pub const FACTS: usize = 16;

/// What one end of a connection said first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Utterance {
    /// When the last byte of it was captured.
    pub time: Time,
    /// Which sensor saw it.
    pub sensor: u16,
    /// Who spoke.
    pub speaker: Address,
    /// The speaker's port.
    pub speaker_port: u16,
    /// Who listened.
    pub listener: Address,
    /// The listener's port.
    pub listener_port: u16,
    /// What carried it.
    pub transport: Transport,
    /// The protocol spoken, in lower case: `ssh`, `http`, `tls`, `ftp`, `smtp`, ...; empty where it is not recognised.
    pub protocol: String,
    /// What it tells, at most [`FACTS`].
    pub facts: Vec<Fact>,
}

/// One thing told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Fact {
    /// What it is.
    pub what: FactKind,
    /// The text: valid UTF-8 without control characters, at most [`FACT_BYTES`], secrets masked.
    pub text: String,
}

impl Utterance {
    /// Bytes held, as a budget counts them.
    pub fn bytes(&self) -> usize {
        let texts: usize = self.facts.iter().map(|f| f.text.len() + size_of::<Fact>()).sum();
        size_of::<Self>() + self.protocol.len() + texts
    }
}
