//! Coverage with little overlap: are the targets of several sources divided among them?
//!
//! Sources are taken one after the other. Where the earlier ones cover `u` of the `n` addresses of a cell, an unrelated
//! source hits each of them with q = u/n; one that shares the work hits them with odds that are ω times as large, where ω
//! is 0 for a perfect division and about a third for work with retries, with two rounds at once, or with strangers among it.
//! The log likelihood ratio of a source with `a` targets in the cell, `o` of them covered, is
//! `o log2 ω - a log2(1 - q (1 - ω))`. For disjoint sets and ω = 0 it is the binomial bound on
//! P = Π C(N - Σ previous, a_i) / C(N, a_i) (Gates, NDSS 2009); drawing without replacement only makes overlap rarer to
//! vary (Hoeffding 1963), so that the bound holds and the evidence is understated, never overstated. As a likelihood ratio
//! it exceeds 2^b with a probability of at most 2^-b among unrelated sources, wherever one stops looking (Ville).
//!
//! Only what was in reach of both counts: in a cell (256 addresses) a source of three targets or more is compared only
//! where its range meets that of the others. Strangers who look elsewhere are disjoint without any agreement.

use super::unit::Placed;

/// A target inside a set of units: its cell and its place in the cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hit {
    /// Place of the cell in [`super::region::Region`].
    pub cell: u32,
    /// Last byte of the address.
    pub place: u8,
}

/// 256 addresses, one bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Set([u64; 4]);

impl Set {
    /// Takes in one place.
    pub fn insert(&mut self, place: u8) {
        self.0[usize::from(place >> 6)] |= 1 << (place & 63);
    }

    /// Whether a place is in it.
    fn has(&self, place: u8) -> bool {
        self.0[usize::from(place >> 6)] >> (place & 63) & 1 == 1
    }

    /// How many.
    pub fn count(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    /// Takes in all of another set.
    pub fn join(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(mine, its)| *mine |= its);
    }

    /// What both have.
    pub fn meet(&self, other: &Self) -> Self {
        Self(std::array::from_fn(|n| self.0[n] & other.0[n]))
    }

    /// All places from first to last.
    pub fn range(first: u8, last: u8) -> Self {
        let upto = |n: u32| match n {
            0 => 0,
            64.. => u64::MAX,
            _ => (1 << n) - 1,
        };
        let word = |n: u32| {
            let below = |end: u32| upto(end.saturating_sub(n * 64));
            below(u32::from(last) + 1) & !below(u32::from(first))
        };
        Self(std::array::from_fn(|n| word(n as u32)))
    }

    /// The first and the last.
    pub fn ends(&self) -> Option<(u8, u8)> {
        let first = self.0.iter().position(|w| *w != 0)?;
        let last = self.0.iter().rposition(|w| *w != 0)?;
        let low = first as u32 * 64 + self.0[first].trailing_zeros();
        let high = last as u32 * 64 + 63 - self.0[last].leading_zeros();
        Some((low as u8, high as u8))
    }

    /// Where a source that hit these was looking: from the first to the last, and where they are few, one mean gap
    /// more on both sides; anywhere where they are fewer than three.
    fn reach(&self) -> Self {
        let count = self.count();
        let Some((low, high)) = self.ends().filter(|_| count >= 3) else { return Self([u64::MAX; 4]) };
        let gap = if count < 8 { (high - low) / (count as u8 - 1) } else { 0 };
        Self::range(low.saturating_sub(gap), high.saturating_add(gap))
    }
}

/// Odds of a repeat, relative to chance, that shared work may show.
const OMEGA: [f64; 5] = [0.002, 0.03, 0.1, 0.2, 0.35];
/// Fewer addresses in common reach say nothing: neighbouring ranges touch at their ends.
const FEWEST: u32 = 12;

/// What the sources so far have covered of a cell.
#[derive(Clone, Copy, Debug)]
struct Cell {
    covered: Set,
    /// Also in earlier rounds.
    ever: Set,
    /// How many are covered.
    count: u32,
    /// Of these, in reach.
    inside: u32,
    /// How many are in reach.
    reach: u32,
}

/// Logarithms for one more target where so many of so many are covered: the cost under each of [`OMEGA`], and the
/// probability of something new.
#[derive(Clone, Copy, Debug)]
struct Logs {
    of: (u32, u32),
    costs: [f64; OMEGA.len()],
    new: f64,
}

impl Logs {
    fn new(size: u32, before: u32) -> Self {
        let (size, free) = (f64::from(size), f64::from(size) - f64::from(before));
        // Where all is covered, one more repeat says nothing; the half keeps the odds finite.
        let q = f64::from(before).min(size - 0.5) / size;
        let costs = OMEGA.map(|omega| (1.0 - q * (1.0 - omega)).log2());
        Self { of: (size as u32, before), costs, new: (free / size).log2() }
    }
}

/// Logarithms kept, as a power of two: enough for two cells of different reach.
const LOGS: usize = 512;

/// The evidence so far, and what the sources so far have covered.
#[derive(Clone, Debug)]
pub(super) struct Cover {
    cells: Vec<Cell>,
    touched: Vec<u32>,
    logs: Vec<Logs>,
    bits: [f64; OMEGA.len()],
    layers: f64,
    /// Base-two logarithm of the probability that all are disjoint, while they are.
    disjoint: f64,
    /// Targets, a target of two sources twice.
    pub total: u64,
    /// Targets that an earlier source had.
    pub repeats: u64,
    /// Repeats to be expected of unrelated sources.
    pub expected: f64,
    /// Targets that could have been repeats: those in common reach.
    pub compared: u64,
}

impl Cover {
    /// Of nothing yet, in the cells of `placed`.
    ///
    /// Who takes a host takes perhaps several of its services with it, so that up to `layers` targets are one decision:
    /// the evidence is divided by that number. The geometric mean of as many likelihood ratios, one for each layer, has an
    /// expectation of at most 1 among unrelated sources however they depend on each other (Hölder).
    pub fn new(placed: &Placed) -> Self {
        let empty = Set::default();
        let cell =
            |reach: &Set| Cell { covered: empty, ever: empty, count: 0, inside: 0, reach: reach.count() };
        Self {
            cells: placed.region.reach.iter().map(cell).collect(),
            touched: Vec::new(),
            logs: vec![Logs::new(1, 0); LOGS],
            bits: [0.0; OMEGA.len()],
            layers: f64::from(placed.layers),
            disjoint: 0.0,
            total: 0,
            repeats: 0,
            expected: 0.0,
            compared: 0,
        }
    }

    /// Starts again.
    pub fn clear(&mut self) {
        for cell in self.touched.drain(..) {
            let cell = &mut self.cells[cell as usize];
            (cell.covered, cell.ever) = (Set::default(), Set::default());
            (cell.count, cell.inside) = (0, 0);
        }
        self.bits = [0.0; OMEGA.len()];
        self.disjoint = 0.0;
        (self.total, self.repeats, self.compared, self.expected) = (0, 0, 0, 0.0);
    }

    /// Distinct targets.
    pub fn distinct(&self) -> u64 {
        self.touched.iter().map(|cell| u64::from(self.cells[*cell as usize].ever.count())).sum()
    }

    /// Takes up one source: its hits, sorted and distinct, and the region of each cell. Of a `patterned` source (the same
    /// few places in many cells) the cells are not independent: it covers, and is not compared.
    pub fn add(&mut self, hits: &[Hit], region: &[Set], patterned: bool) {
        for part in hits.chunk_by(|a, b| a.cell == b.cell) {
            let place = part[0].cell;
            let reach = &region[place as usize];
            if !patterned {
                self.compare(part, reach);
            }
            let cell = &mut self.cells[place as usize];
            if cell.ever == Set::default() {
                self.touched.push(place);
            }
            for hit in part {
                cell.ever.insert(hit.place);
                if !cell.covered.has(hit.place) {
                    cell.covered.insert(hit.place);
                    cell.count += 1;
                    cell.inside += u32::from(reach.has(hit.place));
                }
            }
            // Work of small pieces goes round again once it is (nearly) done. Large pieces do not: who covers most
            // of a cell by himself is a scanner of his own.
            if part.len() < 3 && cell.count * 32 >= cell.reach * 31 {
                (cell.covered, cell.count, cell.inside) = (Set::default(), 0, 0);
            }
        }
    }

    /// Holds the hits of a source in one cell against what is covered there.
    fn compare(&mut self, part: &[Hit], reach: &Set) {
        self.total += part.len() as u64;
        let cell = &self.cells[part[0].cell as usize];
        if cell.count == 0 {
            return;
        }
        if part.len() < 3 {
            let (size, before) = (cell.reach, cell.inside);
            let hits = part.iter().filter(|hit| reach.has(hit.place)).count() as u32;
            let again = |hit: &&Hit| reach.has(hit.place) && cell.covered.has(hit.place);
            let repeats = part.iter().filter(again).count() as u32;
            self.weigh(size, before, hits, repeats);
            return;
        }
        let mut mine = Set::default();
        part.iter().for_each(|hit| mine.insert(hit.place));
        let common = reach.meet(&mine.reach()).meet(&cell.covered.reach());
        if common.count() < FEWEST {
            return;
        }
        let (covered, mine) = (cell.covered.meet(&common), mine.meet(&common));
        self.weigh(common.count(), covered.count(), mine.count(), mine.meet(&covered).count());
    }

    /// So many `hits` among `size` places, of which some were covered `before`; of the hits, so many `repeats`.
    fn weigh(&mut self, size: u32, before: u32, hits: u32, repeats: u32) {
        if before == 0 || hits == 0 {
            return;
        }
        let logs = &mut self.logs[(before + size * 257) as usize % LOGS];
        if logs.of != (size, before) {
            *logs = Logs::new(size, before);
        }
        for ((bits, omega), cost) in self.bits.iter_mut().zip(OMEGA).zip(logs.costs) {
            *bits += f64::from(repeats) * omega.log2() - f64::from(hits) * cost;
        }
        let new = logs.new;
        let (size, before) = (f64::from(size), f64::from(before));
        self.compared += u64::from(hits);
        self.repeats += u64::from(repeats);
        self.expected += f64::from(hits) * (before.min(size - 0.5) / size);
        if self.repeats == 0 {
            let ratio = |n: u32| ((size - before - f64::from(n)) / (size - f64::from(n))).log2();
            self.disjoint += new + (1..hits).map(ratio).sum::<f64>();
        }
    }

    /// The evidence in bits: no way of sharing is preferred beforehand.
    pub fn bits(&self) -> f64 {
        self.best() - (OMEGA.len() as f64).log2()
    }

    fn best(&self) -> f64 {
        self.bits.iter().fold(f64::NEG_INFINITY, |a, b| a.max(*b)) / self.layers
    }

    /// Base-ten logarithm of the probability that unrelated sources repeat each other so little: exact for disjoint
    /// sets, otherwise a bound (Chernoff).
    pub fn chance_log10(&self) -> f64 {
        let exact = if self.repeats == 0 { self.disjoint / self.layers } else { 0.0 };
        (exact.min(-self.best()).min(0.0)) * std::f64::consts::LOG10_2
    }
}
