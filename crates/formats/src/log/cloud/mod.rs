//! Flow logs of clouds.

pub mod aws; // VPC flow logs
pub mod azure; // virtual networks and network security groups
mod counts; // what packets and bytes prove
pub mod gcp; // VPC flow logs and firewall rules
