//! What a survey found: services, what runs there, what is exposed, and how sure it is.
//!
//! The types are records ([`crate::record::Record`]) and what records are made of. Nothing here has touched a network: the survey crate finds,
//! this module remembers, settles and compares.

mod record; // what leaves the engine

pub use record::{Exposure, Fix, OsGuess, Product, Rung, Service, State};
