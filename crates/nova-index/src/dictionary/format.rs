//! The bytes of a dictionary: header, table of contents, rows. `docs/dictionary-format.md` draws them.
//!
//! Like a shard file, but derived: it can always be made again, and never leaves its machine.

use nova_syntax::declarations::Kind;
use zerocopy::little_endian::{U16, U32, U64, U128};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::format::{SectionRow, U24};
use crate::matching::LETTER_CLASSES;
use crate::merit::{Group, MERIT_BITS, Merit};

/// Begins every dictionary. The line end shows a file that was treated as text.
pub(super) const MAGIC: [u8; 12] = *b"nova names\r\n";

/// The version of everything below, and of what the rows were made by: how names are taken apart and
/// what the merits are.
pub(super) const FORMAT_VERSION: u32 = 2;

/// The beginning of the file.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct Header {
    pub(super) magic: [u8; 12],
    pub(super) version: U32,
    /// XXH3-64 of everything after this field.
    pub(super) checksum: U64,
    pub(super) file_bytes: U64,
    /// How postings are packed.
    pub(super) packing: Packing,
    pub(super) contents: [SectionRow; SECTIONS],
}

/// Where the checksummed part begins.
pub(super) const CHECKED_FROM: usize = std::mem::offset_of!(Header, file_bytes);

/// The sections in the order of the file. They follow each other without a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    /// The shards that it was derived from.
    Shards,
    /// Where each 64 names begin.
    Blocks,
    /// The names, the best first.
    Names,
    NameText,
    /// The names' numbers in the order of their letters.
    Folded,
    /// For each class of letter a bit for each name that has one.
    Letters,
    /// For each class of pairs a bit for each name in which two such letters follow each other.
    Pairs,
    /// For each class of letter a bit for each name with a word that begins with one.
    Starts,
    /// For each kind a bit for each name that something of the kind has; for a kind that leads as far as
    /// there are leading names.
    Kinds,
    Postings,
    /// Of the names that lead, the ends of their postings that do.
    Leading,
    /// For each posting that leads where it stands.
    Homes,
    /// The parts of packages' names, in the order of their letters.
    Parts,
    PartText,
    /// The packages and those around them, as a tree.
    Packages,
    /// For each package the names of what stands directly in it.
    PackageNames,
    Imports,
    Recent,
}

/// How many sections there are.
pub(super) const SECTIONS: usize = 18;

impl Section {
    /// The width of the section's rows; one for text and for postings.
    pub(super) const fn row_bytes(self) -> usize {
        match self {
            Self::Shards => size_of::<ShardRow>(),
            Self::Blocks => size_of::<BlockRow>(),
            Self::Names => size_of::<NameRow>(),
            Self::NameText | Self::Postings | Self::Homes | Self::PartText => 1,
            Self::Folded | Self::Leading | Self::Parts | Self::PackageNames => size_of::<U24>(),
            Self::Packages => size_of::<PackageRow>(),
            Self::Letters | Self::Pairs | Self::Starts | Self::Kinds => size_of::<U64>(),
            Self::Imports => size_of::<ImportsRow>(),
            Self::Recent => size_of::<RecentRow>(),
        }
    }

    /// Every section, in order.
    pub(super) const ALL: [Self; SECTIONS] = [
        Self::Shards,
        Self::Blocks,
        Self::Names,
        Self::NameText,
        Self::Folded,
        Self::Letters,
        Self::Pairs,
        Self::Starts,
        Self::Kinds,
        Self::Postings,
        Self::Leading,
        Self::Homes,
        Self::Parts,
        Self::PartText,
        Self::Packages,
        Self::PackageNames,
        Self::Imports,
        Self::Recent,
    ];
}

/// A shard that the dictionary was derived from: postings speak of its rows.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct ShardRow {
    pub(super) identity: [u8; 16],
    /// What the ids of its files and symbols go by.
    pub(super) arrangement: U128,
    pub(super) symbols: U32,
    pub(super) files: U32,
}

/// 64 names.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct BlockRow {
    /// Where the first of them begins in the name text.
    pub(super) text_start: U32,
    /// Where its postings begin, in postings.
    pub(super) postings_start: U32,
}

/// How many names make a block.
pub(super) const BLOCK_NAMES: usize = 64;

/// A name. Sorted by the merit of the best symbol that has it, then by its length and its bytes.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct NameRow {
    /// Where it ends in the name text, from where its block begins.
    pub(super) text_end: U16,
    /// Where its postings end, likewise.
    pub(super) postings_end: U24,
}

/// A package, or what is around one. The outer ones come first, the first of all is the unnamed one.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct PackageRow {
    /// The one around it; of the unnamed package itself.
    pub(super) outer: U24,
    /// Its name's last part.
    pub(super) part: U24,
    /// Where its names end among those of all packages.
    pub(super) names_end: U32,
}

/// Packages that a home has room for.
pub(super) const PACKAGES_MAX: usize = 1 << 22;

/// Where a type, a package or a module stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Home {
    /// The package around it.
    pub(crate) package: u32,
    /// Types around it, at most [`Self::DEPTH_MAX`].
    pub(crate) depth: u32,
}

impl Home {
    /// With so many types around it, or more.
    pub(crate) const DEPTH_MAX: u32 = 3;
    const DEPTH_BITS: u32 = 2;

    /// Bytes of a home where there are so many packages.
    pub(super) fn bytes(packages: usize) -> usize {
        let largest = (packages.max(1) as u64) << Self::DEPTH_BITS;
        (u64::BITS - largest.leading_zeros()).div_ceil(8) as usize
    }

    pub(super) fn pack(self) -> u32 {
        self.package << Self::DEPTH_BITS | self.depth.min(Self::DEPTH_MAX)
    }

    pub(super) fn unpack(bytes: &[u8]) -> Self {
        let packed = number(bytes) as u32;
        Self { package: packed >> Self::DEPTH_BITS, depth: packed & Self::DEPTH_MAX }
    }
}

/// How many files import a type, or a package on demand. Sorted by hash.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct ImportsRow {
    /// XXH3-64 of `a.b.Type` or `a.b.*`.
    pub(super) hash: U64,
    pub(super) files: U32,
}

/// A file that was changed lately. The latest first.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct RecentRow {
    pub(super) shard: U32,
    pub(super) file: U32,
}

/// Sets of names, by what they have in common.
pub(super) const LETTER_SETS: usize = LETTER_CLASSES;
pub(super) const PAIR_SETS: usize = 32;

pub(super) const KIND_SETS: usize = Kind::ALL.len();

/// Whether names of this kind lead: a set of them ends where leading names do.
pub(super) fn leads(kind: Kind) -> bool {
    Group::of(kind) >= Group::Package
}

/// Where the set of a kind is among those of all kinds, in words.
pub(super) fn kind_set(kind: Kind, leading: usize, names: usize) -> std::ops::Range<usize> {
    let words = |kind: Kind| set_words(if leads(kind) { leading } else { names });
    let before = Kind::ALL.into_iter().take(kind as usize);
    let start: usize = before.map(words).sum();
    start..start + words(kind)
}

/// The class of two letters that follow each other: any two numbers that spread well.
pub(super) fn pair_class(first: u8, second: u8) -> usize {
    (usize::from(first) * 31 + usize::from(second) * 13) % PAIR_SETS
}

/// Words of 64 names in a set.
pub(super) fn set_words(names: usize) -> usize {
    names.div_ceil(64)
}

/// How a posting is packed into as few whole bytes as all of them need.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub(super) struct Packing {
    /// Bits for the place in the shard, the lowest.
    place_bits: u8,
    /// Bits for the shard; the merit is above.
    shard_bits: u8,
    /// Bytes of a posting.
    bytes: u8,
    reserved: u8,
}

/// One symbol of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Posting {
    pub(crate) merit: Merit,
    /// Position among the dictionary's shards.
    pub(crate) shard: u32,
    /// The symbol's id; from the number of the shard's symbols on, the file that a package stands at.
    pub(crate) place: u32,
}

impl Packing {
    /// For so many shards, with so many places in the largest. `None` if that exceeds eight bytes.
    pub(super) fn new(shards: u32, places: u32) -> Option<Self> {
        let bits = |count: u32| (u32::BITS - count.leading_zeros()) as u8;
        let (place_bits, shard_bits) = (bits(places), bits(shards));
        let bytes = (u32::from(place_bits) + u32::from(shard_bits) + MERIT_BITS).div_ceil(8) as u8;
        (bytes <= 8).then_some(Self { place_bits, shard_bits, bytes, reserved: 0 })
    }

    /// Whether postings can be read so.
    pub(super) fn is_sound(self) -> bool {
        let bits = u32::from(self.place_bits) + u32::from(self.shard_bits) + MERIT_BITS;
        (1..=8).contains(&self.bytes)
            && self.place_bits <= 32
            && self.shard_bits <= 32
            && bits <= u32::from(self.bytes) * 8
    }

    pub(super) fn bytes(self) -> usize {
        usize::from(self.bytes)
    }

    pub(super) fn pack(self, posting: Posting, out: &mut Vec<u8>) {
        let merit = u64::from(posting.merit.0) << self.shard_bits;
        let packed =
            (merit | u64::from(posting.shard)) << self.place_bits | u64::from(posting.place);
        out.extend_from_slice(&packed.to_le_bytes()[..self.bytes()]);
    }

    pub(super) fn unpack(self, bytes: &[u8]) -> Posting {
        let packed = number(bytes);
        let low = |value: u64, bits: u8| (value & ((1 << bits) - 1)) as u32;
        let above = packed >> self.place_bits;
        Posting {
            merit: Merit((above >> self.shard_bits) as u16 & ((1 << MERIT_BITS) - 1)),
            shard: low(above, self.shard_bits),
            place: low(packed, self.place_bits),
        }
    }
}

/// The number that has these bytes, the lowest first.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_posting_survives_packing() {
        for (shards, places) in [(1, 1), (24, 70_000), (1000, 20_000), (0xff_ffff, 0xff_ffff)] {
            let packing = Packing::new(shards, places).unwrap();
            assert!(packing.is_sound());
            let largest = Posting { merit: Merit(0x1abc), shard: shards - 1, place: places - 1 };
            for posting in [largest, Posting { merit: Merit(0), shard: 0, place: 0 }] {
                let mut bytes = Vec::new();
                packing.pack(posting, &mut bytes);
                assert_eq!(bytes.len(), packing.bytes());
                assert_eq!(packing.unpack(&bytes), posting);
            }
        }
    }

    #[test]
    fn a_posting_takes_as_many_bytes_as_it_needs() {
        assert_eq!(Packing::new(24, 100_000).unwrap().bytes(), 5);
        assert_eq!(Packing::new(1000, 20_000).unwrap().bytes(), 5);
        assert_eq!(Packing::new(u32::MAX, u32::MAX), None);
    }
}
