//! Lines by which a logger says that it left others out: the kernel's and journald's rate limits, and repeats put together.

use memchr::memmem;

use crate::log::field::number;

/// What was left out, as far as the log says.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Limits {
    notices: u64,
    lines: u64,
}

/// Words of such a notice, and whether its number stands before or behind them.
const NOTICES: [(&[u8], bool); 7] = [
    (b"rate-limited or missed ", false),
    (b"callbacks suppressed", true),
    (b"messages suppressed", true),
    (b"Suppressed ", false),
    (b"messages lost due to rate-limiting", true),
    (b"message repeated ", false),
    (b"printk messages dropped", true),
];

impl Limits {
    /// A line that is of no packet: why.
    pub fn other(&mut self, text: &[u8]) -> &'static str {
        for (words, before) in NOTICES {
            let Some(at) = memmem::find(text, words) else { continue };
            let lines = if before { last(&text[..at]) } else { first(&text[at + words.len()..]) };
            if let Some(lines) = lines {
                self.notices += 1;
                self.lines = self.lines.saturating_add(lines);
                return "says that lines were left out";
            }
        }
        "a message of something else"
    }

    /// In words, if anything was left out.
    pub fn said(&self) -> Option<String> {
        let Self { notices, lines } = self;
        let says = if *notices == 1 { "one line says".into() } else { format!("{notices} lines say") };
        (*notices > 0).then(|| {
            format!(
                "the log was cut by a rate limit: {says} that {lines} were left out (not all of them need be a \
                 firewall's): all counts are at least"
            )
        })
    }
}

fn last(text: &[u8]) -> Option<u64> {
    let text = text.trim_ascii_end();
    let digits = text.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    number(&text[text.len() - digits..])
}

fn first(text: &[u8]) -> Option<u64> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    number(&text[..digits])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_are_counted_and_nothing_else() {
        let mut limits = Limits::default();
        assert_eq!(limits.said(), None);
        for line in [
            "kernel: net_ratelimit: 123 callbacks suppressed",
            "kernel: [ 5.1] nf_log: 7 callbacks suppressed",
            "systemd-journald[1]: Suppressed 70 messages from kernel",
            "rsyslogd: imuxsock[pid 3]: 10 messages lost due to rate-limiting",
        ] {
            assert_eq!(limits.other(line.as_bytes()), "says that lines were left out", "{line}");
        }
        assert_eq!(
            limits.other(b"kernel: eth0: link is up; no callbacks suppressed"),
            "a message of something else"
        );
        assert!(limits.said().unwrap().contains("that 210 were left out"), "{limits:?}");
    }
}
