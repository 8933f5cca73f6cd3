//! The governor: no packet leaves without its leave. Caps, windows, the stop file, and what was really sent.
//!
//! The problem: a cap is kept only if it holds what really leaves, and the kernel acknowledges and resets by itself, whenever it likes. The
//! way: whoever opens a connection holds a [`Leave`] until it is closed, with room for what the kernel may send at any moment; what has left
//! counts for a second from when it is known to have left. What is held and what left within a second is never more than the cap, for a host,
//! for a network, and for all; so few enough connections are open at a time. Limits: a connection cannot be opened and ended with less than
//! five packets, and a cap below is not kept within one second; what the kernel repeats of a lost request is not seen here.

mod meter; // the last second

use std::collections::{BTreeMap, HashMap};
use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use ipnet::IpNet;
use jiff::Timestamp;
use watchpost_core::inventory::network;

use crate::scope::{Closed, InScope, Rate, Scope};
use meter::Meter;

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
    /// Why nothing is sent any more; the first reason stays.
    stop: OnceLock<String>,
    interrupted: fn() -> bool,
    rate: Rate,
    spent: Mutex<Spent>,
}

#[derive(Debug, Default)]
struct Spent {
    /// Nothing leaves before.
    rests: Option<Instant>,
    all: Meter,
    networks: HashMap<IpNet, Meter>,
    hosts: HashMap<IpAddr, Meter>,
    sent: BTreeMap<IpNet, u64>,
}

impl Spent {
    /// Everybody who counts packets to a host.
    fn meters(&mut self, host: IpAddr, network: IpNet) -> [&mut Meter; 3] {
        [&mut self.all, self.networks.entry(network).or_default(), self.hosts.entry(host).or_default()]
    }

    fn left(&mut self, host: IpAddr, network: IpNet, now: Instant, packets: u32) {
        if packets > 0 {
            self.meters(host, network).into_iter().for_each(|meter| meter.left(now, packets));
            *self.sent.entry(network).or_default() += u64::from(packets);
        }
    }
}

impl Governor {
    /// Of a scope; sending ends when `stop_file` appears.
    pub fn new(scope: Scope, stop_file: Option<PathBuf>) -> Self {
        let rate = scope.rate;
        Self { scope, stop_file, stop: OnceLock::new(), interrupted: || false, rate, spent: Mutex::default() }
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

    /// The caps that it keeps.
    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// From now on nothing is sent.
    pub fn stop(&self) {
        let _ = self.stop.set("interrupted".into());
    }

    /// Whether something may be sent now.
    ///
    /// # Errors
    /// [`Stopped`] says why not.
    pub fn open(&self) -> Result<(), Stopped> {
        if self.stop.get().is_none() {
            if (self.interrupted)() {
                self.stop();
            } else if let Some(file) = self.stop_file.as_ref().filter(|file| file.exists()) {
                let _ = self.stop.set(format!("{} is there", file.display()));
            }
        }
        if let Some(why) = self.stop.get() {
            return Err(Stopped::Asked(why.clone()));
        }
        self.scope.open(Timestamp::now()).map_err(Stopped::Closed)
    }

    /// What an attempt gives that waits for as long as it is told, and is made again until a moment; a stop ends it.
    ///
    /// # Errors
    /// The attempt's, but for those that say that nothing came yet; [`ErrorKind::TimedOut`]; [`Stopped`] as an error's inner one.
    pub fn patiently<T>(
        &self,
        until: Instant,
        mut attempt: impl FnMut(Duration) -> io::Result<T>,
    ) -> io::Result<T> {
        loop {
            self.open().map_err(io::Error::other)?;
            let rest = until.saturating_duration_since(Instant::now());
            if rest.is_zero() {
                return Err(ErrorKind::TimedOut.into());
            }
            match attempt(rest.min(NAP)) {
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                    ) => {}
                done => return done,
            }
        }
    }

    /// Nothing leaves for so long: somebody else has sent until now, within the same caps.
    pub fn rest(&self, pause: Duration) {
        self.spent().rests = Some(Instant::now() + pause);
    }

    /// Waits until `packets` packets may leave for a host.
    ///
    /// # Errors
    /// [`Stopped`], at most a second after the stop.
    pub fn leave(&self, target: InScope<IpAddr>, packets: u32) -> Result<Leave<'_>, Stopped> {
        let mut leave = Leave { governor: self, host: target.get(), network: network(target.get()), held: 0 };
        leave.more(packets)?;
        Ok(leave)
    }

    fn spent(&self) -> MutexGuard<'_, Spent> {
        self.spent.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Packets sent, by network.
    pub fn sent(&self) -> Vec<(IpNet, u64)> {
        let spent = self.spent();
        spent.sent.iter().map(|(network, packets)| (*network, *packets)).collect()
    }
}

/// So many packets may leave for a host at any moment. What is still held when it is dropped counts as sent then.
#[derive(Debug)]
pub struct Leave<'a> {
    governor: &'a Governor,
    host: IpAddr,
    network: IpNet,
    held: u32,
}

impl Leave<'_> {
    /// Waits until so many more may leave.
    ///
    /// # Errors
    /// [`Stopped`], at most a second after the stop.
    pub fn more(&mut self, packets: u32) -> Result<(), Stopped> {
        let rate = self.governor.rate;
        loop {
            self.governor.open()?;
            let now = Instant::now();
            let mut spent = self.governor.spent();
            let rests = spent.rests.filter(|until| *until > now);
            let mut meters = spent.meters(self.host, self.network);
            let room = |(meter, cap): (&mut &mut Meter, u32)| meter.room(now, packets, self.held, cap).err();
            let full = meters.iter_mut().zip([rate.all, rate.network, rate.host]).filter_map(room);
            let full: Vec<Option<Instant>> = full.chain(rests.map(Some)).collect();
            if full.is_empty() {
                meters.into_iter().for_each(|meter| meter.hold(packets));
                self.held += packets;
                return Ok(());
            }
            // Nothing is held while it waits: whoever wants another host goes first.
            drop(spent);
            let until = full.into_iter().flatten().max().unwrap_or(now + NAP);
            thread::sleep(until.saturating_duration_since(now).min(NAP));
        }
    }

    /// So many have left, and so many may still leave at any moment.
    pub fn sent(&mut self, packets: u32, held: u32) {
        let freed = self.held.saturating_sub(held);
        self.held -= freed;
        // The clock is read behind the lock: times in a meter only grow.
        let (mut spent, now) = (self.governor.spent(), Instant::now());
        spent.meters(self.host, self.network).into_iter().for_each(|meter| meter.free(freed));
        spent.left(self.host, self.network, now, packets);
    }
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.sent(self.held, 0);
    }
}
