//! Many conversations at a time.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::govern::Stopped;

/// Has every item talked with, `at_once` at a time; gives what came of them, in no order, and what stopped it, if anything did. What was
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
