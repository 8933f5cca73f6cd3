//! Known procedures as data: profiles in `data/procedures.toml`, and which of them a campaign resembles.

pub(crate) mod ports;

use crate::record::{Campaign, Procedure};
use crate::utterance::Utterance;

/// The profiles that a campaign resembles, most confident first. `said`: what its sources said as clients.
pub fn resembled(campaign: &Campaign, said: &[&Utterance]) -> Vec<Procedure> {
    let _ = (campaign, said);
    Vec::new()
}

/// ATT&CK techniques that what was said adds: T1595.002 (vulnerability scanning), T1595.003 (wordlists).
pub fn techniques_of(said: &[&Utterance]) -> Vec<&'static str> {
    let _ = said;
    Vec::new()
}
