//! The survey: one's own blocks as a scanner would see them. The only crate that may ever probe.
//!
//! The rule, which no later change may loosen:
//!
//! 1. Only this crate may open a socket that sends probes. `watchpost-core` and `watchpost-formats` open none at all.
//! 2. A probe is addressed by an [`scope::InScope`], a value that only the scope can make, from prefixes which the user has
//!    declared as his and authorised. There is no way to turn a bare address into such a value.
//! 3. No spoofed source, no evasion, no exploitation, no password guessing.
//!
//! The modules, in the order in which a survey needs them:

pub mod scope; // what may be probed, by whose authority, how fast, when

pub mod plan; // what is asked, in which order

pub mod wire; // packets: what is asked, and what an answer is

pub mod engine; // goes over a plan, pass by pass

pub mod raw; // packets by hand: the one sender that needs privilege

pub mod probe; // the raw sender's own process

pub mod connect; // ordinary sockets, without privilege

pub mod govern; // no packet without leave: caps, windows, stop

pub mod talk; // bounded conversations with services: TCP, TLS, UDP

pub mod control; // that whoever surveys a block runs it

pub mod identify; // what runs there, and on what

pub mod checks; // how far a service lets a stranger climb

pub mod take; // a survey, stage by stage

pub mod audit; // what was done, in a chain of hashes

use sha2::{Digest, Sha256};

/// SHA-256 of a text, in hexadecimal digits.
fn sha256(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
