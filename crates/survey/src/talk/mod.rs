//! Bounded conversations with services: the one place that opens ordinary connections.
//!
//! A [`Visit`] is what one look at one service may cost: so many requests, so many bytes. Every line that it opens counts against it, and
//! waits for the leave of the [`Governor`]. Its target is an [`InScope`], so nothing else can be spoken to; redirects are not followed, for
//! there is nobody who would. What was read is dropped by whoever read it. Connections end by a reset: one packet, after which neither side
//! keeps anything.

mod each; // many at a time
mod socket; // a connection until a moment, and what the kernel sends for it
mod tls; // with whoever it is: names are read, nothing is trusted

use std::cell::Cell;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

use watchpost_core::contact::Transport;

use crate::govern::{Governor, Leave, Stopped};
use crate::scope::InScope;
pub use each::each;
use socket::Until;
pub use tls::Seen;

/// Requests of a visit.
const REQUESTS: u32 = 3;
/// Bytes that a visit reads, of the services' own words.
const BYTES: usize = 4_096;
/// Packets that there must be room for when a connection is opened: those of opening and ending it, and one to say something.
const ROOM: u32 = 5;
/// Of these, to open it: SYN, ACK.
const OPENING: u32 = 2;
/// What the kernel may send at any moment of an open connection: an acknowledgement, and the reset at its end.
const HELD: u32 = 2;
/// Of a TLS handshake: the two flights, and an acknowledgement amid the server's.
const HANDSHAKE: u32 = 3;
/// A SYN is sent so often; another visit may try again.
const TRIES: u32 = 2;

/// Why nothing came of it.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// Nothing may be sent any more.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// The scope does not allow it.
    #[error("a port that the scope does not allow")]
    Forbidden,
    /// The host refused.
    #[error("refused")]
    Refused,
    /// Nobody answered in time.
    #[error("no answer")]
    Silent,
    /// The visit's requests or bytes are used up.
    #[error("the bound of a visit is reached")]
    Spent,
    /// It does not speak TLS, or not with us.
    #[error("TLS: {0}")]
    Tls(String),
    /// The other end broke off, or this machine could not.
    #[error("{0}")]
    Broken(io::Error),
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::ConnectionRefused => Self::Refused,
            ErrorKind::TimedOut | ErrorKind::WouldBlock => Self::Silent,
            _ => Self::Broken(error),
        }
    }
}

/// How long is waited.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For a connection.
    pub connect: Duration,
    /// For words, after each request.
    pub answer: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { connect: Duration::from_secs(3), answer: Duration::from_secs(3) }
    }
}

/// Opens conversations. Shared by threads.
#[derive(Debug)]
pub struct Caller<'a> {
    governor: &'a Governor,
    source: Option<IpAddr>,
    patience: Patience,
    tls: tls::Client,
}

impl<'a> Caller<'a> {
    /// From `source`, or from whatever the system's routes say.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn new(governor: &'a Governor, source: Option<IpAddr>, patience: Patience) -> Result<Self, Failed> {
        Ok(Self { governor, source, patience, tls: tls::Client::new()? })
    }

    /// Its governor.
    pub fn governor(&self) -> &'a Governor {
        self.governor
    }

    /// One look at one service.
    pub fn visit(&self, target: InScope<SocketAddr>) -> Visit<'_> {
        Visit { caller: self, target, requests: Cell::new(REQUESTS), bytes: Cell::new(BYTES) }
    }

    /// An address of ours that suits the target's family, where one was named.
    fn source(&self, target: SocketAddr) -> Option<SocketAddr> {
        self.source
            .filter(|source| source.is_ipv4() == target.is_ipv4())
            .map(|source| SocketAddr::new(source, 0))
    }
}

/// One look at one service: what it may cost is bounded over all lines that it opens.
#[derive(Debug)]
pub struct Visit<'a> {
    caller: &'a Caller<'a>,
    target: InScope<SocketAddr>,
    requests: Cell<u32>,
    bytes: Cell<usize>,
}

impl Visit<'_> {
    /// Whom.
    pub fn target(&self) -> InScope<SocketAddr> {
        self.target
    }

    /// Counts a request.
    fn request(&self) -> Result<(), Failed> {
        let left = self.requests.get().checked_sub(1).ok_or(Failed::Spent)?;
        self.requests.set(left);
        Ok(())
    }

    /// Connects by TCP.
    ///
    /// # Errors
    /// [`Failed`]
    pub fn connect(&self) -> Result<Line<'_>, Failed> {
        let port = self.target.get().port();
        let scope = self.caller.governor.scope();
        scope.service(self.target.host(), Transport::Tcp, port).map_err(|_| Failed::Forbidden)?;
        let address = self.target.get();
        let mut tries = 0;
        loop {
            tries += 1;
            let mut leave = self.caller.governor.leave(self.target.host(), ROOM)?;
            match socket::open(address, self.caller.source(address), self.caller.patience) {
                Ok(stream) => {
                    leave.sent(OPENING, HELD);
                    return Ok(Line { visit: self, wire: Wire::Plain(stream), ended: false, leave });
                }
                Err(error) => {
                    leave.sent(1, 0);
                    match Failed::from(error) {
                        Failed::Silent if tries < TRIES => {}
                        failed => return Err(failed),
                    }
                }
            }
        }
    }

    /// Connects and shakes hands by TLS; `name` is asked for (SNI), or none.
    ///
    /// # Errors
    /// [`Failed`]; [`Failed::Tls`] where TCP worked and TLS did not.
    pub fn connect_tls(&self, name: Option<&str>) -> Result<Line<'_>, Failed> {
        self.connect()?.tls(name)
    }

    /// Sends one datagram, and gives what comes back first, if anything does in time.
    ///
    /// # Errors
    /// [`Failed`]; [`Failed::Forbidden`] where the scope does not allow the port over UDP.
    pub fn datagram(&self, payload: &[u8]) -> Result<Vec<u8>, Failed> {
        // What a target was made for is not seen in it.
        let target = self.target.get();
        let scope = self.caller.governor.scope();
        scope.service(self.target.host(), Transport::Udp, target.port()).map_err(|_| Failed::Forbidden)?;
        self.request()?;
        let address = self.target.get();
        let _leave = self.caller.governor.leave(self.target.host(), 1)?;
        let any: SocketAddr = if address.is_ipv4() { ([0; 4], 0).into() } else { ([0; 16], 0).into() };
        let socket = UdpSocket::bind(self.caller.source(address).unwrap_or(any))?;
        socket.connect(address)?;
        socket.set_read_timeout(Some(self.caller.patience.answer))?;
        socket.send(payload)?;
        let mut bytes = vec![0; self.bytes.get().min(BYTES)];
        let length = socket.recv(&mut bytes)?;
        bytes.truncate(length);
        self.bytes.set(self.bytes.get().saturating_sub(length));
        Ok(bytes)
    }
}

#[derive(Debug)]
enum Wire {
    Plain(Until),
    Tls(Box<tls::Stream>),
}

impl Wire {
    fn socket(&mut self) -> &mut Until {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(stream) => stream.socket(),
        }
    }
}

/// A connection within a visit.
#[derive(Debug)]
pub struct Line<'a> {
    visit: &'a Visit<'a>,
    wire: Wire,
    ended: bool,
    /// Dropped behind the wire: its end is counted when it has been sent.
    leave: Leave<'a>,
}

impl<'a> Line<'a> {
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
    /// [`Failed`], where nothing had come before it.
    pub fn hear(&mut self, enough: impl FnMut(&[u8]) -> bool) -> Result<Vec<u8>, Failed> {
        self.hear_for(self.visit.caller.patience.answer, enough)
    }

    /// The same, with a patience of its own where that is less.
    ///
    /// # Errors
    /// As [`Self::hear`].
    pub fn hear_for(
        &mut self,
        patience: Duration,
        enough: impl FnMut(&[u8]) -> bool,
    ) -> Result<Vec<u8>, Failed> {
        self.wire.socket().wait(patience.min(self.visit.caller.patience.answer));
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
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) if !heard.is_empty() => break,
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => break,
                Err(error) => return Err(Failed::from(error)),
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
        let mut stream = self.visit.caller.tls.shake(stream, self.visit.target.get().ip(), name)?;
        let acknowledged = stream.socket().acknowledged();
        self.leave.sent(HANDSHAKE.max(2 + acknowledged), HELD);
        Ok(Self { wire: Wire::Tls(Box::new(stream)), ended: false, ..self })
    }

    /// What the handshake showed; none without TLS.
    pub fn seen(&self) -> Option<Seen> {
        match &self.wire {
            Wire::Plain(_) => None,
            Wire::Tls(stream) => Some(tls::seen(stream)),
        }
    }
}

#[cfg(test)]
mod tests;
