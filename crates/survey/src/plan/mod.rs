//! The plan: what is asked, in which order, by which shard, from where on.
//!
//! The modules, in the order in which a plan needs them:

pub mod permutation; // every place once, in no order

pub mod pattern; // IPv6 addresses that people choose

pub mod ports; // the ports that are asked first
