//! Going on behind damage.

use crate::input::Window;
use crate::report::Report;
use std::io::Read;

/// How many places are looked at before the window moves on.
const STEP: usize = 4 << 20;

/// Notes that `what` is wrong at the start of the window, and moves to the next place of which there can be no doubt;
/// false if there is none to the end of the input.
///
/// `is_sure` says whether sound records follow one another from the first of the bytes given, far enough to exclude
/// chance; it needs to see no more than `lookahead` bytes, and is told whether the input ends with them.
pub(super) fn resume<R: Read>(
    window: &mut Window<R>,
    report: &mut Report,
    what: String,
    lookahead: usize,
    is_sure: impl Fn(&[u8], bool) -> bool,
) -> bool {
    let damaged_at = window.offset();
    window.advance(1);
    loop {
        window.need(STEP + lookahead);
        let (bytes, ended) = (window.bytes(), window.ended());
        let places = if ended { bytes.len() } else { bytes.len().saturating_sub(lookahead) };
        let found = (0..places).find(|at| is_sure(&bytes[*at..], ended));
        window.advance(found.unwrap_or(places));
        let lost = window.offset() - damaged_at;
        if found.is_some() {
            report.damaged(damaged_at, format!("{what}; {lost} bytes are lost"), Some(window.offset()));
            return true;
        }
        if window.bytes().is_empty() {
            let what = format!("{what}; nothing sound follows in the {lost} bytes to the end");
            report.damaged(damaged_at, what, None);
            return false;
        }
    }
}
