//! What packets and bytes prove of how a flow went, where no flags are told.
//!
//! Headers have bounds: where a side sent more bytes than headers alone could have, it sent data. A handshake takes three packets
//! of its source; a host that refuses answers each SYN with a reset, and no stack sends more than three for one attempt that
//! is refused.

use watchpost_core::contact::Outcome;

/// Packets of one direction, and their bytes with headers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub packets: u64,
    pub bytes: u64,
}

/// Ethernet's header, which some logs count.
pub(super) const LINK: u64 = 14;
/// IPv4 and TCP headers of a SYN with the options that stacks send (20 and 40 bytes); other segments have 52. All may be SYNs,
/// sent again and again.
const SYN: u64 = 60;
/// By which IPv6's header is longer.
const V6: u64 = 20;
/// SYNs that are refused one by one are no more than these (Windows tries three times).
const REFUSED: u64 = 3;
/// Who takes so much data did not only wait for a greeting.
const LONG: u64 = 16;

impl Counts {
    /// Adds later ones.
    pub fn add(&mut self, more: Self) {
        self.packets = self.packets.saturating_add(more.packets);
        self.bytes = self.bytes.saturating_add(more.bytes);
    }

    /// Whether TCP segments of these counts carried data; `link` is the link header's length, where it may be counted.
    pub fn carry_data(self, v4: bool, link: u64) -> bool {
        let around = link + if v4 { 0 } else { V6 };
        self.packets > 0 && self.bytes > self.packets.saturating_mul(SYN + around)
    }
}

/// How a TCP connection went of which nothing but counts is told.
pub(super) fn tcp(sent: Counts, got: Counts, v4: bool) -> Outcome {
    match () {
        () if sent.packets == 0 && got.packets == 0 => Outcome::Unknown,
        () if got.packets == 0 => Outcome::Silent,
        // A handshake came first, and one packet of each side at least.
        () if sent.packets >= 3 && got.packets >= 2 && sent.carry_data(v4, LINK) => Outcome::Asked,
        () if sent.packets >= 2 && got.packets >= 2 && got.carry_data(v4, LINK) => {
            if sent.packets > LONG {
                Outcome::Asked
            } else {
                Outcome::Told
            }
        }
        () if sent.packets > REFUSED && got.packets >= 2 => Outcome::Completed,
        // An answer, or a refusal.
        () => Outcome::Unknown,
    }
}

/// The same of datagrams: going on after an answer is use.
pub(super) fn datagrams(sent: Counts, got: Counts) -> Outcome {
    match (sent.packets, got.packets) {
        (0, 0) => Outcome::Unknown,
        (_, 0) => Outcome::Silent,
        (0 | 1, _) => Outcome::Answered,
        _ => Outcome::Asked,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(packets: u64, bytes: u64) -> Counts {
        Counts { packets, bytes }
    }

    #[test]
    fn bytes_beyond_all_headers_are_data() {
        // SYNs with all options, sent again, without and with a link's header.
        assert!(!counts(4, 4 * 60).carry_data(true, 0) && !counts(4, 4 * 74).carry_data(true, LINK));
        assert!(!counts(4, 4 * 80).carry_data(false, 0) && !counts(0, 0).carry_data(true, 0));
        assert!(counts(5, 5 * 60 + 1).carry_data(true, 0));
    }

    #[test]
    fn what_counts_prove() {
        let small = |packets| counts(packets, packets * 60);
        assert_eq!(tcp(counts(0, 0), counts(0, 0), true), Outcome::Unknown);
        assert_eq!(tcp(small(2), counts(0, 0), true), Outcome::Silent);
        // A reset for every SYN, or SYN-ACK and the scanner's reset.
        assert_eq!(tcp(small(3), small(3), true), Outcome::Unknown);
        assert_eq!(tcp(small(2), small(1), true), Outcome::Unknown);
        assert_eq!(tcp(small(5), small(3), true), Outcome::Completed);
        assert_eq!(tcp(small(5), counts(3, 900), true), Outcome::Told);
        assert_eq!(tcp(small(50), counts(90, 90_000), true), Outcome::Asked);
        assert_eq!(tcp(counts(6, 900), counts(5, 5_000), true), Outcome::Asked);
        assert_eq!(datagrams(counts(1, 60), counts(1, 90)), Outcome::Answered);
        assert_eq!(datagrams(counts(2, 60), counts(1, 90)), Outcome::Asked);
        assert_eq!(datagrams(counts(2, 60), counts(0, 0)), Outcome::Silent);
    }
}
