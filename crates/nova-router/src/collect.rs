//! What workers have built: checked, stored and, during a first index, shown as it comes.
//!
//! ```text
//!  outcome ─▶ opened, so it is a whole shard ─▶ its place in the cache ─▶ the view at the end of the run
//!                                                        └─ if nothing of it is shown yet ─▶ the view now
//! ```

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nova_index::{Shard, ShardId, ShardIdentity};
use tokio::sync::mpsc;
use tokio::task::{JoinError, spawn_blocking};

use crate::layout::Layout;
use crate::plan::ShardPlan;
use crate::pool::Outcome;
use crate::published::Part;
use crate::reconcile::ReconcileError;
use crate::report::FailedShard;
use crate::workspace::Workspace;

/// A view is made no more often, however small the shards are.
const SHOW_INTERVAL: Duration = Duration::from_millis(100);

/// What became of the plans.
#[derive(Default)]
pub(crate) struct Built {
    pub(crate) shards: BTreeMap<ShardId, Arc<Shard>>,
    pub(crate) failed: Vec<FailedShard>,
    pub(crate) rescanned_files: u64,
}

/// What a run shows before its end.
#[derive(Debug, Default)]
pub(crate) struct FirstSight {
    /// Whether it shows anything.
    is_open: AtomicBool,
}

/// Shards that are finished and not shown yet.
pub(crate) struct Unseen<'f> {
    sight: &'f FirstSight,
    shards: Vec<Arc<Shard>>,
    shown_at: Option<Instant>,
}

impl FirstSight {
    /// Opens it if no file can be seen twice by that: the roots are where the shards have them that are shown.
    pub(crate) fn open(&self, workspace: &Workspace, layout: &Layout, plans: &[ShardPlan]) {
        let is_open = match workspace.layout() {
            Some(shown) => *shown == *layout,
            None => {
                let is_first = plans.iter().all(|plan| plan.current.is_none());
                if is_first {
                    workspace.set_layout(layout.clone());
                    workspace.set_coverage(0, plans.len());
                }
                is_first
            }
        };
        self.is_open.store(is_open, Ordering::Relaxed);
    }

    /// Nothing is finished yet.
    pub(crate) fn unseen(&self) -> Unseen<'_> {
        Unseen { sight: self, shards: Vec::new(), shown_at: None }
    }
}

impl Unseen<'_> {
    /// A shard is finished: it is shown now, or with the next one, or by the view at the end of the run.
    pub(crate) async fn add(
        &mut self,
        shard: &Arc<Shard>,
        workspace: &Arc<Workspace>,
    ) -> Result<(), JoinError> {
        if !self.sight.is_open.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.shards.push(Arc::clone(shard));
        if self.shown_at.is_some_and(|at| at.elapsed() < SHOW_INTERVAL) {
            return Ok(());
        }
        self.shown_at = Some(Instant::now());
        let (shards, showing) = (std::mem::take(&mut self.shards), Arc::clone(workspace));
        spawn_blocking(move || showing.show_first(shards)).await?;
        workspace.sessions.all().iter().for_each(|session| session.place_anew());
        Ok(())
    }
}

impl Workspace {
    /// Checks and stores each shard as it is finished.
    pub(crate) async fn collect(
        self: &Arc<Self>,
        mut outcomes: mpsc::UnboundedReceiver<Outcome>,
        first_sight: &FirstSight,
    ) -> Result<Built, ReconcileError> {
        let mut built = Built::default();
        let mut unseen = first_sight.unseen();
        while let Some(Outcome { shard, identity, result }) = outcomes.recv().await {
            let published = match result {
                Err(reason) => Err(reason),
                Ok((file, indexed)) => {
                    built.rescanned_files += indexed.rescanned_files;
                    let workspace = Arc::clone(self);
                    spawn_blocking(move || workspace.publish(shard, identity, &file)).await?
                }
            };
            match published {
                Ok(opened) => {
                    let opened = Arc::new(opened);
                    unseen.add(&opened, self).await?;
                    built.shards.insert(shard, opened);
                }
                Err(reason) => {
                    tracing::warn!("shard {shard} is not up to date: {reason}");
                    built.failed.push(FailedShard { shard, reason });
                }
            }
        }
        Ok(built)
    }

    /// The file is mapped before it gets its name, so that it is this very one that is served, whoever
    /// replaces it.
    fn publish(
        &self,
        shard: ShardId,
        identity: ShardIdentity,
        file: &Path,
    ) -> Result<Shard, String> {
        let opened = Shard::open(file, &identity).map_err(|error| error.to_string())?;
        let lock = self.cache.lock().map_err(|error| error.to_string())?;
        self.cache.publish(file, shard, &lock).map_err(|error| error.to_string())?;
        Ok(opened)
    }

    fn show_first(&self, shards: Vec<Arc<Shard>>) {
        let base = self.base();
        let parts = shards.into_iter().map(|shard| self.part(shard, Vec::new(), &base));
        let shown = self.published.add(parts.filter(Part::shows_any).collect());
        let total = self.coverage().total;
        self.set_coverage(shown.min(total), total);
    }
}
