//! Which files a query lets in, remembered as far as it pays.

use crate::query::FileFilter;
use crate::shard::{FileRef, Shard};

/// The files that some filters let in.
pub(super) struct Admission<'q> {
    filters: &'q [FileFilter],
    /// What is known of each shard of the view.
    shards: Vec<Option<Extent>>,
    /// What was said of the last file.
    last: Option<(u32, u32, bool)>,
}

/// How many files of a shard are let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    None,
    Some,
}

impl<'q> Admission<'q> {
    /// For a view with so many shards.
    pub(super) fn new(filters: &'q [FileFilter], shards: usize) -> Self {
        let shards = if filters.is_empty() { 0 } else { shards };
        Self { filters, shards: vec![None; shards], last: None }
    }

    /// Whether a file of a shard is let in. The file is looked at only if need be.
    pub(super) fn admits<'v>(&mut self, index: u32, file: impl Fn() -> FileRef<'v>) -> bool {
        if self.filters.is_empty() {
            return true;
        }
        let known = &mut self.shards[index as usize];
        let filters = self.filters;
        let extent = *known.get_or_insert_with(|| extent(filters, file().shard()));
        if extent == Extent::None {
            return false;
        }
        let file = file();
        let id = file.id().0;
        match self.last {
            Some((last_index, last_id, admitted)) if (last_index, last_id) == (index, id) => {
                admitted
            }
            _ => {
                let admitted = filters.iter().all(|filter| filter.admits(file));
                self.last = Some((index, id, admitted));
                admitted
            }
        }
    }
}

fn extent(filters: &[FileFilter], shard: &Shard) -> Extent {
    let mut of_roots = filters.iter().filter(|filter| filter.is_about_roots());
    let is_admitted =
        |filter: &FileFilter| shard.roots().any(|it| filter.admits_root(shard, it.identity));
    if of_roots.all(is_admitted) { Extent::Some } else { Extent::None }
}
