//! The form of `data/procedures.toml`, which explains each key.

use std::borrow::Cow;
use std::sync::LazyLock;

use serde::Deserialize;

use super::ports::Ports;
use crate::record::{Direction, ListKind};

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Book {
    pub(super) vulnerability: Asks<'static>,
    pub(super) wordlist: Wordlist,
    pub(super) hunt: Hunting,
    pub(super) profile: Vec<Profile>,
}

/// What to look for in what was asked.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asks<'a> {
    #[serde(default)]
    pub(super) requests: Cow<'a, [String]>,
    #[serde(default)]
    pub(super) inside: Cow<'a, [String]>,
    #[serde(default)]
    pub(super) agents: Cow<'a, [String]>,
}

/// Requests that tell a scan by themselves.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hunting {
    /// Nobody asks for these to use a service.
    pub(super) prizes: Asks<'static>,
    /// Only those who run a service ask for these.
    pub(super) controls: Asks<'static>,
}

/// When requests come from a list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wordlist {
    /// Different paths or names asked of one server.
    pub(super) different: usize,
}

/// One procedure.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Profile {
    pub(super) name: String,
    pub(super) references: Vec<String>,
    pub(super) base: f64,
    pub(super) ceiling: f64,
    pub(super) caution: String,
    pub(super) sign: Vec<Sign>,
}

/// One test, and what it weighs.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Sign {
    pub(super) what: String,
    pub(super) weight: f64,
    #[serde(default)]
    pub(super) against: f64,
    #[serde(default)]
    pub(super) required: bool,
    #[serde(default)]
    pub(super) any: Vec<Ports>,
    #[serde(default)]
    pub(super) all: Vec<Ports>,
    #[serde(default)]
    pub(super) within: Vec<Ports>,
    pub(super) share: Option<f64>,
    #[serde(default)]
    pub(super) tools: Vec<String>,
    #[serde(default)]
    pub(super) lists: Vec<ListKind>,
    #[serde(default)]
    pub(super) directions: Vec<Direction>,
    #[serde(default)]
    pub(super) follow_up: bool,
    #[serde(default)]
    requests: Vec<String>,
    #[serde(default)]
    inside: Vec<String>,
    #[serde(default)]
    agents: Vec<String>,
}

impl Sign {
    /// The three keys that make one test.
    pub(super) fn asks(&self) -> Asks<'_> {
        Asks {
            requests: Cow::Borrowed(&self.requests),
            inside: Cow::Borrowed(&self.inside),
            agents: Cow::Borrowed(&self.agents),
        }
    }

    fn tests(&self) -> usize {
        let asks = !(self.requests.is_empty() && self.inside.is_empty() && self.agents.is_empty());
        let given = [
            !self.any.is_empty(),
            !self.all.is_empty(),
            !self.within.is_empty(),
            !self.tools.is_empty(),
            !self.lists.is_empty(),
            !self.directions.is_empty(),
            self.follow_up,
            asks,
        ];
        given.into_iter().filter(|g| *g).count()
    }
}

impl Book {
    /// The file as shipped.
    pub(super) fn shipped() -> &'static Self {
        static SHIPPED: LazyLock<Book> = LazyLock::new(|| {
            Book::parse(include_str!("../../../../data/procedures.toml")).expect("the shipped file is tested")
        });
        &SHIPPED
    }

    /// From the text of such a file.
    ///
    /// # Errors
    /// A sentence that names the profile and what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let book: Self = toml::from_str(text).map_err(|e| e.to_string())?;
        for (i, profile) in book.profile.iter().enumerate() {
            let wrong = |what: &str| Err(format!("{}: {what}", profile.name));
            if book.profile[..i].iter().any(|other| other.name == profile.name) {
                return wrong("the name stands twice");
            }
            if !(profile.ceiling > 0.0 && profile.ceiling < 1.0) {
                return wrong("a ceiling lies between 0 and 1");
            }
            if profile.references.is_empty() || profile.caution.is_empty() {
                return wrong("references and a caution are needed");
            }
            if profile.sign.iter().any(|s| s.tests() != 1 || s.share.is_some() == s.within.is_empty()) {
                return wrong("each sign has one test, and `share` belongs to `within`");
            }
            let best: f64 = profile.sign.iter().map(|s| s.weight).sum();
            if profile.base + best < 0.0 {
                return wrong("all signs together do not suffice");
            }
        }
        Ok(book)
    }
}
