//! The names of a map (paths of JSON, columns of CSV), gathered with what each is for.

use std::ops::Range;

use toml::Spanned;

use super::check::{Checked, Mistake, has, mistake};
use super::field::Field;
use super::file::{Names, Typed};
use super::json;
use super::row::Use;

/// Conditions of one map, at most: one bit each.
const MOST_CONDITIONS: usize = 32;
/// Names of one field, at most.
const MOST_NAMES: usize = 16;

/// Names in the order in which they were found.
#[derive(Default)]
pub(super) struct All(Vec<One>);

struct One {
    name: String,
    uses: Vec<Use>,
    /// Where it stands in the file.
    at: Range<usize>,
}

impl All {
    /// The names, each with what it is for.
    pub fn names(self) -> Vec<(String, Vec<Use>)> {
        self.0.into_iter().map(|one| (one.name, one.uses)).collect()
    }

    fn add(&mut self, name: &str, one: Use, at: Range<usize>) {
        match self.0.iter_mut().find(|known| known.name == name) {
            Some(known) => known.uses.push(one),
            None => self.0.push(One { name: name.to_owned(), uses: vec![one], at }),
        }
    }

    /// Fields that are mapped, and under which name first.
    pub fn fields(&mut self, typed: &Typed) -> Checked<Vec<(Field, String)>> {
        let mut mapped = Vec::new();
        for (field, names) in typed.fields.get_ref() {
            let Names(list) = names.get_ref();
            if list.is_empty() || list.len() > MOST_NAMES || list.iter().any(String::is_empty) {
                let message = format!("`{field}` has no name, an empty one, or too many");
                let advice = "give one, or a list of up to 16 of which the first that a line has counts; or leave it out";
                return mistake(names, message, advice);
            }
            for (rank, name) in list.iter().enumerate() {
                let rank = rank as u8;
                let one = match field {
                    Field::Outcome => Use::Outcome(rank),
                    Field::Direction => Use::Direction,
                    _ => Use::Value(*field, rank),
                };
                self.add(name, one, names.span());
            }
            mapped.push((*field, list[0].clone()));
        }
        Ok(mapped)
    }

    /// Words of which a line must have one, for each condition.
    pub fn conditions(&mut self, typed: &Typed) -> Checked<Vec<Vec<String>>> {
        let mut only = Vec::new();
        for (name, words) in &typed.only {
            let list = &words.get_ref().0;
            if list.is_empty() || name.is_empty() || only.len() == MOST_CONDITIONS {
                let message = format!("the condition of {name:?} can never be met, or is one too many");
                return mistake(words, message, "give a name and its words, such as `type = [\"traffic\"]`");
            }
            self.add(name, Use::Only(only.len() as u8), words.span());
            only.push(list.clone());
        }
        Ok(only)
    }

    /// The names as paths of JSON.
    pub fn paths(&self, typed: &Typed) -> Checked<json::Paths> {
        let of_csv = [
            typed.delimiter.as_ref().map(|key| (key.span(), "delimiter")),
            typed.header.as_ref().map(|key| (key.span(), "header")),
            typed.columns.as_ref().map(|key| (key.span(), "columns")),
        ];
        if let Some((at, key)) = of_csv.into_iter().flatten().next() {
            let advice = "leave it out, or say `format = \"csv\"`".to_owned();
            return Err(Mistake(at, format!("`{key}` is for csv, and the format is ndjson"), advice));
        }
        let mut paths = json::Paths::default();
        for (place, one) in (0..).zip(&self.0) {
            let path = &one.name;
            if path.split('.').count() > json::DEEPEST || path.split('.').any(str::is_empty) {
                let message = format!("the path {path:?} has an empty part, or more than {}", json::DEEPEST);
                let advice =
                    "give keys with dots between them, such as `source.ip`; for a list's element its number";
                return Err(Mistake(one.at.clone(), message, advice.to_owned()));
            }
            paths.add(path, place);
        }
        Ok(paths)
    }

    /// The names are among these columns.
    pub fn stand_in(&self, columns: &Spanned<Vec<String>>) -> Checked<()> {
        let list = columns.get_ref();
        let unread = |name: &str| name.is_empty() || name == "_";
        let twice =
            (0..list.len()).find(|place| !unread(&list[*place]) && list[..*place].contains(&list[*place]));
        if let Some(place) = twice {
            let message = format!("two columns have the name {:?}", list[place]);
            return mistake(columns, message, "give each its own, and `_` to those that nobody needs");
        }
        match self.0.iter().find(|one| unread(&one.name) || !list.contains(&one.name)) {
            None => Ok(()),
            Some(one) => {
                let message = format!("{:?} is none of `columns`", one.name);
                let advice = "add it at its place, or name another".to_owned();
                Err(Mistake(one.at.clone(), message, advice))
            }
        }
    }

    /// For each field that every line has, the places of its names.
    pub fn required(&self, typed: &Typed) -> Checked<Vec<Vec<u16>>> {
        let always = &typed.always;
        let needs = |field: Field| mistake(&typed.fields, format!("`{field}` is not mapped"), how(field));
        let whole_time = has(typed, Field::Time);
        match (has(typed, Field::Date), has(typed, Field::Clock)) {
            (false, false) if whole_time || typed.syslog => {}
            (true, true) if !whole_time => {}
            (false, false) => return needs(Field::Time),
            (true, false) => return needs(Field::Clock),
            (false, true) => return needs(Field::Date),
            (true, true) => {
                return mistake(&typed.fields, "`time` beside `date` and `clock`", "leave one of them out");
            }
        }
        let known = [
            (Field::Source, false),
            (Field::Target, always.target.is_some()),
            (Field::Transport, always.transport.is_some()),
            (Field::TargetPort, always.target_port.is_some() || self.is_pings(typed)),
        ];
        if let Some((field, _)) = known.iter().find(|(field, always)| !always && !has(typed, *field)) {
            return needs(*field);
        }
        let several = has(typed, Field::Icmp) && (has(typed, Field::IcmpType) || has(typed, Field::IcmpCode));
        if several {
            return mistake(&typed.fields, "`icmp` beside `icmp_type`", "leave one of them out");
        }
        let must = [Field::Time, Field::Date, Field::Clock, Field::Source, Field::Target, Field::Transport];
        let fixed = |field: Field| known.iter().any(|(known, always)| *known == field && *always);
        Ok(must
            .into_iter()
            .filter(|field| has(typed, *field) && !fixed(*field))
            .map(|field| self.of(field))
            .collect())
    }

    /// Ports may also stand behind the target's address, and pings have none.
    fn is_pings(&self, typed: &Typed) -> bool {
        let transport = typed.always.transport.as_ref().map(|name| name.get_ref().to_ascii_lowercase());
        transport.is_some_and(|name| name.starts_with("icmp") || name == "1" || name == "58")
    }

    /// The places of a field's names.
    fn of(&self, field: Field) -> Vec<u16> {
        let is = |one: &&Use| matches!(one, Use::Value(known, _) if *known == field);
        let all = (0..).zip(&self.0);
        all.filter(|(_, one)| one.uses.iter().any(|one| is(&one))).map(|(place, _)| place).collect()
    }
}

fn how(field: Field) -> &'static str {
    match field {
        Field::Time => "say in [map.fields] where the time stands, or `date` and `clock`, or `syslog = true`",
        Field::Date | Field::Clock => "`date` and `clock` go together; a whole stamp is `time`",
        Field::Source => "say in [map.fields] where the address of whoever started it stands",
        Field::Target => "say in [map.fields] where it stands, or [map.always] if it is always the same",
        Field::Transport => {
            "say in [map.fields] where the protocol stands, or [map.always] transport = \"tcp\""
        }
        _ => {
            "say in [map.fields] where the service's port stands (of `address:port` the same name as `target`)"
        }
    }
}
