//! Which files a query lets in.

use std::cell::{Cell, OnceCell};
use std::ops::Range;

use rayon::prelude::*;

use crate::bits::BitSet;
use crate::id::{FileId, SymbolId};
use crate::query::FileFilter;
use crate::view::{SymbolView, ViewShard};

/// So many symbols, or this part of all, are searched one by one rather than by their names.
const FEW_SYMBOLS_MAX: usize = 1024;
const FEW_SYMBOLS_PART: usize = 1024;

/// And so many for each name that begins as the query does, as all of these would be looked at; but no more
/// than this.
const FEW_SYMBOLS_PER_NAME: usize = 3;
const FEW_SYMBOLS_OF_COMMON_MAX: usize = 1 << 15;

/// After one look for so many files of the view it costs less to find out about all of them.
const FILES_PER_LOOK: u64 = 64;

/// By so many files it is told whether most are let in.
const FILES_SAMPLED: usize = 64;

/// The files that the filters of a query let in, found out once for all of its readings.
pub(super) enum Admission<'a> {
    /// There are no filters.
    All,
    /// All but what they leave out.
    Most(Most<'a>),
    /// By shard of the view.
    Some(Vec<Admitted>),
    /// So few that they need no dictionary; in the order of the shards.
    Few(Vec<(u32, FileId)>),
}

/// Mostly all that matches is let in, so each file is looked at when something in it matches.
pub(super) struct Most<'a> {
    view: &'a SymbolView,
    filters: &'a [FileFilter],
    /// How many looks are left until there are better ways.
    looks: Cell<u64>,
    shards: OnceCell<Vec<Admitted>>,
}

/// What is let in of a shard, and shown.
pub(super) struct Admitted {
    files: BitSet,
    /// The symbols of these files, to be told without looking for their file.
    symbols: BitSet,
    /// How many symbols the shard has.
    symbol_count: u32,
}

impl<'a> Admission<'a> {
    /// `names_beginning`: how many names begin as the query does, if it is but a word.
    pub(super) fn new(
        view: &'a SymbolView,
        filters: &'a [FileFilter],
        names_beginning: usize,
    ) -> Self {
        if filters.is_empty() {
            return Self::All;
        }
        if filters.iter().all(|filter| filter.negated) && lets_in_most(view, filters) {
            let looks = Cell::new(view.file_count() / FILES_PER_LOOK);
            return Self::Most(Most { view, filters, looks, shards: OnceCell::new() });
        }
        let files = all_admitted_files(view, filters);
        let all: usize = view.shards().iter().map(|it| it.shard().symbol_count() as usize).sum();
        let few = FEW_SYMBOLS_MAX.max(all / FEW_SYMBOLS_PART);
        let of_common = names_beginning.saturating_mul(FEW_SYMBOLS_PER_NAME);
        let few = few.max(of_common.min(FEW_SYMBOLS_OF_COMMON_MAX));
        let symbols = files.iter().flat_map(|files| &files.symbols).map(ExactSizeIterator::len);
        if symbols.sum::<usize>() > few {
            return Self::Some(admitted(view, files));
        }
        let few = (0..).zip(&files).flat_map(|(index, files)| {
            files.files.ranges().flatten().map(move |file| (index, FileId(file)))
        });
        Self::Few(few.collect())
    }

    /// Whether a file of a shard is let in, of those that the view shows.
    pub(super) fn admits(&self, shard: u32, file: FileId) -> bool {
        match self {
            Self::All => true,
            Self::Most(most) => most.admits(shard, file),
            Self::Some(shards) => shards[shard as usize].files.contains(file.0),
            Self::Few(files) => files.binary_search(&(shard, file)).is_ok(),
        }
    }

    /// Whether what a posting speaks of is in a file that is let in and shown, as far as it can be told at
    /// little cost; of packages and of few files nobody need know.
    pub(super) fn may_admit(&self, shard: u32, place: u32) -> bool {
        match self {
            Self::Most(most) => most.may_admit(shard, place),
            Self::Some(shards) => shards[shard as usize].may_admit(place),
            Self::All | Self::Few(_) => true,
        }
    }
}

impl Admitted {
    fn may_admit(&self, place: u32) -> bool {
        self.symbols.contains(place) || place >= self.symbol_count
    }
}

impl Most<'_> {
    fn admits(&self, shard: u32, file: FileId) -> bool {
        match self.shards() {
            Some(shards) => shards[shard as usize].files.contains(file.0),
            None => {
                let shard = &self.view.shards()[shard as usize];
                let file = shard.shard().file(file).filter(|file| shard.is_visible(file.id()));
                file.is_some_and(|file| self.filters.iter().all(|filter| filter.admits(file)))
            }
        }
    }

    fn may_admit(&self, shard: u32, place: u32) -> bool {
        match self.shards() {
            Some(shards) => shards[shard as usize].may_admit(place),
            None => {
                let symbols = self.view.shards()[shard as usize].shard();
                let is_package = place >= symbols.symbol_count();
                is_package || self.admits(shard, symbols.file_of(SymbolId(place)).id())
            }
        }
    }

    /// What is let in of all shards, if it is known by now. To be asked before each look at a file.
    fn shards(&self) -> Option<&[Admitted]> {
        if self.shards.get().is_none()
            && let Some(looks) = self.looks.get().checked_sub(1)
        {
            self.looks.set(looks);
            return None;
        }
        let find = || admitted(self.view, all_admitted_files(self.view, self.filters));
        Some(self.shards.get_or_init(find))
    }
}

/// Whether at least half of some files, from all parts of the view, are let in.
fn lets_in_most(view: &SymbolView, filters: &[FileFilter]) -> bool {
    let let_in = (0..FILES_SAMPLED).filter(|at| {
        let part = |count: usize| at * count / FILES_SAMPLED;
        let shard = view.shards().get(part(view.shards().len()));
        let file = shard.and_then(|it| {
            let files = it.shard().file_count() as usize;
            it.shard().file(FileId(part(files) as u32))
        });
        file.is_some_and(|file| filters.iter().all(|filter| filter.admits(file)))
    });
    let_in.count() >= FILES_SAMPLED / 2
}

/// Files of a shard with their symbols.
struct Files {
    files: BitSet,
    symbols: Vec<Range<u32>>,
}

fn all_admitted_files(view: &SymbolView, filters: &[FileFilter]) -> Vec<Files> {
    let files = view.shards().par_iter().map(|shard| {
        let files = admitted_files(shard, filters);
        let symbols = files.ranges().map(|files| shard.shard().symbols_of(files)).collect();
        Files { files, symbols }
    });
    files.collect()
}

fn admitted(view: &SymbolView, files: Vec<Files>) -> Vec<Admitted> {
    let shards = view.shards().iter().zip(files);
    let admitted = shards.map(|(shard, Files { files, symbols: ranges })| {
        let symbol_count = shard.shard().symbol_count();
        let mut symbols = BitSet::new(symbol_count);
        ranges.into_iter().for_each(|range| symbols.insert(range));
        Admitted { files, symbols, symbol_count }
    });
    admitted.collect()
}

/// The files of a shard that the view shows and all filters let in.
fn admitted_files(shard: &ViewShard, filters: &[FileFilter]) -> BitSet {
    let mut files = BitSet::new(shard.shard().file_count());
    if shard.hides_any() {
        shard.visible_files().for_each(|file| files.insert(file.id().0..file.id().0 + 1));
    } else {
        files.insert(0..shard.shard().file_count());
    }
    filters.iter().for_each(|filter| filter.restrict(shard.shard(), &mut files));
    files
}
