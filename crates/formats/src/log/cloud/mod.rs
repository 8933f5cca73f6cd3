//! Flow logs of clouds.

pub mod aws; // VPC flow logs
