//! A connection until a moment: who sends byte by byte does not win time by it.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use nix::sys::socket::{setsockopt, sockopt};
use socket2::{Domain, Protocol, Socket, Type};

use super::Patience;

/// Before the kernel repeats a SYN, which is after a second: it would ask nobody for leave.
const BEFORE_REPEATING: Duration = Duration::from_millis(950);
/// Bytes that the kernel acknowledges at once, at least: two segments. Less waits for what is said next, or for some 40 ms.
const ACKNOWLEDGED: usize = 2 * 1_220;

/// A connection, and until when it is read.
#[derive(Debug)]
pub(super) struct Until {
    stream: TcpStream,
    until: Instant,
    acknowledged: u32,
}

/// Opens one, from an own address where one is named.
pub(super) fn open(to: SocketAddr, own: Option<SocketAddr>, patience: Patience) -> io::Result<Until> {
    let socket = Socket::new(Domain::for_address(to), Type::STREAM, Some(Protocol::TCP))?;
    if let Some(own) = own {
        socket.bind(&own.into())?;
    }
    // It ends by a reset, and nothing is repeated after that.
    socket.set_linger(Some(Duration::ZERO))?;
    let most = u32::try_from(patience.answer.as_millis()).unwrap_or(u32::MAX);
    setsockopt(&socket, sockopt::TcpUserTimeout, &most)?;
    socket.connect_timeout(&to.into(), patience.connect.min(BEFORE_REPEATING))?;
    let stream = TcpStream::from(socket);
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(patience.answer))?;
    Ok(Until { stream, until: Instant::now(), acknowledged: 0 })
}

impl Until {
    /// Reads wait for so long from now on, all together.
    pub(super) fn wait(&mut self, patience: Duration) {
        self.until = Instant::now() + patience;
    }

    /// How many acknowledgements the kernel has sent since this was asked last, as far as can be told from what was read.
    pub(super) fn acknowledged(&mut self) -> u32 {
        std::mem::take(&mut self.acknowledged)
    }
}

impl Read for Until {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let rest = self.until.saturating_duration_since(Instant::now());
        if rest.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        self.stream.set_read_timeout(Some(rest))?;
        let length = self.stream.read(into)?;
        // The end is acknowledged as words are.
        self.acknowledged += u32::try_from((length / ACKNOWLEDGED).max(1)).unwrap_or(u32::MAX);
        Ok(length)
    }
}

impl Write for Until {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
