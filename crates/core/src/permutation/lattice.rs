//! Short vectors of a lattice: how the right multiplier is found among 2^48 without trying them.
//!
//! The logarithms `d` of a walk's hits, times the right multiplier `u`, are positions that are small or rise in
//! proportion to time. All `u * d` modulo the order, together with the multiples of the order, are a lattice; the wanted
//! vector is short in it once the direction of time is weighed down. LLL (Lenstra, Lenstra, Lovász 1982) finds it where
//! it is much shorter than chance makes vectors: order^(1 / hits) against the scatter around the line.

/// Coordinates at most: hits, and one that carries the multiplier.
const MOST: usize = 17;
/// Steps after which a reduction is given up: far above what these sizes need.
const STEPS: usize = 6_000;

type Row = [i64; MOST];

/// A lattice basis in reduction.
struct Basis {
    rows: Vec<Row>,
    /// Number of hits; the coordinate behind them is the multiplier.
    hits: usize,
    /// Unit vector in the direction of time.
    time: Vec<f64>,
    /// By how much that direction is weighed down.
    weight: f64,
    /// What the multiplier's coordinate weighs: next to nothing.
    tiny: f64,
    mu: Vec<[f64; MOST]>,
    norms: Vec<f64>,
}

impl Basis {
    fn product(&self, a: &Row, b: &Row) -> f64 {
        let (mut plain, mut along_a, mut along_b) = (0.0, 0.0, 0.0);
        for ((x, y), t) in a.iter().zip(b).zip(&self.time) {
            let (x, y) = (*x as f64, *y as f64);
            plain += x * y;
            along_a += x * t;
            along_b += y * t;
        }
        let last = self.tiny * self.tiny * (a[self.hits] as f64) * (b[self.hits] as f64);
        plain - (1.0 - self.weight * self.weight) * along_a * along_b + last
    }

    /// Gram-Schmidt coefficients of one row.
    fn orthogonalise(&mut self, k: usize) {
        let mut norm = self.product(&self.rows[k], &self.rows[k]);
        let mut r = [0.0; MOST];
        for j in 0..k {
            let mut value = self.product(&self.rows[k], &self.rows[j]);
            for (i, r) in r.iter().enumerate().take(j) {
                value -= self.mu[j][i] * r;
            }
            r[j] = value;
            self.mu[k][j] = if self.norms[j] > 0.0 { value / self.norms[j] } else { 0.0 };
            norm -= self.mu[k][j] * value;
        }
        self.norms[k] = norm.max(0.0);
    }

    /// Shortens row `k` by the rows before it.
    fn shorten(&mut self, k: usize) {
        for _ in 0..4 {
            self.orthogonalise(k);
            let mut changed = false;
            for j in (0..k).rev() {
                let times = self.mu[k][j].round();
                if times == 0.0 || times.abs() > 1e18 {
                    continue;
                }
                changed = true;
                for i in 0..=self.hits {
                    self.rows[k][i] =
                        self.rows[k][i].wrapping_sub(self.rows[j][i].wrapping_mul(times as i64));
                }
                for i in 0..j {
                    self.mu[k][i] -= times * self.mu[j][i];
                }
                self.mu[k][j] -= times;
            }
            if !changed {
                return;
            }
        }
        self.orthogonalise(k);
    }

    fn reduce(&mut self) {
        let (count, mut k) = (self.rows.len(), 1);
        self.orthogonalise(0);
        for _ in 0..STEPS {
            if k >= count {
                return;
            }
            self.shorten(k);
            let mu = self.mu[k][k - 1];
            if self.norms[k] >= (0.99 - mu * mu) * self.norms[k - 1] {
                k += 1;
            } else {
                self.rows.swap(k, k - 1);
                self.orthogonalise(k - 1);
                k = (k - 1).max(1);
            }
        }
    }
}

/// Multipliers modulo `order` under which `logs` are short once the direction of `times` is weighed by `weight`.
///
/// Up to 16 hits; the first of each should be taken as zero by the caller and left out.
pub fn multipliers(order: u64, logs: &[u64], times: &[f64], weight: f64) -> Vec<u64> {
    let hits = logs.len().min(MOST - 1);
    let length = times[..hits].iter().map(|t| t * t).sum::<f64>().sqrt();
    if hits < 3 || length <= 0.0 {
        return Vec::new();
    }
    let mut rows = Vec::with_capacity(hits + 1);
    let mut first = [0; MOST];
    for (to, log) in first.iter_mut().zip(&logs[..hits]) {
        *to = *log as i64;
    }
    first[hits] = 1;
    rows.push(first);
    for i in 0..hits {
        let mut row = [0; MOST];
        row[i] = order as i64;
        rows.push(row);
    }
    let mut basis = Basis {
        hits,
        time: times[..hits].iter().map(|t| t / length).collect(),
        weight,
        tiny: 1.0 / order as f64,
        mu: vec![[0.0; MOST]; rows.len()],
        norms: vec![0.0; rows.len()],
        rows,
    };
    basis.reduce();
    // One basis vector, or two together.
    let mut found = Vec::new();
    let modulus = i128::from(order);
    let mut add = |multiplier: i128| {
        let reduced = multiplier.rem_euclid(modulus) as u64;
        if reduced != 0 {
            found.extend([reduced, order - reduced]);
        }
    };
    let few = basis.rows.len().min(4);
    for (i, row) in basis.rows[..few].iter().enumerate() {
        add(i128::from(row[hits]));
        for other in &basis.rows[..i] {
            add(i128::from(row[hits]) + i128::from(other[hits]));
            add(i128::from(row[hits]) - i128::from(other[hits]));
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}
