//! Which files a query lets in.

use rayon::prelude::*;

use crate::bits::BitSet;
use crate::id::{FileId, SymbolId};
use crate::query::FileFilter;
use crate::view::{SymbolView, ViewShard};

/// So many symbols, or this part of all, are searched one by one rather than by their names.
const FEW_SYMBOLS_MAX: usize = 1024;
const FEW_SYMBOLS_PART: usize = 1024;

/// The files that the filters of a query let in, found out once for all of its readings.
pub(super) enum Admission {
    /// There are no filters.
    All,
    /// By shard of the view.
    Some(Vec<Admitted>),
    /// So few that they need no dictionary; in the order of the shards.
    Few(Vec<(u32, FileId)>),
}

/// What is let in of a shard, and shown.
pub(super) struct Admitted {
    files: BitSet,
    /// The symbols of these files, to be told without looking for their file.
    symbols: BitSet,
}

impl Admission {
    pub(super) fn new(view: &SymbolView, filters: &[FileFilter]) -> Self {
        if filters.is_empty() {
            return Self::All;
        }
        let shards = view.shards();
        let files: Vec<BitSet> =
            shards.par_iter().map(|shard| admitted_files(shard, filters)).collect();
        let symbols = shards.iter().zip(&files).map(|(shard, files)| symbol_count(shard, files));
        let all: usize = shards.iter().map(|it| it.shard().symbol_count() as usize).sum();
        let few = FEW_SYMBOLS_MAX.max(all / FEW_SYMBOLS_PART);
        let mut total = 0;
        for symbols in symbols {
            total += symbols;
            if total > few {
                let admitted = shards
                    .par_iter()
                    .zip(files)
                    .map(|(shard, files)| Admitted { symbols: symbols_of(shard, &files), files });
                return Self::Some(admitted.collect());
            }
        }
        let few = (0..).zip(&files).flat_map(|(index, files)| {
            files.ranges().flatten().map(move |file| (index, FileId(file)))
        });
        Self::Few(few.collect())
    }

    /// Whether a file of a shard is let in, of those that the view shows.
    pub(super) fn admits(&self, shard: u32, file: FileId) -> bool {
        match self {
            Self::All => true,
            Self::Some(shards) => shards[shard as usize].files.contains(file.0),
            Self::Few(files) => files.binary_search(&(shard, file)).is_ok(),
        }
    }

    /// Whether the file of a symbol is let in, if that can be told at little cost.
    pub(super) fn may_admit(&self, shard: u32, symbol: SymbolId) -> bool {
        match self {
            Self::Some(shards) => shards[shard as usize].symbols.contains(symbol.0),
            Self::All | Self::Few(_) => true,
        }
    }
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

fn symbol_count(shard: &ViewShard, files: &BitSet) -> usize {
    files.ranges().map(|files| shard.shard().symbols_of(files).len()).sum()
}

fn symbols_of(shard: &ViewShard, files: &BitSet) -> BitSet {
    let mut symbols = BitSet::new(shard.shard().symbol_count());
    files.ranges().for_each(|files| symbols.insert(shard.shard().symbols_of(files)));
    symbols
}
