//! Each term's sentence, with its numbers.

use super::View;
use super::facts::{Facts, Segment, address, services};
use super::likelihood::INTERNET;
use super::models::{Hypothesis, term};

/// Packets a second that 1 Gbit/s carries: 84 bytes on the wire for each SYN.
const GIGABIT: f64 = 1_488_095.0;

/// The sentence of a term; nothing where there was nothing to weigh.
pub fn sentence(term: usize, view: &View<'_>, facts: &Facts, hypotheses: &[Hypothesis]) -> Option<String> {
    match term {
        term::PERMUTATION => permutation(view),
        term::RATE => Some(rate(facts)),
        term::CLOCK => clock(facts),
        term::ORDER => order(facts),
        term::COVERAGE => Some(coverage(facts)),
        term::SPREAD => (facts.segments.len() > 1).then(|| spread(facts)),
        term::BOUNDARY => Some(boundary(facts, hypotheses)),
        term::INFORMED => informed(facts),
        term::SERVICES => open_services(view, facts),
        _ => None,
    }
}

fn permutation(view: &View<'_>) -> Option<String> {
    let walk = view.permutation?;
    let what = if walk.prime > 1 << 32 {
        "the group of the whole Internet, or of several ports of a long list".to_owned()
    } else {
        format!("too small for the Internet: its list has fewer than {} entries", whole(walk.prime as f64))
    };
    Some(format!("ZMap's walk has the prime {}: {what}.", whole(walk.prime as f64)))
}

fn rate(facts: &Facts) -> String {
    let (hits, own) = (facts.hits, facts.addresses);
    let everywhere = (hits - 1.0) / facts.seconds * INTERNET / own;
    let line = if everywhere > 100.0 * GIGABIT {
        ", far more than any line carries"
    } else if everywhere > 10.0 * GIGABIT {
        ", more than a line of 10 Gbit/s carries (14.9 million)"
    } else if everywhere > GIGABIT {
        ", more than a line of 1 Gbit/s carries (1.49 million)"
    } else {
        ", which a line of 1 Gbit/s carries"
    };
    let assumed = if facts.assumed {
        " No own blocks are known there: the smallest prefix that holds all hits stands in for them, so less can be claimed."
    } else {
        ""
    };
    format!(
        "{} of {} addresses in {} would be {} packets/s over the whole Internet{line}.{assumed}",
        whole(hits),
        whole(own),
        time(facts.seconds),
        short(everywhere)
    )
}

fn clock(facts: &Facts) -> Option<String> {
    let gaps = &facts.gaps;
    (gaps.count >= 2.0).then(|| {
        let like = match gaps.variation {
            v if v < 0.35 => "a regular pace: what was sent reached us one after the other",
            v if v < 2.0 => "like the exponential gaps of a long list, of which a random part reaches us",
            _ => "bursts",
        };
        format!(
            "{} gaps between hosts vary by {:.2} (variance over squared mean; 1 is Poisson): {like}.",
            whole(gaps.count),
            gaps.variation
        )
    })
}

fn order(facts: &Facts) -> Option<String> {
    let (up, pairs) = facts.ascents();
    (pairs > 0).then(|| {
        let deviation = (up as f64 - pairs as f64 / 2.0) / ((pairs as f64 + 2.0) / 12.0).sqrt();
        format!(
            "Of {pairs} steps from host to host {up} go up, {deviation:+.1} standard deviations from a random order."
        )
    })
}

fn coverage(facts: &Facts) -> String {
    let percent = 100.0 * facts.hits / facts.addresses;
    format!("{} of {} own addresses were hit, {percent:.1} %.", whole(facts.hits), whole(facts.addresses))
}

fn spread(facts: &Facts) -> String {
    let touched = facts.touched().count();
    let expected = |s: &Segment| facts.hits * s.size() / facts.addresses;
    let g: f64 = facts.touched().map(|s| 2.0 * s.hosts * (s.hosts / expected(s)).ln()).sum();
    format!(
        "{} hits fall in {touched} of {} separate segments; against their sizes G = {g:.1} with {} degrees of freedom.",
        whole(facts.hits),
        facts.segments.len(),
        facts.segments.len() - 1
    )
}

fn boundary(facts: &Facts, hypotheses: &[Hypothesis]) -> String {
    let total = |one: &Hypothesis| one.weight + one.terms.iter().sum::<f64>();
    let ranged = hypotheses.iter().filter(|one| one.range.is_some());
    let best = ranged.max_by(|a, b| total(a).total_cmp(&total(b))).and_then(|best| best.range);
    let Some((first, last)) = best else {
        return "No block of a /8 or less holds all hits.".to_owned();
    };
    let size = (last - first + 1) as f64;
    let named = if size.log2().fract() == 0.0 && first & (last - first) == 0 {
        format!("{}/{}", address(first), 32 - size.log2() as u32)
    } else {
        format!("{} to {}", address(first), address(last))
    };
    let touched = facts.touched().map(Segment::size).sum::<f64>();
    let inside = if size < touched {
        format!("All hits lie in {named}, {:.1} % of the segments they fall in", 100.0 * size / touched)
    } else {
        format!("The block that fits best is {named}")
    };
    format!("{inside}; {} of it was hit.", percent(facts.hits, size))
}

fn informed(facts: &Facts) -> Option<String> {
    let live = facts.live.as_ref()?;
    let hit = live.hit.iter().filter(|live| **live).count();
    let what = if live.by_service { "serve what was asked for" } else { "are live" };
    Some(format!(
        "{hit} of {} hosts hit {what}; of the other {} addresses {} are known to.",
        live.hit.len(),
        whole(facts.addresses - live.hit.len() as f64),
        live.others.len()
    ))
}

fn open_services(view: &View<'_>, facts: &Facts) -> Option<String> {
    (facts.pairs.further > 0.0).then(|| {
        format!(
            "{} services were asked for; of {} further probes at hosts that serve one of them {} found another open one.",
            services(view).len(),
            facts.pairs.further,
            facts.pairs.open
        )
    })
}

fn percent(part: f64, whole: f64) -> String {
    format!("{:.1} %", (100.0 * part / whole).min(100.0))
}

/// With commas.
fn whole(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn short(number: f64) -> String {
    match number {
        n if n >= 1e9 => format!("{:.1} billion", n / 1e9),
        n if n >= 1e6 => format!("{:.1} million", n / 1e6),
        n if n >= 10.0 => whole(n),
        n => format!("{n:.2}"),
    }
}

fn time(seconds: f64) -> String {
    match seconds {
        s if s < 1.0 => format!("{:.1} ms", s * 1e3),
        s if s < 120.0 => format!("{s:.1} s"),
        s if s < 7_200.0 => format!("{:.1} min", s / 60.0),
        s if s < 172_800.0 => format!("{:.1} h", s / 3_600.0),
        s => format!("{:.1} days", s / 86_400.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_write_them() {
        assert_eq!((whole(1_048_576.0), whole(12.0)), ("1,048,576".to_owned(), "12".to_owned()));
        assert_eq!((short(4.2e9), short(0.5)), ("4.2 billion".to_owned(), "0.50".to_owned()));
        assert_eq!((time(0.25), time(7_200.0)), ("250.0 ms".to_owned(), "2.0 h".to_owned()));
    }
}
