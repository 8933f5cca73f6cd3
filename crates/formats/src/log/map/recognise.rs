//! Whether an input is of a map, from its first lines; and if it is not, what is missing.
//!
//! A line fits where it has the fields that make a contact (time, source, target, transport), with values that can be
//! read, and meets the map's conditions. A header fits where it names them. What is said of a line that does not fit are
//! names and forms, never what stands in it.

use super::csv::{Columns, Names, Splitter, Table};
use super::field::Field;
use super::line::stamp;
use super::row::Row;
use super::{Map, Shape, json};
use crate::log::firewall::syslog::Stamp;

/// Lines that are looked at: other programs may have written the first.
const LOOKED_AT: usize = 64;

/// Why an input is not of a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::log) struct Misfit {
    /// How far it is from it: the fewer the nearer.
    far: usize,
    /// In words.
    pub why: String,
}

impl Misfit {
    fn new(far: usize, why: impl Into<String>) -> Self {
        Self { far, why: why.into() }
    }

    /// The nearer of two; of equals the first.
    pub fn nearer(self, other: Self) -> Self {
        if other.far < self.far { other } else { self }
    }
}

/// Nothing of the map is there.
const FAR: usize = 100;

impl Map {
    /// Whether one of these whole lines is of this map.
    ///
    /// # Errors
    /// What is missing in the line that comes nearest.
    pub(in crate::log) fn fits(&self, head: &[u8]) -> Result<(), Misfit> {
        let header = match &self.shape {
            Shape::Csv(Table { names: Names::Behind(start), .. }) => Some(start),
            _ => None,
        };
        let is_header = |line: &[u8]| header.is_some_and(|start| line.starts_with(start));
        let lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
        let lines = lines.filter(|line| !line.is_empty() && (is_header(line) || !self.is_comment(line)));
        let mut nearest = Misfit::new(FAR + 1, "it has no lines");
        let mut splitter = match &self.shape {
            Shape::Json(_) => None,
            Shape::Csv(table) => Some(Splitter::new(table.delimiter)),
        };
        for line in lines.take(LOOKED_AT) {
            match self.fits_line(line, splitter.as_mut()) {
                Ok(()) => return Ok(()),
                Err(misfit) => nearest = nearest.nearer(misfit),
            }
        }
        Err(Misfit { why: format!("map {}: {}", self.name, nearest.why), ..nearest })
    }

    fn fits_line(&self, line: &[u8], splitter: Option<&mut Splitter>) -> Result<(), Misfit> {
        let (header, text) = self.open(line).map_err(|_| {
            let after = self.after.as_ref().map(|after| String::from_utf8_lossy(after.needle()).into_owned());
            Misfit::new(FAR, format!("no line has `{}` in it", after.unwrap_or_default()))
        })?;
        let mut row = Row::new();
        match (&self.shape, splitter) {
            (Shape::Json(paths), _) => {
                json::walk(self, paths, &text, &mut row)
                    .map_err(|_| Misfit::new(FAR, "no line is a JSON object"))?;
            }
            (Shape::Csv(table), Some(splitter)) => match &table.names {
                Names::Told(names) => {
                    let columns = Columns::told(self, names);
                    let count = columns
                        .take(self, table.delimiter, splitter, &text, &mut row)
                        .map_err(|why| Misfit::new(FAR, why))?;
                    if count < columns.len() {
                        let why = format!("{count} columns, and {} are needed", columns.len());
                        return Err(Misfit::new(FAR, why));
                    }
                }
                _ => {
                    let header = Columns::of_header(self, table, splitter, &text);
                    return header.map(|_| ()).map_err(|(far, why)| Misfit::new(far, why));
                }
            },
            (Shape::Csv(_), None) => return Err(Misfit::new(FAR, "no table")),
        }
        self.fits_row(&row, header)
    }

    fn fits_row(&self, row: &Row<'_>, header: Stamp) -> Result<(), Misfit> {
        let has = |name: u16| {
            let fields = self.uses(name).iter().filter_map(|one| match one {
                super::Use::Value(field, _) => Some(*field),
                _ => None,
            });
            fields.into_iter().any(|field| row.get(field).is_some())
        };
        let lacks = self.lacks(has);
        if let Some(first) = lacks.first() {
            return Err(Misfit::new(1 + lacks.len(), format!("no field {first} in its first lines")));
        }
        let wrong = |field: Field, what: &str| {
            let name = self.mapped.iter().find(|(known, _)| *known == field);
            let name = name.map_or("the syslog header".to_owned(), |(_, name)| format!("`{name}`"));
            Err(Misfit::new(1, format!("{name} holds no {what}")))
        };
        if stamp(self, row, header) == Stamp::None {
            let field = if row.get(Field::Date).is_some() { Field::Date } else { Field::Time };
            return wrong(field, "time of the form that the map gives");
        }
        for field in [Field::Source, Field::Target] {
            if row.get(field).is_some_and(|text| !super::line::is_end(text)) {
                return wrong(field, "address");
            }
        }
        if row.met() != self.all_met() {
            return Err(Misfit::new(0, "none of its first lines meets the conditions of `only`"));
        }
        Ok(())
    }
}
