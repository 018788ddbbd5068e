//! The names of many shards, each once.

use std::sync::Arc;

use hashbrown::HashTable;
use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_64;

use super::format::BLOCK_NAMES;
use crate::format::U24;
use crate::packages::Package;
use crate::shard::Shard;

/// Parts that names are dealt into by their hash: each is small enough to stay close to the processor
/// while its names are compared.
const PARTS: usize = 64;

/// The distinct names of some shards, numbered in no order that means anything.
pub(super) struct MergedNames<'s> {
    /// The names.
    pub(super) names: Vec<&'s [u8]>,
    /// For each shard the number of each of its names, then those of its packages' last parts.
    pub(super) numbers: Vec<Vec<u32>>,
}

impl<'s> MergedNames<'s> {
    pub(super) fn new(shards: &'s [Arc<Shard>], packages: &[Vec<Package<'s>>]) -> Self {
        let dealt: Vec<_> = shards
            .par_iter()
            .zip(packages)
            .map(|(shard, packages)| deal(shard, packages))
            .collect();
        let parts: Vec<Part<'_>> =
            (0..PARTS).into_par_iter().map(|part| Part::merge(&dealt, part)).collect();

        let mut merged = Self {
            names: Vec::with_capacity(parts.iter().map(|part| part.names.len()).sum()),
            numbers: dealt.iter().map(|shard| vec![0; shard.count]).collect(),
        };
        for part in parts {
            let first = merged.names.len() as u32;
            for (shard, local, number) in part.numbers {
                merged.numbers[shard as usize][local as usize] = first + number;
            }
            merged.names.extend(part.names);
        }
        merged
    }
}

/// The names of one shard, by part.
struct Dealt<'s> {
    parts: Vec<Vec<Dealer<'s>>>,
    count: usize,
}

struct Dealer<'s> {
    hash: u64,
    local: u32,
    name: &'s [u8],
}

fn deal<'s>(shard: &'s Shard, packages: &[Package<'s>]) -> Dealt<'s> {
    let mut parts: Vec<Vec<Dealer<'s>>> = Vec::new();
    parts.resize_with(PARTS, Vec::new);
    let names = (0..shard.name_count()).map(|name| shard.name_bytes(U24::new(name)));
    let names = names.chain(packages.iter().map(|package| package.name.as_bytes()));
    let mut count = 0;
    for name in names {
        let name = last_part(name);
        let hash = xxh3_64(name);
        parts[(hash >> 58) as usize].push(Dealer { hash, local: count, name });
        count += 1;
    }
    Dealt { parts, count: count as usize }
}

/// Bytes of a name that are looked at: that a block of them has room, and many times more than any has.
const NAME_BYTES_MAX: usize = u16::MAX as usize / BLOCK_NAMES;

/// What is typed to find a name: of one with dots, a module's or a package's, the last part.
pub(crate) fn last_part(name: &[u8]) -> &[u8] {
    let start = name.iter().rposition(|byte| *byte == b'.').map_or(0, |dot| dot + 1);
    let part = &name[start..];
    &part[..part.len().min(NAME_BYTES_MAX)]
}

/// The distinct names of one part.
struct Part<'s> {
    names: Vec<&'s [u8]>,
    /// Shard, position in it, number among the part's names.
    numbers: Vec<(u32, u32, u32)>,
}

impl<'s> Part<'s> {
    fn merge(dealt: &[Dealt<'s>], part: usize) -> Self {
        let mut merged = Self { names: Vec::new(), numbers: Vec::new() };
        let mut known: HashTable<(u64, u32)> = HashTable::new();
        for (shard, dealt) in (0..).zip(dealt) {
            for &Dealer { hash, local, name } in &dealt.parts[part] {
                let names = &mut merged.names;
                let is_same = |(other, number): &(u64, u32)| {
                    *other == hash && names[*number as usize] == name
                };
                let number = match known.find(hash, is_same) {
                    Some((_, number)) => *number,
                    None => {
                        let number = names.len() as u32;
                        names.push(name);
                        known.insert_unique(hash, (hash, number), |(hash, _)| *hash);
                        number
                    }
                };
                merged.numbers.push((shard, local, number));
            }
        }
        merged
    }
}
