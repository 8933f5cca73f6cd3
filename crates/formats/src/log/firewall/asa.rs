//! Cisco ASA and FTD: denied packets (106001, 106006, 106007, 106014, 106015, 106023, 106100) and connections (302013 to
//! 302016, 302020).
//!
//! Message numbers and forms are those of Cisco's syslog reference. A connection is told twice: that it was built, with who
//! began it, and how it was torn down. So what was built waits in a bounded table for its end; what is pushed out, or
//! still waits when the input ends, is told without one. A teardown whose beginning is not in the log has no direction
//! but that of its ports. Real addresses are taken, not translated ones.

mod message; // what one message says

use super::syslog::{self, Clock};
use super::{ACCEPTED, ANSWERED, ANSWERS, HEADERS, PACKETS_LATE, RATE};
use crate::Spec;
use crate::log::flow::Flow;
use crate::log::{Assume, Lines, LogFormat, Out};
use message::{Message, parse};
use watchpost_core::contact::Outcome;
use watchpost_core::direction::is_answer;

/// Connections that wait for their end: 4 MiB.
const WAITING: usize = 1 << 15;

/// ASA, FTD.
pub const ASA: LogFormat = LogFormat {
    spec: Spec {
        name: "cisco-asa",
        help: "Cisco ASA and FTD: denied packets (106xxx) and connections built and torn down (302013 to 302020)",
        extensions: &["log", "txt"],
        recognised: &[b"%ASA-", b"%FTD-"],
    },
    recognises: |head| super::any_line(head, |line| message::number_of(line).is_some()),
    lines: |assume: &Assume| {
        Box::new(Asa { clock: Clock::new(assume), waiting: Vec::new(), limits: Default::default() })
    },
    // A connection is told when it has ended, with the time at which it began.
    disorder: 90 * PACKETS_LATE,
    blind: &[ANSWERS, ACCEPTED, RATE, HEADERS],
};

struct Asa {
    clock: Clock,
    /// By the connection's number, one to a place.
    waiting: Vec<Option<(u64, Flow)>>,
    limits: super::limit::Limits,
}

impl Lines for Asa {
    fn take(&mut self, line: &[u8], out: &mut Out<'_>) -> Result<(), &'static str> {
        let line = syslog::open(line);
        if message::number_of(&line.text).is_none() {
            return Err(self.limits.other(&line.text));
        }
        // First the message: those of other kinds are no matter of stamps.
        let found = parse(&line.text)?;
        let time = self.clock.time(line.stamp)?;
        match found {
            Message::Denied(mut flow) => {
                flow.time = time;
                if is_answer(flow.transport, flow.source_port, flow.port) {
                    return Err(ANSWERED);
                }
                out.contact(flow.contact(out.sensor));
            }
            Message::Built(id, mut flow) => {
                flow.time = time;
                if self.waiting.is_empty() {
                    self.waiting.resize(WAITING, None);
                }
                let place = &mut self.waiting[id as usize % WAITING];
                if let Some((_, before)) = place.replace((id, flow)) {
                    out.contact(before.contact(out.sensor));
                }
            }
            Message::TornDown(id, mut flow) => {
                let place = self.waiting.get_mut(id as usize % WAITING);
                let built = place.and_then(|place| place.take_if(|(waits, _)| *waits == id));
                match built {
                    Some((_, began)) => flow = Flow { outcome: flow.outcome, ..began },
                    None => {
                        flow.time = time;
                        let turned = |f: Flow| {
                            let ends = (f.target, f.source, f.source_port, f.port);
                            Flow { source: ends.0, target: ends.1, port: ends.2, source_port: ends.3, ..f }
                        };
                        flow = match (
                            is_answer(flow.transport, flow.source_port, flow.port),
                            is_answer(flow.transport, flow.port, flow.source_port),
                        ) {
                            (false, true) => flow,
                            (true, false) => turned(flow),
                            _ => return Err("the end of a connection whose beginning is not in the log"),
                        };
                    }
                }
                out.contact(flow.contact(out.sensor));
            }
        }
        Ok(())
    }

    fn end(&mut self, out: &mut Out<'_>) {
        let mut left: Vec<Flow> = self.waiting.drain(..).flatten().map(|(_, flow)| flow).collect();
        left.sort_by_key(|flow| flow.time);
        for flow in left {
            out.contact(Flow { outcome: Outcome::Unknown, ..flow }.contact(out.sensor));
        }
    }

    fn assumed(&self) -> Vec<String> {
        let mut said = self.clock.assumed();
        said.extend(self.limits.said());
        said
    }
}

#[cfg(test)]
#[path = "asa_tests.rs"]
mod tests;
