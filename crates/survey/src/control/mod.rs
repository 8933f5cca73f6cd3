//! Proof of control: that whoever surveys a block also runs it.
//!
//! The problem: a scope file says whose blocks these are, and a file can say anything. The way: a token, made of the scope and the
//! organisation, is looked for where only whoever runs the block can put it: as a TXT record `_watchpost` in the block's reverse zone, or
//! at `http://HOST/.well-known/watchpost-control` on a host of the block. What proves it is told with each block, and so is why nothing
//! does. Limits: the token is no secret, it proves by its place; a host proves less than a zone, for a tenant of the block may run it;
//! answers of the resolver are believed, so it should be one's own; the registry's holder is not asked here.

mod dns; // one question, one answer
mod zone; // reverse zones of blocks

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ipnet::IpNet;
use watchpost_core::contact::Transport;

use crate::govern::Stopped;
use crate::identify::user_agent;
use crate::scope::Scope;
use crate::sha256;
use crate::talk::{Caller, Failed};
pub use dns::system_resolver;
pub use zone::Zones;

/// Where a host shows the token.
pub const PATH: &str = "/.well-known/watchpost-control";
/// Hexadecimal digits of the token.
const DIGITS: usize = 32;
/// Names that are asked for one block.
const MOST_NAMES: usize = 260;
/// Hosts of one block that are asked.
const MOST_HOSTS: usize = 8;

/// The text that proves control: `watchpost-control=` and 32 hexadecimal digits. Whatever changes the scope's meaning changes it.
pub fn token(scope: &Scope) -> String {
    let hash = sha256(&format!("watchpost-control\n{}\n{}", scope.organisation, scope.hash()));
    format!("watchpost-control={}", hash.get(..DIGITS).unwrap_or(&hash))
}

/// Where the token is looked for.
#[derive(Clone, Debug, Default)]
pub struct Ways {
    /// The resolver that is asked for TXT records; none: they are not looked for. See [`system_resolver`].
    pub resolver: Option<SocketAddr>,
    /// Hosts that may serve the token, with their ports. Each is asked for the blocks that it lies in.
    pub hosts: Vec<SocketAddr>,
    /// How long an answer of the resolver is waited for, each of three times; none: two seconds.
    pub patience: Option<Duration>,
}

/// What proved a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// TXT records of these names: the whole block's, or all of its parts'.
    Record(Vec<String>),
    /// This URL.
    Served(String),
}

/// What is known of one block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The block.
    pub block: IpNet,
    /// What proved it, if anything did.
    pub how: Option<How>,
    /// Where the token was looked for in vain, and what was there instead.
    pub missed: Vec<(String, String)>,
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.block)?;
        match &self.how {
            Some(How::Record(names)) => {
                let (first, more) = (names.first().map_or("", String::as_str), names.len().saturating_sub(1));
                write!(f, "proven by TXT {first}")?;
                if more > 0 { write!(f, " and {more} more") } else { Ok(()) }
            }
            Some(How::Served(url)) => write!(f, "proven by {url}"),
            None if self.missed.is_empty() => {
                f.write_str("not proven: neither a resolver nor a host was there to ask")
            }
            None => {
                f.write_str("not proven")?;
                for (place, (at, why)) in self.missed.iter().take(3).enumerate() {
                    write!(f, "{}{at}: {why}", if place == 0 { ": " } else { "; " })?;
                }
                match self.missed.len().saturating_sub(3) {
                    0 => Ok(()),
                    more => write!(f, "; {more} more"),
                }
            }
        }
    }
}

/// Looks for the token of each block of the scope.
///
/// # Errors
/// [`Stopped`] where nothing may be sent any more.
pub fn prove(caller: &Caller<'_>, ways: &Ways) -> Result<Vec<Proof>, Stopped> {
    let scope = caller.governor().scope();
    let token = token(scope);
    let mut proofs = Vec::new();
    for block in &scope.blocks {
        let mut proof = Proof { block: *block, how: None, missed: Vec::new() };
        if let Some(resolver) = ways.resolver {
            proof.how = recorded(caller, resolver, ways.patience, &token, &mut proof)?;
        }
        if proof.how.is_none() {
            proof.how = served(caller, &ways.hosts, &token, &mut proof)?;
        }
        proofs.push(proof);
    }
    Ok(proofs)
}

/// By TXT records: of the zone of the block, or of the network around it, or of all its parts.
fn recorded(
    caller: &Caller<'_>,
    resolver: SocketAddr,
    patience: Option<Duration>,
    token: &str,
    proof: &mut Proof,
) -> Result<Option<How>, Stopped> {
    let Zones { whole, parts } = Zones::of(proof.block);
    let mut ask = |zone: &str| {
        let name = format!("_watchpost.{zone}");
        let why = match dns::texts(caller.governor(), resolver, &name, patience) {
            Ok(texts) if texts.iter().any(|text| text.trim() == token) => return Ok(Some(name)),
            Ok(texts) if texts.is_empty() => "no TXT record".to_owned(),
            Ok(_) => "a TXT record with another text".to_owned(),
            Err(dns::Unanswered::Stopped(why)) => return Err(why),
            Err(why) => why.to_string(),
        };
        proof.missed.push((name, why));
        Ok(None)
    };
    if let Some(name) = ask(&whole)? {
        return Ok(Some(How::Record(vec![name])));
    }
    let mut names = Vec::new();
    for part in parts.iter().take(MOST_NAMES) {
        match ask(part)? {
            Some(name) => names.push(name),
            // One part without it, and the block is not proven.
            None => return Ok(None),
        }
    }
    Ok((!names.is_empty()).then_some(How::Record(names)))
}

/// By a host of the block that serves the token.
fn served(
    caller: &Caller<'_>,
    hosts: &[SocketAddr],
    token: &str,
    proof: &mut Proof,
) -> Result<Option<How>, Stopped> {
    let block = proof.block;
    for host in hosts.iter().filter(|host| block.contains(&host.ip())).take(MOST_HOSTS) {
        let url = match (host.ip(), host.port()) {
            (IpAddr::V4(ip), 80) => format!("http://{ip}{PATH}"),
            (IpAddr::V6(ip), 80) => format!("http://[{ip}]{PATH}"),
            _ => format!("http://{host}{PATH}"),
        };
        match fetch(caller, *host) {
            Ok(body) if body.split('\n').any(|line| line.trim() == token) => {
                return Ok(Some(How::Served(url)));
            }
            Ok(_) => proof.missed.push((url, "another text".into())),
            Err(Missing::Stopped(stopped)) => return Err(stopped),
            Err(Missing::Why(why)) => proof.missed.push((url, why)),
        }
    }
    Ok(None)
}

enum Missing {
    Stopped(Stopped),
    Why(String),
}

impl From<Failed> for Missing {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Stopped(stopped) => Self::Stopped(stopped),
            failed => Self::Why(failed.to_string()),
        }
    }
}

/// The body at [`PATH`], where the status is 200.
fn fetch(caller: &Caller<'_>, host: SocketAddr) -> Result<String, Missing> {
    let scope = caller.governor().scope();
    let refused = |refusal: crate::scope::Refusal| Missing::Why(refusal.to_string());
    let address = scope.admit(host.ip()).map_err(refused)?;
    let target = scope.service(address, Transport::Tcp, host.port()).map_err(refused)?;
    let visit = caller.visit(target);
    let mut line = visit.connect()?;
    let agent = user_agent(scope);
    line.say(
        format!(
            "GET {PATH} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {agent}\r\nAccept: text/plain\r\nConnection: close\r\n\r\n"
        )
        .as_bytes(),
    )?;
    let answer = line.hear(|_| false)?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) =
        answer.split_once("\r\n\r\n").or_else(|| answer.split_once("\n\n")).unwrap_or((&answer, ""));
    let status = head.split_ascii_whitespace().nth(1).filter(|_| head.starts_with("HTTP/"));
    match status {
        Some("200") => Ok(body.to_owned()),
        Some(status) => {
            let status: String = status.chars().filter(char::is_ascii_digit).take(3).collect();
            Err(Missing::Why(format!("status {status}")))
        }
        None => Err(Missing::Why("no web server's answer".into())),
    }
}
