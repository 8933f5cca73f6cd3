//! Scans divided among sources: botnets among noise, and sharded scanners.

use std::collections::HashSet;
use std::io::Write;

use watchpost_core::blocks::Blocks;
use watchpost_core::contact::{SECOND, Time};
use watchpost_core::net::Address;

use super::{BASE, DAY, DF, Dice, LOOKS, Look, START, address, lone, member, noise, run, source};
use watchpost_core::contact::traits;

/// A botnet in its surroundings.
#[derive(Clone, Copy)]
pub struct Botnet {
    /// Its sources.
    pub sources: u32,
    /// Targets of each, 1 or 2 (2: every other source has a second).
    pub probes: u32,
    /// Addresses of the block.
    pub block: u32,
    /// Unrelated single probes.
    pub noise: u32,
    /// How long the botnet takes.
    pub span: Time,
    /// How long the noise lasts.
    pub noise_span: Time,
    /// Whether targets rise with time.
    pub ordered: bool,
    /// Its look: of its own, or one of the noise.
    pub look: Option<usize>,
    /// Its port.
    pub port: u16,
    /// Whether the own block is given.
    pub own: bool,
}

/// What came of a trial.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Share of the botnet in the group that has most of it.
    pub found: f64,
    /// Strangers in that group.
    pub strangers: usize,
    /// Groups without any of the botnet.
    pub false_groups: usize,
}

/// A look that nobody else has.
const OWN: Look =
    Look { window: 5_840, traits: traits::MSS | traits::SACK_PERMITTED | DF, ttl: 64, folded: false };

/// One trial.
pub fn trial(botnet: &Botnet, seed: u64) -> Outcome {
    let mut dice = Dice::new(seed);
    let mut all = Vec::new();
    noise(&mut dice, botnet.noise, botnet.block, botnet.noise_span, &mut all);
    let look = botnet.look.map_or(OWN, |at| LOOKS[at].1);
    // The work is handed out from a list in an order by chance, again from its start when it is through.
    let mut list: Vec<u32> = (0..botnet.block).collect();
    let tasks = botnet.sources + if botnet.probes == 2 { botnet.sources / 2 } else { 0 };
    let mut work = Vec::new();
    while work.len() < tasks as usize {
        dice.shuffle(&mut list);
        let left = tasks as usize - work.len();
        let mut part: Vec<u32> = list.iter().copied().take(left).collect();
        if botnet.ordered {
            part.sort_unstable();
        }
        work.extend(part);
    }
    let begin = START + dice.below((botnet.noise_span - botnet.span).max(0) as u64) as Time;
    let mut bots = HashSet::new();
    let mut next = 0;
    for n in 0..botnet.sources {
        let bot = source(&mut dice);
        bots.insert(bot);
        for _ in 0..if botnet.probes == 2 && n % 2 == 1 { 2 } else { 1 } {
            let time = begin + (botnet.span as i128 * next as i128 / i128::from(tasks)) as Time;
            let target = address(BASE + work[next]);
            let one = lone(&mut dice, look, bot, target, botnet.port, time);
            all.push(one);
            // One in ten is sent again.
            if dice.below(10) == 0 {
                all.push(watchpost_core::coordination::Lone { time: time + SECOND, ..one });
            }
            next += 1;
        }
    }
    all.sort_by_key(|one| one.time);
    let own = if botnet.own { super::blocks(botnet.block) } else { Blocks::default() };
    let groups = run(&[], &all, &own);
    let inside = |lone: &[Address]| lone.iter().filter(|source| bots.contains(source)).count();
    let best = groups.iter().max_by_key(|group| inside(&group.lone));
    Outcome {
        found: best.map_or(0.0, |group| inside(&group.lone) as f64 / bots.len() as f64),
        strangers: best.map_or(0, |group| group.lone.len() - inside(&group.lone)),
        false_groups: groups.iter().filter(|group| inside(&group.lone) == 0).count(),
    }
}

fn row(out: &mut impl Write, name: &str, botnet: &Botnet, trials: u64) -> anyhow::Result<()> {
    let outcomes: Vec<Outcome> = (0..trials).map(|seed| trial(botnet, seed)).collect();
    let found = outcomes.iter().filter(|o| o.found >= 0.9).count();
    let strangers: usize = outcomes.iter().map(|o| o.strangers).sum();
    let falsely: usize = outcomes.iter().map(|o| o.false_groups).sum();
    let mean = outcomes.iter().map(|o| o.found).sum::<f64>() / trials as f64;
    writeln!(
        out,
        "| {name} | {} | {} | /{} | {} | {found}/{trials} | {:.0} % | {:.1} | {falsely} |",
        botnet.sources,
        botnet.probes,
        32 - botnet.block.trailing_zeros(),
        botnet.noise,
        mean * 100.0,
        strangers as f64 / trials as f64,
    )?;
    Ok(())
}

/// The case, and what is varied from it.
pub const USUAL: Botnet = Botnet {
    sources: 256,
    probes: 2,
    block: 256,
    noise: 10_000,
    span: 600 * SECOND,
    noise_span: 3 * DAY,
    ordered: false,
    look: None,
    port: 23,
    own: false,
};

/// The tables.
pub fn print(out: &mut impl Write, trials: u64) -> anyhow::Result<()> {
    writeln!(out, "\n## Botnets among unrelated single probes\n")?;
    writeln!(
        out,
        "| case | sources | probes | block | noise | found | mean share | strangers inside | false groups |"
    )?;
    writeln!(out, "|---|---|---|---|---|---|---|---|---|")?;
    for noise in [0, 1_000, 10_000, 100_000] {
        row(out, "own imprint, 10 min", &Botnet { noise, ..USUAL }, trials)?;
    }
    for (sources, block) in
        [(16, 256), (32, 256), (64, 256), (128, 256), (256, 1024), (256, 4096), (1024, 4096), (1024, 1024)]
    {
        row(out, "own imprint, 10 min", &Botnet { sources, block, ..USUAL }, trials)?;
    }
    row(out, "one probe each", &Botnet { probes: 1, ..USUAL }, trials)?;
    row(out, "one probe each, own block given", &Botnet { probes: 1, own: true, ..USUAL }, trials)?;
    row(out, "own block given", &Botnet { own: true, ..USUAL }, trials)?;
    row(out, "own imprint, 3 days", &Botnet { span: 3 * DAY, ..USUAL }, trials)?;
    row(out, "own imprint, 3 days, in order", &Botnet { span: 3 * DAY, ordered: true, ..USUAL }, trials)?;
    row(out, "in order", &Botnet { ordered: true, sources: 16, ..USUAL }, trials)?;
    row(out, "in order", &Botnet { ordered: true, sources: 32, block: 4096, ..USUAL }, trials)?;
    row(
        out,
        "imprint of ZMap (10 % of the noise), port 8080",
        &Botnet { look: Some(3), port: 8080, ..USUAL },
        trials,
    )?;
    row(out, "the same over 3 days", &Botnet { look: Some(3), port: 8080, span: 3 * DAY, ..USUAL }, trials)?;
    row(out, "imprint and port of the bots (40 % of the noise)", &Botnet { look: Some(0), ..USUAL }, trials)?;
    row(out, "the same over 6 h", &Botnet { look: Some(0), span: DAY / 4, ..USUAL }, trials)?;
    row(out, "the same over 3 days", &Botnet { look: Some(0), span: 3 * DAY, ..USUAL }, trials)?;
    writeln!(out, "\n## Sharded scanners\n")?;
    writeln!(
        out,
        "| shards | block | covered | strangers of same imprint and port | found | wrongly inside |"
    )?;
    writeln!(out, "|---|---|---|---|---|---|")?;
    for (shards, block, covered, strangers) in [
        (2, 256, 1.0, 0),
        (4, 256, 1.0, 4),
        (4, 4096, 1.0, 20),
        (16, 1024, 1.0, 4),
        (64, 4096, 1.0, 0),
        (64, 4096, 1.0, 16),
        (4, 1024, 0.5, 4),
        (8, 65_536, 0.2, 10),
    ] {
        let outcomes: Vec<_> =
            (0..trials).map(|seed| sharded(shards, block, covered, strangers, seed)).collect();
        let found = outcomes.iter().filter(|(share, _)| *share >= 0.9).count();
        let wrong: usize = outcomes.iter().map(|(_, wrong)| wrong).sum();
        writeln!(
            out,
            "| {shards} | /{} | {:.0} % | {strangers} | {found}/{trials} | {wrong} |",
            32 - block.trailing_zeros(),
            covered * 100.0
        )?;
    }
    Ok(())
}

/// A sharded scanner among strangers of its kind: the share of its sources in one group, and strangers in any group.
pub fn sharded(shards: u32, block: u32, covered: f64, strangers: u32, seed: u64) -> (f64, usize) {
    let mut dice = Dice::new(seed);
    let mut members = Vec::new();
    let mut list: Vec<u32> = (BASE..BASE + block).collect();
    dice.shuffle(&mut list);
    list.truncate((f64::from(block) * covered) as usize);
    let begin = START + dice.below(2 * DAY as u64) as Time;
    for shard in 0..shards {
        let hosts: Vec<u32> = list.iter().copied().skip(shard as usize).step_by(shards as usize).collect();
        let start = begin + dice.below(30 * SECOND as u64) as Time;
        let from = source(&mut dice);
        members.push(member(&mut dice, LOOKS[3].1, from, 443, &hosts, start, start + 600 * SECOND));
    }
    for _ in 0..strangers {
        dice.shuffle(&mut list);
        let part = &list[..(list.len() as f64 * (0.1 + 0.9 * dice.share())) as usize];
        let start = START + dice.below(3 * DAY as u64) as Time;
        let from = source(&mut dice);
        members.push(member(&mut dice, LOOKS[3].1, from, 443, part, start, start + 600 * SECOND));
    }
    let groups = run(&members, &[], &Blocks::default());
    let mine = |group: &[usize]| group.iter().filter(|at| **at < shards as usize).count();
    let best = groups.iter().map(|group| mine(&group.members)).max().unwrap_or(0);
    let wrong = groups.iter().map(|group| group.members.len() - mine(&group.members)).sum();
    (best as f64 / f64::from(shards), wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_botnet_among_ten_thousand_strangers_is_one_scan() {
        for seed in 0..3 {
            for botnet in [USUAL, Botnet { probes: 1, own: true, ..USUAL }, Botnet { look: Some(0), ..USUAL }]
            {
                let outcome = trial(&botnet, seed);
                assert!(outcome.found >= 0.9 && outcome.false_groups == 0, "{seed}: {outcome:?}");
                assert!(outcome.strangers <= 26, "{seed}: {outcome:?}");
            }
        }
    }

    #[test]
    fn shards_are_one_scan_and_strangers_stay_outside() {
        for seed in 0..5 {
            assert_eq!(sharded(4, 1024, 1.0, 4, seed), (1.0, 0));
        }
    }
}
