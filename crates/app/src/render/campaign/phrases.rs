//! What stands under a row of the table: everything that matters beyond it, in phrases of known weight.
//!
//! A row may have two such lines. What finds no room there is left out, the least important first, and `explain` has it;
//! what must never be missed (an own host that scans, an open port learned, a return) is never left out.

use watchpost_core::record::{Campaign, Severity};

use super::{also, direction, learned, lists, order, reach, returns};
use crate::render::clean::clean;
use crate::render::records::Records;
use crate::render::style::wrap;
use crate::render::survey::place;
use crate::render::words::{self, number, percent};

/// The weight of what is never left out.
pub const ALWAYS: u8 = u8::MAX;

/// What is lighter is worth no line of its own.
const DETAIL: u8 = 40;

/// A verdict surer than this is not said to be sure in every line; `explain` has the number.
const QUITE_SURE: f64 = 0.9999;

/// A few words, how much they matter, and how they are joined to the words before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phrase {
    weight: u8,
    joint: Joint,
    text: String,
}

/// How a phrase is joined to what stands before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joint {
    /// It begins something new: a semicolon.
    New,
    /// It goes on with what the last [`Joint::New`] began, even if that one was left out: a comma.
    On,
    /// The same, with a space alone.
    Close,
}

impl Phrase {
    /// Words of some weight.
    pub fn new(weight: u8, joint: Joint, text: impl Into<String>) -> Self {
        Self { weight, joint, text: text.into() }
    }
}

/// Where, how, and with what result.
pub fn how(campaign: &Campaign, records: &Records<'_>, whole_lists: bool) -> Vec<Phrase> {
    use Joint::{Close, New, On};
    let most = if whole_lists { usize::MAX } else { 2 };
    let list = lists::list(campaign);
    // The verdict on the list says more than the share of a block that the row has in numbers.
    let where_to = if list.is_empty() { 90 } else { 50 };
    // Of one host, the order is that of its ports.
    let order = match order(campaign.order) {
        "random order" if campaign.hosts.count == 1 => "ports in random order".to_owned(),
        order if campaign.hosts.count == 1 && !order.is_empty() => format!("ports {order}"),
        order => order.to_owned(),
    };
    let seconds = words::seconds(&campaign.start, &campaign.end);
    let lasted = if seconds > 0.0 { words::coarse(seconds) } else { "all at once".to_owned() };
    let (rate, at) = match campaign.rate {
        Some(rate) if seconds > 0.0 && rate >= 0.2 => (format!("at {}", words::rate(rate)), Close),
        Some(rate) if seconds > 0.0 => (words::rate(rate), On),
        _ => (String::new(), On),
    };
    let also = also(campaign);
    let also = if also.is_empty() { also } else { format!("also {also}") };
    let replies = records.sees_replies();
    let (told, versions) = learned::row(campaign, records.lessons(campaign), replies);
    let open = campaign.lessons.open > 0 || campaign.learned.open_hosts.count > 0;
    let sure =
        if campaign.confidence < QUITE_SURE { words::sure(campaign.confidence) } else { String::new() };
    some(vec![
        Phrase::new(ALWAYS, New, direction(campaign.direction)),
        Phrase::new(where_to, New, reach(campaign, most)),
        Phrase::new(85, On, list),
        Phrase::new(70, On, order),
        Phrase::new(60, On, lasted),
        Phrase::new(30, at, rate),
        Phrase::new(20, New, also),
        Phrase::new(if open { ALWAYS } else { 80 }, New, told),
        Phrase::new(95, On, versions),
        Phrase::new(ALWAYS, New, shown(campaign, records)),
        Phrase::new(75, New, sure),
    ])
}

/// The worst that a survey found exposed of what it was shown: `saw Docker API without a login at 203.0.113.14:2375`.
fn shown(campaign: &Campaign, records: &Records<'_>) -> String {
    let shown = records.shown(campaign);
    let Some(worst) = shown.first() else { return String::new() };
    let others = match shown.len() as u64 - 1 {
        0 => String::new(),
        others => format!(" and {}", words::plural(others, "more exposure", "more exposures")),
    };
    format!("saw {} at {}{others}", clean(&worst.what), place(&worst.host, &worst.service))
}

fn some(mut phrases: Vec<Phrase>) -> Vec<Phrase> {
    // What goes on must know that something began before it, also where that has no words.
    let mut begins = true;
    for phrase in &mut phrases {
        if phrase.text.is_empty() {
            begins |= phrase.joint == Joint::New;
        } else {
            if begins {
                phrase.joint = Joint::New;
            }
            begins = false;
        }
    }
    phrases.retain(|phrase| !phrase.text.is_empty());
    phrases
}

/// Who came back, who took part, what it resembles, and the severity that its returns have.
pub fn depth(campaign: &Campaign, records: &Records<'_>) -> (Vec<Phrase>, Option<Severity>) {
    use Joint::{Close, New, On};
    let back = records.returns(campaign);
    let mut phrases = Vec::new();
    if let Some(first) = back.first() {
        let [came, others, from] = returns::row(campaign, first, back.len());
        phrases.push(Phrase::new(ALWAYS, New, came));
        phrases.push(Phrase::new(93, Close, others));
        phrases.push(Phrase::new(95, Close, from));
    }
    if let Some(coordination) = &campaign.coordination {
        let shared = format!("one scan shared by {} sources", number(campaign.source_count));
        phrases.push(Phrase::new(90, New, shared));
        if coordination.networks > 1 {
            phrases.push(Phrase::new(70, Close, format!("in {} networks", number(coordination.networks))));
        }
        if campaign.permutation.is_some() {
            phrases.push(Phrase::new(80, On, "one permutation"));
        }
    }
    if let Some(walk) = campaign.permutation.as_ref().filter(|walk| walk.done < 0.9995) {
        phrases.push(Phrase::new(50, New, format!("{} of its walk done", percent(walk.done))));
    }
    if let Some(procedure) = campaign.procedures.first() {
        let name = clean(&procedure.name);
        phrases.push(Phrase::new(60, New, format!("resembles {name} (a hint)")));
    }
    (some(phrases), back.iter().map(|follow_up| follow_up.severity).max())
}

/// All of them in one line.
pub fn joined(phrases: &[Phrase]) -> String {
    let mut out = String::new();
    for phrase in phrases {
        if !out.is_empty() {
            out.push_str(match phrase.joint {
                Joint::New => "; ",
                Joint::On => ", ",
                Joint::Close => " ",
            });
        }
        out.push_str(&phrase.text);
    }
    out
}

/// As many as fit into so many lines of so many columns, the most important ones; without columns all of them. Where one
/// line is enough for all but details, there is one line.
pub fn fitted(phrases: Vec<Phrase>, columns: Option<usize>, lines: usize) -> Vec<String> {
    if lines > 1 {
        let dense = dropped(phrases.clone(), columns, 1, DETAIL);
        if dense.len() <= 1 {
            return dense;
        }
    }
    dropped(phrases, columns, lines, ALWAYS)
}

/// Leaves phrases lighter than `least` out, the lightest first, until the others fit or none is left to leave out.
fn dropped(mut phrases: Vec<Phrase>, columns: Option<usize>, lines: usize, least: u8) -> Vec<String> {
    loop {
        let text = joined(&phrases);
        if text.is_empty() {
            return Vec::new();
        }
        let told = wrap(&text, columns);
        let lightest = phrases.iter().enumerate().rev().min_by_key(|(_, phrase)| phrase.weight);
        match lightest {
            Some((place, phrase)) if told.len() > lines && phrase.weight < least => {
                phrases[place].text.clear();
                phrases = some(phrases);
            }
            _ => return told,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::{Sample, port_scan, syn_sweep};
    use watchpost_core::record::Direction;

    #[test]
    fn what_goes_on_begins_where_its_beginning_is_left_out() {
        let phrases = vec![
            Phrase::new(ALWAYS, Joint::New, "14:02"),
            Phrase::new(1, Joint::New, "in a block"),
            Phrase::new(ALWAYS, Joint::On, "rising"),
        ];
        assert_eq!(joined(&phrases), "14:02; in a block, rising");
        assert_eq!(fitted(phrases, Some(15), 1), ["14:02; rising"]);
    }

    fn told(campaign: Campaign) -> String {
        let sample = Sample::of(vec![campaign]);
        let records = sample.records();
        joined(&how(&sample.campaigns[0], &records, false)).replace('\u{a0}', " ")
    }

    #[test]
    fn where_how_and_with_what_result() {
        assert_eq!(
            told(syn_sweep()),
            "71 % of 203.0.113.0/24, whole block, random order, 3 h, one every 32 s; also ACK; \
             learned 4 open ports, 1 SSH version"
        );
        assert_eq!(
            told(port_scan()),
            "only 198.51.100.23, ports rising one by one, 800 ms at 1,280/s; nothing answered; 99.2 % sure"
        );
    }

    #[test]
    fn what_finds_no_room_is_left_out_by_weight() {
        let sample = Sample::of(vec![syn_sweep()]);
        let records = sample.records();
        let fit = |columns| fitted(how(&sample.campaigns[0], &records, false), Some(columns), 1);
        assert_eq!(fit(68), ["whole block, random order, 3 h; learned 4 open ports, 1 SSH version"]);
        assert_eq!(fit(50), ["whole block; learned 4 open ports, 1 SSH version"]);
        assert_eq!(fit(20), ["learned 4 open ports"]);
        // A second line is no reason to tell details.
        let two = fitted(how(&sample.campaigns[0], &records, false), Some(92), 2);
        assert_eq!(two.len(), 1, "{two:?}");
        assert_eq!(fit(10).join(" "), "learned 4 open ports");
    }

    #[test]
    fn an_own_host_that_scans_is_never_left_out() {
        let own = Campaign { direction: Direction::Outbound, ..port_scan() };
        let sample = Sample::of(vec![own]);
        let records = sample.records();
        let lines = fitted(how(&sample.campaigns[0], &records, false), Some(50), 1);
        assert_eq!(lines, ["from one of your own addresses to the outside"]);
    }

    #[test]
    fn a_return_is_told_before_everything_else() {
        let sample = Sample::all();
        let records = sample.records();
        let (phrases, severity) = depth(&sample.campaigns[1], &records);
        assert_eq!(severity, Some(Severity::Critical));
        assert_eq!(fitted(phrases, Some(50), 1), ["came back at 17:40 to 203.0.113.9:22"]);
    }
}
