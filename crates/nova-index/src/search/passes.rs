//! Goes through sets of names in the dictionary's order, until nothing better is left.
//!
//! Mostly a few names are enough. Where a large dictionary must be gone through, several threads match
//! names; what they find is visited in order, so that nobody can tell how many there were.

use rayon::prelude::*;

use super::Cancelled;
use super::names::{Finder, Visitor};
use crate::matching::{Grade, MatchClass};

/// Words of 64 names that a pass goes through alone: mostly that is enough, or all.
const WORDS_ALONE: usize = 1 << 12;

/// So many more are matched at a time, by several threads; a search can be cancelled in between. That takes a
/// fraction of a millisecond.
const WORDS_TOGETHER: usize = 1 << 11;

/// Threads that match names: more would find too little to do.
const THREADS_MAX: usize = 4;

/// What can be expected of the names of a pass.
#[derive(Clone, Copy)]
pub(super) struct Pass<'p> {
    /// The best class that one matches in.
    pub(super) class_max: MatchClass,
    /// The same for names of which this does not hold.
    pub(super) unless: Option<(MatchClass, &'p Condition<'p>)>,
}

/// What can be told of a name at little cost.
pub(super) type Condition<'p> = dyn Fn(&[u8]) -> bool + Sync + 'p;

impl Pass<'_> {
    pub(super) fn new(class_max: MatchClass) -> Self {
        Self { class_max, unless: None }
    }
}

impl Finder<'_> {
    /// Goes through a set of names in order, 64 of them at a time.
    pub(super) fn pass(
        &self,
        pass: Pass<'_>,
        names: impl Fn(usize) -> u64 + Sync,
        grade: impl Fn(&[u8]) -> Grade + Sync,
        visitor: &mut impl Visitor,
    ) -> Result<(), Cancelled> {
        let at_most = Grade::best_of(pass.class_max);
        // What holds of all names that are still of use.
        let mut of_use: Option<&Condition<'_>> = None;
        let alone = if visitor.wants_all() { self.words.min(WORDS_ALONE) } else { self.words };
        for at in 0..alone {
            let word = names(at) & self.of_kinds(at);
            if word == 0 {
                continue;
            }
            let (next, left) = (at as u32 * u64::BITS + word.trailing_zeros(), word.count_ones());
            if visitor.is_over(at_most, next, left)? {
                return Ok(());
            }
            if let Some((class, condition)) = pass.unless
                && of_use.is_none()
                && visitor.is_over(Grade::best_of(class), next, left)?
            {
                of_use = Some(condition);
            }
            for id in self.ids(at, word) {
                if !visitor.may_want(id) {
                    continue;
                }
                let grade = graded(self.dictionary.name(id), of_use, &grade);
                if grade.is_match() {
                    visitor.visit(id, grade)?;
                }
            }
        }
        for start in (alone..self.words).step_by(WORDS_TOGETHER) {
            let next = start as u32 * u64::BITS;
            if visitor.is_over(at_most, next, 1)? {
                return Ok(());
            }
            if let Some((class, condition)) = pass.unless
                && of_use.is_none()
                && visitor.is_over(Grade::best_of(class), next, 1)?
            {
                of_use = Some(condition);
            }
            let found = |at: usize| {
                let ids = self.ids(at, names(at) & self.of_kinds(at));
                ids.map(|id| (id, graded(self.dictionary.name(id), of_use, &grade)))
                    .filter(|(_, grade)| grade.is_match())
            };
            let end = self.words.min(start + WORDS_TOGETHER);
            let matches: Vec<(u32, Grade)> = (start..end)
                .into_par_iter()
                .with_min_len(WORDS_TOGETHER / THREADS_MAX)
                .flat_map_iter(found)
                .collect();
            for (id, grade) in matches {
                if visitor.is_over(at_most, id, 1)? {
                    return Ok(());
                }
                visitor.visit(id, grade)?;
            }
        }
        Ok(())
    }

    /// The names of a word of a set.
    fn ids(&self, at: usize, mut word: u64) -> impl Iterator<Item = u32> + use<> {
        let (first, count) = (at as u32 * u64::BITS, self.dictionary.name_count() as u32);
        std::iter::from_fn(move || {
            let id = first + word.trailing_zeros();
            word &= word.wrapping_sub(1);
            (id < (first + u64::BITS).min(count)).then_some(id)
        })
    }
}

/// How a name matches, if it is still of use.
fn graded(name: &[u8], of_use: Option<&Condition<'_>>, grade: impl Fn(&[u8]) -> Grade) -> Grade {
    if of_use.is_none_or(|holds| holds(name)) { grade(name) } else { Grade::ABSENT }
}
