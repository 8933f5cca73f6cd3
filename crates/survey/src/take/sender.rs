//! Who sends: the helper with its raw sockets, or this process by ordinary ones.

use std::net::IpAddr;

use crate::connect::{Connect, HANDSHAKE};
use crate::engine::{self, Event};
use crate::govern::{Governor, Stopped};
use crate::probe::{self, Done, Helper, Job};
use crate::raw::Way;
use crate::scope::Rate;
use crate::talk;

/// Why it could not be sent.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// The helper.
    #[error("the sender (watchpost-probe): {0}")]
    Helper(#[from] probe::Failed),
    /// This machine's sockets.
    #[error("sending failed: {0}")]
    Io(#[from] std::io::Error),
    /// TLS could not be set up.
    #[error("{0}")]
    Talk(String),
}

impl Failed {
    pub(super) fn talk(failed: talk::Failed) -> Self {
        Self::Talk(failed.to_string())
    }
}

/// Who sends.
#[derive(Debug)]
pub enum Sender {
    /// The helper process, and the way that it sends.
    Raw(Box<(Helper, Way)>),
    /// Ordinary sockets.
    Connect(Connect),
}

impl Sender {
    /// `raw` or `connect`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Raw(_) => "raw",
            Self::Connect(_) => "connect",
        }
    }

    /// The own address that ordinary connections shall come from too.
    pub fn source(&self) -> Option<IpAddr> {
        match self {
            Self::Raw(raw) => raw.1.v4.map(IpAddr::from).or(raw.1.v6.map(IpAddr::from)),
            Self::Connect(connect) => connect.source(),
        }
    }

    /// Has a plan gone over.
    ///
    /// # Errors
    /// [`Failed`]
    pub fn run(
        &mut self,
        job: Job,
        governor: &Governor,
        tell: &mut dyn FnMut(Event<'_>),
    ) -> Result<Done, Failed> {
        match self {
            Self::Raw(raw) => {
                let mut stop = || governor.open().err().map(|why| why.to_string());
                Ok(raw.0.run(job, &mut stop, tell)?)
            }
            Self::Connect(connect) => {
                let mut leave = || -> Result<(), Stopped> { governor.open() };
                let mut plan = connections(job).plan(governor.scope());
                let (rate, slower) = slowed(plan.rate);
                plan.rate = rate;
                plan.wait /= slower;
                connect.slow(slower);
                let done = engine::run(&plan, connect, &mut leave, tell);
                let sent = connect.end();
                let done = Done::from(done?);
                Ok(Done { sent, took: done.took * slower, ..done })
            }
        }
    }
}

/// Of a job, what ordinary sockets can ask.
fn connections(mut job: Job) -> Job {
    job.asks.retain(|ask| Connect::can(*ask));
    job.pairs.retain(|(_, ask)| Connect::can(*ask));
    job
}

/// The rate in connections that keeps caps in packets, and how many times slower the clock has to go for it: a connection takes three packets, so
/// under a cap of one or two there is less than one in a second.
fn slowed(caps: Rate) -> (Rate, u32) {
    let slower = if caps.all.min(caps.network).min(caps.host) < HANDSHAKE { HANDSHAKE } else { 1 };
    let part = |cap: u32| if cap < HANDSHAKE { cap } else { cap / HANDSHAKE * slower };
    (Rate { all: part(caps.all), network: part(caps.network), host: part(caps.host) }, slower)
}

#[cfg(test)]
mod tests {
    use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
    use std::num::NonZeroU64;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::engine::{Passes, Position};
    use crate::scope::Scope;
    use crate::wire::{Ask, Cookie};

    fn governor(host: u32) -> Governor {
        let text = format!(
            "organisation = \"Lab\"\nauthorised_by = \"Jane\"\nvalid_until = \"2999-01-01\"\nabout = \"https://lab.example/\"\n\
             blocks = [\"127.0.0.1/32\"]\nlab = true\ntcp = \"1-65535\"\nudp = \"1-65535\"\nicmp = true\n\
             [rate]\nall = 1000\nnetwork = 1000\nhost = {host}\n"
        );
        Governor::new(Scope::parse(&text).unwrap(), None)
    }

    fn job(asks: Vec<Ask>, rate: Rate) -> Job {
        Job {
            blocks: vec!["127.0.0.1/32".parse().unwrap()],
            asks,
            pairs: Vec::new(),
            key: 1,
            cookie: Cookie(1, 2),
            shard: (0, NonZeroU64::MIN),
            rate,
            passes: Passes { least: 1, most: 1, aim: 1.0 },
            wait: Duration::from_millis(100),
            most_open: u32::MAX,
            from: Position::default(),
        }
    }

    fn run(governor: &Governor, asks: Vec<Ask>) -> Done {
        let mut sender = Sender::Connect(Connect::new(None, None));
        let done = sender.run(job(asks, governor.rate()), governor, &mut |_| {}).unwrap();
        // It is still there: nothing is open because it went.
        assert_eq!(sender.name(), "connect");
        done
    }

    fn free() -> u16 {
        TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
    }

    #[test]
    fn what_is_counted_is_what_was_sent() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (open, udp) = (listener.local_addr().unwrap().port(), UdpSocket::bind("127.0.0.1:0").unwrap());
        let udp = udp.local_addr().unwrap().port();
        let asks = vec![Ask::Syn(open), Ask::Syn(free()), Ask::Udp(udp)];
        let never = vec![Ask::Echo, Ask::Timestamp, Ask::Ack(open), Ask::Neighbour];
        let done = run(&governor(1_000), [asks, never.clone()].concat());
        // SYN, ACK, RST; a SYN; a datagram.
        assert_eq!(done.sent.iter().map(|(_, sent)| sent).sum::<u64>(), 3 + 1 + 1);
        assert_eq!(done.progress.turns, 3, "what cannot be sent is no part of the plan");
        assert_eq!(run(&governor(1_000), never).sent, []);
    }

    #[test]
    fn caps_below_a_connection_are_kept_over_time() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let asks = vec![Ask::Syn(listener.local_addr().unwrap().port()), Ask::Syn(free())];
        let began = Instant::now();
        let done = run(&governor(2), asks);
        // One and a half seconds for each connection.
        assert!(began.elapsed() >= Duration::from_millis(3_000), "{:?}", began.elapsed());
        assert!(done.took >= Duration::from_millis(2_900), "{:?}", done.took);
        for (caps, parts, slower) in [((1_000, 100, 5), (333, 33, 1), 1), ((10, 2, 1), (9, 2, 1), 3)] {
            let rate = |(all, network, host)| Rate { all, network, host };
            assert_eq!(slowed(rate(caps)), (rate(parts), slower));
        }
    }

    #[test]
    fn nothing_is_left_open_that_the_kernel_would_repeat() {
        // The one place in its queue is taken: the kernel drops further SYNs.
        let full = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        full.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        full.listen(0).unwrap();
        let address = full.local_addr().unwrap().as_socket().unwrap();
        let _first = TcpStream::connect(address).unwrap();
        let (governor, mut sender) = (governor(1_000), Sender::Connect(Connect::new(None, None)));
        let asked = job(vec![Ask::Syn(address.port())], governor.rate());
        let done = std::thread::scope(|threads| {
            threads.spawn(|| {
                std::thread::sleep(Duration::from_millis(300));
                governor.stop();
            });
            sender.run(asked, &governor, &mut |_| {}).unwrap()
        });
        assert!(done.stopped.is_some());
        assert_eq!(done.sent.iter().map(|(_, sent)| sent).sum::<u64>(), 1);
        let sockets = std::fs::read_to_string("/proc/net/tcp").unwrap();
        // State 2: SYN_SENT.
        let waiting = format!(" 0100007F:{:04X} 02 ", address.port());
        assert!(!sockets.contains(&waiting), "{sockets}");
    }
}
