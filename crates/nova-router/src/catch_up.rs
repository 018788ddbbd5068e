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
    /// Held by whoever looks.
    turn: Mutex<Turn>,
}

#[derive(Debug, Default)]
struct Turn {
    /// Of those who asked, so many asked before the last look began.
    covered: u64,
    report: Option<Arc<IndexReport>>,
}

impl Workspace {
    /// Waits until everything that was on the disk before this call is in the view. Dropping the future
    /// loses nothing: whoever waits as well looks in its place.
    pub async fn catch_up(
        self: &Arc<Self>,
        cancel: &CancellationToken,
    ) -> Result<Arc<IndexReport>, ReconcileError> {
        let asked = self.catching_up.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let mut turn = self.catching_up.turn.lock().await;
        if let Some(report) = turn.report.as_ref().filter(|_| turn.covered >= asked) {
            return Ok(Arc::clone(report));
        }
        let covered = self.catching_up.asked.load(Ordering::SeqCst);
        let report = Arc::new(self.reconcile(cancel).await?);
        *turn = Turn { covered, report: Some(Arc::clone(&report)) };
        Ok(report)
    }
}
