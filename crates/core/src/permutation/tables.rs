//! Tables of logarithms, built when a group is first needed, and their form on disk.
//!
//! All eleven groups together build in a second or so; kept, they load faster. The form: a version, a SHA-256 digest of the
//! rest, then each group's baby steps. What does not fit its digest is not used.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::groups::{GROUPS, Group};
use super::logarithms::Logarithms;

/// The form's name and version.
const MAGIC: [u8; 8] = *b"wpperm\x00\x01";
const DIGEST: usize = 32;

/// Logarithms by group, built when first needed.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    groups: BTreeMap<u64, Logarithms>,
    fresh: bool,
    /// Gives what was kept; taken when first needed.
    kept: Option<fn() -> Option<Vec<u8>>>,
}

impl Tables {
    /// Tables that were kept as [`Tables::to_bytes`] gives them: most runs need none, so they are read when they are.
    pub fn kept(read: fn() -> Option<Vec<u8>>) -> Self {
        Self { kept: Some(read), ..Self::default() }
    }

    /// The logarithms of a group.
    pub fn of(&mut self, group: &Group) -> &Logarithms {
        if let Some(before) = self.kept.take().and_then(|read| Self::from_bytes(&read()?)) {
            *self = before;
        }
        let fresh = &mut self.fresh;
        self.groups.entry(group.prime).or_insert_with(|| {
            *fresh = true;
            Logarithms::new(group)
        })
    }

    /// Whether anything was built that the bytes they came from do not have: worth keeping.
    pub const fn has_grown(&self) -> bool {
        self.fresh
    }

    /// Everything that was built, for [`Tables::from_bytes`].
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for (prime, logarithms) in &self.groups {
            body.extend(prime.to_le_bytes());
            logarithms.write(&mut body);
        }
        let mut bytes = MAGIC.to_vec();
        bytes.extend(Sha256::digest(&body));
        bytes.extend(body);
        bytes
    }

    /// Tables as they were kept; of another version, damaged or cut off: None, and they are to be built anew.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(&MAGIC)?;
        let (digest, mut body) = rest.split_at_checked(DIGEST)?;
        if Sha256::digest(body).as_slice() != digest {
            return None;
        }
        let mut groups = BTreeMap::new();
        while !body.is_empty() {
            let (prime, after) = body.split_first_chunk::<8>()?;
            let group = GROUPS.iter().find(|group| group.prime == u64::from_le_bytes(*prime))?;
            body = after;
            groups.insert(group.prime, Logarithms::read(group, &mut body)?);
        }
        Some(Self { groups, ..Self::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_tables_are_the_same_and_damaged_ones_are_not_used() {
        let mut tables = Tables::default();
        for group in &GROUPS[..4] {
            let _ = tables.of(group).of(7);
        }
        assert!(tables.has_grown());
        let bytes = tables.to_bytes();
        let mut kept = Tables::from_bytes(&bytes).unwrap();
        for group in &GROUPS[..4] {
            for element in [1, 2, 100, 255] {
                assert_eq!(kept.of(group).of(element), tables.of(group).of(element));
            }
        }
        assert!(!kept.has_grown());
        assert_eq!(kept.to_bytes(), bytes);
        let mut unread = Tables::kept(|| unreachable!("nobody needs them"));
        assert!(!unread.has_grown() && unread.clone().to_bytes() != bytes);
        unread.kept = Some(|| Some(Tables::default().to_bytes()));
        assert_eq!(unread.of(&GROUPS[0]).of(7), tables.of(&GROUPS[0]).of(7));
        assert!(unread.has_grown() && unread.kept.is_none());
        for place in [0, 7, 8, 39, 40, bytes.len() / 2, bytes.len() - 1] {
            let mut damaged = bytes.clone();
            damaged[place] ^= 1;
            assert!(Tables::from_bytes(&damaged).is_none(), "byte {place}");
            assert!(Tables::from_bytes(&bytes[..place]).is_none(), "cut at {place}");
        }
    }
}
