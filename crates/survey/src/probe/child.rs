//! The helper process.

use std::io::{self, BufRead, BufWriter, Write};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use jiff::Timestamp;
use nix::sys::signal::{SigSet, Signal};
use nix::unistd::{Gid, Uid, geteuid, setgroups, setresgid, setresuid};

use super::{Done, Job, Order, Told};
use crate::engine::{self, Event};
use crate::govern::Stopped;
use crate::raw::Raw;
use crate::scope::Scope;
use crate::wire::Answer;

/// `nobody`, everywhere on Linux.
const NOBODY: u32 = 65_534;
/// Longer orders are none.
const LONGEST: u64 = 1 << 30;

/// The helper's whole life.
pub fn main() -> ExitCode {
    let mut out = BufWriter::new(io::stdout().lock());
    match work(&mut out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where nobody hears it, there is nobody to tell.
            let _ = tell(&mut out, &Told::Failed(error.to_string())).and_then(|()| out.flush());
            ExitCode::FAILURE
        }
    }
}

/// The next order; none at the end, or where it is none.
fn order(input: &mut impl BufRead) -> Option<Order> {
    let mut line = Vec::new();
    match io::Read::take(input, LONGEST).read_until(b'\n', &mut line) {
        Ok(0) | Err(_) => None,
        Ok(_) => serde_json::from_slice(&line).ok(),
    }
}

/// Orders are read beside the work, so that a stop, or the parent's end, is seen within a look of the engine.
fn inbox() -> Receiver<Order> {
    let (orders, inbox) = channel();
    std::thread::spawn(move || {
        let mut input = io::stdin().lock();
        while let Some(order) = order(&mut input) {
            if orders.send(order).is_err() {
                return;
            }
        }
    });
    inbox
}

fn tell(out: &mut impl Write, told: &Told) -> io::Result<()> {
    serde_json::to_writer(&mut *out, told)?;
    out.write_all(b"\n")
}

fn work(out: &mut impl Write) -> io::Result<()> {
    let Some(Order::Open { scope, way }) = order(&mut io::stdin().lock()) else { return Ok(()) };
    let scope = Scope::parse(&scope).map_err(|mistakes| {
        io::Error::other(mistakes.first().map_or("no scope".to_owned(), ToString::to_string))
    })?;
    // Whoever ends both processes at once (a service manager, a terminal) ends this one by ending its input: it then says what it has sent.
    let mut signals = SigSet::empty();
    [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP].into_iter().for_each(|signal| signals.add(signal));
    signals.thread_block()?;
    let mut raw = Raw::open(&way, scope.clone())?;
    // Before there is a second thread: privileges are each thread's own.
    drop_privileges()?;
    let inbox = inbox();
    tell(out, &Told::Ready)?;
    out.flush()?;
    while let Ok(order) = inbox.recv() {
        if let Order::Run(job) = order {
            let done = run(*job, &scope, &mut raw, &inbox, out)?;
            tell(out, &Told::Done(Box::new(done)))?;
            out.flush()?;
        }
    }
    Ok(())
}

/// Gives up everything that root, or the file's capabilities, gave: the sockets are open.
fn drop_privileges() -> io::Result<()> {
    if geteuid().is_root() {
        setgroups(&[])?;
        setresgid(Gid::from_raw(NOBODY), Gid::from_raw(NOBODY), Gid::from_raw(NOBODY))?;
        setresuid(Uid::from_raw(NOBODY), Uid::from_raw(NOBODY), Uid::from_raw(NOBODY))?;
    }
    for set in
        [caps::CapSet::Ambient, caps::CapSet::Effective, caps::CapSet::Permitted, caps::CapSet::Inheritable]
    {
        caps::clear(None, set).map_err(io::Error::other)?;
    }
    nix::sys::prctl::set_no_new_privs()?;
    Ok(())
}

fn run(
    job: Job,
    scope: &Scope,
    raw: &mut Raw,
    inbox: &Receiver<Order>,
    out: &mut impl Write,
) -> io::Result<Done> {
    let cookie = job.cookie;
    let plan = job.plan(scope);
    raw.key(cookie);
    let mut failed = None;
    let mut leave = || match inbox.recv_timeout(Duration::ZERO) {
        Ok(Order::Stop(why)) => Err(Stopped::Asked(why)),
        Ok(_) => Err(Stopped::Asked("an order that nobody gives now".into())),
        Err(RecvTimeoutError::Disconnected) => Err(Stopped::Asked("whoever started it is gone".into())),
        Err(RecvTimeoutError::Timeout) => scope.open(Timestamp::now()).map_err(Stopped::Closed),
    };
    let outcome = engine::run(&plan, raw, &mut leave, &mut |event| {
        let told = match event {
            Event::Answer(Answer { target, ask, slot, kind, ttl }) => {
                Told::Answer { target: target.get(), ask: *ask, slot: *slot, kind: kind.clone(), ttl: *ttl }
            }
            Event::Progress(progress) => Told::Progress(progress),
            Event::Rate(change) => Told::Rate(change),
        };
        let flush = matches!(told, Told::Progress(_));
        let done = tell(out, &told).and_then(|()| if flush { out.flush() } else { Ok(()) });
        failed = failed.take().or(done.err());
    })?;
    if let Some(failed) = failed {
        return Err(failed);
    }
    Ok(Done::from(outcome))
}
