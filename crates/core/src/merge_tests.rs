use super::*;
use crate::contact::{Outcome, Phase, Transport};
use crate::net::Address;
use crate::utterance::{Facts, Protocol, Role};
use proptest::prelude::*;

/// Gives its contacts a few at a time.
struct Given {
    times: Vec<Time>,
    known_start: bool,
    at: usize,
    told: usize,
    sensor: u16,
}

impl ContactSource for Given {
    fn fill(&mut self, into: &mut Vec<Contact>) -> bool {
        let end = (self.at + 3).min(self.times.len());
        into.extend(self.times[self.at..end].iter().map(|t| contact(*t, self.sensor)));
        self.at = end;
        end < self.times.len()
    }
    /// Something is heard with each contact.
    fn heard(&mut self, into: &mut Vec<Utterance>) {
        into.extend(self.times[self.told..self.at].iter().map(|time| utterance(*time, self.sensor)));
        self.told = self.at;
    }
    fn starts(&self) -> Option<Time> {
        self.known_start.then(|| self.times.first().copied()).flatten()
    }
}

fn utterance(time: Time, sensor: u16) -> Utterance {
    Utterance {
        time,
        sensor,
        speaker: Address::default(),
        speaker_port: 22,
        listener: Address::default(),
        listener_port: 40_000,
        transport: Transport::Tcp,
        role: Role::Server,
        protocol: Protocol::Ssh,
        facts: Facts::default(),
    }
}

fn contact(time: Time, sensor: u16) -> Contact {
    Contact {
        time,
        source: Address::default(),
        target: Address::default(),
        sequence: 0,
        weight: 1,
        port: 0,
        source_port: 0,
        window: 0,
        ip_id: 0,
        sensor,
        transport: Transport::Tcp,
        phase: Phase::Probe,
        outcome: Outcome::Unknown,
        flags: 0,
        ttl: 0,
        traits: 0,
    }
}

fn merged(inputs: Vec<(Vec<Time>, bool)>) -> Vec<(Time, u16)> {
    let inputs = inputs.into_iter().zip(0..);
    let sources =
        inputs.map(|((times, known_start), sensor)| Given { times, known_start, at: 0, told: 0, sensor });
    let mut merge = Merge::new(sources.collect());
    let mut out = Vec::new();
    while merge.fill(&mut out) {}
    out.iter().map(|c| (c.time, c.sensor)).collect()
}

#[test]
fn a_second_of_disorder_is_sorted_and_more_is_kept() {
    let s = SECOND;
    let out = merged(vec![(vec![10 * s, 9 * s + s / 2, 11 * s, 12 * s, 13 * s, 2 * s, 14 * s], false)]);
    let times: Vec<Time> = out.iter().map(|o| o.0).collect();
    assert_eq!(times.len(), 7);
    assert_eq!(times[..2], [9 * s + s / 2, 10 * s]);
    assert!(times.contains(&(2 * s)));
}

#[test]
fn what_is_heard_comes_no_later_than_its_contact_and_once() {
    let times = |first: Time| (0..5_000).map(|n| first + n * SECOND / 1_000).collect();
    let inputs = [times(7), times(0), times(3)];
    let source = |(sensor, times)| Given { times, known_start: false, at: 0, told: 0, sensor: sensor as u16 };
    let mut merge = Merge::new(inputs.into_iter().enumerate().map(source).collect());
    let (mut contacts, mut heard, mut all) = (Vec::new(), Vec::new(), Vec::new());
    let mut more = true;
    while more {
        contacts.clear();
        more = merge.fill(&mut contacts);
        let before = heard.len();
        merge.heard(&mut heard);
        assert!(heard[before..].is_sorted_by_key(|u| u.sensor), "in the order of the inputs");
        let told: std::collections::BTreeSet<_> = heard.iter().map(|u| (u.time, u.sensor)).collect();
        assert!(contacts.iter().all(|c| told.contains(&(c.time, c.sensor))));
        all.append(&mut contacts);
    }
    assert_eq!((all.len(), heard.len()), (15_000, 15_000));
}

/// Says something every second, and gives no contact.
struct WordsAlone {
    said: Vec<Time>,
    at: usize,
    told: usize,
}

enum Either {
    Words(WordsAlone),
    Contacts(Given),
}

impl ContactSource for Either {
    fn fill(&mut self, into: &mut Vec<Contact>) -> bool {
        match self {
            Self::Words(words) => {
                words.at = (words.at + 3).min(words.said.len());
                words.at < words.said.len()
            }
            Self::Contacts(given) => given.fill(into),
        }
    }
    fn heard(&mut self, into: &mut Vec<Utterance>) {
        match self {
            Self::Words(words) => {
                into.extend(words.said[words.told..words.at].iter().map(|time| utterance(*time, 9)));
                words.told = words.at;
            }
            Self::Contacts(given) => given.heard(into),
        }
    }
    fn reached(&self) -> Option<Time> {
        let Self::Words(words) = self else { return None };
        words.at.checked_sub(1).map(|last| words.said[last])
    }
}

#[test]
fn an_input_of_words_alone_goes_on_in_step_with_the_others() {
    let times: Vec<Time> = (0..20_000).map(|n| n * SECOND).collect();
    let words = WordsAlone { said: times.clone(), at: 0, told: 0 };
    let given = Given { times, known_start: false, at: 0, told: 0, sensor: 1 };
    let mut merge = Merge::new(vec![Either::Words(words), Either::Contacts(given)]);
    let (mut contacts, mut heard, mut all) = (Vec::new(), Vec::new(), 0);
    let mut more = true;
    while more {
        contacts.clear();
        more = merge.fill(&mut contacts);
        merge.heard(&mut heard);
        all += contacts.len();
        let said = heard.iter().filter(|u| u.sensor == 9).map(|u| u.time).max();
        let last = contacts.last().map(|c| c.time);
        if let (Some(said), Some(last), true) = (said, last, more) {
            assert!(said.abs_diff(last) <= 10 * SECOND as u64, "words of {said}, contacts of {last}");
        }
    }
    let words = heard.iter().filter(|u| u.sensor == 9);
    assert_eq!((all, words.clone().count()), (20_000, 20_000));
    assert!(words.is_sorted_by_key(|u| u.time));
}

proptest! {
    #[test]
    fn sorted_inputs_give_a_sorted_whole(
        mut inputs in prop::collection::vec((prop::collection::vec(0i64..100 * SECOND, 0..40), any::<bool>()), 0..5)
    ) {
        for (times, _) in &mut inputs {
            times.sort_unstable();
        }
        let mut expected: Vec<(Time, u16)> = Vec::new();
        for (sensor, (times, _)) in inputs.iter().enumerate() {
            expected.extend(times.iter().map(|t| (*t, sensor as u16)));
        }
        expected.sort_by_key(|(time, sensor)| (*time, *sensor));
        prop_assert_eq!(merged(inputs), expected);
    }
}
