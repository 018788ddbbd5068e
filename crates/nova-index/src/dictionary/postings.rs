//! The symbols of every name, the best first.

use std::sync::Arc;

use nova_syntax::declarations::Kind;
use rayon::prelude::*;

use super::format::{Home, Posting};
use super::imports::{Imports, TypePath};
use super::merge::MergedNames;
use super::packages::PackageTree;
use crate::format::SymbolRow;
use crate::id::{FileId, SymbolId};
use crate::merit::{Access, Group, Merit, Purpose};
use crate::packages::Package;
use crate::shard::{FileRef, Shard};

/// Shards that are gone through at a time, so that what lies between two steps stays small.
const SHARDS_AT_A_TIME: usize = 32;

/// The postings of all names.
pub(super) struct Postings {
    sorted: Vec<Entry>,
    /// Where those of each name end.
    ends: Vec<u32>,
    /// For each shard where its types, packages and modules stand, by what postings call their place.
    homes: Vec<Vec<(u32, Home)>>,
}

/// A posting on its way to its place.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    /// Merit, the best first; rank of the package; rank of the container among those of its shard.
    order: u64,
    shard: u32,
    place: u32,
}

const PACKAGE_SHIFT: u32 = 24;
const MERIT_SHIFT: u32 = 48;

/// What the order of a container has room for. Where there are more, they are in the order of the last.
const RANK_MAX: u32 = 0xff_ffff;

impl Entry {
    fn new(merit: Merit, package: u32, container: u32, shard: u32, place: u32) -> Self {
        let merit = u64::from(u16::MAX - merit.0) << MERIT_SHIFT;
        let package = u64::from(package.min(RANK_MAX)) << PACKAGE_SHIFT;
        let order = merit | package | u64::from(container.min(RANK_MAX));
        Self { order, shard, place }
    }

    fn posting(self) -> Posting {
        Posting { merit: self.merit(), shard: self.shard, place: self.place }
    }

    fn merit(self) -> Merit {
        Merit(u16::MAX - (self.order >> MERIT_SHIFT) as u16)
    }
}

impl Postings {
    pub(super) fn new(
        shards: &[Arc<Shard>],
        packages: &[Vec<Package<'_>>],
        names: &MergedNames<'_>,
        tree: &PackageTree<'_>,
        imports: Imports<'_>,
    ) -> Self {
        let mut ends = room(shards, names);
        let total = ends.last().copied().unwrap_or_default() as usize;
        // From here on where the next posting of a name goes; in the end that is where they end.
        let mut next = Vec::with_capacity(ends.len());
        next.push(0);
        next.extend_from_slice(&ends[..ends.len().saturating_sub(1)]);
        let mut sorted = vec![Entry::default(); total];
        let ranks = package_ranks(packages, tree);
        let mut homes = Vec::with_capacity(shards.len());
        let indexes: Vec<usize> = (0..shards.len()).collect();
        for chunk in indexes.chunks(SHARDS_AT_A_TIME) {
            let walked: Vec<Walked> = chunk
                .par_iter()
                .map(|&index| {
                    let walk = Walk {
                        index: index as u32,
                        shard: &shards[index],
                        packages: &packages[index],
                        numbers: &names.numbers[index],
                        ranks: &ranks,
                        tree,
                    };
                    walk.walk(imports)
                })
                .collect();
            for walked in walked {
                for (name, entry) in walked.entries {
                    let slot = &mut next[name as usize];
                    sorted[*slot as usize] = entry;
                    *slot += 1;
                }
                homes.push(walked.homes);
            }
        }
        sort_each(&mut sorted, &mut ends, shards);
        Self { sorted, ends, homes }
    }

    /// Where what leads of a name stands, in the order of its postings.
    pub(super) fn homes(&self, name: u32) -> impl Iterator<Item = Home> + '_ {
        let leading = self.of(name).take_while(|posting| posting.merit.group() >= Group::Package);
        leading.map(|posting| {
            let homes = &self.homes[posting.shard as usize];
            let at = homes.binary_search_by_key(&posting.place, |(place, _)| *place);
            homes[at.expect("whatever leads has a home")].1
        })
    }

    /// How many there are in all.
    pub(super) fn count(&self) -> usize {
        self.sorted.len()
    }

    /// The postings of a name by its number, the best first.
    pub(super) fn of(&self, name: u32) -> impl ExactSizeIterator<Item = Posting> + '_ {
        self.entries(name).iter().map(|entry| entry.posting())
    }

    /// The merit of the best symbol of a name.
    pub(super) fn best(&self, name: u32) -> Merit {
        self.entries(name).first().map_or(Merit(0), |entry| entry.merit())
    }

    fn entries(&self, name: u32) -> &[Entry] {
        let start = (name as usize).checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.sorted[start as usize..self.ends[name as usize] as usize]
    }
}

/// How many postings there are up to each name.
fn room(shards: &[Arc<Shard>], names: &MergedNames<'_>) -> Vec<u32> {
    let mut counts = vec![0_u32; names.names.len()];
    for (shard, numbers) in shards.iter().zip(&names.numbers) {
        let (symbols, packages) = numbers.split_at(shard.name_count() as usize);
        for row in shard.rows::<SymbolRow>() {
            counts[symbols[row.name.get() as usize] as usize] += 1;
        }
        packages.iter().for_each(|&package| counts[package as usize] += 1);
    }
    let mut end = 0;
    counts.iter_mut().for_each(|count| {
        end += *count;
        *count = end;
    });
    counts
}

/// Every package, sorted, with its number in the tree.
fn package_ranks<'s>(packages: &[Vec<Package<'s>>], tree: &PackageTree<'_>) -> Vec<(&'s str, u32)> {
    let mut names: Vec<_> = packages.iter().flatten().map(|package| package.name).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().map(|name| (name, tree.number(name))).collect()
}

/// What was found in one shard.
#[derive(Default)]
struct Walked {
    /// With the numbers of their names.
    entries: Vec<(u32, Entry)>,
    /// In the order of their places.
    homes: Vec<(u32, Home)>,
}

/// Goes through one shard.
struct Walk<'w, 's> {
    index: u32,
    shard: &'s Shard,
    packages: &'w [Package<'s>],
    numbers: &'w [u32],
    ranks: &'w [(&'s str, u32)],
    tree: &'w PackageTree<'s>,
}

impl Walk<'_, '_> {
    /// The postings of all symbols and packages.
    fn walk(&self, imports: Imports<'_>) -> Walked {
        let mut walked = Walked::default();
        walked.entries.reserve(self.shard.symbol_count() as usize);
        let containers = container_ranks(self.shard);
        let mut last_folder = (usize::MAX, Purpose::Main);
        for file in self.shard.files() {
            let folder = file.folder_number();
            if folder != last_folder.0 {
                last_folder = (folder, Purpose::of_folder(file.root_identity(), file.folder()));
            }
            let purpose = last_folder.1.min(Purpose::of_name(file.file_name()));
            self.add_file(file, purpose, &containers, imports, &mut walked);
        }
        let symbols = self.shard.symbol_count();
        let names = self.numbers[self.shard.name_count() as usize..].iter();
        for (package, name) in self.packages.iter().zip(names) {
            let place = symbols + package.file.id().0;
            let (rank, _) = self.rank_of(Some(package.name));
            walked.entries.push((*name, Entry::new(package.merit(), rank, 0, self.index, place)));
            let home = Home { package: self.tree.around(package.name), depth: 0 };
            walked.homes.push((place, home));
        }
        walked.homes.sort_unstable_by_key(|(place, _)| *place);
        walked
    }

    fn add_file(
        &self,
        file: FileRef<'_>,
        purpose: Purpose,
        containers: &[u32],
        imports: Imports<'_>,
        walked: &mut Walked,
    ) {
        let (package, number) = self.rank_of(file.package());
        let mut path = TypePath::new(file.package(), imports);
        let symbols: Vec<_> = file.symbols().collect();
        // The types that lead to the symbol at hand, by position in the file.
        let mut open: Vec<u32> = Vec::new();
        for ((position, symbol), parent) in (0..).zip(&symbols).zip(file.parents()) {
            while open.last().is_some_and(|last| Some(*last) != parent) {
                open.pop();
            }
            path.leave_to(open.len());
            let parent_kind = parent.map(|parent| symbols[parent as usize].kind());
            let kind = symbol.kind();
            if Group::of(kind) >= Group::Package {
                let is_module = kind == Kind::Module;
                let package = if is_module { self.tree.around(symbol.name()) } else { number };
                let home = Home { package, depth: open.len() as u32 };
                walked.homes.push((symbol.id().0, home));
            }
            if kind.is_type() {
                path.enter(symbol.name());
                open.push(position);
            }
            let modifiers = symbol.modifiers();
            let merit = Merit::of_symbol(
                kind,
                symbol.local(),
                Access::of(kind, modifiers, parent_kind),
                symbol.is_deprecated(),
                purpose,
                path.centrality(),
            );
            let container =
                parent.map_or(0, |parent| containers[symbols[parent as usize].id().0 as usize]);
            let name = self.numbers[symbol.name_number()];
            let entry = Entry::new(merit, package, container, self.index, symbol.id().0);
            walked.entries.push((name, entry));
        }
    }

    /// The rank of a package, of which the unnamed one has the first, and its number in the tree.
    fn rank_of(&self, package: Option<&str>) -> (u32, u32) {
        let Some(package) = package else { return (0, 0) };
        let rank = self.ranks.binary_search_by_key(&package, |(name, _)| *name);
        let rank = rank.expect("every file's package is among all packages");
        (rank as u32 + 1, self.ranks[rank].1)
    }
}

/// For each symbol that is a type its rank among those of the shard, by package and qualified name.
fn container_ranks(shard: &Shard) -> Vec<u32> {
    let mut types = Vec::new();
    for file in shard.files() {
        let package = file.package().unwrap_or_default();
        // The types so far, by position in the file.
        let mut known: Vec<(u32, String)> = Vec::new();
        for ((position, symbol), parent) in (0..).zip(file.symbols()).zip(file.parents()) {
            if !symbol.kind().is_type() {
                continue;
            }
            let outer = known.iter().rev().find(|(position, _)| Some(*position) == parent);
            let name = match outer {
                Some((_, outer)) => format!("{outer}.{}", symbol.name()),
                None => symbol.name().to_owned(),
            };
            types.push((package, name.clone(), symbol.id().0));
            known.push((position, name));
        }
    }
    // Files are sorted by their names already, and so mostly are the types.
    types.sort();
    let mut ranks = vec![0; shard.symbol_count() as usize];
    for (rank, (.., id)) in (1..).zip(&types) {
        ranks[*id as usize] = rank;
    }
    ranks
}

/// Sorts the postings of each name.
fn sort_each(sorted: &mut [Entry], ends: &mut [u32], shards: &[Arc<Shard>]) {
    let mut slices = Vec::with_capacity(ends.len());
    let (mut rest, mut start) = (sorted, 0);
    for end in ends {
        let (slice, after) = rest.split_at_mut((*end - start) as usize);
        (rest, start) = (after, *end);
        if slice.len() > 1 {
            slices.push(slice);
        }
    }
    slices.into_par_iter().for_each(|slice| {
        slice.sort_unstable();
        // Containers of two shards cannot be compared by their ranks.
        let package = |entry: &Entry| entry.order >> PACKAGE_SHIFT;
        for group in slice.chunk_by_mut(|a, b| package(a) == package(b)) {
            if group.iter().any(|entry| entry.shard != group[0].shard) {
                group.sort_by_cached_key(|entry| place(&shards[entry.shard as usize], entry.place));
            }
        }
    });
}

/// What decides between symbols of one name and one package in several shards, as
/// [`crate::rank`] has it: container, root, folder, file, source order.
fn place(shard: &Shard, place: u32) -> (String, [&[u8]; 3], u32) {
    let (container, file) = match shard.symbol(SymbolId(place)) {
        Some(symbol) => (symbol.container(), Some(symbol.file())),
        None => (String::new(), shard.file(FileId(place - shard.symbol_count()))),
    };
    let parts = file.map(|file| [file.root_identity(), file.folder(), file.file_name()]);
    (container, parts.unwrap_or_default(), place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dictionary::fixture::shard;
    use crate::dictionary::{Dictionary, build_dictionary};
    use crate::rank::{QualifiedName, compare_places_of};
    use crate::view::ViewSymbol;

    /// Shards whose order is not that of their roots, and which have the same symbols.
    fn shards() -> Vec<Arc<Shard>> {
        let b = "package p; public class B { B() {} void m() {} void m(int i) { class m {} } \
                 @Deprecated class C { int m; class B { private int m; } } }";
        let user = "package q; import p.*; import p.B; import p.B.C; import static p.B.C.B.m; \
                    interface User { int m = 1; @interface m { int m(); } }";
        let bare = "class B { int m; } enum m { m, B } class AB { class C { int m; } }";
        let main = [("p/A.java", "package p; class A { void m() {} }"), ("p/B.java", b)];
        vec![
            shard(1, "y/src/main", &[main[0], main[1], ("q/User.java", user), ("B.java", bare)]),
            shard(2, "x/src/test", &[main[1], ("B.java", bare), ("m.java", "package m;")]),
            shard(3, "z/src/main", &[main[1], ("a/module-info.java", "module a.m {}")]),
            shard(4, "a/src/main", &[main[1], ("m.java", "package a.m; record m(int m) {}")]),
        ]
    }

    fn dictionary(shards: &[Arc<Shard>]) -> Dictionary {
        Dictionary::from_bytes(build_dictionary(shards).unwrap().into()).unwrap()
    }

    #[test]
    fn the_symbols_of_a_name_are_in_the_order_of_their_rank() {
        let shards = shards();
        let dictionary = dictionary(&shards);
        let mut compared = 0;
        for name in 0..dictionary.name_count() as u32 {
            let symbols = dictionary.postings(name).filter_map(|posting| {
                let symbol = shards[posting.shard as usize].symbol(SymbolId(posting.place))?;
                // A module is found by a part of its name, so that its length says nothing here.
                let is_module = symbol.kind() == Kind::Module;
                (!is_module).then_some((posting.merit, ViewSymbol::Declared(symbol)))
            });
            let symbols: Vec<_> = symbols.collect();
            for ((a_merit, a), (b_merit, b)) in symbols.iter().zip(symbols.iter().skip(1)) {
                let by_name = QualifiedName::of(*a).compare(&QualifiedName::of(*b));
                let order =
                    b_merit.cmp(a_merit).then(by_name).then_with(|| compare_places_of(a, b));
                assert!(order.is_lt(), "{a:?} before {b:?}");
                compared += 1;
            }
        }
        assert!(compared > 40, "{compared}");
    }

    #[test]
    fn the_merit_of_a_posting_is_that_of_its_symbol() {
        let shards = shards();
        let dictionary = dictionary(&shards);
        let mut count = [0; 2];
        for name in 0..dictionary.name_count() as u32 {
            for posting in dictionary.postings(name) {
                let shard = &shards[posting.shard as usize];
                let Some(symbol) = shard.symbol(SymbolId(posting.place)) else { continue };
                let expected = Merit::of_symbol(
                    symbol.kind(),
                    symbol.local(),
                    Access::of(
                        symbol.kind(),
                        symbol.modifiers(),
                        symbol.parent().map(|parent| parent.kind()),
                    ),
                    symbol.is_deprecated(),
                    Purpose::of_file(symbol.file()),
                    dictionary.imports().centrality_of(&symbol),
                );
                assert_eq!(posting.merit, expected, "{symbol:?} in {}", symbol.container());
                count[usize::from(expected.centrality().power() > 0)] += 1;
            }
        }
        let symbols: u32 = shards.iter().map(|shard| shard.symbol_count()).sum();
        assert_eq!(count.iter().sum::<u32>(), symbols);
        assert!(count[0] > 10 && count[1] > 10, "{count:?}");
    }

    #[test]
    fn every_symbol_and_every_package_of_a_shard_has_one_posting() {
        let shards = shards();
        let dictionary = dictionary(&shards);
        let names = 0..dictionary.name_count() as u32;
        let mut places: Vec<_> = names
            .flat_map(|name| dictionary.postings(name).map(|it| (it.shard, it.place)))
            .collect();
        places.sort_unstable();
        let mut expected = Vec::new();
        for (shard, index) in shards.iter().zip(0..) {
            expected.extend((0..shard.symbol_count()).map(|symbol| (index, symbol)));
            let files = Package::of_shard(shard).into_iter().map(|package| package.file.id().0);
            expected.extend(files.map(|file| (index, shard.symbol_count() + file)));
        }
        expected.sort_unstable();
        assert_eq!(places, expected);
    }
}
