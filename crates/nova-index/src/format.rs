//! The bytes of a shard file: header, table of contents, rows. `docs/shard-format.md` draws them.
//!
//! Knows how wide things are and where they begin; what makes them consistent is for
//! [`crate::validate`] to say. All rows are unaligned and little-endian, so that they can be read in
//! place on every machine. A change here moves [`FORMAT_VERSION`], the page and the golden file.

use nova_syntax::declarations::{ImportKind, Kind};
use zerocopy::little_endian::{I64, U32, U64, U128};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::file_symbols::FileFlags;
use crate::stamp::Stamp;

/// Begins every shard file. The line end shows a file that was treated as text.
pub(crate) const MAGIC: [u8; 12] = *b"nova shard\r\n";

/// The version of everything below.
pub(crate) const FORMAT_VERSION: u32 = 2;

/// Rows of one table: the most that a [`U24`] can number, with [`U24::NONE`] left over.
pub(crate) const ROWS_MAX: usize = 0xff_ffff;

/// Distinct lists of modifiers in a shard: what the bits of a symbol row leave for them.
pub(crate) const MODIFIER_LISTS_MAX: usize = 1 << 19;

/// Text of one kind (names, other strings, paths) in a shard, in bytes: what a [`U32`] can point to.
pub(crate) const TEXT_BYTES_MAX: usize = u32::MAX as usize;

/// A number of three bytes.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct U24([u8; 3]);

impl U24 {
    /// Stands for "none" where an id is optional.
    pub(crate) const NONE: u32 = 0xff_ffff;

    /// The number; it must fit, which the builder's limits see to.
    pub(crate) fn new(value: u32) -> Self {
        debug_assert!(value <= Self::NONE, "a limit of the builder does not hold");
        let [a, b, c, _] = value.to_le_bytes();
        Self([a, b, c])
    }

    /// The number.
    pub(crate) fn get(self) -> u32 {
        u32::from_le_bytes([self.0[0], self.0[1], self.0[2], 0])
    }
}

/// The beginning of the file.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Header {
    pub(crate) magic: [u8; 12],
    pub(crate) version: U32,
    /// XXH3-64 of everything after this field.
    pub(crate) checksum: U64,
    pub(crate) file_bytes: U64,
    pub(crate) identity: [u8; 16],
    pub(crate) digest: U128,
    pub(crate) scanned_at_ns: I64,
    pub(crate) shard: U32,
    pub(crate) sections: U32,
    pub(crate) contents: [SectionRow; SECTIONS],
}

/// Where the checksummed part begins.
pub(crate) const CHECKED_FROM: usize = std::mem::offset_of!(Header, file_bytes);

/// A section's place in the file.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct SectionRow {
    pub(crate) offset: U64,
    pub(crate) bytes: U64,
}

/// The sections in the order of the file. They follow each other without a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Roots,
    RootText,
    Folders,
    FolderText,
    Files,
    FileText,
    Stamps,
    Symbols,
    Scopes,
    Modifiers,
    Names,
    NameText,
    Imports,
    Strings,
    StringText,
}

/// How many sections there are.
pub(crate) const SECTIONS: usize = 15;

impl Section {
    /// Every section, in order.
    pub(crate) const ALL: [Self; SECTIONS] = [
        Self::Roots,
        Self::RootText,
        Self::Folders,
        Self::FolderText,
        Self::Files,
        Self::FileText,
        Self::Stamps,
        Self::Symbols,
        Self::Scopes,
        Self::Modifiers,
        Self::Names,
        Self::NameText,
        Self::Imports,
        Self::Strings,
        Self::StringText,
    ];

    /// The width of the section's rows; one for text.
    pub(crate) const fn row_bytes(self) -> usize {
        match self {
            Self::Roots => size_of::<RootRow>(),
            Self::Folders => size_of::<FolderRow>(),
            Self::Files => size_of::<FileRow>(),
            Self::Stamps => size_of::<StampRow>(),
            Self::Symbols => size_of::<SymbolRow>(),
            Self::Scopes => size_of::<ScopeRow>(),
            Self::Modifiers => size_of::<ModifiersRow>(),
            Self::Names => size_of::<NameRow>(),
            Self::Imports => size_of::<ImportRow>(),
            Self::Strings => size_of::<StringRow>(),
            Self::RootText
            | Self::FolderText
            | Self::FileText
            | Self::NameText
            | Self::StringText => 1,
        }
    }
}

/// A row of a section.
pub(crate) trait Row: FromBytes + IntoBytes + Immutable + KnownLayout + Unaligned {
    /// The section that is an array of this row.
    const SECTION: Section;
}

/// A source root. Sorted by identity.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct RootRow {
    /// Where its identity ends in the root text; it begins where the one before ends.
    pub(crate) identity_end: U32,
    /// Of the archive that the root is in; zero for a folder.
    pub(crate) stamp: StampRow,
}

/// A folder that directly holds files. Sorted by root, then by path.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct FolderRow {
    pub(crate) root: U24,
    /// Where its path below the root ends in the folder text; the root itself has an empty path.
    pub(crate) path_end: U32,
}

/// A file. Sorted by folder, then by name.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct FileRow {
    pub(crate) folder: U24,
    pub(crate) flags: u8,
    /// Where its name ends in the file text.
    pub(crate) name_end: U32,
    /// Where its imports end; they begin where those of the file before end.
    pub(crate) imports_end: U32,
    /// Where its symbols end.
    pub(crate) symbols_end: U32,
    /// A string: the package's name. [`U24::NONE`] without a package clause.
    pub(crate) package: U24,
    /// A string: why the file was skipped, or empty.
    pub(crate) note: U24,
    pub(crate) package_line: U24,
    pub(crate) package_character: U24,
    pub(crate) source_bytes: U64,
    pub(crate) content_hash: [u8; 32],
    pub(crate) digest: U128,
}

/// A file's stamp, in the order of the files.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct StampRow {
    size: U64,
    mtime_ns: I64,
    ctime_ns: I64,
    inode: U64,
}

impl From<Stamp> for StampRow {
    fn from(stamp: Stamp) -> Self {
        Self {
            size: stamp.size.into(),
            mtime_ns: stamp.mtime_ns.into(),
            ctime_ns: stamp.ctime_ns.into(),
            inode: stamp.inode.into(),
        }
    }
}

impl From<StampRow> for Stamp {
    fn from(row: StampRow) -> Self {
        Self {
            size: row.size.get(),
            mtime_ns: row.mtime_ns.get(),
            ctime_ns: row.ctime_ns.get(),
            inode: row.inode.get(),
        }
    }
}

/// A symbol. In the order of the files, and in source order within each.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct SymbolRow {
    pub(crate) name: U24,
    /// A string: the signature without the name that it begins with.
    pub(crate) signature: U24,
    pub(crate) line: U24,
    pub(crate) character: U24,
    pub(crate) traits: Traits,
}

/// Kind (4 bits), local (1 bit) and the list of modifiers (19 bits) of a symbol.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Traits(U24);

impl Traits {
    pub(crate) fn new(kind: Kind, local: bool, modifiers: u32) -> Self {
        Self(U24::new(kind as u32 | u32::from(local) << 4 | modifiers << 5))
    }

    /// `None` for a number that is no kind.
    pub(crate) fn kind(self) -> Option<Kind> {
        Kind::from_u8(self.0.0[0] & 15)
    }

    pub(crate) fn local(self) -> bool {
        self.0.0[0] & 16 != 0
    }

    /// Position in the modifier lists.
    pub(crate) fn modifiers(self) -> u32 {
        self.0.get() >> 5
    }
}

/// From symbol `first` up to the next row's, symbols lie in the type `parent` or in none.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct ScopeRow {
    pub(crate) first: U24,
    pub(crate) parent: U24,
}

/// A list of modifiers, packed as [`nova_syntax::declarations::Modifiers`] does. Sorted.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct ModifiersRow(pub(crate) U64);

/// A symbol name. Sorted by its bytes.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct NameRow {
    /// Where the name ends in the name text.
    pub(crate) text_end: U32,
}

/// An import of a file, in source order.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct ImportRow {
    /// A string.
    pub(crate) path: U24,
    pub(crate) kind: u8,
}

/// A string that is no symbol's name; each but once, in the order of first use.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct StringRow {
    /// Where it ends in the string text.
    pub(crate) text_end: U32,
}

/// The flags byte of a [`FileRow`]: how the file was read, and whether its package is deprecated.
pub(crate) fn file_flags(flags: FileFlags, package_deprecated: bool) -> u8 {
    flags.to_bits() | if package_deprecated { PACKAGE_DEPRECATED } else { 0 }
}

/// Beside the bits of [`FileFlags`].
pub(crate) const PACKAGE_DEPRECATED: u8 = 0x80;

/// The code of a kind of import in an [`ImportRow`].
pub(crate) fn import_code(kind: ImportKind) -> u8 {
    match kind {
        ImportKind::Type => 0,
        ImportKind::TypeOnDemand => 1,
        ImportKind::Static => 2,
        ImportKind::StaticOnDemand => 3,
        ImportKind::Module => 4,
    }
}

/// The kind of import that has this code.
pub(crate) fn import_kind(code: u8) -> Option<ImportKind> {
    Some(match code {
        0 => ImportKind::Type,
        1 => ImportKind::TypeOnDemand,
        2 => ImportKind::Static,
        3 => ImportKind::StaticOnDemand,
        4 => ImportKind::Module,
        _ => return None,
    })
}

macro_rules! rows {
    ($($row:ty => $section:ident),* $(,)?) => {
        $(impl Row for $row {
            const SECTION: Section = Section::$section;
        })*
    };
}

rows! {
    RootRow => Roots,
    FolderRow => Folders,
    FileRow => Files,
    StampRow => Stamps,
    SymbolRow => Symbols,
    ScopeRow => Scopes,
    ModifiersRow => Modifiers,
    NameRow => Names,
    ImportRow => Imports,
    StringRow => Strings,
}
