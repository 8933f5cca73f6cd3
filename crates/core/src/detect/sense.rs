//! What a vantage may not see, and what is blind without it.
//!
//! A sensor that cannot see something must say so, and say what that costs: each detector names the senses that it needs, each
//! format of input those that it lacks.

use super::DETECTORS;
use crate::record::Blind;

/// Something that is seen, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sense {
    /// Which addresses are own ones.
    Direction,
    /// Questions, not answers alone.
    Probes,
    /// What goes back: both directions of traffic.
    Replies,
    /// What came of what a filter let through.
    Answers,
    /// How each contact went.
    Outcomes,
    /// What a filter refused.
    Denied,
    /// What a filter let through, ordinary visits above all.
    Accepted,
    /// Every packet or flow, not a sample of them.
    Everything,
    /// As many lines as there were packets.
    Counts,
    /// When each packet came.
    Times,
    /// TCP flags.
    Flags,
    /// Packets that belong to no connection.
    Strays,
    /// TCP options.
    Options,
    /// Window, time to live, IP id.
    Headers,
    /// Headers of answers.
    Stacks,
    /// ICMP's type.
    Pings,
    /// What is said on connections.
    Words,
    /// Later visits.
    Returns,
}

impl Sense {
    /// As it stands in records and summaries.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Direction => "direction",
            Self::Probes => "probes",
            Self::Replies => "replies",
            Self::Answers => "answers",
            Self::Outcomes => "outcomes",
            Self::Denied => "denied contacts",
            Self::Accepted => "accepted contacts",
            Self::Everything => "every packet",
            Self::Counts => "counts",
            Self::Times => "times",
            Self::Flags => "TCP flags",
            Self::Strays => "stray packets",
            Self::Options => "TCP options",
            Self::Headers => "header fields",
            Self::Stacks => "stacks",
            Self::Pings => "ICMP types",
            Self::Words => "words",
            Self::Returns => "returns",
        }
    }

    /// The detectors that are blind, or see less, without it; and of what depth asks the tools and the target lists.
    pub fn needed_by(self) -> Vec<&'static str> {
        let detectors = DETECTORS.iter().filter(|spec| spec.needs.contains(&self)).map(|spec| spec.name);
        let depth = match self {
            Self::Options | Self::Headers => Some("tools"),
            Self::Everything => Some("target lists"),
            _ => None,
        };
        detectors.chain(depth).collect()
    }

    /// That it is not seen, and why.
    pub fn blind(self, why: impl Into<String>) -> Blind {
        let detectors = self.needed_by().into_iter().map(str::to_owned).collect();
        Blind { what: self.name().to_owned(), why: why.into(), detectors }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_detector_needs_something_that_an_input_may_lack() {
        assert!(DETECTORS.iter().all(|spec| !spec.needs.is_empty()));
        assert_eq!(Sense::Headers.needed_by(), ["traceroute", "tools"]);
        let blind = Sense::Denied.blind("they are not logged");
        assert_eq!(
            (blind.what.as_str(), blind.detectors.join(" ")),
            ("denied contacts", "outcome breadth".into())
        );
    }
}
