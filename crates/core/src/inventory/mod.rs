//! What a survey found: services, what runs there, what is exposed, and how sure it is.
//!
//! The types are records ([`crate::record::Record`]) and what records are made of. Nothing here has touched a network: the survey crate finds,
//! this module remembers, settles and compares.
//!
//! The way of a survey's results: [`Policy::judge`] says what may be seen, [`settle()`] holds it against the survey before,
//! [`Inventory::records`] go into its file, [`Reading`] reads them back, [`join()`] makes one of the parts that several machines
//! took, [`diff()`] compares two, and [`Known`] is what the detector is told of them.

mod change; // what differs, key by key
mod diff; // two inventories compared
mod file; // a survey's file: records in, records out
mod join; // the parts of one survey
mod known; // what the detector is told
mod names; // hosts and services as records name them
mod policy; // which services may be seen where
mod recapture; // how much is missed
mod record; // what leaves the engine
mod settle; // open, suspect, closed
mod survey; // the survey's own record

pub use change::{Aspect, Change, ChangeKind, Value};
pub use diff::{apply, compose, diff, view};
pub use file::{Inventory, Reading, Told};
pub use join::{Joined, Misfit, join};
pub use known::Known;
pub use names::{Named, Services, order, spoken};
pub use policy::Policy;
pub use recapture::{Recapture, chapman};
pub use record::{Exposure, Fix, LearnedExposure, OsGuess, Product, Rung, SeenBy, Service, State};
pub use settle::{Asked, KEPT, settle};
pub use survey::{Method, Miss, PREFIXES, PrefixMiss, Previous, Shard, Survey, network};
