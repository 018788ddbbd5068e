//! Keeps an open workspace in line with the disk for as long as it is open: takes in what changes, and
//! folds it into the shards when it is quiet.
//!
//! ```text
//!  the system ─▶ watch ─▶ few files, known or beside known ones ─▶ each looked at ─▶ deltas ─ quiet ─▶ fold
//!                    └──▶ anything else ─▶ survey of the tree ─▶ shards
//!                                ▲ begun anew ──┘ when changes overtake it
//! ```

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use nova_protocol::path;
use nova_worker::disk;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::home::{Home, Homes, SCRATCH};
use crate::reconcile::ReconcileError;
use crate::report::{FailedShard, IndexReport};
use crate::walk::{self, is_java};
use crate::watch::{Changes, Watch, WatchMode};
use crate::workspace::{StartPoolError, Workspace};

/// What changed is folded into the shards when nothing has changed for so long.
const FOLD_AFTER: Duration = Duration::from_secs(2);
/// What could not be folded is tried again after so long.
const FOLD_RETRY: Duration = Duration::from_secs(30);
/// What could not be taken in is looked at again after so long, whether anything changes or not; and after twice as
/// long each further time.
const LOOK_RETRY: Duration = Duration::from_secs(2);
/// But no longer than this.
const LOOK_RETRY_MAX: Duration = Duration::from_secs(300);
/// With more deltas queries take longer: they are folded while changes go on.
const UNFOLDED_MAX: usize = 512;
/// More files than these are cheaper to read shard by shard.
const REFRESHED_SINGLY_MAX: usize = 64;
/// More paths than these cost more to look at than the tree.
const TOLD_SINGLY_MAX: usize = 4096;
/// A tree that does not keep still is looked at to the end all the same, after so many attempts.
const OVERTAKEN_MAX: u32 = 3;
/// Rounds of surveying and watching, in case folders appear meanwhile.
const WATCH_ROUNDS_MAX: u32 = 8;
/// Where nobody tells of changes, so much of the time is spent on looking for them, at most.
const SURVEY_PART: u32 = 20;

/// What became of changes that were taken in file by file.
#[derive(Debug, Default)]
pub(crate) struct TakenIn {
    /// The files (absolute paths) that the view shows as they are.
    pub(crate) refreshed: Vec<Vec<u8>>,
    /// What could not be looked at again.
    pub(crate) failed: Vec<FailedShard>,
}

impl Workspace {
    /// Has the system tell of changes from now on, so that catching up costs no survey.
    pub async fn watch(&self) -> Result<(), StartPoolError> {
        let folder = self.pool().await?.run_folder();
        self.watch.get_or_init(|| Watch::start(folder));
        Ok(())
    }

    /// How changes come to be known; `None` if nobody watches.
    pub fn watch_mode(&self) -> Option<WatchMode> {
        self.watch.get().map(Watch::mode)
    }

    /// Takes in what changes until it is cancelled. Watches must be set up before.
    pub async fn tend(self: &Arc<Self>, cancel: &CancellationToken) {
        let Some(watch) = self.watch.get() else { return };
        let mut quiet_since = Instant::now();
        let (mut look_at, mut look_after) = (None, LOOK_RETRY);
        loop {
            let fold_at = (self.unfolded_files() > 0).then(|| quiet_since + FOLD_AFTER);
            let is_time_to_look = async {
                tokio::select! {
                    () = watch.changed() => {}
                    () = time(look_at) => {}
                }
            };
            tokio::select! {
                () = cancel.cancelled() => return,
                () = is_time_to_look => {
                    let started = Instant::now();
                    let is_all_in = match self.take_in_changes(cancel).await {
                        Ok(is_all_in) => is_all_in,
                        Err(ReconcileError::Cancelled) => return,
                        Err(error) => {
                            tracing::warn!("what changed could not be taken in: {error}");
                            false
                        }
                    };
                    quiet_since = Instant::now();
                    look_at = (!is_all_in).then(|| quiet_since + look_after);
                    look_after = match is_all_in {
                        true => LOOK_RETRY,
                        false => LOOK_RETRY_MAX.min(2 * look_after),
                    };
                    if matches!(watch.mode(), WatchMode::Polling { .. }) {
                        let pause = sleep_until(quiet_since + started.elapsed() * SURVEY_PART);
                        cancel.run_until_cancelled(pause).await;
                    }
                    if self.unfolded_files() > UNFOLDED_MAX {
                        self.fold_now().await;
                    }
                }
                () = time(fold_at) => {
                    let is_folded = self.fold_now().await;
                    quiet_since = Instant::now() + if is_folded { Duration::ZERO } else { FOLD_RETRY };
                }
            }
        }
    }

    /// Whether there is nothing left to fold.
    async fn fold_now(self: &Arc<Self>) -> bool {
        match self.fold().await {
            Ok(files) => tracing::debug!("folded {files} changed files into their shards"),
            Err(error) => tracing::warn!("changes are not folded into the shards: {error}"),
        }
        self.unfolded_files() == 0
    }

    /// Surveys the tree and has all of it watched; what happened between the two is looked at as well.
    pub(crate) async fn survey(
        self: &Arc<Self>,
        cancel: &CancellationToken,
    ) -> Result<IndexReport, ReconcileError> {
        let Some(watch) = self.watch.get() else { return self.reconcile(cancel).await };
        let mut report = self.reconcile_newest(watch, cancel).await?;
        for _ in 0..WATCH_ROUNDS_MAX {
            let (folders, archives) = self.surveyed_places();
            if watch.set_folders(folders, archives).await.is_empty() {
                break;
            }
            let again = self.reconcile(cancel).await?;
            let rescanned_files = report.rescanned_files + again.rescanned_files;
            report = IndexReport { rescanned_files, ..again };
        }
        Ok(report)
    }

    /// An index run that is begun anew when so much changes meanwhile, as at a checkout of another branch, that
    /// another one would have to follow. What it has built by then is kept.
    async fn reconcile_newest(
        self: &Arc<Self>,
        watch: &Watch,
        cancel: &CancellationToken,
    ) -> Result<IndexReport, ReconcileError> {
        for _ in 0..OVERTAKEN_MAX {
            // The run looks at the tree after this, and so at all that they tell of.
            drop(watch.take());
            let run = cancel.child_token();
            tokio::select! {
                biased;
                report = self.reconcile(&run) => return report,
                () = watch.overtaken(REFRESHED_SINGLY_MAX) => run.cancel(),
            }
            watch.settled().await;
        }
        self.reconcile(cancel).await
    }

    /// Takes in these changes file by file; `None` if they need a survey.
    pub(crate) async fn take_in(
        self: &Arc<Self>,
        changes: Changes,
    ) -> Result<Option<TakenIn>, ReconcileError> {
        if !changes.is_complete || changes.paths.len() > TOLD_SINGLY_MAX {
            return Ok(None);
        }
        let (workspace, homes) = (Arc::clone(self), self.homes());
        let revision = homes.revision();
        let known = spawn_blocking(move || workspace.changed_files(&homes, &changes.paths)).await?;
        let Some(changed) = known else { return Ok(None) };
        let mut taken_in = TakenIn::default();
        for (path, home) in changed {
            match self.refresh_file(&home.key, home.place, revision).await {
                Ok(()) => taken_in.refreshed.push(path),
                Err(error) => {
                    let reason = format!("{}: {error}", String::from_utf8_lossy(&path));
                    taken_in.failed.push(FailedShard { shard: home.place.shard, reason });
                }
            }
        }
        Ok(Some(taken_in))
    }

    /// The files among these paths that are not on the disk as the view has them. `None` if there may be
    /// others, or too many.
    fn changed_files(
        &self,
        homes: &Homes,
        paths: &BTreeSet<Vec<u8>>,
    ) -> Option<Vec<(Vec<u8>, Home)>> {
        let mut known = Vec::new();
        let mut new = BTreeMap::<PathBuf, HashSet<OsString>>::new();
        for path in paths {
            let home = homes.of(path);
            if let Some(file) = homes.file(path).filter(|_| home.place != SCRATCH) {
                if path::from_bytes(path).is_dir() {
                    return None;
                }
                // Written twice within a tick of the clock, it may have the stamp that it had.
                let is_settled = disk::is_settled(file.stamp(), file.shard().scanned_at_ns());
                if !is_settled || self.stamp_now(path, file.stamp()) != Some(file.stamp()) {
                    known.push((path.clone(), home));
                }
            } else if is_java_file(path) && homes.beside_known(path).is_some() {
                let path = path::from_bytes(path);
                let (folder, name) = path.parent().zip(path.file_name())?;
                new.entry(folder.to_owned()).or_default().insert(name.to_owned());
            } else if !self.is_no_matter(path, homes) {
                return None;
            }
            if known.len() > REFRESHED_SINGLY_MAX {
                return None;
            }
        }
        for (folder, names) in new {
            let heed_ignore_files = self.options.heed_ignore_files && !self.is_included(&folder);
            let found = walk::found_in(&folder, names, heed_ignore_files).ok()?;
            for name in found {
                let path = path::to_bytes(&folder.join(name)).into_owned();
                let home = homes.beside_known(&path)?;
                known.push((path, home));
            }
        }
        (known.len() <= REFRESHED_SINGLY_MAX).then_some(known)
    }

    /// Whether rules do not count in a folder that a walk enters.
    fn is_included(&self, folder: &Path) -> bool {
        let mut below = self.roots().iter().filter_map(|root| folder.strip_prefix(&root.real).ok());
        below.any(|below| self.options.included.has(below))
    }

    /// Whether a path that no view knows means nothing: it decides about no file, and is no file or folder
    /// of Java; or it is gone, and nothing was below it.
    fn is_no_matter(&self, path: &[u8], homes: &Homes) -> bool {
        let archives = self.roots().iter().filter(|root| root.is_archive);
        let is_archive = archives.map(|root| path::to_bytes(&root.real)).any(|it| *it == *path);
        if path.ends_with(b"ignore") || path.ends_with(b"info/exclude") || is_archive {
            return false;
        }
        match std::fs::symlink_metadata(path::from_bytes(path)) {
            Ok(metadata) => !metadata.is_dir() && !is_java(path),
            Err(_) => !homes.has_below(path),
        }
    }
}

fn is_java_file(path: &[u8]) -> bool {
    is_java(path) && std::fs::symlink_metadata(path::from_bytes(path)).is_ok_and(|it| it.is_file())
}

/// Waits until then; for ever if there is no such time.
async fn time(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
