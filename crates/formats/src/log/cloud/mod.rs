//! Flow logs of clouds.

pub mod aws; // VPC flow logs
pub mod gcp; // VPC flow logs and firewall rules
