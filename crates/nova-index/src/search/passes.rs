//! Goes through sets of names in the dictionary's order, until nothing better is left.
//!
//! Mostly a few names are enough. Where a large dictionary must be gone through, several threads match
//! names; what they find is visited in order, so that nobody can tell how many there were.

use std::hint::black_box;
use std::ops::Range;

use rayon::prelude::*;

use super::Cancelled;
use super::names::{Finder, Visitor};
use crate::matching::{Grade, MatchClass};

/// Words of 64 names that a pass goes through alone: mostly that is enough.
const WORDS_ALONE: usize = 1 << 10;

/// With no more words than this one thread goes through all.
const WORDS_FEW: usize = 1 << 12;

/// So many more are matched at a time, by several threads; a search can be cancelled in between. That takes a
/// fraction of a millisecond.
const WORDS_TOGETHER: usize = 1 << 11;

/// Threads that match names: more would find too little to do.
const THREADS_MAX: usize = 4;

/// So many of these by one thread.
const WORDS_AT_A_TIME: usize = WORDS_TOGETHER / THREADS_MAX;

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
        let is_large = visitor.wants_all() && self.words > WORDS_FEW;
        let alone = if is_large { WORDS_ALONE } else { self.words };
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
            let found = |words: Range<usize>| {
                let ids = words.flat_map(|at| self.ids(at, names(at) & self.of_kinds(at)));
                let names: Vec<(u32, &[u8])> =
                    ids.map(|id| (id, self.dictionary.name(id))).collect();
                touch(&names);
                let graded = names.into_iter().map(|(id, name)| (id, graded(name, of_use, &grade)));
                graded.filter(|(_, grade)| grade.is_match()).collect::<Vec<_>>()
            };
            let end = self.words.min(start + WORDS_TOGETHER);
            let starts: Vec<usize> = (start..end).step_by(WORDS_AT_A_TIME).collect();
            let matches: Vec<Vec<(u32, Grade)>> = starts
                .into_par_iter()
                .map(|start| found(start..end.min(start + WORDS_AT_A_TIME)))
                .collect();
            for (id, grade) in matches.into_iter().flatten() {
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

/// Looks at all of these names. They lie far apart, and memory is slow: this way many are on their way
/// at a time, while to find out how one matches takes its turn.
fn touch(names: &[(u32, &[u8])]) {
    let bytes = names.iter().filter_map(|(_, name)| Some(name.first()? ^ name.last()?));
    black_box(bytes.fold(0, |all, byte| all ^ byte));
}

/// How a name matches, if it is still of use.
fn graded(name: &[u8], of_use: Option<&Condition<'_>>, grade: impl Fn(&[u8]) -> Grade) -> Grade {
    if of_use.is_none_or(|holds| holds(name)) { grade(name) } else { Grade::ABSENT }
}
