//! The immutable merge of all shard indexes and deltas that queries run on.
//!
//! Derives what no single file can say (the packages), and leaves out what is no longer true (files
//! that were deleted or that a delta supersedes). Which those are, the router says.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use nova_syntax::declarations::{Kind, Modifier, Modifiers};

use crate::dictionary::Dictionary;
use crate::id::FileId;
use crate::packages::Package;
use crate::shard::{FileRef, Shard};
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
    merged: Option<Arc<Merged>>,
    /// The shards that the dictionary does not speak of, or not as they are now.
    young: Vec<u32>,
}

/// A dictionary, and where its shards are in a view.
#[derive(Debug)]
struct Merged {
    dictionary: Arc<Dictionary>,
    /// By position in the dictionary; `None` for a shard that the view does not have, or not like this.
    shards: Vec<Option<u32>>,
}

/// A shard, or a delta, as far as a view shows it.
#[derive(Debug, Clone)]
pub struct ViewShard {
    shard: Arc<Shard>,
    /// Shared with the views that this one was made of, or that are made of it.
    hidden: Arc<FileSet>,
    hidden_symbols: u32,
}

/// A file of a view, and what takes its place.
#[derive(Debug, Clone, Copy)]
pub struct Superseded<'s> {
    /// The identity of its root.
    pub root: &'s [u8],
    /// Its path below the root.
    pub path: &'s [u8],
    /// The index of this file alone; none if it is gone.
    pub delta: Option<&'s Arc<Shard>>,
}

/// A symbol as a view knows it.
#[derive(Debug, Clone, Copy)]
pub enum ViewSymbol<'a> {
    /// A declaration in a file.
    Declared(SymbolRef<'a>),
    /// A package: one symbol for all its files, placed at the clause of this one.
    Package(FileRef<'a>),
}

impl ViewShard {
    /// A shard without the files that were deleted, superseded or not asked for.
    pub fn new(shard: Arc<Shard>, hidden: impl IntoIterator<Item = FileId>) -> Self {
        let mut whole = Self { shard, hidden: Arc::default(), hidden_symbols: 0 };
        hidden.into_iter().for_each(|file| whole.hide(file));
        whole
    }

    /// Leaves one more file out.
    fn hide(&mut self, file: FileId) {
        if let Some(row) = self.shard.file(file)
            && self.is_visible(file)
        {
            self.hidden_symbols += row.symbols().len() as u32;
            Arc::make_mut(&mut self.hidden).insert(file);
        }
    }

    /// Whether the view shows nothing of it.
    pub fn is_hidden(&self) -> bool {
        self.hidden.count == self.shard.file_count()
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

    /// How many of its symbols the view shows.
    pub fn symbol_count(&self) -> u32 {
        self.shard.symbol_count() - self.hidden_symbols
    }

    /// Whether the view leaves anything out.
    pub(crate) fn hides_any(&self) -> bool {
        self.hidden.count > 0
    }
}

impl SymbolView {
    /// Merges shards and deltas. Each file must be visible in at most one of them. With a dictionary of
    /// some of them, even of older states, the same is found faster.
    pub fn new(
        revision: Revision,
        shards: Vec<ViewShard>,
        dictionary: Option<Arc<Dictionary>>,
    ) -> Self {
        let mut young = Vec::new();
        let merged = dictionary.map(|dictionary| {
            let known = dictionary.shards();
            let mut merged = vec![None; dictionary.shard_count()];
            for (index, shard) in (0..).zip(&shards) {
                let shard = shard.shard();
                match known.get(&shard.identity()) {
                    // Of the same shard twice, the postings can speak of one.
                    Some(&at) if merged[at as usize].is_none() && dictionary.is_of(at, shard) => {
                        merged[at as usize] = Some(index);
                    }
                    _ => young.push(index),
                }
            }
            Arc::new(Merged { dictionary, shards: merged })
        });
        if merged.is_none() {
            young = (0..shards.len() as u32).collect();
        }
        Self { revision, shards, merged, young }
    }

    /// The view after some files have changed, in time that does not depend on how many symbols there are.
    /// Of a file that changed before, the older delta is replaced, so views do not grow with the edits. The files are
    /// different ones.
    pub fn superseding(&self, revision: Revision, files: &[Superseded<'_>]) -> Self {
        let (mut shards, mut young) = (self.shards.clone(), self.young.clone());
        // What is added here has none of the files that follow.
        let known = shards.len();
        for file in files {
            let mut free = None;
            for (index, shard) in (0..).zip(&mut shards[..known]) {
                let row = shard.shard.find_file(file.root, file.path).map(FileRef::id);
                row.into_iter().for_each(|row| shard.hide(row));
                // Postings may speak of a shard that is not young.
                let is_delta = row.is_some() && shard.is_hidden() && young.contains(&index);
                free = if is_delta { Some(index) } else { free };
            }
            let delta = file.delta.map(|delta| ViewShard::new(Arc::clone(delta), []));
            match (delta, free) {
                (Some(delta), Some(index)) => shards[index as usize] = delta,
                (Some(delta), None) => {
                    young.push(shards.len() as u32);
                    shards.push(delta);
                }
                (None, _) => {}
            }
        }
        Self { revision, shards, merged: self.merged.clone(), young }
    }

    /// The same view without the files that are not wanted.
    pub fn restricted(
        &self,
        revision: Revision,
        mut is_wanted: impl FnMut(FileRef<'_>) -> bool,
    ) -> Self {
        let mut shards = self.shards.clone();
        for shard in &mut shards {
            let files = Arc::clone(&shard.shard);
            files.files().filter(|file| !is_wanted(*file)).for_each(|file| shard.hide(file.id()));
        }
        let young = self.young.iter().copied();
        let young = young.filter(|index| !shards[*index as usize].is_hidden()).collect();
        Self { revision, shards, merged: self.merged.clone(), young }
    }

    /// The view's number.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// What the view was merged from.
    pub fn shards(&self) -> &[ViewShard] {
        &self.shards
    }

    /// The dictionary that queries go by.
    pub fn dictionary(&self) -> Option<&Arc<Dictionary>> {
        self.merged.as_ref().map(|merged| &merged.dictionary)
    }

    /// For each shard of the dictionary its position among those of the view, if it is there.
    pub(crate) fn merged_shards(&self) -> &[Option<u32>] {
        self.merged.as_ref().map_or(&[], |merged| merged.shards.as_slice())
    }

    /// The positions of the shards that must be searched directly.
    pub(crate) fn young(&self) -> &[u32] {
        &self.young
    }

    /// How many files it shows, skipped ones included.
    pub fn file_count(&self) -> u64 {
        let count = |it: &ViewShard| u64::from(it.shard.file_count() - it.hidden.count);
        self.shards.iter().map(count).sum()
    }

    /// How many symbols it shows, packages included. Goes through all files.
    pub fn symbol_count(&self) -> u64 {
        let count = |it: &ViewShard| u64::from(it.symbol_count());
        self.shards.iter().map(count).sum::<u64>() + self.packages().len() as u64
    }

    /// The files that it shows, sorted by root identity, folder and name: how they are spread over shards
    /// leaves no trace.
    pub fn files(&self) -> impl ExactSizeIterator<Item = FileRef<'_>> {
        let mut files: Vec<_> = self.shards.iter().flat_map(ViewShard::visible_files).collect();
        files.sort_unstable_by(|a, b| compare_places(*a, *b));
        files.into_iter()
    }

    /// The packages, sorted by name: derived from all files, as no shard knows all of a package.
    pub fn packages(&self) -> impl ExactSizeIterator<Item = ViewSymbol<'_>> {
        let files = self.shards.iter().flat_map(ViewShard::visible_files);
        let packages = Package::of_files(files).into_iter();
        packages.map(|package| ViewSymbol::Package(package.file))
    }

    /// Every symbol: file by file in source order, then the packages.
    pub fn symbols(&self) -> impl Iterator<Item = ViewSymbol<'_>> {
        self.files().flat_map(FileRef::symbols).map(ViewSymbol::Declared).chain(self.packages())
    }
}

impl<'a> ViewSymbol<'a> {
    /// What tells it from all others.
    pub(crate) fn key(&self) -> (*const Shard, Kind, u32) {
        match self {
            Self::Declared(symbol) => (symbol.shard(), symbol.kind(), symbol.id().0),
            Self::Package(file) => (file.shard(), Kind::Package, file.id().0),
        }
    }

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
            Self::Package(file) => file.package_clause().map_or(0, |clause| clause.line),
        }
    }

    /// Column of the name in UTF-16 units, from zero.
    pub fn character(&self) -> u32 {
        match self {
            Self::Declared(symbol) => symbol.character(),
            Self::Package(file) => file.package_clause().map_or(0, |clause| clause.character),
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
                if Package::is_deprecated(*file) {
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

/// The order of files over all shards, which is theirs within each.
pub(crate) fn compare_places(a: FileRef<'_>, b: FileRef<'_>) -> Ordering {
    let root = a.root_identity().cmp(b.root_identity());
    root.then_with(|| a.folder().cmp(b.folder())).then_with(|| a.file_name().cmp(b.file_name()))
}

/// A set of files of one shard.
#[derive(Debug, Clone, Default)]
pub(crate) struct FileSet {
    words: Vec<u64>,
    count: u32,
}

impl FileSet {
    /// Whether the file was not in the set before.
    pub(crate) fn insert(&mut self, file: FileId) -> bool {
        let (word, bit) = Self::place(file);
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        let is_new = self.words[word] & bit == 0;
        self.words[word] |= bit;
        self.count += u32::from(is_new);
        is_new
    }

    pub(crate) fn contains(&self, file: FileId) -> bool {
        let (word, bit) = Self::place(file);
        self.words.get(word).is_some_and(|word| word & bit != 0)
    }

    fn place(file: FileId) -> (usize, u64) {
        ((file.0 / u64::BITS) as usize, 1 << (file.0 % u64::BITS))
    }
}
