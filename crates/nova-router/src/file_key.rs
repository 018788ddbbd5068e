//! What tells a file from all others of a workspace, whichever shard it is in.

use nova_index::FileRef;

/// The identity of a file's source root, and the file's path below it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct FileKey {
    pub(crate) root: Vec<u8>,
    pub(crate) path: Vec<u8>,
}

impl FileKey {
    pub(crate) fn of(file: FileRef<'_>) -> Self {
        Self { root: file.root_identity().to_vec(), path: file.path() }
    }
}
