//! The immutable merge of all shard indexes and deltas that queries run on.
//!
//! Derives what no single file can say (the packages), and leaves out what is no longer true (files
//! that were deleted or that a delta supersedes). Which those are, the router says.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::Arc;

use nova_syntax::declarations::{Kind, Modifier, Modifiers};

use crate::id::FileId;
use crate::packages::is_package_info;
use crate::shard::{FileRef, PackageClauseRef, Shard};
use crate::symbol_ref::SymbolRef;

/// Grows with every symbol view that a router publishes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a workspace declared at one moment.
#[derive(Debug, Default)]
pub struct SymbolView {
    revision: Revision,
    shards: Vec<ViewShard>,
    /// For each package the file whose clause stands for it, sorted by the package's name.
    packages: Vec<FilePlace>,
}

/// A shard, or a delta, as far as a view shows it.
#[derive(Debug, Clone)]
pub struct ViewShard {
    shard: Arc<Shard>,
    hidden: FileSet,
    hidden_symbols: u32,
}

/// A symbol as a view knows it.
#[derive(Debug, Clone, Copy)]
pub enum ViewSymbol<'a> {
    /// A declaration in a file.
    Declared(SymbolRef<'a>),
    /// A package: one symbol for all its files, placed at the clause of this one.
    Package(FileRef<'a>),
}

#[derive(Debug, Clone, Copy)]
struct FilePlace {
    shard: u32,
    file: FileId,
}

impl ViewShard {
    /// A shard without the files that were deleted, superseded or not asked for.
    pub fn new(shard: Arc<Shard>, hidden: impl IntoIterator<Item = FileId>) -> Self {
        let mut set = FileSet::default();
        let mut hidden_symbols = 0;
        for file in hidden.into_iter().filter_map(|id| shard.file(id)) {
            if set.insert(file.id()) {
                hidden_symbols += file.symbols().len() as u32;
            }
        }
        Self { shard, hidden: set, hidden_symbols }
    }

    /// The shard or delta itself.
    pub fn shard(&self) -> &Arc<Shard> {
        &self.shard
    }

    /// Whether the view shows this file.
    pub fn is_visible(&self, file: FileId) -> bool {
        !self.hidden.contains(file)
    }

    /// The files that the view shows.
    pub(crate) fn visible_files(&self) -> impl Iterator<Item = FileRef<'_>> {
        self.shard.files().filter(|file| self.is_visible(file.id()))
    }

    fn package_representatives(&self) -> impl Iterator<Item = FileRef<'_>> {
        let files = self.shard.packages().representatives(|file| self.is_visible(file));
        files.filter_map(|file| self.shard.file(file))
    }
}

impl SymbolView {
    /// Merges shards and deltas. Each file must be visible in at most one of them.
    pub fn new(revision: Revision, shards: Vec<ViewShard>) -> Self {
        let packages = merged_packages(&shards);
        Self { revision, shards, packages }
    }

    /// The view's number.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// What the view was merged from.
    pub fn shards(&self) -> &[ViewShard] {
        &self.shards
    }

    /// How many files it shows, skipped ones included.
    pub fn file_count(&self) -> u64 {
        let count = |it: &ViewShard| u64::from(it.shard.file_count() - it.hidden.count);
        self.shards.iter().map(count).sum()
    }

    /// How many symbols it shows, packages included.
    pub fn symbol_count(&self) -> u64 {
        let count = |it: &ViewShard| u64::from(it.shard.symbol_count() - it.hidden_symbols);
        self.shards.iter().map(count).sum::<u64>() + self.packages.len() as u64
    }

    /// The files that it shows, sorted by root identity, folder and name: how they are spread over shards
    /// leaves no trace.
    pub fn files(&self) -> impl ExactSizeIterator<Item = FileRef<'_>> {
        let mut files: Vec<_> = self.shards.iter().flat_map(ViewShard::visible_files).collect();
        files.sort_unstable_by(|a, b| compare_places(*a, *b));
        files.into_iter()
    }

    /// The packages, sorted by name.
    pub fn packages(&self) -> impl ExactSizeIterator<Item = ViewSymbol<'_>> {
        self.packages.iter().map(|place| {
            let file = self.shards[place.shard as usize].shard.file(place.file);
            ViewSymbol::Package(file.expect("packages stand at files of the view's shards"))
        })
    }

    /// Every symbol: file by file in source order, then the packages.
    pub fn symbols(&self) -> impl Iterator<Item = ViewSymbol<'_>> {
        self.files().flat_map(FileRef::symbols).map(ViewSymbol::Declared).chain(self.packages())
    }
}

impl<'a> ViewSymbol<'a> {
    /// The declared name; of a package the whole name.
    pub fn name(&self) -> &'a str {
        match self {
            Self::Declared(symbol) => symbol.name(),
            Self::Package(file) => file.package().unwrap_or_default(),
        }
    }

    /// What is declared.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Declared(symbol) => symbol.kind(),
            Self::Package(_) => Kind::Package,
        }
    }

    /// The enclosing named types joined by dots; empty for a top-level symbol.
    pub fn container(&self) -> String {
        match self {
            Self::Declared(symbol) => symbol.container(),
            Self::Package(_) => String::new(),
        }
    }

    /// The package that the symbol is in; of a package its own name. Empty for the unnamed one.
    pub fn package(&self) -> &'a str {
        self.file().package().unwrap_or_default()
    }

    /// The file that it stands in.
    pub fn file(&self) -> FileRef<'a> {
        match self {
            Self::Declared(symbol) => symbol.file(),
            Self::Package(file) => *file,
        }
    }

    /// Line of the name, from zero.
    pub fn line(&self) -> u32 {
        match self {
            Self::Declared(symbol) => symbol.line(),
            Self::Package(file) => clause(*file).map_or(0, |clause| clause.line),
        }
    }

    /// Column of the name in UTF-16 units, from zero.
    pub fn character(&self) -> u32 {
        match self {
            Self::Declared(symbol) => symbol.character(),
            Self::Package(file) => clause(*file).map_or(0, |clause| clause.character),
        }
    }

    /// The signature as written; of a package its name.
    pub fn signature(&self) -> String {
        match self {
            Self::Declared(symbol) => symbol.signature(),
            Self::Package(_) => self.name().to_owned(),
        }
    }

    /// The modifiers as written, then `deprecated`.
    pub fn modifiers(&self) -> Modifiers {
        match self {
            Self::Declared(symbol) => symbol.modifiers(),
            Self::Package(file) => {
                let mut modifiers = Modifiers::default();
                if is_package_info(*file) && clause(*file).is_some_and(|it| it.deprecated) {
                    modifiers.push(Modifier::Deprecated);
                }
                modifiers
            }
        }
    }

    /// Whether it is declared inside a body, or is a member of such a type.
    pub fn local(&self) -> bool {
        match self {
            Self::Declared(symbol) => symbol.local(),
            Self::Package(_) => false,
        }
    }
}

fn clause(file: FileRef<'_>) -> Option<PackageClauseRef<'_>> {
    file.package_clause()
}

/// One file for each package: `package-info.java` if there is one, else the first path.
fn merged_packages(shards: &[ViewShard]) -> Vec<FilePlace> {
    let mut best: HashMap<&str, (FileRef<'_>, FilePlace)> = HashMap::new();
    for (index, shard) in (0..).zip(shards) {
        for file in shard.package_representatives() {
            let place = FilePlace { shard: index, file: file.id() };
            match best.entry(file.package().unwrap_or_default()) {
                Entry::Vacant(entry) => {
                    entry.insert((file, place));
                }
                Entry::Occupied(mut entry) if precedes(file, entry.get().0) => {
                    entry.insert((file, place));
                }
                Entry::Occupied(_) => {}
            }
        }
    }
    let mut best: Vec<_> = best.into_iter().collect();
    best.sort_unstable_by_key(|(name, _)| *name);
    best.into_iter().map(|(_, (_, place))| place).collect()
}

/// Whether a package is placed at the one file rather than at the other.
fn precedes(a: FileRef<'_>, b: FileRef<'_>) -> bool {
    is_package_info(b).cmp(&is_package_info(a)).then_with(|| compare_places(a, b)).is_lt()
}

/// The order of files over all shards, which is theirs within each.
pub(crate) fn compare_places(a: FileRef<'_>, b: FileRef<'_>) -> Ordering {
    let root = a.root_identity().cmp(b.root_identity());
    root.then_with(|| a.folder().cmp(b.folder())).then_with(|| a.file_name().cmp(b.file_name()))
}

/// A set of files of one shard.
#[derive(Debug, Clone, Default)]
struct FileSet {
    words: Vec<u64>,
    count: u32,
}

impl FileSet {
    /// Whether the file was not in the set before.
    fn insert(&mut self, file: FileId) -> bool {
        let (word, bit) = Self::place(file);
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        let is_new = self.words[word] & bit == 0;
        self.words[word] |= bit;
        self.count += u32::from(is_new);
        is_new
    }

    fn contains(&self, file: FileId) -> bool {
        let (word, bit) = Self::place(file);
        self.words.get(word).is_some_and(|word| word & bit != 0)
    }

    fn place(file: FileId) -> (usize, u64) {
        ((file.0 / u64::BITS) as usize, 1 << (file.0 % u64::BITS))
    }
}
