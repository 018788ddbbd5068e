//! One file of the disk, looked at again: what it holds now takes the place of what is known of it.

use std::sync::Arc;

use bytes::Bytes;
use nova_index::{OpenShardError, Revision, Shard, ShardId, ShardIdentity, Stamp};
use nova_protocol::inspection::{InspectFile, Inspected, Inspection};
use nova_protocol::message::{SourceRoot, UpdateFile};
use nova_protocol::path;
use nova_worker::disk;

use crate::file_key::FileKey;
use crate::folder;
use crate::plan;
use crate::pool::{InspectError, UpdateError};
use crate::published::Delta;
use crate::scope;
use crate::source_root;
use crate::workspace::{StartPoolError, Workspace};

/// The shard that a file belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) shard: ShardId,
    pub(crate) identity: ShardIdentity,
}

/// Unsaved text of a file.
#[derive(Debug, Clone)]
pub(crate) struct Unsaved {
    /// Whose text it is.
    pub(crate) session: u64,
    pub(crate) version: u64,
    pub(crate) text: Bytes,
}

/// Why a file could not be scanned.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScanFileError {
    /// There are no workers.
    #[error(transparent)]
    Pool(#[from] StartPoolError),
    /// The worker could not do it.
    #[error(transparent)]
    Update(#[from] UpdateError),
    /// What it answered is no shard index.
    #[error("a worker answered with an index that cannot be used: {0}")]
    Index(#[from] OpenShardError),
}

impl Place {
    pub(crate) fn of(shard: &Shard) -> Self {
        Self { shard: shard.id(), identity: shard.identity() }
    }
}

impl Workspace {
    /// Publishes what a file holds now that was called so in a view of that revision, or that it is gone. What
    /// cannot be scanned stays as it is known, and a query leaves its hits out.
    pub(crate) async fn refresh_file(
        &self,
        key: &FileKey,
        place: Place,
        called_so_at: Revision,
    ) -> Result<(), ScanFileError> {
        let order = self.published.next_order();
        let is_gone = self.stamp_now(&self.file_path(key), Stamp::default()).is_none();
        let index = if is_gone { None } else { self.scan_file(key, place, None).await? };
        self.published.supersede(key, called_so_at, Delta { order, index });
        Ok(())
    }

    /// Has a worker answer a question about a file: about this text, or about what is on the disk.
    pub(crate) async fn inspect_file(
        &self,
        key: &FileKey,
        place: Place,
        text: Option<Bytes>,
        inspection: Inspection,
    ) -> Result<Inspected, InspectError> {
        let request = InspectFile {
            shard: place.shard.0,
            root: self.root_on_wire(&key.root),
            path: Bytes::copy_from_slice(&key.path),
            text,
            file_bytes_max: self.options.file_bytes_max,
            inspection,
        };
        let pool = self.pool().await.map_err(|it| InspectError::NoWorker(it.to_string()))?;
        pool.inspect(request).await
    }

    /// Has a worker scan one file, as it is on the disk or as someone has it open. Without an index the
    /// file is gone.
    pub(crate) async fn scan_file(
        &self,
        key: &FileKey,
        place: Place,
        unsaved: Option<Unsaved>,
    ) -> Result<Option<Arc<Shard>>, ScanFileError> {
        let (session, version, text) = match unsaved {
            Some(Unsaved { session, version, text }) => (session, version, Some(text)),
            None => (0, 0, None),
        };
        let request = UpdateFile {
            shard: place.shard.0,
            identity: place.identity.0,
            root: self.root_on_wire(&key.root),
            path: Bytes::copy_from_slice(&key.path),
            session,
            version,
            text,
            stamp: None,
            file_bytes_max: self.options.file_bytes_max,
        };
        let updated = self.pool().await?.update_file(request).await?;
        let index = Shard::from_bytes(updated.index, &place.identity)?;
        Ok((index.file_count() > 0).then(|| Arc::new(index)))
    }

    /// Where a source root is, for a worker.
    fn root_on_wire(&self, root: &[u8]) -> SourceRoot {
        let folder = source_root::path(root, &self.base());
        SourceRoot {
            identity: Bytes::copy_from_slice(root),
            location: plan::location(&folder, scope::archive_of(&folder)),
        }
    }

    /// The absolute path of a file.
    pub(crate) fn file_path(&self, key: &FileKey) -> Vec<u8> {
        folder::join(&source_root::path(&key.root, &self.base()), &key.path)
    }

    /// What `stat` says of a file (absolute path), `None` if it is gone. What is in an archive has the
    /// stamp that the archive's directory gave it, for as long as the archive is as it was.
    pub(crate) fn stamp_now(&self, path: &[u8], known: Stamp) -> Option<Stamp> {
        match self.archive_of(path) {
            None => stat(path),
            Some((archive, listed)) => {
                let now = stat(archive.strip_suffix(b"!").unwrap_or(archive))?;
                Some(if now == listed { known } else { Stamp::default() })
            }
        }
    }

    /// The archive that a path leads into, as a folder, and what `stat` said when it was listed.
    fn archive_of<'p>(&self, path: &'p [u8]) -> Option<(&'p [u8], Stamp)> {
        let archive = scope::archive_of(path)?;
        Some((archive, *self.archives().get(archive)?))
    }
}

/// What is no regular file is none to us: a link is not followed, and a folder has files of its own.
fn stat(path: &[u8]) -> Option<Stamp> {
    let metadata = std::fs::symlink_metadata(path::from_bytes(path)).ok();
    metadata.filter(|it| it.is_file()).map(|metadata| disk::stamp(&metadata))
}
