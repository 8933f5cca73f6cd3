//! With what: the tools that a campaign's packets show, in few words.

use watchpost_core::record::{Campaign, Tool};

use crate::render::clean::clean;
use crate::render::words::and;

/// From this confidence on a tool is named without a doubt beside it.
const SURE: f64 = 0.9;

/// Below this confidence a tool is named by `explain` alone.
const LIKELY: f64 = 0.5;

/// Tools that a row names one by one.
const MOST: usize = 2;

/// The tools that are at least likely, most certain first.
fn likely(campaign: &Campaign) -> impl Iterator<Item = &Tool> {
    campaign.tools.iter().filter(|tool| tool.confidence >= LIKELY)
}

/// For a row: `masscan`, `nmap?` where it is only likely, `masscan+nmap`; empty where nothing names one.
pub fn tools(campaign: &Campaign) -> String {
    let doubt = |tool: &Tool| if tool.confidence < SURE { "?" } else { "" };
    let named: Vec<String> =
        likely(campaign).map(|tool| format!("{}{}", clean(&tool.name), doubt(tool))).collect();
    let others = named.len().saturating_sub(MOST);
    let named = named.into_iter().take(MOST).collect::<Vec<_>>().join("+");
    if others > 0 { format!("{named} +{others}") } else { named }
}

/// For a sentence: `with masscan`, `probably with nmap`, `with masscan and nmap`; empty where nothing names one.
pub fn with(campaign: &Campaign) -> String {
    let names = |sure: bool| {
        let names: Vec<String> = likely(campaign)
            .filter(|tool| (tool.confidence >= SURE) == sure)
            .map(|tool| clean(&tool.name))
            .collect();
        and(&names)
    };
    match (names(true), names(false)) {
        (sure, doubtful) if sure.is_empty() && doubtful.is_empty() => String::new(),
        (sure, doubtful) if doubtful.is_empty() => format!("with {sure}"),
        (sure, doubtful) if sure.is_empty() => format!("probably with {doubtful}"),
        (sure, doubtful) => format!("with {sure}, probably also with {doubtful}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::{syn_sweep, tool};

    #[test]
    fn doubt_is_said_and_little_more_than_a_guess_is_not() {
        let told = |known: &[(&str, f64)]| {
            let tools = known.iter().map(|(name, confidence)| tool(name, *confidence)).collect();
            let campaign = Campaign { tools, ..syn_sweep() };
            (super::tools(&campaign), with(&campaign))
        };
        let pair = |row: &str, sentence: &str| (row.to_owned(), sentence.to_owned());
        assert_eq!(told(&[]), pair("", ""));
        assert_eq!(told(&[("masscan", 0.99)]), pair("masscan", "with masscan"));
        assert_eq!(told(&[("nmap", 0.6), ("hping3", 0.3)]), pair("nmap?", "probably with nmap"));
        assert_eq!(
            told(&[("masscan", 0.99), ("zmap", 0.95), ("nmap", 0.7)]),
            pair("masscan+zmap +1", "with masscan and zmap, probably also with nmap")
        );
        assert_eq!(told(&[("a\x1b[2J", 0.99)]).0, "a\\x1b[2J");
    }
}
