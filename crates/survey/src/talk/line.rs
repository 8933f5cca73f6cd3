//! A connection within a visit: what is said and heard on it, plain or within TLS.

use std::io::{self, Read, Write};
use std::time::Duration;

use super::socket::Until;
use super::tls::{self, Seen};
use super::{Failed, Patience, Visit};
use crate::govern::Leave;

/// Of a connection, to open it: SYN, ACK.
const OPENING: u32 = 2;
/// What the kernel may send at any moment of an open connection: an acknowledgement, and the reset at its end.
const HELD: u32 = 2;
/// Of a TLS handshake: the two flights, and an acknowledgement amid the server's.
const HANDSHAKE: u32 = 3;

#[derive(Debug)]
enum Wire<'a> {
    Plain(Until<'a>),
    Tls(Box<tls::Stream<'a>>),
}

impl<'a> Wire<'a> {
    fn socket(&mut self) -> &mut Until<'a> {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(stream) => stream.socket(),
        }
    }
}

/// A server that speaks first has begun by then, unless it looks up who calls.
const MOMENT: Duration = Duration::from_secs(1);

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Whether the server speaks first, where most do not.
    Moment,
    /// An answer.
    Answer,
    /// The greeting of a server that speaks first.
    Greeting,
}

/// A connection within a visit.
#[derive(Debug)]
pub struct Line<'a> {
    visit: &'a Visit<'a>,
    wire: Wire<'a>,
    ended: bool,
    /// Dropped behind the wire: its end is counted when it has been sent.
    leave: Leave<'a>,
}

impl<'a> Line<'a> {
    /// On an open connection, whose leave holds what the kernel may send.
    pub(super) fn new(visit: &'a Visit<'a>, socket: Until<'a>, mut leave: Leave<'a>) -> Self {
        leave.sent(OPENING, HELD);
        Self { visit, wire: Wire::Plain(socket), ended: false, leave }
    }

    /// Says something.
    ///
    /// # Errors
    /// [`Failed`]; [`Failed::Spent`] at the fourth request of a visit.
    pub fn say(&mut self, words: &[u8]) -> Result<(), Failed> {
        self.visit.request()?;
        self.leave.more(1)?;
        let said = match &mut self.wire {
            Wire::Plain(stream) => stream.write_all(words),
            Wire::Tls(stream) => stream.write_all(words),
        };
        self.leave.sent(1, HELD);
        Ok(said?)
    }

    /// Hears until `enough` says so of all that came, the other end is done, time is up, or the visit's bytes are used up. Nothing said
    /// gives nothing.
    ///
    /// # Errors
    /// [`Failed`], where nothing had come before it; after a stop in any case.
    pub fn hear(&mut self, enough: impl FnMut(&[u8]) -> bool) -> Result<Vec<u8>, Failed> {
        self.hear_with(Wait::Answer, enough)
    }

    /// The same, with another patience.
    ///
    /// # Errors
    /// As [`Self::hear`].
    pub fn hear_with(&mut self, wait: Wait, enough: impl FnMut(&[u8]) -> bool) -> Result<Vec<u8>, Failed> {
        let Patience { answer, greeting, .. } = self.visit.caller.patience;
        self.wire.socket().wait(match wait {
            Wait::Answer => answer,
            Wait::Greeting => greeting.max(answer),
            Wait::Moment => answer.min(MOMENT),
        });
        let heard = self.heard(enough);
        let acknowledged = self.wire.socket().acknowledged();
        self.leave.sent(acknowledged, HELD);
        heard
    }

    fn heard(&mut self, mut enough: impl FnMut(&[u8]) -> bool) -> Result<Vec<u8>, Failed> {
        // At once as large as it can become: growing would leave copies of what was said behind.
        let mut heard = Vec::with_capacity(self.visit.bytes.get());
        let mut part = [0; 1_024];
        while !enough(&heard) {
            let room = self.visit.bytes.get().min(part.len());
            if room == 0 {
                break;
            }
            match self.read(&mut part[..room]) {
                Ok(0) => {
                    self.ended = true;
                    break;
                }
                Ok(length) => {
                    heard.extend_from_slice(&part[..length]);
                    self.visit.bytes.set(self.visit.bytes.get() - length);
                }
                Err(error) => match Failed::from(error) {
                    stopped @ Failed::Stopped(_) => return Err(stopped),
                    _ if !heard.is_empty() => break,
                    Failed::Silent => break,
                    failed => return Err(failed),
                },
            }
        }
        Ok(heard)
    }

    /// Whether the other end has said, in order, that it is done.
    pub fn ended(&self) -> bool {
        self.ended
    }

    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match &mut self.wire {
            Wire::Plain(stream) => stream.read(into),
            Wire::Tls(stream) => stream.read(into),
        }
    }

    /// Shakes hands by TLS on the open connection (also after STARTTLS).
    ///
    /// # Errors
    /// [`Failed::Tls`] where the other end does not speak it, or not with us.
    pub fn tls(mut self, name: Option<&str>) -> Result<Self, Failed> {
        let Wire::Plain(mut stream) = self.wire else {
            return Err(Failed::Tls("there is TLS already".into()));
        };
        self.leave.more(HANDSHAKE)?;
        stream.wait(self.visit.caller.patience.answer);
        let mut acknowledged = 0;
        let (tls, host) = (&self.visit.caller.tls, self.visit.target.get().ip());
        let shaken = tls.shake(stream, host, name, &mut acknowledged);
        self.leave.sent(HANDSHAKE.max(2 + acknowledged), HELD);
        Ok(Self { wire: Wire::Tls(Box::new(shaken?)), ended: false, ..self })
    }

    /// What the handshake showed; none without TLS.
    pub fn seen(&self) -> Option<Seen> {
        match &self.wire {
            Wire::Plain(_) => None,
            Wire::Tls(stream) => Some(tls::seen(stream)),
        }
    }
}
