//! Many conversations at a time, of as many hosts as can be.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::govern::Stopped;

/// Puts items into an order in which hosts take turns: first one of each, then another of each that has more. For [`each`]: whoever talks with a
/// host waits for its cap, and would keep those waiting whose hosts may be asked.
pub fn by_turns<T, H: Eq + Hash>(items: Vec<T>, host: impl Fn(&T) -> H) -> Vec<T> {
    let mut turns: HashMap<H, usize> = HashMap::new();
    let mut dealt: Vec<(usize, T)> = Vec::with_capacity(items.len());
    for item in items {
        let turn = turns.entry(host(&item)).or_default();
        dealt.push((*turn, item));
        *turn += 1;
    }
    dealt.sort_by_key(|(turn, _)| *turn);
    dealt.into_iter().map(|(_, item)| item).collect()
}

/// Has every item talked with, `at_once` at a time and in their order ([`by_turns`]); gives what came of them, in no order, and what stopped it, if anything did. What was
/// told before a stop is given with it.
pub fn each<T: Sync, R: Send>(
    at_once: usize,
    items: &[T],
    talk: impl Fn(&T) -> Result<R, Stopped> + Sync,
) -> (Vec<R>, Option<Stopped>) {
    let next = AtomicUsize::new(0);
    let told: Mutex<(Vec<R>, Option<Stopped>)> = Mutex::new((Vec::new(), None));
    thread::scope(|threads| {
        for _ in 0..at_once.min(items.len()) {
            threads.spawn(|| {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let one = talk(item);
                    let mut told = told.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                    match one {
                        Ok(one) => told.0.push(one),
                        Err(why) => {
                            told.1.get_or_insert(why);
                            return;
                        }
                    }
                }
            });
        }
    });
    told.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_take_turns() {
        let items = vec![("a", 1), ("a", 2), ("a", 3), ("b", 1), ("b", 2), ("c", 1)];
        let dealt = by_turns(items, |(host, _)| *host);
        assert_eq!(dealt, [("a", 1), ("b", 1), ("c", 1), ("a", 2), ("b", 2), ("a", 3)]);
    }
}
