//! How much a campaign matters, with all that is known at the end, and its ATT&CK techniques.

use super::{Scan, exposed};
use crate::inventory::{Exposure, Known, Rung};
use crate::procedures;
use crate::record::{Direction, FactKind, ListKind, Severity};
use crate::utterance::Utterance;

/// A list verdict of at least this probability counts.
const SURE: f64 = 0.8;

/// From this rung on an exposure gives something to strangers.
const ALARMING: Rung = Rung::Anonymous;

/// Raises (or lowers, for background) the severity, with its rule, and adds techniques.
///
/// An exposure that a survey found, and that the scan was shown, counts as learned from [`ALARMING`] on, and on any rung where
/// a policy forbids it: what merely tells a version is what nearly every server shows, and is named without raising anything.
pub(super) fn judge(scan: &mut Scan<'_>, said: &[&Utterance], known: Option<&Known>) {
    let learned = exposed::worst(scan, known).filter(|exposure| is_alarming(exposure));
    let shown = learned.map(|e| format!("it learned an exposure: {} at {} {}", e.what, e.host, e.service));
    let shown = shown.as_deref().unwrap_or_default();
    let shown_within = format!("from within, {shown}");
    let exposed =
        scan.heard.iter().any(|h| !h.by_source() && h.utterance.facts.of(FactKind::Login).any(is_exposure));
    let campaign = &mut scan.campaign;
    let list = &campaign.target_list;
    let from = |kind| list.kind == kind && list.confidence >= SURE;
    let inbound = !matches!(campaign.direction, Direction::Outbound | Direction::Transit);
    let rules = [
        (!campaign.follow_ups.is_empty(), Severity::Critical, "somebody came back to what it revealed"),
        (
            exposed && campaign.direction == Direction::Internal,
            Severity::Critical,
            "from within, it learned a service that asks for no login",
        ),
        (
            !shown.is_empty() && campaign.direction == Direction::Internal,
            Severity::Critical,
            shown_within.as_str(),
        ),
        (exposed, Severity::High, "it learned a service that asks for no login"),
        (!shown.is_empty(), Severity::High, shown),
        (inbound && from(ListKind::Curated), Severity::High, "it worked from a list of live targets"),
        (inbound && from(ListKind::Organisation), Severity::Medium, "your organisation was its target"),
        (inbound && from(ListKind::Block), Severity::Medium, "this block was its target"),
    ];
    if let Some((_, severity, rule)) = rules.into_iter().find(|(holds, _, _)| *holds)
        && severity > campaign.severity
    {
        (campaign.severity, campaign.severity_rule) = (severity, rule.into());
    }
    if from(ListKind::InternetWide) && campaign.severity == Severity::Low {
        (campaign.severity, campaign.severity_rule) =
            (Severity::Info, "background: it scans the whole Internet".into());
    }
    let outside = matches!(campaign.direction, Direction::Inbound | Direction::Outbound);
    for technique in procedures::techniques_of(said) {
        if outside && !campaign.techniques.iter().any(|t| t == technique) {
            campaign.techniques.push(technique.into());
        }
    }
}

fn is_alarming(exposure: &Exposure) -> bool {
    exposure.rung >= ALARMING || exposure.within_policy == Some(false)
}

fn is_exposure(login: &str) -> bool {
    login.starts_with("answers without")
}
