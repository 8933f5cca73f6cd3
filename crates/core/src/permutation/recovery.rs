//! All of it together: hypotheses are tried one after the other until one is proved.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use super::arithmetic::{Modulus, common};
use super::groups::SMALL;
use super::hypotheses::{Hypothesis, hypotheses, range};
use super::points::{Point, points};
use super::prediction::{Front, next};
use super::proof::{Fit, fit, positions, rising};
use super::search::{Sample, search, way};
use super::tables::Tables;
use super::walk::{Pace, Walk, resolve};
use super::words;
use crate::blocks::Blocks;
use crate::contact::{SECOND, Transport};
use crate::record::Permutation;
use crate::trace::Trace;

/// Bits that must be left when everything that was tried is paid for.
pub const NEEDED: f64 = 30.0;
/// Bits by which the generator of one half must place the other half.
pub const HELD_OUT: f64 = 8.0;
/// Share of the dense hits that the right walk places at least.
const COMPLETE: f64 = 0.7;
/// Hits at the beginning of a trace with nothing left out.
const DENSE: usize = 256;
/// Hypotheses tried of one scan: lists, starts and orders of ports multiply, and a sender may choose them so that they do.
const MOST_TRIED: usize = 128;
/// Steps beyond this come again only by chance.
const LONG: u64 = 16;
/// log2 of small generators times numbers of threads: 4 million primitive roots at most, 32 readings of each.
const SMALL_GENERATORS: f64 = 27.0;

/// A hypothesis with the points that it places.
#[derive(Debug)]
pub struct Placed {
    /// Logarithms, in the order of time.
    pub logs: Vec<u64>,
    /// Seconds from the first point.
    pub times: Vec<f64>,
}

impl Placed {
    fn new(hypothesis: &Hypothesis, points: &[Point], tables: &mut Tables) -> Self {
        let logarithms = tables.of(hypothesis.group);
        let mut placed = Self { logs: Vec::new(), times: Vec::new() };
        for point in points {
            if let Some(element) = hypothesis.element(point.address, point.port) {
                placed.logs.push(logarithms.of(element));
                placed.times.push(point.time);
            }
        }
        placed
    }

    fn sample(&self) -> Sample<'_> {
        Sample { logs: &self.logs, times: &self.times }
    }

    /// Every second point, from the first or the second.
    fn half(&self, from: usize) -> Self {
        let every = |i: &usize| i % 2 == from;
        Self {
            logs: (0..self.logs.len()).filter(every).map(|i| self.logs[i]).collect(),
            times: (0..self.times.len()).filter(every).map(|i| self.times[i]).collect(),
        }
    }
}

/// What the record is made of.
#[derive(Debug)]
pub struct Proved<'a> {
    /// Over what.
    pub hypothesis: &'a Hypothesis,
    /// With which generator and threads.
    pub walk: Walk,
    /// How well.
    pub fit: Fit,
    /// Points used.
    pub points: usize,
    /// Bits left after all that was tried.
    pub bits: f64,
    /// log2 of all that was tried.
    pub tried: f64,
    /// Bits, points and points placed of the half that was held out.
    pub held_out: (f64, usize, usize),
    /// Share of the walk.
    pub done: f64,
}

pub fn recover(
    trace: &Trace,
    blocks: &Blocks,
    tables: &mut Tables,
    left: &mut usize,
) -> Result<Permutation, String> {
    let (points, transport) = points(trace)?;
    let all = hypotheses(&points, blocks);
    if all.is_empty() {
        return Err("not recovered: more ports than can be put in order".into());
    }
    let mut nearest: Option<(f64, String)> = None;
    let tried = all.len().min(MOST_TRIED).min(*left);
    for hypothesis in &all[..tried] {
        *left -= 1;
        match prove(hypothesis, &points, all.len(), tables) {
            Ok(mut found) => {
                let mut ordered = hypothesis.clone();
                if ordered.ports.iter().any(Option::is_none) {
                    ordered = order_ports(hypothesis, &found.1, &points, tables);
                    match prove(&ordered, &points, all.len(), tables) {
                        Ok(again) => found = again,
                        Err(_) => ordered = hypothesis.clone(),
                    }
                }
                return record(trace, blocks, transport, &ordered, found, tables);
            }
            Err((bits, why)) => {
                if nearest.as_ref().is_none_or(|(most, _)| bits > *most) {
                    nearest = Some((bits, why));
                }
            }
        }
    }
    let why = nearest.map_or_else(String::new, |(_, why)| why);
    let untried = match all.len() - tried {
        0 => String::new(),
        more => format!(", {more} more left untried"),
    };
    Err(format!("not recovered: {tried} lists and orders of ports tried{untried}; {why}"))
}

/// A walk with its logarithms, multiplier and what it is worth.
type Found = (Placed, u64, Fit, Walk, f64, f64, (f64, usize, usize));

fn prove(
    hypothesis: &Hypothesis,
    points: &[Point],
    tried: usize,
    tables: &mut Tables,
) -> Result<Found, (f64, String)> {
    let order = hypothesis.group.exponents();
    let placed = Placed::new(hypothesis, points, tables);
    let none = || (f64::NEG_INFINITY, "no walk fits".to_owned());
    // Shards of ZMap 2 take every n-th element: several generators walk a shard alike.
    let coset =
        placed.logs.iter().fold(order.get(), |shared, log| common(shared, log.abs_diff(placed.logs[0])));
    if coset > 1 {
        let why = format!(
            "all hits are in one of {coset} cosets, as of a shard of ZMap 2: its generator is not told"
        );
        return Err((0.0, why));
    }
    let (multiplier, fitted) = search(order, placed.sample()).ok_or_else(none)?;
    let lists = (tried as f64).log2();
    let every = (order.get() as f64).log2();
    // Cheap first: not even a small generator would be enough.
    let most = fitted.bits - lists - every.min(SMALL_GENERATORS);
    if most < NEEDED {
        let why = format!(
            "the best walk, modulo {} over {}, leaves {:.0} bits, {NEEDED:.0} are needed",
            hypothesis.group.prime,
            hypothesis.name,
            most.max(0.0).floor()
        );
        return Err((most, why));
    }
    let walk =
        resolve(hypothesis.group, multiplier, placed.sample(), &fitted.chain).map_err(|why| (most, why))?;
    let dense = placed.logs.len().min(DENSE);
    if walk.senders == 1 && harmonic(order, walk.inverse, &placed.logs[..dense]) {
        return Err((
            most,
            "the hits are equally far apart, as under a power of the true generator".to_owned(),
        ));
    }
    let generators = if walk.generator < SMALL { every.min(SMALL_GENERATORS) } else { every } + 1.0;
    let cost = lists + generators;
    let bits = fitted.bits - cost;
    if bits < NEEDED {
        return Err((bits, format!("the best walk leaves {bits:.0} bits, {NEEDED:.0} are needed")));
    }
    // A power of the true generator places some hits, too: nearly all must be placed.
    let places = fit(order, multiplier, &placed.logs[..dense], &placed.times[..dense]).placed;
    if (places as f64) < COMPLETE * dense as f64 {
        let why = format!("the best walk places {places} of {dense} hits, too few to tell its generator");
        return Err((bits, why));
    }
    let held_out = held_out(order, &placed);
    if held_out.0 < HELD_OUT {
        return Err((bits, "one half of the hits does not place the other half".to_owned()));
    }
    Ok((placed, multiplier, fitted, walk, bits, cost, held_out))
}

/// Whether long steps come again far more often than the irregular steps of a walk do. So they do under a power of the
/// true generator, where several threads send a dense list.
fn harmonic(order: Modulus, inverse: u64, logs: &[u64]) -> bool {
    let mut steps: BTreeMap<u64, usize> = BTreeMap::new();
    let (mut count, mut sum) = (0usize, 0.0);
    for pair in logs.windows(2) {
        let step = order.multiply(inverse, order.subtract(pair[1], pair[0]));
        let length = step.min(order.get() - step);
        if length > LONG {
            *steps.entry(step).or_default() += 1;
            count += 1;
            sum += length as f64;
        }
    }
    let pairs: usize = steps.values().map(|times| times * (times - 1) / 2).sum();
    // Steps with a geometric distribution of mean m are equal with probability 1 / (2 m - 1).
    let mean = sum / count.max(1) as f64;
    let expected = (count * count) as f64 / 2.0 / (2.0 * mean - 1.0).max(1.0);
    pairs as f64 > 4.0 * expected + 6.0
}

/// A multiplier from every second hit alone, and how it fits the others: bits, how many they are, how many it places.
fn held_out(order: Modulus, placed: &Placed) -> (f64, usize, usize) {
    let (one, other) = (placed.half(0), placed.half(1));
    let Some((multiplier, _)) = search(order, one.sample()) else { return (0.0, other.logs.len(), 0) };
    let fitted = fit(order, multiplier, &other.logs, &other.times);
    (fitted.bits, other.logs.len(), fitted.placed)
}

/// The places of the other ports: where their hits lengthen the way least.
fn order_ports(
    hypothesis: &Hypothesis,
    multiplier: &u64,
    points: &[Point],
    tables: &mut Tables,
) -> Hypothesis {
    let order = hypothesis.group.exponents();
    let mut ports = hypothesis.ports.clone();
    let mut others: Vec<u16> = points.iter().map(|p| p.port).filter(|p| !ports.contains(&Some(*p))).collect();
    others.sort_unstable();
    others.dedup();
    for port in others {
        let best = (0..ports.len()).filter(|place| ports[*place].is_none()).min_by_key(|place| {
            let mut with = ports.clone();
            with[*place] = Some(port);
            let placed = Placed::new(&hypothesis.with_ports(with), points, tables);
            way(order, *multiplier, placed.logs.iter().copied(), u64::MAX)
        });
        if let Some(place) = best {
            ports[place] = Some(port);
        }
    }
    hypothesis.with_ports(ports)
}

fn record(
    trace: &Trace,
    blocks: &Blocks,
    transport: Transport,
    hypothesis: &Hypothesis,
    (placed, _, fit, walk, bits, tried, held_out): Found,
    tables: &mut Tables,
) -> Result<Permutation, String> {
    let order = hypothesis.group.exponents();
    let whole = order.get();
    // Places within parts, which all senders share, along the rising hits.
    let senders = walk.senders;
    let shared = order.multiply(walk.inverse, senders % whole);
    let chain = rising(&positions(order, shared, &placed.logs, fit.chain[0]));
    let pace = Pace::new(order, shared, placed.sample(), &chain);
    let part = whole / senders;
    let mut seen: Vec<Option<(f64, f64, usize)>> = vec![None; senders as usize];
    let mut hits = vec![0usize; senders as usize];
    for i in 0..placed.logs.len() {
        if let Some((position, _)) = pace.place(i) {
            let within = position / senders as f64;
            let which = walk.part(order, pace.log(i), within);
            hits[which] += 1;
            let (first, last, at) = seen[which].unwrap_or((within, within, i));
            seen[which] = Some((first.min(within), last.max(within), if within >= last { i } else { at }));
        }
    }
    let least = placed.logs.len() / (8 * senders as usize);
    // A shard has threads that lie side by side, as many as divide the whole. A single one is never told by its part.
    let there: Vec<bool> = hits.iter().map(|hits| *hits > least).collect();
    let count = there.iter().filter(|there| **there).count();
    let runs = (0..there.len()).filter(|i| there[*i] && !there[(i + 1) % there.len()]).count();
    let alone = count == 1 && senders > 1;
    if count == 0 || alone || !there.len().is_multiple_of(count) || runs > 1 {
        return Err(format!(
            "not recovered: a walk, but by {count} of {senders} parts, which no threads or shards are"
        ));
    }
    let seen: Vec<(f64, f64, usize)> =
        seen.into_iter().zip(&hits).filter(|(_, hits)| **hits > least).filter_map(|(seen, _)| seen).collect();
    let first = seen.iter().fold(f64::INFINITY, |first, part| first.min(part.0)).floor();
    let front = seen.iter().fold(0.0f64, |front, part| front.max(part.1));
    // Where the trace is thinned, the scan has gone on since the last hit kept.
    let mut on = 0.0;
    if trace.consecutive < trace.hits.len() {
        let start = trace.hits.first().map_or(trace.start, |hit| hit.time);
        let end = trace.end.saturating_sub(start) as f64 / SECOND as f64;
        let last = placed.times[placed.times.len() - 1];
        on = (front - first) * ((end - last) / last.max(1e-9)).clamp(0.0, 1.0 / 32.0);
    }
    let ways = seen.iter().map(|part| (part.1 - part.0 + on).min(whole as f64 / senders as f64));
    let done = (ways.sum::<f64>() / whole as f64).clamp(0.0, 1.0);
    let logarithm = order.invert(walk.inverse).unwrap_or(1);
    let fronts: Vec<Front> = seen
        .iter()
        .map(|&(_, last, at)| {
            let log = order.add(placed.logs[at], order.multiply(logarithm, on as u64 % whole));
            let within = (last - first + on).max(0.0) as u64;
            Front { log, within, left: part.saturating_sub(within) }
        })
        .collect();
    let ranges: Vec<(u32, u32)> = if blocks.is_empty() {
        covering(trace)
    } else {
        blocks.nets().filter_map(range).map(|(first, last, _)| (first, last)).collect()
    };
    let runs = hypothesis.list.indexes(&ranges);
    let with_port = matches!(transport, Transport::Tcp | Transport::Udp | Transport::Sctp);
    let generator = (walk.generator, walk.inverse);
    let next = next(hypothesis, tables.of(hypothesis.group), generator, &fronts, &runs)
        .into_iter()
        .map(|(address, port)| {
            let address = Ipv4Addr::from(address);
            if with_port { format!("{address}:{port}") } else { address.to_string() }
        })
        .collect();
    let mut walk = walk;
    walk.threads = fronts.len().max(1);
    let proved = Proved { hypothesis, walk, points: placed.logs.len(), fit, bits, tried, held_out, done };
    Ok(Permutation {
        generator: proved.walk.generator,
        prime: hypothesis.group.prime,
        list: hypothesis.name.clone(),
        list_addresses: Some(hypothesis.list.size()),
        threads: proved.walk.threads as u32,
        done: (done * 1e4).round() / 1e4,
        next,
        bits: bits.floor(),
        text: words::text(&proved),
    })
}

/// The smallest prefix that holds every hit.
fn covering(trace: &Trace) -> Vec<(u32, u32)> {
    let addresses = || trace.hits.iter().filter_map(|hit| hit.target.as_v4());
    let (Some(low), Some(high)) = (addresses().min(), addresses().max()) else { return Vec::new() };
    let host = u32::MAX.checked_shr((low ^ high).leading_zeros()).unwrap_or(0);
    vec![(low & !host, low | host)]
}
