//! Searches the shards that the dictionary speaks of.

use nova_syntax::declarations::Kind;

use super::admission::Admission;
use super::names::{Finder, Visitor};
use super::{Cancelled, Hit, Run, packages, place};
use crate::dictionary::{Dictionary, Posting};
use crate::id::{FileId, SymbolId};
use crate::matching::{Grade, MatchClass};
use crate::merit::{Group, Merit};
use crate::packages::{Package, precedes};
use crate::query::{Around, KindSet, Reading};
use crate::rank::{Nearness, PlaceMatch, Score};
use crate::shard::FileRef;
use crate::symbol_ref::SymbolRef;
use crate::view::ViewSymbol;

/// Finds symbols by the names of the dictionary. Of a reading that says what stands around a name this
/// finds packages, modules and top-level types; what lies in types is for [`super::members`].
pub(super) fn search(run: &mut Run<'_, '_>, reading: &Reading) -> Result<(), Cancelled> {
    if matches!(reading.around, Around::Anything) {
        return by_name(run, reading, KindSet::ALL, PlaceMatch::Exact);
    }
    by_name(run, reading, KindSet::PACKAGES, PlaceMatch::Exact)?;
    match packages::search(run, reading)? {
        Some(place_max) => by_name(run, reading, KindSet::TYPES, place_max),
        None => Ok(()),
    }
}

/// Finds symbols of some kinds, in places that match no better than this one; with something around
/// them, but top-level ones.
fn by_name(
    run: &mut Run<'_, '_>,
    reading: &Reading,
    kinds: KindSet,
    place_max: PlaceMatch,
) -> Result<(), Cancelled> {
    let kinds = run.query.kinds.and(kinds);
    let Some(dictionary) = run.view.dictionary().filter(|_| kinds != KindSet::NONE) else {
        return Ok(());
    };
    let only_top_level = !matches!(reading.around, Around::Anything);
    let shows_all = matches!(run.admission, Admission::All);
    let is_plain = !only_top_level && kinds.is_all() && shows_all && run.query.line.is_none();
    let mut hits =
        Hits { run, reading, dictionary, kinds, place_max, only_top_level, is_plain, shows_all };
    Finder::new(dictionary, kinds).find(&reading.name, &mut hits)
}

/// Takes the symbols of the names that are found.
struct Hits<'h, 'r, 'v> {
    run: &'h mut Run<'r, 'v>,
    reading: &'h Reading,
    dictionary: &'v Dictionary,
    kinds: KindSet,
    place_max: PlaceMatch,
    only_top_level: bool,
    /// Whatever has the name is wanted.
    is_plain: bool,
    /// The query lets all files in.
    shows_all: bool,
}

impl Visitor for Hits<'_, '_, '_> {
    fn is_over(&mut self, at_most: Grade, name: u32, names: u32) -> Result<bool, Cancelled> {
        self.run.step()?;
        let Some(best) = self.dictionary.postings(name).next() else { return Ok(false) };
        let score = self.score_max(at_most, best, name);
        Ok(!self.run.best.can_enter(score) && !self.run.best.counts_on(names))
    }

    fn needs(&mut self, class: MatchClass) -> bool {
        if class.is_loose() && !self.run.best.wants_loose() {
            return false;
        }
        let at_most = Grade::best_of(class);
        let score = Score::new(at_most, self.place_max, Merit::MOST, Nearness::Far, 0);
        self.run.best.can_enter(score) || self.run.best.counts_on(0)
    }

    fn visit(&mut self, name: u32, grade: Grade) -> Result<(), Cancelled> {
        let mut counts_on = true;
        for posting in self.dictionary.postings(name) {
            if self.only_top_level && posting.merit.group() < Group::Package {
                // Members and constructors come last.
                break;
            }
            self.run.step()?;
            let at_most = self.score_max(grade, posting, name);
            if !self.run.best.can_enter(at_most) {
                counts_on = counts_on && self.run.best.counts_on(1);
                if !counts_on {
                    break;
                }
            }
            if self.take(name, posting, grade) == Taken::NotAmongTheBest && self.is_plain {
                // The others have the same name, and are worse. They may be counted unseen.
                counts_on = counts_on && self.run.best.counts_on(1);
                if !counts_on {
                    break;
                }
            }
        }
        Ok(())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Taken {
    Among,
    NotAmongTheBest,
    NotWanted,
}

impl<'v> Hits<'_, '_, 'v> {
    /// The most that a posting can score.
    fn score_max(&self, grade: Grade, posting: Posting, name: u32) -> Score {
        let name_bytes = self.dictionary.name(name).len();
        Score::new(grade, self.place_max, posting.merit, Nearness::Far, name_bytes)
    }

    fn take(&mut self, name: u32, posting: Posting, grade: Grade) -> Taken {
        let shards = self.run.view.merged_shards();
        let Some(index) = shards.get(posting.shard as usize).copied().flatten() else {
            return Taken::NotWanted;
        };
        let shard = self.run.shard(index).shard();
        let Some(symbol) = shard.symbol(SymbolId(posting.place)) else {
            self.take_package(index, posting, grade);
            return Taken::Among;
        };
        let Some(place) = self.place_of(index, &symbol) else { return Taken::NotWanted };
        let is_module = symbol.kind() == Kind::Module;
        // A module's name has more than the part that it is found by.
        let name_bytes =
            if is_module { symbol.name_bytes() } else { self.dictionary.name(name) }.len();
        let score = Score::new(grade, place, posting.merit, Nearness::Far, name_bytes);
        let hit = Hit { symbol: ViewSymbol::Declared(symbol), score };
        // And so one that comes later may have a shorter one.
        if self.run.best.offer(hit) || is_module { Taken::Among } else { Taken::NotAmongTheBest }
    }

    /// How the place of a symbol matches, if the symbol is wanted at all.
    fn place_of(&self, index: u32, symbol: &SymbolRef<'v>) -> Option<PlaceMatch> {
        // What costs least comes first.
        let is_wanted = self.run.favoured.nearness(index, symbol.id()) == Nearness::Far
            && self.kinds.contains(symbol.kind())
            && !(self.only_top_level && symbol.parent().is_some());
        if !is_wanted {
            return None;
        }
        let place = place::of_symbol(&self.reading.around, symbol)?;
        let shows_all = self.shows_all && !self.run.shard(index).hides_any();
        let is_shown = shows_all || self.run.shows(index, symbol.file().id());
        let is_wanted = place <= self.place_max && is_shown;
        is_wanted.then(|| self.run.place_by_line(place, symbol))
    }

    fn take_package(&mut self, index: u32, posting: Posting, grade: Grade) {
        let shard = self.run.shard(index).shard();
        if !self.kinds.contains(Kind::Package) {
            return;
        }
        let file = FileId(posting.place - shard.symbol_count());
        let Some(package) = shard.file(file).and_then(|file| self.package_at(index, file)) else {
            return;
        };
        if let Some(place) = place::of_package(&self.reading.around, package.name) {
            self.run.packages.push((grade, place, package));
        }
    }

    /// The package of a file, placed there or, if that file is not shown, at another one.
    fn package_at(&self, index: u32, file: FileRef<'v>) -> Option<Package<'v>> {
        let name = file.package()?;
        if self.run.shows(index, file.id()) {
            return Some(Package { name, file });
        }
        let files = self.run.shard(index).shard().files();
        let others =
            files.filter(|it| it.package() == Some(name) && self.run.shows(index, it.id()));
        let best = others.reduce(|best, it| if precedes(it, best) { it } else { best })?;
        Some(Package { name, file: best })
    }
}
