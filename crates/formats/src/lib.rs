//! Readers of hostile bytes: whatever comes in leaves as contacts, and what gives none is counted with its reason.
//!
//! No unsafe code, no panic on any input, bounded memory. Formats state facts and never say "scan".
//!
//! The modules, in the order in which data flows:

pub mod packet; // one packet becomes at most one contact
