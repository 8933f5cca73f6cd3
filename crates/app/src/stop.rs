//! Ctrl-C. The first one ends the reading; what was read until then is judged and reported. The second ends at once.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::exit::Exit;

static ASKED: AtomicBool = AtomicBool::new(false);

/// Whether the user asked to stop.
pub fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}

/// Begins to listen for Ctrl-C. Where the system refuses, Ctrl-C ends the program at once, as it does by itself.
pub fn listen() {
    let _ = ctrlc::set_handler(|| {
        if ASKED.swap(true, Ordering::Relaxed) {
            std::process::exit(Exit::Interrupted.status().into());
        }
    });
}
