//! Open, or only said so? SYN proxies answer for hosts that are not there, tarpits accept everything and never speak.
//!
//! A port that answered twice, with a window to write into, on a host that does not open ports that nobody uses, is open. Whatever else
//! says that it is open has to show an application: words, or an orderly end, after a handshake and a line of ours. Where even a port that
//! nobody uses speaks, nothing that the host says counts. An ordinary connection that was opened is a handshake, and needs no second one.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use watchpost_core::contact::Transport;

use super::{Found, News, Tcp};
use crate::govern::Stopped;
use crate::scope::InScope;
use crate::talk::{Caller, Failed, Patience, by_turns, each};
use crate::wire::SynAck;

/// Conversations at a time.
const AT_ONCE: usize = 64;
/// Ports of one host that are asked to speak: the likeliest of those that were wanted.
const PORTS: usize = 64;

/// Whoever has answered a SYN just now answers a line as soon.
pub(super) const PATIENCE: Patience = Patience {
    connect: Duration::from_secs(2),
    answer: Duration::from_secs(2),
    greeting: Duration::from_secs(2),
};

/// How sure it is that a port is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Proof {
    /// It accepted, and nothing spoke: a proxy or a tarpit.
    Mute,
    /// It answered to one question only.
    #[default]
    Once,
    /// It answered twice, as open.
    Twice,
    /// An application spoke.
    Spoke,
}

impl Proof {
    /// Whether it counts as open.
    pub fn holds(self) -> bool {
        self >= Self::Once
    }
}

/// Whether it has to speak: it was asked twice and answered as open but once, or looks like a proxy or a tarpit: nothing can be written to it,
/// or it has no options where all were offered.
fn is_odd(tcp: &Tcp, asked_twice: bool) -> bool {
    let is_strange = |seen: &SynAck| seen.window == 0 || seen.to_full && seen.options.is_empty();
    asked_twice && tcp.proof < Proof::Twice || tcp.seen.as_ref().is_some_and(is_strange)
}

/// Has everything speak that has to; `wanted` are the ports that were asked for, the likeliest first; `asked_twice`: so were those that are
/// open.
pub(super) fn all(
    found: &mut Found,
    wanted: &[u16],
    asked_twice: bool,
    caller: &Caller<'_>,
    tell: &mut dyn FnMut(News<'_>),
) -> Result<(), Stopped> {
    let scope = caller.governor().scope();
    let mut asked: Vec<InScope<SocketAddr>> = Vec::new();
    let service = |address: IpAddr, port: u16| {
        scope.admit(address).and_then(|host| scope.service(host, Transport::Tcp, port)).ok()
    };
    for (address, host) in &mut found.hosts {
        let everything = host.opens_everything();
        let odd = host.tcp.iter_mut().filter(|(_, tcp)| everything || is_odd(tcp, asked_twice));
        let odd: BTreeSet<u16> = odd
            .map(|(port, tcp)| {
                // Until it speaks.
                tcp.proof = Proof::Mute;
                *port
            })
            .collect();
        // A part of its ports that is too large to be asked: a proxy before that part.
        host.wall |= odd.len() > PORTS;
        // One that opened many was not asked all: it would have opened them.
        let all = everything && found.many.contains(address);
        let ports = wanted.iter().filter(|port| all || odd.contains(port)).take(PORTS);
        let control = host.controls.0.first().filter(|_| everything);
        asked.extend(ports.chain(control).filter_map(|port| service(*address, *port)));
    }
    let asked = by_turns(asked, |target| target.get().ip());
    let total = asked.len() as u64;
    let (heard, stopped) = each(AT_ONCE, &asked, |target| {
        Ok(speaks(caller, *target)?.then(|| (target.get().ip(), target.get().port())))
    });
    tell(News::Confirmed(heard.len() as u64, total));
    let spoke: BTreeSet<(IpAddr, u16)> = heard.into_iter().flatten().collect();
    for (address, port) in &spoke {
        let Some(host) = found.hosts.get_mut(address) else { continue };
        // Whose unused ports speak, speaks everywhere.
        let chatter = host.controls.0.iter().any(|control| spoke.contains(&(*address, *control)));
        if !chatter && !host.controls.0.contains(port) {
            host.tcp.entry(*port).or_default().proof = Proof::Spoke;
        }
    }
    stopped.map_or(Ok(()), Err)
}

/// Whether an application is there: it says something by itself, or answers a line, or ends the connection in order.
fn speaks(caller: &Caller<'_>, target: InScope<SocketAddr>) -> Result<bool, Stopped> {
    let stopped = |failed| match failed {
        Failed::Stopped(why) => Err(why),
        _ => Ok(false),
    };
    let visit = caller.visit(target);
    let mut line = match visit.connect() {
        Ok(line) => line,
        Err(failed) => return stopped(failed),
    };
    // Not HTTP for its own sake: whatever listens greets, answers a line that it does not understand, or hangs up.
    if let Err(failed) = line.say(b"HEAD / HTTP/1.0\r\n\r\n") {
        return stopped(failed);
    }
    match line.hear(|heard| !heard.is_empty()) {
        Ok(heard) => Ok(line.ended() || !heard.is_empty()),
        Err(failed) => stopped(failed),
    }
}

/// What was sent since.
pub(super) fn since(before: &[(IpNet, u64)], after: &[(IpNet, u64)]) -> Vec<(IpNet, u64)> {
    let before: BTreeMap<IpNet, u64> = before.iter().copied().collect();
    let more = |(network, sent): &(IpNet, u64)| {
        let sent = sent - before.get(network).copied().unwrap_or(0);
        (sent > 0).then_some((*network, sent))
    };
    after.iter().filter_map(more).collect()
}
