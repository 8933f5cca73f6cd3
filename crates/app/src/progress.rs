//! How far the reading is: a bar on a terminal, a line now and then elsewhere, nothing where it is over soon.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::render::progress_line;
use crate::source::Tally;

/// A run that is over before this shows nothing.
const PATIENCE: Duration = Duration::from_secs(1);

/// Where standard error is no terminal, a line this often.
const LINES: Duration = Duration::from_secs(10);

/// The clock is asked once in so many calls.
const CALLS: u32 = 16;

const BAR: &str = "  {percent:>3} %  {wide_bar}  {bytes} of {total_bytes}  {msg}  {eta} left";
const SPINNER: &str = "  {spinner}  {bytes}  {msg}  {elapsed}";

/// The progress of one run.
pub struct Progress {
    began: Instant,
    total: Option<u64>,
    calls: u32,
    next_line: Duration,
    quiet: bool,
    terminal: bool,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Of reading `total` bytes, or nobody knows how many. `quiet` shows nothing at all.
    pub fn new(total: Option<u64>, quiet: bool) -> Self {
        let terminal = io::stderr().is_terminal();
        Self { began: Instant::now(), total, calls: 0, next_line: LINES, quiet, terminal, bar: None }
    }

    /// Shows how far it is; cheap enough to be called often.
    pub fn tick(&mut self, tally: &Tally) {
        self.calls = self.calls.wrapping_add(1);
        if self.quiet || !self.calls.is_multiple_of(CALLS) {
            return;
        }
        let elapsed = self.began.elapsed();
        if self.terminal && elapsed >= PATIENCE {
            self.draw(tally, elapsed);
        } else if !self.terminal && elapsed >= self.next_line {
            self.next_line = elapsed + LINES;
            let line = progress_line(tally.packets.get(), tally.bytes.get(), self.total, elapsed);
            // Progress that cannot be shown is no reason to stop.
            let _ = writeln!(io::stderr().lock(), "{line}");
        }
    }

    fn draw(&mut self, tally: &Tally, elapsed: Duration) {
        let (total, began) = (self.total, self.began);
        let bar = self.bar.get_or_insert_with(|| {
            let template = if total.is_some() { BAR } else { SPINNER };
            let style =
                ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
            let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr_with_hz(8));
            bar.set_style(style.progress_chars("━╸ "));
            bar.with_elapsed(began.elapsed())
        });
        bar.set_position(tally.bytes.get());
        bar.set_message(crate::render::packet_rate(tally.packets.get(), elapsed));
    }

    /// Takes the bar away and says how long it all took.
    pub fn done(self) -> Duration {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
        self.began.elapsed()
    }
}
