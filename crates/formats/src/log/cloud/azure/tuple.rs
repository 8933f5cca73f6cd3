//! One flow of Azure's logs, or a part of its life: fields between commas.
//!
//! | log | fields |
//! |---|---|
//! | security group, version 1 | seconds, source, target, their ports, `T` or `U`, `I` or `O`, `A` or `D` |
//! | version 2 | the same, then `B`, `C` or `E`, and packets and bytes there and back |
//! | virtual network, version 4 | milliseconds, source, target, their ports, protocol, `I` or `O`, `B`, `C`, `E` or `D`, encryption, packets and bytes there and back |
//!
//! The source is who started. Counts are those since the last tuple of the flow; a denied or begun one has none.

use watchpost_core::contact::{SECOND, Time, Transport};
use watchpost_core::net::Address;

use crate::log::cloud::counts::Counts;
use crate::log::field::{address, number};
use crate::log::flow::transport;

/// Fields of the longest form.
const FIELDS: usize = 13;

/// What a tuple tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tuple {
    pub time: Time,
    pub ends: Ends,
    /// It came in at the interface that tells of it.
    pub inbound: bool,
    pub state: State,
    /// From the source to the target.
    pub sent: Counts,
    /// And back.
    pub got: Counts,
}

/// Who started, with whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Ends {
    pub source: Address,
    pub target: Address,
    pub source_port: u16,
    /// As [`watchpost_core::contact::Contact::port`] has it.
    pub port: u16,
    pub transport: u8,
}

impl Ends {
    pub fn transport(&self) -> Transport {
        transport(self.transport)
    }
}

/// Where in its life a flow is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Denied,
    Begun,
    GoesOn,
    Ended,
    /// Let in; no more is told of it.
    LetIn,
}

impl Tuple {
    /// # Errors
    /// Why it tells of no flow.
    pub fn read(text: &[u8]) -> Result<Self, &'static str> {
        let mut fields = [&[][..]; FIELDS];
        let mut count = 0;
        for (place, field) in fields.iter_mut().zip(text.split(|byte| *byte == b',')) {
            *place = field.trim_ascii();
            count += 1;
        }
        if count < 8 {
            return Err("a flow with fewer than eight fields");
        }
        let [time, source, target, source_port, port, protocol, direction, action, rest @ ..] = fields;
        let (protocol, unit) = match protocol {
            b"T" => (6, SECOND),
            b"U" => (17, SECOND),
            _ => (number(protocol).ok_or("a flow of an unknown protocol")?, SECOND / 1_000),
        };
        let of_group = unit == SECOND;
        // Groups tell first what was decided, then the state; networks a state, of which denied is one.
        let state = match (action, rest[0]) {
            (b"D", _) => State::Denied,
            (b"A", b"") if of_group => State::LetIn,
            (b"A", b"B") if of_group => State::Begun,
            (b"A", b"C") if of_group => State::GoesOn,
            (b"A", b"E") if of_group => State::Ended,
            (b"B", _) if !of_group => State::Begun,
            (b"C", _) if !of_group => State::GoesOn,
            (b"E", _) if !of_group => State::Ended,
            _ => return Err("a flow in an unknown state"),
        };
        let transport = transport(protocol);
        if matches!(transport, Transport::Icmp | Transport::Icmp6) {
            return Err("ICMP without a type");
        }
        let time: i64 = number(time).ok_or("a flow without a time")?;
        let (source_port, port) = match transport {
            Transport::Ip => (0, u16::from(protocol)),
            _ => (
                number(source_port).ok_or("a port that is none")?,
                number(port).ok_or("a port that is none")?,
            ),
        };
        let counts = |at: usize| Counts {
            packets: number(rest[at]).unwrap_or(0),
            bytes: number(rest[at + 1]).unwrap_or(0),
        };
        Ok(Self {
            time: time.checked_mul(unit).ok_or("a flow without a time")?,
            ends: Ends {
                source: address(source).ok_or("a source that is no address")?,
                target: address(target).ok_or("a target that is no address")?,
                source_port,
                port,
                transport: protocol,
            },
            inbound: direction == b"I",
            state,
            sent: counts(1),
            got: counts(3),
        })
    }
}
