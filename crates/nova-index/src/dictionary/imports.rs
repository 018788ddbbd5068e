//! How many files import a type: what makes it central.

use std::collections::HashMap;

use nova_syntax::declarations::ImportKind;
use xxhash_rust::xxh3::xxh3_64;

use super::format::ImportsRow;
use crate::format::{ImportRow, StringRow, U24, import_kind};
use crate::merit::Centrality;
use crate::shard::Shard;
use crate::symbol_ref::SymbolRef;

/// How many files import each type, and each package or type on demand, by a hash of the name.
#[derive(Clone, Copy, Default)]
pub(crate) struct Imports<'d> {
    rows: &'d [ImportsRow],
}

impl<'d> Imports<'d> {
    pub(super) fn new(rows: &'d [ImportsRow]) -> Self {
        Self { rows }
    }

    /// How many files import what has this hash.
    fn files(self, hash: u64) -> u32 {
        let row = self.rows.binary_search_by_key(&hash, |row| row.hash.get());
        row.map_or(0, |row| self.rows[row].files.get())
    }

    /// How central a symbol is: a type, as its path is; a member, as its type is.
    pub(crate) fn centrality_of(self, symbol: &SymbolRef<'_>) -> Centrality {
        let innermost = if symbol.kind().is_type() { Some(*symbol) } else { symbol.parent() };
        let mut types: Vec<_> =
            std::iter::successors(innermost, SymbolRef::parent).map(|it| it.name()).collect();
        let mut path = TypePath::new(symbol.file().package(), self);
        while let Some(name) = types.pop() {
            path.enter(name);
        }
        path.centrality()
    }
}

/// The name of a type, from its package inwards, and how central it is.
pub(crate) struct TypePath<'d> {
    imports: Imports<'d>,
    name: Vec<u8>,
    /// Where the name of each enclosing type ends, and how central that is.
    types: Vec<(usize, Centrality)>,
    package_bytes: usize,
    /// The share of a type in the imports of the whole package.
    package_files: u32,
}

impl<'d> TypePath<'d> {
    /// The path to a package.
    pub(crate) fn new(package: Option<&str>, imports: Imports<'d>) -> Self {
        let mut path = Self {
            imports,
            name: Vec::new(),
            types: Vec::new(),
            package_bytes: 0,
            package_files: 0,
        };
        if let Some(package) = package {
            path.name.extend_from_slice(package.as_bytes());
            path.name.push(b'.');
            path.package_bytes = path.name.len();
            path.package_files = imports.files(hash_on_demand(package.as_bytes()));
        }
        path
    }

    /// Goes into a type.
    pub(crate) fn enter(&mut self, name: &str) {
        if !self.types.is_empty() {
            self.name.push(b'.');
        }
        self.name.extend_from_slice(name.as_bytes());
        let files = self.imports.files(xxh3_64(&self.name));
        let centrality = match self.types.last() {
            None => Centrality::of_imports(files.saturating_add(self.package_files)),
            Some(_) => Centrality::of_imports(files),
        };
        self.types.push((self.name.len(), centrality));
    }

    /// Leaves types until so many are left.
    pub(crate) fn leave_to(&mut self, depth: usize) {
        self.types.truncate(depth);
        self.name.truncate(self.types.last().map_or(self.package_bytes, |(end, _)| *end));
    }

    /// How central the innermost type is.
    pub(crate) fn centrality(&self) -> Centrality {
        self.types.last().map_or(Centrality::default(), |(_, centrality)| *centrality)
    }
}

/// How many files of some shards import what.
#[derive(Default)]
pub(super) struct ImportCounts {
    /// Files that import a type, by the hash of its name.
    types: HashMap<u64, u32>,
    /// Files that import a package on demand, and how many types it has, by its hash.
    packages: HashMap<u64, (u32, u32)>,
}

impl ImportCounts {
    /// Counts the imports of one shard's files.
    pub(super) fn of_shard(shard: &Shard) -> Self {
        let mut counts = Self::default();
        let strings = shard.rows::<StringRow>().len();
        let mut files = vec![0_u32; strings * FORMS];
        for row in shard.rows::<ImportRow>() {
            if let Some(form) = import_kind(row.kind).and_then(form) {
                files[row.path.get() as usize * FORMS + form] += 1;
            }
        }
        for (string, files) in (0..).zip(files.chunks_exact(FORMS)) {
            if files.iter().any(|files| *files > 0) {
                counts.add(shard.string_bytes(U24::new(string)), files);
            }
        }
        // Every file imports java.lang without saying so (JLS 7.5.5).
        counts.package(b"java.lang").0 += shard.file_count();
        for file in shard.files() {
            if let Some(package) = file.package() {
                let is_top_level_type = |(symbol, parent): &(SymbolRef<'_>, Option<u32>)| {
                    parent.is_none() && symbol.kind().is_type()
                };
                let types = file.symbols().zip(file.parents()).filter(is_top_level_type).count();
                counts.package(package.as_bytes()).1 += types as u32;
            }
        }
        counts
    }

    /// Counts files that import a path, by the form of their declarations.
    fn add(&mut self, path: &[u8], files: &[u32]) {
        let type_of_member = path.iter().rposition(|byte| *byte == b'.').unwrap_or_default();
        for (files, path) in [
            (files[TYPE], path),
            // `import static a.B.*` is about a type, like `import a.B`.
            (files[MEMBER], &path[..type_of_member]),
        ] {
            if files > 0 {
                *self.types.entry(xxh3_64(path)).or_default() += files;
            }
        }
        if files[ON_DEMAND] > 0 {
            self.package(path).0 += files[ON_DEMAND];
        }
    }

    fn package(&mut self, name: &[u8]) -> &mut (u32, u32) {
        self.packages.entry(hash_on_demand(name)).or_default()
    }

    pub(super) fn merge(mut self, other: Self) -> Self {
        if self.types.len() < other.types.len() {
            return other.merge(self);
        }
        for (hash, files) in other.types {
            *self.types.entry(hash).or_default() += files;
        }
        for (hash, (files, types)) in other.packages {
            let known = self.packages.entry(hash).or_default();
            known.0 += files;
            known.1 += types;
        }
        self
    }

    /// Whoever imports a package on demand uses some of its types: each gets its share.
    pub(super) fn into_rows(self) -> Vec<ImportsRow> {
        let packages = self.packages.into_iter();
        let shares = packages.map(|(hash, (files, types))| (hash, files.div_ceil(types.max(1))));
        let mut rows: Vec<(u64, u32)> =
            self.types.into_iter().chain(shares.filter(|(_, files)| *files > 0)).collect();
        rows.sort_unstable();
        let row = |(hash, files): (u64, u32)| ImportsRow { hash: hash.into(), files: files.into() };
        rows.into_iter().map(row).collect()
    }
}

/// The forms of imports that tell of types: their counts lie beside each other.
const FORMS: usize = 3;
const TYPE: usize = 0;
const ON_DEMAND: usize = 1;
const MEMBER: usize = 2;

fn form(kind: ImportKind) -> Option<usize> {
    match kind {
        ImportKind::Type | ImportKind::StaticOnDemand => Some(TYPE),
        ImportKind::TypeOnDemand => Some(ON_DEMAND),
        ImportKind::Static => Some(MEMBER),
        ImportKind::Module => None,
    }
}

fn hash_on_demand(package: &[u8]) -> u64 {
    xxh3_64(&[package, b".*"].concat())
}
