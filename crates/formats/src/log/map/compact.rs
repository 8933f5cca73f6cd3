//! The walk of [`super::json`], over lines as most products write them.
//!
//! A parser that checks all of a line and all its text spends most of its time on what no path leads to. Most lines have
//! plain keys, and values that are read have no escapes: then a walk from key to key is enough. Whatever is not so ends it,
//! and serde_json decides: this walk never says that a line is wrong. The limit: what is passed over is not checked.

use std::borrow::Cow;

use memchr::memchr2;

use super::Map;
use super::json::{Key, Paths};
use super::row::Row;

/// Takes the values of one line; none where it is not of that form, and then some may have been taken.
#[inline]
pub(super) fn walk<'a>(map: &Map, paths: &Paths, line: &'a [u8], row: &mut Row<'a>) -> Option<()> {
    let mut walk = Walk { map, rest: line, row };
    walk.object(paths)?;
    walk.rest.is_empty().then_some(())
}

struct Walk<'m, 'r, 'a> {
    map: &'m Map,
    rest: &'a [u8],
    row: &'r mut Row<'a>,
}

impl<'a> Walk<'_, '_, 'a> {
    fn object(&mut self, paths: &Paths) -> Option<()> {
        self.rest = self.rest.strip_prefix(b"{")?;
        self.blanks();
        if self.byte(b'}') {
            return Some(());
        }
        loop {
            let key = self.text()?;
            self.blanks();
            self.rest = self.rest.strip_prefix(b":")?;
            self.blanks();
            match paths.find(key) {
                None => self.pass_over()?,
                Some(key) => self.value(key)?,
            }
            self.blanks();
            if self.byte(b'}') {
                return Some(());
            }
            self.rest = self.rest.strip_prefix(b",")?;
            self.blanks();
        }
    }

    fn value(&mut self, key: &Key) -> Option<()> {
        match *self.rest.first()? {
            b'{' if key.below.is_empty() => self.pass_over(),
            b'{' => self.object(&key.below),
            b'[' => self.list(key),
            _ => self.scalar(key),
        }
    }

    fn list(&mut self, key: &Key) -> Option<()> {
        if !key.below.is_empty() {
            let before = self.rest;
            self.elements(|walk, place| match key.below.find(place.to_string().as_bytes()) {
                Some(key) => walk.value(key),
                None => walk.pass_over(),
            })?;
            if key.ends.is_empty() {
                return Some(());
            }
            self.rest = before;
        }
        self.elements(|walk, _| match walk.rest.first()? {
            b'{' | b'[' => walk.pass_over(),
            _ => walk.scalar(key),
        })
    }

    fn elements(&mut self, mut each: impl FnMut(&mut Self, u32) -> Option<()>) -> Option<()> {
        self.rest = self.rest.strip_prefix(b"[")?;
        self.blanks();
        if self.byte(b']') {
            return Some(());
        }
        for place in 0.. {
            each(self, place)?;
            self.blanks();
            if self.byte(b']') {
                break;
            }
            self.rest = self.rest.strip_prefix(b",")?;
            self.blanks();
        }
        Some(())
    }

    #[inline]
    fn scalar(&mut self, key: &Key) -> Option<()> {
        let text = match *self.rest.first()? {
            b'"' => self.text()?,
            _ => {
                let text = self.bare()?;
                let number = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
                match text {
                    b"null" => return Some(()),
                    b"true" | b"false" => {}
                    _ if text.iter().all(number) => {}
                    _ => return None,
                }
                text
            }
        };
        for name in &key.ends {
            self.row.take(self.map, self.map.uses(*name), Cow::Borrowed(text));
        }
        Some(())
    }

    /// A string without escapes. Most are shorter than a vector search is worth.
    #[inline]
    fn text(&mut self) -> Option<&'a [u8]> {
        let from = self.rest.strip_prefix(b"\"")?;
        let end = from.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
        self.rest = &from[end + 1..];
        (from[end] == b'"').then(|| &from[..end])
    }

    /// A number or a word.
    #[inline]
    fn bare(&mut self) -> Option<&'a [u8]> {
        let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t');
        let (text, rest) = self.rest.split_at(self.rest.iter().position(ends)?);
        self.rest = rest;
        (!text.is_empty()).then_some(text)
    }

    /// Any value.
    #[inline]
    fn pass_over(&mut self) -> Option<()> {
        match *self.rest.first()? {
            b'"' => {
                self.rest = behind_string(&self.rest[1..])?;
                Some(())
            }
            b'{' | b'[' => self.pass_over_nested(),
            _ => self.bare().map(|_| ()),
        }
    }

    fn pass_over_nested(&mut self) -> Option<()> {
        let mut depth = 0_u32;
        loop {
            let at = self.rest.iter().position(|byte| matches!(byte, b'{' | b'[' | b'}' | b']' | b'"'))?;
            let byte = self.rest[at];
            self.rest = &self.rest[at + 1..];
            match byte {
                b'{' | b'[' => depth += 1,
                b'"' => self.rest = behind_string(self.rest)?,
                _ => depth -= 1,
            }
            if depth == 0 {
                return Some(());
            }
        }
    }

    #[inline]
    fn blanks(&mut self) {
        while let [b' ' | b'\t', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    #[inline]
    fn byte(&mut self, wanted: u8) -> bool {
        let is = self.rest.first() == Some(&wanted);
        if is {
            self.rest = &self.rest[1..];
        }
        is
    }
}

/// What stands behind a string whose first quote is behind already.
#[inline]
fn behind_string(mut text: &[u8]) -> Option<&[u8]> {
    loop {
        let at = memchr2(b'"', b'\\', text)?;
        if text[at] == b'"' {
            return Some(&text[at + 1..]);
        }
        text = text.get(at + 2..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Row, json, read};
    use super::*;
    use crate::log::map::Shape;
    use crate::log::map::field::Field;
    use proptest::prelude::*;
    use serde_json::Value;

    fn map() -> Map {
        let fields = "time = [\"a.b\", \"b\"]\nsource = [\"a\", \"b.c\"]\ntarget = \"a.0\"\ntarget_port = \"c.1.a\"\n\
            transport = \"a.a.a\"\noutcome = [\"c\", \"b.a\"]\n";
        let text = format!(
            "[[map]]\nname = \"m\"\nhelp = \"m\"\nformat = \"ndjson\"\nrecords = \"flows\"\n[map.fields]\n{fields}\
             [map.outcomes]\nx = \"silent\"\n1 = \"refused\"\ntrue = \"told\"\n[map.only]\n\"c.a\" = [\"x\", 1]\n"
        );
        read(&text).unwrap().remove(0)
    }

    fn told(row: &Row<'_>) -> (Vec<Option<Vec<u8>>>, String, u64) {
        let fields = [Field::Time, Field::Source, Field::Target, Field::TargetPort, Field::Transport];
        let values = fields.map(|field| row.get(field).map(<[u8]>::to_vec)).to_vec();
        (values, format!("{:?}", row.went()), row.met())
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-2_i32..3).prop_map(Value::from),
            "[xa1 \\\\\"{},]{0,3}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 4, |inner| {
            let key = prop_oneof![Just("a"), Just("b"), Just("c"), Just("a.b"), Just("c.1"), Just("d\"")];
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::vec((key, inner), 0..5).prop_map(|pairs| Value::Object(
                    pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()
                )),
            ]
        })
    }

    proptest! {
        /// Where this walk takes a line, it takes from it what serde_json finds.
        #[test]
        fn it_says_what_the_parser_says(a in value(), b in value(), c in value(), spaced in any::<bool>()) {
            let map = map();
            let Shape::Json(paths) = &map.shape else { unreachable!() };
            let mut line = format!(r#"{{"a":{a},"b":{b},"c":{c}}}"#);
            if spaced {
                line = line.replace("\":", "\" : ").replace("],", "] ,");
            }
            let (mut quick, mut sure) = (Row::new(), Row::new());
            if walk(&map, paths, line.as_bytes(), &mut quick).is_some() {
                prop_assert!(json::parse(&map, paths, line.as_bytes(), &mut sure).is_ok(), "{}", line);
                prop_assert_eq!(told(&quick), told(&sure), "{}", line);
            }
        }

        #[test]
        fn no_bytes_panic(line in "[{}\\[\\]:,\"\\\\abc1 ]{0,40}") {
            let map = map();
            let Shape::Json(paths) = &map.shape else { unreachable!() };
            let _ = walk(&map, paths, line.as_bytes(), &mut Row::new());
        }
    }

    #[test]
    fn most_lines_are_taken() {
        let map = map();
        let Shape::Json(paths) = &map.shape else { unreachable!() };
        for (line, taken) in [
            (r#"{"a":{"b":1,"a":{"a":"tcp"}},"z":"\"","c":["x",{"a":2}]}"#, true),
            (r#"{ "a" : [ "192.0.2.1" , 2 ], "z" : [[{}],"]"] }"#, true),
            (r#"{"a":"\u0041"}"#, false),
            (r#"{"a":nul}"#, false),
            (r#"{"a":1}}"#, false),
            ("[]", false),
        ] {
            assert_eq!(walk(&map, paths, line.as_bytes(), &mut Row::new()).is_some(), taken, "{line}");
        }
    }
}
