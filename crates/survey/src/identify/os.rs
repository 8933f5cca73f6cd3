//! Operating systems by their SYN-ACKs: what a stack does with TTL, window, options and IP ID when it accepts.
//!
//! The problem: most services name no system. The way: signatures of the project's own, each measured from a stack whose system is known
//! (`data/fingerprints/os.toml`). All traits of a signature must hold, and signatures that name different systems together name none:
//! unknown is said rather than a guess. Limits: it is the stack that answers the SYN which is told, so a proxy or load balancer in front
//! tells of itself; systems that nobody has measured are unknown; a SYN that offers few options learns from few.

use std::sync::OnceLock;

use serde::Deserialize;
use watchpost_core::inventory::OsGuess;

use crate::wire::SynAck;

/// Hops that may lie between.
const MOST_HOPS: u8 = 30;
/// What a router on the way may have lowered: the segments of Ethernet, IPv4 and IPv6.
const USUAL_MSS: [u32; 2] = [1_460, 1_440];
/// Bytes of a timestamp in each segment (RFC 7323, with padding).
const TIMESTAMP: u32 = 12;
/// The largest window without scaling, which a SYN-ACK never has.
const FULL: u32 = 65_535;
/// Bytes that a TCP header has for options.
const MOST_OPTIONS: usize = 40;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    signature: Vec<Signature>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signature {
    name: String,
    /// Where it comes from: for people.
    #[allow(dead_code, reason = "read by people and by tests")]
    measured: String,
    ttl: u8,
    dont_fragment: bool,
    ip_id: IpId,
    window: Window,
    layouts: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
enum IpId {
    #[serde(rename = "zero")]
    Zero,
    #[serde(rename = "not zero")]
    NotZero,
    #[serde(rename = "any")]
    Any,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Window {
    Fill,
    Segments(u32),
    Bytes(u32),
}

/// What the options say.
#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    /// `MSS SACK TS NOP WS`.
    layout: String,
    mss: Option<u32>,
    scale: Option<u8>,
    has_timestamp: bool,
}

impl Options {
    /// None where they are not sound.
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut options = Self::default();
        let mut rest = bytes.get(..bytes.len().min(MOST_OPTIONS))?;
        let mut names: Vec<&str> = Vec::new();
        while let Some((&kind, behind)) = rest.split_first() {
            match kind {
                // The end: what is behind fills the word up.
                0 => {
                    names.push("EOL");
                    break;
                }
                1 => {
                    names.push("NOP");
                    rest = behind;
                    continue;
                }
                _ => {}
            }
            let length = usize::from(*behind.first()?);
            let value = rest.get(2..length)?;
            names.push(match (kind, value) {
                (2, [high, low]) => {
                    options.mss = Some(u32::from(*high) << 8 | u32::from(*low));
                    "MSS"
                }
                (3, [scale]) => {
                    options.scale = Some(*scale);
                    "WS"
                }
                (4, []) => "SACK",
                (8, [_, _, _, _, _, _, _, _]) => {
                    options.has_timestamp = true;
                    "TS"
                }
                _ => "?",
            });
            rest = rest.get(length..)?;
        }
        options.layout = names.join(" ");
        Some(options)
    }
}

impl Signature {
    fn fits(&self, seen: &SynAck, options: &Options) -> bool {
        let hops = self.ttl.checked_sub(seen.ttl);
        let id = match self.ip_id {
            IpId::Zero => seen.ip_id == 0,
            IpId::NotZero => seen.ip_id != 0,
            IpId::Any => true,
        };
        hops.is_some_and(|hops| hops <= MOST_HOPS)
            && id
            && self.dont_fragment == seen.dont_fragment
            && self.layouts.contains(&options.layout)
            && self.window.fits(u32::from(seen.window), options)
    }
}

impl Window {
    fn fits(self, window: u32, options: &Options) -> bool {
        let Some(told) = options.mss else { return false };
        let overhead = if options.has_timestamp { TIMESTAMP } else { 0 };
        let lowered = USUAL_MSS.into_iter().filter(|usual| *usual > told);
        let segments = std::iter::once(told).chain(lowered).filter_map(|mss| mss.checked_sub(overhead));
        match self {
            Self::Bytes(bytes) => window == bytes,
            Self::Segments(count) => {
                segments.into_iter().any(|segment| segment > 0 && window == count * segment)
            }
            Self::Fill => segments.into_iter().any(|segment| {
                FULL.checked_div(segment).is_some_and(|count| window == count * segment && count > 0)
            }),
        }
    }
}

fn signatures() -> &'static [Signature] {
    static SHIPPED: OnceLock<Vec<Signature>> = OnceLock::new();
    SHIPPED.get_or_init(|| {
        let text = include_str!("../../../../data/fingerprints/os.toml");
        // A test reads the file; what could not be read would be known of nobody.
        toml::from_str::<File>(text).map(|file| file.signature).unwrap_or_default()
    })
}

/// The system whose SYN-ACK this is; none: unknown.
pub fn guess(seen: &SynAck) -> Option<OsGuess> {
    let options = Options::read(&seen.options)?;
    let mut fitting = signatures().iter().filter(|signature| signature.fits(seen, &options));
    let name = &fitting.next()?.name;
    if fitting.any(|other| other.name != *name) {
        return None;
    }
    let layout = match options.scale {
        Some(scale) => options.layout.replace("WS", &format!("WS{scale}")),
        None => options.layout,
    };
    let because = format!("SYN-ACK: TTL {}, window {}, {layout}", seen.ttl, seen.window);
    Some(OsGuess { name: name.clone(), because })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seen(ttl: u8, window: u16, options: &str, dont_fragment: bool, ip_id: u16) -> SynAck {
        let byte = |at| u8::from_str_radix(&options[at..at + 2], 16).unwrap();
        SynAck {
            ttl,
            window,
            options: (0..options.len()).step_by(2).map(byte).collect(),
            dont_fragment,
            ip_id,
            to_full: true,
        }
    }

    fn name(seen: &SynAck) -> Option<String> {
        guess(seen).map(|guess| guess.name)
    }

    const LINUX: &str = "020405b40402080a236b11facaa1e9000103030a";

    #[test]
    fn measured_stacks_are_known() {
        assert!(
            signatures().len() >= 5
                && signatures().iter().all(|s| !s.measured.is_empty() && !s.layouts.is_empty())
        );
        let linux = guess(&seen(64, 65_160, LINUX, true, 0)).unwrap();
        assert_eq!(linux.name, "Linux");
        assert_eq!(linux.because, "SYN-ACK: TTL 64, window 65160, MSS SACK TS NOP WS10");
        for (window, options) in [
            (64_240, "020405b4"),
            (64_240, "020405b4010104020103030a"),
            (65_160, "020405b40101080af98a3d0500003039"),
            // Links of 1,280, 9,000 and 65,536 bytes.
            (65_084, "020404d80402080a48b47874000030390103030a"),
            (62_720, "02042300"),
            (65_483, "0204ffd70402080a48b47f78000030390103030a"),
            // Older: Ubuntu of 2015, of 2011, and servers of 2010, one behind a router that lowers the MSS.
            (29_200, "020405b40101040201030307"),
            (14_480, "020405b40402080a001c9c462af721c801030306"),
            (5_792, "020405b40402080a216e1897001be7c501030309"),
            (5_792, "020405640101080aeab21e2a147cae5801030301"),
        ] {
            assert_eq!(
                name(&seen(57, window, options, true, 0)).as_deref(),
                Some("Linux"),
                "{window} {options}"
            );
        }
        let windows = seen(128, 8_192, "020405b4010303080402080a090b088bffffffff", true, 0x2c89);
        assert_eq!(name(&windows).as_deref(), Some("Windows"));
    }

    #[test]
    fn what_is_not_whole_or_not_known_stays_unknown() {
        assert_eq!(name(&seen(34, 65_160, LINUX, true, 0)).as_deref(), Some("Linux"));
        for (why, seen) in [
            ("31 hops", seen(33, 65_160, LINUX, true, 0)),
            ("a TTL above where Linux starts", seen(65, 65_160, LINUX, true, 0)),
            ("the IP ID", seen(64, 65_160, LINUX, true, 7)),
            ("no DF", seen(64, 65_160, LINUX, false, 0)),
            ("the window", seen(64, 65_535, LINUX, true, 0)),
            ("another order", seen(64, 65_160, "020405b40103030a0402080a236b11facaa1e900", true, 0)),
            ("cut off", seen(64, 65_160, "020405b40402080a23", true, 0)),
            ("a length of 0", seen(64, 65_160, "020405b40800", true, 0)),
            ("no options, as SYN proxies answer", seen(64, 0, "", true, 0)),
            ("a load balancer", seen(247, 4_140, "02040564010303000101080ad95200e9147cae96", true, 0xac05)),
            ("a relay on a desktop", seen(128, 64_240, "020405b4", false, 0x2d00)),
        ] {
            assert_eq!(name(&seen), None, "{why}");
        }
    }

    proptest! {
        #[test]
        fn no_options_panic(options in prop::collection::vec(any::<u8>(), 0..64), ttl: u8, window: u16, ip_id: u16) {
            let _ = guess(&SynAck { ttl, window, options, dont_fragment: true, ip_id, to_full: true });
        }
    }
}
