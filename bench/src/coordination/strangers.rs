//! Unrelated sources: how often they are taken for one scan.

use std::io::Write;

use watchpost_core::blocks::Blocks;
use watchpost_core::contact::{SECOND, Time};

use super::{BASE, DAY, Dice, LOOKS, START, address, lone, member, noise, run, source};

/// Scanners of one tool and port on one block, each covering a share of it by itself: sources in groups.
pub fn same_block(scanners: u32, block: u32, share: f64, together: bool, ordered: bool, seed: u64) -> usize {
    let mut dice = Dice::new(seed);
    let mut members = Vec::new();
    let mut list: Vec<u32> = (BASE..BASE + block).collect();
    for _ in 0..scanners {
        let hits = ((f64::from(block) * share) as usize).max(5);
        let part: Vec<u32> = if ordered {
            // From the start or the end, as far as it came.
            let part = BASE..BASE + (hits as f64 * (0.5 + dice.share())) as u32;
            if dice.below(2) == 0 { part.collect() } else { part.map(|h| 2 * BASE + block - 1 - h).collect() }
        } else {
            dice.shuffle(&mut list);
            list[..hits].to_vec()
        };
        let part: Vec<u32> = part.into_iter().filter(|h| (BASE..BASE + block).contains(h)).collect();
        let start = START + dice.below(if together { 10 * SECOND } else { 3 * DAY } as u64) as Time;
        let from = source(&mut dice);
        members.push(member(&mut dice, LOOKS[3].1, from, 443, &part, start, start + 600 * SECOND));
    }
    run(&members, &[], &Blocks::default()).iter().map(|group| group.members.len()).sum()
}

/// Internet-wide scanners of one look and port, each leaving a few hits in the block within a day: sources in groups.
pub fn background(scanners: u32, block: u32, hits: u32, own: bool, seed: u64) -> usize {
    let mut dice = Dice::new(seed);
    let mut all = Vec::new();
    for _ in 0..scanners {
        let from = source(&mut dice);
        for _ in 0..hits {
            let time = START + dice.below(DAY as u64) as Time;
            let target = address(BASE + dice.below(u64::from(block)) as u32);
            all.push(lone(&mut dice, LOOKS[0].1, from, target, 23, time));
        }
    }
    all.sort_by_key(|one| one.time);
    let own = if own { super::blocks(block) } else { Blocks::default() };
    run(&[], &all, &own).iter().map(|group| group.lone.len()).sum()
}

/// Strangers of one tool and port who each scan a /24 of their own, side by side: sources in groups.
pub fn side_by_side(scanners: u32, share: f64, seed: u64) -> usize {
    let mut dice = Dice::new(seed);
    let mut members = Vec::new();
    for n in 0..scanners {
        let mut list: Vec<u32> = (0..256).map(|h| BASE + n * 256 + h).collect();
        dice.shuffle(&mut list);
        list.truncate((256.0 * share) as usize);
        let start = START + dice.below(60 * SECOND as u64) as Time;
        let from = source(&mut dice);
        members.push(member(&mut dice, LOOKS[2].1, from, 22, &list, start, start + 60 * SECOND));
    }
    run(&members, &[], &Blocks::default()).iter().map(|group| group.members.len()).sum()
}

/// Nothing but noise: sources in groups.
pub fn mere_noise(count: u32, block: u32, seed: u64) -> usize {
    let mut dice = Dice::new(seed);
    let mut all = Vec::new();
    noise(&mut dice, count, block, 3 * DAY, &mut all);
    all.sort_by_key(|one| one.time);
    run(&[], &all, &Blocks::default()).iter().map(|group| group.lone.len()).sum()
}

/// The tables.
pub fn print(out: &mut impl Write, trials: u64) -> anyhow::Result<()> {
    writeln!(out, "\n## Unrelated scanners\n")?;
    writeln!(out, "| case | trials with a group | sources wrongly in groups |")?;
    writeln!(out, "|---|---|---|")?;
    let mut row = |name: String, trials: u64, wrong: &dyn Fn(u64) -> usize| {
        let counts: Vec<usize> = (0..trials).map(wrong).collect();
        let trials_wrong = counts.iter().filter(|count| **count > 0).count();
        writeln!(out, "| {name} | {trials_wrong}/{trials} | {} |", counts.iter().sum::<usize>())
    };
    for share in [0.05, 0.1, 0.25, 0.5, 0.9, 1.0] {
        for (scanners, block) in [(2, 256), (2, 4096), (10, 1024), (50, 256)] {
            for together in [false, true] {
                let when = if together { "at once" } else { "over days" };
                let name = format!("{scanners} on {block} addresses, {:.0} % each, {when}", share * 100.0);
                row(name, trials * 10, &|seed| same_block(scanners, block, share, together, false, seed))?;
            }
        }
        let name = format!("10 on 1024, about {:.0} % each, from either end", share * 100.0);
        row(name, trials * 10, &|seed| same_block(10, 1024, share, true, true, seed))?;
    }
    for (scanners, block, hits) in
        [(100, 256, 3), (100, 4096, 3), (1000, 256, 1), (1000, 65_536, 2), (30, 256, 2)]
    {
        for own in [false, true] {
            let given = if own { ", block given" } else { "" };
            let name = format!("{scanners} Internet-wide, {hits} hits each on {block}{given}");
            row(name, trials * 10, &|seed| background(scanners, block, hits, own, seed))?;
        }
    }
    for (scanners, share) in [(2, 1.0), (8, 1.0), (8, 0.5), (64, 0.9)] {
        let name = format!("{scanners} on a /24 each, side by side, {:.0} %", share * 100.0);
        row(name, trials * 10, &|seed| side_by_side(scanners, share, seed))?;
    }
    for (count, block) in [(1_000, 256), (10_000, 256), (10_000, 4096), (100_000, 256)] {
        row(format!("{count} single probes on {block}"), trials, &|seed| mere_noise(count, block, seed))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_are_no_scan() {
        for seed in 0..10 {
            for share in [0.05, 0.5, 0.9] {
                assert_eq!(same_block(2, 256, share, true, false, seed), 0);
                assert_eq!(same_block(10, 1024, share, true, true, seed), 0);
            }
            assert_eq!(background(100, 256, 3, true, seed), 0);
        }
        // Eight whole networks that begin within a minute: often enough three of them side by side begin almost at once.
        for seed in 0..1_000 {
            assert_eq!(side_by_side(8, 1.0, seed), 0, "{seed}");
        }
        assert_eq!(mere_noise(10_000, 256, 1), 0);
    }
}
