//! Searches what lies in the types that the query names before the dot.

use super::names::{Finder, Visitor};
use super::{Cancelled, Run, place};
use crate::dictionary::Dictionary;
use crate::id::SymbolId;
use crate::matching::{Grade, MatchClass, Pattern};
use crate::merit::Group;
use crate::query::{Around, KindSet, NamePattern, Reading};
use crate::rank::Nearness;
use crate::symbol_ref::SymbolRef;

/// Types that a qualifier stands for: the best ones. A name that someone typed in full seldom has more;
/// an abbreviation that has means none of the others.
const QUALIFIER_TYPES_MAX: usize = 256;

/// Finds members, and types within types, by the types that are named around them.
pub(super) fn search(run: &mut Run<'_, '_>, reading: &Reading) -> Result<(), Cancelled> {
    match &reading.around {
        Around::Anything => Ok(()),
        Around::Path(path) => match path.last() {
            Some(innermost) => within_types(run, reading, innermost, MatchClass::LaterWords),
            None => Ok(()),
        },
        Around::Words(words) => {
            words.iter().try_for_each(|word| within_types(run, reading, word, MatchClass::Exact))
        }
    }
}

fn within_types(
    run: &mut Run<'_, '_>,
    reading: &Reading,
    word: &Pattern,
    class_min: MatchClass,
) -> Result<(), Cancelled> {
    let Some(dictionary) = run.view.dictionary() else { return Ok(()) };
    let mut types = Types { run, dictionary, class_min, found: Vec::new(), is_cut: false };
    Finder::new(dictionary, KindSet::TYPES)
        .find(&NamePattern::new(vec![word.clone()]), &mut types)?;
    let (found, is_cut) = (types.found, types.is_cut);
    if is_cut {
        run.best.leave_out();
    }
    for (index, outer) in found {
        take_members(run, reading, index, outer)?;
    }
    Ok(())
}

fn take_members<'v>(
    run: &mut Run<'_, 'v>,
    reading: &Reading,
    index: u32,
    outer: SymbolRef<'v>,
) -> Result<(), Cancelled> {
    let query = run.query;
    for member in outer.members() {
        run.step()?;
        let is_wanted = query.kinds.contains(member.kind())
            && run.favoured.nearness(index, member.id()) == Nearness::Far;
        if !is_wanted {
            continue;
        }
        let grade = reading.name.grade(member.name_bytes());
        if !grade.is_match() {
            continue;
        }
        if !query.files.is_empty() && !run.admits_file(member.file()) {
            continue;
        }
        if let Some(place) = place::of_symbol(&reading.around, query.line.as_ref(), &member) {
            run.take(index, member, grade, place, Nearness::Far);
        }
    }
    Ok(())
}

/// Gathers the types of the names that are found.
struct Types<'t, 'r, 'v> {
    run: &'t mut Run<'r, 'v>,
    dictionary: &'v Dictionary,
    class_min: MatchClass,
    found: Vec<(u32, SymbolRef<'v>)>,
    is_cut: bool,
}

impl Visitor for Types<'_, '_, '_> {
    fn is_over(&mut self, at_most: Grade, name: u32) -> Result<bool, Cancelled> {
        self.run.step()?;
        if at_most.class() < self.class_min {
            return Ok(true);
        }
        let best = self.dictionary.postings(name).next();
        if best.is_some_and(|best| best.merit.group() < Group::Type) {
            return Ok(true);
        }
        self.is_cut |= self.found.len() == QUALIFIER_TYPES_MAX;
        Ok(self.is_cut)
    }

    fn visit(&mut self, name: u32, grade: Grade) -> Result<(), Cancelled> {
        if grade.class() < self.class_min {
            return Ok(());
        }
        for posting in self.dictionary.postings(name) {
            if posting.merit.group() < Group::Type {
                break;
            }
            if self.found.len() == QUALIFIER_TYPES_MAX {
                self.is_cut = true;
                break;
            }
            let shards = self.run.view.merged_shards();
            let Some(index) = shards.get(posting.shard as usize).copied().flatten() else {
                continue;
            };
            let shard = self.run.shard(index);
            if let Some(symbol) = shard.shard().symbol(SymbolId(posting.place))
                && (!shard.hides_any() || shard.is_visible(symbol.file().id()))
            {
                self.found.push((index, symbol));
            }
        }
        Ok(())
    }
}
