//! Brings the view into line with the disk, once for everybody who waits for that.
//!
//! Whoever asks is served by a look at the disk that began after the question. So of many who ask while one
//! look is going on, the first takes the next look, and the others share it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use nova_protocol::frontend::Look;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::reconcile::ReconcileError;
use crate::report::{IndexReport, Progress};
use crate::tend::TakenIn;
use crate::watch::Watch;
use crate::workspace::Workspace;

/// How often it is told how far an index run is.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(100);

/// How the view of a workspace is brought into line with the disk.
#[derive(Debug, Default)]
pub(crate) struct CatchUp {
    /// How many have ever asked.
    asked: AtomicU64,
    /// Held by whoever looks: what a watcher told is taken in before anybody else asks it.
    turn: Mutex<Turn>,
    /// What the last survey told that came to an end.
    latest: ArcSwapOption<IndexReport>,
}

#[derive(Debug, Default)]
struct Turn {
    /// Of those who asked, so many asked before the last look began.
    covered: u64,
    /// What the last survey told; none if what changed since may be lost.
    report: Option<Arc<IndexReport>>,
}

/// Somebody takes a look. Whoever drops this with the watcher in it has not come to its end: what was taken for it is
/// lost, and the watcher says once more that there is something to look at.
struct GivenUp<'w>(Option<&'w Watch>);

impl Drop for GivenUp<'_> {
    fn drop(&mut self) {
        self.0.inspect(|watch| watch.forget());
    }
}

impl Workspace {
    /// Waits until everything that was on the disk before this call is in the view, unless that is to go by
    /// an earlier look. Dropping the future loses nothing: whoever waits as well looks in its place.
    pub async fn catch_up(
        self: &Arc<Self>,
        look: Look,
        cancel: &CancellationToken,
    ) -> Result<Arc<IndexReport>, ReconcileError> {
        let latest = self.catching_up.latest.load_full();
        if let Some(report) = latest.filter(|_| look == Look::AtNothing) {
            return Ok(report);
        }
        let asked = self.catching_up.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let mut turn = self.catching_up.turn.lock().await;
        let is_covered = turn.covered >= asked && look == Look::AtChanges;
        if let Some(report) = turn.report.as_ref().filter(|_| is_covered) {
            return Ok(Arc::clone(report));
        }
        let covered = self.catching_up.asked.load(Ordering::SeqCst);
        let mut given_up = GivenUp(self.watch.get());
        let report = self.look(&mut turn, look, cancel).await?;
        given_up.0 = None;
        turn.covered = covered;
        Ok(report)
    }

    /// The same, and tells how far it is, again and again.
    pub async fn catch_up_telling(
        self: &Arc<Self>,
        look: Look,
        mut on_progress: impl FnMut(Progress) + Send,
        cancel: &CancellationToken,
    ) -> Result<Arc<IndexReport>, ReconcileError> {
        let mut look = std::pin::pin!(self.catch_up(look, cancel));
        let mut tick = tokio::time::interval(PROGRESS_INTERVAL);
        loop {
            tokio::select! {
                report = &mut look => return report,
                _ = tick.tick() => on_progress(self.progress()),
            }
        }
    }

    /// What the last look told; `None` before the first.
    pub fn latest_report(&self) -> Option<Arc<IndexReport>> {
        self.catching_up.latest.load_full()
    }

    /// What is published was not looked at yet, and will do for who does not want to wait.
    pub(crate) fn note_unlooked(&self, report: IndexReport) {
        self.catching_up.latest.store(Some(Arc::new(report)));
    }

    /// Takes in what a watcher has told; `false` if some of it could not be.
    pub(crate) async fn take_in_changes(
        self: &Arc<Self>,
        cancel: &CancellationToken,
    ) -> Result<bool, ReconcileError> {
        let mut turn = self.catching_up.turn.lock().await;
        let mut given_up = GivenUp(self.watch.get());
        let looked = self.look_at_told(&mut turn, cancel).await;
        // Whatever else has failed is tried again by who calls this.
        if !matches!(looked, Err(ReconcileError::Cancelled)) {
            given_up.0 = None;
        }
        looked?;
        Ok(turn.report.is_some())
    }

    async fn look(
        self: &Arc<Self>,
        turn: &mut Turn,
        look: Look,
        cancel: &CancellationToken,
    ) -> Result<Arc<IndexReport>, ReconcileError> {
        let watch = self.watch.get().filter(|_| look < Look::AtEverything);
        match watch {
            Some(watch) if watch.fence().await => self.look_at_told(turn, cancel).await,
            _ => self.look_at_everything(turn, cancel).await,
        }
    }

    async fn look_at_told(
        self: &Arc<Self>,
        turn: &mut Turn,
        cancel: &CancellationToken,
    ) -> Result<Arc<IndexReport>, ReconcileError> {
        let started = Instant::now();
        // Should this fail or be dropped on the way, the next look is at everything.
        let known = turn.report.take();
        let changes = self.watch.get().map(|watch| watch.take());
        match (known, changes) {
            (Some(known), Some(changes)) => match self.take_in(changes).await? {
                Some(taken_in) => {
                    let told = self.report_of_changes(&known, taken_in, started.elapsed());
                    Ok(self.keep(turn, told))
                }
                None => self.look_at_everything(turn, cancel).await,
            },
            _ => self.look_at_everything(turn, cancel).await,
        }
    }

    async fn look_at_everything(
        self: &Arc<Self>,
        turn: &mut Turn,
        cancel: &CancellationToken,
    ) -> Result<Arc<IndexReport>, ReconcileError> {
        turn.report = None;
        let report = Arc::new(self.survey(cancel).await?);
        Ok(self.keep(turn, report))
    }

    /// What there is to say after single files were taken in since that survey.
    fn report_of_changes(
        &self,
        survey: &IndexReport,
        taken_in: TakenIn,
        elapsed: Duration,
    ) -> Arc<IndexReport> {
        let (view, homes) = (self.view(), self.homes());
        let TakenIn { refreshed, failed } = taken_in;
        let mut skipped = survey.skipped.clone();
        skipped.retain(|skipped| !refreshed.contains(&skipped.path));
        let rows = refreshed.iter().filter_map(|path| homes.file(path));
        skipped.extend(rows.filter(|row| row.flags().skipped).map(|row| self.skipped(row)));
        skipped.sort_by(|a, b| a.path.cmp(&b.path));
        Arc::new(IndexReport {
            look: Look::AtChanges,
            files: view.file_count(),
            workers: 0,
            worker_stats: Vec::new(),
            rescanned_files: refreshed.len() as u64,
            skipped,
            failed,
            elapsed,
            revision: view.revision().0,
            ..survey.clone()
        })
    }

    fn keep(&self, turn: &mut Turn, report: Arc<IndexReport>) -> Arc<IndexReport> {
        // What has failed is tried again by the next look.
        turn.report = report.failed.is_empty().then(|| Arc::clone(&report));
        self.catching_up.latest.store(Some(Arc::clone(&report)));
        report
    }
}
