//! Shards → the bytes of their dictionary.
//!
//! ```text
//! imports ─▶ ImportCounts ─┐
//! names ─▶ MergedNames ────┴─▶ Postings ─▶ the names' order ─▶ sets, letters' order ─▶ bytes
//! ```
//!
//! What it takes while it works grows with the symbols, some 30 bytes each; nothing of it stays.

use std::cmp::{Ordering, Reverse};
use std::sync::Arc;

use nova_syntax::declarations::Kind;
use rayon::prelude::*;
use thiserror::Error;
use xxhash_rust::xxh3::xxh3_64;
use zerocopy::IntoBytes;
use zerocopy::little_endian::U64;

use super::format::{
    BLOCK_NAMES, BlockRow, CHECKED_FROM, FORMAT_VERSION, Header, Home, KIND_SETS, LETTER_SETS,
    MAGIC, NameRow, PACKAGES_MAX, PAIR_SETS, PackageRow, Packing, RecentRow, SECTIONS, Section,
    ShardRow, kind_set, pair_class, set_words,
};
use super::imports::{ImportCounts, Imports};
use super::merge::MergedNames;
use super::packages::PackageTree;
use super::postings::Postings;
use crate::format::{ROWS_MAX, SectionRow, U24};
use crate::matching::{Words, fold, letter_class};
use crate::merit::Group;
use crate::packages::Package;
use crate::shard::Shard;

/// Files that were changed lately, at most so many: what an empty query shows first.
const RECENT_FILES_MAX: usize = 64;

/// Why shards have no dictionary. Searching them directly still works.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum BuildDictionaryError {
    /// Its tables have no room for them.
    #[error("the dictionary would exceed {max} {what}")]
    Full {
        /// What there would be too many of.
        what: &'static str,
        /// How many there may be.
        max: u64,
    },
}

/// Derives the dictionary of some shards: its file's bytes, the same for the same shards in the same
/// order.
pub fn build_dictionary(shards: &[Arc<Shard>]) -> Result<Vec<u8>, BuildDictionaryError> {
    check_room(shards)?;
    let packages: Vec<_> = shards.par_iter().map(|shard| Package::of_shard(shard)).collect();
    let counts = shards.par_iter().map(|shard| ImportCounts::of_shard(shard));
    let imports = counts.reduce(ImportCounts::default, ImportCounts::merge).into_rows();
    let names = MergedNames::new(shards, &packages);
    let tree = PackageTree::new(shards, &packages);
    let postings = Postings::new(shards, &packages, &names, &tree, Imports::new(&imports));
    if names.names.len() > ROWS_MAX || tree.rows.len() > PACKAGES_MAX {
        return Err(BuildDictionaryError::Full { what: "names", max: ROWS_MAX as u64 });
    }
    let order = names_in_order(&names, &postings);

    let places = shards.iter().map(|shard| places(shard)).max().unwrap_or_default();
    let packing = Packing::new(shards.len() as u32, places)
        .ok_or(BuildDictionaryError::Full { what: "shards of such a size", max: 1 << 24 })?;
    let mut writer = Writer::new(packing, estimated_bytes(&names, &postings, packing));
    writer.section(Section::Shards, shards.iter().map(|shard| ShardRow::of(shard)));
    let sorted: Vec<&[u8]> = order.iter().map(|&name| names.names[name as usize]).collect();
    let (blocks, rows) = name_rows(&sorted, &order, &postings)?;
    writer.section(Section::Blocks, blocks);
    writer.section(Section::Names, rows);
    writer.text(Section::NameText, sorted.iter().copied());
    writer.section(Section::Folded, by_letters(&sorted).into_iter().map(U24::new));
    let sets = Sets::new(&sorted);
    writer.section(Section::Letters, sets.letters);
    writer.section(Section::Pairs, sets.pairs);
    writer.section(Section::Starts, sets.starts);
    let leading = Leading::new(&order, &postings, &tree);
    writer.section(Section::Kinds, kinds(&order, &postings, shards, leading.ends.len()));
    writer.postings(order.iter().flat_map(|&name| postings.of(name)));
    leading.write(&tree, &mut writer);
    writer.section(Section::Imports, imports);
    writer.section(Section::Recent, recent(shards));
    Ok(writer.finish())
}

/// The rows of names and of their blocks.
fn name_rows(
    sorted: &[&[u8]],
    order: &[u32],
    postings: &Postings,
) -> Result<(Vec<BlockRow>, Vec<NameRow>), BuildDictionaryError> {
    let mut blocks = Vec::with_capacity(sorted.len().div_ceil(BLOCK_NAMES));
    let mut rows = Vec::with_capacity(sorted.len());
    let (mut text, mut first_posting) = (0, 0);
    for (names, numbers) in sorted.chunks(BLOCK_NAMES).zip(order.chunks(BLOCK_NAMES)) {
        blocks.push(BlockRow { text_start: text.into(), postings_start: first_posting.into() });
        let (mut text_end, mut postings_end) = (0, 0);
        for (name, number) in names.iter().zip(numbers) {
            text_end += name.len() as u32;
            postings_end += postings.of(*number).len() as u32;
            if postings_end > U24::NONE {
                let max = u64::from(U24::NONE);
                return Err(BuildDictionaryError::Full { what: "symbols of a few names", max });
            }
            let text_end = (text_end as u16).into();
            rows.push(NameRow { text_end, postings_end: U24::new(postings_end) });
        }
        text += text_end;
        first_posting += postings_end;
    }
    Ok((blocks, rows))
}

/// What leads: types, packages and modules, where they stand, and what stands in each package.
struct Leading {
    /// For each name with any where they end.
    ends: Vec<u32>,
    homes: Vec<Home>,
    /// By package, in ascending order.
    names: Vec<Vec<u32>>,
}

impl Leading {
    fn new(order: &[u32], postings: &Postings, tree: &PackageTree<'_>) -> Self {
        let leads = |name: &&u32| postings.best(**name).group() >= Group::Package;
        let of_names: Vec<Vec<Home>> = order[..order.iter().take_while(leads).count()]
            .par_iter()
            .map(|&name| postings.homes(name).collect())
            .collect();
        let mut leading = Self {
            ends: Vec::with_capacity(of_names.len()),
            homes: Vec::new(),
            names: vec![Vec::new(); tree.rows.len()],
        };
        for (name, homes) in (0..).zip(of_names) {
            for home in homes.iter().filter(|home| home.depth == 0) {
                let names = &mut leading.names[home.package as usize];
                if names.last() != Some(&name) {
                    names.push(name);
                }
            }
            leading.homes.extend(homes);
            leading.ends.push(leading.homes.len() as u32);
        }
        leading
    }

    fn write(self, tree: &PackageTree<'_>, writer: &mut Writer) {
        writer.section(Section::Leading, self.ends.into_iter().map(U24::new));
        let width = Home::bytes(tree.rows.len());
        writer.append(Section::Homes, |bytes| {
            let homes = self.homes.iter().map(|home| home.pack().to_le_bytes());
            homes.for_each(|home| bytes.extend_from_slice(&home[..width]));
        });
        let ends = tree.parts.iter().scan(0, |end, part| {
            *end += part.len() as u32;
            Some(U24::new(*end))
        });
        writer.section(Section::Parts, ends);
        writer.text(Section::PartText, tree.parts.iter().map(|part| part.as_bytes()));
        let mut names_end = 0;
        let rows = tree.rows.iter().zip(&self.names).map(|(&(outer, part), names)| {
            names_end += names.len() as u32;
            PackageRow { outer: U24::new(outer), part: U24::new(part), names_end: names_end.into() }
        });
        writer.section(Section::Packages, rows);
        writer.section(Section::PackageNames, self.names.into_iter().flatten().map(U24::new));
    }
}

impl ShardRow {
    pub(super) fn of(shard: &Shard) -> Self {
        Self {
            identity: shard.identity().0,
            arrangement: shard.arrangement().0.into(),
            symbols: shard.symbol_count().into(),
            files: shard.file_count().into(),
        }
    }
}

/// What a posting can point to in a shard.
fn places(shard: &Shard) -> u32 {
    shard.symbol_count() + shard.file_count()
}

fn check_room(shards: &[Arc<Shard>]) -> Result<(), BuildDictionaryError> {
    let max = u64::from(u32::MAX);
    let sum = |count: fn(&Shard) -> u64| shards.iter().map(|shard| count(shard)).sum::<u64>();
    let symbols = sum(|shard| u64::from(places(shard)));
    let name_bytes = sum(|shard| shard.text(crate::format::Section::NameText).len() as u64);
    for (what, count) in [("symbols", symbols), ("bytes of names", name_bytes)] {
        if count > max {
            return Err(BuildDictionaryError::Full { what, max });
        }
    }
    Ok(())
}

/// More than the file has, so that its buffer need not grow.
fn estimated_bytes(names: &MergedNames<'_>, postings: &Postings, packing: Packing) -> usize {
    let text: usize = names.names.iter().map(|name| name.len()).sum();
    let sets = (2 * LETTER_SETS + PAIR_SETS + KIND_SETS) * size_of::<u64>();
    let of_names = names.names.len() * (size_of::<NameRow>() + size_of::<U24>());
    text + of_names
        + set_words(names.names.len()) * sets
        + postings.count() * packing.bytes()
        + (1 << 20)
}

/// The names' numbers, the best name first: by the merit of its best symbol, then the shorter one.
fn names_in_order(names: &MergedNames<'_>, postings: &Postings) -> Vec<u32> {
    let text = |name: u32| names.names[name as usize];
    let key = |name: u32| (Reverse(postings.best(name)), text(name).len());
    let mut order: Vec<_> =
        (0..names.names.len() as u32).into_par_iter().map(|name| (key(name), name)).collect();
    order.par_sort_unstable_by(|(a_key, a), (b_key, b)| {
        a_key.cmp(b_key).then_with(|| text(*a).cmp(text(*b)))
    });
    order.into_iter().map(|(_, name)| name).collect()
}

/// The names' numbers in the order of their letters.
fn by_letters(names: &[&[u8]]) -> Vec<u32> {
    let mut order: Vec<_> = (0..names.len() as u32)
        .into_par_iter()
        .map(|name| (first_letters(names[name as usize]), name))
        .collect();
    // Most comparisons are settled by the first eight letters, which spares two visits to memory.
    order.par_sort_unstable_by(|(a_first, a), (b_first, b)| {
        let compare = || compare_letters(names[*a as usize], names[*b as usize]);
        a_first.cmp(b_first).then_with(compare).then(a.cmp(b))
    });
    order.into_iter().map(|(_, name)| name).collect()
}

/// The first eight letters of a name, as a number of the same order.
fn first_letters(name: &[u8]) -> u64 {
    let mut first = [0; 8];
    let letters = fold(name);
    first.iter_mut().zip(letters).for_each(|(byte, letter)| *byte = letter);
    u64::from_be_bytes(first)
}

fn compare_letters(a: &[u8], b: &[u8]) -> Ordering {
    if !a.is_ascii() || !b.is_ascii() {
        return fold(a).cmp(&fold(b));
    }
    folded(a).cmp(folded(b))
}

fn folded(name: &[u8]) -> impl Iterator<Item = u8> {
    name.iter().filter(|byte| **byte != b'_').map(u8::to_ascii_lowercase)
}

/// Sets of names by their letters.
#[derive(Default)]
struct Sets {
    letters: Vec<U64>,
    pairs: Vec<U64>,
    starts: Vec<U64>,
}

/// 64 names: a word of every set.
struct Block {
    letters: [u64; LETTER_SETS],
    pairs: [u64; PAIR_SETS],
    starts: [u64; LETTER_SETS],
}

impl Sets {
    fn new(names: &[&[u8]]) -> Self {
        let blocks: Vec<_> = names.par_chunks(64).map(Block::new).collect();
        let mut sets = Self::default();
        for class in 0..LETTER_SETS {
            sets.letters.extend(blocks.iter().map(|block| U64::new(block.letters[class])));
            sets.starts.extend(blocks.iter().map(|block| U64::new(block.starts[class])));
        }
        for class in 0..PAIR_SETS {
            sets.pairs.extend(blocks.iter().map(|block| U64::new(block.pairs[class])));
        }
        sets
    }
}

impl Block {
    fn new(names: &[&[u8]]) -> Self {
        let mut block =
            Self { letters: [0; LETTER_SETS], pairs: [0; PAIR_SETS], starts: [0; LETTER_SETS] };
        for (bit, name) in names.iter().enumerate() {
            let words = Words::new(name);
            let mut before = None;
            for at in 0..words.len {
                let letter = words.letter(at);
                let class = usize::from(letter_class(letter));
                block.letters[class] |= 1 << bit;
                if words.starts >> at & 1 != 0 {
                    block.starts[class] |= 1 << bit;
                }
                if let Some(before) = before.replace(letter) {
                    block.pairs[pair_class(before, letter)] |= 1 << bit;
                }
            }
        }
        block
    }
}

/// Sets of names by the kinds of their symbols.
fn kinds(order: &[u32], postings: &Postings, shards: &[Arc<Shard>], leading: usize) -> Vec<U64> {
    let sets = Kind::ALL.map(|kind| kind_set(kind, leading, order.len()));
    let mut words = vec![0_u64; sets[KIND_SETS - 1].end];
    for (at, &name) in order.iter().enumerate() {
        for posting in postings.of(name) {
            let kind = shards[posting.shard as usize].kind_at(posting.place);
            words[sets[kind as usize].start + at / 64] |= 1 << (at % 64);
        }
    }
    words.into_iter().map(U64::new).collect()
}

/// The files that were changed last.
fn recent(shards: &[Arc<Shard>]) -> Vec<RecentRow> {
    let mut recent = Vec::new();
    for (shard, index) in shards.iter().zip(0_u32..) {
        let stamps = shard.files().map(|file| (Reverse(file.stamp().mtime_ns), index, file.id().0));
        recent.extend(stamps);
        if recent.len() > RECENT_FILES_MAX {
            recent.select_nth_unstable(RECENT_FILES_MAX);
            recent.truncate(RECENT_FILES_MAX);
        }
    }
    recent.sort_unstable();
    let row =
        |(_, shard, file): (_, u32, u32)| RecentRow { shard: shard.into(), file: file.into() };
    recent.into_iter().map(row).collect()
}

/// Appends sections, in the order of [`Section::ALL`], and notes where they lie.
struct Writer {
    bytes: Vec<u8>,
    contents: Vec<SectionRow>,
    packing: Packing,
}

impl Writer {
    fn new(packing: Packing, capacity: usize) -> Self {
        let mut bytes = Vec::with_capacity(capacity);
        bytes.resize(size_of::<Header>(), 0);
        Self { bytes, contents: Vec::with_capacity(SECTIONS), packing }
    }

    fn section<R: IntoBytes + zerocopy::Immutable>(
        &mut self,
        section: Section,
        rows: impl IntoIterator<Item = R>,
    ) {
        self.append(section, |bytes| {
            rows.into_iter().for_each(|row| bytes.extend_from_slice(row.as_bytes()));
        });
    }

    fn text<'n>(&mut self, section: Section, names: impl Iterator<Item = &'n [u8]>) {
        self.append(section, |bytes| {
            names.for_each(|name| bytes.extend_from_slice(name));
        });
    }

    fn postings(&mut self, postings: impl Iterator<Item = super::Posting>) {
        let packing = self.packing;
        self.append(Section::Postings, |bytes| {
            postings.for_each(|posting| packing.pack(posting, bytes));
        });
    }

    fn append(&mut self, section: Section, write: impl FnOnce(&mut Vec<u8>)) {
        debug_assert_eq!(self.contents.len(), section as usize, "sections come in their order");
        let offset = self.bytes.len();
        write(&mut self.bytes);
        let bytes = (self.bytes.len() - offset) as u64;
        self.contents.push(SectionRow { offset: (offset as u64).into(), bytes: bytes.into() });
    }

    fn finish(mut self) -> Vec<u8> {
        let mut header = Header {
            magic: MAGIC,
            version: FORMAT_VERSION.into(),
            checksum: 0.into(),
            file_bytes: (self.bytes.len() as u64).into(),
            packing: self.packing,
            contents: self.contents.try_into().ok().expect("every section was written once"),
        };
        let head = size_of::<Header>();
        self.bytes[..head].copy_from_slice(header.as_bytes());
        header.checksum = xxh3_64(&self.bytes[CHECKED_FROM..]).into();
        self.bytes[..head].copy_from_slice(header.as_bytes());
        self.bytes
    }
}
