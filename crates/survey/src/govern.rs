//! The governor: no packet leaves without its leave. Caps, windows, the stop file, and what was really sent.
//!
//! Caps are kept by spacing: a conversation's packets go in small bursts, and before and after each burst there is as much quiet as its
//! packets take at the cap, so that bursts of one second are never more than the cap together. One burst alone may be more than a cap of fewer
//! than five packets a second: a connection cannot be opened and ended with less. What is counted is what was sent.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ipnet::IpNet;
use jiff::Timestamp;
use watchpost_core::inventory::network;

use crate::scope::{Closed, InScope, Rate, Scope};

/// Nobody waits longer without asking whether to stop: sending ends within a second.
const NAP: Duration = Duration::from_millis(50);

/// Why nothing more may be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// Somebody asked for it: Ctrl-C, the stop file.
    #[error("{0}")]
    Asked(String),
    /// The scope's time is over.
    #[error("{0}")]
    Closed(Closed),
}

/// Keeps caps, windows and stops, and counts, for everything that a survey sends by ordinary connections. Shared by threads.
#[derive(Debug)]
pub struct Governor {
    scope: Scope,
    stop_file: Option<PathBuf>,
    stop: AtomicBool,
    interrupted: fn() -> bool,
    rate: Rate,
    spent: Mutex<Spent>,
}

#[derive(Debug, Default)]
struct Spent {
    all: Option<Instant>,
    networks: HashMap<IpNet, Instant>,
    hosts: HashMap<IpAddr, Instant>,
    sent: BTreeMap<IpNet, u64>,
}

impl Governor {
    /// Of a scope; sending ends when `stop_file` appears.
    pub fn new(scope: Scope, stop_file: Option<PathBuf>) -> Self {
        let rate = scope.rate;
        Self {
            scope,
            stop_file,
            stop: AtomicBool::new(false),
            interrupted: || false,
            rate,
            spent: Mutex::default(),
        }
    }

    /// The same; sending ends when `interrupted` says so, too.
    #[must_use]
    pub fn interrupted_by(mut self, interrupted: fn() -> bool) -> Self {
        self.interrupted = interrupted;
        self
    }

    /// The same at another rate; never above the scope's.
    #[must_use]
    pub fn at_most(mut self, rate: Rate) -> Self {
        self.rate = rate.no_more_than(self.scope.rate);
        self
    }

    /// The scope that it keeps.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// From now on nothing is sent.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Whether something may be sent now.
    ///
    /// # Errors
    /// [`Stopped`] says why not.
    pub fn open(&self) -> Result<(), Stopped> {
        if self.stop.load(Ordering::Relaxed) || (self.interrupted)() {
            return Err(Stopped::Asked("interrupted".into()));
        }
        if let Some(file) = self.stop_file.as_ref().filter(|file| file.exists()) {
            self.stop();
            return Err(Stopped::Asked(format!("{} is there", file.display())));
        }
        self.scope.open(Timestamp::now()).map_err(Stopped::Closed)
    }

    /// Waits until `packets` packets may be sent to a host, and counts them as sent.
    ///
    /// # Errors
    /// [`Stopped`], at most a second after the stop.
    pub fn leave(&self, target: InScope<IpAddr>, packets: u32) -> Result<(), Stopped> {
        let (host, network) = (target.get(), network(target.get()));
        let rate = self.rate;
        loop {
            self.open()?;
            let mut spent = self.spent.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            let now = Instant::now();
            // As long before as after: so no second holds two bursts that are more than a cap together.
            let ready =
                |quiet: Option<&Instant>, cap: u32| quiet.map_or(now, |quiet| *quiet + span(packets, cap));
            let ready = ready(spent.all.as_ref(), rate.all)
                .max(ready(spent.networks.get(&network), rate.network))
                .max(ready(spent.hosts.get(&host), rate.host));
            if ready <= now {
                spent.all = Some(now + span(packets, rate.all));
                spent.networks.insert(network, now + span(packets, rate.network));
                spent.hosts.insert(host, now + span(packets, rate.host));
                *spent.sent.entry(network).or_default() += u64::from(packets);
                return Ok(());
            }
            // Nothing is booked while it waits: whoever wants another host goes first.
            drop(spent);
            thread::sleep((ready - now).min(NAP));
        }
    }

    /// So many packets, counted before, leave for a host just now: the end of a connection.
    pub fn leaving(&self, target: InScope<IpAddr>, packets: u32) {
        let mut spent = self.spent.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let quiet = Instant::now() + span(packets, self.rate.host);
        let host = spent.hosts.entry(target.get()).or_insert(quiet);
        *host = quiet.max(*host);
    }

    /// Packets sent, by network.
    pub fn sent(&self) -> Vec<(IpNet, u64)> {
        let spent = self.spent.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        spent.sent.iter().map(|(network, packets)| (*network, *packets)).collect()
    }
}

/// How long a cap gives to so many packets.
fn span(packets: u32, cap: u32) -> Duration {
    Duration::from_secs(1) * packets / cap.max(1)
}
