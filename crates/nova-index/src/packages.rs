//! The packages of one shard, each with the files that can stand for it.

use crate::format::FileRow;
use crate::format::U24;
use crate::id::FileId;
use crate::shard::{FileRef, Shard};

/// Every package that a file of the shard belongs to.
pub(crate) struct PackageTable {
    /// Grouped by package; in each group the best representative first.
    files: Vec<FileId>,
    /// Where each group ends.
    ends: Vec<u32>,
}

impl PackageTable {
    pub(crate) fn new(shard: &Shard) -> Self {
        let package = |id: &FileId| shard.rows::<FileRow>()[id.0 as usize].package.get();
        let mut files: Vec<_> =
            shard.files().map(FileRef::id).filter(|id| package(id) != U24::NONE).collect();
        // The sort is stable, and files come in the order of their paths.
        files.sort_by_cached_key(|id| {
            (package(id), shard.file(*id).is_some_and(|file| !is_package_info(file)))
        });
        let mut end = 0;
        let ends = files
            .chunk_by(|a, b| package(a) == package(b))
            .map(|group| {
                end += group.len() as u32;
                end
            })
            .collect();
        Self { files, ends }
    }

    /// For each package the first of its files that is visible.
    pub(crate) fn representatives(
        &self,
        is_visible: impl Fn(FileId) -> bool,
    ) -> impl Iterator<Item = FileId> {
        let mut start = 0;
        self.ends.iter().filter_map(move |&end| {
            let group = &self.files[start..end as usize];
            start = end as usize;
            group.iter().copied().find(|&file| is_visible(file))
        })
    }
}

/// Whether the file is the one that documents and annotates its package.
pub(crate) fn is_package_info(file: FileRef<'_>) -> bool {
    file.file_name() == b"package-info.java"
}
