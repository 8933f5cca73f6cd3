//! `watchpost scope check`: what a scope file allows, or every mistake in it. Nothing is sent, nobody is asked.

use jiff::Timestamp;
use serde_json::json;
use watchpost_survey::scope::Scope;

use crate::args;
use crate::exit::{Exit, Failure, print, why};
use crate::render::scope as page;

/// Runs the command.
///
/// # Errors
/// A file that cannot be read, or does not hold; results that cannot be written.
pub fn check(typed: &args::ScopeCheck) -> Result<Exit, Failure> {
    let name = typed.file.display();
    let text = std::fs::read_to_string(&typed.file).map_err(|error| {
        let hint = "`watchpost scope check --help` shows a whole scope file.";
        Failure::unreadable(format!("{name}: {}", why(&error)), hint)
    })?;
    let scope = match Scope::parse(&text) {
        Ok(scope) => scope,
        Err(mistakes) => {
            let told =
                mistakes.iter().map(|wrong| Failure::configuration(format!("{name}: {wrong}"), &wrong.fix));
            let mut told: Vec<Failure> = told.collect();
            let last = told.pop().unwrap_or_else(|| Failure::configuration(name.to_string(), ""));
            told.iter().for_each(|failure| {
                failure.report(typed.json);
            });
            return Err(last);
        }
    };
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
