//! The form of `data/tools.toml`: fields, counts and names of predicates; no expressions. What cannot be read, names
//! nothing, or proves nothing is an error at load, never a mark that silently does not match.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::Deserialize;

use super::predicate::Predicate;
use crate::contact::{flags, traits};
use crate::record::{FactKind, ProbeKind};

/// All marks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Marks {
    /// On the wire.
    pub mark: Vec<Mark>,
    /// On a connection.
    pub word: Vec<Word>,
}

/// A mark on the wire: all conditions given hold of every packet that it is judged by.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Mark {
    /// The tool, in lower case.
    pub tool: String,
    /// The versions that show it.
    pub versions: Option<String>,
    /// Captures that show it: a path below the shared captures, or `corpus/CASE`.
    #[serde(default)]
    pub shown_by: Vec<String>,
    /// Where it is known from, if no capture at hand shows it.
    pub known_from: Option<String>,
    /// The sentence for the record.
    pub says: String,
    /// Kinds of probe.
    pub kinds: Vec<ProbeKind>,
    /// Over which version of IP; both where it is absent.
    pub over: Option<Over>,
    /// TCP windows.
    #[serde(default)]
    pub windows: Vec<Range>,
    /// Bytes of data of UDP and ICMP.
    #[serde(default)]
    pub data: Vec<Range>,
    /// Time to live, as captured.
    #[serde(default)]
    pub ttl: Vec<Range>,
    /// The service's port (ICMP: `type << 8 | code`).
    #[serde(default)]
    pub ports: Vec<Range>,
    /// The source's port.
    #[serde(default)]
    pub source_ports: Vec<Range>,
    /// IPv4's "don't fragment".
    pub dont_fragment: Option<bool>,
    /// Whether the transport's header is split over fragments.
    pub header_split: Option<bool>,
    /// TCP options present: exactly one of these sets.
    #[serde(default)]
    pub options: Vec<Vec<TcpOption>>,
    /// TCP flags: exactly these.
    pub flags: Option<Vec<TcpFlag>>,
    /// Predicates that hold.
    #[serde(default)]
    pub holds: Vec<Predicate>,
    /// So many packets must be there.
    pub least: usize,
    /// This share of them must agree; only for marks of single packets.
    #[serde(default = "whole")]
    pub share: f64,
    /// Confidence at `least` packets.
    pub confidence: f64,
    /// Confidence at sixteen.
    pub up_to: f64,
    /// Where one of these tools is named by the same packets, this mark is not heard.
    #[serde(default)]
    pub excludes: Vec<String>,
}

/// A mark in what a client says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Word {
    /// The tool, in lower case.
    pub tool: String,
    /// The versions that say it.
    pub versions: Option<String>,
    /// Captures that show it.
    #[serde(default)]
    pub shown_by: Vec<String>,
    /// Where it is known from, if no capture at hand shows it.
    pub known_from: Option<String>,
    /// In which facts.
    pub facts: Vec<FactKind>,
    /// Any of these texts, without regard to the case of ASCII letters.
    pub contains: Vec<String>,
    /// Confidence.
    pub confidence: f64,
}

/// A version of IP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the names are the field's own")]
pub enum Over {
    Ipv4,
    Ipv6,
}

/// One number, or the first and the last of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Range {
    /// One.
    One(u16),
    /// `[first, last]`.
    Span(u16, u16),
}

impl Range {
    /// Whether a number lies in one of several.
    pub fn any(ranges: &[Self], number: u16) -> bool {
        ranges.iter().any(|range| match *range {
            Self::One(one) => one == number,
            Self::Span(first, last) => (first..=last).contains(&number),
        })
    }
}

/// TCP options that a contact tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the names are the field's own")]
pub enum TcpOption {
    Mss,
    WindowScale,
    SackPermitted,
    Timestamp,
    TimestampAllOnes,
}

impl TcpOption {
    /// The bit of [`traits`]; all ones are a timestamp too.
    pub const fn bits(self) -> u8 {
        match self {
            Self::Mss => traits::MSS,
            Self::WindowScale => traits::WINDOW_SCALE,
            Self::SackPermitted => traits::SACK_PERMITTED,
            Self::Timestamp => traits::TIMESTAMP,
            Self::TimestampAllOnes => traits::TIMESTAMP | traits::TIMESTAMP_ALL_ONES,
        }
    }
}

/// TCP flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the names are the field's own")]
pub enum TcpFlag {
    Fin,
    Syn,
    Rst,
    Psh,
    Ack,
    Urg,
    Ece,
    Cwr,
}

impl TcpFlag {
    /// The bit of [`flags`].
    pub const fn bit(self) -> u8 {
        match self {
            Self::Fin => flags::FIN,
            Self::Syn => flags::SYN,
            Self::Rst => flags::RST,
            Self::Psh => flags::PSH,
            Self::Ack => flags::ACK,
            Self::Urg => flags::URG,
            Self::Ece => flags::ECE,
            Self::Cwr => flags::CWR,
        }
    }
}

const fn whole() -> f64 {
    1.0
}

impl Marks {
    /// The marks in `data/tools.toml`.
    pub fn shipped() -> &'static Self {
        static SHIPPED: LazyLock<Marks> = LazyLock::new(|| {
            Marks::parse(include_str!("../../../../data/tools.toml")).expect("the shipped marks are tested")
        });
        &SHIPPED
    }

    /// From the text of such a file.
    ///
    /// # Errors
    /// A sentence that names the mark and what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let marks: Self = toml::from_str(text).map_err(|e| e.to_string())?;
        let tools: BTreeSet<&str> =
            marks.mark.iter().map(|m| &*m.tool).chain(marks.word.iter().map(|w| &*w.tool)).collect();
        for mark in &marks.mark {
            mark.check(&tools).map_err(|why| format!("mark of {} ({}): {why}", mark.tool, mark.says))?;
        }
        for word in &marks.word {
            word.check().map_err(|why| format!("word of {} ({:?}): {why}", word.tool, word.contains))?;
        }
        Ok(marks)
    }

    /// The names of all tools, in order, each once.
    pub fn tools(&self) -> BTreeSet<&str> {
        self.mark.iter().map(|m| &*m.tool).chain(self.word.iter().map(|w| &*w.tool)).collect()
    }
}

impl Mark {
    fn check(&self, tools: &BTreeSet<&str>) -> Result<(), String> {
        check_name(&self.tool)?;
        check_origin(&self.shown_by, self.known_from.as_deref())?;
        let fields = [&self.windows, &self.data, &self.ttl, &self.ports, &self.source_ports];
        let ranges: Vec<Range> = fields.into_iter().flatten().copied().collect();
        if self.says.is_empty() || self.kinds.is_empty() {
            return Err("it needs a sentence and kinds".into());
        }
        if ranges.is_empty()
            && self.options.is_empty()
            && self.holds.is_empty()
            && self.flags.is_none()
            && self.header_split.is_none()
        {
            return Err("no condition: any packet would match".into());
        }
        if let Some(Range::Span(first, last)) =
            ranges.iter().find(|r| matches!(r, Range::Span(a, b) if a >= b))
        {
            return Err(format!("[{first}, {last}] does not rise"));
        }
        if self.least == 0 || self.least > crate::imprint::KEPT {
            return Err(format!("least lies between 1 and {}", crate::imprint::KEPT));
        }
        if let Some(few) = self.holds.iter().find(|p| p.least() > self.least) {
            return Err(format!("{few:?} says nothing of fewer than {} packets", few.least()));
        }
        check_share(self.confidence)?;
        check_share(self.up_to)?;
        if self.up_to < self.confidence {
            return Err("more packets do not make it less certain".into());
        }
        if !(0.0 < self.share && self.share <= 1.0)
            || self.share < 1.0 && !self.holds.iter().all(|p| p.is_of_one_packet())
        {
            return Err(
                "a share lies above 0 and at most at 1, and below 1 only with predicates of single packets"
                    .into(),
            );
        }
        match self.excludes.iter().find(|name| !tools.contains(&***name) || **name == self.tool) {
            Some(name) => Err(format!("excludes {name}, which no other mark names")),
            None => Ok(()),
        }
    }
}

impl Word {
    fn check(&self) -> Result<(), String> {
        check_name(&self.tool)?;
        check_origin(&self.shown_by, self.known_from.as_deref())?;
        check_share(self.confidence)?;
        if self.facts.is_empty() || self.contains.is_empty() || self.contains.iter().any(|t| t.len() < 4) {
            return Err("it needs facts and texts of four bytes or more".into());
        }
        Ok(())
    }
}

fn check_name(tool: &str) -> Result<(), String> {
    let sound = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if tool.is_empty() || !tool.chars().all(sound) {
        return Err("a tool's name is lower case, without version".into());
    }
    Ok(())
}

fn check_origin(shown_by: &[String], known_from: Option<&str>) -> Result<(), String> {
    if shown_by.is_empty() && known_from.is_none_or(str::is_empty) {
        return Err("neither a capture that shows it nor where it is known from".into());
    }
    Ok(())
}

fn check_share(confidence: f64) -> Result<(), String> {
    if 0.0 < confidence && confidence < 1.0 {
        return Ok(());
    }
    Err("a confidence lies between 0 and 1, both excluded".into())
}
