//! How far a survey is: one line on a terminal, a line now and then elsewhere.

use std::io::{self, IsTerminal, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use watchpost_survey::engine::Progress;
use watchpost_survey::take::{News, Stage};

use crate::render::progress::{line, rate_change, title};

/// Where standard error is no terminal, a line this often.
const LINES: Duration = Duration::from_secs(10);
const BAR: &str = "{prefix} {wide_bar} {percent:>3} %  {msg}";

/// The progress of one survey.
pub struct Shown {
    quiet: bool,
    blocks: String,
    state: Mutex<State>,
}

struct State {
    bar: Option<ProgressBar>,
    stage: Option<(Stage, u64)>,
    began: Instant,
    next_line: Instant,
    cap: u32,
}

impl Shown {
    /// Of a survey of these blocks, at so many packets a second at most.
    pub fn new(blocks: String, cap: u32, quiet: bool) -> Self {
        let bar = (!quiet && io::stderr().is_terminal()).then(|| {
            let style = ProgressStyle::with_template(BAR).unwrap_or_else(|_| ProgressStyle::default_bar());
            let bar = ProgressBar::with_draw_target(Some(1), ProgressDrawTarget::stderr_with_hz(8));
            bar.set_style(style.progress_chars("━╸ "));
            bar
        });
        let now = Instant::now();
        let state = State { bar, stage: None, began: now, next_line: now + LINES, cap };
        Self { quiet, blocks, state: Mutex::new(state) }
    }

    /// Something happened.
    pub fn tell(&self, news: &News<'_>) {
        if self.quiet {
            return;
        }
        let mut state = self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        match news {
            News::Stage(stage, questions, _) => {
                state.stage = Some((*stage, *questions));
                state.began = Instant::now();
                if let Some(bar) = &state.bar {
                    bar.set_position(0);
                    bar.set_prefix(title(&self.blocks, &stage.to_string()));
                }
            }
            News::Progress(progress) => self.draw(&mut state, progress),
            News::Rate(change) => self.say(&state, &rate_change(change)),
            News::Answer(_) | News::Confirmed(..) => {}
        }
    }

    /// So many of so many services were looked at.
    pub fn looked(&self, done: usize, of: usize) {
        let state = self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(bar) = &state.bar {
            bar.set_prefix(title(&self.blocks, "what runs there"));
            bar.set_length(of as u64);
            bar.set_position(done as u64);
            bar.set_message(format!("{done} of {of}"));
        }
    }

    fn draw(&self, state: &mut State, progress: &Progress) {
        let Some((stage, _)) = state.stage else { return };
        let text = line(stage, progress, state.cap, state.began.elapsed());
        if let Some(bar) = &state.bar {
            bar.set_length(progress.turns.max(1));
            bar.set_position(progress.position.turn);
            bar.set_message(text);
        } else if Instant::now() >= state.next_line {
            state.next_line = Instant::now() + LINES;
            let share = progress.position.turn.saturating_mul(100) / progress.turns.max(1);
            self.say(state, &format!("{}: {share} %, {text}", title(&self.blocks, &stage.to_string())));
        }
    }

    fn say(&self, state: &State, text: &str) {
        match &state.bar {
            Some(bar) => bar.suspend(|| tell(text)),
            None => tell(text),
        }
    }

    /// Takes the line away.
    pub fn done(&self) {
        let state = self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(bar) = &state.bar {
            bar.finish_and_clear();
        }
    }
}

fn tell(text: &str) {
    // Progress that cannot be shown is no reason to stop.
    let _ = writeln!(io::stderr().lock(), "{text}");
}
