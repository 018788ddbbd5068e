//! Catching up with the disk, for many at a time.
//!
//! ```text
//! requests ──▶ queue ──▶ one index run for all that wait by then ──▶ each of them is told
//!                ▲                     │
//!                └── who comes meanwhile waits for the next run
//! ```
//!
//! So what was written before a request came is seen by the run that serves it.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::report::IndexReport;
use crate::workspace::Workspace;

/// How a run went, or why it came to nothing.
pub(super) type Outcome = Result<Arc<IndexReport>, String>;

/// Where those wait who want the index to be up to date.
#[derive(Debug)]
pub(super) struct CatchUp {
    /// Bounded by the requests in flight of all frontends.
    queue: mpsc::UnboundedSender<oneshot::Sender<Outcome>>,
    latest: Arc<Mutex<Option<Arc<IndexReport>>>>,
}

/// The runs, one after the other, until this is cancelled.
#[derive(Debug)]
pub(super) struct Runs {
    queue: mpsc::UnboundedReceiver<oneshot::Sender<Outcome>>,
    latest: Arc<Mutex<Option<Arc<IndexReport>>>>,
}

impl CatchUp {
    pub(super) fn new() -> (Self, Runs) {
        let (sender, queue) = mpsc::unbounded_channel();
        let latest = Arc::default();
        (Self { queue: sender, latest: Arc::clone(&latest) }, Runs { queue, latest })
    }

    /// The outcome of a run that begins after this was called.
    pub(super) fn ask(&self) -> oneshot::Receiver<Outcome> {
        let (sender, outcome) = oneshot::channel();
        // If nothing runs any more, the receiver hears of it.
        drop(self.queue.send(sender));
        outcome
    }

    /// How the last run went that did not come to nothing.
    pub(super) fn latest(&self) -> Option<Arc<IndexReport>> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Runs {
    /// Runs whenever somebody waits.
    pub(super) async fn serve(mut self, workspace: Arc<Workspace>, cancel: CancellationToken) {
        while let Some(first) = self.queue.recv().await {
            let mut waiting = vec![first];
            while let Ok(next) = self.queue.try_recv() {
                waiting.push(next);
            }
            waiting.retain(|waiting| !waiting.is_closed());
            if waiting.is_empty() {
                continue;
            }
            let outcome = match workspace.reconcile(&cancel).await {
                Ok(report) => {
                    let report = Arc::new(report);
                    *self.latest.lock().unwrap_or_else(PoisonError::into_inner) =
                        Some(Arc::clone(&report));
                    Ok(report)
                }
                Err(error) => Err(error.to_string()),
            };
            if cancel.is_cancelled() {
                return;
            }
            for waiting in waiting {
                // Whoever hung up meanwhile does not mind.
                drop(waiting.send(outcome.clone()));
            }
        }
    }
}
