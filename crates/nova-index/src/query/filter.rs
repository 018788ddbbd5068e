//! What kinds of symbols are wanted, and from which files.

use memchr::memmem;
use nova_syntax::declarations::Kind;

use crate::format::Section;
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
    /// The filter, ready for the files of one shard.
    pub(crate) fn on<'f>(&'f self, shard: &'f Shard) -> ShardFilter<'f> {
        let is_in_names = match &self.condition {
            FileCondition::Path(part) => {
                // What reaches over two names does no harm: each file is looked at.
                let names = shard.text(Section::FileText).to_ascii_lowercase();
                let beyond_folder = part.rsplit('/').next().unwrap_or(part);
                memmem::find(&names, beyond_folder.as_bytes()).is_some()
            }
            FileCondition::In(_) => false,
        };
        ShardFilter { filter: self, shard, is_in_names, folder: None }
    }
}

/// A filter on the files of one shard, which come in their order.
pub(crate) struct ShardFilter<'f> {
    filter: &'f FileFilter,
    shard: &'f Shard,
    /// Whether a file's name can decide.
    is_in_names: bool,
    /// The folder of the last file, and whether it fulfils the condition.
    folder: Option<(usize, bool)>,
}

impl ShardFilter<'_> {
    /// Whether a file of the shard is wanted.
    pub(crate) fn admits(&mut self, file: FileRef<'_>) -> bool {
        let number = file.folder_number();
        let in_folder = match self.folder {
            Some((last, holds)) if last == number => holds,
            _ => {
                let holds = self.holds_for_folder(file);
                self.folder = Some((number, holds));
                holds
            }
        };
        let holds = in_folder || (self.is_in_names && self.holds_for_name(file));
        holds != self.filter.negated
    }

    fn holds_for_folder(&self, file: FileRef<'_>) -> bool {
        match &self.filter.condition {
            FileCondition::Path(part) => is_in_path(file, b"", part),
            FileCondition::In(beginning) => {
                is_in(self.shard, file.root_identity(), beginning.as_bytes())
            }
        }
    }

    fn holds_for_name(&self, file: FileRef<'_>) -> bool {
        match &self.filter.condition {
            FileCondition::Path(part) => is_in_path(file, file.file_name(), part),
            FileCondition::In(_) => false,
        }
    }
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
