//! Searches the packages that a query names before the dot, file by file.

use super::names::{Finder, Visitor};
use super::{Cancelled, Run, place};
use crate::dictionary::Dictionary;
use crate::format::{FileRow, U24};
use crate::id::FileId;
use crate::matching::{Grade, MatchClass};
use crate::query::{Around, KindSet, NamePattern, Reading};
use crate::rank::{Nearness, PlaceMatch};
use crate::shard::Shard;

/// With so many letters a name is rarer than a package.
const NAME_LETTERS_MAX: usize = 2;

/// To go through more files than these, or than this part of all, costs more than to go through the names.
const FILES_MAX: usize = 1024;
const FILES_PART: u64 = 64;

/// Finds top-level types by their packages, those of the best places first. Returns the best place of
/// which there are too many files; what is in such a place is still to be found.
pub(super) fn search(
    run: &mut Run<'_, '_>,
    reading: &Reading,
) -> Result<Option<PlaceMatch>, Cancelled> {
    let letters: usize = reading.name.words().iter().map(|word| word.len()).sum();
    let Some(dictionary) = run.view.dictionary().filter(|_| letters <= NAME_LETTERS_MAX) else {
        return Ok(Some(PlaceMatch::Exact));
    };
    let mut packages = Packages { run, around: &reading.around, dictionary, found: Vec::new() };
    let any_name = NamePattern::new(Vec::new());
    Finder::new(dictionary, KindSet::PACKAGES).find(&any_name, &mut packages)?;
    let found = packages.found;
    let files_max = FILES_MAX.max((run.view.file_count() / FILES_PART) as usize);
    for place in [PlaceMatch::Exact, PlaceMatch::Abbreviated, PlaceMatch::Gapped] {
        let mut files = Vec::new();
        for package in found.iter().filter(|package| package.place == place) {
            let shard = run.shard(package.shard);
            let of_package = files_of(shard.shard(), package.package);
            let shown = of_package.filter(|file| run.shows(package.shard, *file));
            files.extend(shown.map(|file| (package.shard, file)));
            if files.len() > files_max {
                return Ok(Some(place));
            }
        }
        for (index, file) in files {
            take_top_level(run, reading, index, file, place)?;
        }
    }
    Ok(None)
}

fn take_top_level(
    run: &mut Run<'_, '_>,
    reading: &Reading,
    index: u32,
    file: FileId,
    place: PlaceMatch,
) -> Result<(), Cancelled> {
    let kinds = run.query.kinds.and(KindSet::TYPES);
    let Some(file) = run.shard(index).shard().file(file) else { return Ok(()) };
    for symbol in file.top_level_symbols() {
        run.step()?;
        let is_wanted = kinds.contains(symbol.kind())
            && run.favoured.nearness(index, symbol.id()) == Nearness::Far;
        let grade = reading.name.grade(symbol.name_bytes());
        if is_wanted && grade.is_match() {
            run.take(symbol, grade, place, Nearness::Far);
        }
    }
    Ok(())
}

/// The files whose package has this name.
fn files_of(shard: &Shard, package: U24) -> impl Iterator<Item = FileId> {
    let rows = (0..).zip(shard.rows::<FileRow>());
    rows.filter(move |(_, row)| row.package == package).map(|(id, _)| FileId(id))
}

/// Gathers the packages that are as wanted.
struct Packages<'p, 'r, 'v> {
    run: &'p mut Run<'r, 'v>,
    around: &'p Around,
    dictionary: &'v Dictionary,
    found: Vec<FoundPackage>,
}

struct FoundPackage {
    shard: u32,
    /// The string that is its name.
    package: U24,
    place: PlaceMatch,
}

impl Visitor for Packages<'_, '_, '_> {
    fn is_over(&mut self, _: Grade, _: u32, _: u32) -> Result<bool, Cancelled> {
        self.run.step()?;
        Ok(false)
    }

    fn needs(&mut self, _: MatchClass) -> bool {
        true
    }

    fn visit(&mut self, name: u32, _: Grade) -> Result<(), Cancelled> {
        for posting in self.dictionary.postings(name) {
            let index =
                self.run.view.merged_shards().get(posting.shard as usize).copied().flatten();
            let Some(index) = index else { continue };
            let shard = self.run.shard(index).shard();
            let Some(file) = posting.place.checked_sub(shard.symbol_count()) else { continue };
            let Some(row) = shard.rows::<FileRow>().get(file as usize) else { continue };
            let Some(file) = shard.file(FileId(file)) else { continue };
            if let Some(place) = place::of_top_level(self.around, file.package()) {
                self.found.push(FoundPackage { shard: index, package: row.package, place });
            }
        }
        Ok(())
    }
}
