//! Short ids: as much of an id as no other id of the run shares.

use watchpost_core::record::Campaign;

/// Fewer characters than this look like chance.
const LEAST: usize = 4;

/// For each campaign, the shortest beginning of its id that is unique among all, at least 4 characters.
pub fn short(campaigns: &[Campaign]) -> Vec<&str> {
    let mut sorted: Vec<&str> = campaigns.iter().map(|campaign| campaign.id.as_str()).collect();
    sorted.sort_unstable();
    campaigns
        .iter()
        .map(|campaign| {
            let id = campaign.id.as_str();
            let place = sorted.partition_point(|other| *other < id);
            let before = place.checked_sub(1).map_or(0, |index| shared(id, sorted[index]));
            let after = sorted.get(place + 1).map_or(0, |other| shared(id, other));
            let length = (before.max(after) + 1).max(LEAST).min(id.len());
            id.get(..length).unwrap_or(id)
        })
        .collect()
}

fn shared(a: &str, b: &str) -> usize {
    a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count()
}

/// The campaigns whose id begins with `typed`, whatever its case.
pub fn matching<'a>(campaigns: &'a [Campaign], typed: &str) -> Vec<&'a Campaign> {
    let typed = typed.to_ascii_lowercase();
    campaigns.iter().filter(|campaign| campaign.id.to_ascii_lowercase().starts_with(&typed)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::syn_sweep;

    fn with_ids(ids: &[&str]) -> Vec<Campaign> {
        ids.iter().map(|id| Campaign { id: (*id).into(), ..syn_sweep() }).collect()
    }

    #[test]
    fn an_id_is_as_short_as_it_can_be() {
        let campaigns = with_ids(&["7h2kaaaa", "abcdef00", "abcdeg00", "abcdxx00"]);
        assert_eq!(short(&campaigns), ["7h2k", "abcdef", "abcdeg", "abcdx"]);
    }

    #[test]
    fn a_beginning_finds_its_campaigns() {
        let campaigns = with_ids(&["7h2kaaaa", "abcdef00", "abcdeg00"]);
        assert_eq!(matching(&campaigns, "7H").len(), 1);
        assert_eq!(matching(&campaigns, "abcde").len(), 2);
        assert!(matching(&campaigns, "zz").is_empty());
    }
}
