//! Several inputs as one, in the order of time.
//!
//! Within an input up to a second of disorder is sorted (packets of several queues of a network card arrive a little out
//! of order; merged captures have hours of it). A contact later than that keeps its own time and goes on at once: it is
//! counted, never dropped, and the engine's clock does not turn back. The limit: at most [`HELD`] contacts of an input
//! wait, so a faster capture is sorted over less than a second.

use std::collections::VecDeque;

use crate::contact::{Contact, SECOND, Time};

/// Disorder that is sorted.
pub const DISORDER: Time = SECOND;
/// Contacts of one input that wait to be sorted, at most: 4 MiB.
pub const HELD: usize = 65_536;

/// Whatever gives contacts.
pub trait ContactSource {
    /// Appends some contacts in the input's own order; false at its end. Problems are the source's own to report.
    fn fill(&mut self, into: &mut Vec<Contact>) -> bool;

    /// The time of its first contact, where that is known beforehand: until then the input need not be opened, so that
    /// thousands of rotated files can be merged with few of them open.
    fn starts(&self) -> Option<Time> {
        None
    }
}

/// One input, sorted within [`DISORDER`].
struct Sorted<S> {
    source: S,
    waiting: VecDeque<Contact>,
    fresh: Vec<Contact>,
    newest: Time,
    begun: bool,
    ended: bool,
}

impl<S: ContactSource> Sorted<S> {
    /// Reads on until the first waiting contact may go, or the input ends.
    fn settle(&mut self) {
        while !self.ended && !self.may_go() {
            self.fresh.clear();
            self.ended = !self.source.fill(&mut self.fresh);
            for contact in &self.fresh {
                if self.waiting.back().is_none_or(|last| last.time <= contact.time) {
                    self.waiting.push_back(*contact);
                } else {
                    let place = self.waiting.partition_point(|w| w.time <= contact.time);
                    self.waiting.insert(place, *contact);
                }
                self.newest = self.newest.max(contact.time);
            }
        }
    }

    fn may_go(&self) -> bool {
        let old = |first: &Contact| self.newest.saturating_sub(first.time) >= DISORDER;
        self.waiting.len() > HELD || self.waiting.front().is_some_and(old)
    }

    /// The next contact's time; of an input not yet begun, the earliest that it can be.
    fn next_time(&self) -> Option<Time> {
        if self.begun {
            return self.waiting.front().map(|c| c.time);
        }
        self.source.starts().map(|start| start.saturating_sub(DISORDER))
    }

    /// How many may go that are not later than `limit`, in their order.
    fn ready(&self, limit: Time) -> usize {
        let settled = if self.ended { Time::MAX } else { self.newest.saturating_sub(DISORDER) };
        let surplus = self.waiting.len().saturating_sub(HELD);
        let by_time = self.waiting.partition_point(|c| c.time <= settled.min(limit));
        by_time.max(surplus.min(self.waiting.partition_point(|c| c.time <= limit)))
    }
}

/// Several inputs, merged by time; ties go in the order of the inputs.
pub struct Merge<S> {
    inputs: Vec<Sorted<S>>,
}

impl<S: ContactSource> Merge<S> {
    /// Of these inputs.
    pub fn new(sources: Vec<S>) -> Self {
        let sorted = |source| Sorted {
            source,
            waiting: VecDeque::new(),
            fresh: Vec::new(),
            newest: Time::MIN,
            begun: false,
            ended: false,
        };
        Self { inputs: sources.into_iter().map(sorted).collect() }
    }

    /// Appends some contacts; false at the end of all inputs.
    pub fn fill(&mut self, into: &mut Vec<Contact>) -> bool {
        let first = loop {
            for input in &mut self.inputs {
                input.begun |= input.source.starts().is_none();
                if input.begun {
                    input.settle();
                }
            }
            let times =
                self.inputs.iter().enumerate().filter_map(|(i, input)| input.next_time().map(|t| (t, i)));
            let Some((_, first)) = times.min() else { return false };
            if self.inputs[first].begun {
                break first;
            }
            self.inputs[first].begun = true;
        };
        // Up to the next contact of any other input, all of this one's go in a run.
        let others = self.inputs.iter().enumerate().filter(|(i, _)| *i != first);
        let limit = others
            .filter_map(|(i, input)| {
                input.next_time().map(|t| if i < first { t.saturating_sub(1) } else { t })
            })
            .min()
            .unwrap_or(Time::MAX);
        let input = &mut self.inputs[first];
        let run = input.ready(limit).max(1);
        let (front, back) = input.waiting.as_slices();
        let from_front = run.min(front.len());
        into.extend_from_slice(&front[..from_front]);
        into.extend_from_slice(&back[..run - from_front]);
        input.waiting.drain(..run);
        true
    }

    /// The inputs, to ask them what they read.
    pub fn into_sources(self) -> Vec<S> {
        self.inputs.into_iter().map(|input| input.source).collect()
    }
}

#[cfg(test)]
#[path = "merge_tests.rs"]
mod tests;
