//! An index run: brings the shards into line with the tree and publishes the view of both.
//!
//! ```text
//! survey ─▶ source roots ─▶ layout ─▶ plan ─▶ assignment ─▶ workers ─▶ publish ─▶ view
//!    └──────── beside it: open the shards ────────┘
//! ```

use std::collections::HashSet;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Instant;

use nova_index::{Dictionary, FileId, FileRef, OpenShardError, Shard, ShardId};
use nova_protocol::frontend::Look;
use nova_protocol::message::IndexShard;
use nova_protocol::path;
use rayon::prelude::*;
use tokio::sync::mpsc;
use tokio::task::{JoinError, spawn_blocking};
use tokio_util::sync::CancellationToken;

use crate::assignment::{Assignment, Task, Trials};
use crate::cache::CacheError;
use crate::cache::collection::CacheCollection;
use crate::clauses;
use crate::collect::{Built, FirstSight};
use crate::file_key::FileKey;
use crate::folder::Folder;
use crate::home::Homes;
use crate::layout::{Layout, MeasuredRoot};
use crate::plan::{self, ShardPlan, Shards};
use crate::pool::Outcome;
use crate::published::{Order, Part};
use crate::report::{IndexReport, Skipped};
use crate::source_root::{self, SourceRoot};
use crate::tree;
use crate::walk::WalkOptions;
use crate::workspace::{StartPoolError, Workspace};

/// Why an index run came to nothing. What was published before still is.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// The cache folder cannot be used.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// No workers can be had.
    #[error(transparent)]
    Pool(#[from] StartPoolError),
    /// The caller cancelled it.
    #[error("interrupted")]
    Cancelled,
    /// A part of the run failed, which is a bug.
    #[error("the index run failed, which is a bug: {0}")]
    Panicked(#[from] JoinError),
}

/// Workers that a router starts, however many it is told to.
const WORKERS_MAX: usize = 256;

/// A run whose layout another run keeps changing ends with what it has after so many attempts.
const RUN_ATTEMPTS_MAX: u32 = 3;

/// What a run is going to do.
struct Planned {
    /// When it began to look at the tree.
    since: Order,
    layout: Layout,
    plans: Vec<ShardPlan>,
    /// The dictionary as the last run left it.
    dictionary: Option<Arc<Dictionary>>,
    /// What the survey could not read.
    skipped: Vec<Skipped>,
    /// How many workers there is work for.
    slots: usize,
}

/// What those share who plan, build and collect.
struct Run<'r> {
    assignment: &'r Arc<Assignment>,
    first_sight: &'r FirstSight,
    /// How many workers were started before there was a plan.
    early: Option<usize>,
}

impl Workspace {
    /// Brings the index up to date with the disk and publishes it. Once it is cancelled, or dropped, it publishes
    /// nothing any more; the shards that it has built are kept.
    pub async fn reconcile(
        self: &Arc<Self>,
        cancel: &CancellationToken,
    ) -> Result<IndexReport, ReconcileError> {
        let cancel = cancel.child_token();
        let _given_up = cancel.clone().drop_guard();
        // A task of its own: what it has begun it ends in good order, and the next run waits for that.
        let run = tokio::spawn(Arc::clone(self).run(cancel.clone()));
        tokio::select! {
            biased;
            () = cancel.cancelled() => Err(ReconcileError::Cancelled),
            report = run => report?,
        }
    }

    /// Publishes what the cache holds, before anything is compared with the disk, so that the first queries
    /// need not wait for that: their hits are verified all the same. Files in archives come with the first
    /// survey. Says whether there was anything.
    pub async fn publish_cached(self: &Arc<Self>) -> Result<bool, ReconcileError> {
        let workspace = Arc::clone(self);
        let building = Arc::clone(&self.building).lock_owned().await;
        let publishing = spawn_blocking(move || {
            let _building = building;
            workspace.publish_what_is_cached()
        });
        Ok(publishing.await??)
    }

    fn publish_what_is_cached(&self) -> Result<bool, CacheError> {
        let Some(mut layout) = self.cache.load_layout()? else { return Ok(false) };
        self.settle_base(&mut layout);
        let (base, since) = (self.base(), self.published.next_order());
        let (shards, dictionary) =
            rayon::join(|| self.open_shards(&layout), || self.open_dictionary());
        let (ready, total) = (shards.values().flatten().count(), shards.len());
        let parts = shards.into_values().flatten().map(|shard| {
            let unknown = plan::in_archives(&shard, &base);
            self.part(shard, unknown, &base)
        });
        self.published.replace(parts.collect(), dictionary, since, |_| true);
        self.set_coverage(ready, total);
        self.set_layout(layout);
        if ready > 0 {
            let view = self.view();
            self.note_unlooked(IndexReport {
                look: Look::AtNothing,
                shards: total,
                files: view.file_count(),
                revision: view.revision().0,
                ..IndexReport::default()
            });
        }
        Ok(ready > 0)
    }

    async fn run(
        self: Arc<Self>,
        cancel: CancellationToken,
    ) -> Result<IndexReport, ReconcileError> {
        let started = Instant::now();
        let building = cancel.run_until_cancelled(self.building.lock()).await;
        let _building = building.ok_or(ReconcileError::Cancelled)?;
        let workers_before = self.workers();
        self.reset_progress();
        let mut attempts = 1;
        let (planned, built) = loop {
            let (planned, built) = self.plan_and_build(&cancel).await?;
            // A `--rebuild` beside this run takes the shards away that it builds upon.
            let now = || self.cache.load_layout().ok().flatten();
            let is_displaced = || now().is_some_and(|layout| layout != planned.layout);
            if built.failed.is_empty() || attempts == RUN_ATTEMPTS_MAX || !is_displaced() {
                break (planned, built);
            }
            attempts += 1;
        };
        if cancel.is_cancelled() {
            return Err(ReconcileError::Cancelled);
        }
        // Those who were there before have worked, too.
        let workers = match self.workers() - workers_before {
            0 => planned.slots,
            started => started,
        };
        let worker_stats = if workers > 0 { self.worker_stats().await } else { Vec::new() };
        let workspace = Arc::clone(&self);
        let published = spawn_blocking(move || workspace.publish_view(planned, built)).await?;
        let (report, shards) = published;
        self.sessions.all().iter().for_each(|session| session.place_anew());
        // Whoever cancels is about to end, and the next run makes up for it.
        if !cancel.is_cancelled() {
            self.renew_dictionary(shards).await?;
        }
        let report = IndexReport { revision: self.view().revision().0, ..report };
        Ok(IndexReport { workers, worker_stats, elapsed: started.elapsed(), ..report })
    }

    async fn plan_and_build(
        self: &Arc<Self>,
        cancel: &CancellationToken,
    ) -> Result<(Planned, Built), ReconcileError> {
        let layout = self.cache.load_layout()?;
        let assignment = Arc::new(Assignment::new());
        let first_sight = FirstSight::default();
        let (outcomes_in, outcomes) = mpsc::unbounded_channel();
        let outcomes_in_too = outcomes_in.clone();
        // With nothing indexed there will be work, so the workers start beside the planning.
        // More of them than cores wait for the plan: there may be fewer shards.
        let workers = &self.options.workers;
        let is_certain = !workers.one_per_shard && workers.count <= rayon::current_num_threads();
        let early = (layout.is_none() && is_certain).then_some(workers.count);

        let (stopped, cancel) = (cancel, cancel.child_token());
        let in_vain = cancel.clone();
        let planning = async {
            let run = Run { assignment: &assignment, first_sight: &first_sight, early };
            let planning = self.plan_and_index(layout, run, outcomes_in_too, cancel);
            // Without a plan there is nothing to wait for.
            planning.await.inspect_err(|_| assignment.fill(Vec::new()))
        };
        let indexing = async {
            match early {
                Some(slots) => self.index(&assignment, slots, outcomes_in).await,
                None => {
                    drop(outcomes_in);
                    Ok(())
                }
            }
            .inspect_err(|_| in_vain.cancel())
        };
        let collecting = self.collect(outcomes, &first_sight);
        // All of them end, also when one fails: the planning must not be in the midst of writing the layout
        // when the process does.
        let mut all = std::pin::pin!(async { tokio::join!(planning, indexing, collecting) });
        let (planned, indexed, built) = tokio::select! {
            all = &mut all => all,
            () = stopped.cancelled() => {
                assignment.stop();
                all.await
            }
        };
        indexed?;
        Ok((planned?, built?))
    }

    /// Plans, hands the shards out, and has them indexed unless that is going on already.
    async fn plan_and_index(
        self: &Arc<Self>,
        layout: Option<Layout>,
        Run { assignment, first_sight, early }: Run<'_>,
        outcomes: mpsc::UnboundedSender<Outcome>,
        cancel: CancellationToken,
    ) -> Result<Planned, ReconcileError> {
        let workspace = Arc::clone(self);
        let plan = cancel.clone();
        let mut planned = spawn_blocking(move || workspace.plan_run(layout, &plan)).await??;
        if cancel.is_cancelled() {
            return Err(ReconcileError::Cancelled);
        }
        let workers = &self.options.workers;
        let shards = planned.plans.iter().filter(|plan| !plan.is_up_to_date()).count();
        let wanted = if workers.one_per_shard { shards } else { workers.count };
        let slots = wanted.min(shards).min(WORKERS_MAX);
        planned.slots = slots;
        first_sight.open(self, &planned.layout, &planned.plans);
        assignment.fill(self.tasks(&planned.plans, &planned.layout, slots));
        if early.is_none() && shards > 0 {
            self.index(assignment, slots, outcomes).await?;
        }
        Ok(planned)
    }

    pub(crate) async fn index(
        &self,
        assignment: &Arc<Assignment>,
        slots: usize,
        outcomes: mpsc::UnboundedSender<Outcome>,
    ) -> Result<(), ReconcileError> {
        let pool = self.pool().await?;
        pool.index(Arc::clone(assignment), slots, outcomes).await;
        Ok(())
    }

    /// What must be done; with the layout stored, so that no other run places these roots elsewhere.
    fn plan_run(
        &self,
        layout: Option<Layout>,
        cancel: &CancellationToken,
    ) -> Result<Planned, ReconcileError> {
        let roots = self.roots();
        let options = WalkOptions {
            heed_ignore_files: self.options.heed_ignore_files,
            included: &self.options.included,
            threads: rayon::current_num_threads(),
        };
        let mut layout = layout;
        if let Some(layout) = &mut layout {
            self.settle_base(layout);
        }
        let base = self.base();
        let since = self.published.next_order();
        let (mut surveyed, (mut shards, dictionary)) = rayon::join(
            || tree::survey(roots, options, cancel),
            || match &layout {
                Some(layout) => (self.open_shards(layout), self.open_dictionary()),
                None => (Shards::new(), None),
            },
        );
        if cancel.is_cancelled() {
            return Err(ReconcileError::Cancelled);
        }
        *self.archives() = std::mem::take(&mut surveyed.archive_stamps);
        self.set_entered(std::mem::take(&mut surveyed.entered));
        let skipped = std::mem::take(&mut surveyed.skipped);
        let known = clauses::known_packages(shards.values().flatten().map(Arc::as_ref), &base);
        let tree = surveyed.into_source_roots(roots, &base, &known);
        let Some(layout) = self.place(layout, &tree, &base)? else {
            return self.plan_run(self.cache.load_layout()?, cancel);
        };
        // A rebuild, this one or that of another run, has taken their places away.
        let placed = layout.shards();
        shards.retain(|shard, _| placed.binary_search(shard).is_ok());
        self.quarantine.read(&base);
        let plans = plan::plan(&tree, &layout, &shards, self.terms());
        let mut meter = self.meter();
        meter.files_total = plans.iter().map(|plan| plan.scan.len() as u64).sum();
        meter.bytes_total = plans.iter().map(|plan| plan.scan_bytes).sum();
        Ok(Planned { since, layout, plans, dictionary, skipped, slots: 0 })
    }

    fn open_shards(&self, layout: &Layout) -> Shards {
        let open = |shard: ShardId| {
            let opened = Shard::open(&self.cache.shard_path(shard), &layout.shard_identity(shard));
            match &opened {
                Err(OpenShardError::Io(error)) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => tracing::info!("building shard {shard} again: {error}"),
                Ok(_) => {}
            }
            (shard, opened.ok().map(Arc::new))
        };
        layout.shards().into_par_iter().map(open).collect::<Vec<_>>().into_iter().collect()
    }

    /// Gives every root of the tree its place; `None` if another run has just made a layout by whose base
    /// the roots are called otherwise.
    fn place(
        &self,
        layout: Option<Layout>,
        tree: &[SourceRoot],
        base: &[u8],
    ) -> Result<Option<Layout>, ReconcileError> {
        let measured: Vec<MeasuredRoot<'_>> =
            tree.iter().map(|root| measure(root, base, self.options.file_bytes_max)).collect();
        match layout {
            Some(layout) if layout.places(&measured) && !self.options.rebuild => Ok(Some(layout)),
            known => {
                let lock = self.cache.lock()?;
                if self.options.cache_dir.is_none()
                    && let Some(collection) = CacheCollection::of_user()
                {
                    collection.remove_unused();
                }
                // Another run may have placed them meanwhile.
                let mut layout = match self.cache.load_layout()?.or(known) {
                    Some(layout) => layout,
                    None => Layout::new(format!("{:032x}", rand::random::<u128>()), base),
                };
                self.settle_base(&mut layout);
                if layout.base() != base {
                    return Ok(None);
                }
                if self.options.rebuild {
                    layout.displace_all();
                }
                layout.place(&measured, self.options.shard_bytes_max);
                self.cache.store_layout(&layout, &lock)?;
                self.cache.remove_strangers(&layout, &lock);
                drop(lock);
                if self.options.rebuild {
                    self.quarantine.clear();
                }
                Ok(Some(layout))
            }
        }
    }

    pub(crate) fn tasks(&self, plans: &[ShardPlan], layout: &Layout, slots: usize) -> Vec<Task> {
        // The cores are shared out among the shards that are in work at a time.
        let threads = rayon::current_num_threads() / slots.max(1);
        let todo = plans.iter().filter(|plan| !plan.is_up_to_date());
        todo.map(|plan| Task {
            request: IndexShard {
                shard: plan.shard.0,
                identity: layout.shard_identity(plan.shard).0,
                // Each attempt has its own.
                output: bytes::Bytes::new(),
                base: plan.current.as_ref().map(|_| self.shard_path_bytes(plan.shard)),
                dropped: plan.dropped.clone(),
                roots: plan.roots.clone(),
                files: plan.scan.clone(),
                quarantined: plan.quarantined.clone(),
                threads: u16::try_from(threads.max(1)).unwrap_or(u16::MAX),
                file_bytes_max: self.options.file_bytes_max,
                record: None,
            },
            bytes: plan.scan_bytes,
            trials: Trials::default(),
        })
        .collect()
    }

    fn shard_path_bytes(&self, shard: ShardId) -> bytes::Bytes {
        path::to_bytes(&self.cache.shard_path(shard)).into_owned().into()
    }

    /// Publishes the view; with a report all shards of the workspace, those beyond the ROOTs included.
    fn publish_view(&self, planned: Planned, mut built: Built) -> (IndexReport, Vec<Arc<Shard>>) {
        let base = self.base();
        let mut parts = Vec::new();
        let mut all_shards = Vec::new();
        let mut skipped = planned.skipped;
        for plan in planned.plans {
            let (shard, stale) = match built.shards.remove(&plan.shard) {
                Some(shard) => (Some(shard), Vec::new()),
                None => (plan.current, plan.stale),
            };
            let Some(shard) = shard else { continue };
            all_shards.push(Arc::clone(&shard));
            let part = self.part(shard, stale, &base);
            let shown = part.shard.files().filter(|file| !part.hidden.contains(&file.id()));
            let not_indexed = shown.filter(|file| file.flags().skipped);
            skipped.extend(not_indexed.map(|file| self.skipped(file)));
            if part.shows_any() {
                parts.push(part);
            }
        }
        skipped.sort_by(|a, b| a.path.cmp(&b.path));
        let failed = built.failed;
        let known = parts.iter().map(|part: &Part| part.shard.id());
        let all: HashSet<ShardId> = known.chain(failed.iter().map(|failed| failed.shard)).collect();
        let shards = all.len();
        self.set_coverage(shards - failed.len(), shards);
        let homes = Homes::of_parts(&parts, &base);
        let is_called_so = |key: &FileKey| {
            homes.file(&self.file_path(key)).is_none_or(|file| FileKey::of(file) == *key)
        };
        self.published.replace(parts, planned.dictionary, planned.since, is_called_so);
        self.set_layout(planned.layout);
        let report = IndexReport {
            shards,
            files: self.view().file_count(),
            rescanned_files: built.rescanned_files,
            skipped,
            failed,
            ..IndexReport::default()
        };
        (report, all_shards)
    }

    /// A shard without the files that are not as it has them, or not under a ROOT.
    pub(crate) fn part(&self, shard: Arc<Shard>, stale: Vec<FileId>, base: &[u8]) -> Part {
        let hidden = {
            let mut is_in_scope = plan::is_in_scope(base, &self.scope);
            let outside = shard.files().filter(|file| !is_in_scope(file)).map(FileRef::id);
            outside.chain(stale).collect()
        };
        Part { shard, hidden }
    }
}

/// What there is to index of a root, by folder.
fn measure<'r>(root: &'r SourceRoot, base: &[u8], file_bytes_max: u64) -> MeasuredRoot<'r> {
    let bytes = |folder: &Folder| {
        let sizes = folder.files.iter().map(|file| file.stamp.size);
        sizes.filter(|&size| size <= file_bytes_max).sum()
    };
    let folders = root.folders.iter();
    MeasuredRoot {
        identity: source_root::identity(&root.path, base),
        folders: folders.map(|found| (found.relative.as_slice(), bytes(&found.folder))).collect(),
    }
}
