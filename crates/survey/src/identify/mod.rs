//! Identification: which product, and which operating system.

pub mod recog; // fingerprints in the XML form of Recog
