use super::*;
use crate::contact::{Outcome, Phase, Transport};
use crate::net::Address;
use proptest::prelude::*;

/// Gives its contacts a few at a time.
struct Given {
    times: Vec<Time>,
    known_start: bool,
    at: usize,
    sensor: u16,
}

impl ContactSource for Given {
    fn fill(&mut self, into: &mut Vec<Contact>) -> bool {
        let end = (self.at + 3).min(self.times.len());
        into.extend(self.times[self.at..end].iter().map(|t| contact(*t, self.sensor)));
        self.at = end;
        end < self.times.len()
    }
    fn starts(&self) -> Option<Time> {
        self.known_start.then(|| self.times.first().copied()).flatten()
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
    let sources = inputs.map(|((times, known_start), sensor)| Given { times, known_start, at: 0, sensor });
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
