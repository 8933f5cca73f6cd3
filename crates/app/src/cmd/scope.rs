//! `watchpost scope check`: what a scope file allows, or every mistake in it. Nothing is sent; only `--prove` asks for the proof of control.

use jiff::Timestamp;
use serde_json::json;
use watchpost_survey::control::token;

use super::control;
use crate::args;
use crate::config::Screen;
use crate::exit::{Exit, Failure, print};
use crate::render::scope as page;

/// Runs the command.
///
/// # Errors
/// A file that cannot be read, or does not hold; results that cannot be written.
pub fn check(typed: &args::ScopeCheck) -> Result<Exit, Failure> {
    let scope = super::survey::plan::scope(&typed.file, typed.json)?.scope;
    let control = if typed.prove { Some(control::alone(&scope, typed)?) } else { None };
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
            "control": control.as_ref().map_or_else(|| vec!["not checked".to_owned()], |proofs| proofs.iter().map(ToString::to_string).collect()),
            "token": token(&scope),
            "hash": scope.hash(),
        });
        format!("{object}\n")
    } else {
        page::page(&scope, now, control.as_deref(), Screen::columns())
    };
    print(text.as_bytes())
}
