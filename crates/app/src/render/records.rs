//! What a run found, with its parts tied together: which lessons and returns belong to which scan.

use std::collections::BTreeMap;

use watchpost_core::detect::Sense;
use watchpost_core::inventory::Exposure;
use watchpost_core::record::{Campaign, FollowUp, Lesson, Run};

use super::ids;

/// Joins that lead to joins are followed this far: records come from files too, and could go round in a circle.
const JOINS: usize = 8;

/// The records of one run, indexed once.
#[derive(Debug)]
pub struct Records<'a> {
    /// All campaigns, most severe first.
    pub campaigns: &'a [Campaign],
    /// All returns, in the order of time.
    pub follow_ups: &'a [FollowUp],
    /// What a survey found exposed, with who has seen it; the worst pair first.
    pub exposures: &'a [Exposure],
    /// What was read.
    pub run: &'a Run,
    by_id: BTreeMap<&'a str, (&'a Campaign, &'a str)>,
    lessons: BTreeMap<&'a str, Vec<&'a Lesson>>,
    returns: BTreeMap<&'a str, Vec<&'a FollowUp>>,
    shown: BTreeMap<&'a str, Vec<&'a Exposure>>,
}

impl<'a> Records<'a> {
    /// Ties them together. What names a scan that was joined into another counts for that other.
    pub fn new(
        campaigns: &'a [Campaign],
        lessons: &'a [Lesson],
        follow_ups: &'a [FollowUp],
        run: &'a Run,
    ) -> Self {
        let short = ids::short(campaigns);
        let by_id = campaigns.iter().zip(short).map(|(c, short)| (c.id.as_str(), (c, short))).collect();
        let (of_lessons, of_returns) = (BTreeMap::new(), BTreeMap::new());
        let mut records = Self {
            campaigns,
            follow_ups,
            exposures: &[],
            run,
            by_id,
            lessons: of_lessons,
            returns: of_returns,
            shown: BTreeMap::new(),
        };
        for lesson in lessons {
            let id = records.joined(&lesson.campaign);
            records.lessons.entry(id).or_default().push(lesson);
        }
        for follow_up in follow_ups {
            let id = records.joined(&follow_up.scan);
            records.returns.entry(id).or_default().push(follow_up);
        }
        records
    }

    /// With what a survey found exposed.
    pub fn with_exposures(mut self, exposures: &'a [Exposure]) -> Self {
        self.exposures = exposures;
        for exposure in exposures.iter().filter(|exposure| exposure.within_policy != Some(true)) {
            for seen in &exposure.seen_by {
                self.shown.entry(&seen.campaign).or_default().push(exposure);
            }
        }
        self.shown.values_mut().for_each(|shown| shown.sort_by_key(|e| std::cmp::Reverse(e.rung)));
        self
    }

    /// What a scan was shown of that, the worst first.
    pub fn shown(&self, campaign: &Campaign) -> &[&'a Exposure] {
        self.shown.get(campaign.id.as_str()).map_or(&[], Vec::as_slice)
    }

    /// The id of the scan that this one was joined into, or its own.
    pub fn joined(&self, id: &'a str) -> &'a str {
        let mut at = id;
        for _ in 0..JOINS {
            match self.by_id.get(at).and_then(|(campaign, _)| campaign.merged_into.as_deref()) {
                Some(into) => at = into,
                None => break,
            }
        }
        at
    }

    /// The campaign of this id.
    pub fn campaign(&self, id: &str) -> Option<&'a Campaign> {
        self.by_id.get(id).map(|(campaign, _)| *campaign)
    }

    /// An id as short as it can be typed; one that is not of this run stays whole.
    pub fn short<'b>(&'b self, id: &'b str) -> &'b str {
        self.by_id.get(id).map_or(id, |(_, short)| short)
    }

    /// What this scan learned, a record a host.
    pub fn lessons(&self, campaign: &Campaign) -> &[&'a Lesson] {
        self.lessons.get(campaign.id.as_str()).map_or(&[], Vec::as_slice)
    }

    /// Who came back to what this scan revealed, in the order of time.
    pub fn returns(&self, campaign: &Campaign) -> &[&'a FollowUp] {
        self.returns.get(campaign.id.as_str()).map_or(&[], Vec::as_slice)
    }

    /// Whether answers to probes were visible to the run.
    pub fn sees_replies(&self) -> bool {
        !self.run.blind.iter().any(|blind| blind.what == Sense::Replies.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::{all, follow_ups, lessons, run, shared_sweep, syn_sweep};

    #[test]
    fn what_belongs_to_a_joined_scan_belongs_to_the_whole() {
        let whole = shared_sweep();
        let part = Campaign { merged_into: Some(whole.id.clone()), ..syn_sweep() };
        let (campaigns, lessons, follow_ups, run) = ([whole, part], lessons(), follow_ups(), run());
        let records = Records::new(&campaigns, &lessons, &follow_ups, &run);
        assert!(!records.lessons(&campaigns[0]).is_empty());
        assert!(!records.returns(&campaigns[0]).is_empty());
        assert!(records.lessons(&campaigns[1]).is_empty());
    }

    #[test]
    fn a_circle_of_joins_ends() {
        let a = Campaign { merged_into: Some("b".into()), id: "a".into(), ..syn_sweep() };
        let b = Campaign { merged_into: Some("a".into()), id: "b".into(), ..syn_sweep() };
        let (campaigns, run) = ([a, b], run());
        let records = Records::new(&campaigns, &[], &[], &run);
        assert!(["a", "b"].contains(&records.joined("a")));
    }

    #[test]
    fn ids_are_shortened_where_they_are_known() {
        let (campaigns, run) = (all(), run());
        let records = Records::new(&campaigns, &[], &[], &run);
        assert_eq!(records.short("7h2kq3m5xw4ndr6a"), "7h2k");
        assert_eq!(records.short("another"), "another");
    }
}
