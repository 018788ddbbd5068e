//! Everything that must hold of a shard file before it is used, checked once on opening.
//!
//! What is checked here, the accessors rely on. The checksum finds damage; the rest holds against
//! bytes that were made up, so that a hostile shard index can lie about symbols but harm nothing.

use std::io;
use std::ops::Range;

use nova_syntax::declarations::{Kind, Modifiers};
use thiserror::Error;
use xxhash_rust::xxh3::xxh3_64;
use zerocopy::FromBytes;

use crate::format::{
    CHECKED_FROM, FORMAT_VERSION, FileRow, FolderRow, Header, ImportRow, MAGIC, ModifiersRow,
    NameRow, RootRow, SECTIONS, ScopeRow, Section, StampRow, StringRow, SymbolRow, U24,
    import_kind,
};
use crate::id::ShardIdentity;
use crate::nesting::Nesting;
use crate::path::{is_folder_path, is_name};
use crate::shard::Shard;

/// Why a shard file is not used; each means that the shard is built anew.
#[derive(Debug, Error)]
pub enum OpenShardError {
    /// The file could not be read.
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    /// Something else lies there, or nothing much.
    #[error("it is not a shard file")]
    NotAShard,
    /// An older release wrote it.
    #[error("its format is version {found}, older than {expected}")]
    TooOld {
        /// Version of the file.
        found: u32,
        /// Version of this release.
        expected: u32,
    },
    /// A newer release wrote it.
    #[error("its format is version {found}, newer than {expected}")]
    TooNew {
        /// Version of the file.
        found: u32,
        /// Version of this release.
        expected: u32,
    },
    /// It was cut off, or something was appended.
    #[error("it has {found} bytes where {expected} were written")]
    Length {
        /// Bytes there are.
        found: u64,
        /// Bytes its header speaks of.
        expected: u64,
    },
    /// Its bytes changed since it was written.
    #[error("its checksum is {found:016x} instead of {expected:016x}")]
    Checksum {
        /// Checksum of the bytes there are.
        found: u64,
        /// Checksum in the header.
        expected: u64,
    },
    /// It is the index of another shard.
    #[error("it belongs to shard {found} instead of {expected}")]
    Foreign {
        /// Identity in the header.
        found: ShardIdentity,
        /// Identity asked for.
        expected: ShardIdentity,
    },
    /// No builder writes such a file.
    #[error("its {section} contradict the format: {problem}")]
    Inconsistent {
        /// The part of the file.
        section: &'static str,
        /// What does not hold.
        problem: &'static str,
    },
}

/// The header, and where the sections lie: in bounds, whole rows, one after the other.
pub(crate) struct Contents {
    pub(crate) header: Header,
    pub(crate) sections: [Range<usize>; SECTIONS],
}

/// Reads and checks the header and the checksum.
pub(crate) fn contents(bytes: &[u8], identity: &ShardIdentity) -> Result<Contents, OpenShardError> {
    let (magic, rest) = bytes.split_first_chunk().ok_or(OpenShardError::NotAShard)?;
    let (version, _) = rest.split_first_chunk().ok_or(OpenShardError::NotAShard)?;
    if *magic != MAGIC {
        return Err(OpenShardError::NotAShard);
    }
    let (found, expected) = (u32::from_le_bytes(*version), FORMAT_VERSION);
    if found < expected {
        return Err(OpenShardError::TooOld { found, expected });
    }
    if found > expected {
        return Err(OpenShardError::TooNew { found, expected });
    }
    let (header, _) = Header::read_from_prefix(bytes).map_err(|_| OpenShardError::Length {
        found: bytes.len() as u64,
        expected: size_of::<Header>() as u64,
    })?;
    let (found, expected) = (bytes.len() as u64, header.file_bytes.get());
    if found != expected {
        return Err(OpenShardError::Length { found, expected });
    }
    let (found, expected) = (xxh3_64(&bytes[CHECKED_FROM..]), header.checksum.get());
    if found != expected {
        return Err(OpenShardError::Checksum { found, expected });
    }
    let (found, expected) = (ShardIdentity(header.identity), *identity);
    if found != expected {
        return Err(OpenShardError::Foreign { found, expected });
    }
    let sections = sections(&header)?;
    Ok(Contents { header, sections })
}

fn sections(header: &Header) -> Result<[Range<usize>; SECTIONS], OpenShardError> {
    let check = |holds, problem| check(holds, "table of contents", problem);
    check(header.sections.get() == SECTIONS as u32, "a number of sections of its own")?;
    let mut ranges = [const { 0..0 }; SECTIONS];
    let mut end = size_of::<Header>() as u64;
    for (section, (row, range)) in
        Section::ALL.into_iter().zip(header.contents.iter().zip(&mut ranges))
    {
        let (offset, bytes) = (row.offset.get(), row.bytes.get());
        check(offset == end, "a section does not begin where the one before ends")?;
        let rest = header.file_bytes.get() - end;
        check(bytes <= rest, "a section ends after the file")?;
        check(bytes % section.row_bytes() as u64 == 0, "a section ends within a row")?;
        end += bytes;
        *range = offset as usize..end as usize;
    }
    check(end == header.file_bytes.get(), "something follows the last section")?;
    Ok(ranges)
}

/// Checks every row of every section.
pub(crate) fn tables(shard: &Shard) -> Result<(), OpenShardError> {
    strings(shard)?;
    roots(shard)?;
    folders(shard)?;
    files(shard)?;
    modifiers(shard)?;
    symbols(shard)?;
    scopes(shard)?;
    names(shard)?;
    imports(shard)
}

fn strings(shard: &Shard) -> Result<(), OpenShardError> {
    let check = |holds, problem| check(holds, "strings", problem);
    let (rows, text) = (shard.rows::<StringRow>(), shard.text(Section::StringText));
    check(rows.len() <= U24::NONE as usize, "too many")?;
    check(std::str::from_utf8(text).is_ok(), "not UTF-8")?;
    check(parts_cover(rows.iter().map(|row| row.text_end.get()), text.len()), OUT_OF_ORDER)?;
    check(parts_are_strings(rows.iter().map(|row| row.text_end.get()), text), SPLIT_CHARACTER)
}

fn roots(shard: &Shard) -> Result<(), OpenShardError> {
    let check = |holds, problem| check(holds, "roots", problem);
    let (rows, text) = (shard.rows::<RootRow>(), shard.text(Section::RootText));
    check(parts_cover(rows.iter().map(|row| row.identity_end.get()), text.len()), OUT_OF_ORDER)?;
    let identities = parts(rows.iter().map(|row| row.identity_end.get()), text);
    check(identities.is_sorted_by(|a, b| a < b), UNSORTED)
}

fn folders(shard: &Shard) -> Result<(), OpenShardError> {
    let check = |holds, problem| check(holds, "folders", problem);
    let (rows, text) = (shard.rows::<FolderRow>(), shard.text(Section::FolderText));
    let roots = shard.rows::<RootRow>().len();
    check(parts_cover(rows.iter().map(|row| row.path_end.get()), text.len()), OUT_OF_ORDER)?;
    check(rows.iter().all(|row| (row.root.get() as usize) < roots), "an unknown root")?;
    let paths = || parts(rows.iter().map(|row| row.path_end.get()), text);
    check(paths().all(is_folder_path), "a path that leaves its root")?;
    let keys = rows.iter().map(|row| row.root.get()).zip(paths());
    check(keys.is_sorted_by(|a, b| a < b), UNSORTED)
}

fn files(shard: &Shard) -> Result<(), OpenShardError> {
    let check = |holds, problem| check(holds, "files", problem);
    let (rows, text) = (shard.rows::<FileRow>(), shard.text(Section::FileText));
    check(rows.len() <= U24::NONE as usize, "too many")?;
    check(rows.len() == shard.rows::<StampRow>().len(), "not as many as stamps")?;
    check(parts_cover(rows.iter().map(|row| row.name_end.get()), text.len()), OUT_OF_ORDER)?;
    let symbols = shard.rows::<SymbolRow>().len();
    check(parts_cover(rows.iter().map(|row| row.symbols_end.get()), symbols), OUT_OF_ORDER)?;
    let imports = shard.rows::<ImportRow>().len();
    check(parts_cover(rows.iter().map(|row| row.imports_end.get()), imports), OUT_OF_ORDER)?;

    let folders = shard.rows::<FolderRow>().len();
    let strings = shard.rows::<StringRow>().len();
    let optional = |id: U24| id.get() == U24::NONE || (id.get() as usize) < strings;
    check(rows.iter().all(|row| (row.folder.get() as usize) < folders), "an unknown folder")?;
    check(rows.iter().all(|row| optional(row.package) && optional(row.note)), UNKNOWN_STRING)?;
    let names = || parts(rows.iter().map(|row| row.name_end.get()), text);
    check(names().all(is_name), "a name that is a path")?;
    let keys = rows.iter().map(|row| row.folder.get()).zip(names());
    check(keys.is_sorted_by(|a, b| a < b), UNSORTED)
}

fn modifiers(shard: &Shard) -> Result<(), OpenShardError> {
    let check = |holds, problem| check(holds, "modifiers", problem);
    let rows = shard.rows::<ModifiersRow>();
    check(rows.iter().all(|row| Modifiers::from_bits(row.0.get()).is_some()), "no such list")?;
    check(rows.is_sorted_by(|a, b| a.0.get() < b.0.get()), UNSORTED)
}

fn symbols(shard: &Shard) -> Result<(), OpenShardError> {
    let check = |holds, problem| check(holds, "symbols", problem);
    let rows = shard.rows::<SymbolRow>();
    let names = shard.rows::<NameRow>().len();
    let strings = shard.rows::<StringRow>().len();
    let modifiers = shard.rows::<ModifiersRow>().len();
    check(rows.len() <= U24::NONE as usize, "too many")?;
    check(
        rows.iter().all(|row| {
            (row.name.get() as usize) < names
                && (row.signature.get() as usize) < strings
                && (row.traits.modifiers() as usize) < modifiers
                && row.traits.kind().is_some_and(|kind| kind != Kind::Package)
        }),
        "a symbol refers to what is not there",
    )
}

/// Scopes must end with their files, and nest as declarations do.
fn scopes(shard: &Shard) -> Result<(), OpenShardError> {
    let check = |holds, problem| check(holds, "scopes", problem);
    let (rows, symbols) = (shard.rows::<ScopeRow>(), shard.rows::<SymbolRow>());
    let firsts = || rows.iter().map(|row| row.first.get());
    check(rows.is_empty() == symbols.is_empty(), "not as many as symbols need")?;
    check(firsts().next().is_none_or(|first| first == 0), "the first symbol has none")?;
    check(firsts().is_sorted_by(|a, b| a < b), UNSORTED)?;
    let last = firsts().next_back().map_or(0, |first| first as usize);
    check(last <= symbols.len().saturating_sub(1), "one begins after the last symbol")?;

    let is_type = |id: u32| symbols[id as usize].traits.kind().is_some_and(Kind::is_type);
    let mut file_ends = shard.rows::<FileRow>().iter().map(|row| row.symbols_end.get()).peekable();
    let mut file_first = 0;
    let mut nesting = Nesting::default();
    for (row, end) in rows.iter().zip(firsts().skip(1).chain([symbols.len() as u32])) {
        let (first, parent) = (row.first.get(), row.parent.get());
        while let Some(file_end) = file_ends.next_if(|&file_end| file_end <= first) {
            file_first = file_end;
        }
        let parent = (parent != U24::NONE).then_some(parent);
        if let Some(parent) = parent {
            check(file_first <= parent, "one has a parent in another file")?;
            check(
                file_ends.peek().is_some_and(|file_end| end <= *file_end),
                "one leaves its file",
            )?;
        }
        let nested = nesting.enter(first, parent, is_type);
        check(nested.is_ok(), "one does not follow its type, or lies too deep")?;
    }
    Ok(())
}

fn names(shard: &Shard) -> Result<(), OpenShardError> {
    let check = |holds, problem| check(holds, "names", problem);
    let (rows, text) = (shard.rows::<NameRow>(), shard.text(Section::NameText));
    check(std::str::from_utf8(text).is_ok(), "not UTF-8")?;
    check(parts_cover(rows.iter().map(|row| row.text_end.get()), text.len()), OUT_OF_ORDER)?;
    check(parts_are_strings(rows.iter().map(|row| row.text_end.get()), text), SPLIT_CHARACTER)?;
    let names = parts(rows.iter().map(|row| row.text_end.get()), text);
    check(names.is_sorted_by(|a, b| a < b), UNSORTED)
}

fn imports(shard: &Shard) -> Result<(), OpenShardError> {
    let check = |holds, problem| check(holds, "imports", problem);
    let (rows, strings) = (shard.rows::<ImportRow>(), shard.rows::<StringRow>().len());
    check(rows.iter().all(|row| (row.path.get() as usize) < strings), UNKNOWN_STRING)?;
    check(rows.iter().all(|row| import_kind(row.kind).is_some()), "no such kind")
}

const OUT_OF_ORDER: &str = "the ends do not ascend to the end of what they divide";
const SPLIT_CHARACTER: &str = "one ends within a character";
const UNKNOWN_STRING: &str = "a string that is not there";
const UNSORTED: &str = "not sorted, or one twice";

fn check(holds: bool, section: &'static str, problem: &'static str) -> Result<(), OpenShardError> {
    if holds { Ok(()) } else { Err(OpenShardError::Inconsistent { section, problem }) }
}

/// Whether ends ascend and the last one is the end of all.
fn parts_cover(ends: impl Iterator<Item = u32>, len: usize) -> bool {
    let mut last = 0;
    let ascending = ends.fold(true, |ascending, end| {
        let ascending = ascending & (last <= end);
        last = end;
        ascending
    });
    ascending && last as usize == len
}

/// Whether UTF-8 text that parts cover is divided between characters.
fn parts_are_strings(mut ends: impl Iterator<Item = u32>, text: &[u8]) -> bool {
    let continues = |byte: &u8| byte & 0xc0 == 0x80;
    text.is_ascii() || ends.all(|end| !text.get(end as usize).is_some_and(continues))
}

/// The parts of a text that they cover.
fn parts(ends: impl Iterator<Item = u32>, text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut start = 0;
    ends.map(move |end| {
        let part = &text[start..end as usize];
        start = end as usize;
        part
    })
}
