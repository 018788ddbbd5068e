//! How many files import a type: what makes it central.

use std::collections::HashMap;

use nova_syntax::declarations::ImportKind;
use xxhash_rust::xxh3::xxh3_64;

use super::format::ImportsRow;
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
        let java_lang = hash_on_demand(b"java.lang");
        let (mut types, mut packages) = (Vec::new(), Vec::new());
        for file in shard.files() {
            types.clear();
            packages.clear();
            // Every file imports java.lang without saying so (JLS 7.5.5).
            packages.push(java_lang);
            for import in file.imports() {
                let path = import.path.as_bytes();
                match import.kind {
                    // `import static a.B.*` is about a type, like `import a.B`.
                    ImportKind::Type | ImportKind::StaticOnDemand => types.push(xxh3_64(path)),
                    ImportKind::Static => types.push(xxh3_64(type_of_member(path))),
                    ImportKind::TypeOnDemand => packages.push(hash_on_demand(path)),
                    ImportKind::Module => {}
                }
            }
            for hashes in [&mut types, &mut packages] {
                hashes.sort_unstable();
                hashes.dedup();
            }
            types.iter().for_each(|hash| *counts.types.entry(*hash).or_default() += 1);
            packages.iter().for_each(|hash| counts.packages.entry(*hash).or_default().0 += 1);
            if let Some(package) = file.package() {
                let is_top_level_type = |(symbol, parent): &(SymbolRef<'_>, Option<u32>)| {
                    parent.is_none() && symbol.kind().is_type()
                };
                let types = file.symbols().zip(file.parents()).filter(is_top_level_type).count();
                let package = hash_on_demand(package.as_bytes());
                counts.packages.entry(package).or_default().1 += types as u32;
            }
        }
        counts
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

/// What a static import of one member is about.
fn type_of_member(path: &[u8]) -> &[u8] {
    &path[..path.iter().rposition(|byte| *byte == b'.').unwrap_or_default()]
}

fn hash_on_demand(package: &[u8]) -> u64 {
    xxh3_64(&[package, b".*"].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dictionary::fixture::shard;

    /// Two packages of two types each, and a file that imports what is given.
    #[track_caller]
    fn check(imports: &[&str], expected: [(&str, u32); 6]) {
        let mut files = vec![
            ("p/A.java".to_owned(), "package p; class A { class In {} } class B {}".to_owned()),
            ("q/C.java".to_owned(), "package q; class C {} class D {}".to_owned()),
        ];
        let users = (0..).zip(imports);
        files.extend(users.map(|(it, imports)| (format!("u/U{it}.java"), (*imports).to_owned())));
        let files: Vec<_> = files.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        let (one, two) = files.split_at(3);
        let counts = |it: &[_], number| ImportCounts::of_shard(&shard(number, "src", it));
        for rows in [
            counts(&files, 1).into_rows(),
            counts(one, 1).merge(counts(two, 2)).into_rows(),
            counts(two, 1).merge(counts(one, 2)).into_rows(),
        ] {
            assert!(rows.is_sorted_by_key(|row| row.hash.get()));
            let imports = Imports::new(&rows);
            let found = expected.map(|(name, _)| {
                let (package, types) = name.split_at(1);
                let mut path = TypePath::new(Some(package), imports);
                types.split('.').skip(1).for_each(|name| path.enter(name));
                (name, path.centrality().imports_min())
            });
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_type_is_as_central_as_files_import_it() {
        let none = [("p.A", 0), ("p.A.In", 0), ("p.B", 0), ("q.C", 0), ("q.D", 0), ("q.None", 0)];
        let with = |changed: &[(&'static str, u32)]| {
            let of = |name| changed.iter().find(|(it, _)| *it == name).map_or(0, |(_, it)| *it);
            none.map(|(name, _)| (name, of(name)))
        };
        check(&[""; 4], none);
        check(&["import p.A;"; 4], with(&[("p.A", 4)]));
        check(&["import p.A.In;"; 4], with(&[("p.A.In", 4)]));
        // What a static import is of is the type.
        check(
            &[
                "import static p.A.x;",
                "import static p.A.*;",
                "import static p.A.y;",
                "import p.A;",
            ],
            with(&[("p.A", 4)]),
        );
        check(&["import static p.A.In.x;"; 4], with(&[("p.A.In", 4)]));
        // Each of the two types of a package has its share, but what is within them has none.
        check(&["import p.*;"; 8], with(&[("p.A", 4), ("p.B", 4)]));
        check(&["import q.*;"; 5], with(&[("q.C", 1), ("q.D", 1), ("q.None", 1)]));
        check(&["import p.*; import p.A;"; 8], with(&[("p.A", 4), ("p.B", 4)]));
        // The types within a type, by whoever imports them all.
        check(&["import p.A.*;"; 8], none);
        check(&["import module p;"; 8], none);
    }

    #[test]
    fn a_file_counts_once_however_often_it_says_so() {
        let none = [("p.A", 1), ("p.A.In", 0), ("p.B", 0), ("q.C", 0), ("q.D", 0), ("q.None", 0)];
        check(
            &["import static p.A.a; import static p.A.b; import p.A; import p.A; \
               import static p.A.*; import static p.A.c;"],
            none,
        );
        let once = none.map(|(name, _)| (name, u32::from(name.starts_with("q."))));
        check(&["import q.*; import q.*; import q.*; import q.*; import q.*; import q.*;"], once);
    }

    #[test]
    fn every_file_imports_the_package_of_the_language() {
        let files = ["a/A.java", "b/B.java", "c/C.java", "d/D.java"].map(|path| (path, ""));
        let object = ("java/lang/Object.java", "package java.lang; class Object { class In {} }");
        let all = [files.as_slice(), &[object], &[("E.java", "import java.lang.*;")]].concat();
        let rows = ImportCounts::of_shard(&shard(1, "src", &all)).into_rows();
        let mut path = TypePath::new(Some("java.lang"), Imports::new(&rows));
        path.enter("Object");
        assert_eq!(path.centrality(), Centrality::of_imports(6));
        path.enter("In");
        assert_eq!(path.centrality().imports_min(), 0);
        path.leave_to(1);
        assert_eq!(path.centrality(), Centrality::of_imports(6));
        path.leave_to(0);
        assert_eq!(path.centrality(), Centrality::default());
    }

    #[test]
    fn a_file_without_a_package_has_types_of_its_own() {
        let files = [("A.java", "class A {}"), ("B.java", "import A; import p.A;")];
        let rows = ImportCounts::of_shard(&shard(1, "src", &files)).into_rows();
        let mut path = TypePath::new(None, Imports::new(&rows));
        path.enter("A");
        assert_eq!(path.centrality().imports_min(), 1);
    }
}
