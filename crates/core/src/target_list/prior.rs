//! What is expected before anything was seen: `data/lists.toml`, shipped with the program.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::record::ListKind;

/// The kinds that are weighed, in the order of all arrays here.
pub const KINDS: [ListKind; 4] =
    [ListKind::InternetWide, ListKind::Block, ListKind::Organisation, ListKind::Curated];

/// The stated prior. All shares lie between 0 and 1.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prior {
    /// How probable each kind is.
    pub kind: ByKind,
    /// When to speak.
    pub verdict: Verdict,
    /// Packets a second.
    pub rate: Rates,
    /// Gaps.
    pub clock: Clock,
    /// Walks in order.
    pub order: Order,
    /// Scans watched to their end.
    pub coverage: Coverage,
    /// What a block is.
    pub extent: Extent,
    /// What an organisation's list is.
    pub organisation: Organisation,
    /// What a curated list is.
    pub curated: Curated,
    /// How many hosts are live.
    pub live: Live,
}

/// A share for each kind.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the names are those of the kinds")]
pub struct ByKind {
    pub internet_wide: f64,
    pub block: f64,
    pub organisation: f64,
    pub curated: f64,
}

impl ByKind {
    /// In the order of [`KINDS`].
    pub fn all(&self) -> [f64; 4] {
        [self.internet_wide, self.block, self.organisation, self.curated]
    }
}

/// When to speak.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// Below this probability the verdict is `unknown`.
    pub least: f64,
    /// Share of the posterior given back to the prior.
    pub doubt: f64,
    /// The same where no own blocks are known.
    pub doubt_without_blocks: f64,
}

/// Rates by kind.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rates {
    /// Of scans of the whole Internet.
    pub internet: Plateau,
    /// Of scans of blocks and organisations.
    pub local: Plateau,
    /// Of curated lists.
    pub curated: Plateau,
}

/// A density of log10 of a rate: even between two figures, with normal shoulders.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plateau {
    /// Where it begins to be even.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
    /// Standard deviation below.
    pub shoulder_from: f64,
    /// Standard deviation above.
    pub shoulder_to: f64,
}

/// Gaps.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    /// Seconds that one scan is watched at most.
    pub longest: f64,
    /// Least gamma shape of a local sender's gaps.
    pub shape_from: f64,
    /// Greatest.
    pub shape_to: f64,
    /// Share of local senders that sleep a random time, which is Poisson.
    pub sleeps: f64,
    /// Share of long lists whose rate drifts.
    pub drift: f64,
    /// Least shape that drifting gives.
    pub drift_to: f64,
}

/// Walks in order.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the names are those of the kinds")]
pub struct Order {
    pub internet_wide: f64,
    pub block: f64,
    pub organisation: f64,
    pub curated: f64,
    /// Share of walks that begin at an edge.
    #[serde(rename = "from_edge")]
    pub from_edge: f64,
}

/// Share of scans watched to their end.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the names are those of the kinds; repeats are explained in the file")]
pub struct Coverage {
    pub internet_wide: f64,
    pub block: f64,
    pub organisation: f64,
    pub internet_repeats: f64,
    pub block_repeats: f64,
}

/// What a scan of one block takes as its block.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extent {
    /// An own block.
    pub own: f64,
    /// A prefix within.
    pub part: f64,
    /// A prefix around.
    pub wider: f64,
    /// Any range within.
    pub range: f64,
    /// How much rarer each step wider is.
    pub wider_step: f64,
}

/// What an organisation's list is.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Organisation {
    /// Share of lists with all known blocks.
    pub all: f64,
    /// Share of those in random order that finish one block before the next.
    pub by_block: f64,
    /// Share of lists that hold further blocks.
    pub others: f64,
}

/// What a curated list is.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Curated {
    /// Misses are Beta(miss, hit).
    pub miss: f64,
    /// See `miss`.
    pub hit: f64,
    /// Share of lists that lie within our blocks alone.
    pub ours_alone: f64,
    /// Share of lists of host and port.
    pub pairs: f64,
}

/// How many hosts are live.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Live {
    /// Where the density's 1/A ends, as a share of all addresses.
    pub floor: f64,
    /// Share of networks that answer on every address.
    pub all: f64,
}

impl Prior {
    /// The numbers in `data/lists.toml`.
    pub fn shipped() -> &'static Self {
        static SHIPPED: LazyLock<Prior> = LazyLock::new(|| {
            Prior::parse(include_str!("../../../../data/lists.toml")).expect("the shipped prior is tested")
        });
        &SHIPPED
    }

    /// From the text of such a file.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let prior: Self = toml::from_str(text).map_err(|e| e.to_string())?;
        let kinds = prior.kind.all();
        let sum: f64 = kinds.iter().sum();
        if (sum - 1.0).abs() > 1e-6 || kinds.iter().any(|share| *share <= 0.0) {
            return Err(format!("[kind]: the shares are positive and their sum is 1, not {sum}"));
        }
        let Extent { own, part, wider, range, .. } = prior.extent;
        if (own + part + wider + range - 1.0).abs() > 1e-6 {
            return Err("[extent]: the shares own, part, wider and range have the sum 1".to_owned());
        }
        let rates = [prior.rate.internet, prior.rate.local, prior.rate.curated];
        if rates.iter().any(|r| r.from >= r.to || r.shoulder_from <= 0.0 || r.shoulder_to <= 0.0) {
            return Err("[rate]: from lies below to, and shoulders are positive".to_owned());
        }
        Ok(prior)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_prior_reads_and_a_wrong_one_is_refused() {
        let shipped = include_str!("../../../../data/lists.toml");
        assert!((Prior::shipped().verdict.least - 0.8).abs() < 1e-9);
        let wrong = shipped.replacen("block = 0.30", "block = 0.50", 1);
        assert!(Prior::parse(&wrong).unwrap_err().starts_with("[kind]"));
        let wrong = shipped.replacen("own = 0.55", "own = 0.75", 1);
        assert!(Prior::parse(&wrong).unwrap_err().starts_with("[extent]"));
    }
}
