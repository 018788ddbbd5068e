//! What kinds of symbols are wanted, and from which files.

use std::ops::Range;

use memchr::memmem;
use nova_syntax::declarations::Kind;
use zerocopy::little_endian::U32;

use crate::bits::BitSet;
use crate::format::{FileRow, FolderRow, Section};
use crate::gallop::partition_point_near;
use crate::id::FileId;
use crate::merit::Group;
use crate::shard::{FileRef, Shard};

/// A set of kinds, one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KindSet(u16);

impl KindSet {
    pub(crate) const ALL: Self = Self((1 << Kind::ALL.len()) - 1);
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const TYPES: Self = Self(
        1 << Kind::Class as u8
            | 1 << Kind::Interface as u8
            | 1 << Kind::Enum as u8
            | 1 << Kind::Record as u8
            | 1 << Kind::Annotation as u8,
    );

    /// Whose names lead in the dictionary: types, packages and modules.
    pub(crate) const LEADING: Self =
        Self(Self::TYPES.0 | 1 << Kind::Package as u8 | 1 << Kind::Module as u8);

    /// These kinds; all of them if there are none.
    pub(crate) fn of(kinds: &[Kind]) -> Self {
        if kinds.is_empty() { Self::ALL } else { kinds.iter().copied().collect() }
    }

    pub(crate) fn contains(self, kind: Kind) -> bool {
        self.0 >> kind as u8 & 1 != 0
    }

    /// The groups of these kinds, a bit each.
    pub(crate) fn groups(self) -> u8 {
        self.iter().fold(0, |groups, kind| groups | 1 << Group::of(kind) as u8)
    }

    pub(crate) fn is_all(self) -> bool {
        self == Self::ALL
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Kind> {
        Kind::ALL.into_iter().filter(move |kind| self.contains(*kind))
    }

    pub(crate) fn restrict_to(&mut self, kinds: Self) {
        self.0 &= kinds.0;
    }

    /// The kinds that are in both.
    pub(crate) fn and(self, kinds: Self) -> Self {
        Self(self.0 & kinds.0)
    }

    pub(crate) fn remove(&mut self, kinds: Self) {
        self.0 &= !kinds.0;
    }
}

impl FromIterator<Kind> for KindSet {
    fn from_iter<T: IntoIterator<Item = Kind>>(kinds: T) -> Self {
        Self(kinds.into_iter().fold(0, |bits, kind| bits | 1 << kind as u8))
    }
}

/// Which files are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileFilter {
    pub(crate) condition: FileCondition,
    /// Files for which the condition does not hold are wanted.
    pub(crate) negated: bool,
}

/// What must hold of a file. Texts are in small letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FileCondition {
    /// Its path has this in it.
    Path(String),
    /// Its module, or a folder on the way to its source root, begins with this.
    In(String),
}

impl FileFilter {
    /// Keeps of these files of a shard, a bit each, those that are wanted.
    pub(crate) fn restrict(&self, shard: &Shard, files: &mut BitSet) {
        let mut holds = BitSet::new(shard.file_count());
        match &self.condition {
            FileCondition::Path(part) if part.contains('/') => {
                for folder in 0..shard.rows::<FolderRow>().len() {
                    add_by_path(shard, folder, part, &mut holds);
                }
            }
            FileCondition::Path(part) => add_by_parts(shard, part.as_bytes(), &mut holds),
            FileCondition::In(beginning) => {
                for (number, root) in shard.roots().enumerate() {
                    if is_in(shard, root.identity, beginning.as_bytes()) {
                        holds.insert(files_below(shard, number));
                    }
                }
            }
        }
        if self.negated {
            files.remove_all(&holds);
        } else {
            files.keep_all(&holds);
        }
    }
}

impl FileFilter {
    /// Whether a file is wanted.
    pub(crate) fn admits(&self, file: FileRef<'_>) -> bool {
        let holds = match &self.condition {
            FileCondition::Path(part) => is_in_path(file, file.file_name(), part),
            FileCondition::In(beginning) => {
                is_in(file.shard(), file.root_identity(), beginning.as_bytes())
            }
        };
        holds != self.negated
    }
}

/// Adds the files whose root, folder or name has this in it. It has no slash, so it reaches over no two of
/// these.
fn add_by_parts(shard: &Shard, part: &[u8], holds: &mut BitSet) {
    let finder = memmem::Finder::new(part);
    let mut in_all = true;
    for (number, root) in shard.roots().enumerate() {
        let is_in = finder.find(&root.identity.to_ascii_lowercase()).is_some();
        if is_in {
            holds.insert(files_below(shard, number));
        }
        in_all &= is_in;
    }
    if in_all {
        return;
    }
    let (folders, files) = (shard.rows::<FolderRow>(), shard.rows::<FileRow>());
    let mut after = 0;
    for folder in rows_with(&finder, shard.text(Section::FolderText), folders, |row| row.path_end) {
        // Folders come in order, and so do their files.
        let of_file = |row: &FileRow| row.folder.get() as usize;
        let start = partition_point_near(files, after, |row| of_file(row) < folder);
        after = partition_point_near(files, start, |row| of_file(row) <= folder);
        holds.insert(start as u32..after as u32);
    }
    for file in rows_with(&finder, shard.text(Section::FileText), files, |row| row.name_end) {
        holds.insert(file as u32..file as u32 + 1);
    }
}

/// Adds the files of a folder whose path has this in it.
fn add_by_path(shard: &Shard, folder: usize, part: &str, holds: &mut BitSet) {
    for file in files_in(shard, folder) {
        let Some(file_ref) = shard.file(FileId(file)) else { continue };
        if is_in_path(file_ref, b"", part) {
            return holds.insert(files_in(shard, folder));
        }
        if is_in_path(file_ref, file_ref.file_name(), part) {
            holds.insert(file..file + 1);
        }
    }
}

/// The rows whose part of a text has this in it.
fn rows_with<R>(
    finder: &memmem::Finder<'_>,
    text: &[u8],
    rows: &[R],
    end: impl Fn(&R) -> U32,
) -> Vec<usize> {
    let text = text.to_ascii_lowercase();
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| finder.find(rest)) {
        let start = from + at;
        // Rows have much the same length.
        let guess = start * rows.len() / text.len();
        let row = partition_point_near(rows, guess, |row| end(row).get() as usize <= start);
        let Some(row_end) = rows.get(row).map(|row| end(row).get() as usize) else { break };
        if start + finder.needle().len() <= row_end {
            found.push(row);
            from = row_end;
        } else {
            // What reaches over two rows is in neither.
            from = start + 1;
        }
    }
    found
}

/// The files of a folder: they are neighbours.
fn files_in(shard: &Shard, folder: usize) -> Range<u32> {
    let rows = shard.rows::<FileRow>();
    let start = rows.partition_point(|row| (row.folder.get() as usize) < folder);
    let end = rows.partition_point(|row| (row.folder.get() as usize) <= folder);
    start as u32..end as u32
}

/// The files of a root: they are neighbours, too.
fn files_below(shard: &Shard, root: usize) -> Range<u32> {
    let (rows, folders) = (shard.rows::<FileRow>(), shard.rows::<FolderRow>());
    let root_of = |row: &FileRow| folders[row.folder.get() as usize].root.get() as usize;
    let start = rows.partition_point(|row| root_of(row) < root);
    let end = rows.partition_point(|row| root_of(row) <= root);
    start as u32..end as u32
}

fn is_in_path(file: FileRef<'_>, name: &[u8], part: &str) -> bool {
    let path = [file.root_identity(), b"/", file.folder(), b"/", name].concat();
    memmem::find(&path.to_ascii_lowercase(), part.as_bytes()).is_some()
}

fn is_in(shard: &Shard, root: &[u8], beginning: &[u8]) -> bool {
    let begins = |name: &[u8]| {
        let name = name.get(..beginning.len());
        name.is_some_and(|name| name.eq_ignore_ascii_case(beginning))
    };
    let is_place = root.split(|byte| *byte == b'/').any(begins) || begins(root);
    is_place || module_of(shard, root).is_some_and(|module| begins(module.as_bytes()))
}

/// The module that is declared at a source root (JLS 7.7).
fn module_of<'s>(shard: &'s Shard, root: &[u8]) -> Option<&'s str> {
    let declaration = shard.find_file(root, b"module-info.java")?;
    let module = declaration.symbols().find(|symbol| symbol.kind() == Kind::Module)?;
    Some(module.name())
}
