//! The governor: no packet leaves without its leave. Caps, windows, the stop file, and what was really sent.
//!
//! Caps are kept by spacing (GCRA with a burst of one): after a packet to a host, to a network, to anybody, the next may follow once the
//! cap's interval is over. So no second can ever hold more than the cap, wherever it begins. What is counted is what was sent.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use jiff::Timestamp;

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
        let until = {
            let mut spent = self.spent.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            let Rate { all, network: per_network, host: per_host } = self.rate;
            let now = Instant::now();
            let free = |last: Option<&Instant>| last.copied().unwrap_or(now).max(now);
            let from = free(spent.all.as_ref())
                .max(free(spent.networks.get(&network)))
                .max(free(spent.hosts.get(&host)));
            let after = |cap: u32| from + Duration::from_secs(1) * packets / cap.max(1);
            spent.all = Some(after(all));
            spent.networks.insert(network, after(per_network));
            spent.hosts.insert(host, after(per_host));
            from
        };
        loop {
            self.open()?;
            match until.checked_duration_since(Instant::now()) {
                Some(rest) if !rest.is_zero() => thread::sleep(rest.min(NAP)),
                _ => break,
            }
        }
        let mut spent = self.spent.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        *spent.sent.entry(network).or_default() += u64::from(packets);
        Ok(())
    }

    /// Packets sent, by network.
    pub fn sent(&self) -> Vec<(IpNet, u64)> {
        let spent = self.spent.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        spent.sent.iter().map(|(network, packets)| (*network, *packets)).collect()
    }
}

/// The /24 or /64 of an address: what the caps on networks mean.
pub fn network(host: IpAddr) -> IpNet {
    match host {
        IpAddr::V4(host) => Ipv4Net::new_assert(host, 24).trunc().into(),
        IpAddr::V6(host) => Ipv6Net::new_assert(host, 64).trunc().into(),
    }
}
