//! The values of one line, gathered as they come, in whatever order and form.

use std::borrow::Cow;

use super::Map;
use super::field::{FIELDS, Field, Went};

/// What a name of the line is for. A field may have several names: the rank says which comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// A field's value.
    Value(Field, u8),
    /// The product's word for how it went.
    Outcome(u8),
    /// The product's word for which way the line is written.
    Direction,
    /// The condition of this number.
    Only(u8),
}

const _: () = assert!(FIELDS <= 32);

/// The values of one line.
pub(super) struct Row<'a> {
    values: [Cow<'a, [u8]>; FIELDS],
    ranks: [u8; FIELDS],
    /// Fields that the line has, one bit each.
    seen: u32,
    went: Option<(u8, Went)>,
    turned: bool,
    met: u64,
}

impl<'a> Row<'a> {
    #[inline]
    pub fn new() -> Self {
        const EMPTY: Cow<'_, [u8]> = Cow::Borrowed(&[]);
        Self { values: [EMPTY; FIELDS], ranks: [u8::MAX; FIELDS], seen: 0, went: None, turned: false, met: 0 }
    }

    /// Takes the value that stands under a name. An empty one and `-` say nothing.
    #[inline]
    pub fn take(&mut self, map: &Map, uses: &[Use], value: Cow<'a, [u8]>) {
        let value = match value {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim_ascii()),
            Cow::Owned(text) => Cow::Owned(text.trim_ascii().to_vec()),
        };
        if matches!(&*value, b"" | b"-") {
            return;
        }
        for one in uses {
            match *one {
                Use::Value(field, rank) => {
                    if rank < self.ranks[field as usize] {
                        self.seen |= 1 << field as u32;
                        self.ranks[field as usize] = rank;
                        self.values[field as usize] = value.clone();
                    }
                }
                Use::Outcome(rank) => {
                    self.seen |= 1 << Field::Outcome as u32;
                    if self.went.is_none_or(|(known, _)| rank < known)
                        && let Some(went) = map.went(&value)
                    {
                        self.went = Some((rank, went));
                    }
                }
                Use::Direction => {
                    self.seen |= 1 << Field::Direction as u32;
                    self.turned |= map.turns(&value);
                }
                Use::Only(number) => self.met |= u64::from(map.meets(number, &value)) << number,
            }
        }
    }

    /// A field's value, where the line has one.
    #[inline]
    pub fn get(&self, field: Field) -> Option<&[u8]> {
        (self.seen & 1 << field as u32 != 0).then(|| &*self.values[field as usize])
    }

    /// How it went, as the line's words say.
    pub fn went(&self) -> Went {
        self.went.map_or(Went::Unknown, |(_, went)| went)
    }

    /// Whether the line's ends are turned round.
    pub fn is_turned(&self) -> bool {
        self.turned
    }

    /// Fields that the line has, one bit each.
    pub fn seen(&self) -> u32 {
        self.seen
    }

    /// Whether it says how it went in words that the map does not have.
    pub fn is_unlisted(&self) -> bool {
        self.seen & 1 << Field::Outcome as u32 != 0 && self.went.is_none()
    }

    /// Which conditions it meets, one bit each.
    pub fn met(&self) -> u64 {
        self.met
    }
}
