//! Records become text. Every function here is pure: records and a [`Screen`] in, text out.

mod campaign; // one campaign in phrases: what, from where, to what, how, with what result
pub mod clean; // nothing raw reaches a terminal
pub mod csv;
pub mod explain;
pub mod ids; // short ids
pub mod json;
pub mod markdown;
#[cfg(test)]
mod sample;
mod style; // colour and columns
pub mod summary;
pub mod table;
mod words; // numbers, times, durations and kinds in the field's words

use watchpost_core::record::{Campaign, Status};

pub use crate::config::Screen;

/// Whether a campaign still means what it says: it was neither withdrawn nor joined into another.
pub fn stands(campaign: &Campaign) -> bool {
    campaign.status != Status::Withdrawn && campaign.merged_into.is_none()
}
