//! The form of a file of maps, as it is written; [`super::check`] turns it into what is meant.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use toml::Spanned;

use super::field::{Field, Went};

/// A file of maps.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// One a product.
    pub map: Vec<Spanned<Typed>>,
}

/// One map.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Typed {
    /// As it stands in records.
    pub name: Spanned<String>,
    /// One line for people.
    pub help: Spanned<String>,
    /// The form of its lines.
    pub format: Form,
    /// What a line tells of.
    pub records: Records,
    /// CSV: what stands between values.
    pub delimiter: Option<Spanned<String>>,
    /// CSV: where the columns' names stand.
    pub header: Option<Spanned<Header>>,
    /// CSV: the columns' names, where no header has them.
    pub columns: Option<Spanned<Vec<String>>>,
    /// Lines that begin with it are passed over.
    pub comment: Option<Spanned<String>>,
    /// Whether a syslog header stands before.
    #[serde(default)]
    pub syslog: bool,
    /// What is read stands behind this text.
    pub after: Option<Spanned<String>>,
    /// How times are written.
    pub time_format: Option<Spanned<String>>,
    /// How flags are written.
    #[serde(default)]
    pub flags_format: FlagsForm,
    /// Whether some packets or flows are left out at random.
    #[serde(default)]
    pub sampled: bool,
    /// How late a line may come, seconds.
    pub disorder: Option<Spanned<u32>>,
    /// Where the fields stand.
    pub fields: Spanned<BTreeMap<Field, Spanned<Names>>>,
    /// What words of `outcome` mean.
    pub outcomes: Option<Spanned<BTreeMap<String, Went>>>,
    /// Words of `direction` that turn a line's ends round.
    pub turned: Option<Spanned<Words>>,
    /// Conditions that a line must meet.
    #[serde(default)]
    pub only: BTreeMap<String, Spanned<Words>>,
    /// What all lines have in common.
    #[serde(default)]
    pub always: Always,
    /// What it cannot see, beside what follows from the fields.
    #[serde(default)]
    pub blind: Vec<Blind>,
}

/// The form of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "their names")]
pub enum Form {
    Ndjson,
    Csv,
}

/// What a line tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Records {
    /// A whole flow, from whoever started it.
    Flows,
    /// One direction of a flow.
    Halves,
    /// One packet.
    Packets,
}

/// How flags are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FlagsForm {
    /// Letters, names, a decimal number, or a hexadecimal one behind `0x`.
    #[default]
    Auto,
    /// A hexadecimal number.
    Hex,
}

/// What all lines have in common.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Always {
    /// Who is asked.
    pub target: Option<Spanned<String>>,
    /// The service's port.
    pub target_port: Option<u16>,
    /// The transport.
    pub transport: Option<Spanned<String>>,
    /// How it went.
    pub outcome: Option<Spanned<Went>>,
}

/// What cannot be seen.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Blind {
    /// What, by the name of its sense.
    pub what: Spanned<String>,
    /// Why.
    pub why: String,
}

/// Where the columns' names stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Header {
    /// In the first line, or nowhere.
    First(bool),
    /// In lines that begin with this.
    Behind(String),
}

/// Names of a field; the first that a line has counts.
#[derive(Clone, Debug)]
pub struct Names(pub Vec<String>);

/// Words, as text; of numbers and truth values as they are written.
#[derive(Clone, Debug)]
pub struct Words(pub Vec<String>);

struct AsHeader;
struct AsNames;
struct AsWords;

impl Visitor<'_> for AsHeader {
    type Value = Header;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true, false, or the text that a header line begins with")
    }

    fn visit_bool<E: Error>(self, first: bool) -> Result<Header, E> {
        Ok(Header::First(first))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Header, E> {
        Ok(Header::Behind(text.to_owned()))
    }
}

impl<'de> Visitor<'de> for AsNames {
    type Value = Names;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's name, or a list of them")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Names, E> {
        Ok(Names(vec![name.to_owned()]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Names, A::Error> {
        let mut names = Vec::new();
        while let Some(name) = list.next_element()? {
            names.push(name);
        }
        Ok(Names(names))
    }
}

impl<'de> Visitor<'de> for AsWords {
    type Value = Words;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a word, a number, a truth value, or a list of them")
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<Words, E> {
        Ok(Words(vec![word.to_owned()]))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Words, E> {
        Ok(Words(vec![number.to_string()]))
    }

    fn visit_bool<E: Error>(self, is: bool) -> Result<Words, E> {
        Ok(Words(vec![is.to_string()]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Words, A::Error> {
        let mut words = Vec::new();
        while let Some(Words(more)) = list.next_element()? {
            words.extend(more);
        }
        Ok(Words(words))
    }
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(AsHeader)
    }
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(AsNames)
    }
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(AsWords)
    }
}
