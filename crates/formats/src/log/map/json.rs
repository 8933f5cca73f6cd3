//! Lines of JSON: the values under the map's paths, found in one pass.
//!
//! Most lines are walked by [`super::compact`]; the others serde_json reads and checks. Values that no path leads to are
//! passed over without being built. A value's text is taken as it stands, so that numbers keep all their digits. A path's dots may stand in a key: `source.ip`
//! leads to `{"source":{"ip":..}}` and to `{"source.ip":..}`. A number leads to that element of a list; of a list at the
//! path's end the words are all looked at, and a value is its first.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::row::Row;
use super::{Map, compact};

/// Parts of a path, at most.
pub(super) const DEEPEST: usize = 8;

/// All paths of a map, as a tree of keys.
#[derive(Debug, Default)]
pub(super) struct Paths(Vec<Key>);

/// One key of an object, or one place of a list.
#[derive(Debug)]
pub(super) struct Key {
    key: String,
    /// Paths that end here: places in the map's names.
    pub ends: Vec<u16>,
    /// Paths that go on.
    pub below: Paths,
}

impl Paths {
    /// Adds a path with every way to read its dots.
    pub fn add(&mut self, path: &str, name: u16) {
        for (dot, _) in path.match_indices('.') {
            self.at(&path[..dot]).below.add(&path[dot + 1..], name);
        }
        self.at(path).ends.push(name);
    }

    fn at(&mut self, key: &str) -> &mut Key {
        let place = self.0.iter().position(|known| known.key == key).unwrap_or_else(|| {
            self.0.push(Key { key: key.to_owned(), ends: Vec::new(), below: Self::default() });
            self.0.len() - 1
        });
        &mut self.0[place]
    }

    /// Whether no path goes on here.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What a key leads to.
    #[inline]
    pub fn find(&self, key: &[u8]) -> Option<&Key> {
        self.0.iter().find(|known| known.key.as_bytes() == key)
    }
}

/// Takes the values of one line.
///
/// # Errors
/// It is no object of JSON.
pub(super) fn walk<'a>(
    map: &Map,
    paths: &Paths,
    line: &'a [u8],
    row: &mut Row<'a>,
) -> Result<(), &'static str> {
    let line = line.trim_ascii();
    // An element of a list that has one element a line.
    let line = line.strip_suffix(b",").unwrap_or(line);
    if compact::walk(map, paths, line, row).is_some() {
        return Ok(());
    }
    *row = Row::new();
    if !line.starts_with(b"{") {
        return Err(NONE);
    }
    parse(map, paths, line, row).map_err(|_| NONE)
}

const NONE: &str = "no JSON object";

/// By serde_json, whatever the form.
pub(super) fn parse<'a>(
    map: &Map,
    paths: &Paths,
    line: &'a [u8],
    row: &mut Row<'a>,
) -> Result<(), serde_json::Error> {
    let mut json = serde_json::Deserializer::from_slice(line);
    Walk { map, paths, row }.deserialize(&mut json).and_then(|()| json.end())
}

struct Walk<'m, 'r, 'a> {
    map: &'m Map,
    paths: &'m Paths,
    row: &'r mut Row<'a>,
}

impl<'a> Walk<'_, '_, 'a> {
    #[inline]
    fn value(&mut self, key: &Key, raw: &'a RawValue) -> Result<(), serde_json::Error> {
        let text = raw.get();
        match text.as_bytes().first() {
            Some(b'{' | b'[') if !key.below.is_empty() => {
                let below = Walk { map: self.map, paths: &key.below, row: self.row };
                below.deserialize(&mut serde_json::Deserializer::from_str(text))?;
            }
            _ => {}
        }
        match text.as_bytes().first() {
            Some(b'[') => {
                // Rarely many: words such as ECS's `event.type`.
                for element in serde_json::from_str::<Vec<&'a RawValue>>(text)? {
                    self.scalar(key, element.get())?;
                }
                Ok(())
            }
            _ => self.scalar(key, text),
        }
    }

    #[inline]
    fn scalar(&mut self, key: &Key, text: &'a str) -> Result<(), serde_json::Error> {
        let value = match text.as_bytes() {
            [b'"', inner @ .., b'"'] if !inner.contains(&b'\\') => Cow::Borrowed(inner),
            [b'"', ..] => Cow::Owned(serde_json::from_str::<String>(text)?.into_bytes()),
            [b'{' | b'[' | b'n', ..] => return Ok(()),
            number => Cow::Borrowed(number),
        };
        for name in &key.ends {
            self.row.take(self.map, self.map.uses(*name), value.clone());
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut object: A) -> Result<(), A::Error> {
        while let Some(Name(name)) = object.next_key()? {
            match self.paths.find(name.as_bytes()) {
                None => {
                    object.next_value::<IgnoredAny>()?;
                }
                Some(key) if key.ends.is_empty() => {
                    object.next_value_seed(Walk { map: self.map, paths: &key.below, row: self.row })?;
                }
                Some(key) => {
                    let raw: &'de RawValue = object.next_value()?;
                    self.value(key, raw).map_err(Error::custom)?;
                }
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        let mut place = 0_u32;
        while let Some(raw) = list.next_element::<&'de RawValue>()? {
            if let Some(key) = self.paths.find(place.to_string().as_bytes()) {
                self.value(key, raw).map_err(Error::custom)?;
            }
            place = place.saturating_add(1);
        }
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
}

/// A key, borrowed where it has no escapes.
struct Name<'a>(Cow<'a, str>);

impl<'de> serde::Deserialize<'de> for Name<'de> {
    #[inline]
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Borrowing;
        impl<'de> Visitor<'de> for Borrowing {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            #[inline]
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }
        }
        from.deserialize_str(Borrowing)
    }
}
