//! Gathers the files of a shard, newly scanned or taken over from an older index of it.
//!
//! Interns what files have in common as they come, so that each can be dropped at once. The order in
//! which they come leaves no trace: [`crate::encode`] brings everything into the format's own.

use std::ops::Range;

use nova_syntax::declarations::{ImportKind, Kind, Modifiers};
use thiserror::Error;

use crate::digest::{ContentHash, FileDigest};
use crate::encode::encode;
use crate::file_symbols::{FILE_DECLARATIONS_MAX, FileFlags, FileSymbols, signature_tail};
use crate::format::{MODIFIER_LISTS_MAX, ROWS_MAX, Section, TEXT_BYTES_MAX};
use crate::id::{FileId, ShardId, ShardIdentity};
use crate::interner::Interner;
use crate::path::is_file_path;
use crate::shard::Shard;
use crate::stamp::Stamp;

/// A source root as a shard records it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Root {
    /// The root's name in the layout.
    pub identity: Vec<u8>,
    /// The stamp of the archive that the root is in, if it is in one.
    pub archive_stamp: Option<Stamp>,
}

/// Builds the bytes of one shard file.
pub struct ShardBuilder {
    pub(crate) shard: ShardId,
    pub(crate) identity: ShardIdentity,
    pub(crate) scanned_at_ns: i64,
    pub(crate) roots: Vec<Root>,
    /// Positions in `roots`, sorted by identity.
    pub(crate) roots_sorted: Vec<u32>,
    pub(crate) files: Vec<PendingFile>,
    pub(crate) symbols: Vec<PendingSymbol>,
    pub(crate) imports: Vec<PendingImport>,
    pub(crate) names: Interner,
    pub(crate) strings: Interner,
    /// The lists' bits, highest byte first, so that their order as bytes is that of the numbers.
    pub(crate) modifiers: Interner,
    path_bytes: usize,
}

/// Why a file was not added. The builder is as it was before.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum AddFileError {
    /// The shard's tables have no room for it.
    #[error("the shard is full: it would exceed {max} {what}")]
    ShardFull {
        /// What there would be too many of.
        what: &'static str,
        /// How many there may be.
        max: usize,
    },
    /// The file refers to a root that the builder was not given.
    #[error("the file's source root is not one of the shard's")]
    UnknownRoot,
    /// The older index has no such file.
    #[error("the older index has no file {}", .0.0)]
    UnknownFile(FileId),
    /// The path is absolute, leaves the root, or could not be a path at all.
    #[error("{:?} is not a path below a source root", String::from_utf8_lossy(.0))]
    BadPath(Vec<u8>),
}

/// Why the files do not make up a shard.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum BuildShardError {
    /// Two of the roots have one identity.
    #[error("the source root {:?} is listed twice", String::from_utf8_lossy(.0))]
    DuplicateRoot(Vec<u8>),
    /// A file was added twice.
    #[error("the file {:?} was added twice", String::from_utf8_lossy(.0))]
    DuplicateFile(Vec<u8>),
}

/// A file whose strings are numbered in the order in which they came.
pub(crate) struct PendingFile {
    pub(crate) root: u32,
    pub(crate) path: Box<[u8]>,
    pub(crate) stamp: Stamp,
    pub(crate) content_hash: ContentHash,
    pub(crate) source_bytes: u64,
    pub(crate) flags: FileFlags,
    pub(crate) note: Option<u32>,
    pub(crate) package: Option<PendingPackage>,
    pub(crate) digest: FileDigest,
    pub(crate) imports: Range<usize>,
    pub(crate) symbols: Range<usize>,
}

pub(crate) struct PendingPackage {
    pub(crate) name: u32,
    pub(crate) line: u32,
    pub(crate) character: u32,
    pub(crate) deprecated: bool,
}

pub(crate) struct PendingImport {
    pub(crate) path: u32,
    pub(crate) kind: ImportKind,
}

pub(crate) struct PendingSymbol {
    pub(crate) name: u32,
    pub(crate) signature: u32,
    /// Position among the file's symbols.
    pub(crate) parent: Option<u32>,
    pub(crate) line: u32,
    pub(crate) modifiers: u32,
    pub(crate) character: u32,
    pub(crate) kind: Kind,
    pub(crate) local: bool,
}

impl ShardBuilder {
    /// A shard without files. `scanned_at_ns` is when reading began, in nanoseconds since 1970:
    /// stamps taken close to it cannot be trusted to show a later change.
    pub fn new(
        shard: ShardId,
        identity: ShardIdentity,
        scanned_at_ns: i64,
        roots: Vec<Root>,
    ) -> Self {
        let mut roots_sorted: Vec<u32> = (0..roots.len() as u32).collect();
        roots_sorted.sort_unstable_by_key(|&root| &roots[root as usize].identity);
        Self {
            shard,
            identity,
            scanned_at_ns,
            roots,
            roots_sorted,
            files: Vec::new(),
            symbols: Vec::new(),
            imports: Vec::new(),
            names: Interner::default(),
            strings: Interner::default(),
            modifiers: Interner::default(),
            path_bytes: 0,
        }
    }

    /// Adds a file that was scanned or skipped.
    pub fn add(&mut self, file: &FileSymbols) -> Result<(), AddFileError> {
        let FileSymbols { meta, declarations, package_position, positions, digest } = file;
        if meta.root as usize >= self.roots.len() {
            return Err(AddFileError::UnknownRoot);
        }
        let text = |text| declarations.text(text);
        self.check_room(&Addition {
            path: &meta.path,
            imports: declarations.imports.len(),
            symbols: declarations.symbols.len(),
            name_bytes: declarations.symbols.iter().map(|it| text(it.name).len()).sum(),
            string_bytes: declarations
                .symbols
                .iter()
                .map(|it| text(it.signature).len())
                .sum::<usize>()
                + declarations.imports.iter().map(|it| text(it.path).len()).sum::<usize>()
                + declarations.package.as_ref().map_or(0, |clause| text(clause.name).len())
                + meta.note.len(),
        })?;

        let package = declarations.package.as_ref().map(|clause| PendingPackage {
            name: self.strings.intern(text(clause.name).as_bytes()),
            line: package_position.line,
            character: package_position.character,
            deprecated: clause.deprecated,
        });
        let imports = self.imports.len();
        for import in &declarations.imports {
            self.push_import(import.kind, text(import.path).as_bytes());
        }
        let symbols = self.symbols.len();
        for (symbol, position) in declarations.symbols.iter().zip(positions) {
            let pending = PendingSymbol {
                name: self.names.intern(text(symbol.name).as_bytes()),
                signature: self.strings.intern(signature_tail(declarations, symbol).as_bytes()),
                parent: symbol.parent,
                line: position.line,
                modifiers: self.modifiers_number(symbol.modifiers),
                character: position.character,
                kind: symbol.kind,
                local: symbol.local,
            };
            self.symbols.push(pending);
        }
        let note = self.note(&meta.note);
        self.push_file(PendingFile {
            root: meta.root,
            path: meta.path.as_slice().into(),
            stamp: meta.stamp,
            content_hash: meta.content_hash,
            source_bytes: meta.source_bytes,
            flags: meta.flags,
            note,
            package,
            digest: *digest,
            imports: imports..self.imports.len(),
            symbols: symbols..self.symbols.len(),
        });
        Ok(())
    }

    /// Takes a file over from another index, with the stamp that it has now. The root is found by its
    /// identity.
    pub fn copy(&mut self, from: &Shard, file: FileId, stamp: Stamp) -> Result<(), AddFileError> {
        let file = from.file(file).ok_or(AddFileError::UnknownFile(file))?;
        let root = self.root_with(file.root_identity()).ok_or(AddFileError::UnknownRoot)?;
        self.check_room(&Addition {
            path: &file.path(),
            imports: file.imports().len(),
            symbols: file.symbols().len(),
            name_bytes: from.text(Section::NameText).len(),
            string_bytes: from.text(Section::StringText).len(),
        })?;

        let package = file.package_clause().map(|clause| PendingPackage {
            name: self.strings.intern(clause.name.as_bytes()),
            line: clause.line,
            character: clause.character,
            deprecated: clause.deprecated,
        });
        let imports = self.imports.len();
        for import in file.imports() {
            self.push_import(import.kind, import.path.as_bytes());
        }
        let symbols = self.symbols.len();
        for (symbol, parent) in file.symbols().zip(file.parents()) {
            let pending = PendingSymbol {
                name: self.names.intern(symbol.name_bytes()),
                signature: self.strings.intern(symbol.signature_tail_bytes()),
                parent,
                line: symbol.line(),
                modifiers: self.modifiers_number(symbol.modifiers()),
                character: symbol.character(),
                kind: symbol.kind(),
                local: symbol.local(),
            };
            self.symbols.push(pending);
        }
        let note = self.note(file.note());
        self.push_file(PendingFile {
            root,
            path: file.path().into_boxed_slice(),
            stamp,
            content_hash: file.content_hash(),
            source_bytes: file.source_bytes(),
            flags: file.flags(),
            note,
            package,
            digest: file.digest(),
            imports: imports..self.imports.len(),
            symbols: symbols..self.symbols.len(),
        });
        Ok(())
    }

    /// The shard file's bytes: the same for the same files, whatever the order and the way they came.
    pub fn finish(self) -> Result<Vec<u8>, BuildShardError> {
        encode(&self)
    }

    fn root_with(&self, identity: &[u8]) -> Option<u32> {
        let root = |&root: &u32| self.roots[root as usize].identity.as_slice();
        let position = self.roots_sorted.binary_search_by_key(&identity, root).ok()?;
        Some(self.roots_sorted[position])
    }

    /// Checks a file against the limits of the format, as if nothing in it were known already.
    fn check_room(&self, file: &Addition<'_>) -> Result<(), AddFileError> {
        if !is_file_path(file.path) {
            return Err(AddFileError::BadPath(file.path.to_vec()));
        }
        let strings = file.symbols + file.imports + 2;
        let checks = [
            ("source roots", self.roots.len(), ROWS_MAX),
            ("files", self.files.len() + 1, ROWS_MAX),
            ("symbols", self.symbols.len() + file.symbols, ROWS_MAX),
            ("imports", self.imports.len() + file.imports, ROWS_MAX),
            ("strings", self.strings.len() + strings, ROWS_MAX),
            ("lists of modifiers", self.modifiers.len() + file.symbols, MODIFIER_LISTS_MAX),
            ("bytes of names", self.names.text_bytes() + file.name_bytes, TEXT_BYTES_MAX),
            ("bytes of strings", self.strings.text_bytes() + file.string_bytes, TEXT_BYTES_MAX),
            ("bytes of paths", self.path_bytes + file.path.len(), TEXT_BYTES_MAX),
        ];
        match checks.into_iter().find(|(_, count, max)| count > max) {
            Some((what, _, max)) => Err(AddFileError::ShardFull { what, max }),
            None => Ok(()),
        }
    }

    fn push_import(&mut self, kind: ImportKind, path: &[u8]) {
        let path = self.strings.intern(path);
        self.imports.push(PendingImport { path, kind });
    }

    fn push_file(&mut self, file: PendingFile) {
        self.path_bytes += file.path.len();
        self.files.push(file);
    }

    fn note(&mut self, note: &str) -> Option<u32> {
        (!note.is_empty()).then(|| self.strings.intern(note.as_bytes()))
    }

    fn modifiers_number(&mut self, list: Modifiers) -> u32 {
        self.modifiers.intern(&list.to_bits().to_be_bytes())
    }
}

/// What a file would add to the tables at most.
struct Addition<'a> {
    path: &'a [u8],
    imports: usize,
    symbols: usize,
    name_bytes: usize,
    string_bytes: usize,
}

const _: () = assert!(FILE_DECLARATIONS_MAX < MODIFIER_LISTS_MAX, "one file must always fit");
