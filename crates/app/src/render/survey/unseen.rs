//! What a survey could not see, a sentence each.

use ipnet::IpNet;
use watchpost_core::inventory::{Inventory, Survey};

use crate::render::clean::clean;
use crate::render::words::{number, percent, plural};

/// Blocks that are named, whose control is not proven.
const BLOCKS: usize = 3;

/// All of it.
pub fn unseen(inventory: &Inventory) -> Vec<String> {
    let survey = &inventory.survey;
    let mut all: Vec<String> = Vec::new();
    if let Some(why) = &survey.stopped {
        let asked = percent(survey.coverage);
        all.push(format!("it stopped before its end ({}); {asked} of the plan was asked", clean(why)));
    } else if !survey.is_whole() {
        all.push(format!("only {} of the plan was asked", percent(survey.coverage)));
    }
    if inventory.services.iter().any(|service| service.is_unconfirmed()) {
        let text = "what answered has not been confirmed: proxies and tarpits may be among it";
        all.push(text.to_owned());
    }
    all.extend(hiding(survey));
    if survey.miss.is_none() {
        all.push("how much was missed: nothing that is known to be live was asked again".to_owned());
    }
    for (what, how) in [
        ("the registry's holder of the blocks", &survey.registry),
        ("control of the blocks", &survey.control),
    ] {
        if how == "not checked" {
            all.push(format!("{what}: not checked"));
        }
    }
    all.extend(unproven(&survey.control));
    all.extend(survey.unseen.iter().map(|sentence| clean(sentence)));
    all
}

/// That who did not show himself was asked nothing else. On a link all show themselves.
fn hiding(survey: &Survey) -> Option<String> {
    let knocks: Vec<&str> = survey.knocks.iter().map(String::as_str).collect();
    let on_link = knocks.iter().all(|knock| matches!(*knock, "arp" | "nd"));
    let only = survey.asked.iter().all(|asked| knocks.contains(&asked.as_str()));
    let hidden = survey.target_count.saturating_sub(survey.hosts_asked_count()?);
    if on_link || only || hidden == 0 {
        return None;
    }
    let who = plural(hidden, "address that does not answer", "addresses that do not answer");
    Some(format!("services of the {who} to {}", clean(&knocks.join(", "))))
}

/// Blocks of which it is not proven that whoever surveyed them runs them, each with the reason.
fn unproven(control: &str) -> Vec<String> {
    let mut blocks: Vec<(Option<IpNet>, String)> = Vec::new();
    for piece in control.split("; ") {
        let named = piece.split_once(": ").and_then(|(block, how)| Some((block.parse().ok()?, how)));
        match (named, blocks.last_mut()) {
            (Some((block, how)), _) => blocks.push((Some(block), how.to_owned())),
            // A reason may hold several places.
            (None, Some((_, how))) => how.push_str(&format!("; {piece}")),
            (None, None) => blocks.push((None, piece.to_owned())),
        }
    }
    blocks.retain(|(_, how)| how.starts_with("not proven"));
    let told = |(block, how): &(Option<IpNet>, String)| {
        let block = block.map_or_else(|| "the blocks".to_owned(), |block| block.to_string());
        format!("control of {block}: {}", clean(how))
    };
    let mut all: Vec<String> = blocks.iter().take(BLOCKS).map(told).collect();
    match blocks.len().saturating_sub(BLOCKS) as u64 {
        0 => {}
        1 => all.push("control of one more block: not proven".to_owned()),
        more => all.push(format!("control of {} more blocks: not proven", number(more))),
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::survey::sample::taken;

    #[test]
    fn blocks_that_are_not_proven_are_named_with_the_reason() {
        let control = "192.0.2.0/24: proven by TXT _watchpost.2.0.192.in-addr.arpa; \
             198.51.100.0/24: not proven: _watchpost.100.51.198.in-addr.arpa: no TXT record; http://198.51.100.1/x: status 404; \
             203.0.113.0/24: not proven: neither a resolver nor a host was there to ask";
        let told = unproven(control);
        assert_eq!(told.len(), 2, "{told:#?}");
        assert!(told[0].starts_with("control of 198.51.100.0/24: not proven: _watchpost"));
        assert!(told[0].ends_with("status 404"));
        assert!(told[1].starts_with("control of 203.0.113.0/24: not proven: neither"));
        assert_eq!(unproven("not proven"), ["control of the blocks: not proven"]);
        for proven in ["not checked: a lab's blocks", "192.0.2.0/24: proven by TXT x", ""] {
            assert!(unproven(proven).is_empty(), "{proven}");
        }
        let many: Vec<String> = (0..9).map(|i| format!("10.0.{i}.0/24: not proven: x: y")).collect();
        let told = unproven(&many.join("; "));
        assert_eq!((told.len(), told[3].as_str()), (4, "control of 6 more blocks: not proven"));
    }

    #[test]
    fn who_hides_from_discovery_is_not_seen() {
        let mut survey = taken().survey;
        survey.hosts_asked = Some(vec!["203.0.113.8/29".into()]);
        survey.knocks = vec!["icmp/echo".into(), "tcp/443".into()];
        let told = hiding(&survey).unwrap();
        assert_eq!(told, "services of the 248 addresses that do not answer to icmp/echo, tcp/443");
        survey.knocks = vec!["arp".into()];
        assert_eq!(hiding(&survey), None);
        (survey.knocks, survey.hosts_asked) = (vec![], None);
        assert_eq!(hiding(&survey), None);
    }

    #[test]
    fn what_a_stop_left_unconfirmed_is_said() {
        let told =
            |inventory: &Inventory| unseen(inventory).iter().any(|s| s.contains("has not been confirmed"));
        let mut inventory = taken();
        assert!(!told(&inventory));
        inventory.services[0].confidence = 0.5;
        assert!(told(&inventory));
    }
}
