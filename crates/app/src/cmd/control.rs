//! Proof that whoever surveys the blocks runs them: asked for by `scope check --prove` and before every survey.

use std::fs::File;
use std::net::SocketAddr;
use std::path::Path;

use watchpost_survey::audit::{Event, Log};
use watchpost_survey::control::{Proof, Ways, prove, system_resolver, token};
use watchpost_survey::govern::Governor;
use watchpost_survey::scope::Scope;
use watchpost_survey::talk::{Caller, Patience};

use super::audit;
use crate::args::ScopeCheck;
use crate::args::survey::ProofOptions;
use crate::exit::Failure;
use crate::stop;

/// What the words of [`needed`] say of a block whose control is not proven.
pub const NOT_PROVEN: &str = "not proven";

/// The port of hosts that are named without one.
const HTTP: u16 = 80;

/// Looks for the token, beside no survey. Hosts that are asked are targets: the stop file and the audit log hold for them as in a survey.
///
/// # Errors
/// It was stopped, nothing can be asked, or what is sent cannot be noted.
pub fn alone(scope: &Scope, typed: &ScopeCheck) -> Result<Vec<Proof>, Failure> {
    let governor =
        Governor::new(scope.clone(), Some(typed.safeguards.stop_file.clone())).interrupted_by(stop::asked);
    if typed.proof.token_host.is_empty() {
        return proofs(&governor, &typed.proof);
    }
    governor.open().map_err(|why| {
        Failure::usage(format!("nothing was sent: {why}"), "Ask again when it may be asked.")
    })?;
    stop::listen();
    let mut log = audit::open(&typed.safeguards.audit, scope)?;
    noted(&mut log, &typed.safeguards.audit, &governor, |governor| proofs(governor, &typed.proof))
}

/// Has hosts asked for the token, as a run of its own in the audit log; the governor has counted nothing before.
///
/// # Errors
/// Those of asking, and of noting.
pub fn noted<T>(
    log: &mut Log<File>,
    path: &Path,
    governor: &Governor,
    ask: impl FnOnce(&Governor) -> Result<T, Failure>,
) -> Result<T, Failure> {
    audit::note(log, path, Event::Start { what: "proof of control: hosts are asked for the token".into() })?;
    let asked = ask(governor);
    let stopped = asked.as_ref().err().map(|failure| failure.message.clone());
    audit::end(log, path, stopped, &governor.sent().into_iter().collect())?;
    asked
}

fn proofs(governor: &Governor, typed: &ProofOptions) -> Result<Vec<Proof>, Failure> {
    let caller = Caller::new(governor, None, Patience::default())
        .map_err(|error| Failure::internal(error.to_string(), "This is a bug. Please report it."))?;
    let mut hosts = Vec::new();
    for text in &typed.token_host {
        let host = text.parse().or_else(|_| text.parse().map(|host| SocketAddr::new(host, HTTP)));
        hosts.push(host.map_err(|_| {
            Failure::usage(
                format!("--token-host {text}: no address"),
                "For example 192.0.2.10 or 192.0.2.10:8080.",
            )
        })?);
    }
    let resolver = typed.resolver.or_else(system_resolver);
    prove(&caller, &Ways { resolver, hosts, patience: None }).map_err(|why| {
        Failure::usage(format!("the proof of control: {why}"), "Ask again when it may be asked.")
    })
}

/// Whether control is proved, in words: what a survey's record says of it.
///
/// # Errors
/// It is not, and nobody answers for it with `--unproven`. A lab's blocks are nobody's and need no proof.
pub fn needed(governor: &Governor, typed: &ProofOptions, unproven: bool) -> Result<String, Failure> {
    let scope = governor.scope();
    let asked = typed.resolver.is_some() || !typed.token_host.is_empty();
    if scope.lab && !asked {
        return Ok("not checked: a lab's blocks".into());
    }
    let proofs = proofs(governor, typed)?;
    let words: Vec<String> = proofs.iter().map(ToString::to_string).collect();
    if proofs.iter().all(|proof| proof.how.is_some()) || unproven {
        return Ok(words.join("; "));
    }
    Err(Failure::configuration(
        format!("that you run these blocks is not proven. {}", words.join(". ")),
        format!(
            "Put the text {} into a TXT record of the name above, or serve it at http://HOST/.well-known/watchpost-control and name \
             the host with --token-host; or answer for it yourself with --unproven. Nothing was probed.",
            token(scope)
        ),
    ))
}
