//! The sender without privilege: ordinary connections, many at a time, and datagrams.
//!
//! It asks what a raw sender asks, one socket each: an open port completes the handshake and is closed by a reset at once. The kernel would
//! repeat a SYN after a second, which no cap would count, so none is waited for longer; the engine's next pass asks again instead. What it
//! counts as sent: a SYN; of what opened also the acknowledgement and the reset; a datagram; nothing of what the kernel did not send.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use ipnet::IpNet;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout};
use socket2::{Domain, Protocol, Socket, Type};
use watchpost_core::inventory::network;

use crate::engine::{Probe, Prober};
use crate::wire::{Answer, Ask, Kind, payload};

/// Sockets at a time.
const OPEN: usize = 512;
/// Before the kernel's first repetition, which is after a second.
const PATIENCE: Duration = Duration::from_millis(950);
/// Packets of one question, at most: SYN, ACK, RST.
pub(crate) const HANDSHAKE: u32 = 3;
/// Bytes of an answer over UDP.
const WORDS: usize = 1_472;

/// Asks by ordinary sockets: TCP ports, and UDP ports.
#[derive(Debug)]
pub struct Connect {
    v4: Option<Ipv4Addr>,
    v6: Option<Ipv6Addr>,
    began: Instant,
    slower: u32,
    open: Vec<Asked>,
    /// What was answered before it could be waited for.
    early: Vec<Answer>,
    sent: BTreeMap<IpNet, u64>,
}

#[derive(Debug)]
struct Asked {
    socket: Socket,
    probe: Probe,
    until: Instant,
}

impl Connect {
    /// From these own addresses, or from what the system's routes say.
    pub fn new(v4: Option<Ipv4Addr>, v6: Option<Ipv6Addr>) -> Self {
        let (open, early) = (Vec::new(), Vec::new());
        Self { v4, v6, began: Instant::now(), slower: 1, open, early, sent: BTreeMap::new() }
    }

    /// The own address that was named.
    pub fn source(&self) -> Option<IpAddr> {
        self.v4.map(IpAddr::from).or(self.v6.map(IpAddr::from))
    }

    /// Whether ordinary sockets can ask it.
    pub fn can(ask: Ask) -> bool {
        match ask {
            Ask::Syn(_) | Ask::FullSyn(_) | Ask::Udp(_) => true,
            Ask::Ack(_) | Ask::Echo | Ask::Timestamp | Ask::Neighbour => false,
        }
    }

    /// Its clock goes so many times slower from now on: a second of the engine's is so many. Caps of less than a connection are kept so.
    pub(crate) fn slow(&mut self, times: u32) {
        self.slower = times.max(1);
    }

    /// Closes what is open, and gives what was sent since this was done last, by network. The kernel would go on repeating what is left open.
    pub(crate) fn end(&mut self) -> Vec<(IpNet, u64)> {
        for asked in std::mem::take(&mut self.open) {
            if matches!(outcome(&asked), Some(Some(Kind::Open(_)))) {
                self.count(asked.probe, HANDSHAKE - 1);
            }
        }
        self.early.clear();
        std::mem::take(&mut self.sent).into_iter().collect()
    }

    fn count(&mut self, probe: Probe, packets: u32) {
        *self.sent.entry(network(probe.target.get())).or_default() += u64::from(packets);
    }

    /// Begins one question; none where it cannot be asked so.
    fn ask(&self, probe: Probe) -> io::Result<Option<Socket>> {
        let (port, kind, protocol) = match probe.ask {
            Ask::Syn(port) | Ask::FullSyn(port) => (port, Type::STREAM, Protocol::TCP),
            Ask::Udp(port) => (port, Type::DGRAM, Protocol::UDP),
            Ask::Ack(_) | Ask::Echo | Ask::Timestamp | Ask::Neighbour => return Ok(None),
        };
        let to = SocketAddr::new(probe.target.get(), port);
        let socket = Socket::new(Domain::for_address(to), kind, Some(protocol))?;
        socket.set_nonblocking(true)?;
        let own = if to.is_ipv4() { self.v4.map(IpAddr::from) } else { self.v6.map(IpAddr::from) };
        if let Some(own) = own {
            socket.bind(&SocketAddr::new(own, 0).into())?;
        }
        if protocol == Protocol::TCP {
            // It is closed by a reset: nothing lingers, on either side.
            socket.set_linger(Some(Duration::ZERO))?;
        }
        match socket.connect(&to.into()) {
            Ok(()) => {}
            Err(error) if error.raw_os_error().map(Errno::from_raw) == Some(Errno::EINPROGRESS) => {}
            Err(error) => return Err(error),
        }
        if protocol == Protocol::UDP {
            socket.send(&payload(port, u16::from(probe.slot) << 8 | 0x57))?;
        }
        Ok(Some(socket))
    }
}

/// What an asked socket came to; none: nothing yet.
fn outcome(asked: &Asked) -> Option<Option<Kind>> {
    if matches!(asked.probe.ask, Ask::Udp(_)) {
        let mut words = vec![0; WORDS];
        return match nix::sys::socket::recv(
            std::os::fd::AsRawFd::as_raw_fd(&asked.socket),
            &mut words,
            nix::sys::socket::MsgFlags::MSG_DONTWAIT,
        ) {
            Ok(length) => {
                words.truncate(length);
                Some(Some(Kind::Words(words)))
            }
            Err(Errno::ECONNREFUSED) => Some(Some(Kind::Refused)),
            Err(Errno::EAGAIN | Errno::EINTR) => None,
            Err(_) => Some(None),
        };
    }
    Some(match asked.socket.take_error() {
        Ok(None) => asked.socket.peer_addr().is_ok().then_some(Kind::Open(None)),
        Ok(Some(error)) => refused(&error, asked.probe.target.get()),
        Err(_) => None,
    })
}

/// What an error says of the other end.
fn refused(error: &io::Error, by: IpAddr) -> Option<Kind> {
    match Errno::from_raw(error.raw_os_error()?) {
        Errno::ECONNREFUSED => Some(Kind::Refused),
        Errno::EHOSTUNREACH | Errno::ENETUNREACH => Some(Kind::Unreachable { forbidden: false, by }),
        Errno::EACCES | Errno::EPERM => Some(Kind::Unreachable { forbidden: true, by }),
        _ => None,
    }
}

impl Prober for Connect {
    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX) / u64::from(self.slower)
    }

    fn send(&mut self, probes: &[Probe]) -> io::Result<usize> {
        let mut sent = 0;
        for probe in probes {
            if self.open.len() >= OPEN {
                break;
            }
            match self.ask(*probe) {
                Ok(Some(socket)) => {
                    self.count(*probe, 1);
                    self.open.push(Asked { socket, probe: *probe, until: Instant::now() + PATIENCE });
                }
                Ok(None) => {}
                Err(error) => match error.raw_os_error().map(Errno::from_raw) {
                    // No descriptors, ports or memory left: those that are open end soon.
                    Some(
                        Errno::EMFILE | Errno::ENFILE | Errno::EADDRNOTAVAIL | Errno::ENOBUFS | Errno::ENOMEM,
                    ) if !self.open.is_empty() => {
                        break;
                    }
                    Some(Errno::EMFILE | Errno::ENFILE) => return Err(error),
                    // By this machine itself.
                    Some(Errno::ECONNREFUSED) => {
                        self.count(*probe, 1);
                        let Probe { target, ask, slot } = *probe;
                        self.early.push(Answer { target, ask, slot, kind: Kind::Refused, ttl: 0 });
                    }
                    // This target's matter: no route. The next pass asks again.
                    _ => {}
                },
            }
            sent += 1;
        }
        Ok(sent)
    }

    fn receive(&mut self, patience: Duration, into: &mut Vec<Answer>) -> io::Result<()> {
        into.append(&mut self.early);
        let patience = patience * self.slower;
        let milliseconds = u16::try_from(patience.as_micros().div_ceil(1_000)).unwrap_or(u16::MAX);
        if self.open.is_empty() {
            std::thread::sleep(patience);
            return Ok(());
        }
        let flags = |asked: &Asked| match asked.probe.ask {
            Ask::Udp(_) => PollFlags::POLLIN,
            _ => PollFlags::POLLOUT,
        };
        let mut polled: Vec<PollFd<'_>> =
            self.open.iter().map(|asked| PollFd::new(asked.socket.as_fd(), flags(asked))).collect();
        match nix::poll::poll(&mut polled, PollTimeout::from(milliseconds)) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        let ready: Vec<bool> = polled.iter().map(|fd| fd.any().unwrap_or(false)).collect();
        let now = Instant::now();
        let mut ready = ready.into_iter();
        let sent = &mut self.sent;
        self.open.retain(|asked| {
            if !ready.next().unwrap_or(false) {
                return now < asked.until;
            }
            let Some(outcome) = outcome(asked) else { return now < asked.until };
            let Probe { target, ask, slot } = asked.probe;
            if matches!(outcome, Some(Kind::Open(_))) {
                *sent.entry(network(target.get())).or_default() += u64::from(HANDSHAKE - 1);
            }
            into.extend(outcome.map(|kind| Answer { target, ask, slot, kind, ttl: 0 }));
            false
        });
        Ok(())
    }
}
