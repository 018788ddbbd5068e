//! Answers queries, and never with a line that is wrong by now.
//!
//! The files of the hits are compared with the disk before anyone sees them. What changed is scanned
//! and the query runs once more; what could not be settled in time is left out, and counted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use nova_index::{
    Cancelled, FileRef, Hit, OpenShardError, Query, Score, SearchOptions, SearchResult, Shard,
    ShardId, ShardIdentity, Stamp, SymbolView, Total, ViewSymbol, search,
};
use nova_protocol::message::{SourceRoot, UpdateFile};
use nova_protocol::path;
use nova_worker::disk;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::folder;
use crate::plan;
use crate::pool::UpdateError;
use crate::report::Symbol;
use crate::source_root;
use crate::workspace::{Coverage, StartPoolError, Workspace};

/// The best symbols for a query.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The symbols with their scores, the best first.
    pub hits: Vec<(Symbol, Score)>,
    /// How many symbols match in all.
    pub total: Total,
    /// Whether there are more than were asked for.
    pub cut: bool,
    /// The view that the query ran on.
    pub revision: u64,
    /// How much of the workspace that view shows.
    pub coverage: Coverage,
    /// Files whose hits were left out: they changed, and could not be scanned in time.
    pub pending: usize,
}

/// A file by the identity of its source root and its path below that.
type FileKey = (Vec<u8>, Vec<u8>);

/// A file that changed since its row was made.
struct Changed {
    shard: ShardId,
    identity: ShardIdentity,
    is_gone: bool,
}

/// What to look for, and how.
#[derive(Debug, Clone)]
pub struct SearchRequest {
    /// What is looked for.
    pub query: Query,
    /// How many hits are wanted.
    pub limit: usize,
    /// The file that the asker has before them: what is in it or beside it comes before its equals.
    pub near: Option<PathBuf>,
    /// How long the files of the hits may take to be verified.
    pub verify_timeout: Duration,
    /// Triggered when nobody waits any more, for one when the next key was pressed.
    pub cancel: CancellationToken,
}

/// Without a query, files that were changed since then come first.
const RECENT: Duration = Duration::from_secs(24 * 60 * 60);

impl Workspace {
    /// The best symbols for a query, each verified to be where it is said to be. Takes little longer than
    /// the request's time-out.
    pub async fn search(&self, request: &SearchRequest) -> Result<Answer, Cancelled> {
        self.search_in(&|| self.view(), request).await
    }

    /// Searches in what is seen of the workspace: `look` gives the view as it is now.
    pub(crate) async fn search_in(
        &self,
        look: &(dyn Fn() -> Arc<SymbolView> + Sync),
        request: &SearchRequest,
    ) -> Result<Answer, Cancelled> {
        let deadline = Instant::now() + request.verify_timeout;
        let mut view = look();
        let mut result = self.run_query(&view, request)?;
        let mut changed = self.changed(&result.hits);
        if !changed.is_empty() {
            self.update(&changed, deadline).await;
            drop(result);
            view = look();
            result = self.run_query(&view, request)?;
            changed = self.changed(&result.hits);
        }
        let settled = result.hits.iter().filter(|hit| !changed.contains_key(&key(hit)));
        Ok(Answer {
            hits: settled.map(|hit| (self.symbol(hit.symbol), hit.score)).collect(),
            total: result.total,
            cut: result.cut,
            revision: view.revision().0,
            coverage: self.coverage(),
            pending: changed.len(),
        })
    }

    fn run_query<'v>(
        &self,
        view: &'v SymbolView,
        request: &SearchRequest,
    ) -> Result<SearchResult<'v>, Cancelled> {
        let near = request.near.as_deref().and_then(|path| self.place_of(view, path));
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let recent_from = now.saturating_sub(RECENT).as_nanos();
        let options = SearchOptions {
            limit: request.limit,
            near: near.as_ref().map(|(root, path)| (root.as_slice(), path.as_slice())),
            recent_from_ns: i64::try_from(recent_from).ok(),
        };
        search(view, &request.query, &options, &|| request.cancel.is_cancelled())
    }

    /// The root that a file lies in, as the view names it, and its path below that.
    fn place_of(&self, view: &SymbolView, path: &Path) -> Option<FileKey> {
        let path = path::to_bytes(path);
        let base = self.base();
        let roots = view.shards().iter().flat_map(|shard| shard.shard().roots());
        let below = roots.filter_map(|root| {
            let below = folder::below(&path, &source_root::path(root.identity, &base))?.to_vec();
            Some((root.identity.to_vec(), below))
        });
        below.min_by_key(|(_, below)| below.len())
    }

    /// A symbol of the view, spelled out.
    pub fn symbol(&self, symbol: ViewSymbol<'_>) -> Symbol {
        Symbol {
            name: symbol.name().to_owned(),
            kind: symbol.kind(),
            container: symbol.container(),
            package: symbol.package().to_owned(),
            file: self.path_of(symbol.file()),
            line: symbol.line(),
            character: symbol.character(),
            signature: symbol.signature(),
            modifiers: symbol.modifiers(),
            local: symbol.local(),
        }
    }

    /// Of the files of some hits, those that are not on the disk as they were indexed.
    fn changed(&self, hits: &[Hit<'_>]) -> BTreeMap<FileKey, Changed> {
        let files: BTreeMap<FileKey, FileRef<'_>> =
            hits.iter().map(|hit| (key(hit), hit.symbol.file())).collect();
        let changed = files.into_iter().filter_map(|(key, file)| {
            let now = self.stamp_now(file);
            let is_changed = now != Some(file.stamp());
            let (shard, identity) = (file.shard().id(), file.shard().identity());
            is_changed.then_some((key, Changed { shard, identity, is_gone: now.is_none() }))
        });
        changed.collect()
    }

    /// What `stat` says of a file, `None` if it is gone. A file in an archive is as it was for as long
    /// as the archive is.
    fn stamp_now(&self, file: FileRef<'_>) -> Option<Stamp> {
        let path = self.path_of(file);
        match self.archive_of(&path) {
            None => stat(&path),
            Some((archive, listed)) => {
                let now = stat(archive.strip_suffix(b"!").unwrap_or(&archive))?;
                Some(if now == listed { file.stamp() } else { Stamp::default() })
            }
        }
    }

    /// The archive that a path leads into, as a folder, with what `stat` said when it was listed.
    fn archive_of(&self, path: &[u8]) -> Option<(Vec<u8>, Stamp)> {
        let archives = self.archives();
        let archive = archives.iter().find(|(archive, _)| folder::below(path, archive).is_some());
        archive.map(|(archive, listed)| (archive.clone(), *listed))
    }

    /// Has changed files scanned and published, as many as the deadline allows.
    async fn update(&self, changed: &BTreeMap<FileKey, Changed>, deadline: Instant) {
        for ((root, path), changed) in changed {
            if changed.is_gone {
                self.published.supersede(root, path, None);
                continue;
            }
            match timeout_at(deadline, self.scan_file(root, path, changed)).await {
                Ok(Ok(delta)) => {
                    let delta = (delta.file_count() > 0).then(|| Arc::new(delta));
                    self.published.supersede(root, path, delta);
                }
                Ok(Err(error)) => tracing::warn!("{}: {error}", String::from_utf8_lossy(path)),
                Err(_) => return,
            }
        }
    }

    async fn scan_file(
        &self,
        root: &[u8],
        path: &[u8],
        changed: &Changed,
    ) -> Result<Shard, ScanFileError> {
        let folder = source_root::path(root, &self.base());
        let archive = self.archive_of(&folder).map(|(archive, _)| archive);
        let request = UpdateFile {
            shard: changed.shard.0,
            identity: changed.identity.0,
            root: SourceRoot {
                identity: Bytes::copy_from_slice(root),
                location: plan::location(&folder, archive.as_deref()),
            },
            path: Bytes::copy_from_slice(path),
            version: 0,
            text: None,
            file_bytes_max: self.options.file_bytes_max,
        };
        let updated = self.pool().await?.update_file(request).await?;
        Ok(Shard::from_bytes(updated.index, &changed.identity)?)
    }
}

#[derive(Debug, thiserror::Error)]
enum ScanFileError {
    #[error(transparent)]
    Pool(#[from] StartPoolError),
    #[error(transparent)]
    Update(#[from] UpdateError),
    #[error("a worker answered with an index that cannot be used: {0}")]
    Index(#[from] OpenShardError),
}

fn key(hit: &Hit<'_>) -> FileKey {
    let file = hit.symbol.file();
    (file.root_identity().to_vec(), file.path().to_vec())
}

fn stat(path: &[u8]) -> Option<Stamp> {
    std::fs::symlink_metadata(path::from_bytes(path)).ok().map(|metadata| disk::stamp(&metadata))
}
