//! Brings the view into line with the disk, once for everybody who waits for that.
//!
//! Whoever asks is served by a look at the disk that began after the question. So of many who ask while one
//! look is going on, the first takes the next look, and the others share it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::reconcile::ReconcileError;
use crate::report::IndexReport;
use crate::workspace::Workspace;

/// How the view of a workspace is brought into line with the disk.
#[derive(Debug, Default)]
pub(crate) struct CatchUp {
    /// How many have ever asked.
    asked: AtomicU64,
    /// Held by whoever looks: what a watcher told is taken in before anybody else asks it.
    turn: Mutex<Turn>,
}

#[derive(Debug, Default)]
struct Turn {
    /// Of those who asked, so many asked before the last look began.
    covered: u64,
    /// What the last survey told; none if what changed since may be lost.
    report: Option<Arc<IndexReport>>,
}

/// What a look at the disk may rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// On a watcher, where there is one that has missed nothing.
    AtChanges,
    /// On nothing: every file is compared with the index.
    AtEverything,
}

impl Workspace {
    /// Waits until everything that was on the disk before this call is in the view. Dropping the future
    /// loses nothing: whoever waits as well looks in its place.
    pub async fn catch_up(
        self: &Arc<Self>,
        look: Look,
        cancel: &CancellationToken,
    ) -> Result<Arc<IndexReport>, ReconcileError> {
        let asked = self.catching_up.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let mut turn = self.catching_up.turn.lock().await;
        let is_covered = turn.covered >= asked && look == Look::AtChanges;
        if let Some(report) = turn.report.as_ref().filter(|_| is_covered) {
            return Ok(Arc::clone(report));
        }
        let covered = self.catching_up.asked.load(Ordering::SeqCst);
        self.look(&mut turn, look, cancel).await?;
        turn.covered = covered;
        Ok(turn.report.clone().expect("a look leaves a report"))
    }

    /// Takes in what a watcher has told.
    pub(crate) async fn take_in_changes(
        self: &Arc<Self>,
        cancel: &CancellationToken,
    ) -> Result<(), ReconcileError> {
        let mut turn = self.catching_up.turn.lock().await;
        self.look_at_told(&mut turn, cancel).await
    }

    async fn look(
        self: &Arc<Self>,
        turn: &mut Turn,
        look: Look,
        cancel: &CancellationToken,
    ) -> Result<(), ReconcileError> {
        let watch = self.watch.get().filter(|_| look == Look::AtChanges);
        match watch {
            Some(watch) if watch.fence().await => self.look_at_told(turn, cancel).await,
            _ => self.look_at_everything(turn, cancel).await,
        }
    }

    async fn look_at_told(
        self: &Arc<Self>,
        turn: &mut Turn,
        cancel: &CancellationToken,
    ) -> Result<(), ReconcileError> {
        // Should this be dropped on the way, what was taken is lost.
        let report = turn.report.take();
        let changes = self.watch.get().map(|watch| watch.take());
        match (report, changes) {
            (Some(report), Some(changes)) if self.take_in(&changes).await => {
                let revision = self.view().revision().0;
                let same = report.revision == revision;
                let newer = || Arc::new(IndexReport { revision, ..IndexReport::clone(&report) });
                turn.report = Some(if same { report } else { newer() });
                Ok(())
            }
            _ => self.look_at_everything(turn, cancel).await,
        }
    }

    async fn look_at_everything(
        self: &Arc<Self>,
        turn: &mut Turn,
        cancel: &CancellationToken,
    ) -> Result<(), ReconcileError> {
        turn.report = None;
        turn.report = Some(Arc::new(self.survey(cancel).await?));
        Ok(())
    }
}
