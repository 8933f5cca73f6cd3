//! `watchpost scope check`: what a scope file allows, or every mistake in it. Nothing is sent, nobody is asked.

use jiff::Timestamp;
use serde_json::json;

use crate::args;
use crate::exit::{Exit, Failure, print};
use crate::render::scope as page;

/// Runs the command.
///
/// # Errors
/// A file that cannot be read, or does not hold; results that cannot be written.
pub fn check(typed: &args::ScopeCheck) -> Result<Exit, Failure> {
    let scope = super::survey::plan::scope(&typed.file, typed.json)?.scope;
    let now = Timestamp::now();
    let text = if typed.json {
        let closed = scope.open(now).err().map(|closed| closed.to_string());
        let object = json!({
            "organisation": scope.organisation,
            "authorised_by": scope.authorised_by,
            "valid_until": scope.valid_until.to_string(),
            "about": scope.about,
            "blocks": scope.blocks,
            "exclude": scope.exclude,
            "addresses_v4": scope.count_v4(),
            "addresses_v6": scope.count_v6().to_string(),
            "tcp": scope.tcp.to_string(),
            "udp": scope.udp.to_string(),
            "icmp": scope.icmp,
            "lab": scope.lab,
            "rate": scope.rate,
            "windows": scope.windows().collect::<Vec<_>>(),
            "open": closed.is_none(),
            "closed_because": closed,
            "registry": "not checked",
            "control": "not checked",
            "hash": scope.hash(),
        });
        format!("{object}\n")
    } else {
        page::page(&scope, now)
    };
    print(text.as_bytes())
}

/// Whether control of the scope's blocks is proved, in words.
///
/// # Errors
/// It is not, and nobody answers for it; a lab's blocks are nobody's, and need no proof.
pub fn control(scope: &watchpost_survey::scope::Scope, _resolver: Option<std::net::SocketAddr>, unproven: bool) -> Result<String, Failure> {
    if scope.lab {
        return Ok("not checked: a lab's".into());
    }
    if unproven {
        return Ok("not proven".into());
    }
    Err(Failure::configuration("control of the blocks is not proved", "Say --unproven."))
}
