//! The scope file as it is written: TOML, every key named below and no other.

use serde::{Deserialize, Serialize};
use toml::Spanned;

/// `scope.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    /// Who holds the blocks.
    pub organisation: Spanned<String>,
    /// Who allowed it: a person or a role that can be asked.
    pub authorised_by: Spanned<String>,
    /// The last day on which it holds, in UTC: `2027-06-30`.
    pub valid_until: Spanned<String>,
    /// Where the scanned find out who scans them: goes into probe descriptions and User-Agent.
    pub about: Spanned<String>,
    /// Own blocks.
    pub blocks: Vec<Spanned<String>>,
    /// What of them is left out.
    #[serde(default)]
    pub exclude: Vec<Spanned<String>>,
    /// Allowed TCP ports: `22,80,443,8000-8100`.
    #[serde(default)]
    pub tcp: Option<Spanned<String>>,
    /// Allowed UDP ports.
    #[serde(default)]
    pub udp: Option<Spanned<String>>,
    /// Whether ICMP echo and timestamp requests are allowed.
    #[serde(default)]
    pub icmp: bool,
    /// Whether special-purpose space may be named: for a lab without a route to the outside.
    #[serde(default)]
    pub lab: bool,
    /// Caps.
    #[serde(default)]
    pub rate: Rate,
    /// When; none: at any time.
    #[serde(default, rename = "window")]
    pub windows: Vec<Window>,
}

/// Caps of what is really sent, packets a second. The defaults are gentle.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct Rate {
    /// In all.
    pub all: u32,
    /// To each /24 or /64.
    pub network: u32,
    /// To each host.
    pub host: u32,
}

impl Rate {
    /// The lower of each.
    #[must_use]
    pub fn no_more_than(self, cap: Self) -> Self {
        Self {
            all: self.all.min(cap.all),
            network: self.network.min(cap.network),
            host: self.host.min(cap.host),
        }
    }
}

impl Default for Rate {
    fn default() -> Self {
        Self { all: 1_000, network: 100, host: 5 }
    }
}

/// A time of the week.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Window {
    /// `mon` to `sun`; none: every day. A window over midnight belongs to the day on which it begins.
    #[serde(default)]
    pub days: Vec<Spanned<String>>,
    /// `20:00`.
    pub from: Spanned<String>,
    /// `06:00`; not later than `from`: of the next day.
    pub until: Spanned<String>,
    /// `Europe/Berlin`; none: UTC.
    #[serde(default)]
    pub zone: Option<Spanned<String>>,
}
