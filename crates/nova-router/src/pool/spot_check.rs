//! Has a worker on this disk scan a few files of an index that came from elsewhere: that an index is right can
//! only be sampled, and whoever sends a wrong one does not know which.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use nova_index::{Root, Shard, ShardBuilder, ShardId, ShardIdentity, Stamp};
use nova_protocol::message::{IndexShard, Request, Response, SourceFile, SourceRoot, UpdateFile};
use tokio::task::spawn_blocking;

use super::Shared;
use super::worker::Worker;

/// Files of a shard that are scanned once more.
const FILES_CHECKED_MAX: usize = 2;

/// A file of an index is not what its text says.
#[derive(Debug, thiserror::Error)]
#[error("the symbols of {0} in its index are not those of the file")]
pub(super) struct Caught(String);

impl Shared {
    /// Compares some files of an index. A file that has changed, and one that cannot be scanned here, says
    /// nothing; nor does anything where the router has no workers of its own.
    pub(super) async fn spot_check(
        self: &Arc<Self>,
        request: &IndexShard,
        index: &Path,
    ) -> Result<(), Caught> {
        if self.options.count == 0 || request.files.is_empty() {
            return Ok(());
        }
        for _ in 0..FILES_CHECKED_MAX.min(request.files.len()) {
            let file = &request.files[rand::random_range(0..request.files.len())];
            let Some(here) = self.scan_here(request, file).await else { continue };
            let (index, identity) = (PathBuf::from(index), ShardIdentity(request.identity));
            let (root, path) = (here.root.identity.clone(), file.path.clone());
            let compare = move || {
                let there = Shard::open(&index, &identity).ok()?;
                let here = Shard::from_bytes(here.index, &identity).ok()?;
                let rows = |shard: &Shard| only(shard, &root, &path);
                let is_same_text = |a: &Shard, b: &Shard| {
                    let hash = |shard: &Shard| Some(shard.find_file(&root, &path)?.content_hash());
                    hash(a).is_some() && hash(a) == hash(b)
                };
                Some(!is_same_text(&there, &here) || rows(&there) == rows(&here))
            };
            if let Ok(Some(false)) = spawn_blocking(compare).await {
                return Err(Caught(String::from_utf8_lossy(&file.path).into_owned()));
            }
        }
        Ok(())
    }

    /// Has a file scanned by a worker on this disk.
    async fn scan_here(
        self: &Arc<Self>,
        request: &IndexShard,
        file: &SourceFile,
    ) -> Option<ScannedHere> {
        let root = request.roots.get(file.root as usize)?.clone();
        let update = UpdateFile {
            shard: request.shard,
            identity: request.identity,
            root: root.clone(),
            path: file.path.clone(),
            session: 0,
            version: 0,
            text: None,
            stamp: None,
            file_bytes_max: request.file_bytes_max,
        };
        let errand =
            self.errand(update.shard, &update.root.identity, Worker::shares_disk).await.ok()?;
        let bound = self.options.supervision.update_timeout;
        let update = Request::UpdateFile(update);
        let call = errand.worker.caller.call(&update, None);
        match self.watch(&errand.worker, call, bound, || 0).await {
            Ok(Response::UpdateFile(updated)) => Some(ScannedHere { root, index: updated.index }),
            _ => None,
        }
    }
}

struct ScannedHere {
    root: SourceRoot,
    index: bytes::Bytes,
}

/// An index of this file alone, to be compared: the same symbols make the same bytes.
fn only(shard: &Shard, root: &[u8], path: &[u8]) -> Option<Vec<u8>> {
    let file = shard.find_file(root, path)?;
    let roots = vec![Root { identity: root.to_vec(), archive_stamp: None }];
    let mut builder = ShardBuilder::new(ShardId(0), shard.identity(), 0, roots);
    builder.copy(shard, file.id(), Stamp::default()).ok()?;
    builder.finish().ok()
}
