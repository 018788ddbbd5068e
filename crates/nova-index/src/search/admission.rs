//! Which files a query lets in.

use rayon::prelude::*;

use crate::id::FileId;
use crate::query::FileFilter;
use crate::view::{FileSet, SymbolView, ViewShard};

/// So many symbols are searched one by one rather than by their names.
const FEW_SYMBOLS_MAX: usize = 1 << 14;

/// The files that the filters of a query let in, found out once for all of its readings.
pub(super) enum Admission {
    /// There are no filters.
    All,
    /// By shard of the view.
    Some(Vec<FileSet>),
    /// So few that they need no dictionary; in the order of the shards.
    Few(Vec<(u32, FileId)>),
}

impl Admission {
    pub(super) fn new(view: &SymbolView, filters: &[FileFilter]) -> Self {
        if filters.is_empty() {
            return Self::All;
        }
        let shards = view.shards();
        let admitted: Vec<FileSet> =
            shards.par_iter().map(|shard| admitted(shard, filters)).collect();
        let files = || {
            let shards = (0..).zip(shards.iter().zip(&admitted));
            shards.flat_map(|(index, (shard, set))| {
                shard.visible_files().filter(|it| set.contains(it.id())).map(move |it| (index, it))
            })
        };
        let mut symbols = 0;
        let is_few = files().all(|(_, file)| {
            symbols += file.symbols().len();
            symbols <= FEW_SYMBOLS_MAX
        });
        if is_few {
            Self::Few(files().map(|(index, file)| (index, file.id())).collect())
        } else {
            Self::Some(admitted)
        }
    }

    /// Whether a file of a shard is let in.
    pub(super) fn admits(&self, shard: u32, file: FileId) -> bool {
        match self {
            Self::All => true,
            Self::Some(shards) => shards[shard as usize].contains(file),
            Self::Few(files) => files.binary_search(&(shard, file)).is_ok(),
        }
    }
}

/// The files of a shard that all filters let in.
fn admitted(shard: &ViewShard, filters: &[FileFilter]) -> FileSet {
    let shard = shard.shard();
    let mut conditions: Vec<_> = filters.iter().map(|filter| filter.on(shard)).collect();
    let mut set = FileSet::default();
    for file in shard.files() {
        if conditions.iter_mut().all(|condition| condition.admits(file)) {
            set.insert(file.id());
        }
    }
    set
}
