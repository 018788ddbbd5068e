//! Searches what lies in the types that the query names before the dot.

use super::admission::Admission;
use super::names::{Finder, Visitor};
use super::passes::{NAMES_AHEAD, touch};
use super::place::{self, TYPE_LETTERS_MIN};
use super::surroundings::Surroundings;
use super::{Cancelled, Hit, Run};
use crate::dictionary::Dictionary;
use crate::id::SymbolId;
use crate::matching::{Grade, MatchClass, Pattern};
use crate::merit::{Access, Group, Merit};
use crate::query::{Around, KindSet, NamePattern, Reading};
use crate::rank::{Nearness, PlaceMatch, Score};
use crate::symbol_ref::SymbolRef;
use crate::view::ViewSymbol;

/// Types that an abbreviated qualifier stands for: the best ones. One that is spelled out stands for all
/// that are called so.
const QUALIFIER_TYPES_MAX: usize = 256;

/// Finds members, and types within types, by the types that are named around them.
pub(super) fn search(
    run: &mut Run<'_, '_>,
    reading: &Reading,
    surroundings: &Surroundings<'_>,
) -> Result<(), Cancelled> {
    match &reading.around {
        Around::Anything => Ok(()),
        Around::Path(path) => match path.last() {
            Some(innermost) => {
                let is_short = innermost.len() < TYPE_LETTERS_MIN;
                let class_min = if is_short { MatchClass::Exact } else { MatchClass::LaterWords };
                within_types(run, reading, surroundings, innermost, class_min)
            }
            None => Ok(()),
        },
        Around::Words(words) => words
            .iter()
            .try_for_each(|word| within_types(run, reading, surroundings, word, MatchClass::Exact)),
    }
}

fn within_types(
    run: &mut Run<'_, '_>,
    reading: &Reading,
    surroundings: &Surroundings<'_>,
    word: &Pattern,
    class_min: MatchClass,
) -> Result<(), Cancelled> {
    let Some(dictionary) = run.view.dictionary() else { return Ok(()) };
    let mut types = Types { run, reading, dictionary, surroundings, class_min, count: 0 };
    Finder::new(dictionary, KindSet::TYPES).find(&NamePattern::new(vec![word.clone()]), &mut types)
}

/// Goes into the types of the names that are found.
struct Types<'t, 'r, 'v> {
    run: &'t mut Run<'r, 'v>,
    reading: &'t Reading,
    dictionary: &'v Dictionary,
    surroundings: &'t Surroundings<'t>,
    class_min: MatchClass,
    count: usize,
}

impl Visitor for Types<'_, '_, '_> {
    fn is_over(&mut self, at_most: Grade, name: u32, names: u32) -> Result<bool, Cancelled> {
        self.run.step()?;
        let best = self.dictionary.postings(name).next();
        let has_types = best.is_none_or(|best| best.merit.group() == Group::Type);
        if at_most.class() < self.class_min || !has_types {
            return Ok(true);
        }
        let is_exact = at_most.class() == MatchClass::Exact;
        let place = if is_exact { PlaceMatch::Exact } else { PlaceMatch::Abbreviated };
        let member = Grade::best_of(self.reading.name.class_max());
        let at_most = Score::new(member, place, Merit::MOST, Nearness::Far, 0);
        if !is_exact && self.count >= QUALIFIER_TYPES_MAX {
            self.run.best.leave_out();
            return Ok(true);
        }
        Ok(!self.run.best.can_enter(at_most) && !self.run.best.counts_on(names))
    }

    fn needs(&mut self, class: MatchClass) -> bool {
        class >= self.class_min
    }

    fn wants_all(&self) -> bool {
        false
    }

    fn go_on(&self) -> Result<(), Cancelled> {
        self.run.go_on()
    }

    fn may_want(&self, name: u32) -> bool {
        self.dictionary.homes(name).any(|home| self.surroundings.may_be_named(home))
    }

    fn visit(&mut self, name: u32, grade: Grade) -> Result<(), Cancelled> {
        if grade.class() < self.class_min {
            return Ok(());
        }
        for (posting, home) in self.dictionary.postings(name).zip(self.dictionary.homes(name)) {
            if posting.merit.group() < Group::Type {
                break;
            }
            if !self.surroundings.may_be_named(home) {
                continue;
            }
            if grade.class() < MatchClass::Exact && self.count >= QUALIFIER_TYPES_MAX {
                self.run.best.leave_out();
                break;
            }
            self.count += 1;
            let shards = self.run.view.merged_shards();
            let Some(index) = shards.get(posting.shard as usize).copied().flatten() else {
                continue;
            };
            let shard = self.run.shard(index).shard();
            if let Some(symbol) = shard.symbol(SymbolId(posting.place))
                && self.shows(index, &symbol)
                && let Some(place) = place::of_members(&self.reading.around, &symbol)
            {
                let outer = Outer { index, symbol, merit: posting.merit };
                self.take_members(&outer, place)?;
            }
        }
        Ok(())
    }
}

/// A type that the query names.
struct Outer<'v> {
    /// The position of its shard.
    index: u32,
    symbol: SymbolRef<'v>,
    merit: Merit,
}

impl<'v> Types<'_, '_, 'v> {
    /// Whether the file of a type is shown. Where all are, nobody need look for it.
    fn shows(&self, index: u32, symbol: &SymbolRef<'v>) -> bool {
        let shows_all = matches!(self.run.admission, Admission::All);
        (shows_all && !self.run.shard(index).hides_any())
            || self.run.shows(index, symbol.file().id())
    }

    fn take_members(&mut self, outer: &Outer<'v>, place: PlaceMatch) -> Result<(), Cancelled> {
        let best = Grade::best_of(self.reading.name.class_max());
        let at_most = Score::new(best, place, Merit::MOST, Nearness::Far, 0);
        let is_of_use = self.run.best.can_enter(at_most);
        let mut members = outer.symbol.members();
        loop {
            let ahead: Vec<_> =
                members.by_ref().take(NAMES_AHEAD).map(|it| (it, it.name_bytes())).collect();
            if ahead.is_empty() {
                return Ok(());
            }
            touch(ahead.iter().map(|(_, name)| *name));
            for (member, name) in ahead {
                self.run.step()?;
                // Types may have many, and all are looked at.
                if !is_of_use && !self.run.best.counts_on(1) {
                    return Ok(());
                }
                if !self.run.query.kinds.contains(member.kind()) {
                    continue;
                }
                let grade = self.reading.name.grade(name);
                if grade.is_match()
                    && self.run.favoured.nearness(outer.index, member.id()) == Nearness::Far
                {
                    self.take(outer, member, grade, place);
                }
            }
        }
    }

    /// Takes a member that matches. What its type is known for holds of it, too; only types within types are
    /// central by themselves.
    fn take(&mut self, outer: &Outer<'v>, member: SymbolRef<'v>, grade: Grade, place: PlaceMatch) {
        if member.kind().is_type() {
            return self.run.take(member, grade, place, Nearness::Far);
        }
        let place = self.run.place_by_line(place, &member);
        let name_bytes = member.name_bytes().len();
        let (kind, is_local) = (member.kind(), member.local());
        let score = |access, is_deprecated| {
            let merit = Merit::of_symbol(
                kind,
                is_local,
                access,
                is_deprecated,
                outer.merit.purpose(),
                outer.merit.centrality(),
            );
            Score::new(grade, place, merit, Nearness::Far, name_bytes)
        };
        let symbol = ViewSymbol::Declared(member);
        if !self.run.best.can_enter(score(Access::Public, false)) {
            return self.run.best.count(&symbol, grade.class());
        }
        let access = Access::of(kind, member.modifiers(), Some(outer.symbol.kind()));
        let score = score(access, member.is_deprecated());
        self.run.best.offer(Hit { symbol, score });
    }
}
