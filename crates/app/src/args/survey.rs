//! What was typed behind `watchpost survey`.

use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{Args, ValueEnum};

use super::{Level, Screen};

/// Taking a survey.
#[derive(Debug, Args)]
pub struct Take {
    /// Addresses and prefixes to ask, as far as they are in the scope [default: all of its IPv4 addresses, and IPv6 by list and pattern]
    #[arg(value_name = "TARGET")]
    pub targets: Vec<String>,
    /// The scope file: `watchpost scope check --help` shows one
    #[arg(
        long,
        value_name = "FILE",
        default_value = "scope.toml",
        env = "WATCHPOST_SCOPE",
        hide_env_values = true
    )]
    pub scope: PathBuf,
    /// TCP ports, e.g. 22,80,8000-8100; `all` for every port that the scope allows
    #[arg(long, value_name = "PORTS", help_heading = "What is asked")]
    pub tcp: Option<String>,
    /// UDP ports; `all` for those whose services are known to answer
    #[arg(long, value_name = "PORTS", help_heading = "What is asked")]
    pub udp: Option<String>,
    /// The N TCP ports that are looked for most [default: 100, if neither --tcp nor --udp is given]
    #[arg(long, value_name = "N", conflicts_with = "tcp", value_parser = clap::value_parser!(u16).range(1..=200), help_heading = "What is asked")]
    pub top_ports: Option<u16>,
    /// Further addresses to ask, most of all IPv6: a file with one a line, or records of `watchpost detect --json`, whose answering hosts count
    #[arg(long, value_name = "FILE", help_heading = "What is asked")]
    pub hitlist: Vec<OsString>,
    /// Which hosts get every question: auto asks first who is there if there are more than 32 ports
    #[arg(long, value_enum, default_value_t = Discovery::Auto, help_heading = "What is asked")]
    pub discover: Discovery,
    /// Find open ports only: neither ask what runs there nor what it exposes
    #[arg(long, value_parser = FalseyValueParser::new(), help_heading = "What is asked")]
    pub no_identify: bool,
    /// A folder with a copy of Recog's fingerprints, which come before those that are built in
    #[arg(
        long,
        value_name = "FOLDER",
        env = "WATCHPOST_RECOG",
        hide_env_values = true,
        help_heading = "What is asked"
    )]
    pub recog: Option<PathBuf>,

    /// Send by raw packets or not at all [default: raw if allowed, else connect]
    #[arg(long, conflicts_with = "connect", help_heading = "How it is sent")]
    pub raw: bool,
    /// Send by ordinary connections, which need no privilege
    #[arg(long, help_heading = "How it is sent")]
    pub connect: bool,
    /// The interface [default: as the routes say]
    #[arg(long, value_name = "NAME", help_heading = "How it is sent")]
    pub interface: Option<String>,
    /// The own address, one of each family at most [default: as the routes say]
    #[arg(long, value_name = "ADDRESS", help_heading = "How it is sent")]
    pub source: Vec<IpAddr>,
    /// The router's Ethernet address [default: as the system knows it; without one the system routes each packet]
    #[arg(long, value_name = "MAC", help_heading = "How it is sent")]
    pub gateway_mac: Option<String>,
    /// Packets a second in all; never more than the scope allows
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "How it is sent")]
    pub rate: Option<u32>,
    /// Times that each question is asked at most, if nothing answers [default: 2 to 6, until less than 0.02 % can be missed]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=15), help_heading = "How it is sent")]
    pub passes: Option<u8>,
    /// Seconds that answers are waited for after each pass
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0, value_parser = seconds, help_heading = "How it is sent")]
    pub wait: f64,
    /// Ask only the I-th of N parts, e.g. 1/3; all parts need the same --seed
    #[arg(long, value_name = "I/N", requires = "seed", help_heading = "How it is sent")]
    pub shard: Option<String>,
    /// A number that the order follows from [default: a random one]
    #[arg(long, value_name = "NUMBER", help_heading = "How it is sent")]
    pub seed: Option<u64>,

    /// Control of the blocks is not proved (a TXT record, a served token), and you answer for it
    #[arg(long, value_parser = FalseyValueParser::new(), env = "WATCHPOST_UNPROVEN", help_heading = "Safety")]
    pub unproven: bool,
    #[command(flatten)]
    #[allow(missing_docs, reason = "see ProofOptions")]
    pub proof: ProofOptions,
    /// Send nothing; print what would be sent
    #[arg(long, value_parser = FalseyValueParser::new(), help_heading = "Safety")]
    pub dry_run: bool,
    #[command(flatten)]
    #[allow(missing_docs, reason = "see Safeguards")]
    pub safeguards: Safeguards,

    /// Write the survey to a file; compressed if its name ends in .zst
    #[arg(short, long, value_name = "FILE", help_heading = "Results")]
    pub out: Option<PathBuf>,
    /// The survey before, whose services are held against this one's
    #[arg(long, value_name = "FILE", help_heading = "Results")]
    pub previous: Option<OsString>,
    /// Which services may be seen where
    #[arg(
        long,
        value_name = "FILE",
        env = "WATCHPOST_POLICY",
        hide_env_values = true,
        help_heading = "Results"
    )]
    pub policy: Option<PathBuf>,
    /// Go on with a survey that was stopped: the file that was named then
    #[arg(long, value_name = "FILE", help_heading = "Results")]
    pub resume: Option<PathBuf>,
    /// Again and again, e.g. 24h, each held against the last: --out names a folder then
    #[arg(long, value_name = "DURATION", requires = "out", conflicts_with_all = ["previous", "resume", "dry_run"], help_heading = "Results")]
    pub every: Option<String>,
    /// With --every: end after so many surveys
    #[arg(long, value_name = "N", requires = "every", help_heading = "Results")]
    pub times: Option<u64>,
    /// Print the survey's records, one a line; errors become JSON as well
    #[arg(long, hide_env_values = true, env = "WATCHPOST_JSON", value_parser = FalseyValueParser::new(), help_heading = "Results")]
    pub json: bool,
    /// End with status 1 if something outside the policy is exposed that is so severe, or more
    #[arg(long, value_enum, value_name = "SEVERITY", help_heading = "Results")]
    pub fail_on: Option<Level>,
}

/// `watchpost survey join`.
#[derive(Debug, Args)]
pub struct Join {
    /// The parts' files, plain or compressed, in any order; - for standard input
    #[arg(value_name = "PART", required = true)]
    pub parts: Vec<OsString>,
    /// Where the whole is written; compressed if its name ends in .zst
    #[arg(short, long, value_name = "FILE", help_heading = "Results")]
    pub out: PathBuf,
    /// The survey before, whose services are held against the whole
    #[arg(long, value_name = "FILE", help_heading = "Results")]
    pub previous: Option<OsString>,
    /// Print the whole's records, one a line; errors become JSON as well
    #[arg(long, hide_env_values = true, env = "WATCHPOST_JSON", value_parser = FalseyValueParser::new(), help_heading = "Results")]
    pub json: bool,
    #[command(flatten)]
    #[allow(missing_docs, reason = "see Screen")]
    pub screen: Screen,
}

/// Where the proof of control is looked for.
#[derive(Debug, Args)]
pub struct ProofOptions {
    /// The DNS server that is asked for the TXT record [default: the system's]
    #[arg(long, value_name = "ADDRESS:PORT", help_heading = "Safety")]
    pub resolver: Option<SocketAddr>,
    /// A host of the blocks that serves the token over HTTP
    #[arg(long, value_name = "ADDRESS[:PORT]", help_heading = "Safety")]
    pub token_host: Vec<String>,
}

/// What holds wherever something is sent to hosts of the blocks.
#[derive(Debug, Args)]
pub struct Safeguards {
    /// Sending ends within a second when this file appears
    #[arg(
        long,
        value_name = "FILE",
        default_value = "watchpost.stop",
        env = "WATCHPOST_STOP_FILE",
        hide_env_values = true,
        help_heading = "Safety"
    )]
    pub stop_file: PathBuf,
    /// The log of what was done, a chain of hashes
    #[arg(
        long,
        value_name = "FILE",
        default_value = "watchpost-audit.ndjson",
        env = "WATCHPOST_AUDIT",
        hide_env_values = true,
        help_heading = "Safety"
    )]
    pub audit: PathBuf,
}

/// Which hosts get every question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Discovery {
    /// Those that are there, if there are many ports to ask; else all
    Auto,
    /// Those that are there
    First,
    /// All
    Off,
    /// None: only who is there
    Only,
}

fn seconds(typed: &str) -> Result<f64, String> {
    match typed.parse::<f64>() {
        Ok(seconds) if (0.0..=3_600.0).contains(&seconds) => Ok(seconds),
        _ => Err("not a number of seconds from 0 to 3600".to_owned()),
    }
}
