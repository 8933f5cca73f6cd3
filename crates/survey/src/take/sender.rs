//! Who sends: the helper with its raw sockets, or this process by ordinary ones.

use std::net::IpAddr;

use crate::connect::Connect;
use crate::engine::{self, Event};
use crate::govern::{Governor, Stopped};
use crate::probe::{self, Done, Helper, Job};
use crate::raw::Way;
use crate::scope::Rate;
use crate::talk;

/// Packets of one question by an ordinary connection, at most: SYN, ACK, RST. Caps and counts take it for all.
const HANDSHAKE: u32 = 3;

/// Why it could not be sent.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// The helper.
    #[error("the sender (watchpost-probe): {0}")]
    Helper(#[from] probe::Failed),
    /// This machine's sockets.
    #[error("sending failed: {0}")]
    Io(#[from] std::io::Error),
    /// TLS could not be set up.
    #[error("{0}")]
    Talk(String),
}

impl Failed {
    pub(super) fn talk(failed: talk::Failed) -> Self {
        Self::Talk(failed.to_string())
    }
}

/// Who sends.
#[derive(Debug)]
pub enum Sender {
    /// The helper process, and the way that it sends.
    Raw(Box<(Helper, Way)>),
    /// Ordinary sockets.
    Connect(Connect),
}

impl Sender {
    /// `raw` or `connect`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Raw(_) => "raw",
            Self::Connect(_) => "connect",
        }
    }

    /// The own address that ordinary connections shall come from too.
    pub fn source(&self) -> Option<IpAddr> {
        match self {
            Self::Raw(raw) => raw.1.v4.map(IpAddr::from).or(raw.1.v6.map(IpAddr::from)),
            Self::Connect(connect) => connect.source(),
        }
    }

    /// Has a plan gone over.
    ///
    /// # Errors
    /// [`Failed`]
    pub fn run(
        &mut self,
        job: Job,
        governor: &Governor,
        tell: &mut dyn FnMut(Event<'_>),
    ) -> Result<Done, Failed> {
        match self {
            Self::Raw(raw) => {
                let mut stop = || governor.open().err().map(|why| why.to_string());
                Ok(raw.0.run(job, &mut stop, tell)?)
            }
            Self::Connect(connect) => {
                let mut leave = || -> Result<(), Stopped> { governor.open() };
                let mut plan = job.plan(governor.scope());
                let part = |cap: u32| (cap / HANDSHAKE).max(1);
                plan.rate = Rate {
                    all: part(plan.rate.all),
                    network: part(plan.rate.network),
                    host: part(plan.rate.host),
                };
                let mut done = Done::from(engine::run(&plan, connect, &mut leave, tell)?);
                done.sent.iter_mut().for_each(|(_, sent)| *sent *= u64::from(HANDSHAKE));
                Ok(done)
            }
        }
    }
}
