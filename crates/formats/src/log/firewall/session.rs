//! How a gateway's session went, from its counts and the reason for which it ended.

use watchpost_core::contact::Outcome;

/// What a gateway counts of a session; what it does not tell is none.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Session {
    /// Packets from the source.
    pub sent: Option<u64>,
    /// Packets from the target.
    pub received: Option<u64>,
    /// The target ended it with a reset.
    pub reset_by_target: bool,
    /// The gateway saw an application's data, so both went on after the handshake.
    pub data: bool,
}

impl Session {
    pub fn tcp(self) -> Outcome {
        match (self.received, self.sent) {
            (Some(0), _) => Outcome::Silent,
            _ if self.data => Outcome::Asked,
            // A reset for the SYN, perhaps repeated: a connection that went on has more packets from its source.
            (Some(received), Some(sent)) if self.reset_by_target && sent <= received => Outcome::Refused,
            (Some(_), _) => Outcome::Answered,
            (None, _) => Outcome::Unknown,
        }
    }

    pub fn datagrams(self) -> Outcome {
        match self.received {
            Some(0) => Outcome::Silent,
            Some(_) => Outcome::Answered,
            None => Outcome::Unknown,
        }
    }
}
