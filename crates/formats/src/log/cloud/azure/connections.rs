//! The parts of a connection's life as one contact.
//!
//! The problem: a flow that begins, goes on and ends is three tuples or more, minutes apart, and only the later ones say how it went.
//! The way: it waits for its counts, ten minutes at most, in a bounded memory: then it goes on as one contact with the time
//! at which it began. What comes later of it adds nothing and ends here.
//!
//! Limits: of more than 65,536 connections at a time the oldest go as they stand; one that was quiet for ten minutes counts once more when it
//! goes on; of one that began before the log, silence is not known.

use std::collections::{HashMap, VecDeque};

use super::tuple::{Ends, State, Tuple};
use crate::log::Out;
use crate::log::cloud::counts::{self, Counts};
use crate::log::flow::Flow;
use watchpost_core::contact::{Outcome, SECOND, Time, Transport};

/// Counts come every five minutes, and when a flow has ended: an idle one after four minutes or more.
pub(super) const WAITED: Time = 600 * SECOND;
/// Connections that are remembered.
const MOST: usize = 65_536;

/// The connections that began of late.
#[derive(Default)]
pub(super) struct Connections {
    open: HashMap<Ends, Open>,
    /// When each is forgotten, the earliest first; one entry for each connection.
    queue: VecDeque<(Time, Ends)>,
    now: Time,
}

#[derive(Clone, Copy)]
struct Open {
    first: Time,
    /// Its beginning was seen.
    whole: bool,
    inbound: bool,
    sent: Counts,
    got: Counts,
    told: bool,
    ended: Option<Time>,
    until: Time,
}

impl Open {
    fn new(tuple: &Tuple) -> Self {
        Self {
            first: tuple.time,
            whole: tuple.state == State::Begun,
            inbound: tuple.inbound,
            sent: Counts::default(),
            got: Counts::default(),
            told: false,
            ended: None,
            until: 0,
        }
    }

    fn outcome(&self, ends: &Ends) -> Outcome {
        let outcome = match ends.transport() {
            Transport::Tcp => counts::tcp(self.sent, self.got, ends.target.is_v4()),
            _ => counts::datagrams(self.sent, self.got),
        };
        // The answer may have been counted before the log began.
        if outcome == Outcome::Silent && !self.whole { Outcome::Unknown } else { outcome }
    }

    /// As a contact.
    fn tell(&mut self, ends: &Ends, out: &mut Out<'_>) {
        if !self.told {
            self.told = true;
            tell(ends, self.first, self.sent.packets, self.outcome(ends), out);
        }
    }
}

fn tell(ends: &Ends, time: Time, packets: u64, outcome: Outcome, out: &mut Out<'_>) {
    let (source, target) = ((ends.source, ends.source_port), (ends.target, ends.port));
    let flow = Flow { outcome, packets, ..Flow::new(time, ends.transport(), source, target) };
    out.contact(flow.contact(out.sensor));
}

impl Connections {
    /// Takes a tuple.
    pub fn take(&mut self, tuple: &Tuple, out: &mut Out<'_>) {
        let ends = tuple.ends;
        match tuple.state {
            State::Denied => return tell(&ends, tuple.time, tuple.sent.packets, Outcome::Silent, out),
            State::LetIn => return tell(&ends, tuple.time, 1, Outcome::Unknown, out),
            _ => {}
        }
        self.now = self.now.max(tuple.time);
        self.forget(out);
        let open = match self.open.get_mut(&ends) {
            Some(open) => open,
            None => {
                if self.open.len() >= MOST {
                    self.forget_oldest(out);
                }
                self.queue.push_back((self.now.saturating_add(WAITED), ends));
                self.open.entry(ends).or_insert(Open::new(tuple))
            }
        };
        // The other end's interface tells of the same connection.
        if open.inbound != tuple.inbound && open.ended.is_none_or(|ended| tuple.time <= ended) {
            return;
        }
        let again = tuple.state == State::Begun && (open.told || open.ended.is_some());
        if again && open.ended.is_none_or(|ended| tuple.time >= ended) {
            open.tell(&ends, out);
            *open = Open::new(tuple);
        } else if open.ended.is_some() {
            return;
        }
        open.until = self.now.saturating_add(WAITED);
        open.sent.add(tuple.sent);
        open.got.add(tuple.got);
        if tuple.state == State::Ended {
            open.ended = Some(tuple.time);
        }
        // Nothing more can be told of it than that it was used.
        if open.ended.is_some() || open.outcome(&ends) == Outcome::Asked {
            open.tell(&ends, out);
        }
    }

    /// Those whose time has come.
    fn forget(&mut self, out: &mut Out<'_>) {
        while self.queue.front().is_some_and(|(until, _)| *until <= self.now) {
            let Some((_, ends)) = self.queue.pop_front() else { return };
            match self.open.get_mut(&ends) {
                Some(open) if open.until > self.now => {
                    // One that waits for its counts waits no longer; the others are only remembered.
                    if open.first.saturating_add(WAITED) <= self.now {
                        open.tell(&ends, out);
                    }
                    self.queue.push_back((open.until, ends));
                }
                _ => self.gone(&ends, out),
            }
        }
    }

    fn forget_oldest(&mut self, out: &mut Out<'_>) {
        if let Some((_, ends)) = self.queue.pop_front() {
            self.gone(&ends, out);
        }
    }

    fn gone(&mut self, ends: &Ends, out: &mut Out<'_>) {
        if let Some(mut open) = self.open.remove(ends) {
            open.tell(ends, out);
        }
    }

    /// The log has ended.
    pub fn end(&mut self, out: &mut Out<'_>) {
        while !self.queue.is_empty() {
            self.forget_oldest(out);
        }
    }
}
