//! When the next packet may go: caps on all packets, on each network, on each host.
//!
//! Each cap is a spacing: once a packet went, the next may follow when the cap's interval is over, so that no second holds more than the cap,
//! wherever it begins. Only where a cap is so high that waiting for each packet would cost more than sending it, packets go in batches: one
//! four-hundredth of a second's at most, and at most two of them are made up for when the machine was late. What may not go yet waits in a
//! heap of bounded size; the order of the permutation makes that rare.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::scope::Rate;

/// Nanoseconds since the survey began.
pub type Tick = u64;

const SECOND: u64 = 1_000_000_000;
/// Packets that go together, at most.
pub const BATCH: usize = 128;
/// Batches a second at least, wherever packets go in batches.
const BATCHES: u32 = 400;
/// Packets that wait for their host or network, at most.
const WAITING: usize = 4_096;

/// Keeps the caps; `T` is whatever waits.
#[derive(Debug)]
pub struct Pace<T> {
    all: Spacing,
    batch: usize,
    /// When the next batch may go.
    next: Tick,
    networks: Option<Spaced>,
    hosts: Option<Spaced>,
    waiting: BinaryHeap<Reverse<(Tick, u64, Waiting<T>)>>,
    queued: u64,
}

/// What waits; only its time and turn order it.
#[derive(Debug)]
struct Waiting<T>(T);

impl<T> PartialEq for Waiting<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> Eq for Waiting<T> {}

impl<T> PartialOrd for Waiting<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Waiting<T> {
    fn cmp(&self, _: &Self) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}

/// Packets a second, as the time between them.
#[derive(Clone, Copy, Debug)]
struct Spacing {
    rate: u32,
}

impl Spacing {
    /// Nanoseconds that so many packets take, rounded up: never faster than the cap.
    fn of(self, packets: usize) -> Tick {
        (packets as u64 * SECOND).div_ceil(u64::from(self.rate.max(1)))
    }
}

/// A cap on each of many.
#[derive(Debug)]
struct Spaced {
    spacing: Tick,
    next: Vec<Tick>,
}

impl Spaced {
    /// None where the cap on all is the tighter one.
    fn new(cap: u32, all: u32, count: u64) -> Option<Self> {
        let spacing = Spacing { rate: cap }.of(1);
        (cap < all).then(|| Self { spacing, next: vec![0; usize::try_from(count).unwrap_or(usize::MAX)] })
    }

    fn free(&self, one: usize) -> Tick {
        self.next.get(one).copied().unwrap_or(0)
    }

    fn spend(&mut self, one: usize, now: Tick) {
        if let Some(next) = self.next.get_mut(one) {
            *next = now.max(*next) + self.spacing;
        }
    }
}

impl<T> Pace<T> {
    /// For so many networks and hosts; 8 bytes are held for each whose cap can bind.
    pub fn new(rate: Rate, networks: usize, hosts: u64) -> Self {
        let mut pace = Self {
            all: Spacing { rate: rate.all },
            batch: 1,
            next: 0,
            networks: Spaced::new(rate.network, rate.all, networks as u64),
            hosts: Spaced::new(rate.host, rate.all, hosts),
            waiting: BinaryHeap::new(),
            queued: 0,
        };
        pace.set(rate.all);
        pace
    }

    /// Another rate for all packets: less than the cap when packets are lost.
    pub fn set(&mut self, rate: u32) {
        self.all = Spacing { rate };
        self.batch = ((rate / BATCHES) as usize).clamp(1, BATCH);
    }

    /// Packets a second, now.
    pub fn rate(&self) -> u32 {
        self.all.rate
    }

    /// How many packets may go at this time, together.
    pub fn room(&self, now: Tick) -> usize {
        if now >= self.next { self.batch } else { 0 }
    }

    /// When the next batch may go.
    pub fn next(&self) -> Tick {
        self.next
    }

    /// Whether a packet to this host of this network may go now; if so it is counted as gone. The caller keeps within [`Self::room`].
    pub fn leave(&mut self, network: usize, host: u64, now: Tick) -> Result<(), Tick> {
        let host = usize::try_from(host).unwrap_or(usize::MAX);
        let of = |spaced: &Option<Spaced>, one| spaced.as_ref().map_or(0, |spaced| spaced.free(one));
        let free = of(&self.networks, network).max(of(&self.hosts, host));
        if free > now {
            return Err(free);
        }
        if let Some(networks) = &mut self.networks {
            networks.spend(network, now);
        }
        if let Some(hosts) = &mut self.hosts {
            hosts.spend(host, now);
        }
        Ok(())
    }

    /// So many packets went as one batch.
    pub fn went(&mut self, packets: usize, now: Tick) {
        let spare = if self.batch > 1 { self.all.of(2 * self.batch) } else { 0 };
        self.next = self.next.max(now.saturating_sub(spare)) + self.all.of(packets);
    }

    /// Puts aside what may go at a time; false where no more fits.
    pub fn wait(&mut self, until: Tick, what: T) {
        self.waiting.push(Reverse((until, self.queued, Waiting(what))));
        self.queued += 1;
    }

    /// Whether no more can be put aside.
    pub fn is_full(&self) -> bool {
        self.waiting.len() >= WAITING
    }

    /// What was put aside and may be tried now.
    pub fn ripe(&mut self, now: Tick) -> Option<T> {
        let Reverse((until, ..)) = self.waiting.peek()?;
        if *until > now {
            return None;
        }
        self.waiting.pop().map(|Reverse((_, _, Waiting(what)))| what)
    }

    /// All that was put aside.
    pub fn waiting(&self) -> impl Iterator<Item = &T> {
        self.waiting.iter().map(|Reverse((_, _, Waiting(what)))| what)
    }

    /// When the first that waits may be tried.
    pub fn ripens(&self) -> Option<Tick> {
        self.waiting.peek().map(|Reverse((until, ..))| *until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    /// The most packets that any second held.
    fn most_a_second(times: &[Tick]) -> usize {
        let mut window = VecDeque::new();
        let mut most = 0;
        for time in times {
            window.push_back(*time);
            while window.front().is_some_and(|first| *first + SECOND <= *time) {
                window.pop_front();
            }
            most = most.max(window.len());
        }
        most
    }

    proptest! {
        #[test]
        fn no_second_holds_more_than_a_cap_however_late_the_machine_is(
            all in 1u32..50_000, network in 1u32..200, host in 1u32..20,
            late in prop::collection::vec(0u64..40_000_000, 64),
        ) {
            let rate = Rate { all, network, host };
            let mut pace: Pace<u64> = Pace::new(rate, 4, 64);
            let (mut now, mut sent) = (0, Vec::new());
            let mut step = 0;
            while now < 3 * SECOND && sent.len() < 60_000 {
                let room = pace.room(now);
                let mut went = 0;
                for _ in 0..room {
                    let place = pace.ripe(now).unwrap_or_else(|| { step += 1; step * 31 % 64 });
                    match pace.leave((place / 16) as usize, place, now) {
                        Ok(()) => { sent.push((now, place)); went += 1; }
                        Err(until) if !pace.is_full() => pace.wait(until, place),
                        Err(_) => break,
                    }
                }
                if went > 0 { pace.went(went, now); }
                now = now.max(pace.next()) + late[(step % 64) as usize] / u64::from(all.max(100)) + 1_000;
            }
            let of = |keep: &dyn Fn(u64) -> bool| -> Vec<Tick> {
                sent.iter().filter(|(_, place)| keep(*place)).map(|(time, _)| *time).collect()
            };
            let bound = f64::from(all) * 1.01 + if all < BATCHES { 0.0 } else { 1.0 };
            prop_assert!(most_a_second(&of(&|_| true)) as f64 <= bound, "{} of {all}", most_a_second(&of(&|_| true)));
            for one in 0..4 {
                prop_assert!(most_a_second(&of(&|place| place / 16 == one)) <= network as usize);
            }
            for one in 0..64 {
                prop_assert!(most_a_second(&of(&|place| place == one)) <= host as usize);
            }
        }
    }
}
