//! A file of maps as written becomes maps as meant. Every mistake is told with its line and what would be right.

use std::ops::Range;

use memchr::memmem::Finder;
use toml::Spanned;
use watchpost_core::contact::{SECOND, Time};
use watchpost_core::detect::Sense;
use watchpost_core::net::Address;

use super::csv::{Delimiter, Names, Table};
use super::field::Field;
use super::file::{File, Form, Header, Records, Typed};
use super::names::All;
use super::time::{FORMS, TimeForm};
use super::{Map, Shape, blind};
use crate::log::field::address;
use crate::log::firewall::packet::by_name;

/// Why a file of maps cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", line.map(|line| format!("line {line}: ")).unwrap_or_default())]
pub struct MapError {
    /// The line, where it is known.
    pub line: Option<usize>,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub advice: String,
}

/// A mistake: the place of its cause in the text, what is wrong, how to mend it.
pub(super) struct Mistake(pub Range<usize>, pub String, pub String);

pub(super) type Checked<T> = Result<T, Mistake>;

/// The most disorder that can be asked for, seconds: a day.
const LATEST: u32 = 86_400;

/// Reads a file of maps.
///
/// # Errors
/// The first mistake.
pub fn read(text: &str) -> Result<Vec<Map>, MapError> {
    let file: File = toml::from_str(text).map_err(|error| {
        let message = error.message().lines().collect::<Vec<_>>().join("; ");
        let line = error.span().map(|span| line_of(text, span.start));
        MapError {
            line,
            message,
            advice: "see docs/maps.md: it has every key, and a whole example".to_owned(),
        }
    })?;
    let mut maps: Vec<Map> = Vec::new();
    for typed in &file.map {
        let checked = map(typed).and_then(|map| match maps.iter().any(|known| known.name == map.name) {
            true => mistake(&typed.get_ref().name, "two maps have this name", "give each its own"),
            false => Ok(map),
        });
        maps.push(checked.map_err(|Mistake(at, message, advice)| {
            let line = Some(line_of(text, at.start));
            MapError { line, message, advice }
        })?);
    }
    Ok(maps)
}

fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}

pub(super) fn mistake<T, U>(
    at: &Spanned<U>,
    message: impl Into<String>,
    advice: impl Into<String>,
) -> Checked<T> {
    Err(Mistake(at.span(), message.into(), advice.into()))
}

fn map(whole: &Spanned<Typed>) -> Checked<Map> {
    let typed = whole.get_ref();
    let name = name(typed)?;
    let mut all = All::default();
    let mapped = all.fields(typed)?;
    let only = all.conditions(typed)?;
    let shape = match typed.format {
        Form::Ndjson => Shape::Json(all.paths(typed)?),
        Form::Csv => Shape::Csv(table(typed, &all)?),
    };
    let required = all.required(typed)?;
    words(typed)?;
    suits(typed)?;
    let known = |field: Field| match field {
        Field::Outcome => has(typed, field) || typed.always.outcome.is_some(),
        _ => has(typed, field),
    };
    let mut cannot = blind::of(&name, typed.records, typed.sampled, known);
    for line in &typed.blind {
        cannot.push((sense(&line.what)?, format!("map {name}: {}", line.why)));
    }
    let outcomes = typed.outcomes.iter().flat_map(|words| words.get_ref());
    Ok(Map {
        help: typed.help.get_ref().clone(),
        shape,
        records: typed.records,
        time: time(typed)?,
        flags: typed.flags_format,
        sampled: typed.sampled,
        syslog: typed.syslog,
        after: text(&typed.after)?.map(|after| Finder::new(after.as_bytes()).into_owned()),
        comment: text(&typed.comment)?.map(str::to_owned),
        required,
        mapped,
        words: outcomes.map(|(word, went)| (word.clone(), *went)).collect(),
        turned: typed.turned.as_ref().map(|words| words.get_ref().0.clone()).unwrap_or_default(),
        only,
        target: target(typed)?,
        port: typed.always.target_port,
        protocol: protocol(typed)?,
        outcome: typed.always.outcome.as_ref().map(|went| *went.get_ref()),
        disorder: disorder(typed)?,
        blind: cannot,
        names: all.names(),
        name,
    })
}

pub(super) fn has(typed: &Typed, field: Field) -> bool {
    typed.fields.get_ref().contains_key(&field)
}

fn name(typed: &Typed) -> Checked<String> {
    let name = typed.name.get_ref();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || !name.chars().all(plain) || crate::formats().any(|format| format.spec.name == name)
    {
        return mistake(
            &typed.name,
            format!("{name:?} cannot be a map's name"),
            "use small letters, digits, `-`, `_` and `.`, and no name that `watchpost list formats` has",
        );
    }
    if typed.help.get_ref().trim().is_empty() {
        return mistake(&typed.help, "an empty help", "say in a line what writes such logs");
    }
    Ok(name.clone())
}

fn sense(typed: &Spanned<String>) -> Checked<Sense> {
    match blind::SENSES.iter().find(|sense| sense.name() == typed.get_ref()) {
        Some(sense) => Ok(*sense),
        None => {
            let message = format!("{:?} is nothing that could be seen", typed.get_ref());
            let names: Vec<&str> = blind::SENSES.iter().map(|sense| sense.name()).collect();
            mistake(typed, message, format!("give one of these: {}", names.join(", ")))
        }
    }
}

fn table(typed: &Typed, all: &All) -> Checked<Table> {
    let delimiter = match &typed.delimiter {
        None => Delimiter::Byte(b','),
        Some(typed) => match typed.get_ref().as_str() {
            "blanks" => Delimiter::Blanks,
            "tab" => Delimiter::Byte(b'\t'),
            one => match one.as_bytes() {
                [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Delimiter::Byte(*byte),
                _ => {
                    let advice =
                        "give one character such as `,` or `;`, or `tab`, or `blanks` for any number of them";
                    return mistake(typed, format!("{one:?} is no delimiter"), advice);
                }
            },
        },
    };
    let header = typed.header.as_ref().map(Spanned::get_ref);
    let names = match (header, &typed.columns) {
        (Some(Header::First(false)), Some(columns)) => {
            all.stand_in(columns)?;
            Names::Told(columns.get_ref().clone())
        }
        (None | Some(Header::First(true)), None) => Names::First,
        (Some(Header::Behind(start)), None) if !start.trim().is_empty() => {
            Names::Behind(start.as_bytes().to_vec())
        }
        (_, Some(columns)) => {
            return mistake(
                columns,
                "`columns` beside a header",
                "say `header = false`, or leave `columns` out",
            );
        }
        (_, None) => {
            let advice =
                "with `header = false` give `columns`; else true, or the text that a header line begins with";
            let at = typed.header.as_ref().map(Spanned::span).unwrap_or_default();
            return Err(Mistake(at, "no columns are named".to_owned(), advice.to_owned()));
        }
    };
    Ok(Table { delimiter, names })
}

/// Words and the fields that hold them go together.
fn words(typed: &Typed) -> Checked<()> {
    let field = |field: Field| typed.fields.get_ref().get(&field);
    match (field(Field::Outcome), &typed.outcomes, &typed.always.outcome) {
        (Some(names), None, None) => {
            let advice = "add [map.outcomes] with the product's words, such as `deny = \"denied\"`";
            return mistake(names, "nothing says what the words of `outcome` mean", advice);
        }
        (None, Some(words), _) => {
            return mistake(
                words,
                "`outcomes` without a field",
                "say in [map.fields] where `outcome` stands",
            );
        }
        (Some(_), _, Some(always)) => {
            return mistake(always, "`outcome` is both a field and always the same", "leave one of them out");
        }
        _ => {}
    }
    match (field(Field::Direction), &typed.turned) {
        (Some(names), None) => {
            let advice = "add `turned` with the words of lines whose source is the one that was asked";
            mistake(names, "nothing says which words of `direction` turn a line round", advice)
        }
        (None, Some(words)) => {
            mistake(words, "`turned` without a field", "say in [map.fields] where `direction` stands")
        }
        _ => Ok(()),
    }
}

/// Fields suit what the lines tell of.
fn suits(typed: &Typed) -> Checked<()> {
    for (field, names) in typed.fields.get_ref() {
        if Field::HEADERS.contains(field) && typed.records != Records::Packets {
            let message = format!("`{field}` is of one packet's headers");
            return mistake(names, message, "leave it out, or say `records = \"packets\"`");
        }
        if Field::BACK.contains(field) && typed.records != Records::Flows {
            let message = format!("`{field}` is of whole flows");
            return mistake(names, message, "leave it out, or say `records = \"flows\"`");
        }
    }
    let both = has(typed, Field::SourcePort) && has(typed, Field::TargetPort);
    if typed.records == Records::Halves && !both {
        let advice = "name both ports: by them the two directions of a flow are found";
        return mistake(&typed.fields, "halves without `source_port` and `target_port`", advice);
    }
    Ok(())
}

fn time(typed: &Typed) -> Checked<TimeForm> {
    let Some(form) = &typed.time_format else { return Ok(TimeForm::Auto) };
    TimeForm::named(form.get_ref()).or_else(|why| {
        let advice = format!("give {}, or a pattern such as `%d/%m/%Y %H:%M:%S`", FORMS.join(", "));
        mistake(form, format!("{:?} is no form of times: {why}", form.get_ref()), advice)
    })
}

fn text(typed: &Option<Spanned<String>>) -> Checked<Option<&str>> {
    match typed {
        Some(empty) if empty.get_ref().is_empty() => mistake(empty, "an empty text", "leave the key out"),
        other => Ok(other.as_ref().map(|text| text.get_ref().as_str())),
    }
}

fn target(typed: &Typed) -> Checked<Option<Address>> {
    let Some(target) = &typed.always.target else { return Ok(None) };
    match address(target.get_ref().as_bytes()) {
        None => mistake(target, "not an address", "give an IPv4 or IPv6 address, or leave it out"),
        some => Ok(some),
    }
}

fn protocol(typed: &Typed) -> Checked<Option<u8>> {
    let Some(name) = &typed.always.transport else { return Ok(None) };
    match by_name(name.get_ref().as_bytes()) {
        None => mistake(name, "not a protocol", "give its name, such as tcp or udp, or its number"),
        some => Ok(some),
    }
}

fn disorder(typed: &Typed) -> Checked<Time> {
    let seconds = match (&typed.disorder, typed.records) {
        (Some(seconds), _) if *seconds.get_ref() > LATEST => {
            let advice = "sort such a log by time first, or give up to 86400 seconds";
            return mistake(seconds, "lines that come later than a day", advice);
        }
        (Some(seconds), _) => *seconds.get_ref(),
        // Flows are told when they have ended, and long ones last longer; packets at once.
        (None, Records::Flows | Records::Halves) => 900,
        (None, Records::Packets) => 10,
    };
    Ok(Time::from(seconds) * SECOND)
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
