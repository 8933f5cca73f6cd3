//! What was meant: the values of the command line, checked, with their defaults.

mod blocks;
mod maps;
mod screen;
mod size;

use std::num::NonZero;

use ipnet::IpNet;
use jiff::tz::TimeZone;
use watchpost_core::inventory::Inventory;
use watchpost_core::pipeline::Settings;
use watchpost_formats::log::Assume;

use crate::args;
use crate::exit::Failure;
use crate::inventory;
pub use maps::maps;
pub use screen::Screen;

/// The shard key where none is given. It is fixed, so that the same input gives the same records everywhere.
const SHARD_KEY: u64 = 0x7761_7463_6870_6f73;

/// More threads than this do not help: the state has 64 shards.
const MOST_THREADS: usize = 64;

/// The checked form of [`args::Analysis`] but for its inputs.
#[derive(Clone, Debug)]
pub struct Analysis {
    /// The own blocks, in the order given, none twice.
    pub blocks: Vec<IpNet>,
    /// Bytes for state.
    pub memory: u64,
    /// Threads that judge.
    pub threads: usize,
    /// Key of the shard hash.
    pub key: u64,
    /// Whether a damaged input is an error.
    pub strict: bool,
    /// What logs leave out.
    pub assume: Assume,
    /// What a survey found.
    pub survey: Option<Inventory>,
}

impl Analysis {
    /// Checks what was typed.
    ///
    /// # Errors
    /// A value that makes no sense, with what would.
    pub fn new(typed: &args::Analysis, quiet: bool) -> Result<Self, Failure> {
        let mut blocks = blocks::parse(&typed.blocks)?;
        let survey = typed.survey.as_deref().map(|name| inventory::read(name, quiet)).transpose()?;
        if typed.survey.as_deref().is_some_and(|name| name == "-")
            && typed.inputs.iter().any(|name| name == "-")
        {
            let hint = "Name a file for one of them.";
            return Err(Failure::usage("standard input is a survey or traffic, not both", hint));
        }
        if let (true, Some(survey)) = (blocks.is_empty(), &survey) {
            blocks = survey.survey.blocks.iter().filter_map(|block| block.parse().ok()).collect();
        }
        Ok(Self {
            blocks,
            survey,
            memory: size::parse(&typed.memory)?,
            threads: threads(typed.threads)?,
            key: typed.shard_key.as_deref().map_or(Ok(SHARD_KEY), shard_key)?,
            strict: typed.strict,
            assume: Assume {
                year: typed.year,
                zone: typed.tz.as_deref().map(zone).transpose()?,
                maps: maps(&typed.map)?,
            },
        })
    }

    /// The same for the engine.
    pub fn settings(&self) -> Settings {
        Settings { blocks: self.blocks.clone(), memory: self.memory, threads: self.threads, key: self.key }
    }
}

fn threads(typed: Option<usize>) -> Result<usize, Failure> {
    match typed {
        None => Ok(std::thread::available_parallelism().map_or(1, NonZero::get).min(MOST_THREADS)),
        Some(n) if (1..=MOST_THREADS).contains(&n) => Ok(n),
        Some(n) => Err(Failure::usage(
            format!("--threads {n}: there can be 1 to {MOST_THREADS}"),
            "Leave the option out for one thread a processor.",
        )),
    }
}

/// A name of the time zone database, or an offset.
fn zone(typed: &str) -> Result<TimeZone, Failure> {
    let offset = || format!("1970-01-01T00:00:00{typed}").parse::<jiff::Timestamp>().ok();
    let fixed = || {
        let seconds = -offset()?.as_second();
        Some(TimeZone::fixed(jiff::tz::Offset::from_seconds(i32::try_from(seconds).ok()?).ok()?))
    };
    TimeZone::get(typed).ok().or_else(fixed).ok_or_else(|| {
        Failure::usage(
            format!("--tz {typed}: neither a time zone's name nor an offset"),
            "For example --tz Europe/Berlin, --tz +02:00 or --tz UTC.",
        )
    })
}

fn shard_key(typed: &str) -> Result<u64, Failure> {
    u64::from_str_radix(typed.trim_start_matches("0x"), 16).map_err(|_| {
        Failure::usage(
            format!("--shard-key {typed}: not a hexadecimal number of up to 16 digits"),
            "For example --shard-key 5eed. It is only needed to repeat a run that used another key.",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_bounded() {
        assert_eq!(threads(Some(3)).unwrap(), 3);
        assert!(threads(Some(0)).is_err());
        assert!(threads(Some(65)).is_err());
        assert!(threads(None).unwrap() >= 1);
    }

    #[test]
    fn a_key_is_hexadecimal() {
        assert_eq!(shard_key("0x5eed").unwrap(), 0x5eed);
        assert!(shard_key("seed").is_err());
    }
}
