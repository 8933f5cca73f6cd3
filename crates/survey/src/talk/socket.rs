//! A connection until a moment: who sends byte by byte does not win time by it, and a stop ends it.
//!
//! The problem: the kernel acknowledges by itself whatever comes, so the other end decides how many packets leave from here. The way: the
//! window that is offered is not larger than what a visit reads, a line is read in a bounded number of pieces and bytes, and what was read is
//! counted by what the kernel has acknowledged at most. The limit: an acknowledgement may go out for each segment, whatever its size, and for one
//! that comes out of order or twice. Who sends single bytes, or repeats himself, for as long as the line is open draws more packets than the
//! cap of his host; those that were not read are not counted. They end with the line, after a few seconds, and go to him alone.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout};
use nix::sys::socket::{setsockopt, sockopt};
use socket2::{Domain, Protocol, Socket, Type};

use super::Patience;
use crate::govern::Governor;

/// Before the kernel repeats a SYN, which is after a second: it would ask nobody for leave.
const BEFORE_REPEATING: Duration = Duration::from_millis(950);
/// Bytes that the kernel acknowledges at once, at least: two segments. Less waits for what is said next, or for some 40 ms.
const ACKNOWLEDGED: usize = 2 * 1_220;

/// Bytes of the receive buffer, of which the kernel makes twice as much and offers half: as many as a visit reads.
const WINDOW: usize = super::BYTES;
/// Pieces in which a line is read, at most: a segment each, if they come slowly.
const PIECES: u32 = 64;

/// A connection, and until when it is read.
#[derive(Debug)]
pub(super) struct Until<'a> {
    stream: TcpStream,
    governor: &'a Governor,
    until: Instant,
    acknowledged: u32,
    /// Pieces that may still be read.
    pieces: u32,
    /// Bytes that may still be read.
    bytes: usize,
}

/// Opens one, from an own address where one is named.
pub(super) fn open(
    governor: &Governor,
    to: SocketAddr,
    own: Option<SocketAddr>,
    patience: Patience,
) -> io::Result<Until<'_>> {
    let socket = Socket::new(Domain::for_address(to), Type::STREAM, Some(Protocol::TCP))?;
    if let Some(own) = own {
        socket.bind(&own.into())?;
    }
    // Before it connects: a window that was offered is not taken back.
    socket.set_recv_buffer_size(WINDOW)?;
    // It ends by a reset, and nothing is repeated after that.
    socket.set_linger(Some(Duration::ZERO))?;
    let most = u32::try_from(patience.answer.as_millis()).unwrap_or(u32::MAX);
    setsockopt(&socket, sockopt::TcpUserTimeout, &most)?;
    connect(governor, &socket, to, Instant::now() + patience.connect.min(BEFORE_REPEATING))?;
    let stream = TcpStream::from(socket);
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(patience.answer))?;
    Ok(Until { stream, governor, until: Instant::now(), acknowledged: 0, pieces: PIECES, bytes: usize::MAX })
}

/// Connects until a moment, or a stop.
fn connect(governor: &Governor, socket: &Socket, to: SocketAddr, until: Instant) -> io::Result<()> {
    socket.set_nonblocking(true)?;
    match socket.connect(&to.into()) {
        Ok(()) => {}
        Err(error) if error.raw_os_error().map(Errno::from_raw) == Some(Errno::EINPROGRESS) => {
            governor.patiently(until, |nap| {
                let nap = u16::try_from(nap.as_millis()).unwrap_or(u16::MAX).max(1);
                match nix::poll::poll(
                    &mut [PollFd::new(socket.as_fd(), PollFlags::POLLOUT)],
                    PollTimeout::from(nap),
                )? {
                    0 => Err(ErrorKind::WouldBlock.into()),
                    _ => Ok(()),
                }
            })?;
            socket.take_error()?.map_or(Ok(()), Err)?;
        }
        Err(error) => return Err(error),
    }
    socket.set_nonblocking(false)
}

impl Until<'_> {
    /// Reads wait for so long from now on, all together.
    pub(super) fn wait(&mut self, patience: Duration) {
        self.until = Instant::now() + patience;
    }

    /// From now on no more than so many bytes are read.
    pub(super) fn bound(&mut self, bytes: usize) {
        self.bytes = bytes;
    }

    /// How many acknowledgements the kernel has sent since this was asked last, as far as can be told from what was read.
    pub(super) fn acknowledged(&mut self) -> u32 {
        std::mem::take(&mut self.acknowledged)
    }
}

impl Read for Until<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let room = self.bytes.min(into.len());
        if room == 0 || self.pieces == 0 {
            return Err(io::Error::other("more, or in more pieces, than is read"));
        }
        let (mut stream, into) = (&self.stream, into.get_mut(..room).unwrap_or_default());
        let length = self.governor.patiently(self.until, |nap| {
            stream.set_read_timeout(Some(nap))?;
            stream.read(into)
        })?;
        // The end is acknowledged as words are.
        self.acknowledged += u32::try_from(length.div_ceil(ACKNOWLEDGED).max(1)).unwrap_or(u32::MAX);
        self.pieces -= 1;
        self.bytes -= length;
        Ok(length)
    }
}

impl Write for Until<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
