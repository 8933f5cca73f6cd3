//! Several inputs as one, in the order of time.
//!
//! Within an input up to a second of disorder is sorted (packets of several queues of a network card arrive a little out
//! of order; merged captures have hours of it); of a log as much as its format brings with it. A contact later than that
//! keeps its own time and goes on at once: it is counted, never dropped, and the engine's clock does not turn back. The
//! limit: at most [`HELD`] contacts of an input wait, so a faster capture is sorted over less than a second.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use crate::contact::{Contact, SECOND, Time};
use crate::utterance::Utterance;

/// Disorder that is sorted.
pub const DISORDER: Time = SECOND;
/// Contacts of one input that wait to be sorted, at most: 4 MiB.
pub const HELD: usize = 65_536;
/// Utterances that wait to be fetched: beyond, inputs keep theirs, within their own bounds.
const HEARD: usize = 65_536;
/// Contacts handed on at a time.
const ENOUGH: usize = 4_096;

/// Whatever gives contacts.
pub trait ContactSource {
    /// Appends some contacts in the input's own order; false at its end. Problems are the source's own to report.
    fn fill(&mut self, into: &mut Vec<Contact>) -> bool;

    /// Appends what was heard on connections since the last call, no later than the contact of the packet that completed it.
    fn heard(&mut self, _into: &mut Vec<Utterance>) {}

    /// How far it has read in time, where it tells what was said without contacts: an input of words alone goes on in
    /// step with the others by it.
    fn reached(&self) -> Option<Time> {
        None
    }

    /// How late a contact may come and still be sorted in. Logs write a flow when it has ended.
    fn disorder(&self) -> Time {
        DISORDER
    }

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
            // All fresh ones are sorted in at once: one by one, a hostile order would move half of those held each time.
            let mut earliest_late = None;
            let sorted = self.waiting.len();
            for contact in &self.fresh {
                if self.waiting.back().is_some_and(|last| last.time > contact.time) {
                    earliest_late = earliest_late.map(|t: Time| t.min(contact.time)).or(Some(contact.time));
                }
                self.waiting.push_back(*contact);
                self.newest = self.newest.max(contact.time);
            }
            if let Some(time) = earliest_late {
                let waiting = self.waiting.make_contiguous();
                let from = waiting[..sorted].partition_point(|w| w.time <= time);
                waiting[from..].sort_by_key(|c| c.time);
            }
            if let Some(reached) = self.source.reached().filter(|_| self.waiting.is_empty()) {
                self.newest = self.newest.max(reached);
                return;
            }
        }
    }

    fn may_go(&self) -> bool {
        let old = |first: &Contact| self.newest.saturating_sub(first.time) >= self.source.disorder();
        self.waiting.len() > HELD || self.waiting.front().is_some_and(old)
    }

    /// The next contact's time; of an input not yet begun, the earliest that it can be.
    fn next_time(&self) -> Option<Time> {
        if self.begun {
            return self.waiting.front().map(|c| c.time);
        }
        self.source.starts().map(|start| start.saturating_sub(self.source.disorder()))
    }

    /// How many may go that are not later than `limit`, in their order.
    fn ready(&self, limit: Time) -> usize {
        let settled = if self.ended { Time::MAX } else { self.newest.saturating_sub(self.source.disorder()) };
        let surplus = self.waiting.len().saturating_sub(HELD);
        let by_time = self.waiting.partition_point(|c| c.time <= settled.min(limit));
        by_time.max(surplus.min(self.waiting.partition_point(|c| c.time <= limit)))
    }

    /// Hands over contacts that may go, not later than `limit`: one at least, so that there is an end, and at most `most`.
    fn give(&mut self, limit: Time, most: usize, into: &mut Vec<Contact>) {
        let run = self.ready(limit).clamp(1, most);
        let (front, back) = self.waiting.as_slices();
        let from_front = run.min(front.len());
        into.extend_from_slice(&front[..from_front]);
        into.extend_from_slice(&back[..run - from_front]);
        self.waiting.drain(..run);
    }
}

/// Several inputs, merged by time; ties go in the order of the inputs.
pub struct Merge<S> {
    inputs: Vec<Sorted<S>>,
    /// Inputs that have more, by the earliest time that their next contact can have.
    next: BinaryHeap<Reverse<(Time, usize)>>,
    /// What was heard, with its input.
    heard: Vec<(usize, Utterance)>,
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
        let inputs: Vec<Sorted<S>> = sources.into_iter().map(sorted).collect();
        let earliest = |input: &Sorted<S>| input.next_time().unwrap_or(Time::MIN);
        let next =
            inputs.iter().enumerate().map(|(place, input)| Reverse((earliest(input), place))).collect();
        Self { inputs, next, heard: Vec::new() }
    }

    /// Appends some contacts; false at the end of all inputs.
    pub fn fill(&mut self, into: &mut Vec<Contact>) -> bool {
        let enough = into.len() + ENOUGH;
        while into.len() < enough {
            let Some(Reverse((time, place))) = self.next.pop() else { return false };
            let input = &mut self.inputs[place];
            input.begun = true;
            input.settle();
            if self.heard.len() < HEARD {
                let mut heard = Vec::new();
                input.source.heard(&mut heard);
                self.heard.extend(heard.into_iter().map(|utterance| (place, utterance)));
            }
            let Some(now) = input.next_time() else {
                if !input.ended {
                    // Words alone so far: it goes on when the others have come as far.
                    self.next.push(Reverse((input.newest, place)));
                    if self.heard.len() >= HEARD {
                        return true;
                    }
                }
                continue;
            };
            if now == time {
                // Up to the next contact of any other input, all of this one's go in a run.
                let limit =
                    self.next.peek().map_or(
                        Time::MAX,
                        |Reverse((t, other))| {
                            if *other < place { t.saturating_sub(1) } else { *t }
                        },
                    );
                input.give(limit, enough - into.len(), into);
            }
            let again = input.next_time().or((!input.ended).then_some(input.newest));
            self.next.extend(again.map(|time| Reverse((time, place))));
        }
        true
    }

    /// Appends what was heard on connections since the last call, in the order of the inputs. To be called after each
    /// [`Self::fill`]: an utterance comes no later than the contact of the packet that completed it.
    pub fn heard(&mut self, into: &mut Vec<Utterance>) {
        self.heard.sort_by_key(|(place, _)| *place);
        into.extend(self.heard.drain(..).map(|(_, utterance)| utterance));
    }

    /// The inputs, to ask them what they read.
    pub fn into_sources(self) -> Vec<S> {
        self.inputs.into_iter().map(|input| input.source).collect()
    }
}

#[cfg(test)]
#[path = "merge_tests.rs"]
mod tests;
