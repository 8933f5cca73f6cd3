//! How far a survey is, in a line.

use std::time::Duration;

use watchpost_survey::engine::{Change, Progress, Why};
use watchpost_survey::take::Stage;

use super::words::{number, percent};

/// `203.0.113.0/24 · TCP`.
pub fn title(blocks: &str, stage: &str) -> String {
    format!("{blocks} · {stage}")
}

/// `pass 1, 0:19 left  5,000/s of 5,000  open 38  loss 0.4 %`.
pub fn line(stage: Stage, progress: &Progress, cap: u32, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64().max(0.05);
    let mut text = format!("pass {}", progress.position.pass + 1);
    // Of this pass: how many more there are is known only at its end.
    let left = progress.turns.saturating_sub(progress.position.turn) as f64;
    let pace = progress.position.turn as f64 / seconds;
    if progress.position.pass == 0 && pace > 0.0 {
        let left = (left / pace) as u64;
        text.push_str(&format!(", {}:{:02} left", left / 60, left % 60));
    }
    let (sent, found) = (number((progress.sent as f64 / seconds) as u64), number(progress.open));
    let found_are = if stage == Stage::Discover { "answers" } else { "open" };
    text.push_str(&format!("  {sent}/s of {}  {found_are} {found}", number(cap.into())));
    if let Some(loss) = progress.loss {
        text.push_str(&format!("  loss {}", percent(loss)));
    }
    text
}

/// Why it is slower, or faster again.
pub fn rate_change(change: &Change) -> String {
    let (from, to) = (number(change.from.into()), number(change.to.into()));
    let why = match change.why {
        Why::Loss(loss) if change.to < change.from => {
            format!("{} of what is known to answer did not", percent(loss))
        }
        Why::Loss(loss) => format!("loss is {}", percent(loss)),
        Why::Forbidden(part) => {
            format!("{} of what answers says that a filter forbids it, more than before", percent(part))
        }
    };
    format!("note: {why}: from {from} to {to} packets/s")
}

#[cfg(test)]
mod tests {
    use super::*;
    use watchpost_survey::engine::Position;

    #[test]
    fn how_far_it_is() {
        let position = Position { pass: 0, turn: 2_500 };
        let progress = Progress {
            position,
            turns: 10_000,
            sent: 2_500,
            open: 38,
            loss: Some(0.004),
            ..Progress::default()
        };
        assert_eq!(
            line(Stage::Tcp, &progress, 1_000, Duration::from_secs(5)).replace('\u{a0}', " "),
            "pass 1, 0:15 left  500/s of 1,000  open 38  loss 0.4 %"
        );
    }
}
