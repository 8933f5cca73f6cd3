//! The footer: which columns there are, and where each row group's pieces of them lie.

use super::thrift::{Thrift, kind};

/// Begins and ends a file.
pub(super) const MAGIC: &[u8; 4] = b"PAR1";
/// Ends a file whose footer is encrypted.
const ENCRYPTED: &[u8; 4] = b"PARE";
/// A larger footer is damage: AWS's have some kB.
const LARGEST: usize = 16 << 20;
/// More row groups, or more columns with the names of fields, are damage.
const MOST_GROUPS: usize = 1 << 15;
const MOST_COLUMNS: usize = 64;

/// How values are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stored {
    Int32,
    Int64,
    Bytes,
}

/// A column at the top of the schema that holds one value a row.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub name: Vec<u8>,
    pub stored: Stored,
    /// A value may be missing.
    pub optional: bool,
}

/// A column's values in one row group.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    /// Place of the column in [`Footer::columns`].
    pub column: usize,
    pub codec: i64,
    /// Where its first page begins, and where its last one ends.
    pub start: usize,
    pub end: usize,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    pub rows: u64,
    pub pieces: Vec<Piece>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Footer {
    pub columns: Vec<Column>,
    pub groups: Vec<Group>,
}

impl Footer {
    /// Of a whole file; only columns that `wanted` names are kept.
    ///
    /// # Errors
    /// Why there is no footer that can be read, and what to do about it.
    pub fn read(file: &[u8], wanted: impl Fn(&[u8]) -> bool) -> Result<Self, &'static str> {
        let tail = file.len().checked_sub(8).filter(|at| *at >= 4);
        let tail = tail.ok_or("it is cut off; fetch it again")?;
        match &file[tail + 4..] {
            end if end == MAGIC => {}
            end if end == ENCRYPTED => return Err("its footer is encrypted; decrypt it first"),
            _ => return Err("its footer is missing, it is cut off; fetch it again"),
        }
        let length =
            file[tail..tail + 4].iter().rev().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte));
        let start = tail.checked_sub(length).filter(|start| *start >= 4 && length <= LARGEST);
        let start = start.ok_or("its footer is damaged; fetch it again")?;
        let mut footer = Self::default();
        footer.parse(&file[start..tail], start, wanted).ok_or("its footer is damaged; fetch it again")?;
        Ok(footer)
    }

    fn parse(&mut self, bytes: &[u8], end: usize, wanted: impl Fn(&[u8]) -> bool) -> Option<()> {
        let mut thrift = Thrift::new(bytes);
        thrift.structure(|thrift, field| {
            match (field.id, field.kind) {
                (2, kind::LIST) => self.schema(thrift, &wanted)?,
                (4, kind::LIST) => {
                    for _ in 0..structures(thrift)? {
                        let group = self.group(thrift, end)?;
                        // A group without rows takes a byte of the file and more of memory.
                        if group.rows > 0 {
                            self.groups.push(group);
                        }
                        (self.groups.len() <= MOST_GROUPS).then_some(())?;
                    }
                }
                _ => return Some(false),
            }
            Some(true)
        })
    }

    /// The schema is a tree, each branch followed by its leaves: those of depth one are kept.
    fn schema(&mut self, thrift: &mut Thrift<'_>, wanted: &impl Fn(&[u8]) -> bool) -> Option<()> {
        // How many elements the open branches still hold, outermost first; the root is an element of its own.
        let mut open: Vec<usize> = Vec::new();
        for place in 0..structures(thrift)? {
            let (mut what, mut repetition, mut name, mut children) = (None, None, &[][..], 0);
            thrift.structure(|thrift, field| {
                match field.id {
                    1 => what = Some(thrift.number()?),
                    3 => repetition = Some(thrift.number()?),
                    4 => name = thrift.binary()?,
                    5 => children = thrift.size()?,
                    _ => return Some(false),
                }
                Some(true)
            })?;
            let stored = match what {
                Some(1) => Some(Stored::Int32),
                Some(2) => Some(Stored::Int64),
                Some(6) => Some(Stored::Bytes),
                _ => None,
            };
            // Required or optional; what is repeated holds no one value a row.
            if let (Some(stored), Some(repetition @ 0..=1), 0) = (stored, repetition, children)
                && open.len() == 1
                && wanted(name)
            {
                (self.columns.len() < MOST_COLUMNS).then_some(())?;
                self.columns.push(Column { name: name.to_vec(), stored, optional: repetition == 1 });
            }
            if place > 0 {
                *open.last_mut()? = open.last()?.checked_sub(1)?;
            }
            if children > 0 {
                open.push(children);
            }
            while open.last() == Some(&0) {
                open.pop();
            }
        }
        Some(())
    }

    fn group(&self, thrift: &mut Thrift<'_>, end: usize) -> Option<Group> {
        let mut group = Group::default();
        thrift.structure(|thrift, field| {
            match (field.id, field.kind) {
                (1, kind::LIST) => {
                    for _ in 0..structures(thrift)? {
                        let piece = self.chunk(thrift, end)?;
                        let is_new =
                            |piece: &Piece| !group.pieces.iter().any(|known| known.column == piece.column);
                        if let Some(piece) = piece.filter(is_new) {
                            group.pieces.push(piece);
                        }
                    }
                }
                (3, _) => group.rows = thrift.size()? as u64,
                _ => return Some(false),
            }
            Some(true)
        })?;
        Some(group)
    }

    /// A column's piece, if it is one of those that are kept.
    fn chunk(&self, thrift: &mut Thrift<'_>, end: usize) -> Option<Option<Piece>> {
        let mut found = None;
        thrift.structure(|thrift, field| {
            if (field.id, field.kind) != (3, kind::STRUCT) {
                return Some(false);
            }
            found = self.piece(thrift, end)?;
            Some(true)
        })?;
        Some(found)
    }

    fn piece(&self, thrift: &mut Thrift<'_>, end: usize) -> Option<Option<Piece>> {
        let (mut name, mut parts, mut codec, mut length) = (&[][..], 0, 0, 0);
        let (mut data, mut dictionary) = (0, None);
        thrift.structure(|thrift, field| {
            match field.id {
                3 => {
                    let (count, what) = thrift.list()?;
                    parts = count;
                    for _ in 0..count {
                        name = (what == kind::BINARY).then(|| thrift.binary())??;
                    }
                }
                4 => codec = thrift.number()?,
                7 => length = thrift.size()?,
                9 => data = thrift.size()?,
                11 => dictionary = Some(thrift.size()?),
                _ => return Some(false),
            }
            Some(true)
        })?;
        let Some(column) = self.columns.iter().position(|column| parts == 1 && column.name == name) else {
            return Some(None);
        };
        // Some writers say 0 where there is no dictionary.
        let start = dictionary.filter(|at| (4..data).contains(at)).unwrap_or(data);
        let end = start.saturating_add(length).min(end);
        Some(Some(Piece { column, codec, start: start.min(end), end }))
    }
}

/// How many structures follow in a list.
fn structures(thrift: &mut Thrift<'_>) -> Option<usize> {
    let (count, what) = thrift.list()?;
    (count == 0 || what == kind::STRUCT).then_some(count)
}
