//! The merged dictionary of names: every name of many shards once, the best first, with its symbols.
//!
//! Derived from shards and used in place from a memory map, so that it costs the router no memory of
//! its own. It speaks of the shards that it was made of by fingerprints of their files; a shard that has
//! changed since is younger than the dictionary and is searched directly.
//!
//! Owns how names are found (by letters, by the beginnings of words, by kind) and in which order they
//! come. Knows nothing of queries.

mod build;
mod check;
#[cfg(test)]
mod fixture;
mod format;
mod imports;
mod merge;
mod packages;
mod postings;

use std::cmp::Ordering;
use std::collections::HashMap;
use std::io;
use std::ops::Range;
use std::path::Path;

use bytes::Bytes;
use nova_syntax::declarations::Kind;
use thiserror::Error;
use xxhash_rust::xxh3::xxh3_64;
use zerocopy::FromBytes;
use zerocopy::little_endian::U64;

use crate::format::U24;
use crate::gallop::partition_point_near;
use crate::id::{FileId, ShardIdentity};
use crate::map::map;
use crate::matching::{fold, letter_class};
use crate::shard::Shard;
use format::{
    BLOCK_NAMES, BlockRow, CHECKED_FROM, FORMAT_VERSION, Header, ImportsRow, MAGIC, NameRow,
    PackageRow, Packing, RecentRow, SECTIONS, Section, ShardRow, kind_set, pair_class, set_words,
};

pub use build::{BuildDictionaryError, build_dictionary};
pub(crate) use format::{Home, Posting};
pub(crate) use imports::Imports;
pub(crate) use merge::last_part;
pub(crate) use packages::Packages;

/// A dictionary of names, mapped.
pub struct Dictionary {
    bytes: Bytes,
    sections: [Range<usize>; SECTIONS],
    packing: Packing,
    names: usize,
}

/// Why a dictionary is not used; each means that it is derived anew.
#[derive(Debug, Error)]
pub enum OpenDictionaryError {
    /// The file could not be read.
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    /// Something else lies there, or nothing much.
    #[error("it is not a dictionary")]
    NotADictionary,
    /// Another release wrote it.
    #[error("its format is version {found}, not {expected}")]
    Version {
        /// Version of the file.
        found: u32,
        /// Version of this release.
        expected: u32,
    },
    /// Its bytes changed since it was written, or some are missing.
    #[error("its checksum or its length is not what was written")]
    Damaged,
    /// No builder writes such a file.
    #[error("it contradicts the format: {0}")]
    Inconsistent(&'static str),
}

impl Dictionary {
    /// Maps a dictionary and checks it.
    pub fn open(path: &Path) -> Result<Self, OpenDictionaryError> {
        Self::from_bytes(map(path)?)
    }

    /// The same for its bytes in memory.
    pub fn from_bytes(bytes: Bytes) -> Result<Self, OpenDictionaryError> {
        let (magic, rest) = bytes.split_first_chunk().ok_or(OpenDictionaryError::NotADictionary)?;
        let (version, _) = rest.split_first_chunk().ok_or(OpenDictionaryError::NotADictionary)?;
        if *magic != MAGIC {
            return Err(OpenDictionaryError::NotADictionary);
        }
        let (found, expected) = (u32::from_le_bytes(*version), FORMAT_VERSION);
        if found != expected {
            return Err(OpenDictionaryError::Version { found, expected });
        }
        let (header, _) =
            Header::read_from_prefix(&bytes).map_err(|_| OpenDictionaryError::Damaged)?;
        let is_whole = bytes.len() as u64 == header.file_bytes.get()
            && xxh3_64(&bytes[CHECKED_FROM..]) == header.checksum.get();
        if !is_whole {
            return Err(OpenDictionaryError::Damaged);
        }
        let sections = check::sections(&header)?;
        let names = sections[Section::Names as usize].len() / size_of::<NameRow>();
        let dictionary = Self { bytes, sections, packing: header.packing, names };
        dictionary.check()?;
        Ok(dictionary)
    }

    /// How many names there are.
    pub fn name_count(&self) -> usize {
        self.names
    }

    /// Size of the file.
    pub fn byte_count(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// The shards' positions in the dictionary, by what identifies them.
    pub(crate) fn shards(&self) -> HashMap<ShardIdentity, u32> {
        let rows = self.rows::<ShardRow>(Section::Shards);
        (0..).zip(rows).map(|(index, row)| (ShardIdentity(row.identity), index)).collect()
    }

    /// How many shards it was derived from.
    pub(crate) fn shard_count(&self) -> usize {
        self.rows::<ShardRow>(Section::Shards).len()
    }

    /// Whether postings of this shard speak of these very rows.
    pub(crate) fn is_of(&self, index: u32, shard: &Shard) -> bool {
        let rows = self.rows::<ShardRow>(Section::Shards);
        rows.get(index as usize).is_some_and(|row| *row == ShardRow::of(shard))
    }

    /// Whether it speaks of a shard as that is now.
    pub fn speaks_of(&self, shard: &Shard) -> bool {
        let rows = self.rows::<ShardRow>(Section::Shards);
        rows.contains(&ShardRow::of(shard))
    }

    /// How many symbols its shards had.
    pub fn symbol_count(&self) -> u64 {
        let rows = self.rows::<ShardRow>(Section::Shards);
        rows.iter().map(|row| u64::from(row.symbols.get())).sum()
    }

    /// A name; empty if there is none.
    pub(crate) fn name(&self, name: u32) -> &[u8] {
        self.names().get(name)
    }

    /// All names, for whoever looks at many.
    pub(crate) fn names(&self) -> Names<'_> {
        Names {
            rows: self.rows(Section::Names),
            blocks: self.rows(Section::Blocks),
            text: self.section(Section::NameText),
        }
    }

    /// The symbols that have a name, and the packages that end in it, the best first.
    pub(crate) fn postings(&self, name: u32) -> impl ExactSizeIterator<Item = Posting> + '_ {
        let width = self.packing.bytes();
        let start = |block: &BlockRow| block.postings_start.get() as usize;
        let range = self.names().range_of(name, start, |row| row.postings_end.get() as usize);
        let bytes = range.start * width..range.end * width;
        let postings = self.section(Section::Postings).get(bytes).unwrap_or_default();
        postings.chunks_exact(width).map(|bytes| self.packing.unpack(bytes))
    }

    /// Names that a type, a package or a module has come first. There are so many.
    pub(crate) fn leading_count(&self) -> u32 {
        self.rows::<U24>(Section::Leading).len() as u32
    }

    /// Where the types, packages and modules that have a name stand. They are the first of its postings.
    pub(crate) fn homes(&self, name: u32) -> impl ExactSizeIterator<Item = Home> + '_ {
        let ends = self.rows::<U24>(Section::Leading);
        let width = self.home_bytes();
        let end = |name: u32| ends.get(name as usize).map_or(0, |end| end.get() as usize * width);
        let range = name.checked_sub(1).map_or(0, end)..end(name);
        let homes = self.section(Section::Homes).get(range).unwrap_or_default();
        homes.chunks_exact(width).map(Home::unpack)
    }

    /// The packages.
    pub(crate) fn packages(&self) -> Packages<'_> {
        Packages::new(self)
    }

    /// The names whose letters begin with these, in the order of their letters: first those that have no
    /// others.
    pub(crate) fn names_beginning_with(&self, letters: &[u8]) -> &[U24] {
        range_beginning_with(self, self.rows::<U24>(Section::Folded), letters)
    }

    /// The set of names with a letter of this class, 64 names a word.
    pub(crate) fn names_with_letter(&self, class: u8) -> &[U64] {
        self.set(Section::Letters, usize::from(class))
    }

    /// The set of names in which these two letters follow each other, and some others.
    pub(crate) fn names_with_pair(&self, first: u8, second: u8) -> &[U64] {
        self.set(Section::Pairs, pair_class(first, second))
    }

    /// The set of names that have a word that begins with this letter.
    pub(crate) fn names_with_start(&self, letter: u8) -> &[U64] {
        self.set(Section::Starts, usize::from(letter_class(letter)))
    }

    /// The set of names that something of this kind has. Beyond its end there are none.
    pub(crate) fn names_of_kind(&self, kind: Kind) -> &[U64] {
        let set = kind_set(kind, self.leading_count() as usize, self.names);
        &self.rows::<U64>(Section::Kinds)[set]
    }

    /// How many words a set has.
    pub(crate) fn set_words(&self) -> usize {
        set_words(self.names)
    }

    /// How many files import what.
    pub(crate) fn imports(&self) -> Imports<'_> {
        Imports::new(self.rows::<ImportsRow>(Section::Imports))
    }

    /// Files that were changed lately, the latest first, by their shard's position.
    pub(crate) fn recent(&self) -> impl Iterator<Item = (u32, FileId)> + '_ {
        let rows = self.rows::<RecentRow>(Section::Recent);
        rows.iter().map(|row| (row.shard.get(), FileId(row.file.get())))
    }

    fn set(&self, section: Section, index: usize) -> &[U64] {
        let words = self.set_words();
        &self.rows::<U64>(section)[index * words..(index + 1) * words]
    }

    fn home_bytes(&self) -> usize {
        Home::bytes(self.rows::<PackageRow>(Section::Packages).len())
    }

    fn section(&self, section: Section) -> &[u8] {
        &self.bytes[self.sections[section as usize].clone()]
    }

    fn rows<R: FromBytes + zerocopy::KnownLayout + zerocopy::Immutable + zerocopy::Unaligned>(
        &self,
        section: Section,
    ) -> &[R] {
        <[R]>::ref_from_bytes(self.section(section))
            .expect("opening checked that the section is whole rows")
    }
}

/// The names of a dictionary.
#[derive(Clone, Copy)]
pub(crate) struct Names<'d> {
    rows: &'d [NameRow],
    blocks: &'d [BlockRow],
    text: &'d [u8],
}

impl<'d> Names<'d> {
    /// A name; empty if there is none.
    pub(crate) fn get(self, name: u32) -> &'d [u8] {
        let start = |block: &BlockRow| block.text_start.get() as usize;
        let range = self.range_of(name, start, |row| row.text_end.get().into());
        self.text.get(range).unwrap_or_default()
    }

    fn range_of(
        self,
        name: u32,
        start: impl Fn(&BlockRow) -> usize,
        end: impl Fn(&NameRow) -> usize,
    ) -> Range<usize> {
        let name = name as usize;
        let Some(row) = self.rows.get(name) else { return 0..0 };
        let block = start(&self.blocks[name / BLOCK_NAMES]);
        let is_first = name.is_multiple_of(BLOCK_NAMES);
        let before = if is_first { 0 } else { end(&self.rows[name - 1]) };
        block + before..block + end(row)
    }
}

impl std::fmt::Debug for Dictionary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dictionary")
            .field("names", &self.names)
            .field("shards", &self.shard_count())
            .finish_non_exhaustive()
    }
}

/// Of names in the order of their letters those that begin with these.
pub(crate) fn range_beginning_with<'n>(
    dictionary: &Dictionary,
    names: &'n [U24],
    letters: &[u8],
) -> &'n [U24] {
    let texts = dictionary.names();
    let is_before = |name: &U24| compare_beginning(texts.get(name.get()), letters).is_lt();
    first_beginning_with(dictionary, &names[names.partition_point(is_before)..], letters)
}

/// The same where those come first.
pub(crate) fn first_beginning_with<'n>(
    dictionary: &Dictionary,
    names: &'n [U24],
    letters: &[u8],
) -> &'n [U24] {
    let texts = dictionary.names();
    let begins = |name: &U24| compare_beginning(texts.get(name.get()), letters).is_eq();
    &names[..partition_point_near(names, 0, begins)]
}

/// Compares the beginning of a name's letters with some letters: equal if it begins with them.
fn compare_beginning(name: &[u8], letters: &[u8]) -> Ordering {
    if !name.is_ascii() {
        let name = fold(name);
        return name[..name.len().min(letters.len())].cmp(letters);
    }
    let mut folded = name.iter().filter(|byte| **byte != b'_').map(u8::to_ascii_lowercase);
    for letter in letters {
        match folded.next().cmp(&Some(*letter)) {
            Ordering::Equal => {}
            other => return other,
        }
    }
    Ordering::Equal
}
