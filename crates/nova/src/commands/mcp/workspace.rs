//! The workspace that the tools ask. It is opened anew when whoever kept it open is gone, and what it says is true of
//! everything that was written before it was asked.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nova_router::inspection::{Inspected, Inspection};
use nova_router::open_workspace::OpenWorkspaceError;
use nova_router::report::{IndexReport, Progress};
use nova_router::{Answer, Look, OpenWorkspace, Question, Root, WorkspaceOptions};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::failure::Failure;

/// Whoever asks is told how far the index is when it is not up to date by then.
const CATCH_UP_TIMEOUT: Duration = Duration::from_secs(45);

/// So many looks at the disk are waited for at most, those that nobody waits for any more included.
const LOOKS_MAX: usize = 16;

/// A workspace.
pub(super) struct Workspace {
    options: WorkspaceOptions,
    open: tokio::sync::Mutex<Option<Arc<OpenWorkspace>>>,
    looks: Arc<Semaphore>,
    ended: CancellationToken,
}

impl Workspace {
    pub(super) fn new(options: WorkspaceOptions) -> Self {
        Self {
            options,
            open: tokio::sync::Mutex::default(),
            looks: Arc::new(Semaphore::new(LOOKS_MAX)),
            ended: CancellationToken::new(),
        }
    }

    /// Opens it, so that it is ready when it is asked.
    pub(super) fn begin(self: &Arc<Self>) {
        let workspace = Arc::clone(self);
        tokio::spawn(async move {
            if let Err(error) = workspace.open().await
                && !workspace.ended.is_cancelled()
            {
                tracing::warn!("the workspace cannot be opened: {error}");
            }
        });
    }

    /// The ROOTs, each once.
    pub(super) fn roots(&self) -> &[Root] {
        &self.options.roots
    }

    /// Waits until everything that was written before this call is in the index, within the time limit.
    pub(super) async fn catch_up(self: &Arc<Self>) -> Result<Arc<IndexReport>, Failure> {
        let progress = Arc::new(Mutex::new(Progress::default()));
        let how_far = || *progress.lock().unwrap_or_else(PoisonError::into_inner);
        let look = async {
            let permit = Arc::clone(&self.looks).acquire_owned().await;
            let (workspace, progress) = (Arc::clone(self), Arc::clone(&progress));
            // It goes on when nobody waits for it any more: whoever asks again finds it further on.
            tokio::spawn(async move {
                let _permit = permit;
                workspace.look(&progress).await
            })
            .await
        };
        match timeout(CATCH_UP_TIMEOUT, look).await {
            Ok(Ok(report)) => Ok(report?),
            Ok(Err(_)) => Err(Failure::Bug),
            Err(_) => Err(Failure::NotIndexedYet(how_far())),
        }
    }

    async fn look(
        &self,
        progress: &Arc<Mutex<Progress>>,
    ) -> Result<Arc<IndexReport>, OpenWorkspaceError> {
        self.ask(|open| {
            let (progress, ended) = (Arc::clone(progress), self.ended.clone());
            let on_progress =
                move |now| *progress.lock().unwrap_or_else(PoisonError::into_inner) = now;
            async move { open.index(Look::AtChanges, on_progress, &ended).await }
        })
        .await
    }

    /// The best symbols for a question.
    pub(super) async fn search(&self, question: &Question) -> Result<Answer, Failure> {
        let answer = self.ask(|open| {
            let (question, ended) = (question.clone(), self.ended.clone());
            async move { open.search(&question, &ended).await }
        });
        Ok(answer.await?)
    }

    /// What a file (absolute path without links) declares, and the revision of the index before that was asked.
    pub(super) async fn outline(&self, path: &Path) -> Result<(u64, Inspected), Failure> {
        let answer = self.ask(|open| {
            let path = path.to_path_buf();
            async move {
                let revision = open.revision().await?;
                Ok((revision, open.inspect(&path, Inspection::Outline).await?))
            }
        });
        Ok(answer.await?)
    }

    /// Ends its workers, if they are ours.
    pub(super) async fn close(&self) {
        self.ended.cancel();
        if let Some(open) = self.open.lock().await.take() {
            open.close().await;
        }
    }

    /// Asks, and asks once more if who was asked is gone.
    async fn ask<T, F>(
        &self,
        question: impl Fn(Arc<OpenWorkspace>) -> F,
    ) -> Result<T, OpenWorkspaceError>
    where
        F: Future<Output = Result<T, OpenWorkspaceError>>,
    {
        let open = self.open().await?;
        match question(Arc::clone(&open)).await {
            Err(OpenWorkspaceError::Ask(error)) => {
                tracing::info!("opening the workspace anew: {error}");
                self.forget(&open).await;
                question(self.open().await?).await
            }
            answer => answer,
        }
    }

    async fn open(&self) -> Result<Arc<OpenWorkspace>, OpenWorkspaceError> {
        let mut open = self.open.lock().await;
        if self.ended.is_cancelled() {
            return Err(OpenWorkspaceError::Cancelled);
        }
        if let Some(open) = &*open {
            return Ok(Arc::clone(open));
        }
        let opened = OpenWorkspace::open(self.options.clone(), env!("CARGO_PKG_VERSION")).await?;
        let opened = Arc::new(opened);
        *open = Some(Arc::clone(&opened));
        let (tended, ended) = (Arc::clone(&opened), self.ended.clone());
        tokio::spawn(async move {
            let looked = tended.index(Look::AtChanges, |_| {}, &ended).await;
            // Whoever ends in the middle of it knows.
            if ended.is_cancelled() {
                return;
            }
            if let Err(error) = looked {
                tracing::warn!("the index is not up to date: {error}");
            }
            tended.tend();
        });
        Ok(opened)
    }

    async fn forget(&self, lost: &Arc<OpenWorkspace>) {
        let mut open = self.open.lock().await;
        if open.as_ref().is_some_and(|open| Arc::ptr_eq(open, lost)) {
            *open = None;
        }
    }
}
