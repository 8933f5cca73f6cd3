//! Tests of everything that reads hostile bytes, in one program because linking is dear.

mod agreement; // our decoder against etherparse, and against anything at all
mod capture_damage; // cut off, broken, resumed
mod capture_files; // every format, plain and compressed; what is no capture
mod capture_shared; // the real captures beside the repository
mod conversation; // what is said on connections
mod documents; // records of clouds, however they are wrapped
mod export; // flow exports
mod icmp; // requests, answers, errors
mod ip; // IPv4, IPv6, fragments, snapped packets
mod link; // link types, tags, ARP
mod make; // packets and files for all of these
mod parquet; // tables, and their damage
mod secrets; // what never leaves
mod seeds; // what the fuzzers begin with
mod talk; // connections made segment by segment
mod transport; // TCP, UDP, SCTP, bare protocols
mod tunnel; // packets within packets
