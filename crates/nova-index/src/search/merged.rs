//! Searches the shards that the dictionary speaks of.

use nova_syntax::declarations::Kind;

use super::admission::Admission;
use super::names::{Finder, Visitor};
use super::sets::SmallestFirst;
use super::surroundings::Surroundings;
use super::{Cancelled, Hit, Run};
use crate::dictionary::{Dictionary, Posting};
use crate::id::{FileId, SymbolId};
use crate::matching::{Grade, MatchClass};
use crate::merit::Merit;
use crate::packages::{Package, precedes};
use crate::query::{Around, KindSet, Reading};
use crate::rank::{Nearness, PlaceMatch, Score};
use crate::shard::FileRef;
use crate::symbol_ref::SymbolRef;
use crate::view::ViewSymbol;

/// Finds symbols by the names of the dictionary, wherever they stand.
pub(super) fn search(run: &mut Run<'_, '_>, reading: &Reading) -> Result<(), Cancelled> {
    let Some(mut hits) = Hits::new(run, KindSet::ALL) else { return Ok(()) };
    hits.is_plain = hits.kinds.is_all() && hits.shows_all && hits.run.query.line.is_none();
    Finder::new(hits.dictionary, hits.kinds).find(&reading.name, &mut hits)
}

/// Finds packages, modules and top-level types whose place matches just as well as this. What lies in
/// types is for [`super::members`].
pub(super) fn search_around(
    run: &mut Run<'_, '_>,
    reading: &Reading,
    surroundings: &Surroundings<'_>,
    place: PlaceMatch,
) -> Result<(), Cancelled> {
    let kinds = match reading.around {
        Around::Anything | Around::Path(_) => KindSet::LEADING,
        // No package lies in these.
        Around::Words(_) => KindSet::TYPES,
    };
    let Some(mut hits) = Hits::new(run, kinds) else { return Ok(()) };
    hits.place_max = place;
    hits.surroundings = Some(surroundings);
    hits.find_around(&Finder::new(hits.dictionary, hits.kinds), reading, surroundings)
}

/// Takes the symbols of the names that are found.
struct Hits<'h, 'r, 'v> {
    run: &'h mut Run<'r, 'v>,
    dictionary: &'v Dictionary,
    kinds: KindSet,
    /// The groups of these, a bit each.
    groups: u8,
    /// No place matches better; with something around it none does worse.
    place_max: PlaceMatch,
    /// What must be around a symbol, if the query says so.
    surroundings: Option<&'h Surroundings<'h>>,
    /// Whatever has the name is wanted.
    is_plain: bool,
    /// The query lets all files in.
    shows_all: bool,
}

/// A name that may match costs so much more than one of a package, of which all are looked at.
const NAME_COST: usize = 2;

impl<'h, 'r, 'v> Hits<'h, 'r, 'v> {
    /// Of these kinds, as far as the query wants them; `None` if nothing can be found.
    fn new(run: &'h mut Run<'r, 'v>, kinds: KindSet) -> Option<Self> {
        let kinds = run.query.kinds.and(kinds);
        let dictionary = run.view.dictionary().filter(|_| kinds != KindSet::NONE)?;
        Some(Self {
            dictionary,
            kinds,
            groups: kinds.groups(),
            place_max: PlaceMatch::Exact,
            surroundings: None,
            is_plain: false,
            shows_all: matches!(run.admission, Admission::All),
            run,
        })
    }

    /// Goes by the names that match or by those of the packages that do, whichever are fewer.
    fn find_around(
        &mut self,
        finder: &Finder<'_>,
        reading: &Reading,
        surroundings: &Surroundings<'_>,
    ) -> Result<(), Cancelled> {
        let packages = self.dictionary.packages();
        let matching: Vec<u32> = surroundings.packages_at(self.place_max).collect();
        let in_packages: usize = matching.iter().map(|it| packages.names(*it).len()).sum();
        if in_packages == 0 {
            return Ok(());
        }
        // Where nothing can be among the best, all that is left is to count, and not for long.
        let is_of_use = self.run.best.can_enter(self.score_max_of(reading.name.class_max()));
        if reading.name.is_empty() && !is_of_use && !self.run.best.counts_on(in_packages as u32) {
            return Ok(());
        }
        let candidates = finder.candidates(&reading.name);
        if candidates.count().saturating_mul(NAME_COST) < in_packages {
            return finder.find(&reading.name, self);
        }
        let numbers = matching.iter().flat_map(|package| packages.names(*package));
        let numbers = numbers.map(|name| name.get()).filter(|name| candidates.contains(*name));
        finder.among(SmallestFirst::new(numbers.collect()), &reading.name, self)
    }
}

impl Visitor for Hits<'_, '_, '_> {
    fn is_over(&mut self, at_most: Grade, name: u32, names: u32) -> Result<bool, Cancelled> {
        self.run.step()?;
        if !self.run.best.is_full() {
            return Ok(false);
        }
        let Some(best) = self.dictionary.postings(name).next() else { return Ok(false) };
        let score = self.score_max(at_most, best, name);
        Ok(!self.run.best.can_enter(score) && !self.run.best.counts_on(names))
    }

    fn needs(&mut self, class: MatchClass) -> bool {
        if class.is_loose() && !self.run.best.wants_loose() {
            return false;
        }
        self.run.best.can_enter(self.score_max_of(class)) || self.run.best.counts_on(0)
    }

    fn wants_all(&self) -> bool {
        self.surroundings.is_none() && self.shows_all
    }

    fn go_on(&self) -> Result<(), Cancelled> {
        self.run.go_on()
    }

    fn may_want(&self, name: u32) -> bool {
        match self.surroundings {
            Some(surroundings) => self
                .dictionary
                .homes(name)
                .any(|it| surroundings.of_home(it) == Some(self.place_max)),
            None => self.shows_all || self.dictionary.postings(name).any(|it| self.may_admit(it)),
        }
    }

    fn visit(&mut self, name: u32, grade: Grade) -> Result<(), Cancelled> {
        match self.surroundings {
            None => {
                for posting in self.dictionary.postings(name) {
                    if !self.visit_posting(name, grade, posting)? {
                        break;
                    }
                }
            }
            Some(surroundings) => {
                let homes = self.dictionary.homes(name);
                for (posting, home) in self.dictionary.postings(name).zip(homes) {
                    let is_here = surroundings.of_home(home) == Some(self.place_max);
                    if is_here && !self.visit_posting(name, grade, posting)? {
                        break;
                    }
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
    /// Returns whether to go on with the others of the name.
    fn visit_posting(
        &mut self,
        name: u32,
        grade: Grade,
        posting: Posting,
    ) -> Result<bool, Cancelled> {
        self.run.step()?;
        if !self.may_admit(posting) {
            return Ok(true);
        }
        let at_most = self.score_max(grade, posting, name);
        if !self.run.best.can_enter(at_most) && !self.run.best.counts_on(1) {
            return Ok(false);
        }
        let is_last = self.take(name, posting, grade) == Taken::NotAmongTheBest;
        // The others have the same name, and are worse. They may be counted unseen.
        Ok(!(is_last && self.is_plain) || self.run.best.counts_on(1))
    }

    /// Whether a posting may be of a kind and in a file that are wanted, as far as it tells itself.
    fn may_admit(&self, posting: Posting) -> bool {
        self.groups >> posting.merit.group() as u8 & 1 != 0
            && (self.shows_all || {
                let shards = self.run.view.merged_shards();
                let index = shards.get(posting.shard as usize).copied().flatten();
                index.is_some_and(|index| self.run.admission.may_admit(index, posting.place))
            })
    }

    /// The most that a match of this class can score.
    fn score_max_of(&self, class: MatchClass) -> Score {
        let grade = Grade::best_of(class);
        Score::new(grade, self.place_max, Merit::MOST, Nearness::Far, 0)
    }

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
        if !self.is_wanted(index, &symbol) {
            return Taken::NotWanted;
        }
        let place = self.run.place_by_line(self.place_max, &symbol);
        let is_module = symbol.kind() == Kind::Module;
        // A module's name has more than the part that it is found by.
        let name_bytes =
            if is_module { symbol.name_bytes() } else { self.dictionary.name(name) }.len();
        let score = Score::new(grade, place, posting.merit, Nearness::Far, name_bytes);
        let hit = Hit { symbol: ViewSymbol::Declared(symbol), score };
        // And so one that comes later may have a shorter one.
        if self.run.best.offer(hit) || is_module { Taken::Among } else { Taken::NotAmongTheBest }
    }

    fn is_wanted(&self, index: u32, symbol: &SymbolRef<'v>) -> bool {
        // Of files that are let in the posting has told already.
        let is_shown = !self.shows_all || !self.run.shard(index).hides_any();
        // What costs least comes first.
        self.run.favoured.nearness(index, symbol.id()) == Nearness::Far
            && self.kinds.contains(symbol.kind())
            && (is_shown || self.run.shows(index, symbol.file().id()))
    }

    fn take_package(&mut self, index: u32, posting: Posting, grade: Grade) {
        let shard = self.run.shard(index).shard();
        if !self.kinds.contains(Kind::Package) {
            return;
        }
        let file = FileId(posting.place - shard.symbol_count());
        let package = shard.file(file).and_then(|file| self.package_at(index, file));
        let place = self.place_max;
        self.run.packages.extend(package.map(|package| (grade, place, package)));
    }

    /// The package of a file, placed there or, if that file is not shown, at another one.
    fn package_at(&self, index: u32, file: FileRef<'v>) -> Option<Package<'v>> {
        let name = file.package()?;
        if self.run.shows(index, file.id()) {
            return Some(Package { name, file });
        }
        let files = self.run.shard(index).shard().files();
        let others = files.filter(|it| self.run.shows(index, it.id()) && it.shares_package(file));
        let best = others.reduce(|best, it| if precedes(it, best) { it } else { best })?;
        Some(Package { name, file: best })
    }
}
