//! Bounded conversations with services: the one place that opens ordinary connections.
//!
//! A [`Visit`] is what one look at one service may cost: so many requests, so many bytes. Every line that it opens counts against it, and
//! waits for the leave of the [`Governor`]. Its target is an [`InScope`], so nothing else can be spoken to; redirects are not followed, for
//! there is nobody who would. What was read is dropped by whoever read it. Connections end by a reset: one packet, after which neither side
//! keeps anything.

mod each; // many at a time
mod line; // what is said and heard on a connection
mod socket; // a connection until a moment, and what the kernel sends for it
mod tls; // with whoever it is: names are read, nothing is trusted

use std::cell::Cell;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use watchpost_core::contact::Transport;

use crate::govern::{Governor, Stopped};
use crate::scope::InScope;
pub use each::{by_turns, each};
pub use line::{Line, Wait};
pub use tls::Seen;

/// Requests of a visit.
const REQUESTS: u32 = 3;
/// Bytes that a visit reads, of the services' own words.
const BYTES: usize = 4_096;
/// Packets that there must be room for when a connection is opened: those of opening and ending it, and one to say something.
const ROOM: u32 = 5;
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
        match error.downcast::<Stopped>() {
            Ok(why) => Self::Stopped(why),
            Err(error) => match error.kind() {
                ErrorKind::ConnectionRefused => Self::Refused,
                ErrorKind::TimedOut | ErrorKind::WouldBlock => Self::Silent,
                _ => Self::Broken(error),
            },
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
    /// For a greeting, where the server speaks first: many look up who calls before they do.
    pub greeting: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            answer: Duration::from_secs(3),
            greeting: Duration::from_secs(12),
        }
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
            let governor = self.caller.governor;
            let mut leave = governor.leave(self.target.host(), ROOM)?;
            match socket::open(governor, address, self.caller.source(address), self.caller.patience) {
                Ok(socket) => return Ok(Line::new(self, socket, leave)),
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
        socket.send(payload)?;
        let mut bytes = vec![0; self.bytes.get().min(BYTES)];
        let until = Instant::now() + self.caller.patience.answer;
        let length = self.caller.governor.patiently(until, |nap| {
            socket.set_read_timeout(Some(nap))?;
            socket.recv(&mut bytes)
        })?;
        bytes.truncate(length);
        self.bytes.set(self.bytes.get().saturating_sub(length));
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests;
