//! The pure thought of Watchpost. It opens no file, no socket, and reads no clock, so that a replay is equal to having
//! watched, and many shards are equal to one.
//!
//! The modules, in the order in which data flows:

pub mod net; // addresses
pub mod contact; // somebody touched an address
pub mod record; // all that leaves the engine
