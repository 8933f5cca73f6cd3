//! How fast a scan really was: the most packets of a capture that lie within any one second.
//!
//! A cap of packets a second is kept or not whatever second one looks at, so every window that begins with a packet is looked at:
//! two indices walk over the times. Windows are half open, of 1,000,000 µs.

use std::io::Write;
use std::path::Path;

/// Microseconds, as captures are read.
const SECOND: u64 = 1_000_000;

/// Prints packets, seconds from the first to the last, the mean rate, and the most in any second.
pub fn print(out: &mut impl Write, path: &Path) -> anyhow::Result<()> {
    let times: Vec<u64> = crate::capture::read(path)?.iter().map(|packet| packet.time).collect();
    let (Some(first), Some(last)) = (times.iter().min(), times.iter().max()) else {
        return Ok(writeln!(out, "packets 0 seconds 0 mean 0 most 0")?);
    };
    let seconds = (last - first) as f64 / SECOND as f64;
    let mean = if seconds > 0.0 { times.len() as f64 / seconds } else { times.len() as f64 };
    let most = most_in_a_second(times.clone());
    Ok(writeln!(out, "packets {} seconds {seconds:.3} mean {mean:.1} most {most}", times.len())?)
}

/// The most times, in microseconds, within any half-open second.
fn most_in_a_second(mut times: Vec<u64>) -> usize {
    times.sort_unstable();
    let mut begin = 0;
    let mut most = 0;
    for (end, time) in times.iter().enumerate() {
        while time - times[begin] >= SECOND {
            begin += 1;
        }
        most = most.max(end + 1 - begin);
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_second_counts_and_not_only_the_clocks() {
        // Ten a second, evenly; and between two ticks of the clock a burst.
        let even: Vec<u64> = (0..50).map(|n| n * SECOND / 10).collect();
        assert_eq!(most_in_a_second(even.clone()), 10);
        let burst = even.into_iter().chain((0..7).map(|n| 2 * SECOND - 4 + n)).collect();
        assert_eq!(most_in_a_second(burst), 17);
        assert_eq!(most_in_a_second(vec![]), 0);
        assert_eq!(most_in_a_second(vec![0, SECOND]), 1);
    }
}
