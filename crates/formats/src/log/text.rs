//! Strings of JSON that are borrowed where they stand, wherever that can be.
//!
//! serde borrows for `Cow` alone, not within `Option`, and a `null` is an error there. [`Text`] borrows, takes a `null` for
//! "not told", and allocates only where an escape has to be resolved.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// A string, empty where it is `null` or missing (with `#[serde(default)]`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text<'a>(Cow<'a, str>);

impl Text<'_> {
    /// Its bytes.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Whether nothing is told.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    #[inline]
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Borrowing;
        impl<'de> Visitor<'de> for Borrowing {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            #[inline]
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }

            fn visit_unit<E: Error>(self) -> Result<Text<'de>, E> {
                Ok(Text::default())
            }
        }
        from.deserialize_any(Borrowing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Line<'a> {
        #[serde(borrow, default)]
        name: Text<'a>,
    }

    #[test]
    fn strings_are_borrowed_and_null_is_not_told() {
        let read = |text| serde_json::from_str::<Line<'_>>(text).unwrap().name;
        assert!(matches!(read(r#"{"name":"plain"}"#).0, Cow::Borrowed("plain")));
        assert_eq!(read(r#"{"name":"a\/b"}"#).bytes(), b"a/b");
        assert!(read(r#"{"name":null}"#).is_empty() && read("{}").is_empty());
        assert!(serde_json::from_str::<Line<'_>>(r#"{"name":1}"#).is_err());
    }
}
