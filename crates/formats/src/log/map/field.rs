//! What a map can name: the fields of a line, and the words that say how it went.

use std::fmt;

use serde::Deserialize;
use watchpost_core::contact::Outcome;

/// A field of a line. Its name in a map is this one in lower case with `_` between words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// When it began (with `lasted`: when it ended).
    Time,
    /// The day, where it stands by itself.
    Date,
    /// The time of day, where it stands by itself.
    Clock,
    /// Seconds that it lasted.
    Lasted,
    /// Who started it, or sent it.
    Source,
    /// The source's port.
    SourcePort,
    /// Who was asked.
    Target,
    /// The service's port.
    TargetPort,
    /// The transport: a protocol's name or number.
    Transport,
    /// ICMP's type and code together.
    Icmp,
    /// ICMP's type.
    IcmpType,
    /// ICMP's code.
    IcmpCode,
    /// Packets that the source sent.
    Packets,
    /// Packets that the target sent.
    PacketsBack,
    /// Bytes that the target sent.
    BytesBack,
    /// TCP flags of the source.
    Flags,
    /// TCP flags of the target.
    FlagsBack,
    /// Time to live, or hop limit.
    Ttl,
    /// TCP's window.
    Window,
    /// IPv4's identification.
    IpId,
    /// TCP's sequence number.
    Sequence,
    /// IPv4's "don't fragment".
    DontFragment,
    /// Bytes behind the transport's header.
    Payload,
    /// How it went, in the product's words.
    Outcome,
    /// Which way the line is written, in the product's words.
    Direction,
}

/// How many there are.
pub const FIELDS: usize = Field::Direction as usize + 1;

impl Field {
    /// Those of one packet's headers.
    pub const HEADERS: [Self; 6] =
        [Self::Ttl, Self::Window, Self::IpId, Self::Sequence, Self::DontFragment, Self::Payload];
    /// Those that count what came back.
    pub const BACK: [Self; 3] = [Self::PacketsBack, Self::BytesBack, Self::FlagsBack];
}

impl fmt::Display for Field {
    /// As a map names it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, letter) in format!("{self:?}").chars().enumerate() {
            if place > 0 && letter.is_ascii_uppercase() {
                f.write_str("_")?;
            }
            write!(f, "{}", letter.to_ascii_lowercase())?;
        }
        Ok(())
    }
}

/// How a line says that it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Went {
    /// Nothing is said: counters tell, if there are any.
    Unknown,
    /// A filter let it through: of the target that says nothing.
    Passed,
    /// A filter denied it: as good as silent, but where a private source may not go outwards.
    Denied,
    /// Nothing came back.
    Silent,
    /// It cannot be reached.
    Unreachable,
    /// The target said no.
    Refused,
    /// The target said yes.
    Answered,
    /// The handshake was completed.
    Completed,
    /// The target sent data.
    Told,
    /// The source sent data.
    Asked,
}

impl Went {
    /// What it proves of the target, where that is known whoever asks.
    pub fn outcome(self) -> Option<Outcome> {
        Some(match self {
            Self::Unknown | Self::Passed | Self::Denied => return None,
            Self::Silent => Outcome::Silent,
            Self::Unreachable => Outcome::Unreachable,
            Self::Refused => Outcome::Refused,
            Self::Answered => Outcome::Answered,
            Self::Completed => Outcome::Completed,
            Self::Told => Outcome::Told,
            Self::Asked => Outcome::Asked,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_told_as_it_is_written() {
        assert_eq!(Field::PacketsBack.to_string(), "packets_back");
        assert_eq!((Field::IpId.to_string(), Field::Time.to_string()), ("ip_id".into(), "time".into()));
    }
}
