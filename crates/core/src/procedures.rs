//! Known procedures as data: profiles in `data/procedures.toml`, and which of them a campaign resembles.
//!
//! A documented intrusion tells ports, tools, lists and requests. Whoever does the same resembles it, and most who do are
//! somebody else. So each profile has signs with weights in bits, signs without which there is no resemblance, and a ceiling
//! of confidence that says how far it can be told from ordinary scanning at best. What comes out is a hint for whoever
//! reads on, never an attribution, and its text says so.
//!
//! Limit: a campaign's record knows which services were probed, not how often each; the share is one of services.

mod asked; // what was asked for, in a form that compares
mod hunt; // what a client is after, by one utterance
pub(crate) mod ports;
mod profile; // the form of the file

#[cfg(test)]
mod tests;

use asked::Asked;
use profile::{Book, Profile, Sign};

pub use hunt::{Hunt, hunts};

use crate::record::{Campaign, Procedure};
use crate::utterance::Utterance;

/// The profiles that a campaign resembles, most confident first. `said`: what its sources said as clients.
pub fn resembled(campaign: &Campaign, said: &[&Utterance]) -> Vec<Procedure> {
    let asked = Asked::of(said);
    let probed = Probed::of(campaign);
    let profiles = &Book::shipped().profile;
    let mut found: Vec<Procedure> =
        profiles.iter().filter_map(|profile| resembles(profile, campaign, &probed, &asked)).collect();
    // The names break ties, and the sort is stable.
    found.sort_by(|a, b| b.confidence.total_cmp(&a.confidence).then_with(|| a.name.cmp(&b.name)));
    found
}

/// ATT&CK techniques that what was said adds: T1595.002 (vulnerability scanning), T1595.003 (wordlists).
///
/// They are of scans from outside. The same from within is T1046, to which this adds nothing: the caller knows the direction.
pub fn techniques_of(said: &[&Utterance]) -> Vec<&'static str> {
    let book = Book::shipped();
    let mut techniques = Vec::new();
    if Asked::of(said).first(&book.vulnerability).is_some() {
        techniques.push("T1595.002");
    }
    if asked::most_of_one_server(said) >= book.wordlist.different {
        techniques.push("T1595.003");
    }
    techniques
}

/// The services of a campaign.
struct Probed {
    services: Vec<ports::Ports>,
    count: u64,
}

impl Probed {
    fn of(campaign: &Campaign) -> Self {
        let names = match campaign.service_ranges.is_empty() {
            true => &campaign.top_services,
            false => &campaign.service_ranges,
        };
        let services = names.iter().filter_map(|name| ports::Ports::try_from(name.clone()).ok()).collect();
        Self { services, count: campaign.services.count.max(1) }
    }

    /// How many of these were probed.
    fn among(&self, listed: &[ports::Ports]) -> u64 {
        self.services.iter().flat_map(|s| listed.iter().map(|l| s.shared(l))).sum()
    }

    /// Those of these that were probed, as the profile writes them.
    fn named(&self, listed: &[ports::Ports]) -> Vec<String> {
        let some = |ports: &&ports::Ports| self.services.iter().any(|s| s.shared(ports) > 0);
        listed.iter().filter(some).map(ToString::to_string).collect()
    }
}

fn resembles(
    profile: &Profile,
    campaign: &Campaign,
    probed: &Probed,
    asked: &Asked<'_>,
) -> Option<Procedure> {
    let (mut bits, mut shown) = (profile.base, Vec::new());
    for sign in &profile.sign {
        match matched(sign, campaign, probed, asked) {
            Some(detail) => {
                bits += sign.weight;
                let detail = if detail.is_empty() { detail } else { format!(": {detail}") };
                shown.push(format!("{}{detail} ({:+.1} bits)", sign.what, sign.weight));
            }
            None if sign.required => return None,
            None => bits += sign.against,
        }
    }
    if bits < 0.0 {
        return None;
    }
    let confidence = profile.ceiling / (1.0 + (-bits).exp2());
    Some(Procedure {
        name: profile.name.clone(),
        confidence: (confidence * 1e3).round() / 1e3,
        text: format!(
            "resembles {}: {}; from {:+.1} bits at the outset to {bits:+.1}; at most {:.2} can be said. A hint, not an \
             attribution: {}",
            profile.references.join(", "),
            shown.join("; "),
            profile.base,
            profile.ceiling,
            profile.caution,
        ),
        references: profile.references.clone(),
    })
}

/// What matched, in words, or nothing.
fn matched(sign: &Sign, campaign: &Campaign, probed: &Probed, asked: &Asked<'_>) -> Option<String> {
    if !sign.any.is_empty() {
        return (probed.among(&sign.any) > 0).then(|| probed.named(&sign.any).join(", "));
    }
    if !sign.all.is_empty() {
        let each = sign.all.iter().all(|ports| probed.among(&[*ports]) == ports.count());
        return each.then(String::new);
    }
    if let Some(share) = sign.share {
        let among = probed.among(&sign.within);
        let enough = among as f64 >= share * probed.count as f64;
        return enough.then(|| format!("{among} of {}", probed.count));
    }
    if !sign.tools.is_empty() {
        let tool = campaign.tools.iter().find(|tool| sign.tools.contains(&tool.name));
        return tool.map(|tool| format!("{}, confidence {:.2}", tool.name, tool.confidence));
    }
    if !sign.lists.is_empty() {
        let list = &campaign.target_list;
        return sign.lists.contains(&list.kind).then(|| format!("confidence {:.2}", list.confidence));
    }
    if !sign.directions.is_empty() {
        return sign.directions.contains(&campaign.direction).then(String::new);
    }
    if sign.follow_up {
        let returns = campaign.follow_ups.len();
        return (returns > 0).then(|| format!("{returns} {}", if returns == 1 { "time" } else { "times" }));
    }
    asked.first(&sign.asks()).map(|text| format!("\"{text}\""))
}
