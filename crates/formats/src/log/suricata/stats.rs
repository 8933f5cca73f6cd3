//! Events of type `stats`: how many packets the sensor lost.
//!
//! The counters rise from the sensor's start on; a restart sets them back to nothing. What is told is the sum over the restarts.

use serde::Deserialize;

use super::event::NO_OBJECT;
use watchpost_core::detect::Sense;

#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    stats: Stats,
}

#[derive(Deserialize, Default)]
struct Stats {
    #[serde(default)]
    capture: Capture,
}

#[derive(Deserialize, Default, Clone, Copy)]
struct Capture {
    #[serde(default)]
    kernel_packets: u64,
    #[serde(default)]
    kernel_drops: u64,
}

/// What was lost so far.
#[derive(Default)]
pub(super) struct Lost {
    /// Of sensors that were started again since.
    before: Capture,
    latest: Capture,
}

impl Lost {
    /// Takes a line.
    pub fn take(&mut self, line: &[u8]) -> Result<(), &'static str> {
        let now = serde_json::from_slice::<Line>(line).map_err(|_| NO_OBJECT)?.stats.capture;
        if now.kernel_packets < self.latest.kernel_packets {
            self.before.kernel_packets =
                self.before.kernel_packets.saturating_add(self.latest.kernel_packets);
            self.before.kernel_drops = self.before.kernel_drops.saturating_add(self.latest.kernel_drops);
        }
        self.latest = now;
        Ok(())
    }

    /// That packets were lost, if any were.
    pub fn blind(&self) -> Option<(Sense, String)> {
        let packets = self.before.kernel_packets.saturating_add(self.latest.kernel_packets);
        let drops = self.before.kernel_drops.saturating_add(self.latest.kernel_drops);
        let why = || {
            format!("Suricata lost {drops} of {packets} packets (capture.kernel_drops): give it more buffers")
        };
        (drops > 0).then(|| (Sense::Everything, why()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_are_added_up_over_restarts() {
        let mut lost = Lost::default();
        for (packets, drops) in [(10, 0), (100, 3), (50, 2), (60, 4)] {
            let line = format!(
                r#"{{"timestamp":"2026-01-01T00:00:00.000000+0000","event_type":"stats","stats":{{"uptime":1,"capture":{{"kernel_packets":{packets},"kernel_drops":{drops},"errors":0}}}}}}"#
            );
            lost.take(line.as_bytes()).unwrap();
        }
        let (sense, why) = lost.blind().unwrap();
        assert_eq!(sense, Sense::Everything);
        assert!(why.starts_with("Suricata lost 7 of 160 packets"), "{why}");
        assert!(Lost::default().blind().is_none());
        assert!(lost.take(b"{\"stats\":3}").is_err() && lost.take(b"{\"stats\":{}}").is_ok());
    }
}
