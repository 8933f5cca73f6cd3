//! From which list of targets: the verdict in few words and in a sentence.

use watchpost_core::record::{Campaign, ListKind};

/// From this confidence on the verdict is said without a "probably".
const SURE: f64 = 0.9;

/// A kind of list by its name.
pub const fn kind(kind: ListKind) -> &'static str {
    match kind {
        ListKind::InternetWide => "Internet-wide",
        ListKind::Block => "whole block",
        ListKind::Organisation => "one organisation",
        ListKind::Curated => "curated list",
        ListKind::Unknown => "unknown",
    }
}

/// For a row: `whole block`, `probably Internet-wide`; empty where it is unknown.
pub fn list(campaign: &Campaign) -> String {
    let list = &campaign.target_list;
    match list.kind {
        ListKind::Unknown => String::new(),
        known if list.confidence < SURE => format!("probably {}", kind(known)),
        known => kind(known).to_owned(),
    }
}

/// For a sentence: `it worked from a list of the whole block`; empty where it is unknown.
pub fn worked_from(campaign: &Campaign) -> String {
    let list = &campaign.target_list;
    let from = match list.kind {
        ListKind::InternetWide => "worked on the whole Internet and met your addresses on its way",
        ListKind::Block => "worked from a list of the whole block",
        ListKind::Organisation => "worked from a list of the separate blocks of one organisation",
        ListKind::Curated => "worked from a curated list: it knew beforehand what is alive",
        ListKind::Unknown => return String::new(),
    };
    let sure = if list.confidence < SURE { "probably " } else { "" };
    format!("it {sure}{from}")
}
