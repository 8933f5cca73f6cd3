//! Bounded conversations with services: the one place that opens ordinary connections.
//!
//! A [`Visit`] is what one look at one service may cost: so many requests, so many bytes. Every line that it opens counts against it, and
//! waits for the leave of the [`Governor`]. Its target is an [`InScope`], so nothing else can be spoken to; redirects are not followed, for
//! there is nobody who would. What was read is dropped by whoever read it.

mod each; // many at a time
mod tls; // with whoever it is: names are read, nothing is trusted

use std::cell::Cell;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, Socket, Type};
use watchpost_core::contact::Transport;

use crate::govern::{Governor, Stopped};
use crate::scope::InScope;
pub use each::each;
pub use tls::Seen;

/// Requests of a visit.
const REQUESTS: u32 = 3;
/// Bytes that a visit reads, of the services' own words.
const BYTES: usize = 4_096;
/// Packets of opening and ending a connection, as the caps count them: SYN, ACK, the ACK of what is said first, FIN, ACK.
const CONNECTION: u32 = 5;
/// Of these, at its end.
const ENDING: u32 = 2;
/// Of a request: itself, and the acknowledgement of the answer.
const REQUEST: u32 = 2;

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

    fn request(&self) -> Result<(), Failed> {
        let left = self.requests.get().checked_sub(1).ok_or(Failed::Spent)?;
        self.requests.set(left);
        Ok(self.caller.governor.leave(self.target.host(), REQUEST)?)
    }

    /// Connects by TCP.
    ///
    /// # Errors
    /// [`Failed`]
    pub fn connect(&self) -> Result<Line<'_>, Failed> {
        let port = self.target.get().port();
        let scope = self.caller.governor.scope();
        scope.service(self.target.host(), Transport::Tcp, port).map_err(|_| Failed::Forbidden)?;
        self.caller.governor.leave(self.target.host(), CONNECTION)?;
        let address = self.target.get();
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        if let Some(source) = self.caller.source(address) {
            socket.bind(&source.into())?;
        }
        socket.connect_timeout(&address.into(), self.caller.patience.connect)?;
        let stream = TcpStream::from(socket);
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(self.caller.patience.answer))?;
        Ok(Line { visit: self, wire: Wire::Plain(stream), ended: false, ending: Ending(self) })
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
    Plain(TcpStream),
    Tls(Box<tls::Stream>),
}

/// A connection within a visit.
#[derive(Debug)]
pub struct Line<'a> {
    visit: &'a Visit<'a>,
    wire: Wire,
    ended: bool,
    ending: Ending<'a>,
}

/// The end of a connection: counted at its beginning, and sent when it is dropped.
#[derive(Debug)]
struct Ending<'a>(&'a Visit<'a>);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.caller.governor.leaving(self.0.target.host(), ENDING);
    }
}

impl<'a> Line<'a> {
    /// Says something.
    ///
    /// # Errors
    /// [`Failed`]; [`Failed::Spent`] at the fourth request of a visit.
    pub fn say(&mut self, words: &[u8]) -> Result<(), Failed> {
        self.visit.request()?;
        match &mut self.wire {
            Wire::Plain(stream) => stream.write_all(words)?,
            Wire::Tls(stream) => stream.write_all(words)?,
        }
        Ok(())
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
        mut enough: impl FnMut(&[u8]) -> bool,
    ) -> Result<Vec<u8>, Failed> {
        let until = Instant::now() + patience.min(self.visit.caller.patience.answer);
        // At once as large as it can become: growing would leave copies of what was said behind.
        let mut heard = Vec::with_capacity(self.visit.bytes.get());
        let mut part = [0; 1_024];
        while !enough(&heard) {
            let room = self.visit.bytes.get().min(part.len());
            let rest = until.saturating_duration_since(Instant::now());
            if room == 0 || rest.is_zero() {
                break;
            }
            match self.read(&mut part[..room], rest) {
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

    fn read(&mut self, into: &mut [u8], patience: Duration) -> io::Result<usize> {
        match &mut self.wire {
            Wire::Plain(stream) => {
                stream.set_read_timeout(Some(patience))?;
                stream.read(into)
            }
            Wire::Tls(stream) => {
                stream.wait(patience);
                stream.read(into)
            }
        }
    }

    /// Shakes hands by TLS on the open connection (also after STARTTLS).
    ///
    /// # Errors
    /// [`Failed::Tls`] where the other end does not speak it, or not with us.
    pub fn tls(self, name: Option<&str>) -> Result<Self, Failed> {
        let Wire::Plain(stream) = self.wire else {
            return Err(Failed::Tls("there is TLS already".into()));
        };
        self.visit.caller.governor.leave(self.visit.target.host(), CONNECTION)?;
        let patience = self.visit.caller.patience.answer;
        let stream = self.visit.caller.tls.shake(stream, self.visit.target.get().ip(), name, patience)?;
        Ok(Self { visit: self.visit, wire: Wire::Tls(Box::new(stream)), ended: false, ending: self.ending })
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
