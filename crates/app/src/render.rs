//! Records become text. Every function here is pure: records and a [`Screen`] in, text out.

mod background; // what is like thousands of others, in one line a kind
mod campaign; // one campaign in phrases: what, from where, to what, how, with what result
pub mod clean; // nothing raw reaches a terminal
pub mod csv;
pub mod explain;
pub mod exposed; // what a survey found exposed, and who has seen it
pub mod ids; // short ids
pub mod json;
pub mod list; // what a build can do
pub mod markdown;
pub mod progress; // how far a survey is
pub mod records; // what belongs together
#[cfg(test)]
pub(crate) mod sample;
pub mod scope; // what a scope allows
pub mod shell; // commands to copy
mod style; // colour and columns
pub mod summary;
pub mod survey; // what a survey found, and what differs between two
pub mod table;
pub(crate) mod words; // numbers, times, durations and kinds in the field's words

use std::time::Duration;

use watchpost_core::record::{Blind, Campaign, Direction, Family, Run, Severity, Status};

pub use crate::config::Screen;

/// Whether a campaign still means what it says: it was neither withdrawn nor joined into another.
pub fn stands(campaign: &Campaign) -> bool {
    campaign.status != Status::Withdrawn && campaign.merged_into.is_none()
}

/// Whether it is what the whole Internet gets, or like most of many others.
pub fn is_background(campaign: &Campaign) -> bool {
    campaign.severity == Severity::Info && campaign.direction != Direction::Transit
}

/// How much was read, by what it was: packets, or lines of logs.
fn read(run: &Run) -> String {
    let captures = run.inputs.iter().filter(|input| input.format.starts_with("pcap")).count();
    match captures {
        0 if !run.inputs.is_empty() => words::plural(run.packets, "line", "lines"),
        all if all == run.inputs.len() => words::plural(run.packets, "packet", "packets"),
        _ => format!("{} packets and lines", words::number(run.packets)),
    }
}

/// What cannot be seen, why, and which detectors that touches.
fn blind(blind: &Blind) -> String {
    let text = format!("{}: {}", clean::clean(&blind.what), clean::clean(&blind.why));
    match blind.detectors.as_slice() {
        [] => text,
        names => format!("{text} (needed by {})", words::and(names)),
    }
}

/// The word for a family of evidence.
pub const fn family(family: Family) -> &'static str {
    match family {
        Family::Outcome => "outcome",
        Family::Breadth => "breadth",
        Family::Craft => "craft",
        Family::Order => "order",
        Family::Coordination => "together",
        Family::Against => "against",
    }
}

/// `1,200,000 packets/s`.
pub fn packet_rate(packets: u64, elapsed: Duration) -> String {
    let per_second = packets as f64 / elapsed.as_secs_f64().max(0.001);
    format!("{} packets/s", words::number(per_second as u64))
}

/// How far a run is, in a line for a log file.
pub fn progress_line(packets: u64, bytes: u64, total: Option<u64>, elapsed: Duration) -> String {
    let share = match total {
        Some(total) if total > 0 => {
            format!("{} of {}", words::percent(bytes as f64 / total as f64), words::bytes(total))
        }
        _ => words::bytes(bytes),
    };
    let line = format!("read {share}, {} packets, {}", words::number(packets), packet_rate(packets, elapsed));
    line.replace(style::TIE, " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_in_a_log_file() {
        let line = progress_line(30_000_000, 1 << 30, Some(4 << 30), Duration::from_secs(10));
        assert_eq!(line, "read 25 % of 4 GiB, 30,000,000 packets, 3,000,000 packets/s");
        assert_eq!(
            progress_line(5, 1024, None, Duration::from_secs(1)),
            "read 1 KiB, 5 packets, 5 packets/s"
        );
    }
}
