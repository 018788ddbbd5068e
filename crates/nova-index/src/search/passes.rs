//! Goes through sets of names in the dictionary's order, until nothing better is left.
//!
//! Mostly a few names are enough. Where a large dictionary must be gone through, several threads match
//! names ahead; what they find is visited in order, so that nobody can tell how many there were.

use std::hint::black_box;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Cancelled;
use super::names::{Finder, Visitor};
use super::sets::{first_name, names_of};
use crate::dictionary::Names;
use crate::matching::{Grade, MatchClass};

/// Words of 64 names that a pass goes through alone: mostly that is enough.
const WORDS_ALONE: usize = 1 << 10;

/// With no more words than this one thread goes through all.
const WORDS_FEW: usize = 1 << 12;

/// So many more are then matched by several threads, then twice as many, and so on: to wake a thread takes as
/// long as to match hundreds of names. After each so many a pass may be over.
const WORDS_TOGETHER: usize = 1 << 11;

/// So many are taken by one thread at a time; a search can be cancelled in between. That takes some tens of
/// microseconds.
const WORDS_AT_A_TIME: usize = 1 << 7;

/// Threads that match names: more would find too little to do.
const THREADS_MAX: usize = 4;

/// Names that are on their way from memory at a time.
pub(super) const NAMES_AHEAD: usize = 32;

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

impl<'p> Pass<'p> {
    pub(super) fn new(class_max: MatchClass) -> Self {
        Self { class_max, unless: None }
    }

    /// Whether nothing from this name on is of use. Finds out what holds of all names that still are.
    fn is_over(
        &self,
        next: u32,
        left: u32,
        of_use: &mut Option<&'p Condition<'p>>,
        visitor: &mut impl Visitor,
    ) -> Result<bool, Cancelled> {
        if visitor.is_over(Grade::best_of(self.class_max), next, left)? {
            return Ok(true);
        }
        if let Some((class, condition)) = self.unless
            && of_use.is_none()
            && visitor.is_over(Grade::best_of(class), next, left)?
        {
            *of_use = Some(condition);
        }
        Ok(false)
    }
}

impl Finder<'_> {
    /// Goes through a set of names in order, 64 of them at a time.
    pub(super) fn pass(
        &self,
        pass: Pass<'_>,
        set: impl Fn(usize) -> u64 + Sync,
        grade: impl Fn(&[u8]) -> Grade + Sync,
        visitor: &mut impl Visitor,
    ) -> Result<(), Cancelled> {
        let names = self.dictionary.names();
        let set = |at| set(at) & self.of_kinds(at);
        let mut of_use = None;
        let is_large = visitor.wants_all() && self.words > WORDS_FEW;
        let alone = if is_large { WORDS_ALONE } else { self.words };
        for at in 0..alone {
            let word = set(at);
            if word == 0 {
                continue;
            }
            let (next, left) = (first_name(at) + word.trailing_zeros(), word.count_ones());
            if pass.is_over(next, left, &mut of_use, visitor)? {
                return Ok(());
            }
            for id in self.ids(at, word) {
                if !visitor.may_want(id) {
                    continue;
                }
                let grade = graded(names.get(id), of_use, &grade);
                if grade.is_match() {
                    visitor.visit(id, grade)?;
                }
            }
        }
        let (mut start, mut together) = (alone, WORDS_TOGETHER);
        while start < self.words {
            if pass.is_over(first_name(start), 1, &mut of_use, visitor)? {
                return Ok(());
            }
            let end = self.words.min(start + together);
            let grade = |name: &[u8]| graded(name, of_use, &grade);
            let matches = in_parallel(
                start..end,
                |words| self.matches(words, names, set, grade),
                || visitor.go_on(),
            )?;
            for (at, matches) in (start..end).step_by(WORDS_AT_A_TIME).zip(matches) {
                let is_next = at > start && (at - start).is_multiple_of(WORDS_TOGETHER);
                if is_next && pass.is_over(first_name(at), 1, &mut of_use, visitor)? {
                    return Ok(());
                }
                for (id, grade) in matches {
                    if of_use.is_some_and(|holds| !holds(names.get(id))) {
                        continue;
                    }
                    if visitor.is_over(Grade::best_of(pass.class_max), id, 1)? {
                        return Ok(());
                    }
                    visitor.visit(id, grade)?;
                }
            }
            (start, together) = (end, together * 2);
        }
        Ok(())
    }

    /// Those names of a part of a set that match.
    fn matches(
        &self,
        words: Range<usize>,
        names: Names<'_>,
        set: impl Fn(usize) -> u64,
        grade: impl Fn(&[u8]) -> Grade,
    ) -> Vec<(u32, Grade)> {
        let mut matches = Vec::new();
        let mut ids = words.flat_map(|at| self.ids(at, set(at)));
        let mut ahead = [(0, &[][..]); NAMES_AHEAD];
        loop {
            let mut count = 0;
            for (place, id) in ahead.iter_mut().zip(&mut ids) {
                *place = (id, names.get(id));
                count += 1;
            }
            let ahead = &ahead[..count];
            touch(ahead.iter().map(|(_, name)| *name));
            let graded = ahead.iter().map(|(id, name)| (*id, grade(name)));
            matches.extend(graded.filter(|(_, grade)| grade.is_match()));
            if count < NAMES_AHEAD {
                return matches;
            }
        }
    }

    /// The names of a word of a set.
    fn ids(&self, at: usize, word: u64) -> impl Iterator<Item = u32> + use<> {
        let count = self.dictionary.name_count() as u32;
        names_of(at, word).take_while(move |id| *id < count)
    }
}

/// What several threads, this one among them, find out of the parts of some words, in order. In between
/// this one asks whether to go on.
fn in_parallel<F: Send>(
    words: Range<usize>,
    find: impl Fn(Range<usize>) -> F + Sync,
    go_on: impl Fn() -> Result<(), Cancelled>,
) -> Result<Vec<F>, Cancelled> {
    let next = AtomicUsize::new(words.start);
    let take = || {
        let start = next.fetch_add(WORDS_AT_A_TIME, Ordering::Relaxed);
        (start < words.end).then(|| (start, find(start..words.end.min(start + WORDS_AT_A_TIME))))
    };
    let threads = rayon::current_num_threads().min(THREADS_MAX);
    let mut found: Vec<Vec<(usize, F)>> = (1..threads).map(|_| Vec::new()).collect();
    let mut own = Vec::new();
    rayon::in_place_scope(|scope| {
        for found in &mut found {
            scope.spawn(|_| found.extend(std::iter::from_fn(take)));
        }
        while let Some(it) = take() {
            own.push(it);
            go_on().inspect_err(|_| next.store(words.end, Ordering::Relaxed))?;
        }
        Ok(())
    })?;
    found.push(own);
    let mut found: Vec<_> = found.into_iter().flatten().collect();
    found.sort_unstable_by_key(|(start, _)| *start);
    Ok(found.into_iter().map(|(_, found)| found).collect())
}

/// Looks at all of these names. They lie far apart, and memory is slow: this way many are on their way
/// at a time, while to find out how one matches takes its turn.
pub(super) fn touch<'n>(names: impl Iterator<Item = &'n [u8]>) {
    let bytes = names.filter_map(|name| Some(name.first()? ^ name.last()?));
    black_box(bytes.fold(0, |all, byte| all ^ byte));
}

/// How a name matches, if it is still of use.
fn graded(name: &[u8], of_use: Option<&Condition<'_>>, grade: impl Fn(&[u8]) -> Grade) -> Grade {
    if of_use.is_none_or(|holds| holds(name)) { grade(name) } else { Grade::ABSENT }
}
