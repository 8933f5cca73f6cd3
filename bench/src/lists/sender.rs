//! How a scanner sends: when each entry of its list goes out.

use super::random::Random;

/// The pace of a sender.
pub struct Sender {
    rate: f64,
    pace: Pace,
    pauses: Vec<(f64, f64)>,
}

enum Pace {
    /// One after the other, with some jitter (relative).
    Even(f64),
    /// So many at once, then a wait.
    Batches(f64),
    /// A random wait before each.
    Sleeps,
}

impl Sender {
    /// A local sender: every probe of it may be seen.
    pub fn local(random: &mut Random, rate: f64) -> Self {
        let pace = match random.below(10) {
            0..=5 => Pace::Even(random.log(0.01, 0.6)),
            6..=7 => Pace::Batches(random.log(2.0, 64.0).round()),
            _ => Pace::Sleeps,
        };
        Self { rate, pace, pauses: Vec::new() }
    }

    /// A sender of which we see little: its own jitter does not show, but pauses do.
    pub fn distant(random: &mut Random, rate: f64, drift: f64) -> Self {
        let mut pauses = Vec::new();
        if random.chance(drift) {
            for _ in 0..1 + random.below(4) {
                pauses.push((random.unit(), random.log(0.02, 0.5)));
            }
            pauses.sort_by(|a, b| a.0.total_cmp(&b.0));
        }
        Self { rate, pace: Pace::Even(0.0), pauses }
    }

    /// Seconds at which the slots (rising) go out, of `all` slots.
    pub fn times(&self, random: &mut Random, slots: &[f64], all: f64) -> Vec<f64> {
        let (mut before, mut offset, mut latest) = (slots.first().copied().unwrap_or(0.0), 0.0, 0.0_f64);
        let paused = |slot: f64| {
            self.pauses.iter().filter(|(at, _)| *at * all < slot).map(|(_, length)| length * all).sum::<f64>()
        };
        slots
            .iter()
            .map(|&slot| {
                let even = (slot + paused(slot)) / self.rate;
                let time = match self.pace {
                    Pace::Even(jitter) => even + jitter * random.unit() / self.rate,
                    Pace::Batches(batch) => {
                        let round = (slot / batch).floor();
                        (round * batch + 0.02 * (slot - round * batch)) / self.rate
                    }
                    Pace::Sleeps => {
                        // The sum of so many exponential waits; one for each where they are few.
                        let waits = slot - before;
                        let sum = if waits <= 8.0 {
                            (0..waits as u32).map(|_| random.exponential()).sum()
                        } else {
                            (waits + waits.sqrt() * random.normal()).max(0.0)
                        };
                        offset += sum / self.rate;
                        offset
                    }
                };
                before = slot;
                latest = latest.max(time);
                latest
            })
            .collect()
    }
}
