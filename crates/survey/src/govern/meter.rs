//! What left for somebody within the last second, and what may leave at any moment.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

const SECOND: Duration = Duration::from_secs(1);

/// Counts packets towards a host, a network, or anybody.
#[derive(Debug, Default)]
pub(super) struct Meter {
    /// When, and how many, the oldest first; of the last second.
    left: VecDeque<(Instant, u32)>,
    /// Their sum.
    sum: u32,
    /// Packets that have leave, and may be under way just now.
    held: u32,
}

impl Meter {
    /// Whether `packets` more have room under a cap, for somebody who holds `own` already; else when to ask again, where that is known.
    ///
    /// Where nobody else holds anything and nothing left for a second, there is room for whatever cannot be split.
    pub fn room(&mut self, now: Instant, packets: u32, own: u32, cap: u32) -> Result<(), Option<Instant>> {
        while let Some((_, packets)) = self.left.pop_front_if(|(left, _)| now.duration_since(*left) >= SECOND)
        {
            self.sum -= packets;
        }
        let alone = self.sum == 0 && self.held == own;
        if alone || self.sum.saturating_add(self.held).saturating_add(packets) <= cap {
            return Ok(());
        }
        Err(self.left.front().map(|(left, _)| *left + SECOND))
    }

    /// So many may leave from now on.
    pub fn hold(&mut self, packets: u32) {
        self.held = self.held.saturating_add(packets);
    }

    /// So many will not.
    pub fn free(&mut self, packets: u32) {
        self.held = self.held.saturating_sub(packets);
    }

    /// So many have left, at the latest now.
    pub fn left(&mut self, now: Instant, packets: u32) {
        self.sum = self.sum.saturating_add(packets);
        match self.left.back_mut() {
            Some((at, more)) if *at == now => *more = more.saturating_add(packets),
            _ => self.left.push_back((now, packets)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// One connection in a simulation: what it asks leave for, one after the other, each answered so many milliseconds later.
    #[derive(Debug)]
    struct Line {
        steps: Vec<(u32, u64)>,
        begins: u64,
        held: u32,
    }

    proptest! {
        /// Connections open with room for five, hold two until they end, and ask for one to three more at a time.
        #[test]
        fn no_second_holds_more_than_the_cap_and_everybody_gets_through(
            cap in 1u32..40,
            lines in prop::collection::vec((prop::collection::vec((1u32..=3, 0u64..3_000), 0..3), 0u64..2_000), 1..12),
        ) {
            let zero = Instant::now();
            let mut meter = Meter::default();
            let mut lines: Vec<Line> =
                lines.into_iter().map(|(steps, begins)| Line { steps, begins, held: 0 }).collect();
            let mut packets: Vec<(u64, u32)> = Vec::new();
            let mut time = 0;
            while !lines.is_empty() {
                prop_assert!(time < 1_000_000, "they wait for each other: {lines:?}");
                let now = zero + Duration::from_millis(time);
                let mut next = Vec::new();
                for mut line in std::mem::take(&mut lines) {
                    if line.begins > time {
                        next.push(line);
                        continue;
                    }
                    if line.held == 0 {
                        if meter.room(now, 5, 0, cap).is_ok() {
                            packets.push((time, 2));
                            meter.left(now, 2);
                            meter.hold(2);
                            line.held = 2;
                        }
                        next.push(line);
                    } else if let Some((more, later)) = line.steps.last().copied() {
                        if meter.room(now, more, line.held, cap).is_ok() {
                            packets.push((time, more));
                            meter.left(now, more);
                            line.begins = time + later;
                            line.steps.pop();
                        }
                        next.push(line);
                    } else {
                        packets.push((time, line.held));
                        meter.free(line.held);
                        meter.left(now, line.held);
                    }
                }
                lines = next;
                time += 50;
            }
            for (first, _) in &packets {
                let within = packets.iter().filter(|(time, _)| (*first..first + 1_000).contains(time));
                let sum: u32 = within.map(|(_, packets)| packets).sum();
                // Less than five is less than a connection.
                prop_assert!(sum <= cap.max(5), "{sum} in a second, cap {cap}: {packets:?}");
            }
        }
    }
}
