//! `watchpost survey` from end to end: the real binaries, in the survey's lab (`lab/README.md`), against real daemons and real kernels.
//!
//! Each test needs root, for network namespaces, and the lab's programs; where something is missing it is skipped with a message. Every packet
//! stays in namespaces that these tests made and that have no route out; they are taken down when the test binary ends, however it ends.

#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

mod capture; // packets, as tcpdump saw them
mod change; // what changed since; policies; again and again
mod control; // proof of control: nothing leaves without it
mod finding; // what is open, and nothing else
mod joined; // scans held against a survey
mod lab; // the lab, and the binaries in it
mod reach; // IPv6, neighbours, UDP, ordinary connections
mod sending; // what is sent: to whom, how fast, and when no more
mod showing; // what runs there, and what it exposes
mod trust; // the audit log, the helper's privileges
