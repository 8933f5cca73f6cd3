//! Later sessions on what had answered: the same source coming back, minutes or weeks after its scan.

use serde::{Deserialize, Serialize};

use super::Dossier;
use crate::contact::Time;

/// Seconds of quiet on a target after which a new session is a return and not the scan's own retry or version probe.
const QUIET: u32 = 60;
/// Targets of which returns are kept.
const KEPT: usize = 64;

/// Sessions on one target after a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Returned {
    /// The target's place.
    pub place: u16,
    /// Sessions.
    pub sessions: u16,
    /// Whether somebody spoke on one of them.
    pub spoke: bool,
    /// The first of them.
    pub first: Time,
    /// The last of them.
    pub last: Time,
}

impl Dossier {
    /// A session on a target that had answered, after so many seconds of quiet on it. Gives whether it is a return.
    pub(super) fn came_back(&mut self, place: usize, time: Time, quiet: u32) -> bool {
        if let Some(known) = self.returned(place) {
            known.sessions = known.sessions.saturating_add(1);
            known.last = time;
            return true;
        }
        let returned = quiet >= QUIET && self.returns.len() < KEPT;
        if returned {
            let place = place as u16;
            self.returns.push(Returned { place, sessions: 1, spoke: false, first: time, last: time });
        }
        returned
    }

    /// Whether what happens on a target at this time belongs to a return.
    pub(super) fn has_returned(&self, place: usize, time: Time) -> bool {
        self.returns.iter().any(|r| usize::from(r.place) == place && r.first <= time)
    }

    /// Somebody spoke on a connection to the target.
    pub(super) fn spoke(&mut self, place: usize, time: Time) {
        if let Some(known) = self.returned(place)
            && time >= known.first
        {
            known.spoke = true;
        }
    }

    fn returned(&mut self, place: usize) -> Option<&mut Returned> {
        self.returns.iter_mut().find(|r| usize::from(r.place) == place)
    }
}
