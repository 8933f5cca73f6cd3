//! The proof in words, with its numbers.

use super::groups::SMALL;
use super::recovery::Proved;

/// What an analyst reads.
pub fn text(proved: &Proved<'_>) -> String {
    let Proved { hypothesis, walk, fit, points, bits, tried, held_out, done } = proved;
    let ports = hypothesis.ports.len();
    let over = match ports {
        1 => format!("{} ({} addresses)", hypothesis.name, hypothesis.list.size()),
        _ => format!("{} ({} addresses) and {ports} ports", hypothesis.name, hypothesis.list.size()),
    };
    let threads = match (walk.threads, walk.senders) {
        (1, 1) => "one sending thread".to_owned(),
        (threads, senders) if threads as u64 == senders => format!("{threads} sending threads"),
        (threads, senders) => format!("{threads} of {senders} equal parts (shards or threads)"),
    };
    let mut text = format!(
        "ZMap's walk x <- {} x mod {} over {over}, by {threads}: {} of {points} hits where the walk has them, \
         {bits:.0} bits beyond chance with {tried:.0} bits of generators, lists and ports paid for; the generator found \
         from every second hit places {} of the {} others ({:.0} bits). {:.1} % of the whole walk seen.",
        walk.generator,
        hypothesis.group.prime,
        fit.placed,
        held_out.2,
        held_out.1,
        held_out.0,
        done * 100.0
    );
    if walk.generator >= SMALL {
        text.push_str(" The generator is above 2^22, as ZMap before version 3 takes them.");
    }
    if !hypothesis.others.is_empty() {
        let others = &hypothesis.others;
        text.push_str(" Equally possible lists: ");
        text.push_str(&others[..others.len().min(4)].join(", "));
        if others.len() > 4 {
            text.push_str(&format!(" and {} more", others.len() - 4));
        }
        text.push('.');
    }
    text
}
