//! Sets of ports.

use std::fmt;

/// Ports 1 to 65535, as sorted, disjoint ranges with both ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ports(Vec<(u16, u16)>);

impl Ports {
    /// From `22,80,8000-8100`; empty text is no port.
    ///
    /// # Errors
    /// What is no port or range.
    pub fn parse(text: &str) -> Result<Self, String> {
        let port = |text: &str| match text.trim().parse::<u16>() {
            Ok(port @ 1..) => Ok(port),
            _ => Err(format!("{:?} is no port from 1 to 65535", text.trim())),
        };
        let mut ranges = Vec::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (port(first)?, port(last)?);
            if first > last {
                return Err(format!("{part:?} ends before it begins"));
            }
            ranges.push((first, last));
        }
        ranges.sort_unstable();
        let mut joined: Vec<(u16, u16)> = Vec::new();
        for (first, last) in ranges {
            match joined.last_mut() {
                Some(before) if first <= before.1.saturating_add(1) => before.1 = before.1.max(last),
                _ => joined.push((first, last)),
            }
        }
        Ok(Self(joined))
    }

    /// Whether a port is in it.
    pub fn contains(&self, port: u16) -> bool {
        self.0.iter().any(|(first, last)| (*first..=*last).contains(&port))
    }

    /// How many.
    pub fn count(&self) -> u32 {
        self.0.iter().map(|(first, last)| u32::from(last - first) + 1).sum()
    }

    /// Each, rising.
    pub fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        self.0.iter().flat_map(|(first, last)| *first..=*last)
    }
}

impl fmt::Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (first, last)) in self.0.iter().enumerate() {
            let comma = if place > 0 { "," } else { "" };
            if first == last { write!(f, "{comma}{first}")? } else { write!(f, "{comma}{first}-{last}")? }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_written_and_back() {
        let ports = Ports::parse("443, 22,80-81,82,8000-8100,8050").unwrap();
        assert_eq!(ports.to_string(), "22,80-82,443,8000-8100");
        assert_eq!((ports.count(), ports.iter().count()), (106, 106));
        assert!(ports.contains(8100) && !ports.contains(8101) && !ports.contains(0));
        assert_eq!(Ports::parse("1-65535").unwrap().count(), 65_535);
        assert_eq!(Ports::parse("").unwrap().count(), 0);
    }

    #[test]
    fn what_is_no_port_is_named() {
        for (text, why) in [("0", "\"0\""), ("22,x", "\"x\""), ("5-3", "ends before"), ("70000", "\"70000\"")]
        {
            let error = Ports::parse(text).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }
}
