//! The raw sender: packets built by hand, many to a system call.
//!
//! Over Ethernet to a known router, frames go out by a packet socket and `sendmmsg`; on any other link the kernel routes them (raw IP), which
//! is slower and needs to know nothing. Answers come by packet sockets of their own, with a filter in the kernel that lets pass what
//! comes to the survey's ports and ICMP. Sockets are opened first ([`Raw::open`]); after that no privilege is needed, and none is kept
//! ([`crate::probe`]).

mod filter; // what the kernel lets through
pub mod route; // by which interface, and to which router

use std::io::{self, IoSlice};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags};
use nix::sys::socket::{ControlMessage, LinkAddr, MsgFlags, MultiHeaders, sendmmsg};
use nix::sys::time::TimeSpec;
use serde::{Deserialize, Serialize};
use socket2::{Domain, Protocol, Socket, Type};

use crate::engine::{Probe, Prober};
use crate::scope::Scope;
use crate::wire::{Answer, Ask, Cookie, Frames, Link, MOST, read};

/// Packets of one system call.
const BATCH: usize = 128;
/// Bytes of the receive buffer that is asked for; the system may give less.
const ROOM: usize = 8 << 20;
/// The longest packet that is read.
const LONGEST: usize = 2_048;
/// Full queues are tried again so often, a millisecond apart.
const TRIES: u32 = 200;

const IPV4: u16 = 0x0800;
const ARP: u16 = 0x0806;
const IPV6: u16 = 0x86dd;

/// By which way packets go out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Way {
    /// The interface.
    pub interface: String,
    /// The own IPv4 address.
    pub v4: Option<Ipv4Addr>,
    /// The own IPv6 address.
    pub v6: Option<Ipv6Addr>,
    /// The router's Ethernet address; without one the kernel routes.
    pub gateway: Option<[u8; 6]>,
}

/// The sockets.
#[derive(Debug)]
pub struct Raw {
    scope: Scope,
    out: Out,
    /// Where the link has neighbours: a socket, and what builds frames to them.
    neighbours: Option<(Socket, Frames)>,
    receive: Vec<Socket>,
    frames: Frames,
    cookie: Cookie,
    began: Instant,
    buffer: Vec<u8>,
    /// Of each frame in the buffer: where it begins and ends, and how many probes it is of (itself, and those before it that became none).
    ends: Vec<(usize, usize, usize)>,
    headers: MultiHeaders<LinkAddr>,
    nobody: Vec<Option<LinkAddr>>,
    incoming: Vec<u8>,
}

#[derive(Debug)]
enum Out {
    /// Frames, to the interface.
    Link(Socket),
    /// IP packets, to the kernel.
    Routed { v4: Option<Socket>, v6: Option<Socket> },
}

impl Raw {
    /// Opens the sockets; needs CAP_NET_RAW.
    ///
    /// # Errors
    /// There is no such interface, or the privilege is missing.
    pub fn open(way: &Way, scope: Scope) -> io::Result<Self> {
        let address = link_address(&way.interface)?;
        own_addresses(way)?;
        let own = address.addr().filter(|own| *own != [0; 6]);
        let (link, out) = match (way.gateway, own) {
            (Some(gateway), Some(source)) => {
                // Without a protocol: it shall hear nothing.
                let socket = Socket::new(Domain::PACKET, Type::RAW, None)?;
                bind(&socket, &address)?;
                let _ = socket.set_send_buffer_size(ROOM);
                (Link::Ethernet { source, gateway }, Out::Link(socket))
            }
            _ => {
                let raw = |domain, wanted: bool| -> io::Result<Option<Socket>> {
                    wanted.then(|| Socket::new(domain, Type::RAW, Some(Protocol::from(255)))).transpose()
                };
                let (v4, v6) = (raw(Domain::IPV4, way.v4.is_some())?, raw(Domain::IPV6, way.v6.is_some())?);
                if let Some(v6) = &v6 {
                    v6.set_header_included_v6(true)?;
                }
                for socket in v4.iter().chain(&v6) {
                    socket.bind_device(Some(way.interface.as_bytes()))?;
                }
                (Link::Routed, Out::Routed { v4, v6 })
            }
        };
        let cookie = Cookie(0, 0);
        let neighbours = match own {
            Some(source) => {
                let socket = Socket::new(Domain::PACKET, Type::RAW, None)?;
                bind(&socket, &address)?;
                let link = Link::Ethernet { source, gateway: source };
                Some((socket, Frames::new(link, way.v4, way.v6, cookie, &scope.about)))
            }
            None => None,
        };
        let kinds =
            [(way.v4.is_some(), IPV4), (way.v6.is_some(), IPV6), (own.is_some() && way.v4.is_some(), ARP)];
        let mut receive = Vec::new();
        for (_, kind) in kinds.into_iter().filter(|(wanted, _)| *wanted) {
            let socket =
                Socket::new(Domain::PACKET, Type::DGRAM, Some(Protocol::from(i32::from(kind.to_be()))))?;
            socket.attach_filter(&filter::of(kind))?;
            bind(&socket, &address)?;
            let _ = socket.set_recv_buffer_size(ROOM);
            socket.set_nonblocking(true)?;
            receive.push(socket);
        }
        Ok(Self {
            frames: Frames::new(link, way.v4, way.v6, cookie, &scope.about),
            scope,
            out,
            neighbours,
            receive,
            cookie,
            began: Instant::now(),
            buffer: vec![0; BATCH * MOST],
            ends: Vec::with_capacity(BATCH),
            headers: MultiHeaders::preallocate(BATCH, None),
            nobody: vec![None; BATCH],
            incoming: vec![0; LONGEST],
        })
    }

    /// From now on questions carry this key's hashes: what answers to earlier ones is nobody's.
    pub fn key(&mut self, cookie: Cookie) {
        self.cookie = cookie;
        self.frames.key(cookie);
    }

    /// Gives the frames in the buffer to the kernel, which may take fewer: gives how many.
    fn send_frames(&mut self) -> io::Result<usize> {
        let Out::Link(socket) = &self.out else { return Ok(0) };
        let frame = |(from, to, _): &(usize, usize, usize)| {
            [IoSlice::new(self.buffer.get(*from..*to).unwrap_or_default())]
        };
        let slices: Vec<[IoSlice<'_>; 1]> = self.ends.iter().map(frame).collect();
        let nobody = self.nobody.get(..slices.len()).unwrap_or_default();
        let none: [ControlMessage<'_>; 0] = [];
        let mut sent = 0;
        for _ in 0..TRIES {
            let rest = slices.get(sent..).unwrap_or_default();
            if rest.is_empty() {
                break;
            }
            match sendmmsg(socket.as_raw_fd(), &mut self.headers, rest, nobody, none, MsgFlags::empty()) {
                Ok(results) => sent += results.count(),
                Err(error) if is_busy(error) => std::thread::sleep(Duration::from_millis(1)),
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(sent)
    }

    /// Gives one packet to the kernel to route.
    fn send_routed(&self, to: IpAddr, packet: &[u8]) -> io::Result<()> {
        let Out::Routed { v4, v6 } = &self.out else { return Ok(()) };
        let Some(socket) = (if to.is_ipv4() { v4 } else { v6 }) else { return Ok(()) };
        patiently(|| socket.send_to(packet, &SocketAddr::new(to, 0).into()))
    }
}

/// Sends one packet, waiting for a queue that is full; a packet that cannot be sent at all is given up.
fn patiently(mut send: impl FnMut() -> io::Result<usize>) -> io::Result<()> {
    for _ in 0..TRIES {
        let Err(error) = send() else { return Ok(()) };
        match error.raw_os_error().map(Errno::from_raw) {
            Some(busy) if is_busy(busy) => std::thread::sleep(Duration::from_millis(1)),
            // A host without a neighbour, a filter of our own, no route: this packet's matter.
            Some(own) if is_its_own(own) => return Ok(()),
            _ => return Err(error),
        }
    }
    Ok(())
}

/// Errors that pass: a full queue, a link that is down for a moment.
fn is_busy(error: Errno) -> bool {
    matches!(error, Errno::ENOBUFS | Errno::EAGAIN | Errno::ENETDOWN)
}

/// Errors that concern one packet and not the socket.
fn is_its_own(error: Errno) -> bool {
    matches!(
        error,
        Errno::EHOSTUNREACH
            | Errno::ENETUNREACH
            | Errno::EPERM
            | Errno::EACCES
            | Errno::EHOSTDOWN
            | Errno::EINVAL
    )
}

impl Prober for Raw {
    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn send(&mut self, probes: &[Probe]) -> io::Result<usize> {
        let probes = probes.get(..BATCH).unwrap_or(probes);
        self.ends.clear();
        let (mut at, mut probed) = (0, 0);
        for Probe { target, ask, slot } in probes {
            let Some(room) = self.buffer.get_mut(at..).and_then(<[u8]>::first_chunk_mut) else { break };
            probed += 1;
            if *ask == Ask::Neighbour {
                if let Some((socket, to)) = &self.neighbours
                    && let Some(length) = to.write(*target, *ask, *slot, room)
                {
                    patiently(|| socket.send(room.get(..length).unwrap_or_default()))?;
                }
                continue;
            }
            let Some(length) = self.frames.write(*target, *ask, *slot, room) else { continue };
            if matches!(self.out, Out::Link(_)) {
                self.ends.push((at, at + length, probed));
                at += length;
            } else {
                let packet = self.buffer.get(at..at + length).unwrap_or_default();
                self.send_routed(target.get(), packet)?;
            }
        }
        if self.ends.is_empty() {
            return Ok(probed);
        }
        match self.send_frames()? {
            sent if sent == self.ends.len() => Ok(probed),
            0 => Ok(0),
            // What became no frame counts as gone with the frame behind it.
            sent => Ok(self.ends.get(sent - 1).map_or(0, |(_, _, probed)| *probed)),
        }
    }

    fn receive(&mut self, patience: Duration, into: &mut Vec<Answer>) -> io::Result<()> {
        let before = into.len();
        self.drain(into)?;
        if into.len() > before || patience.is_zero() {
            return Ok(());
        }
        let mut polled: Vec<PollFd<'_>> =
            self.receive.iter().map(|socket| PollFd::new(socket.as_fd(), PollFlags::POLLIN)).collect();
        match nix::poll::ppoll(&mut polled, Some(TimeSpec::from_duration(patience)), None) {
            Ok(0) | Err(Errno::EINTR) => Ok(()),
            Ok(_) => self.drain(into),
            Err(error) => Err(error.into()),
        }
    }
}

impl Raw {
    /// Takes what has come, as much as a batch may have caused a few times over.
    fn drain(&mut self, into: &mut Vec<Answer>) -> io::Result<()> {
        for socket in &self.receive {
            for _ in 0..8 * BATCH {
                match nix::sys::socket::recv(socket.as_raw_fd(), &mut self.incoming, MsgFlags::MSG_DONTWAIT) {
                    Ok(length) => {
                        let packet = self.incoming.get(..length).unwrap_or_default();
                        into.extend(read(&self.scope, self.cookie, packet));
                    }
                    Err(Errno::EAGAIN) => break,
                    Err(Errno::EINTR) => {}
                    // The interface went down for a moment.
                    Err(Errno::ENETDOWN) => break,
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(())
    }
}

/// The link-level address of an interface, as the system knows it.
fn link_address(interface: &str) -> io::Result<LinkAddr> {
    let all = nix::ifaddrs::getifaddrs()?;
    all.filter(|entry| entry.interface_name == interface)
        .find_map(|entry| entry.address.and_then(|address| address.as_link_addr().copied()))
        .ok_or_else(|| {
            io::Error::new(io::ErrorKind::NotFound, format!("there is no interface {interface:?}"))
        })
}

/// Whether the addresses that packets shall come from are the interface's own: there is no other source.
fn own_addresses(way: &Way) -> io::Result<()> {
    let all: Vec<IpAddr> = nix::ifaddrs::getifaddrs()?
        .filter(|entry| entry.interface_name == way.interface)
        .filter_map(|entry| route::address(&entry))
        .collect();
    let wanted = way.v4.map(IpAddr::from).into_iter().chain(way.v6.map(IpAddr::from));
    let loops = |own: &IpAddr| own.is_loopback() && all.iter().any(IpAddr::is_loopback);
    match wanted.into_iter().find(|own| !all.contains(own) && !loops(own)) {
        None => Ok(()),
        Some(other) => Err(io::Error::new(
            io::ErrorKind::AddrNotAvailable,
            format!("{other} is no address of {}: packets come from one's own address only", way.interface),
        )),
    }
}

/// Binds a packet socket to its interface; what it was opened for stays.
fn bind(socket: &Socket, address: &LinkAddr) -> io::Result<()> {
    Ok(nix::sys::socket::bind(socket.as_raw_fd(), address)?)
}
