//! Searches shards and files symbol by symbol: those that are younger than the dictionary, and those
//! that the asker is near to.

use std::ops::Range;

use nova_syntax::declarations::Kind;

use super::{Cancelled, Run, SearchOptions, place};
use crate::dictionary::last_part;
use crate::format::U24;
use crate::id::{FileId, SymbolId};
use crate::matching::Grade;
use crate::packages::Package;
use crate::query::{Query, Reading};
use crate::rank::Nearness;
use crate::shard::{FileRef, Shard};
use crate::symbol_ref::SymbolRef;
use crate::view::SymbolView;

/// Finds symbols of young shards, and of the files that are favoured.
pub(super) fn search(run: &mut Run<'_, '_>, reading: &Reading) -> Result<(), Cancelled> {
    for &index in run.view.young() {
        search_shard(run, reading, index)?;
    }
    let young = run.view.young();
    let favoured = run.favoured.files.iter().filter(|it| !young.contains(&it.shard));
    let favoured: Vec<_> = favoured.map(|it| (it.shard, it.file)).collect();
    for (index, file) in favoured {
        search_file(run, reading, index, file, |symbol| grade_of(reading, symbol))?;
    }
    Ok(())
}

/// Finds symbols of these files, and their packages.
pub(super) fn search_files(
    run: &mut Run<'_, '_>,
    reading: &Reading,
    files: &[(u32, FileId)],
) -> Result<(), Cancelled> {
    for &(index, file) in files {
        search_file(run, reading, index, file, |symbol| grade_of(reading, symbol))?;
    }
    let files = files.iter().filter_map(|&(index, file)| run.shard(index).shard().file(file));
    take_packages(run, reading, Package::of_files(files));
    Ok(())
}

fn grade_of(reading: &Reading, symbol: &SymbolRef<'_>) -> Grade {
    reading.name.grade(last_part(symbol.name_bytes()))
}

/// Matches each name once, then goes through the symbols in their order: they lie next to each other,
/// and so do their files.
fn search_shard(run: &mut Run<'_, '_>, reading: &Reading, index: u32) -> Result<(), Cancelled> {
    let shard = run.shard(index);
    let grades = grades_of_names(run, reading, shard.shard())?;
    if grades.iter().any(|grade| grade.is_match()) {
        for file in shard.visible_files() {
            search_file(run, reading, index, file.id(), |symbol| grades[symbol.name_number()])?;
        }
    }
    let shown = shard.visible_files().filter(|file| run.shows(index, file.id()));
    take_packages(run, reading, Package::of_files(shown));
    Ok(())
}

fn take_packages<'v>(run: &mut Run<'_, 'v>, reading: &Reading, packages: Vec<Package<'v>>) {
    if !run.query.kinds.contains(Kind::Package) {
        return;
    }
    for package in packages {
        let grade = reading.name.grade(last_part(package.name.as_bytes()));
        let place = place::of_package(&reading.around, package.name);
        if let Some(place) = place.filter(|_| grade.is_match()) {
            run.packages.push((grade, place, package));
        }
    }
}

fn grades_of_names(
    run: &mut Run<'_, '_>,
    reading: &Reading,
    shard: &Shard,
) -> Result<Vec<Grade>, Cancelled> {
    (0..shard.name_count())
        .map(|name| {
            run.step()?;
            Ok(reading.name.grade(last_part(shard.name_bytes(U24::new(name)))))
        })
        .collect()
}

fn search_file<'v>(
    run: &mut Run<'_, 'v>,
    reading: &Reading,
    index: u32,
    file: FileId,
    grade_of: impl Fn(&SymbolRef<'v>) -> Grade,
) -> Result<(), Cancelled> {
    run.step()?;
    let shown = run.shard(index).shard().file(file).filter(|_| run.shows(index, file));
    for symbol in shown.into_iter().flat_map(FileRef::symbols) {
        let grade = grade_of(&symbol);
        if !grade.is_match() || !run.query.kinds.contains(symbol.kind()) {
            continue;
        }
        run.step()?;
        if let Some(place) = place::of_symbol(&reading.around, &symbol) {
            let near = run.favoured.nearness(index, symbol.id());
            run.take(symbol, grade, place, near);
        }
    }
    Ok(())
}

/// The files whose symbols come before equal ones of other files.
pub(super) struct Favoured {
    files: Vec<FavouredFile>,
}

struct FavouredFile {
    shard: u32,
    file: FileId,
    symbols: Range<u32>,
    nearness: Nearness,
}

impl Favoured {
    pub(super) fn new(view: &SymbolView, query: &Query, options: &SearchOptions<'_>) -> Self {
        let mut files = Vec::new();
        if let Some((root, path)) = options.near {
            files = near(view, root, path);
        } else if let Some(from_ns) = options.recent_from_ns
            && query.is_nameless()
        {
            files = recent(view, from_ns);
        }
        Self { files }
    }

    /// How near a symbol of a shard is.
    pub(super) fn nearness(&self, shard: u32, symbol: SymbolId) -> Nearness {
        let file = self.files.iter().find(|it| it.shard == shard && it.symbols.contains(&symbol.0));
        file.map_or(Nearness::Far, |file| file.nearness)
    }
}

/// The files of a folder, and the one of them that the asker has before them.
fn near(view: &SymbolView, root: &[u8], path: &[u8]) -> Vec<FavouredFile> {
    let Some(folder) =
        path.iter().rposition(|byte| *byte == b'/').map_or(Some(&path[..0]), |end| path.get(..end))
    else {
        return Vec::new();
    };
    let mut files = Vec::new();
    for (index, shard) in (0..).zip(view.shards()) {
        for file in shard.shard().files_in(root, folder) {
            let is_same = file.path() == path;
            let nearness = if is_same { Nearness::SameFile } else { Nearness::SameFolder };
            files.push(FavouredFile::new(index, file, nearness));
        }
    }
    files
}

/// The files that were changed lately. If that is as many as the dictionary knows, it was not someone's
/// work but a checkout, and tells nothing.
fn recent(view: &SymbolView, from_ns: i64) -> Vec<FavouredFile> {
    let Some(dictionary) = view.dictionary() else { return Vec::new() };
    let mut known = 0;
    let mut files = Vec::new();
    for (shard, file) in dictionary.recent() {
        known += 1;
        let index = view.merged_shards().get(shard as usize).copied().flatten();
        let file = index
            .and_then(|index| Some((index, view.shards()[index as usize].shard().file(file)?)));
        if let Some((index, file)) = file.filter(|(_, file)| file.stamp().mtime_ns >= from_ns) {
            files.push(FavouredFile::new(index, file, Nearness::SameFile));
        }
    }
    if files.len() == known {
        files.clear();
    }
    files
}

impl FavouredFile {
    fn new(shard: u32, file: FileRef<'_>, nearness: Nearness) -> Self {
        Self { shard, file: file.id(), symbols: file.symbol_ids(), nearness }
    }
}
