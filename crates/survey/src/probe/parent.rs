//! Starts the helper, gives it orders, and reads what it tells.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use caps::{CapSet, Capability, CapsHashSet};
use nix::unistd::geteuid;

use super::{Done, Job, Order, Told};
use crate::engine::Event;
use crate::raw::Way;
use crate::scope::Scope;
use crate::wire::Answer;

/// Longer lines are nothing that it tells.
const LONGEST: u64 = 1 << 28;

/// Why the helper did not do it.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// It could not be started.
    #[error("{0} could not be started: {1}")]
    Start(String, io::Error),
    /// It said why.
    #[error("{0}")]
    Said(String),
    /// It ended, or told what cannot be read.
    #[error("it ended before its work was done")]
    Gone,
}

/// A helper that runs.
#[derive(Debug)]
pub struct Helper {
    child: Child,
    orders: Option<ChildStdin>,
    told: BufReader<ChildStdout>,
    scope: Scope,
}

impl Helper {
    /// Starts it and waits until its sockets are open. `text` is that of the scope.
    ///
    /// # Errors
    /// [`Failed`]: there is none, or it may not open raw sockets.
    pub fn start(program: &Path, text: &str, scope: Scope, way: &Way) -> Result<Self, Failed> {
        let start = |error| Failed::Start(program.display().to_string(), error);
        let mut child = Command::new(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .env_clear()
            // Ctrl-C is for us: it is told to stop, and then says what it has sent.
            .process_group(0)
            .spawn()
            .map_err(start)?;
        disarm().map_err(|error| Failed::Said(error.to_string()))?;
        let (Some(orders), Some(told)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Failed::Gone);
        };
        let mut helper = Self { child, orders: Some(orders), told: BufReader::new(told), scope };
        helper.order(&Order::Open { scope: text.to_owned(), way: way.clone() })?;
        match helper.hear()? {
            Told::Ready => Ok(helper),
            Told::Failed(why) => Err(Failed::Said(why)),
            _ => Err(Failed::Gone),
        }
    }

    fn order(&mut self, order: &Order) -> Result<(), Failed> {
        let orders = self.orders.as_mut().ok_or(Failed::Gone)?;
        let mut line = serde_json::to_vec(order).map_err(|error| Failed::Said(error.to_string()))?;
        line.push(b'\n');
        orders.write_all(&line).and_then(|()| orders.flush()).map_err(|_| Failed::Gone)
    }

    fn hear(&mut self) -> Result<Told, Failed> {
        let mut line = Vec::new();
        let read = io::Read::take(&mut self.told, LONGEST).read_until(b'\n', &mut line);
        match read {
            Ok(length) if length > 0 => serde_json::from_slice(&line).map_err(|_| Failed::Gone),
            _ => Err(Failed::Gone),
        }
    }

    /// Has a plan gone over. `stop` is asked often for a reason to stop.
    ///
    /// # Errors
    /// [`Failed`]
    pub fn run(
        &mut self,
        job: Job,
        stop: &mut dyn FnMut() -> Option<String>,
        tell: &mut dyn FnMut(Event<'_>),
    ) -> Result<Done, Failed> {
        self.order(&Order::Run(Box::new(job)))?;
        let mut stopping = false;
        loop {
            match self.hear()? {
                Told::Answer { target, ask, slot, kind, ttl } => {
                    // Read against the scope again: what is not in it was not asked.
                    if let Ok(target) = self.scope.admit(target) {
                        tell(Event::Answer(&Answer { target, ask, slot, kind, ttl }));
                    }
                }
                Told::Progress(progress) => {
                    tell(Event::Progress(progress));
                    // It tells its progress twenty times a second: there is no better moment to look.
                    if let Some(why) = stop().filter(|_| !stopping) {
                        stopping = true;
                        self.order(&Order::Stop(why))?;
                    }
                }
                Told::Rate(change) => tell(Event::Rate(change)),
                Told::Done(mut done) => {
                    done.many.retain(|host| self.scope.admit(*host).is_ok());
                    return Ok(*done);
                }
                Told::Failed(why) => return Err(Failed::Said(why)),
                Told::Ready => return Err(Failed::Gone),
            }
        }
    }
}

/// What is given to start a helper is the helper's. This process reads what strangers say, so it keeps nothing to open a socket with; as root
/// nothing at all but to write files wherever its user names them. Starting another helper gives that one everything anew.
fn disarm() -> Result<(), caps::errors::CapsError> {
    if !geteuid().is_root() {
        return caps::drop(None, CapSet::Effective, Capability::CAP_NET_RAW);
    }
    let files = CapsHashSet::from([Capability::CAP_DAC_OVERRIDE]);
    caps::set(None, CapSet::Effective, &files)?;
    caps::set(None, CapSet::Permitted, &files)
}

impl Drop for Helper {
    fn drop(&mut self) {
        // Its input's end is its own.
        self.orders = None;
        let _ = self.child.wait();
    }
}
