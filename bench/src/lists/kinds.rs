//! What scanners of each kind send to us.

use watchpost_core::target_list::Prior;

use super::holdings::{Own, address};
use super::random::Random;
use super::scan::{LEAST, Probe, Sent};
use super::sender::Sender;

const INTERNET: f64 = 4_294_967_296.0;

/// How much of a list is seen before the watch ends, and whether that is in time.
fn cut(random: &mut Random, complete: f64, least: f64) -> f64 {
    if random.chance(complete) {
        1.0
    } else if random.chance(0.5) {
        random.unit()
    } else {
        random.log(least.min(0.5), 1.0)
    }
}

/// The services of a scan: mostly one.
fn asked(random: &mut Random) -> Vec<usize> {
    let mut bits: Vec<usize> = (0..6).collect();
    random.shuffle(&mut bits);
    bits.truncate(if random.chance(0.7) { 1 } else { 2 + random.below(4) as usize });
    bits
}

/// Slots in a list become probes.
fn send(
    random: &mut Random,
    sender: &Sender,
    mut slots: Vec<(f64, u64)>,
    seen: f64,
    bits: &[usize],
) -> Vec<Probe> {
    slots.retain(|(slot, _)| *slot < seen);
    slots.sort_by(|a, b| a.0.total_cmp(&b.0));
    let places: Vec<f64> = slots.iter().map(|(slot, _)| *slot).collect();
    let times = sender.times(random, &places, seen);
    let last = times.last().copied().unwrap_or(1.0);
    let mut probes = Vec::new();
    for ((_, target), time) in slots.into_iter().zip(times) {
        for (nth, bit) in bits.iter().enumerate() {
            probes.push((time + nth as f64 * last * 1e-9, target, *bit));
        }
    }
    probes
}

/// Random places in a list of `size` entries; with repeats, the first of each.
fn scattered(random: &mut Random, mut targets: Vec<u64>, size: f64, repeats: bool) -> Vec<(f64, u64)> {
    let all = targets.len() as f64 >= size;
    random.shuffle(&mut targets);
    let place = |(nth, target): (usize, u64)| {
        let slot = match (repeats, all) {
            (true, _) => random.exponential() * size,
            (_, true) => nth as f64,
            _ => random.unit() * size,
        };
        (if repeats || !all { slot.floor() } else { slot }, target)
    };
    targets.into_iter().enumerate().map(place).collect()
}

/// One after the other, up or down, from an edge or from where it was when the watch began.
fn walked(random: &mut Random, mut targets: Vec<u64>, from_edge: f64) -> Vec<(f64, u64)> {
    if random.chance(0.2) {
        targets.reverse();
    }
    if random.chance(0.2) {
        for place in 1..targets.len() {
            if random.chance(0.04) {
                targets.swap(place - 1, place);
            }
        }
    }
    let from = if random.chance(from_edge) { 0 } else { random.below(targets.len() as u64) as usize };
    targets[from..].iter().enumerate().map(|(nth, target)| (nth as f64, *target)).collect()
}

fn addresses(ranges: &[(u64, u64)]) -> Vec<u64> {
    ranges.iter().flat_map(|(first, last)| *first..=*last).collect()
}

/// A scan of the whole Internet.
pub fn internet(random: &mut Random, prior: &Prior, own: &Own, walks: bool) -> Option<Sent> {
    let rate = random.rate(&prior.rate.internet);
    let bits = asked(random);
    if walks {
        let segments = own.segments();
        let targets = addresses(&[segments[random.below(segments.len() as u64) as usize]]);
        let seen =
            cut(random, prior.coverage.internet_wide, 3.0 / targets.len() as f64) * targets.len() as f64;
        let sender = Sender::local(random, rate);
        let slots = walked(random, targets, prior.order.from_edge);
        let probes = send(random, &sender, slots, seen, &bits);
        return Some(Sent { probes, how: format!("the Internet in order, {rate:.1} packets/s") });
    }
    let targets = addresses(&own.blocks);
    let share = cut(random, prior.coverage.internet_wide, 3.0 / targets.len() as f64);
    let repeats = random.chance(prior.coverage.internet_repeats);
    if share * INTERNET / rate > prior.clock.longest {
        return None;
    }
    let sender = Sender::distant(random, rate, prior.clock.drift);
    let slots = scattered(random, targets, INTERNET, repeats);
    let probes = send(random, &sender, slots, share * INTERNET, &bits);
    Some(Sent { probes, how: format!("the Internet at random, {rate:.1} packets/s, {share:.3} seen") })
}

/// A scan of one block.
pub fn block(random: &mut Random, prior: &Prior, own: &Own, walks: bool) -> Option<Sent> {
    let segments = own.segments();
    let mut ranges = own.blocks.clone();
    ranges.extend(segments.iter().filter(|s| !own.blocks.contains(s)));
    let segment = segments[random.below(segments.len() as u64) as usize];
    let size = segment.1 - segment.0 + 1;
    let extent = &prior.extent;
    let draw = random.unit();
    let (first, last) = if draw < extent.own {
        ranges[random.below(ranges.len() as u64) as usize]
    } else if draw < extent.own + extent.part {
        let width = 2 + random.below(u64::from(size.ilog2()).saturating_sub(2).max(1));
        let first = (segment.0 + random.below(size)) & !((1 << width) - 1);
        (first, first + (1 << width) - 1)
    } else if draw < extent.own + extent.part + extent.wider {
        let inner = own.blocks[random.below(own.blocks.len() as u64) as usize];
        let mut width = (inner.1 - inner.0 + 1).ilog2() + 1;
        while random.chance(extent.wider_step) && width < 24 {
            width += 1;
        }
        (inner.0 & !((1 << width) - 1), inner.0 | ((1 << width) - 1))
    } else {
        let ends = [segment.0 + random.below(size), segment.0 + random.below(size)];
        (ends[0].min(ends[1]), ends[0].max(ends[1]))
    };
    let listed = (last - first + 1) as f64;
    let targets: Vec<u64> =
        addresses(&own.blocks).into_iter().filter(|address| first <= *address && *address <= last).collect();
    let rate = random.rate(&prior.rate.local);
    let share = cut(random, prior.coverage.block, 3.0 / targets.len() as f64);
    if targets.is_empty() || share * listed / rate > prior.clock.longest {
        return None;
    }
    let whole = targets.len() as f64 == listed;
    let slots = if walks && whole {
        walked(random, targets, prior.order.from_edge)
    } else if walks {
        targets.iter().map(|target| ((target - first) as f64, *target)).collect()
    } else {
        let repeats = random.chance(prior.coverage.block_repeats);
        scattered(random, targets, listed, repeats)
    };
    let sender = Sender::local(random, rate);
    let bits = asked(random);
    let probes = send(random, &sender, slots, share * listed, &bits);
    let order = if walks { "in order" } else { "at random" };
    Some(Sent {
        probes,
        how: format!(
            "the block {:?} to {:?} {order}, {rate:.2} packets/s, {share:.3} seen",
            address(first),
            address(last)
        ),
    })
}

/// A scan of several blocks of one holder.
pub fn organisation(random: &mut Random, prior: &Prior, own: &Own, walks: bool) -> Option<Sent> {
    let mut segments = own.segments();
    random.shuffle(&mut segments);
    if !random.chance(prior.organisation.all) {
        segments.truncate(2 + random.below(segments.len() as u64 - 1) as usize);
    }
    let targets = addresses(&segments);
    let ours = if random.chance(prior.organisation.others) { random.log(0.1, 0.8) } else { 1.0 };
    let listed = (targets.len() as f64 / ours).round();
    let rate = random.rate(&prior.rate.local);
    let share = cut(random, prior.coverage.organisation, 3.0 / targets.len() as f64);
    if share * listed / rate > prior.clock.longest {
        return None;
    }
    let sender = Sender::local(random, rate);
    let (slots, order) = if walks {
        // Half of such lists are in the order of addresses, the others in any.
        if random.chance(0.5) {
            segments.sort_unstable();
        }
        (walked(random, addresses(&segments), prior.order.from_edge), "in order")
    } else if random.chance(prior.organisation.by_block) {
        let mut slots = Vec::new();
        for segment in &segments {
            let mut there = addresses(&[*segment]);
            random.shuffle(&mut there);
            slots.extend(there.into_iter().map(|target| (0.0, target)));
        }
        slots.iter_mut().enumerate().for_each(|(nth, slot)| slot.0 = nth as f64);
        (slots, "block by block")
    } else {
        (scattered(random, targets, listed, false), "at random")
    };
    let bits = asked(random);
    let probes = send(random, &sender, slots, share * listed, &bits);
    Some(Sent {
        probes,
        how: format!("{segments:?} {order}, {rate:.2} packets/s, {share:.3} seen, ours {ours:.2}"),
    })
}

/// A scan of chosen hosts.
pub fn curated(random: &mut Random, prior: &Prior, own: &Own, walks: bool) -> Option<Sent> {
    let bits = asked(random);
    let mask: u8 = bits.iter().map(|bit| 1 << bit).sum();
    let mut serving: Vec<u64> =
        own.live.iter().filter(|host| host.open & mask != 0).map(|host| host.address).collect();
    if serving.len() < LEAST {
        return None;
    }
    random.shuffle(&mut serving);
    let length = random.log(3.0, serving.len() as f64 + 1.0) as usize;
    serving.truncate(length);
    // A stale entry is an address that serves no longer. The share of them is Beta(miss, hit), by order statistics of gammas.
    let stale = beta(random, prior.curated.miss, prior.curated.hit);
    let all = addresses(&own.blocks);
    for target in &mut serving {
        if random.chance(stale) {
            *target = all[random.below(all.len() as u64) as usize];
        }
    }
    serving.sort_unstable();
    serving.dedup();
    let rate = random.rate(&prior.rate.curated);
    let ours = random.chance(prior.curated.ours_alone);
    if !walks {
        random.shuffle(&mut serving);
    }
    let seen = if random.chance(0.7) { 1.0 } else { random.unit() } * serving.len() as f64;
    if seen / rate > prior.clock.longest {
        return None;
    }
    let mut place = 0.0;
    let slots = serving
        .iter()
        .map(|target| {
            place += if ours || walks { 1.0 } else { random.exponential() };
            (place - 1.0, *target)
        })
        .collect();
    let sender = if ours || walks { Sender::local(random, rate) } else { Sender::distant(random, rate, 0.0) };
    let mut probes = send(random, &sender, slots, seen, &bits);
    if random.chance(prior.curated.pairs) {
        probes.retain(|(_, target, bit)| own.host(*target).is_none_or(|host| host.open >> bit & 1 == 1));
    }
    Some(Sent {
        probes,
        how: format!("{} chosen hosts, {stale:.2} stale, {rate:.2} packets/s", serving.len()),
    })
}

/// Beta(a, b) by rejection (Jöhnk 1964), for small a.
fn beta(random: &mut Random, a: f64, b: f64) -> f64 {
    // Gamma(b) for a whole b is a sum of exponentials; Gamma(a < 1) = Beta(a, 1 - a) * exponential.
    let (x, y) = loop {
        let (x, y) = (random.unit().powf(1.0 / a), random.unit().powf(1.0 / (1.0 - a)));
        if x + y <= 1.0 && x + y > 0.0 {
            break (x, y);
        }
    };
    let small = x / (x + y) * random.exponential();
    let large: f64 = (0..b.round() as u32).map(|_| random.exponential()).sum();
    small / (small + large)
}
