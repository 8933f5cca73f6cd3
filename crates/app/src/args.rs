//! What was typed. [`crate::config`] checks it and turns it into what was meant.

pub mod survey; // the options of `survey`

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use watchpost_core::record::Severity;

/// The memory budget where none is given.
pub const MEMORY: &str = "512MiB";

const EXAMPLES: &str = "\
Examples:
  watchpost detect border.pcap                         who scans in this capture?
  watchpost detect /var/captures --blocks 192.0.2.0/24,2001:db8::/32
                                                       a folder; these addresses are mine
  zstdcat old.pcap.zst | watchpost detect - --json     from standard input, records for programs
  watchpost explain 7h2k border.pcap                   why is this a scan?
";

const DETECT_EXAMPLES: &str = "\
Examples:
  watchpost detect border.pcap                         one capture
  watchpost detect '*.pcap.zst' --blocks blocks.txt    many, and which addresses are mine
  watchpost detect /var/captures --fail-on high        in a script: status 1 if something matters
  tcpdump -w - -c 100000 | watchpost detect -          what happens right now
  watchpost detect border.pcap --json | jq -c 'select(.severity == \"high\")'
";

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  watchpost explain 7h2k border.pcap                   the id is in the table of `watchpost detect`
  watchpost explain 7h2k border.pcap --blocks 192.0.2.0/24
                                                       give the same options as to detect
";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  source <(watchpost completions bash)                 in this bash, and in ~/.bashrc in every one
  watchpost completions zsh > ~/.zfunc/_watchpost      in zsh; a folder of $fpath
  watchpost completions fish > ~/.config/fish/completions/watchpost.fish
";

const SURVEY_EXAMPLES: &str = "\
Examples:
  watchpost survey                                     the scope's blocks, the ports that are looked for most
  watchpost survey 203.0.113.0/28 --tcp all --udp all --out monday.ndjson.zst
                                                       everything, of some hosts, into a file
  watchpost survey --previous monday.ndjson.zst --out tuesday.ndjson.zst --policy policy.toml
                                                       held against the last one, and against what may be seen
  watchpost survey --every 24h --out surveys/          every day
  watchpost survey --dry-run | head                    what would be sent
  watchpost survey diff monday.ndjson.zst tuesday.ndjson.zst
                                                       what changed between two surveys
";

const DIFF_EXAMPLES: &str = "\
Examples:
  watchpost survey diff monday.ndjson.zst tuesday.ndjson.zst
                                                       what changed, and how sure that is
  watchpost survey diff old.ndjson new.ndjson --fail-on exposed
                                                       in a script: status 1 if something is newly exposed
  watchpost survey diff old.ndjson new.ndjson --json | jq -c 'select(.kind == \"removed\")'
";

const JOIN_EXAMPLES: &str = "\
Examples:
  watchpost survey join one.ndjson.zst two.ndjson.zst three.ndjson.zst --out whole.ndjson.zst
                                                       three machines' parts, taken with --shard 1/3 to 3/3 and one --seed
  watchpost survey join part-*.ndjson.zst --previous monday.ndjson.zst --out tuesday.ndjson.zst
                                                       the same, held against the survey before
";

const SCOPE_EXAMPLE: &str = "\
A scope file:
  organisation = \"Example University\"
  authorised_by = \"Jane Doe, head of IT security\"
  valid_until = \"2027-06-30\"            # the last day, in UTC
  about = \"https://scans.example.org/\"  # where the scanned find out who scans them
  blocks = [\"192.0.2.0/24\"]              # your own; documentation and private space only with lab = true
  exclude = [\"192.0.2.66\"]              # wins over blocks
  tcp = \"1-65535\"                       # what is not named is not asked
  udp = \"53,123,161\"
  icmp = true
  [rate]                                # packets a second; these are the defaults
  all = 1000
  network = 100                         # to each /24 or /64
  host = 5
  [[window]]                            # when; without one at any time
  days = [\"sat\", \"sun\"]
  from = \"20:00\"
  until = \"06:00\"                       # of the next day
  zone = \"Europe/Berlin\"
";

const AFTER: &str = "\
Exit status:
  0    done; also when scans were found, unless --fail-on says otherwise
  1    --fail-on was met
  2    the command line does not make sense
  3    a scope file or an audit log does not hold
  4    an input could not be read, or with --strict is damaged (the others were read and reported)
  70   a fault of Watchpost itself
  74   the output could not be written
  130  interrupted; what was read until then was reported
Results go to standard output, everything else to standard error. All times are UTC.";

/// Who scans your address blocks, how, and what they learned.
#[derive(Debug, Parser)]
#[command(name = "watchpost", version = env!("WATCHPOST_VERSION"), before_help = EXAMPLES, after_help = AFTER, max_term_width = 110)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    #[allow(missing_docs, reason = "its variants are documented, and a line here would end up in the help")]
    pub command: Command,
}

/// One command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Find the scans in packet captures, logs and flow exports.
    ///
    /// Reads pcap, pcapng and the logs that `watchpost list formats` names, plain or compressed with gzip or zstd; the format is
    /// recognised from the content.
    #[command(before_help = DETECT_EXAMPLES, after_help = AFTER)]
    Detect(Detect),
    /// Say in words and numbers why one scan was reported.
    ///
    /// Runs the same analysis as `detect` on the same inputs, and prints the ledger behind the verdict.
    #[command(before_help = EXPLAIN_EXAMPLES, after_help = AFTER)]
    Explain(Explain),
    /// List what this build can read, and what it looks for.
    List(List),
    /// Look at one's own blocks from outside.
    #[command(before_help = SURVEY_EXAMPLES, after_help = AFTER)]
    Survey(Box<Survey>),
    /// Say what a scope file allows to probe, or what is wrong with it.
    #[command(subcommand)]
    Scope(Scope),
    /// Show that an audit log is whole.
    #[command(subcommand)]
    Audit(Audit),
    /// Print a script that completes commands and options in a shell.
    #[command(before_help = COMPLETIONS_EXAMPLES)]
    Completions(Completions),
}

/// `watchpost detect`.
#[derive(Debug, Args)]
pub struct Detect {
    #[command(flatten)]
    #[allow(missing_docs, reason = "see Analysis")]
    pub analysis: Analysis,
    #[command(flatten)]
    #[allow(missing_docs, reason = "see Screen")]
    pub screen: Screen,
    /// How to print the results: a table for people, json (one record a line, the `run` record last), csv or md
    #[arg(long, value_enum, default_value_t = Format::Table, hide_env_values = true, env = "WATCHPOST_FORMAT", help_heading = "Output")]
    pub format: Format,
    /// The same as --format json; errors become JSON as well
    #[arg(long, hide_env_values = true, env = "WATCHPOST_JSON", value_parser = FalseyValueParser::new(), help_heading = "Output")]
    pub json: bool,
    /// List every scan: also beyond the 40 that a terminal gets, background that is told in one line a kind, and those joined into others
    #[arg(long, hide_env_values = true, env = "WATCHPOST_ALL", value_parser = FalseyValueParser::new(), help_heading = "Output")]
    pub all: bool,
    /// End with status 1 if a scan of this severity or a higher one stands
    #[arg(
        long,
        value_enum,
        value_name = "SEVERITY",
        hide_env_values = true,
        env = "WATCHPOST_FAIL_ON",
        help_heading = "Output"
    )]
    pub fail_on: Option<Level>,
}

/// `watchpost explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// The scan's id, or as much of its beginning as no other id shares
    pub id: String,
    #[command(flatten)]
    #[allow(missing_docs, reason = "see Analysis")]
    pub analysis: Analysis,
    #[command(flatten)]
    #[allow(missing_docs, reason = "see Screen")]
    pub screen: Screen,
    /// Print the scan's record and the `run` record as JSON; errors become JSON as well
    #[arg(long, hide_env_values = true, env = "WATCHPOST_JSON", value_parser = FalseyValueParser::new(), help_heading = "Output")]
    pub json: bool,
}

/// `watchpost list`.
#[derive(Debug, Args)]
pub struct List {
    /// What to list
    #[arg(value_enum)]
    pub what: Listing,
    /// With `formats`: a file or folder of maps, which are listed too
    #[arg(long, value_name = "FILE|FOLDER", hide_env_values = true, env = "WATCHPOST_MAP")]
    pub map: Vec<OsString>,
    /// One JSON object a line
    #[arg(long, hide_env_values = true, env = "WATCHPOST_JSON", value_parser = FalseyValueParser::new())]
    pub json: bool,
}

/// `watchpost survey`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Survey {
    #[command(subcommand)]
    #[allow(missing_docs, reason = "its variants are documented, and a line here would end up in the help")]
    pub command: Option<SurveyCommand>,
    #[command(flatten)]
    #[allow(missing_docs, reason = "see Take")]
    pub take: survey::Take,
    #[command(flatten)]
    #[allow(missing_docs, reason = "see Screen")]
    pub screen: Screen,
}

/// What is done with surveys.
#[derive(Debug, Subcommand)]
pub enum SurveyCommand {
    /// Say what differs between two surveys: what was added, removed, is suspect or changed.
    ///
    /// The states are compared as they were settled when the surveys were taken; nothing is sent.
    #[command(before_help = DIFF_EXAMPLES, after_help = AFTER)]
    Diff(SurveyDiff),
    /// Make one survey of its parts, which several machines took with --shard.
    ///
    /// What any part saw open is open; packets and canaries add up. Parts of another scope, of other targets or questions are
    /// refused, and those that are missing are named. Nothing is sent.
    #[command(before_help = JOIN_EXAMPLES, after_help = AFTER)]
    Join(survey::Join),
}

/// `watchpost survey diff`.
#[derive(Debug, Args)]
pub struct SurveyDiff {
    /// The earlier survey's file, plain or compressed, or - for standard input
    #[arg(value_name = "A")]
    pub before: OsString,
    /// The later one's
    #[arg(value_name = "B")]
    pub after: OsString,
    #[command(flatten)]
    #[allow(missing_docs, reason = "see Screen")]
    pub screen: Screen,
    /// One change record a line; errors become JSON as well
    #[arg(long, hide_env_values = true, env = "WATCHPOST_JSON", value_parser = FalseyValueParser::new(), help_heading = "Output")]
    pub json: bool,
    /// End with status 1 if there is such a change
    #[arg(long, value_enum, value_name = "WHAT", help_heading = "Output")]
    pub fail_on: Option<News>,
}

/// A change that matters, as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum News {
    /// Something is newly exposed, or exposed further than before
    Exposed,
    /// That, or a service is there that was not
    Added,
    /// Any change
    Changed,
}

/// `watchpost scope`.
#[derive(Debug, Subcommand)]
pub enum Scope {
    /// Read a scope file, name the mistakes in it, and say what it allows. Nothing is sent.
    #[command(before_help = SCOPE_EXAMPLE, after_help = AFTER)]
    Check(ScopeCheck),
}

/// `watchpost scope check`.
#[derive(Debug, Args)]
pub struct ScopeCheck {
    /// The scope file
    #[arg(default_value = "scope.toml")]
    pub file: PathBuf,
    /// Ask for the proof that you run these blocks: a TXT record, or a token that a host of them serves
    #[arg(long)]
    pub prove: bool,
    #[command(flatten)]
    #[allow(missing_docs, reason = "see ProofOptions")]
    pub proof: survey::ProofOptions,
    #[command(flatten)]
    #[allow(missing_docs, reason = "see Safeguards")]
    pub safeguards: survey::Safeguards,
    /// One JSON object; errors become JSON as well
    #[arg(long, hide_env_values = true, env = "WATCHPOST_JSON", value_parser = FalseyValueParser::new())]
    pub json: bool,
}

/// `watchpost audit`.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Go through the chain of an audit log; where a line was changed, left out, put in or moved, it breaks there.
    ///
    /// The chain has no key: a log that was written anew from some line on is found out with --end alone.
    #[command(after_help = AFTER)]
    Verify(AuditVerify),
}

/// `watchpost audit verify`.
#[derive(Debug, Args)]
pub struct AuditVerify {
    /// The audit log
    pub file: PathBuf,
    /// The hash in the last survey's record (audit_end): shows that nothing was cut off at the end
    #[arg(long, value_name = "HASH")]
    pub end: Option<String>,
    /// One JSON object; errors become JSON as well
    #[arg(long, hide_env_values = true, env = "WATCHPOST_JSON", value_parser = FalseyValueParser::new())]
    pub json: bool,
}

/// `watchpost completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// What is read, and how it is judged: everything that can change a record.
#[derive(Debug, Args)]
pub struct Analysis {
    /// Captures and logs: files, folders (with all that is in them), patterns such as '*.pcap', or - for standard input
    #[arg(required = true, value_name = "INPUT")]
    pub inputs: Vec<OsString>,
    /// Your own addresses: prefixes with commas between them, or a file with one a line (# begins a comment).
    /// With them the direction of a scan is known, and how much of a block it reached
    #[arg(
        long,
        value_name = "PREFIXES|FILE",
        hide_env_values = true,
        env = "WATCHPOST_BLOCKS",
        help_heading = "Analysis"
    )]
    pub blocks: Vec<String>,
    /// A survey of your own blocks: which services are there and which targets are dark is then known, and each scan says which
    /// exposures it was shown. Its blocks are yours where --blocks is not given
    #[arg(
        long,
        value_name = "FILE",
        hide_env_values = true,
        env = "WATCHPOST_SURVEY",
        help_heading = "Analysis"
    )]
    pub survey: Option<OsString>,
    /// The most that may be kept in memory about sources and targets, e.g. 512MiB or 4G; at least 16MiB
    #[arg(
        long,
        value_name = "SIZE",
        default_value = MEMORY,
        hide_env_values = true, env = "WATCHPOST_MEMORY",
        help_heading = "Analysis"
    )]
    pub memory: String,
    /// Threads that judge; the results are the same for every number [default: one a processor]
    #[arg(
        long,
        value_name = "N",
        value_parser = whole_number,
        allow_negative_numbers = true,
        hide_env_values = true,
        env = "WATCHPOST_THREADS",
        help_heading = "Analysis"
    )]
    pub threads: Option<usize>,
    /// Key that spreads addresses over the shards of the state, in hexadecimal
    #[arg(
        long,
        value_name = "HEX",
        hide_env_values = true,
        env = "WATCHPOST_SHARD_KEY",
        help_heading = "Analysis"
    )]
    pub shard_key: Option<String>,
    /// The year of log stamps that have none (RFC 3164); without it their lines give nothing
    #[arg(long, value_name = "YEAR", value_parser = clap::value_parser!(i16).range(1970..=2261), hide_env_values = true, env = "WATCHPOST_YEAR", help_heading = "Analysis")]
    pub year: Option<i16>,
    /// The time zone of log stamps that have none, e.g. Europe/Berlin or +02:00 [default: UTC]
    #[arg(
        long,
        value_name = "ZONE",
        hide_env_values = true,
        env = "WATCHPOST_TZ",
        help_heading = "Analysis"
    )]
    pub tz: Option<String>,
    /// A file (or a folder of *.toml) that says where the fields of other products' logs stand, NDJSON or CSV. What it
    /// describes comes before the formats that are known; docs/maps.md tells how to write one
    #[arg(
        long,
        value_name = "FILE|FOLDER",
        hide_env_values = true,
        env = "WATCHPOST_MAP",
        help_heading = "Analysis"
    )]
    pub map: Vec<OsString>,
    /// A damaged input is an error too (status 4); what is sound in it is still read and reported
    #[arg(long, hide_env_values = true, env = "WATCHPOST_STRICT", value_parser = FalseyValueParser::new(), help_heading = "Analysis")]
    pub strict: bool,
}

/// What the screen shows: nothing here changes a record.
#[derive(Debug, Args)]
pub struct Screen {
    /// No progress, no notes and no summary on standard error; errors are still told
    #[arg(short, long, hide_env_values = true, env = "WATCHPOST_QUIET", value_parser = FalseyValueParser::new(), help_heading = "Output")]
    pub quiet: bool,
    /// Say more: each input with its format, each damaged place, each skipped file
    #[arg(short, long, hide_env_values = true, env = "WATCHPOST_VERBOSE", value_parser = FalseyValueParser::new(), help_heading = "Output")]
    pub verbose: bool,
    /// Colours: auto is on a terminal that has them, and heeds NO_COLOR, CLICOLOR_FORCE and TERM=dumb
    #[arg(long, value_enum, default_value_t = Color::Auto, hide_env_values = true, env = "WATCHPOST_COLOR", help_heading = "Output")]
    pub color: Color,
    /// Shorten no list of ports or networks to the width of the screen
    #[arg(long, hide_env_values = true, env = "WATCHPOST_NO_TRUNC", value_parser = FalseyValueParser::new(), help_heading = "Output")]
    pub no_trunc: bool,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "the names of formats")]
pub enum Format {
    Table,
    Json,
    Csv,
    Md,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "the usual three words")]
pub enum Color {
    Auto,
    Always,
    Never,
}

/// What `watchpost list` lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Listing {
    /// Formats that can be read: captures, flow exports, logs
    Formats,
    /// What speaks for and against a scan
    Detectors,
    /// Tools that are told by their packets or words, in which versions, and which captures show it
    Tools,
    /// What a survey looks for at the services that it finds
    Checks,
}

/// A severity as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "a scale")]
pub enum Level {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

impl From<Level> for Severity {
    fn from(level: Level) -> Self {
        match level {
            Level::Info => Self::Info,
            Level::Low => Self::Low,
            Level::Medium => Self::Medium,
            Level::High => Self::High,
            Level::Critical => Self::Critical,
        }
    }
}

fn whole_number(typed: &str) -> Result<usize, String> {
    typed
        .parse()
        .map_err(|_| "not a whole number; leave the option out for one thread a processor".to_owned())
}

/// Whether errors are to be JSON, also where the rest of the command line makes no sense.
pub fn wants_json(arguments: &[OsString]) -> bool {
    let before_end = || arguments.iter().map(OsString::as_os_str).take_while(|&argument| argument != "--");
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    before_end().any(|argument| argument == "--json" || argument == "--format=json")
        || before_end()
            .zip(before_end().skip(1))
            .any(|pair| pair == (OsStr::new("--format"), OsStr::new("json")))
        || set("WATCHPOST_JSON")
            .is_some_and(|value| !["0", "n", "no", "f", "false", "off"].iter().any(|no| value == **no))
        || set("WATCHPOST_FORMAT").is_some_and(|value| value == "json")
}
