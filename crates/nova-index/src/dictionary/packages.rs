//! The packages of all shards as a tree, and what stands in each.
//!
//! A query names what is around a symbol. With the tree that is compared once with each part of a
//! name, and then for each package takes one step from the one around it, however many symbols it has.

use std::collections::HashMap;
use std::ops::Range;

use nova_syntax::declarations::Kind;
use rayon::prelude::*;

use super::Dictionary;
use super::format::{PackageRow, Section};
use crate::format::U24;
use crate::matching::fold;
use crate::packages::Package;
use crate::shard::Shard;

/// The packages of a dictionary, by their numbers.
#[derive(Clone, Copy)]
pub(crate) struct Packages<'d> {
    dictionary: &'d Dictionary,
    rows: &'d [PackageRow],
}

impl<'d> Packages<'d> {
    pub(super) fn new(dictionary: &'d Dictionary) -> Self {
        Self { dictionary, rows: dictionary.rows(Section::Packages) }
    }

    /// For each package the one around it and the last part of its name, the outer ones first. The first
    /// is the unnamed one.
    pub(crate) fn rows(self) -> impl ExactSizeIterator<Item = (u32, u32)> {
        self.rows.iter().map(|row| (row.outer.get(), row.part.get()))
    }

    /// The package around a package, and the last part of its name. There is none around the unnamed one.
    pub(crate) fn get(self, package: u32) -> Option<(u32, u32)> {
        let row = self.rows.get(package as usize).filter(|_| package > 0)?;
        Some((row.outer.get(), row.part.get()))
    }

    /// The names of what stands directly in a package, in ascending order.
    pub(crate) fn names(self, package: u32) -> &'d [U24] {
        let end = |row: &PackageRow| row.names_end.get() as usize;
        let Some(row) = self.rows.get(package as usize) else { return &[] };
        let start = (package as usize).checked_sub(1).map_or(0, |before| end(&self.rows[before]));
        &self.dictionary.rows::<U24>(Section::PackageNames)[start..end(row)]
    }

    /// How many parts of names there are.
    pub(crate) fn part_count(self) -> usize {
        self.dictionary.rows::<U24>(Section::Parts).len()
    }

    /// A part of names.
    pub(crate) fn part(self, part: u32) -> &'d str {
        let ends = self.dictionary.rows::<U24>(Section::Parts);
        let start = (part as usize).checked_sub(1).map_or(0, |before| ends[before].get());
        let text = &self.dictionary.section(Section::PartText)
            [start as usize..ends[part as usize].get() as usize];
        str::from_utf8(text).unwrap_or_default()
    }

    /// The parts that begin with some letters.
    pub(crate) fn parts_beginning_with(self, letters: &[u8]) -> Range<u32> {
        let beginning = |part: u32| {
            let mut part = fold(self.part(part).as_bytes());
            part.truncate(letters.len());
            part
        };
        let partition = |is_before: &dyn Fn(u32) -> bool| {
            let (mut low, mut high) = (0, self.part_count() as u32);
            while low < high {
                let middle = low.midpoint(high);
                if is_before(middle) { low = middle + 1 } else { high = middle }
            }
            low
        };
        let start = partition(&|part| beginning(part).as_slice() < letters);
        start..partition(&|part| beginning(part).as_slice() <= letters)
    }
}

/// The packages while a dictionary is derived.
pub(super) struct PackageTree<'s> {
    /// The parts of names, by their letters.
    pub(super) parts: Vec<&'s str>,
    /// The package around each, and the last part of its name.
    pub(super) rows: Vec<(u32, u32)>,
    by_name: HashMap<&'s str, u32>,
}

impl<'s> PackageTree<'s> {
    /// Of the packages of all shards, and of the names of their modules.
    pub(super) fn new(shards: &'s [std::sync::Arc<Shard>], packages: &[Vec<Package<'s>>]) -> Self {
        let modules: Vec<&str> =
            shards.par_iter().flat_map_iter(|shard| module_names(shard)).collect();
        let mut names: Vec<&str> = packages.iter().flatten().map(|package| package.name).collect();
        names.extend(modules);
        names.sort_unstable();
        names.dedup();
        let mut parts: Vec<&str> = names.iter().flat_map(|name| name.split('.')).collect();
        parts.sort_unstable();
        parts.dedup();
        parts.sort_by_cached_key(|part| fold(part.as_bytes()));
        let numbers: HashMap<&str, u32> = parts.iter().copied().zip(0..).collect();

        let mut rows = vec![(0, 0)];
        let mut inner = HashMap::new();
        // By its name only what a shard has: a package within very many has as many outer ones, and all their
        // names together would be as long as the square of its own.
        let by_name = names.into_iter().map(|name| {
            let package = name.split('.').fold(0, |outer, part| {
                let row = (outer, numbers[part]);
                *inner.entry(row).or_insert_with(|| {
                    rows.push(row);
                    rows.len() as u32 - 1
                })
            });
            (name, package)
        });
        let by_name = by_name.collect();
        Self { parts, rows, by_name }
    }

    /// The number of a package or a module of the shards; of the unnamed one, too.
    pub(super) fn number(&self, name: &str) -> u32 {
        self.by_name.get(name).copied().unwrap_or_default()
    }

    /// The number of what is around it.
    pub(super) fn around(&self, name: &str) -> u32 {
        self.rows[self.number(name) as usize].0
    }
}

/// The names of the modules that are declared in a shard.
fn module_names(shard: &Shard) -> impl Iterator<Item = &str> {
    let declarations = shard.files().filter(|file| file.file_name() == b"module-info.java");
    let symbols = declarations.flat_map(|file| file.symbols());
    symbols.filter(|symbol| symbol.kind() == Kind::Module).map(|symbol| symbol.name())
}
