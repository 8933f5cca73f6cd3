//! How fast to ask: slower where asking faster loses answers.
//!
//! The problem: a border that is asked too fast drops packets, and what it drops looks closed; but packets are also lost for reasons that no
//! slowness mends. The way: services known to answer (canaries) are asked again all the time. When more of them stay silent than
//! before, the rate is halved for trial. It stays down if that helps: if less is lost, or if as much gets through at half the rate (a border that
//! carries so many packets and no more loses most of them at either rate). It then rises by a quarter as long as nothing is lost. Else the
//! loss is taken for the network's own, and the rate goes back. A filter that begins to forbid what it let pass halves the rate, too; one that
//! forbids as much as it always did does not.

use serde::{Deserialize, Serialize};

/// Canaries that a judgement rests on.
const WINDOW: u32 = 64;
/// Loss above the network's own that is worth a trial.
const WORTH: f64 = 0.05;
/// Standard deviations of a window's loss that chance is given.
const CHANCE: f64 = 2.5;
/// A trial helped if the loss above the network's own fell below this part of what it was,
const HELPED: f64 = 0.6;
/// or if so much of what got through before still does; without congestion it is half.
const THROUGH: f64 = 0.75;
/// Loss at which one halving is no trial.
const HEAVY: f64 = 0.5;
/// Of the cap: never slower.
const SLOWEST: u32 = 64;
/// Answers of which the part that forbids is taken.
const ANSWERS: u32 = 128;
/// More than the usual part by so much is a filter that has just begun to forbid: five standard deviations of a window's part.
const RISEN: f64 = 0.25;
/// One window's weight in what is usual.
const USUAL: f64 = 0.125;

/// The rate of a survey.
#[derive(Debug)]
pub struct Adapt {
    cap: u32,
    rate: u32,
    /// Rises with each change of the rate; canaries of an earlier rate say nothing of this one.
    generation: u32,
    asked: u32,
    lost: u32,
    /// The network's own loss.
    own: f64,
    /// In a trial: the rate and the loss before it.
    trial: Option<(u32, f64)>,
    /// Answers since the last window, those of them that forbade, and the part that usually does.
    answers: u32,
    forbidden: u32,
    usual: Option<f64>,
}

/// A change of the rate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Packets a second before.
    pub from: u32,
    /// And now.
    pub to: u32,
    /// What led to it.
    pub why: Why,
}

/// Why a rate changed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Why {
    /// So much of what is known to answer did not, 0 to 1.
    Loss(f64),
    /// So much of what answered said that a filter forbids it, 0 to 1, and it was less before.
    Forbidden(f64),
}

impl Adapt {
    /// Begins at the cap, in packets a second.
    pub fn new(cap: u32) -> Self {
        Self {
            cap,
            rate: cap,
            generation: 0,
            asked: 0,
            lost: 0,
            own: 0.0,
            trial: None,
            answers: 0,
            forbidden: 0,
            usual: None,
        }
    }

    /// What a canary that is sent now has to bring back to [`Self::canary`].
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// A canary answered, or did not in time.
    pub fn canary(&mut self, generation: u32, answered: bool) -> Option<Change> {
        if generation != self.generation {
            return None;
        }
        self.asked += 1;
        self.lost += u32::from(!answered);
        if self.asked < WINDOW {
            return None;
        }
        let loss = f64::from(self.lost) / f64::from(self.asked);
        (self.asked, self.lost) = (0, 0);
        let above = (loss - self.own).max(0.0);
        let chance = CHANCE * (self.own * (1.0 - self.own) / f64::from(WINDOW)).sqrt();
        let worth = WORTH.max(chance);
        match self.trial.take() {
            None if above > worth => {
                self.trial = Some((self.rate, loss));
                self.change(self.rate / 2, Why::Loss(loss))
            }
            None => self.change(self.rate.saturating_add(self.rate / 4 + 1), Why::Loss(loss)),
            Some((rate, before)) if self.helped(rate, before, loss) => {
                // Still too much: further down, and judged anew.
                if above > worth {
                    self.trial = Some((self.rate, loss));
                    return self.change(self.rate / 2, Why::Loss(loss));
                }
                None
            }
            // Where most is lost either way, a halving tells too little: further down, held against the same beginning.
            Some(begun) if loss > HEAVY && self.rate > self.slowest() => {
                self.trial = Some(begun);
                self.change(self.rate / 2, Why::Loss(loss))
            }
            Some((rate, before)) => {
                self.own = f64::midpoint(before, loss);
                self.change(rate, Why::Loss(loss))
            }
        }
    }

    fn helped(&self, rate: u32, before: f64, loss: f64) -> bool {
        let above = |loss: f64| (loss - self.own).max(0.0);
        let through = |rate: u32, loss: f64| f64::from(rate) * (1.0 - loss);
        above(loss) < above(before) * HELPED || through(self.rate, loss) > through(rate, before) * THROUGH
    }

    fn slowest(&self) -> u32 {
        (self.cap / SLOWEST).max(1)
    }

    fn change(&mut self, to: u32, why: Why) -> Option<Change> {
        let to = to.clamp(self.slowest(), self.cap);
        let from = std::mem::replace(&mut self.rate, to);
        if from == to {
            return None;
        }
        self.generation += 1;
        Some(Change { from, to, why })
    }

    /// Something answered, or a filter forbade it.
    pub fn answer(&mut self, forbidden: bool) -> Option<Change> {
        self.answers += 1;
        self.forbidden += u32::from(forbidden);
        if self.answers < ANSWERS {
            return None;
        }
        let part = f64::from(self.forbidden) / f64::from(self.answers);
        (self.answers, self.forbidden) = (0, 0);
        let usual = *self.usual.get_or_insert(part);
        if part > usual + RISEN {
            (self.usual, self.trial) = (Some(part), None);
            return self.change(self.rate / 2, Why::Forbidden(part));
        }
        self.usual = Some(usual + (part - usual) * USUAL);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A network that loses `own` of all packets, and of those above `limit` a second all.
    fn play(cap: u32, own: f64, limit: u32, canaries: u32) -> (Adapt, Vec<u32>) {
        let mut adapt = Adapt::new(cap);
        let mut rates = Vec::new();
        let mut dice = 0x9e37_79b9_u64;
        for _ in 0..canaries {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let chance = (dice >> 33) as f64 / f64::from(1u32 << 31);
            let passes = (f64::from(limit) / f64::from(adapt.rate)).min(1.0) * (1.0 - own);
            let _ = adapt.canary(adapt.generation(), chance < passes);
            rates.push(adapt.rate);
        }
        (adapt, rates)
    }

    #[test]
    fn what_speed_loses_is_regained_by_slowness() {
        let (_, rates) = play(5_000, 0.0, 500, 6_000);
        let late = &rates[3_000..];
        let mean = late.iter().map(|rate| f64::from(*rate)).sum::<f64>() / late.len() as f64;
        assert!((250.0..900.0).contains(&mean), "{mean}");
    }

    #[test]
    fn the_networks_own_loss_does_not_slow_it_for_long() {
        let (adapt, rates) = play(5_000, 0.15, u32::MAX, 6_000);
        assert!(rates[1_000..].iter().filter(|rate| **rate == 5_000).count() > 4_200, "{adapt:?}");
    }

    #[test]
    fn without_loss_it_never_leaves_the_cap() {
        let (_, rates) = play(300, 0.0, 300, 2_000);
        assert!(rates.iter().all(|rate| *rate == 300));
    }

    #[test]
    fn canaries_of_another_rate_do_not_count() {
        let mut adapt = Adapt::new(1_000);
        for _ in 0..WINDOW {
            let _ = adapt.canary(0, false);
        }
        assert_eq!(adapt.rate, 500);
        for _ in 0..WINDOW * 2 {
            assert_eq!(adapt.canary(0, false), None);
        }
    }

    #[test]
    fn a_filter_that_begins_to_forbid_halves_the_rate_once_and_one_that_always_did_never() {
        let mut adapt = Adapt::new(1_000);
        let mut changes = |forbidden: fn(u32) -> bool| -> Vec<Change> {
            (0..40 * ANSWERS).filter_map(|answer| adapt.answer(forbidden(answer))).collect()
        };
        assert_eq!(changes(|answer| answer % 5 < 2), []);
        let risen = changes(|answer| answer % 10 < 8);
        assert_eq!(risen.iter().map(|change| change.to).collect::<Vec<_>>(), [500]);
        assert!(matches!(risen[0].why, Why::Forbidden(part) if part > 0.7));
    }
}
