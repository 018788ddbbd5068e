//! An opened shard index: checked once, read in place.
//!
//! Answers what is in one shard. Which of its files are current, and what other shards hold, is for
//! [`crate::view`].

use std::cmp::Ordering;
use std::ops::Range;
use std::path::Path;

use bytes::Bytes;
use nova_syntax::declarations::{ImportKind, Kind};
use xxhash_rust::xxh3::Xxh3;
use zerocopy::{FromBytes, IntoBytes};

use crate::digest::{ContentHash, Digest, FileDigest};
use crate::file_symbols::FileFlags;
use crate::format::{
    FileRow, FolderRow, ImportRow, NameRow, PACKAGE_DEPRECATED, RootRow, Row, SECTIONS, ScopeRow,
    Section, StampRow, StringRow, SymbolRow, U24, import_kind,
};
use crate::id::{FileId, ShardId, ShardIdentity, SymbolId};
use crate::map::map;
use crate::path;
use crate::stamp::Stamp;
use crate::symbol_ref::SymbolRef;
use crate::validate::{self, OpenShardError};

/// The index of one shard, or of one file of it (a delta).
pub struct Shard {
    bytes: Bytes,
    sections: [Range<usize>; SECTIONS],
    id: ShardId,
    identity: ShardIdentity,
    digest: Digest,
    arrangement: Arrangement,
    scanned_at_ns: i64,
}

/// A fingerprint of the files of a shard, of where each of them is, and of the order in which they and
/// so their symbols are numbered: a [`Digest`] tells neither roots nor order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arrangement(pub(crate) u128);

impl Shard {
    /// Maps a shard file and checks all of it.
    pub fn open(path: &Path, identity: &ShardIdentity) -> Result<Self, OpenShardError> {
        Self::from_bytes(map(path)?, identity)
    }

    /// The same for a shard file's bytes in memory.
    pub fn from_bytes(bytes: Bytes, identity: &ShardIdentity) -> Result<Self, OpenShardError> {
        let validate::Contents { header, sections } = validate::contents(&bytes, identity)?;
        let mut shard = Self {
            bytes,
            sections,
            id: ShardId(header.shard.get()),
            identity: ShardIdentity(header.identity),
            digest: Digest::from_bits(header.digest.get()),
            arrangement: Arrangement(0),
            scanned_at_ns: header.scanned_at_ns.get(),
        };
        validate::tables(&shard)?;
        shard.arrangement = Arrangement::of(&shard);
        Ok(shard)
    }

    /// The shard's number when the file was written.
    pub fn id(&self) -> ShardId {
        self.id
    }

    /// What the shard holds, as the layout names it.
    pub fn identity(&self) -> ShardIdentity {
        self.identity
    }

    /// The fingerprint of all files, by their paths below their roots.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// What ids of files and symbols go by: where it is the same, they mean the same.
    pub(crate) fn arrangement(&self) -> Arrangement {
        self.arrangement
    }

    /// When reading began, in nanoseconds since 1970.
    pub fn scanned_at_ns(&self) -> i64 {
        self.scanned_at_ns
    }

    /// The file's bytes, as they may be sent elsewhere.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The source roots, sorted by identity.
    pub fn roots(&self) -> impl ExactSizeIterator<Item = RootRef<'_>> {
        (0..self.rows::<RootRow>().len()).map(|index| self.root(index))
    }

    /// How many files are recorded, skipped ones included.
    pub fn file_count(&self) -> u32 {
        self.rows::<FileRow>().len() as u32
    }

    /// How many symbols there are, packages not among them.
    pub fn symbol_count(&self) -> u32 {
        self.rows::<SymbolRow>().len() as u32
    }

    /// How many different names the symbols have.
    pub fn name_count(&self) -> u32 {
        self.rows::<NameRow>().len() as u32
    }

    /// The files, sorted by root identity, folder and name.
    pub fn files(&self) -> impl ExactSizeIterator<Item = FileRef<'_>> + DoubleEndedIterator {
        let rows = self.rows::<FileRow>();
        rows.iter().enumerate().map(|(id, row)| self.file_ref(id as u32, row))
    }

    /// The file with this id.
    pub fn file(&self, id: FileId) -> Option<FileRef<'_>> {
        let row = self.rows::<FileRow>().get(id.0 as usize)?;
        Some(self.file_ref(id.0, row))
    }

    /// The file at a path below the root with this identity.
    pub fn find_file(&self, root_identity: &[u8], path: &[u8]) -> Option<FileRef<'_>> {
        let (folder, name) = path::split(path);
        let key = |file: FileRef<'_>| {
            let root = file.root_identity().cmp(root_identity);
            root.then_with(|| file.folder().cmp(folder)).then_with(|| file.file_name().cmp(name))
        };
        let rows = self.rows::<FileRow>();
        let (mut low, mut high) = (0, rows.len() as u32);
        while low < high {
            let middle = low.midpoint(high);
            let file = self.file_ref(middle, &rows[middle as usize]);
            match key(file) {
                Ordering::Less => low = middle + 1,
                Ordering::Equal => return Some(file),
                Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// The files directly in a folder of the root with this identity.
    pub(crate) fn files_in(&self, root: &[u8], folder: &[u8]) -> impl Iterator<Item = FileRef<'_>> {
        let key = |row: &FileRow| {
            let file = self.file_ref(0, row);
            file.root_identity().cmp(root).then_with(|| file.folder().cmp(folder))
        };
        let rows = self.rows::<FileRow>();
        let start = rows.partition_point(|row| key(row).is_lt());
        let end = start + rows[start..].partition_point(|row| key(row).is_eq());
        (start..end).map(|id| self.file_ref(id as u32, &rows[id]))
    }

    /// The symbol with this id.
    pub fn symbol(&self, id: SymbolId) -> Option<SymbolRef<'_>> {
        let row = self.rows::<SymbolRow>().get(id.0 as usize)?;
        Some(SymbolRef::new(self, id, *row))
    }

    /// The kind of what a dictionary's posting points to: a symbol, or beyond those a file at which a
    /// package stands.
    pub(crate) fn kind_at(&self, place: u32) -> Kind {
        self.symbol(SymbolId(place)).map_or(Kind::Package, |symbol| symbol.kind())
    }

    /// The file that has this symbol.
    pub(crate) fn file_of(&self, symbol: SymbolId) -> FileRef<'_> {
        let rows = self.rows::<FileRow>();
        let id = rows.partition_point(|row| row.symbols_end.get() <= symbol.0);
        self.file_ref(id as u32, &rows[id])
    }

    /// The ids of the symbols of some files that follow each other.
    pub(crate) fn symbols_of(&self, files: Range<u32>) -> Range<u32> {
        let rows = self.rows::<FileRow>();
        let end =
            |file: u32| file.checked_sub(1).map_or(0, |at| rows[at as usize].symbols_end.get());
        end(files.start)..end(files.end)
    }

    pub(crate) fn rows<R: Row>(&self) -> &[R] {
        let bytes = &self.bytes[self.sections[R::SECTION as usize].clone()];
        <[R]>::ref_from_bytes(bytes).expect("opening checked that the section is whole rows")
    }

    pub(crate) fn text(&self, section: Section) -> &[u8] {
        &self.bytes[self.sections[section as usize].clone()]
    }

    pub(crate) fn string(&self, id: U24) -> &str {
        str::from_utf8(self.string_bytes(id)).expect("opening checked that strings are UTF-8")
    }

    pub(crate) fn string_bytes(&self, id: U24) -> &[u8] {
        let (rows, text) = (self.rows::<StringRow>(), self.text(Section::StringText));
        part(rows, id.get() as usize, text, |row| row.text_end.get())
    }

    pub(crate) fn name(&self, id: U24) -> &str {
        str::from_utf8(self.name_bytes(id)).expect("opening checked that names are UTF-8")
    }

    pub(crate) fn name_bytes(&self, id: U24) -> &[u8] {
        let (rows, text) = (self.rows::<NameRow>(), self.text(Section::NameText));
        part(rows, id.get() as usize, text, |row| row.text_end.get())
    }

    fn root(&self, index: usize) -> RootRef<'_> {
        let rows = self.rows::<RootRow>();
        let text = self.text(Section::RootText);
        let stamp = Stamp::from(rows[index].stamp);
        RootRef {
            identity: part(rows, index, text, |row| row.identity_end.get()),
            archive_stamp: (stamp != Stamp::default()).then_some(stamp),
        }
    }

    fn file_ref<'a>(&'a self, id: u32, row: &'a FileRow) -> FileRef<'a> {
        FileRef { shard: self, id: FileId(id), row }
    }
}

impl Arrangement {
    fn of(shard: &Shard) -> Self {
        let mut hash = Xxh3::new();
        for section in [Section::RootText, Section::FolderText, Section::FileText] {
            let text = shard.text(section);
            hash.update(&(text.len() as u64).to_le_bytes());
            hash.update(text);
        }
        // Stamps of archives are none of it.
        shard.rows::<RootRow>().iter().for_each(|row| hash.update(row.identity_end.as_bytes()));
        hash.update(shard.rows::<FolderRow>().as_bytes());
        for row in shard.rows::<FileRow>() {
            hash.update(row.folder.as_bytes());
            hash.update(row.name_end.as_bytes());
            hash.update(row.digest.as_bytes());
        }
        Self(hash.digest128())
    }
}

impl std::fmt::Debug for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shard")
            .field("id", &self.id.0)
            .field("identity", &self.identity)
            .field("files", &self.file_count())
            .field("symbols", &self.symbol_count())
            .finish_non_exhaustive()
    }
}

/// A source root of a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RootRef<'a> {
    /// The root's name in the layout.
    pub identity: &'a [u8],
    /// The stamp of the archive that the root is in, if it is in one.
    pub archive_stamp: Option<Stamp>,
}

/// A file of a shard.
#[derive(Clone, Copy)]
pub struct FileRef<'a> {
    shard: &'a Shard,
    id: FileId,
    row: &'a FileRow,
}

/// A file's package clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackageClauseRef<'a> {
    /// `a.b.c`
    pub name: &'a str,
    /// Line of the name, from zero.
    pub line: u32,
    /// Column of the name in UTF-16 units, from zero.
    pub character: u32,
    /// Whether the clause bears `@Deprecated`.
    pub deprecated: bool,
}

/// An import declaration of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportRef<'a> {
    /// What is imported, without `static` and `.*`.
    pub path: &'a str,
    /// The form of the declaration.
    pub kind: ImportKind,
}

impl<'a> FileRef<'a> {
    /// The file's position in its shard.
    pub fn id(self) -> FileId {
        self.id
    }

    /// The shard that the file is in.
    pub fn shard(self) -> &'a Shard {
        self.shard
    }

    /// The file's source root.
    pub fn root(self) -> RootRef<'a> {
        self.shard.root(self.folder_row().root.get() as usize)
    }

    /// The identity of the file's source root.
    pub fn root_identity(self) -> &'a [u8] {
        self.root().identity
    }

    /// Below the root, `/`-separated; need not be UTF-8.
    pub fn path(self) -> Vec<u8> {
        path::join(self.folder(), self.file_name())
    }

    /// The path of the file's folder below the root; empty if that is the root.
    pub fn folder(self) -> &'a [u8] {
        let (rows, text) = (self.shard.rows::<FolderRow>(), self.shard.text(Section::FolderText));
        part(rows, self.row.folder.get() as usize, text, |row| row.path_end.get())
    }

    /// The file's name in its folder.
    pub fn file_name(self) -> &'a [u8] {
        let text = self.shard.text(Section::FileText);
        part(self.shard.rows::<FileRow>(), self.index(), text, |row| row.name_end.get())
    }

    /// What `stat` said before the file was read.
    pub fn stamp(self) -> Stamp {
        self.shard.rows::<StampRow>()[self.index()].into()
    }

    /// The hash of the file's bytes; zero if they were not read.
    pub fn content_hash(self) -> ContentHash {
        ContentHash(self.row.content_hash)
    }

    /// How many bytes were read.
    pub fn source_bytes(self) -> u64 {
        self.row.source_bytes.get()
    }

    /// How the file was read.
    pub fn flags(self) -> FileFlags {
        FileFlags::from_bits(self.row.flags)
    }

    /// Why the file was skipped; empty if it was not.
    pub fn note(self) -> &'a str {
        if self.row.note.get() == U24::NONE { "" } else { self.shard.string(self.row.note) }
    }

    /// The fingerprint of everything recorded of the file but its path and stamp.
    pub fn digest(self) -> FileDigest {
        FileDigest(self.row.digest.get())
    }

    /// The name of the file's package; `None` for the unnamed one.
    pub fn package(self) -> Option<&'a str> {
        let package = self.row.package;
        (package.get() != U24::NONE).then(|| self.shard.string(package))
    }

    /// Whether another file of the shard is in the same package.
    pub(crate) fn shares_package(self, other: Self) -> bool {
        self.row.package == other.row.package
    }

    /// The file's package clause.
    pub fn package_clause(self) -> Option<PackageClauseRef<'a>> {
        self.package().map(|name| PackageClauseRef {
            name,
            line: self.row.package_line.get(),
            character: self.row.package_character.get(),
            deprecated: self.row.flags & PACKAGE_DEPRECATED != 0,
        })
    }

    /// The file's imports in source order.
    pub fn imports(self) -> impl ExactSizeIterator<Item = ImportRef<'a>> {
        let imports = self.range(|row| row.imports_end.get());
        self.shard.rows::<ImportRow>()[imports].iter().map(move |row| ImportRef {
            path: self.shard.string(row.path),
            kind: import_kind(row.kind).expect("opening checked the kinds of imports"),
        })
    }

    /// The file's symbols in source order.
    pub fn symbols(self) -> impl ExactSizeIterator<Item = SymbolRef<'a>> {
        let symbols = self.range(|row| row.symbols_end.get());
        let first = symbols.start;
        self.shard.rows::<SymbolRow>()[symbols].iter().enumerate().map(move |(index, row)| {
            SymbolRef::new(self.shard, SymbolId((first + index) as u32), *row)
        })
    }

    /// For each of the file's symbols the position of its parent among them.
    pub(crate) fn parents(self) -> impl Iterator<Item = Option<u32>> {
        let symbols = self.range(|row| row.symbols_end.get());
        let (first, last) = (symbols.start as u32, symbols.end as u32);
        let scopes = self.shard.rows::<ScopeRow>();
        let after = scopes.partition_point(|scope| scope.first.get() <= first);
        let mut scopes = scopes[after.saturating_sub(1)..].iter().peekable();
        let mut parent = U24::NONE;
        (first..last).map(move |symbol| {
            while let Some(scope) = scopes.next_if(|scope| scope.first.get() <= symbol) {
                parent = scope.parent.get();
            }
            (parent != U24::NONE).then(|| parent - first)
        })
    }

    /// The position of the file's folder among the shard's.
    pub(crate) fn folder_number(self) -> usize {
        self.row.folder.get() as usize
    }

    /// The ids of the file's symbols.
    pub(crate) fn symbol_ids(self) -> Range<u32> {
        let symbols = self.range(|row| row.symbols_end.get());
        symbols.start as u32..symbols.end as u32
    }

    fn folder_row(self) -> &'a FolderRow {
        &self.shard.rows::<FolderRow>()[self.row.folder.get() as usize]
    }

    fn index(self) -> usize {
        self.id.0 as usize
    }

    /// From where the file before ends to where this one does.
    fn range(self, end: impl Fn(&FileRow) -> u32) -> Range<usize> {
        part_range(self.shard.rows::<FileRow>(), self.index(), end)
    }
}

impl std::fmt::Debug for FileRef<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FileRef({}, {:?})", self.id.0, String::from_utf8_lossy(&self.path()))
    }
}

/// The index-th part of a text that rows divide by their ends.
fn part<'a, R>(rows: &[R], index: usize, text: &'a [u8], end: impl Fn(&R) -> u32) -> &'a [u8] {
    &text[part_range(rows, index, end)]
}

fn part_range<R>(rows: &[R], index: usize, end: impl Fn(&R) -> u32) -> Range<usize> {
    let start = index.checked_sub(1).map_or(0, |before| end(&rows[before]));
    start as usize..end(&rows[index]) as usize
}
