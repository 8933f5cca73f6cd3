//! What a survey would send, without sending it.

use std::io::{self, BufWriter, Write};

use watchpost_survey::govern::Governor;
use watchpost_survey::scope::Scope;
use watchpost_survey::take::{self, Discover, Request};

use super::plan;
use crate::args::survey::Take;
use crate::exit::{Exit, Failure, output_failed};
use crate::render::clean::clean;

/// Runs the command: the first stage question by question on standard output, in the order in which it would be sent; what follows from
/// answers as sentences on standard error.
///
/// # Errors
/// As those of a survey, before it sends.
pub fn run(typed: &Take, scope: &Scope, quiet: bool) -> Result<Exit, Failure> {
    let (request, cut) = plan::request(typed, scope, plan::seed(typed.seed)?)?;
    if !quiet {
        let mut err = io::stderr().lock();
        for sentence in cut.iter().map(|cut| clean(cut)) {
            let _ = writeln!(err, "note: {sentence}");
        }
        let _ = writeln!(err, "nothing is sent; it would be {}", plan::words(&request));
        for sentence in then(typed, &request) {
            let _ = writeln!(err, "  {sentence}");
        }
    }
    let governor = Governor::new(scope.clone(), None);
    let mut out = BufWriter::new(io::stdout().lock());
    let written = take::questions(&request, &governor)
        .try_for_each(|(stage, host, ask)| writeln!(out, "{stage}\t{host}\t{ask}"))
        .and_then(|()| out.flush());
    written.map_or_else(|error| output_failed(&error), |()| Ok(Exit::Done))
}

/// What the questions are, and what follows from answers to them: nobody knows yet whose.
fn then(typed: &Take, request: &Request) -> Vec<String> {
    let order = match typed.seed {
        Some(_) => "in this order",
        None => "in another order each time (--seed keeps one)",
    };
    let passes = match request.passes.most {
        1 => "once".to_owned(),
        most => format!("up to {most} times, as long as nothing answers"),
    };
    let mut all = vec![format!("each question {passes}, {order}; without privilege neither ICMP nor ACKs")];
    if request.discover == Discover::Only {
        return all;
    }
    if request.discover == Discover::First {
        all.push("then every port of each host that answers".to_owned());
    }
    all.push(
        "then once more each port that is open, and three ports of its host that nobody uses".to_owned(),
    );
    all.push(
        "then a line and two seconds of patience for each port that looks like a proxy or a tarpit"
            .to_owned(),
    );
    if !typed.no_identify {
        all.push(
            "then up to three visits of three requests and 4 KiB to each open port, and those of its checks"
                .to_owned(),
        );
    }
    all
}
